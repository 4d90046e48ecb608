"""What a version beside the live one comes to: in shadow, or for a share of the keys.

In: the log. Out: figures of both sides since a position: decisions and money per outcome; in shadow, also what moved from where to where.
Counted in the background, a little at a time, behind what is decided; after a restart counted again from the same position, with the same
result. A decision that waits counts as what it waits with.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.event_frames import noted
from zhiyu.engine.of_version import Arms
from zhiyu.engine.opened import Opened
from zhiyu.engine.warming import Warming, start_of
from zhiyu.log.frames import EVENTS, Frame
from zhiyu.log.segments import SegmentLog
from zhiyu.policy.outcomes import OUTCOMES

LIVE, NEXT = 0, 1
SAMPLES = 100
"""Newest decisions that came out otherwise, told one by one."""


class Figures:
    """Sums of both sides: `count`, `money` int64[2, outcomes]; `moved`, `moved_money` int64[outcomes, outcomes], live by next;
    `samples`: (position, live outcome, next outcome) of the newest that differ; `apart`: decided by one side only. Money in minor units."""

    def __init__(self, since: int) -> None:
        self.since, self.apart = since, 0
        self.count, self.money = (np.zeros((2, len(OUTCOMES)), np.int64) for _ in range(2))
        self.moved, self.moved_money = (np.zeros((len(OUTCOMES),) * 2, np.int64) for _ in range(2))
        self.samples: deque[tuple[int, int, int]] = deque(maxlen=SAMPLES)

    def add(self, side: int, outcomes: Array, money: Array) -> None:
        """Decisions of one side (int64[n] each)."""
        np.add.at(self.count[side], outcomes, 1)
        np.add.at(self.money[side], outcomes, money)

    def pair(self, positions: Array, live: Array, own: Array, money: Array) -> None:
        """Decisions of both sides about the same events (int64[n] each)."""
        self.add(LIVE, live, money)
        self.add(NEXT, own, money)
        at = np.flatnonzero(live != own)
        np.add.at(self.moved, (live[at], own[at]), 1)
        np.add.at(self.moved_money, (live[at], own[at]), money[at])
        self.samples.extend(zip(positions[at].tolist(), live[at].tolist(), own[at].tolist()))

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"since": self.since, "live": self._side(LIVE), "next": self._side(NEXT)}

    def told_moved(self) -> dict[str, Any]:
        """What moved, and the newest decisions that did, newest first."""
        moved = [
            {
                "live": OUTCOMES[one], "next": OUTCOMES[two], "decisions": int(self.moved[one, two]),
                "money_minor": int(self.moved_money[one, two]),
            }
            for one, two in zip(*map(np.ndarray.tolist, np.nonzero(self.moved)))
        ]  # fmt: skip
        newest = [
            {"position": position, "live": OUTCOMES[one], "next": OUTCOMES[two]}
            for position, one, two in reversed(self.samples)
        ]
        return {"moved": moved, "decided_by_one_only": self.apart, "newest": newest}

    def _side(self, side: int) -> dict[str, Any]:
        count, money = self.count[side].tolist(), self.money[side].tolist()
        total = sum(count)
        return {
            "decisions": total, "alerts": total - count[0], "money_minor": sum(money), "money_held_minor": sum(money) - money[0],
            "outcomes": {
                name: {"decisions": n, "share": round(n / total, 6) if total else 0.0, "money_minor": each}
                for name, n, each in zip(OUTCOMES, count, money)
            },
        }  # fmt: skip


class Shadow:
    """A version that decides every event beside the live one and changes nothing: it counts from the log from `start` on, for itself,
    and compares from position `since` on."""

    stage = "shadow"

    def __init__(
        self, log: SegmentLog, opened: Opened, since: int, received_ms: int, opened_of: Callable[[str], Opened]
    ) -> None:  # fmt: skip
        self.opened, self.figures = opened, Figures(since)
        self.warming = Warming(log, opened, start_of(log, opened, received_ms), opened_of)
        self.warming.engine.compares = self._compare
        self.failed = ""

    @property
    def start(self) -> int:
        """The first position that it needs of the log."""
        return self.warming.start

    @property
    def behind(self) -> int:
        """How many positions of the log it has not seen yet."""
        return self.warming.log.position - self.warming.done

    def work(self, seconds: float) -> bool:
        """Count and compare for about so long; False when there is nothing more."""
        if self.failed:
            return False
        try:
            return self.warming.work(seconds)
        except Exception as failed:  # what is wrong with a shadow must not harm the live version
            self.failed = f"{type(failed).__name__}: {failed}"[:300]
            return False

    def catch_up(self) -> bool:
        """See everything there is; False when it failed."""
        while not self.failed and self.work(1.0):
            pass
        return not self.failed

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        figures = self.figures
        return {
            "stage": self.stage, "policy": self.opened.artifact.hash, "name": self.opened.policy.name, "behind": self.behind,
            "failed": self.failed, "currency": self.opened.currency, **figures.told(), **figures.told_moved(),
        }  # fmt: skip

    def _compare(self, own: DecisionBatch, told: Array, lines: Array) -> None:
        """`own`: what it decides; `told` int64[k]: positions of what was really decided, `lines`: of it, the first is the outcome."""
        both = np.flatnonzero(np.isin(own.positions, told) & (own.positions >= self.figures.since))
        source = np.searchsorted(told, own.positions[both])
        self.figures.pair(own.positions[both], lines[0, source], own.outcome[both], own.money[both])
        lonely = np.setxor1d(own.positions, told)
        self.figures.apart += int((lonely >= self.figures.since).sum())


class Share:
    """Two versions that decide side by side, each for its share of the keys: what was decided is read from the log."""

    stage = "percentage"

    def __init__(self, log: SegmentLog, opened: Opened, since: int) -> None:
        self._log, self.opened, self.figures = log, opened, Figures(since)
        self.start = self.done = since
        self.failed = ""
        self._arms = Arms(opened)
        self._frames: Iterator[Frame] = log.frames(since)
        self._after: tuple[tuple[int, int], bytes] | None = None

    @property
    def behind(self) -> int:
        """How many positions of the log it has not seen yet."""
        return self._log.position - self.done

    def work(self, seconds: float) -> bool:
        """Read a few frames; False when there are no more. `seconds`: about so long."""
        for _ in range(max(int(seconds * 2_000), 1)):
            frame = next(self._frames, None)
            if frame is None:
                if self._after is None or self.done >= self._log.position:
                    return False
                self._frames = self._log.frames_after(*self._after)
                if (frame := next(self._frames, None)) is None:
                    return False
            self._after, self.done = (frame.after, frame.header.chain), frame.header.next
            if frame.header.kind == EVENTS:
                self._take(frame)
        return True

    def _take(self, frame: Frame) -> None:
        note = noted(frame.payload, self.opened.tenant)
        d = note.decisions
        if note.policy != self.opened.artifact.hash or not d.n:
            return
        mine = self._arms.next(d)
        for side, rows in ((LIVE, ~mine), (NEXT, mine)):
            self.figures.add(side, d.outcome[rows], d.money[rows])

    def told(self) -> dict[str, Any]:
        """As a JSON object."""
        versions = self.opened.policy.versions
        assert versions is not None
        return {
            "stage": self.stage, "policy": versions.next, "live_policy": versions.live, "percent": str(versions.percent),
            "by": versions.by, "name": self.opened.policy.name, "behind": self.behind, "failed": self.failed,
            "currency": self.opened.currency, **self.figures.told(),
        }  # fmt: skip
