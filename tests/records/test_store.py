"""The store: tables up to date on both databases, transactions whole or not at all, a database that is away is told."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select, text, update

from tests.records.databases import Postgres
from zhiyu.access.tables import audit_heads
from zhiyu.base.errors import InputError
from zhiyu.cases.tables import cases
from zhiyu.records import outbox
from zhiyu.records.store import Records, RecordsAway, url_of
from zhiyu.records.tables import metadata

assert outbox.outbox.metadata is metadata
assert cases.metadata is metadata

ROW = {"tenant": "bank", "number": 0, "chain": bytes(32)}


def test_the_steps_lead_to_the_tables_that_are_declared(both: str) -> None:
    records = Records(both)
    with records.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def test_opening_again_and_at_the_same_time_changes_nothing(both: str) -> None:
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: Records(both).close(), range(6)))
    with Records(both).writing() as connection:
        connection.execute(insert(audit_heads).values(ROW))
    with Records(both).reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
        assert connection.execute(select(audit_heads.c.tenant)).scalars().all() == ["bank"]


def test_a_transaction_is_whole_or_not_at_all(both: str) -> None:
    records = Records(both)

    def fails() -> None:
        with records.writing() as connection:
            connection.execute(insert(audit_heads).values(ROW))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fails()
    with records.reading() as connection:
        assert connection.execute(select(audit_heads)).all() == []


def test_nothing_that_a_writer_read_changes_under_it(both: str) -> None:
    """Eight threads count up one row, reading before they write; none of the two hundred steps is lost."""
    records = Records(both)
    with records.writing() as connection:
        connection.execute(insert(audit_heads).values(ROW))

    def counts() -> None:
        for _ in range(25):
            with records.writing() as connection:
                number = connection.execute(select(audit_heads.c.number).with_for_update()).scalar_one()
                connection.execute(update(audit_heads).values(number=number + 1))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: counts(), range(8)))
    with records.reading() as connection:
        assert connection.execute(select(audit_heads.c.number)).scalar_one() == 200


def test_records_of_a_newer_version_are_refused(both: str) -> None:
    records = Records(both)
    with records.writing() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(InputError, match="newer Zhiyu") as wrong:
        Records(both)
    assert "9999" in wrong.value.zh


def test_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    Records(url_of(tmp_path / "data", None)).close()
    assert (tmp_path / "data" / "records.db").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("url", ["nonsense", "mysql://a@b/c", "oracle://x", ""])
def test_a_url_of_no_known_database_is_refused(url: str) -> None:
    with pytest.raises(InputError, match="postgresql://"):
        Records(url)


def test_whoever_is_patient_opens_a_database_that_is_away_and_uses_it_once_it_answers(postgres: Postgres) -> None:
    url = postgres.url("patient")
    postgres.stop()
    try:
        with pytest.raises(RecordsAway):
            Records(url)
        records = Records(url, patient=True)
        with pytest.raises(RecordsAway), records.writing() as connection:
            connection.execute(insert(audit_heads).values(ROW))
    finally:
        postgres.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: _counted(records), range(4)))
    with records.reading() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []


def _counted(records: Records) -> int:
    with records.reading() as connection:
        return len(connection.execute(select(audit_heads)).all())


def test_a_database_that_goes_away_is_told_and_comes_back(postgres: Postgres) -> None:
    records = Records(postgres.url("away"))
    postgres.stop()
    try:
        for _ in range(2):
            with pytest.raises(RecordsAway, match="decisions go on"), records.reading() as connection:
                connection.execute(text("SELECT 1"))
    finally:
        postgres.start()
    with records.reading() as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
