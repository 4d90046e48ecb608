"""One HTTP request to one host, and its answer: no redirects, no proxy, certificates checked, everything limited.

In: an `Endpoint`, a method, a target, a body. Out: `Reply`; `Failed` when there is none. Who calls sets the time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import httptools

from zhiyu.outside.endpoints import Endpoint

MAX_REPLY_BYTES = 1 << 20
MAX_HEAD_BYTES = 64 << 10
_CHUNK = 64 << 10
IDLE_S, MOST_IDLE = 4.0, 16
"""Shorter than servers keep idle connections as a rule (5 s and more)."""


class Failed(Exception):
    """There is no answer: the host cannot be reached, hangs up, or says what is no HTTP or too much of it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came: the status, the body as it was sent."""

    status: int
    body: bytes


class _Reading:
    """Callbacks of the parser: gathers the body."""

    def __init__(self) -> None:
        self.body = bytearray()
        self.done = self.keeps = False
        self.parser: httptools.HttpResponseParser | None = None

    def on_body(self, body: bytes) -> None:
        """A piece."""
        if len(self.body) + len(body) > MAX_REPLY_BYTES:
            raise Failed("the answer is too long")
        self.body += body

    def on_message_complete(self) -> None:
        """The end; only here the parser knows whether the connection stays open."""
        self.done, self.keeps = True, self.parser is not None and bool(self.parser.should_keep_alive())


class Connections:
    """Connections that stay open from one request to the next, at most `MOST_IDLE` idle ones per service, for `IDLE_S`.

    One that the other side has closed meanwhile is not used. One that breaks under a request fails that request: whether it was worked on
    nobody can know, so sending it again is for whoever declared that asking twice does no harm.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._idle: dict[Endpoint, list[_Connection]] = {}

    async def send(self, endpoint: Endpoint, method: str, target: str, body: bytes) -> Reply:
        """Ask once."""
        connection, keep = None, False
        try:
            connection = self._taken(endpoint) or await _opened(endpoint)
            connection.writer.write(_request(endpoint, method, target, body, "keep-alive"))
            await connection.writer.drain()
            reply, keep = await _reply(connection.reader)
            return reply
        except (OSError, EOFError, httptools.HttpParserError, ssl.SSLError) as fault:
            raise Failed(type(fault).__name__) from None
        finally:
            if connection is not None:
                self._put_back(endpoint, connection, keep)

    def close(self) -> None:
        """Let go of all idle ones."""
        for idle in self._idle.values():
            for each in idle:
                each.abort()
        self._idle.clear()

    def _taken(self, endpoint: Endpoint) -> _Connection | None:
        idle = self._idle.get(endpoint, [])
        while idle:
            found = idle.pop()
            if (
                self._clock() < found.idle_since + IDLE_S
                and not found.reader.at_eof()
                and not found.writer.is_closing()
            ):
                return found
            found.abort()
        return None

    def _put_back(self, endpoint: Endpoint, connection: _Connection, keep: bool) -> None:
        idle = self._idle.setdefault(endpoint, [])
        if not keep or len(idle) >= MOST_IDLE:
            connection.abort()
            return
        connection.idle_since = self._clock()
        idle.append(connection)


@dataclass(slots=True)
class _Connection:
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    idle_since: float = 0.0

    def abort(self) -> None:
        """Hang up at once."""
        with contextlib.suppress(Exception):
            self.writer.transport.abort()


async def _opened(endpoint: Endpoint, address: str = "") -> _Connection:
    context = _context(endpoint.ca_file) if endpoint.tls else None
    name = endpoint.host if context else None
    host = address or endpoint.host
    return _Connection(*await asyncio.open_connection(host, endpoint.port, ssl=context, server_hostname=name))


async def send(
    endpoint: Endpoint, method: str, target: str, body: bytes, address: str = "", kind: str = "application/json"
) -> Reply:
    """Ask once, on a connection of its own. `address`: of the host, where it was looked up already; `kind`: of the body."""
    connection = None
    try:
        connection = await _opened(endpoint, address)
        connection.writer.write(_request(endpoint, method, target, body, "close", kind))
        await connection.writer.drain()
        return (await _reply(connection.reader))[0]
    except (OSError, EOFError, httptools.HttpParserError, ssl.SSLError) as fault:
        raise Failed(type(fault).__name__) from None
    finally:
        if connection is not None:
            connection.abort()


def _request(
    endpoint: Endpoint, method: str, target: str, body: bytes, connection: str, kind: str = "application/json"
) -> bytes:
    lines = [
        f"{method} {target} HTTP/1.1",
        f"host: {endpoint.authority}",
        "accept: application/json",
        f"connection: {connection}",
    ]
    lines += [f"{name}: {value}" for name, value in endpoint.headers]
    if method == "POST":
        lines += [f"content-type: {kind}", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


async def _reply(reader: asyncio.StreamReader) -> tuple[Reply, bool]:
    """What came, and whether the connection may be used again."""
    reading = _Reading()
    parser = reading.parser = httptools.HttpResponseParser(reading)
    read = 0
    while not reading.done:
        piece = await reader.read(_CHUNK)
        if not piece:
            status = _status(parser)
            if status and bytes(reading.body) != b"":
                return Reply(status, bytes(reading.body)), False  # ended by hanging up, as old servers do
            raise Failed("hung up")
        read += len(piece)
        if read > MAX_REPLY_BYTES + MAX_HEAD_BYTES:
            raise Failed("the answer is too long")
        try:
            parser.feed_data(piece)
        except httptools.HttpParserError as fault:
            raise (fault.__context__ if isinstance(fault.__context__, Failed) else Failed("no HTTP")) from None
    return Reply(_status(parser), bytes(reading.body)), reading.keeps


def _status(parser: httptools.HttpResponseParser) -> int:
    return int(parser.get_status_code())


@lru_cache(maxsize=64)
def _context(ca_file: str) -> ssl.SSLContext:
    """Certificates and host names are checked; `ca_file` is for a house with an authority of its own."""
    return ssl.create_default_context(cafile=ca_file or None)
