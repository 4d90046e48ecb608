"""Labels, lists, snoozes and policies over HTTP: in effect from the next event on, on disk before they are told, wrong ones named."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.engine.live_stream import live_opened
from tests.engine.test_releases import ASKING
from tests.server.served import Served, payment
from zhiyu.access.gate import Gate
from zhiyu.access.key_file import add_key
from zhiyu.access.keys import new_key
from zhiyu.engine.live import Live

LISTED = "/v1/lists/watched_cards/entries"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path) as made:
        yield made


def rules(server: Served, number: int | str, **changes: Any) -> list[str]:
    return list(server.decide(payment(number, **changes)).json()["rules"])


def test_labels_count_from_the_next_event_on(server: Served) -> None:
    assert rules(server, 1) == []
    told = server.client.post("/v1/labels", json={"event": "p1", "fraud": True, "reason": "chargeback"})
    assert (told.status_code, told.json()["status"], told.json()["event_position"]) == (200, "taken", 0)
    assert rules(server, 2) == ["burnt"]
    again = server.client.post("/v1/labels", json={"event": "p1", "fraud": True})
    assert again.json() == told.json() | {"status": "known", "repeated": True}
    other = server.client.post("/v1/labels", json={"event": "p1", "fraud": False})
    assert (other.status_code, other.json()["code"], other.json()["field"]) == (409, "label_conflict", "fraud")
    unknown = server.client.post("/v1/labels", json={"event": "nobody", "fraud": False})
    assert (unknown.status_code, unknown.json()["code"], unknown.json()["field"]) == (404, "no_event", "event")


@pytest.mark.parametrize(
    ("body", "status", "code", "field"),
    [
        (b"{", 400, "bad_json", ""), (b'{"event": "p1"}', 422, "missing", "fraud"),
        (b'{"fraud": 1, "event": "p1"}', 422, "wrong_type", "fraud"),
        (b'{"fraud": true, "evnt": "p1"}', 422, "unknown_key", "evnt"), (b'{"fraud": true, "fraud": false}', 400, "duplicate_key", "fraud"),
        (b"[]", 422, "empty", "body"), (b'{"fraud": true}', 422, "missing", "event"), (b"\xff", 400, "bad_text", ""),
    ],
)  # fmt: skip
def test_a_wrong_label_is_named(server: Served, body: bytes, status: int, code: str, field: str) -> None:
    answer = server.client.post("/v1/labels", content=body)
    assert (answer.status_code, answer.json()["code"], answer.json().get("field", "")) == (status, code, field)


@pytest.mark.parametrize("lines", [True, False])
def test_a_batch_of_labels_is_partly_taken(server: Served, lines: bool) -> None:
    server.decide(payment(1))
    labels: list[Any] = [
        {"event": "p1", "fraud": True},
        {"event": "x", "fraud": True},
        {"fraud": "yes"},
        {"event": "p1", "fraud": False},
    ]
    content = "\n".join(map(json.dumps, labels)) if lines else json.dumps(labels)
    kind = "application/x-ndjson" if lines else "application/json"
    answers = server.client.post("/v1/labels", content=content, headers={"content-type": kind}).json()["answers"]
    assert [each.get("code", each["status"]) for each in answers] == [
        "taken",
        "no_event",
        "wrong_type",
        "label_conflict",
    ]
    assert [each.get("line") for each in answers] == [None, 2, 3, 4]


def test_more_than_a_thousand_labels_are_refused_whole(server: Served) -> None:
    server.decide(payment(1))
    label = {"event": "p1", "fraud": True}
    assert server.client.post("/v1/labels", json=[label] * 1_001).json()["code"] == "limit"
    answers = server.client.post("/v1/labels", json=[label] * 1_000).json()["answers"]
    assert [each["status"] for each in answers] == ["taken"] + ["known"] * 999


def test_lists_are_changed_and_read(server: Served) -> None:
    put = server.client.post(
        LISTED, json=[{"value": "c1"}, {"value": "c2", "reason": "lost"}, {"value": None}, {"valu": "x"}, 7]
    )
    content = put.json()
    assert (content["new"], content["existing"], content["renewed"]) == (2, 0, 0)
    assert [(each["line"], each["code"], each["field"]) for each in content["refused"] if "field" in each] == [
        (3, "missing", "value")
    ]
    assert [each["line"] for each in content["refused"]] == [3, 4, 5]
    assert rules(server, 1) == ["watched"]
    again = server.client.post(f"{LISTED}?reason=again", json={"value": "c1"}).json()
    assert (again["new"], again["existing"]) == (0, 1)
    renewed = server.client.post(f"{LISTED}?until=90d&author=ann", json={"value": "c1"}).json()
    assert renewed["renewed"] == 1
    told = server.client.get("/v1/lists").json()
    assert told["alone"] is None
    assert [use["name"] for use in told["lists"][0].pop("uses")] == ["watched"]
    assert told["lists"] == [{"name": "watched_cards", "of": "card", "kind": "deny", "en": "", "zh": "", "entries": 2}]
    entries = server.client.get(LISTED).json()["entries"]
    assert [(each["value"], each["reason"], each["author"], "until" in each) for each in entries] == [
        ("c1", "", "ann", True), ("c2", "lost", "", False),
    ]  # fmt: skip
    found = server.client.post(f"{LISTED}:find", json={"values": ["c2", "c9"]}).json()
    assert ([each["value"] for each in found["entries"]], found["absent"]) == (["c2"], ["c9"])
    gone = server.client.post(f"{LISTED}:remove", json={"values": ["c1", "c9"], "codes": [entries[1]["code"]]}).json()
    assert gone == {"list": "watched_cards", "removed": 2, "absent": ["c9"]}
    assert rules(server, 2) == []
    assert server.client.get(LISTED).json() == {"entries": []}


def test_pages_hold_every_entry_once(server: Served) -> None:
    for start in range(0, 60, 20):
        server.client.post(LISTED, json=[{"value": f"k{number}"} for number in range(start, start + 20)])
        server.decide(payment(start, time=f"2027-01-15T08:{start:02}:00+08:00"))
    found, query = [], "?limit=7"
    while True:
        page = server.client.get(LISTED + query).json()
        found += [each["value"] for each in page["entries"]]
        if "next" not in page:
            break
        query = f"?limit=7&before={page['next']}"
    assert len(found) == 60
    assert set(found) == {f"k{number}" for number in range(60)}
    assert set(found[:20]) == {f"k{number}" for number in range(40, 60)}


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/v1/lists/none/entries", None, 404, "no_list"), ("GET", f"{LISTED}?limit=0", None, 422, "limit"),
        ("GET", f"{LISTED}?limit=1001", None, 422, "limit"), ("GET", f"{LISTED}?before=x", None, 422, "before"),
        ("GET", f"{LISTED}?befor=x", None, 400, "query"), ("POST", f"{LISTED}?until=soon", {"value": "c"}, 422, "input"),
        ("POST", f"{LISTED}?until=1960-01-01T00:00:00Z", {"value": "c"}, 422, "until"),
        ("POST", f"{LISTED}?reason={'x' * 1_001}", {"value": "c"}, 422, "bad_text"), ("POST", f"{LISTED}:remove", {}, 422, "limit"),
        ("POST", f"{LISTED}:remove", {"values": [None]}, 422, "input"), ("POST", f"{LISTED}:remove", {"codes": ["12"]}, 422, "code"),
        ("POST", f"{LISTED}:remove", {"value": ["c"]}, 422, "unknown_key"), ("POST", "/v1/snoozes", {"rule": "large"}, 422, "missing"),
        ("POST", "/v1/snoozes", {"rule": "larg", "field": "card", "value": "c1", "until": "1d"}, 422, "input"),
        ("POST", "/v1/snoozes", {"rule": "large", "field": "card", "value": "c1"}, 422, "missing"),
        ("POST", "/v1/snoozes", {"rule": "large", "field": "card", "value": "c1", "until": "0s"}, 422, "until"),
        ("POST", "/v1/policy", {}, 422, "policy"), ("POST", "/v1/policy", {"files": {}}, 422, "limit"),
        ("POST", "/v1/policy?dry_run=maybe", {"files": {"a.yaml": "name: x"}}, 422, "dry_run"),
        ("POST", "/v1/policy:rollback", None, 409, "no_release"), ("GET", "/v1/policies/abc", None, 404, "no_policy"),
        ("GET", "/v1/policies/..%2Fwaiting", None, 404, "no_policy"), ("DELETE", "/v1/policy", None, 405, "method"),
    ],
)  # fmt: skip
def test_mistakes_have_the_one_shape(server: Served, method: str, path: str, body: Any, status: int, code: str) -> None:
    answer = server.client.request(method, path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert {"type", "title", "detail", "detail_en", "detail_zh", "request_id"} <= answer.json().keys()


def test_a_rule_is_snoozed_for_one_value(server: Served) -> None:
    quiet = {"rule": "large", "field": "card", "value": "c1", "until": "2027-01-16T00:00:00Z"}
    assert server.client.post("/v1/snoozes", json=quiet).json()["status"] == "new"
    assert server.client.post("/v1/snoozes", json=quiet).json()["status"] == "existing"
    assert (rules(server, 1, amount=500), rules(server, 2, amount=500, card="c2")) == ([], ["large"])
    [held] = server.client.get("/v1/snoozes").json()["snoozes"]
    assert (held["rule"], held["value"], held["until"]) == ("large", "c1", "2027-01-16T00:00:00Z")
    by_code = {"rule": "large", "field": "card", "code": held["code"]}
    assert server.client.post("/v1/snoozes:end", json=by_code).json() == {"status": "ended"}
    assert server.client.post("/v1/snoozes:end", json=by_code).json() == {"status": "absent"}
    assert rules(server, 3, amount=500) == ["large"]


def test_a_policy_is_published_and_rolled_back(server: Served, tmp_path: Path) -> None:
    first = server.client.get("/v1/policy").json()
    assert (first["in_force"]["number"], first["in_force"]["by"], first["previous"]) == (0, "folder", None)
    other = live_opened(limit=100)
    checked = server.client.post("/v1/policy?dry_run=true", content=other.artifact.to_json()).json()
    assert (checked["status"], checked["at_once"], checked["policy"]) == ("checked", True, other.artifact.hash)
    told = server.client.post("/v1/policy", content=other.artifact.to_json()).json()
    assert (told["status"], told["release"]["number"], told["release"]["by"]) == ("in_force", 1, "api")
    assert server.decide(payment(1, amount=150)).json()["policy"] == other.artifact.hash
    artifact = server.client.get(f"/v1/policies/{other.artifact.hash}")
    assert artifact.content == other.artifact.to_json()
    assert server.client.get("/v1/policy").json()["previous"]["policy"] == first["in_force"]["policy"]
    server.stop()
    with Served(tmp_path) as again:  # the folder is as it was: what was published since stays in force
        assert again.client.get("/v1/policy").json()["in_force"]["policy"] == other.artifact.hash
        back = again.client.post("/v1/policy:rollback").json()
        assert (back["status"], back["policy"]) == ("in_force", first["in_force"]["policy"])
        assert rules(again, 2, amount=150) == []
    with Served(tmp_path, live_opened(limit=7)) as changed:  # the folder brings something new
        assert changed.client.get("/v1/policy").json()["in_force"]["by"] == "folder"
        assert rules(changed, 3, amount=15) == ["large"]


def test_a_policy_that_counts_is_in_force_later_also_after_a_restart(tmp_path: Path) -> None:
    other = live_opened(**ASKING)
    with Served(tmp_path) as server:
        server.decide(payment(1, amount=500))
        desk = server.site.desks["default"]
        desk.tick = lambda: None  # type: ignore[method-assign]  # it never gets to count
        told = server.client.post("/v1/policy", content=other.artifact.to_json()).json()
        assert (told["status"], told["why"]) == ("warming", "it counts largest_6h anew")
        standing = server.client.get("/v1/policy").json()
        assert standing["warming"] == {
            "policy": other.artifact.hash,
            "name": "live",
            "why": told["why"],
            "progress": 0.0,
        }
    with Served(tmp_path) as again:
        for _ in range(500):
            standing = again.client.get("/v1/policy").json()
            if standing["warming"] is None:
                break
        assert (standing["in_force"]["policy"], standing["in_force"]["by"]) == (other.artifact.hash, "api")


def test_files_of_a_folder_are_checked_with_their_places(server: Served) -> None:
    text = "name: p\nevents:\n  - {name: login, fields: {tries: {type: int}}}\n"
    rule = "rule_sets:\n  - name: main\n    rules:\n      - {name: many, when: trys > 5, outcome: review}\n"
    wrong = server.client.post(
        "/v1/policy", json={"files": {"a.yaml": text, "b.yaml": rule}}, headers={"accept-language": "zh"}
    )
    content = wrong.json()
    assert (wrong.status_code, content["code"], content["detail"]) == (422, "declaration", content["detail_zh"])
    [found] = [each for each in content["problems"] if each["severity"] == "error"]
    assert (found["file"], found["line"], found["suggestion"]) == ("b.yaml", 4, "是不是“tries”？")
    assert server.client.get("/v1/policy").json()["in_force"]["number"] == 0
    good = rule.replace("trys", "tries")
    told = server.client.post("/v1/policy?dry_run=true", json={"files": {"a.yaml": text, "b.yaml": good}}).json()
    assert (told["status"], told["at_once"]) == ("checked", False)
    plain = server.client.post(
        "/v1/policy?dry_run=true", content=text + good, headers={"content-type": "application/yaml"}
    )
    assert plain.json()["policy"] == told["policy"]


def test_each_scope_opens_its_own_routes(tmp_path: Path) -> None:
    keys, texts = [], {}
    for scope in ("labels", "lists", "policy", "read"):
        texts[scope], stored = new_key("default", (scope,), 0, 0, "")
        keys.append(stored)
    for stored in keys:
        add_key(tmp_path / "keys.json", stored)
    routes = {
        "labels": ("POST", "/v1/labels"), "lists": ("GET", "/v1/snoozes"), "policy": ("GET", "/v1/policy"),
        "read": ("GET", "/v1/decisions/x"),
    }  # fmt: skip
    with Served(tmp_path, gate=Gate(tmp_path / "keys.json")) as server:
        for scope, key in texts.items():
            for needed, (method, path) in routes.items():
                answer = server.client.request(method, path, headers={"authorization": f"Bearer {key}"})
                assert (answer.status_code == 403) == (scope != needed)
        key = {"authorization": f"Bearer {texts['lists']}"}
        server.client.post(LISTED, json={"value": "c1"}, headers=key)
        [entry] = server.client.get(LISTED, headers=key).json()["entries"]
        assert entry["author"] == f"key:{keys[1].id}"


def test_everything_told_is_there_after_a_kill(tmp_path: Path) -> None:
    with Served(tmp_path) as server:
        server.decide(payment(1))
        server.client.post("/v1/labels", json={"event": "p1", "fraud": True})
        server.client.post(LISTED, json={"value": "c1"})
        desk = server.site.desks["default"]
        durable, position = desk.live.durable, desk.live.position
        assert durable == position == 3
        desk.live.log.sync = lambda: (_ for _ in ()).throw(OSError(5, "gone"))  # type: ignore[method-assign]
        answer = server.client.post("/v1/labels", json={"event": "p1", "fraud": True, "id": "x"})
        assert (answer.status_code, answer.json()["code"]) == (503, "broken")
        for _ in range(2_000):
            if server.client.get("/readyz").status_code == 200:
                break
        assert set(rules(server, 2)) == {"burnt", "watched"}


def test_opened_again_by_hand(tmp_path: Path) -> None:
    with Served(tmp_path) as server:
        server.client.post(LISTED, json={"value": "c1"})
    live = Live(tmp_path / "default", live_opened(), clock="events")
    assert live.engine.lists.counts(live.moment()) == {"watched_cards": 1}
    live.close()


def test_a_timeline_is_asked_for_by_the_raw_value(server: Served, tmp_path: Path) -> None:
    for number in range(60):
        server.decide(payment(number, phone="13800138000", time=f"2027-01-15T08:{number:02}:00+08:00"))
    server.client.post("/v1/labels", json={"event": "p59", "fraud": True})
    server.client.post(LISTED, json={"value": "c1"})
    told = server.client.get("/v1/entities/phone/138%200013%208000/timeline?limit=40").json()
    assert [e["id"] for e in told["entries"][1:]] == [f"p{number}" for number in range(59, 20, -1)]
    assert told["entries"][0]["kind"] == "label"
    rest = server.client.get(f"/v1/entities/phone/13800138000/timeline?before={told['next']}").json()
    assert ([e["id"] for e in rest["entries"]], "next" in rest) == (
        [f"p{number}" for number in range(20, -1, -1)],
        False,
    )
    span = {"since": "2027-01-15T08:10:00+08:00", "until": "2027-01-15T08:12:00+08:00"}
    found = server.client.get("/v1/entities/phone/13800138000/timeline", params=span).json()["entries"]
    assert [e["id"] for e in found] == ["p11", "p10"]
    [change, *_] = server.client.get("/v1/entities/card/c1/timeline").json()["entries"]
    assert (change["kind"], change["list"]) == ("list", "watched_cards")
    code = server.client.get(LISTED).json()["entries"][0]["code"]
    assert server.client.get(f"/v1/entities/card/code:{code}/timeline").json()["entries"][0] == change
    for path, status in (("cart/c1", 404), ("phone/none", 422), ("card/c1", 422)):
        assert server.client.get(f"/v1/entities/{path}/timeline?before=x").status_code == status
    server.stop()
    everything = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert all(b"13800138000" not in path.read_bytes() for path in everything)
    assert "13800138000" not in server.log.getvalue()
