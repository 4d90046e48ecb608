"""Inputs of tables and characteristics of scorecards as the kernels read them: sorted points, and what each cell holds.

In: checked columns, the register of each one's expression, the coder of texts. Out: lines of `columns`, words of `points` and `cells`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.expressions.types import Kind
from zhiyu.policy.axis import Axis
from zhiyu.policy.checked import CheckedColumn, CheckedScorecard, CheckedTable
from zhiyu.policy.declare import OUTCOMES
from zhiyu.policy.layout import CODES, FLOATING, WHOLE

WORD = 64
NO_BIN = -1


@dataclass
class Columns:
    """Grows column by column. `lines`: register, kind, first point, points, first cell, total register."""

    encode: Callable[[str], int]
    lines: list[list[int]] = field(default_factory=list)
    points: list[int] = field(default_factory=list)
    cells: list[Array] = field(default_factory=list)
    size: int = 0

    def add(self, axis: Axis, register: int, content: Array, total: int) -> None:
        """One column; `content` int64[cells, words] in the axis' own order of cells."""
        kind, points, order = self._points(axis)
        content[: len(order)] = content[order]
        self.lines.append([register, kind, len(self.points), len(points), self.size, total])
        self.points += points
        self.cells.append(content.ravel())
        self.size += content.size

    def _points(self, axis: Axis) -> tuple[int, list[int], list[int]]:
        """Kind, points as the kernel compares them, and where each of the first cells comes from."""
        if axis.type.kind is Kind.STRING:
            codes = [self.encode(str(text)) for text in axis.points]
            order = sorted(range(len(codes)), key=codes.__getitem__)
            return CODES, [codes[at] for at in order], order
        if axis.type.kind is Kind.FLOAT:
            return FLOATING, np.array(axis.points, np.float64).view(np.int64).tolist(), []
        return WHOLE, [int(point) for point in axis.points], []

    def card(self, card: CheckedScorecard, registers: Sequence[int], totals: Sequence[int]) -> tuple[int, int]:
        """All characteristics of a card; returns its range of columns."""
        first = len(self.lines)
        for described, column, register, total in zip(card.card.characteristics, card.columns, registers, totals):
            content = np.tile(np.array([0, NO_BIN], np.int64), (len(column.axis), 1))
            for number, (taken, bin_) in enumerate(zip(column.taken, described.bins)):
                for low, past in column.axis.spans(taken, column.taken):
                    content[low:past] = bin_.points, number
            self.add(column.axis, register, content, total)
        return first, len(self.lines)

    def table(self, table: CheckedTable, registers: Sequence[int]) -> tuple[int, int]:
        """All inputs of a table; returns its range of columns."""
        first = len(self.lines)
        for column, register in zip(table.columns, registers):
            self.add(column.axis, register, row_sets(column, len(table.table.rows)), -1)
        return first, len(self.lines)


def row_sets(column: CheckedColumn, rows: int) -> Array:
    """int64[cells, words]: bit r of a cell says that row r takes it."""
    width = words_of(rows)
    taken = np.zeros((len(column.axis), width * WORD), np.uint8)
    spans = {each: column.axis.spans(each, column.taken) for each in set(column.taken)}
    for row, each in enumerate(column.taken):
        for first, past in spans[each]:
            taken[first:past, row] = 1
    packed = np.packbits(taken, axis=1, bitorder="little")
    return np.ascontiguousarray(packed).view("<i8").astype(np.int64)


def words_of(rows: int) -> int:
    """Words of a set of so many rows."""
    return max(-(-rows // WORD), 1)


def row_lines(table: CheckedTable) -> list[list[int]]:
    """[outcome or -1, score] per row."""
    return [[OUTCOMES.index(row.outcome) if row.outcome else -1, row.score] for row in table.table.rows]
