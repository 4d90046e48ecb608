"""The fast lane: what goes by it is answered, counted and logged as by the ordinary way; what is not everyday does not go by it.

A request takes the ordinary way when a header of no meaning stands in it twice. No test depends on how long anything takes.
"""

from __future__ import annotations

import asyncio
import io
import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.access.test_keys import with_key
from tests.engine.live_stream import live_opened
from tests.server.served import Served, payment, until_closed
from tests.server.wire import Doorway
from zhiyu.access.gate import Gate, OpenGate
from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.engine.live import Live
from zhiyu.server import log_lines
from zhiyu.server.desk import Desk
from zhiyu.server.heads import MAX_REMEMBERED
from zhiyu.server.lane import Lane
from zhiyu.server.log_lines import LogLines
from zhiyu.server.meters import TenantMeters
from zhiyu.server.site import Site

OPENED = live_opened()
TWICE = b"X-Way: ordinary\r\nX-Way: ordinary\r\n"


def request(body: bytes, more: bytes = b"", path: bytes = b"/v1/decisions") -> bytes:
    """A whole request."""
    return b"POST %b HTTP/1.1\r\nHost: localhost\r\n%bContent-Length: %d\r\n\r\n%b" % (path, more, len(body), body)


def answer(connection: socket.socket) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the next answer, and not a byte more."""
    found = b""
    while not found.endswith(b"\r\n\r\n"):
        found += connection.recv(1) or pytest.fail(f"the server ended after {found!r}")
    status, headers, body = answer_of(found)
    while len(body) < int(headers["content-length"]):
        body += connection.recv(int(headers["content-length"]) - len(body))
    return status, headers, body


def answer_of(data: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of an answer."""
    head, _, body = data.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    return int(first.split(" ")[1]), {name: value for name, _, value in (line.partition(": ") for line in lines)}, body


@pytest.fixture
def taken(monkeypatch: pytest.MonkeyPatch) -> list[bool | None]:
    """Whether the lane took what it was asked to take; None: not yet."""
    found: list[bool | None] = []
    real = Lane.takes
    monkeypatch.setattr(Lane, "takes", lambda *given: found.append(real(*given)) or found[-1])
    return found


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch, Served(tmp_path_factory.mktemp("lane"), OPENED) as made:
        patch.setattr(log_lines, "MAX_LINES_A_SECOND", 1_000_000)
        yield made


BODIES = {
    "good": payment("ID", card="pID"),
    "fact": b'{"type": "login", "id": "pID", "time": "2027-01-15T08:00:00+08:00", "card": "pID"}',
    "not JSON": b'{"type": "payment", "id": ',
    "no object": b"[1, 2]",
    "empty": b"",
    "NaN": payment("ID", amount=float("nan")),
    "a number too large": payment("ID").replace(b": 20,", b": 1e999,"),
    "a key twice": payment("ID")[:-1] + b', "id": "again"}',
    "bad UTF-8": payment("ID").replace("北".encode(), b"\xff\xfe"),
    "deep": payment("ID")[:-1] + b', "more": ' + b"[" * 5_000 + b"]" * 5_000 + b"}",
    "a wrong type": payment("ID", amount="much"),
    "no type": b'{"id": "pID"}',
    "an unknown type": payment("ID", type="none"),
    "a time of no day": payment("ID", time="2027-02-30T08:00:00+08:00"),
}
"""Records; pID stands for an id of its own."""
HEADERS = {
    "plain": b"",
    "Chinese": b"Accept-Language: zh-CN\r\n",
    "an id": b"Zhiyu-Request-Id: mine-1\r\n",
    "no id": b"Zhiyu-Request-Id: a b\r\n",
    "a deadline": b"Zhiyu-Deadline-Ms: 60000\r\n",
    "no deadline": b"Zhiyu-Deadline-Ms: soon\r\n",
    "another origin": b"Origin: http://example.com\r\n",
}


