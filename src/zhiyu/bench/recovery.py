"""The recovery benchmark: how long until a big state is ready again, and how long snapshots hold up decisions meanwhile.

In: how many events of state. Out: one flat dict (`run_recovery`). A state with 200 features and 150 rules is filled; while events are
decided one by one, snapshots are written as a server has them written (`Live.snapshot`, then `Live.work` in slices). A pause is the longest
time in which nothing could be decided: the fork, one slice of `work`, or one decision. Then another process opens the folder, with a tail
of events after the snapshot. Filling bypasses the log: what is timed does not depend on it.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from rich.console import Console

from zhiyu.bench.conditions import conditions, peak_bytes
from zhiyu.bench.policy import benchmark_policy
from zhiyu.bench.report import figures_table
from zhiyu.bench.serve_records import Records
from zhiyu.bench.stream import CHUNK, Encoder, Stream, batches, rows_of
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import EventBatch

KEY = b"zhiyu-benchmark!"
ROUNDS = 3
"""Snapshots; the longest pause of all counts."""
TAIL = 20_000
_FILL = 4_096
_WORK_S = 0.005
_AT_ONCE = 100
Say = Callable[[str, float], None]
AIMS = (
    ("ready_s", "state ready from its snapshot, s", "{:,.2f}", 10, False),
    ("open_s", "the whole opening, tail included, s", "{:,.2f}", 0, False),
    ("tail_events_per_s", "events of the tail decided again/s", "{:,.0f}", 0, True),
    ("pause_ms", "longest time without a decision, ms", "{:,.1f}", 50, False),
    ("fork_ms", "… of which the fork", "{:,.1f}", 0, False),
    ("work_ms", "… the longest slice of putting memory in order", "{:,.1f}", 0, False),
    ("decision_ms", "… the longest decision", "{:,.1f}", 0, False),
    ("p99_us_before", "one decision, p99 µs, without a snapshot", "{:,.0f}", 0, False),
    ("p99_us_during", "one decision, p99 µs, while one is written", "{:,.0f}", 0, False),
    ("snapshot_s", "a snapshot takes, s", "{:,.1f}", 0, False),
)


def run_recovery(events: int, say: Say, folder: Path | None = None) -> dict[str, Any]:
    """Fill, snapshot, open again; each in a process of its own, so that no memory of one helps the other."""
    with tempfile.TemporaryDirectory(dir=folder) as place:
        say(f"filling {events:,} events, then {ROUNDS} snapshots while deciding", 0.05)
        filled = _apart("fill", Path(place), events)
        say("opening the folder again", 0.9)
        opened = _apart("open", Path(place), events)
    return filled | opened | {"conditions": conditions() | {"events": events, "tail": TAIL, "rounds": ROUNDS}}


def show_recovery(report: dict[str, Any], console: Console) -> None:
    """Print the report."""
    console.print(figures_table(report, AIMS))
    told = report["conditions"]
    console.print(
        f"{told['cpu']}, {told['cores']} cores, load {told['load_average'][0]}; huge pages {told['huge_pages']}; {told['events']:,} events "
        f"of state, {report['snapshot_bytes'] / 2**30:.2f} GiB snapshot, {told['tail']:,} events of tail",
        style="dim",
    )


def _apart(what: str, folder: Path, events: int) -> dict[str, Any]:
    """Run one part in another process; what it prints is the result."""
    command = [sys.executable, "-m", "zhiyu.bench.recovery", what, str(folder), str(events)]
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=os.environ | {"ZHIYU_LANG": "en"})
    found: dict[str, Any] = msgspec.json.decode(done.stdout)
    return found


def _policy() -> Opened:
    return open_policy(benchmark_policy(), key=KEY, all_features=True)


def _filled(folder: Path, events: int) -> dict[str, Any]:
    live = Live(folder / "default", _policy(), clock="events")
    stream = _stream(events)
    encoder = Encoder(live.opened.compiled.schema, live.opened.codes)
    began = time.perf_counter()
    for pieces in batches(stream, encoder, 0, events, _FILL):
        for piece in pieces:
            live.engine.process(piece)
    fill_s = time.perf_counter() - began
    told = {"fill_events_per_s": round(events / fill_s)} | _snapshots(live, stream, encoder, events)
    tail = Records("tail", stream, _chunks(events, 1))
    for _ in range(TAIL // _AT_ONCE):
        live.take(tail.take(_AT_ONCE))
    live.sync()
    sys.stdout.write(msgspec.json.encode(told | {"peak_bytes": peak_bytes()}).decode())
    sys.stdout.flush()
    os._exit(0)  # as a crash leaves it: no closing, no last snapshot


def _stream(events: int) -> Stream:
    """As many keys as `events` in 30 days have; not so thin that the next chunk would be years ahead."""
    return Stream(max(events, 3 * CHUNK), events)


def _chunks(events: int, further: int) -> int:
    """The first event of a chunk that comes after the filled ones, and after the single ones."""
    return (-(-events // CHUNK) + further) * CHUNK


def _singles(stream: Stream, encoder: Encoder, events: int) -> Iterator[EventBatch]:
    """One event after the other, after the filled ones."""
    number = _chunks(events, 0) // CHUNK
    while True:
        whole = encoder.batch(stream.chunk(number), number * CHUNK)
        yield from (rows_of(whole, at, at + 1) for at in range(whole.n))
        number += 1


def _snapshots(live: Live, stream: Stream, encoder: Encoder, events: int) -> dict[str, Any]:
    singles = _singles(stream, encoder, events)
    marks = Records("mark", stream, events)
    before = _decided(live, singles, 5_000)
    forks, works, during, seconds = list[float](), list[float](), list[float](), list[float]()
    for _ in range(ROUNDS):
        live.take(marks.take(1))  # a snapshot belongs to a position of the log
        began = time.perf_counter()
        live.snapshot()
        forks.append(live.snapshots.paused_s)
        while live.snapshots.running:
            during += _decided(live, singles, _AT_ONCE)
            works.append(_worked(live))
        seconds.append(time.perf_counter() - began)
        while _more(live, works):
            during += _decided(live, singles, _AT_ONCE)
    live.take(marks.take(1))
    live.snapshot(wait=True)  # the log does not know the single events: the tail must begin after them
    newest = next(live.snapshots.newest())
    size = sum(path.stat().st_size for path in newest.iterdir())
    pause = max(*forks, *works, *during)
    return {
        "pause_ms": pause * 1e3, "fork_ms": max(forks) * 1e3, "forks_ms": [each * 1e3 for each in forks], "work_ms": max(works) * 1e3,
        "decision_ms": max(during) * 1e3, "p50_us_before": _part(before, 50), "p99_us_before": _part(before, 99),
        "p50_us_during": _part(during, 50), "p99_us_during": _part(during, 99), "snapshot_s": max(seconds), "snapshot_bytes": size,
        "decided_during": len(during), "state_bytes": live.engine.facts()["bytes"],
    }  # fmt: skip


def _decided(live: Live, singles: Iterator[EventBatch], count: int) -> list[float]:
    """Seconds of each of the next decisions."""
    clock, found = time.perf_counter, []
    for _ in range(count):
        single = next(singles)
        began = clock()
        live.engine.process(single)
        found.append(clock() - began)
    return found


def _worked(live: Live) -> float:
    began = time.perf_counter()
    live.work(_WORK_S)
    return time.perf_counter() - began


def _more(live: Live, works: list[float]) -> bool:
    began = time.perf_counter()
    more = live.work(_WORK_S)
    works.append(time.perf_counter() - began)
    return more


def _part(seconds: list[float], percent: int) -> float:
    return float(np.percentile(np.array(seconds), percent) * 1e6)


def _opened(folder: Path, events: int) -> None:
    opened = _policy()
    began = time.perf_counter()
    live = Live(folder / "default", opened, clock="events")
    open_s = time.perf_counter() - began
    [answer] = live.take(Records("after", _stream(events), _chunks(events, 2)).take(1))
    first_s = time.perf_counter() - began
    found = live.recovered
    if found.snapshot < 0 or not answer.body or found.events < TAIL:
        raise AssertionError(f"the folder was not opened from its snapshot: {found}")
    told = {
        "ready_s": found.restored_s, "open_s": open_s, "first_decision_s": first_s, "tail_events": found.events,
        "tail_events_per_s": found.events / max(found.seconds - found.restored_s, 1e-9), "accepted": live.engine.accepted,
    }  # fmt: skip
    sys.stdout.write(msgspec.json.encode(told).decode())


if __name__ == "__main__":
    {"fill": _filled, "open": _opened}[sys.argv[1]](Path(sys.argv[2]), int(sys.argv[3]))
