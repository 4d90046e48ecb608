"""The people of a server, off the event loop: who a session is, signing in and out, what administrators ask.

In: tokens, names, passwords. Out: persons. The database is asked in threads; who a session is, is remembered for a second, so
that a stopped person is out within that. Passwords cost a quarter of a second of a core on purpose: two are checked at a time, a few wait,
more are told to come back.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from zhiyu.access.audit import Audit
from zhiyu.access.people import People, Person
from zhiyu.access.proposals import Proposals
from zhiyu.access.reveals import Reveals
from zhiyu.access.sessions import Sessions
from zhiyu.access.sign_on import SignOns
from zhiyu.cases.pack import Signer
from zhiyu.cases.questions import Questions
from zhiyu.cases.queues import DEFAULT, Declared
from zhiyu.cases.work import Cases
from zhiyu.records.store import Records
from zhiyu.server.problems import HttpError

T = TypeVar("T")
MAX_CHECKED, MAX_WAITING = 2, 20
"""Passwords that are checked at a time, and those that wait for it."""
_FRESH_S = 1.0
_MAX_KNOWN = 10_000
_THREADS = 4


@dataclass(frozen=True, slots=True)
class Office:
    """The people, sessions, proposals, audit, cases, reveals and questions of one tenant; what signs its report packs; whom subjects of
    identity providers are."""

    people: People
    sessions: Sessions
    proposals: Proposals
    audit: Audit
    cases: Cases
    reveals: Reveals
    questions: Questions
    signer: Signer
    sign_ons: SignOns


class Staff:
    """Everybody who may sign in, tenant by tenant. `wall`: ms since 1970; `declared`: the queues of their work."""

    def __init__(
        self, records: Records, keys: Mapping[str, bytes], clock: Callable[[], float] = time.monotonic,
        wall: Callable[[], int] = lambda: time.time_ns() // 1_000_000, declared: Declared = DEFAULT,
    ) -> None:  # fmt: skip
        self.records, self.wall = records, wall
        self.offices = {tenant: _office(records, tenant, key, declared) for tenant, key in keys.items()}
        self._clock, self._waiting = clock, 0
        self._known: OrderedDict[str, tuple[float, Person | None]] = OrderedDict()
        self._threads = ThreadPoolExecutor(_THREADS, "records")
        self._checkers = ThreadPoolExecutor(MAX_CHECKED, "passwords")

    async def aside(self, does: Callable[[], T]) -> T:
        """What `does` gives, made in a thread for the database."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, does)

    async def slowly(self, does: Callable[[], T]) -> T:
        """As `aside`, for what makes or checks a password. HttpError 429 when too many wait."""
        if self._waiting >= MAX_CHECKED + MAX_WAITING:
            raise HttpError(
                429, "busy", "too many sign in at once; try again in a few seconds", "同时登录的人过多；请几秒后再试",
                headers=((b"retry-after", b"5"),),
            )  # fmt: skip
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._checkers, does)
        finally:
            self._waiting -= 1

    async def whose(self, token: str) -> Person | None:
        """The person of a session; None when it is none, or over. RecordsAway."""
        now = self._clock()
        found = self._known.get(token)
        if found is not None and now - found[0] < _FRESH_S:
            return found[1]
        person = await self.aside(lambda: self._asked(token))
        self._known[token] = (now, person)
        self._known.move_to_end(token)
        if len(self._known) > _MAX_KNOWN:
            self._known.popitem(last=False)
        return person

    def forget(self) -> None:
        """Who is who is asked anew: somebody was changed, or left."""
        self._known.clear()

    async def sign_in(self, tenant: str, name: str, password: str) -> tuple[Person, str]:
        """The person and the token of a new session. WrongPassword, Locked."""
        office = self.offices[tenant]
        person = await self.slowly(lambda: office.people.proved(name, password, self.wall()))
        return person, await self.aside(lambda: office.sessions.begin(person, self.wall()))

    async def take_over(self, token: str, person: Person) -> str:
        """Another session in place of one: the token of the new one. The old one is over, so a link that carries it works once."""
        await self.sign_out(token, person)
        return await self.aside(lambda: self.offices[person.tenant].sessions.begin(person, self.wall()))

    async def sign_out(self, token: str, person: Person) -> str:
        """The session is over; the provider at which it began, "" for none."""
        office = self.offices[person.tenant]
        provider = await self.aside(lambda: office.sessions.end(token, person, self.wall()))
        self.forget()
        return provider

    def close(self) -> None:
        """Finish what is under way."""
        self._threads.shutdown()
        self._checkers.shutdown()
        self.records.close()

    def _asked(self, token: str) -> Person | None:
        for office in self.offices.values():
            person = office.sessions.whose(token, self.wall())
            if person is not None:
                return person
        return None


def _office(records: Records, tenant: str, key: bytes, declared: Declared) -> Office:
    audit = Audit(tenant, key)
    cases, questions = Cases(records, audit, declared), Questions(records, audit)
    people, sessions = People(records, audit), Sessions(records, audit)
    reveals = Reveals(records, audit)
    sign_ons = SignOns(records, audit, people)
    return Office(people, sessions, Proposals(records, audit), audit, cases, reveals, questions, Signer(key), sign_ons)
