"""The list of decisions beside a naive filter over every decision; the trace beside the explanation; a decision made again."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.live_stream import records
from tests.server.served import Served, payment
from zhiyu.policy.outcomes import OUTCOMES


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that has decided some hundred events, a few at a time, so that there are many frames."""
    with Served(tmp_path_factory.mktemp("decided"), log_all=False) as made:
        bodies = records(7, 400)
        lines = {"content-type": "application/x-ndjson"}
        for at in range(0, len(bodies), 9):
            made.client.post("/v1/decisions:batch", content=b"\n".join(bodies[at : at + 9]), headers=lines)
        yield made


@pytest.fixture(scope="module")
def everything(server: Served) -> list[dict[str, Any]]:
    """Every decision, newest first, page by page."""
    found, before = [], {}
    while True:
        page = server.client.get("/v1/decisions", params={"limit": 37, **before}).json()
        found += page["decisions"]
        if page["next"] is None:
            return found
        before = {"before": page["next"]}


def test_every_decision_is_listed_once_newest_first_as_it_was_answered(
    server: Served, everything: list[dict[str, Any]]
) -> None:
    positions = [each["position"] for each in everything]
    assert positions == sorted(set(positions), reverse=True)
    assert len(everything) > 100
    for each in everything[::17]:
        told = server.client.get(f"/v1/decisions/{each['id']}").json()
        assert {name: each[name] for name in told} == told
        assert each["amount"]["currency"] == "CNY"
        assert {subject["field"] for subject in each["subjects"]} <= {"card", "phone"}


@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_filters_find_what_a_naive_filter_finds(
    server: Served, everything: list[dict[str, Any]], data: st.DataObject
) -> None:
    some = data.draw(st.sampled_from(everything))
    asked: dict[str, Any] = {}
    wanted = list(everything)
    if data.draw(st.booleans()):
        outcomes = data.draw(st.sets(st.sampled_from(OUTCOMES), min_size=1, max_size=3))
        asked["outcome"] = ",".join(outcomes)
        wanted = [each for each in wanted if each["outcome"] in outcomes]
    if data.draw(st.booleans()):
        rule = data.draw(st.sampled_from(["large", "many", "watched", "none"]))
        asked["rule"] = rule
        wanted = [each for each in wanted if rule in each["rules"] + each["shadow"]]
    if data.draw(st.booleans()):
        asked["min_score"] = some["score"]
        wanted = [each for each in wanted if each["score"] >= some["score"]]
    if data.draw(st.booleans()):
        asked["since"] = some["time"]
        wanted = [each for each in wanted if moment(each) >= moment(some)]
    if data.draw(st.booleans()):
        asked["until"] = some["time"]
        wanted = [each for each in wanted if moment(each) < moment(some)]
    if data.draw(st.booleans()):
        card = next(subject for subject in some["subjects"] if subject["field"] == "card")
        asked["of"] = f"card:code:{card['code']}"
        wanted = [each for each in wanted if card in each["subjects"]]
    if data.draw(st.booleans()):
        asked["before"] = some["position"]
        wanted = [each for each in wanted if each["position"] < some["position"]]
    page = server.client.get("/v1/decisions", params={"limit": 200, **asked}).json()
    assert page["decisions"] == wanted[:200]


def test_what_came_since_is_listed_without_what_was_before(server: Served, everything: list[dict[str, Any]]) -> None:
    whole = server.client.get("/v1/decisions", params={"limit": 1}).json()
    assert server.client.get("/v1/decisions", params={"after": whole["position"]}).json()["decisions"] == []
    for at in (0, 5, 60):
        asked = {"after": everything[at]["position"], "limit": 200}
        page = server.client.get("/v1/decisions", params=asked).json()
        assert page["decisions"] == everything[: at + 1], "the decision at this position has not been told yet"
        assert (page["next"], page["looked"]) == (None, at + 1)
        part = server.client.get("/v1/decisions", params=asked | {"limit": 1}).json()
        assert part["decisions"] == everything[:1]
    assert server.client.get("/v1/decisions", params={"after": "-1"}).status_code in (400, 422)


def test_wrong_filters_say_which_and_what_there_is(server: Served) -> None:
    wrong = {
        "type": "paymnet",
        "outcome": "no",
        "of": "card",
        "since": "yesterday",
        "limit": "0",
        "colour": "red",
        "min_score": "x",
    }
    for name, value in wrong.items():
        answer = server.client.get("/v1/decisions", params={name: value})
        assert answer.status_code in (400, 422), name
        assert answer.json()["field"] == name
    assert "payment" in server.client.get("/v1/decisions", params={"type": "paymnet"}).json()["detail_en"]


def test_a_trace_agrees_with_the_explanation(server: Served, everything: list[dict[str, Any]]) -> None:
    checked = 0
    for each in everything[::5]:
        trace = server.client.get(f"/v1/decisions/{each['id']}/trace").json()
        told = server.client.get(f"/v1/decisions/{each['id']}/explanation").json()
        hits = {rule["rule"]: rule for rule in trace["rules"] if rule["state"] == "hit"}
        assert set(hits) == {rule["rule"] for rule in told["rules"]}
        assert all(hits[rule["rule"]]["zh"] == rule["zh"] for rule in told["rules"])
        assert sum(part["points"] for part in trace["waterfall"]) == each["score"]
        if trace["values_kept"]:
            checked += 1
            assert {value["name"] for value in trace["values"]} >= {"amount", "card", "seen_1h"}
    assert checked


def test_a_decision_made_again_is_the_same_until_a_list_changes(server: Served) -> None:
    body = payment("again", card="watched-later", amount=999, time="2027-03-01T08:00:00+08:00")
    decided = server.decide(body).json()
    again = server.client.post("/v1/decisions/pagain:replay").json()
    assert (again["same"], again["outcome"], again["score"]) == (True, decided["outcome"], decided["score"])
    assert again["policy"] == decided["policy"]
    put = server.client.post(
        "/v1/lists/watched_cards/entries", content=json.dumps({"value": "watched-later", "reason": "test"})
    )
    assert put.json()["new"] == 1, put.text
    server.decide(payment("next", time="2027-03-01T08:00:01+08:00"))  # the change is in effect for the next event on
    after = server.client.post("/v1/decisions/pagain:replay").json()
    assert (after["same"], after["score"]) == (False, decided["score"] + 40)
    assert server.client.get("/v1/decisions/pagain").json()["score"] == decided["score"], "nothing was changed by it"
    for answer in (server.client.post("/v1/decisions/none:replay"), server.client.get("/v1/decisions/none/trace")):
        assert (answer.status_code, answer.json()["code"]) == (404, "no_decision")


def test_the_vocabulary_words_what_the_list_names(server: Served, everything: list[dict[str, Any]]) -> None:
    words = server.client.get("/v1/vocabulary").json()
    known = {
        kind: {each["name"] for each in words[kind]} for kind in ("types", "outcomes", "rules", "reasons", "marks")
    }
    for each in everything:
        assert each["type"] in known["types"]
        assert {each["outcome"], each["enforced"]} <= known["outcomes"]
        assert set(each["rules"]) <= known["rules"]
    assert words["policy"]["hash"] == everything[0]["policy"]


def moment(decision: dict[str, Any]) -> datetime:
    """When its event happened."""
    return datetime.fromisoformat(decision["time"])
