"""Experiments over HTTP: listed with their sentences, compared arm by arm since they went live, whatever was released meanwhile."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.experiment_policy import payments, split_opened
from tests.server.served import Served
from tests.server.test_drafts import lines
from tests.server.test_people import Bank
from tests.server.test_proposals import in_force, step
from zhiyu.engine.opened import Opened

__all__ = ["cheap"]
ARMS = "/v1/experiments/limits/limit_test/arms"


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Bank]:
    with Bank(tmp_path, opened=split_opened()) as found:
        yield found


def decide(bank: Bank, first: int, count: int) -> list[dict[str, Any]]:
    """So many payments, decided by a machine; those that carry a card."""
    bodies = payments(first, count, first=first)
    answers = bank.server.run(_submitted(bank, bodies))
    carded = [("card" in json.loads(body)) for body in bodies]
    return [json.loads(answer.body) for answer, card in zip(answers, carded) if card]


async def _submitted(bank: Bank, bodies: list[bytes]) -> Any:
    return await bank.server.site.desks["default"].submit(bodies)


def release(bank: Bank, opened: Opened, share: bool = False) -> None:
    """Proposed by one, approved by another; for a share of the cards first."""
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    query = {"title": "another"} | ({"stage": "percentage", "percent": "30", "by": "card"} if share else {})
    told = strategist.post("/v1/policy", params=query, content=opened.artifact.to_json())
    assert told.status_code == 200, told.text
    step(strategist, told.json()["proposal"], "submit")
    state = step(approver, told.json()["proposal"], "approve")["state"]
    assert state == ("percentage" if share else "done")


def arms(bank: Bank, client: httpx.Client) -> dict[str, Any]:
    """As a process that has just begun tells them: it would keep its tape for an hour."""
    bank.server.run(bank.server.site.trying["default"].close())
    *progress, last = lines(client, "GET", ARMS)
    assert {each["kind"] for each in progress} <= {"progress"}
    assert last["kind"] == "arms", last
    return last


def test_a_strategist_compares_arms_and_the_span_follows_the_experiment_through_releases(bank: Bank) -> None:
    """The limits are tried on a part of the cards. Another rule of the policy changes, a version takes a share, and the comparison goes on;
    then the arms themselves change, and it begins again."""
    strategist = bank.signed_in("strategist")
    told = strategist.get("/v1/experiments").json()
    [one] = told["experiments"]
    assert told["policy"] == split_opened().artifact.hash
    assert (one["flow"], one["node"], one["by"], one["salt"], one["asked"]) == (
        "limits",
        "limit_test",
        "card",
        "autumn",
        True,
    )
    assert [(arm["name"], arm["percent"], arm["to"]) for arm in one["arms"]] == [
        ("strict", 40, "strict"),
        ("loose", 10, "loose"),
    ]
    assert one["rest"] == {"percent": 50, "to": "usual"}
    assert "限额流程" in one["said_zh"]
    assert "40 %" in one["said_en"]

    first = decide(bank, 0, 400)
    found = arms(bank, strategist)
    begun = found["since"]
    assert (begun["number"], begun["policy"], found["policy"]) == (0, told["policy"], told["policy"])
    assert [arm["decisions"] for arm in found["arms"]] == [sum(e["score"] == n for e in first) for n in (1, 2, 3)]
    assert found["first"] < found["until"]

    milder = split_opened("amount > 600", "amount > 650")
    release(bank, milder)
    second = decide(bank, 400, 300)
    release(bank, split_opened("amount > 600", "amount > 700"), share=True)
    assert strategist.get("/v1/experiments").json()["experiments"] == [one], "the split between two versions is none"
    third = decide(bank, 700, 300)
    found = arms(bank, strategist)
    assert (found["since"], found["policy"]) == (begun, milder.artifact.hash)
    assert found["decisions"] == len(first) + len(second) + len(third)

    [proposal] = strategist.get("/v1/proposals", params={"state": "percentage"}).json()["proposals"]
    step(strategist, proposal["number"], "stop", reason="enough")
    release(bank, split_opened("percent: 40", "percent: 30"))
    last = decide(bank, 1_000, 200)
    found = list(lines(strategist, "GET", ARMS))[-1]  # a tape from before the release is none for it
    assert found["since"]["policy"] == in_force(strategist)["policy"] != begun["policy"]
    assert found["decisions"] == len(last)
    assert [arm["percent"] for arm in found["arms"]] == [30, 10, 60]


def test_unknown_names_say_what_was_meant_and_others_may_not(bank: Bank) -> None:
    strategist = bank.signed_in("strategist")
    wrong = strategist.get("/v1/experiments/limits/limit_tset/arms")
    assert (wrong.status_code, wrong.json()["code"]) == (404, "no_experiment")
    assert "did you mean 'limits/limit_test'?" in wrong.json()["detail_en"]
    assert "是不是“limits/limit_test”" in wrong.json()["detail_zh"]
    assert strategist.get("/v1/experiments/payments/inside/arms").status_code == 404
    assert bank.signed_in("investigator").get("/v1/experiments").json()["code"] == "scope"
    assert bank.signed_in("investigator").get(ARMS).json()["code"] == "scope"


def test_before_anything_was_decided_it_is_said(bank: Bank) -> None:
    [line] = [each for each in lines(bank.signed_in("strategist"), "GET", ARMS) if each["kind"] != "progress"]
    assert line["kind"] == "failed"
    assert "30" in line["zh"]


def test_a_policy_without_experiments_has_none(tmp_path: Path) -> None:
    with Served(tmp_path) as server:
        assert server.client.get("/v1/experiments").json()["experiments"] == []
        answer = server.client.get(ARMS).json()
    assert (answer["code"], answer["detail_en"]) == (
        "no_experiment",
        "the version in force has no experiment 'limits/limit_test'",
    )
