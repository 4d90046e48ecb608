"""Decisions as a list: newest first, those that somebody asked for, piece by piece.

In: the log, answers under the policies that decided. Out: entries as JSON objects, and where the next piece begins. The columns of a frame
are filtered first; only what is told is worded. A piece costs a bounded time, so that whoever serves it lets others have their turn.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.answers import Answers
from zhiyu.engine.decision_query import DecisionQuery
from zhiyu.engine.entity_keys import entities_of
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.opened import Opened
from zhiyu.log.frames import EVENTS, Frame
from zhiyu.log.list_journal import said_time
from zhiyu.log.segments import SegmentLog
from zhiyu.policy.outcomes import OUTCOMES

SubjectField = tuple[str, str, int]
"""A field, the entity it names, its register."""
_WORD = 0xFFFFFFFFFFFFFFFF


@dataclass(frozen=True, slots=True)
class Sought:
    """Which decisions: empty or None means any. `outcomes`, `enforced`: numbers of `OUTCOMES`; `rule`: it hit, in shadow too; `reason`: a
    reason code; scores inclusive; event times in ms, `until` exclusive; `of`: (entity, code of a value); `where`: a condition;
    `after`: only what stands behind this position, and nothing before it is read."""

    types: frozenset[str] = frozenset()
    outcomes: frozenset[int] = frozenset()
    rule: str = ""
    reason: str = ""
    min_score: int | None = None
    max_score: int | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    differing: bool = False
    of: tuple[str, int] | None = None
    where: DecisionQuery | None = None
    after: int = -1


@dataclass(slots=True)
class Piece:
    """Entries, newest first. `next`: pass it as `before` for what follows, None at the end of the log; `looked`: decisions looked at;
    `unknown`: those among them that fit otherwise, but of which `where` cannot be told."""

    entries: list[dict[str, Any]] = field(default_factory=list)
    next: int | None = None
    looked: int = 0
    unknown: int = 0


class DecisionList:
    """Reads one log. `answers_of`: how decisions under the policy of a hash are worded."""

    def __init__(self, log: SegmentLog, tenant: str, answers_of: Callable[[str], Answers]) -> None:
        self._log, self._tenant, self._answers_of = log, tenant, answers_of
        self._subjects: dict[str, list[SubjectField]] = {}

    def piece(self, sought: Sought, before: int, most: int, seconds: float) -> Piece:
        """At most `most` entries that stand before position `before`, from frames read within about so many seconds, at least one."""
        found, until = Piece(), time.perf_counter() + seconds
        for frame in self._log.frames_before(before):
            if frame.header.kind == EVENTS:
                self._read(frame, sought, before, most, found)
                if len(found.entries) == most:
                    found.next = found.entries[-1]["position"]
                    return found
            if frame.header.first <= sought.after:
                return found
            if time.perf_counter() >= until and frame.header.first > self._log.first:
                found.next = frame.header.first
                return found
        return found

    def _read(self, frame: Frame, sought: Sought, before: int, most: int, found: Piece) -> None:
        note = noted(frame.payload, self._tenant)
        answers = self._answers_of(note.policy)
        wanted, unknown = told_of_columns(note, answers.opened, sought, before)
        first = 0  # of what was looked at: all, or down to the last entry there is room for
        for at in np.flatnonzero(wanted)[::-1]:
            entry = self._entry(note, answers, note.decisions.at(np.array([at])), frame)
            if not sought.reason or sought.reason in entry["reasons"]:
                found.entries.append(entry)
                if len(found.entries) == most:
                    first = int(at)
                    break
        places = note.decisions.positions[first:]
        asked = (places < before) & (places > sought.after)
        found.looked += int(asked.sum())
        found.unknown += int((unknown[first:] & asked).sum())

    def _entry(self, note: Noted, answers: Answers, one: DecisionBatch, frame: Frame) -> dict[str, Any]:
        opened, row = answers.opened, int(one.rows[0])
        times = {"time": said_time(int(one.time_ms[0])), "received_at": said_time(int(one.received_ms[0]))}
        told: dict[str, Any] = msgspec.json.decode(answers.bodies(one, frame.header.chain)[0])
        return {
            **told, **times, "amount": amount_of(opened, note, row), "subjects": self.subjects_of(note, opened, row),
        }  # fmt: skip

    def subjects_of(self, note: Noted, opened: Opened, row: int) -> list[dict[str, Any]]:
        """Whom and what the event in a row is about: field, entity, the value as it may be shown, its code."""
        fields = self._subjects.get(note.policy)
        if fields is None:
            fields = self._subjects[note.policy] = subject_fields(opened)
        batch, found = note.batch, list[dict[str, Any]]()
        for name, entity, register in fields:
            if not batch.nulls[register, row]:
                code = int(batch.values[register, row])
                shown = shown_of(note, name, code, row)
                found.append({"field": name, "entity": entity, "shown": shown, "code": f"{code & _WORD:016x}"})
        return found


def subject_fields(opened: Opened) -> list[SubjectField]:
    """The fields that say whom and what an event is about."""
    index = opened.compiled.schema.index
    return [(name, entity, index[name]) for name, known in entities_of(opened).items() for entity in known[:1]]


def shown_of(note: Noted, name: str, code: int, row: int) -> str:
    """The value of a field in a row as it may be shown, masked where the policy says so; its code where no text is kept."""
    texts = note.batch.shown.get(name)
    return (None if texts is None else texts[row]) or f"#{code & _WORD:016x}"


def amount_of(opened: Opened, note: Noted, row: int) -> dict[str, Any] | None:
    """The money that an event moves, in minor units, with its currency; None when it moves none."""
    event = opened.compiled.schema.types[int(note.batch.type_index[row])]
    if not event.money or note.batch.nulls[opened.compiled.schema.index[event.money], row]:
        return None
    return {"minor": int(note.batch.money[row]), "currency": event.fields[event.money].currency}


def told_of_columns(note: Noted, opened: Opened, sought: Sought, before: int) -> tuple[Array, Array]:
    """bool[d], bool[d]: decisions of a frame that are wanted, whatever their reasons; those that fit otherwise, but of which `where` cannot
    be told."""
    wanted = _fits(note, opened, sought, before)
    unknown = np.zeros(note.decisions.n, bool)
    if sought.where is not None and wanted.any():
        true, unknown = sought.where.told(note, opened)
        wanted, unknown = wanted & true, wanted & unknown
    return wanted, unknown


def _fits(note: Noted, opened: Opened, sought: Sought, before: int) -> Array:
    """bool[n]: which decisions of a frame are wanted, as far as columns tell."""
    d = note.decisions
    found: Array = (d.positions < before) & (d.positions > sought.after)
    if not d.n:
        return found
    if sought.types:
        found &= np.isin(
            d.type_index, [i for i, e in enumerate(opened.compiled.schema.types) if e.name in sought.types]
        )
    if sought.outcomes:
        found &= np.isin(d.outcome, list(sought.outcomes))
    if sought.differing:
        found &= d.outcome != d.enforced
    if sought.min_score is not None:
        found &= d.score >= sought.min_score
    if sought.max_score is not None:
        found &= d.score <= sought.max_score
    if sought.since_ms is not None:
        found &= d.time_ms >= sought.since_ms
    if sought.until_ms is not None:
        found &= d.time_ms < sought.until_ms
    if sought.rule:
        found &= _hit(d, opened, sought.rule)
    if sought.of is not None:
        found &= _about(note, opened, *sought.of)
    return found


def _hit(d: DecisionBatch, opened: Opened, rule: str) -> Array:
    for number, each in enumerate(opened.compiled.rule_order):
        if each.rule.name == rule:
            bits = (d.hits[:, number // 64] | d.quiet[:, number // 64]) >> np.int64(number % 64)
            hit: Array = (bits & 1) != 0
            return hit
    return np.zeros(d.n, bool)


def _about(note: Noted, opened: Opened, entity: str, code: int) -> Array:
    found = np.zeros(note.decisions.n, bool)
    for name, entities in entities_of(opened).items():
        if entity in entities:
            register = opened.compiled.schema.index[name]
            rows = note.decisions.rows
            found |= (note.batch.nulls[register, rows] == 0) & (note.batch.values[register, rows] == code)
    return found


def outcomes_of(text: str) -> frozenset[int]:
    """Numbers of outcomes that stand in a text, separated by commas. KeyError with the one that is none.

    >>> sorted(outcomes_of("review,decline"))
    [4, 5]
    """
    names = [each for each in text.split(",") if each]
    for name in names:
        if name not in OUTCOMES:
            raise KeyError(name)
    return frozenset(OUTCOMES.index(name) for name in names)
