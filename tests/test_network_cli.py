"""`zhiyu network` and `zhiyu gangs`, told as a story.

Ann, Bob and Cid apply within minutes over one device; Dora shares a card with Cid alone; Eve is a stranger. The label on
Bob arrives an hour later. Asked about Ann, the network names Bob and Cid at one link, Dora at two, and over what. An hour before, it
knows less.
"""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner
from rich.console import Console

from zhiyu.cli import main
from zhiyu.evaluation.report import ReportPrinter
from zhiyu.evaluation.tally import Replayed

POLICY = """
name: story
events:
  - name: apply
    fields:
      who: {type: string, required: true}
      device: {type: string}
      card: {type: card}
      amount: {type: money}
    money: amount
network:
  person: who
  amount: amount
  links: [{field: device}, {field: card}]
  gang: {when: network_core_persons >= 3 and network_in_core, window: 60d}
rule_sets:
  - {name: main, rules: [{name: crowd, when: network_persons > 3, outcome: review, reason: MANY}]}
reasons: [{code: MANY, en: many people, zh: 人数多}]
sources:
  - {name: rows, id: id, event: apply, time: {column: at}, fields: {who: who, device: device, card: card, amount: amount},
     label: {column: fraud, delay: 1h}}
"""
FIRST, SECOND = "4111111111111111", "5500005555555559"
STORY = [
    ("09:00", "ann", "=d1", FIRST, 0), ("09:01", "bob", "=d1", None, 1), ("09:02", "cid", "=d1", SECOND, 0),
    ("09:05", "dora", "d2", SECOND, 0), ("09:30", "eve", "d3", None, 0),
]  # fmt: skip


@pytest.fixture
def story(tmp_path: Path) -> list[str]:
    """Options that name the policy and the events; seventy strangers come later, so that the gates take effect."""
    (tmp_path / "policy").mkdir()
    (tmp_path / "policy" / "policy.yaml").write_text(POLICY, encoding="utf-8")
    rows = [
        {
            "id": who,
            "at": f"2026-03-01T{at}:00Z",
            "who": who,
            "device": device,
            "card": card,
            "amount": "100.00",
            "fraud": fraud,
        }
        for at, who, device, card, fraud in STORY
    ]
    rows += [
        {"id": f"s{n}", "at": f"2026-03-01T11:{n % 60:02}:00Z" if n < 60 else f"2026-03-01T12:{n % 60:02}:00Z", "who": f"s{n}",
         "device": f"x{n}", "amount": "1.00", "fraud": 0}
        for n in range(70)
    ]  # fmt: skip
    (tmp_path / "events.ndjson").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return ["--policy", str(tmp_path / "policy"), "--events", str(tmp_path / "events.ndjson"), "--lang", "en"]


def told(*arguments: str, code: int = 0) -> str:
    """What the command prints."""
    result = CliRunner().invoke(main, list(arguments))
    assert result.exit_code == code, result.output
    return result.output


def asked(*arguments: str) -> Any:
    """The JSON object it prints."""
    return json.loads(told(*arguments, "--json"))


def test_who_is_near_a_person_and_over_what(story: list[str]) -> None:
    found = asked("network", "person:ann", *story)
    assert {p["name"]: (p["hops"], p["bad"]) for p in found["people"]} == {
        "who:ann": (0, False), "who:bob": (1, True), "who:cid": (1, False), "who:dora": (2, False),
    }  # fmt: skip
    assert found["component"] == {"persons": 4, "nodes": 8, "events": 4, "amount": 40000, "bad": 1}
    links = {(link["person"], link["thing"]): link for link in found["links"]}
    assert {thing for _, thing in links} == {"device:=d1", "card:550000******5559"}, (
        "what only one person uses joins nobody"
    )
    link = links["who:bob", "device:=d1"]
    assert all(re.fullmatch("[0-9a-f]{16}", link.pop(name)) for name in ("person_code", "thing_code"))
    assert link == {
        "person": "who:bob", "thing": "device:=d1", "first": "2026-03-01T09:01:00Z", "last": "2026-03-01T09:01:00Z", "events": 1,
    }  # fmt: skip
    assert [p["name"] for p in asked("network", "ann", "--hops", "1", *story)["people"]] == [
        "who:ann",
        "who:cid",
        "who:bob",
    ]


def test_as_of_an_earlier_moment_it_knows_less(story: list[str]) -> None:
    found = asked("network", "person:ann", "--as-of", "2026-03-01T09:01:30Z", *story)
    assert [(p["name"], p["bad"]) for p in found["people"]] == [("who:ann", False), ("who:bob", False)]
    assert "window" in told("network", "person:eve", "--as-of", "2026-03-01T09:05:00Z", *story, code=1)


def test_from_a_thing_to_its_people(story: list[str]) -> None:
    found = asked("network", f"card:{SECOND}", "--hops", "1", *story)
    assert [p["name"] for p in found["people"]] == ["who:dora", "who:cid"]


