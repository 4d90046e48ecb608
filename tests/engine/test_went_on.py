"""What decisions that waited came to, told from the log: every step with its cause and its receipt, which can be decided again."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.waiting_policy import MINUTE, START, policy, when
from zhiyu.engine.kept import Kept
from zhiyu.engine.live import Label, Live
from zhiyu.engine.opened import open_policy
from zhiyu.engine.receipts import Receipt
from zhiyu.engine.timeline import Asked
from zhiyu.engine.verify import Verifier
from zhiyu.events.list_changes import ListChange

KEY = b"0123456789abcdef"
OPENED = open_policy(policy(3), key=KEY)


class Desk:
    """A server's engine whose clock we turn."""

    def __init__(self, root: Path) -> None:
        self.root, self.now = root, START
        self.live = self.open()

    def open(self) -> Live:
        return Live(self.root / "default", OPENED, now=lambda: self.now, segment_bytes=8_000)

    def send(self, kind: str, name: str, minute: int, **fields: Any) -> dict[str, Any]:
        self.now = START + minute * MINUTE
        body = {"type": kind, "id": name, "time": when(self.now), **fields}
        (answer,) = self.live.take([json.dumps(body).encode()])
        told: dict[str, Any] = json.loads(answer.body)
        return told


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """Four draw-downs: one answered, one forgotten until time was over twice, one whose customer was put on a list, one that a label was
    about and that waits on."""
    desk = Desk(tmp_path)
    for number, who in enumerate("abcd"):
        assert desk.send("drawdown", who, number, customer=who, amount=900)["outcome"] == "challenge"
    answer = desk.send("call_result", "r1", 5, about="a", coached=True)
    assert answer["answer"] == "taken"
    desk.now += MINUTE
    desk.live.change_lists([ListChange(desk.live.moment(), "blocked", "add", OPENED.codes.one("c"), shown="c**")])
    desk.live.label([Label(fraud=False, event="d", reason="looked at")])
    desk.live.snapshot(wait=True)
    desk.now = START + 60 * MINUTE
    desk.live.work(0)
    desk.live.sync()
    return desk


def steps(desk: Desk, name: str) -> list[tuple[str, str, bool]]:
    return [(each["cause"], each["decision"]["outcome"], each["stays"]) for each in desk.live.went_on(name)]


def require_told(desk: Desk) -> None:
    assert steps(desk, "a") == [("answered", "decline", False)]
    assert steps(desk, "b") == [("expired", "review", False), ("expired", "decline", False)]
    assert steps(desk, "c") == [("changed", "decline", False)]
    assert steps(desk, "d") == [
        ("changed", "challenge", True), ("expired", "review", False), ("expired", "decline", False)
    ]  # fmt: skip


def test_every_step_is_told_with_what_let_it_go_on(desk: Desk) -> None:
    require_told(desk)
    (answered,) = desk.live.went_on("a")
    assert answered["answer"] == desk.live.position_of("r1")
    assert answered["decision"]["path"][-1] == "out@call/stop"
    (listed,) = desk.live.went_on("c")
    assert listed["at"] == "2026-03-02T10:06:00Z"
    assert listed["changes"] == [
        {"what": "lists", "name": "blocked", "entity": "customer", "shown": "c**", "op": "add",
         "en": "customer c** came onto list 'blocked'", "zh": "customer c** 加入名单“blocked”"}
    ]  # fmt: skip
    (labelled, *_) = desk.live.went_on("d")
    assert labelled["changes"][0]["en"] == "an event of the same customer turned out to be no fraud"
    assert [each["at"][11:16] for each in desk.live.went_on("d")] == ["10:06", "10:13", "10:33"]
    page = desk.live.timeline(Asked("customer", OPENED.codes.one("b")))
    (event,) = [each for each in page.entries if each["kind"] == "event"]
    assert [(each["cause"], each["outcome"]) for each in event["went_on"]] == [
        ("expired", "review"),
        ("expired", "decline"),
    ]
    desk.live.close()
    desk.live = desk.open()  # the index is read again
    require_told(desk)
    assert steps(desk, "nobody") == []
    desk.live.close()


def test_every_step_can_be_decided_again(desk: Desk) -> None:
    receipts = [Receipt.parse(each["receipt"]) for name in "abcd" for each in desk.live.went_on(name)]
    first = [Receipt.parse(json.loads(desk.live.decision(name) or b"")["receipt"]) for name in "abcd"]
    desk.live.close()
    kept = Kept(desk.root, "default", KEY)
    found = Verifier(kept).receipts([*receipts, *first])
    assert [each.status for each in found.verdicts] == ["holds"] * 11, [each.en for each in found.verdicts]
    assert {each.outcome for each in found.verdicts} == {"challenge", "review", "decline"}
    assert Verifier(kept, oldest=True).receipts(receipts).counts == {"holds": 7}
    assert Verifier(kept).span(0, 1 << 62).counts == {"holds": 11}
    altered = [
        replace(receipts[0], chain="0" * 32),
        replace(receipts[0], revision=7),
        replace(receipts[0], policy="0" * 32),
    ]
    assert [each.status for each in Verifier(kept).receipts(altered).verdicts] == ["altered", "unknown", "altered"]


def test_a_step_that_comes_out_otherwise_is_found(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As if another version of the code had decided: the flow's answer is read the other way round."""
    from zhiyu.engine.resuming import Resuming

    receipts = [Receipt.parse(each["receipt"]) for name in "ac" for each in desk.live.went_on(name)]
    desk.live.close()
    real = Resuming._tell
    monkeypatch.setattr(Resuming, "_tell", lambda self, *given: None)
    found = Verifier(Kept(desk.root, "default", KEY)).receipts(receipts).verdicts
    assert [each.status for each in found] == ["differs", "holds"]
    assert "outcome" in found[0].en
    assert real is not Resuming._tell
