"""Taking people and links back: a person who must be erased, a thing that was wrongly shared.

In: a state between two blocks, the key of a person or of a thing. Out: the state as if their events, or those links, had never been in the
window, from now on; what was answered before stays answered. Everything else stays as it is: what others hold, who is known to be bad.
Rows keep their place in line and mention nobody. The component is built anew from the edges that are left; one pass over all rows of the
window, and steps in proportion to the component.
"""

from __future__ import annotations

import numpy as np

from zhiyu.entities.slots import RUN, SIZE, USED, remove
from zhiyu.network import layout as at
from zhiyu.network.ask import node_of
from zhiyu.network.components import names_of
from zhiyu.network.forest import link_all, scatter
from zhiyu.network.forget_gangs import forget_thing, keep_apart, leave_gangs
from zhiyu.network.state import NetworkState


def erase_person(state: NetworkState, key: int) -> int:
    """Forget a person: events, labels, gangs. Returns how many rows of the window mention nobody any more."""
    if state.gangs is not None:
        leave_gangs(state.gangs, key, int(state.head[at.CLOCK]))
    node = node_of(state, key)
    if node < 0:
        return 0
    work = _Work(state, node)
    rows = work.rows_of_person(node)
    for row in rows:
        work.empty(row)
    work.drop(node)
    work.rebuild()
    return len(rows)


def unlink_thing(state: NetworkState, key: int) -> int:
    """Take a thing off all events up to now: who used it is not joined by it; whoever uses it from now on is. Returns how many events did.

    People who are joined by nothing else any more leave each other's gang, when it was this thing that they shared.
    """
    if state.gangs is not None:
        forget_thing(state.gangs, key)
    node = node_of(state, key)
    if node < 0:
        return 0
    work = _Work(state, node)
    rows, users = work.take_off(node), dict[int, None]()
    for row in rows:
        users[int(work.lines[row, at.FIRST_SLOT]) - 1] = None
    work.drop(node)
    work.rebuild()
    if state.gangs is not None:
        keys = {int(state.rows[user, 0]): user for user in users}
        names = names_of(work.ints)
        keep_apart(state.gangs, {key: int(names[user]) for key, user in keys.items()}, int(state.head[at.CLOCK]))
    return len(rows)


def mentions_of(state: NetworkState, key: int) -> int:
    """How many rows of the window mention a person or a thing."""
    node = node_of(state, key)
    return int(state.rows[node, SIZE]) if node >= 0 else 0


class _Work:
    """One component of a state that is being changed."""

    def __init__(self, state: NetworkState, node: int) -> None:
        self.state = state
        used, top = int(state.slot_head[USED]), int(state.head[at.TOP])
        self.ints = state.nodes[:used].view(np.int32)
        self.events = state.events[:top]
        self.lines = self.events.view(np.int32)
        self.links = len(state.plan.links)
        names = names_of(self.ints)
        people = self.lines[:, at.FIRST_SLOT] - 1
        self.rows = np.flatnonzero((people >= 0) & (names[people] == names[node]))
        scatter(state.context, np.flatnonzero((names == names[node]) & (state.rows[:used, SIZE] > 0)))

    def rows_of_person(self, person: int) -> list[int]:
        """All rows of a person."""
        found: list[int] = self.rows[self.lines[self.rows, at.FIRST_SLOT] == person + 1].tolist()
        return found

    def empty(self, row: int) -> None:
        """A row mentions nobody any more; it only keeps its place in line."""
        for number in range(self.links):
            if self.lines[row, at.FIRST_SLOT + 1 + number]:
                self._take(row, number)
        self.events[row, 0] = int(self.events[row, 0]) >> at.STAMP_SHIFT << at.STAMP_SHIFT
        self.events[row, 1] = 0
        self.lines[row, at.FIRST_SLOT] = 0

    def take_off(self, thing: int) -> list[int]:
        """Take a thing off every row that mentions it; the rows, in order of their number."""
        slots = self.lines[:, at.FIRST_SLOT + 1 : at.FIRST_SLOT + 1 + self.links]
        places = np.argwhere(slots == thing + 1)
        for row, number in places.tolist():
            self.lines[row, at.FIRST_SLOT + 1 + number] = 0
            self._unmark(row, number)
        self.state.rows[thing, RUN] = 0
        return [row for row, _ in places.tolist()]

    def _take(self, row: int, number: int) -> None:
        """One link of a row is undone: out of the thing's chain, its degree, its mentions."""
        rows, thing = self.state.rows, int(self.lines[row, at.FIRST_SLOT + 1 + number]) - 1
        if int(self.events[row, 0]) >> (at.FRESH_BIT + number) & 1:
            self.ints[thing, at.DEGREE] -= 1
        self._unchain(row, number + 1, thing)
        self.lines[row, at.FIRST_SLOT + 1 + number] = 0
        self._unmark(row, number)
        rows[thing, SIZE] -= 1
        if rows[thing, SIZE] == 0:
            self.drop(thing)

    def _unmark(self, row: int, number: int) -> None:
        word = int(self.events[row, 0])
        self.events[row, 0] = word & ~(1 << (at.FRESH_BIT + number) | 1 << (at.LINKED_BIT + number))

    def _unchain(self, row: int, slot: int, node: int) -> None:
        """Whoever leads to this row in the chain of a node leads to the next one."""
        chains = at.FIRST_SLOT + self.links + 1
        link, before = int(self.state.rows[node, RUN]), (-1, 0)
        while link > 0:
            there, its = (link - 1) >> at.CHAIN_BITS, (link - 1) & 15
            if self.lines[there, at.FIRST_SLOT + its] != node + 1 or (
                before[0] >= 0 and not self._older(there, before[0])
            ):
                return
            if (there, its) == (row, slot):
                after = self.lines[row, chains + slot]
                if before[0] < 0:
                    self.state.rows[node, RUN] = after
                else:
                    self.lines[before[0], chains + before[1]] = after
                return
            link, before = int(self.lines[there, chains + its]), (there, its)

    def _older(self, one: int, other: int) -> bool:
        times = int(self.events[one, 0]) >> at.STAMP_SHIFT, int(self.events[other, 0]) >> at.STAMP_SHIFT
        if times[0] != times[1]:
            return times[0] < times[1]
        apart = int(self.lines[one, at.NUMBER]) - int(self.lines[other, at.NUMBER])
        return apart & at.INT32_MASK > at.INT32_MASK >> 1

    def drop(self, node: int) -> None:
        """A node that nothing mentions is forgotten."""
        if self.ints[node, at.KIND] == at.PERSON_KIND:
            self.state.head[at.ALL_PERSONS] -= 1
        self.state.rows[node, SIZE] = 0
        remove(self.state.rows.ravel(), self.state.index, self.state.slot_head, node)
        self.state.counters[at.FORGOTTEN] += 1

    def rebuild(self) -> None:
        """The trees of what is left of the component, newest edges first, so that each is taken up once."""
        edges: list[tuple[int, int, int]] = []
        for row in self.rows[self.lines[self.rows, at.FIRST_SLOT] > 0].tolist():
            word, person = int(self.events[row, 0]), int(self.lines[row, at.FIRST_SLOT]) - 1
            for number in range(self.links):
                if word >> (at.LINKED_BIT + number) & 1:
                    thing = int(self.lines[row, at.FIRST_SLOT + 1 + number]) - 1
                    edges.append((person, thing, word >> at.STAMP_SHIFT))
        edges.sort(key=lambda edge: -edge[2])
        link_all(self.state.context, np.array(edges, np.int64).reshape(-1, 3))
