"""The door: which events of a batch count, when they were received, and whether they are late.

In: times, id and body codes in log order. Out: a status and `received_at` per row; the clock and the memory of ids moved on.
`received_at` of a row from a file is the greatest accepted time so far. One pass, row by row, so any batching gives the same answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.arena import Arena, Extents
from zhiyu.base.errors import LimitExceeded
from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, bytes_at, prefetch, words_at
from zhiyu.entities.slots import (
    BITS,
    FIRST_BITS,
    FREE_MARK,
    FULL,
    HAND,
    INDEX_LIMIT,
    LIVE,
    ROW_WORDS,
    RUN,
    SEEN,
    SIZE,
    SLOT_LIMIT,
    USED,
    add,
    find,
    index_word,
    remove,
    spread_bits,
)  # fmt: skip

ACCEPTED, REPEATED, CONFLICT, AHEAD, TOO_MANY = 0, 1, 2, 3, 4
NO_CLOCK = np.iinfo(np.int64).min
NO_FLOORS = np.zeros(0, np.int64)
SLOTS = 1 << 27
ASKED_AHEAD = 16
"""Rows ahead of the one being judged whose line of the id index is asked for, so that cache misses overlap."""


@kernel
def forget_one(rows: Array, index: Array, head: Array, before: int) -> None:
    """Move the clock hand one id on; forget it when it was received before `before`."""
    used = head[USED]
    if used == 0:
        return
    slot = head[HAND]
    head[HAND] = slot + 1 if slot + 1 < used else 0
    seen = rows[slot * ROW_WORDS + SEEN]
    if seen != FREE_MARK and seen < before:
        remove(rows, index, head, slot)


@kernel
def recall(
    rows: Array, index: Array, head: Array, key: int, body: int, received: int, horizon: int, position: int
) -> tuple[int, int]:
    """Status of an id and the position of its first event; a new id is remembered."""
    hashed = spread_bits(key)
    slot = find(rows, index, head, key, hashed)
    if slot >= 0 and received - rows[slot * ROW_WORDS + SEEN] <= horizon:
        same = rows[slot * ROW_WORDS + RUN] == body
        return (REPEATED if same else CONFLICT), rows[slot * ROW_WORDS + SIZE]
    if slot < 0:
        slot = add(rows, index, head, key, hashed)
        if slot == FULL:
            return TOO_MANY, position
    rows[slot * ROW_WORDS + SEEN] = received
    rows[slot * ROW_WORDS + RUN] = body
    rows[slot * ROW_WORDS + SIZE] = position
    return ACCEPTED, position


@kernel
def ask_for_id(door: Array, key: int) -> None:
    """Prefetch the line of the index that tells whether an id is remembered."""
    prefetch(door[1] + 8 * index_word(spread_bits(key), words_at(door[2])[BITS]))


@kernel
def admit(
    door: Array, times: Array, ids: Array, bodies: Array, positions: Array, floors: Array, instants: Array, marks: Array
) -> tuple[int, int]:  # fmt: skip
    """Judge every row in order: times, positions int64[n]; ids uint64[n, 2] and bodies uint64[n] are codes. `door`: see `Door`.

    `floors` int64[n]: the wall clock when the row came in, which `received` is never below and from which "ahead" is counted; empty for
    a file, where the greatest time so far is the only clock.

    Fills `instants` int64[2, n] (received, position of the first event with this id) and `marks` uint8[2, n] (status, late). Returns how
    many were accepted, and how many of those are late.
    """
    accepted, late_ones, n = 0, 0, times.shape[0]
    rows, index, head, clock = words_at(door[0]), words_at(door[1]), words_at(door[2]), words_at(door[3])
    lateness, max_ahead, horizon, skew = door[4], door[5], door[6], door[7]
    walled = floors.shape[0] > 0
    received, status = words_at(instants.ctypes.data), bytes_at(marks.ctypes.data)
    first, late = beyond(received, n), beyond(status, n)
    for row in range(min(n, ASKED_AHEAD)):
        ask_for_id(door, int64(ids[row, 0]))
    for row in range(n):
        if row + ASKED_AHEAD < n:
            ask_for_id(door, int64(ids[row + ASKED_AHEAD, 0]))
        now = max(clock[0], times[row])
        if walled:
            now = max(now, floors[row])
        if (walled and times[row] - floors[row] > skew) or (
            not walled and clock[0] != NO_CLOCK and times[row] - clock[0] > max_ahead
        ):
            status[row], received[row], first[row] = AHEAD, clock[0], positions[row]
            continue
        found, place = recall(rows, index, head, int64(ids[row, 0]), int64(bodies[row]), now, horizon, positions[row])
        status[row], first[row], received[row] = found, place, now
        if found == ACCEPTED:
            clock[0] = now
            accepted += 1
            if now - times[row] > lateness:
                late[row] = 1
                late_ones += 1
            forget_one(rows, index, head, now - horizon)
            forget_one(rows, index, head, now - horizon)
    return accepted, late_ones


@kernel
def recalled(door: Array, key: int) -> int:
    """Position of the first event with this id, -1 without one."""
    rows, index, head = words_at(door[0]), words_at(door[1]), words_at(door[2])
    slot = find(rows, index, head, key, spread_bits(key))
    return rows[slot * ROW_WORDS + SIZE] if slot >= 0 else -1


@dataclass(slots=True)  # not frozen: that alone would cost a microsecond per event
class Judged:
    """n rows: `status`, `late` uint8[n]; `received`, `first` (position of the first event with this id) int64[n]; counts."""

    status: Array
    received: Array
    late: Array
    first: Array
    accepted: int
    late_ones: int


class Door:
    """The clock and the memory of event ids of one stream."""

    def __init__(self, lateness_ms: int, max_ahead_ms: int, idempotency_ms: int, skew_ms: int = 0) -> None:
        self.limits = (lateness_ms, max_ahead_ms, idempotency_ms, skew_ms)
        self.arena = Arena()
        self.rows = self.arena.array("ids", np.int64, (SLOTS, ROW_WORDS))
        self.index = self.arena.array("id_index", np.int64, (4 * SLOTS,))
        self.head = np.zeros(8, np.int64)
        self.head[BITS], self.head[SLOT_LIMIT], self.head[INDEX_LIMIT] = FIRST_BITS, SLOTS, 4 * SLOTS
        self.clock = np.array([NO_CLOCK], np.int64)
        held = (self.rows, self.index, self.head, self.clock)
        self._context = np.array([*(array.ctypes.data for array in held), *self.limits], np.int64)
        self._bits = FIRST_BITS

    def judge(self, times: Array, ids: Array, bodies: Array, positions: Array, floors: Array = NO_FLOORS) -> Judged:
        """Judge n rows in log order: times int64[n] ms, codes of ids uint64[n, 2] and of bodies uint64[n], log positions int64[n].

        `floors` int64[n]: the wall clock (ms) when each row came in; none for a file."""
        n = len(times)
        instants, marks = np.zeros((2, n), np.int64), np.zeros((2, n), np.uint8)
        accepted, late_ones = admit(self._context, times, ids, bodies, positions, floors, instants, marks)
        (received, first), (status, late) = instants, marks
        if self.head[BITS] != self._bits:
            for bits in range(self._bits, int(self.head[BITS])):
                self.arena.release("id_index", 1 << bits, 2 << bits)
            self._bits = int(self.head[BITS])
        if accepted < n and (status == TOO_MANY).any():
            raise LimitExceeded(
                f"more than {SLOTS} event ids inside the idempotency horizon; shorten `clock.idempotency`",
                f"幂等期内事件编号超过 {SLOTS} 个；请缩短 clock.idempotency",
            )
        return Judged(status, received, late, first, accepted, late_ones)

    def advance(self, floor: int) -> int:
        """Let the clock reach `floor` (ms; NO_CLOCK: stay); returns what it says then."""
        self.clock[0] = max(self.clock[0], floor)
        return int(self.clock[0])

    def limit(self, limits: tuple[int, int, int, int]) -> None:
        """Judge by other limits from now on: lateness, how far ahead, how long ids are remembered, skew, all in ms."""
        self.limits = limits
        self._context[4:8] = limits

    def find(self, id_code: Array) -> int:
        """Position of the event with this id code (uint64[2]), -1 when it is not remembered."""
        return int(recalled(self._context, int(id_code[0:1].view(np.int64)[0])))

    def bytes_used(self) -> int:
        """Bytes of the memory of ids."""
        return int(self.head[USED]) * ROW_WORDS * 8 + (8 << int(self.head[BITS]))

    def live_ids(self) -> int:
        """Ids remembered now."""
        return int(self.head[LIVE])

    def snapshot(self, path: Path) -> int:
        """Write the memory of ids and the clock; returns bytes."""
        return self.arena.snapshot(path, self._used(), {"head": self.head.tolist(), "clock": int(self.clock[0])})

    def _used(self) -> Extents:
        bits = int(self.head[BITS])
        return {"ids": [(0, int(self.head[USED]) * ROW_WORDS)], "id_index": [(1 << bits, 2 << bits)]}

    def heal(self) -> Iterator[None]:
        """Step by step, make huge pages again of memory that a fork has cut up."""
        return self.arena.heal(self._used())

    def restore(self, path: Path) -> None:
        """Read a snapshot into this fresh door."""
        facts: dict[str, Any] = self.arena.restore(path)
        self.head[:] = facts["head"]
        self.clock[0] = facts["clock"]
        self._bits = int(self.head[BITS])
