"""An auditor asks about a decline from March.

In March an application is declined: three people had applied from one device. In April the strategist finds that families share phones
and proposes to decline from five people on; an approver looks at the change and lets it go. In June the regulator sends a letter: why was
application so-and-so declined in March? The auditor, who may change nothing and see nobody's number, finds the decision by its id, what it
saw, the rule that spoke, in both languages and in the words for the customer; sees that another policy decides today, who proposed and who
approved it; the same application would pass now. The letter asks whom it was about: that is for somebody else to reveal, who needs a
purpose, and the auditor sees that it was done. The audit leaves as a file and holds; the receipt is decided again offline, bit for bit.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.access.conftest import cheap
from tests.journeys.lender_online import DAY, Online, cash, told
from zhiyu.cli import main

__all__ = ["cheap"]


def test_an_auditor_asks_about_a_decline_from_march(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    with Online(tmp_path) as lender:
        for customer in ("c1", "c2"):
            lender.apply(2, customer, phone=f"1370013700{customer[1]}", device="family")
        declined = lender.apply(3, "c3", phone="13800138000", device="family")
        assert declined["outcome"] == "decline"

        lender.now_ms += 30 * DAY
        strategist, approver = lender.signed_in("strategist"), lender.signed_in("approver")
        draft = strategist.post(
            "/v1/policy", params={"title": "families share phones"}, content=cash(5).artifact.to_json()
        )
        number = told(draft)["proposal"]
        told(strategist.post(f"/v1/proposals/{number}:submit", json={}))
        assert (
            told(approver.post(f"/v1/proposals/{number}:approve", json={"reason": "seen the backtest"}))["state"]
            == "done"
        )

        lender.now_ms += 60 * DAY
        auditor = lender.signed_in("auditor")
        decision = told(auditor.get(f"/v1/decisions/{declined['id']}"))
        assert (decision["outcome"], decision["policy"]) == ("decline", declined["policy"])
        why = told(auditor.get(f"/v1/decisions/{declined['id']}/explanation", params={"lang": "zh"}))
        assert "近 7 天使用该设备的人数（3）不少于 3" in why["text"]
        assert "13800138000" not in str(why)
        now = told(auditor.get("/v1/policy"))["in_force"]["policy"]
        assert now != declined["policy"]
        proposal = told(auditor.get(f"/v1/proposals/{number}"))
        assert (proposal["by"], proposal["decided_by"], proposal["title"]) == (
            "person:strategist",
            "person:approver",
            "families share phones",
        )
        assert ("3" in proposal["changes"][0]["en"], "5" in proposal["changes"][0]["en"]) == (True, True)
        today = [lender.apply(95, customer, device="family2")["outcome"] for customer in ("c4", "c5", "c6")]
        assert today == ["pass"] * 3

        auditor, ask = (
            lender.signed_in("auditor"),
            {"events": [declined["id"]], "purpose": "regulator", "note": "letter 2026-77"},
        )
        assert auditor.post("/v1/vault:reveal", json=ask).json()["code"] == "scope"
        assert (
            auditor.post("/v1/persons:erase", json={"type": "customer", "id": "c3", "reason": "no"}).json()["code"]
            == "scope"
        )
        shown = told(lender.signed_in("supervisor").post("/v1/vault:reveal", json=ask))["values"]
        assert [value["value"] for value in shown] == ["13800138000"]
        [entry] = told(auditor.get("/v1/audit", params={"about": declined["id"]}))["entries"]
        assert (entry["by"], entry["verb"], entry["detail"]["note"]) == (
            "person:supervisor",
            "vault.reveal",
            "letter 2026-77",
        )
        assert told(auditor.get("/v1/audit/proof"))["holds"] is True
    run = CliRunner()
    decided = run.invoke(main, ["verify", declined["receipt"], "--data", str(tmp_path / "data")])
    assert decided.exit_code == 0, decided.output
