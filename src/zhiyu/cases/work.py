"""Work on cases: brought up, claimed, noted, handed over, escalated, closed with a finding, opened again.

In: who does what, when, to which version. Out: the case as it is then. Every step is one transaction with its line in the timeline and its
entry in the audit. Nobody works on a case that somebody else holds; a claim that nothing is done with lapses. What the log has to know of
a finding leaves through the outbox, under ids that follow from the case, so that it arrives once.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, select

from zhiyu.access.audit import Audit
from zhiyu.base.errors import InputError, LimitExceeded, ZhiyuError
from zhiyu.cases.bulk import Bulk, Doing, Recount, Skipped
from zhiyu.cases.intake import Intake
from zhiyu.cases.listing import Wanted, counts, page, waits_since
from zhiyu.cases.model import DISPOSITIONS, FRAUD, REFERRAL, UNCLEAR, Alert, Case, Step, Who
from zhiyu.cases.queues import Declared, Queue
from zhiyu.cases.rank import rank_ms
from zhiyu.cases.rows import NoSuchCase, case_at, case_of, step_row, steps_of, write_case, write_steps
from zhiyu.cases.tables import alerts, case_entities, case_subjects, cases
from zhiyu.events.vocabulary.service_fields import FRAUD_KINDS
from zhiyu.records.outbox import Effect, put, tell_log
from zhiyu.records.store import Records

MAX_TEXT_CHARS = 4_000
MAX_LEVEL = 3
MAX_LABELS = 1_000
MAX_ALERTS_TOLD = 1_000
MAX_BULK = 1_000
_LAPSED = 200


WholeCase = tuple[Case, list[dict[str, Any]], list[dict[str, Any]], list[Step]]
"""A case, rows of its newest alerts, rows of those that they name, its newest steps."""


class NotYours(ZhiyuError):
    """Somebody else works on this case."""

    code = "held"
    status = 409


class WrongState(ZhiyuError):
    """The case is closed, or is not."""

    code = "case_state"
    status = 409


class Changed(ZhiyuError):
    """The case is no longer what the caller saw."""

    code = "version"
    status = 412


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What a case came to. `kind`: of fraud, one of the vocabulary. `alerts`: ids of those that it is about; empty means all."""

    disposition: str
    kind: str = ""
    reason: str = ""
    alerts: tuple[str, ...] = ()

    def check(self) -> None:
        """InputError for what cannot be."""
        if self.disposition not in DISPOSITIONS:
            raise InputError(
                f"'disposition' is one of {', '.join(DISPOSITIONS)}", f"disposition 应为 {'、'.join(DISPOSITIONS)} 之一"
            )
        if (self.disposition == FRAUD) != bool(self.kind) or (self.kind and self.kind not in FRAUD_KINDS):
            kinds = ", ".join(FRAUD_KINDS)
            raise InputError(
                f"'kind' says which fraud it was, for fraud alone: {kinds}",
                f"kind 说明欺诈类型，仅用于确认欺诈：{kinds}",
            )
        _text(self.reason)
        if len(self.alerts) > MAX_LABELS:
            raise LimitExceeded(f"at most {MAX_LABELS:,} alerts at once", f"一次最多 {MAX_LABELS:,} 条告警")


