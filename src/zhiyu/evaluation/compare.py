"""Two policies over the same events: arrays of everything that both decided.

In: `Matched` batches in log order. Out: `Compared`: the arrays as a whole, with which labels have arrived. Nothing is judged here; figures,
intervals, segments, days, rules and changes are read off the arrays by the modules beside this one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from zhiyu.base.errors import LimitExceeded
from zhiyu.base.jit import Array
from zhiyu.evaluation.paired import Matched

MAX_COMPARED = 50_000_000
"""Events held in memory at once, about 70 bytes each."""
DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Hits:
    """Which rules hit: `row` int64[k] (ascending) and `rule` int32[k], one entry per hit."""

    row: Array
    rule: Array

    def of(self, row: int) -> list[int]:
        """Rules that hit in one row."""
        low, high = np.searchsorted(self.row, [row, row + 1])
        return self.rule[low:high].tolist()


@dataclass(frozen=True)
class Compared:
    """n events that both decided, in log order; arrays as in `Matched`. `ids`: of the events whose outcome moved."""

    position: Array
    time_ms: Array
    outcome: Array
    score: Array
    label: Array
    money: Array
    weight: Array
    segment: Array
    hits: tuple[Hits, Hits]
    moved_ids: list[str]
    clock_ms: int
    label_delay_ms: int

    @property
    def n(self) -> int:
        """Number of events."""
        return len(self.position)

    @cached_property
    def due(self) -> Array:
        """bool[n]: old enough that a label would have arrived."""
        return self.time_ms + self.label_delay_ms <= self.clock_ms

    @cached_property
    def arrived(self) -> Array:
        """bool[n]: the label is there and has arrived; only these count in figures about fraud."""
        return self.due & (self.label >= 0)

    @cached_property
    def moved(self) -> Array:
        """int64[k]: rows whose outcome differs."""
        return np.flatnonzero(self.outcome[0] != self.outcome[1])

    @cached_property
    def day(self) -> tuple[Array, Array]:
        """(day of each event as a number int64[n], the days themselves int64[d] since 1970, UTC), only days with events."""
        days, number = np.unique(self.time_ms // DAY_MS, return_inverse=True)
        return number.astype(np.int64), days


@dataclass
class Comparison:
    """Gathers batches. `result` may be asked for once, at the end."""

    label_delay_ms: int = 0
    _parts: list[Matched] = field(default_factory=list)
    _hits: tuple[list[Hits], list[Hits]] = field(default_factory=lambda: ([], []))
    _ids: list[str] = field(default_factory=list)
    _n: int = 0
    _clock: int = int(np.iinfo(np.int64).min)

    def update(self, m: Matched) -> None:
        """Add a batch. LimitExceeded past `MAX_COMPARED` events."""
        if self._n + m.n > MAX_COMPARED:
            raise LimitExceeded(
                f"more than {MAX_COMPARED:,} events in one comparison; compare a shorter span",
                f"一次对比超过 {MAX_COMPARED:,} 个事件；请缩短时间范围",
            )
        for side, found in enumerate(m.hits):
            row, rule = np.nonzero(found)
            self._hits[side].append(Hits(row + self._n, rule.astype(np.int32)))
        self._ids += [str(m.ids[at]) for at in np.flatnonzero(m.outcome[0] != m.outcome[1]).tolist()]
        self._parts.append(_lean(m))
        self._n += m.n
        self._clock = max(self._clock, m.clock_ms)

    def result(self) -> Compared:
        """Everything so far as whole arrays."""
        parts = self._parts or [_nothing()]

        def whole(name: str) -> Array:
            return np.concatenate([getattr(part, name) for part in parts], axis=-1)

        hits = [
            Hits(_joined([h.row for h in side], np.int64), _joined([h.rule for h in side], np.int32))
            for side in self._hits
        ]
        return Compared(
            whole("position"), whole("time_ms"), whole("outcome"), whole("score"), whole("label"), whole("money"),
            whole("weight"), whole("segment"), (hits[0], hits[1]), self._ids, self._clock, self.label_delay_ms,
        )  # fmt: skip


def _joined(parts: Sequence[Array], kind: type) -> Array:
    return np.concatenate(parts).astype(kind) if parts else np.zeros(0, kind)


def _lean(m: Matched) -> Matched:
    """The batch without ids and hits, outcomes and labels in one byte each; copies, so that the decoded batch can go."""
    return Matched(
        m.position.copy(), [], m.time_ms.copy(), m.outcome.astype(np.int8), m.score.copy(), m.label.astype(np.int8),
        m.money.copy(), m.weight.copy(), m.segment.astype(np.int32), (np.zeros(0), np.zeros(0)), m.clock_ms,
    )  # fmt: skip


def _nothing() -> Matched:
    none, two = np.zeros(0, np.int64), np.zeros((2, 0), np.int64)
    return Matched(
        none, [], none, two, two, none, none, np.zeros(0), np.zeros((0, 0), np.int32), (none, none), int(np.iinfo(np.int64).min)
    )  # fmt: skip
