"""Sessions: a person who proved who they are, until they leave, are idle, or a working day is over.

In: a person, a token. Out: a token, once; or whose it is. Only its digest is stored; 32 random bytes need no slow hash. The cookie that
carries it goes along by itself, so a change also needs a second proof that a foreign page cannot know (`forgery_proof`).
"""

from __future__ import annotations

import hashlib
import hmac
import secrets

from sqlalchemy import delete, insert, select, update

from zhiyu.access.audit import Audit
from zhiyu.access.people import Person, person_of
from zhiyu.access.tables import people, sessions
from zhiyu.records.store import Records

IDLE_MS = 30 * 60_000
"""How long a session lives without being used."""
LONGEST_MS = 12 * 3_600_000
"""How long a session lives at most."""
MAX_EACH = 10
"""Sessions of one person at a time; the oldest end."""
PREFIX = "zs_"
_SEEN_EVERY_MS = 60_000


class Sessions:
    """The sessions of one tenant."""

    def __init__(self, records: Records, audit: Audit) -> None:
        self._records, self._audit = records, audit

    def begin(self, person: Person, now_ms: int) -> str:
        """A new session; its token. Sessions that are over are cleared away."""
        token = PREFIX + secrets.token_urlsafe(32)
        with self._records.writing() as connection:
            over = (sessions.c.seen_ms <= now_ms - IDLE_MS) | (sessions.c.created_ms <= now_ms - LONGEST_MS)
            connection.execute(delete(sessions).where(over))
            mine = (
                select(sessions.c.digest).where(sessions.c.person == person.id).order_by(sessions.c.created_ms.desc())
            )
            surplus = connection.execute(mine.offset(MAX_EACH - 1)).scalars().all()
            connection.execute(delete(sessions).where(sessions.c.digest.in_(surplus)))
            row = {"digest": digest_of(token), "person": person.id, "created_ms": now_ms, "seen_ms": now_ms}
            connection.execute(insert(sessions).values(row))
            self._audit.add(connection, now_ms, f"person:{person.name}", "session.begin", person.name)
        return token

    def whose(self, token: str, now_ms: int) -> Person | None:
        """The person of a session that is not over; None for any other token. Remembers, once a minute, that it is used."""
        asked = (
            select(people, sessions.c.created_ms.label("began_ms"), sessions.c.seen_ms)
            .join(sessions, sessions.c.person == people.c.id)
            .where(sessions.c.digest == digest_of(token), people.c.tenant == self._audit.tenant, people.c.active)
        )
        with self._records.reading() as connection:
            row = connection.execute(asked).first()
        if row is None or row.seen_ms <= now_ms - IDLE_MS or row.began_ms <= now_ms - LONGEST_MS:
            return None
        if row.seen_ms <= now_ms - _SEEN_EVERY_MS:
            with self._records.writing() as connection:
                connection.execute(update(sessions).where(sessions.c.digest == digest_of(token)).values(seen_ms=now_ms))
        return person_of(row)

    def end(self, token: str, person: Person, now_ms: int) -> None:
        """The person leaves."""
        with self._records.writing() as connection:
            gone = connection.execute(delete(sessions).where(sessions.c.digest == digest_of(token)))
            if gone.rowcount:
                self._audit.add(connection, now_ms, f"person:{person.name}", "session.end", person.name)


def digest_of(token: str) -> bytes:
    """The 32 bytes that stand for a token.

    >>> len(digest_of("zs_example"))
    32
    """
    return hashlib.blake2b(token.encode("utf-8", "replace"), digest_size=32, person=b"zhiyu session").digest()


def forgery_proof(token: str) -> str:
    """What a page of ours sends with every change beside the cookie; it is told at sign-in and follows from the token alone.

    >>> forgery_proof("zs_example") == forgery_proof("zs_example") != forgery_proof("zs_other")
    True
    """
    return hmac.new(token.encode("utf-8", "replace"), b"zhiyu page", hashlib.sha256).hexdigest()
