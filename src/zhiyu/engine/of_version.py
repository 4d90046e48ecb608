"""What one version of a policy decided: alone, or for its share beside another.

In: the log, its releases, a version. Out: positions of its decisions, in order, page by page.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.engine.event_frames import noted
from zhiyu.engine.opened import Opened
from zhiyu.engine.releases import Release
from zhiyu.log.frames import EVENTS
from zhiyu.log.segments import SegmentLog
from zhiyu.policy.declare_versions import ARM, SPLIT_NODE

MAX_FRAMES = 200
"""Frames that one page looks through: decisions wait for it."""


def decided_by(
    log: SegmentLog, history: list[Release], version: str, opened_of: Callable[[str], Opened], after: int, limit: int
) -> tuple[list[int], int | None]:
    """(positions of at most `limit` decisions past `after`, where to go on; None at the end)."""
    mine = {each.hash for each in history if _has(each, version, opened_of)}
    first = min((each.at for each in history if each.hash in mine), default=None)
    found: list[int] = []
    if first is None:
        return found, None
    begin, frames, last = max(first, after + 1, log.first), 0, after
    for frame in log.frames(begin):
        if frame.header.next <= begin or frame.header.kind != EVENTS:
            continue
        frames += 1
        note = noted(frame.payload, "")
        last = frame.header.next - 1
        if note.policy in mine and note.decisions.n:
            at = note.decisions.positions[_own(opened_of(note.policy), note.decisions, version)]
            found += at[at > after].tolist()
        if len(found) > limit:
            return found[:limit], found[limit - 1]
        if frames >= MAX_FRAMES:
            return found, last
    return found, None


def _has(release: Release, version: str, opened_of: Callable[[str], Opened]) -> bool:
    if release.hash == version or release.live == version:
        return True
    versions = opened_of(release.hash).policy.versions if release.live else None
    return versions is not None and versions.next == version


def _own(opened: Opened, d: DecisionBatch, version: str) -> Array:
    versions = opened.policy.versions
    if versions is None or version == opened.artifact.hash:
        return np.ones(d.n, bool)
    mine = Arms(opened).next(d)
    return mine if version == versions.next else ~mine


class Arms:
    """Which of two versions decided, by the path of decisions."""

    def __init__(self, opened: Opened) -> None:
        names = [visited.name for visited in opened.compiled.flow.visited]
        self._count = len(names)
        self._at = [at for at, name in enumerate(names) if name.endswith(f"/{SPLIT_NODE}:{ARM}")]

    def next(self, d: DecisionBatch) -> Array:
        """bool[n]: whether it was the next one."""
        return np.asarray(bits_to_matrix(d.path, self._count)[:, self._at].any(axis=1))