def told(found: tuple[int, dict[str, str], bytes]) -> tuple[int, list[str], dict[str, str], dict[str, Any]]:
    """An answer without what differs from request to request."""
    status, headers, body = found
    content = json.loads(body)
    for name in ("position", "receipt", "chain"):
        content.pop(name, None)
    if "request_id" in content:
        assert content["request_id"] == headers["zhiyu-request-id"]
    order = list(headers)
    shown = {
        name: value for name, value in headers.items() if name not in ("date", "zhiyu-request-id", "content-length")
    }
    text = re.sub(r"p[lo]-\w+", "pID", json.dumps(content).replace(headers["zhiyu-request-id"], "REQUEST"))
    return status, order, shown, json.loads(text)


REFUSED_EARLY = ("no deadline", "another origin")
_numbers = itertools.count()


def both(server: Served, body: bytes, headers: bytes) -> tuple[list[Any], list[dict[str, Any]]]:
    """The answers and log lines of the same request by the lane and by the ordinary way."""
    found, logged, number = [], [], next(_numbers)
    for way in ("lane", "ordinary"):
        data = body.replace(b"pID", f"p{way[0]}-{number}".encode())
        lines = len(server.log_lines())
        with server.connect() as connection:
            connection.sendall(request(data, headers + (TWICE if way == "ordinary" else b"")))
            found.append(told(answer(connection)))
        while len(server.log_lines()) == lines:  # the line is written after the answer
            time.sleep(0.001)
        line = server.log_lines()[-1]
        logged.append({name: value for name, value in line.items() if name not in ("time", "ms", "request_id")})
    return found, logged


@pytest.mark.parametrize("headers", HEADERS)
@pytest.mark.parametrize("body", BODIES)
def test_both_ways_say_the_same(server: Served, taken: list[bool | None], body: str, headers: str) -> None:
    found, logged = both(server, BODIES[body], HEADERS[headers])
    assert found[0] == found[1]
    assert logged[0] == logged[1]
    assert taken == [headers not in REFUSED_EARLY, False]


def test_an_event_that_came_by_one_way_is_known_by_the_other(server: Served) -> None:
    for first, second in ((b"", TWICE), (TWICE, b""), (b"", b"")):
        body = payment(f"known{next(_numbers)}")
        with server.connect() as connection:
            connection.sendall(request(body, first))
            once = json.loads(answer(connection)[2])
            connection.sendall(request(body, second))
            again = json.loads(answer(connection)[2])
            connection.sendall(request(body.replace(b": 20,", b": 21,"), second))
            status, _, conflict = answer(connection)
        assert again == once | {"repeated": True}
        assert (status, json.loads(conflict)["code"]) == (409, "id_conflict")


def test_both_ways_are_counted_alike(tmp_path: Path) -> None:
    with Served(tmp_path, OPENED, log_all=False) as server:
        for more in (b"", TWICE):
            both_bodies = [payment("counted"), b"{"]
            for body in both_bodies:
                with server.connect() as connection:
                    connection.sendall(request(body, more))
                    answer(connection)
        told = server.client.get("/metrics").text
        assert 'zhiyu_http_requests_total{route="/v1/decisions",status="200"} 2.0' in told
        assert 'zhiyu_http_requests_total{route="/v1/decisions",status="400"} 2.0' in told
        assert 'zhiyu_http_seconds_count{route="/v1/decisions"} 4.0' in told
        assert [line["status"] for line in server.log_lines() if line["event"] == "request"] == [400, 400]


WAYS_TO_SEND = {
    "in one piece": lambda data: [data],
    "byte by byte": lambda data: [data[at : at + 1] for at in range(len(data))],
    "head and body apart": lambda data: list(data.partition(b"\r\n\r\n")),
    "two at once": lambda data: [data + data],
    "one and a half, and the rest": lambda data: [data + data[:40], data[40:]],
    "one, and a half, and the rest": lambda data: [data, data[:40], data[40:]],
    "after empty lines": lambda data: [b"\r\n\r\n" + data, b"\r\n", data],
}


