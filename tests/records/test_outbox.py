"""The outbox: an effect is written with its change or not at all, once, for whoever wants it; on both databases."""

from __future__ import annotations

from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, insert, select, update

from zhiyu.base.errors import LimitExceeded
from zhiyu.records.outbox import BACK, LOG, MAX_BODY_BYTES, SENDING, Effect, outbox, put, take_back, tell_log, webhooks
from zhiyu.records.store import Records

OPENED = Effect("case.opened", "case/17", "case/17/opened", {"case": 17})


def hook(connection: Connection, name: str, kinds: str, tenant: str = "bank", active: bool = True) -> None:
    row = {"tenant": tenant, "name": name, "url": "https://example.com", "kinds": kinds, "salt": "s", "private": False}
    connection.execute(insert(webhooks).values({**row, "active": active, "by": "person:admin", "made_ms": 1}))


def rows(records: Records) -> list[Any]:
    with records.reading() as connection:
        asked = select(outbox.c.tenant, outbox.c.target, outbox.c.key, outbox.c.state, outbox.c.due_ms)
        return [tuple(row) for row in connection.execute(asked.order_by(outbox.c.id))]


def test_the_steps_of_the_tables_have_one_end() -> None:
    config = Config()
    config.set_main_option("script_location", "zhiyu.records:migrations")
    assert len(ScriptDirectory.from_config(config).get_heads()) == 1


def test_an_effect_is_there_once_for_everybody_who_wants_it(both: str) -> None:
    records = Records(both)
    with records.writing() as connection:
        hook(connection, "all", "*")
        hook(connection, "cases", "alert.new,case.*")
        hook(connection, "decisions", "decision.*")
        hook(connection, "stopped", "*", active=False)
        hook(connection, "foreign", "*", tenant="elsewhere")
        assert put(connection, "bank", [OPENED], 1_000, 6_000) == [OPENED.key]
    with records.writing() as connection:
        put(connection, "bank", [OPENED], 9_000)
    expected = [("bank", target, OPENED.key, "waiting", 7_000) for target in ("hook:all", "hook:cases")]
    assert rows(records) == expected


def test_nothing_leaves_of_a_change_that_did_not_happen(both: str) -> None:
    records = Records(both)

    def fails() -> None:
        with records.writing() as connection:
            tell_log(connection, "bank", [OPENED], 1_000)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    assert rows(records) == []
    with records.writing() as connection:
        put(connection, "bank", [OPENED], 1_000)  # nobody wants it
        tell_log(connection, "bank", [OPENED], 1_000)
    assert [row[1] for row in rows(records)] == [LOG]


def test_what_is_held_can_be_taken_back_until_it_leaves(both: str) -> None:
    records = Records(both)
    with records.writing() as connection:
        tell_log(connection, "bank", [OPENED], 1_000, 6_000)
        hook(connection, "all", "*")
        put(connection, "bank", [OPENED], 1_000, 6_000)
    with records.writing() as connection:
        assert not take_back(connection, "elsewhere", OPENED.key)
        assert take_back(connection, "bank", OPENED.key)
        assert not take_back(connection, "bank", OPENED.key)
        assert not take_back(connection, "bank", "zo_none")
    assert {row[3] for row in rows(records)} == {BACK}
    other = Effect("case.opened", "case/17", "case/17/again", {})
    with records.writing() as connection:
        put(connection, "bank", [other], 1_000)
        connection.execute(update(outbox).where(outbox.c.key == other.key).values(state=SENDING))
        assert not take_back(connection, "bank", other.key)


def test_a_body_that_is_too_long_is_refused(both: str) -> None:
    records = Records(both)
    with records.writing() as connection:
        tell_log(connection, "bank", [Effect("label", "a" * 200, "1", {"text": "x" * (MAX_BODY_BYTES - 11)})], 1)
        for wrong in (
            Effect("label", "a", "2", {"text": "x" * (MAX_BODY_BYTES - 10)}),
            Effect("label", "a" * 201, "3", {}),
        ):
            with pytest.raises(LimitExceeded):
                tell_log(connection, "bank", [wrong], 1)
