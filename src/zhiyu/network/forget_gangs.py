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
from zhiyu.network.components import names_of
from zhiyu.network.forest import link_all, scatter
from zhiyu.network.gang_state import GangState

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
    groups = names_of(ints)
    people = np.concatenate([one[edges], other[edges]]).tolist()
    gangs = state.gangs_of_all()
    broken = sorted({(int(gangs[person]), int(groups[person])) for person in people})
    members = [np.flatnonzero((groups == group) & (state.rows[: len(groups), SIZE] > 0)) for _, group in broken]
    state.edges[edges, _PAIR] = g.GONE_EDGE
    state.head[g.G_LIVE] -= len(edges)
    for person in people:
        state.rows[person, SIZE] -= 1
    one, other = _ends(state)
    for (gang, group), nodes in zip(broken, members):
        own = np.flatnonzero((one >= 0) & (groups[one] == group))
        _rebuild(state, nodes, gang, np.stack([one[own], other[own], state.edges[own, _NUMBER]], 1), clock)


def _rebuild(state: GangState, members: Array, gang: int, edges: Array, clock: int) -> None:
    """One gang anew, from the edges (int64[n, 3]: one, other, number) that are left of it."""
    scatter(state.context, members)
    link_all(state.context, np.ascontiguousarray(edges[np.argsort(-edges[:, 2])]))
    gone = state.rows[members, SIZE] == 0
    for node in members[gone].tolist():
        remove(state.rows.ravel(), state.index, state.slot_head, node)
    parts = dict[int, list[int]]()
    for node, name in zip(members[~gone].tolist(), names_of(state.nodes[members[~gone]].view(np.int32)).tolist()):
        parts.setdefault(name, []).append(node)
    order = sorted(parts.values(), key=lambda part: (-len(part), min(int(state.rows[node, 0]) for node in part)))
    _name(state, order, gang, clock)


def _name(state: GangState, parts: list[list[int]], gang: int, clock: int) -> None:
    """The first part keeps the name; it is told what became of the others."""
    if not parts or len(parts[0]) == 1:
        tell(state, g.EXPIRED_GANG, gang, 0, clock, 0)
        return
    ints, lines = state.nodes.view(np.int32), state.component_lines()
    lines[ints[parts[0][0], at.COMPONENT], at.GANG] = gang
    for part in parts[1:]:
        if len(part) > 1:
            state.head[g.G_NEXT_ID] += 1
            lines[ints[part[0], at.COMPONENT], at.GANG] = fresh = int(state.head[g.G_NEXT_ID])
            tell(state, g.SPLIT_GANG, gang, fresh, clock, len(part))


def tell(state: GangState, what: int, gang: int, other: int, clock: int, people: int) -> None:
    """One line of the record, as `gangs.tell` writes it in machine code."""
    head = state.head
    line = state.lineage[int(head[g.G_TOLD]) % g.LINEAGE_ROWS]
    line[:] = what, gang, other, clock, people, head[g.G_EVENTS], head[g.G_ROW], at.NO_CODE
    head[g.G_TOLD] += 1
