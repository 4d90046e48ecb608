"""From the log back to the state: the frames go through the engine again, and every decision must come out as it was noted.

In: a log, a snapshot when there is a good one. Out: the engine as it was, and what it took. A decision that comes out otherwise stops
everything: then this version of Zhiyu, or the disk, is not what it was.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.errors import ZhiyuError
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.digest import Digest
from zhiyu.decisions.layout import O_KEPT
from zhiyu.engine.engine import Engine
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.live_decode import joined
from zhiyu.engine.opened import Opened
from zhiyu.engine.releases import Release, Releases
from zhiyu.engine.snapshots import Snapshots, stored_facts
from zhiyu.engine.takeover import taken_over
from zhiyu.engine.warming import Warming
from zhiyu.log.frames import EVENTS, RELEASE, Frame
from zhiyu.log.segments import LogDamaged, SegmentLog

AT_ONCE = 8_192
"""Events that are put through the engine together."""


class Differs(ZhiyuError):
    """A decision came out otherwise than it was noted."""

    code = "differs"
    status = 503


@dataclass(slots=True)
class Recovered:
    """What opening took: position of the snapshot (-1: none), events and frames replayed, bytes of an unfinished frame cut off, seconds."""

    snapshot: int = -1
    frames: int = 0
    events: int = 0
    cut_off: int = 0
    seconds: float = 0.0
    notes: list[str] = field(default_factory=list)


class Tail:
    """Puts frames through an engine, in order. `digest`, when given, is fed with every decision."""

    def __init__(
        self, engine: Engine, digest: Digest | None = None, check: bool = True, found: Tail | None = None
    ) -> None:
        """`found`: the tail before a release; its counts go on."""
        self.engine, self.digest, self.check = engine, digest, check
        self.frames: int = found.frames if found else 0
        self.events: int = found.events if found else 0
        self._waiting: list[Noted] = []
        self._count = 0

    def take(self, frame: Frame) -> None:
        """One frame of events."""
        note = noted(frame.payload, self.engine.tenant)
        if self._waiting and _unlike(self._waiting[-1], note):
            self.flush()
        self._waiting.append(note)
        self._count += note.batch.n
        self.frames += 1
        if self._count >= AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Decide what waits."""
        if not self._waiting:
            return
        notes, self._waiting, self._count = self._waiting, [], 0
        batch = joined([note.batch for note in notes])
        batch.values = (
            batch.values if batch.values.flags.writeable else batch.values.copy()
        )  # the engine stamps `received_at`
        floors = np.concatenate([note.floors for note in notes])
        starts = np.cumsum([0] + [note.batch.n for note in notes])
        fallbacks = np.concatenate([note.fallbacks + start for note, start in zip(notes, starts)])
        outcome = self.engine.process(batch, False, floors, fallbacks)
        self.events += batch.n
        if outcome.judged is None or outcome.judged.accepted < batch.n:
            raise _differs(int(batch.positions[0]), self.engine.tenant)
        if self.check:
            _require_same(notes, outcome.decisions)
        if self.digest is not None:
            self.digest.update(outcome.decisions)


def _unlike(one: Noted, other: Noted) -> bool:
    return bool(len(one.floors)) != bool(len(other.floors)) or one.batch.label_delay_ms != other.batch.label_delay_ms


def _require_same(notes: Iterable[Noted], decisions: DecisionBatch) -> None:
    blocks = [note.decisions.block for note in notes if note.decisions.n]
    expected = np.concatenate(blocks, axis=1) if blocks else np.zeros((0, 0), np.int64)
    found = decisions.block
    if expected.shape[1] == found.shape[1]:
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


def recover(
    log: SegmentLog, releases: Releases, opened: Opened, snapshots: Snapshots
) -> tuple[Opened, Engine, Recovered]:
    """The engine as of the end of the log; `opened` becomes the first release of a new log."""
    started = time.perf_counter()
    if log.position == 0 and not any(True for _ in log.frames()):
        releases.write(opened, 0)
        log.sync()
        releases.current = None  # it is read back like any other
    found = Recovered(cut_off=log.cut_off)
    live, engine = _recovered(log, releases, opened, snapshots, found)
    found.seconds = time.perf_counter() - started
    return live, engine, found


def snapshot_facts(log: SegmentLog, releases: Releases) -> dict[str, Any]:
    """What a snapshot must know to go on from: where the log stands, and which release is in force."""
    return {"place": list(log.place), "chain": log.chain.hex(), "releases": releases.facts()}


def _recovered(
    log: SegmentLog, releases: Releases, opened: Opened, snapshots: Snapshots, found: Recovered
) -> tuple[Opened, Engine]:
    for folder in snapshots.newest():
        try:
            facts = stored_facts(folder)
            place, chain = (facts["place"][0], facts["place"][1]), bytes.fromhex(facts["chain"])
            frames = log.frames_after(place, chain)
            live = releases.open(facts["releases"]["release"]["hash"], opened)
            engine = Engine(live.compiled, live.codes, live.tenant)
            engine.restore(folder)
            releases.restore(facts["releases"])
        except (ZhiyuError, OSError, KeyError, ValueError, TypeError, msgspec.ValidationError) as unfit:
            found.notes.append(f"{folder.name}: {unfit}")
            continue
        found.snapshot = int(folder.name)
        return _replayed(log, frames, releases, live, found, engine)
    if log.first > 0:
        raise LogDamaged(
            f"no snapshot in {snapshots.folder} can be read, and the log begins at position {log.first} only; restore one from a copy",
            f"{snapshots.folder} 中没有可用快照，而日志从位置 {log.first} 才开始；请从备份恢复",
        )
    return _replayed(log, log.frames(0), releases, opened, found)


def _replayed(
    log: SegmentLog, frames: Iterator[Frame], releases: Releases, opened: Opened, found: Recovered, engine: Engine | None = None
) -> tuple[Opened, Engine]:  # fmt: skip
    """The frames through the engine; without one the first frame is a release that makes it."""
    live, tail = opened, Tail(engine) if engine is not None else None
    for frame in frames:
        if frame.header.kind == RELEASE:
            release = releases.read(frame)
            live = releases.open(release.hash, opened)
            tail = Tail(released(log, release, live, tail), found=tail)
            releases.take(release)
        elif frame.header.kind == EVENTS and tail is not None:
            tail.take(frame)
    if tail is None:
        raise LogDamaged("the log tells of no policy; restore it from a copy", "日志中没有策略记录；请从备份恢复")
    tail.flush()
    found.frames, found.events = found.frames + tail.frames, found.events + tail.events
    return live, tail.engine


def released(log: SegmentLog, release: Release, opened: Opened, tail: Tail | None) -> Engine:
    """The engine that decides after a release, as it was made when the release was new."""
    if tail is None:
        return Engine(opened.compiled, opened.codes, opened.tenant)
    tail.flush()
    if release.from_position < 0:
        return taken_over(tail.engine, opened)
    warming = Warming(log, opened, release.from_position)
    while warming.step(release.at):
        pass
    return taken_over(tail.engine, opened, warming.engine)
