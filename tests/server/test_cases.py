"""Cases over HTTP: from a decision to a finding; what waits is answered; a database that goes away; wrong requests."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.access.test_people import KEY
from tests.records.databases import postgres
from tests.server.served import Served, payment
from tests.server.test_people import Bank
from tests.waiting_policy import MINUTE, START, policy, when
from zhiyu.cases.pack import Signer, verify
from zhiyu.engine.live import Answer
from zhiyu.engine.opened import open_policy
from zhiyu.server.case_many import STEPS
from zhiyu.server.desk import Desk
from zhiyu.server.site import Site

__all__ = ["cheap", "postgres"]


@pytest.fixture
def bank(tmp_path: Path) -> Any:
    with Bank(tmp_path) as found:
        yield found


def follow(server: Served) -> None:
    """Everything that is in the log comes into the records, now."""

    async def caught_up(site: Site) -> None:
        assert site.following is not None
        await site.following.caught_up()

    asyncio.run_coroutine_threadsafe(caught_up(server.site), server._loop).result(60)


def send(bank: Bank, body: bytes) -> None:
    """One event, as a system of the lender's sends it."""
    found = bank.signed_in("supervisor").post("/v1/events", content=body)
    assert (found.status_code, found.json()["taken"]) == (200, 1), found.text


def decide(bank: Bank, number: int, **changes: Any) -> None:
    send(bank, payment(number, **changes))


