"""Everything that was found among decisions, counted: by outcome, event type, rule, reason, by whom it is about, and over time.

In: the log, what is sought, answers under the policies that decided. Out: numbers, after as many pieces as the log needs. It finds what
`DecisionList` lists, and counts what stands there: decisions are taken together by what they say, so that few are worded. A piece costs a
bounded time, so that whoever serves it lets others have their turn. Of whom decisions are about, so many are kept as `MAX_SUBJECTS` says,
the newest ones: each of them is counted to the end, those that come later are left out, and the answer says so.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.answers import REMEMBERED, Answers
from zhiyu.engine.decision_list import Sought, SubjectField, shown_of, subject_fields, told_of_columns
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.opened import Opened
from zhiyu.engine.tallies import Bars, Money, Tallies, picked
from zhiyu.log.frames import EVENTS
from zhiyu.log.list_journal import said_time
from zhiyu.log.segments import SegmentLog
from zhiyu.policy.outcomes import OUTCOMES

MAX_SUBJECTS = 100_000
"""Values of entities that one count keeps, of all entities together: some 30 MB."""
_ALL = ""
_ROWS = 512
"""Decisions that are counted without a look at the clock."""


class DecisionCount:
    """One count, of what stands before `position` now. `offset_ms`: of the zone in which days begin."""

    def __init__(
        self, log: SegmentLog, tenant: str, answers_of: Callable[[str], Answers], sought: Sought, position: int, offset_ms: int = 0
    ) -> None:  # fmt: skip
        self._log, self._tenant, self._answers_of, self._sought = log, tenant, answers_of, sought
        self._position = self._place = position
        self._first = log.first
        self._spoken: dict[str, _Spoken] = {}
        self._fields: dict[str, list[SubjectField]] = {}
        self._currencies: list[str] = []
        self.looked = self.unknown = 0
        self._all, self._bars = Tallies[str](), Bars(offset_ms)
        self._outcomes, self._types = Tallies[str](), Tallies[str]()
        self._rules, self._reasons = Tallies[str](), Tallies[str]()
        self._subjects: dict[str, Tallies[int]] = {}
        self._shown: dict[str, dict[int, str]] = {}
        self._named: dict[str, set[str]] = {}
        self._kept, self.full = 0, False
        self._steps = self._read()

    @property
    def found(self) -> int:
        """Decisions that were found so far."""
        return self._all.n.get(_ALL, 0)

    @property
    def done(self) -> float:
        """How much of the log was looked at, 0 to 1."""
        whole = self._position - self._first
        return 1.0 if whole <= 0 else min(max((self._position - self._place) / whole, 0.0), 1.0)

    def piece(self, seconds: float) -> bool:
        """Look further for about so many seconds; False when everything was looked at."""
        until = time.perf_counter() + seconds
        for _ in self._steps:
            if time.perf_counter() >= until:
                return True
        self._place = self._first
        return False

    def told(self) -> dict[str, Any]:
        """What was counted, as JSON."""
        first_ms, last_ms = self._bars.first_ms, self._bars.last_ms
        subjects = [
            {
                "entity": entity,
                "fields": sorted(self._named[entity]),
                **tallies.told(partial(_worded, self._shown[entity])),
            }
            for entity, tallies in self._subjects.items()
        ]
        return {
            "found": self.found, "looked": self.looked, "unknown": self.unknown, "money": self._all.money(_ALL),
            "first": None if first_ms is None else said_time(first_ms), "last": None if last_ms is None else said_time(last_ms),
            "outcomes": self._outcomes.told(_named), "types": self._types.told(_named), "rules": self._rules.told(_named),
            "reasons": self._reasons.told(_named), "subjects": subjects, "full": self.full, **self._bars.told(),
            "position": self._position,
        }  # fmt: skip

    def _read(self) -> Iterator[None]:
        """One step at a time: the newest frame that was not looked at, or some of its decisions."""
        while (frame := next(self._log.frames_before(self._place), None)) is not None:
            if frame.header.kind == EVENTS:
                note = noted(frame.payload, self._tenant)
                answers = self._answers_of(note.policy)
                wanted, unknown = told_of_columns(note, answers.opened, self._sought, self._position)
                self.looked += note.decisions.n
                self.unknown += int(unknown.sum())
                chosen = np.flatnonzero(wanted)[::-1]
                for at in range(0, len(chosen), _ROWS):
                    self._count(note, answers, chosen[at : at + _ROWS][::-1])
                    yield
            self._place = frame.header.first
            yield

    def _count(self, note: Noted, answers: Answers, chosen: Array) -> None:
        """Decisions of a frame, by their numbers (ascending)."""
        d = note.decisions.at(chosen)
        if note.policy not in self._spoken:
            self._spoken[note.policy] = _Spoken(answers)
            self._fields[note.policy] = subject_fields(answers.opened)
        groups, said = self._spoken[note.policy].of(d)
        if self._sought.reason:
            has = np.array([self._sought.reason in reasons for _, reasons in said])
            rows = np.flatnonzero(has[groups])
            d, groups = d.at(rows), groups[rows]
        if not d.n:
            return
        money = self._money(note, answers.opened, d)
        self._all.add([_ALL], [d.n], money.sums(np.zeros(d.n, np.int64), 1))
        self._bars.add(d.time_ms)
        _add(self._outcomes, d.outcome, money, OUTCOMES)
        _add(self._types, d.type_index, money, answers.type_names)
        counts, sums = np.bincount(groups, minlength=len(said)).tolist(), money.sums(groups, len(said))
        for which, tallies in enumerate((self._rules, self._reasons)):
            of, names = [], []
            for group, spoken in enumerate(said):
                if counts[group]:
                    of += [group] * len(spoken[which])
                    names += spoken[which]
            tallies.add(names, [counts[group] for group in of], picked(sums, of))
        self._about(note, d.rows, money)

    def _money(self, note: Noted, opened: Opened, d: DecisionBatch) -> Money:
        """The amounts that `amount_of` tells, of all of them at once."""
        currency = np.full(d.n, -1, np.int64)
        for number in np.unique(d.type_index).tolist():
            event = opened.compiled.schema.types[number]
            if event.money:
                name = event.fields[event.money].currency
                if name not in self._currencies:
                    self._currencies.append(name)
                there = note.batch.nulls[opened.compiled.schema.index[event.money], d.rows] == 0
                currency[(d.type_index == number) & there] = self._currencies.index(name)
        return Money(self._currencies, currency, note.batch.money[d.rows])

    def _about(self, note: Noted, rows: Array, money: Money) -> None:
        """Whom decisions are about, newest first: of each entity, a decision counts once for a value, whatever fields name it."""
        named: dict[str, list[tuple[Array, Array]]] = {}
        for name, entity, register in self._fields[note.policy]:
            codes, there = note.batch.values[register, rows], note.batch.nulls[register, rows] == 0
            for others, named_there in named.setdefault(entity, []):
                there = there & ~(named_there & (others == codes))
            named[entity].append((codes, there))
            if not there.any():
                continue
            places = np.flatnonzero(there)[::-1]
            found, newest, inverse = np.unique(codes[places], return_index=True, return_inverse=True)
            groups = np.full(len(rows), -1, np.int64)
            groups[places] = inverse
            tallies = self._subjects.setdefault(entity, Tallies[int](self._room))
            shown = self._shown.setdefault(entity, {})
            self._named.setdefault(entity, set()).add(name)
            counts, sums = np.bincount(inverse, minlength=len(found)).tolist(), money.sums(groups, len(found))
            order = np.argsort(newest).tolist()
            names = [int(found[at]) for at in order]
            tallies.add(names, [counts[at] for at in order], picked(sums, order))
            for code, at in zip(names, newest[order].tolist()):
                if code not in shown and code in tallies.n:
                    shown[code] = shown_of(note, name, code, int(rows[places[at]]))

    def _room(self) -> bool:
        """Whether one more value is kept; those that are not are missed from then on."""
        if self._kept >= MAX_SUBJECTS:
            self.full = True
            return False
        self._kept += 1
        return True


class _Spoken:
    """Rules (in shadow too) and reasons of decisions under one policy; decisions that say the same are one group."""

    def __init__(self, answers: Answers) -> None:
        self._answers = answers
        self._results = answers.opened.results if answers.needs_values else []
        self._known: dict[bytes, tuple[list[str], list[str]]] = {}

    def of(self, d: DecisionBatch) -> tuple[Array, list[tuple[list[str], list[str]]]]:
        """Per decision the number of its group; per group its rules and reasons, each once."""
        lines = {int(at): line for line, at in enumerate(d.kept)} if self._answers.needs_values else {}
        numbers: dict[bytes, int] = {}
        groups, said = np.zeros(d.n, np.int64), list[tuple[list[str], list[str]]]()
        for at, key in enumerate(self._answers.keys(d)):
            line = lines.get(at, -1)
            if line >= 0:
                key += d.kept_values[line, self._results].tobytes() + d.kept_nulls[line, self._results].tobytes()
            number = numbers.get(key)
            if number is None:
                number = numbers[key] = len(said)
                said.append(self._said(d, at, line, key))
            groups[at] = number
        return groups, said

    def _said(self, d: DecisionBatch, at: int, line: int, key: bytes) -> tuple[list[str], list[str]]:
        if key not in self._known:
            told, brief = self._answers.spoken(d, at, line)
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            rules = dict.fromkeys([*(rule.rule.name for rule in brief.rules), *told.quiet])
            self._known[key] = [*rules], [*dict.fromkeys(brief.reasons)]
        return self._known[key]


def _add(tallies: Tallies[str], numbers: Array, money: Money, names: Any) -> None:
    """Decisions by what has a number."""
    size = int(numbers.max()) + 1
    counts, sums = np.bincount(numbers, minlength=size).tolist(), money.sums(numbers.astype(np.int64), size)
    there = [number for number, n in enumerate(counts) if n]
    tallies.add([names[each] for each in there], [counts[each] for each in there], picked(sums, there))


def _named(name: str) -> dict[str, Any]:
    return {"name": name}


def _worded(shown: dict[int, str], code: int) -> dict[str, Any]:
    return {"code": f"{code & 0xFFFFFFFFFFFFFFFF:016x}", "shown": shown[code]}
