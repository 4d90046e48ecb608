"""A new policy counts what it needs from the log, a little at a time, while the old one goes on deciding.

In: the log, an opened policy, from where to count. Out: an engine that has seen everything up to the end of the log. What comes back as
facts is what was really decided. The same function, run over the same frames, makes the same engine when the log is read again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from zhiyu.base.windows import parse_duration_ms
from zhiyu.engine.carried import carried_of
from zhiyu.engine.engine import Engine
from zhiyu.engine.event_frames import noted
from zhiyu.engine.opened import Opened
from zhiyu.engine.tail import Follower
from zhiyu.log.frames import EVENTS, Frame
from zhiyu.log.segments import Segment, SegmentLog
from zhiyu.policy.builtin import DECISION

NO_EVENT = 1 << 62
AT_ONCE = 512
"""Events between two looks at the clock."""


class Warming:
    """Counts for `opened` from position `start` on. `done`: the position up to which everything is counted.

    `opened_of`: a policy of the log by its hash. `carried`: whether facts from before `start` were carried over and counted; None: when
    there are any. Who reads the log again gives what was so then.
    """

    def __init__(
        self, log: SegmentLog, opened: Opened, start: int, opened_of: Callable[[str], Opened], carried: bool | None = None
    ) -> None:  # fmt: skip
        self.log, self.opened, self.start = log, opened, start
        self.engine = Engine(opened.compiled, opened.codes, opened.tenant)
        self.done = start
        self._follower = Follower(self.engine, opened, opened_of)
        self._frames: Iterator[Frame] = log.frames(start)
        self._after: tuple[tuple[int, int], bytes] | None = None
        content = log.carried() if carried is not False and start == log.first else None
        self.carried = content is not None
        if content is not None:
            self._follower.take_carried(carried_of(content))

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
    since, _ = _begin(log, log.segments[0], opened.tenant)
    delay_ms = _delay_ms(opened) if log.carried() is None else 0  # labels on their way were carried over
    return since if now_ms - opened.compiled.horizon_ms - delay_ms <= since < NO_EVENT else 0


def start_of(log: SegmentLog, opened: Opened, now_ms: int) -> int:
    """The position from which `opened` must count so that nothing its windows hold is missing: the begin of a segment."""
    asks_lists = any(each.where and each.where.lists for each in opened.compiled.checked.features.values())
    if asks_lists:
        return log.first
    wanted, enough = now_ms - opened.compiled.horizon_ms - _delay_ms(opened), NO_EVENT
    for segment in reversed(log.segments):
        received, accepted = _begin(log, segment, opened.tenant)
        if received < wanted and enough == NO_EVENT:
            enough = accepted - lag_of(opened)
        if accepted <= enough < NO_EVENT:
            return segment.first
    return log.first


def lag_of(opened: Opened) -> int:
    """After how many events something that was decided comes back at most; 0 when nothing does."""
    decisions = opened.policy.feedback.lag_events if DECISION in opened.compiled.types_fed else 0
    network = opened.compiled.network
    return max(decisions, network.gang.lag if network is not None and network.gang else 0)


def _delay_ms(opened: Opened) -> int:
    """How long a label that came with its event is on its way at most."""
    return max((parse_duration_ms(source.label.delay) for source in opened.policy.sources if source.label), default=0)


def _begin(log: SegmentLog, segment: Segment, tenant: str) -> tuple[int, int]:
    """When the first event from this segment on was received (ms), and how many were accepted before it; NO_EVENT without one."""
    frame = next((each for each in log.frames(segment.first) if each.header.kind == EVENTS), None)
    if frame is None:
        return NO_EVENT, NO_EVENT
    note = noted(frame.payload, tenant)
    return int(note.judged.received[0]), note.accepted