class Cases:
    """The cases of one tenant."""

    def __init__(self, records: Records, audit: Audit, declared: Declared) -> None:
        self._records, self._audit, self.declared, self.tenant = records, audit, declared, audit.tenant
        self.intake = Intake(records, audit, declared)

    # ---------------------------------------------------------------------------------------------------------------- what is asked

    def page(self, wanted: Wanted) -> tuple[list[Case], str]:
        """One page of a list."""
        with self._records.reading() as connection:
            return page(connection, self.tenant, wanted)

    def counts(self, now_ms: int) -> dict[str, dict[str, int]]:
        """How the queues stand."""
        with self._records.reading() as connection:
            return counts(connection, self.tenant, now_ms)

    def waits_since(self, now_ms: int) -> int | None:
        """When the oldest open case came that nobody works on, ms since 1970; None when there is none."""
        with self._records.reading() as connection:
            return waits_since(connection, self.tenant, now_ms)

    def one(self, number: int) -> WholeCase:
        """A case, its newest alerts, whom they name, its newest steps. NoSuchCase."""
        with self._records.reading() as connection:
            case = case_at(connection, self.tenant, number)
            told = select(alerts).where(alerts.c.tenant == self.tenant, alerts.c.case_number == number)
            newest = told.order_by(alerts.c.at_ms.desc(), alerts.c.id.desc()).limit(MAX_ALERTS_TOLD)
            named = select(case_entities).where(
                case_entities.c.tenant == self.tenant, case_entities.c.case_number == number
            )
            who = named.order_by(case_entities.c.alerts.desc(), case_entities.c.entity, case_entities.c.code)
            return (
                case,
                [dict(row._mapping) for row in connection.execute(newest)],
                [dict(row._mapping) for row in connection.execute(who.limit(MAX_ALERTS_TOLD))],
                steps_of(connection, self.tenant, number, None, 100),
            )

    def steps(self, number: int, before: int | None, limit: int) -> list[Step]:
        """The timeline of a case, newest first. NoSuchCase."""
        with self._records.reading() as connection:
            case_at(connection, self.tenant, number)
            return steps_of(connection, self.tenant, number, before, limit)

    # ---------------------------------------------------------------------------------------------------------------- what is done

    def next(self, queue: str, by: str, now_ms: int) -> Case | None:
        """Claim the first case of a queue that nobody works on; None when there is none. InputError for no such queue."""
        self.queue(queue)
        with self._records.writing() as connection:
            self._audit.lock(connection)
            self._lapse(connection, now_ms)
            free = Wanted(queue=queue, assignee="none", limit=1)
            found, _ = page(connection, self.tenant, free)
            return self._claim(connection, found[0], by, now_ms) if found else None

    def claim(self, number: int, by: str, now_ms: int, version: int | None = None) -> Case:
        """Work on it from now on. NotYours, WrongState, Changed, NoSuchCase."""
        with self._records.writing() as connection:
            case = self._open_case(connection, number, by, now_ms, version)
            return self._claim(connection, case, by, now_ms)

    def release(self, number: int, by: str, now_ms: int, version: int | None = None, lead: bool = False) -> Case:
        """Not any more. NotYours unless `by` holds it, or `lead`s."""
        with self._records.writing() as connection:
            case = self._open_case(connection, number, "" if lead else by, now_ms, version, any_holder=lead)
            if not case.held_by(now_ms):
                raise WrongState("nobody works on it", "目前无人处理该案件")
            case.assignee, case.claimed_until_ms = "", 0
            return self._done(connection, case, by, now_ms, "release")

    def assign(self, number: int, by: str, to: str, now_ms: int, version: int | None = None) -> Case:
        """Give it to somebody, whoever held it; `to`: "person:NAME", "" for nobody."""
        with self._records.writing() as connection:
            case = self._open_case(connection, number, by, now_ms, version, any_holder=True)
            case.assignee, case.claimed_until_ms = to, 0
            return self._done(connection, case, by, now_ms, "assign", detail={"to": to})

    def note(self, number: int, by: str, text: str, now_ms: int, version: int | None = None) -> Case:
        """Write something down, also on a closed case or one that somebody else holds."""
        _text(text, required=True)
        with self._records.writing() as connection:
            case = self._case(connection, number, now_ms, version)
            self._extend(case, by, now_ms)
            return self._done(connection, case, by, now_ms, "note", text)

    def escalate(self, number: int, by: str, text: str, now_ms: int, version: int | None = None) -> Case:
        """Somebody more experienced should look, and why: it goes to the queue declared for that, freed and further ahead."""
        _text(text, required=True)
        with self._records.writing() as connection:
            case = self._open_case(connection, number, by, now_ms, version)
            return self._escalate(connection, case, by, now_ms, "escalate", text)

    def close(self, number: int, by: str, finding: Finding, now_ms: int, version: int | None = None) -> Case:
        """It is found out, or left open for good: fraud of a kind, a false positive, unclear. Labels go to the log."""
        finding.check()
        with self._records.writing() as connection:
            case = self._open_case(connection, number, by, now_ms, version)
            return self._close(connection, case, by, finding, now_ms)

    def reopen(self, number: int, by: str, text: str, now_ms: int, version: int | None = None) -> Case:
        """It is to be looked at again, and why. Its subjects are its own again, where no open case has them meanwhile."""
        _text(text, required=True)
        with self._records.writing() as connection:
            case = self._case(connection, number, now_ms, version)
            if case.state != "closed":
                raise WrongState("it is open already", "案件已处于打开状态")
            queue = self.declared.queue(case.queue)
            case.state, case.closed_ms, case.disposition, case.fraud_kind = "open", 0, "", ""
            case.deadline_ms = case.late_ms = now_ms + (queue or self.declared.queues[0]).within_ms
            case.assignee, case.claimed_until_ms = by, now_ms + self.declared.claim_ms
            self._take_subjects(connection, case)
            return self._done(connection, case, by, now_ms, "reopen", text)

    def answered(self, number: int, by: str, alert: str, now_ms: int, detail: dict[str, Any]) -> Case:
        """A decision that waited was answered from the case; `detail`: what was said and what came of it."""
        with self._records.writing() as connection:
            case = self._case(connection, number, now_ms, None)
            return self._done(connection, case, by, now_ms, "answer", detail={"alert": alert, **detail})

    def reported(self, number: int, by: str, now_ms: int, detail: dict[str, Any]) -> Case:
        """A report pack was made of it."""
        with self._records.writing() as connection:
            case = self._case(connection, number, now_ms, None)
            return self._done(connection, case, by, now_ms, "report", detail=detail)

    def refer(
        self, by: str, whom: Sequence[Who], queue: str, text: str, now_ms: int, called: tuple[str, str] = ("", "")
    ) -> tuple[Case, bool]:  # fmt: skip
        """Somebody brings up people or things that were seen, the one that it is about first. The case, and whether it was opened: it joins
        the open one of any of them. `queue`: of a new case, "" for the one that reviews go to; `called`: what the first one is called."""
        _text(text, required=True)
        found = (
            self.queue(queue)
            if queue
            else self.declared.route("decision", "review", "", (), 0) or self.declared.queues[0]
        )
        first = whom[0]
        alert = Alert(
            id=f"r:{secrets.token_hex(8)}", kind=REFERRAL, at_ms=now_ms, subjects=tuple(each.subject for each in whom), who=tuple(whom),
            shown=f"{first.entity} {first.shown}", called=called, detail={"by": by, "text": text},
        )  # fmt: skip
        with self._records.writing() as connection:
            self._audit.lock(connection)
            number, opened = self.intake.refer(connection, alert, found, by, text, now_ms)
            self._audit.add(
                connection, now_ms, by, "case.refer", f"case/{number}", {"whom": len(whom), "opened": opened}
            )
            return case_at(connection, self.tenant, number), opened

    def require(self, number: int, by: str, now_ms: int, version: int | None = None) -> Case:
        """The case, if it is open and nobody else holds it; nothing changes."""
        with self._records.reading() as connection:
            case = case_at(connection, self.tenant, number)
        self._require(case, by, now_ms, version)
        return case

    def queue(self, name: str) -> Queue:
        """InputError for no such queue."""
        found = self.declared.queue(name)
        if found is None:
            names = ", ".join(each.name for each in self.declared.queues)
            raise InputError(
                f"there is no queue '{name[:64]}'; there are {names}", f"没有队列“{name[:64]}”；已有 {names}"
            )
        return found

    def lapse(self, now_ms: int) -> int:
        """Free the cases whose claims have lapsed; how many."""
        with self._records.reading() as connection:  # a writer would stop others, twice a second, mostly for nothing
            if not connection.execute(self._lapsed(now_ms).limit(1)).first():
                return 0
        with self._records.writing() as connection:
            self._audit.lock(connection)
            return self._lapse(connection, now_ms)

    def late(self, now_ms: int) -> int:
        """Escalate the cases whose deadline has passed: further ahead; in the queue that theirs escalates to, and freed there; how many. A
        case is late once in each queue."""
        with self._records.reading() as connection:
            if not connection.execute(self._too_late(now_ms).limit(1)).first():
                return 0
        with self._records.writing() as connection:
            self._audit.lock(connection)
            asked = self._too_late(now_ms).order_by(cases.c.number).limit(_LAPSED).with_for_update()
            found = [case_of(row) for row in connection.execute(asked)]
            for case in found:
                queue = self.declared.queue(case.queue)
                further = self.declared.queue(queue.escalates_to) if queue is not None and queue.escalates_to else None
                case.level, case.late_ms = min(case.level + 1, MAX_LEVEL), 0
                if further is not None:
                    case.queue, case.assignee, case.claimed_until_ms = further.name, "", 0
                    case.late_ms = now_ms + further.within_ms
                body = {"case": case.number, "queue": case.queue, "level": case.level}
                told = Effect("case.late", f"case/{case.number}", f"case/{case.number}/late/{case.steps}", body)
                put(connection, self.tenant, [told], now_ms)
                self._done(connection, case, "system", now_ms, "late", detail=body)
            return len(found)

    def many(self, numbers: Sequence[int], by: str, now_ms: int, doing: Doing, dry_run: bool, expect: int = -1) -> Bulk:
        """Do one thing with many cases, in one transaction; those that are not open, that somebody else holds, or with which it cannot be
        done, are skipped, and it is told why. `dry_run`: only count. `expect`: nothing is done with any other number of cases (Recount);
        below 0: with as many as there are. LimitExceeded."""
        if len(numbers) > MAX_BULK:
            raise LimitExceeded(f"at most {MAX_BULK:,} cases at once", f"一次最多 {MAX_BULK:,} 个案件")
        found, skipped = list[Case](), list[Skipped]()
        with self._records.writing() as connection:
            self._audit.lock(connection)
            for number in sorted(set(numbers)):
                try:
                    case = case_at(connection, self.tenant, number, lock=True)
                    self._require(case, by, now_ms, None)
                    doing.may(case)
                except (NoSuchCase, WrongState, NotYours) as why:
                    skipped.append(Skipped(number, why.code, why.en, why.zh))
                    continue
                found.append(case)
            done = Bulk(tuple(case.number for case in found), tuple(skipped), sum(case.money for case in found))
            if dry_run:
                return done
            if expect not in (-1, len(found)):
                raise Recount(
                    f"it is {len(found)} cases now, not {expect}; count again",
                    f"现为 {len(found)} 个案件，而非 {expect} 个；请重新计数",
                )
            for case in found:
                doing.does(connection, case)
        return done

    def claiming(self, by: str, text: str, now_ms: int) -> Doing:
        """What `many` does to claim each. InputError."""
        _text(text)

        def may(case: Case) -> None:
            if case.assignee == by and not case.claimed_until_ms:
                raise WrongState("it is assigned to you already", "该案件已分派给您")

        return Doing(lambda connection, case: self._claim(connection, case, by, now_ms, text), may)

    def closing(self, by: str, finding: Finding, now_ms: int) -> Doing:
        """What `many` does to close each. InputError for a finding that cannot be."""
        finding.check()
        return Doing(lambda connection, case: self._close(connection, case, by, finding, now_ms))

    def assigning(self, by: str, to: str, now_ms: int, text: str = "") -> Doing:
        """What `many` does to give each to somebody. InputError."""
        _text(text)

        def assign(connection: Connection, case: Case) -> Case:
            case.assignee, case.claimed_until_ms = to, 0
            return self._done(connection, case, by, now_ms, "assign", text, {"to": to})

        return Doing(assign)

    def noting(self, by: str, text: str, now_ms: int) -> Doing:
        """What `many` does to write something down in each. InputError."""
        _text(text, required=True)
        return Doing(lambda connection, case: self._done(connection, case, by, now_ms, "note", text))

    def escalating(self, by: str, text: str, now_ms: int) -> Doing:
        """What `many` does to escalate each. InputError."""
        _text(text, required=True)
        return Doing(lambda connection, case: self._escalate(connection, case, by, now_ms, "escalate", text), _further)

    # ---------------------------------------------------------------------------------------------------------------- how

    def _case(self, connection: Connection, number: int, now_ms: int, version: int | None) -> Case:
        self._audit.lock(connection)
        case = case_at(connection, self.tenant, number, lock=True)
        _require_version(case, version)
        return case

    def _open_case(
        self, connection: Connection, number: int, by: str, now_ms: int, version: int | None, any_holder: bool = False
    ) -> Case:
        case = self._case(connection, number, now_ms, version)
        self._require(case, "" if any_holder else by, now_ms, None, any_holder)
        return case

    @staticmethod
    def _require(case: Case, by: str, now_ms: int, version: int | None, any_holder: bool = False) -> None:
        _require_version(case, version)
        if case.state != "open":
            raise WrongState("the case is closed; reopen it first", "案件已关闭；请先重新打开")
        held = case.held_by(now_ms)
        if held and held != by and not any_holder:
            raise NotYours(f"{held} works on it; ask them to release it", f"{held} 正在处理该案件；请其先释放")

    def _claim(self, connection: Connection, case: Case, by: str, now_ms: int, text: str = "") -> Case:
        if case.assignee == by and not case.claimed_until_ms:
            return case  # it was assigned: that does not lapse, so a claim adds nothing
        case.assignee, case.claimed_until_ms = by, now_ms + self.declared.claim_ms
        return self._done(connection, case, by, now_ms, "claim", text, {"until_ms": case.claimed_until_ms})

    def _extend(self, case: Case, by: str, now_ms: int) -> None:
        """Whoever does something with a claimed case holds it for longer."""
        if case.assignee == by and case.claimed_until_ms > now_ms:
            case.claimed_until_ms = now_ms + self.declared.claim_ms

    def _escalate(self, connection: Connection, case: Case, by: str, now_ms: int, verb: str, text: str) -> Case:
        _further(case)
        queue = self.declared.queue(case.queue)
        case.level += 1
        case.queue = queue.escalates_to or case.queue if queue is not None else case.queue
        case.assignee, case.claimed_until_ms = "", 0
        return self._done(connection, case, by, now_ms, verb, text, {"level": case.level, "queue": case.queue})

    def _close(self, connection: Connection, case: Case, by: str, finding: Finding, now_ms: int) -> Case:
        case.state, case.closed_ms, case.assignee, case.claimed_until_ms = "closed", now_ms, by, 0
        case.disposition, case.fraud_kind = finding.disposition, finding.kind
        mine = (case_subjects.c.tenant == self.tenant) & (case_subjects.c.case_number == case.number)
        connection.execute(delete(case_subjects).where(mine))
        labels = self._labels(connection, case, by, finding)
        tell_log(connection, self.tenant, labels, now_ms)
        body = {"case": case.number, "queue": case.queue, "disposition": case.disposition, "kind": case.fraud_kind}
        cause = f"case/{case.number}/closed/{case.steps}"
        put(connection, self.tenant, [Effect("case.closed", f"case/{case.number}", cause, body)], now_ms)
        detail = {"disposition": finding.disposition, "kind": finding.kind, "labels": len(labels)}
        return self._done(connection, case, by, now_ms, "close", finding.reason, detail)

    def _labels(self, connection: Connection, case: Case, by: str, finding: Finding) -> list[Effect]:
        """A label for each decision that the finding is about; nothing is said where it is unclear."""
        asked = select(alerts.c.id, alerts.c.position).where(
            alerts.c.tenant == self.tenant, alerts.c.case_number == case.number, alerts.c.kind == "decision"
        )
        there = {row.id: row.position for row in connection.execute(asked.order_by(alerts.c.position))}
        unknown = [each for each in finding.alerts if each not in there]
        if unknown:
            raise InputError(
                f"'{unknown[0][:128]}' is no decision of this case", f"“{unknown[0][:128]}”不是该案件的决策告警"
            )
        chosen = finding.alerts or tuple(there)
        if finding.disposition == UNCLEAR:
            return []
        fraud, said = finding.disposition == FRAUD, finding.kind or finding.disposition
        found = []
        for each in dict.fromkeys(chosen):
            cause = f"case/{case.number}/{case.steps}/{there[each]}"
            body = {"position": there[each], "fraud": fraud, "id": cause, "reason": said, "author": by}
            found.append(Effect("label", f"case/{case.number}", cause, body))
        return found

    def _take_subjects(self, connection: Connection, case: Case) -> None:
        """The subjects of its alerts, as far as no open case has them."""
        from zhiyu.cases.intake import MAX_SUBJECTS, _made

        asked = select(alerts.c.detail).where(alerts.c.tenant == self.tenant, alerts.c.case_number == case.number)
        details = (msgspec.json.decode(detail) for detail in connection.execute(asked).scalars())
        subjects = dict.fromkeys(each for detail in details for each in detail["subjects"])
        rows = [{"tenant": self.tenant, "subject": each, "case_number": case.number} for each in subjects]
        for at in range(0, len(rows), MAX_SUBJECTS):
            connection.execute(
                _made(connection, case_subjects).values(rows[at : at + MAX_SUBJECTS]).on_conflict_do_nothing()
            )

    def _lapse(self, connection: Connection, now_ms: int) -> int:
        lapsed = self._lapsed(now_ms).order_by(cases.c.number).limit(_LAPSED).with_for_update()
        found = [case_of(row) for row in connection.execute(lapsed)]
        for case in found:
            held, case.assignee, case.claimed_until_ms = case.assignee, "", 0
            self._done(connection, case, "system", now_ms, "lapse", detail={"held": held})
        return len(found)

    def _too_late(self, now_ms: int) -> Select[Any]:
        past = cases.c.late_ms.between(1, now_ms)
        return select(cases).where(cases.c.tenant == self.tenant, cases.c.state == "open", past)

    def _lapsed(self, now_ms: int) -> Select[Any]:
        past = cases.c.claimed_until_ms.between(1, now_ms)
        return select(cases).where(cases.c.tenant == self.tenant, cases.c.state == "open", past)

    def _done(
        self, connection: Connection, case: Case, by: str, now_ms: int, verb: str, text: str = "",
        detail: dict[str, Any] | None = None,
    ) -> Case:  # fmt: skip
        """Write what has changed, with its step and its entry in the audit."""
        case.version += 1
        case.changed_ms = now_ms
        case.rank_ms = rank_ms(case.deadline_ms, case.money, case.currency, case.level)
        write_steps(connection, [step_row(self.tenant, case, now_ms, by, verb, text, detail)])
        write_case(connection, self.tenant, case)
        if by != "system":
            self._audit.add(connection, now_ms, by, f"case.{verb}", f"case/{case.number}", detail or {})
        return case


def _further(case: Case) -> None:
    if case.level >= MAX_LEVEL:
        raise WrongState(f"it was escalated {MAX_LEVEL} times already", f"该案件已升级 {MAX_LEVEL} 次")


def _require_version(case: Case, version: int | None) -> None:
    if version is not None and version != case.version:
        raise Changed(
            f"the case has changed: it is at version {case.version}, not {version}; read it again",
            f"案件已变更：当前版本 {case.version}，而非 {version}；请重新读取",
        )


def _text(text: str, required: bool = False) -> None:
    if len(text) > MAX_TEXT_CHARS or "\0" in text or (required and not text.strip()):
        raise InputError(f"say it in 1 to {MAX_TEXT_CHARS:,} characters", f"请用 1 至 {MAX_TEXT_CHARS:,} 个字符说明")
