"""The least that a durable route can do on the same server: parse, append, sync, answer. Twice: by ASGI, and in the fast lane.

In: an event by POST /trivial, or /trivial-lane. Out: its id and place, once it is on disk. Group commit with the same thread and the same
calls to the disk as the real route, 1 KiB per event; nothing is checked, counted or decided. The first is what anybody would write for this
server; the second has the same way in and out as decisions, so that the difference to it is the price of deciding.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec

from zhiyu.log.disk import RealDisk
from zhiyu.server.exchange import Receive, Scope, Send
from zhiyu.server.lane import Asked, Caller, Lane
from zhiyu.server.syncing import Syncing
from zhiyu.server.thin import App

PATH, LANE_PATH = b"/trivial", b"/trivial-lane"
_AHEAD = 4 << 20
_EVENT_BYTES = 1_024


class Durable:
    """A file to which records are appended; whoever brought one is told its place when it is on disk."""

    def __init__(self, path: Path) -> None:
        self._file = RealDisk().open(path)
        self._end = self._reserved = self._number = 0
        self._waiting: list[tuple[bytes, Callable[[int], None]]] = []
        self._written: list[tuple[int, list[Callable[[int], None]]]] = []
        self._syncing: Syncing | None = None
        self._scheduled = False

    def append(self, body: bytes, tell: Callable[[int], None]) -> None:
        """Take one record."""
        self._waiting.append((body, tell))
        if not self._scheduled:
            self._scheduled = True
            asyncio.get_running_loop().call_soon(self._write)

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
        self._written.append((self._syncing.ask(), [tell for _, tell in waiting]))

    def sync(self) -> int:
        """Called in the thread of `Syncing`."""
        end = self._end
        self._file.sync()
        return end

    def _synced(self, ticket: int, seconds: float) -> None:
        while self._written and self._written[0][0] <= ticket:
            for tell in self._written.pop(0)[1]:
                self._number += 1
                tell(self._number)

    def _failed(self, error: BaseException) -> None:
        raise error


class Trivial:
    """An ASGI app: its own route, everything else goes on to `rest`."""

    def __init__(self, rest: App, durable: Durable) -> None:
        self._rest, self._durable = rest, durable

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
        place: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self._durable.append(body, place.set_result)
        answer = _answer(event["id"], await place)
        headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(answer))]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})


class TrivialLane:
    """The same as a route of the fast lane."""

    def __init__(self, durable: Durable) -> None:
        self._durable = durable

    def __call__(self, lane: Lane, caller: Caller, asked: Asked, body: bytes) -> None:
        """One request."""
        event = msgspec.json.decode(body)
        self._durable.append(
            body,
            lambda place: caller.finish(lane.success(caller, _answer(event["id"], place), asked.id or b"-"), False),
        )


def _answer(event_id: str, place: int) -> bytes:
    return b'{"id":"%b","position":%d}' % (event_id.encode(), place)
