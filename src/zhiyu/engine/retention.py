"""Lets go of what was promised to be kept no longer: old segments of the log, old snapshots.

In: a promise, what is there, what else needs it. Out: what can go. What never goes: what recovery begins from (the newest two snapshots and
all after the older one), events whose ids are still remembered, what a release that is being counted reads, and, for what can be decided
again, one snapshot from before the promised time. Facts that are in force longer than any promise, such as who is on a list, are carried
over (`carried`). Another thread gathers those, and lets the files go: snapshots first, then segments, oldest first, each on the disk
before the next: after a crash at any step the log is whole from its first segment on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Thread
from typing import Any

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.carried import carried_over
from zhiyu.engine.event_frames import noted
from zhiyu.engine.promise import Promise, read_promise
from zhiyu.engine.snapshots import kept_snapshots, remove_snapshots, stored_facts
from zhiyu.log.frames import EVENTS
from zhiyu.log.segments import Segment, SegmentLog

ROUND_MS = 60_000
"""Between two looks at what can go."""
RECOVERY_SNAPSHOTS = 2
BETWEEN = 16
"""Snapshots inside the promised time are at least a sixteenth of it apart: deciding again begins at most that far back."""
_NEVER = 1 << 62


@dataclass(frozen=True, slots=True)
class Stored:
    """A snapshot: its position, the segment it goes on from, when it was written."""

    folder: Path
    position: int
    segment: int
    written_ms: int


@dataclass(frozen=True, slots=True)
class Begin:
    """The first event of a segment: when it was received, ms, and how many were accepted before it; never and all when it holds none."""

    received_ms: int = _NEVER
    accepted: int = _NEVER


@dataclass(frozen=True, slots=True)
class Needs:
    """What must stay whatever was promised: segments from the one that holds `position` on; events received after `received_ms`; and before
    whatever stays for the promise's sake, `lag_events` more: what was decided about them comes back later."""

    position: int
    received_ms: int
    lag_events: int = 0


def spare_snapshots(stored: Sequence[Stored], promise: Promise, now_ms: int) -> list[Stored]:
    """Snapshots that can go; `stored` oldest first."""
    newest, older = list(stored[-RECOVERY_SNAPSHOTS:]), list(stored[:-RECOVERY_SNAPSHOTS])
    if promise.verify_ms is None:
        return older  # everything can be decided again from the begin of the log
    before = [each for each in older if each.written_ms <= now_ms - promise.verify_ms]
    kept = before[-1:]
    apart = promise.verify_ms // BETWEEN
    for each in older[len(before) :]:
        if not kept or each.written_ms - kept[-1].written_ms >= apart:
            kept.append(each)
    staying = {each.position for each in [*kept, *newest]}
    return [each for each in stored if each.position not in staying]


def first_needed(
    log: SegmentLog, stored: Sequence[Stored], promise: Promise, needs: Needs, now_ms: int, begin: Callable[[Segment], Begin]
) -> int:  # fmt: skip
    """First position of the oldest segment that must stay; `stored`: the snapshots that stay, oldest first."""
    segments = log.segments
    if promise.keep_ms is None or len(stored) < RECOVERY_SNAPSHOTS:
        return log.first
    staying = stored[0].segment
    number = len(segments) - 1
    for at, after in enumerate(segments[1:]):
        if (
            after.first > min(staying, needs.position)
            or log.begun_ms(after) > now_ms - promise.keep_ms
            or begin(after).received_ms > needs.received_ms
        ):
            number = at
            break
    enough = begin(segments[number]).accepted - needs.lag_events
    while number and begin(segments[number]).accepted > enough:
        number -= 1
    return segments[number].first


