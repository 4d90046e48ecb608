"""The metrics benchmark: how long screens wait for answers over rollups of a hundred million decisions.

In: sizes. Out: quantiles of a question's time, by kind of screen. Rollups are written as a server would have them after so many days: six
stages, three products, four channels, 31 regions and six outcomes, each as frequent as such things are (Zipf), by a seed.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from rich.console import Console
from rich.table import Table

from zhiyu.base.jit import Array
from zhiyu.bench.conditions import conditions
from zhiyu.evaluation.cube.ask import Question, ask
from zhiyu.evaluation.cube.cube import FOLDER, Cube
from zhiyu.evaluation.cube.facts import HOUR_MINUTES, KEYS, MINUTE_MS, TABLES, schema_of, summed
from zhiyu.evaluation.cube.rollups import GRAINS, MINUTES_KEPT, Grain, Rollups, coarser
from zhiyu.policy.outcomes import OUTCOMES

Say = Callable[[str, float], None]
HOUR_MS, DAY_MINUTES = HOUR_MINUTES * MINUTE_MS, 24 * HOUR_MINUTES
START_MINUTE = 29_000_160
"""A midnight."""
AIM_MS = 300.0
_OUTCOMES = (0.93, 0.01, 0.02, 0.01, 0.02, 0.01)
_SIZES = {"stage": (6, 1.2), "product": (3, 1.0), "channel": (4, 1.0), "region": (31, 0.8)}
_BY = (
    ("time",),
    ("time", "channel"),
    ("time", "region"),
    ("time", "stage", "outcome"),
    ("region", "channel"),
    ("outcome",),
)
_MEASURES = (("decisions",), ("stopped_share", "money"))
_SCREENS: tuple[tuple[str, int, int], ...] = (
    ("3 hours by minute", 3 * HOUR_MS, MINUTE_MS),
    ("a day by quarters", 24 * HOUR_MS, 15 * MINUTE_MS),
    ("a week by the hour", 168 * HOUR_MS, HOUR_MS),
    ("30 days by thirds", 720 * HOUR_MS, 8 * HOUR_MS),
    ("90 days by the day", 2_160 * HOUR_MS, 24 * HOUR_MS),
)


@dataclass(frozen=True)
class MetricSizes:
    """`days` of `decisions` in all; each question is asked `rounds` times."""

    decisions: int = 100_000_000
    days: int = 90
    rounds: int = 3
    seed: int = 1


def run_metrics(sizes: MetricSizes, say: Say) -> dict[str, Any]:
    """Write the rollups, ask."""
    with tempfile.TemporaryDirectory() as folder:
        rows = _write(Path(folder), sizes, say)
        cube = Cube(Path(folder), "default", _no_policy, 0, writes=False)
        size = sum(each.stat().st_size for each in (Path(folder) / FOLDER).rglob("*") if each.is_file())
        times: dict[str, list[float]] = {name: [] for name, _, _ in _SCREENS}
        end_ms = (START_MINUTE + sizes.days * DAY_MINUTES) * MINUTE_MS
        total = sizes.rounds * len(_SCREENS) * len(_BY) * len(_MEASURES)
        for number in range(sizes.rounds):
            for name, span, step in _SCREENS:
                for by in _BY:
                    for measures in _MEASURES:
                        question = Question(
                            measures, max(end_ms - span, START_MINUTE * MINUTE_MS), end_ms, by, {}, step
                        )
                        began = time.perf_counter()
                        ask(cube, question, "CNY")
                        times[name].append(1000 * (time.perf_counter() - began))
                        done = number * total // sizes.rounds + sum(map(len, times.values()))
                        say("asking", 0.6 + 0.4 * min(done / total, 1.0))
    every = [each for some in times.values() for each in some]
    return {
        "p50_ms": _quantile(every, 50), "p95_ms": _quantile(every, 95), "aim_p95_ms": AIM_MS,
        "screens": {name: {"p50_ms": _quantile(some, 50), "p95_ms": _quantile(some, 95)} for name, some in times.items()},
        "decisions": sizes.decisions, "days": sizes.days, "rows": rows, "bytes": size, "questions": len(every), "conditions": conditions(),
    }  # fmt: skip


def _write(folder: Path, sizes: MetricSizes, say: Say) -> dict[str, int]:
    """Rows by grain, of one part that stands for everything."""
    rng, shares = np.random.default_rng(sizes.seed), _shares()
    minutes = sizes.days * DAY_MINUTES
    say("hours", 0.05)
    per_hour = sizes.decisions * HOUR_MINUTES // minutes
    hours = _rows(rng, shares, np.arange(START_MINUTE, START_MINUTE + minutes, HOUR_MINUTES), per_hour)
    say("minutes of the last days", 0.3)
    last = np.arange(START_MINUTE + max(minutes - MINUTES_KEPT, 0), START_MINUTE + minutes)
    tables: dict[tuple[str, Grain], pa.Table] = {
        (name, grain): schema_of(name).empty_table() for name in TABLES for grain in GRAINS
    }
    tables["decisions", "minutes"] = summed("decisions", _rows(rng, shares, last, max(per_hour // HOUR_MINUTES, 1)))
    tables["decisions", "hours"] = summed("decisions", hours)
    say("thirds of days", 0.5)
    tables["decisions", "thirds"] = coarser("decisions", tables["decisions", "hours"], "thirds")
    (folder / FOLDER).mkdir(parents=True)
    Rollups(folder / FOLDER).write(0, sizes.decisions, tables)
    return {grain: tables["decisions", grain].num_rows for grain in GRAINS}


def _shares() -> Array:
    """float64[cells]: how often each combination of the dimensions is."""
    found = np.ones(1)
    for size, power in _SIZES.values():
        weights = 1 / np.arange(1, size + 1) ** power
        found = np.outer(found, weights / weights.sum()).ravel()
    return np.outer(found, _OUTCOMES).ravel()


def _rows(rng: np.random.Generator, shares: Array, minutes: Array, each: int) -> pa.Table:
    """`each` decisions in each of these minutes."""
    counts = rng.multinomial(each, shares, len(minutes))
    at, cell = np.nonzero(counts)
    own = counts[at, cell]
    index = np.unravel_index(cell, [*(size for size, _ in _SIZES.values()), len(_OUTCOMES)])
    texts = {
        name: pa.array([f"{name} {n}" for n in range(size)]).take(pa.array(index[number]))
        for number, (name, (size, _)) in enumerate(_SIZES.items())
    }
    columns = {"minute": pa.array(minutes[at]), **texts, "outcome": pa.array(list(OUTCOMES)).take(pa.array(index[-1]))}
    columns["policy"] = pa.repeat("0123456789ab", len(own))
    sums = {"decisions": own, "went_on": 0 * own, "money": own * 100_000, "score": own * 7}
    return pa.table({name: columns[name] for name in KEYS} | {name: pa.array(values) for name, values in sums.items()})


def _no_policy(policy: str) -> Any:
    raise AssertionError("nothing is decided here")


def _quantile(values: list[float], percent: float) -> float:
    return round(float(np.percentile(values, percent)), 1)


def show_metrics(report: dict[str, Any], console: Console) -> None:
    """For people."""
    table = Table("screen", "p50, ms", "p95, ms", box=None)
    for name, told in report["screens"].items():
        table.add_row(name, f"{told['p50_ms']:,.0f}", f"{told['p95_ms']:,.0f}")
    table.add_row("all", f"{report['p50_ms']:,.0f}", f"{report['p95_ms']:,.0f}")
    console.print(table)
    rows = ", ".join(f"{count:,} rows by {grain}" for grain, count in report["rows"].items())
    console.print(
        f"{report['decisions']:,} decisions of {report['days']} days: {rows}; {report['bytes'] / 1e6:,.0f} MB; aim: p95 {AIM_MS:.0f} ms",
        highlight=False,
    )
