"""Frames of the log, applied to an engine: the one way in which events, labels and changes of lists that were logged take effect again.

In: frames in order. Out: the engine moved on. A `Tail` decides everything anew and compares it with what was noted: recovery, and whoever
re-executes. A `Follower` counts for another policy: it believes what was noted, and lays the columns out anew where the policies differ.
A release is the caller's: it makes another engine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from zhiyu.base.errors import ZhiyuError
from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.digest import Digest
from zhiyu.decisions.layout import O_KEPT
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.admit import NO_CLOCK
from zhiyu.engine.carried import Carried
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.forget_frames import forget, noted_forgotten
from zhiyu.engine.label_frames import NotedLabels, noted_labels
from zhiyu.engine.list_frames import NotedLists, noted_lists
from zhiyu.engine.live_decode import joined
from zhiyu.engine.opened import Opened
from zhiyu.engine.relaid import GONE, Relaid
from zhiyu.engine.resumed_frames import NotedTime, StoredResumed, noted_time, read_back
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS, FORGET, LABELS, LISTS, TICK, Frame

Seen = Callable[[list[Noted], Outcome], None]


@runtime_checkable
class SeesLater(Protocol):
    """A `Seen` that judges as well what went on after waiting."""

    def went_on(self, told: list[Resumed], found: list[Resumed]) -> None:
        """What was noted, and what comes out."""


AT_ONCE = 8_192
"""Events that are put through the engine together."""


class Differs(ZhiyuError):
    """A decision came out otherwise than it was noted."""

    code = "differs"
    status = 503


class Tail:
    """Puts frames through an engine, in order; `flush` after the last. `digest`, when given, is fed with every decision.

    `seen`, when given, gets what was noted and what came out, all values kept, and judges it itself; else a difference raises Differs.
    """

    def __init__(
        self, engine: Engine, digest: Digest | None = None, check: bool = True, found: Tail | None = None, seen: Seen | None = None
    ) -> None:  # fmt: skip
        """`found`: the tail before a release; its counts go on."""
        self.engine, self.digest, self.check, self.seen = engine, digest, check, seen
        self.frames: int = found.frames if found else 0
        self.events: int = found.events if found else 0
        self._waiting: list[Noted] = []
        self._count = 0

    def take(self, frame: Frame) -> None:
        """One frame of any kind; a release changes nothing here."""
        kind = frame.header.kind
        if kind == EVENTS:
            self._take_events(noted(frame.payload, self.engine.tenant))
        elif kind == LABELS:
            self.flush()
            self._label(noted_labels(frame.payload))
        elif kind == LISTS:
            self.flush()
            lists = noted_lists(frame.payload)
            self._gone_on(lists.resumed, self.engine.change_lists(lists))
        elif kind == TICK:
            self.flush()
            self._pass_time(noted_time(frame.payload))
        elif kind == FORGET:
            self.flush()
            forget(self.engine, noted_forgotten(frame.payload))
        else:
            return
        self.frames += 1

    def _take_events(self, note: Noted) -> None:
        if self._waiting and _unlike(self._waiting[-1], note):
            self.flush()
        self._waiting.append(note)
        self._count += note.batch.n
        if self._count >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Put through what waits."""
        if self._waiting:
            notes, count, self._waiting, self._count = self._waiting, self._count, [], 0
            self._decide(notes)
            self.events += count

    def _decide(self, notes: list[Noted]) -> None:
        batch = joined([note.batch for note in notes])
        if not batch.values.flags.writeable:
            batch.values = batch.values.copy()  # the engine stamps `received_at`
        floors = np.concatenate([note.floors for note in notes])
        starts = np.cumsum([0] + [note.batch.n for note in notes])
        fallbacks = np.concatenate([note.fallbacks + start for note, start in zip(notes, starts)])
        outcome = self.engine.process(batch, self.seen is not None, floors, fallbacks)
        if outcome.judged is None or outcome.judged.accepted < batch.n:
            raise _differs(int(batch.positions[0]), self.engine.tenant)
        if self.seen is not None:
            self.seen(notes, outcome)
            if isinstance(self.seen, SeesLater):
                self.seen.went_on([part for note in notes for part in note.resumed], outcome.resumed)
        elif self.check:
            _require_same([note.decisions for note in notes], outcome.decisions)
            _require_same_resumed(
                [part for note in notes for part in note.resumed], outcome.resumed, self.engine.tenant
            )
        if self.digest is not None:
            self.digest.update(outcome.decisions)
            for part in outcome.resumed:
                self.digest.resume(part)

    def _pass_time(self, note: NotedTime) -> None:
        """What went on because time passed goes on again."""
        self._gone_on(note.resumed, self.engine.pass_time(note.until_ms).resumed)

    def _gone_on(self, stored: list[StoredResumed], found: list[Resumed]) -> None:
        """Compare what went on with what was noted."""
        told = [read_back(part, self.engine.tenant) for part in stored] if self.check or self.seen is not None else []
        if isinstance(self.seen, SeesLater):
            self.seen.went_on(told, found)
        elif self.check:
            _require_same_resumed(told, found, self.engine.tenant)
        if self.digest is not None:
            for part in found:
                self.digest.resume(part)

    def _label(self, note: NotedLabels) -> None:
        if self.engine.admit_labels(note).accepted < note.n:
            raise _differs(int(note.positions[0]), self.engine.tenant)
        self._gone_on(note.resumed, self.engine.take_labels(note))


