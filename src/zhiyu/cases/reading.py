"""Frames of the log become alerts: decisions that stopped or held somebody, what waiting ones came to, models that drifted.

In: frames, the policies that decided. Out: `Alert`s in the order of the log, the same ones however often it is read. What a value is shown
as comes from the event: masked where the field is personal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.cases.model import Alert, Reason, Who
from zhiyu.cases.queues import Declared
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import Resumed
from zhiyu.decisions.values import to_python
from zhiyu.engine.answers import Answers
from zhiyu.engine.entity_keys import entities_of
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.opened import Opened
from zhiyu.engine.went_on import KINDS, parts_of
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS, Frame
from zhiyu.policy.outcomes import OUTCOMES

MAX_REASONS, MAX_RULES, MAX_SHOWN_CHARS = 20, 50, 120
DeadlineOf = Callable[[tuple[int, int], int], int]
"""(code of an event's id, its position) → until when it waits, ms: 0 when it does not any more, -1 when it never did."""


def code_text(code: int) -> str:
    """The code of a value as it is told: 16 hex digits.

    >>> code_text(-1)
    'ffffffffffffffff'
    """
    return f"{code & 0xFFFFFFFFFFFFFFFF:016x}"


class Reader:
    """Reads the log of one tenant. `opened_of`: a policy of the log by its hash; `declared`: what is work at all."""

    def __init__(
        self, tenant: str, opened_of: Callable[[str], Opened], declared: Declared, deadline_of: DeadlineOf
    ) -> None:
        self._tenant, self._opened_of, self._declared, self._deadline_of = tenant, opened_of, declared, deadline_of
        self._policies: dict[str, _Policy] = {}

    def alerts(self, frame: Frame) -> list[Alert]:
        """What came up in one frame."""
        if frame.header.kind not in KINDS:
            return []
        if frame.header.kind == EVENTS:
            note = noted(frame.payload, self._tenant)
            return [
                *self._decisions(note, frame),
                *self._went_on(note.policy, note.resumed, frame),
                *self._drift(note),
            ]
        return list(self._went_on(*parts_of(frame, self._tenant), frame))

    def _policy(self, policy: str) -> _Policy:
        if policy not in self._policies:
            self._policies[policy] = _Policy(self._opened_of(policy))
        return self._policies[policy]

    def _decisions(self, note: Noted, frame: Frame) -> Iterator[Alert]:
        """Alerts of first decisions; those that wait for a service's answer are told when it came."""
        d = note.decisions
        if not d.n:
            return
        wanted = np.flatnonzero(d.enforced >= self._declared.least_outcome)
        if not len(wanted):
            return
        policy = self._policy(note.policy)
        for at, body in zip(wanted.tolist(), policy.bodies(d, wanted, frame)):
            until = self._deadline_of(_code(d, at), int(d.positions[at]))
            if until >= 0 and policy.asks(d, at):
                continue
            yield policy.alert(d, at, note.batch, int(d.rows[at]), body, until)

    def _went_on(self, policy_hash: str, parts: Sequence[Resumed], frame: Frame) -> Iterator[Alert]:
        for part in parts:
            policy, d = self._policy(policy_hash), part.decisions
            chosen = np.flatnonzero(~part.stays)
            for at, body in zip(chosen.tolist(), policy.bodies(d, chosen, frame)):
                waits = bool(part.waits[at])
                if waits and policy.asks(d, at):
                    continue
                until = self._deadline_of(_code(d, at), int(d.positions[at])) if waits else 0
                found = policy.alert(d, at, part.events, int(d.rows[at]), body, until if waits else -1)
                yield msgspec.structs.replace(found, went_on=True, waits=waits, at_ms=int(d.received_ms[at]))

    def _drift(self, note: Noted) -> Iterator[Alert]:
        policy = self._policy(note.policy)
        kinds = [
            number
            for number, event in enumerate(policy.opened.compiled.schema.types)
            if event.name in self._declared.drift_types
        ]
        for row in np.flatnonzero(np.isin(note.batch.type_index, kinds)).tolist() if kinds else ():
            yield policy.drift(note.batch, row)


@dataclass
class _Policy:
    """What reading needs of one policy."""

    opened: Opened

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.opened)

    @cached_property
    def _fields(self) -> list[tuple[str, str, int]]:
        """(field, entity, register); fields of the person of the network first, then as declared."""
        index, network = self.opened.compiled.schema.index, self.opened.policy.network
        person = network.person if network is not None else ""
        found = [(name, who[0], index[name]) for name, who in entities_of(self.opened).items() if name in index]
        return sorted(found, key=lambda each: each[0] != person)

    @cached_property
    def _reasons(self) -> dict[str, Reason]:
        return {each.code: Reason(each.code, each.en, each.zh) for each in self.opened.policy.reasons}

    @cached_property
    def _asking(self) -> set[str]:
        """Nodes at which services are asked."""
        return {plan.wait.node for plan in self.opened.compiled.waits.plans if plan.wait.call}

    def asks(self, d: DecisionBatch, at: int) -> bool:
        """Whether the decision is one that a service was to be asked about."""
        return bool(self._asking) and not self._asking.isdisjoint(self.opened.told(d, at, False).path)

    def bodies(self, d: DecisionBatch, chosen: Array, frame: Frame) -> list[dict[str, Any]]:
        """Decisions as they were told."""
        if not len(chosen):
            return []
        return [msgspec.json.decode(body) for body in self._answers.bodies(d.at(chosen), frame.header.chain)]

    def who(self, batch: EventBatch, row: int) -> tuple[Who, ...]:
        """Everybody that an event names, the person first; each once."""
        found: dict[tuple[str, str], Who] = {}
        for name, entity, register in self._fields:
            if not batch.nulls[register, row]:
                code = code_text(int(batch.values[register, row]))
                column = batch.shown.get(name)
                shown = str(_plain(column, row) or code)[:MAX_SHOWN_CHARS]
                found.setdefault((entity, code), Who(entity, code, shown))
        return tuple(found.values())

    def alert(
        self, d: DecisionBatch, at: int, batch: EventBatch, row: int, body: dict[str, Any], until_ms: int
    ) -> Alert:
        """The alert of one decision; `until_ms`: as `DeadlineOf`."""
        who, position = self.who(batch, row), int(d.positions[at])
        first = who[0] if who else None
        reasons = tuple(self._reasons.get(code, Reason(code)) for code in body["reasons"][:MAX_REASONS])
        return Alert(
            id=f"d:{position}", kind="decision", at_ms=int(d.received_ms[at]), position=position, event_id=str(d.ids[at]),
            event_type=body["type"], outcome=OUTCOMES[int(d.enforced[at])], waits=until_ms > 0, until_ms=max(until_ms, 0),
            score=int(d.score[at]), money=max(int(d.money[at]), 0), currency=self.opened.currency, rules=tuple(body["rules"][:MAX_RULES]),
            reasons=reasons, who=who, subjects=(first.subject,) if first else (f"event:{position}",),
            shown=f"{first.entity} {first.shown}" if first else str(d.ids[at])[:MAX_SHOWN_CHARS],
            detail={"decided": body["outcome"], "mark": body["mark"], "policy": body["policy"][:12]},
        )  # fmt: skip

    def drift(self, batch: EventBatch, row: int) -> Alert:
        """The alert of an event that tells of a drift: its fields are the detail."""
        schema, detail = self.opened.compiled.schema, dict[str, Any]()
        for register, column in enumerate(schema.columns):
            if column.role == "field" and not batch.nulls[register, row]:
                texts = batch.shown.get(column.name)
                value = _plain(texts, row)
                plain = to_python(column.type, batch.values[register, row], 0) if value is None else value
                detail[column.name] = plain if isinstance(plain, str | int | float | bool) else str(plain)
        position = int(batch.positions[row])
        model = str(detail.get("model") or detail.get("input") or schema.types[int(batch.type_index[row])].name)
        return Alert(
            id=f"m:{position}", kind="drift", at_ms=int(batch.time_ms[row]), position=position, event_id=str(batch.ids[row]),
            event_type=schema.types[int(batch.type_index[row])].name, subjects=(f"model:{model}"[:128],), shown=model[:MAX_SHOWN_CHARS],
            detail=detail,
        )  # fmt: skip


def _plain(column: Any, row: int) -> str | None:
    """A text of a column, which may be one of Arrow; None without."""
    found: Any = column[row] if column is not None else None
    text: str | None = found.as_py() if hasattr(found, "as_py") else found
    return text


def _code(d: DecisionBatch, at: int) -> tuple[int, int]:
    return int(d.id_code[at, 0]), int(d.id_code[at, 1])
