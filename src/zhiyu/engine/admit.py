"""The door: which events of a batch count, when they were received, and whether they are late.

In: times, id and body codes in log order. Out: a status and `received_at` per row; the clock and the memory of ids moved on.
`received_at` of a row from a file is the greatest accepted time so far. One pass, row by row, so any batching gives the same answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.arena import Arena, Extents
from zhiyu.base.errors import LimitExceeded
from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import words_at
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
    remove,
    spread_bits,
)  # fmt: skip

ACCEPTED, REPEATED, CONFLICT, AHEAD, TOO_MANY = 0, 1, 2, 3, 4
NO_CLOCK = np.iinfo(np.int64).min
SLOTS = 1 << 27


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
def admit(
    rows: Array, index: Array, head: Array, clock: Array, times: Array, keys: Array, bodies: Array, positions: Array, lateness: int,
    max_ahead: int, horizon: int, status: Array, received: Array, late: Array, first: Array,
) -> tuple[int, int]:  # fmt: skip
    """Judge every row in order; arrays int64[n] but `status`, `late` uint8[n]. `clock` int64[1] is the greatest accepted time.

    Returns how many were accepted, and how many of those are late.
    """
    accepted, late_ones = 0, 0
    row_at, index_at, head_at = words_at(rows.ctypes.data), words_at(index.ctypes.data), words_at(head.ctypes.data)
    for row in range(times.shape[0]):
        now = max(clock[0], times[row])
        if clock[0] != NO_CLOCK and times[row] - clock[0] > max_ahead:
            status[row], received[row], first[row] = AHEAD, clock[0], positions[row]
            continue
        found, place = recall(row_at, index_at, head_at, keys[row], bodies[row], now, horizon, positions[row])
        status[row], first[row], received[row] = found, place, now
        if found == ACCEPTED:
            clock[0] = now
            accepted += 1
            if now - times[row] > lateness:
                late[row] = 1
                late_ones += 1
            forget_one(row_at, index_at, head_at, now - horizon)
            forget_one(row_at, index_at, head_at, now - horizon)
    return accepted, late_ones


@dataclass(frozen=True, slots=True)
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

    def __init__(self, lateness_ms: int, max_ahead_ms: int, idempotency_ms: int) -> None:
        self.limits = (lateness_ms, max_ahead_ms, idempotency_ms)
        self.arena = Arena()
        self.rows = self.arena.array("ids", np.int64, (SLOTS, ROW_WORDS))
        self.index = self.arena.array("id_index", np.int64, (4 * SLOTS,))
        self.head = np.zeros(8, np.int64)
        self.head[BITS], self.head[SLOT_LIMIT], self.head[INDEX_LIMIT] = FIRST_BITS, SLOTS, 4 * SLOTS
        self.clock = np.array([NO_CLOCK], np.int64)

    def judge(self, times: Array, keys: Array, bodies: Array, positions: Array) -> Judged:
        """Judge n rows in log order: times int64[n] ms, id and body codes int64[n], log positions int64[n]."""
        n = len(times)
        status, late = np.zeros(n, np.uint8), np.zeros(n, np.uint8)
        received, first = np.zeros(n, np.int64), np.zeros(n, np.int64)
        before = int(self.head[BITS])
        accepted, late_ones = admit(
            self.rows, self.index, self.head, self.clock, times, keys, bodies, positions, *self.limits, status, received, late, first
        )  # fmt: skip
        for bits in range(before, int(self.head[BITS])):
            self.arena.release("id_index", 1 << bits, 2 << bits)
        if accepted < n and (status == TOO_MANY).any():
            raise LimitExceeded(
                f"more than {SLOTS} event ids inside the idempotency horizon; shorten `clock.idempotency`",
                f"幂等期内事件编号超过 {SLOTS} 个；请缩短 clock.idempotency",
            )
        return Judged(status, received, late, first, accepted, late_ones)

    def bytes_used(self) -> int:
        """Bytes of the memory of ids."""
        return int(self.head[USED]) * ROW_WORDS * 8 + (8 << int(self.head[BITS]))

    def live_ids(self) -> int:
        """Ids remembered now."""
        return int(self.head[LIVE])

    def snapshot(self, path: Path) -> int:
        """Write the memory of ids and the clock; returns bytes."""
        bits = int(self.head[BITS])
        extents: Extents = {"ids": [(0, int(self.head[USED]) * ROW_WORDS)], "id_index": [(1 << bits, 2 << bits)]}
        return self.arena.snapshot(path, extents, {"head": self.head.tolist(), "clock": int(self.clock[0])})

    def restore(self, path: Path) -> None:
        """Read a snapshot into this fresh door."""
        facts: dict[str, Any] = self.arena.restore(path)
        self.head[:] = facts["head"]
        self.clock[0] = facts["clock"]
