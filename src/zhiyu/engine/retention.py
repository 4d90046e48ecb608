"""Lets go of what was promised to be kept no longer: old segments of the log, old snapshots.

In: a promise, what is there, what else needs it. Out: what can go. What never goes: what recovery begins from (the newest two snapshots and
all after the older one), events whose ids are still remembered, what a release that is being counted reads, and, for what can be decided
again, one snapshot from before the promised time. Files go in another thread, snapshots first, then segments, oldest first, each on
the disk before the next: after a crash at any step the log is whole from its first segment on.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from typing import Any

from zhiyu.base.errors import ZhiyuError
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
class Needs:
    """What must stay whatever was promised: segments from the one that holds `position` on; events received after `received_ms`."""

    position: int
    received_ms: int


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
    log: SegmentLog, stored: Sequence[Stored], promise: Promise, needs: Needs, now_ms: int, received: Callable[[Segment], int]
) -> int:  # fmt: skip
    """First position of the oldest segment that must stay; `stored`: the snapshots that stay, oldest first."""
    segments = log.segments
    if promise.keep_ms is None or len(stored) < RECOVERY_SNAPSHOTS:
        return log.first
    staying = stored[0].segment
    for segment, after in itertools.pairwise(segments):
        if (
            after.first > min(staying, needs.position)
            or log.begun_ms(after) > now_ms - promise.keep_ms
            or received(after) > needs.received_ms
        ):
            return segment.first
    return segments[-1].first


class Retention:
    """Of one tenant's folder. `work` looks once a minute; `promise` is read anew each time. `problem`: why it could not, or ""."""

    def __init__(self, folder: Path, log: SegmentLog, now: Callable[[], int]) -> None:
        self.folder, self.log, self._now = folder, log, now
        self.promise = Promise()
        self.problem = ""
        self._next_ms = 0
        self._received: dict[int, int] = {}
        self._stored: dict[str, Stored] = {}
        self._thread: Thread | None = None
        self._read()

    @property
    def keeps_snapshots(self) -> bool:
        """Whether snapshots stay as the promise says, instead of the newest few."""
        return self.promise.verify_ms is not None

    def work(self, needs: Callable[[], Needs], wait: bool = False) -> bool:
        """Let go of what can go, once a minute; the files go in a thread. True when the log begins later than before. `wait`: now, and
        until the files are gone."""
        if self._thread is not None and not wait and self._thread.is_alive():
            return False
        now_ms = self._now()
        if now_ms < self._next_ms and not wait:
            return False
        self._next_ms = now_ms + ROUND_MS
        self._read()
        if self.promise.keep_ms is None and self.promise.verify_ms is None:
            return False
        snapshots, segments = self._spare(needs(), now_ms)
        if wait:
            self.finish()
            self._remove(snapshots, segments)
        elif snapshots or segments:
            self._thread = Thread(target=self._remove, args=(snapshots, segments), name="zhiyu-retention", daemon=True)
            self._thread.start()
        return bool(segments)

    def finish(self) -> None:
        """Wait until the files that were let go of are gone."""
        if self._thread is not None:
            self._thread.join()

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
            "segments": len(log.segments), "log_bytes": log.bytes_kept(), "snapshots": [each.position for each in stored],
            "problem": self.problem,
        }  # fmt: skip

    def _read(self) -> None:
        try:
            self.promise, self.problem = read_promise(self.folder), ""
        except ZhiyuError as wrong:
            self.promise, self.problem = Promise(), wrong.en  # nothing goes while nobody can say what was promised

    def _spare(self, needs: Needs, now_ms: int) -> tuple[list[Path], list[Path]]:
        stored = self.stored()
        spare = spare_snapshots(stored, self.promise, now_ms)
        gone = {each.position for each in spare}
        staying = [each for each in stored if each.position not in gone]
        needs = Needs(min(needs.position, self._counted_from(staying)), needs.received_ms)
        first = first_needed(self.log, staying, self.promise, needs, now_ms, self._received_at)
        return [each.folder for each in spare], self.log.forget(first)

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

    def _received_at(self, segment: Segment) -> int:
        """When the first event of a segment was received, ms; never when it holds none."""
        if segment.first not in self._received:
            frame = next((f for f in self.log.frames(segment.first) if f.header.kind == EVENTS), None)
            self._received[segment.first] = int(noted(frame.payload, "").judged.received[0]) if frame else _NEVER
        return self._received[segment.first]

    def _remove(self, snapshots: Sequence[Path], segments: Sequence[Path]) -> None:
        try:
            remove_snapshots(snapshots)
            for path in segments:
                self.log.disk.remove(path)
                self.log.disk.sync_folder(path.parent)
        except OSError as refused:
            self.problem = f"old files could not be removed: {refused.strerror}"
