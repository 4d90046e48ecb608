"""Sessions: a person who proved who they are, until they leave, are idle, or a working day is over.

In: a person, or a token. Out: a token, told once; or whose it is.
"""

from __future__ import annotations

from sqlalchemy import delete, func, insert, select, update

from zhiyu.access.audit import Audit
from zhiyu.access.people import Person, person_of
from zhiyu.access.tables import people, sessions
from zhiyu.access.tokens import digest_of, new_token
from zhiyu.records.store import Records

IDLE_MS = 30 * 60_000
"""How long a session lives without being used."""
LONGEST_MS = 12 * 3_600_000
"""How long a session lives at most."""
MAX_EACH = 10
"""Sessions of one person at a time; the oldest end."""
_SEEN_EVERY_MS = 60_000


class Sessions:
    """The sessions of one tenant."""

    def __init__(self, records: Records, audit: Audit) -> None:
        self._records, self._audit = records, audit

    def begin(self, person: Person, now_ms: int, provider: str = "", provider_session: str = "") -> str:
        """A new session; its token. Sessions that are over are cleared away. `provider`: where the person proved who they are, if not
        here."""
        token = new_token()
        with self._records.writing() as connection:
            over = (sessions.c.seen_ms <= now_ms - IDLE_MS) | (sessions.c.created_ms <= now_ms - LONGEST_MS)
            connection.execute(delete(sessions).where(over))
            mine = (
                select(sessions.c.digest).where(sessions.c.person == person.id).order_by(sessions.c.created_ms.desc())
            )
            surplus = connection.execute(mine.offset(MAX_EACH - 1)).scalars().all()
            connection.execute(delete(sessions).where(sessions.c.digest.in_(surplus)))
            row = {
                "digest": digest_of(token), "person": person.id, "created_ms": now_ms, "seen_ms": now_ms, "provider": provider,
                "provider_session": provider_session[:255],
            }  # fmt: skip
            connection.execute(insert(sessions).values(row))
            at = {"provider": provider} if provider else None
            self._audit.add(connection, now_ms, f"person:{person.name}", "session.begin", person.name, at)
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

    def open(self, now_ms: int) -> dict[int, tuple[int, int]]:
        """Id of a person → (sessions that are not over, when one was last used, ms since 1970)."""
        lasting = (sessions.c.seen_ms > now_ms - IDLE_MS) & (sessions.c.created_ms > now_ms - LONGEST_MS)
        asked = (
            select(sessions.c.person, func.count(), func.max(sessions.c.seen_ms))
            .join(people, people.c.id == sessions.c.person)
            .where(lasting, people.c.tenant == self._audit.tenant)
            .group_by(sessions.c.person)
        )
        with self._records.reading() as connection:
            return {person: (count, seen_ms) for person, count, seen_ms in connection.execute(asked)}

    def end(self, token: str, person: Person, now_ms: int) -> str:
        """The person leaves; the provider at which the session began, "" for none."""
        with self._records.writing() as connection:
            gone = delete(sessions).where(sessions.c.digest == digest_of(token)).returning(sessions.c.provider)
            found = connection.execute(gone).scalar()
            if found is not None:
                self._audit.add(connection, now_ms, f"person:{person.name}", "session.end", person.name)
        return found or ""
