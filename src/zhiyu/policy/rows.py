"""Which rows of a table are never reached, which overlap, and what no row takes.

In: the columns as `Strip`s. Out: numbers of rows, pairs of rows, boxes of cells. A set of rows is one integer (bit r: row r). Cells that
the same rows take are one class; columns are walked one after the other, remembering what was seen. Exact unless the work limit is hit,
and then it says so (`Work.cut`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from zhiyu.policy.cells import Strip, runs

MAX_STEPS = 200_000
"""Classes of cells looked at in each of the three searches of one table."""

Classes = tuple[tuple[int, int], ...]
"""(rows that take it, mask of its cells), …"""
Box = tuple[int, ...]
"""One mask of cells per column."""


@dataclass
class Work:
    """What is left to spend; `cut`: it was not enough, so not everything was looked at."""

    left: int = MAX_STEPS
    cut: bool = False

    def spend(self, steps: int) -> bool:
        """Take steps away; False when there are none left."""
        self.left -= steps
        self.cut = self.cut or self.left < 0
        return not self.cut


@dataclass(frozen=True)
class Rows:
    """A table ready to be searched; `n` rows, `classes` per column."""

    strips: tuple[Strip, ...]
    n: int
    classes: tuple[Classes, ...]

    @staticmethod
    def of(strips: Sequence[Strip], n: int) -> Rows:
        """Classes of every column."""
        return Rows(tuple(strips), n, tuple(_classes(strip) for strip in strips))

    def empty(self) -> Iterator[tuple[int, int]]:
        """(row, column) of conditions that no possible value meets, the first column of each row."""
        for row in range(self.n):
            column = next((k for k, strip in enumerate(self.strips) if not strip.masks[row]), None)
            if column is not None:
                yield row, column

    def overlaps(self, work: Work) -> Iterator[tuple[int, int, Box]]:
        """Pairs (earlier, later) that some value combination meets both, and the cells they share; per later row the first one."""
        for row in range(self.n):
            alive = (1 << row) - 1
            for k in self._narrow(row, work):
                if not alive:
                    break
                met = 0
                for rows, _ in self._own(k, row):
                    met |= rows
                alive &= met
            if work.cut:
                return
            if alive and all(strip.masks[row] for strip in self.strips):
                first = (alive & -alive).bit_length() - 1
                yield first, row, tuple(strip.masks[first] & strip.masks[row] for strip in self.strips)

    def unreached(self, work: Work) -> Iterator[int]:
        """Rows whose every value combination meets an earlier row."""
        for row in range(1, self.n):
            if all(strip.masks[row] for strip in self.strips):
                search = _Covered(self, row, work)
                covered = search.covered(0, (1 << row) - 1)
                if work.cut:
                    return
                if covered:
                    yield row

    def gaps(self, allowed: Sequence[int], most: int, work: Work) -> list[Box]:
        """Boxes of allowed cells that no row takes, at most `most`; none found and no cut: there is none."""
        order = sorted(range(len(self.strips)), key=lambda k: len(self.classes[k]))
        search = _Gaps([self.classes[k] for k in order], [allowed[k] for k in order], most, work)
        search.walk(0, (1 << self.n) - 1, ())
        back = {k: place for place, k in enumerate(order)}
        return [tuple(box[back[k]] for k in range(len(order))) for box in search.found]

    def _own(self, column: int, row: int) -> Classes:
        return tuple(each for each in self.classes[column] if each[0] >> row & 1)

    def _narrow(self, row: int, work: Work) -> list[int]:
        """Columns of a row, the one with the fewest cells first."""
        if not work.spend(sum(map(len, self.classes)) // 16 + 1):
            return []
        return sorted(range(len(self.strips)), key=lambda k: self.strips[k].masks[row].bit_count())


def _classes(strip: Strip) -> Classes:
    """Cells of a column put together by the rows that take them, by a sweep over the ends of runs."""
    turns: dict[int, int] = {}
    for row, mask in enumerate(strip.masks):
        for first, last in runs(mask):
            turns[first] = turns.get(first, 0) ^ 1 << row
            turns[last + 1] = turns.get(last + 1, 0) ^ 1 << row
    found: dict[int, int] = {}
    marks = sorted({0, *turns, len(strip.cells)})
    rows = 0
    for first, end in pairwise(marks):
        rows ^= turns.get(first, 0)
        found[rows] = found.get(rows, 0) | (1 << end) - (1 << first)
    return tuple(found.items())


class _Covered:
    """Are all cells of one row taken by earlier rows?"""

    def __init__(self, rows: Rows, row: int, work: Work) -> None:
        self.work = work
        self.columns = [rows._own(k, row) for k in rows._narrow(row, work)]
        self.holds: list[int] = [-1]
        for classes in reversed(self.columns):  # rows that hold every cell of this row from this column on
            all_rows = self.holds[-1]
            for taken, _ in classes:
                all_rows &= taken
            self.holds.append(all_rows)
        self.holds.reverse()
        self.seen: set[tuple[int, int]] = set()

    def covered(self, k: int, alive: int) -> bool:
        if not alive or self.work.cut:
            return False
        if alive & self.holds[k] or (k, alive) in self.seen:
            return True
        if k == len(self.columns) or not self.work.spend(len(self.columns[k])):
            return not self.work.cut
        for left in {alive & taken for taken, _ in self.columns[k]}:
            if not self.covered(k + 1, left):
                return False
        self.seen.add((k, alive))
        return True


@dataclass
class _Gaps:
    """Walks all allowed cells column by column; `found`: boxes that no row takes."""

    columns: list[Classes]
    allowed: list[int]
    most: int
    work: Work
    found: list[Box] = field(default_factory=list)
    whole: set[tuple[int, int]] = field(default_factory=set)
    holds: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.columns = [
            tuple((rows, cells & allowed) for rows, cells in classes if cells & allowed)
            for classes, allowed in zip(self.columns, self.allowed)
        ]
        self.holds = [-1]
        for classes in reversed(self.columns):
            all_rows = self.holds[-1]
            for rows, _ in classes:
                all_rows &= rows
            self.holds.append(all_rows)
        self.holds.reverse()

    def walk(self, k: int, alive: int, box: Box) -> bool:
        """Whether the rows that are alive take everything from column `k` on."""
        if not alive:
            self.found.append((*box, *self.allowed[k:]))
            return False
        if alive & self.holds[k] or (k, alive) in self.whole:
            return True
        if not self.work.spend(len(self.columns[k])):
            return False
        groups: dict[int, int] = {}
        for rows, cells in self.columns[k]:
            left = alive & rows
            groups[left] = groups.get(left, 0) | cells
        sound = True
        for left, cells in sorted(groups.items(), key=lambda item: item[0].bit_count()):
            if len(self.found) >= self.most or self.work.cut:
                return False
            sound &= self.walk(k + 1, left, (*box, cells))
        if sound:
            self.whole.add((k, alive))
        return sound
