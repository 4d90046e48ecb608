"""Exact, or say so: a row is marked exactly while what its key has lost reaches into the table's widest window.

One key is filled to its limit and past it, once with features that include the event itself and once with such as leave it out. The oracle
keeps every time that was held and every time that was lost in plain lists, and is told by the counter only how many left.
"""

from __future__ import annotations

import random
from bisect import bisect_right, insort
from pathlib import Path

import numpy as np
import pytest

from zhiyu.base.limits import MAX_ENTRIES_PER_KEY
from zhiyu.features.plan import Variable, build_plan
from zhiyu.features.state import MAX_BLOCK, FeatureState

KEY, COUNT_LONG, COUNT_SHORT = range(3)
BUSY, QUIET = 7, 8
BASE_MS = 1_700_000_000_000
WIDEST_MS, LATENESS_MS = 2_000_000, 1_500_000
Row = tuple[int, int, int, int | None]
"""Time and now in ms since BASE_MS, whether the row asks, its key."""


class Fed:
    """A state of one table and its register file."""

    def __init__(self, past: bool) -> None:
        variables = [
            Variable("long", "count", (KEY,), WIDEST_MS, COUNT_LONG, past=past),
            Variable("short", "count", (KEY,), 1000, COUNT_SHORT, past=past),
        ]
        self.state = FeatureState(build_plan(variables, LATENESS_MS), limit_bytes=1 << 28)
        self.values = np.zeros((3, MAX_BLOCK), np.int64)
        self.nulls = np.zeros(self.values.shape, np.uint8)
        self.state.bind(self.values, self.nulls)

    def feed(self, rows: list[Row]) -> list[int]:
        """The marks of a block of rows."""
        for column, (_, _, _, key) in enumerate(rows):
            self.values[KEY, column], self.nulls[KEY, column] = key or 0, key is None
        times, nows, asks = (np.array([row[part] for row in rows]) for part in range(3))
        self.state.marks[:] = 1  # each block clears its own rows
        self.state.feed(times + BASE_MS, nows + BASE_MS, asks.astype(np.uint8), len(rows))
        assert self.state.marks[len(rows) :].all()
        return self.state.marks[: len(rows)].tolist()

    def lost(self) -> int:
        """Entries lost so far."""
        return self.state.facts()["lost_entries"]


class Oracle:
    """All times of the busy key, held and lost."""

    def __init__(self, past: bool) -> None:
        self.past, self.held, self.lost = past, list(range(MAX_ENTRIES_PER_KEY)), list[int]()

    def step(self, row: Row, lost: int) -> int:
        """The mark this row should have, after which `lost` entries have left in all."""
        time, now, asks, key = row
        before = self._reaches(time)
        if key == BUSY:
            oldest = bisect_right(self.held, now - WIDEST_MS - LATENESS_MS)
            gone = lost - len(self.lost)
            self.lost = sorted(self.lost + self.held[oldest : oldest + gone])
            del self.held[oldest : oldest + gone]
            insort(self.held, time)
        mark = before if self.past else self._reaches(time)
        return int(asks == 1 and key == BUSY and mark)

    def _reaches(self, time: int) -> bool:
        return bisect_right(self.lost, time - WIDEST_MS) < bisect_right(self.lost, time)


