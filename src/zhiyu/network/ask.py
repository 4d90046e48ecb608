"""Looking around in a network that stands still: who is near a person or thing, over what, since when.

In: a state, the keys of nodes. Out: people by their distance in links, and every link among them with its times. Nothing changes.
Followed are the links of the window that join; at most `Reach.people` people and `Reach.uses` events of one node, `Reach.rows` in all, and
it is said when there are more: an answer costs a bounded time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.entities.slots import RUN, find, spread_bits
from zhiyu.network import layout as at
from zhiyu.network.state import NetworkState

MAX_PEOPLE = 1_000
MAX_USES = 200
MAX_ROWS = 1_000_000
MAX_HOPS = 6


@dataclass(frozen=True, slots=True)
class Reach:
    """How far one look goes: people, events of one person or thing, events in all."""

    people: int = MAX_PEOPLE
    uses: int = MAX_USES
    rows: int = MAX_ROWS


FAR = Reach()


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
    many use each thing; `cut`: there are more. `component`: people, nodes, events, amount, known-bad people of the whole component (of the
    first who was asked for). `amount`, `events`: of the people found, as far as their events were followed. `gangs`: of each who is in one.
    `codes`: kind of node and value of every key here."""

    hops: dict[int, int] = field(default_factory=dict)
    bad: set[int] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)
    people_on: dict[int, int] = field(default_factory=dict)
    component: dict[str, int] = field(default_factory=dict)
    amount: int = 0
    events: int = 0
    gangs: dict[int, int] = field(default_factory=dict)
    codes: dict[int, tuple[int, int]] = field(default_factory=dict)
    cut: bool = False


def node_of(state: NetworkState, key: int) -> int:
    """The node of a key, or -1 when nobody has mentioned it in the window."""
    return int(find(state.rows.ravel(), state.index, state.slot_head, key, spread_bits(key)))


def look_around(state: NetworkState, keys: int | Iterable[int], hops: int, reach: Reach = FAR) -> Near | None:
    """Everybody within so many links of some people (or of those who use some things); None when nobody has mentioned any of the keys in
    the window."""
    asked = [keys] if isinstance(keys, int) else list(keys)
    starts = [node for node in (node_of(state, key) for key in asked) if node >= 0]
    return _Walk(state, reach).run(starts, hops) if starts else None


def look_among(state: NetworkState, keys: Iterable[int], reach: Reach = FAR) -> Near:
    """These people and what joins them with one another, things over which gangs join among it, nobody else; people whom nobody has
    mentioned in the window are left out."""
    nodes = [node for node in (node_of(state, key) for key in keys) if node >= 0]
    gang = state.plan.gang
    return _Walk(state, reach, gang.over if gang is not None else ()).among(nodes)


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


class _Row(NamedTuple):
    """One event: its word 0 (time and flags), its amount, its slots."""

    word: int
    amount: int
    slots: list[int]


