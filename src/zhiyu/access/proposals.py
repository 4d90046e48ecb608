"""Four eyes: what somebody proposes and somebody else approves, step by step, until it is done.

In: who, what, when. Out: `Proposal`s. Every step is one transaction with its entry in the audit; a step that is not open any more, because
somebody was faster, is told as such. In an emergency the proposer goes ahead alone; a review by somebody else is then owed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, func, insert, select, update

from zhiyu.access.audit import Audit
from zhiyu.access.tables import proposals
from zhiyu.base.errors import InputError, LimitExceeded, ZhiyuError
from zhiyu.records.store import Records

MAX_PAYLOAD_BYTES = 4 << 20
MAX_TITLE_CHARS, MAX_REASON_CHARS = 200, 2_000
STAGES = ("shadow", "percentage")
"""States of what is on its way: it can be taken further, or stopped."""
STATES = ("draft", "submitted", "approved", "doing", *STAGES, "done", "failed", "refused", "withdrawn", "stopped")


class NoSuchProposal(ZhiyuError):
    """No proposal of this number."""

    code = "no_proposal"
    status = 404


class NotOpen(ZhiyuError):
    """This step cannot be taken any more, or not by this person."""

    code = "proposal_state"
    status = 409


class SameEyes(ZhiyuError):
    """Who proposed it does not approve it."""

    code = "four_eyes"
    status = 403


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is proposed. `kind`: "policy"; `about`: its name; `payload`: what has to be known to do it; `base`: what was in force when it
    was made. `state`: one of `STATES`. `due_ms`: not before then. `outcome`: what came of it. `emergency`: the proposer went ahead alone;
    `reviewed_by`: who looked at it afterwards."""

    number: int
    kind: str
    about: str
    title: str
    payload: dict[str, Any]
    base: str
    state: str
    by: str
    made_ms: int
    decided_by: str
    decided_ms: int
    reason: str
    due_ms: int
    emergency: bool
    reviewed_by: str
    outcome: dict[str, Any]


