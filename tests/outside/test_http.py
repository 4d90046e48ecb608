"""One request on the wire: what comes back is taken as it is or fails; a redirect is an answer like any other and leads nowhere."""

from __future__ import annotations

import asyncio
import ssl
from pathlib import Path

import pytest

from zhiyu.outside import http
from zhiyu.outside.endpoints import Endpoint
from zhiyu.outside.http import MAX_REPLY_BYTES, Failed, Reply, send

HERE = Path(__file__).parents[1] / "server"
HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b"


def exchange(answer: bytes, *, tls: bool = False, ca_file: str = "") -> tuple[Reply, bytes]:
    """Ask a server that says these bytes and hangs up; the reply and what it was sent."""
    told = bytearray()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        told.extend(await reader.readuntil(b"\r\n\r\n"))
        told.extend(await reader.readexactly(2))
        writer.write(answer)
        await writer.drain()
        writer.close()

    async def both() -> Reply:
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(HERE / "localhost.cert.pem", HERE / "localhost.key.pem")
        async with await asyncio.start_server(serve, "localhost", 0, ssl=context) as server:
            port = server.sockets[0].getsockname()[1]
            endpoint = Endpoint("localhost", port, tls, "", (("X-Key", "secret"),), ca_file)
            return await asyncio.wait_for(send(endpoint, "POST", "/score?a=1", b"{}"), 30)

    return asyncio.run(both()), bytes(told)


def test_what_is_sent_and_what_comes_back() -> None:
    reply, told = exchange(HEAD % (2, b"ok"))
    assert reply == Reply(200, b"ok")
    head = told.decode().split("\r\n")
    assert head[0] == "POST /score?a=1 HTTP/1.1"
    assert {"accept: application/json", "connection: close", "X-Key: secret", "content-length: 2"} < set(head)
    assert told.endswith(b"\r\n\r\n{}")


def test_pieces_and_old_servers() -> None:
    pieces = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n3\r\nay!\r\n0\r\n\r\n"
    assert exchange(pieces)[0].body == b"okay!"
    assert exchange(b"HTTP/1.0 200 OK\r\n\r\nuntil I hang up")[0].body == b"until I hang up"


def test_a_redirect_is_not_followed() -> None:
    reply, _ = exchange(b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n")
    assert reply.status == 302


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\ncontent-length: 50\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 300_000],
)  # fmt: skip
def test_what_is_no_answer(answer: bytes) -> None:
    with pytest.raises(Failed):
        exchange(answer)


def test_an_answer_has_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_REPLY_BYTES", 1_000)
    assert MAX_REPLY_BYTES == 1 << 20
    assert len(exchange(HEAD % (1_000, b"x" * 1_000))[0].body) == 1_000
    with pytest.raises(Failed, match="too long"):
        exchange(HEAD % (1_001, b"x" * 1_001))


def test_certificates_are_checked() -> None:
    reply, _ = exchange(HEAD % (2, b"ok"), tls=True, ca_file=str(HERE / "localhost.cert.pem"))
    assert reply.body == b"ok"
    with pytest.raises(Failed, match="SSL"):
        exchange(HEAD % (2, b"ok"), tls=True)


def test_nobody_is_there() -> None:
    with pytest.raises(Failed):
        asyncio.run(send(Endpoint("127.0.0.1", 1, False), "GET", "/", b""))


def asked_twice(answer: bytes, hangs_up: bool = False) -> tuple[list[bytes], int]:
    """Two requests over `Connections`; bodies, and how many connections the server saw."""
    seen = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal seen
        seen += 1
        while True:
            try:
                await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(2)
            except asyncio.IncompleteReadError:
                break
            writer.write(answer)
            await writer.drain()
            if hangs_up:
                break
        writer.close()

    async def both() -> list[bytes]:
        connections = http.Connections()
        async with await asyncio.start_server(serve, "localhost", 0) as server:
            endpoint = Endpoint("localhost", server.sockets[0].getsockname()[1], False)
            found = []
            for _ in range(2):
                found.append((await asyncio.wait_for(connections.send(endpoint, "POST", "/", b"{}"), 30)).body)
                while hangs_up and not all(each.reader.at_eof() for each in connections._idle.get(endpoint, ())):
                    await asyncio.sleep(0)
            connections.close()
        return found

    return asyncio.run(both()), seen


def test_a_connection_is_used_again_unless_either_side_closes_it() -> None:
    assert asked_twice(HEAD % (2, b"ok")) == ([b"ok", b"ok"], 1)
    assert asked_twice(HEAD % (2, b"ok"), hangs_up=True) == ([b"ok", b"ok"], 2)
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 2\r\n\r\nok"
    assert asked_twice(closing) == ([b"ok", b"ok"], 2)