class Retention:
    """Of one tenant's folder. `work` looks once a minute; `promise` is read anew each time. `problem`: why it could not, or ""."""

    def __init__(self, folder: Path, log: SegmentLog, now: Callable[[], int]) -> None:
        self.folder, self.log, self._now = folder, log, now
        self.promise = Promise()
        self.problem = ""
        self._next_ms = 0
        self._begins: dict[int, Begin] = {}
        self._stored: dict[str, Stored] = {}
        self._thread: Thread | None = None
        self._prepared: tuple[int, bytes] | None = None
        self._read()

    @property
    def keeps_snapshots(self) -> bool:
        """Whether snapshots stay as the promise says, instead of the newest few."""
        return self.promise.verify_ms is not None

    @property
    def busy(self) -> bool:
        """Something is being gathered, or let go of, in another thread."""
        return self._thread is not None and self._thread.is_alive()

    def work(self, needs: Callable[[], Needs], wait: bool = False) -> bool:
        """Let go of what can go, once a minute; True when the log begins later than before. `wait`: now, and until the files are gone."""
        if self.busy and not wait:
            return False
        self.finish()
        now_ms = self._now()
        if self._prepared is None:
            if now_ms < self._next_ms and not wait:
                return False
            self._begin(needs(), now_ms, wait)
        return not self.busy and self._prepared is not None and self._let_go(needs(), now_ms, wait)

    def _begin(self, needs: Needs, now_ms: int, wait: bool) -> None:
        """Look what can go; gather what must outlive it."""
        self._next_ms = now_ms + ROUND_MS
        self._read()
        if self.promise.keep_ms is None and self.promise.verify_ms is None:
            return
        snapshots, first = self._spare(needs, now_ms)
        if first > self.log.first:
            self._start(lambda: self._prepare(first), wait)
        elif snapshots:
            self._start(lambda: self._remove(snapshots), wait)

    def _prepare(self, first: int) -> None:
        try:
            self._prepared = first, carried_over(self.log, self.log.tenant, first)
        except ZhiyuError as damaged:
            self.problem = f"old segments stay, as they cannot be read: {damaged.en}"

    def _let_go(self, needs: Needs, now_ms: int, wait: bool) -> bool:
        """Unless something needs it by now, the log begins later from here on."""
        assert self._prepared is not None
        (first, carried), self._prepared = self._prepared, None
        snapshots, most = self._spare(needs, now_ms)
        if first > most:
            return False
        remove = self.log.forget(first, carried)
        self._start(lambda: self._remove(snapshots, remove), wait)
        return True

    def _start(self, does: Callable[[], None], wait: bool) -> None:
        if wait:
            does()
            return
        self._thread = Thread(target=does, name="zhiyu-retention", daemon=True)
        self._thread.start()

    def finish(self) -> None:
        """Wait for the other thread."""
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def stored(self) -> list[Stored]:
        """Snapshots that are there, oldest first; those whose facts cannot be read are left out."""
        found = []
        for folder in reversed(kept_snapshots(self.folder / "snapshots")):
            if folder.name not in self._stored:
                try:
                    facts = stored_facts(folder)
                    written = facts.get("written_ms") or int(folder.stat().st_mtime * 1000)
                    self._stored[folder.name] = Stored(folder, int(folder.name), int(facts["place"][0]), int(written))
                except (ZhiyuError, OSError, KeyError, TypeError, ValueError, IndexError):
                    continue
            found.append(self._stored[folder.name])
        return found

    def facts(self) -> dict[str, Any]:
        """The promise, and what is kept: from which position on decisions can be explained, and decided again."""
        stored, log = self.stored(), self.log
        again = 0 if log.first == 0 else min((each.position for each in stored), default=log.position)
        return {
            "promise": self.promise.to_dict(),
            "explained_from": {"position": log.first, "written_ms": log.begun_ms(log.segments[0])},
            "decided_again_from": {
                "position": again,
                "written_ms": min((each.written_ms for each in stored), default=0) if again else log.begun_ms(log.segments[0]),
            },
            "segments": len(log.segments), "log_bytes": log.bytes_kept(), "log_bytes_unpacked": log.bytes_unpacked(),
            "segments_packed": sum(each.packed for each in log.segments), "snapshots": [each.position for each in stored],
            "problem": self.problem,
        }  # fmt: skip

    def _read(self) -> None:
        try:
            self.promise, self.problem = read_promise(self.folder), ""
        except ZhiyuError as wrong:
            self.promise, self.problem = Promise(), wrong.en  # nothing goes while nobody can say what was promised

    def _spare(self, needs: Needs, now_ms: int) -> tuple[list[Path], int]:
        """Snapshots that can go, and where the log may begin."""
        stored = self.stored()
        spare = spare_snapshots(stored, self.promise, now_ms)
        gone = {each.position for each in spare}
        staying = [each for each in stored if each.position not in gone]
        needs = replace(needs, position=min(needs.position, self._counted_from(staying)))
        return [each.folder for each in spare], first_needed(
            self.log, staying, self.promise, needs, now_ms, self._begin_of
        )

    def _counted_from(self, staying: Sequence[Stored]) -> int:
        """From where releases after the oldest snapshot that stays counted: deciding again from it reads that too."""
        oldest = staying[0].position if staying else 0
        told = [segment.facts for segment in self.log.segments if self.log.begun_ms(segment)] + [self.log.facts]
        releases = [facts.get(name) for facts in told for name in ("release", "previous")]
        starts = [
            release["from_position"]
            for release in releases
            if release and release["at"] >= oldest and release["from_position"] >= 0
        ]
        return min(starts, default=_NEVER)

    def _begin_of(self, segment: Segment) -> Begin:
        if segment.first not in self._begins:
            frame = next((f for f in self.log.frames(segment.first) if f.header.kind == EVENTS), None)
            if frame is None:
                return Begin()  # none yet
            note = noted(frame.payload, "")
            self._begins[segment.first] = Begin(int(note.judged.received[0]), note.accepted)
        return self._begins[segment.first]

    def _remove(self, snapshots: Sequence[Path], remove: Callable[[], None] = lambda: None) -> None:
        try:
            remove_snapshots(snapshots)
            remove()
        except OSError as refused:
            self.problem = f"old files could not be removed: {refused.strerror}"
