"""Facts that come back: labels that arrive after their delay, and our own decisions after their lag.

In: accepted events with labels, decisions once made. Out: for the next events, which facts stand before which of them.
A label stands before the first event received at or after its due time, but after its own event. A decision of the i-th accepted event
stands before the (i + lag)-th. Both depend on the log alone, never on where a batch ends.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zhiyu.base.arena import Arena, Extents
from zhiyu.base.jit import Array


_PARTS = ("values", "nulls", "due")


@dataclass(slots=True)
class Facts:
    """k facts as columns: `values` int64[C, k], `nulls` uint8[C, k], `due` int64[k] (labels: ms; decisions: number of an event)."""

    values: Array
    nulls: Array
    due: Array

    @classmethod
    def none(cls, columns: int) -> Facts:
        """No facts."""
        return cls(np.zeros((columns, 0), np.int64), np.zeros((columns, 0), np.uint8), np.zeros(0, np.int64))

    def __len__(self) -> int:
        return len(self.due)

    def take(self, chosen: Array) -> Facts:
        """The chosen facts (mask or indices), in that order."""
        return Facts(self.values[:, chosen], self.nulls[:, chosen], self.due[chosen])

    def joined(self, other: Facts) -> Facts:
        """These, then the others."""
        if not len(other):
            return self
        return Facts(
            np.concatenate([self.values, other.values], axis=1),
            np.concatenate([self.nulls, other.nulls], axis=1),
            np.concatenate([self.due, other.due]),
        )


def rewritten(values: Array, nulls: Array, columns: Mapping[int, Array | int]) -> tuple[Array, Array]:
    """A copy of the columns with some registers replaced (and not null)."""
    values, nulls = values.copy(), nulls.copy()
    for register, content in columns.items():
        values[register] = content
        nulls[register] = 0
    return values, nulls


class Waiting:
    """Facts on their way back, in the order in which they will take effect."""

    def __init__(self, columns: int) -> None:
        self.facts = Facts.none(columns)

    def split(self, fresh: Facts, fresh_after: Array, marks: Array) -> tuple[Facts, Array]:
        """Facts that take effect inside this batch, and the row each stands before; the rest goes on waiting.

        `marks` int64[n] ascends (received times, or numbers of events); a fact stands before the first row whose mark reaches its
        due. `fresh` facts come from this batch; each stands after its own row `fresh_after`.
        """
        everything = self.facts.joined(fresh)
        if not len(everything):
            return everything, np.zeros(0, np.int64)
        floor = np.concatenate([np.zeros(len(self.facts), np.int64), fresh_after + 1])
        before = np.maximum(np.searchsorted(marks, everything.due, side="left"), floor)
        now = before < len(marks)
        order = np.flatnonzero(now)
        order = order[np.lexsort((everything.due[order], before[order]))]
        self.facts = everything.take(~now)
        return everything.take(order), before[order]


    def snapshot(self, path: Path) -> int:
        """Write the waiting facts; returns bytes."""
        arena = Arena()
        for name in _PARTS:
            array = getattr(self.facts, name)
            arena.array(name, array.dtype, (max(array.size, 1),))[: array.size] = array.ravel()
        extents: Extents = {name: [(0, getattr(self.facts, name).size)] for name in _PARTS}
        return arena.snapshot(path, extents, {"count": len(self.facts)})

    def restore(self, path: Path) -> None:
        """Read a snapshot taken with the same columns."""
        columns = len(self.facts.values)
        most = max(path.stat().st_size // 8, 1)
        arena = Arena()
        for name in _PARTS:
            arena.array(name, getattr(self.facts, name).dtype, (most,))
        count = int(arena.restore(path)["count"])
        values, nulls, due = (arena.arrays[name] for name in _PARTS)
        self.facts = Facts(
            values[: columns * count].reshape(columns, count).copy(),
            nulls[: columns * count].reshape(columns, count).copy(),
            due[:count].copy(),
        )


def interleaved(rows: int, groups: list[tuple[Facts, Array]]) -> tuple[Array, Array]:
    """The order of rows and facts: (group, index) per item; group -1 are the rows. Groups come first in their order, then the row."""
    places = [np.arange(rows)] + [before for _, before in groups]
    ranks = [np.full(rows, len(groups))] + [np.full(len(before), rank) for rank, (_, before) in enumerate(groups)]
    which = [np.full(rows, -1)] + [np.full(len(before), rank) for rank, (_, before) in enumerate(groups)]
    index = [np.arange(rows)] + [np.arange(len(before)) for _, before in groups]
    order = np.lexsort((np.concatenate(index), np.concatenate(ranks), np.concatenate(places)))
    return np.concatenate(which)[order], np.concatenate(index)[order]
