"""One tenant's engine behind a durable log: records in, answers out, nothing acknowledged is ever lost or doubled.

In: JSON records, a few or many at a time. Out: one `Answer` each. `take` decides a batch and hands one frame with events and decisions to
the log; `sync` returns when it is on the disk: answer only then. Opening again after any crash gives the state that the log tells.
The folder and what makes it durable: `durable.py`; which policy decides: `in_force.py`, step by step: `stages.py`; what was decided
earlier: `earlier.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np

from zhiyu.base.errors import LimitExceeded
from zhiyu.base.limits import MAX_BATCH
from zhiyu.engine.answers import CONFLICT, DECIDED, REFUSED, REPEATED, TAKEN, Answer
from zhiyu.engine.asks import Asks
from zhiyu.engine.broken import Broken
from zhiyu.engine.durable import SNAPSHOT_EVENTS
from zhiyu.engine.earlier import Earlier
from zhiyu.engine.engine import Outcome
from zhiyu.engine.event_frames import event_payload
from zhiyu.engine.forget_frames import NotedForgotten, forget, forget_payload
from zhiyu.engine.held_over import lost_nodes
from zhiyu.engine.label_frames import NotedLabels
from zhiyu.engine.labelling import Label, Labelling, answer_label, answer_wrong, clock_of
from zhiyu.engine.list_changes import ListChanges
from zhiyu.engine.list_frames import NotedLists, list_payload
from zhiyu.engine.live_decode import decode_bodies
from zhiyu.engine.opened import Opened
from zhiyu.engine.recovery import Recovered
from zhiyu.engine.resumed_frames import stored, time_payload
from zhiyu.engine.retention import Needs
from zhiyu.engine.stages import Stages
from zhiyu.engine.wait_answers import told_of_answers, told_of_waits, waits_listed, with_state
from zhiyu.engine.warming import lag_of
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import Source
from zhiyu.events.list_changes import ListChange, Snooze
from zhiyu.log.disk import Disk
from zhiyu.log.frames import EVENTS, FORGET, LABELS, LISTS, TICK
from zhiyu.log.segments import SEGMENT_BYTES

_BYTES_A_BODY = 2


class Live(Stages, Earlier):
    """Opens or makes the tenant's folder and recovers. One thread calls everything but `sync`, which may wait in another.

    A policy other than the one in force is released, unless `release` is False. `clock`: "wall" stamps what comes in with the time of
    day; "events" knows no time but that of the events, as a replay of a file does.
    """

    def __init__(
        self, folder: Path, opened: Opened, *, clock: Literal["wall", "events"] = "wall", disk: Disk | None = None,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000, segment_bytes: int = SEGMENT_BYTES,
        snapshot_events: int = SNAPSHOT_EVENTS, release: bool = True, vault_key: Path | None = None,
    ) -> None:  # fmt: skip
        super().__init__(
            folder, opened, clock=clock, disk=disk, now=now, segment_bytes=segment_bytes, snapshot_events=snapshot_events,
            vault_key=vault_key,
        )  # fmt: skip
        self.decode_s = self.engine_s = 0.0
        self.asks = Asks()
        self.asks.begin(self.opened, self.engine.resuming)
        if release:
            self._go_on(opened)

    def take(self, bodies: Sequence[bytes], source: str | None = None, late: Collection[int] = ()) -> list[Answer]:
        """Decide records as one batch; one `Answer` each, in order, to be told after the next `sync`. `decode_s`: how long reading took;
        `engine_s`: deciding, before it was written down.

        `late`: numbers of records whose deadline has passed. LimitExceeded above MAX_BATCH records; DiskFull and Broken as they say.
        """
        if len(bodies) > MAX_BATCH:
            raise LimitExceeded(f"more than {MAX_BATCH:,} records at once", f"一次超过 {MAX_BATCH:,} 条记录")
        self._require_working()
        self.log.reserve(_BYTES_A_BODY * sum(map(len, bodies)) + self._room * len(bodies))
        first, began = self.position, time.perf_counter()
        batch, refusals = decode_bodies(self.opened, self._source(source), bodies, first)
        self.decode_s, self.engine_s = time.perf_counter() - began, 0.0
        self.position += len(bodies)
        answers: list[Answer | None] = [None] * len(bodies)
        for refusal in refusals:
            answers[refusal.position - first] = Answer(REFUSED, b"", refusal)
        if batch is not None:
            try:
                self._process(batch, first, late, answers, bodies, self._source(source))
            except BaseException as failed:
                self.broken = f"{type(failed).__name__}: {failed}"
                raise
        if self.position >= self._snapshot_due:
            self.snapshot()
        return answers  # type: ignore[return-value]

    def _process(
        self, batch: EventBatch, first: int, late: Collection[int], answers: list[Answer | None], bodies: Sequence[bytes],
        source: Source | None,
    ) -> None:  # fmt: skip
        n = batch.n
        floors = np.full(n, self._now(), np.int64) if self.clock == "wall" else np.zeros(0, np.int64)
        fallbacks = np.zeros(0, np.int64)
        if late:
            fallbacks = np.flatnonzero(np.isin(batch.positions, np.array([first + number for number in late])))
        began = time.perf_counter()
        outcome = self.engine.process(batch, self.answers.needs_values, floors, fallbacks)
        self.engine_s = time.perf_counter() - began
        if self.vaulting is not None:
            self.vaulting.seal(self.opened, source.name if source else "", bodies, first, batch, outcome)
        chain = self._log(batch, outcome, floors, fallbacks)
        decided = self.answers.bodies(outcome.decisions, chain)
        for body, position in zip(decided, outcome.decisions.positions.tolist()):
            answers[position - first] = Answer(DECIDED, body)
        if self.engine.resuming is not None:
            told_of_waits(self.engine.resuming, outcome, batch, first, answers)
            self.asks.taken(self.opened, self.engine.resuming, bodies, source, first)
            for position, body in self.asks.tell(self.engine.resuming, outcome, chain, self.answers).items():
                if position >= first:  # its answers came with it
                    answers[position - first] = Answer(DECIDED, body)
        for refusal in outcome.refusals:
            kind = CONFLICT if refusal.code == "id_conflict" else REFUSED
            answers[refusal.position - first] = Answer(kind, b"", refusal)
        for position, known in outcome.repeats:
            gone = b'{"position":%d,"status":"known","repeated":true}' % known
            body = self.at(known, repeated=True) or gone
            if self.engine.resuming is not None:
                row = int(np.flatnonzero(batch.positions == position)[0])
                codes = batch.id_code[row : row + 1]
                body = with_state(self.engine.resuming, codes, known, body, self.archive.came_to)
            answers[position - first] = Answer(REPEATED, body)
        if None in answers:
            self._take_rest(batch, first, answers)
        told_of_answers(outcome, first, answers)

    def _log(self, batch: EventBatch, outcome: Outcome, floors: np.ndarray, fallbacks: np.ndarray) -> bytes:
        """Write the frame of what was accepted; returns the chain."""
        judged = outcome.judged
        assert judged is not None
        if not judged.accepted:
            return self.log.chain
        accepted = np.arange(batch.n) if judged.accepted == batch.n else np.flatnonzero(judged.status == 0)
        kept = outcome.decisions
        if self.answers.needs_values:
            kept = kept.keeping(kept.outcome[kept.kept] > 0)
        own = np.intersect1d(fallbacks, accepted) if len(fallbacks) else fallbacks
        payload = event_payload(
            self.opened.artifact.hash, self.engine.accepted - len(accepted), batch, judged, accepted, floors, own, kept, outcome.resumed,
        )  # fmt: skip
        before = self.log.position
        chain = self.log.append(EVENTS, payload, len(accepted), int(batch.positions[accepted[0]]), self.position)
        self.archive.keep_events(before, batch, accepted, outcome.resumed)
        return chain

    def _take_rest(self, batch: EventBatch, first: int, answers: list[Answer | None]) -> None:
        """Facts and noise: counted, nothing to decide."""
        for row, position in enumerate(batch.positions.tolist()):
            if answers[position - first] is None:
                body = self.answers.taken(str(batch.ids[row]), int(batch.type_index[row]), position)
                answers[position - first] = Answer(TAKEN, body)

    def label(self, labels: Sequence[Label]) -> list[Answer]:
        """Take labels of events; one `Answer` each, to be told after the next `sync`: TAKEN, REPEATED, CONFLICT or REFUSED.

        A label counts for the next event on, as a label of a file does when it is due. LimitExceeded above MAX_BATCH; DiskFull and Broken.
        """
        if len(labels) > MAX_BATCH:
            raise LimitExceeded(f"more than {MAX_BATCH:,} labels at once", f"一次超过 {MAX_BATCH:,} 条标签")
        self._require_working()
        self.log.reserve(sum(4 * (len(each.reason) + len(each.author)) for each in labels) + self._room * len(labels))
        first = self.position
        labelling = Labelling(self.opened, self._opened_of, self._positions_of, self.archive.note_at)
        note, wrong = labelling.matched(labels, first, clock_of(self.engine.door, self.floor()))
        answers: list[Answer | None] = [None] * len(labels)
        for number, why in wrong.items():
            answers[number] = answer_wrong(labels[number], number, why)
        if note is not None:
            with self._breaking():
                self._log_labels(note, first, labels, answers)
        return answers  # type: ignore[return-value]

    def _log_labels(self, note: NotedLabels, first: int, labels: Sequence[Label], answers: list[Answer | None]) -> None:
        judged = self.engine.admit_labels(note)
        accepted = np.flatnonzero(judged.status == 0)
        self.position += len(labels)
        if len(accepted):
            fresh, before = note.take(accepted), self.log.position
            went_on = self.engine.take_labels(fresh)
            fresh.resumed = [stored(part) for part in went_on]
            self.log.append(LABELS, fresh.payload(), fresh.n, int(fresh.positions[0]), self.position)
            self.archive.keep_labels(before, fresh, went_on)
        for row, position in enumerate(note.positions.tolist()):
            label = labels[position - first]
            known = int(judged.first[row])
            answers[position - first] = answer_label(label, position - first, note, row, int(judged.status[row]), known)

    def list_changes(self) -> ListChanges:
        """What people bring to lists, compared with what is there now; hand the changes to `change_lists`."""
        return ListChanges(self.opened.known_lists, self.engine.lists)

    def change_lists(self, changes: Sequence[ListChange | Snooze]) -> int:
        """Log changes that were made as of `moment()`; they are in effect for the next event on. Returns the position of the first.

        To be told after the next `sync`. LimitExceeded, and nothing changed, when the lists would be too full; DiskFull and Broken.
        """
        self._require_working()
        if not changes:
            return self.position
        self.tick()
        note, first = NotedLists(self.floor(), list(changes)), self.position
        self.log.reserve(len(list_payload(note)) + self._room * self.engine.concerned_by(note.changes))
        self.engine.lists.put(note.changes)
        with self._breaking():
            went_on = self.engine.lists_changed(note)
            note.resumed = [stored(part) for part in went_on]
            note.policy = self.opened.artifact.hash if note.resumed else ""
            before, self.position = self.log.position, self.position + len(changes)
            self.log.append(LISTS, list_payload(note), len(changes), first, self.position)
            self.archive.keep_changes(before, changes, first, went_on)
        return first

    def forget(self, note: NotedForgotten) -> int:
        """Log that a person of the network is erased, or a thing un-linked: so it is for the next event on. Returns how many events of the
        window mention them no more. To be told after the next `sync`; DiskFull and Broken."""
        self._require_working()
        self.tick()
        payload, before = forget_payload(note), self.log.position
        self.log.reserve(len(payload))
        with self._breaking():
            events, self.position = forget(self.engine, note), self.position + 1
            if self.vaulting is not None and note.field in self.opened.persons.values():
                self.vaulting.erase(note.code, self.position - 1)
            self.log.append(FORGET, payload, 1, self.position - 1, self.position)
            self.archive.keep_nothing(before)
        return events

    def tick(self, until_ms: int | None = None) -> int:
        """Let time pass, by default up to now: what has waited until then goes on, and a frame says so. Returns how many decisions did."""
        until = self.floor() if until_ms is None else until_ms
        due = self.engine.next_moment(until)
        if due is None or due > until:
            return 0
        self._require_working()
        with self._breaking():
            outcome = self.engine.pass_time(until)
            payload = time_payload(self.opened.artifact.hash, until, outcome.resumed)
            before, self.position = self.log.position, self.position + 1
            chain = self.log.append(TICK, payload, 1, before, self.position)
            self.archive.keep_time(before, outcome.resumed)
            self.asks.tell(self.engine.resuming, outcome, chain, self.answers)
        return sum(part.n for part in outcome.resumed)

    def waiting(self, after: int = -1, limit: int = 100) -> list[dict[str, Any]]:
        """What waits at positions past `after`, in their order, at most `limit`: id, type, position, node, since and until."""
        return waits_listed(self.engine.resuming, after, limit) if self.engine.resuming is not None else []

    def work(self, seconds: float = 0.005) -> bool:
        """Do about so much of what waits in the background (a release that counts); True when there is more to do."""
        if self.broken:
            return False
        if not self.packing.busy and self.retention.work(self._needs):
            self.archive.index.forget(self.log.first)
        if not self.retention.busy:
            self.packing.work()
        self._keep_snapshots()
        self.tick()
        if self.vaulting is not None:
            self.vaulting.keep_ms = self.retention.promise.personal_ms
            self.vaulting.work()
        self._finish_share()
        if self.warming is None:
            beside = self.beside.work(seconds) if self.beside is not None else False
            return self.snapshots.work(seconds) | self.archive.index.work(seconds) | beside
        if not self.warming.work(seconds) and self.warming.done >= self.log.position:
            if lost_nodes(self.engine, self.warming.opened.compiled):
                return False  # it comes into force when nothing waits there any more
            self._put_in_force(self.warming.opened, self._warming_by, self.warming)
            return False
        return True

    def _needs(self) -> Needs:
        """What of the log must stay whatever was promised."""
        horizon_ms = self.engine.door.limits[2]
        start = min((each.start for each in (self.warming, self.beside) if each is not None), default=self.log.position)
        return Needs(start, int(self.engine.door.clock[0]) - horizon_ms, lag_of(self.opened))

    def _source(self, name: str | None) -> Source | None:
        return self.opened.source(name) if name is not None else None


__all__ = ["CONFLICT", "DECIDED", "REFUSED", "REPEATED", "TAKEN", "Answer", "Broken", "Label", "Live", "Recovered"]
