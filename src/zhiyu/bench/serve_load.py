"""A client that costs far less than the server: bare sockets, requests made before the clock starts, one process of its own.

In: orders, one JSON object a line on standard input. Out: one JSON object a line: answers by status, latencies in seconds, processor time.

Open loop: requests are due at random moments (exponential gaps) whatever the server does, and a latency counts from the moment at which the
request was *due*: a server that stalls cannot hide what it made wait. Beside it stands the latency from when it was *sent*, and how late
that was: when every connection waits for an answer, or the client has no core, what is due waits in the client, and no server knows of it.
Closed loop: every connection sends its next request when it has its answer.
"""

from __future__ import annotations

import json
import random
import resource
import select
import socket
import sys
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

from zhiyu.bench.serve_records import Records

_HEAD = b"POST %b HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ncontent-length: %d\r\n\r\n"
_LENGTH = b"content-length: "
_DECIDED = b'"status":"decided"'
_LINES = 256
"""Lines of one chunk of a stream."""
QUIET_S = 20.0
"""Silence after which a client gives up."""


class Client:
    """Orders of one run share the stream of events."""

    def __init__(self, name: str) -> None:
        self.records = Records(name)

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """One order."""
        kind = order["kind"]
        if kind == "stream":
            return self._stream(order)
        requests = self._requests(order)
        load = _Load(order["port"], requests, order["connections"])
        gap = order.get("rate", 0)
        began, cpu = time.perf_counter(), time.process_time()
        if kind == "open":
            rng = random.Random(order.get("seed", 1))
            due, at = [], began + 0.01
            for _ in requests:
                due.append(at)
                at += rng.expovariate(gap)
            load.run(due)
        else:
            load.run(None, began + order.get("seconds", 1e9))
        return load.told(time.perf_counter() - began, time.process_time() - cpu)

    def _requests(self, order: dict[str, Any]) -> list[bytes]:
        path, size = order["path"].encode(), order.get("size", 1)
        lines = self.records.take(order["count"] * size)
        bodies = [b"\n".join(lines[at : at + size]) for at in range(0, len(lines), size)] if size > 1 else lines
        return [_HEAD % (path, len(body)) + body for body in bodies]

    def _stream(self, order: dict[str, Any]) -> dict[str, Any]:
        """One NDJSON stream, as fast as the server reads it."""
        lines = self.records.take(order["count"])
        pieces = [b"\n".join(lines[at : at + _LINES]) + b"\n" for at in range(0, len(lines), _LINES)]
        chunks = deque(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
        chunks.append(b"0\r\n\r\n")
        connection = _connected(order["port"])
        connection.sendall(
            b"POST /v1/decisions:stream HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n"
        )
        connection.setblocking(False)
        began, cpu, answers, left = time.perf_counter(), time.process_time(), 0, b""
        rest = memoryview(chunks.popleft())
        while answers < order["count"]:
            ready, free, _ = select.select([connection], [connection] if len(rest) else [], [], QUIET_S)
            if free:
                rest = rest[connection.send(rest) :]
                if not len(rest) and chunks:
                    rest = memoryview(chunks.popleft())
            if ready:
                data = left + connection.recv(1 << 18)
                if data == left:
                    break
                answers += data.count(_DECIDED)
                left = data[-len(_DECIDED) + 1 :]
            if not ready and not free:
                break
        connection.close()
        return {"seconds": time.perf_counter() - began, "client_cpu_s": time.process_time() - cpu, "answers": answers}


class _Load:
    """Requests over a number of connections."""

    def __init__(self, port: int, requests: list[bytes], connections: int) -> None:
        self._requests = requests
        self._poll = select.epoll()  # before the sockets: `select` waits for small descriptors only
        self._sockets = {each.fileno(): each for each in (_connected(port) for _ in range(connections))}
        self._free = deque(self._sockets)
        self._busy: dict[int, tuple[float, float, bytes]] = {}
        for number in self._sockets:
            self._poll.register(number, select.EPOLLIN)
        self.statuses: Counter[int] = Counter()
        self.latencies: dict[bool, list[float]] = {True: [], False: []}
        self.since_sent: dict[bool, list[float]] = {True: [], False: []}
        self.sending_s = 0.0
        self.unanswered = 0

    def run(self, due: list[float] | None, until: float = 1e18) -> None:
        """Send everything, at the times due or as fast as answers come, and wait for the answers."""
        at, count = 0, len(self._requests)
        clock = time.perf_counter
        began = quiet = clock()
        while True:
            now = clock()
            if now > until:
                count = at
            while at < count and self._free and (due is None or due[at] <= now):
                sent, number = clock(), self._free.popleft()
                self._busy[number] = (sent if due is None else due[at], sent, b"")
                self._sockets[number].send(self._requests[at])
                self.sending_s = sent - began
                at += 1
            if at >= count and not self._busy:
                break
            waits_for_time = due is not None and at < count and self._free
            wait = max(due[at] - clock(), 0.0) if waits_for_time and due is not None else 1.0
            if select.select([self._poll], [], [], wait)[0]:
                quiet = clock()
                for number, _ in self._poll.poll(0):
                    self._take(number, clock)
            elif self._busy and clock() - quiet > QUIET_S:
                self.unanswered = len(self._busy)
                break
        for each in self._sockets.values():
            each.close()

    def _take(self, number: int, clock: Callable[[], float]) -> None:
        since, sent, data = self._busy[number]
        data += self._sockets[number].recv(1 << 18)
        head = data.find(b"\r\n\r\n")
        if head >= 0:
            length = data.find(_LENGTH, 0, head) + len(_LENGTH)
            if len(data) >= head + 4 + int(data[length : data.find(b"\r", length)]):
                status = int(data[9:12])
                self.statuses[status] += 1
                now = clock()
                self.latencies[status == 200].append(now - since)
                self.since_sent[status == 200].append(now - sent)
                del self._busy[number]
                self._free.append(number)
                return
        self._busy[number] = (since, sent, data)

    def _lags(self) -> list[float]:
        """How late each request was sent."""
        return [due - sent for kind in (True, False) for due, sent in zip(self.latencies[kind], self.since_sent[kind])]

    def told(self, seconds: float, cpu_s: float) -> dict[str, Any]:
        """What came of it."""
        return {
            "seconds": seconds, "client_cpu_s": cpu_s, "statuses": dict(self.statuses), "unanswered": self.unanswered,
            "sending_s": self.sending_s, "latencies": self.latencies[True], "since_sent": self.since_sent[True],
            "refused_since_sent": self.since_sent[False], "lags": self._lags(),
        }  # fmt: skip


def _connected(port: int) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port))
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def main() -> None:
    """Orders from standard input until it ends."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    client = Client(sys.argv[1])
    for line in sys.stdin:
        sys.stdout.write(json.dumps(client.obey(json.loads(line))) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
