"""The network benchmark for people: figures beside their aims, peers and conditions below.

In: the dict of `run_network`. Out: rich tables.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from zhiyu.bench.report import figures_table

AIMS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("events_per_s", "every feature, gangs among them, events/s on one core", "{:,.0f}", 100_000, True),
    ("forest_events_per_s", "components and their sums alone, events/s", "{:,.0f}", 300_000, True),
    ("events_per_cpu_s", "every feature, events per second of processor time", "{:,.0f}", 0, True),
    ("forest_events_per_cpu_s", "components alone, events per second of processor time", "{:,.0f}", 0, True),
    ("p50_us", "one event per call, every feature, µs, median", "{:,.1f}", 0, False),
    ("p99_us", "… 99th percentile", "{:,.1f}", 60, False),
    ("p999_us", "… 99.9th percentile", "{:,.1f}", 0, False),
    ("growth", "cost per event at ten times the nodes", "{:.2f}", 1.5, False),
    ("bytes_per_event", "bytes of an event in the window", "{:,.0f}", 80, False),
    ("bytes_per_node", "bytes of a person or thing, its line of 64 and what finds it by key", "{:,.0f}", 0, False),
)
"""(key, what it is, format, aim or 0, more is better), as in `report`."""


def show_network(report: dict[str, Any], console: Console) -> None:
    """Print the report."""
    console.print(figures_table(report, AIMS))
    table = Table("components alone, by", "events/s", "we are", box=None)
    for peer, figures in report["peers"].items():
        table.add_row(
            peer.replace("_", " "), f"{figures['events_per_s']:,}", f"{report['ratio'][peer]:,.0f} times as fast"
        )
    console.print(table)
    told, held = report["conditions"], report["held"]
    console.print(
        f"{told['cpu']}, {told['cores']} cores, load {told['load_average'][0]}; Python {told['python']}, "
        f"numba {told['versions'].get('numba', '?')}; {told['events']:,} events of {told['people']:,} people; in the window "
        f"{held['events']:,} events, {held['nodes']:,} nodes, the largest component {report['largest_component']:,} people; "
        f"growth from {report['growth_nodes'][0]:,} to {report['growth_nodes'][1]:,} nodes",
        style="dim",
    )


_QUALITY = (
    ("camouflage", "camouflage"), ("seed", "seed"), ("average_precision", "AP"), ("network_average_precision", "AP, network alone"),
    ("recall_at_90", "recall at 0.90"),
    ("recall_at_99", "at 0.99"), ("density_average_precision", "density alone AP"), ("hand_precision", "by hand: right"),
    ("hand_recall", "recall"), ("findings_right", "findings right"), ("gangs_found", "gangs found"),
    ("events_before_alert_median", "events before alert"), ("attack_stopped", "attack stopped"), ("ari_grouped", "ARI grouped"),
    ("ari_all", "ARI all"), ("truth_ari_all", "gate of truth"), ("truth_links_ari_all", "… by links"), ("id_churn", "ids changed"),
)  # fmt: skip


def show_quality(report: dict[str, Any], console: Console) -> None:
    """Print how well planted gangs are seen, a row per seed and camouflage."""
    table = Table(*(heading for _, heading in _QUALITY), box=None)
    for row in report["quality"]:
        table.add_row(*(_cell(row[name]) for name, _ in _QUALITY))
    for row in report["medians"]:
        cells = {**row, "seed": f"median of {row['seeds']}"}
        table.add_row(*(_cell(cells[name]) for name, _ in _QUALITY), style="bold")
    console.print(table)


def _cell(value: Any) -> str:
    return "" if value is None else value if isinstance(value, str) else f"{value:g}"
