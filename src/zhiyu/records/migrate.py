"""Tables brought up to date, step by step, each step once.

In: an engine. Out: nothing; the database stands at the newest revision. Two processes that start together take turns. A database that a
newer Zhiyu has written is refused.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from zhiyu.base.errors import InputError

_TURN = 0x7A68_6979
"""Number of the lock that PostgreSQL keeps for us while tables change."""


TURN_S = 20.0
"""How long a process waits for another that brings the same SQLite file up to date; PostgreSQL waits as long as it takes."""


def migrate(engine: Engine) -> None:
    """Bring the tables up to date. InputError for a database of a newer Zhiyu."""
    sqlite = engine.dialect.name == "sqlite"
    with engine.connect() as plain, _patient(plain, sqlite):
        connection = plain.execution_options(writes=True) if sqlite else plain
        with connection.begin():
            if not sqlite:
                connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
            _upgrade(connection)


@contextmanager
def _patient(connection: Connection, sqlite: bool) -> Iterator[None]:
    """Wait longer for one's turn than a writer does."""
    raw = connection.connection.dbapi_connection
    if not sqlite or raw is None:
        yield
        return
    [before] = raw.execute("PRAGMA busy_timeout").fetchone()
    raw.execute(f"PRAGMA busy_timeout = {round(TURN_S * 1000)}")
    try:
        yield
    finally:
        raw.execute(f"PRAGMA busy_timeout = {before}")


def _upgrade(connection: Connection) -> None:
    """Run the steps that are missing, on this connection, inside its transaction."""
    config = Config()
    config.set_main_option("script_location", "zhiyu.records:migrations")
    steps = ScriptDirectory.from_config(config)
    stands = MigrationContext.configure(connection).get_current_revision()
    if stands is not None and stands not in {step.revision for step in steps.walk_revisions()}:
        raise InputError(
            f"the records were written by a newer Zhiyu (revision {stands}); update Zhiyu, or restore an earlier copy",
            f"业务数据由更新版本的 Zhiyu 写入（版本 {stands}）；请升级 Zhiyu 或恢复旧备份",
        )
    with EnvironmentContext(config, steps, fn=lambda now, _: steps._upgrade_revs("head", now)) as environment:
        environment.configure(connection=connection, transactional_ddl=False)
        environment.run_migrations()
