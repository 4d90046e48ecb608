"""The serving benchmark for people: figures beside their aims, and what each of them was spent on.

In: the dict of `run_serve`. Out: rich tables.
"""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from zhiyu.bench.report import figures_table

AIMS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("stream_events_per_s", "whole decisions/s, one NDJSON stream", "{:,.0f}", 50_000, True),
    ("batch_events_per_s", "… in batches of 100, two connections", "{:,.0f}", 0, True),
    ("saturation_rps", "single events/s by HTTP, as many as go", "{:,.0f}", 0, True),
    ("trivial_rps", "… parse, append, sync, answer, nothing else: an ASGI route on this server", "{:,.0f}", 0, True),
    ("ratio", "… ours beside that, median of the rounds", "{:.2f}", 0.6, True),
    ("trivial_lane_rps", "… the same in the fast lane that decisions take", "{:,.0f}", 0, True),
    ("ratio_lane", "… ours beside that", "{:.2f}", 0.6, True),
    ("inprocess_p50_us", "one decision in process, without sync, median µs", "{:,.1f}", 100, False),
    ("inprocess_p99_us", "… p99 µs", "{:,.1f}", 300, False),
    ("flatness", "processor time per request, end of the long run beside its begin", "{:.2f}", 1.3, False),
    ("recovery_s", "recovery after SIGKILL, s", "{:,.2f}", 10, False),
)
"""(key, what it is, format, aim or 0, more is better), as in `report`."""
_SPENT = ("server_cores", "client_cores", "deciding", "syncing", "server_cpu_us")


def show_serve(report: dict[str, Any], console: Console) -> None:
    """Print the report."""
    console.print(figures_table(report, AIMS))
    console.print(_latencies(report))
    console.print(_spent(report))
    told, over = report["conditions"], report["overload"]
    console.print(
        f"under overload from when a request was sent: {over['sent_rps']:,}/s, up to {over['client_lag_ms']:,.0f} ms late, as connections "
        f"were waiting for answers; from when it was due p50 is {over['due_p50_ms']:,.0f} ms",
        style="dim",
    )
    console.print(
        f"{told['cpu']}, {told['cores']} cores shared by server, client and disk, load {told['load_average'][0]}; Python {told['python']}; "
        f"{told['features']} features, {told['rules']} rules, durable; {told['state_events']:,} events of state at first; {told['timed']}",
        style="dim",
    )


def _latencies(report: dict[str, Any]) -> Table:
    table = Table("requests/s, open loop", "p50 ms", "p95", "p99", "p99.9", "refused", box=None)
    for rate, found in report["http"].items():
        shown = (f"{found[name]:,.2f}" for name in ("p50_ms", "p95_ms", "p99_ms", "p999_ms"))
        table.add_row(f"{int(rate):,}", *shown, f"{found['refused']:,}")
    over = report["overload"]
    shown = (f"{over[name]:,.2f}" for name in ("p50_ms", "p95_ms", "p99_ms", "p999_ms"))
    refused = sum(count for status, count in over["statuses"].items() if str(status) != "200")
    table.add_row(f"{over['offered_rps']:,} (goodput {over['goodput_rps']:,})", *shown, f"{refused:,}")
    return table


def _spent(report: dict[str, Any]) -> Table:
    """What limits what: cores at work, and the share of the wall clock for deciding and for the disk."""
    table = Table("spent on", "server, cores", "client, cores", "deciding", "syncing", "server µs each", box=None)
    phases = {f"{rate} requests/s": found for rate, found in report["http"].items()} | report["shares"]
    for name, found in phases.items():
        table.add_row(name, *(f"{found[key]:,.2f}" for key in _SPENT))
    return table
