"""Three ways of investigation: from a person to cases, from a case to the person behind it, from a case to the whole nest.

In: an `Explorer`, somebody or the people and things of a case. Out: JSON, made in steps. What two people share weighs the more the fewer
share it: 1 / log2(1 + people); what more people share than the policy lets join is told as common, and not followed.
"""

from __future__ import annotations

import math
from collections.abc import Generator, Iterable
from datetime import UTC, datetime
from typing import Any

from zhiyu.cases.explore import Explorer, Touch, Touched
from zhiyu.cases.model import Who

MAX_PEOPLE, MAX_THINGS, MAX_HOPS = 500, 2_000, 12
TOLD = 200
Found = Generator[None, None, dict[str, Any]]


def person(explorer: Explorer, who: Who) -> Found:
    """Everything that somebody or something ever touched: events in sum, people and things with how often, when and how much; what became
    known."""
    found = yield from explorer.of(who)
    lines: dict[tuple[str, str], _Line] = {}
    for touch in found.touches:
        for each in touch.who:
            if (each.entity, each.code) != (who.entity, who.code):
                lines.setdefault((each.entity, each.code), _Line(each)).add(touch)
    touched = sorted(lines.values(), key=lambda line: (-line.events, line.who.entity, line.who.code))
    return {
        "who": _told(found.who), "fraud": found.fraud, **_sums(found.touches), "more": found.more,
        "touched": [line.told() for line in touched[:TOLD]], "known": [_said(each) for each in found.said[:TOLD]],
        "events_newest": [_event(touch) for touch in found.touches[:TOLD]],
    }  # fmt: skip


def behind(explorer: Explorer, whom: Iterable[Who]) -> Found:
    """Who is behind a case: the things that its events share with other people, the rarest first; and people by what they share with it."""
    words, own = explorer.words, list(whom)
    inside = {who.code for who in own if who.entity == words.person}
    things: list[dict[str, Any]] = []
    people: dict[str, _Behind] = {}
    for thing in own:
        if thing.entity == words.person:
            continue
        users, touched = yield from _users(explorer, thing)
        if len(users) < 2:
            continue
        most = words.linking.get(thing.entity, 0)
        rarity = weight(len(users))
        things.append(
            {**_told(touched.who), "people": len(users), "rarity": round(rarity, 4), "joins": 0 < len(users) <= most,
             **_sums(touched.touches), "more": touched.more}
        )  # fmt: skip
        for user in users.values():
            if 0 < len(users) <= most:
                people.setdefault(user.code, _Behind(user, user.code in inside)).share(touched.who, rarity)
    for each in list(people.values())[:MAX_PEOPLE]:
        known = yield from explorer.of(each.who)
        each.fraud, each.money, each.events = known.fraud, sum(t.money for t in known.touches), len(known.touches)
    ranked = sorted(people.values(), key=lambda each: (-each.weight, each.who.code))
    things.sort(key=lambda thing: (-thing["rarity"], -thing["events"], thing["entity"], thing["code"]))
    return {"things": things[:TOLD], "people": [each.told() for each in ranked[:TOLD]]}


def nest(explorer: Explorer, whom: Iterable[Who], hops: int = 6) -> Found:
    """From the people of a case over what they share to others, ring by ring, until nobody new is found: who, over what, how much money,
    when."""
    words = explorer.words
    ring = {who.code: who for who in whom if who.entity == words.person}
    for thing in [who for who in whom if who.entity in words.linking] if not ring else ():
        users, _ = yield from _users(explorer, thing)
        ring |= users
    people: dict[str, tuple[Who, int, Touched]] = {}
    things: dict[tuple[str, str], dict[str, Any]] = {}
    rings, complete, hop = list[dict[str, Any]](), True, 0
    while ring and hop < min(hops, MAX_HOPS):
        further: dict[str, Who] = {}
        over: dict[tuple[str, str], Who] = {}
        for who in sorted(ring.values(), key=lambda each: each.code):
            if len(people) == MAX_PEOPLE:
                complete = False
                break
            known = yield from explorer.of(who)
            people[who.code] = known.who, hop, known
            over |= {(w.entity, w.code): w for t in known.touches for w in t.who if w.entity in words.linking}
        for key in sorted(over.keys() - things.keys()):
            if len(things) == MAX_THINGS:
                complete = False
                break
            users, touched = yield from _users(explorer, over[key])
            joins = len(users) <= words.linking[key[0]]
            things[key] = {**_told(touched.who), "people": len(users), "hop": hop, "joins": joins and len(users) > 1}
            further |= users if joins else {}
        rings.append(_ring(hop, [each[2] for each in people.values() if each[1] == hop]))
        ring = {code: who for code, who in further.items() if code not in people}
        hop += 1
    shared = [thing for thing in things.values() if thing["people"] > 1]
    return {
        "complete": complete and not ring, "people": [_member(*each) for each in people.values()][:MAX_PEOPLE],
        "shared": sorted(shared, key=lambda each: (each["hop"], each["people"], each["entity"], each["code"]))[:MAX_THINGS],
        "rings": rings, **_sums(_distinct(each[2] for each in people.values())),
        "frauds": sum(each[2].fraud for each in people.values()),
    }  # fmt: skip


