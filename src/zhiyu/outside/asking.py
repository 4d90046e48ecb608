"""Asks the services of one tenant: cache, breaker, attempts within a budget; and says how each call ended, as an event.

In: `Ask`s of the engine. Out: one `Ended` each, always. Nothing here decides: what an answer means is the policy's.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from zhiyu.base.windows import parse_duration_ms
from zhiyu.engine.asks import Ask
from zhiyu.outside.breaker import CLOSED, Breaker
from zhiyu.outside.endpoints import NOWHERE, Endpoint
from zhiyu.outside.http import Connections, Failed, Reply
from zhiyu.outside.mapping import Invalid, Question, answer_of, question
from zhiyu.outside.remembered import Remembered
from zhiyu.policy.builtin import CALL_ENDS
from zhiyu.policy.declare_services import Service
from zhiyu.policy.spend import budget_ms

Sends = Callable[[Endpoint, str, str, bytes], Awaitable[Reply]]
ANSWERED, TIMED_OUT, REFUSED, BREAKER_OPEN, INVALID, LOST = CALL_ENDS[:6]
_TRY_AGAIN = (408, 429, 500, 502, 503, 504)


@dataclass(slots=True)
class Ended:
    """How a call ended. `cost` in major units; `tries`: attempts; `why`: a word for people, never a value."""

    ask: Ask
    end: str
    told: dict[str, Any] = field(default_factory=dict)
    cost: Decimal = Decimal(0)
    cached: bool = False
    tries: int = 0
    ms: int = 0
    why: str = ""

    def record(self, now: str) -> dict[str, Any]:
        """The event that says so."""
        name, ask = self.ask.service.name, self.ask
        about = {"type": name, "id": f"{name}:{ask.position}", "time": now, "about": ask.event_id}
        facts = {"call": self.end, "cost": str(self.cost), "cached": self.cached, "tries": self.tries, "ms": self.ms}
        if ask.again:
            facts["again"] = True
        return about | {f"{name}_{word}": value for word, value in facts.items()} | self.told


@dataclass(slots=True)
class Spent:
    """What one service came to so far. `cost`: major units of `currency`; `seconds`: of all calls that went out; `left_alone`: its breaker
    is open."""

    currency: str = ""
    ends: dict[str, int] = field(default_factory=dict)
    cached: int = 0
    tries: int = 0
    cost: Decimal = Decimal(0)
    seconds: float = 0.0
    left_alone: bool = False


class _Asked:
    """One service with its state."""

    def __init__(self, service: Service) -> None:
        self.service, self.spent = service, Spent(service.currency)
        self.budget_s, self.timeout_s = budget_ms(service) / 1000, parse_duration_ms(service.timeout) / 1000
        self.breaker = Breaker(service.breaker.failures, parse_duration_ms(service.breaker.pause) / 1000)
        self.remembered = Remembered(parse_duration_ms(service.cache) / 1000 if service.cache else 0.0)
        self.at_once = asyncio.Semaphore(service.at_once)
        self.price = Decimal(str(service.price))


class Asker:
    """The services of one tenant. Everything runs in the event loop's thread. `sends` puts one request on the wire, by
    default over connections that stay open."""

    def __init__(
        self, endpoints: Mapping[str, Endpoint] = NOWHERE, sends: Sends | None = None, clock: Callable[[], float] = time.monotonic
    ) -> None:  # fmt: skip
        self._connections = Connections()
        self.endpoints, self._sends = endpoints, sends or self._connections.send
        self._clock = self._now = clock
        self._asked: dict[str, _Asked] = {}

    def live_by(self, now: Callable[[], float]) -> None:
        """Let breakers and caches know this time (s) alone: that of the events, where a server knows no other."""
        self._now = now

    def close(self) -> None:
        """Let go of idle connections."""
        self._connections.close()

    async def ask(self, ask: Ask) -> Ended:
        """Ask, or find a reason not to; never raises for what happens outside."""
        asked = self._state(ask.service)
        began = self._clock()
        ended = await self._end(ask, asked)
        ended.ms = round((self._clock() - began) * 1000)
        spent = asked.spent
        spent.ends[ended.end] = spent.ends.get(ended.end, 0) + 1
        spent.cached, spent.tries = spent.cached + ended.cached, spent.tries + ended.tries
        spent.cost += ended.cost
        if ended.tries:
            spent.seconds += self._clock() - began
        return ended

    def spent(self) -> dict[str, Spent]:
        """Service → what it came to."""
        for asked in self._asked.values():
            asked.spent.left_alone = asked.breaker.state != CLOSED
        return {name: asked.spent for name, asked in self._asked.items()}

    def _state(self, service: Service) -> _Asked:
        """The state of a service; a release that declares it otherwise begins anew, but for what was spent."""
        known = self._asked.get(service.name)
        if known is None or known.service != service:
            made = _Asked(service)
            if known is not None:
                made.spent = known.spent
            self._asked[service.name] = known = made
        return known

    async def _end(self, ask: Ask, asked: _Asked) -> Ended:
        endpoint = self.endpoints.get(ask.service.name)
        if ask.values is None:
            return Ended(ask, LOST, why="what to send went with a restart")
        if endpoint is None:
            return Ended(ask, REFUSED, why="not configured")
        asks = question(asked.service, endpoint, ask.values)
        ended, until = Ended(ask, TIMED_OUT), asyncio.get_running_loop().time() + asked.budget_s
        try:
            async with asyncio.timeout_at(until):
                known = await self._known(asked, asks)
        except TimeoutError:
            return ended
        if known is not None:
            return Ended(ask, ANSWERED, known, cached=True)
        if not asked.breaker.lets_through(self._now()):
            return Ended(ask, BREAKER_OPEN)
        with asked.remembered.asking(asks.content):
            try:
                async with asyncio.timeout_at(until), asked.at_once:
                    await self._attempts(ended, asked, endpoint, asks)
            except TimeoutError:
                ended.end, ended.told = TIMED_OUT, {}
            except BaseException:
                asked.breaker.gave_up(self._now())
                raise
            self._settle(ended, asked, asks)
        return ended

    async def _known(self, asked: _Asked, asks: Question) -> dict[str, Any] | None:
        """The answer that is remembered, or that somebody who is asking the same now is told. One who asked in vain is followed by the
        next alone."""
        while True:
            known = asked.remembered.find(asks.content, self._now())
            first = asked.remembered.under_way(asks.content)
            if known is not None or first is None:
                return known
            await first.wait()

    async def _attempts(self, ended: Ended, asked: _Asked, endpoint: Endpoint, asks: Question) -> None:
        """Until one brings an answer, says no for good, or there are no more."""
        while ended.tries <= asked.service.retries:
            ended.tries += 1
            try:
                async with asyncio.timeout(asked.timeout_s):
                    reply = await self._sends(endpoint, asks.method, asks.target, asks.body)
            except TimeoutError:
                ended.end, ended.why = TIMED_OUT, ""
                continue
            except Failed as failed:
                ended.end, ended.why = REFUSED, str(failed)
                continue
            if not 200 <= reply.status < 300:
                ended.end, ended.why = REFUSED, f"status {reply.status}"
                if reply.status in _TRY_AGAIN:
                    continue
                return
            ended.cost += asked.price
            try:
                ended.end, ended.told, ended.why = ANSWERED, answer_of(asked.service, reply.body), ""
            except Invalid as invalid:
                ended.end, ended.why = INVALID, str(invalid)
            return

    def _settle(self, ended: Ended, asked: _Asked, asks: Question) -> None:
        if asked.service.charged == "always":
            ended.cost = asked.price * ended.tries
        if ended.end == ANSWERED:
            asked.breaker.answered()
            asked.remembered.keep(asks.content, ended.told, self._now())
        else:
            asked.breaker.failed(self._now())
