"""Acting on what the network shows, told as a story.

Five people share a device; one of them a telephone number with a stranger, because the number had been reassigned. An investigator
counts first, then puts the gang on a list; the number is un-linked; one of the five asks to be erased. What was decided before can be
decided again as it was, and a server that opens the folder again knows what the first one knew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner

from tests.server.served import Served
from tests.server.test_network import NETWORK, WHO, applies, asked, lender
from zhiyu import Gang
from zhiyu.cli import main
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.declare_lists import EntityList

PHONE = "13800138000"


def watched(most: int = 6, most_1h: int = 200) -> Opened:
    """The lender keeps lists of customers and of devices."""
    gang = Gang(when="network_core_persons >= 3", max_listed=most, max_listed_1h=most_1h)
    policy = lender(msgspec.structs.replace(NETWORK, gang=gang)).policy
    lists = (
        EntityList(name="watched", of="customer", kind="watch"),
        EntityList(name="devices", of="device", kind="deny"),
    )
    return open_policy(msgspec.structs.replace(policy, lists=lists))


def story(made: Served) -> None:
    """Five on a device; eve and a stranger on a telephone number; seventy others."""
    for number, who in enumerate(WHO):
        made.decide(applies(number, who, "d1", f"09:0{number}:00", phone=PHONE if who == "eve" else None))
    made.decide(applies(9, "zoe", "z1", "09:09:00", phone=PHONE))
    for number in range(70):
        made.decide(applies(100 + number, f"s{number}", f"x{number}", f"10:{number % 60:02}:{number // 60:02}"))


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path, watched()) as made:
        story(made)
        yield made


def posted(server: Served, path: str, status: int = 200, **body: Any) -> Any:
    told = server.client.post(path, json=body)
    assert told.status_code == status, told.text
    return told.json()


def people(server: Served, whom: str, hops: int = 3) -> set[str]:
    """Who is around somebody."""
    return {p["name"].removeprefix("who:") for p in asked(server, f"/v1/network/{whom}?hops={hops}")["people"]}


def test_a_gang_is_counted_first_and_then_put_on_a_list_in_one_call(server: Served) -> None:
    counted = posted(server, "/v1/gangs/1:list", list="watched")
    assert (counted["people"], counted["new"], counted["within"], counted["dry_run"]) == (5, 5, True, True)
    assert asked(server, "/v1/lists/watched/entries")["entries"] == []
    done = posted(server, "/v1/gangs/1:list", list="watched", until="90d", reason="ring", dry_run=False)
    assert (done["new"], done["existing"]) == (5, 0)
    entries = asked(server, "/v1/lists/watched/entries")["entries"]
    assert {(entry["value"], entry["reason"]) for entry in entries} == {(who, "gang 1: ring") for who in WHO}
    assert all(entry["until"].startswith("2026-05-30") for entry in entries)
    again = posted(server, "/v1/gangs/1:list", list="watched", dry_run=False)
    assert (again["new"], again["existing"]) == (0, 5)
    assert posted(server, "/v1/gangs/1:list", 422, list="devices")["code"] == "list"
    assert posted(server, "/v1/gangs/1:list", 422, list="watched", until="yesterday")["field"] == "until"
    assert posted(server, "/v1/gangs/7:list", 404, list="watched")["code"] == "no_gang"
    assert posted(server, "/v1/gangs/1:list", 404, list="nothing")["status"] == 404


@pytest.mark.parametrize(("most", "status"), [(5, 200), (4, 409)])
def test_no_more_people_than_the_policy_lets_one_call(tmp_path: Path, most: int, status: int) -> None:
    with Served(tmp_path, watched(most)) as made:
        story(made)
        assert posted(made, "/v1/gangs/1:list", list="watched")["within"] == (status == 200)
        told = posted(made, "/v1/gangs/1:list", status, list="watched", dry_run=False)
        assert told.get("code", "") == ("" if status == 200 else "blast_radius")
        assert len(asked(made, "/v1/lists/watched/entries")["entries"]) == (5 if status == 200 else 0)


def test_no_more_people_than_the_policy_lets_an_hour(tmp_path: Path) -> None:
    """Five a call and seven an hour: the second gang of five has to wait until the first is an hour ago, over a restart too."""
    others = ("fay", "gus", "hal", "ida", "joe")
    with Served(tmp_path, watched(5, 7)) as made:
        story(made)
        for number, who in enumerate(others):
            made.decide(applies(200 + number, who, "d2", f"11:2{number}:00"))
        for number in range(70):
            made.decide(applies(300 + number, f"t{number}", f"y{number}", f"11:30:{number % 60:02}"))
        assert posted(made, "/v1/gangs/1:list", list="watched", dry_run=False)["listed_1h"] == 0
    with Served(tmp_path, watched(5, 7)) as made:
        counted = posted(made, "/v1/gangs/2:list", list="watched")
        assert (counted["new"], counted["listed_1h"], counted["max_listed_1h"], counted["within"]) == (5, 5, 7, False)
        refused = posted(made, "/v1/gangs/2:list", 409, list="watched", dry_run=False)
        assert refused["code"] == "blast_radius"
        assert "max_listed_1h" in refused["detail"]
        assert len(asked(made, "/v1/lists/watched/entries")["entries"]) == 5
        made.decide(applies(400, "kim", "k1", "12:31:00"))
        assert posted(made, "/v1/gangs/2:list", list="watched", dry_run=False)["new"] == 5


def test_a_number_that_changed_hands_links_nobody_by_what_was_before(server: Served) -> None:
    assert "zoe" in people(server, "person/ann")
    counted = posted(server, "/v1/network:forget", what=f"phone:{PHONE}", dry_run=True)
    assert (counted["field"], counted["events"]) == ("phone", 2)
    assert "zoe" in people(server, "person/ann")
    assert posted(server, "/v1/network:forget", what=f"phone:{PHONE}", reason="reassigned")["events"] == 2
    assert people(server, "person/ann") == set(WHO)
    assert people(server, "person/zoe") == {"zoe"}
    assert asked(server, "/v1/gangs/1")["people"] == 5, "the device still joins them"
    server.decide(applies(500, "yan", "y1", "11:10:00", phone=PHONE))
    server.decide(applies(501, "zoe", "z1", "11:11:00", phone=PHONE))
    assert people(server, "person/yan") == {"yan", "zoe"}, "from now on it links again"
    assert posted(server, "/v1/network:forget", 422, what="phone")["code"] == "input"
    assert posted(server, "/v1/network:forget", 422, what="devise:d1")["code"] == "input"
    assert posted(server, "/v1/network:forget", 422, what=f"phone:{PHONE}", sure=True)["code"] == "unknown_key"


def test_who_is_erased_is_in_no_component_and_no_gang_and_the_folder_says_so_when_it_is_opened_again(
    tmp_path: Path,
) -> None:
    with Served(tmp_path, watched()) as made:
        story(made)
        before = asked(made, "/v1/decisions/a4")
        assert posted(made, "/v1/network:forget", what="person:dora", reason="asked for it")["events"] == 1
        assert people(made, "person/ann") == {*WHO, "zoe"} - {"dora"}
        assert asked(made, "/v1/network/person/dora", 404)["code"] == "not_in_window"
        assert asked(made, "/v1/gangs/1")["people"] == 4
        assert asked(made, "/v1/decisions/a4") == before, "what was decided stays"
        made.decide(applies(600, "ann", "d1", "11:30:00"))
        facts = dict(made.site.desks["default"].live.engine.facts())
        gang = asked(made, "/v1/gangs/1")
        then = ["network", "dora", "--data", str(tmp_path), "--as-of", "2026-03-01T09:30:00Z", "--json"]
        assert json.loads(CliRunner().invoke(main, then).output)["component"]["persons"] == 6, (
            "it acts from its position on"
        )
    verified = CliRunner().invoke(main, ["verify", "--data", str(tmp_path), "--all", "--json"])
    found = json.loads(verified.output)
    assert verified.exit_code == 0, verified.output
    assert found["counts"]["holds"] == 77
    with Served(tmp_path, watched()) as again:
        assert {
            k: v for k, v in again.site.desks["default"].live.engine.facts().items() if k.startswith("network")
        } == {k: v for k, v in facts.items() if k.startswith("network")}
        told = asked(again, "/v1/gangs/1")
        assert {k: told[k] for k in ("people", "members", "lineage")} == {
            k: gang[k] for k in ("people", "members", "lineage")
        }


def test_a_snapshot_carries_it(tmp_path: Path) -> None:
    with Served(tmp_path, watched()) as made:
        story(made)
        posted(made, "/v1/network:forget", what="person:dora")
        posted(made, "/v1/network:forget", what=f"phone:{PHONE}")
    live = Live(tmp_path / "default", watched(), clock="events")
    live.snapshot(wait=True)
    live.close()
    with Served(tmp_path, watched()) as again:
        assert again.site.desks["default"].live.recovered.frames == 0
        assert people(again, "person/ann") == set(WHO) - {"dora"}


def test_the_command_counts_and_then_does_it(server: Served) -> None:
    def said(*arguments: str, code: int = 0) -> str:
        url = f"http://127.0.0.1:{server.port}"
        result = CliRunner().invoke(main, ["forget", *arguments, "--url", url])
        assert result.exit_code == code, result.output
        return result.output

    assert "1 events of the window" in said("person:dora", "--lang", "en")
    assert "--yes" in said("person:dora", "--lang", "zh")
    assert "dora" in people(server, "person/ann")
    assert json.loads(said("person:dora", "--yes", "--json"))["events"] == 1
    assert "dora" not in people(server, "person/ann")
    assert "person" in said("dora", "--lang", "en", code=1)
    assert "0 events" in said("person:dora", "--yes", "--lang", "en")
