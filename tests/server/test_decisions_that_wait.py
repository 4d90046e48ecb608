"""Decisions that wait, over HTTP: told to wait, listed, ended by an answer or by time, and told what they came to."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.server.served import Served
from tests.waiting_policy import MINUTE, START, policy, when
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy

clock = {"now": START}
OPENED = open_policy(policy(3), key=b"0123456789abcdef")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("waiting") / "default"
    with Served(folder, makes=lambda: Live(folder, OPENED, now=lambda: clock["now"])) as made:
        yield made


def drawdown(server: Served, name: str) -> dict[str, Any]:
    event = {"type": "drawdown", "id": name, "time": when(clock["now"]), "customer": name, "amount": 900}
    told = server.client.post("/v1/decisions", json=event)
    content: dict[str, Any] = told.json()
    return content


def test_from_the_wait_to_what_it_came_to(server: Served) -> None:
    told = [drawdown(server, name) for name in ("d1", "d2", "d3")]
    assert [each["waiting"]["until"] for each in told] == ["2026-03-02T10:10:00.000Z"] * 3
    first = server.client.get("/v1/waiting", params={"limit": 2}).json()
    rest = server.client.get("/v1/waiting", params={"after": first["next"]}).json()
    assert [each["id"] for each in first["waiting"] + rest["waiting"]] == ["d1", "d2", "d3"]
    assert rest["next"] is None
    answer = {"type": "call_result", "id": "r1", "time": when(clock["now"]), "about": "d1", "coached": True}
    assert server.client.post("/v1/decisions", json=answer).json()["answer"] == "taken"
    assert server.client.get("/v1/decisions/d1").json()["final"]["outcome"] == "decline"
    clock["now"] += 10 * MINUTE
    deadline = time.monotonic() + 60
    while (
        server.client.get("/v1/decisions/d2").json()["waiting"]["node"] != "hold"
    ):  # no event comes: a tick lets it go on
        assert time.monotonic() < deadline
        time.sleep(0.02)
    clock["now"] += 20 * MINUTE
    while "final" not in server.client.get("/v1/decisions/d3").json():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    final = server.client.get("/v1/decisions/d3").json()["final"]
    assert final == {"outcome": "decline", "enforced": "decline", "at": "2026-03-02T10:30:00.000Z", "cause": "expired"}
    assert server.client.get("/v1/waiting").json() == {"waiting": [], "next": None}
    told = server.client.get("/v1/decisions/d3/explanation?lang=zh").json()
    assert (told["outcome"], [(each["cause"], each["decision"]["outcome"]) for each in told["went_on"]]) == (
        "challenge", [("expired", "review"), ("expired", "decline")],
    )  # fmt: skip
    assert [each["receipt"].split(".")[2] for each in told["went_on"]] == [
        f"{told['position']}~1",
        f"{told['position']}~2",
    ]
    (answered,) = server.client.get("/v1/decisions/d1/explanation").json()["went_on"]
    assert (answered["cause"], answered["decision"]["outcome"]) == ("answered", "decline")


def test_a_list_that_changes_ends_a_wait(server: Served) -> None:
    assert drawdown(server, "c7")["waiting"]["node"] == "call"
    assert server.client.post("/v1/lists/blocked/entries", json={"value": "c7", "reason": "police"}).status_code == 200
    final = server.client.get("/v1/decisions/c7").json()["final"]
    assert (final["outcome"], final["cause"]) == ("decline", "changed")
    (step,) = server.client.get("/v1/decisions/c7/explanation").json()["went_on"]
    assert step["changes"][0]["en"] == "customer c7 came onto list 'blocked'"


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "after=x", "after=-2"])
def test_a_page_that_cannot_be(server: Served, query: str) -> None:
    assert server.client.get(f"/v1/waiting?{query}").status_code == 422
    assert server.client.get("/v1/waiting?more=1").status_code == 400
