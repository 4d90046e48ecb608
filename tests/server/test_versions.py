"""Versions and backtests over HTTP: what was released, what changed, what each decided, who uses a part; a backtest of what is proposed."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

import httpx
from msgspec.structs import replace

from tests.access.conftest import cheap
from tests.engine.live_stream import live_opened
from tests.server.test_people import Bank
from tests.server.test_proposals import step
from tests.server.test_stages import FRESH, bank, decide, propose
from zhiyu.engine.opened import open_policy

__all__ = ["bank", "cheap"]
OLD = live_opened().artifact.hash


def ended(client: httpx.Client, number: int) -> dict[str, Any]:
    """The backtest once it is over."""
    while True:
        found: dict[str, Any] = client.get(f"/v1/proposals/{number}").json()["backtest"]
        if found["state"] != "running":
            return found
        time.sleep(0.05)


def test_every_version_is_kept_with_its_changes_and_its_decisions(bank: Bank) -> None:
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    decide(bank, "before", 5)
    number = propose(strategist, stage="percentage", percent="50", by="card")
    step(approver, number, "approve")
    told = decide(bank, "share", 60)
    step(approver, number, "advance", to="live")
    decide(bank, "after", 4)
    listed = strategist.get("/v1/policies?limit=2").json()
    assert [(each["policy"] == FRESH.artifact.hash, each.get("percent")) for each in listed["policies"]] == [
        (True, None), (False, "50"),
    ]  # fmt: skip
    first = strategist.get(f"/v1/policies?before={listed['next']}").json()
    assert ([each["policy"] for each in first["policies"]], first["next"]) == ([OLD], None)
    changed = strategist.get(f"/v1/policies/{FRESH.artifact.hash}/changes").json()
    assert (changed["since"], changed["count"]) == (OLD, 1)
    assert "400" in changed["changes"][0]["zh"]
    counts = Counter(each["version"] for each in told)
    for version, alone in ((OLD, 5), (FRESH.artifact.hash, 4)):
        ids: list[str] = []
        after: int | None = -1
        while after is not None:
            query = {"limit": 7} | ({"after": after} if after >= 0 else {})
            page = strategist.get(f"/v1/policies/{version}/decisions", params=query).json()
            ids, after = ids + [each["id"] for each in page["decisions"]], page["next"]
        mine = {each["id"] for each in told if each["version"] == version}
        assert len(ids) == len(set(ids)) == alone + counts[version]
        assert mine <= set(ids)
    assert strategist.get(f"/v1/policies/{'0' * 64}/decisions").status_code == 404
    strategist.post("/v1/policy:rollback")


def test_who_uses_a_part_is_told_and_a_list_in_use_stays(bank: Bank) -> None:
    strategist = bank.signed_in("strategist")
    for name, users in (
        ("seen_1h", {"many"}),
        ("watched_cards", {"watched"}),
        ("amount", {"large", "spent_1d", "payment"}),
    ):
        assert {
            each["name"] for each in strategist.get("/v1/policy/uses", params={"name": name}).json()["uses"]
        } == users
    assert strategist.get("/v1/policy/uses").status_code == 422
    policy = live_opened().policy
    sets = tuple(replace(s, rules=tuple(r for r in s.rules if r.name != "watched")) for s in policy.rule_sets)
    fewer = open_policy(replace(policy, rule_sets=sets, lists=()), key=b"0123456789abcdef").artifact.to_json()
    assert strategist.post("/v1/policy?dry_run=true", content=fewer).status_code == 200
    strategist.post("/v1/lists/watched_cards/entries", json={"value": "c9"})
    answer = strategist.post("/v1/policy", content=fewer)
    assert (answer.status_code, answer.json()["code"]) == (409, "in_use")
    assert "watched_cards" in answer.json()["detail"]
    broken = {"files": {"policy.yaml": "name: p\nevents: [{name: login, fields: {who: {type: string}}}]\nrule_sets:\n"
              "- {name: s, rules: [{name: watched, when: who in watched_cards, outcome: review}]}\n"}}  # fmt: skip
    problem = strategist.post("/v1/policy", json=broken).json()["problems"][0]
    assert (problem["line"], "watched_cards" in problem["detail"]) == (4, True)
    strategist.post("/v1/lists/watched_cards/entries:remove", json={"values": ["c9"]})


def test_a_backtest_runs_beside_the_server_and_stays_with_the_proposal(bank: Bank) -> None:
    """The same comparison as a shadow: what the stricter version would have stopped."""
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    decide(bank, "tested", 25)
    answer = strategist.post("/v1/policy", content=FRESH.artifact.to_json()).json()
    number = answer["proposal"]
    assert strategist.post(f"/v1/proposals/{number}:backtest", json={"days": 0}).json()["field"] == "days"
    begun = strategist.post(f"/v1/proposals/{number}:backtest", json={"days": 30}).json()
    assert begun["backtest"]["state"] == "running"
    assert strategist.post(f"/v1/proposals/{number}:backtest", json={}).status_code == 409
    found = ended(strategist, number)
    assert (found["state"], found["live"]) == ("done", OLD), found
    result = found["result"]
    all_events = bank.server.site.desks["default"].live.engine.accepted
    outcomes = result["matrix"]["outcomes"]
    events = result["matrix"]["events"]
    moved, same = events[0][outcomes.index("review")], events[outcomes.index("decline")][outcomes.index("decline")]
    assert (result["compared"], result["moved"], moved + same) == (all_events, moved, all_events)
    assert moved >= 25
    assert all(each["en"] and each["zh"] for each in result["summary"])
    listed = approver.get("/v1/proposals").json()["proposals"][0]
    assert listed["backtest"]["result"] == {"summary": result["summary"]}
    again = strategist.post(f"/v1/proposals/{number}:backtest").json()
    assert again["backtest"]["state"] == "running"
    assert strategist.post(f"/v1/proposals/{number}:cancel").json()["backtest"]["state"] == "cancelled"
    assert strategist.post(f"/v1/proposals/{number}:cancel").status_code == 409
    step(strategist, number, "withdraw")


def test_where_a_backtest_is_asked_for_nothing_is_submitted_without(bank: Bank) -> None:
    site = bank.server.site
    strategist = bank.signed_in("strategist")
    answer = strategist.post("/v1/policy", content=FRESH.artifact.to_json()).json()
    before, number = site.settings, answer["proposal"]
    object.__setattr__(site, "settings", _asking(before))
    try:
        refused = strategist.post(f"/v1/proposals/{number}:submit")
        assert (refused.status_code, refused.json()["code"]) == (409, "backtest")
        strategist.post(f"/v1/proposals/{number}:backtest")
        assert ended(strategist, number)["state"] == "done"
        assert step(strategist, number, "submit")["state"] == "submitted"
    finally:
        object.__setattr__(site, "settings", before)
        step(strategist, number, "withdraw")


def _asking(settings: Any) -> Any:
    from dataclasses import replace as changed

    return changed(settings, require_backtest=True)
