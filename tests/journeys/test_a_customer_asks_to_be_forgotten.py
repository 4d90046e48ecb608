"""A customer asks to be forgotten.

She applied in March from a phone shop, where two others had applied before from the same device, and was declined. Her sister, a
customer too, had named her as a contact. In June she writes: what do you hold about me, and delete it. The officer exports what is held,
masked for the file and, when a supervisor has approved it, once in clear, as a page, for the letter; all stands in the audit. Then the
officer counts what would go, erases it with the number of the letter as the reason, and looks: the vault has nothing of her any more, her
sister's contact is still there. The decision of March stands as it was, with masked forms, and can be explained as before. When she
applies again in July she is new to the network, and what she gives then is kept as of somebody new. The server is stopped: every decision
is decided again, and the same.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.access.conftest import cheap
from tests.journeys.lender_online import DAY, Online, told
from zhiyu.cli import main

__all__ = ["cheap"]
HERS, SISTERS = "13800138000", "13900139000"
LETTER = {"purpose": "customer_request", "note": "letter 2026-118"}


def test_a_customer_asks_to_be_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    with Online(tmp_path) as lender:
        sister = lender.apply(1, "c9", phone=SISTERS, contact_phone=HERS, device="d9")
        for customer in ("c1", "c2"):
            lender.apply(2, customer, phone=f"1370013700{customer[1]}", device="shop")
        declined = lender.apply(3, "c7", person_name="某甲", phone=HERS, contact_phone=SISTERS, device="shop")
        assert (declined["outcome"], declined["reasons"][0]) == ("decline", "SHARED")

        lender.now_ms += 90 * DAY
        officer, who = lender.signed_in("consumer-protection"), {"type": "customer", "id": "c7"}
        address = f"/v1/decisions/{declined['id']}/explanation"
        before = told(officer.get(address))
        held = told(officer.post("/v1/persons:export", json={**who, **LETTER}))
        assert {value["field"]: value["shown"] for value in held["personal"]} == {
            "contact_phone": "139****9000", "person_name": "某**", "phone": "138****8000",
        }  # fmt: skip
        assert [entry["id"] for entry in held["timeline"]] == [declined["id"]]
        assert HERS not in json.dumps(held)
        asks = told(officer.post("/v1/persons:propose", json={**who, **LETTER}))["proposal"]
        told(lender.signed_in("supervisor").post(f"/v1/proposals/{asks}:approve", json={"reason": "her own letter"}))
        letter = officer.post("/v1/persons:export", json={"proposal": asks, "format": "html"})
        assert HERS in letter.text
        assert "某甲" in letter.text

        counted = told(officer.post("/v1/persons:erase", json={**who, "dry_run": True}))
        assert counted["texts"] == 3
        erased = told(officer.post("/v1/persons:erase", json={**who, "reason": "letter 2026-118"}))
        assert erased["texts"] == 3
        assert told(officer.post("/v1/persons:export", json={**who, **LETTER}))["personal"] == []
        asked = {"events": [declined["id"], sister["id"]], "purpose": "complaint", "note": "what is left"}
        left = told(officer.post("/v1/vault:reveal", json=asked))["values"]
        assert {(value["event"], value["field"]): value.get("value") for value in left} == {
            (declined["id"], "contact_phone"): None, (declined["id"], "person_name"): None, (declined["id"], "phone"): None,
            (sister["id"], "contact_phone"): HERS, (sister["id"], "phone"): SISTERS,
        }  # fmt: skip
        assert told(officer.get(address)) == before

        again = lender.apply(120, "c7", phone=HERS, device="d7")
        assert again["outcome"] == "pass"
        officer = lender.signed_in("consumer-protection")
        assert [
            value["field"] for value in told(officer.post("/v1/persons:export", json={**who, **LETTER}))["personal"]
        ] == ["phone"]

        auditor = lender.signed_in("auditor")
        about = f"customer/{erased['code']}"
        entries = told(auditor.get("/v1/audit", params={"about": about}))["entries"]
        assert [(entry["verb"], entry["by"]) for entry in reversed(entries)] == [
            (verb, "person:consumer-protection")
            for verb in (
                "person.export",
                "vault.reveal",
                "person.erase",
                "person.erased",
                "person.export",
                "person.export",
            )
        ]
        assert entries[3]["detail"] == {"reason": "letter 2026-118", "texts": 3}
        assert told(auditor.get("/v1/audit/proof"))["holds"] is True
    verified = CliRunner().invoke(main, ["verify", "--data", str(tmp_path / "data"), "--all", "--json"])
    assert verified.exit_code == 0, verified.output