@pytest.mark.parametrize("way", WAYS_TO_SEND)
def test_however_the_bytes_come_every_request_has_its_answer_in_order(server: Served, way: str) -> None:
    with server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for kind in ("", "again"):
            body = payment(f"{way}{kind}")
            pieces = WAYS_TO_SEND[way](request(body))
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(0.0005)  # so that pieces may come apart; whether they do changes nothing that is asked here
            for number in range(b"".join(pieces).count(b"POST")):
                status, _, told = answer(connection)
                assert (status, json.loads(told)["id"]) == (200, f"p{way}{kind}")
                assert json.loads(told).get("repeated", False) is (number > 0)


class Gated(Live):
    """A log whose syncs wait for leave."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, OPENED, clock="events")
        self.may_sync = threading.Event()
        self.taken = threading.Semaphore(0)

    def sync(self) -> int:
        self.taken.release()
        assert self.may_sync.wait(60)
        return super().sync()


def test_what_comes_before_the_answer_waits_and_is_answered_in_order(tmp_path: Path, taken: list[bool | None]) -> None:
    made: list[Gated] = []
    with (
        Served(tmp_path, makes=lambda: made.append(Gated(tmp_path / "t")) or made[0]) as server,
        server.connect() as connection,
    ):
        connection.sendall(request(payment(1)))
        assert made[0].taken.acquire(timeout=60)
        connection.sendall(request(payment(2)) + request(payment(3), TWICE))
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" + request(payment(4)))
        assert taken == [True]
        made[0].may_sync.set()
        assert [json.loads(answer(connection)[2]).get("id") for _ in range(5)] == ["p1", "p2", "p3", None, "p4"]


def test_a_server_that_stops_answers_what_is_under_way_and_closes(tmp_path: Path) -> None:
    made: list[Gated] = []
    with (
        Served(tmp_path, makes=lambda: made.append(Gated(tmp_path / "t")) or made[0]) as server,
        server.connect() as connection,
    ):
        connection.sendall(request(payment(1)))
        assert made[0].taken.acquire(timeout=60)
        server.ask_to_stop()
        while not any(line["event"] == "stopping" for line in server.log_lines()):
            time.sleep(0.001)
        time.sleep(
            0.3
        )  # most likely the connection has been told by now; when not, the answer is the same but for its header
        made[0].may_sync.set()
        told = until_closed(connection)
    assert told.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"id":"p1"' in told


def test_a_client_that_leaves_does_not_lose_its_event(tmp_path: Path, taken: list[bool | None]) -> None:
    made: list[Gated] = []
    with Served(tmp_path, makes=lambda: made.append(Gated(tmp_path / "t")) or made[0]) as server:
        with server.connect() as connection:
            connection.sendall(request(payment(1)))
            assert made[0].taken.acquire(timeout=60)
        made[0].may_sync.set()
        assert server.decide(payment(1)).json()["repeated"] is True
    assert [each for each in taken if each is not None] == [True, True]


def test_a_body_that_comes_after_its_head_goes_by_the_lane_and_one_in_many_pieces_does_not(
    tmp_path: Path, taken: list[bool | None]
) -> None:
    with Served(tmp_path, OPENED) as server, server.connect() as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        head, end, body = request(payment(1)).partition(b"\r\n\r\n")
        for pieces, asked in (((head + end, body), [None, True]), ((head + end, body[:9], body[9:]), [None, None])):
            taken.clear()
            for number, piece in enumerate(pieces):
                connection.sendall(piece)
                while len(taken) <= min(number, 1):
                    time.sleep(0.001)
            assert answer(connection)[0] == 200
            assert taken == asked


def test_keys_are_asked_for_every_request(tmp_path: Path, taken: list[bool | None]) -> None:
    """A head that is remembered opens nothing when its key is gone."""
    path = tmp_path / "keys.json"
    decide, read = with_key(path)[0], with_key(path, ("read",))[0]
    foreign = with_key(path, ("admin",), "elsewhere")[0]
    gate = Gate(path)
    with Served(tmp_path / "data", OPENED, gate=gate) as server, server.connect() as connection:
        for key, status in ((decide, 200), (b"", 401), (read, 403), (foreign, 403), (decide, 200)):
            connection.sendall(request(payment(1), b"Authorization: %b\r\n" % key if key else b""))
            assert answer(connection)[0] == status
        gate._keys.clear()
        connection.sendall(request(payment(1), b"Authorization: %b\r\n" % decide))
        status, headers, _ = answer(connection)
        assert (status, headers["www-authenticate"]) == (401, "Bearer")
    assert taken == [True] * 6


def test_heads_are_forgotten_when_there_are_too_many(server: Served) -> None:
    with server.connect() as connection:
        for number in range(MAX_REMEMBERED + 2):
            connection.sendall(request(b"{", b"Zhiyu-Request-Id: h%d\r\n" % number))
            status, headers, _ = answer(connection)
            assert (status, headers["zhiyu-request-id"]) == (400, f"h{number}")


def test_an_event_as_long_as_may_be_and_one_byte_longer(server: Served) -> None:
    for longer, status in ((0, 200), (1, 413)):
        body = payment(f"long{longer}")
        body = body[:-1] + b" " * (MAX_EVENT_BYTES - len(body) + longer) + b"}"
        assert server.decide(body).status_code == status


def test_an_error_that_nobody_expected_is_told_and_logged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Served(tmp_path, OPENED) as server, server.connect() as connection:
        monkeypatch.setattr(server.site, "desks", None)
        connection.sendall(request(payment(1)))
        status, headers, body = answer(connection)
        assert (status, headers["connection"], json.loads(body)["code"]) == (500, "close", "internal")
        assert until_closed(connection) == b""
        monkeypatch.undo()
        assert server.decide(payment(1)).status_code == 200
    assert [line["kind"] for line in server.log_lines() if line["event"] == "unexpected"] == ["AttributeError"]


@pytest.mark.parametrize("headers", [b"", b"Accept-Language: zh\r\n", b"Zhiyu-Deadline-Ms: 30\r\n"])
def test_who_is_turned_away_is_told_the_same_by_both_ways(
    server: Served, monkeypatch: pytest.MonkeyPatch, headers: bytes
) -> None:
    monkeypatch.setattr(Desk, "has_room", lambda self, records, size: False)
    found, logged = both(server, payment("pID"), headers)
    assert found[0] == found[1]
    assert (found[0][0], found[0][2]["retry-after"], found[0][3]["code"]) == (429, "1", "overloaded")
    assert logged[0] == logged[1]
    assert server.site.telling.held == 0


def test_who_waits_to_be_told_when_the_server_stops_is_told_and_closed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Desk, "has_room", lambda self, records, size: False)

    async def run() -> None:
        site = Site({}, OpenGate("default"), lines=LogLines(io.StringIO()))
        desk = Desk(lambda: Live(tmp_path / "t", OPENED, clock="events"), site.settings, TenantMeters())
        site.desks = {"default": desk}
        connection, wire = Doorway(site, _nothing).connect()
        connection.data_received(request(payment(1)))
        assert (site.telling.held, wire.sent) == (1, [])
        connection.shutdown()
        status, told, _ = answer_of(await wire.answer())
        assert (status, told["connection"], wire.closed) == (429, "close", True)
        assert sum(count for (_, status), count in site.meters.statuses.items() if status == 429) == 1
        await desk.close()

    asyncio.run(run())


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """An app that is never asked."""


def test_who_is_refused_at_once_is_told_when_the_turn_has_read_everybody() -> None:
    """Else many who send again at once would keep the loop reading and refusing, and what was let in would wait for ever."""

    async def run() -> None:
        doorway = Doorway(Site({}, OpenGate("nobody"), lines=LogLines(io.StringIO())), _nothing)
        made = [doorway.connect() for _ in range(3)]
        wires = [wire for _, wire in made]
        for connection, _ in made:
            connection.data_received(request(payment(1)))
            connection.data_received(request(payment(2)))
            assert [each.sent for each in wires] == [[], [], []]
        for _ in range(5):
            await asyncio.sleep(0)
        assert [[answer_of(sent)[0] for sent in each.sent] for each in wires] == [[403, 403]] * 3

    asyncio.run(run())
