"""How one feature is distributed over the decisions of the recent past, frauds and good events apart.

In: what was recorded, a policy that computes the feature, its name. Out: plain facts: how often it is missing, quantiles, and bars with
counts of all, of known frauds, of known good events. Numbers and durations (ms) get bars of a round width up to the 99th percentile, with
one bar for what lies above; few different values get a bar each. Of texts only codes are kept: how many differ, and how often.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.recent.record import Recorded, recent_keys
from zhiyu.evaluation.redecide import Redecision
from zhiyu.expressions.types import Kind, Type
from zhiyu.log.list_journal import said_time

BARS = 24
FEW = 24
"""So many different values get a bar each."""
_SPANS = tuple(
    unit * each
    for unit, many in (
        (1, (1, 2, 5, 10, 20, 50, 100, 200, 500)), (1_000, (1, 2, 5, 10, 15, 30)), (60_000, (1, 2, 5, 10, 15, 30)),
        (3_600_000, (1, 2, 3, 6, 12)), (86_400_000, (1, 2, 5, 7, 14, 30, 60, 90, 180, 365)),
    )
    for each in many
)  # fmt: skip
"""Widths of bars of times and durations, ms."""
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)


@dataclass
class Spreading:
    """Iterate `steps()` for how much is done, 0 to 1; then `result` is there."""

    recorded: Recorded
    opened: Opened
    name: str
    result: dict[str, Any] | None = field(default=None, init=False)

    def steps(self) -> Iterator[float]:
        """Decide the span again and keep the one column."""
        place = [column.name for column in self.opened.compiled.features].index(self.name)
        run = Redecision(self.recorded.tape, self.opened, keys=recent_keys(self.opened), first=True)
        run.engine.lists.put(self.recorded.changes)
        values, nulls, labels, done = list[Array](), list[Array](), list[Array](), 0
        for outcome, batch in run.batches(keep_all=True):
            d, done = outcome.decisions, done + batch.n
            rows = np.flatnonzero(d.received_ms[d.kept] >= self.recorded.since_ms)
            values.append(d.kept_values[rows, place].copy())
            nulls.append(d.kept_nulls[rows, place].copy())
            labels.append(d.labels[d.kept][rows].copy())
            yield done / max(int(self.recorded.tape.facts["events"]), 1)
        if not values:
            values, nulls, labels = [np.zeros(0, np.int64)], [np.zeros(0, np.uint8)], [np.zeros(0, np.int8)]
        type_ = self.opened.compiled.features[place].type
        self.result = {
            "feature": self.name, "from": said_time(self.recorded.since_ms), "until": said_time(self.recorded.until_ms),
            **spread(type_, np.concatenate(values), np.concatenate(nulls), np.concatenate(labels)),
        }  # fmt: skip


def spread(type_: Type, values: Array, nulls: Array, labels: Array) -> dict[str, Any]:
    """The distribution of register values int64[n] (`nulls` uint8[n]: 0 value, 1 null, 2 error) under labels int8[n]."""
    there = nulls == 0
    n, missing = len(values), int((nulls == 1).sum())
    found: dict[str, Any] = {
        "decisions": n, "missing": missing, "errors": int((nulls == 2).sum()), "value": type_.kind.value, "unit": type_.unit,
        "frauds": int((labels == 1).sum()), "goods": int((labels == 0).sum()), "quantiles": None, "mean": None, "bars": [], "distinct": 0,
    }  # fmt: skip
    known, label = values[there], labels[there]
    if not len(known):
        return found
    found["distinct"] = len(np.unique(known))
    if type_.kind in (Kind.STRING, Kind.GEO):
        return found
    numbers = numbers_of(type_, known)
    found["mean"] = float(numbers.mean())
    found["quantiles"] = {
        "min": float(numbers.min()), **{f"p{round(q * 100)}": float(v) for q, v in zip(QUANTILES, np.quantile(numbers, QUANTILES))},
        "max": float(numbers.max()),
    }  # fmt: skip
    return found | {"bars": _bars(type_, numbers, label)}


def numbers_of(type_: Type, values: Array) -> Array:
    """float64[n] in the unit people read: money in its currency, durations and times in ms, truth as 0 and 1."""
    if type_.kind is Kind.FLOAT:
        return values.view(np.float64)
    return values / 10.0**type_.scale if type_.kind is Kind.FIXED else values.astype(np.float64)


def _bars(type_: Type, numbers: Array, label: Array) -> list[dict[str, Any]]:
    distinct = np.unique(numbers)
    if len(distinct) <= FEW:
        return _counted([(float(v), float(v)) for v in distinct], np.searchsorted(distinct, numbers), label)
    edges = edges_of(type_, float(numbers.min()), float(np.quantile(numbers, 0.99)), float(numbers.max()))
    whole = type_.kind is Kind.INT and edges[1] - edges[0] == 1
    ends = [(a, a if whole else b) for a, b in itertools.pairwise(edges)] + [(edges[-1], float(numbers.max()))]
    bars = _counted(ends, np.searchsorted(edges, numbers, side="right") - 1, label)
    return bars if bars[-1]["all"] else bars[:-1]


def edges_of(type_: Type, low: float, high: float, most: float) -> list[float]:
    """Ends of at most `BARS` + 2 bars of one width from `low` to past `high` (past `most` where those are one): round numbers, whole ones
    for INT and DURATION; a duration in units that people count in."""
    high = high if high > low else most
    least = (high - low) / BARS
    spans = [each for each in _SPANS if each >= least] if type_.kind in (Kind.DURATION, Kind.TIME) else []
    ten = 10.0 ** np.floor(np.log10(least))
    step = spans[0] if spans else next(ten * each for each in (1, 2, 5, 10) if ten * each >= least * (1 - 1e-9))
    step = max(step, 1.0) if type_.kind is not Kind.FLOAT and type_.kind is not Kind.FIXED else step
    first, last = np.floor(low / step + 1e-9), np.floor(high / step + 1e-9) + 1
    return [float(f"{each * step:.12g}") for each in np.arange(first, last + 1)]


def _counted(ends: list[tuple[float, float]], at: Array, label: Array) -> list[dict[str, Any]]:
    """Bars from `low` (inclusive) to `high` (exclusive, but of the last one); equal ends are one value."""
    counts = [np.bincount(at[mask], minlength=len(ends)).tolist() for mask in (label >= -1, label == 1, label == 0)]
    return [
        {"low": low, "high": high, "all": every, "frauds": frauds, "goods": goods}
        for (low, high), every, frauds, goods in zip(ends, *counts)
    ]
