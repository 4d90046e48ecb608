"""A new version on its way over HTTP: shadow, a share, all; figures at each step, who may take it, back in one call; races and crashes."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.access.test_people import House
from tests.engine.live_stream import live_opened
from tests.server.served import Served, payment
from tests.server.test_people import Bank
from tests.server.test_proposals import in_force, step
from zhiyu.access.proposals import Proposals

__all__ = ["cheap"]
FRESH = live_opened(limit=10)
"""Reviews from 10 on what the live version lets pass up to 400."""


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with pytest.MonkeyPatch.context() as patch:
        cheap.__wrapped__(patch)  # type: ignore[attr-defined]
        with Bank(tmp_path_factory.mktemp("bank")) as found:
            yield found


def propose(client: httpx.Client, **query: str) -> int:
    answer = client.post("/v1/policy", params={"title": "stricter", **query}, content=FRESH.artifact.to_json())
    assert answer.status_code == 200, answer.text
    number = int(answer.json()["proposal"])
    step(client, number, "submit")
    return number


def decide(bank: Bank, name: str, count: int) -> list[dict[str, Any]]:
    """One event for each of so many cards, decided by a machine."""
    bodies = [payment(f"{name}-{n}", card=f"card{n}") for n in range(count)]
    answers = bank.server.run(_submitted(bank, bodies))
    return [json.loads(answer.body) for answer in answers]


async def _submitted(bank: Bank, bodies: list[bytes]) -> Any:
    return await bank.server.site.desks["default"].submit(bodies)


def counted(client: httpx.Client, number: int, decisions: int) -> dict[str, Any]:
    """The figures once the background has counted so many decisions of both sides."""
    while True:
        beside: dict[str, Any] = client.get(f"/v1/proposals/{number}").json()["beside"]
        found = beside["next"]["decisions"] + (beside["live"]["decisions"] if beside["stage"] == "percentage" else 0)
        if found >= decisions and not beside["behind"]:
            return beside
        time.sleep(0.05)


def test_from_shadow_to_a_share_to_all_and_back(bank: Bank) -> None:
    """A strategist proposes a stricter limit. The approver lets it run in shadow, sees that it would stop every payment, lets it decide
    for a fifth of the cards, then for all; the supervisor sees what it does and goes back."""
    strategist, approver, supervisor = (bank.signed_in(who) for who in ("strategist", "approver", "supervisor"))
    before = in_force(strategist)["policy"]
    number = propose(strategist, stage="shadow")
    assert step(approver, number, "approve")["state"] == "shadow"
    assert in_force(strategist)["policy"] == before
    assert {told["outcome"] for told in decide(bank, "shadow", 30)} == {"pass"}
    figures = counted(strategist, number, 30)
    assert (figures["live"]["alerts"], figures["next"]["alerts"], figures["next"]["money_held_minor"]) == (
        0,
        30,
        60_000,
    )
    assert [(m["live"], m["next"], m["decisions"]) for m in figures["moved"]] == [("pass", "review", 30)]
    assert strategist.get("/v1/policy").json()["beside"]["policy"] == FRESH.artifact.hash

    share = {"to": "percentage", "percent": 20, "by": "card"}
    assert step(strategist, number, "advance", **share)["code"] == "scope"
    assert step(approver, number, "advance", to="percentage", percent=20)["field"] == "by"
    assert step(approver, number, "advance", to="percentage", percent=100, by="card")["field"] == "percent"
    wrong = step(approver, number, "advance", to="percentage", percent=20, by="amount")
    assert (wrong["state"], wrong["outcome"]["code"]) == ("shadow", "stage")
    moved = step(approver, number, "advance", **share)
    assert (moved["state"], moved["outcome"]["status"]) == ("percentage", "in_force")
    assert moved["beside"]["next"]["alerts"] == 30, "the figures that were seen"
    told = decide(bank, "share", 200)
    mine = [each for each in told if each["version"] == FRESH.artifact.hash]
    assert 20 < len(mine) < 60
    assert {each["outcome"] for each in mine} == {"review"}
    assert {each["outcome"] for each in told if each["version"] == before} == {"pass"}
    figures = counted(strategist, number, 200)
    assert (figures["next"]["alerts"], figures["live"]["alerts"]) == (len(mine), 0)
    explained = strategist.get(f"/v1/decisions/{mine[0]['id']}/explanation").json()
    assert explained["version"] == FRESH.artifact.hash

    done = step(approver, number, "advance", to="live")
    assert (done["state"], done["outcome"]["status"]) == ("done", "in_force")
    assert in_force(strategist)["policy"] == FRESH.artifact.hash
    supervisor.post("/v1/policy:rollback")
    assert in_force(strategist)["policy"] == before
    audit = bank.signed_in("auditor").get(f"/v1/audit?about=proposal/{number}").json()["entries"]
    advances = [each["detail"] for each in audit if each["verb"] == "proposal.advance"]
    assert [each["figures"].get("next", {}).get("alerts") for each in advances][-1] == 30


def test_a_share_is_stopped_by_one_call_and_the_proposal_says_so(bank: Bank) -> None:
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    before = in_force(strategist)["policy"]
    number = propose(strategist, stage="percentage", percent="50", by="card")
    assert step(approver, number, "approve")["state"] == "percentage"
    stopped = step(strategist, number, "stop", reason="too many reviews")
    assert (stopped["state"], in_force(strategist)["policy"]) == ("stopped", before)
    assert step(approver, number, "advance", to="live")["code"] == "proposal_state"
    again = propose(strategist, stage="shadow")
    assert step(approver, again, "approve")["state"] == "shadow"
    answer = strategist.post("/v1/policy:stop").json()
    assert (answer["status"], answer["policy"]) == ("in_force", before)
    assert strategist.post("/v1/policy:stop").status_code == 409
    bank.server.run(bank.server.site.releasing.round())  # type: ignore[union-attr]
    assert approver.get(f"/v1/proposals/{again}").json()["state"] == "stopped"


def test_a_wrong_stage_is_told_with_its_field(bank: Bank) -> None:
    client, body = bank.signed_in("strategist"), FRESH.artifact.to_json()
    for query, field in (
        ({"stage": "half"}, "stage"), ({"percent": "5"}, "percent"), ({"stage": "percentage", "by": "card", "percent": "x"}, "percent"),
        ({"stage": "percentage", "by": "card", "percent": "NaN"}, "percent"),
        ({"stage": "percentage", "percent": "5", "by": "nobody"}, "by"),
    ):  # fmt: skip
        answer = client.post("/v1/policy", params=query, content=body)
        assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


def test_a_step_that_was_begun_when_the_server_ended_is_taken_once(tmp_path: Path) -> None:
    """The records say it is being done; the log, that it was not yet, or was already. The next server finishes it, once."""
    for was_taken in (False, True):
        folder = tmp_path / str(was_taken)
        with Bank(folder) as bank:
            strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
            number = propose(strategist, stage="shadow")
            assert step(approver, number, "approve")["state"] == "shadow"
            url = bank.url
        kept = Proposals(House(url, "default").records, House(url, "default").audit)
        share = {"to": "percentage", "percent": "25", "by": "card"}
        kept.take_on(number, "person:approver", 1, "advance", share, {})
        if was_taken:
            from zhiyu.engine.live import Live

            live = Live(folder / "data" / "default", live_opened(), clock="events")
            live.share(FRESH, live.both(FRESH, "25", "card"), "person:strategist, person:approver")
            live.close()
        with Served(folder / "data", gate=bank.server._plan.gate, staff=bank.server._plan.staff) as server:
            server.run(server.site.releasing.round())  # type: ignore[union-attr]
            live = server.site.desks["default"].live
            assert live.opened.policy.versions is not None
            assert (str(live.opened.policy.versions.percent), live.releases.number) == ("25", 1)
            assert kept.one(number).state == "percentage"
