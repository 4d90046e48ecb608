"""Frames of the log become alerts: decisions that stopped or held somebody, what waiting ones came to, models that drifted.

In: frames, the policies that decided. Out: `Alert`s in the order of the log, the same ones however often it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import msgspec
import numpy as np

from zhiyu.cases.event_words import EventWords
from zhiyu.cases.model import Alert
from zhiyu.cases.queues import Declared
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.opened import Opened
from zhiyu.engine.went_on import KINDS, parts_of
from zhiyu.log.frames import EVENTS, Frame

DeadlineOf = Callable[[tuple[int, int], int], int]
"""(code of an event's id, its position) → until when it waits, ms: 0 when it does not any more, -1 when it never did."""


class Reader:
    """Reads the log of one tenant. `opened_of`: a policy of the log by its hash; `declared`: what is work at all."""

    def __init__(
        self, tenant: str, opened_of: Callable[[str], Opened], declared: Declared, deadline_of: DeadlineOf
    ) -> None:
        self._tenant, self._opened_of, self._declared, self._deadline_of = tenant, opened_of, declared, deadline_of
        self._policies: dict[str, EventWords] = {}

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

    def _policy(self, policy: str) -> EventWords:
        if policy not in self._policies:
            self._policies[policy] = EventWords(self._opened_of(policy))
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


def _code(d: DecisionBatch, at: int) -> tuple[int, int]:
    return int(d.id_code[at, 0]), int(d.id_code[at, 1])
