"""Backtests of what is proposed, over the server's own log: begun, watched, cancelled, kept with the proposal.

In: a proposal, for how many days back. Out: its backtest: how far it is, then what it found, in both languages. Each runs in a process
of its own, one at a time, below the server's priority; when the server ends, what runs ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from zhiyu.access.proposals import NotOpen, Proposal
from zhiyu.evaluation.log_backtest import serve_backtest
from zhiyu.records.store import RecordsAway
from zhiyu.server.desk import Desk
from zhiyu.server.problems import HttpError
from zhiyu.server.staff import Office, Staff

DAY_MS = 86_400_000
MAX_DAYS = 3_650
MAX_WAITING = 20
"""Backtests that wait for the one that runs."""
Key = tuple[str, int]


class Backtests:
    """Of all tenants of one server. `failed` is told what went wrong while the records were away."""

    def __init__(self, staff: Staff, failed: Callable[[Exception], None]) -> None:
        self._staff, self._failed = staff, failed
        self._turn = asyncio.Semaphore(1)
        self._done: dict[Key, float] = {}
        self._tasks: dict[Key, asyncio.Task[None]] = {}

    def told(self, tenant: str, proposal: Proposal) -> dict[str, Any] | None:
        """The backtest of a proposal; None when none was begun."""
        found: dict[str, Any] | None = proposal.payload.get("backtest")
        if found is None or found["state"] != "running":
            return found
        done = self._done.get((tenant, proposal.number))
        return found | ({"state": "interrupted"} if done is None else {"progress": round(done, 3)})

    async def begin(self, office: Office, desk: Desk, proposal: Proposal, by: str, days: int) -> Proposal:
        """Begin one, over the last so many days of events. HttpError 409 while one runs or it is about no policy, 429 when many wait."""
        key = (office.proposals.tenant, proposal.number)
        if proposal.kind != "policy":
            raise HttpError(409, "backtest", "only a policy can be tested on the log", "只有策略提案可以回测")
        if key in self._tasks:
            raise HttpError(409, "backtest", "one is running already; cancel it first", "已有回测在运行；请先取消")
        if len(self._tasks) >= MAX_WAITING:
            raise HttpError(429, "busy", "many backtests are waiting; try again later", "排队的回测过多；请稍后再试")
        live, now = desk.live, self._staff.wall()
        from_ms = max(live.moment() - days * DAY_MS, 0)
        asked = {
            "state": "running",
            "days": days,
            "live": live.whole,
            "policy": proposal.payload["policy"],
            "by": by,
            "begun_ms": now,
        }
        found = await self._staff.aside(lambda: office.proposals.note(proposal.number, by, now, "backtest", asked))
        self._done[key] = 0.0
        given = (live.folder.parent, key[0], live.opened.codes.key, live.whole, proposal.payload["policy"], from_ms)
        self._tasks[key] = asyncio.create_task(self._run(office, key, asked, given))
        return found

    async def cancel(self, office: Office, number: int) -> None:
        """End the one that runs. HttpError 409 when none does."""
        task = self._tasks.get((office.proposals.tenant, number))
        if task is None:
            raise HttpError(409, "backtest", "none is running", "没有正在运行的回测")
        task.cancel()
        await asyncio.wait([task])

    async def close(self) -> None:
        """End all."""
        tasks = list(self._tasks.values())
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    async def _run(self, office: Office, key: Key, asked: dict[str, Any], given: tuple[Any, ...]) -> None:
        ended: dict[str, Any] = {"state": "cancelled"}
        try:
            async with self._turn:
                ended = await self._process(key, given)
        except asyncio.CancelledError:
            pass
        now = self._staff.wall()
        try:
            note = asked | ended | {"ended_ms": now}
            await self._staff.aside(lambda: office.proposals.note(key[1], "system", now, "backtest", note))
        except NotOpen:
            pass  # it was decided meanwhile
        except RecordsAway as away:
            self._failed(away)
        finally:
            self._done.pop(key, None)
            self._tasks.pop(key, None)

    async def _process(self, key: Key, given: tuple[Any, ...]) -> dict[str, Any]:
        context = multiprocessing.get_context("spawn")
        pipe, theirs = context.Pipe(duplex=False)
        process = context.Process(target=serve_backtest, args=(theirs, *given), daemon=True)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(None, process.start)
        theirs.close()
        try:
            while True:
                word, content = await _received(pipe)
                if word == "progress":
                    self._done[key] = content
                else:
                    return {"state": word, **({"result": content} if word == "done" else {"why": content})}
        except EOFError:
            why = {"code": "backtest", "en": "its process ended without a result", "zh": "回测进程异常结束"}
            return {"state": "failed", "why": why}
        finally:
            process.terminate()
            pipe.close()
            await loop.run_in_executor(None, process.join)


async def _received(pipe: Connection) -> Any:
    """The next message, without a thread that waits for it. EOFError when there will be none."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    while not pipe.poll():
        ready.clear()
        loop.add_reader(pipe.fileno(), ready.set)
        try:
            await ready.wait()
        finally:
            with contextlib.suppress(OSError):
                loop.remove_reader(pipe.fileno())
    return pipe.recv()


def require_backtest(proposal: Proposal, base: str) -> None:
    """HttpError 409 unless the proposal carries a backtest of this policy against `base`."""
    found = proposal.payload.get("backtest") or {}
    if found.get("state") != "done" or found.get("live") != base:
        raise HttpError(
            409, "backtest", "this server asks for a backtest against the policy in force first; POST …:backtest, then submit",
            "本服务要求先对现行策略完成回测；请 POST …:backtest，完成后再提交",
        )  # fmt: skip
