"""Gangs without somebody: one who was erased, or two who turned out to be strangers.

In: the gangs' state between two blocks. Out: the state as it stands without those edges; the record tells what became of the gangs. The
largest part keeps the id (of equal ones the one with the least key); others of two and more get new ones, as when a gang breaks by itself.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.entities.slots import FREE_MARK, RUN, SEEN, SIZE, USED, find, remove, spread_bits
from zhiyu.network import gangs as g
from zhiyu.network import layout as at
from zhiyu.network.gang_state import GangState
from zhiyu.network.spanning import Edge, roots_of, spanning_trees

_PAIR, _NUMBER = 1, 2


def leave_gangs(state: GangState, key: int, clock: int) -> None:
    """A person leaves the gangs, and the cores that wait for their gates; nobody is joined with somebody over a thing any more."""
    lines = state.things[: int(state.thing_head[USED])]
    for slot in np.flatnonzero((lines[:, SEEN] != FREE_MARK) & (lines[:, RUN] == key)).tolist():
        remove(state.things.ravel(), state.thing_index, state.thing_head, slot)
    for core in _cores(state):
        members = core[g.P_KEYS : g.P_KEYS + int(core[2])].tolist()
        if members and members[0] == key:
            core[1], core[2], core[g.P_COUNT] = 0, 0, 0
        elif key in members:
            _drop(core, members.index(key))
    node = int(find(state.rows.ravel(), state.index, state.slot_head, key, spread_bits(key)))
    if node >= 0:
        one, other = _ends(state)
        _take(state, np.flatnonzero((one == node) | (other == node)), clock)


def forget_thing(state: GangState, key: int) -> None:
    """A thing joins nobody over whom it was used so far."""
    slot = int(find(state.things.ravel(), state.thing_index, state.thing_head, key, spread_bits(key)))
    if slot >= 0:
        remove(state.things.ravel(), state.thing_index, state.thing_head, slot)
    for core in state.pending:
        things = core[g.P_THINGS : g.P_THINGS + int(core[g.P_COUNT])]
        kept = things[things != key]
        core[g.P_THINGS : g.P_THINGS + len(kept)], core[g.P_COUNT] = kept, len(kept)


def keep_apart(state: GangState, component: Mapping[int, int], clock: int) -> None:
    """People (keys) who are in different components now are bound by no edge of each other."""
    for core in _cores(state):
        members = core[g.P_KEYS : g.P_KEYS + int(core[2])].tolist()
        for place in range(len(members) - 1, 0, -1):
            if _strangers(component, members[0], members[place]):
                _drop(core, place)
    one, other = _ends(state)
    keys = state.rows[:, 0]
    wrong = [
        edge
        for edge in np.flatnonzero(one >= 0).tolist()
        if _strangers(component, int(keys[one[edge]]), int(keys[other[edge]]))
    ]
    _take(state, np.array(wrong, np.int64), clock)


def _strangers(component: Mapping[int, int], one: int, other: int) -> bool:
    return one in component and other in component and component[one] != component[other]


def _cores(state: GangState) -> list[Array]:
    return [core for core in state.pending if core[2] > 0]


def _drop(core: Array, place: int) -> None:
    """One person less in a core that waits."""
    last = int(core[2]) - 1
    for part in (g.P_KEYS, g.P_CODES):
        core[part + place : part + last] = core[part + place + 1 : part + last + 1].copy()
    core[2] = last


def _ends(state: GangState) -> tuple[Array, Array]:
    """The two people of every edge, -1 where there is none (any more)."""
    pairs = state.edges[: int(state.head[g.G_EDGES]), _PAIR]
    gone = pairs == g.GONE_EDGE
    return np.where(gone, -1, pairs & at.INT32_MASK), np.where(gone, -1, pairs >> 32)


def _take(state: GangState, edges: Array, clock: int) -> None:
    """Take edges away and build the gangs anew that held them."""
    if not len(edges):
        return
    ints = state.nodes[: int(state.slot_head[USED])].view(np.int32)
    one, other = _ends(state)
    roots = roots_of(ints)
    people = np.concatenate([one[edges], other[edges]]).tolist()
    broken = sorted({int(roots[person]) for person in people}, key=lambda root: int(ints[root, at.GANG]))
    members = {root: np.flatnonzero((roots == root) & (state.rows[: len(roots), SIZE] > 0)).tolist() for root in broken}
    names = {root: int(ints[root, at.GANG]) for root in broken}
    state.edges[edges, _PAIR] = g.GONE_EDGE
    state.head[g.G_LIVE] -= len(edges)
    for person in people:
        state.rows[person, SIZE] -= 1
    one, other = _ends(state)
    for root in broken:
        _rebuild(state, members[root], names[root], roots, root, one, other, clock)


def _rebuild(
    state: GangState, members: list[int], name: int, roots: Array, root: int, one: Array, other: Array, clock: int
) -> None:
    ints = state.nodes[: int(state.slot_head[USED])].view(np.int32)
    kept = [node for node in members if state.rows[node, SIZE] > 0]
    own = np.flatnonzero((one >= 0) & (roots[one] == root)).tolist()
    edges = [Edge(int(state.edges[edge, _NUMBER]), int(one[edge]), int(other[edge])) for edge in own]
    sums = dict.fromkeys(kept, 1 | 1 << 32)
    least = {node: int(state.rows[node, 0]) for node in kept}
    tops, within = list[int](), dict[int, int]()
    for node, parent, number in spanning_trees(kept, edges):
        ints[node, at.PARENT], ints[node, at.GANG] = parent + 1, 0
        state.nodes[node, at.PEOPLE], state.nodes[node, at.EDGE_TIME] = sums[node], number
        if parent < 0:
            tops.append(node)
            within[node] = sums[node] >> 32
        else:
            sums[parent] += sums[node]
            least[parent] = min(least[parent], least[node])
    for node in members:
        if node not in sums:
            ints[node, at.PARENT] = ints[node, at.GANG] = 0
            remove(state.rows.ravel(), state.index, state.slot_head, node)
    _name(state, ints, sorted(tops, key=lambda top: (-within[top], least[top])), within, name, clock)


def _name(state: GangState, ints: Array, tops: list[int], within: Mapping[int, int], name: int, clock: int) -> None:
    """The first part keeps the name; it is told what became of the others."""
    if not tops or within[tops[0]] == 1:
        tell(state, g.EXPIRED_GANG, name, 0, clock, 0)
        return
    ints[tops[0], at.GANG] = name
    for top in tops[1:]:
        if within[top] > 1:
            state.head[g.G_NEXT_ID] += 1
            ints[top, at.GANG] = fresh = int(state.head[g.G_NEXT_ID])
            tell(state, g.SPLIT_GANG, name, fresh, clock, within[top])


def tell(state: GangState, what: int, gang: int, other: int, clock: int, people: int) -> None:
    """One line of the record, as `gangs.tell` writes it in machine code."""
    head = state.head
    line = state.lineage[int(head[g.G_TOLD]) % g.LINEAGE_ROWS]
    line[:] = what, gang, other, clock, people, head[g.G_EVENTS], head[g.G_ROW], at.NO_CODE
    head[g.G_TOLD] += 1
