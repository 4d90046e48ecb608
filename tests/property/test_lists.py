"""The book of lists against a plain dictionary: random changes at random times, growth, snapshots in between."""

from __future__ import annotations

import hashlib
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zhiyu.entities.lists import NEVER, ListBook, ListChange, Snooze
from zhiyu.expressions.tables import holds_until, list_key

MANY = settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
LISTS = ("stolen", "watched", "名单")
CODES = st.sampled_from([0, 1, -1, 2**63 - 1, -(2**63)]) | st.integers(-40, 40)
TIMES = st.integers(-5, 40)
CHANGE = st.builds(
    lambda due, name, op, code, span, reason: ListChange(
        due, name, op, code, NEVER if span is None else due + span, reason, "ann", f"***{code}"
    ),
    TIMES, st.sampled_from(LISTS), st.sampled_from(["add", "add", "add", "remove"]), CODES,
    st.none() | st.integers(1, 25), st.sampled_from(["", "reported", "找回"]),
)  # fmt: skip
SNOOZE = st.builds(
    lambda due, rule, field, code, span: Snooze(due, rule, field, code, due + span, "known", "ann", "***"),
    TIMES, st.sampled_from(["r1", "r2", "gone"]), st.sampled_from(["card", "device"]), CODES, st.integers(0, 25),
)  # fmt: skip
BULK = st.builds(
    lambda due, start, n: [ListChange(due, "stolen", "add", code) for code in range(start, start + n)],
    TIMES, st.integers(1_000, 2_000), st.integers(1, 400),
)  # fmt: skip
STEPS = st.lists(
    st.lists(CHANGE | SNOOZE, max_size=30)
    | BULK
    | st.integers(0, 9)
    | st.integers(0, 9)
    | st.just("snapshot")
    | st.just("tidy"),
    min_size=6,
    max_size=14,
)


def encode(text: str) -> int:
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


class Naive:
    """Everything that was put, in the order in which it takes effect: asked anew by a walk over all of it."""

    def __init__(self) -> None:
        self.waiting: list[ListChange | Snooze] = []
        self.done: list[ListChange | Snooze] = []
        self.now = -(2**63)

    def put(self, changes: list[ListChange | Snooze]) -> None:
        self.waiting = sorted([*self.waiting, *changes], key=lambda change: change.due_ms)

    def apply(self, ms: int) -> int:
        self.now = max(self.now, ms)
        due = [change for change in self.waiting if change.due_ms <= ms]
        self.done += due
        self.waiting = self.waiting[len(due) :]
        return len(due)

    def entry(self, name: str, code: int, now: int) -> ListChange | None:
        found = None
        for change in self.done:
            if isinstance(change, ListChange) and (change.list, change.code) == (name, code):
                found = change if change.op == "add" else None
        return found if found and found.until_ms > now else None

    def snoozes(self) -> list[list[int]]:
        rules, registers = {"r1": 0, "r2": 2}, {"card": 5, "device": 4}
        last = {(s.rule, s.field, s.code): s for s in self.done if isinstance(s, Snooze)}
        return sorted(
            [rules[s.rule], registers[s.field], s.code, s.until_ms]
            for s in last.values()
            if s.until_ms > self.now and s.rule in rules
        )


def agree(book: ListBook, naive: Naive, asked: list[int]) -> None:
    """Membership at this moment and later, entries, snoozes, counts."""
    for name in LISTS:
        for code in asked:
            entry = naive.entry(name, code, naive.now)
            assert book.entry(name, code) == entry
            for later in (0, 1, 9):
                now = min(naive.now + later, NEVER - 1)
                on = naive.entry(name, code, now) is not None
                assert holds_until(book.address, list_key(encode(name), code), now) == on
    found = book.snoozes.lines({"r1": 0, "r2": 2}, {"card": 5, "device": 4})
    assert found.lines.tolist() == naive.snoozes()
    assert found.starts.tolist() == [sum(line[0] < rule for line in naive.snoozes()) for rule in range(4)]
    assert all(snooze.rule == "gone" for snooze in found.unknown)


@MANY
@given(STEPS, st.lists(TIMES, min_size=5, max_size=30).map(sorted))
def test_the_book_says_what_a_dictionary_says(steps: list, received: list[int]) -> None:
    book, naive, asked = ListBook(encode), Naive(), [0, 1, -1, 3, 1_500, 2**63 - 1, -(2**63)]
    now = -6
    for step in steps:
        if isinstance(step, list):
            book.put(step)
            naive.put(step)
            asked += [change.code for change in step[:5]]
        elif isinstance(step, int):
            now += step
            rows = [row for row in received if row >= now]
            meant = {sum(row < change.due_ms for row in rows) for change in naive.waiting}
            assert book.due_before(np.array(rows, np.int64)).tolist() == sorted(row for row in meant if row < len(rows))
            assert book.apply_until(now) == naive.apply(now)
        elif step == "snapshot":
            with tempfile.TemporaryDirectory() as folder:
                book.snapshot(Path(folder) / "lists")
                book = ListBook(encode)
                book.restore(Path(folder) / "lists")
        else:
            held = list(book.entries())
            keys = {(c.list, c.code) for c in naive.done if isinstance(c, ListChange)}
            alive = [entry for name, code in keys if (entry := naive.entry(name, code, naive.now))]
            assert sorted(held, key=repr) == sorted(alive, key=repr)
            assert sum(book.facts()["lists"].values()) == len(alive)
            assert book.facts()["waiting"] == len(naive.waiting)
        agree(book, naive, asked)
