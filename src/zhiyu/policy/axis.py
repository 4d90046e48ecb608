"""One column of a decision table, or one characteristic of a scorecard: the values it tells apart, as numbered cells.

In: what each row (or bin) takes, in register form. Out: `Axis`: its cells, and for each condition the cells it takes. Every value falls
into exactly one cell and every condition takes whole cells, so rows can be indexed, and gaps and overlaps found, cell by cell.
Ordered axis of points p0 < p1 < …: cells (-∞,p0) {p0} (p0,p1) {p1} … (pk,∞), then null. Axis of texts: one cell per text, then "any
other", then null.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from zhiyu.expressions.types import Type

Value = int | float | str


@dataclass(frozen=True, slots=True)
class Interval:
    """From `low` to `high` (None: open end) in register form; `low_in` and `high_in`: the bound itself belongs to it."""

    low: int | float | None
    high: int | float | None
    low_in: bool = True
    high_in: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What a condition takes of its axis: everything (`any`), else the union of `intervals`, `values` and (`null`) the missing value;
    `negated`: every present value but those. `rest`: all present values that no other condition of the axis takes."""

    any: bool = False
    null: bool = False
    intervals: tuple[Interval, ...] = ()
    values: frozenset[Value] = frozenset()
    negated: bool = False
    rest: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """`type` of the looked-at value; `points` ascending: numbers in register form, or texts."""

    type: Type
    points: tuple[Value, ...]

    @classmethod
    def of(cls, type_: Type, conditions: Iterable[Taken]) -> Axis:
        """The axis that tells apart what these conditions tell apart.

        >>> from zhiyu.expressions.types import INT
        >>> Axis.of(INT, [Taken(intervals=(Interval(0, 10),)), Taken(values=frozenset({5}))]).points
        (0, 5, 10)
        """
        points: set[Value] = set()
        for each in conditions:
            points |= each.values
            points |= {bound for i in each.intervals for bound in (i.low, i.high) if bound is not None}
        return cls(type_, tuple(sorted(points, key=_order)))

    @property
    def texts(self) -> bool:
        """Whether the points are texts (equal or not), not numbers (ordered)."""
        return bool(self.points) and isinstance(self.points[0], str)

    @property
    def null(self) -> int:
        """The number of the cell of null, the last one."""
        return len(self.points) + 1 if self.texts else 2 * len(self.points) + 1

    def __len__(self) -> int:
        return self.null + 1

    def cell(self, value: Value | None) -> int:
        """The cell of a value.

        >>> from zhiyu.expressions.types import INT
        >>> [Axis(INT, (0, 10)).cell(v) for v in (-1, 0, 5, 10, 11, None)]
        [0, 1, 2, 3, 4, 5]
        """
        if value is None:
            return self.null
        at = bisect_left(self.points, _order(value), key=_order)
        found = at < len(self.points) and self.points[at] == value
        if self.texts:
            return at if found else len(self.points)
        return 2 * at + found

    def cells(self, taken: Taken, others: Iterable[Taken] = ()) -> frozenset[int]:
        """The cells of a condition; `others`: the conditions whose cells `rest` leaves out."""
        return frozenset(cell for first, past in self.spans(taken, others) for cell in range(first, past))

    def spans(self, taken: Taken, others: Iterable[Taken] = ()) -> list[tuple[int, int]]:
        """The same as ranges [first, past), which may overlap."""
        if taken.any:
            return [(0, len(self))]
        found = [(cell, cell + 1) for cell in map(self.cell, taken.values)]
        found += [self.inside(interval) for interval in taken.intervals]
        if taken.rest:
            found += self._outside([span for other in others if not other.rest for span in self.spans(other)])
        if taken.negated:
            found = self._outside(found)
        return [*found, (self.null, self.null + 1)] if taken.null else found

    def inside(self, interval: Interval) -> tuple[int, int]:
        """The cells [first, past) of an interval whose bounds are points."""
        first = 0 if interval.low is None else self.cell(interval.low) + (not interval.low_in)
        past = self.null if interval.high is None else self.cell(interval.high) + interval.high_in
        return first, max(first, past)

    def _outside(self, spans: list[tuple[int, int]]) -> list[tuple[int, int]]:
        """Ranges of present values that none of the spans takes."""
        found, reached = [], 0
        for first, past in sorted(spans):
            if first > reached:
                found.append((reached, min(first, self.null)))
            reached = max(reached, past)
        return [*found, (reached, self.null)] if reached < self.null else found


def _order(value: Value) -> Any:
    """Points of one axis are all numbers or all texts, so they compare."""
    return value
