"""The databases that records run on: a file, and a PostgreSQL server of the test run's own, started on a free port of this machine."""

from __future__ import annotations

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

PLACES = ("/usr/lib/postgresql", "/usr/local/bin", "/usr/bin", "/opt/homebrew/bin")
START_S = 60


def program(name: str) -> str | None:
    """Where a program of PostgreSQL is; None when this machine has none."""
    found = shutil.which(name)
    if found and Path(found).resolve().suffix != ".sh":
        return found
    versions = sorted(Path(PLACES[0]).glob(f"*/bin/{name}"), key=lambda path: path.parts[-3])
    return str(versions[-1]) if versions else None


class Postgres:
    """A server in a folder, owned by an unprivileged user when the tests run as root. `stop` and `start` make it go away and come back."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._as = folder / "data", {}
        self._server: subprocess.Popen[bytes] | None = None
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            os.chown(folder, nobody.pw_uid, nobody.pw_gid)
            self._as = {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        made = [
            str(program("initdb")), "-D", str(self._folder), "-U", "zhiyu", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync",
        ]  # fmt: skip
        subprocess.run(made, check=True, capture_output=True, cwd="/", **self._as)
        self.start()

    def start(self) -> None:
        """Run, and answer; nothing when it does."""
        if self._server is not None and self._server.poll() is None:
            return
        given = [
            str(program("postgres")), "-D", str(self._folder), "-p", str(self.port), "-c", "listen_addresses=127.0.0.1",
            "-c", "unix_socket_directories=", "-c", "fsync=off", "-c", "max_connections=120",
        ]  # fmt: skip
        self._server = subprocess.Popen(
            given, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/", **self._as
        )
        until = time.monotonic() + START_S
        while time.monotonic() < until:
            with contextlib.suppress(psycopg.OperationalError):
                psycopg.connect(self._address("postgres")).close()
                return
            time.sleep(0.05)
        raise AssertionError("PostgreSQL did not start")

    def stop(self) -> None:
        """End at once; connections are cut."""
        assert self._server is not None
        self._server.send_signal(signal.SIGINT)
        self._server.wait(START_S)

    def url(self, name: str) -> str:
        """A new database of this name."""
        with psycopg.connect(self._address("postgres"), autocommit=True) as connection:
            connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(name)))
        return self._address(name)

    def _address(self, name: str) -> str:
        return f"postgresql://zhiyu@127.0.0.1:{self.port}/{name}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server of this run; a test that needs it is skipped, and says so, where PostgreSQL is not installed."""
    if program("initdb") is None or program("postgres") is None:
        pytest.skip("PostgreSQL is not installed here (on Debian: apt install postgresql)")
    with tempfile.TemporaryDirectory(prefix="zhiyu-postgres-", ignore_cleanup_errors=True) as folder:
        server = Postgres(Path(folder))
        yield server
        server.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def both(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'records.db'}"
    server: Postgres = request.getfixturevalue("postgres")
    return server.url(f"test_{os.getpid()}_{time.monotonic_ns()}")