class Follower(Tail):
    """Counts what was accepted under other policies, for the policy `opened` of the engine.

    `opened_of`: a policy of the log by its hash.
    """

    def __init__(self, engine: Engine, opened: Opened, opened_of: Callable[[str], Opened]) -> None:
        super().__init__(engine)
        self._opened, self._opened_of = opened, opened_of
        self._relaid: dict[str, Relaid] = {}

    def _decide(self, notes: list[Noted]) -> None:
        batch = joined([note.batch for note in notes])
        received = np.concatenate([note.judged.received for note in notes])
        late = np.concatenate([note.judged.late for note in notes])
        told = told_of([note.told for note in notes])
        relaid = self._from(notes[0].policy)
        if relaid.same:
            batch.values = batch.values.copy()  # the engine stamps `received_at`
            self.engine.accepted = notes[0].accepted
            self._followed(batch, self.engine.process_accepted(batch, received, late, told=told))
            return
        for rows in runs_of(relaid.kinds(batch.type_index) != GONE):
            self.engine.accepted = notes[0].accepted + rows.start
            own = relaid.batch(batch, rows)
            self._followed(own, self.engine.process_accepted(own, received[rows], late[rows], told=told))

    def _followed(self, batch: EventBatch, outcome: Outcome) -> None:
        """What came of a stretch of events; nobody asks."""

    def take_carried(self, carried: Carried) -> None:
        """Facts from before the first frame that is kept; to be called before any other."""
        changes = carried.changes()
        if changes:
            self.engine.change_lists(NotedLists(NO_CLOCK, changes))
        for own, note in carried.labels:
            kinds = self._from(note.policy).kinds(note.type_index)
            self._label(note.take(np.flatnonzero(kinds != GONE)) if own else note)

    def _pass_time(self, note: NotedTime) -> None:
        """Waits are those of the engine in force; here nothing waits."""

    def _gone_on(self, stored: list[StoredResumed], found: list[Resumed]) -> None:
        """Nothing does."""

    def _label(self, note: NotedLabels) -> None:
        relaid = self._from(note.policy)
        if not relaid.same:
            note.values, note.nulls = relaid.columns(note.values, note.nulls, note.shown)
        self.engine.take_labels(note)

    def _from(self, policy: str) -> Relaid:
        if policy not in self._relaid:
            self._relaid[policy] = Relaid(self._opened_of(policy), self._opened)
        return self._relaid[policy]


def runs_of(kept: Array) -> Iterator[slice]:
    """Neighbouring rows that are kept (bool[n])."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], kept.astype(np.int8), [0]])))
    yield from (slice(start, stop) for start, stop in edges.reshape(-1, 2).tolist())


def told_of(parts: list[tuple[Array, Array]]) -> tuple[Array, Array]:
    """What was really decided, of some batches as of one: positions, and lines of the decisions."""
    return np.concatenate([positions for positions, _ in parts]), np.concatenate([lines for _, lines in parts], axis=1)


def _unlike(one: Noted, other: Noted) -> bool:
    return (
        one.policy != other.policy
        or bool(len(one.floors)) != bool(len(other.floors))
        or one.batch.label_delay_ms != other.batch.label_delay_ms
    )


def _require_same_resumed(told: list[Resumed], found: list[Resumed], tenant: str) -> None:
    """What went on must have gone on then, because of the same, to the same decision."""
    lines = [
        [
            np.concatenate([getattr(part, name) for part in parts]) if parts else np.zeros(0, np.int64)
            for name in ("revision", "cause", "answer", "waits", "stays")
        ]
        + [
            np.concatenate([getattr(part.decisions, name) for part in parts])
            for name in ("positions", "received_ms")
            if parts
        ]
        for parts in (told, found)
    ]
    if len(lines[0]) != len(lines[1]) or not all(np.array_equal(one, other) for one, other in zip(*lines)):
        raise _differs(int(found[0].decisions.positions[0]) if found else int(told[0].decisions.positions[0]), tenant)
    for part in found[:1]:
        whole = np.concatenate([each.decisions.block for each in found], axis=1)
        _require_same([each.decisions for each in told], replace(part.decisions, block=whole))


def _require_same(told: Iterable[DecisionBatch], decisions: DecisionBatch) -> None:
    blocks = [each.block for each in told if each.n]
    expected = np.concatenate(blocks, axis=1) if blocks else np.zeros((0, 0), np.int64)
    found = decisions.block
    if expected.shape[1] == found.shape[1] and len(expected) in (0, len(found)):
        lines = np.arange(len(found)) != O_KEPT
        if not found.shape[1] or np.array_equal(expected[lines], found[lines]):
            return
        wrong = np.flatnonzero((expected[lines] != found[lines]).any(axis=0))
        raise _differs(int(decisions.positions[wrong[0]]), decisions.tenant)
    raise _differs(int(decisions.positions[0]) if decisions.n else -1, decisions.tenant)


def _differs(position: int, tenant: str) -> Differs:
    return Differs(
        f"the decision at position {position} of '{tenant}' does not come out as it was noted; the data was written by another version of "
        "Zhiyu, under another ZHIYU_KEY, or the disk changed it. Nothing was changed",
        f"租户“{tenant}”位置 {position} 的决策与记录不符：数据可能由其他版本或其他 ZHIYU_KEY 写入，或磁盘内容被改动。未做任何修改",
    )
