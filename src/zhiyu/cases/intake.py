"""Alerts join cases: the open one about the same person, thing or gang, or a new one.

In: alerts in the order of the log, the position they were read up to. Out: cases, in one transaction with that position: what was read is
in, once, and what is read again changes nothing. An alert joins by the first of its subjects that an open case has; the case then has its
other subjects too, where no other case has them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Insert, Table, func, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from zhiyu.access.audit import Audit
from zhiyu.base.errors import ZhiyuError
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.cases.model import ENDED, OPEN, REFERRAL, Alert, Case, Facts
from zhiyu.cases.queues import Declared, Queue
from zhiyu.cases.rank import rank_ms
from zhiyu.cases.rows import case_of, step_row, values_of, write_case, write_steps
from zhiyu.cases.tables import alerts, case_entities, case_positions, case_subjects, cases
from zhiyu.records.outbox import Effect, put
from zhiyu.records.store import Records

MAX_FACT_REASONS = 20
MAX_SUBJECTS = 200
_MANY = 500
"""Values of one `in (…)`."""


class Overtaken(ZhiyuError):
    """Somebody else has read on from there meanwhile; read the position again."""

    code = "overtaken"
    status = 409


class Intake:
    """Takes the alerts of one tenant. `wall`: whether the times of the log are the time of day; a log on the time of its events has
    deadlines from when an alert came in."""

    def __init__(self, records: Records, audit: Audit, declared: Declared) -> None:
        self._records, self._audit, self._declared, self.tenant = records, audit, declared, audit.tenant

    def position(self, source: str) -> int:
        """Up to where a source has been read; -1 when never."""
        asked = select(case_positions.c.position).where(
            case_positions.c.tenant == self.tenant, case_positions.c.source == source
        )
        with self._records.reading() as connection:
            found = connection.execute(asked).scalar()
        return -1 if found is None else int(found)

    def take(
        self, found: Sequence[Alert], source: str, before: int, after: int, now_ms: int, wall: bool = True
    ) -> list[int]:
        """Let alerts join, and move the position of a source from `before` to `after`; numbers of the cases that were opened. Overtaken."""
        with self._records.writing() as connection:
            self._audit.lock(connection)  # the lock that every change of a case takes
            self._move(connection, source, before, after)
            if not found:
                return []
            taking = _Taking(connection, self.tenant, self._declared, now_ms, wall)
            taking.take(found)
            return taking.write()

    def refer(
        self, connection: Connection, alert: Alert, queue: Queue, by: str, text: str, now_ms: int
    ) -> tuple[int, bool]:
        """Let in what somebody brings up by hand, in a transaction that holds the lock; the number of the case, whether it was opened."""
        taking = _Taking(connection, self.tenant, self._declared, now_ms, True, by, text)
        number = taking.refer(alert, queue)
        return number, number in taking.write()

    def _move(self, connection: Connection, source: str, before: int, after: int) -> None:
        mine = (case_positions.c.tenant == self.tenant) & (case_positions.c.source == source)
        if before < 0:
            first = {"tenant": self.tenant, "source": source, "position": after}
            put_first = _made(connection, case_positions).values(first).on_conflict_do_nothing()
            moved = connection.execute(put_first.returning(case_positions.c.position)).first()
        else:
            there = mine & (case_positions.c.position == before)
            further = update(case_positions).where(there).values(position=after)
            moved = connection.execute(further.returning(case_positions.c.position)).first()
        if moved is None:
            raise Overtaken("another process has read on from there", "另一进程已从该位置继续读取")


def _made(connection: Connection, table: Table) -> Any:
    made: Insert = (sqlite.insert if connection.dialect.name == "sqlite" else postgresql.insert)(table)
    return made


def _chunks(values: Iterable[Any]) -> Iterable[list[Any]]:
    found = list(values)
    return (found[at : at + _MANY] for at in range(0, len(found), _MANY))


class _Taking:
    """One transaction's worth of alerts: looked up together, joined in memory one by one, written together. `by`, `text`: who brings them,
    and what they say."""

    def __init__(
        self, connection: Connection, tenant: str, declared: Declared, now_ms: int, wall: bool, by: str = "system", text: str = ""
    ) -> None:  # fmt: skip
        self._by, self._text = by, text
        self._connection, self._tenant, self._declared, self._now, self._wall = (
            connection,
            tenant,
            declared,
            now_ms,
            wall,
        )
        self._known: dict[str, tuple[int, str]] = {}
        self._cases: dict[int, Case] = {}
        self._by_subject: dict[str, int] = {}
        self._fresh: dict[int, Case] = {}
        self._changed: set[int] = set()
        self._alerts: dict[str, dict[str, Any]] = {}
        self._ended: dict[str, dict[str, Any]] = {}
        self._subjects: list[dict[str, Any]] = []
        self._who: dict[tuple[int, str, str], dict[str, Any]] = {}
        self._steps: list[dict[str, Any]] = []

    def take(self, found: Sequence[Alert]) -> None:
        """Let each join, in order."""
        self._look_up(found)
        for alert in found:
            if alert.id in self._known:
                self._take_again(alert)
            elif (queue := self._queue(alert)) is not None:
                self._join(alert, queue)

    def refer(self, alert: Alert, queue: Queue) -> int:
        """Let one join, in this queue where it opens a case; the case's number."""
        self._look_up((alert,))
        self._join(alert, queue)
        return self._known[alert.id][0]

    def _look_up(self, found: Sequence[Alert]) -> None:
        """What is there already: alerts of these ids, open cases of these subjects."""
        c, t = self._connection, self._tenant
        for ids in _chunks(dict.fromkeys(alert.id for alert in found)):
            asked = select(alerts.c.id, alerts.c.case_number, alerts.c.waits).where(
                alerts.c.tenant == t, alerts.c.id.in_(ids)
            )
            self._known |= {row.id: (row.case_number, row.waits) for row in c.execute(asked)}
        subjects = dict.fromkeys(each for alert in found for each in alert.subjects[:MAX_SUBJECTS])
        for some in _chunks(subjects):
            joined = select(case_subjects.c.subject, case_subjects.c.case_number).where(
                case_subjects.c.tenant == t, case_subjects.c.subject.in_(some)
            )
            self._by_subject |= {row.subject: row.case_number for row in c.execute(joined)}
        numbers = {*self._by_subject.values(), *(number for number, _ in self._known.values())}
        for some in _chunks(sorted(numbers)):
            rows = select(cases).where(cases.c.tenant == t, cases.c.number.in_(some)).with_for_update()
            self._cases |= {row.number: case_of(row) for row in c.execute(rows)}
        highest = select(func.coalesce(func.max(cases.c.number), 0)).where(cases.c.tenant == t)
        self._next = int(c.execute(highest).scalar_one()) + 1

    def _queue(self, alert: Alert) -> Queue | None:
        major = alert.money // 10 ** MINOR_DIGITS.get(alert.currency, 2)
        codes = tuple(reason.code for reason in alert.reasons)
        return self._declared.route(alert.kind, alert.outcome, alert.event_type, codes, major)

    def _join(self, alert: Alert, queue: Queue) -> None:
        number = next((self._by_subject[each] for each in alert.subjects if each in self._by_subject), 0)
        base = alert.at_ms if self._wall else self._now
        deadline = base + queue.within_ms
        if alert.until_ms and self._wall:
            deadline = min(deadline, alert.until_ms)
        case = self._cases[number] if number else self._open(alert, queue, deadline)
        _add(case, alert)
        if not case.assignee and self._declared.place(queue.name) < self._declared.place(case.queue):
            case.queue = queue.name
        if deadline < case.deadline_ms:
            case.deadline_ms, case.late_ms = deadline, min(case.late_ms, deadline)
        self._touch(case)
        for subject in alert.subjects[:MAX_SUBJECTS]:
            if subject not in self._by_subject:
                self._by_subject[subject] = case.number
                self._subjects.append({"tenant": self._tenant, "subject": subject, "case_number": case.number})
        self._note(alert, case)

    def _open(self, alert: Alert, queue: Queue, deadline: int) -> Case:
        case = Case(
            number=self._next, kind=alert.case_kind, subject=alert.subjects[0], shown=alert.shown, queue=queue.name, facts=Facts(),
            currency=alert.currency, deadline_ms=deadline, late_ms=deadline, opened_ms=self._now,
        )  # fmt: skip
        self._next += 1
        self._cases[case.number] = self._fresh[case.number] = case
        self._steps.append(step_row(self._tenant, case, self._now, self._by, "open", detail={"queue": queue.name}))
        return case

    def _note(self, alert: Alert, case: Case) -> None:
        waits = OPEN if alert.waits else ""
        self._known[alert.id] = case.number, waits
        detail = {
            "rules": alert.rules, "reasons": alert.reasons, "subjects": alert.subjects[:MAX_SUBJECTS], "shown": alert.shown, **alert.detail,
        }  # fmt: skip
        self._alerts[alert.id] = {
            "tenant": self._tenant, "id": alert.id, "case_number": case.number, "kind": alert.kind, "position": alert.position,
            "event_id": alert.event_id, "event_type": alert.event_type, "at_ms": alert.at_ms, "outcome": alert.outcome, "waits": waits,
            "until_ms": alert.until_ms, "final": "", "score": alert.score, "money": alert.money,
            "detail": msgspec.json.encode(detail).decode(),
        }  # fmt: skip
        verb, told = (REFERRAL, self._text) if alert.kind == REFERRAL else ("alert", "")
        self._steps.append(step_row(self._tenant, case, self._now, self._by, verb, told, {"alert": alert.id}))
        for who in alert.who:
            key = case.number, who.entity, who.code
            line = self._who.setdefault(
                key,
                {
                    "tenant": self._tenant, "case_number": case.number, "entity": who.entity, "code": who.code, "shown": who.shown,
                    "alerts": 0, "first_ms": alert.at_ms, "last_ms": alert.at_ms,
                },
            )  # fmt: skip
            line["alerts"] += 1
            line["first_ms"], line["last_ms"] = min(line["first_ms"], alert.at_ms), max(line["last_ms"], alert.at_ms)

    def _take_again(self, alert: Alert) -> None:
        """A known alert: new only when it tells what a decision that waited came to."""
        number, waits = self._known[alert.id]
        if not alert.went_on or waits != OPEN:
            return
        still = OPEN if alert.waits else ENDED
        changes = {"waits": still, "until_ms": alert.until_ms, "final": alert.outcome}
        self._known[alert.id] = number, still
        if alert.id in self._alerts:
            self._alerts[alert.id] |= changes
        else:
            self._ended[alert.id] = changes
        case = self._cases[number]
        if not alert.waits:
            case.facts.waiting = max(case.facts.waiting - 1, 0)
        detail = {"alert": alert.id, "outcome": alert.outcome, "waits": alert.waits}
        self._steps.append(step_row(self._tenant, case, self._now, "system", "went_on", detail=detail))
        self._touch(case)

    def _touch(self, case: Case) -> None:
        case.rank_ms = rank_ms(case.deadline_ms, case.money, case.currency, case.level)
        case.changed_ms = self._now
        if case.number not in self._changed and case.number not in self._fresh:
            case.version += 1
        self._changed.add(case.number)

    def write(self) -> list[int]:
        """Write everything; numbers of the cases that were opened."""
        c, t = self._connection, self._tenant
        fresh = [self._fresh[number] for number in sorted(self._fresh)]
        if fresh:
            c.execute(insert(cases), [{"tenant": t, "number": case.number, **values_of(case)} for case in fresh])
        for number in sorted(self._changed - set(self._fresh)):
            write_case(c, t, self._cases[number])
        for table, rows in ((alerts, list(self._alerts.values())), (case_subjects, self._subjects)):
            if rows:
                c.execute(insert(table), rows)
        for alert, changes in self._ended.items():
            c.execute(update(alerts).where(alerts.c.tenant == t, alerts.c.id == alert).values(changes))
        self._write_who()
        write_steps(c, self._steps)
        told = [
            Effect("case.opened", f"case/{case.number}", f"case/{case.number}/opened", {"case": case.number, "queue": case.queue})
            for case in fresh
        ]  # fmt: skip
        put(c, t, told, self._now)
        return [case.number for case in fresh]

    def _write_who(self) -> None:
        made = _made(self._connection, case_entities)
        given, there = made.excluded, case_entities.c
        for rows in _chunks(self._who.values()):
            self._connection.execute(
                made.values(rows).on_conflict_do_update(
                    index_elements=["tenant", "case_number", "entity", "code"],
                    set_={"alerts": there.alerts + given.alerts, "last_ms": given.last_ms, "shown": given.shown},
                )
            )


def _add(case: Case, alert: Alert) -> None:
    """What the alert adds to the sums of its case."""
    facts = case.facts
    case.alerts += 1
    case.money = max(case.money, alert.money) if alert.kind == "gang" else case.money + alert.money
    case.currency = case.currency or alert.currency
    if alert.outcome:
        facts.outcomes[alert.outcome] = facts.outcomes.get(alert.outcome, 0) + 1
    for reason in alert.reasons:
        en, zh, count = facts.reasons.get(reason.code, (reason.en, reason.zh, 0))
        if count or len(facts.reasons) < MAX_FACT_REASONS:
            facts.reasons[reason.code] = en, zh, count + 1
    facts.waiting += alert.waits
    if case.kind == "entity" and not facts.called[0]:
        facts.called = alert.called
    if alert.kind == "gang":
        facts.gang, facts.people = int(alert.detail.get("gang", 0)), int(alert.detail.get("people", 0))
    if alert.kind == "drift":
        facts.model, facts.what = str(alert.detail.get("model", alert.shown)), str(alert.detail.get("what", ""))
