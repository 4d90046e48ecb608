"""Lists and snoozes: limits, growth without losing anybody, order of what is due together, wrong snapshots."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.entities import lists, snoozes
from zhiyu.entities.lists import NEVER, ListBook, ListChange, Snooze
from zhiyu.expressions.tables import holds_until, list_key


def encode(text: str) -> int:
    return sum(text.encode()) * 7_919


def on(book: ListBook, name: str, code: int, now: int) -> bool:
    return holds_until(book.address, list_key(encode(name), code), now)


def test_nobody_is_on_a_list_without_a_table() -> None:
    assert not holds_until(0, list_key(encode("stolen"), 5), 0)


def test_a_change_takes_effect_at_its_time_and_ends_at_until() -> None:
    book = ListBook(encode)
    book.put([ListChange(100, "stolen", "add", 5, 200)])
    assert book.due_before(np.array([10, 99], np.int64)).tolist() == []
    assert book.due_before(np.array([10, 99, 100, 100, 150], np.int64)).tolist() == [2]
    assert book.apply_until(99) == 0
    assert not on(book, "stolen", 5, 99)
    assert book.apply_until(100) == 1
    assert [on(book, "stolen", 5, now) for now in (100, 199, 200)] == [True, True, False]
    assert not on(book, "watched", 5, 100)


def test_of_what_is_due_together_the_later_put_wins() -> None:
    book = ListBook(encode)
    book.put(
        [ListChange(5, "stolen", "add", 1), ListChange(5, "stolen", "remove", 1), ListChange(4, "stolen", "add", 2)]
    )
    book.put([ListChange(5, "stolen", "add", 1, 50, "again")])
    assert book.apply_until(5) == 4
    assert book.entry("stolen", 1) == ListChange(5, "stolen", "add", 1, 50, "again")


def test_a_change_for_the_past_takes_effect_with_the_next_event() -> None:
    book = ListBook(encode)
    book.apply_until(1_000)
    book.put([ListChange(10, "stolen", "add", 1)])
    assert book.due_before(np.array([1_000, 1_001], np.int64)).tolist() == [0]


def test_growth_keeps_everybody_and_says_that_the_address_changed() -> None:
    book = ListBook(encode)
    for start in range(0, 20_000, 2_000):
        before = book.address, book.version
        book.put([ListChange(start, "stolen", "add", code) for code in range(start, start + 2_000)])
        book.apply_until(start)
        assert (book.address == before[0]) == (book.version == before[1])
    assert book.version > 3
    assert all(on(book, "stolen", code, 20_000) for code in range(20_000))
    assert not any(on(book, "stolen", code, 20_000) for code in range(20_000, 40_000))
    assert book.facts() == {"lists": {"stolen": 20_000}, "waiting": 0, "snoozes": 0}


def test_what_has_ended_is_forgotten() -> None:
    book = ListBook(encode)
    for start in range(0, 200_000, 1_000):
        book.put([ListChange(start, "stolen", "add", code, start + 1_000) for code in range(start, start + 1_000)])
        book.apply_until(start)
    assert len(book) < 12_000
    assert book._table.nbytes < 200_000


def test_the_limit_of_entries(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lists, "MAX_LIST_ENTRIES", 10)
    book = ListBook(encode)
    book.put([ListChange(code, "stolen", "add", code, 20) for code in range(10)])
    with pytest.raises(LimitExceeded, match="11 entries"):
        book.put([ListChange(0, "stolen", "add", 99)])
    book.apply_until(20)
    book.put([ListChange(30, "stolen", "add", 99)])
    assert len(book) == 1


def test_the_limit_of_snoozes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snoozes, "MAX_SNOOZES", 3)
    book = ListBook(encode)
    book.put([Snooze(0, "r", "card", code, 10) for code in range(3)])
    with pytest.raises(LimitExceeded, match="more than 3"):
        book.put([Snooze(0, "r", "card", 9, 10)])
    book.apply_until(10)
    book.put([Snooze(11, "r", "card", 9, 20)])
    assert book.due_before(np.array([10, 11], np.int64)).tolist() == [1]
    assert book.apply_until(11) == 1
    assert book.snoozes.lines({"r": 0}, {"card": 3}).lines.tolist() == [[0, 3, 9, 20]]


def test_a_snapshot_is_equal_to_the_bit_and_a_damaged_one_is_refused(tmp_path: Path) -> None:
    book = ListBook(encode)
    book.put([ListChange(1, "stolen", "add", 1, NEVER, "报失", "ann", "***11"), ListChange(9, "stolen", "remove", 1)])
    book.put([Snooze(1, "r", "card", 7, 50, "known", "ann"), Snooze(9, "r", "card", 8, 50)])
    book.apply_until(5)
    book.snapshot(tmp_path / "one")
    again = ListBook(encode)
    again.restore(tmp_path / "one")
    again.snapshot(tmp_path / "two")
    assert (tmp_path / "one").read_bytes() == (tmp_path / "two").read_bytes()
    assert again.entry("stolen", 1) == book.entry("stolen", 1)
    (tmp_path / "one").write_bytes((tmp_path / "one").read_bytes()[:-1] + b"?")
    with pytest.raises(InputError, match="damaged"):
        ListBook(encode).restore(tmp_path / "one")
