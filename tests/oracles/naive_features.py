"""The slow, obviously right version of every aggregate: all events so far in a list, filtered and counted anew for each question.

In: the same resolved variables the kernel gets, rows as plain dicts of registers. Out: value or None per variable.
"""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

from zhiyu.base.numeric import distance_km
from zhiyu.features.plan import Variable

Row = dict[int, int | None]


def unpack(place: int) -> tuple[int, int]:
    """Latitude and longitude (micro-degrees) of a packed place."""
    latitude = place >> 32
    longitude = place & 0xFFFFFFFF
    return latitude, longitude - (1 << 32) if longitude >= 1 << 31 else longitude


class NaiveFeatures:
    """`step` takes one event at its effective time and answers every variable as of that moment."""

    def __init__(self, variables: list[Variable]) -> None:
        self.variables = variables
        self.seen: list[tuple[int, Row]] = []

    def step(self, time: int, row: Row) -> dict[int, Any]:
        """Enter the event; results by output register."""
        before = list(self.seen)
        self.seen.append((time, row))
        return {v.output: self._answer(v, time, row, before if v.past else self.seen) for v in self.variables}

    def _answer(self, v: Variable, time: int, row: Row, seen: list[tuple[int, Row]]) -> Any:
        key = [row[k] for k in v.keys]
        if None in key:
            return None
        matching = [
            (t, r) for t, r in seen
            if time - v.window_ms < t <= time and [r[k] for k in v.keys] == key
            and (v.filter < 0 or r[v.filter] == 1) and (v.value < 0 or r[v.value] is not None)
        ]  # fmt: skip
        matching.sort(key=lambda pair: pair[0])  # stable: equal times stay in order of arrival
        return aggregate(v, time, row, matching)


def aggregate(v: Variable, time: int, row: Row, matching: list[tuple[int, Row]]) -> Any:
    """One aggregate over (time, row) pairs in time order."""
    numbers: list[int] = [r[v.value] or 0 for _, r in matching] if v.value >= 0 else []
    if v.aggregate == "count":
        return len(matching)
    if v.aggregate == "sum":
        return sum(numbers)
    if v.aggregate == "distinct":
        return len(set(numbers))
    if not matching:
        return None
    if v.aggregate in ("min", "max"):
        return min(numbers) if v.aggregate == "min" else max(numbers)
    if v.aggregate == "mean":
        return float(Fraction(sum(numbers), len(numbers) * 10**v.scale))
    if v.aggregate == "std":
        n, total = len(numbers), sum(numbers)
        return math.sqrt(n * sum(x * x for x in numbers) - total * total) / (n * 10**v.scale)
    if v.aggregate in ("first", "last"):
        return numbers[0] if v.aggregate == "first" else numbers[-1]
    if v.aggregate in ("since_first", "since_last"):
        return time - matching[0 if v.aggregate == "since_first" else -1][0]
    assert v.aggregate == "speed_kmh"
    here = row[v.value]
    if here is None:
        return None
    hours = max(time - matching[-1][0], 1000) / 3_600_000
    return distance_km(*unpack(numbers[-1]), *unpack(here)) / hours
