"""A new policy counts what it needs from the log, a little at a time, while the old one goes on deciding.

In: the log, an opened policy, from where to count. Out: an engine that has seen everything up to the end of the log. What comes back as
facts is what was really decided. The same function, run over the same frames, makes the same engine when the log is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from zhiyu.base.windows import parse_duration_ms
from zhiyu.engine.engine import Engine
from zhiyu.engine.event_frames import noted
from zhiyu.engine.opened import Opened
from zhiyu.engine.tail import Follower
from zhiyu.log.frames import EVENTS, Frame
from zhiyu.log.segments import SegmentLog

AT_ONCE = 512
"""Events between two looks at the clock."""


class Warming:
    """Counts for `opened` from position `start` on. `done`: the position up to which everything is counted.

    `opened_of`: a policy of the log by its hash.
    """

    def __init__(self, log: SegmentLog, opened: Opened, start: int, opened_of: Callable[[str], Opened]) -> None:
        self.log, self.opened, self.start = log, opened, start
        self.engine = Engine(opened.compiled, opened.codes, opened.tenant)
        self.done = start
        self._follower = Follower(self.engine, opened, opened_of)
        self._frames: Iterator[Frame] = log.frames(start)
        self._after: tuple[tuple[int, int], bytes] | None = None

    @property
    def progress(self) -> float:
        """How much is counted, 0 to 1."""
        return (self.done - self.start) / max(self.log.position - self.start, 1)

    def work(self, seconds: float) -> bool:
        """Count for about so long; False when the end of the log is reached."""
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            if not self.step():
                return False
        return True

    def step(self, end: int | None = None) -> bool:
        """Count a few frames more, none that begins at or after `end`; False when there is none left."""
        first = self.done
        for frame in self._more():
            if end is not None and frame.header.first >= end:
                break
            self._after, self.done = (frame.after, frame.header.chain), frame.header.next
            self._follower.take(frame)
            if self.done - first >= AT_ONCE:
                self._follower.flush()
                return True
        self._follower.flush()
        return end is None and self.done > first

    def _more(self) -> Iterator[Frame]:
        yield from self._frames
        if self._after is not None:  # the log has grown since
            self._frames = self.log.frames_after(*self._after)
            yield from self._frames


def missing_before(log: SegmentLog, opened: Opened, now_ms: int, start: int) -> int:
    """When the log begins with less than the windows of `opened` hold: the time (ms) since which it is kept. 0 when nothing is missing."""
    if log.first == 0 or start > log.first:
        return 0
    frame = next((f for f in log.frames(log.first) if f.header.kind == EVENTS), None)
    return int(noted(frame.payload, opened.tenant).judged.received[0]) if frame is not None else 0


def start_of(log: SegmentLog, opened: Opened, now_ms: int) -> int:
    """The position from which `opened` must count so that nothing its windows hold is missing: the begin of a segment."""
    delays = [parse_duration_ms(source.label.delay) for source in opened.policy.sources if source.label]
    asks_lists = any(each.where and each.where.lists for each in opened.compiled.checked.features.values())
    if asks_lists:
        return log.first
    wanted = now_ms - opened.compiled.horizon_ms - max(delays, default=0)
    for segment in reversed(log.segments):
        frame = next((f for f in log.frames(segment.first) if f.header.kind == EVENTS), None)
        if frame is not None and int(noted(frame.payload, opened.tenant).judged.received[0]) < wanted:
            return segment.first
    return log.first