class Proposals:
    """The proposals of one tenant."""

    def __init__(self, records: Records, audit: Audit) -> None:
        self._records, self._audit, self.tenant = records, audit, audit.tenant

    def make(
        self, kind: str, about: str, title: str, payload: dict[str, Any], base: str, by: str, now_ms: int
    ) -> Proposal:
        """A draft. InputError, LimitExceeded."""
        if not 1 <= len(title) <= MAX_TITLE_CHARS:
            raise InputError(
                f"a title has 1 to {MAX_TITLE_CHARS} characters", f"标题应有 1 至 {MAX_TITLE_CHARS} 个字符"
            )
        text = _within(payload)
        with self._records.writing() as connection:
            self._audit.lock(connection)
            asked = select(func.coalesce(func.max(proposals.c.number), 0)).where(proposals.c.tenant == self.tenant)
            row = {
                "tenant": self.tenant, "number": connection.execute(asked).scalar_one() + 1, "kind": kind, "about": about[:200],
                "title": title, "payload": text, "base": base, "state": "draft", "by": by, "made_ms": now_ms, "decided_by": "",
                "decided_ms": 0, "reason": "", "due_ms": 0, "emergency": False, "reviewed_by": "", "outcome": "{}",
            }  # fmt: skip
            made = connection.execute(insert(proposals).values(row).returning(*proposals.c)).one()
            self._tell(connection, now_ms, by, "make", made.number, {"kind": kind, "title": title, "base": base})
        return _proposal(made)

    def ask(self, kind: str, about: str, title: str, payload: dict[str, Any], by: str, now_ms: int) -> Proposal:
        """One that waits for approval at once, without being a draft first. InputError, LimitExceeded."""
        made = self.make(kind, about, title[:MAX_TITLE_CHARS], payload, "", by, now_ms)
        return self.submit(made.number, by, now_ms)

    def one(self, number: int) -> Proposal:
        """NoSuchProposal."""
        with self._records.reading() as connection:
            return _proposal(self._row(connection, number, lock=False))

    def all(
        self, states: Sequence[str] = (), before: int | None = None, limit: int = 100, owed: bool = False
    ) -> list[Proposal]:
        """Newest first; only those in some states, when any are named; `owed`: only those whose review is owed."""
        asked = select(proposals).where(proposals.c.tenant == self.tenant)
        if owed:
            ended = proposals.c.state.in_(("done", "failed"))
            asked = asked.where(proposals.c.emergency, proposals.c.reviewed_by == "", ended)
        if states:
            asked = asked.where(proposals.c.state.in_(states))
        if before is not None:
            asked = asked.where(proposals.c.number < before)
        with self._records.reading() as connection:
            return [
                _proposal(row) for row in connection.execute(asked.order_by(proposals.c.number.desc()).limit(limit))
            ]

    def submit(self, number: int, by: str, now_ms: int) -> Proposal:
        """Ask for approval; whoever made it."""
        return self._step(number, by, now_ms, "submit", ("draft",), "submitted", own=True)

    def withdraw(self, number: int, by: str, now_ms: int) -> Proposal:
        """Not any more; whoever made it."""
        return self._step(number, by, now_ms, "withdraw", ("draft", "submitted"), "withdrawn", own=True)

    def approve(self, number: int, by: str, now_ms: int, reason: str = "", due_ms: int = 0) -> Proposal:
        """Let it be done, from `due_ms` on; anybody but whoever made it. SameEyes."""
        return self._step(
            number,
            by,
            now_ms,
            "approve",
            ("submitted",),
            "approved",
            own=False,
            reason=reason,
            due_ms=due_ms,
            decided=True,
        )

    def refuse(self, number: int, by: str, now_ms: int, reason: str) -> Proposal:
        """Do not let it be done, and why; also when it was approved for later and is not due yet. Anybody but whoever made it."""
        _require_reason(reason)
        return self._step(
            number, by, now_ms, "refuse", ("submitted", "approved"), "refused", own=False, reason=reason, decided=True
        )

    def go_ahead(self, number: int, by: str, now_ms: int, reason: str) -> Proposal:
        """In an emergency: whoever made it lets it be done, and says why; a review is owed."""
        _require_reason(reason)
        return self._step(
            number,
            by,
            now_ms,
            "emergency",
            ("draft", "submitted"),
            "approved",
            own=True,
            reason=reason,
            decided=True,
            emergency=True,
        )

    def review(self, number: int, by: str, now_ms: int, reason: str) -> Proposal:
        """Somebody else looked at what was done in an emergency. InputError, NotOpen, SameEyes."""
        _require_reason(reason)
        with self._records.writing() as connection:
            self._audit.lock(connection)
            before = _proposal(self._row(connection, number))
            if not before.emergency or before.reviewed_by or before.state not in ("done", "failed"):
                raise NotOpen("no review of it is owed", "该提案无需复核")
            _require_other(before, by)
            return self._changed(connection, number, now_ms, by, "review", {"reason": reason}, {"reviewed_by": by})

    def begin(self, number: int, now_ms: int) -> Proposal:
        """It is being done from here on and cannot be refused any more. NotOpen when it was, or when it is not due."""
        with self._records.writing() as connection:
            self._audit.lock(connection)
            before = _proposal(self._row(connection, number))
            _require_state(before, ("approved",))
            if before.due_ms > now_ms:
                raise NotOpen("it is not due yet", "尚未到执行时间")
            return self._changed(connection, number, now_ms, "system", "begin", {}, {"state": "doing"})

    def finish(self, number: int, now_ms: int, done: bool, outcome: dict[str, Any], state: str = "") -> Proposal:
        """It was done, or could not be; `state`: where that leaves it, when it is neither at its end. NotOpen when it is not being done."""
        with self._records.writing() as connection:
            self._audit.lock(connection)
            _require_state(_proposal(self._row(connection, number)), ("doing",))
            ends = state or ("done" if done else "failed")
            values = {"state": ends, "outcome": msgspec.json.encode(outcome).decode()}
            return self._changed(connection, number, now_ms, "system", ends if done else "failed", outcome, values)

    def take_on(
        self, number: int, by: str, now_ms: int, verb: str, step: dict[str, Any], told: dict[str, Any], own: bool = False
    ) -> Proposal:  # fmt: skip
        """From one stage to another: it is being done from here on. `step` goes into its payload; `told`: what was known when it was
        said. Anybody but whoever made it, unless `own`. NotOpen, SameEyes."""
        with self._records.writing() as connection:
            self._audit.lock(connection)
            before = _proposal(self._row(connection, number))
            _require_state(before, STAGES)
            if not own:
                _require_other(before, by)
            stopped = {"stopped_by": by} if own else {}
            payload = msgspec.json.encode(before.payload | {"step": step, "stood": before.state} | stopped).decode()
            return self._changed(connection, number, now_ms, by, verb, told, {"state": "doing", "payload": payload})

    def note(self, number: int, by: str, now_ms: int, name: str, content: dict[str, Any]) -> Proposal:
        """Keep what was found out about it, under a name of its own, while it is not at its end. NotOpen, LimitExceeded."""
        with self._records.writing() as connection:
            self._audit.lock(connection)
            before = _proposal(self._row(connection, number))
            _require_state(before, ("draft", "submitted", "approved", *STAGES))
            told = {key: value for key, value in content.items() if key not in ("result", "why")}
            payload = _within(before.payload | {name: content})
            return self._changed(connection, number, now_ms, by, name, told, {"payload": payload})

    def stopped(self, number: int, now_ms: int, outcome: dict[str, Any]) -> Proposal:
        """What was on its way is not any more: something else was released. NotOpen when it was not."""
        with self._records.writing() as connection:
            self._audit.lock(connection)
            _require_state(_proposal(self._row(connection, number)), STAGES)
            values = {"state": "stopped", "outcome": msgspec.json.encode(outcome).decode()}
            return self._changed(connection, number, now_ms, "system", "stopped", outcome, values)

    def due(self, now_ms: int) -> list[Proposal]:
        """What is approved and may be done now, and what was begun and not finished; oldest first."""
        asked = select(proposals).where(
            proposals.c.tenant == self.tenant,
            proposals.c.state.in_(("approved", "doing")),
            proposals.c.due_ms <= now_ms,
        )
        with self._records.reading() as connection:
            return [_proposal(row) for row in connection.execute(asked.order_by(proposals.c.number))]

    def _step(
        self, number: int, by: str, now_ms: int, verb: str, states: tuple[str, ...], state: str, *, own: bool, reason: str = "",
        due_ms: int = 0, decided: bool = False, emergency: bool = False,
    ) -> Proposal:  # fmt: skip
        with self._records.writing() as connection:
            self._audit.lock(connection)
            before = _proposal(self._row(connection, number))
            _require_state(before, states)
            if own and before.by != by:
                raise SameEyes("only whoever made it may do that", "只有提案人可以执行此操作")
            if not own:
                _require_other(before, by)
            values: dict[str, Any] = {"state": state}
            if decided:
                values |= {
                    "decided_by": by,
                    "decided_ms": now_ms,
                    "reason": reason,
                    "due_ms": due_ms,
                    "emergency": emergency,
                }
            told = {key: values[key] for key in ("reason", "due_ms") if values.get(key)}
            return self._changed(connection, number, now_ms, by, verb, told, values)

    def _changed(
        self,
        connection: Connection,
        number: int,
        now_ms: int,
        by: str,
        verb: str,
        told: dict[str, Any],
        values: dict[str, Any],
    ) -> Proposal:
        mine = (proposals.c.tenant == self.tenant) & (proposals.c.number == number)
        row = connection.execute(update(proposals).where(mine).values(values).returning(*proposals.c)).one()
        self._tell(connection, now_ms, by, verb, number, told)
        return _proposal(row)

    def _row(self, connection: Connection, number: int, lock: bool = True) -> Row[Any]:
        asked = select(proposals).where(proposals.c.tenant == self.tenant, proposals.c.number == number)
        row = connection.execute(asked.with_for_update() if lock else asked).first() if number < 1 << 31 else None
        if row is None:
            raise NoSuchProposal("there is no proposal of this number", "没有该编号的提案")
        return row

    def _tell(self, connection: Connection, now_ms: int, by: str, verb: str, number: int, told: dict[str, Any]) -> None:
        self._audit.add(connection, now_ms, by, f"proposal.{verb}", f"proposal/{number}", told)


