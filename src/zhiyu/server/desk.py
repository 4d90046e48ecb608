"""The desk of one tenant: requests that arrive together are decided as one batch, and answered when they are durable.

In: records with a deadline. Out: `Answer`s, once on disk. Records wait in a queue; in the next round of the event loop all that are there
go through `Live.take` together, and a thread syncs. Deciding goes on while a sync runs, one batch ahead: what comes after that is decided
together, which is cheaper. When the disk fails, nothing unsynced is acknowledged, and the log is opened again, once, from what is on disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, TypeVar

from zhiyu.base.errors import ZhiyuError
from zhiyu.engine.live import REFUSED, Answer, Live
from zhiyu.outside.asking import Asker
from zhiyu.server.calls import Calls
from zhiyu.server.pace import Pace
from zhiyu.server.problems import HttpError
from zhiyu.server.settings import Settings
from zhiyu.server.syncing import Syncing
from zhiyu.server.waiting import Waiting
from zhiyu.server.work import NEVER, Awaited, Work

if TYPE_CHECKING:
    from zhiyu.server.tracing import Tracing

T = TypeVar("T")
_BETWEEN_S = 0.01


TAKEN_STAGES = ("wait", "decode", "decide", "write")
"""Waiting in the queue (whoever of a batch waited longest), reading, deciding, and writing the frame of the log and the answers."""


class Watch:
    """What is told about the desk's work; the meters fill it in."""

    def decided(self, records: int, stages: tuple[float, float, float, float]) -> None:
        """A batch went through `take`; seconds of each of `TAKEN_STAGES`."""

    def synced(self, seconds: float) -> None:
        """A sync is done."""

    def answered(self, seconds: float) -> None:
        """Everybody whom a sync made durable was answered."""

    def shed(self, records: int) -> None:
        """Records were turned away."""

    def broke(self, why: str) -> None:
        """The log stopped."""

    def reopened(self, ok: bool, why: str) -> None:
        """The log was opened again, or could not be."""


