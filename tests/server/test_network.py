"""The network over HTTP, told as a story: five people apply over one device within minutes; later an investigator asks who they are.

The gate needs 64 decisions more before they are a gang, and the gang of five raises an alert.
"""

from __future__ import annotations

import asyncio
import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from tests.server.served import Served
from zhiyu import Clock, EventType, Feature, Field, Gang, Link, Network, Policy, Rule, RuleSet
from zhiyu.cli import main
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.server.gang_reports import GangReports
from zhiyu.server.network_alarms import NetworkAlarms

WHO = ("ann", "bob", "cid", "dora", "eve")
NETWORK = Network(
    person="who", amount="amount", links=(Link(field="device"), Link(field="phone")),
    gang=Gang(when="network_core_persons >= 3", alert_people=5, max_listed=6),
)  # fmt: skip


def lender(network: Network | None = NETWORK) -> Opened:
    """A lender whose rules read the network; people and devices are entities, a phone is personal."""
    fields = {
        "who": Field(type="string", entity="customer", required=True), "device": Field(type="string", entity="device"),
        "phone": Field(type="phone"), "city": Field(type="string"), "amount": Field(type="money", required=True),
    }  # fmt: skip
    when = "network_persons > 3" if network else "amount > 5000"
    rules = RuleSet(name="main", rules=(Rule(name="crowd", when=when, outcome="review"),))
    return open_policy(
        Policy(
            name="lender", events=(EventType(name="apply", money="amount", fields=fields),), network=network, rule_sets=(rules,),
            features=(Feature(name="own", aggregate="count", by="who", over="1h"),), clock=Clock(lateness="1h", max_ahead="30d"),
        )
    )  # fmt: skip


def applies(number: int, who: str, device: str | None, at: str, **more: Any) -> bytes:
    body = {
        "type": "apply",
        "id": f"a{number}",
        "time": f"2026-03-01T{at}Z",
        "who": who,
        "device": device,
        "amount": "100.00",
    }
    return json.dumps(body | more).encode()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with Served(tmp_path_factory.getbasetemp() / "net", lender()) as made:
        for number, who in enumerate(WHO):
            made.decide(applies(number, who, "d1", f"09:0{number}:00", phone="13800138000"))
        for number in range(70):
            made.decide(applies(100 + number, f"s{number}", f"x{number}", f"10:{number % 60:02}:{number // 60:02}"))
        yield made


