"""One tenant's engine behind a durable log: records in, answers out, nothing acknowledged is ever lost or doubled.

In: JSON records, a few or many at a time. Out: one `Answer` each. `take` decides a batch and hands one frame with events and decisions to
the log; `sync` returns when it is on the disk: answer only then. Opening again after any crash gives the state that the log tells.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np

from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.base.limits import MAX_BATCH
from zhiyu.decisions.explain import Explanation
from zhiyu.engine.admit import NO_CLOCK
from zhiyu.engine.answers import CONFLICT, DECIDED, REFUSED, REPEATED, TAKEN, Answer, Answers
from zhiyu.engine.archive import Archive
from zhiyu.engine.asks import Asks
from zhiyu.engine.broken import Broken
from zhiyu.engine.engine import Outcome
from zhiyu.engine.event_frames import event_payload
from zhiyu.engine.forget_frames import NotedForgotten, forget, forget_payload
from zhiyu.engine.held_over import lost_nodes, require_nodes
from zhiyu.engine.label_frames import NotedLabels
from zhiyu.engine.labelling import Label, Labelling, answer_label, answer_wrong, clock_of
from zhiyu.engine.list_changes import ListChanges
from zhiyu.engine.list_frames import NotedLists, list_payload
from zhiyu.engine.live_decode import decode_bodies
from zhiyu.engine.lock import locked
from zhiyu.engine.opened import Opened
from zhiyu.engine.recovery import Recovered, recover, snapshot_facts
from zhiyu.engine.releases import Release, Releases
from zhiyu.engine.resumed_frames import stored, time_payload
from zhiyu.engine.retention import Needs, Retention
from zhiyu.engine.snapshots import KEPT, MANY, Snapshots
from zhiyu.engine.takeover import taken_over, unlike
from zhiyu.engine.timeline import Asked, Page
from zhiyu.engine.wait_answers import answer_about, told_of_answers, told_of_waits, waits_listed, with_state
from zhiyu.engine.warming import Warming, lag_of, missing_before, start_of
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import Source
from zhiyu.events.list_changes import ListChange, Snooze
from zhiyu.log.disk import Disk, RealDisk
from zhiyu.log.frames import EVENTS, FORGET, LABELS, LISTS, TICK
from zhiyu.log.packing import Packing
from zhiyu.log.segments import SEGMENT_BYTES, SegmentLog

_TENANT = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_BYTES_A_BODY = 2
SNAPSHOT_EVENTS = 1_000_000
"""A snapshot is begun after so many events: recovery replays at most these."""
CLOSE_EVENTS = 10_000
"""Closing writes a snapshot when more than these came since the last one."""


class Live:
    """Opens or makes the tenant's folder and recovers. One thread calls everything but `sync`, which may wait in another.

    A policy other than the one in force is released, unless `release` is False. `clock`: "wall" stamps what comes in with the time of
    day; "events" knows no time but that of the events, as a replay of a file does.
    """

    def __init__(
        self, folder: Path, opened: Opened, *, clock: Literal["wall", "events"] = "wall", disk: Disk | None = None,
        now: Callable[[], int] = lambda: time.time_ns() // 1_000_000, segment_bytes: int = SEGMENT_BYTES,
        snapshot_events: int = SNAPSHOT_EVENTS, release: bool = True,
    ) -> None:  # fmt: skip
        if not _TENANT.fullmatch(opened.tenant):
            raise InputError(
                f"'{opened.tenant}' cannot name a tenant; use small letters, digits, - and _",
                f"“{opened.tenant}”不能作为租户名；请使用小写字母、数字、- 和 _",
            )
        self.folder, self.clock = folder, clock
        self.broken, self.decode_s = "", 0.0
        self._now = now
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = locked(folder)
        try:
            self.log = SegmentLog(folder / "log", opened.tenant, disk or RealDisk(), now, segment_bytes)
            self.releases = Releases(folder / "policies", self.log)
            self.snapshots = Snapshots(folder / "snapshots")
            self.opened, self.engine, self.recovered = recover(self.log, self.releases, opened, self.snapshots)
        except BaseException:
            os.close(self._lock)
            raise
        self.position = self.log.position
        self.warming: Warming | None = None
        self.warming_why = self._warming_by = ""
        self.archive = Archive(self.log, self.releases, folder / "index", self.opened)
        self.counted_since_ms = 0
        self.asks = Asks()
        self.asks.begin(self.opened, self.engine.resuming)
        self.retention, self.packing = Retention(folder, self.log, now), Packing(self.log, now)
        self._keep_snapshots()
        self.answers = self._answers_of(self.opened)
        self._snapshot_events, self._snapshot_due = snapshot_events, max(self.snapshots.last, 0) + snapshot_events
        if release:
            self._go_on(opened)

    @property
    def tenant(self) -> str:
        """Whose events these are."""
        return self.opened.tenant

    @property
    def durable(self) -> int:
        """Everything before this position is on the disk."""
        return self.log.durable

    def take(self, bodies: Sequence[bytes], source: str | None = None, late: Collection[int] = ()) -> list[Answer]:
        """Decide records as one batch; one `Answer` each, in order, to be told after the next `sync`. `decode_s`: how long reading took.

        `late`: numbers of records whose deadline has passed. LimitExceeded above MAX_BATCH records; DiskFull and Broken as they say.
        """
        if len(bodies) > MAX_BATCH:
            raise LimitExceeded(f"more than {MAX_BATCH:,} records at once", f"一次超过 {MAX_BATCH:,} 条记录")
        self._require_working()
        self.log.reserve(_BYTES_A_BODY * sum(map(len, bodies)) + self._room * len(bodies))
        first, began = self.position, time.perf_counter()
        batch, refusals = decode_bodies(self.opened, self._source(source), bodies, first)
        self.decode_s = time.perf_counter() - began
        self.position += len(bodies)
        answers: list[Answer | None] = [None] * len(bodies)
        for refusal in refusals:
            answers[refusal.position - first] = Answer(REFUSED, b"", refusal)
        if batch is not None:
            try:
                self._process(batch, first, late, answers)
                self.asks.taken(self.opened, self.engine.resuming, bodies, self._source(source), first)
            except BaseException as failed:
                self.broken = f"{type(failed).__name__}: {failed}"
                raise
        if self.position >= self._snapshot_due:
            self.snapshot()
        return answers  # type: ignore[return-value]

    def _process(self, batch: EventBatch, first: int, late: Collection[int], answers: list[Answer | None]) -> None:
        n = batch.n
        floors = np.full(n, self._now(), np.int64) if self.clock == "wall" else np.zeros(0, np.int64)
        fallbacks = np.zeros(0, np.int64)
        if late:
            fallbacks = np.flatnonzero(np.isin(batch.positions, np.array([first + number for number in late])))
        outcome = self.engine.process(batch, self.answers.needs_values, floors, fallbacks)
        chain = self._log(batch, outcome, floors, fallbacks)
        bodies = self.answers.bodies(outcome.decisions, chain)
        for body, position in zip(bodies, outcome.decisions.positions.tolist()):
            answers[position - first] = Answer(DECIDED, body)
        if self.engine.resuming is not None:
            told_of_waits(self.engine.resuming, outcome, batch, first, answers)
            self.asks.tell(self.engine.resuming, outcome, chain, self.answers)
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
            self.log.append(FORGET, payload, 1, self.position - 1, self.position)
            self.archive.keep_nothing(before)
        return events

    @contextmanager
    def _breaking(self) -> Iterator[None]:
        """Whatever fails here leaves the memory ahead of the log."""
        try:
            yield
        except BaseException as failed:
            self.broken = f"{type(failed).__name__}: {failed}"
            raise

    def floor(self) -> int:
        """The wall clock, ms; NO_CLOCK when time is that of the events."""
        return self._now() if self.clock == "wall" else NO_CLOCK

    def moment(self) -> int:
        """The time of what happens now, ms; 0 before the first event when time is that of the events."""
        return max(int(self.engine.door.clock[0]), self.floor(), 0)

    def sync(self) -> int:
        """Wait until everything taken so far is on the disk; returns the position up to which that is true."""
        self._require_working()
        try:
            return self.log.sync()
        except OSError as failed:
            self.broken = f"sync failed: {failed}"
            raise Broken(
                f"the log could not be written ({failed.strerror}); nothing since position {self.durable} is acknowledged",
                f"日志写入失败（{failed.strerror}）；位置 {self.durable} 之后的内容均未确认",
            ) from failed

    def snapshot(self, wait: bool = False) -> bool:
        """Begin to write a snapshot of everything so far; False when one is being written, or there is none to write."""
        self.sync()
        self._snapshot_due = self.position + self._snapshot_events
        begun = self.snapshots.begin(self.engine, self.log.position, snapshot_facts(self.log, self.releases))
        if wait:
            self.snapshots.poll(wait=True)
        return begun

    def _go_on(self, opened: Opened) -> None:
        """Release what the folder brings, when that is new; else go on with what came over the wire and was counting at the end."""
        waiting = self.releases.waiting()
        if opened.artifact.hash not in (self.opened.artifact.hash, self.releases.folder_hash):
            self.release(opened)
        elif waiting is not None and waiting[1]:
            self.release(self._opened_of(waiting[0]), waiting[1])

    def release(self, opened: Opened, by: str = "") -> Release | None:
        """Let another policy decide. It is in force at once when it counts what this one counts, and its `Release` is returned; else None:
        it counts from the log while `work` is called, also after a restart, and is in force when it has caught up. A later release replaces
        one that waits. `by`: who released it, "" for the folder that the server was started with."""
        self._require_working()
        self.warming = None
        if opened.artifact.hash == self.opened.artifact.hash:
            self.releases.wait_for(None)
            return self.releases.current
        why = self.why_not_at_once(opened)
        if not why:
            require_nodes(self.engine, opened)
            return self._put_in_force(opened, by)
        received = int(self.engine.door.clock[0])
        self.releases.wait_for(opened, by)
        start = start_of(self.log, opened, received)
        self.warming = Warming(self.log, opened, start, self._opened_of)
        self.warming_why, self._warming_by = why, by
        self.counted_since_ms = missing_before(self.log, opened, received, start)
        return None

    def why_not_at_once(self, opened: Opened) -> str:
        """Why a policy would have to count from the log before it is in force; "" when it would be in force at once."""
        return unlike(self.engine.compiled, opened.compiled)

    def roll_back(self, by: str = "") -> Release | None:
        """Let the policy decide again that decided before the one in force; as `release` says. InputError when there was none."""
        before = self.releases.previous
        if before is None:
            raise InputError("there is no earlier release to go back to", "没有可回退的更早版本")
        return self.release(self._opened_of(before.hash), by)

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
        if self.warming is None:
            return self.snapshots.work(seconds) | self.archive.index.work(seconds)
        if not self.warming.work(seconds) and self.warming.done >= self.log.position:
            if lost_nodes(self.engine, self.warming.opened.compiled):
                return False  # it comes into force when nothing waits there any more
            self._put_in_force(self.warming.opened, self._warming_by, self.warming)
            return False
        return True

    def _needs(self) -> Needs:
        """What of the log must stay whatever was promised."""
        horizon_ms = self.engine.door.limits[2]
        start = self.warming.start if self.warming is not None else self.log.position
        return Needs(start, int(self.engine.door.clock[0]) - horizon_ms, lag_of(self.opened))

    def _keep_snapshots(self) -> None:
        """With a promise about deciding again, the retention lets snapshots go; without one, only the newest few stay."""
        if self.retention.keeps_snapshots:
            self.snapshots.kept = MANY
        elif self.snapshots.kept == MANY:
            self.snapshots.kept = KEPT

    def _put_in_force(self, opened: Opened, by: str, warmed: Warming | None = None) -> Release:
        self.releases.store(opened.artifact)
        with self._breaking():
            release = self.releases.write(
                opened, warmed.start if warmed else -1, by, warmed is not None and warmed.carried
            )
        self.sync()
        self.engine = taken_over(self.engine, opened, warmed.engine if warmed else None)
        self.opened, self.warming = opened, None
        self._answers_of(opened)
        self.snapshot()
        return release

    def _answers_of(self, opened: Opened) -> Answers:
        self.archive.opened = opened
        self.answers = self.archive.answers_of(opened.artifact.hash)
        self._room = 9 * opened.compiled.n_columns + 9 * len(opened.compiled.features) + 400
        return self.answers

    def decision(self, event_id: str) -> bytes | None:
        """The decision about an event, as JSON; None when its id is not known."""
        position = self.position_of(event_id)
        body = None if position is None else self.at(position)
        if body is None or position is None or self.engine.resuming is None:
            return body
        return with_state(self.engine.resuming, self.opened.id_codes(event_id), position, body, self.archive.came_to)

    def position_of(self, event_id: str) -> int | None:
        """Where an event stands in the log; the first type that has this id counts."""
        return next(iter(self._positions_of(event_id)), None)

    def _positions_of(self, event_id: str, kind: str = "") -> list[int]:
        """Positions of the events with this id, of all types or of one."""
        return self.archive.positions_of(event_id, kind, self.engine.door)

    def at(self, position: int, repeated: bool = False) -> bytes | None:
        """The answer that was given at a position, from the log; None when nothing (more) is there."""
        return self.archive.at(position, repeated)

    def explanation(self, event_id: str) -> Explanation | None:
        """Why a decision came out as it did, with the values it saw (a pass keeps none); None when its id is not known."""
        position = self.position_of(event_id)
        later = answer_about(self.engine.resuming, self.opened.id_codes(event_id), position)
        return None if position is None else self.archive.explanation(position, self.engine.lists, later)

    def went_on(self, event_id: str) -> list[dict[str, Any]]:
        """What a decision that waited came to, step by step: why it went on, what was decided then; empty when it never waited."""
        position = self.position_of(event_id) if self.engine.resuming is not None else None
        steps = [] if position is None else self.archive.went_on(position)
        return [step.told(self._opened_of(step.policy)) for step in steps]

    def timeline(self, asked: Asked) -> Page:
        """What happened to one entity, newest first. The index is brought up to date first; `archive.index.work` does that in pieces."""
        return self.archive.timeline(asked)

    def _opened_of(self, policy: str) -> Opened:
        """A policy of the log, by its hash."""
        return self.releases.open(policy, self.opened)

    def facts(self) -> dict[str, int | float | str]:
        """Counts for metrics and readiness."""
        own: dict[str, int | float | str] = dict(self.engine.facts())
        return own | {
            "snapshot": self.snapshots.last, "snapshot_failed": self.snapshots.failed, "snapshot_paused_s": self.snapshots.paused_s,
            "position": self.position, "durable": self.durable, "segments": len(self.log.segments), "accepted": self.engine.accepted,
            "log_first": self.log.first, "log_bytes": self.log.bytes_kept(), "log_bytes_unpacked": self.log.bytes_unpacked(),
            "segments_packed": sum(each.packed for each in self.log.segments), "counted_since_ms": self.counted_since_ms,
            "policy": self.opened.artifact.hash, "broken": self.broken,
        }  # fmt: skip

    def close(self) -> None:
        """Make everything durable, let go of the folder."""
        try:
            self.packing.finish(stop=True)
            self.retention.finish()
            if not self.broken:
                self.snapshots.poll(wait=True)
                if self.log.position - max(self.snapshots.last, 0) > CLOSE_EVENTS:
                    self.snapshot(wait=True)
                self.sync()
        finally:
            self.archive.index.close()
            self.log.close()
            os.close(self._lock)

    def _source(self, name: str | None) -> Source | None:
        return self.opened.source(name) if name is not None else None

    def _require_working(self) -> None:
        if self.broken:
            raise Broken(
                f"the log of '{self.tenant}' stopped ({self.broken}); open it again to go on from what is on the disk",
                f"“{self.tenant}”的日志已停止（{self.broken}）；请重新打开，以磁盘内容为准继续",
            )


__all__ = ["CONFLICT", "DECIDED", "REFUSED", "REPEATED", "TAKEN", "Answer", "Broken", "Label", "Live", "Recovered"]