class Desk:
    """One tenant's queue, engine and sync thread. Everything runs in the event loop's thread, but syncs and opening again."""

    def __init__(
        self, opens: Callable[[], Live], settings: Settings, watch: Watch, clock: Callable[[], float] | None = None,
        pace: Pace | None = None, tracing: Tracing | None = None, asker: Asker | None = None,
    ) -> None:  # fmt: skip
        self.live = opens()
        self.broken = ""
        self.closing = False
        self.queued = self.queued_bytes = self.unanswered = 0
        self.waiting = Waiting(settings.max_drain)
        self._opens, self._settings, self._watch = opens, settings, watch
        self._loop = asyncio.get_running_loop()
        self._clock = clock or time.monotonic
        self.pace, self._tracing = pace or Pace(self._clock), tracing
        self._queue: deque[Work] = deque()
        self._unsynced: deque[tuple[int, list[Work]]] = deque()
        self._relief: list[asyncio.Future[None]] = []
        self._scheduled = False
        self._may_reopen, self._working = True, False
        self._reopening: asyncio.Task[None] | None = None
        self._syncing = Syncing(self.live, self._synced, self._sync_failed)
        self.calls = Calls(self, asker or Asker())
        self._moved()

    def now(self) -> float:
        """The clock of deadlines, in seconds."""
        return self._clock()

    def submit(
        self,
        bodies: Sequence[bytes],
        source: str | None = None,
        deadline: float = NEVER,
        patient: bool = False,
    ) -> asyncio.Future[list[Answer]]:
        """Queue records; the future gives one answer each when they are durable. HttpError 429 when the wait would be too long (never for a
        `patient` caller, who has awaited `room`), 503 when the log stopped."""
        work = Awaited(bodies, source, deadline)
        self.put(work, patient)
        return work.future

    def put(self, work: Work, patient: bool = False) -> None:
        """Queue work that is told itself when its answers are durable. HttpError as `submit` says."""
        if self.broken or self.closing:
            raise self.unavailable()
        records = len(work.bodies)
        if not patient and not self.has_room(records, work.size):
            self.turned_away(records)
            raise self.overloaded(records)
        if self._tracing is not None:
            work.piece = self._tracing.queued(records)
        work.queued = self._clock()
        self._queue.append(work)
        self.queued += records
        self.queued_bytes += work.size
        self.unanswered += 1
        self._schedule()

    def has_room(self, records: int, size: int) -> bool:
        """Whether so many records of so many bytes in all may come now."""
        # An empty queue takes whatever comes: else an estimate that went wrong could never be corrected.
        if not self.queued:
            return True
        limits = self._settings
        if self.queued + records > limits.max_queued or self.queued_bytes + size > limits.max_queued_bytes:
            return False
        late_s, ahead_s = self.pace.late_s(), self._ahead_s(records)
        return ahead_s <= self._always_s(late_s) or late_s + ahead_s <= limits.max_wait_s

    def _always_s(self, late_s: float) -> float:
        """So much work is let in however late the loop is. A quarter of the wait: a stall must not have all turned away that came in it. A
        quarter of the lateness: where turning away takes long, the loop must not come to nothing else. Never more than the wait."""
        return min(max(self._settings.max_wait_s, late_s) / 4, self._settings.max_wait_s)

    def turned_away(self, records: int) -> None:
        """Records were not let in for want of room: count them."""
        self._watch.shed(records)
        self.pace.turned_away()

    def overloaded(self, records: int) -> HttpError:
        """Why records are turned away: 429."""
        most_ms = self._settings.max_wait_s * 1000
        return HttpError(
            429, "overloaded", f"the server has more to do than it can within {most_ms:.0f} ms; come again later",
            f"服务器无法在 {most_ms:.0f} 毫秒内处理；请稍后重试", headers=((b"retry-after", b"%d" % self.retry_after_s(records)),),
        )  # fmt: skip

    def retry_after_s(self, records: int) -> int:
        """When it makes sense to come again, in whole seconds."""
        return max(1, math.ceil(self.expected_s(records)))

    def expected_s(self, records: int = 1) -> float:
        """What records that come now would wait, from when their bytes could be read until they are answered."""
        return self.pace.late_s() + self._ahead_s(records)

    def _ahead_s(self, records: int) -> float:
        """Deciding what is queued and these records, one sync, and reading and answering every request that is under way."""
        return self.waiting.expected_s(self.queued + records) + self.unanswered * self.pace.each_s

    async def room(self) -> None:
        """Wait until half of what may be queued is free. For senders that can wait instead of being shed."""
        limits = self._settings
        while not self.broken and (
            self.expected_s(0) > limits.max_wait_s / 2 or self.queued_bytes > limits.max_queued_bytes // 2
        ):
            if not self.queued:
                return
            relief = self._loop.create_future()
            self._relief.append(relief)
            await relief

    async def durable(self) -> None:
        """Wait until everything taken so far is on disk: what is read afterwards cannot be lost."""
        if self._unsynced:
            await self._after_sync()

    async def durably(self, does: Callable[[Live], T]) -> T:
        """Change something in the log now, between two batches, and wait until it is on disk. Errors of `does`; HttpError 503."""
        if self.broken or self.closing:
            raise self.unavailable()
        try:
            found = does(self.live)
        except Exception as failed:
            if self.live.broken or not isinstance(failed, ZhiyuError):
                self._break(failed, [])
                raise self.unavailable() from failed
            raise
        await self._after_sync()
        return found

    def _after_sync(self) -> asyncio.Future[list[Answer]]:
        work = Awaited()
        self.unanswered += 1
        self._unsynced.append((self._syncing.ask(), [work]))
        return work.future

    def _schedule(self) -> None:
        if not self._scheduled and len(self._unsynced) < self._settings.max_ahead:
            self._scheduled = True
            self._loop.call_soon(self._drain)

    def _drain(self) -> None:
        """Decide what is queued, up to the limit of a batch; neighbours of the same form go together."""
        self._scheduled = False
        room = self._settings.max_drain
        while self._queue and room > 0 and not self.broken:
            run = self._next_run(room)
            room -= sum(len(work.bodies) for work in run)
            self._decide(run)
        if self._queue:
            self._schedule()
        self._relieve()

    def _relieve(self) -> None:
        for relief in self._relief:
            if not relief.done():
                relief.set_result(None)
        self._relief.clear()

    def _next_run(self, room: int) -> list[Work]:
        queue, run = self._queue, [self._queue.popleft()]
        first, records = run[0], len(run[0].bodies)
        size = first.size
        while queue and queue[0].source == first.source:
            if records + len(queue[0].bodies) > room:
                break
            work = queue.popleft()
            run.append(work)
            records += len(work.bodies)
            size += work.size
        self.queued -= records
        self.queued_bytes -= size
        return run

    def _decide(self, run: list[Work]) -> None:
        bodies = [body for work in run for body in work.bodies]
        began, cpu = self._clock(), self.pace.cpu()
        try:
            answers = self.live.take(bodies, run[0].source, _late(run, began))
        except Exception as failed:
            if self.live.broken or not isinstance(failed, ZhiyuError):
                self._break(failed, run)
            else:
                self._fail(run, failed)
            return
        seconds = self._clock() - began
        self.pace.decided(seconds, self.pace.cpu() - cpu)
        self.waiting.decided(len(bodies), seconds)
        decode_s, engine_s = self.live.decode_s, self.live.engine_s
        self._watch.decided(
            len(bodies), (began - run[0].queued, decode_s, engine_s, max(seconds - decode_s - engine_s, 0.0))
        )
        if self._tracing is not None:
            self._tracing.decided(run, began, self.live.decode_s)
        self._hand_out(run, answers)
        self._moved()

    def _moved(self) -> None:
        """Services are asked, and finals told, once what led to them is on disk."""
        asks, finals = self.live.asks.take(self.live.opened, self.live.engine.resuming)
        if not asks and not finals:
            return
        self.calls.expect(asks)
        self._after_sync().add_done_callback(lambda done: None if done.exception() else self.calls.go(asks, finals))

    def _hand_out(self, run: list[Work], answers: list[Answer]) -> None:
        """Give each request its answers: at once where nothing was taken, else after the sync."""
        at, waiting = 0, []
        for work in run:
            work.answers = answers[at : at + len(work.bodies)]
            at += len(work.bodies)
            if all(answer.kind == REFUSED for answer in work.answers):
                self._resolve(work)
            else:
                waiting.append(work)
        if waiting:
            self._unsynced.append((self._syncing.ask(), waiting))

    def _resolve(self, work: Work) -> None:
        self.unanswered -= 1
        self.pace.answered()
        work.resolve()

    def _fail(self, works: Sequence[Work], error: ZhiyuError) -> None:
        self.unanswered -= len(works)
        for work in works:
            work.fail(error)

    def _synced(self, ticket: int, seconds: float) -> None:
        if self.broken:
            return
        self._may_reopen = True
        self.waiting.synced(seconds)
        self._watch.synced(seconds)
        began = self._clock()
        while self._unsynced and self._unsynced[0][0] <= ticket:
            for work in self._unsynced.popleft()[1]:
                if self._tracing is not None and work.bodies:
                    self._tracing.synced(work)
                self._resolve(work)
        self._watch.answered(self._clock() - began)
        if self._queue:
            self._schedule()

    def _sync_failed(self, failed: BaseException) -> None:
        if not self.broken:
            self._break(failed, [])

    def _break(self, failed: BaseException, run: list[Work]) -> None:
        """Nothing unsynced is acknowledged from here on; open again from what is on the disk."""
        self.broken = self.live.broken or type(failed).__name__
        self._watch.broke(self.broken)
        works = [*(work for _, works in self._unsynced for work in works), *run, *self._queue]
        self._unsynced.clear()
        self._queue.clear()
        self.calls.forget()
        self.queued = self.queued_bytes = 0
        self._fail(works, self.unavailable())
        self._relieve()
        if self._may_reopen and not self.closing:
            self._may_reopen = False
            self._reopening = self._loop.create_task(self._reopen())

    async def _reopen(self) -> None:
        old, syncing = self.live, self._syncing

        def again() -> Live:
            syncing.stop()
            with contextlib.suppress(Exception):
                old.close()
            return self._opens()

        try:
            self.live = await self._loop.run_in_executor(None, again)
        except Exception as failed:
            self._watch.reopened(False, type(failed).__name__)
            return
        self._syncing = Syncing(self.live, self._synced, self._sync_failed, syncing.ticket)
        self.broken = ""
        self._moved()
        self._watch.reopened(True, "")

    def unavailable(self) -> HttpError:
        """Why nothing is taken now: 503."""
        if self.closing:
            return HttpError(
                503, "stopping", "the server is stopping; this was not acknowledged, send it again",
                "服务正在停止；该请求未确认，请重新发送", headers=((b"retry-after", b"1"),),
            )  # fmt: skip
        return HttpError(
            503, "broken", "the log stopped after an error of the disk; this was not acknowledged, send it again with the same id",
            "磁盘出错，日志已停止；该请求未确认，请用同一 id 重新发送", headers=((b"retry-after", b"1"),),
        )  # fmt: skip

    def tick(self) -> None:
        """Let the engine do some of what waits in the background; called ten times a second, and more often while there is more to do."""
        if self.broken or self.closing or self._working:
            return
        try:
            self._working = self.live.work()
        except Exception as failed:
            self._break(failed, [])
            return
        self._moved()
        if self._working:
            self._loop.call_later(_BETWEEN_S, self._tick_again)

    def _tick_again(self) -> None:
        self._working = False
        self.tick()

    async def close(self) -> None:
        """Decide what is queued, sync, let go of the folder."""
        self.closing = True
        await self.calls.close()
        while self._queue and not self.broken:
            self._drain()
        if not self.broken:
            with contextlib.suppress(HttpError):
                await self.durable()
        if self._reopening is not None:
            await self._reopening
        await self._loop.run_in_executor(None, self._syncing.stop)
        with contextlib.suppress(Exception) if self.broken else contextlib.nullcontext():
            self.live.close()


def _late(run: list[Work], now: float) -> list[int]:
    """Numbers of the records whose deadline has passed."""
    late: list[int] = []
    at = 0
    for work in run:
        if work.deadline < now:
            late.extend(range(at, at + len(work.bodies)))
        at += len(work.bodies)
    return late