def _within(payload: dict[str, Any]) -> str:
    text = msgspec.json.encode(payload).decode()
    if len(text) > MAX_PAYLOAD_BYTES:
        raise LimitExceeded(
            f"a proposal carries at most {MAX_PAYLOAD_BYTES:,} bytes", f"提案内容最多 {MAX_PAYLOAD_BYTES:,} 字节"
        )
    return text


def _require_state(before: Proposal, states: tuple[str, ...]) -> None:
    if before.state not in states:
        needed_en, needed_zh = " or ".join(states), "或".join(states)
        raise NotOpen(
            f"it is {before.state}; that needs it to be {needed_en}",
            f"该提案状态为 {before.state}；此操作要求 {needed_zh}",
        )


def _require_other(before: Proposal, by: str) -> None:
    if before.by == by:
        raise SameEyes(
            "who proposed it does not decide about it; ask somebody else", "提案人不能自行审批；请由他人处理"
        )


def _require_reason(reason: str) -> None:
    if not 1 <= len(reason.strip()) <= MAX_REASON_CHARS:
        raise InputError(
            f"say why, in 1 to {MAX_REASON_CHARS:,} characters", f"请说明原因（1 至 {MAX_REASON_CHARS:,} 个字符）"
        )


def _proposal(row: Row[Any]) -> Proposal:
    content: dict[str, Any] = dict(row._mapping)
    content.pop("tenant")
    content["payload"], content["outcome"] = msgspec.json.decode(row.payload), msgspec.json.decode(row.outcome)
    return Proposal(**content)
