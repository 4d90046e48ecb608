"""A policy's way into force: proposed by one, approved by another, scheduled, refused, in an emergency; races, crashes, a database away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.access.test_people import KEY, NOW, House
from tests.engine.live_stream import live_opened
from tests.records.databases import Postgres, postgres
from tests.server.served import payment
from tests.server.test_people import Bank
from zhiyu.access.gate import Gate
from zhiyu.access.proposals import Proposals
from zhiyu.engine.opened import Opened

__all__ = ["cheap", "postgres"]


@pytest.fixture
def bank(tmp_path: Path) -> Any:
    with Bank(tmp_path) as found:
        yield found


def changed(number: int = 1) -> Opened:
    """The policy of the test server with another limit: a change that counts nothing new."""
    return live_opened(limit=400 + number)


def propose(client: httpx.Client, number: int = 1, title: str = "another title") -> int:
    answer = client.post("/v1/policy", params={"title": title}, content=changed(number).artifact.to_json())
    assert (answer.status_code, answer.json()["status"]) == (200, "draft"), answer.text
    return int(answer.json()["proposal"])


def step(client: httpx.Client, number: int, name: str, **body: Any) -> dict[str, Any]:
    found: dict[str, Any] = client.post(f"/v1/proposals/{number}:{name}", json=body).json()
    return found


def in_force(client: httpx.Client) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/v1/policy").json()["in_force"]
    return found


def test_one_proposes_another_approves_and_the_release_names_both(bank: Bank) -> None:
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    before = in_force(strategist)
    number = propose(strategist, title="夜间更严")
    assert in_force(strategist) == before
    assert step(approver, number, "approve")["code"] == "proposal_state", "not submitted yet"
    assert step(strategist, number, "submit")["state"] == "submitted"
    assert step(strategist, number, "approve")["code"] == "scope"
    shown = approver.get(f"/v1/proposals/{number}").json()
    assert (shown["title"], shown["by"], shown["base"], shown["count"]) == (
        "夜间更严",
        "person:strategist",
        before["policy"],
        1,
    )
    assert "401" in shown["changes"][0]["en"]
    assert shown["changes"][0]["zh"] != shown["changes"][0]["en"]
    done = step(approver, number, "approve", reason="seen the backtest")
    assert (done["state"], done["outcome"]["status"]) == ("done", "in_force")
    assert in_force(strategist) | {"at": ""} == {
        "number": before["number"] + 1, "policy": changed().artifact.hash, "position": done["outcome"]["release"]["position"],
        "by": "person:strategist, person:approver", "at": "", "name": before["name"],
    }  # fmt: skip
    machine = bank.server.site.desks["default"].live.releases.current
    assert machine is not None
    assert machine.hash == changed().artifact.hash
    verbs = [
        each["verb"] for each in bank.signed_in("auditor").get(f"/v1/audit?about=proposal/{number}").json()["entries"]
    ]
    assert verbs[::-1] == ["proposal.make", "proposal.submit", "proposal.approve", "proposal.begin", "proposal.done"]


def test_the_same_person_cannot_be_both_even_with_both_roles(tmp_path: Path) -> None:
    with Bank(tmp_path) as bank:
        root = bank.signed_in("administrator")
        root.patch("/v1/people/strategist", json={"roles": ["strategist", "supervisor"]})
        both = bank.signed_in("strategist")
        number = propose(both)
        step(both, number, "submit")
        assert step(both, number, "approve")["code"] == "four_eyes"
        assert step(bank.signed_in("approver"), number, "withdraw")["code"] == "scope"
        assert step(both, number, "withdraw")["state"] == "withdrawn"


def test_an_emergency_acts_at_once_and_owes_a_review(bank: Bank) -> None:
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    number = propose(strategist)
    assert step(strategist, number, "emergency")["code"] == "reason"
    assert step(strategist, number, "emergency", reason="an attack is under way")["state"] == "done"
    assert in_force(strategist)["policy"] == changed().artifact.hash
    owed = approver.get("/v1/proposals?owed=true").json()["proposals"]
    assert [(each["number"], each["review_owed"]) for each in owed] == [(number, True)]
    assert step(approver, number, "review", reason="was right, too wide by half")["reviewed_by"] == "person:approver"
    assert approver.get("/v1/proposals?owed=true").json()["proposals"] == []


def test_what_was_approved_for_later_waits_and_may_be_refused_until_then(bank: Bank) -> None:
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    before = in_force(strategist)
    late, soon = propose(strategist, 1), propose(strategist, 2)
    for number in (late, soon):
        step(strategist, number, "submit")
    assert step(approver, late, "approve", at="soon")["field"] == "reason"
    assert step(approver, late, "approve", at="30d")["state"] == "approved"
    assert step(bank.signed_in("supervisor"), late, "refuse", reason="found a mistake")["state"] == "refused"
    assert step(approver, soon, "approve", at="1s")["state"] == "approved"
    assert in_force(strategist) == before
    until(lambda: approver.get(f"/v1/proposals/{soon}").json()["state"] == "done")
    assert in_force(strategist)["policy"] == changed(2).artifact.hash


def until(holds: Callable[[], bool]) -> None:
    """Wait for something that the server does by itself."""
    end = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_an_approval_of_what_another_release_overtook_changes_nothing_and_says_so(bank: Bank) -> None:
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    first, second = propose(strategist, 1), propose(strategist, 2)
    for number in (first, second):
        step(strategist, number, "submit")
    step(approver, first, "approve")
    late = step(approver, second, "approve")
    assert (late["state"], late["outcome"]["code"]) == ("failed", "policy_changed")
    assert in_force(strategist)["policy"] == changed(1).artifact.hash
    assert strategist.post("/v1/policy:rollback").json()["status"] == "in_force"
    assert in_force(strategist)["by"] == "person:strategist", "back in one call, by one person"


def test_what_was_begun_when_the_process_ended_is_done_once_by_the_next(tmp_path: Path) -> None:
    """Once after the release, once before it: the next server finds the first one done and does the second."""
    with Bank(tmp_path) as bank:
        strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
        first = propose(strategist, 1)
        step(strategist, first, "submit")
        step(approver, first, "approve")
        released = in_force(strategist)
        second = propose(strategist, 2)
        step(strategist, second, "submit")
        url = bank.url
    house = House(url, "default")
    kept = Proposals(house.records, house.audit)
    kept.approve(second, "person:approver", NOW)
    kept.begin(second, NOW)
    with house.records.writing() as connection:
        connection.exec_driver_sql(f"UPDATE proposals SET state = 'doing' WHERE number = {first}")  # noqa: S608
    house.records.close()
    from tests.server.served import Served
    from zhiyu.records.store import Records
    from zhiyu.server.staff import Staff

    with Served(
        tmp_path / "data", gate=bank.server.site.gate, staff=lambda: Staff(Records(url), {"default": KEY})
    ) as again:
        until(lambda: kept_state(url, second) == "done")
        current, previous = (
            again.site.desks["default"].live.releases.current,
            again.site.desks["default"].live.releases.previous,
        )
    assert kept_state(url, first) == "done"
    assert previous is not None
    assert previous.hash == changed(1).artifact.hash
    assert current is not None
    assert (current.hash, current.number) == (changed(2).artifact.hash, released["number"] + 1)


def kept_state(url: str, number: int) -> str:
    house = House(url, "default")
    try:
        return Proposals(house.records, house.audit).one(number).state
    finally:
        house.records.close()


def test_a_machine_that_may_publish_does_and_may_propose(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    publisher, proposer = with_key(path, ("policy",))[0].decode(), with_key(path, ("propose", "policies"))[0].decode()
    with Bank(tmp_path, gate=Gate(path)) as bank:
        machine, other = bank.anybody(authorization=publisher), bank.anybody(authorization=proposer)
        body = changed(1).artifact.to_json()
        assert machine.post("/v1/policy?propose=true", content=body).json()["status"] == "draft"
        assert other.post("/v1/policy", content=body).json()["status"] == "draft"
        assert other.post("/v1/policy?dry_run=true", content=body).json()["status"] == "checked"
        assert machine.post("/v1/policy", content=body).json()["status"] == "in_force"
        assert other.post("/v1/policy", content=body).json()["code"] == "in_force"
        assert other.post("/v1/policy:rollback").json()["code"] == "scope"


def test_a_proposal_that_is_wrong_is_told_where(bank: Bank) -> None:
    strategist = bank.signed_in("strategist")
    broken = json.dumps({"files": {"policy.yaml": "name: x\nrule_sets: 3\n"}}).encode()
    assert strategist.post("/v1/policy", content=broken).json()["problems"][0]["file"] == "policy.yaml"
    assert (
        strategist.post("/v1/policy?title=" + "x" * 201, content=changed().artifact.to_json()).json()["field"]
        == "title"
    )
    asked = {
        "/v1/proposals/0": 404,
        "/v1/proposals/x": 422,
        "/v1/proposals?state=odd": 422,
        "/v1/proposals?limit=0": 422,
    }
    for address, status in asked.items():
        assert strategist.get(address).status_code == status
    number = propose(strategist)
    assert strategist.post(f"/v1/proposals/{number}:submit", content=b"{").status_code == 400
    assert strategist.post(f"/v1/proposals/{number}:submit", json={"why": 1}).json()["field"] == "why"


def test_decisions_and_the_policy_in_force_do_not_need_the_database(tmp_path: Path, postgres: Postgres) -> None:
    path = tmp_path / "keys.json"
    key = with_key(path, ("decide", "policies"))[0].decode()
    with Bank(tmp_path, postgres.url("proposals"), Gate(path)) as bank:
        strategist, approver, machine = (
            bank.signed_in("strategist"),
            bank.signed_in("approver"),
            bank.anybody(authorization=key),
        )
        number = propose(strategist)
        step(strategist, number, "submit")
        postgres.stop()
        try:
            assert approver.post(f"/v1/proposals/{number}:approve", json={}).status_code == 503
            assert machine.post("/v1/decisions", content=payment(1)).status_code == 200
            assert machine.get("/v1/policy").status_code == 200
        finally:
            postgres.start()
        until(lambda: approver.post(f"/v1/proposals/{number}:approve", json={}).json().get("state") == "done")
        assert in_force(strategist)["policy"] == changed().artifact.hash