def weight(people: int) -> float:
    """How much it says that so many share something.

    >>> weight(3)
    0.5
    """
    return 1 / math.log2(1 + people)


class _Line:
    """How often somebody stands beside somebody else."""

    def __init__(self, who: Who) -> None:
        self.who, self.events, self.money, self.first, self.last = who, 0, 0, 1 << 62, 0

    def add(self, touch: Touch) -> None:
        self.events += 1
        self.money += touch.money
        self.first, self.last = min(self.first, touch.time_ms), max(self.last, touch.time_ms)

    def told(self) -> dict[str, Any]:
        return {
            **_told(self.who),
            "events": self.events,
            "money": self.money,
            "first": _time(self.first),
            "last": _time(self.last),
        }


class _Behind:
    """Somebody who shares things with a case."""

    def __init__(self, who: Who, inside: bool) -> None:
        self.who, self.inside, self.weight, self.via = who, inside, 0.0, list[Who]()
        self.fraud, self.money, self.events = False, 0, 0

    def share(self, thing: Who, rarity: float) -> None:
        self.weight += rarity
        self.via.append(thing)

    def told(self) -> dict[str, Any]:
        return {
            **_told(self.who), "in_case": self.inside, "weight": round(self.weight, 4), "via": [_told(each) for each in self.via[:20]],
            "fraud": self.fraud, "money": self.money, "events": self.events,
        }  # fmt: skip


def _users(explorer: Explorer, thing: Who) -> Generator[None, None, tuple[dict[str, Who], Touched]]:
    """The people who used a thing, by code."""
    touched = yield from explorer.of(thing)
    people = (who for touch in touched.touches for who in touch.who if who.entity == explorer.words.person)
    return {who.code: who for who in people}, touched


def _distinct(many: Iterable[Touched]) -> list[Touch]:
    return list({touch.position: touch for each in many for touch in each.touches}.values())


def _ring(hop: int, members: list[Touched]) -> dict[str, Any]:
    return {
        "hop": hop,
        "people": len(members),
        "frauds": sum(each.fraud for each in members),
        **_sums(_distinct(members)),
    }


def _sums(touches: list[Touch]) -> dict[str, Any]:
    outcomes: dict[str, int] = {}
    for touch in touches:
        if touch.outcome:
            outcomes[touch.outcome] = outcomes.get(touch.outcome, 0) + 1
    return {
        "events": len(touches), "money": sum(touch.money for touch in touches), "outcomes": dict(sorted(outcomes.items())),
        "first": _time(min((t.time_ms for t in touches), default=0)), "last": _time(max((t.time_ms for t in touches), default=0)),
    }  # fmt: skip


def _member(who: Who, hop: int, known: Touched) -> dict[str, Any]:
    return {**_told(who), "hop": hop, "fraud": known.fraud, **_sums(known.touches)}


def _told(who: Who) -> dict[str, Any]:
    return {"entity": who.entity, "code": who.code, "shown": who.shown or who.code}


def _event(touch: Touch) -> dict[str, Any]:
    return {
        "position": touch.position, "id": touch.event_id, "type": touch.type, "time": _time(touch.time_ms), "money": touch.money,
        "outcome": touch.outcome or None,
    }  # fmt: skip


def _said(said: Any) -> dict[str, Any]:
    own = {"fraud": said.fraud, "event_position": said.about} if said.kind == "label" else {}
    return {
        "position": said.position, "at": _time(said.at_ms), "kind": said.kind, "text": said.text, "author": said.author, **own,
    }  # fmt: skip


def _time(ms: int) -> str | None:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds") if ms else None
