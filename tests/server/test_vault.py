"""Personal values over HTTP: masked for everybody, in clear for a purpose, counted, in the audit; many only when somebody else approves."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.access.conftest import cheap
from tests.server.vaulted import START_MS, Vaulted
from tests.vaulted_policy import application
from zhiyu.access.reveals import APPROVED_MS, AT_ONCE, BY_THE_HOUR, HOUR_MS, PURPOSES
from zhiyu.access.vault_keys import add_master

__all__ = ["cheap"]
WHY = {"purpose": "call_back", "note": "case 4711"}


@pytest.fixture
def bank(tmp_path: Path) -> Iterator[Vaulted]:
    with Vaulted(tmp_path) as found:
        phones = {"phone": "13800138000", "contact_phone": "13900139000"}
        found.take(application(1, "c1", person_name="某 甲", **phones), application(2, "c2", phone="13800138000"))
        found.take(
            *(
                application(number, f"c{number}", phone=f"137{number:08d}", contact_phone="13600136000")
                for number in range(10, 60)
            )
        )
        yield found


def test_every_answer_is_masked_until_it_is_revealed_for_a_purpose(bank: Vaulted) -> None:
    client = bank.signed_in("investigator")
    for address in (
        "/v1/decisions/a1",
        "/v1/decisions/a1/explanation",
        "/v1/entities/customer/c1/timeline",
        "/v1/entities/phone/13800138000/timeline",
    ):
        text = client.get(address).text
        assert "13800138000" not in text.replace("/v1/entities/phone/13800138000", "")
        assert "某 甲" not in text
    answer = client.post("/v1/vault:reveal", json={"events": ["a1"], **WHY})
    assert answer.headers["cache-control"] == "no-store"
    assert answer.json() == {
        "values": [
            {
                "event": "a1",
                "field": "contact_phone",
                "shown": "139****9000",
                "status": "revealed",
                "value": "13900139000",
            },
            {"event": "a1", "field": "person_name", "shown": "某**", "status": "revealed", "value": "某 甲"},
            {"event": "a1", "field": "phone", "shown": "138****8000", "status": "revealed", "value": "13800138000"},
        ],
        "left_this_hour": BY_THE_HOUR - 3,
    }
    one = client.post("/v1/vault:reveal", json={"events": ["a1"], "fields": ["phone"], **WHY}).json()
    assert [value["value"] for value in one["values"]] == ["13800138000"]
    entries = bank.audit("vault.reveal")
    assert [(entry["by"], entry["about"]) for entry in entries] == [("person:investigator", "a1")] * 2
    assert entries[1]["detail"] == {
        "purpose": "call_back",
        "note": "case 4711",
        "count": 3,
        "events": ["a1"],
        "fields": ["contact_phone", "person_name", "phone"],
    }
    assert [
        secret
        for secret in ("13800138000", "某 甲")
        if secret in json.dumps(entries, ensure_ascii=False) + bank.server.log.getvalue()
    ] == []


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        ({"events": ["a1"]}, 422, "purpose", "purpose"),
        ({"events": ["a1"], "purpose": "curiosity", "note": "just so"}, 422, "purpose", "purpose"),
        ({"events": ["a1"], "purpose": "police", "note": "  x  "}, 422, "note", "note"),
        ({"events": [], **WHY}, 422, "events", "events"),
        ({"events": ["a1"] * 1001, **WHY}, 422, "events", "events"),
        ({"events": ["nobody"], **WHY}, 404, "no_decision", "events"),
        ({"proposal": 99}, 404, "no_proposal", None),
        ({"event": "a1", **WHY}, 400, None, None),
    ],
)  # fmt: skip
def test_what_cannot_be_revealed_is_told(
    bank: Vaulted, body: dict[str, Any], status: int, code: str | None, field: str | None
) -> None:
    answer = bank.signed_in("supervisor").post("/v1/vault:reveal", json=body)
    found = answer.json()
    assert answer.status_code in ((status, 422) if code is None else (status,)), found
    assert code is None or (found["code"], found.get("field")) == (code, field)
    assert bank.audit("vault.reveal") == []


def test_an_hour_has_a_limit_for_each_person(bank: Vaulted) -> None:
    client = bank.signed_in("investigator")
    for number in range(10, 10 + BY_THE_HOUR // 2):
        left = client.post("/v1/vault:reveal", json={"events": [f"a{number}"], **WHY}).json()["left_this_hour"]
        bank.now_ms += 1_000
    assert left == 0
    refused = client.post("/v1/vault:reveal", json={"events": ["a50"], **WHY})
    assert (refused.status_code, refused.json()["code"]) == (429, "reveal_limit")
    assert int(refused.headers["retry-after"]) == (HOUR_MS - BY_THE_HOUR // 2 * 1_000) // 1_000
    assert bank.signed_in("supervisor").post("/v1/vault:reveal", json={"events": ["a50"], **WHY}).status_code == 200
    bank.now_ms = START_MS + HOUR_MS
    client = bank.signed_in("investigator")
    assert client.post("/v1/vault:reveal", json={"events": ["a50"], **WHY}).json()["left_this_hour"] == 0
    assert client.post("/v1/vault:reveal", json={"events": ["a51"], **WHY}).status_code == 429
    assert len(bank.audit("vault.reveal")) == BY_THE_HOUR // 2 + 2


def test_many_at_once_need_somebody_else(bank: Vaulted) -> None:
    client, supervisor = bank.signed_in("investigator"), bank.signed_in("supervisor")
    events = [f"a{number}" for number in range(10, 10 + AT_ONCE // 2)]
    assert client.post("/v1/vault:reveal", json={"events": events, **WHY}).status_code == 200
    many = {"events": [*events, "a40"], **WHY}
    refused = client.post("/v1/vault:reveal", json=many)
    assert (refused.status_code, refused.json()["code"]) == (409, "four_eyes")
    made = client.post("/v1/vault:propose", json=many).json()
    assert made == {"proposal": made["proposal"], "state": "submitted", "count": AT_ONCE + 2}
    given = {"proposal": made["proposal"]}
    assert client.post("/v1/vault:reveal", json=given).json()["code"] == "proposal_state"
    told = supervisor.get(f"/v1/proposals/{made['proposal']}").json()
    assert (told["kind"], told["events"], told["purpose"], told["note"]) == ("reveal", many["events"], *WHY.values())
    assert supervisor.post(f"/v1/proposals/{made['proposal']}:approve", json={}).json()["state"] == "done"
    shown = client.post("/v1/vault:reveal", json=given).json()
    assert (len(shown["values"]), shown["left_this_hour"]) == (AT_ONCE + 2, BY_THE_HOUR - AT_ONCE)
    assert supervisor.post("/v1/vault:reveal", json=given).json()["code"] == "proposal", "only whoever asked"
    assert bank.audit("vault.reveal")[0]["detail"]["proposal"] == made["proposal"]
    bank.now_ms += APPROVED_MS + 1
    late = bank.signed_in("investigator").post("/v1/vault:reveal", json=given)
    assert (late.status_code, late.json()["code"]) == (409, "proposal_state")


def test_who_asks_does_not_approve_and_what_is_refused_is_not_shown(bank: Vaulted) -> None:
    supervisor, approver = bank.signed_in("supervisor"), bank.signed_in("approver")
    many = {"events": [f"a{number}" for number in range(10, 40)], **WHY}
    number = supervisor.post("/v1/vault:propose", json=many).json()["proposal"]
    assert supervisor.post(f"/v1/proposals/{number}:approve", json={}).json()["code"] == "four_eyes"
    assert approver.post(f"/v1/proposals/{number}:refuse", json={"reason": "too many"}).json()["state"] == "refused"
    assert supervisor.post("/v1/vault:reveal", json={"proposal": number}).json()["code"] == "proposal_state"
    assert bank.audit("vault.reveal") == []


def test_a_person_is_told_all_that_is_held_and_erased(bank: Vaulted) -> None:
    client, person = bank.signed_in("consumer-protection"), {"type": "customer", "id": "c1"}
    asked = {**person, "purpose": "customer_request", "note": "letter 12"}
    held = client.post("/v1/persons:export", json=asked).json()
    assert [(value["field"], value["shown"]) for value in held["personal"]] == [
        ("contact_phone", "139****9000"),
        ("person_name", "某**"),
        ("phone", "138****8000"),
    ]
    assert (held["revealed"], [entry["id"] for entry in held["timeline"]], held["older_before"]) == (
        False,
        ["a1"],
        None,
    )
    approved = {"proposal": exported_in_clear(bank, asked)}
    clear = client.post("/v1/persons:export", json=approved).json()
    assert [value["value"] for value in clear["personal"]] == ["13900139000", "某 甲", "13800138000"]
    page = client.post("/v1/persons:export", json={**approved, "format": "html"}, headers={"accept-language": "zh"})
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert all(text in page.text for text in ("13800138000", "所持有的某人信息", "a1", PURPOSES["customer_request"][1]))
    assert [entry["verb"] for entry in bank.audit("person.export")] == ["person.export"]
    assert len(bank.audit("vault.reveal")) == 2
    counted = client.post("/v1/persons:erase", json={**person, "dry_run": True}).json()
    assert (counted["texts"], counted["dry_run"]) == (3, True)
    assert client.post("/v1/persons:erase", json=person).json()["field"] == "reason"
    done = client.post("/v1/persons:erase", json={**person, "reason": "letter 13"}).json()
    assert (done["texts"], done["dry_run"]) == (3, False)
    assert client.post("/v1/persons:export", json=asked).json()["personal"] == []
    gone = client.post("/v1/vault:reveal", json={"events": ["a1"], "fields": ["phone"], **WHY}).json()["values"]
    assert gone == [{"event": "a1", "field": "phone", "shown": "138****8000", "status": "not_kept"}]
    other = client.post("/v1/vault:reveal", json={"events": ["a2"], **WHY}).json()["values"]
    assert [value["value"] for value in other] == ["13800138000"], "whoever gave the same number keeps it"
    assert client.get("/v1/decisions/a1").json()["outcome"] == "pass"
    assert [entry["detail"].get("reason") for entry in bank.audit("person.erase")] == ["letter 13"]
    assert bank.audit("person.erased")[0]["detail"] == {"position": done["position"], "events": 0}


def exported_in_clear(bank: Vaulted, asked: dict[str, str]) -> int:
    """The proposal of the officer that the supervisor approved."""
    made = bank.signed_in("consumer-protection").post("/v1/persons:propose", json=asked).json()
    assert made["state"] == "submitted", made
    bank.signed_in("supervisor").post(f"/v1/proposals/{made['proposal']}:approve", json={}).raise_for_status()
    return int(made["proposal"])


def test_an_export_in_clear_is_what_two_people_want(bank: Vaulted) -> None:
    officer, boss = bank.signed_in("consumer-protection"), bank.signed_in("supervisor")
    asked = {"type": "customer", "id": "c1", "purpose": "customer_request", "note": "letter 12"}
    alone = officer.post("/v1/persons:export", json={**asked, "reveal": True})
    assert (alone.status_code, alone.json()["code"], alone.json()["field"]) == (409, "four_eyes", "reveal")
    assert bank.audit("vault.reveal") == []
    number = officer.post("/v1/persons:propose", json=asked).json()["proposal"]
    waits = officer.post("/v1/persons:export", json={"proposal": number})
    assert (waits.status_code, waits.json()["code"]) == (409, "proposal_state")
    shown = boss.get(f"/v1/proposals/{number}").json()
    assert (shown["kind"], shown["count"], shown["note"]) == ("export", 3, "letter 12")
    assert "c1" not in (shown["code"], shown["title"]), "whom it is about stands there as a code"
    assert boss.post(f"/v1/proposals/{number}:approve", json={}).json()["state"] == "done"
    assert boss.post("/v1/persons:export", json={"proposal": number}).json()["field"] == "proposal", "of somebody else"
    mixed = officer.post("/v1/persons:export", json={"proposal": number, "type": "customer", "id": "c2"})
    assert (mixed.status_code, mixed.json()["field"]) == (422, "proposal")
    told = officer.post("/v1/persons:export", json={"proposal": number}).json()
    assert (told["revealed"], len(told["personal"]), told["purpose"]) == (True, 3, "customer_request")
    assert [entry["detail"]["proposal"] for entry in bank.audit("vault.reveal")] == [number]
    as_reveal = officer.post("/v1/vault:reveal", json={"proposal": number})
    assert (as_reveal.status_code, as_reveal.json()["code"]) == (409, "proposal"), (
        "one thing was approved, not the other"
    )
    bank.now_ms += APPROVED_MS + 1
    late = bank.signed_in("consumer-protection").post("/v1/persons:export", json={"proposal": number})
    assert (late.status_code, late.json()["code"]) == (409, "proposal_state")
    own = boss.post("/v1/persons:propose", json=asked).json()["proposal"]
    assert boss.post(f"/v1/proposals/{own}:approve", json={}).json()["code"] == "four_eyes"
    for wrong, field in (
        ({"purpose": "fun"}, "purpose"),
        ({"note": ""}, "purpose"),
        ({"type": "phone", "id": "13800138000"}, "type"),
        ({"id": ""}, "id"),
    ):
        answer = boss.post("/v1/persons:propose", json={**asked, **wrong})
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


def test_what_a_sender_wrote_cannot_act_in_the_page(bank: Vaulted) -> None:
    bank.take(application(90, "evil", person_name="<script>alert(1)</script>", city="<img src=x onerror=alert(1)>"))
    asked = {"type": "customer", "id": "evil", "purpose": "customer_request", "note": "letter 12"}
    approved = {"proposal": exported_in_clear(bank, asked), "format": "html"}
    page = bank.signed_in("consumer-protection").post("/v1/persons:export", json=approved).text
    assert "&lt;script&gt;" in page
    assert "<script" not in page
    assert "<img" not in page


@pytest.mark.parametrize(
    "who", [{"type": "phone", "id": "13800138000"}, {"type": "nobody", "id": "x"}, {"type": "customer", "id": ""}]
)
def test_only_a_person_can_be_told_about_and_erased(bank: Vaulted, who: dict[str, str]) -> None:
    client = bank.signed_in("consumer-protection")
    for address, more in (
        ("export", {"purpose": "customer_request", "note": "letter 12"}),
        ("erase", {"reason": "letter"}),
    ):
        answer = client.post(f"/v1/persons:{address}", json={**who, **more})
        assert answer.status_code in (404, 422), answer.text
        assert "13800138000" not in answer.text


def test_keys_change_while_values_are_shown(bank: Vaulted, tmp_path: Path) -> None:
    root, client = bank.signed_in("administrator"), bank.signed_in("investigator")
    before = root.get("/v1/vault").json()
    assert (before["data_keys"], before["problem"], before["promise"]) == ([1], "", "forever")
    add_master(tmp_path / "masters.json", 1)
    assert root.post("/v1/vault:rotate").json() == {"data_key": 2}
    assert (
        client.post("/v1/vault:reveal", json={"events": ["a1"], "fields": ["phone"], **WHY}).json()["values"][0][
            "value"
        ]
        == "13800138000"
    )
    client.post("/v1/vault:reveal", json={"events": ["a2"], "fields": ["phone"], **WHY})
    assert root.get("/v1/vault").json()["data_keys"] == [2]
    assert [entry["by"] for entry in bank.audit("vault.rotate")] == ["person:administrator"]


def test_without_a_vault_it_is_told(tmp_path: Path) -> None:
    with Vaulted(tmp_path, masters=False) as bank:
        bank.take(application(1, "c1", phone="13800138000"))
        answer = bank.signed_in("investigator").post("/v1/vault:reveal", json={"events": ["a1"], **WHY})
        assert (answer.status_code, answer.json()["code"]) == (409, "no_vault")
        client = bank.signed_in("consumer-protection")
        asked = {"type": "customer", "id": "c1", "purpose": "customer_request", "note": "letter 12"}
        held = client.post("/v1/persons:export", json=asked).json()
        assert (held["vault"], held["personal"], len(held["timeline"])) == (False, [], 1)
        assert (
            client.post("/v1/persons:erase", json={"type": "customer", "id": "c1", "reason": "letter"}).json()["texts"]
            == 0
        )
