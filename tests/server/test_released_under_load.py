"""A policy is released, rolled back, and one that counts anew is warmed, while four clients send without a pause.

No request is dropped, every decision names the version that made it and is what that version says, and along the log each decides in
one piece. How long anything takes decides nothing: a step begins when every client has been told of the last one.
"""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from pathlib import Path
from typing import Any

from tests.engine.live_stream import live_opened
from tests.engine.test_releases import ASKING
from tests.server.served import WAIT_S, Served, payment
from zhiyu.engine.live import Live

FIRST, STRICT, COUNTS = live_opened(), live_opened(limit=100), live_opened(limit=100, **ASKING)
RULES = {FIRST.artifact.hash: [], STRICT.artifact.hash: ["large"], COUNTS.artifact.hash: ["large"]}
"""What each says of an amount of 150."""
CLIENTS = ((1, "a"), (1, "b"), (7, "c"), (7, "d"))
"""Events a request, and a name."""


class Clients:
    """Threads that send one request after the other until they are stopped. `told`: decisions, in the order in which they came."""

    def __init__(self, port: int) -> None:
        self.told: list[dict[str, Any]] = []
        self.wrong: list[BaseException] = []
        self._port, self._stop, self._heard = port, False, threading.Condition()
        self._last = {name: "" for _, name in CLIENTS}
        self._threads = [threading.Thread(target=self._send, args=each, daemon=True) for each in CLIENTS]
        for each in self._threads:
            each.start()

    def _send(self, size: int, name: str) -> None:
        connection, numbers = http.client.HTTPConnection("127.0.0.1", self._port, timeout=WAIT_S), itertools.count()
        path = "/v1/decisions" if size == 1 else "/v1/decisions:batch"
        try:
            while not self._stop:
                some = [f"{name}{next(numbers)}" for _ in range(size)]
                body = b"\n".join(payment(each, card=each, amount=150) for each in some)
                connection.request("POST", path, body, {"content-type": "application/x-ndjson"})
                answer = connection.getresponse()
                content = json.loads(answer.read())
                assert answer.status == 200, content
                decisions = [content] if size == 1 else content["answers"]
                assert [each["id"] for each in decisions] == [f"p{each}" for each in some]
                with self._heard:
                    self.told += decisions
                    self._last[name] = decisions[-1]["policy"]
                    self._heard.notify_all()
        except BaseException as wrong:
            self.wrong.append(wrong)
            with self._heard:
                self._heard.notify_all()

    def until_all_heard_of(self, policy: str) -> None:
        """Wait until each client has a decision by this version."""
        with self._heard:
            heard = self._heard.wait_for(lambda: self.wrong or set(self._last.values()) == {policy}, WAIT_S)
        assert not self.wrong, self.wrong
        assert heard

    def stop(self) -> None:
        """No more requests; those under way are answered."""
        self._stop = True
        for each in self._threads:
            each.join(WAIT_S)
            assert not each.is_alive()
        assert not self.wrong, self.wrong


def test_releases_drop_no_request_and_each_decision_names_its_version(tmp_path: Path) -> None:
    with Served(tmp_path, FIRST) as server:
        clients, post = Clients(server.port), server.client.post
        clients.until_all_heard_of(FIRST.artifact.hash)
        assert post("/v1/policy", content=STRICT.artifact.to_json()).json()["status"] == "in_force"
        clients.until_all_heard_of(STRICT.artifact.hash)
        assert post("/v1/policy:rollback").json()["status"] == "in_force"
        clients.until_all_heard_of(FIRST.artifact.hash)
        assert post("/v1/policy", content=COUNTS.artifact.to_json()).json()["status"] == "warming"
        clients.until_all_heard_of(COUNTS.artifact.hash)
        clients.stop()
        accepted = server.site.desks["default"].live.engine.accepted
    told = sorted(clients.told, key=lambda each: int(each["position"]))
    assert len({each["position"] for each in told}) == len(told) == accepted
    assert all(each["rules"] == RULES[each["policy"]] for each in told)
    versions = [policy for policy, _ in itertools.groupby(each["policy"] for each in told)]
    assert versions == [each.artifact.hash for each in (FIRST, STRICT, FIRST, COUNTS)]
    again = Live(tmp_path / "default", FIRST, clock="events", release=False)
    assert again.opened.artifact.hash == COUNTS.artifact.hash
    assert all(json.loads(again.at(each["position"]) or b"{}") == each for each in told)
    again.close()
