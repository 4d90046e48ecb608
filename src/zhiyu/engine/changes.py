"""What changes about decisions that wait: which of them a list, a label or a gang concerns, and at which moment.

In: changes as they become due. Out: per moment, the waits to be decided again, and why. A change concerns what waits when it takes effect:
what begins to wait afterwards has seen it already. What runs out at that very moment is not decided twice: its end sees the change.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.resumed import MAX_CHANGES_TOLD, Change
from zhiyu.engine.concerned import Concerned
from zhiyu.engine.derived_labels import DerivedLabels
from zhiyu.engine.facts import Facts, Waiting
from zhiyu.engine.gang_events import GangFact
from zhiyu.engine.holds import Code, Held, Holds
from zhiyu.entities.lists import ListChange
from zhiyu.events.batch import EventBatch
from zhiyu.network.layout import NO_CODE
from zhiyu.policy.compile_waits import Waits

FAR = int(np.iinfo(np.int64).max)
SPAN_MS = 600_000
Touched = list[tuple[Held, tuple[Change, ...]]]
"""What waits, and what changed about it."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A label inside a batch that may concern what waits when row `place` comes: `born`, the last row before it that it may concern.

    A row so long before that it waits no more, whatever it waited for, does not matter.
    """

    place: int
    born: int
    keys: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Label:
    """A label that concerns something: from when on, whether it says fraud, and the keys it names with their entities."""

    due_ms: int
    fraud: bool
    keys: tuple[tuple[int, str], ...]


class Changes:
    """Changes about what `holds` holds. `now`: the moment up to which everything has taken effect, ms."""

    def __init__(self, waits: Waits, concerned: Concerned, holds: Holds, derived: DerivedLabels) -> None:
        self.concerned, self.holds, self.now, self._derived = concerned, holds, -FAR, derived
        self.watched = waits.watched if concerned.width else frozenset[str]()
        self.labels = Waiting(concerned.width + 1, SPAN_MS) if "labels" in self.watched else None
        self._longest_ms = sum(plan.wait.within_ms for plan in waits.plans)
        self._kinds = np.array(sorted({plan.kind for plan in waits.plans}), np.int64)
        self._pending: list[_Label] = []
        self._passed = -FAR
        self._watches = [plan.wait.watched for plan in waits.plans]

    # labels ------------------------------------------------------------------------------------------------------

    def put_labels(self, values: Array, nulls: Array, fraud: Array, due: Array) -> None:
        """Labels of events with these registers are due at `due` (ms)."""
        if self.labels is not None and len(due):
            if int(due.min()) <= self._passed:
                self._drop_passed()
            keys, missing = self.concerned.keys(values, nulls)
            self.labels.put(
                Facts(np.vstack([keys, fraud]), np.vstack([missing, np.zeros((1, len(due)), np.uint8)]), due)
            )

    def put_own_labels(self, batch: EventBatch, rows: Array, last_ms: int) -> None:
        """Labels that came with the rows (int64[n]) of a step, the last of which was received at `last_ms`; those that took effect
        inside the step concerned nothing."""
        if self.labels is None:
            return
        at, due, fraud = self._labelled(batch, rows)
        later = (due > last_ms) | (at == len(rows) - 1)
        if later.any():
            found = rows[at[later]]
            self.put_labels(batch.values[:, found], batch.nulls[:, found], fraud[later], due[later])

    def _labelled(self, batch: EventBatch, rows: Array) -> tuple[Array, Array, Array]:
        """Labels that come with these rows, or are derived from them: numbers of the rows, from when they are due (ms), fraud 0 or 1."""
        own = np.flatnonzero(batch.labels[rows] >= 0)
        due, fraud = batch.time_ms[rows[own]] + batch.label_delay_ms, batch.labels[rows[own]].astype(np.int64)
        if not self._derived:
            return own, due, fraud
        said = self._derived.said(batch.type_index[rows], batch.values[:, rows], batch.nulls[:, rows])
        due = np.concatenate([due, batch.time_ms[rows[said.at]]])
        return np.concatenate([own, said.at]), due, np.concatenate([fraud, said.fraud])

    def cuts(self, batch: EventBatch, accepted: Array, received: Array) -> list[Cut]:
        """Labels that take effect inside the batch and may concern something that waits then, by place."""
        if self.labels is None or not len(accepted):
            return []
        old, width = self.labels.upto(int(received[-1])), self.concerned.width
        own, due, _ = self._labelled(batch, accepted)
        own, due = own[due <= received[-1]], due[due <= received[-1]]
        if not len(old) and not len(own):
            return []
        keys, missing = self.concerned.keys(batch.values[:, accepted[own]], batch.nulls[:, accepted[own]])
        keys, missing = np.hstack([old.values[:width], keys]), np.hstack([old.nulls[:width], missing])
        floor = np.concatenate([np.full(len(old), -1), own])
        place = np.maximum(np.searchsorted(received, np.concatenate([old.due, due]), side="left"), floor + 1)
        born = self._born(keys, missing, place, batch, accepted)
        near = (born >= 0) & (received[np.maximum(place - 1, 0)] <= received[np.maximum(born, 0)] + self._longest_ms)
        waits = (np.isin(keys, self.holds.keys()) & (missing == 0)).any(axis=0)
        order = np.argsort(place, kind="stable")
        return [
            Cut(int(place[at]), int(born[at]), tuple(keys[missing[:, at] == 0, at].tolist()))
            for at in order[(near | waits)[order]].tolist()
        ]

    def _born(self, keys: Array, missing: Array, place: Array, batch: EventBatch, accepted: Array) -> Array:
        """int64[n]: for each label the last row before its place that may begin to wait and names one of its keys, -1 for none."""
        rows = np.flatnonzero(np.isin(batch.type_index[accepted], self._kinds))
        own, away = self.concerned.keys(batch.values[:, accepted[rows]], batch.nulls[:, accepted[rows]])
        there = away == 0
        known, rank = np.unique(own[there], return_inverse=True)
        if not len(known):
            return np.full(len(place), -1)
        pairs = np.sort((rank.astype(np.int64) << 32) | np.broadcast_to(rows, own.shape)[there])
        number = np.minimum(np.searchsorted(known, keys), len(known) - 1)
        at = np.searchsorted(pairs, (number << 32) | place) - 1
        found = pairs[np.maximum(at, 0)]
        same = (missing == 0) & (known[number] == keys) & (at >= 0) & (found >> 32 == number)
        last: Array = np.where(same, found & 0xFFFFFFFF, -1).max(axis=0)
        return last

    def clear(self, cuts: Sequence[Cut], start: int, stop: int) -> int:
        """The end of the step from `start`: at most `stop`, and before the first label that concerns what waits, or may wait, by then."""
        for each in cuts[bisect_left(cuts, start + 1, key=lambda cut: cut.place) :]:
            if each.place >= stop:
                break
            if each.born >= start or any(map(self.holds.about, each.keys)):
                return each.place
        return stop

    def pass_by(self, ms: int) -> None:
        """Labels that are due by then have concerned nothing."""
        self.now, self._passed = max(self.now, ms), max(self._passed, ms)

    def _drop_passed(self) -> None:
        """Forget the labels that have concerned nothing; until then they are only known to be passed."""
        if self.labels is not None and self.labels.next_due <= self._passed:
            self.labels.take_due(self._passed)
        self._passed = -FAR

    # moments -----------------------------------------------------------------------------------------------------

    def next_moment(self, bound: int, lists_due: int) -> int:
        """The first moment, at most `bound`, at which something that waits may be concerned; FAR for none. `lists_due`: when lists
        change next."""
        if not len(self.holds):
            self._pending.clear()
            self._passed = max(self._passed, bound)
            return FAR
        moments = [lists_due] if "lists" in self.watched else []
        if self.labels is not None and self.labels.next_due <= bound:
            self._pending += self._concerning(self.labels.take_due(bound))
            self._passed = -FAR
        while self._pending and not any(self.holds.about(key) for key, _ in self._pending[0].keys):
            self._pending.pop(0)
        moments += [each.due_ms for each in self._pending[:1]]
        moment = max(min(moments, default=FAR), self.now)
        return moment if moment <= bound else FAR

    def waits_for(self, bound: int) -> bool:
        """Whether a label that is due by `bound` concerns something that waits."""
        labels = self._concerning(self.labels.upto(bound)) if self.labels is not None and len(self.holds) else []
        return bool(labels or self._pending)

    def count(self, changed: Iterable[ListChange]) -> int:
        """How many waits changes of lists concern, counted once per change."""
        keys = (
            (key for each in changed for _, key in self.concerned.of_list(each.list, each.code))
            if len(self.holds)
            else ()
        )
        return sum(len(self.holds.about(key)) for key in keys)

    def _concerning(self, facts: Facts) -> list[_Label]:
        """The labels that concern something that waits now."""
        found, about, missing = [], facts.values[:-1], facts.nulls[:-1]
        mine = (np.isin(about, self.holds.keys()) & (missing == 0)).any(axis=0) & (facts.due > self._passed)
        for at in np.flatnonzero(mine).tolist():
            keys = [
                (key, entity)
                for key, missing, entity in zip(
                    facts.values[:, at].tolist(), facts.nulls[:, at], self.concerned.entities
                )
                if not missing and self.holds.about(key)
            ]
            if keys:
                found.append(_Label(int(facts.due[at]), bool(facts.values[-1, at]), tuple(keys)))
        return found

    def touched(self, moment: int, changed: Sequence[ListChange]) -> tuple[str, Touched]:
        """What of CHANGES it is, and which waits it concerns at this moment; changes of lists come first, then labels."""
        self.now = max(self.now, moment)
        if changed:
            return "lists", self._open(moment, "lists", self._by_lists(changed))
        due = [each for each in self._pending if each.due_ms <= moment]
        self._pending = self._pending[len(due) :]
        return "labels", self._open(moment, "labels", self._by_labels(due))

    def by_gangs(self, moment: int, found: Iterable[tuple[GangFact, Array]]) -> Touched:
        """The waits that gangs, with the codes of their people, concern at this moment."""
        if "gangs" not in self.watched or not self.concerned.person or not len(self.holds):
            return []
        return self._open(moment, "gangs", self._by_gangs(found))

    def _by_lists(self, changed: Iterable[ListChange]) -> Iterator[tuple[int, Change]]:
        for each in changed:
            for entity, key in self.concerned.of_list(each.list, each.code):
                yield key, Change("lists", each.list, entity, each.shown, each.op)

    def _by_labels(self, due: Iterable[_Label]) -> Iterator[tuple[int, Change]]:
        for each in due:
            for key, entity in each.keys:
                yield key, Change("labels", "fraud" if each.fraud else "good", entity)

    def _by_gangs(self, found: Iterable[tuple[GangFact, Array]]) -> Iterator[tuple[int, Change]]:
        person = self.concerned.person
        for fact, codes in found:
            for code in codes[codes != NO_CODE].tolist():
                yield self.concerned.key(person, code), Change("gangs", str(fact.gang), person)

    def _open(self, moment: int, what: str, changes: Iterable[tuple[int, Change]]) -> Touched:
        """The waits that look at such changes and do not run out at this moment, by position."""
        touched: dict[Code, list[Change]] = {}
        for key, change in changes:
            for code in self.holds.about(key):
                held = self.holds.open(code)
                if held is None or held.deadline_ms <= moment or what not in self._watches[held.plan]:
                    continue
                told = touched.setdefault(code, [])
                if change not in told and len(told) < MAX_CHANGES_TOLD:
                    told.append(change)
        return sorted(
            ((held, tuple(touched[code])) for code in touched if (held := self.holds.open(code)) is not None),
            key=lambda each: each[0].position,
        )

    # snapshots ---------------------------------------------------------------------------------------------------

    def take_over(self, other: Changes) -> None:
        """Go on with the labels that wait for their time under another policy."""
        self.now = other.now
        if self.labels is None or other.labels is None:
            return
        other._drop_passed()
        facts, before = other.labels.everything(), {line: at for at, line in enumerate(other.concerned.lines)}
        source = np.array([*(before.get(line, -1) for line in self.concerned.lines), other.concerned.width])
        values, nulls = facts.values[source], facts.nulls[source]
        nulls[source < 0] = 1
        self.labels.put(Facts(values, nulls, facts.due))

    def snapshot(self, path: Path) -> int:
        """Write the labels that wait for their time; returns bytes."""
        self._drop_passed()
        return self.labels.snapshot(path) if self.labels is not None else 0

    def restore(self, path: Path, now: int) -> None:
        """Read a snapshot taken when everything up to `now` had taken effect."""
        self.now = now
        if self.labels is not None:
            self.labels.restore(path)