def test_from_a_decision_to_a_finding(bank: Bank) -> None:
    """Three large payments of one card are held up; an investigator claims the case, writes down what the customer said, and closes it
    as a takeover; the card's decisions are labelled so in the log."""
    for number, amount in enumerate((900, 20, 700, 800)):
        decide(bank, number, amount=amount, time=f"2027-01-15T0{number}:00:00+08:00")
    decide(bank, 9, card="c2", amount=450)
    follow(bank.server)
    client = bank.signed_in("investigator")
    queues = {queue["name"]: queue for queue in client.get("/v1/queues").json()["queues"]}
    assert (queues["review"]["open"], queues["review"]["free"], queues["review"]["money"]) == (2, 2, 2_850_00)
    first, second = client.get("/v1/cases").json()["cases"]
    assert (first["shown"], first["money"], first["alerts_count"], second["shown"]) == (
        "card c1",
        2_400_00,
        3,
        "card c2",
    )
    assert first["why"]["en"] == "Card c1: 3 decisions, 3 sent to a reviewer; ¥2,400.00 at risk."
    claimed = client.post("/v1/queues/review:next").json()["case"]
    assert (claimed["number"], claimed["assignee"]) == (first["number"], "person:investigator")
    number = claimed["number"]
    step(client, number, "note", text="顾客说手机昨天丢了")
    shown = client.get(f"/v1/cases/{number}")
    assert shown.headers["etag"] == f'"{shown.json()["version"]}"'
    whom = {(who["entity"], who["shown"]): who["alerts"] for who in shown.json()["entities"]}
    assert whom == {("card", "c1"): 3}
    listed = client.get("/v1/cases", params={"entity": "card:c1"}).json()["cases"]
    assert [each["number"] for each in listed] == [number]
    stale = client.post(f"/v1/cases/{number}:close", json={"disposition": "unclear"}, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version")
    closed = step(client, number, "close", disposition="fraud", kind="takeover")
    assert (closed["state"], closed["fraud_kind"]) == ("closed", "takeover")
    assert [line["verb"] for line in client.get(f"/v1/cases/{number}/timeline").json()["timeline"]][:3] == [
        "close",
        "note",
        "claim",
    ]
    mine = client.get("/v1/cases", params={"state": "closed", "assignee": "me"}).json()["cases"]
    assert [each["number"] for each in mine] == [number]
    audit = bank.signed_in("auditor").get("/v1/audit", params={"about": f"case/{number}"}).json()["entries"]
    assert [entry["verb"] for entry in audit] == ["case.close", "case.note", "case.claim"]


def step(client: httpx.Client, number: int, name: str, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/v1/cases/{number}:{name}", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_a_supervisor_assigns_and_others_keep_off(bank: Bank) -> None:
    decide(bank, 1, amount=900)
    follow(bank.server)
    chief, client = bank.signed_in("supervisor"), bank.signed_in("investigator")
    assert step(chief, 1, "assign", to="investigator")["assignee"] == "person:investigator"
    refused = chief.post("/v1/cases/1:close", json={"disposition": "unclear"})
    assert (refused.status_code, refused.json()["code"]) == (409, "held")
    assert client.post("/v1/cases/1:assign", json={"to": ""}).json()["code"] == "scope"
    assert chief.post("/v1/cases/1:assign", json={"to": "auditor"}).status_code == 422
    assert client.post("/v1/queues/review:next").json() == {"case": None}


WRONG = [
    ("get", "/v1/cases?state=odd", None, 422, "state"), ("get", "/v1/cases?order=odd", None, 422, "order"),
    ("get", "/v1/cases?entity=nothing:1", None, 422, "entity"), ("get", "/v1/cases?after=x", None, 422, "after"),
    ("get", "/v1/cases?colour=red", None, 400, "colour"), ("get", "/v1/cases/x", None, 422, "number"),
    ("get", "/v1/cases/77", None, 404, ""), ("post", "/v1/cases/77:claim", {}, 404, ""),
    ("post", "/v1/queues/none:next", {}, 404, "name"), ("post", "/v1/cases/1:close", {"disposition": "x"}, 422, ""),
    ("post", "/v1/cases/1:close", {}, 422, "disposition"), ("post", "/v1/cases/1:note", {"words": ""}, 422, "words"),
    ("post", "/v1/cases/1:note", {"text": " "}, 422, ""), ("post", "/v1/cases/1:answer", {"alert": "d:1"}, 404, ""),
]  # fmt: skip


def test_wrong_requests_are_told_what_was_wrong(bank: Bank) -> None:
    client = bank.signed_in("investigator")
    for method, address, body, status, field in WRONG:
        answer = client.request(method, address, json=body)
        assert (answer.status_code, answer.json().get("field", "")) == (status, field), answer.text


def test_what_waits_is_released_or_turned_down_from_the_case(tmp_path: Path) -> None:
    """Two draw-downs are challenged; a reviewer lets one go on and stops the other; the case then says what they came to."""
    with Bank(tmp_path, opened=open_policy(policy(3), key=b"0123456789abcdef")) as bank:
        for at, (name, customer) in enumerate((("d1", "a"), ("d2", "b"))):
            record = {
                "type": "drawdown",
                "id": name,
                "time": when(START + at * MINUTE),
                "customer": customer,
                "amount": 250,
            }
            send(bank, json.dumps(record).encode())
        follow(bank.server)
        client = bank.signed_in("investigator")
        first, second = (client.get(f"/v1/cases/{number}").json() for number in (1, 2))
        assert (first["waiting"], first["alerts"][0]["waits"], first["queue"]) == (1, "open", "challenged")
        assert "1 still waits for an answer" in first["why"]["en"]
        for case, body, told in (
            (first, {"verdict": "refuse"}, "taken"), (second, {"type": "call_result", "fields": {"coached": False}}, "taken"),
        ):  # fmt: skip
            alert = case["alerts"][0]["id"]
            assert step(client, case["number"], "answer", alert=alert, **body)["answer"] == told
        follow(bank.server)
        first, second = (client.get(f"/v1/cases/{number}").json() for number in (1, 2))
        assert (first["waiting"], first["alerts"][0]["waits"], first["alerts"][0]["final"]) == (0, "ended", "decline")
        assert [line["verb"] for line in first["timeline"]] == ["went_on", "answer", "alert", "open"]
        assert second["alerts"][0]["final"] == "pass"
        again = client.post("/v1/cases/1:answer", json={"alert": first["alerts"][0]["id"], "verdict": "release"})
        assert (again.status_code, again.json()["field"]) == (422, "alert")


def test_what_has_waited_and_gone_on_before_it_is_read_says_what_it_came_to(tmp_path: Path) -> None:
    with Bank(tmp_path, opened=open_policy(policy(3), key=b"0123456789abcdef")) as bank:
        drawn = {"type": "drawdown", "id": "d1", "time": when(START), "customer": "a", "amount": 250}
        refused = {
            "type": "review_result",
            "id": "r1",
            "time": when(START + MINUTE),
            "about": "d1",
            "verdict": "refuse",
        }
        body = b"\n".join(json.dumps(each).encode() for each in (drawn, refused))
        headers = {"content-type": "application/x-ndjson"}
        assert bank.signed_in("supervisor").post("/v1/events", content=body, headers=headers).json()["taken"] == 2
        follow(bank.server)
        [case] = bank.signed_in("investigator").get("/v1/cases").json()["cases"]
        shown = bank.signed_in("investigator").get(f"/v1/cases/{case['number']}").json()
        assert [(each["outcome"], each["waits"], each["final"]) for each in shown["alerts"]] == [
            ("challenge", "ended", "decline")
        ]
        assert (shown["waiting"], shown["overdue"]) == (0, False)


async def _taken(desk: Desk, body: bytes) -> list[Answer]:
    return await desk.submit((body,))


def test_an_investigation_from_a_person_to_a_pack_that_anybody_can_verify(bank: Bank, tmp_path: Path) -> None:
    """Two cards share a telephone; the case of one leads to the other; a statement is put into it; a supervisor makes a pack for the
    police."""
    for number, card in enumerate(("c1", "c2", "c1", "c3")):
        phone = {} if card == "c3" else {"phone": "13800001111"}
        decide(bank, number, card=card, amount=700 + number, time=f"2027-01-15T0{number}:00:00+08:00", **phone)
    follow(bank.server)
    client, chief = bank.signed_in("investigator"), bank.signed_in("supervisor")
    number = next(each["number"] for each in client.get("/v1/cases").json()["cases"] if each["shown"] == "card c1")
    behind = client.get(f"/v1/cases/{number}/behind").json()
    assert [(each["entity"], each["people"]) for each in behind["things"]] == [("phone", 2)]
    assert "13800001111" not in json.dumps(behind), "shown as the log shows it"
    assert {(each["shown"], each["in_case"]) for each in behind["people"]} == {("c1", True), ("c2", False)}
    nest = client.get(f"/v1/cases/{number}/nest").json()
    assert ([each["shown"] for each in nest["people"]], nest["complete"], nest["money"]) == (
        ["c1", "c2"],
        True,
        700_00 + 701_00 + 702_00,
    )
    touched = client.get("/v1/investigations/person", params={"entity": "phone:13800001111"}).json()
    assert (touched["events"], len(touched["cases"])) == (3, 2)

    asked = client.post("/v1/questions", json={"way": "nest", "case": number, "name": "谁在用这部手机"}).json()
    decide(bank, 8, card="c4", phone="13800001111", amount=10, time="2027-01-15T08:00:00+08:00")
    again = client.get(f"/v1/questions/{asked['number']}").json()
    assert (again["same"], again["answer"]) == (True, asked["answer"])
    assert len(client.get(f"/v1/cases/{number}/nest").json()["people"]) == 3
    assert [each["name"] for each in client.get("/v1/questions", params={"case": number}).json()["questions"]] == [
        "谁在用这部手机"
    ]

    put = client.post(f"/v1/cases/{number}/files", params={"name": "对账单.pdf"}, content=b"%PDF-1.7 statement")
    assert (put.status_code, put.json()["kind"]) == (200, "application/pdf")
    wrong = client.post(f"/v1/cases/{number}/files", params={"name": "x.png"}, content=b"%PDF-1.7 statement")
    assert (wrong.status_code, wrong.json()["field"]) == (422, "name")
    read = client.get(f"/v1/cases/{number}/files/1")
    assert (read.content, read.headers["x-content-type-options"]) == (b"%PDF-1.7 statement", "nosniff")
    assert "attachment" in read.headers["content-disposition"]

    assert client.post(f"/v1/cases/{number}:report", json={"purpose": "police"}).json()["code"] == "scope"
    assert chief.post(f"/v1/cases/{number}:report", json={"purpose": " "}).json()["field"] == "purpose"
    made = chief.post(f"/v1/cases/{number}:report", json={"purpose": "police, file 17"})
    assert made.headers["content-type"] == "application/zip"
    (tmp_path / "pack.zip").write_bytes(made.content)
    public = Signer(KEY).public
    found = verify(tmp_path / "pack.zip", public)
    assert (found.problems, found.public, found.manifest["purpose"]) == ((), public, "police, file 17")
    assert set(found.manifest["files"]) == {
        "report.html",
        "case.json",
        "behind.json",
        "nest.json",
        "files/001_对账单.pdf",
    }
    assert client.get(f"/v1/cases/{number}/timeline").json()["timeline"][0]["verb"] == "report"


def test_a_supervisor_counts_deals_and_closes_many(bank: Bank) -> None:
    for number in range(1, 5):
        decide(bank, number, card=f"c{number}", amount=500 + number)
    follow(bank.server)
    chief = bank.signed_in("supervisor")
    described = chief.put("/v1/workers/investigator", json={"skills": ["voice"], "most": 1})
    assert (described.status_code, described.json()["load"]) == (200, 0), described.text
    assert chief.put("/v1/workers/auditor", json={}).status_code == 422
    dealt = chief.post("/v1/queues/review:deal", json={}).json()
    assert (dealt["dry_run"], dealt["to"]) == (True, {"person:investigator": 1, "person:supervisor": 3})
    assert chief.post("/v1/queues/review:deal", json={"dry_run": False}).json()["to"] == dealt["to"]
    loads = {each["name"]: each["load"] for each in chief.get("/v1/workers").json()["workers"]}
    assert loads == {"investigator": 1, "supervisor": 3}

    wanted = {"do": "close", "filter": {"queue": "review"}, "disposition": "false_positive", "text": "a test of ours"}
    counted = chief.post("/v1/cases:bulk", json=wanted).json()
    assert (counted["count"], len(counted["skipped"]), counted["dry_run"]) == (3, 1, True)
    (because,) = counted["because"]
    assert (because["code"], because["cases"], "person:investigator" in because["zh"]) == (
        "held",
        counted["skipped"],
        True,
    )
    named = {"cases": [*counted["cases"], *counted["skipped"]]}
    counts = {do: chief.post("/v1/cases:bulk", json={"do": do, **named}).json()["count"] for do in STEPS}
    assert counts == {"claim": 0, "assign": 3, "note": 3, "escalate": 3, "close": 3}, (
        "what is theirs they claim no more"
    )
    assert chief.post("/v1/cases:bulk", json=wanted | {"dry_run": False}).status_code == 422, "a filter needs its count"
    noted = chief.post("/v1/cases:bulk", json={"do": "note", "text": "a call", "dry_run": False, **named}).json()
    assert (noted["cases"], noted["because"]) == (counted["cases"], counted["because"])
    stale = chief.post("/v1/cases:bulk", json=wanted | {"dry_run": False, "expect": 4})
    assert (stale.status_code, stale.json()["field"]) == (409, "expect")
    done = chief.post("/v1/cases:bulk", json=wanted | {"dry_run": False, "expect": 3}).json()
    assert (done["cases"], done["dry_run"]) == (counted["cases"], False)
    assert [each["number"] for each in chief.get("/v1/cases").json()["cases"]] == counted["skipped"]
    for body in (
        {"do": "close"},
        {"do": "close", "filter": {"colour": "red"}},
        wanted | {"disposition": "odd"},
        {"do": "erase", "cases": [1]},
        {"do": "note", "cases": [1], "dry_run": False},
        {"do": "close", "cases": [1], "dry_run": False},
    ):
        assert chief.post("/v1/cases:bulk", json=body).status_code == 422, body