def test_gangs_and_what_became_of_them(story: list[str]) -> None:
    found = asked("gangs", *story)
    [gang] = found["gangs"]
    assert (gang["gang"], gang["people"], gang["members"]) == (1, 3, ["who:ann", "who:bob", "who:cid"])
    assert (gang["amount"], gang["bad"], gang["events"], gang["alerted"]) == (30000, 1, 3, False)
    assert gang["since"] == found["lineage"][0]["time"]
    assert gang["score"] > 0
    assert [(x["what"], x["gang"], x["people"]) for x in found["lineage"]] == [("BORN", 1, 2), ("GROWN", 1, 3)]
    assert asked("gangs", "--since", "2026-03-02", *story)["lineage"] == []
    assert asked("gangs", "--as-of", "2026-03-01T10:00:00Z", *story)["gangs"] == [], (
        "the gate takes effect 64 decisions later"
    )


def test_everything_about_one_gang(story: list[str], tmp_path: Path) -> None:
    found = asked("gangs", "1", *story)
    assert [member["name"] for member in found["members"]] == sorted(
        ["who:ann", "who:bob", "who:cid"], key=codes_of(found)
    )
    assert {thing["name"]: thing["people"] for thing in found["things"]} == {"device:=d1": 3}, "Dora's card is outside"
    assert [(x["person"], x["thing"], x["time"]) for x in found["timeline"]] == [
        ("who:ann", "device:=d1", "2026-03-01T09:00:00Z"), ("who:bob", "device:=d1", "2026-03-01T09:01:00Z"),
        ("who:cid", "device:=d1", "2026-03-01T09:02:00Z"),
    ]  # fmt: skip
    assert [(x["what"], x["people"]) for x in found["lineage"]] == [("BORN", 2), ("GROWN", 3)]
    assert "wrote" in told("gangs", "1", "--export", str(tmp_path / "gang.csv"), *story)
    assert len((tmp_path / "gang.csv").read_text(encoding="utf-8").splitlines()) == 4
    assert "no gang 2" in told("gangs", "2", *story, code=1)
    assert "name it" in told("gangs", "--export", "all.csv", *story, code=1)


def codes_of(found: dict[str, Any]) -> Any:
    """Members are told in the order of their codes."""
    return {
        member["name"]: int(member["code"], 16) - (int(member["code"], 16) >> 63 << 64) for member in found["members"]
    }.get


def test_from_a_case_to_the_whole_nest_and_back_to_its_gangs(story: list[str]) -> None:
    found = asked("network", "person:eve", f"card:{SECOND}", "--hops", "2", *story)
    assert {p["name"]: (p["hops"], p["gang"]) for p in found["people"]} == {
        "who:eve": (0, None), "who:dora": (1, None), "who:cid": (1, 1), "who:ann": (2, 1), "who:bob": (2, 1),
    }  # fmt: skip
    assert found["gangs"] == [1]
    [cid] = [p["code"] for p in found["people"] if p["name"] == "who:cid"]
    assert asked("network", f"person:code:{cid}", "--hops", "1", *story)["people"][0]["name"] == "who:cid"
    assert "16 hex digits" in told("network", "person:code:12", *story, code=1)


def test_files_for_other_programs(story: list[str], tmp_path: Path) -> None:
    for kind in ("graphml", "json", "csv"):
        assert "wrote" in told("network", "person:ann", "--export", str(tmp_path / f"near.{kind}"), *story)
    tree = ElementTree.parse(tmp_path / "near.graphml").getroot()
    tag = "{http://graphml.graphdrawing.org/xmlns}"
    names = [node.get("id") for node in tree.iter(f"{tag}node")]
    assert len(names) == 6
    assert len(list(tree.iter(f"{tag}edge"))) == 5
    assert all(edge.get("source") in names and edge.get("target") in names for edge in tree.iter(f"{tag}edge"))
    rows = list(csv.DictReader((tmp_path / "near.csv").open(encoding="utf-8")))
    assert len(rows) == len(json.loads((tmp_path / "near.json").read_text(encoding="utf-8"))["links"]) == 5
    assert ".graphml" in told("network", "ann", "--export", "near.xlsx", *story, code=1)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_tables_and_errors_in_both_languages(story: list[str], language: str) -> None:
    options = [*story[:-1], language]
    assert ("4 people" if language == "en" else "4 人") in told("network", "person:ann", *options)
    assert "BORN" in told("gangs", *options)
    assert ("did you mean 'device'" if language == "en" else "device") in told("network", "devise:d1", *options, code=1)
    assert "4111" in told("network", "card:4111", *options, code=1)


def test_a_replay_tells_of_its_network(story: list[str]) -> None:
    found = asked("replay", story[3], *story[:2])
    assert (found["state"]["network_persons"], found["state"]["network_largest_component"]) == (75, 4)
    assert "the largest component has 4 people" in " ".join(
        told("replay", story[3], *story[:2], "--lang", "en").split()
    )


@pytest.mark.parametrize(("people", "alarm"), [(100, True), (99, False)])
def test_a_component_that_swallows_people_is_an_alarm(people: int, alarm: bool) -> None:
    out = StringIO()
    replayed = Replayed(features=1, policy_hash="p")
    replayed.state = {
        "network_persons": 1_000,
        "network_events": 1,
        "network_caps_hit": 0,
        "network_largest_component": people,
    }
    ReportPrinter(Console(file=out, width=200), "en")._footer(replayed)
    assert ("one component holds 10% of all people" in out.getvalue()) == alarm
