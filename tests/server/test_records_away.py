"""The database of the records is gone while a lender decides: PostgreSQL is stopped, SQLite is locked by somebody else.

Decisions go on, each answered; people are told that the records are away. When the database is back, cases, what leaves, and labels on
their way to the log are what they would have been: everything once. The half minute of an outage is as many rounds of the server here.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.access.test_people import GOOD, KEY
from tests.records.databases import Postgres, both, postgres
from tests.server.served import Served, payment
from tests.server.test_cases import follow
from tests.server.test_people import Bank
from tests.server.test_webhooks import OPEN, Receiver, hook, receiver, until
from zhiyu.access.gate import Gate
from zhiyu.records import store
from zhiyu.records.deliveries import Deliveries
from zhiyu.records.store import RecordsAway
from zhiyu.server.staff import Staff

__all__ = ["both", "cheap", "postgres", "receiver"]
SENDERS, EACH = 3, 25


@contextlib.contextmanager
def gone(bank: Bank, request: pytest.FixtureRequest) -> Iterator[None]:
    """The database does not answer in here: it is stopped, or somebody else keeps its write lock."""
    if bank.url.startswith("sqlite"):
        other = sqlite3.connect(bank.url.removeprefix("sqlite:///"), isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        try:
            yield
        finally:
            other.execute("ROLLBACK")
            other.close()
        return
    server: Postgres = request.getfixturevalue("postgres")
    server.stop()
    try:
        yield
    finally:
        server.start()


def sent(bank: Bank, key: str, name: str) -> list[str]:
    """Payments that are reviewed, each of a card of its own, from several systems at once; ids of those that were answered."""

    def sends(who: int) -> list[str]:
        with bank.anybody(authorization=key) as machine:
            answers = [
                machine.post("/v1/decisions", content=payment(f"{name}{who}-{n}", card=f"{name}{who}-{n}", amount=900))
                for n in range(EACH)
            ]
        assert [answer.status_code for answer in answers] == [200] * EACH
        return [answer.json()["id"] for answer in answers]

    with ThreadPoolExecutor(SENDERS) as pool:
        return [each for mine in pool.map(sends, range(SENDERS)) for each in mine]


def told(bank: Bank, event: str, times: int) -> bool:
    """Whether both that make cases and that send have said so often that the records are away, or back."""
    found = [line["waits"] for line in bank.server.log_lines() if line["event"] == event]
    return found.count("cases") >= times and found.count("outbox") >= times


def test_nothing_stops_and_nothing_is_lost_or_doubled(
    tmp_path: Path, both: str, receiver: Receiver, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store, "BUSY_S", 0.2)
    path = tmp_path / "keys.json"
    key = with_key(path, ("decide", "labels", "read"))[0].decode()
    with Bank(tmp_path, both, gate=Gate(path), settings=OPEN) as bank:
        hook(bank, receiver, kinds=("decision.*", "case.*"))
        investigator, machine = bank.signed_in("investigator"), bank.anybody(authorization=key)
        ids = sent(bank, key, "before")
        follow(bank.server)
        fraud = [each["number"] for each in pages(investigator)][:10]
        for number in fraud:
            investigator.post(
                f"/v1/cases/{number}:close", json={"disposition": "fraud", "kind": "takeover"}
            ).raise_for_status()
        for outage in range(2):  # it comes back in between, and goes away again in the middle of catching up
            with gone(bank, request):
                ids += sent(bank, key, f"away{outage}")
                until(lambda: told(bank, "records_away", outage + 1))  # noqa: B023
                bank.server.site.staff.forget()  # type: ignore[union-attr]
                asked = investigator.post(f"/v1/cases/{fraud[0]}:reopen", json={"text": "not sure"})
                assert (asked.status_code, asked.json()["code"]) == (503, "records_away")
                label = {"event": ids[-1], "fraud": True, "reason": "first_party"}
                labelled = machine.post("/v1/labels", json=label)
                assert labelled.status_code == 200, labelled.text
                assert machine.get(f"/v1/decisions/{ids[-1]}").status_code == 200
            until(lambda: told(bank, "records_back", outage + 1))  # noqa: B023
        ids += sent(bank, key, "after")
        follow(bank.server)
        until(lambda: not bank.server.site.outgoing["default"].deliveries.all(("waiting", "sending")))
        assert len(ids) == len(set(ids)) == 4 * SENDERS * EACH
        assert_caught_up(bank, investigator, ids, fraud)
        assert_told_once(receiver, ids, fraud)


def pages(client: httpx.Client, state: str = "") -> list[dict[str, Any]]:
    """Every case."""
    found, after = list[dict[str, Any]](), ""
    while True:
        page = client.get(f"/v1/cases?limit=100&order=newest&state={state}{after}").json()
        found += page["cases"]
        if page["next"] is None:
            return found
        after = f"&after={page['next']}"


def assert_caught_up(bank: Bank, client: httpx.Client, ids: list[str], fraud: list[int]) -> None:
    """A case for each decision, each once; the follower stands at the end of the log; the audit holds; findings are labels, once."""
    cases = pages(client)
    assert [each["number"] for each in cases] == list(range(len(ids), 0, -1))
    assert {each["alerts_count"] for each in cases} == {1}
    assert {f"p{each['shown'].removeprefix('card ')}" for each in cases} == set(ids)
    assert {each["number"] for each in cases if each["state"] == "closed"} == set(fraud)
    live, staff = bank.server.site.desks["default"].live, bank.server.site.staff
    assert staff is not None
    assert staff.offices["default"].cases.intake.position("log") == live.durable
    assert bank.signed_in("auditor").get("/v1/audit/proof").json()["holds"] is True
    cards = [each["shown"].removeprefix("card ") for each in cases if each["number"] in fraud]
    for card in cards:
        timeline = client.get(f"/v1/entities/card/{card}/timeline").json()["entries"]
        labels = [(each["fraud"], each["reason"], each["author"]) for each in timeline if each["kind"] == "label"]
        assert labels == [(True, "takeover", "person:investigator")]


def assert_told_once(receiver: Receiver, ids: list[str], fraud: list[int]) -> None:
    """Every decision, and every case that was opened or closed, was told once."""
    told = [json.loads(body) for _, body in receiver.got]
    decided = Counter(each["data"]["id"] for each in told if each["type"].startswith("decision."))
    opened = Counter(each["data"]["case"] for each in told if each["type"] == "case.opened")
    closed = Counter(each["data"]["case"] for each in told if each["type"] == "case.closed")
    assert decided == dict.fromkeys(ids, 1)
    assert opened == dict.fromkeys(range(1, len(ids) + 1), 1)
    assert closed == dict.fromkeys(fraud, 1)


class Again(Bank):
    """The server of a bank once more, as `zhiyu serve` opens its records: patiently."""

    def __init__(self, folder: Path, before: Bank) -> None:
        self.url = url = before.url
        gate, keys = before.server.site.gate, {"default": KEY}
        self.server = Served(folder / "data", gate=gate, staff=lambda: Staff(store.Records(url, patient=True), keys))


def test_a_server_that_starts_without_its_database_decides_and_catches_up(tmp_path: Path, postgres: Postgres) -> None:
    path = tmp_path / "keys.json"
    key = with_key(path, ("decide", "read"))[0].decode()
    with Bank(tmp_path, postgres.url(f"start_{time.monotonic_ns()}"), gate=Gate(path)) as before:
        ids = sent(before, key, "before")
    postgres.stop()
    try:
        with Again(tmp_path, before) as bank:
            ids += sent(bank, key, "away")
            refused = bank.anybody().post("/v1/sessions", json={"name": "investigator", "password": GOOD})
            assert (refused.status_code, refused.json()["code"]) == (503, "records_away")
            postgres.start()
            follow(bank.server)
            assert len(pages(bank.signed_in("investigator"))) == len(ids)
    finally:
        postgres.start()


@pytest.mark.parametrize("lost", ["claim", "finish"])
def test_a_commit_whose_answer_is_lost_is_neither_lost_nor_done_twice(
    tmp_path: Path, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, lost: str
) -> None:
    """The database did what it was asked and the connection broke before it said so: what was claimed is carried out all the same, what
    was sent and written down is not sent again."""
    does, broken = getattr(Deliveries, lost), list[int]()

    def breaks(self: Deliveries, *given: Any) -> Any:
        found = does(self, *given)
        if (lost == "finish" or found) and len(broken) < 3:
            broken.append(1)
            raise RecordsAway("away", "away")
        return found

    with Bank(tmp_path, settings=OPEN) as bank:
        hook(bank, receiver)
        monkeypatch.setattr(Deliveries, lost, breaks)
        for name in ("one", "two", "three"):
            bank.server.run(_submitted(bank, payment(name, amount=900)))
        until(lambda: len(broken) == 3 and len(receiver.got) >= 3)
        admin = bank.signed_in("administrator")
        until(lambda: {each["state"] for each in admin.get("/v1/outbox").json()["deliveries"]} == {"done"})
        assert [each["data"]["id"] for each in receiver.told()] == ["pone", "ptwo", "pthree"]


async def _submitted(bank: Bank, body: bytes) -> None:
    await bank.server.site.desks["default"].submit([body])
