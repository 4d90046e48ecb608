"""A case that somebody opens by hand; values that go on a list by the codes that were told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.access.conftest import cheap
from tests.server.test_cases import decide, follow
from tests.server.test_people import Bank

__all__ = ["cheap"]


@pytest.fixture
def bank(tmp_path: Path) -> Any:
    with Bank(tmp_path) as found:
        yield found


def code_of(bank: Bank, card: str) -> str:
    listed = bank.signed_in("investigator").get("/v1/decisions", params={"of": f"card:{card}"}).json()["decisions"]
    return str(next(each["code"] for each in listed[0]["subjects"] if each["entity"] == "card"))


def test_what_was_seen_together_becomes_a_case_that_later_alerts_join(bank: Bank) -> None:
    decide(bank, 1, amount=20)
    decide(bank, 2, amount=20, card="c2")
    client, code = bank.signed_in("investigator"), code_of(bank, "c1")
    body = {"whom": [f"card:code:{code}", "card:c2", "card:c1"], "text": "both cards were handed in together"}
    answer = client.post("/v1/cases", json=body)
    told = answer.json()
    assert (answer.status_code, told["opened"], answer.headers["etag"]) == (200, True, f'"{told["case"]["version"]}"')
    case = told["case"]
    assert (case["queue"], case["shown"], case["kind"], case["alerts_count"]) == ("review", "card c1", "entity", 1)
    assert case["why"] == {"en": "Card c1: brought up by hand.", "zh": "card c1：人工提交。"}
    whole = client.get(f"/v1/cases/{case['number']}").json()
    assert sorted(each["shown"] for each in whole["entities"]) == ["c1", "c2"]
    [alert] = whole["alerts"]
    assert (alert["kind"], alert["text"], alert["by"]) == ("referral", body["text"], "person:investigator")
    steps = [(each["verb"], each["by"], each["text"]) for each in whole["timeline"]]
    assert steps == [("referral", "person:investigator", body["text"]), ("open", "person:investigator", "")]
    decide(bank, 3, amount=900, card="c2")
    follow(bank.server)
    joined = client.get("/v1/cases").json()["cases"]
    assert [(each["number"], each["alerts_count"], each["money"]) for each in joined] == [(case["number"], 2, 900_00)]
    again = client.post("/v1/cases", json={"whom": ["card:c2"], "text": "seen again"}).json()
    assert (again["opened"], again["case"]["number"], again["case"]["alerts_count"]) == (False, case["number"], 3)
    entries = bank.signed_in("auditor").get("/v1/audit?limit=1000").json()["entries"]
    told_of = [each["detail"] for each in entries if each["verb"] == "case.refer"]
    assert told_of == [{"opened": False, "whom": 1}, {"opened": True, "whom": 2}]
    closed = client.post(f"/v1/cases/{case['number']}:close", json={"disposition": "fraud", "kind": "takeover"})
    assert closed.status_code == 200, closed.text


@pytest.mark.parametrize(
    ("body", "field", "said"),
    [
        ({"whom": [], "text": "x"}, "whom", "1 to 200"),
        ({"whom": ["cart:c1"], "text": "x"}, "whom[0]", "did you mean 'card'?"),
        ({"whom": ["card:c1", "card:code:xyz"], "text": "x"}, "whom[1]", "16 hex digits"),
        ({"whom": ["card:c1"], "text": " "}, None, ""),
        ({"whom": ["card:c1"], "text": "x", "queue": "nowhere"}, None, "there is no queue 'nowhere'; there are "),
        ({"whom": ["card:c1"], "txet": "x"}, "txet", "did you mean 'text'?"),
    ],
)
def test_a_wrong_referral_says_what_is_wrong_and_opens_nothing(
    bank: Bank, body: Any, field: str | None, said: str
) -> None:
    client = bank.signed_in("investigator")
    answer = client.post("/v1/cases", json=body)
    assert answer.status_code == 422, answer.text
    assert field is None or answer.json()["field"] == field, answer.text
    assert said in answer.json()["detail"]
    assert client.get("/v1/cases").json()["cases"] == []


def test_a_code_goes_on_a_list_as_its_value_does(bank: Bank) -> None:
    decide(bank, 1, amount=20)
    client, code = bank.signed_in("strategist"), code_of(bank, "c1")
    entries = "/v1/lists/watched_cards/entries"
    lines = [
        {"code": code, "reason": "seen with a ring"},
        {"code": "12"},
        {"code": code, "value": "c1"},
        {"code": "f" * 16},
    ]
    put = client.post(entries, json=lines).json()
    assert (put["new"], [each["line"] for each in put["refused"]]) == (2, [2, 3])
    assert "16" in put["refused"][0]["detail_en"]
    listed = {each["code"]: each for each in client.get(entries).json()["entries"]}
    assert (listed[code]["value"], listed[code]["reason"]) == ("c1", "seen with a ring")
    assert listed["f" * 16]["value"] == "#" + "f" * 16, "the log knows nothing of it"
    assert client.post(f"{entries}:find", json={"values": ["c1"]}).json()["absent"] == []
    assert client.post(entries, json=[{"value": "c1"}]).json()["existing"] == 1
    for _ in range(5):  # what happened to it on lists stands between it and its event
        client.post(f"{entries}:remove", json={"codes": [code], "reason": "x"}).raise_for_status()
        client.post(entries, json=[{"code": code}]).raise_for_status()
    again = {each["code"]: each for each in client.get(entries).json()["entries"]}
    assert again[code]["value"] == "c1"
