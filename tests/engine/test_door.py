"""The door at its limits and one past them: idempotency horizon, lateness, events ahead of the stream."""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.engine.admit import ACCEPTED, AHEAD, CONFLICT, REPEATED, Door


def codes(keys: Any) -> Any:
    """The 128-bit codes of ids, uint64[n, 2], of which the door looks at the first half."""
    return np.column_stack([keys, keys]).view(np.uint64)


def judge(door: Door, *rows: tuple[int, int, int]) -> list[tuple[int, int, int]]:
    """(status, received, late) of (time, key, body) rows."""
    times, keys, bodies = (np.array(column, np.int64) for column in zip(*rows))
    judged = door.judge(times, codes(keys), bodies.view(np.uint64), np.arange(len(rows)))
    assert judged.accepted == (judged.status == ACCEPTED).sum()
    assert judged.late_ones == judged.late.sum()
    return list(zip(judged.status.tolist(), judged.received.tolist(), judged.late.tolist()))


def test_a_repeat_is_known_up_to_the_horizon_and_forgotten_one_past_it() -> None:
    door = Door(0, 10_000, 100)
    assert judge(door, (0, 1, 7), (100, 2, 7), (100, 1, 7))[2][0] == REPEATED
    assert judge(door, (101, 1, 7)) == [(ACCEPTED, 101, 0)]


def test_the_same_id_with_another_body_is_a_conflict_and_moves_nothing() -> None:
    door = Door(0, 10_000, 100)
    assert [s for s, _, _ in judge(door, (0, 1, 7), (50, 1, 8), (10, 2, 7))] == [ACCEPTED, CONFLICT, ACCEPTED]
    assert door.clock[0] == 10


def test_an_event_is_late_one_past_the_lateness() -> None:
    assert judge(Door(60, 1000, 10), (100, 1, 0), (40, 2, 0), (39, 3, 0)) == [(0, 100, 0), (0, 100, 0), (0, 100, 1)]


def test_an_event_too_far_ahead_is_refused_and_does_not_move_the_clock() -> None:
    door = Door(0, 500, 10)
    assert judge(door, (0, 1, 0), (501, 2, 0), (500, 3, 0)) == [(ACCEPTED, 0, 0), (AHEAD, 0, 0), (ACCEPTED, 500, 0)]


def test_old_ids_are_forgotten_so_that_memory_does_not_grow() -> None:
    door = Door(0, 10**12, 1_000)
    for start in range(0, 40_000, 4_000):
        n = np.arange(start, start + 4_000, dtype=np.int64)
        door.judge(n, codes(n + 1), n.view(np.uint64), n)
    assert door.live_ids() < 5_000
    assert door.bytes_used() < 400_000
