"""When those who are turned away are told: soon, and never so many at once that what was let in has to wait for it.

In: what tells somebody, and by when. Out: each is called once, in one of the next turns of the event loop. A connection whose refusal is
held back cannot ask again, so it need not be read and refused again meanwhile: refusals take a share of the time, however much is offered.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable

from zhiyu.server.pace import Pace

A_TURN = 16
"""So many are told in every turn of the loop: where nothing else is to do, turns are short, and this is all there are."""
FOR_EACH = 0.5
"""And so many for each request that was answered since: a refusal costs two thirds of a decision, so it takes a quarter of the time."""
MOST_S = 1.0
"""Nobody is held longer: who is told to come again in a second would have come again by then."""


class Telling:
    """Of one event loop."""

    def __init__(self, pace: Pace) -> None:
        self._pace, self._answers = pace, 0
        self._held: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = itertools.count()

    @property
    def held(self) -> int:
        """How many have yet to be told."""
        return len(self._held)

    def later(self, tell: Callable[[], None], limit_s: float = MOST_S) -> None:
        """Have somebody told, `limit_s` from now at the latest; the soonest limit first. Never in this turn: one who is told at once sends
        again in the same turn, and the loop comes to nothing else."""
        if not self._held:
            self._answers = self._pace.answers
            asyncio.get_running_loop().call_soon(self._turn)
        heapq.heappush(self._held, (self._pace.now() + min(limit_s, MOST_S), next(self._numbers), tell))

    def turn(self, limit_s: float = MOST_S) -> asyncio.Future[None]:
        """The same for somebody who waits for it."""
        mine = asyncio.get_running_loop().create_future()
        self.later(lambda: None if mine.done() else mine.set_result(None), limit_s)
        return mine

    def _turn(self) -> None:
        answers, now = self._pace.answers, self._pace.now()
        count = max(A_TURN, int(FOR_EACH * (answers - self._answers)))
        self._answers = answers
        due: list[Callable[[], None]] = []
        while self._held and (len(due) < count or self._held[0][0] <= now):
            due.append(heapq.heappop(self._held)[2])
        if self._held:
            asyncio.get_running_loop().call_soon(self._turn)
        for tell in due:
            tell()
