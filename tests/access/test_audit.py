"""The audit shows any tampering: every change of every stored entry, a missing one, a cut end, another key."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from itertools import permutations
from pathlib import Path

import pytest
from sqlalchemy import delete, insert, select, update

from tests.access.test_people import KEY, NOW
from zhiyu.access.audit import MAX_DETAIL_BYTES, Audit
from zhiyu.access.audit_file import read_audit, write_audit
from zhiyu.access.tables import audit, audit_heads
from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.records.store import Records


@pytest.fixture
def kept(both: str) -> tuple[Records, Audit]:
    """Five entries."""
    records, log = Records(both), Audit("bank", KEY)
    for number in range(5):
        with records.writing() as connection:
            log.add(
                connection,
                NOW + number,
                "person:lin",
                "list.add",
                f"watched/{number}",
                {"count": number, "why": "测试"},
            )
    return records, log


def broken(records: Records, log: Audit) -> int:
    with records.reading() as connection:
        return log.verify(connection).broken


def test_what_was_written_holds_and_is_read_page_by_page(kept: tuple[Records, Audit]) -> None:
    records, log = kept
    with records.reading() as connection:
        proof = log.verify(connection)
        assert (proof.number, proof.broken, len(proof.chain)) == (5, 0, 32)
        newest = log.page(connection, limit=2)
        assert [entry.number for entry in newest] == [5, 4]
        assert [entry.number for entry in log.page(connection, before=4)] == [3, 2, 1]
        assert [entry.detail for entry in log.page(connection, about="watched/2")] == ['{"count":2,"why":"测试"}']
        assert [entry.number for entry in log.page(connection, by="person:lin", verb="list.", limit=2)] == [5, 4]
        for other in (
            {"by": "person:li"},
            {"verb": "list"},
            {"verb": "l_st."},
            {"verb": "list.addition"},
            {"about": "\0"},
            {"by": "\0"},
        ):
            assert log.page(connection, **other) == []  # type: ignore[arg-type]
        assert Audit("elsewhere", KEY).verify(connection).number == 0


@pytest.mark.parametrize("column", audit.c.keys())
def test_any_change_of_any_column_of_any_entry_is_found(kept: tuple[Records, Audit], column: str) -> None:
    """Every column that the table has, so that a new one cannot be left out; each put back before the next."""
    records, log = kept
    other = {"at_ms": 1, "number": 77, "chain": b"x" * 32}.get(column, "other")
    for number in range(1, 6):
        with records.writing() as connection:
            mine = audit.c.number == number
            row = dict(connection.execute(select(audit).where(mine)).one()._mapping)
            connection.execute(update(audit).where(mine).values({column: other}))
        assert broken(records, log) == number
        with records.writing() as connection:
            changed = audit.c.number == (other if column == "number" else number)
            connection.execute(update(audit).where(changed).values({column: row[column]}))
        assert broken(records, log) == 0


def test_any_order_but_the_own_is_found(kept: tuple[Records, Audit]) -> None:
    """Every other order of the five entries, their numbers written anew."""
    records, log = kept
    with records.reading() as connection:
        entries = list(log.entries(connection))
        head = (entries[-1].number, entries[-1].chain)
    for order in permutations(range(5)):
        shuffled = [replace(entries[at], number=number) for number, at in enumerate(order, 1)]
        first = next((number for number, at in enumerate(order, 1) if at != number - 1), 0)
        assert log.check(shuffled, head).broken == first
    for many in range(5):
        assert log.check(entries[:many], head).broken == many + 1, "cut at the end"
        assert log.check([*entries[:many], *entries[many + 1 :]], head).broken == many + 1, "taken out"
        assert log.check([*entries[: many + 1], *entries[many:]], head).broken == many + 2, "told twice"


@pytest.mark.parametrize("column", audit_heads.c.keys())
def test_any_change_of_the_head_is_found(kept: tuple[Records, Audit], column: str) -> None:
    records, log = kept
    with records.writing() as connection:
        other = {"number": 4, "chain": b"x" * 32}.get(column, "other")
        connection.execute(update(audit_heads).values({column: other}))
    assert broken(records, log) == 6


def test_an_exported_file_shows_every_change_of_every_byte_of_a_line(
    kept: tuple[Records, Audit], tmp_path: Path
) -> None:
    records, log = kept
    path = tmp_path / "audit.ndjson"
    with records.reading() as connection:
        proof = log.verify(connection)
        assert write_audit(path, log.entries(connection), (proof.number, proof.chain)) == 5
    assert log.check(*read_audit(path)) == proof
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for number, line in enumerate(lines):
        for at in range(0, len(line) - 1, 7):
            other = b"7" if line[at : at + 1] != b"7" else b"8"
            path.write_bytes(b"".join([*lines[:number], line[:at] + other + line[at + 1 :], *lines[number + 1 :]]))
            try:
                found = log.check(*read_audit(path)).broken
            except InputError:
                continue
            assert found, (number, at, line)
        path.write_bytes(b"".join([*lines[:number], *lines[number + 1 :]]))
        with contextlib.suppress(InputError):
            assert log.check(*read_audit(path)).broken
    path.write_bytes(whole)
    with records.reading() as connection, pytest.raises(InputError, match="there already"):
        write_audit(path, log.entries(connection), (5, proof.chain))


def test_an_entry_taken_out_put_in_or_cut_off_is_found(kept: tuple[Records, Audit]) -> None:
    records, log = kept
    with records.writing() as connection:
        row = dict(connection.execute(select(audit).where(audit.c.number == 5)).one()._mapping)
        connection.execute(delete(audit).where(audit.c.number == 5))
    assert broken(records, log) == 5, "the head still counts five"
    with records.writing() as connection:
        connection.execute(insert(audit).values(row | {"number": 6}))
    assert broken(records, log) == 5
    with records.writing() as connection:
        connection.execute(update(audit).where(audit.c.number == 6).values(number=5))
    assert broken(records, log) == 0
    with records.writing() as connection:
        connection.execute(delete(audit).where(audit.c.number == 2))
    assert broken(records, log) == 2


def test_who_holds_another_key_can_neither_check_nor_forge(kept: tuple[Records, Audit]) -> None:
    records, log = kept
    forger = Audit("bank", b"f" * 16)
    assert broken(records, forger) == 1
    with records.writing() as connection:
        connection.execute(delete(audit))
        connection.execute(delete(audit_heads))
        forger.add(connection, NOW, "person:lin", "list.add", "watched/0")
    assert broken(records, log) == 1


def test_an_entry_is_there_exactly_when_its_change_is(kept: tuple[Records, Audit]) -> None:
    records, log = kept

    def fails() -> None:
        with records.writing() as connection:
            log.add(connection, NOW, "person:lin", "list.add", "x")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with records.reading() as connection:
        assert log.verify(connection).number == 5


def test_writers_at_the_same_time_make_one_chain(kept: tuple[Records, Audit]) -> None:
    records, log = kept

    def writes(name: str) -> None:
        for number in range(20):
            with records.writing() as connection:
                log.add(connection, NOW, name, "x", str(number))

    with ThreadPoolExecutor() as pool:
        list(pool.map(writes, [f"key:{each}" for each in range(6)]))
    with records.reading() as connection:
        assert (log.verify(connection).number, log.verify(connection).broken) == (125, 0)


def test_a_detail_has_a_limit(kept: tuple[Records, Audit]) -> None:
    records, log = kept
    with records.writing() as connection:
        log.add(connection, NOW, "system", "x", "y", {"a": "x" * (MAX_DETAIL_BYTES - 8)})
        with pytest.raises(LimitExceeded):
            log.add(connection, NOW, "system", "x", "y", {"a": "x" * (MAX_DETAIL_BYTES - 7)})


def test_a_head_noted_elsewhere_shows_what_was_put_back(kept: tuple[Records, Audit]) -> None:
    """Somebody puts an older copy of the database back: all of it fits together, and it is not what was noted."""
    records, log = kept
    with records.reading() as connection:
        four = log.page(connection, limit=2)[1]
        five = log.verify(connection)
        assert log.verify(connection, (five.number, five.chain)).broken == 0
        assert log.verify(connection, (four.number, four.chain)).broken == 0
    with records.writing() as connection:
        connection.execute(delete(audit).where(audit.c.number == 5))
        connection.execute(update(audit_heads).values(number=4, chain=four.chain))
        assert log.verify(connection).broken == 0
        assert log.verify(connection, (five.number, five.chain)).broken == 5
