"""What is asked of the recent past (drafts tried, features spread out, arms of experiments compared), in a process beside the server: one
per tenant, begun when it is asked.

In: what is asked. Out: messages as they come: what the checks found, how far it is, the figures. Whoever leaves takes the question along.
The process runs below the server's priority, reads the log from disk, and ends when nothing was asked for a while; its tape ends with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import multiprocessing
import shutil
from collections.abc import AsyncIterator
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from typing import Any

from zhiyu.evaluation.recent.work import Message, Workshop, serve_recent
from zhiyu.server.desk import Desk
from zhiyu.server.problems import HttpError

DAYS = 30
FOLDER = "recent"
"""Beside the log of a tenant: the tape, while the process runs."""
IDLE_S = 900.0
MAX_ASKED = 16
"""Questions under way at a time, per tenant."""


class Trying:
    """Of one tenant, whose desk this is."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._folder = desk, desk.live.folder / FOLDER
        self._process: SpawnProcess | None = None
        self._pipe: Connection | None = None
        self._answers: dict[int, asyncio.Queue[Message]] = {}
        self._outbox = asyncio.Queue[tuple[int, str, Any]]()
        self._sender: asyncio.Task[None] | None = None
        self._last = 0
        self._turn = asyncio.Lock()
        self._idle: asyncio.TimerHandle | None = None
        shutil.rmtree(self._folder, ignore_errors=True)  # what a server that was killed left

    async def ask(self, kind: str, content: dict[str, Any]) -> AsyncIterator[tuple[str, Any]]:
        """(kind, content) of every message until the end. HttpError 429 when many ask."""
        if len(self._answers) >= MAX_ASKED:
            raise HttpError(429, "busy", "many drafts are being tried; try again soon", "试算请求过多；请稍后再试")
        self._last += 1
        number, answers = self._last, asyncio.Queue[Message]()
        self._answers[number] = answers
        try:
            await self._begun()
            self._send((number, kind, content | {"live": self._desk.live.whole}))
            while True:
                _, said, told = await answers.get()
                if said == "end":
                    return
                yield said, told
        finally:
            del self._answers[number]
            self._send((number, "cancel", None))
            self._rest()

    async def close(self) -> None:
        """End the process."""
        if self._idle is not None:
            self._idle.cancel()
        process, self._process, pipe, self._pipe = self._process, None, self._pipe, None
        if self._sender is not None:
            self._sender.cancel()
        if pipe is not None:
            loop = asyncio.get_running_loop()
            with contextlib.suppress(OSError, ValueError):
                loop.remove_reader(pipe.fileno())
            pipe.close()
        if process is not None:
            process.terminate()
            await asyncio.get_running_loop().run_in_executor(None, process.join)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def _begun(self) -> None:
        """Have the process."""
        async with self._turn:
            if self._process is not None:
                return
            live, loop = self._desk.live, asyncio.get_running_loop()
            workshop = Workshop(live.folder.parent, live.tenant, live.opened.codes.key, DAYS, self._folder)
            context = multiprocessing.get_context("spawn")
            pipe, theirs = context.Pipe()
            process = context.Process(target=serve_recent, args=(theirs, workshop), daemon=True)
            await loop.run_in_executor(None, process.start)
            theirs.close()
            self._process, self._pipe, self._outbox = process, pipe, asyncio.Queue()
            self._sender = loop.create_task(self._sends(pipe))
            loop.add_reader(pipe.fileno(), self._heard)

    def _heard(self) -> None:
        """Messages are there; each goes to who asked."""
        pipe = self._pipe
        try:
            while pipe is not None and pipe.poll():
                message: Message = pipe.recv()
                if (answers := self._answers.get(message[0])) is not None:
                    answers.put_nowait(message)
        except (EOFError, OSError):
            self._ended()

    def _ended(self) -> None:
        """The process is gone, though nobody ended it: whoever waits is told so."""
        why = {"code": "try", "en": "its process ended without a result; try again", "zh": "试算进程异常结束；请重试"}
        for number, answers in self._answers.items():
            answers.put_nowait((number, "failed", why))
            answers.put_nowait((number, "end", None))
        asyncio.get_running_loop().create_task(self.close())

    def _send(self, message: tuple[int, str, Any]) -> None:
        self._outbox.put_nowait(message)

    async def _sends(self, pipe: Connection) -> None:
        """What is to go through the pipe goes in a thread: a full pipe must not stop the loop."""
        loop = asyncio.get_running_loop()
        with contextlib.suppress(OSError):
            while True:
                await loop.run_in_executor(None, pipe.send, await self._outbox.get())

    def _rest(self) -> None:
        """With nothing to do for a while the process ends."""
        loop = asyncio.get_running_loop()
        if self._idle is not None:
            self._idle.cancel()
        self._idle = loop.call_later(IDLE_S, self._if_idle)

    def _if_idle(self) -> None:
        if not self._answers:
            asyncio.get_running_loop().create_task(self.close())
