"""What the network means, in plain Python: a list of the events in the window, searched again for every question.

Components are found by walking; degrees by counting; the ball by sorting; the core by peeling lists. Slow, and obviously right.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from zhiyu.network import layout as at
from zhiyu.network.plan import NetworkPlan

STEPS, MOST_EVENTS, MOST_PEOPLE, LONGEST = 12, 64, 64, 64
Thing = tuple[int, int]


@dataclass(eq=False)
class Event:
    """One event of the window. `things`: what each link names; `linked`: whether it joins."""

    time: int
    number: int
    person: Thing
    things: list[Thing | None]
    amount: int = 0
    bad: bool = False
    linked: list[bool] = field(default_factory=list)

    @property
    def age_order(self) -> tuple[int, int]:
        """By time, then by arrival."""
        return self.time, self.number


class NaiveNetwork:
    """The oracle of `NetworkState`: same plan, one event at a time."""

    def __init__(self, plan: NetworkPlan) -> None:
        self.plan = plan
        self.events: list[Event] = []
        self.chains: dict[Thing, list[Event]] = {}
        self.clock = -(10**15)
        self.core: list[Thing] = []
        self.count = 0

    def take(self, time: int, kind: int, row: dict[int, int | None]) -> dict[int, Any]:
        """Results by number (None: null) of one event; `row`: values by register, None for null."""
        role, person = self.plan.roles[kind], row[self.plan.person]
        bad = self.plan.bad >= 0 and bool(row[self.plan.bad])
        if role == at.NOTHING or person is None or (role == at.LABELS and not bad):
            return self.silence()
        self.clock = max(self.clock, time)
        self.events = [each for each in self.events if each.time > self.clock - self.plan.window_ms]
        if role == at.LOOKS:
            return self.look((0, person), [row[link.register] for link in self.plan.links])
        if time <= self.clock - self.plan.window_ms:
            return self.silence()
        self.count += 1
        event = Event(time, self.count, (0, person), [None] * len(self.plan.links), bad=role == at.LABELS)
        if role == at.APPLIES:
            event.amount = (row[self.plan.amount] or 0) if self.plan.amount >= 0 else 0
            for number, link in enumerate(self.plan.links):
                value = row[link.register]
                thing = None if value is None else (link.type, value)
                event.things[number] = None if thing in event.things else thing
        self.events.append(event)
        event.linked = [
            thing is not None and link.links and self.degree(thing) <= link.max_people
            for thing, link in zip(event.things, self.plan.links)
        ]
        for node in (event.person, *(thing for thing in event.things if thing)):
            self.put_in_chain(node, event)
        return self.answer(event, event) if role == at.APPLIES else self.silence()

    def look(self, person: Thing, values: list[int | None]) -> dict[int, Any]:
        """Results as of now for an event that came before: nothing enters. Of its things only those count that somebody has used."""
        if not any(each.person == person for each in self.events):
            return self.silence()
        known = {thing for each in self.events for thing in each.things}
        things: list[Thing | None] = []
        for link, value in zip(self.plan.links, values):
            thing = None if value is None else (link.type, value)
            things.append(thing if thing in known and thing not in things else None)
        past = [each for each in self.chain(person)[:LONGEST] if each.things == things and not each.bad]
        asks = Event(self.clock, 0, person, things, linked=past[0].linked if past else [False] * len(things))
        return self.answer(asks, past[0] if past else None)

    def erase(self, person: Thing) -> None:
        """As if somebody had never come."""
        self.events = [each for each in self.events if each.person != person]

    def unlink(self, thing: Thing) -> None:
        """As if nobody had ever used a thing."""
        for each in self.events:
            for number, other in enumerate(each.things):
                if other == thing:
                    each.things[number] = None

    def silence(self) -> dict[int, Any]:
        """Counts are 0, the rest is null."""
        found: dict[int, Any] = dict.fromkeys(range(at.R_PEOPLE_ON), 0)
        found |= {at.R_BAD_SHARE: None, at.R_BURST: None, at.R_NEWEST_LINK_AGE: None}
        found[at.R_DENSITY] = 0.0
        for number in range(len(self.plan.links)):
            found[at.R_PEOPLE_ON + number], found[at.R_SHARED + number] = None, 0.0
        return found

    def degree(self, thing: Thing) -> int:
        """People who have an event with this thing in the window."""
        return len({each.person for each in self.events if thing in each.things})

    def put_in_chain(self, node: Thing, event: Event) -> None:
        """Newest first; a late event that would stand behind LONGEST newer ones stays out."""
        chain = self.chain(node)
        place = sum(each.age_order > event.age_order for each in chain)
        if place < LONGEST:
            self.chains[node] = [*chain[:place], event, *chain[place:]]

    def chain(self, node: Thing) -> list[Event]:
        """Events of a node, newest first."""
        return [
            each
            for each in self.chains.get(node, [])
            if each in self.events and (node == each.person or node in each.things)
        ]

    def edges(self) -> list[tuple[Thing, Thing, int]]:
        """Everything that joins: person, thing, time."""
        return [
            (each.person, thing, each.time)
            for each in self.events
            for thing, linked in zip(each.things, each.linked)
            if linked and thing
        ]

    def component(self, start: Thing) -> set[Thing]:
        """Everything that can be reached from a node."""
        around: dict[Thing, set[Thing]] = {}
        for one, other, _ in self.edges():
            around.setdefault(one, set()).add(other)
            around.setdefault(other, set()).add(one)
        met, waiting = {start}, [start]
        while waiting:
            for node in around.get(waiting.pop(), ()):
                if node not in met:
                    met.add(node)
                    waiting.append(node)
        return met

    def is_bad(self, person: Thing) -> bool:
        """Whether a label of the window says so."""
        return any(each.bad for each in self.events if each.person == person)

    def answer(self, event: Event, around: Event | None) -> dict[int, Any]:
        """All results for an event; `around`: where its ball is, in the window; `core`: people of its dense core."""
        self.core = []
        nodes = self.component(event.person)
        people = {node for node in nodes if node[0] == 0}
        own = [each for each in self.events if each.person in people and not each.bad]
        bad = {person for person in people if self.is_bad(person)}
        found = self.silence()
        found |= {at.R_NODES: len(nodes), at.R_PERSONS: len(people), at.R_APPLICATIONS: len(own)}
        found |= {
            at.R_AMOUNT: sum(each.amount for each in own),
            at.R_BAD: len(bad),
            at.R_BAD_SHARE: len(bad) / len(people),
        }
        for number, window in enumerate(self.plan.counted_ms):
            found[at.R_COUNTED + number] = sum(each.time > self.clock - window for each in own)
        if self.plan.counted_ms and own:
            found[at.R_BURST] = found[at.R_COUNTED] * self.plan.window_ms / (len(own) * self.plan.counted_ms[0])
        for number, (thing, link) in enumerate(zip(event.things, self.plan.links)):
            if thing:
                found[at.R_PEOPLE_ON + number] = self.degree(thing)
                found[at.R_CAPS_HIT] += link.links and self.degree(thing) > link.max_people
        if len(people) > 1 and around is not None:
            self.look_around(around, found)
        if bad - {event.person}:
            found[at.R_BAD_1], found[at.R_BAD_2] = self.bad_near(event.person)
        return found

    def gather(self, event: Event) -> list[Event]:
        """The event and those that share a linking thing with it."""
        ball = [event]
        chains = [self.chain(thing) if thing and on else [] for thing, on in zip(event.things, event.linked)]
        for step in range(STEPS):
            for number, chain in enumerate(chains):
                if step < len(chain) and chain[step] not in ball and self.joins(chain[step], event.things[number]):
                    if len(ball) == MOST_EVENTS:
                        return ball
                    ball.append(chain[step])
        return ball

    @staticmethod
    def joins(event: Event, thing: Thing | None) -> bool:
        """Whether an event is an edge to this thing."""
        return any(on and each == thing for each, on in zip(event.things, event.linked))

    def look_around(self, event: Event, found: dict[int, Any]) -> None:
        """The ball and its core."""
        ball = self.gather(event)
        people = list(dict.fromkeys(each.person for each in ball))
        found[at.R_BALL_PERSONS] = len(people)
        if len(people) > 1:
            found[at.R_NEWEST_LINK_AGE] = self.clock - max(each.time for each in ball if each.person != event.person)
        if len(people) < self.plan.min_persons:
            return
        names, edges = self.graph(ball, people)
        if not edges:
            return
        total, core = greedy(len(names), edges)
        members = [number for number in sorted(core) if number < len(people)]
        self.core = [people[number] for number in members]
        found |= {
            at.R_CORE_PERSONS: len(members),
            at.R_IN_CORE: int(0 in core),
            at.R_DENSITY: total / len(core) / 64_000.0,
        }
        for number in range(len(self.plan.links)):
            inside = sum(one in core and other in core and link == number for one, other, link, _ in edges)
            found[at.R_SHARED + number] = inside / len(members)

    def graph(self, ball: list[Event], people: list[Thing]) -> tuple[list[Thing], list[tuple[int, int, int, int]]]:
        """Names of nodes, and (person, thing, link, weight) of edges between people and things of several people."""
        drawn: dict[tuple[Thing, Thing], tuple[int, int]] = {}
        things: list[Thing] = []
        for person in people:
            for each in (each for each in ball if each.person == person):
                for number, thing in enumerate(each.things):
                    if thing is None or (self.plan.links[number].links and not each.linked[number]):
                        continue
                    things.append(thing)
                    link, time = drawn.get((person, thing), (number, each.time))
                    drawn[person, thing] = link, max(time, each.time)
        shared = [t for t in dict.fromkeys(things) if sum(thing == t for _, thing in drawn) > 1]
        names = people + shared
        edges = []
        for (person, thing), (number, time) in drawn.items():
            if thing in shared and self.degree(thing) <= self.plan.links[number].max_people:
                weight = self.weight(number, self.degree(thing), time)
                edges.append((people.index(person), names.index(thing), number, weight))
        return names, edges

    def weight(self, number: int, degree: int, time: int) -> int:
        """Weight of one edge."""
        step = min((self.clock - time) * 64 // self.plan.half_life_ms, 1023)
        full = self.plan.links[number].weight * round(65_536 / math.log(min(degree, 1023) + 5)) // 1024
        return max(full * round(65_536 * 2 ** (-step / 64)) // 65_536, 1)

    def bad_near(self, person: Thing) -> tuple[int, int]:
        """Known-bad people within one and two links."""
        met, things = [person], set[Thing]()
        self.meet(person, met, things)
        near = met[1:]
        for each in near:
            self.meet(each, met, things)
        return sum(map(self.is_bad, near)), sum(map(self.is_bad, met[1:]))

    def meet(self, person: Thing, met: list[Thing], things: set[Thing]) -> None:
        """Everybody who shares a linking thing with this person."""
        for each in self.chain(person)[:STEPS]:
            for thing, on in zip(each.things, each.linked):
                if not on or thing is None or thing in things:
                    continue
                things.add(thing)
                for other in self.chain(thing)[:STEPS]:
                    if len(met) < MOST_PEOPLE and self.joins(other, thing) and other.person not in met:
                        met.append(other.person)


def greedy(n: int, edges: list[tuple[int, int, int, int]]) -> tuple[int, set[int]]:
    """(weight inside, nodes) of the best set that greedy peeling meets; nodes without edges are in none."""
    left = {node for one, other, *_ in edges for node in (one, other)}
    best = inside(left, edges), set(left)
    while len(left) > 1:
        left.remove(
            min(left, key=lambda node: (sum(w for a, b, _, w in edges if node in (a, b) and {a, b} <= left), node))
        )
        total = inside(left, edges)
        if total * len(best[1]) > best[0] * len(left):
            best = total, set(left)
    return best


def inside(nodes: set[int], edges: list[tuple[int, int, int, int]]) -> int:
    """Weight of all edges between these nodes."""
    return sum(weight for one, other, _, weight in edges if one in nodes and other in nodes)
