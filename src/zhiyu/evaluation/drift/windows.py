"""Counts of what a model meets, hour by hour: enough for every figure of drift, and small whatever the stream.

In: inputs and scores of decided events, labels with the time at which they were known. Out: `Window`s: per hour, or added up per day.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.models.drift import SCORE
from zhiyu.models.package import Package, Spread

HOUR_MS, DAY_MS = 3_600_000, 86_400_000
MAX_HOURS = 24 * 3_700


@dataclass
class Window:
    """One stretch of time. `counts`: per value how many rows fell into each interval of its baseline, nulls last. Of the rows whose label
    had matured: how many, their weight, frauds expected by the score and found, and the variance of what was expected."""

    start_ms: int
    rows: int = 0
    score_sum: float = 0.0
    counts: list[Array] = field(default_factory=list)
    labelled: int = 0
    weight: float = 0.0
    expected: float = 0.0
    found: float = 0.0
    variance: float = 0.0

    def add(self, other: Window) -> None:
        """Take in another stretch."""
        self.rows, self.score_sum = self.rows + other.rows, self.score_sum + other.score_sum
        self.labelled, self.weight = self.labelled + other.labelled, self.weight + other.weight
        self.expected, self.found = self.expected + other.expected, self.found + other.found
        self.variance += other.variance
        self.counts = [a + b for a, b in zip(self.counts, other.counts)] if self.counts else list(other.counts)


class Windows:
    """Collects by hour. `names`: inputs of the package that have a baseline, then the score."""

    def __init__(self, package: Package) -> None:
        places = {given.name: number for number, given in enumerate(package.inputs)}
        known = [spread for spread in package.baseline if spread.name in places or spread.name == SCORE]
        self.spreads: Sequence[Spread] = known
        self.names = [spread.name for spread in known]
        self._places = [places.get(name, -1) for name in self.names]
        self.hours: dict[int, Window] = {}

    def take(self, time_ms: Array, inputs: Array, score: Array) -> None:
        """Rows of a batch: times int64[n], inputs float64[n, F], scores float64[n]."""
        for hour in np.unique(time_ms // HOUR_MS).tolist():
            rows = np.flatnonzero(time_ms // HOUR_MS == hour)
            window = Window(hour * HOUR_MS, len(rows), float(score[rows].sum()))
            for spread, place in zip(self.spreads, self._places):
                column = score[rows] if place < 0 else inputs[rows, place]
                window.counts.append(_binned(spread, column))
            self.hours.setdefault(hour, Window(hour * HOUR_MS)).add(window)

    def mature(self, time_ms: Array, score: Array, label: Array, weight: Array) -> None:
        """Rows, taken before, whose label is known now: `label` int64[n] 1 or 0, `weight` float64[n]."""
        for hour in np.unique(time_ms // HOUR_MS).tolist():
            rows = np.flatnonzero((time_ms // HOUR_MS == hour) & (weight > 0))
            own, p, window = weight[rows], score[rows], self.hours[hour]
            window.labelled, window.weight = window.labelled + len(rows), window.weight + float(own.sum())
            window.expected += float((own * p).sum())
            window.found += float((own * label[rows]).sum())
            window.variance += float((own * own * p * (1 - p)).sum())

    def per_hour(self) -> list[Window]:
        """In the order of time."""
        return [self.hours[hour] for hour in sorted(self.hours)]

    def per_day(self) -> list[Window]:
        """Days of UTC, in the order of time."""
        days: dict[int, Window] = {}
        for window in self.per_hour():
            day = window.start_ms // DAY_MS
            days.setdefault(day, Window(day * DAY_MS)).add(window)
        return list(days.values())

    def whole(self) -> Window:
        """Everything."""
        found = Window(min(self.hours, default=0) * HOUR_MS)
        for window in self.per_hour():
            found.add(window)
        return found


def _binned(spread: Spread, column: Array) -> Array:
    null = np.isnan(column)
    place = np.searchsorted(np.array(spread.edges), column[~null], side="right")
    return np.append(np.bincount(place, minlength=len(spread.edges) + 1), int(null.sum()))
