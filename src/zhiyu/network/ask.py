"""Looking around in a network that stands still: who is near a person or thing, over what, since when.

In: a state, the key of a node. Out: people by their distance in links, and every link among them with its times. Nothing changes.
Followed are the links of the window that join; at most MAX_PEOPLE people and MAX_USES uses of one node, and it is said when there are more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.entities.slots import RUN, find, spread_bits
from zhiyu.network import layout as at
from zhiyu.network.state import NetworkState

MAX_PEOPLE = 1_000
MAX_USES = 200
MAX_HOPS = 6


@dataclass(slots=True)
class Use:
    """A person used a thing: number of the link (column of the policy), first and last time (ms since 1970), how often."""

    person: int
    thing: int
    link: int
    first_ms: int
    last_ms: int
    events: int = 1


@dataclass(slots=True)
class Near:
    """`hops`: people (keys) by distance, the nearest first; `bad`: those known to be bad; `uses`: every link among them; `people_on`: how
    many use each thing; `cut`: there are more. `component`: people, nodes, events, amount, known-bad people of the whole component."""

    hops: dict[int, int] = field(default_factory=dict)
    bad: set[int] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)
    people_on: dict[int, int] = field(default_factory=dict)
    component: dict[str, int] = field(default_factory=dict)
    cut: bool = False


def node_of(state: NetworkState, key: int) -> int:
    """The node of a key, or -1 when nobody has mentioned it in the window."""
    return int(find(state.rows.ravel(), state.index, state.slot_head, key, spread_bits(key)))


def look_around(state: NetworkState, key: int, hops: int) -> Near | None:
    """Everybody within so many links of a person (or of those who use a thing); None when nobody has mentioned the key in the window."""
    start = node_of(state, key)
    if start < 0:
        return None
    return _Walk(state).run(start, hops)


def keys_of(kind: int, codes: Array) -> Array:
    """Keys int64[n] of nodes of a type, from codes of values int64[n]; what `entities.slots.joined` gives one by one."""
    first = (spread_bits(kind) * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF
    mixed = codes.astype(np.int64).view(np.uint64)
    for factor in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):
        mixed = (mixed ^ (mixed >> np.uint64(33))) * np.uint64(factor)
    mixed = (mixed ^ (mixed >> np.uint64(33))) & np.uint64(0x7FFFFFFFFFFFFFFF)
    return (mixed ^ np.uint64(first)).view(np.int64)


def _is_older(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """By time, then by arrival (numbers of 32 bits that wrap around)."""
    if one[0] != other[0]:
        return one[0] < other[0]
    return (one[1] - other[1]) & at.INT32_MASK > at.INT32_MASK >> 1


class _Walk:
    def __init__(self, state: NetworkState) -> None:
        self.state, self.found = state, Near()
        self.ints = state.nodes[: int(state.slot_head[0])].view(np.int32)
        self.slots = len(state.plan.links) + 1
        self.lines = state.events[: int(state.head[at.TOP])].view(np.int32)
        self.epoch_ms = state.epoch_ms or 0
        self.uses: dict[tuple[int, int], Use] = {}
        self.things: dict[int, list[int]] = {}

    def run(self, start: int, hops: int) -> Near:
        is_person = self.ints[start, at.KIND] == 0
        people = [start] if is_person else self._people_on(start)
        distance = dict.fromkeys(people, 0 if is_person else 1)
        for hop in range(1 if is_person else 2, hops + 1):
            people = self._next(people, distance, hop)
        for person in distance:
            self._things_of(person)  # the links of the outermost too
        users = Counter(thing for _, thing in self.uses)
        for (_, thing), use in self.uses.items():
            if users[thing] > 1 or thing == start:
                self.found.uses.append(use)
                self.found.people_on[use.thing] = int(self.ints[thing, at.DEGREE])
        self.found.hops = {self._key(node): hop for node, hop in distance.items()}
        self.found.bad = {self._key(node) for node in distance if self.ints[node, at.BADS] > 0}
        self._component(start)
        return self.found

    def _next(self, people: list[int], distance: dict[int, int], hop: int) -> list[int]:
        fresh: list[int] = []
        for person in people:
            for thing in self._things_of(person):
                for other in self._people_on(thing):
                    if other in distance:
                        continue
                    if len(distance) == MAX_PEOPLE:
                        self.found.cut = True
                        return fresh
                    distance[other] = hop
                    fresh.append(other)
        return fresh

    def _things_of(self, person: int) -> list[int]:
        """What joins a person; asked for the first time, its uses are written down."""
        if person in self.things:
            return self.things[person]
        things: dict[int, None] = {}
        for row in self._rows(person):
            for number in range(self.slots - 1):
                if (self.state.events[row, 0] >> (at.LINKED_BIT + number)) & 1:
                    thing = int(self._slots(row)[number + 1]) - 1
                    things[thing] = None
                    self._note(person, thing, number, row)
        self.things[person] = list(things)
        return self.things[person]

    def _people_on(self, thing: int) -> list[int]:
        people: dict[int, None] = {}
        for row in self._rows(thing):
            number = [int(each) - 1 for each in self._slots(row)].index(thing) - 1
            if (self.state.events[row, 0] >> (at.LINKED_BIT + number)) & 1:
                people[int(self._slots(row)[0]) - 1] = None
        return list(people)

    def _note(self, person: int, thing: int, number: int, row: int) -> None:
        time = int(self.state.events[row, 0] >> at.STAMP_SHIFT) + self.epoch_ms
        use = self.uses.get((person, thing))
        if use is None:
            self.uses[person, thing] = Use(self._key(person), self._key(thing), number, time, time, 0)
            use = self.uses[person, thing]
        use.first_ms, use.last_ms, use.events = min(use.first_ms, time), max(use.last_ms, time), use.events + 1

    def _rows(self, node: int) -> Iterator[int]:
        """Rows of a node's events, newest first; as `window.followed` does it, in machine code."""
        link, before = int(self.state.rows[node, RUN]), None
        for _ in range(MAX_USES):
            row, slot = (link - 1) >> at.CHAIN_BITS, (link - 1) & 15
            if link <= 0 or self.lines[row, at.FIRST_SLOT + slot] != node + 1:
                return
            stands = int(self.state.events[row, 0] >> at.STAMP_SHIFT), int(self.lines[row, at.NUMBER])
            if before is not None and not _is_older(stands, before):
                return
            yield row
            link, before = int(self.lines[row, at.FIRST_SLOT + self.slots + slot]), stands
        self.found.cut = True

    def _slots(self, row: int) -> list[int]:
        found: list[int] = self.lines[row, at.FIRST_SLOT : at.FIRST_SLOT + self.slots].tolist()
        return found

    def _key(self, node: int) -> int:
        return int(self.state.rows[node, 0])

    def _component(self, node: int) -> None:
        while self.ints[node, at.PARENT]:
            node = int(self.ints[node, at.PARENT]) - 1
        line = self.ints[node]
        self.found.component = {
            "persons": int(line[at.PERSONS]), "nodes": int(line[at.NODES]), "events": int(line[at.APPLICATIONS]),
            "amount": int(self.state.nodes[node, at.AMOUNT]), "bad": int(line[at.BAD]),
        }  # fmt: skip