class _Walk:
    def __init__(self, state: NetworkState, reach: Reach, over: tuple[int, ...] = ()) -> None:
        """`over`: links that are followed though they do not join."""
        self.state, self.reach, self.found, self.over = state, reach, Near(), over
        self.rows_left = reach.rows
        self.ints = state.nodes[: int(state.slot_head[0])].view(np.int32)
        self.slots = len(state.plan.links) + 1
        self.lines = state.events[: int(state.head[at.TOP])].view(np.int32)
        self.epoch_ms = state.epoch_ms or 0
        self.uses: dict[tuple[int, int], Use] = {}
        self.things: dict[int, list[int]] = {}
        self.visited: set[int] = set()
        self.all_links = (1 << (self.slots - 1)) - 1

    def run(self, starts: list[int], hops: int) -> Near:
        distance: dict[int, int] = {start: 0 for start in starts if self.ints[start, at.KIND] == 0}
        people = list(distance)
        for hop in range(1, hops + 1):
            people = self._next(people, distance, hop)
            if hop == 1:
                people += self._users_of([start for start in starts if self.ints[start, at.KIND] != 0], distance)
        return self._told(distance, set(starts), starts[0])

    def among(self, nodes: list[int]) -> Near:
        if len(nodes) > self.reach.people:
            nodes, self.found.cut = nodes[: self.reach.people], True
        return self._told(dict.fromkeys(nodes, 0), set(), nodes[0] if nodes else -1)

    def _told(self, distance: dict[int, int], starts: set[int], first: int) -> Near:
        for person in distance:
            self._things_of(person)  # the links of the outermost too
        users, things, found = Counter(thing for _, thing in self.uses), set[int](), self.found
        for (_, thing), use in self.uses.items():
            if users[thing] > 1 or thing in starts:
                found.uses.append(use)
                found.people_on[use.thing] = int(self.ints[thing, at.DEGREE])
                things.add(thing)
        found.hops = {self._key(node): hop for node, hop in distance.items()}
        found.bad = {self._key(node) for node in distance if self.ints[node, at.BADS] > 0}
        found.codes = {
            self._key(node): (int(self.ints[node, at.KIND]), int(self.state.rows[node, at.CODE]))
            for node in (*distance, *things)
        }
        if self.state.gangs is not None:
            found.gangs = self.state.gangs.gangs_of(found.hops)
        if first >= 0:
            self._component(first)
        return found

    def _users_of(self, things: list[int], distance: dict[int, int]) -> list[int]:
        """Those who use the things that were asked for, one link away."""
        met = dict.fromkeys(person for thing in things for person in self._people_on(thing))
        fresh = [person for person in met if person not in distance]
        room = self.reach.people - len(distance)
        self.found.cut |= len(fresh) > room
        distance |= dict.fromkeys(fresh[:room], 1)
        return fresh[:room]

    def _next(self, people: list[int], distance: dict[int, int], hop: int) -> list[int]:
        fresh: list[int] = []
        for person in people:
            for thing in self._things_of(person):
                for other in self._people_on(thing):
                    if other in distance:
                        continue
                    if len(distance) == self.reach.people:
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
            self.found.amount += row.amount
            self.found.events += row.word >> at.APPLICATION_BIT & 1
            for number in self._joining(row):
                thing = row.slots[number + 1] - 1
                things[thing] = None
                self._note(person, thing, number, (row.word >> at.STAMP_SHIFT) + self.epoch_ms)
        self.things[person] = list(things)
        return self.things[person]

    def _people_on(self, thing: int) -> list[int]:
        """Who is joined by a thing; asked for again, nobody new."""
        if thing in self.visited:
            return []
        self.visited.add(thing)
        return list(
            dict.fromkeys(
                row.slots[0] - 1
                for row in self._rows(thing)
                if row.word >> (at.LINKED_BIT + row.slots.index(thing + 1) - 1) & 1
            )
        )

    def _joining(self, row: _Row) -> list[int]:
        """Numbers of the links that join an event's person."""
        bits = row.word >> at.LINKED_BIT & self.all_links
        for number in self.over:
            node = row.slots[number + 1] - 1
            if node >= 0 and self.ints[node, at.DEGREE] <= self.state.plan.links[number].max_people:
                bits |= 1 << number
        return [number for number in range(self.slots - 1) if bits >> number & 1] if bits else []

    def _note(self, person: int, thing: int, number: int, time: int) -> None:
        use = self.uses.get((person, thing))
        if use is None:
            self.uses[person, thing] = Use(self._key(person), self._key(thing), number, time, time)
            return
        use.first_ms, use.last_ms, use.events = min(use.first_ms, time), max(use.last_ms, time), use.events + 1

    def _rows(self, node: int) -> Iterator[_Row]:
        """A node's events, newest first; as `window.followed` does it, in machine code."""
        link, before = int(self.state.rows[node, RUN]), None
        for _ in range(min(self.reach.uses, self.rows_left)):
            if link <= 0:
                return
            slot, line = (link - 1) & 15, self.lines[(link - 1) >> at.CHAIN_BITS].tolist()
            if line[at.FIRST_SLOT + slot] != node + 1:
                return
            word = line[0] & at.INT32_MASK | line[1] << 32
            stands = word >> at.STAMP_SHIFT, line[at.NUMBER]
            if before is not None and not _is_older(stands, before):
                return
            self.rows_left -= 1
            yield _Row(word, line[2] & at.INT32_MASK | line[3] << 32, line[at.FIRST_SLOT : at.FIRST_SLOT + self.slots])
            link, before = line[at.FIRST_SLOT + self.slots + slot], stands
        self.found.cut |= link > 0

    def _key(self, node: int) -> int:
        return int(self.state.rows[node, 0])

    def _component(self, node: int) -> None:
        own, number = self.ints[node], int(self.ints[node, at.COMPONENT])
        if number:
            own, amount = self.state.component_lines()[number], int(self.state.components[number, at.AMOUNT])
            counts = int(own[at.PERSONS]), int(own[at.NODES]), int(own[at.BAD])
        else:
            is_person, amount = own[at.KIND] == at.PERSON_KIND, int(self.state.nodes[node, at.AMOUNT])
            counts = int(is_person), 1, int(is_person and own[at.BADS] > 0)
        self.found.component = {
            "persons": counts[0], "nodes": counts[1], "events": int(own[at.APPLICATIONS]), "amount": amount, "bad": counts[2],
        }  # fmt: skip
