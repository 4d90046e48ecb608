"""The benchmark's report for people: a table of figures beside their aims, peers and conditions below.

In: the dict of `run_core`. Out: rich tables.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from rich.console import Console
from rich.table import Table

AIMS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("events_per_s", "whole decisions/s, batch 1,000, 2 M events of state", "{:,.0f}", 100_000, True),
    ("features_only_events_per_s", "features alone/s", "{:,.0f}", 150_000, True),
    ("batch1_events_per_s", "whole decisions/s, one by one", "{:,.0f}", 30_000, True),
    ("features_per_s", "feature values/s", "{:,.0f}", 0, True),
    ("growth", "cost per event at ten times the state, ten times the keys", "{:.2f}", 1.3, False),
    ("growth_same_keys", "… the same keys", "{:.2f}", 0, False),
    ("bytes_per_event", "bytes of state per event, all tables, at the large size", "{:,.0f}", 300, False),
    ("p50_us", "one decision in process, median µs", "{:,.1f}", 100, False),
    ("p99_us", "one decision in process, p99 µs", "{:,.1f}", 300, False),
)
"""(key, what it is, format, aim or 0, more is better)."""


def show(report: dict[str, Any], console: Console) -> None:
    """Print the report."""
    console.print(figures_table(report, AIMS))
    console.print(_peers(report))
    told = report["conditions"]
    sizes = " and ".join(f"{size:,}" for size in told["state_events"])
    console.print(
        f"{told['cpu']}, one of {told['cores']} cores, load {told['load_average'][0]}; Python {told['python']}, "
        f"numba {told['versions'].get('numba', '?')}; {told['features']} features, {told['rules']} rules; state of {sizes} events; "
        f"{told['measured_events']:,} events per figure; {told['timed']}",
        style="dim",
    )


def figures_table(report: dict[str, Any], aims: tuple[tuple[str, str, str, float, bool], ...]) -> Table:
    """The figures that are there, beside their aims."""
    table = Table("figure", "measured", "aim", box=None)
    for key, what, form, aim, more in aims:
        value = report.get(key)
        if value is None:
            continue
        met = not aim or (value >= aim if more else value <= aim)
        sign = ("≥ " if more else "≤ ") + form.format(aim) if aim else ""
        table.add_row(what, f"[{'green' if met else 'yellow'}]{form.format(value)}[/]", sign)
    return table


def _peers(report: dict[str, Any]) -> Table:
    table = Table("the same features by", "events/s", "sample", "we are", box=None)
    told: Callable[[str], str] = lambda name: f"{report['ratio'][name]:,.0f} times as fast"  # noqa: E731
    for name, peer in report["peers"].items():
        table.add_row(name.replace("_", " "), f"{peer['events_per_s']:,.0f}", f"{peer['sample_events']:,}", told(name))
    return table
