"""The audit: what was changed or revealed, by whom, in a chain that shows any tampering.

In: entries, written in the transaction of the change itself, so that none is without the other. Out: pages of entries, and the proof. Each
entry carries a keyed digest over its content and the chain before it: who can write to the database but does not hold the key cannot make
an entry, change one, or take one out of the middle. A cut end shows against the head, and a head put back against one noted elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, astuple, dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from zhiyu.access.tables import audit, audit_heads
from zhiyu.base.errors import LimitExceeded

MAX_DETAIL_BYTES = 64 << 10
_START = bytes(32)
_PAGE = 1_000
_encode = msgspec.json.Encoder(order="deterministic").encode


def because(reason: str) -> dict[str, object]:
    """The reason as a part of the detail of an entry; nothing without one."""
    return {"reason": reason} if reason else {}


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the audit. `by`: "person:NAME", "key:ID" or "system"; `verb`: "person.add"; `about`: what it was done to; `detail`: what
    else has to be known, as JSON; never a password, a token, or a raw value about a customer."""

    tenant: str
    number: int
    at_ms: int
    by: str
    verb: str
    about: str
    detail: str
    chain: bytes


@dataclass(frozen=True, slots=True)
class Proof:
    """What a check of the chain found.

    `number`: entries that hold; `chain`: of the last of them, to be noted elsewhere; `broken`: the number of the first entry that does
    not hold (0: all do), and `why`, in English and Chinese."""

    number: int
    chain: bytes
    broken: int = 0
    why: tuple[str, str] = ("", "")


class Audit:
    """The audit of one tenant, under its key."""

    def __init__(self, tenant: str, key: bytes) -> None:
        self.tenant = tenant
        self._tenant_key = key
        self._key = self.derived(b"zhiyu audit")

    def derived(self, use: bytes) -> bytes:
        """A key of its own for another use: who has it cannot tell this one."""
        return hmac.digest(self._tenant_key, use, "sha256")

    def add(
        self,
        connection: Connection,
        at_ms: int,
        by: str,
        verb: str,
        about: str,
        detail: Mapping[str, Any] | None = None,
    ) -> Entry:
        """Write an entry in the transaction of what it tells. LimitExceeded for a detail that is too long."""
        text = _encode(detail or {}).decode()
        if len(text.encode()) > MAX_DETAIL_BYTES:
            raise LimitExceeded(
                f"the detail of an audit entry has at most {MAX_DETAIL_BYTES:,} bytes",
                f"审计条目的详情最多 {MAX_DETAIL_BYTES:,} 字节",
            )
        number, chain = self.lock(connection)
        content = (self.tenant, number + 1, at_ms, by, verb, about, text)
        entry = Entry(*content, self._next(chain, content))
        connection.execute(insert(audit).values(asdict(entry)))
        moved = update(audit_heads).where(audit_heads.c.tenant == self.tenant)
        connection.execute(moved.values(number=entry.number, chain=entry.chain))
        return entry

    def page(
        self, connection: Connection, before: int | None = None, limit: int = 100, about: str = "", by: str = "", verb: str = ""
    ) -> list[Entry]:  # fmt: skip
        """Entries from the newest on, or from the one before number `before`; only those `about` something, `by` somebody, of one `verb`
        ("proposal.": of all that begin so), when it is given."""
        if "\0" in about + by + verb:
            return []
        asked = select(audit).where(audit.c.tenant == self.tenant)
        if before is not None:
            asked = asked.where(audit.c.number < before)
        if about:
            asked = asked.where(audit.c.about == about)
        if by:
            asked = asked.where(audit.c.by == by)
        if verb:
            asked = asked.where(
                audit.c.verb.startswith(verb, autoescape=True) if verb.endswith(".") else audit.c.verb == verb
            )
        return [Entry(*row) for row in connection.execute(asked.order_by(audit.c.number.desc()).limit(limit))]

    def verify(self, connection: Connection, noted: tuple[int, bytes] | None = None) -> Proof:
        """Go through all entries from the first on and say whether every one is what was written, and all are there.

        `noted`: number and chain of an entry, kept elsewhere: it has to be there still."""
        head = select(audit_heads.c.number, audit_heads.c.chain).where(audit_heads.c.tenant == self.tenant)
        found = connection.execute(head).first()
        return self.check(self.entries(connection), tuple(found) if found is not None else (0, _START), noted)

    def check(
        self, entries: Iterable[Entry], head: tuple[int, bytes], noted: tuple[int, bytes] | None = None
    ) -> Proof:  # fmt: skip
        """As `verify` does, of entries from anywhere, and the head told with them."""
        number, chain = 0, _START
        seen = noted is None or noted == (0, _START)
        for entry in entries:
            if entry.number != number + 1:
                return Proof(number, chain, number + 1, ("the entry is missing", "该条目缺失"))
            if not hmac.compare_digest(self._next(chain, astuple(entry)[:-1]), entry.chain):
                changed = ("the entry was changed, or the key is another", "该条目被改动，或密钥不同")
                return Proof(number, chain, entry.number, changed)
            number, chain = entry.number, entry.chain
            seen = seen or noted == (number, chain)
        if (number, chain) != head:
            cut = ("the end does not fit the head: entries were cut off", "末尾与链头不符：有条目被截去")
            return Proof(number, chain, number + 1, cut)
        if not seen:
            other = ("it is not the entry that was noted", "与此前记下的条目不符")
            return Proof(number, chain, noted[0] if noted else 0, other)
        return Proof(number, chain)

    def entries(self, connection: Connection) -> Iterator[Entry]:
        """All of them, oldest first."""
        last = -1
        while True:
            asked = select(audit).where(audit.c.tenant == self.tenant, audit.c.number > last)
            rows = connection.execute(asked.order_by(audit.c.number).limit(_PAGE)).all()
            if not rows:
                return
            yield from (Entry(*row) for row in rows)
            last = rows[-1].number

    def lock(self, connection: Connection) -> tuple[int, bytes]:
        """The last entry's number and chain; until the transaction ends nobody else adds one.

        A change that locks other rows takes this lock first: one order, so that no two changes wait for each other."""
        made = sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert
        first = made(audit_heads).values(tenant=self.tenant, number=0, chain=_START).on_conflict_do_nothing()
        connection.execute(first)
        asked = select(audit_heads.c.number, audit_heads.c.chain).where(audit_heads.c.tenant == self.tenant)
        number, chain = connection.execute(asked.with_for_update()).one()
        return number, chain

    def _next(self, chain: bytes, content: tuple[Any, ...]) -> bytes:
        return hmac.new(self._key, chain + _encode(content), hashlib.sha256).digest()


def told_entry(entry: Entry) -> dict[str, Any]:
    """An entry as JSON for people and programs."""
    at = datetime.fromtimestamp(entry.at_ms / 1000, UTC).isoformat(timespec="milliseconds")
    detail: dict[str, Any] = msgspec.json.decode(entry.detail)
    return {
        "number": entry.number, "at": at, "by": entry.by, "verb": entry.verb, "about": entry.about, "detail": detail,
        "chain": entry.chain.hex(),
    }  # fmt: skip
