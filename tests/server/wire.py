"""A connection of the server without a socket: what it would send is kept.

In: a site, an app. Out: answers to raw bytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from zhiyu.server.connection import Guarded, guarded
from zhiyu.server.lane import Lane
from zhiyu.server.site import Site


class Wire:
    """What a connection writes to."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self._more = asyncio.Event()

    def write(self, data: bytes) -> None:
        self.sent.append(data)
        self._more.set()

    def close(self) -> None:
        self.closed = True
        self._more.set()

    def is_closing(self) -> bool:
        return self.closed

    def __getattr__(self, name: str) -> Any:
        return lambda *given: None

    async def answer(self) -> bytes:
        """The next whole answer."""
        while not whole(found := b"".join(self.sent)):
            assert not self.closed, found
            self._more.clear()
            await self._more.wait()
        self.sent.clear()
        return found


def whole(answer: bytes) -> bool:
    """Whether an answer is there to its last byte; one that is longer fails."""
    head, end, body = answer.partition(b"\r\n\r\n")
    if not end:
        return False
    [length] = [int(line.partition(b": ")[2]) for line in head.split(b"\r\n") if line.startswith(b"content-length: ")]
    assert len(body) <= length, answer
    return len(body) == length


class Doorway:
    """Makes connections to an app."""

    def __init__(self, site: Site, app: Any) -> None:
        self._made = guarded(Lane(site), lambda error: None)
        self._config = uvicorn.Config(app, log_config=None)
        self._state = ServerState()

    def connect(self) -> tuple[Guarded, Wire]:
        """A new one."""
        wire = Wire()
        connection = self._made(self._config, self._state, {}, asyncio.get_running_loop())
        connection.connection_made(wire)  # type: ignore[arg-type]
        return connection, wire


async def ask(connection: Guarded, wire: Wire, pieces: Sequence[bytes]) -> bytes:
    """Send a request in pieces; its answer."""
    for piece in pieces:
        connection.data_received(piece)
        await asyncio.sleep(0)
    return await wire.answer()
