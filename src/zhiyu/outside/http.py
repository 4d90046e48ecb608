"""One HTTP request to one host, and its answer: no redirects, no proxy, certificates checked, everything limited.

In: an `Endpoint`, a method, a target, a body. Out: `Reply`; `Failed` when there is none. Who calls sets the time limit.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from dataclasses import dataclass
from functools import lru_cache

import httptools

from zhiyu.outside.endpoints import Endpoint

MAX_REPLY_BYTES = 1 << 20
MAX_HEAD_BYTES = 64 << 10
_CHUNK = 64 << 10


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
        self.done = False

    def on_body(self, body: bytes) -> None:
        """A piece."""
        if len(self.body) + len(body) > MAX_REPLY_BYTES:
            raise Failed("the answer is too long")
        self.body += body

    def on_message_complete(self) -> None:
        """The end."""
        self.done = True


async def send(endpoint: Endpoint, method: str, target: str, body: bytes, address: str = "") -> Reply:
    """Ask once, on a connection of its own. `address`: of the host, where it was looked up already."""
    context = _context(endpoint.ca_file) if endpoint.tls else None
    writer = None
    try:
        reader, writer = await asyncio.open_connection(
            address or endpoint.host, endpoint.port, ssl=context, server_hostname=endpoint.host if context else None
        )
        writer.write(_request(endpoint, method, target, body))
        await writer.drain()
        return await _reply(reader)
    except (OSError, EOFError, httptools.HttpParserError, ssl.SSLError) as fault:
        raise Failed(type(fault).__name__) from None
    finally:
        if writer is not None:
            with contextlib.suppress(Exception):
                writer.transport.abort()


def _request(endpoint: Endpoint, method: str, target: str, body: bytes) -> bytes:
    lines = [
        f"{method} {target} HTTP/1.1",
        f"host: {endpoint.authority}",
        "accept: application/json",
        "connection: close",
    ]
    lines += [f"{name}: {value}" for name, value in endpoint.headers]
    if method == "POST":
        lines += ["content-type: application/json", f"content-length: {len(body)}"]
    return "\r\n".join([*lines, "", ""]).encode("ascii") + body


async def _reply(reader: asyncio.StreamReader) -> Reply:
    reading = _Reading()
    parser = httptools.HttpResponseParser(reading)
    read = 0
    while not reading.done:
        piece = await reader.read(_CHUNK)
        if not piece:
            status = _status(parser)
            if status and bytes(reading.body) != b"":
                return Reply(status, bytes(reading.body))  # ended by hanging up, as old servers do
            raise Failed("hung up")
        read += len(piece)
        if read > MAX_REPLY_BYTES + MAX_HEAD_BYTES:
            raise Failed("the answer is too long")
        try:
            parser.feed_data(piece)
        except httptools.HttpParserError as fault:
            raise (fault.__context__ if isinstance(fault.__context__, Failed) else Failed("no HTTP")) from None
    return Reply(_status(parser), bytes(reading.body))


def _status(parser: httptools.HttpResponseParser) -> int:
    return int(parser.get_status_code())


@lru_cache(maxsize=64)
def _context(ca_file: str) -> ssl.SSLContext:
    """Certificates and host names are checked; `ca_file` is for a house with an authority of its own."""
    return ssl.create_default_context(cafile=ca_file or None)
