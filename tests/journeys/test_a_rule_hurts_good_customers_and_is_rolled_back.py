"""A rule hurts good customers and is rolled back.

A strategist wants to be stricter: two people on one device are to be declined, not three. An approver agrees and the rule decides. Couples
share a phone: the next day good customers are turned away, and the metrics show it by rule and beside the day before, in money. The rule
did it, the page says, under the new version. A supervisor on duty rolls back, alone and in one call: the next couple passes. Every decision
still tells the version that made it, so whoever was turned away meanwhile can be found by the rule and the version, and be made good. The
approver cannot take the bad version forward again without a new proposal, and the audit tells who released, who rolled back, and when.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.access.conftest import cheap
from tests.journeys.lender_online import DAY, Online, cash, told

__all__ = ["cheap"]


def test_a_rule_hurts_good_customers_and_is_rolled_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    with Online(tmp_path) as lender:
        before = [lender.apply(0, f"good{number}", device=f"home{number // 2}") for number in range(6)]
        assert [each["outcome"] for each in before] == ["pass"] * 6, "couples share a phone, and pass"

        strategist, approver = lender.signed_in("strategist"), lender.signed_in("approver")
        draft = strategist.post("/v1/policy", params={"title": "stricter"}, content=cash(2).artifact.to_json())
        number = told(draft)["proposal"]
        told(strategist.post(f"/v1/proposals/{number}:submit", json={}))
        own = strategist.post(f"/v1/proposals/{number}:approve", json={"reason": "x"})
        assert (own.status_code, own.json()["code"]) == (403, "scope"), "a strategist approves nothing"
        assert told(approver.post(f"/v1/proposals/{number}:approve", json={"reason": "fine"}))["state"] == "done"

        lender.now_ms += DAY
        hurt = [lender.apply(1, f"better{number}", device=f"flat{number // 2}") for number in range(8)]
        declined = [each for each in hurt if each["outcome"] == "decline"]
        assert len(declined) == 4, "the second of each couple"
        strategist, approver = (
            lender.signed_in("strategist"),
            lender.signed_in("approver"),
        )  # a day later: sessions have ended
        strict = {each["policy"] for each in hurt}
        assert len(strict) == 1
        assert strict != {each["policy"] for each in before}

        day = {"from": _day(lender, 0), "until": _day(lender, 1)}
        seen = told(
            strategist.get(
                "/v1/metrics/query", params={"measure": "stopped,stopped_share", "by": "outcome", "against": "1d"} | day
            )
        )
        assert seen["total"]["stopped"] == 4
        assert seen["total"]["before"]["stopped"] == 0
        [rule] = told(
            strategist.get("/v1/metrics/query", params={"measure": "hits,hit_money", "by": "rule,policy"} | day)
        )["lines"]
        assert rule["hits"] == 4
        assert rule["hit_money"] > 0
        assert next(iter(strict)).startswith(rule["policy"])
        listed = told(strategist.get("/v1/decisions", params={"rule": rule["rule"], "outcome": "decline"}))["decisions"]
        assert {each["id"] for each in listed} == {each["id"] for each in declined}

        supervisor = lender.signed_in("supervisor")
        assert lender.signed_in("investigator").post("/v1/policy:rollback", json={}).json()["code"] == "scope"
        told(supervisor.post("/v1/policy:rollback", json={}))
        again = [lender.apply(1, f"best{number}", device="villa") for number in range(2)]
        assert [each["outcome"] for each in again] == ["pass"] * 2
        assert {each["policy"] for each in again} == {each["policy"] for each in before}

        decision = told(strategist.get(f"/v1/decisions/{declined[0]['id']}"))
        assert (decision["outcome"], decision["policy"]) == ("decline", next(iter(strict))), (
            "what was decided stays as it was"
        )
        assert told(strategist.get(f"/v1/proposals/{number}"))["state"] == "done"
        retry = approver.post(f"/v1/proposals/{number}:approve", json={"reason": "again"})
        assert retry.status_code == 409, "what was done is done once"
        [entry] = told(lender.signed_in("auditor").get("/v1/audit", params={"verb": "policy.rollback"}))["entries"]
        assert (entry["by"], entry["detail"]["policy"]) == ("person:supervisor", next(iter(strict)))


def _day(lender: Online, more: int) -> str:
    """Midnight of the clock's day, or so many days later."""
    moment = datetime.fromtimestamp(lender.now_ms / 1000, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return (moment + timedelta(days=more)).isoformat()
