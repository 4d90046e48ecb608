"""Features of one entity and the lists it stands on, over HTTP: against counting by hand from the records that were sent."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.engine.live_stream import live_opened
from tests.server.served import Served

START = datetime(2027, 1, 15, 8, tzinfo=UTC)
RECORDS = [
    {"type": kind, "id": f"e{number}", "time": (START + timedelta(minutes=minute)).isoformat(), "card": card, **more}
    for number, (minute, kind, card, more) in enumerate([
        (0, "payment", "c1", {"amount": 100, "city": "北京", "phone": "13800138000"}),
        (5, "login", "c1", {}),
        (20, "payment", "c1", {"amount": 250.5, "city": "上海", "phone": "13800138000"}),
        (50, "payment", "c2", {"amount": 70, "city": "北京", "phone": "13900139000"}),
        (90, "payment", "c1", {"amount": 30, "city": "北京", "phone": "13800138000"}),
        (600, "payment", "c2", {"amount": 5, "phone": "13900139000"}),
    ])
]  # fmt: skip


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path, live_opened(when="spent_1d > 99999 and cities_1d > 99")) as found:
        for record in RECORDS:
            path = "/v1/decisions" if record["type"] == "payment" else "/v1/events"
            assert found.client.post(path, content=json.dumps(record)).status_code == 200
        yield found


def by_hand(card: str, moment: datetime) -> dict[str, Any]:
    """The features of the policy, counted from the records."""

    def within(kind: str, span: timedelta) -> list[dict[str, Any]]:
        own = (each for each in RECORDS if each["card"] == card and each["type"] == kind)
        return [each for each in own if moment - span < datetime.fromisoformat(str(each["time"])) <= moment]

    hour, day = timedelta(hours=1), timedelta(days=1)
    spent = sum(float(each["amount"]) for each in within("payment", day))
    return {
        "seen_1h": f"{len(within('payment', hour))}", "spent_1d": f"¥{spent:,.2f}", "logins_1h": f"{len(within('login', hour))}",
        "cities_1d": f"{len({each['city'] for each in within('payment', day) if 'city' in each})}",
    }  # fmt: skip


def told(server: Served, card: str, as_of: str = "") -> dict[str, Any]:
    answer = server.client.get(f"/v1/entities/card/{card}/features", params={"as_of": as_of} if as_of else {})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_features_now_and_then_are_what_one_counts_by_hand(server: Served) -> None:
    for card in ("c1", "c2", "c3"):
        for minute in (None, 0, 10, 25, 91, 599):
            moment = START + timedelta(minutes=600 if minute is None else minute)
            found = told(server, card, "" if minute is None else moment.isoformat())
            assert datetime.fromisoformat(found["as_of"]) == moment
            lines = {each["name"]: each for each in found["features"]}
            assert all(lines[name]["whole"] for name in by_hand(card, moment))
            assert {(each["lost"], each["by"]) for each in found["features"]} == {(False, "card")}
            assert {name: lines[name]["said_en"] for name in by_hand(card, moment)} == by_hand(card, moment)
    assert told(server, "c1")["position"] == len(RECORDS)


def test_a_look_does_not_count(server: Served) -> None:
    before = told(server, "c1")
    assert [told(server, "c1") for _ in range(3)] == [before] * 3
    late = RECORDS[-1] | {"id": "late", "card": "c1", "amount": 1, "city": "北京"}
    server.client.post("/v1/decisions", content=json.dumps(late))
    assert {each["name"]: each["said_en"] for each in told(server, "c1")["features"]}["seen_1h"] == "1"


def test_what_is_not_kept_any_more_is_not_said(server: Served) -> None:
    """The widest window of cards is 30 days, the lateness 10 minutes: 31 days later an hour of the first day is gone."""
    later = RECORDS[0] | {"id": "much-later", "time": (START + timedelta(days=31)).isoformat(), "card": "c9"}
    assert server.client.post("/v1/decisions", content=json.dumps(later)).status_code == 200
    gone = {each["name"]: each for each in told(server, "c1", START.isoformat())["features"]}
    assert not any(each["whole"] for each in gone.values())
    assert {each["said_en"] for each in gone.values()} == {""}
    part = {each["name"]: each for each in told(server, "c1", (START + timedelta(days=2)).isoformat())["features"]}
    assert part["seen_1h"]["whole"]
    assert part["seen_1h"]["said_en"] == "0"
    assert not part["frauds_30d"]["whole"]


def test_the_code_of_a_value_asks_about_the_same(server: Served) -> None:
    code = told(server, "c1")["code"]
    assert told(server, f"code:{code}") == told(server, "c1")
    listed = server.client.get(f"/v1/entities/card/code:{code}/lists").json()
    assert listed == {"entity": "card", "code": code, "lists": []}


def test_lists_on_which_it_stands(server: Served) -> None:
    put = {"value": "c1"}
    answer = server.client.post("/v1/lists/watched_cards/entries?reason=seen&author=ann", json=put)
    assert answer.json()["new"] == 1
    [entry] = server.client.get("/v1/entities/card/c1/lists").json()["lists"]
    assert (entry["list"], entry["reason"], entry["author"], entry["kind"]) == ("watched_cards", "seen", "ann", "deny")
    assert server.client.get("/v1/entities/card/c2/lists").json()["lists"] == []
    assert server.client.get("/v1/entities/phone/13800138000/lists").json()["lists"] == []
    server.client.post("/v1/lists/watched_cards/entries:remove", json={"values": ["c1"]})
    assert server.client.get("/v1/entities/card/c1/lists").json()["lists"] == []


def test_wrong_questions_are_told_what_to_do(server: Served) -> None:
    for path, status, code in (
        ("boat/b1/features", 404, "no_entity"),
        ("boat/b1/lists", 404, "no_entity"),
        ("card/c1/features?as_of=2099-01-01", 422, "as_of"),
        ("card/c1/features?as_of=soon", 422, "as_of"),
        ("card/c1/features?since=1", 400, "query"),
    ):
        answer = server.client.get(f"/v1/entities/{path}")
        assert answer.status_code == status, answer.text
        assert answer.json()["code"] == code
        assert answer.json()["detail_zh"]
        assert answer.json()["detail_en"]
