"""Many at once, over HTTP, on both databases: one queue, one case, one proposal, the stages of a release. Nothing doubled, nothing lost."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.engine.live_stream import live_opened
from tests.records.databases import both, postgres
from tests.server.served import payment
from tests.server.test_cases import follow
from tests.server.test_people import Bank
from tests.server.test_proposals import in_force
from zhiyu.access.gate import Gate
from zhiyu.records.outbox import SENDING, WAITING

__all__ = ["both", "cheap", "postgres"]

CLIENTS, CASES = 50, 120
BOTH_ROLES = ("investigator", "supervisor")
Hand = Callable[[], httpx.Response]


@pytest.fixture
def bank(tmp_path: Path, both: str) -> Iterator[Bank]:
    path = tmp_path / "keys.json"
    key = with_key(path, ("decide", "facts", "cases", "investigate"))[0].decode()
    with Bank(tmp_path, both, gate=Gate(path)) as found:
        found.machine = found.anybody(authorization=key)  # type: ignore[attr-defined]
        yield found


def at_once(hands: list[Hand]) -> list[httpx.Response]:
    """Every hand in a thread of its own; none may be told of an error of ours."""
    with ThreadPoolExecutor(len(hands)) as pool:
        found = [each.result() for each in [pool.submit(hand) for hand in hands]]
    assert all(answer.status_code < 500 for answer in found), [answer.text for answer in found]
    return found


def reviewed(bank: Bank, count: int, card: str = "") -> None:
    """Payments that are held up, each of a card of its own unless one is named."""
    lines = [payment(f"r{n}", card=card or f"card{n}", amount=900) for n in range(count)]
    answer = bank.machine.post(  # type: ignore[attr-defined]
        "/v1/events", content=b"\n".join(lines), headers={"content-type": "application/x-ndjson"}
    )
    assert answer.json()["taken"] == count, answer.text
    follow(bank.server)


def test_fifty_clients_share_one_queue(bank: Bank) -> None:
    """Each takes the next case until there is none, and closes some; every case was claimed once, by one, and the audit says the same."""
    reviewed(bank, CASES)
    people = [bank.signed_in(BOTH_ROLES[n % 2]) for n in range(2)]
    clients = [bank.machine, *people]  # type: ignore[attr-defined]

    def work(who: int) -> list[tuple[int, bool]]:
        client, mine = clients[who % 3], list[tuple[int, bool]]()
        while (case := taken(client)) is not None:
            closes = case % 4 == 0
            if closes:
                closed = client.post(f"/v1/cases/{case}:close", json={"disposition": "false_positive"})
                assert closed.status_code == 200, closed.text
            mine.append((case, closes))
        return mine

    with ThreadPoolExecutor(CLIENTS) as pool:
        found = [each for mine in pool.map(work, range(CLIENTS)) for each in mine]
    assert sorted(number for number, _ in found) == list(range(1, CASES + 1))
    audit = everything(bank)
    claims = Counter(each["about"] for each in audit if each["verb"] == "case.claim")
    closes = Counter(each["about"] for each in audit if each["verb"] == "case.close")
    assert claims == {f"case/{n}": 1 for n in range(1, CASES + 1)}
    assert closes == {f"case/{n}": 1 for n, closed in found if closed}
    assert bank.signed_in("auditor").get("/v1/audit/proof").json()["holds"] is True


def taken(client: httpx.Client) -> int | None:
    answer = client.post("/v1/queues/review:next")
    assert answer.status_code == 200, answer.text
    case = answer.json()["case"]
    return int(case["number"]) if case is not None else None


def everything(bank: Bank) -> list[dict[str, Any]]:
    """The whole audit."""
    client, found, before = bank.signed_in("auditor"), list[dict[str, Any]](), ""
    while True:
        page = client.get(f"/v1/audit?limit=1000{before}").json()
        found += page["entries"]
        if page["next"] is None:
            return found
        before = f"&before={page['next']}"


def test_two_investigators_on_one_case(bank: Bank) -> None:
    """Both claim it at once: one has it, the other is told who. Both then close it, each with another finding, several times over: it is
    closed once, and the log has the labels of that finding alone."""
    reviewed(bank, 3, card="c1")
    two = [bank.signed_in(who) for who in BOTH_ROLES]
    claims = at_once([lambda c=c: c.post("/v1/cases/1:claim") for c in two * 4])  # type: ignore[misc]
    held = two[0].get("/v1/cases/1").json()["assignee"]
    for client_name, answer in zip(BOTH_ROLES * 4, claims):
        assert answer.status_code == (200 if held == f"person:{client_name}" else 409)
    winner = two[BOTH_ROLES.index(held.removeprefix("person:"))]
    winner.post("/v1/cases/1:release").raise_for_status()
    findings = ({"disposition": "fraud", "kind": "takeover"}, {"disposition": "false_positive"})
    closed = at_once([lambda c=c, f=f: c.post("/v1/cases/1:close", json=f) for c, f in list(zip(two, findings)) * 4])  # type: ignore[misc]
    assert sorted(answer.status_code for answer in closed) == [200] + [409] * 7
    shown = two[0].get("/v1/cases/1").json()
    fraud, author = shown["disposition"] == "fraud", shown["assignee"]
    bank.server.run(drained(bank))
    timeline = two[0].get("/v1/entities/card/c1/timeline").json()["entries"]
    labels = [(each["event"], each["fraud"], each["author"]) for each in timeline if each["kind"] == "label"]
    assert sorted(labels) == [(f"pr{n}", fraud, author) for n in range(3)]
    verbs = [each["verb"] for each in two[0].get("/v1/cases/1/timeline").json()["timeline"]]
    assert verbs.count("close") == 1


async def drained(bank: Bank) -> None:
    """Everything that has to leave has left: what the server itself sends meanwhile, too."""
    outgoing = bank.server.site.outgoing["default"]
    while await outgoing.round() or outgoing.deliveries.all((WAITING, SENDING)):
        await asyncio.sleep(0)


def proposed(client: httpx.Client, limit: int, **query: str) -> int:
    body = live_opened(limit=limit).artifact.to_json()
    answer = client.post("/v1/policy", params={"title": f"{limit}", **query}, content=body)
    assert answer.status_code == 200, answer.text
    number = int(answer.json()["proposal"])
    client.post(f"/v1/proposals/{number}:submit", json={}).raise_for_status()
    return number


def step_of(client: httpx.Client, number: int, name: str, **body: Any) -> Hand:
    return lambda: client.post(f"/v1/proposals/{number}:{name}", json=body)


def test_two_approvers_and_one_who_refuses(bank: Bank) -> None:
    """Eight hands on one proposal: it is approved once and released once, or refused once and never released; a refusal may still take
    back an approval that nothing was done about. The other hands are told that it is over."""
    strategist, approver, supervisor = (bank.signed_in(who) for who in ("strategist", "approver", "supervisor"))
    for limit in range(500, 504):
        number, before = proposed(strategist, limit), in_force(strategist)
        hands = [
            *[step_of(who, number, "approve") for who in (approver, supervisor)] * 3,
            *[step_of(who, number, "refuse", reason="too wide") for who in (approver, supervisor)],
        ]
        answers = at_once(hands)
        assert {answer.status_code for answer in answers} == {200, 409}
        found = approver.get(f"/v1/proposals/{number}").json()
        released = in_force(strategist)["number"] - before["number"]
        assert (found["state"], released) in {("done", 1), ("refused", 0)}
        verbs = [each["verb"] for each in audit_of(bank, f"proposal/{number}")]
        approved, refused = verbs.count("proposal.approve"), verbs.count("proposal.refuse")
        assert (released, approved, refused) in {(1, 1, 0), (0, 0, 1), (0, 1, 1)}
        assert [answer.status_code for answer in answers].count(200) == approved + refused
        assert verbs.count("proposal.begin") == verbs.count("proposal.done") == released


def audit_of(bank: Bank, about: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = bank.signed_in("auditor").get("/v1/audit", params={"about": about}).json()["entries"]
    return found


def test_an_approval_races_a_rollback(bank: Bank) -> None:
    """Eight proposals about the same version are approved while people roll back. Every proposal ends, done or overtaken; releases are
    numbered without a gap; what decides is the newest release."""
    strategist, approver = bank.signed_in("strategist"), bank.signed_in("approver")
    numbers = [proposed(strategist, limit) for limit in range(401, 409)]
    first = in_force(strategist)["number"]
    back: list[Hand] = [lambda: strategist.post("/v1/policy:rollback")] * 8
    answers = at_once([hand for pair in zip((step_of(approver, n, "approve") for n in numbers), back) for hand in pair])
    assert {answer.status_code for answer in answers} <= {200, 409}
    found = [approver.get(f"/v1/proposals/{number}").json() for number in numbers]
    assert {each["state"] for each in found} <= {"done", "failed"}
    assert all(each["outcome"]["code"] == "policy_changed" for each in found if each["state"] == "failed")
    releases = [each["outcome"]["release"]["number"] for each in found if each["state"] == "done"]
    rolled = [answer.json()["release"]["number"] for answer in answers[1::2] if answer.status_code == 200]
    assert releases
    assert sorted(releases + rolled) == list(range(first + 1, first + 1 + len(releases) + len(rolled)))
    assert in_force(strategist)["number"] == max(releases + rolled)


def test_the_stages_of_a_release_race(bank: Bank) -> None:
    """Shadow, a share, all: at each stage two approvers take it on, each somewhere else, while it is stopped and rolled back and another
    version is approved in an emergency. Whatever came out: what decides is a version that somebody let decide, each proposal says what
    became of it, and every step that is told as taken stands in the audit once."""
    strategist, approver, supervisor = (bank.signed_in(who) for who in ("strategist", "approver", "supervisor"))
    root, states = in_force(strategist)["policy"], Counter[str]()
    known = {root}  # of earlier turns too: a second rollback leads to what was in force before
    share = {"to": "percentage", "percent": 25, "by": "card"}
    for turn in range(4):
        number, other = proposed(strategist, 10 + turn, stage="shadow"), proposed(strategist, 600 + turn)
        assert step_of(approver, number, "approve")().json()["state"] == "shadow"
        advances = list[httpx.Response]()
        for to in (share, {"to": "live"}):
            hands = [step_of(approver, number, "advance", **to), step_of(supervisor, number, "advance", to="live")]
            if turn % 2:
                hands += [step_of(supervisor, number, "stop"), lambda: supervisor.post("/v1/policy:rollback")]
            if turn == 2:
                hands.append(step_of(strategist, other, "emergency", reason="an attack"))
            found = at_once(hands)
            advances += found[:2]
        bank.server.run(bank.server.site.releasing.round())  # type: ignore[union-attr]
        one, second = (approver.get(f"/v1/proposals/{each}").json() for each in (number, other))
        standing = strategist.get("/v1/policy").json()
        known |= {one["policy"], second["policy"]}
        assert standing["in_force"]["policy"] in known, "one version alone, or the two of a share"
        if one["state"] in ("shadow", "percentage"):
            assert standing["beside"]["stage"] == one["state"]
        else:
            assert standing.get("beside") is None
            assert one["state"] in ("done", "stopped")
        told = [answer.status_code for answer in advances].count(200)
        assert [each["verb"] for each in audit_of(bank, f"proposal/{number}")].count("proposal.advance") == told
        assert {answer.status_code for answer in advances} <= {200, 409}
        states[one["state"]] += 1
        cleared(strategist, root)
    assert states["done"] >= 1


def cleared(client: httpx.Client, root: str) -> None:
    """Back to one version alone: what is under way is stopped."""
    if client.get("/v1/policy").json().get("beside") is not None:
        client.post("/v1/policy:stop").raise_for_status()
    if in_force(client)["policy"] != root:
        client.post("/v1/policy", params={"dry_run": "true"}, content=live_opened().artifact.to_json())
        number = proposed(client, 400)
        client.post(f"/v1/proposals/{number}:emergency", json={"reason": "back"}).raise_for_status()
