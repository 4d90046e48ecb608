"""How late the event loop is, and what a request costs it beside deciding.

In: a beat every 10 ms, requests that were answered, time spent deciding. Out: seconds. What waits in the sockets is in no queue of ours: it
is seen in that the loop comes late to its beats, and in what a request costs in whole, from reading it to writing its answer.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable

BEAT_S = 0.01
_MANY = 16
"""Requests between two beats from which on their cost tells what one more costs."""
_FADE = 0.2
_AWAY = 0.5
"""What turning one away costs, of that; a guess that is off by half moves the estimate by no more."""
_MOST_STRETCH = 10.0
"""Other work on the machine is believed to slow us by no more than this."""
_FIRST_EACH_S = 0.00002
"""Less than a request costs anywhere: nothing is shed by a guess."""


class Pace:
    """Of one event loop. `clock` and `cpu` (processor time of the loop's thread) in seconds."""

    def __init__(
        self, clock: Callable[[], float] = time.monotonic, cpu: Callable[[], float] = time.thread_time
    ) -> None:
        self.each_s = _FIRST_EACH_S
        """What a request costs beside deciding."""
        self.answers = 0
        """Requests that were let in and have their answer."""
        self._clock, self.cpu = clock, cpu
        self._due, self._late_s = math.inf, 0.0
        self._cpu_s = self._requests = 0.0
        self._decided, self._seen_s = (
            [0.0, 0.0],
            [0.0, 0.0],
        )  # on the clock, of processor time: since the last beat, faded
        self._readable_s: float | None = None
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Beat from now on, in the running loop."""
        loop = asyncio.get_running_loop()
        self.beat()
        if self._late_s:
            loop.call_soon(loop.call_soon, self._seen)  # callbacks of this turn, then the sockets, then this
        self._timer = loop.call_later(BEAT_S, self.start)

    def stop(self) -> None:
        """No more beats."""
        if self._timer is not None:
            self._timer.cancel()

    def beat(self) -> None:
        """One beat: see how late it comes, and what was done since the last one."""
        now, cpu = self._clock(), self.cpu()
        self._late_s, self._due = max(now - self._due, 0.0), now + BEAT_S
        if self._requests >= _MANY:
            beside = max(cpu - self._cpu_s - self._decided[1], 0.0)
            self._seen_s = [(1.0 - _FADE) * old + _FADE * new for old, new in zip(self._seen_s, self._decided)]
            wall_s, cpu_s = self._seen_s
            stretch = min(max(wall_s / cpu_s, 1.0), _MOST_STRETCH) if cpu_s > 0.0 else 1.0
            self.each_s += _FADE * (beside * stretch / self._requests - self.each_s)
        self._cpu_s, self._requests, self._decided = cpu, 0.0, [0.0, 0.0]

    def now(self) -> float:
        """The clock."""
        return self._clock()

    def late_s(self) -> float:
        """How long a request that is read now may have waited to be read: as long as the loop is late, now or at the beat just before."""
        return max(self._clock() - self._due, self._late_s, 0.0)

    def readable_s(self) -> float:
        """Since when a request that is read now may have been there to be read, on the clock. The same for all of one turn of the loop."""
        if self._readable_s is None:
            self._readable_s = self._clock() - self.late_s()
            asyncio.get_running_loop().call_soon(self._turned)
        return self._readable_s

    def _turned(self) -> None:
        self._readable_s = None

    def _seen(self) -> None:
        """What lay in the sockets at the last beat has been read."""
        self._late_s = 0.0

    def decided(self, seconds: float, cpu_s: float) -> None:
        """So long went into deciding, on the clock and of processor time."""
        self._decided[0] += seconds
        self._decided[1] += cpu_s

    def answered(self) -> None:
        """A request that was let in has its answer."""
        self._requests += 1.0
        self.answers += 1

    def turned_away(self) -> None:
        """A request was not let in."""
        self._requests += _AWAY
