"""Decisions that wait: which events are held open, until when, and what may answer them.

In: events whose decision came to a wait; answers; the passing of time. Out: for each wait exactly one end. Everything that an event needs
to be decided again is kept here: its columns, as they were when it waited.
Bounded: past MAX_WAITS nothing more is held; such a decision stands as it is, is counted (`turned_away`) and told to the caller. Ending
the oldest wait instead would let one flood of held events turn away customers who wait honestly.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from zhiyu.base.arena import Arena
from zhiyu.base.jit import Array
from zhiyu.base.limits import MAX_ENDED_WAITS, MAX_WAITS
from zhiyu.decisions.resumed import CAUSES

TAKEN, OTHER, ENDED, UNKNOWN = range(4)
"""What became of an answer: a wait went on; what waits under this id takes no such answer; the wait had ended before; nothing of this id
ever waited, or so long ago that it is forgotten."""
ANSWER_WORDS = ("taken", "other", "ended", "unknown")
_COUNTS = ("opened", "turned_away", *CAUSES, "stayed", *(f"answers_{word}" for word in ANSWER_WORDS))
NO_KEYS: tuple[int, ...] = ()

Code = tuple[int, int]
"""The 128-bit code of a type and an id, as two halves."""


class Held(msgspec.Struct, array_like=True, gc=False):
    """One event that waits at wait number `plan` of the policy. `values` int64[C], `nulls` uint8[C]: its columns, little-endian bytes.

    `revision`: how often it went on before. Times in ms, `money` in minor units, `label` -1 for none. `frozen` int64[A], `frozen_nulls`
    uint8[A]: while a service is asked, the features as they were (`Compiled.counted`); empty where they may move on.
    `answer`: position of the answer to the wait before, -1 without.
    """

    plan: int
    position: int
    event_id: str
    code: Code
    opened_ms: int
    deadline_ms: int
    revision: int
    time_ms: int
    money: int
    label: int
    late: int
    values: bytes
    nulls: bytes
    shown: dict[str, str | None]
    frozen: bytes = b""
    frozen_nulls: bytes = b""
    answer: int = -1

    @property
    def order(self) -> tuple[int, int]:
        """Waits end in this order when time is over."""
        return self.deadline_ms, self.position


class Ended(msgspec.Struct, array_like=True, gc=False):
    """How the last wait of an event ended: when, by what, and what was decided and done then (numbers of outcomes). `answer`: its position,
    -1 without."""

    position: int
    at_ms: int
    cause: int
    outcome: int
    enforced: int
    revision: int
    answer: int = -1


class _Stored(msgspec.Struct, array_like=True):
    """A snapshot: open waits in the order in which they opened, ended ones in the order in which they ended."""

    nodes: list[tuple[str, str]]
    held: list[Held]
    ended: list[tuple[Code, Ended]]
    counts: dict[str, int]


class Holds:
    """The open waits of one engine. `nodes`: (event type, node) of every wait of the policy, by number; it names what snapshots hold.
    `keys_of`: the keys of whom an event that waits is about, so that it is found when something about them changes."""

    def __init__(
        self, nodes: list[tuple[str, str]], limit: int = MAX_WAITS, remembered: int = MAX_ENDED_WAITS,
        keys_of: Callable[[Held], tuple[int, ...]] = lambda held: NO_KEYS,
    ) -> None:  # fmt: skip
        self.nodes, self.limit, self.remembered, self._keys_of = nodes, limit, remembered, keys_of
        self._about: dict[int, dict[Code, None]] = {}
        self.counts = dict.fromkeys(_COUNTS, 0)
        self._held: dict[Code, Held] = {}
        self._ended: OrderedDict[Code, Ended] = OrderedDict()
        self._heap: list[tuple[int, int, Code]] = []

    def __len__(self) -> int:
        return len(self._held)

    def __iter__(self) -> Iterator[Held]:
        """Open waits, in the order in which they opened."""
        return iter(self._held.values())

    @property
    def next_deadline(self) -> int | None:
        """When the first wait ends by itself, ms; None when nothing waits."""
        while self._heap:
            deadline, position, code = self._heap[0]
            held = self._held.get(code)
            if held is not None and held.order == (deadline, position):
                return deadline
            heapq.heappop(self._heap)
        return None

    def put(self, held: Held) -> None:
        """Hold an event open; room for it was asked for before."""
        self._held[held.code] = held
        for key in self._keys_of(held):
            self._about.setdefault(key, {})[held.code] = None
        heapq.heappush(self._heap, (*held.order, held.code))

    def open(self, code: Code) -> Held | None:
        """What waits under this code."""
        return self._held.get(code)

    def ended(self, code: Code) -> Ended | None:
        """How the last wait under this code ended, while that is remembered."""
        return self._ended.get(code)

    def take(self, code: Code) -> Held:
        """Let what waits under this code go."""
        held = self._held.pop(code)
        for key in self._keys_of(held):
            mine = self._about.get(key, {})
            mine.pop(code, None)
            if not mine:
                self._about.pop(key, None)
        return held

    def keys(self) -> Array:
        """The keys of everybody whom what waits is about, int64[k]."""
        return np.fromiter(self._about, np.int64, len(self._about))

    def about(self, key: int) -> Collection[Code]:
        """What waits and is about the person or thing of this key."""
        return self._about.get(key, ())

    def take_due(self, until_ms: int) -> list[Held]:
        """Let everything go whose time is over, in order."""
        found = []
        while (deadline := self.next_deadline) is not None and deadline <= until_ms:
            found.append(self.take(heapq.heappop(self._heap)[2]))
        return found

    def end(self, code: Code, ended: Ended) -> None:
        """Remember how a wait ended; the oldest are forgotten past the limit."""
        self._ended.pop(code, None)
        self._ended[code] = ended
        if len(self._ended) > self.remembered:
            self._ended.popitem(last=False)

    def facts(self) -> dict[str, int]:
        """Counts for reports: open waits, and what became of the others."""
        return {"open": len(self._held), **self.counts}

    def renumbered(self, nodes: list[tuple[str, str]]) -> list[tuple[str, str]]:
        """Go on under another policy, whose waits are `nodes`; returns those that it lacks and that something waits at, and changes nothing
        then."""
        numbers = {node: number for number, node in enumerate(nodes)}
        lost = {self.nodes[held.plan] for held in self} - numbers.keys()
        if not lost:
            for held in self:
                held.plan = numbers[self.nodes[held.plan]]
            self.nodes = nodes
        return sorted(lost)

    def take_over(self, other: Holds) -> None:
        """Go on with everything that another engine held, in its order; the plans are numbered alike."""
        self.counts, self._ended = other.counts, other._ended
        for held in other:
            self.put(held)

    def snapshot(self, path: Path) -> int:
        """Write everything; returns bytes."""
        content = msgspec.msgpack.encode(_Stored(self.nodes, list(self), list(self._ended.items()), self.counts))
        arena = Arena()
        arena.array("waits", np.uint8, (len(content),))[:] = np.frombuffer(content, np.uint8)
        return arena.snapshot(path, {"waits": [(0, len(content))]}, {"bytes": len(content)})

    def restore(self, path: Path) -> None:
        """Read a snapshot of the same policy into these fresh holds."""
        arena = Arena()
        arena.array("waits", np.uint8, (max(path.stat().st_size, 1),))
        size: int = arena.restore(path)["bytes"]
        stored = msgspec.msgpack.decode(arena.arrays["waits"][:size].tobytes(), type=_Stored)
        assert stored.nodes == self.nodes, "a snapshot of another policy"
        self.counts |= stored.counts
        self._ended = OrderedDict(stored.ended)
        for held in stored.held:
            self.put(held)


def columns_of(held: list[Held], width: int) -> tuple[Array, Array]:
    """Columns of several events: int64[C, k] and uint8[C, k], to be changed."""
    values = np.empty((width, len(held)), np.int64)
    nulls = np.empty((width, len(held)), np.uint8)
    for at, each in enumerate(held):
        values[:, at] = np.frombuffer(each.values, np.int64)
        nulls[:, at] = np.frombuffer(each.nulls, np.uint8)
    return values, nulls


FEW = 8
"""Rows up to which asking one by one is faster than taking them together."""


def shown_of(column: Any, rows: list[int]) -> list[str | None]:
    """Texts of some rows of a shown column, an Arrow array or a list."""
    if hasattr(column, "take"):
        if len(rows) <= FEW:
            return [column[row].as_py() for row in rows]
        column = column.take(pa.array(rows, pa.int64())).to_pylist()
        rows = list(range(len(rows)))
    return [column[row] for row in rows]
