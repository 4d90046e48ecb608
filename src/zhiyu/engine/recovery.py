"""From the log back to the state: the frames go through the engine again, and every decision must come out as it was noted.

In: a log, a snapshot when there is a good one. Out: the engine as it was, and what it took. A decision that comes out otherwise stops
everything: then this version of Zhiyu, or the disk, is not what it was.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened
from zhiyu.engine.releases import Release, Releases
from zhiyu.engine.snapshots import Snapshots, stored_facts
from zhiyu.engine.tail import Differs as Differs
from zhiyu.engine.tail import Seen
from zhiyu.engine.tail import Tail as Tail
from zhiyu.engine.takeover import taken_over
from zhiyu.engine.warming import Warming
from zhiyu.log.frames import RELEASE, Frame
from zhiyu.log.segments import LogDamaged, SegmentLog

UNFIT = (ZhiyuError, OSError, KeyError, ValueError, TypeError, msgspec.ValidationError)
"""What taking up a snapshot raises when it is damaged, or of something else."""


class Dropped(ZhiyuError):
    """The log keeps no more what a release counted from."""

    code = "dropped"
    status = 503


@dataclass(slots=True)
class Recovered:
    """What opening took: position of the snapshot (-1: none), events and frames replayed, bytes of an unfinished frame cut off, seconds,
    and how many of them until the snapshot was taken up."""

    snapshot: int = -1
    frames: int = 0
    events: int = 0
    cut_off: int = 0
    seconds: float = 0.0
    restored_s: float = 0.0
    notes: list[str] = field(default_factory=list)


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
    live, engine = _recovered(log, releases, opened, snapshots, found, started)
    found.seconds = time.perf_counter() - started
    return live, engine, found


def snapshot_facts(log: SegmentLog, releases: Releases) -> dict[str, Any]:
    """What a snapshot must know to go on from: where the log stands, and which release is in force."""
    return {"place": list(log.place), "chain": log.chain.hex(), "releases": releases.facts(), "written_ms": log.now_ms}


def _recovered(
    log: SegmentLog, releases: Releases, opened: Opened, snapshots: Snapshots, found: Recovered, started: float
) -> tuple[Opened, Engine]:
    for folder in snapshots.newest():
        try:
            live, engine, frames = restored(folder, log, releases, lambda policy: releases.open(policy, opened))
        except UNFIT as unfit:
            found.notes.append(f"{folder.name}: {unfit}")
            continue
        found.snapshot, found.restored_s = int(folder.name), time.perf_counter() - started
        return replayed(log, frames, releases, live, found, engine)
    if log.first > 0:
        raise LogDamaged(
            f"no snapshot in {snapshots.folder} can be read, and the log begins at position {log.first} only; restore one from a copy",
            f"{snapshots.folder} 中没有可用快照，而日志从位置 {log.first} 才开始；请从备份恢复",
        )
    return replayed(log, log.frames(0), releases, opened, found)


def restored(
    folder: Path, log: SegmentLog, releases: Releases, opens: Callable[[str], Opened]
) -> tuple[Opened, Engine, Iterator[Frame]]:
    """The engine of a snapshot with its policy, and the frames that come after it; one of UNFIT when it is not what was written."""
    facts = stored_facts(folder)
    place, chain = (facts["place"][0], facts["place"][1]), bytes.fromhex(facts["chain"])
    frames = log.frames_after(place, chain)
    live = opens(facts["releases"]["release"]["hash"])
    engine = Engine(live.compiled, live.codes, live.tenant)
    engine.restore(folder)
    releases.restore(facts["releases"])
    return live, engine, frames


def replayed(
    log: SegmentLog, frames: Iterator[Frame], releases: Releases, opened: Opened, found: Recovered, engine: Engine | None = None,
    seen: Seen | None = None,
) -> tuple[Opened, Engine]:  # fmt: skip
    """The frames through the engine; without one the first frame is a release that makes it. `seen` as `Tail` takes it."""
    live, tail = opened, Tail(engine, seen=seen) if engine is not None else None
    for frame in frames:
        if frame.header.kind == RELEASE:
            release = releases.read(frame)
            live = releases.open(release.hash, opened)
            tail = Tail(released(log, releases, release, live, tail), found=tail, seen=seen)
            releases.take(release)
        elif tail is not None:
            tail.take(frame)
    if tail is None:
        raise LogDamaged("the log tells of no policy; restore it from a copy", "日志中没有策略记录；请从备份恢复")
    tail.flush()
    found.frames, found.events = found.frames + tail.frames, found.events + tail.events
    return live, tail.engine


def released(log: SegmentLog, releases: Releases, release: Release, opened: Opened, tail: Tail | None) -> Engine:
    """The engine that decides after a release, as it was made when the release was new."""
    if tail is None:
        return Engine(opened.compiled, opened.codes, opened.tenant)
    tail.flush()
    if release.from_position < 0:
        return taken_over(tail.engine, opened)
    if release.from_position < log.first or (release.carried and log.carried() is None):
        raise Dropped(
            f"release {release.number} at position {release.at:,} counted from position {release.from_position:,}, and the log begins at "
            f"{log.first:,} only; begin from a snapshot after it",
            f"位置 {release.at:,} 的版本 {release.number} 从位置 {release.from_position:,} 开始计数，而日志从 {log.first:,} 才开始；"
            "请从其后的快照开始",
        )
    warming = Warming(log, opened, release.from_position, lambda policy: releases.open(policy, opened), release.carried)
    while warming.step(release.at):
        pass
    return taken_over(tail.engine, opened, warming.engine)
