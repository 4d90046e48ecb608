"""Three ways of investigation over a real log, held against going through all its records by hand; as of a moment; asked again."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from zhiyu.cases.explore import Explorer, run
from zhiyu.cases.model import Who
from zhiyu.cases.three_ways import behind, nest, person, weight
from zhiyu.engine.live import Label, Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.policy.load import load_texts

POLICY = """
name: shared
events:
- name: loan
  money: amount
  fields:
    customer: {type: string, required: true, entity: customer}
    amount: {type: money, currency: CNY, required: true}
    device: {type: string, entity: device}
    card: {type: string, entity: card}
    ip: {type: string, entity: ip}
network:
  person: customer
  links: [{field: device, max_people: 4}, {field: card, max_people: 4}, {field: ip, joins: false}]
rule_sets: [{name: main, rules: [{name: large, when: amount > 500, outcome: review}]}]
"""
START = 1_772_445_600_000
FOREVER = 1 << 53


@pytest.fixture(scope="module")
def opened() -> Opened:
    return open_policy(load_texts({"policy.yaml": POLICY.encode()}).policy, key=b"0123456789abcdef")


def made(count: int = 120) -> list[dict[str, Any]]:
    """Customers who share devices and cards in small groups, one device that many use, an IP that everybody uses."""
    rng, found = random.Random(5), list[dict[str, Any]]()
    for number in range(count):
        who = rng.randrange(40)
        device = "common" if rng.random() < 0.15 else f"d{who // 2 if rng.random() < 0.5 else who}"
        found.append({
            "type": "loan", "id": f"e{number}", "time": START + number * 60_000, "customer": f"c{who}", "amount": rng.randrange(1, 900),
            "device": device, "card": f"k{who // 3}" if rng.random() < 0.4 else None, "ip": "shop",
        })  # fmt: skip
    return found


@pytest.fixture(scope="module")
def live(opened: Opened, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    log = Live(tmp_path_factory.mktemp("ways"), opened, clock="events")
    records = made()
    for at in range(0, len(records), 7):
        answers = log.take([json.dumps(each).encode() for each in records[at : at + 7]])
        assert all(answer.refusal is None for answer in answers)
    log.label([Label(event="e3", fraud=True, reason="takeover"), Label(event="e5", fraud=False)])
    log.sync()
    yield log
    log.close()


def explorer(live: Live, position: int = 1 << 60, until_ms: int = FOREVER) -> Explorer:
    return Explorer(live, position, until_ms)


def values(record: dict[str, Any]) -> set[tuple[str, str]]:
    return {(name, record[name]) for name in ("customer", "device", "card", "ip") if record[name] is not None}


def test_a_person_touched_what_the_records_say(live: Live) -> None:
    for entity, value in (("customer", made()[3]["customer"]), ("device", "common"), ("ip", "shop"), ("card", "k1")):
        look = explorer(live)
        found = run(person(look, look.entity(entity, value)))
        mine = [each for each in made() if (entity, value) in values(each)]
        assert (found["events"], found["money"]) == (len(mine), sum(100 * each["amount"] for each in mine))
        counts: dict[tuple[str, str], int] = {}
        for each in mine:
            for other in values(each) - {(entity, value)}:
                counts[other] = counts.get(other, 0) + 1
        assert {(each["entity"], each["shown"]): each["events"] for each in found["touched"]} == counts
    look = explorer(live)
    known = run(person(look, look.entity("customer", made()[3]["customer"])))
    assert known["fraud"] is True
    assert [(each["kind"], each["text"], each["fraud"]) for each in known["known"]] == [("label", "takeover", True)]


def users(records: list[dict[str, Any]], thing: tuple[str, str]) -> set[str]:
    return {each["customer"] for each in records if each[thing[0]] == thing[1]}


def naive_nest(records: list[dict[str, Any]], start: set[str], hops: int) -> dict[str, int]:
    """Ring by ring over every record."""
    found, ring = dict[str, int](), set(start)
    for hop in range(hops):
        found |= dict.fromkeys(sorted(ring), hop)
        things = {(n, e[n]) for e in records for n in ("device", "card") if e["customer"] in ring and e[n] is not None}
        joined = [who for who in (users(records, thing) for thing in things) if len(who) <= 4]
        ring = set().union(*joined) - found.keys() if joined else set()
    return found


@pytest.mark.parametrize("hops", [1, 2, 12])
@pytest.mark.parametrize("upto", [30, 120])
def test_the_nest_is_what_the_naive_version_finds(live: Live, hops: int, upto: int) -> None:
    """Also as of an earlier moment: only what had been received by then."""
    until = START + (upto - 1) * 60_000
    records = made()[:upto]
    for start in ({"c0"}, {"c7", "c8"}, {records[3]["customer"]}):
        look = explorer(live, until_ms=until)
        found = run(nest(look, [look.entity("customer", each) for each in sorted(start)], hops))
        expected = naive_nest(records, start, hops)
        seen = {each["shown"]: each["hop"] for each in found["people"] if each["events"]}
        assert seen == {who: hop for who, hop in expected.items() if users(records, ("customer", who))}
        mine = [each for each in records if each["customer"] in expected]
        assert (found["events"], found["money"]) == (len(mine), sum(100 * each["amount"] for each in mine))
        if hops == 12:
            assert found["complete"] is True
        assert all(thing["joins"] is (thing["people"] <= 4) for thing in found["shared"])


def test_who_is_behind_shares_what_is_rare(live: Live) -> None:
    records, look = made(), explorer(live)
    whom = {each for record in records if record["customer"] == "c9" for each in values(record)}
    found = run(behind(look, [look.entity(*each) for each in sorted(whom)]))
    expected = {
        thing: users(records, thing) for thing in whom if thing[0] != "customer" and len(users(records, thing)) > 1
    }
    assert {(each["entity"], each["shown"]): each["people"] for each in found["things"]} == {
        thing: len(who) for thing, who in expected.items()
    }
    rarities = [each["rarity"] for each in found["things"]]
    assert rarities == sorted(rarities, reverse=True)
    weights: dict[str, float] = {}
    for (entity, _), who in expected.items():
        for each in who if entity != "ip" and len(who) <= 4 else ():
            weights[each] = weights.get(each, 0) + weight(len(who))
    assert {each["shown"]: each["weight"] for each in found["people"]} == {w: round(x, 4) for w, x in weights.items()}


def test_asked_again_as_of_the_same_position_it_says_the_same(opened: Opened, tmp_path: Path) -> None:
    log = Live(tmp_path, opened, clock="events")
    records = [json.dumps(each).encode() for each in made(60)]
    log.take(records[:40])
    at = log.position
    whom = [explorer(log).entity("customer", "c3"), explorer(log).entity("device", "common")]

    def asked() -> list[Any]:
        return [
            run(nest(explorer(log, at), whom, 6)),
            run(behind(explorer(log, at), whom)),
            run(person(explorer(log, at), whom[1])),
        ]

    before = asked()
    log.take(records[40:])
    log.label([Label(event="e1", fraud=True)])
    assert asked() == before
    assert run(person(explorer(log), whom[1]))["events"] > before[2]["events"]
    assert run(person(explorer(log), Who("device", "0" * 16)))["events"] == 0
    log.close()
