"""Facts that come back: labels that arrive after their delay, and our own decisions after their lag.

In: accepted events with labels, decisions once made. Out: for the next events, which facts stand before which of them.
A label stands before the first event received at or after its due time, but after its own event. A decision of the i-th accepted event
stands before the (i + lag)-th. Both depend on the log alone, never on where a batch ends.
"""

from __future__ import annotations

import heapq
import itertools
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

    def take(self, chosen: Array | slice) -> Facts:
        """The chosen facts (mask, indices or a slice), in that order."""
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
    """Facts on their way back, in buckets of `span` (ms, or events) by due, so that a step looks only at what may be due.

    Facts with the same due share a bucket and keep the order in which they came.
    """

    def __init__(self, columns: int, span: int) -> None:
        self.columns, self.span = columns, span
        self._buckets: dict[int, Facts] = {}
        self._keys: list[int] = []

    def __len__(self) -> int:
        return sum(len(bucket) for bucket in self._buckets.values())

    def put(self, facts: Facts) -> None:
        """Let facts wait."""
        if not len(facts):
            return
        keys = facts.due // self.span
        if keys[0] != keys[-1] or (keys != keys[0]).any():
            order = np.argsort(keys, kind="stable")
            facts, keys = facts.take(order), keys[order]
        starts = np.flatnonzero(np.concatenate([[True], keys[1:] != keys[:-1]]))
        for start, stop in itertools.pairwise([*starts.tolist(), len(keys)]):
            self._add(int(keys[start]), facts.take(slice(start, stop)) if stop - start < len(keys) else facts)

    def _add(self, key: int, part: Facts) -> None:
        if key in self._buckets:
            self._buckets[key] = self._buckets[key].joined(part)
        else:
            self._buckets[key] = part
            heapq.heappush(self._keys, key)

    def everything(self) -> Facts:
        """All waiting facts, by bucket."""
        return _all([self._buckets[key] for key in sorted(self._buckets)], self.columns)

    @property
    def next_due(self) -> int:
        """The least due of what waits; past all times when nothing does."""
        return int(self._buckets[self._keys[0]].due.min()) if self._keys else int(np.iinfo(np.int64).max)

    def upto(self, mark: int) -> Facts:
        """What is due by `mark`, by due; it goes on waiting."""
        keys = sorted(key for key in self._keys if key * self.span <= mark)
        found = _all([self._buckets[key] for key in keys], self.columns)
        due = np.flatnonzero(found.due <= mark)
        return found.take(due[np.argsort(found.due[due], kind="stable")])

    def take_due(self, mark: int) -> Facts:
        """The same, removed."""
        found = self._take_until(mark)
        now = found.due <= mark
        self.put(found.take(~now))
        found = found.take(now)
        return found.take(np.argsort(found.due, kind="stable"))

    def _take_until(self, mark: int) -> Facts:
        """Remove and return the buckets that may hold something due at `mark`."""
        taken = []
        while self._keys and self._keys[0] * self.span <= mark:
            taken.append(self._buckets.pop(heapq.heappop(self._keys)))
        return _all(taken, self.columns)

    def split(self, fresh: Facts, fresh_after: Array, marks: Array) -> tuple[Facts, Array]:
        """Facts that take effect inside this batch, and the row each stands before; the rest goes on waiting.

        `marks` int64[n] ascends (received times, or numbers of events); a fact stands before the first row whose mark reaches its
        due. `fresh` facts come from this batch; each stands after its own row `fresh_after`.
        """
        last = int(marks[-1]) if len(marks) else np.iinfo(np.int64).min
        old = self._take_until(last)
        soon = fresh.due <= last
        self.put(fresh.take(~soon))
        everything = old.joined(fresh.take(soon)) if soon.any() else old
        if not len(everything):
            return everything, np.zeros(0, np.int64)
        floor = np.concatenate([np.zeros(len(old), np.int64), fresh_after[soon] + 1])
        before = np.maximum(np.searchsorted(marks, everything.due, side="left"), floor)
        now = before < len(marks)
        order = np.flatnonzero(now)
        order = order[np.lexsort((everything.due[order], before[order]))]
        self.put(everything.take(~now))
        return everything.take(order), before[order]

    def snapshot(self, path: Path) -> int:
        """Write the waiting facts; returns bytes."""
        facts, arena = self.everything(), Arena()
        for name in _PARTS:
            array = getattr(facts, name)
            arena.array(name, array.dtype, (max(array.size, 1),))[: array.size] = array.ravel()
        extents: Extents = {name: [(0, getattr(facts, name).size)] for name in _PARTS}
        return arena.snapshot(path, extents, {"count": len(facts)})

    def restore(self, path: Path) -> None:
        """Read a snapshot taken with the same columns."""
        columns, arena = self.columns, Arena()
        empty, most = Facts.none(columns), max(path.stat().st_size // 8, 1)
        for name in _PARTS:
            arena.array(name, getattr(empty, name).dtype, (most,))
        count = int(arena.restore(path)["count"])
        values, nulls, due = (arena.arrays[name] for name in _PARTS)
        facts = Facts(
            values[: columns * count].reshape(columns, count).copy(), nulls[: columns * count].reshape(columns, count).copy(),
            due[:count].copy(),
        )  # fmt: skip
        self.put(facts)


def _all(parts: list[Facts], columns: int) -> Facts:
    """Several groups as one."""
    if len(parts) <= 1:
        return parts[0] if parts else Facts.none(columns)
    return Facts(
        np.concatenate([part.values for part in parts], axis=1), np.concatenate([part.nulls for part in parts], axis=1),
        np.concatenate([part.due for part in parts]),
    )  # fmt: skip


def interleaved(rows: int, groups: list[tuple[Facts, Array]]) -> tuple[Array, Array]:
    """The order of rows and facts: (group, index) per item; group -1 are the rows. Groups come first in their order, then the row."""
    places = [np.arange(rows)] + [before for _, before in groups]
    ranks = [np.full(rows, len(groups))] + [np.full(len(before), rank) for rank, (_, before) in enumerate(groups)]
    which = [np.full(rows, -1)] + [np.full(len(before), rank) for rank, (_, before) in enumerate(groups)]
    index = [np.arange(rows)] + [np.arange(len(before)) for _, before in groups]
    order = np.lexsort((np.concatenate(index), np.concatenate(ranks), np.concatenate(places)))
    return np.concatenate(which)[order], np.concatenate(index)[order]
