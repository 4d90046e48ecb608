"""Drafts over HTTP: a version read in full, a patch checked and tried beside the server, cancelled by leaving, proposed as it is."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from tests.access.conftest import cheap
from tests.engine.live_stream import live_opened
from tests.server.test_people import Bank
from tests.server.test_stages import bank, decide

__all__ = ["bank", "cheap"]
LIVE = live_opened().artifact.hash
RULE = "/rule_sets/0/rules/0"


def lines(client: httpx.Client, method: str, path: str, **more: Any) -> Iterator[dict[str, Any]]:
    with client.stream(method, path, **more) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"] == "application/x-ndjson"
        yield from (json.loads(line) for line in answer.iter_lines())


def patch(*operations: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"base": LIVE, "patch": list(operations), **more}


def lower(value: str = "amount > 5") -> dict[str, Any]:
    return {"op": "replace", "path": f"{RULE}/when", "value": value}


def test_a_version_is_told_in_full_with_sentences(bank: Bank) -> None:
    told = bank.signed_in("strategist").get(f"/v1/policies/{LIVE}/written").json()
    rule = told["document"]["rule_sets"][0]["rules"][0]
    assert (told["policy"], rule["when"]) == (LIVE, "amount > 400")
    said = {each["path"]: each for each in told["said"]}
    assert "more than ¥400.00" in said[RULE]["en"]
    assert "大于 ¥400.00" in said[RULE]["zh"]
    assert bank.signed_in("approver").get(f"/v1/policies/{'0' * 64}/written").status_code == 404
    assert bank.signed_in("investigator").get(f"/v1/policies/{LIVE}/written").json()["code"] == "scope"


def test_a_draft_is_checked_tried_and_proposed_with_the_same_patch(bank: Bank) -> None:
    decide(bank, "tried", 25)
    strategist = bank.signed_in("strategist")
    told = list(lines(strategist, "POST", "/v1/policy:try", json=patch(lower())))
    assert (told[0]["kind"], told[-1]["kind"]) == ("checked", "figures")
    assert told[0]["count"] == 1
    [large] = told[-1]["rules"]
    assert (large["rule"], large["draft"]) == ("large", told[-1]["decisions"])
    assert large["draft"] >= 25
    checked = list(lines(strategist, "POST", "/v1/policy:try", json=patch(lower("amuont > 5"))))
    assert [each["kind"] for each in checked] == ["checked"]
    found = checked[0]["findings"][0]
    assert (found["path"], found["column"], found["code"]) == (f"{RULE}/when", 1, "unknown_name")
    only = list(lines(strategist, "POST", "/v1/policy:try", json=patch(lower(), figures=False)))
    assert [each["kind"] for each in only] == ["checked"]
    made = strategist.post("/v1/policy?propose=true&title=lower", json=patch(lower())).json()
    assert (made["status"], made["policy"]) == ("draft", told[0]["policy"])
    shown = strategist.get(f"/v1/proposals/{made['proposal']}").json()
    assert shown["changes"] == told[0]["changes"]
    on_top = list(lines(strategist, "POST", "/v1/policy:try", json=patch(figures=False) | {"base": made["policy"]}))
    assert on_top[0]["policy"] == made["policy"], "a draft that was proposed is a version to go on from"


def test_a_feature_is_spread_over_what_was_decided(bank: Bank) -> None:
    decide(bank, "spread", 9)
    strategist = bank.signed_in("strategist")
    found = list(lines(strategist, "GET", "/v1/features/seen_1h/spread"))[-1]
    assert (found["kind"], found["missing"]) == ("spread", 0)
    assert sum(bar["all"] for bar in found["bars"]) == found["decisions"] >= 9
    assert strategist.get("/v1/features/seen_3h/spread").status_code == 404


def test_what_cannot_be_is_refused_before_or_in_the_stream(bank: Bank) -> None:
    strategist = bank.signed_in("strategist")
    assert strategist.post("/v1/policy:try", json=patch() | {"base": "0" * 64}).json()["code"] == "no_policy"
    assert strategist.post("/v1/policy:try", json={"base": LIVE}).status_code == 422
    assert bank.signed_in("approver").post("/v1/policy:try", json=patch()).json()["code"] == "scope"
    wrong = {"op": "remove", "path": "/rule_sets/9"}
    [line] = lines(strategist, "POST", "/v1/policy:try", json=patch(wrong))
    assert (line["kind"], "第 1 个操作" in line["zh"]) == ("failed", True)
    answer = strategist.post("/v1/policy?dry_run=true", json=patch(wrong))
    assert (answer.status_code, answer.json()["field"]) == (422, "patch")
    problems = strategist.post("/v1/policy?dry_run=true", json=patch(lower("amuont > 5"))).json()["problems"]
    assert (problems[0]["file"], problems[0]["column"]) == (f"{RULE}/when", 1)


def test_before_anything_was_decided_a_draft_is_checked_all_the_same(tmp_path: Path) -> None:
    with Bank(tmp_path) as empty:
        told = list(lines(empty.signed_in("strategist"), "POST", "/v1/policy:try", json=patch(lower())))
    assert [each["kind"] for each in told if each["kind"] != "progress"] == ["checked", "failed"]
    assert "30" in told[-1]["zh"]


def test_who_leaves_takes_the_question_along_and_others_are_answered(bank: Bank) -> None:
    decide(bank, "left", 5)
    strategist, trying = bank.signed_in("strategist"), bank.server.site.trying["default"]
    with strategist.stream("POST", "/v1/policy:try", json=patch(lower())) as answer:
        next(answer.iter_lines())
    until = time.monotonic() + 30
    while trying._answers and time.monotonic() < until:
        time.sleep(0.02)
    assert not trying._answers
    assert list(lines(strategist, "POST", "/v1/policy:try", json=patch(lower())))[-1]["kind"] == "figures"
    folder = bank.server.site.desks["default"].live.folder / "recent"
    assert folder.is_dir()
    bank.server.run(trying.close())
    assert not folder.exists(), "the tape ends with the process"
    assert list(lines(strategist, "POST", "/v1/policy:try", json=patch(lower())))[-1]["kind"] == "figures"