@pytest.fixture(scope="module", params=[False, True], ids=["with the event", "without the event"])
def full(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[bool, Path]:
    """A snapshot of a state whose busy key holds as many entries as are allowed, one each millisecond."""
    fed = Fed(request.param)
    fed.values[KEY] = BUSY
    for first in range(0, MAX_ENTRIES_PER_KEY, MAX_BLOCK):
        count = min(MAX_BLOCK, MAX_ENTRIES_PER_KEY - first)
        times = np.arange(first, first + count) + BASE_MS
        fed.state.feed(times, times, np.ones(count, np.uint8), count)
        assert not fed.state.marks.any()
    assert fed.lost() == 0
    path = tmp_path_factory.mktemp("full") / "features.state"
    fed.state.snapshot(path, {})
    return request.param, path


def restored(past: bool, path: Path) -> Fed:
    fed = Fed(past)
    fed.state.restore(path)
    return fed


def rows_past_the_limit(rng: random.Random) -> list[Row]:
    """The window slides past all that was lost; on the way late rows, rows that only feed, another key and none."""
    now, rows = MAX_ENTRIES_PER_KEY, list[Row]()
    while now < MAX_ENTRIES_PER_KEY + WIDEST_MS:
        now += rng.choice([0, 1, 500, 4000])
        late = rng.randint(0, LATENESS_MS) if rng.random() < 0.3 else 0
        rows.append((now - late, now, int(rng.random() < 0.9), rng.choice([BUSY] * 6 + [QUIET, None])))
    return rows


def test_marks_equal_the_oracle(full: tuple[bool, Path]) -> None:
    past, path = full
    fed, oracle, seen = restored(past, path), Oracle(past), dict[tuple[int, bool], int]()
    rows = rows_past_the_limit(random.Random(11))
    for number, row in enumerate(rows):
        (mark,) = fed.feed([row])
        assert mark == oracle.step(row, fed.lost()), (number, row)
        if row[2] and row[3] == BUSY:
            seen[mark, row[0] < row[1]] = seen.get((mark, row[0] < row[1]), 0) + 1
    assert min(seen.get(kind, 0) for kind in ((0, False), (0, True), (1, False), (1, True))) > 20
    assert 0 < fed.lost() == len(oracle.lost)


def test_any_blocks_give_the_same_marks(full: tuple[bool, Path]) -> None:
    past, path = full
    one_by_one, in_blocks, rng = restored(past, path), restored(past, path), random.Random(12)
    rows, at = rows_past_the_limit(rng), 0
    while at < len(rows):
        block = rows[at : at + rng.randint(1, MAX_BLOCK)]
        assert in_blocks.feed(block) == [mark for row in block for mark in one_by_one.feed([row])]
        at += len(block)


def test_the_mark_begins_and_ends_to_the_millisecond(full: tuple[bool, Path], tmp_path: Path) -> None:
    past, path = full
    fed, now = restored(past, path), MAX_ENTRIES_PER_KEY

    def mark(time: int, now: int, asks: int = 1, key: int | None = BUSY) -> int:
        return fed.feed([(time, now, asks, key)])[0]

    assert mark(now, now) == (not past)  # the row that pushes others out: counted after they left, or before
    newest = fed.lost() - 1
    assert newest > 0
    assert mark(now, now) == 1
    assert [mark(now, now, asks=0), mark(now, now, key=QUIET), mark(now, now, key=None)] == [0, 0, 0]
    fed.state.snapshot(tmp_path / "midway", {})
    fed = restored(past, tmp_path / "midway")
    assert mark(-1, LATENESS_MS - 1) == 0  # older than all that was lost
    assert mark(0, LATENESS_MS) == 1
    over = newest + WIDEST_MS
    assert mark(over - 1, over - 1) == 1
    assert mark(over, over) == 0
    assert mark(over - 1, over) == 1  # late, into what was lost
    assert mark(over, over) == 0


def test_a_second_loss_moves_the_end(full: tuple[bool, Path]) -> None:
    past, path = full
    fed, now = restored(past, path), MAX_ENTRIES_PER_KEY
    fed.feed([(now, now, 1, BUSY)])
    once = fed.lost()
    while fed.lost() == once:
        fed.feed([(now, now, 1, BUSY)] * MAX_BLOCK)
    newest = fed.lost() - 1
    assert once <= newest < MAX_ENTRIES_PER_KEY
    for time, marked in ((newest + WIDEST_MS - 1, 1), (newest + WIDEST_MS, 0)):
        assert fed.feed([(time, time, 1, BUSY)]) == [marked]


def test_a_key_that_has_emptied_and_filled_again_is_clean(full: tuple[bool, Path]) -> None:
    past, path = full
    fed, now = restored(past, path), MAX_ENTRIES_PER_KEY
    fed.feed([(now, now, 1, BUSY)])
    assert fed.feed([(now, now, 1, BUSY)]) == [1]
    later = now + WIDEST_MS + LATENESS_MS
    for _ in range(MAX_ENTRIES_PER_KEY // MAX_BLOCK // 4):
        assert fed.feed([(later, later, 1, BUSY)] * MAX_BLOCK) == [0] * MAX_BLOCK
