"""The policy benchmark for people: figures beside their aims, peers and conditions below.

In: the dict of `run_policy`. Out: rich tables.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from zhiyu.bench.report import figures_table

AIMS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("single_us", "150 rules, one event, the whole call, µs", "{:,.1f}", 0, False),
    ("rules_only_us", "… the kernel alone, µs", "{:,.1f}", 0, False),
    ("columns_events_per_s", "150 rules over columns, events/s on one core", "{:,.0f}", 0, True),
    ("columns_1000_events_per_s", "… in batches of 1,000", "{:,.0f}", 0, True),
    ("table_us", "a table of 3,000 rows, one event, the table alone, µs", "{:,.2f}", 0, False),
    ("table_worst_us", "… the worst of late rows, the last row and no row, µs", "{:,.2f}", 0, False),
    ("table_columns_events_per_s", "… over columns, events/s", "{:,.0f}", 0, True),
    ("table_compile_s", "… to check and compile it, s", "{:,.2f}", 0, False),
    ("list_us", "`card in list`, 1,000,000 entries, one event, the whole call, µs", "{:,.1f}", 0, False),
    ("list_1m_over_10", "… as many times the cost of ten entries", "{:,.2f}", 0, False),
    ("list_1m_over_10_columns", "… over columns", "{:,.2f}", 0, False),
    ("tape_events_per_s", "a changed policy over a feature tape, events/s", "{:,.0f}", 500_000, True),
    ("replay_events_per_s", "… by a full replay, events/s", "{:,.0f}", 0, True),
)
"""(key, what it is, format, aim or 0, more is better), as in `report`."""


def show_policy(report: dict[str, Any], console: Console) -> None:
    """Print the report."""
    console.print(figures_table(report, AIMS))
    console.print(_peers(report))
    told = report["conditions"]
    console.print(
        f"{told['cpu']}, {told['cores']} cores, load {told['load_average'][0]}; Python {told['python']}, "
        f"numba {told['versions'].get('numba', '?')}; {told['rules']} rules, {told['features_given']} features given; a table of "
        f"{told['table_rows']:,} rows, a list of {told['list_entries']:,}, a tape of {told['tape_events']:,} events with "
        f"{told['tape_features']} features; median of {told['rounds']} rounds; {told['timed']}",
        style="dim",
    )


def _peers(report: dict[str, Any]) -> Table:
    table = Table("the same answers by", "figure", "theirs", "ours", "we are", box=None)
    for peer, figures in report["peers"].items():
        for figure, theirs in figures.items():
            times = report["ratio"][figure][peer]
            table.add_row(
                peer.replace("_", " "), figure, f"{theirs:,}", f"{report[figure]:,}", f"{times:,.1f} times as fast"
            )
    return table
