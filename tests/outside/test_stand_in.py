"""The stand-in for services: the declared form, the same question the same answer, and every way to misbehave; asked by the real asker."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.outside.wire import HERE, ask_of
from zhiyu.base.errors import InputError
from zhiyu.outside.asking import Asker
from zhiyu.outside.endpoints import Endpoint, read_endpoints
from zhiyu.outside.http import Reply
from zhiyu.outside.mapping import answer_of
from zhiyu.outside.stand_in import StandIn, read_cases
from zhiyu.policy.declare_services import Request, Service, Told

SERVICE = Service(
    name="bureau",
    request=Request(path="/score", body={"who.id": "customer"}),
    timeout="50ms",
    answer={
        "points": Told(at="data.items.0.points", type="int", min=300, max=950, required=True),
        "ratio_of": Told(at="data.items.0.ratio", type="number", digits=2, min=0, max=1, required=True),
        "limit_of": Told(at="limit", type="money", min=0, max=5000, required=True),
        "grade": Told(at="grade", type="enum", values=("a", "b"), required=True),
        "known": Told(at="known", type="bool", required=True),
        "note": Told(at="note", type="string", required=True),
    },
)


async def sent(app: StandIn, method: str, path: str, body: bytes = b"") -> tuple[int, Any]:
    """One request to the app."""
    told: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: dict[str, Any]) -> None:
        told.append(message)

    name, _, query = path.partition("?")
    await app({"type": "http", "method": method, "path": name, "query_string": query.encode()}, receive, send)
    content = told[1]["body"]
    try:
        return told[0]["status"], json.loads(content)
    except json.JSONDecodeError:
        return told[0]["status"], content


def asked(app: StandIn, who: str) -> str:
    """How a call by the real asker ends."""

    async def send(endpoint: Endpoint, method: str, target: str, body: bytes) -> Reply:
        status, content = await sent(app, method, f"/bureau{target}", body)
        return Reply(status, content if isinstance(content, bytes) else json.dumps(content).encode())

    return asyncio.run(Asker({"bureau": HERE}, send).ask(ask_of(SERVICE, customer=who))).end


def test_the_declared_form_and_the_same_answer_to_the_same_question() -> None:
    app, other = StandIn([SERVICE]), StandIn([SERVICE], seed=1)
    told = [app.answer("bureau", {"who.id": str(number)}) for number in range(50)]
    assert all(len(answer_of(SERVICE, json.dumps(each).encode())) == 6 for each in told)
    assert told == [app.answer("bureau", {"who.id": str(number)}) for number in range(50)]
    assert len({each["data"]["items"][0]["points"] for each in told}) > 30
    assert told[0] != other.answer("bureau", {"who.id": "0"})


@pytest.mark.parametrize(
    ("mode", "end"),
    [
        ("well", "answered"), ("down", "refused"), ("garbled", "invalid"), ("wrong", "invalid"), ("hangs", "timed_out"),
        ("slow", "timed_out"),
    ],
)  # fmt: skip
def test_ways_to_misbehave(mode: str, end: str) -> None:
    app = StandIn([SERVICE])
    body = json.dumps({"mode": mode, "ms": 60_000}).encode()
    assert asyncio.run(sent(app, "PUT", "/-/bureau", body)) == (200, {"mode": mode, "ms": 60_000})
    assert asked(app, "c1") == end
    assert asyncio.run(sent(app, "GET", "/-/")) == (200, {"bureau": {"asked": 1, "mode": mode, "ms": 60_000}})


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/bureau/other", b"{}", 404), ("POST", "/nobody/score", b"{}", 404), ("POST", "/bureau/score", b"{", 400),
        ("PUT", "/-/nobody", b"{}", 404), ("PUT", "/-/bureau", b'{"mode": "odd"}', 422), ("PUT", "/-/bureau", b'{"ms": 600001}', 422),
        ("DELETE", "/-/", b"", 404), ("POST", "/bureau/score", b" " * (1 << 20), 200),
        ("POST", "/bureau/score", b" " * ((1 << 20) + 1), 404),
    ],
)  # fmt: skip
def test_what_it_does_not_take(method: str, path: str, body: bytes, status: int) -> None:
    if status == 200:
        body = b"{}" + body[2:]
    assert asyncio.run(sent(StandIn([SERVICE]), method, path, body))[0] == status


def test_cases(tmp_path: Path) -> None:
    path = tmp_path / "answers.yaml"
    path.write_text(
        "bureau:\n- {when: {who.id: c1}, say: {points: 380, grade: b}}\n- {say: {points: {from: 600, to: 610}, known: {pick: [true]}}}\n"
    )
    app = StandIn([SERVICE], read_cases(path, [SERVICE]))
    first = app.answer("bureau", {"who.id": "c1"})
    assert (first["data"]["items"][0]["points"], first["grade"]) == (380, "b")
    others = [app.answer("bureau", {"who.id": str(number)}) for number in range(40)]
    assert {each["data"]["items"][0]["points"] for each in others} == set(range(600, 611))
    assert {each["known"] for each in others} == {True}


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("bureu: []", "did you mean 'bureau'"), ("bureau: [{say: {pionts: 1}}]", "did you mean 'points'"),
        ("bureau: [{}]", "no file of answers"), ("[", "no file"),
    ],
)  # fmt: skip
def test_cases_that_cannot_be(tmp_path: Path, text: str, wrong: str) -> None:
    (tmp_path / "answers.yaml").write_text(text)
    with pytest.raises(InputError, match=wrong):
        read_cases(tmp_path / "answers.yaml", [SERVICE])


def test_the_file_it_writes_is_one(tmp_path: Path) -> None:
    path = tmp_path / "services.yaml"
    path.write_text("bureau: {url: 'http://127.0.0.1:8430/bureau'}\n")
    assert read_endpoints(path, ["bureau"])["bureau"] == Endpoint("127.0.0.1", 8430, False, "/bureau")
