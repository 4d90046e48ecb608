"""The database behind the records: opened, brought up to date, used in transactions.

In: a URL (`sqlite:///FILE` or `postgresql+psycopg://…`). Out: `reading()` and `writing()`, a connection inside one transaction each.
A writing transaction on SQLite takes the write lock at its start, so that nothing it read can change under it; on PostgreSQL it reads what
is committed and locks the rows it is about to change (`with_for_update`). A database that does not answer is told as `RecordsAway`.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, OperationalError

from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.records.migrate import migrate

FILE = "records.db"
"""The database of a data folder when no other is named."""
BUSY_S = 5.0
"""How long a writer waits for another writer of the same SQLite file."""
_CONNECT_S = 5


class RecordsAway(ZhiyuError):
    """The database of the records does not answer. Decisions go on without it."""

    code = "records_away"
    status = 503


def url_of(folder: Path, given: str | None) -> str:
    """The URL in use: the one given, else the file in the data folder."""
    return given or f"sqlite:///{folder / FILE}"


class Records:
    """An open database whose tables are up to date. Close it when done; safe to use from several threads. RecordsAway when it does not
    answer, unless `patient`: then its tables are brought up to date when it first does."""

    def __init__(self, url: str, patient: bool = False) -> None:
        self._engine = _engine(url)
        self.dialect = self._engine.dialect.name
        self._current, self._turn = False, threading.Lock()
        self._writers: contextlib.AbstractContextManager[Any] = (
            threading.Lock() if self.dialect == "sqlite" else contextlib.nullcontext()
        )
        try:
            self._bring_up()
        except RecordsAway:
            if not patient:
                raise

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """A transaction that sees one state. RecordsAway when the database does not answer."""
        self._bring_up()
        with _told(), self._engine.connect() as connection, connection.begin():
            yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction that is whole or not at all: an exception inside undoes it. RecordsAway."""
        self._bring_up()
        with (
            self._writers,
            _told(),
            self._engine.connect() as connection,
        ):  # SQLite's own queue is not fair: some would wait too long
            if self.dialect == "sqlite":
                connection = connection.execution_options(writes=True)
            with connection.begin():
                yield connection

    def _bring_up(self) -> None:
        if self._current:
            return
        with self._turn, _told():
            if not self._current:
                migrate(self._engine)
                self._current = True

    def close(self) -> None:
        """Give the connections back."""
        self._engine.dispose()


@contextlib.contextmanager
def _told() -> Iterator[None]:
    try:
        yield
    except OperationalError as wrong:
        raise RecordsAway(
            f"the database of the records does not answer ({_reason(wrong)}); decisions go on, try again shortly",
            f"业务数据库无响应（{_reason(wrong)}）；决策不受影响，请稍后重试",
        ) from None
    except DBAPIError as wrong:
        if not wrong.connection_invalidated:
            raise
        raise RecordsAway(
            "the database of the records went away; decisions go on, try again shortly",
            "业务数据库连接已断开；决策不受影响，请稍后重试",
        ) from None


def _reason(wrong: OperationalError) -> str:
    """The first line of what the driver said; it names no values."""
    return str(wrong.orig).splitlines()[0][:120]


def _engine(url: str) -> Engine:
    try:
        parsed = make_url(url)
        if parsed.get_backend_name() not in ("sqlite", "postgresql"):
            raise NoSuchModuleError(parsed.drivername)
        if parsed.get_backend_name() == "sqlite":
            return _sqlite(url, parsed.database)
        return create_engine(
            parsed.set(drivername="postgresql+psycopg"), pool_pre_ping=True, pool_size=8, max_overflow=8,
            connect_args={"connect_timeout": _CONNECT_S},
        )  # fmt: skip
    except (ArgumentError, NoSuchModuleError):
        raise InputError(
            "the records' URL names no database that is known; use sqlite:///FILE or postgresql://USER@HOST/NAME",
            "业务数据库 URL 无法识别；请使用 sqlite:///文件 或 postgresql://用户@主机/库名",
        ) from None
    except ModuleNotFoundError:
        raise InputError(
            "PostgreSQL needs its driver; install it with pip install 'zhiyu[postgres]'",
            "连接 PostgreSQL 需要驱动；请执行 pip install 'zhiyu[postgres]'",
        ) from None


def _sqlite(url: str, file: str | None) -> Engine:
    if file:
        path = Path(file)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
    engine = create_engine(url, connect_args={"timeout": BUSY_S})

    @event.listens_for(engine, "connect")
    def connected(raw: Any, record: object) -> None:
        raw.isolation_level = None  # transactions begin where we say, with the lock we say
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            raw.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def begun(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes")
        connection.execute(text("BEGIN IMMEDIATE" if writes else "BEGIN"))

    return engine
