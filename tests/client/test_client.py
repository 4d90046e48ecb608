"""The Python client: retries with the same id, a total deadline, a default answer that says that it is one."""

from __future__ import annotations

import json
import random
import socket
import threading
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.server.served import Served, payment
from zhiyu.access.gate import Gate
from zhiyu.access.key_file import add_key
from zhiyu.access.keys import new_key
from zhiyu.base.errors import InputError
from zhiyu.client import Client, Refused, Unavailable
from zhiyu.client.patience import Patience


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.mktemp("client")) as made:
        yield made


def client_of(server: Served, **more: Any) -> Client:
    return Client(f"http://127.0.0.1:{server.port}", timeout_s=30, **more)


def event(number: int | str, **changes: Any) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(payment(number)) | changes
    return content


class Scripted:
    """A server that answers from a script: bytes to send, or "" to hang up; keeps what it was sent."""

    def __init__(self, *script: tuple[int, str, dict[str, Any]] | None) -> None:
        self.script, self.bodies = list(script), list[bytes]()
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while self.script:
            connection, _ = self._socket.accept()
            with connection, connection.makefile("rb") as incoming:
                while self.script and self._read(incoming):
                    step = self.script.pop(0)
                    if step is None:
                        break
                    status, headers, content = step
                    body = json.dumps(content).encode()
                    head = f"HTTP/1.1 {status} x\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
                    connection.sendall(head.encode() + body)

    def _read(self, incoming: Any) -> bool:
        size, line = 0, incoming.readline()
        if not line:
            return False
        while (header := incoming.readline()) not in (b"\r\n", b""):
            name, _, value = header.partition(b":")
            size = int(value) if name.lower() == b"content-length" else size
        self.bodies.append(incoming.read(size))
        return True


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now, self.pauses = 0.0, list[float]()

    def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.pauses.append(seconds)

    def patience(self, chance: float = 1.0) -> Any:
        return partial(Patience, clock=lambda: self.now, sleep=self.sleep, chance=lambda: chance)


SHED = (429, "Retry-After: 1\r\n", {"code": "overloaded", "detail_en": "too much"})
GOOD = (200, "", {"id": "p1", "outcome": "pass", "status": "decided"})


def test_it_tries_again_with_the_same_bytes_until_there_is_an_answer() -> None:
    for script in ([SHED, (503, "", {}), None, GOOD], [None, None, GOOD], [GOOD]):
        time, server = Time(), Scripted(*script)
        given = Client(server.url, timeout_s=30, patience=time.patience()).decide(event(1))
        assert (given.outcome, given.is_default) == ("pass", False)
        assert len(server.bodies) == len(script)
        assert len(set(server.bodies)) == 1


def test_pauses_double_are_spread_by_chance_and_obey_retry_after() -> None:
    time, server = Time(), Scripted(SHED, (503, "", {}), (503, "", {}), GOOD)
    Client(server.url, timeout_s=30, patience=time.patience()).decide(event(1))
    assert time.pauses == [1.05, 0.1, 0.2]
    drawn = [
        Patience(100, 100, clock=lambda: 0.0, sleep=lambda s: None, chance=random.Random(1).random).pause()
        for _ in range(3)
    ]
    assert drawn == [True] * 3


def test_the_deadline_is_for_everything_together() -> None:
    time, server = Time(), Scripted(*[SHED] * 10)
    with pytest.raises(Unavailable, match="after 3 tries: 429 too much"):
        Client(server.url, timeout_s=2.5, tries=100, patience=time.patience()).decide(event(1))
    assert time.now < 2.5


def test_no_more_tries_than_allowed() -> None:
    server = Scripted(*[(503, "", {})] * 10)
    with pytest.raises(Unavailable):
        Client(server.url, timeout_s=1e6, tries=4, patience=Time().patience()).decide(event(1))
    assert len(server.bodies) == 4


