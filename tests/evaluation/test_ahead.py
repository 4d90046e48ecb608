"""Working ahead changes nothing but the time: same items, same order, errors where they are read, nobody left running."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator

import pytest

from zhiyu.evaluation.ahead import ahead


def numbers(count: int, seen: list[str], wrong: bool = False) -> Generator[int, None, None]:
    """Counts; says when it is closed; may fail at its end."""
    try:
        yield from range(count)
        if wrong:
            raise ValueError("the file is damaged")
    finally:
        seen.append("closed")


def at_work() -> int:
    """Threads of ours that still run."""
    return sum(thread.name == "zhiyu-ahead" for thread in threading.enumerate())


@pytest.mark.parametrize("depth", [1, 3])
@pytest.mark.parametrize("count", [0, 1, 100])
def test_items_come_in_order(count: int, depth: int) -> None:
    seen: list[str] = []
    assert list(ahead(ahead(numbers(count, seen), depth), depth)) == list(range(count))
    assert seen == ["closed"]
    assert at_work() == 0


def test_an_error_is_raised_after_the_items_before_it() -> None:
    seen: list[str] = []
    got: list[int] = []
    with pytest.raises(ValueError, match="damaged"):
        got.extend(ahead(ahead(numbers(5, seen, wrong=True))))
    assert got == [0, 1, 2, 3, 4]
    assert at_work() == 0


def test_who_stops_reading_stops_the_work() -> None:
    seen: list[str] = []
    whole = ahead(ahead(numbers(10**9, seen)))
    assert [next(whole), next(whole)] == [0, 1]
    whole.close()
    assert seen == ["closed"]
    assert at_work() == 0


def test_the_next_item_is_made_while_the_last_one_is_used() -> None:
    made = threading.Event()

    def two() -> Generator[int, None, None]:
        yield 1
        made.set()
        yield 2

    items = ahead(two())
    assert next(items) == 1
    deadline = time.monotonic() + 30
    while not made.is_set():
        assert time.monotonic() < deadline, "nobody worked ahead"
        time.sleep(0.001)
    assert list(items) == [2]
