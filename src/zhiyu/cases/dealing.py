"""Who works on what: skills, how many cases at a time, and free cases dealt out by them.

In: what people can do; a queue. Out: cases given to people, the first of the queue first, each to whoever has the skill and the fewest open
cases; nobody gets more than their most. Equal ones get it by name, so the same cases and people give the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from zhiyu.access.audit import Audit
from zhiyu.base.errors import InputError
from zhiyu.cases.bulk import Bulk, Doing
from zhiyu.cases.listing import NOBODY, Wanted, page
from zhiyu.cases.model import Case
from zhiyu.cases.tables import case_workers, cases
from zhiyu.cases.work import MAX_BULK, Cases
from zhiyu.records.store import Records

MAX_SKILLS, MAX_SKILL_CHARS, MAX_MOST = 50, 64, 1_000
DEFAULT_MOST = 20


class Worker(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who works on cases. `most`: open cases that are dealt to them; `load`: those they have now; `away`: they are dealt none."""

    name: str
    skills: tuple[str, ...] = ()
    most: int = DEFAULT_MOST
    away: bool = False
    load: int = 0

    @property
    def who(self) -> str:
        """As timelines name them."""
        return f"person:{self.name}"


class Dealing:
    """The people of one tenant who work on cases."""

    def __init__(self, records: Records, audit: Audit, of: Cases) -> None:
        self._records, self._audit, self._cases, self.tenant = records, audit, of, audit.tenant

    def workers(self, names: Sequence[str]) -> list[Worker]:
        """What these people can do, and how many cases they have; whoever was never described has the defaults."""
        with self._records.reading() as connection:
            return self._workers(connection, names)

    def describe(self, name: str, skills: Sequence[str], most: int, away: bool, by: str, now_ms: int) -> Worker:
        """Say what somebody can do. InputError for what cannot be."""
        if len(skills) > MAX_SKILLS or any(not 1 <= len(each) <= MAX_SKILL_CHARS or "," in each for each in skills):
            raise InputError(
                f"at most {MAX_SKILLS} skills of 1 to {MAX_SKILL_CHARS} characters, without commas",
                f"最多 {MAX_SKILLS} 项技能，每项 1 至 {MAX_SKILL_CHARS} 个字符，不含逗号",
            )
        if not 0 <= most <= MAX_MOST:
            raise InputError(f"'most' is 0 to {MAX_MOST:,}", f"most 应为 0 至 {MAX_MOST:,}")
        row = {"tenant": self.tenant, "name": name, "skills": ",".join(sorted(set(skills))), "most": most, "away": away}
        with self._records.writing() as connection:
            self._audit.lock(connection)
            made: Any = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(case_workers)
            changed = {each: row[each] for each in ("skills", "most", "away")}
            connection.execute(made.values(row).on_conflict_do_update(index_elements=["tenant", "name"], set_=changed))
            self._audit.add(connection, now_ms, by, "worker.describe", name, changed)
            return self._workers(connection, [name])[0]

    def deal(
        self, queue: str, names: Sequence[str], by: str, now_ms: int, dry_run: bool
    ) -> tuple[Bulk, dict[str, int]]:
        """Give free cases of a queue to some people; what was given, and how many to whom. InputError for no such queue."""
        declared = self._cases.queue(queue)
        with self._records.reading() as connection:
            free, _ = page(connection, self.tenant, Wanted(queue=queue, assignee=NOBODY, limit=MAX_BULK))
            able = [
                each
                for each in self._workers(connection, names)
                if not each.away and (not declared.skill or declared.skill in each.skills)
            ]
        given = dealt(free, able)
        to = dict(given)

        def assign(connection: Connection, case: Case) -> Case:
            return self._cases.assigning(by, to[case.number], now_ms).does(connection, case)

        done = self._cases.many([number for number, _ in given], by, now_ms, Doing(assign), dry_run)
        counts: dict[str, int] = {}
        for number in done.numbers:
            counts[to[number]] = counts.get(to[number], 0) + 1
        return done, dict(sorted(counts.items()))

    def able(self, queue: str, name: str) -> bool:
        """Whether somebody has the skill that a queue asks for. InputError for no such queue."""
        declared = self._cases.queue(queue)
        return not declared.skill or declared.skill in self.workers([name])[0].skills

    def _workers(self, connection: Connection, names: Sequence[str]) -> list[Worker]:
        if not names:
            return []
        described = select(case_workers).where(case_workers.c.tenant == self.tenant, case_workers.c.name.in_(names))
        rows = {row.name: row for row in connection.execute(described)}
        counted = (
            select(cases.c.assignee, func.count())
            .where(
                cases.c.tenant == self.tenant,
                cases.c.state == "open",
                cases.c.assignee.in_([f"person:{n}" for n in names]),
            )
            .group_by(cases.c.assignee)
        )
        load: Mapping[str, int] = {who: int(count) for who, count in connection.execute(counted)}
        found = []
        for name in sorted(set(names)):
            row, own = rows.get(name), load.get(f"person:{name}", 0)
            found.append(
                Worker(name=name, load=own)
                if row is None
                else Worker(
                    name=name, skills=tuple(filter(None, row.skills.split(","))), most=row.most, away=row.away, load=own
                )
            )
        return found


def dealt(free: Sequence[Case], able: Sequence[Worker]) -> list[tuple[int, str]]:
    """(number, to whom) for the cases in their order, as long as anybody has room."""
    load = {each.name: each.load for each in able}
    most = {each.name: each.most for each in able}
    found = []
    for case in free:
        room = [name for name in load if load[name] < most[name]]
        if not room:
            break
        name = min(room, key=lambda each: (load[each], each))
        load[name] += 1
        found.append((case.number, f"person:{name}"))
    return found
