"""Open calls of one desk: asks services when the question is on disk, puts their answers into the queue, tells who waits what it came to.

In: what the engine wants to know after each batch. Out: answers as events through the desk; finals to the routes that wait for them.
A call whose answer is not taken (the log stopped, the server ends) is made again when the log is opened again.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import msgspec

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.asks import Ask
from zhiyu.engine.live import REFUSED, Answer, Live
from zhiyu.outside.asking import Asker

if TYPE_CHECKING:
    from zhiyu.server.desk import Desk

_encode = msgspec.json.Encoder().encode
KEPT_S = 60.0
"""How long what a decision came to is kept for a route that has not asked yet."""


class Calls:
    """The calls under way. Everything runs in the event loop's thread."""

    def __init__(self, desk: Desk, asker: Asker) -> None:
        self.asker = asker
        if desk.live.clock == "events":
            asker.live_by(lambda: self._desk.live.moment() / 1000)
        self.not_taken = 0
        """Answers that the door refused."""
        self._desk, self._loop = desk, asyncio.get_running_loop()
        self._under_way: dict[tuple[str, int], asyncio.Task[None]] = {}
        self._finals: dict[int, asyncio.Future[bytes]] = {}
        self._tellings: set[asyncio.Task[bytes]] = set()

    def expect(self, asks: Sequence[Ask]) -> None:
        """Somebody may wait for what becomes of these."""
        for ask in asks:
            if ask.position not in self._finals:
                self._finals[ask.position] = self._loop.create_future()

    def go(self, asks: Sequence[Ask], finals: Sequence[tuple[int, bytes]]) -> None:
        """The questions and the finals are on disk: ask, and tell."""
        for ask in asks:
            key = ask.service.name, ask.position
            if key not in self._under_way:
                task = self._under_way[key] = self._loop.create_task(self._ask(ask))
                task.add_done_callback(lambda _, key=key: self._under_way.pop(key, None))  # type: ignore[misc]
        for position, body in finals:
            future = self._finals.get(position)
            if future is not None and not future.done():
                future.set_result(body)
                self._loop.call_later(KEPT_S, self._finals.pop, position, None)

    async def final(self, answer: Answer, deadline: float) -> bytes:
        """What the decision came to, or, at the deadline, that it waits."""
        future = self._finals.get(answer.asked)
        if future is None:
            return answer.body
        left = None if math.isinf(deadline) else max(deadline - self._desk.now(), 0.0)
        await asyncio.wait({future}, timeout=left)
        return future.result() if future.done() and not future.cancelled() else answer.body

    def tell(self, answer: Answer, deadline: float, told: Callable[[bytes], None]) -> None:
        """The same for whoever is called back."""
        task = self._loop.create_task(self.final(answer, deadline))
        self._tellings.add(task)

        def done(task: asyncio.Task[bytes]) -> None:
            self._tellings.discard(task)
            told(answer.body if task.cancelled() else task.result())

        task.add_done_callback(done)

    async def _ask(self, ask: Ask) -> None:
        ended = await self.asker.ask(ask)
        record = _encode(ended.record(_now(self._desk.live)))
        try:
            await self._desk.room()
            found = await self._desk.submit((record,), patient=True)
        except ZhiyuError:
            return  # asked again when the log is opened again
        self.not_taken += found[0].kind == REFUSED

    def forget(self) -> None:
        """The log stopped: nobody is told anything any more."""
        for future in self._finals.values():
            future.cancel()
        self._finals.clear()

    async def close(self) -> None:
        """Give up what is under way; it is asked again after the next start."""
        tasks = list(self._under_way.values())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self.asker.close()
        self.forget()


def _now(live: Live) -> str:
    """The time of an answer: now, or where time is that of the events, the newest of them."""
    when = datetime.fromtimestamp(live.moment() / 1000, UTC)
    return when.isoformat(timespec="milliseconds")
