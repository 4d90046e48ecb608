"""The vault of one tenant: what stands behind the codes of personal fields, sealed person by person, and erasable.

In: (person, code, field, text), and again a person or a code. Out: the texts. Each person has a key of their own, wrapped by the tenant's
data key: erasing a person destroys that key and what it sealed, and nothing else. Two people who share a number hold it twice, so that
erasing one leaves the other's. A file of its own (SQLite) beside the tenant's log, and not the records: what is filed here comes by the
thousand a second and must keep nobody waiting who works in the records (measured in ADR 20).
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import RLock
from typing import Any

from zhiyu.access.ciphers import CIPHERS, Cipher
from zhiyu.access.vault_keys import DataKeys

FILE = "vault.db"
DAY_MS = 86_400_000
REWRAPPED_AT_ONCE = 1_000
_TABLES = """
CREATE TABLE IF NOT EXISTS people (
    person INTEGER PRIMARY KEY, data_key INTEGER NOT NULL, cipher TEXT NOT NULL, wrapped BLOB NOT NULL, seen_day INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS texts (
    person INTEGER NOT NULL, code INTEGER NOT NULL, field TEXT NOT NULL, sealed BLOB NOT NULL, PRIMARY KEY (person, code)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS people_data_key ON people (data_key);
CREATE INDEX IF NOT EXISTS people_seen ON people (seen_day);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS erased (person INTEGER PRIMARY KEY, position INTEGER NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS doubtful (first INTEGER PRIMARY KEY, after INTEGER NOT NULL) STRICT;
"""


@dataclass(frozen=True, slots=True)
class Personal:
    """One text of one person: codes of the person and of the text (int64), the field it came in."""

    person: int
    code: int
    field: str
    text: str


class Vault:
    """Opens or makes the vault in `folder`, under the tenant's data keys. Safe to use from several threads. `erased`: the position in the
    log at which a person, by their code, was erased last."""

    def __init__(self, folder: Path, keys: DataKeys) -> None:
        self.keys, self.tenant = keys, keys.tenant
        self._lock = RLock()
        path = folder / FILE
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "secure_delete = ON", "temp_store = MEMORY"):
            self._db.execute(f"PRAGMA {pragma}")
        self._db.executescript(_TABLES)
        self.erased: dict[int, int] = dict(self._db.execute("SELECT person, position FROM erased").fetchall())

    def file(self, found: Sequence[Personal], day: int, marks: dict[str, int]) -> int:
        """Keep what is new among `found`, remember that these people were seen on a day (days since 1970), and up to where all is filed,
        in one step. Returns how many texts were new."""
        people: dict[int, dict[int, Personal]] = {}
        for each in found:
            people.setdefault(each.person, {}).setdefault(each.code, each)
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                new = self._file(people, day)
                self._mark(marks)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
        return new

    def _file(self, people: dict[int, dict[int, Personal]], day: int) -> int:
        number = self.keys.newest
        name, data_key = self.keys.opened(number)
        cipher = CIPHERS[name]
        rows: list[tuple[int, int, str, bytes]] = []
        fresh: list[tuple[int, int, str, bytes, int]] = []
        seen: list[tuple[int, int]] = []
        for person, own in people.items():
            row = self._db.execute(
                "SELECT data_key, cipher, wrapped, seen_day FROM people WHERE person = ?", (person,)
            ).fetchone()
            if row is None:
                key = os.urandom(cipher.key_bytes)
                fresh.append((person, number, name, cipher.seal(data_key, key, self._about(person)), day))
                seals, known = cipher, set[int]()
            else:
                told = self._db.execute("SELECT code FROM texts WHERE person = ?", (person,))
                known = {code for (code,) in told}
                if day > row[3]:
                    seen.append((day, person))
                if known.issuperset(own):
                    continue
                seals, key = self._own_key(person, *row[:3])
            rows += [
                (person, code, each.field, seals.seal(key, each.text.encode(), self._about(person, code)))
                for code, each in own.items() if code not in known
            ]  # fmt: skip
        self._db.executemany("INSERT INTO people VALUES (?, ?, ?, ?, ?)", fresh)
        self._db.executemany("INSERT INTO texts VALUES (?, ?, ?, ?)", rows)
        self._db.executemany("UPDATE people SET seen_day = ? WHERE person = ?", seen)
        return len(rows)

    def text(self, person: int, code: int) -> str | None:
        """What stands behind a code of a person; None when it is not kept, or was erased. Tampered."""
        asked = "SELECT data_key, cipher, wrapped, sealed FROM texts JOIN people USING (person) WHERE person = ? AND code = ?"
        with self._lock:
            row = self._db.execute(asked, (person, code)).fetchone()
            if row is None:
                return None
            cipher, key = self._own_key(person, *row[:3])
        return cipher.open(key, row[3], self._about(person, code)).decode()

    def of_person(self, person: int) -> list[Personal]:
        """Everything that is kept of a person, by field. Tampered."""
        with self._lock:
            row = self._db.execute(
                "SELECT data_key, cipher, wrapped FROM people WHERE person = ?", (person,)
            ).fetchone()
            if row is None:
                return []
            cipher, key = self._own_key(person, *row)
            told = self._db.execute(
                "SELECT code, field, sealed FROM texts WHERE person = ? ORDER BY field, code", (person,)
            ).fetchall()
        return [
            Personal(person, code, field, cipher.open(key, sealed, self._about(person, code)).decode())
            for code, field, sealed in told
        ]

    def count(self, person: int) -> int:
        """How many texts are kept of a person."""
        with self._lock:
            return int(self._db.execute("SELECT count(*) FROM texts WHERE person = ?", (person,)).fetchone()[0])

    def erase(self, people: Sequence[int], position: int | None = None) -> int:
        """Destroy the keys of people and what they sealed, on the disk too; returns how many texts are gone. `position`: where the log has
        that they are to be erased; None when nobody asked and only time went by."""
        with self._lock:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                gone = 0
                for person in people:
                    gone += self._db.execute("DELETE FROM texts WHERE person = ?", (person,)).rowcount
                    self._db.execute("DELETE FROM people WHERE person = ?", (person,))
                if position is not None:
                    rows = [(person, position) for person in people]
                    self._db.executemany("INSERT OR REPLACE INTO erased VALUES (?, ?)", rows)
                self._db.execute("COMMIT")
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self.erased |= dict.fromkeys(people, position) if position is not None else {}
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")  # else the pages as they were stay in the file beside
        return gone

    def expire(self, before_day: int, most: int = 10_000) -> int:
        """Erase people who were last seen before a day (days since 1970), at most so many; returns how many."""
        with self._lock:
            told = self._db.execute("SELECT person FROM people WHERE seen_day < ? LIMIT ?", (before_day, most))
            people = [person for (person,) in told]
            if people:
                self.erase(people)
        return len(people)

    def rewrap(self) -> bool:
        """Wrap the keys of some people anew under the newest data key; False when all are, and older data keys are destroyed."""
        number = self.keys.newest
        name, data_key = self.keys.opened(number)
        with self._lock:
            told = self._db.execute(
                "SELECT person, data_key, cipher, wrapped FROM people WHERE data_key <> ? LIMIT ?",
                (number, REWRAPPED_AT_ONCE),
            ).fetchall()
            if not told:
                if self.keys.numbers != [number]:
                    self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                    self.keys.drop_older()
                return False
            rows = []
            for person, *row in told:
                _, key = self._own_key(person, *row)
                rows.append((number, CIPHERS[name].seal(data_key, key, self._about(person)), person))
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("UPDATE people SET data_key = ?, wrapped = ? WHERE person = ?", rows)
            self._db.execute("COMMIT")
        return True

    def mark(self, name: str) -> int:
        """A number that was kept with what was filed, 0 for none."""
        with self._lock:
            row = self._db.execute("SELECT value FROM marks WHERE name = ?", (name,)).fetchone()
        return int(row[0]) if row is not None else 0

    def doubt(self, new: range, first: int) -> list[range]:
        """Remember positions of the log whose texts a crash may have kept from the vault; returns all of them. What stands before `first`
        is forgotten: the log no longer has it."""
        with self._lock:
            if new:
                self._db.execute("INSERT OR REPLACE INTO doubtful VALUES (?, ?)", (new.start, new.stop))
            self._db.execute("DELETE FROM doubtful WHERE after <= ?", (first,))
            told = self._db.execute("SELECT first, after FROM doubtful ORDER BY first").fetchall()
        return [range(*each) for each in told]

    def facts(self) -> dict[str, Any]:
        """How many people and texts it holds, and its keys."""
        with self._lock:
            people = self._db.execute("SELECT count(*) FROM people").fetchone()[0]
            texts = self._db.execute("SELECT count(*) FROM texts").fetchone()[0]
        return {
            "people": people,
            "texts": texts,
            "data_keys": self.keys.numbers,
            "master_key": self.keys.master,
            "problem": self.keys.problem,
        }

    def _own_key(self, person: int, number: int, cipher: str, wrapped: bytes) -> tuple[Cipher, bytes]:
        """How a person's texts are sealed, and the key. `number`: of the data key that wraps it."""
        name, data_key = self.keys.opened(number)
        return CIPHERS[cipher], CIPHERS[name].open(data_key, wrapped, self._about(person))

    def _about(self, person: int, code: int | None = None) -> bytes:
        return f"zhiyu vault|{self.tenant}|{person}|{'' if code is None else code}".encode()

    def _mark(self, marks: dict[str, int]) -> None:
        self._db.executemany("INSERT OR REPLACE INTO marks VALUES (?, ?)", list(marks.items()))

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._db.close()
