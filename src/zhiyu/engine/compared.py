"""What was noted against what comes out when it is decided again: every bit of every decision, and what differs in words.

In: frames as they were noted, the engine's outcome for the same events with all values kept. Out: counts, and differences by position.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.layout import MARKS, O_KEPT
from zhiyu.decisions.resumed import Resumed
from zhiyu.decisions.values import to_python
from zhiyu.engine.engine import Outcome
from zhiyu.engine.event_frames import Noted
from zhiyu.engine.opened import Opened
from zhiyu.engine.verdicts import MAX_DIFFERENCES, Difference
from zhiyu.policy.declare import OUTCOMES

MAX_TOLD = 1_000
"""Decisions whose differences are told; of further ones only the number."""


class Compared:
    """Takes what a `Tail` hands out. `asked(position)`: whether this decision is one that is judged; others are only counted when they
    differ. `live` tells the policy that is in force while the frames go through."""

    def __init__(self, asked: Callable[[int], bool], live: Callable[[], Opened]) -> None:
        self.same = self.wrong = self.beside = 0
        self.first_beside = -1
        self.seen: set[int] = set()
        self.differences: dict[int, tuple[Difference, ...]] = {}
        self.later: dict[tuple[int, int], tuple[Difference, ...]] = {}
        self._asked, self._live = asked, live

    def __call__(self, notes: list[Noted], outcome: Outcome) -> None:
        """Judge a group of frames."""
        start, row = 0, 0
        found = outcome.decisions
        for note in notes:
            part = np.arange(start, min(start + note.decisions.n, found.n))
            self._judge(note, found, part, outcome, row)
            start, row = start + note.decisions.n, row + note.batch.n
        if start < found.n:
            for position in found.positions[start:].tolist():
                self._tell(position, (Difference("decided", "no", "yes"),))

    def went_on(self, told: list[Resumed], found: list[Resumed]) -> None:
        """Judge what went on after waiting: `later` holds, by position and step, what differs, nothing where it is as noted."""
        again = {step: (part, at) for part in found for step, at in _steps(part)}
        for part in told:
            for step, at in _steps(part):
                own = again.get(step)
                self.later[step] = self._later(part, at, *own) if own else (Difference("decided", "yes", "no"),)

    def _later(self, told: Resumed, at: int, found: Resumed, own: int) -> tuple[Difference, ...]:
        one, other, live = told.decisions, found.decisions, self._live()
        differences = [
            Difference(name, int(getattr(told, name)[at]), int(getattr(found, name)[own]))
            for name in ("cause", "answer", "waits", "stays")
            if getattr(told, name)[at] != getattr(found, name)[own]
        ]
        if one.received_ms[at] != other.received_ms[own]:
            differences.append(Difference("received_ms", int(one.received_ms[at]), int(other.received_ms[own])))
        lines = np.arange(len(one.block)) != O_KEPT
        if (one.block[lines, at] != other.block[lines, own]).any():
            was, now = live.told(one, at), live.told(other, own)
            differences += [
                Difference({"hits": "rules"}.get(name, name), getattr(was, name), getattr(now, name))
                for name in ("outcome", "enforced", "mark", "score", "hits", "path")
                if getattr(was, name) != getattr(now, name)
            ] or [Difference("fingerprint of all values", _hex(one.prints[at]), _hex(other.prints[own]))]
        return tuple(differences[:MAX_DIFFERENCES])

    def _judge(self, note: Noted, found: DecisionBatch, part: Array, outcome: Outcome, row: int) -> None:
        noted, live = note.decisions, self._live()
        policy = note.policy != live.artifact.hash
        if policy or len(part) < noted.n or not np.array_equal(noted.positions, found.positions[part]):
            what = (
                Difference("policy", note.policy, live.artifact.hash) if policy else Difference("decided", "yes", "no")
            )
            for position in noted.positions.tolist():
                self._tell(position, (what,))
            return
        wrong = self._unlike(note, found, part, outcome, row)
        for at, position in enumerate(noted.positions.tolist()):
            if wrong[at]:
                self._tell(position, tuple(self._told(note, at, found, int(part[at]), outcome, row))[:MAX_DIFFERENCES])
            elif self._asked(position):
                self.same += 1
                self.seen.add(position)

    def _unlike(self, note: Noted, found: DecisionBatch, part: Array, outcome: Outcome, row: int) -> Array:
        """bool[d]: decisions of the frame with any bit that is not as noted."""
        noted = note.decisions
        if not noted.n:
            return np.zeros(0, bool)
        lines = np.arange(len(noted.block)) != O_KEPT
        wrong: Array = (noted.block[lines] != found.block[:, part][lines]).any(axis=0)
        if len(noted.kept):
            own = part[noted.kept]  # everything is kept when decisions are made again, in order
            unlike = (noted.kept_values != found.kept_values[own]) | (noted.kept_nulls != found.kept_nulls[own])
            wrong[noted.kept] |= unlike.any(axis=1)
        judged = outcome.judged
        assert judged is not None
        rows = row + noted.rows
        return wrong | (judged.received[rows] != noted.received_ms) | (judged.late[rows] != noted.late)

    def _tell(self, position: int, differences: tuple[Difference, ...]) -> None:
        if not self._asked(position):
            self.beside += 1
            self.first_beside = position if self.first_beside < 0 else self.first_beside
            return
        self.wrong += 1
        self.seen.add(position)
        if len(self.differences) < MAX_TOLD:
            self.differences[position] = differences

    def _told(
        self, note: Noted, at: int, found: DecisionBatch, own: int, outcome: Outcome, row: int
    ) -> Iterator[Difference]:
        """What differs in one decision, most telling first."""
        noted, live = note.decisions, self._live()
        one, other = live.told(noted, at), live.told(found, own)
        for name in ("outcome", "enforced", "mark", "score", "hits", "quiet", "path", "approximate", "late"):
            was, now = getattr(one, name), getattr(other, name)
            if was != now:
                yield Difference({"hits": "rules"}.get(name, name), was, now)
        judged = outcome.judged
        assert judged is not None
        received = int(judged.received[row + int(noted.rows[at])])
        if received != noted.received_ms[at]:
            yield Difference("received_ms", int(noted.received_ms[at]), received)
        line = np.flatnonzero(noted.kept == at)
        if len(line):
            yield from self._values(noted, int(line[0]), found, own)
        if noted.prints[at] != found.prints[own]:
            yield Difference("fingerprint of all values", f"{_hex(noted.prints[at])}", f"{_hex(found.prints[own])}")
        if (noted.errors[at] != found.errors[own]).any():
            yield Difference("rules that ended in an error", noted.errors[at].tolist(), found.errors[own].tolist())

    def _values(self, noted: DecisionBatch, line: int, found: DecisionBatch, own: int) -> Iterator[Difference]:
        for number, column in enumerate(self._live().compiled.features):
            was = int(noted.kept_values[line, number]), int(noted.kept_nulls[line, number])
            now = int(found.kept_values[own, number]), int(found.kept_nulls[own, number])
            if was != now:
                yield Difference(
                    column.name, _plain(to_python(column.type, *was)), _plain(to_python(column.type, *now))
                )


def _steps(part: Resumed) -> Iterator[tuple[tuple[int, int], int]]:
    """(position, number of the step) of each decision that went on, and its place in the part."""
    for at, step in enumerate(zip(part.decisions.positions.tolist(), part.revision.tolist())):
        yield step, at


def outcome_name(d: DecisionBatch, at: int) -> str:
    """The outcome of a decision, with its mark when what was done differs."""
    mark = MARKS[int(d.mark[at])]
    return OUTCOMES[int(d.outcome[at])] + (
        f" ({OUTCOMES[int(d.enforced[at])]}, {mark})" if d.outcome[at] != d.enforced[at] else ""
    )


def _hex(value: Any) -> str:
    return f"{int(value) & 0xFFFFFFFFFFFFFFFF:016x}"


def _plain(value: Any) -> Any:
    return value if value is None or isinstance(value, (bool, int, float, str)) else str(value)
