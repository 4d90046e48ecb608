"""Clients that dribble, send too much, or leave: they are ended with a reason and cost nobody else anything."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.served import Served, payment, until_closed
from zhiyu.server.connection import Joined
from zhiyu.server.settings import Settings

LIMITS = Settings(headers_s=0.5, body_s=1.5, idle_s=0.5, keep_alive_s=60, max_connections=20)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("slow"), settings=LIMITS) as made:
        yield made


def ended(answer: bytes) -> tuple[int, str]:
    """Status and code of a raw answer."""
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split(b" ")[1]), json.loads(body)["code"]


SLOW = {
    "nothing": (b"", "slow_head"),
    "half a head": (b"POST /v1/decisions HT", "slow_head"),
    "headers without end": (b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nA: b\r\n", "slow_head"),
    "no body": (b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n", "slow_body"),
    "half a body": (b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\n{", "slow_body"),
}


@pytest.mark.parametrize("name", SLOW)
def test_who_stops_sending_is_told_and_ended(server: Served, name: str) -> None:
    data, code = SLOW[name]
    with server.connect() as connection:
        connection.sendall(data)
        assert ended(until_closed(connection)) == (408, code)


def test_a_body_that_dribbles_for_ever_is_ended(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n")
        try:
            for _ in range(600):
                connection.sendall(b"x")
                time.sleep(0.02)
        except OSError:
            pass
        else:
            pytest.fail("the server read for ever")


def test_a_second_request_on_a_kept_connection_may_come_late(server: Served) -> None:
    request = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with server.connect() as connection:
        for _ in range(2):
            connection.sendall(request)
            assert b"alive" in connection.recv(65_536)
            time.sleep(2.2)  # longer than any limit but keep-alive
        connection.sendall(request[:10])
        time.sleep(0.1)
        connection.sendall(request[10:])
        assert b"alive" in connection.recv(65_536)


TOO_MUCH = {
    "many headers": (b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 200 + b"\r\n", 431, "headers"),
    "long header": (b"GET / HTTP/1.1\r\nA: " + b"b" * 20_000 + b"\r\n\r\n", 431, "headers"),
    "long address": (b"GET /" + b"a" * 9_000 + b" HTTP/1.1\r\n\r\n", 414, "url"),
    "no HTTP": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 hello\r\n\r\n", 400, "http"),
    "long body": (
        b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999999999\r\n\r\n",
        413,
        "too_large",
    ),
    "wrong length": (b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", 400, "http"),
}


@pytest.mark.parametrize("name", TOO_MUCH)
def test_too_much_is_told_and_ended(server: Served, name: str) -> None:
    data, status, code = TOO_MUCH[name]
    with server.connect() as connection:
        connection.sendall(data)
        assert ended(until_closed(connection)) == (status, code)


def test_a_chunked_body_without_end_is_ended_at_the_limit(server: Served) -> None:
    with server.connect() as connection:
        connection.sendall(b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n")
        try:
            for _ in range(100):
                connection.sendall(b"10000\r\n" + b"x" * 65_536 + b"\r\n")
        except OSError:
            return  # ended while we were sending
        assert ended(until_closed(connection)) == (413, "too_large")


def test_too_many_connections_are_turned_away(server: Served) -> None:
    held = [server.connect() for _ in range(LIMITS.max_connections + 3)]
    try:
        assert ended(until_closed(held[-1])) == (503, "connections")
    finally:
        for connection in held:
            connection.close()
    time.sleep(0.2)
    assert server.decide(payment("again")).status_code == 200


def test_a_client_that_leaves_does_not_lose_its_event(tmp_path: Path) -> None:
    """Whether the answer could be told or not, the event is there whole, or not at all."""
    with Served(tmp_path) as server:
        for number in range(30):
            body = payment(number)
            whole = b"POST /v1/decisions HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\n\r\n" % len(body) + body
            with server.connect() as connection:
                connection.sendall(whole if number % 2 else whole[:-1])
        found = [server.client.get(f"/v1/decisions/p{number}").status_code for number in range(30)]
        again = [server.decide(payment(number)).json() for number in range(30)]
    assert found[::2] == [404] * 15
    assert set(found[1::2]) <= {200, 404}
    assert 200 in found
    assert [(each["id"], each.get("repeated", False)) for each in again] == [
        (f"p{at}", found[at] == 200) for at in range(30)
    ]
    assert len({each["position"] for each in again}) == 30


def test_an_answer_leaves_in_one_piece_and_the_head_of_a_stream_at_once() -> None:
    """One write is one call of the system, and one wake-up of the client."""
    sent: list[bytes] = []

    class Wire:
        """What uvloop would be."""

        def __getattr__(self, name: str) -> object:
            return lambda *given: sent.append(given[0] if given else name.encode())

    joined = Joined(Wire())  # type: ignore[arg-type]
    joined.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n")
    assert sent == []
    joined.write(b"{}")
    joined.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
    joined.write(b"1\r\na\r\n")
    joined.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n")
    joined.close()
    assert sent == [
        b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1\r\na\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n", b"close",
    ]  # fmt: skip