@pytest.fixture(scope="module")
def data(server: Served, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the running server."""
    return tmp_path_factory.getbasetemp() / "net"


def told(data: Path, *arguments: str, code: int = 0) -> str:
    """What a command prints about a folder."""
    result = CliRunner().invoke(main, [*arguments, "--data", str(data), "--lang", "en"])
    assert result.exit_code == code, result.output
    return result.output


def asked(server: Served, path: str, status: int = 200, **more: Any) -> Any:
    """What the server answers."""
    told = server.client.get(path, **more)
    assert told.status_code == status, told.text
    return told.json()


def test_who_is_connected_to_a_person_over_what_and_in_which_gang(server: Served) -> None:
    found = asked(server, "/v1/network/person/ann")
    assert {p["name"]: p["hops"] for p in found["people"]} == {f"who:{who}": int(who != "ann") for who in WHO}
    assert found["gangs"] == [1]
    links = {(link["person"], link["thing"]): link["first"] for link in found["links"]}
    assert links["who:bob", "device:d1"] == "2026-03-01T09:01:00Z"
    [phone] = {thing for _, thing in links if thing.startswith("phone:")}
    assert "138001" not in phone, "personal values stay masked, or are told by their code"
    assert found["component"] == {"persons": 5, "nodes": 7, "events": 5, "amount": 50_000, "bad": 0}
    [bob] = [p["code"] for p in found["people"] if p["name"] == "who:bob"]
    assert asked(server, f"/v1/network/person/code:{bob}?hops=1")["people"][0]["name"] == "who:bob"
    assert {p["hops"] for p in asked(server, "/v1/network/device/d1?hops=1")["people"]} == {1}


def test_from_a_case_to_the_whole_nest(server: Served) -> None:
    told = server.client.post("/v1/network:nest", json={"of": ["person:ann", "s3"], "hops": 1})
    assert told.status_code == 200, told.text
    assert {p["name"] for p in told.json()["people"]} == {"who:s3", *(f"who:{who}" for who in WHO)}
    for body in ({"of": []}, {"of": ["a"] * 51}, {"of": ["a"], "hops": 7}, {"of": ["a"], "hop": 1}, {"of": 3}):
        assert server.client.post("/v1/network:nest", json=body).status_code == 422
    assert server.client.post("/v1/network:nest", json={"of": ["nobody"]}).status_code == 404


def test_gangs_their_people_and_why_each_is_linked(server: Served) -> None:
    found = asked(server, "/v1/gangs")
    [gang] = found["gangs"]
    assert (gang["gang"], gang["people"], gang["alerted"], gang["amount"], gang["events"]) == (1, 5, True, 50_000, 5)
    assert (found["next"], gang["score"] > 0, gang["age_s"] < 3600) == (None, True, True)
    assert asked(server, "/v1/gangs?min_people=6")["gangs"] == []
    one = asked(server, "/v1/gangs/1")
    assert {member["name"] for member in one["members"]} == {f"who:{who}" for who in WHO}
    assert {(x["person"], x["thing"]) for x in one["links"] if x["thing"] == "device:d1"} == {
        (f"who:{who}", "device:d1") for who in WHO
    }
    assert [x["time"] for x in one["timeline"]] == sorted(x["time"] for x in one["timeline"])
    assert [x["what"] for x in one["lineage"]] == ["BORN", "GROWN", "GROWN", "GROWN", "ALERT"]
    assert {x["who"] for x in one["lineage"] if x["what"] == "GROWN"} <= {f"who:{who}" for who in WHO}


def test_what_became_of_gangs_line_by_line(server: Served) -> None:
    found = asked(server, "/v1/gangs/changes")
    assert ([x["what"] for x in found["changes"]], found["gap"]) == (["BORN", "GROWN", "GROWN", "GROWN", "ALERT"], 0)
    assert asked(server, f"/v1/gangs/changes?after={found['next']}") == {"changes": [], "next": found["next"], "gap": 0}
    page = asked(server, "/v1/gangs/changes?limit=2")
    assert [x["number"] for x in asked(server, f"/v1/gangs/changes?after={page['next']}")["changes"]] == [2, 3, 4]
    [alert] = asked(server, "/v1/gangs/changes?what=ALERT&wait_s=5")["changes"]
    times = [x["time"] for x in found["changes"]]
    since = asked(server, f"/v1/gangs/changes?since={times[2]}")
    assert [x["number"] for x in since["changes"]] == [n for n, time in enumerate(times) if time >= times[2]] != [0]
    assert since["next"] == found["next"]
    assert asked(server, "/v1/gangs/changes?since=2100-01-01")["changes"] == []
    assert (alert["gang"], alert["people"], alert["time"][:11]) == (1, 5, "2026-03-01T")
    assert asked(server, f"/v1/gangs/changes?after={found['next']}&wait_s=1")["changes"] == []


def test_the_report_of_the_last_hour_and_day(server: Served, data: Path, tmp_path: Path) -> None:
    day = asked(server, "/v1/gangs/report")
    assert day["totals"] == {
        "gangs": 1, "people": 5, "money_at_risk": 50_000, "known_bad": 0, "new": 1, "growing": 0, "broken_up": 0, "alerts": 1,
        "new_money_at_risk": 50_000,
    }  # fmt: skip
    [gang] = day["gangs"]
    assert (gang["state"], gang["came"], gang["people"], gang["members"][0][:4]) == ("new", 3, 5, "who:")
    assert day["complete"]
    assert asked(server, "/v1/gangs/report?period=1h")["period_s"] == 3600
    page = server.client.get("/v1/gangs/report?format=html", headers={"accept-language": "zh"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert "新增" in page.text
    assert asked(server, "/v1/gangs/report?period=1x", 422)["field"] == "period"
    assert asked(server, "/v1/gangs/report?format=csv", 422)["field"] == "format"
    path = tmp_path / "gangs.html"
    assert "1 gangs of 5 people" in told(data, "gangs", "--report", str(path), "--period", "1h")
    assert "who:ann" in path.read_text(encoding="utf-8")
    found = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert (found["period_s"], found["totals"]["alerts"]) == (3600, 1)
    assert "no period" in told(data, "gangs", "--report", str(path), "--period", "0h", code=1)


def test_files_for_other_programs(server: Served) -> None:
    graph = server.client.get("/v1/gangs/1?format=graphml")
    assert graph.headers["content-type"] == "application/graphml+xml"
    tag = "{http://graphml.graphdrawing.org/xmlns}"
    assert len(list(ElementTree.fromstring(graph.text).iter(f"{tag}node"))) == 7
    lines = list(csv.DictReader(server.client.get("/v1/network/person/ann?format=csv").text.splitlines()))
    assert {line["person"] for line in lines} == {f"who:{who}" for who in WHO}


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/v1/network/devise/d1", 422, "input"), ("/v1/network/person/nobody", 404, "not_in_window"),
        ("/v1/network/person/code:xyz", 422, "input"), ("/v1/network/phone/12", 422, "input"),
        ("/v1/network/person/ann?hops=7", 422, "parameter"),
        ("/v1/network/person/ann?format=xml", 422, "format"), ("/v1/network/person/ann?deep=1", 400, "query"),
        ("/v1/gangs/2", 404, "no_gang"), ("/v1/gangs/x", 422, "gang"), ("/v1/gangs?limit=101", 422, "parameter"),
        ("/v1/gangs/changes?after=-1", 422, "parameter"), ("/v1/gangs?as_of=yesterday", 422, "as_of"),
        ("/v1/gangs/changes?since=yesterday", 422, "since"),
        ("/v1/gangs/reports?period=1w", 422, "period"), ("/v1/gangs/reports/1h-2026-03-01T11", 404, "no_report"),
        ("/v1/gangs/reports/..%2F..%2Flog", 404, "no_report"), ("/v1/gangs/changes:stream?deep=1", 400, "query"),
    ],
)  # fmt: skip
def test_what_cannot_be_answered_is_said(server: Served, path: str, status: int, code: str) -> None:
    for language in ("en", "zh"):
        assert asked(server, path, status, headers={"accept-language": language})["code"] == code


def test_a_policy_without_a_network_has_none_to_ask(tmp_path: Path) -> None:
    with Served(tmp_path, lender(None)) as made:
        assert asked(made, "/v1/network/person/ann", 404)["code"] == "no_network"
        assert asked(made, "/v1/gangs", 404)["code"] == "no_network"


def test_the_data_folder_of_a_running_server_says_the_same(server: Served, data: Path) -> None:
    for path, words in (("/v1/network/person/ann", ("network", "ann")), ("/v1/gangs/1", ("gangs", "1"))):
        here, there = json.loads(told(data, *words, "--json")), asked(server, path)
        del there["position"]
        for both in (
            here,
            there,
        ):  # a phone has no entity: the folder finds its masked name in the log, the server tells its code
            text = json.dumps(both)
            both["text"] = text.count("phone:")
            both |= {key: None for key in ("links", "things", "timeline") if key in both}
        assert here == there
    assert json.loads(told(data, "gangs", "--json"))["gangs"][0]["people"] == 5


def test_as_of_an_earlier_moment_the_folder_knows_less(data: Path) -> None:
    found = json.loads(told(data, "network", "ann", "--as-of", "2026-03-01T09:01:30Z", "--json"))
    assert {p["name"] for p in found["people"]} == {"who:ann", "who:bob"}
    assert json.loads(told(data, "gangs", "--as-of", "2026-03-01T10:30:00Z", "--json"))["gangs"] == []
    assert json.loads(told(data, "gangs", "--as-of", "2026-02-01", "--json")) == {"gangs": [], "lineage": []}
    assert "no event of the window" in " ".join(told(data, "network", "ann", "--as-of", "2026-02-01", code=1).split())
    assert "--events FILE" in CliRunner().invoke(main, ["gangs", "--lang", "en"]).output


def test_over_http_too_as_of_an_earlier_moment(server: Served) -> None:
    """Asked in one process beside the server, which says the same as of now for the newest moment."""
    then = "as_of=2026-03-01T09:01:30Z"
    found = asked(server, f"/v1/network/person/ann?{then}")
    assert {p["name"] for p in found["people"]} == {"who:ann", "who:bob"}
    assert (found["position"], found["as_of"]) == (2, "2026-03-01T09:01:30Z")
    nest = server.client.post("/v1/network:nest", json={"of": ["bob"], "as_of": "2026-03-01T09:00:30Z"})
    assert (nest.status_code, nest.json()["code"]) == (404, "not_in_window")
    process = server.site.past._process
    assert process is not None
    assert asked(server, f"/v1/gangs?{then}") | {"position": 0} == {
        "gangs": [], "next": None, "position": 0, "as_of": "2026-03-01T09:01:30Z",
    }  # fmt: skip
    assert asked(server, f"/v1/gangs/1?{then}", 404)["code"] == "no_gang"
    assert asked(server, f"/v1/network/person/code:xyz?{then}", 422)["code"] == "input"
    assert asked(server, f"/v1/network/person/nobody?{then}", 404)["code"] == "not_in_window"
    graph = server.client.get(f"/v1/network/person/ann?{then}&format=csv")
    assert {line["person"] for line in csv.DictReader(graph.text.splitlines())} == {"who:ann", "who:bob"}
    late = "as_of=2026-03-02"
    one = asked(server, f"/v1/gangs/1?{late}")
    assert {member["name"] for member in one["members"]} == {f"who:{who}" for who in WHO}
    assert asked(server, f"/v1/gangs?{late}")["gangs"] == asked(server, "/v1/gangs")["gangs"]
    day = asked(server, f"/v1/gangs/report?{late}")
    assert day["totals"] == asked(server, "/v1/gangs/report")["totals"]
    assert asked(server, "/v1/gangs/report?period=1h&as_of=2026-03-01T09:30:00Z")["totals"]["gangs"] == 0
    assert server.site.past._process is process, "one process answered all"


def test_a_moment_that_takes_too_long_is_given_up_and_the_next_question_starts_anew(
    server: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.site.past, "_answer_s", 0.0)
    assert asked(server, "/v1/gangs?as_of=2026-03-01T09:20:00Z", 503)["code"] == "past"
    monkeypatch.setattr(server.site.past, "_answer_s", 60.0)
    assert asked(server, "/v1/gangs?as_of=2026-03-01T09:20:00Z")["gangs"] == []
    process = server.site.past._process
    assert process is not None
    process.kill()
    assert asked(server, "/v1/gangs?as_of=2026-03-01T09:20:00Z", 503)["code"] == "past"
    assert server.site.past._process is None


def pushed(server: Served, path: str, count: int, **headers: str) -> list[dict[str, str]]:
    """The first events of a stream, field by field."""
    found: list[dict[str, str]] = []
    with server.client.stream("GET", path, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        event: dict[str, str] = {}
        for line in answer.iter_lines():
            name, colon, value = line.partition(": ")
            if colon:
                event[name] = value
            elif "data" in event:
                found.append(event)
                event = {}
            if len(found) == count:
                return found
    return found


def test_what_becomes_of_gangs_is_pushed(server: Served) -> None:
    every = asked(server, "/v1/gangs/changes")["changes"]
    events = pushed(server, "/v1/gangs/changes:stream?after=0&what=", 5)
    assert [json.loads(event["data"]) for event in events] == every
    assert [event["event"] for event in events] == [line["what"] for line in every]
    [alert] = pushed(server, "/v1/gangs/changes:stream?after=0", 1)
    assert (alert["event"], json.loads(alert["data"])["gang"]) == ("ALERT", 1)
    [first] = pushed(server, "/v1/gangs/changes:stream?since=2000-01-01", 1)
    assert first["id"] == alert["id"], "from the first alert since then"
    again = pushed(server, "/v1/gangs/changes:stream?what=&after=0", 1, **{"Last-Event-ID": events[3]["id"]})
    assert json.loads(again[0]["data"]) == every[4], "a lost connection goes on behind what was read"
    assert asked(server, "/v1/gangs/changes:stream", 422, headers={"last-event-id": "x"})["code"] == "last_event_id"


def test_the_stream_waits_for_what_comes_and_ends_with_the_server(tmp_path: Path) -> None:
    with Served(tmp_path, lender()) as made, made.client.stream("GET", "/v1/gangs/changes:stream") as answer:
        lines = answer.iter_lines()
        assert next(lines) == "retry: 2000"
        for number, who in enumerate(WHO):
            made.decide(applies(number, who, "d1", f"09:0{number}:00"))
        for number in range(70):
            made.decide(applies(100 + number, f"s{number}", f"x{number}", f"10:{number % 60:02}:00"))
        assert next(line for line in lines if line.startswith("event")) == "event: ALERT"
        made.ask_to_stop()
        assert all("event" not in line for line in lines)


def test_reports_of_hours_and_days_are_made_when_they_have_ended(tmp_path: Path) -> None:
    with Served(tmp_path, lender()) as made:
        reports = GangReports(made.site)

        def look() -> list[str]:
            return asyncio.run_coroutine_threadsafe(reports.look(made.site.desks["default"]), made._loop).result(60)

        assert look() == [], "nothing has come yet"
        for number, who in enumerate(WHO):
            made.decide(applies(number, who, "d1", f"09:0{number}:00"))
        for number in range(70):
            made.decide(applies(100 + number, f"s{number}", f"x{number}", f"10:{number % 60:02}:{number // 60:02}"))
        look()
        made.decide(applies(300, "zed", "z1", "11:00:01"))
        assert look() == ["1h-2026-03-01T11"]
        assert look() == [], "each is made once"
        listed = asked(made, "/v1/gangs/reports?period=1h")["reports"]
        assert listed[0] == {"id": "1h-2026-03-01T11", "period": "1h", "until": "2026-03-01T11:00:00Z"}
        found = asked(made, "/v1/gangs/reports/1h-2026-03-01T11")
        assert (found["from"], found["until"], found["standing_at"]) == (
            "2026-03-01T10:00:00Z", "2026-03-01T11:00:00Z", "2026-03-01T11:00:01Z",
        )  # fmt: skip
        assert (found["totals"]["new"], found["totals"]["alerts"], found["gangs"][0]["people"]) == (1, 1, 5)
        assert "ann" not in json.dumps(found), "no names are kept"
        page = made.client.get("/v1/gangs/reports/1h-2026-03-01T11?format=html", headers={"accept-language": "zh"})
        assert "新增" in page.text
        assert asked(made, "/v1/gangs/reports/1d-2026-03-01")["gangs"] == []
        assert [line["id"] for line in asked(made, "/v1/gangs/reports?period=1d")["reports"]] == ["1d-2026-03-01"]


def test_suspects_in_one_small_place_are_a_gang_though_nothing_joins_them(tmp_path: Path) -> None:
    """Three ask for much in one town within days, each with a device of their own; a fourth asks for little, a fifth comes a week later."""
    town = Link(field="city", joins=False, max_people=6)
    gang = Gang(when="amount > 5000", over=("city",), over_window="3d")
    with Served(
        tmp_path, lender(Network(person="who", amount="amount", links=(Link(field="device"), town), gang=gang))
    ) as made:
        for number, (who, amount) in enumerate((("ann", 9000), ("bob", 8000), ("cid", 100), ("dora", 9500))):
            made.decide(applies(number, who, f"d{number}", f"09:0{number}:00", city="Moo", amount=str(amount)))
        for number in range(70):
            made.decide(applies(100 + number, f"s{number}", f"x{number}", f"10:{number % 60:02}:00"))
        found = asked(made, "/v1/gangs/1")
        assert {member["name"] for member in found["members"]} == {"who:ann", "who:bob", "who:dora"}
        assert {link["thing"] for link in found["links"]} == {"city:Moo"}, "it is told over what"
        assert asked(made, "/v1/network/person/ann")["component"]["persons"] == 1
        late = json.loads(applies(300, "eve", "d9", "09:00:00", city="Moo", amount="9000")) | {
            "time": "2026-03-09T09:00:00Z"
        }
        made.decide(json.dumps(late).encode())
        for number in range(70):
            more = json.loads(applies(400 + number, f"t{number}", f"y{number}", "10:00:00")) | {
                "time": "2026-03-09T10:00:00Z"
            }
            made.decide(json.dumps(more).encode())
        assert asked(made, "/v1/gangs/1")["people"] == 3


def test_a_device_of_many_is_told_of_and_so_is_a_component_that_swallows_all(tmp_path: Path) -> None:
    """Three people may share a device; five do, and a hundred and twenty share telephones in a chain."""
    links = (Link(field="device", max_people=3), Link(field="phone"), Link(field="city", joins=False, max_people=2))
    with Served(tmp_path, lender(Network(person="who", amount="amount", links=links))) as made:
        alarms, desk = NetworkAlarms(made.site), made.site.desks["default"]

        def told(what: str) -> list[dict[str, Any]]:
            made._loop.call_soon_threadsafe(alarms.look, "default", desk)
            asked(made, "/healthz")
            return [line for line in made.log_lines() if line["event"] == what]

        for number, who in enumerate(WHO):
            made.decide(applies(number, who, "d1", f"09:0{number}:00", city="Moo"))
        found = asked(made, "/v1/network/hubs")
        assert [(hub["name"], hub["people"], hub["max_people"]) for hub in found["hubs"]] == [("device:d1", 5, 3)]
        assert (found["count"], found["largest_component"], found["persons"]) == (1, 3, 5)
        [alarm] = told("network_hubs")
        assert (alarm["links_over_cap"], alarm["hubs"]) == (2, 1)
        assert told("network_component") == []
        assert len(told("network_hubs")) == 1, "nothing new, nothing told"
        for number in range(120):
            for step in (0, 1):
                phone = f"138{number + step:08}"
                made.decide(applies(1000 + 2 * number + step, f"p{number}", None, "10:00:00", phone=phone))
        [large] = told("network_component")
        assert (large["people"], large["share"]) == (120, 0.96)
        assert len(told("network_component")) == 1