def test_a_declared_default_stands_in_and_says_so() -> None:
    gone = "http://127.0.0.1:9"
    given = Client(gone, default="review", patience=Time().patience()).decide(event(1))
    assert (given.outcome, given.enforced, given.is_default) == ("review", "review", True)
    assert "nobody listens there" in given.why
    by_amount = Client(gone, default=lambda e: "pass" if e["amount"] < 100 else "review", patience=Time().patience())
    assert [by_amount.decide(event(1, amount=a)).outcome for a in (20, 200)] == ["pass", "review"]
    with pytest.raises(Unavailable):
        Client(gone, patience=Time().patience()).decide(event(1))
    with pytest.raises(Unavailable):
        by_amount.label("p1", True)  # only decisions have a default


def test_what_the_server_refuses_is_raised_at_once_and_never_defaulted(server: Served) -> None:
    client = client_of(server, default="pass")
    with pytest.raises(Refused) as refused:
        client.decide(event("bad", amount="much"))
    assert (refused.value.status, refused.value.code, refused.value.field) == (422, "wrong_type", "amount")


def test_a_day_with_the_client(server: Served) -> None:
    with client_of(server) as client:
        when = datetime(2027, 1, 15, 8, tzinfo=timezone(timedelta(hours=8)))
        first = client.decide(event("c1", amount=Decimal("450.50"), time=when))
        assert (first.outcome, first.rules, first.repeated) == ("review", ("large",), False)
        assert client.decide(event("c1", amount=Decimal("450.50"), time=when)).repeated
        assert client.decision("pc1").content == first.content
        assert "450.50" in client.explanation("pc1")["text"]
        good, bad = client.decide_many([event("c2"), event("c3", amount=None)])
        assert (good.content["id"] if not isinstance(good, Refused) else "", isinstance(bad, Refused)) == ("pc2", True)
        assert client.tell([event("c4"), event("c4")]) == {"taken": 1, "repeated": 1, "refused": []}
        assert client.label("pc1", True, reason="chargeback")["status"] == "taken"
        assert [each.get("code") for each in client.label_many([{"event": "none", "fraud": True}])] == ["no_event"]
        assert client.put("watched_cards", [f"k{number}" for number in range(150)], reason="lost")["new"] == 150
        assert len(list(client.entries("watched_cards"))) == 150
        assert client.remove("watched_cards", ["k1", "none"]) == {
            "list": "watched_cards",
            "removed": 1,
            "absent": ["none"],
        }
        assert [entry["kind"] for entry in client.timeline("card", "c1")] == ["label", "event", "event", "event"]
        assert client.policy()["in_force"]["number"] == 0
        with pytest.raises(Refused, match="no decision of this id"):
            client.decision("none")


def test_a_connection_that_the_server_closed_meanwhile_is_opened_again(server: Served) -> None:
    client = client_of(server, tries=1)
    client.decide(event("k1"))
    wire = client._wire()
    assert wire._open is not None
    wire._open.sock.shutdown(socket.SHUT_RDWR)  # as after a long silence
    assert client.decide(event("k2")).content["id"] == "pk2"


def test_many_threads_share_one_client(server: Served) -> None:
    client, found = client_of(server), list[str]()

    def decide(start: int) -> None:
        found.extend(str(client.decide(event(f"t{number}")).content["id"]) for number in range(start, start + 20))

    threads = [threading.Thread(target=decide, args=(start,)) for start in range(0, 80, 20)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert len(set(found)) == 80


def test_keys_and_addresses(tmp_path: Path) -> None:
    key, stored = new_key("default", ("decide",), 1)
    add_key(tmp_path / "keys.json", stored)
    with Served(tmp_path, gate=Gate(tmp_path / "keys.json")) as server:
        assert client_of(server, key=key).decide(event(1)).outcome == "pass"
        with pytest.raises(Refused, match="not known, revoked or expired"):
            client_of(server, key="zk_wrong", default="pass").decide(event(1))
    for url in ("127.0.0.1:8420", "ftp://x", "http://", "http://x/path", ""):
        with pytest.raises(InputError, match="no address of a server"):
            Client(url)


def test_values_that_no_event_can_hold() -> None:
    with pytest.raises(TypeError, match="cannot hold a set"):
        Client("http://127.0.0.1:9").decide({"id": "x", "tags": {1}})
