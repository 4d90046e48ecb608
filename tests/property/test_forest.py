"""The forest of the newest edges by itself: edges in any order of time, then cut away from the oldest on; against sets of nodes."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_network import mates_hold
from zhiyu.base.arena import Arena
from zhiyu.base.jit import kernel
from zhiyu.base.machine import words_at
from zhiyu.entities.slots import USED
from zhiyu.network import forest
from zhiyu.network import layout as at
from zhiyu.network.gang_state import GangState
from zhiyu.network.plan import GangPlan

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
Edge = tuple[int, int, int]


@kernel
def cut_in(context: Any, child: int) -> None:
    """`forest.cut`, from outside."""
    forest.cut(words_at(context.ctypes.data), child)


def parts(nodes: int, pairs: list[tuple[int, int]]) -> set[frozenset[int]]:
    """What is together, by merging sets."""
    of = {node: frozenset([node]) for node in range(nodes)}
    for one, other in pairs:
        both = of[one] | of[other]
        of |= dict.fromkeys(both, both)
    return set(of.values())


def standing(state: GangState, nodes: int) -> list[tuple[int, int, int]]:
    """(child, parent, time) of the edges of the forest."""
    ints = state.nodes[:nodes].view(np.int32)
    return [
        (node, int(ints[node, at.PARENT]) - 1, int(state.nodes[node, at.EDGE_TIME]))
        for node in range(nodes)
        if ints[node, at.PARENT]
    ]


def forest_holds(state: GangState, nodes: int, edges: list[Edge]) -> None:
    """For ages from old to new: what edges newer than that join, the forest's newer edges join; lines of components say as much."""
    trees, ints = standing(state, nodes), state.nodes[:nodes].view(np.int32)
    ages = sorted({time for _, _, time in edges} | {-1})
    for time in ages[:: len(ages) // 6 + 1]:
        mine = [(child, parent) for child, parent, own in trees if own >= time]
        assert parts(nodes, mine) == parts(nodes, [(one, other) for one, other, own in edges if own >= time])
    groups = parts(nodes, [(child, parent) for child, parent, _ in trees])
    roots = np.zeros(nodes, np.int64)
    for group in groups:
        tops = [node for node in group if not ints[node, at.PARENT]]
        assert len(tops) == 1
        roots[list(group)] = tops[0]
        line = state.component_lines()[ints[tops[0], at.COMPONENT]]
        assert line[at.NODES] == line[at.PERSONS] == (len(group) if len(group) > 1 else 0)
    mates_hold(ints, np.arange(nodes), roots)
    lines = state.component_lines()
    assert (lines[:, at.NODES] > 0).sum() == sum(len(group) > 1 for group in groups)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_the_forest_is_the_one_of_the_newest_edges_and_a_cut_is_final(seed: int) -> None:
    rng = random.Random(seed)
    nodes, times = rng.randint(2, 24), rng.choice([3, 10, 1000])
    state = GangState(Arena(), GangPlan(0, 10), 64)
    state.slot_head[USED] = nodes
    state.component_head[at.C_ROUND] = rng.choice([0, forest.ROUNDS - rng.randint(1, 9)])  # marks are wiped on the way
    edges: list[Edge] = []
    for _ in range(rng.randint(1, 60)):
        one, other = rng.sample(range(nodes), 2)
        edges.append((one, other, rng.randrange(times)))
        forest.link_all(state.context, np.array([edges[-1]], np.int64))
        if rng.random() < 0.2:
            forest_holds(state, nodes, edges)
    forest_holds(state, nodes, edges)
    for oldest in sorted({time for _, _, time in edges}):
        edges = [edge for edge in edges if edge[2] > oldest]
        for child, _, time in standing(state, nodes):
            if time <= oldest:
                cut_in(state.context, child)
        if rng.random() < 0.2:
            forest_holds(state, nodes, edges)
    forest_holds(state, nodes, edges)
    assert state.component_lines()[:, at.NODES].sum() == 0
