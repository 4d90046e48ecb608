"""Streams: line for line, in order, while the body is still coming; back-pressure; what happens when things end."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path

from tests.engine.live_stream import records
from tests.server.served import Served, payment, until_closed
from zhiyu.server.settings import Settings

HEAD = (
    b"POST /v1/decisions:stream HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
)


def chunk(data: bytes) -> bytes:
    """One HTTP chunk."""
    return b"%x\r\n%b\r\n" % (len(data), data)


def read_lines(connection: socket.socket, count: int, buffer: bytes = b"") -> list[dict[str, object]]:
    """The first lines of an answer, as they come; chunk frames and headers are no JSON objects."""
    while True:
        found = [json.loads(line) for line in buffer.replace(b"\r", b"").split(b"\n")[:-1] if line.startswith(b"{")]
        if len(found) >= count:
            return found
        piece = connection.recv(65_536)
        assert piece, buffer
        buffer += piece


def test_answers_come_while_the_body_is_still_coming(tmp_path: Path) -> None:
    with Served(tmp_path) as server, server.connect() as connection:
        connection.sendall(HEAD + chunk(payment(1) + b"\n" + payment(2)[:30]))
        assert [line["id"] for line in read_lines(connection, 1)] == ["p1"]
        connection.sendall(chunk(payment(2)[30:] + b"\n\n" + payment(3, amount="x") + b"\n"))
        lines = read_lines(connection, 2)
        assert (lines[0]["id"], lines[1]["line"], lines[1]["field"]) == ("p2", 4, "amount")
        connection.sendall(chunk(payment(4)) + b"0\r\n\r\n")
        assert b'"p4"' in until_closed(connection)


def test_a_long_stream_is_answered_in_order_and_equals_single_events(tmp_path: Path) -> None:
    bodies = records(5, 3_000)
    with Served(tmp_path / "a") as server:
        streamed = server.client.post("/v1/decisions:stream", content=b"\n".join(bodies)).text.splitlines()
    with Served(tmp_path / "b") as server:
        pieces = [b"\n".join(bodies[at : at + 7]) for at in range(0, 700, 7)]
        single = [server.client.post("/v1/decisions:batch", content=piece).json()["answers"] for piece in pieces]
    assert len(streamed) == len(bodies)

    def told(answer: dict[str, object]) -> dict[str, object]:
        return {
            name: answer.get(name)
            for name in ("id", "outcome", "score", "rules", "code", "field", "repeated", "position")
        }

    assert [told(json.loads(line)) for line in streamed[:700]] == [told(each) for answers in single for each in answers]


def test_a_client_that_does_not_read_is_not_read_and_is_ended(tmp_path: Path) -> None:
    """It sends far more than any buffer holds: reading stops, the queue stays short, and in the end the connection is cut."""
    with Served(tmp_path, settings=Settings(idle_s=1.0)) as server, server.connect() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        connection.sendall(HEAD)
        connection.settimeout(0.5)
        sent, number = 0, 0
        try:
            while sent < 200 << 20:
                block = b"".join(payment(number + at) + b"\n" for at in range(100))
                number += 100
                connection.sendall(chunk(block))
                sent += len(block)
        except OSError:
            pass
        assert sent < 200 << 20
        connection.settimeout(60)
        while not any(line.get("code") == "not_reading" for line in server.log_lines()):
            time.sleep(0.05)
        assert server.site.desks["default"].queued <= 4 * 512
        assert server.decide(payment("after")).status_code == 200


def test_a_stream_that_is_cut_off_keeps_what_was_taken(tmp_path: Path) -> None:
    with Served(tmp_path) as server:
        with server.connect() as connection:
            connection.sendall(HEAD + chunk(payment(1) + b"\n" + payment(2)[:40]))
            read_lines(connection, 1)
        assert server.client.get("/v1/decisions/p1").status_code == 200
        assert server.client.get("/v1/decisions/p2").status_code == 404
        assert server.decide(payment(2)).json()["id"] == "p2"


def test_stopping_tells_a_stream_from_which_line_on_nothing_was_taken(tmp_path: Path) -> None:
    with Served(tmp_path) as server, server.connect() as connection:
        connection.sendall(HEAD + chunk(payment(1) + b"\n"))
        read_lines(connection, 1)
        server.ask_to_stop()
        rest = until_closed(connection)
        last = json.loads(next(line for line in rest.split(b"\r\n") if line.startswith(b"{")))
        assert (last["code"], last["line"], last["status"]) == ("stopping", 2, 503)
    with Served(tmp_path) as server:
        assert server.client.get("/v1/decisions/p1").status_code == 200


def test_a_line_that_is_too_long_is_refused_alone(tmp_path: Path) -> None:
    with Served(tmp_path) as server:
        lines = [payment(1), payment(2, city="x" * 900_000), payment(3)]
        found = [
            json.loads(line)
            for line in server.client.post("/v1/decisions:stream", content=b"\n".join(lines)).text.splitlines()
        ]
    assert [each.get("id") for each in found] == ["p1", None, "p3"]
    assert (found[1]["code"], found[1]["status"], found[1]["line"]) == ("too_long", 413, 2)
