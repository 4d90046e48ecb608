"""The least that a durable route can do on the same server: parse, append, sync, answer.

In: an event by POST /trivial. Out: its id and place, once it is on disk. Group commit with the same thread and the same calls to the disk
as the real route, 1 KiB per event; nothing is checked, counted or decided. The difference to it is the price of deciding.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import msgspec

from zhiyu.log.disk import RealDisk
from zhiyu.server.exchange import Receive, Scope, Send
from zhiyu.server.syncing import Syncing
from zhiyu.server.thin import App

PATH = b"/trivial"
_AHEAD = 4 << 20
_EVENT_BYTES = 1_024


class Trivial:
    """An ASGI app: its own route, everything else goes on to `rest`."""

    def __init__(self, rest: App, path: Path) -> None:
        self._rest = rest
        self._file = RealDisk().open(path)
        self._end = self._reserved = self._number = 0
        self._waiting: list[tuple[bytes, asyncio.Future[int]]] = []
        self._written: list[tuple[int, list[asyncio.Future[int]]]] = []
        self._syncing: Syncing | None = None
        self._scheduled = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http" or scope["raw_path"] != PATH:
            await self._rest(scope, receive, send)
            return
        message = await receive()
        body: bytes = message["body"]
        while message.get("more_body"):
            message = await receive()
            body += message["body"]
        event = msgspec.json.decode(body)
        loop = asyncio.get_running_loop()
        durable: asyncio.Future[int] = loop.create_future()
        self._waiting.append((body, durable))
        if not self._scheduled:
            self._scheduled = True
            loop.call_soon(self._write)
        answer = b'{"id":"%b","position":%d}' % (event["id"].encode(), await durable)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    def _write(self) -> None:
        """Everything that came in this round of the loop, at once."""
        self._scheduled = False
        waiting, self._waiting = self._waiting, []
        data = b"".join(body.ljust(_EVENT_BYTES) for body, _ in waiting)
        if self._end + len(data) > self._reserved:
            self._reserved = self._end + len(data) + _AHEAD
            self._file.reserve(self._reserved)
        self._file.write(self._end, data)
        self._end += len(data)
        if self._syncing is None:
            self._syncing = Syncing(self, self._synced, self._failed)
        self._written.append((self._syncing.ask(), [durable for _, durable in waiting]))

    def sync(self) -> int:
        """Called in the thread of `Syncing`."""
        end = self._end
        self._file.sync()
        return end

    def _synced(self, ticket: int, seconds: float) -> None:
        while self._written and self._written[0][0] <= ticket:
            for durable in self._written.pop(0)[1]:
                self._number += 1
                durable.set_result(self._number)

    def _failed(self, error: BaseException) -> None:
        raise error
