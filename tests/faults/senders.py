"""Clients that send until the server is gone: one event at a time, batches, streams. What they were told is kept.

In: a port, what to send. Out: `told`: by number of the record, the answer that came, whole, before the end.
"""

from __future__ import annotations

import json
import random
import socket
import threading
from collections import deque
from typing import Any

Todo = deque[tuple[int, bytes]]
_WAIT_S = 30


class Sender(threading.Thread):
    """One client with one connection. Ends when everything is told, or the connection is."""

    def __init__(self, port: int, todo: Todo, told: dict[int, dict[str, Any]], rng: random.Random) -> None:
        super().__init__(daemon=True)
        self.port, self.todo, self.told, self.rng = port, todo, told, rng
        self.wrong: BaseException | None = None

    def run(self) -> None:
        """Send on."""
        try:
            with socket.create_connection(("127.0.0.1", self.port), _WAIT_S) as connection:
                self.send(connection, connection.makefile("rb"))
        except OSError:
            pass
        except BaseException as wrong:
            self.wrong = wrong

    def send(self, connection: socket.socket, answers: Any) -> None:
        """In the way of this client."""
        raise NotImplementedError

    def next(self, count: int) -> list[tuple[int, bytes]]:
        """The next records; they stay in line until they are told."""
        return [self.todo[at] for at in range(min(count, len(self.todo)))]

    def tell(self, answers: list[dict[str, Any]]) -> None:
        """Answers to the first records in line. One that was shed stays in line."""
        for answer in answers:
            assert answer.get("status") not in (429, 500, 503), answer
            number, _ = self.todo.popleft()
            self.told[number] = answer


class Single(Sender):
    """One event, one answer."""

    def send(self, connection: socket.socket, answers: Any) -> None:
        """POST /v1/decisions."""
        while self.todo:
            [(_, body)] = self.next(1)
            connection.sendall(request("/v1/decisions", body))
            self.tell([json.loads(read_answer(answers))])


class Batches(Sender):
    """A few events at once."""

    def send(self, connection: socket.socket, answers: Any) -> None:
        """POST /v1/decisions:batch."""
        while self.todo:
            some = self.next(self.rng.choice([1, 3, 10, 60]))
            connection.sendall(request("/v1/decisions:batch", b"\n".join(body for _, body in some)))
            told = json.loads(read_answer(answers))["answers"]
            assert len(told) == len(some)
            self.tell(told)


class Stream(Sender):
    """One long request; the next lines go out when the answers to the last ones came."""

    def send(self, connection: socket.socket, answers: Any) -> None:
        """POST /v1/decisions:stream."""
        connection.sendall(
            b"POST /v1/decisions:stream HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        lines, begun = b"", False
        while self.todo:
            some = self.next(self.rng.choice([1, 4, 30, 200]))
            data = b"".join(body + b"\n" for _, body in some)
            connection.sendall(b"%x\r\n%b\r\n" % (len(data), data))
            if not begun:
                read_head(answers)
                begun = True
            count = 0
            while count < len(some):
                lines += read_chunk(answers)
                *whole, lines = lines.split(b"\n")
                self.tell([json.loads(line) for line in whole])
                count += len(whole)


def request(path: str, body: bytes) -> bytes:
    """One request as it goes over the wire."""
    return b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-length: %d\r\n\r\n%b" % (path.encode(), len(body), body)


def read_head(answers: Any) -> dict[bytes, bytes]:
    """Headers of an answer; OSError when it ends before it is whole."""
    first = answers.readline()
    if not first.endswith(b"\r\n"):
        raise OSError("cut off")
    found = {}
    while (line := answers.readline()) != b"\r\n":
        if not line.endswith(b"\r\n"):
            raise OSError("cut off")
        name, _, value = line.partition(b":")
        found[name.strip().lower()] = value.strip()
    return found


def read_answer(answers: Any) -> bytes:
    """The body of an answer with a length."""
    return _exactly(answers, int(read_head(answers)[b"content-length"]))


def read_chunk(answers: Any) -> bytes:
    """One chunk of an answer."""
    size = answers.readline()
    if not size.endswith(b"\r\n"):
        raise OSError("cut off")
    data = _exactly(answers, int(size, 16) + 2)
    return data[:-2]


def _exactly(answers: Any, size: int) -> bytes:
    data: bytes = answers.read(size)
    if len(data) < size:
        raise OSError("cut off")
    return data
