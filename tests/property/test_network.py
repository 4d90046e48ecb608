"""The network against its naive meaning, and against scipy: components, sums, degrees, balls and cores of random streams."""

from __future__ import annotations

import os
import random
from itertools import combinations
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from tests.network.streams import AMOUNT, BAD, FIRST_LINK, PERSON, Fed, Item, random_plan, random_stream
from tests.oracles.naive_gangs import NaiveGangs
from tests.oracles.naive_network import NaiveNetwork, greedy, inside
from zhiyu.base.arena import Arena
from zhiyu.base.jit import kernel
from zhiyu.base.machine import words_at
from zhiyu.entities.slots import LIVE
from zhiyu.network import layout as at
from zhiyu.network.forget_gangs import forget_thing, leave_gangs
from zhiyu.network.gang_state import GangState
from zhiyu.network.gang_things import join_over_things
from zhiyu.network.gangs import P_CODES, P_COUNT, P_KEYS, P_THINGS, PENDING_WORDS, member
from zhiyu.network.gangs import bind as join_people
from zhiyu.network.gates import expire_gangs
from zhiyu.network.local import MIN_BLOCK
from zhiyu.network.peel import peel
from zhiyu.network.plan import GangPlan, LinkPlan, NetworkPlan
from zhiyu.network.state import NetworkState

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))


def drawn(seed: int) -> tuple[random.Random, NetworkPlan, list[Item]]:
    rng = random.Random(seed)
    plan = random_plan(rng, rng.choice([3, 20, 60, 200]))
    return rng, plan, random_stream(rng, plan, rng.choice([10, 60, 150]), rng.choice([3, 12, 60]))


def naive_answers(plan: NetworkPlan, items: list[Item]) -> list[dict[int, Any]]:
    naive, wanted = NaiveNetwork(plan), {result for result, _ in plan.outputs}
    return [{k: v for k, v in naive.take(*item).items() if k in wanted} for item in items]


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_every_result_is_what_the_naive_network_says(seed: int) -> None:
    _, plan, items = drawn(seed)
    fed = Fed(plan)
    found, wanted = fed.take_all(items), naive_answers(plan, items)
    if fed.state.facts()["doubtful_degrees"] == 0:
        for place, (one, other) in enumerate(zip(found, wanted)):
            assert one == other, (
                f"row {place} of seed {seed}: {[(k, v, other[k]) for k, v in one.items() if v != other[k]]}"
            )


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_any_chunking_and_a_snapshot_on_the_way_give_the_same(seed: int) -> None:
    rng, plan, items = drawn(seed)
    whole = Fed(plan).take_all(items)
    assert Fed(plan).take_all(items, [rng.randint(1, 9) for _ in range(5)]) == whole
    cut = rng.randrange(len(items))
    first = Fed(plan)
    before = first.take_all(items[:cut], [7, 1, 30])
    with TemporaryDirectory() as folder:
        first.state.snapshot(Path(folder) / "network.state", {"here": cut})
        again = NetworkState(plan, 1 << 24)
        assert again.restore(Path(folder) / "network.state") == {"here": cut}
    assert before + Fed(plan, again).take_all(items[cut:], [3, 64]) == whole


def trees_of(state: NetworkState) -> tuple[np.ndarray[Any, Any], dict[int, int], np.ndarray[Any, Any]]:
    """(ints of all lines, node by key, root of every node)."""
    used = int(state.slot_head[0])
    ints, rows = state.nodes[:used].view(np.int32), state.rows[:used]
    live = np.flatnonzero(rows[:, 3] > 0)
    roots = np.arange(used)
    for node in live:
        above = node
        while ints[above, at.PARENT]:
            above = ints[above, at.PARENT] - 1
        roots[node] = above
    return ints, {int(node): int(rows[node, 0]) for node in live}, roots


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_trees_are_the_components_that_scipy_finds_and_sums_are_exact(seed: int) -> None:
    """Late events, ties and expiry included; what scipy sees are the linked event rows of the window."""
    rng, plan, items = drawn(seed)
    fed = Fed(plan)
    for start in range(0, len(items), 20):
        fed.take_all(items[start : start + 20], [rng.randint(1, 20)])
        trees_hold(fed.state, plan)


def test_trees_of_a_long_stream() -> None:
    """30,000 events of 6,000 people: deep trees, many evictions, nodes that are forgotten and come back."""
    rng = random.Random(4)
    links = tuple(LinkPlan(FIRST_LINK + number, number + 1, max_people=8) for number in range(3))
    plan = NetworkPlan(
        PERSON, links, 9_000, ((at.R_PERSONS, 6),), (at.APPLIES, at.LABELS, at.NOTHING, at.LOOKS), (100,), AMOUNT, BAD
    )
    fed = Fed(plan)
    items = random_stream(rng, plan, 30_000, 6_000, jumps=0.0)
    for start in range(0, len(items), 6_000):
        fed.take_all(items[start : start + 6_000])
        trees_hold(fed.state, plan)
    facts = fed.state.facts()
    assert min(facts["evicted"], facts["cuts"], facts["forgotten_nodes"], facts["kept_out"], facts["late"]) > 500
    assert fed.state.largest_component() > 500


def trees_hold(state: NetworkState, plan: NetworkPlan) -> None:
    """The trees are the components of the linked event rows; mentions, lists of children and the sums of every component are so too."""
    ints, live, roots = trees_of(state)
    used, slots = len(ints), len(plan.links) + 1
    rows = state.events[: int(state.head[at.TOP])]
    row_ints = rows.view(np.int32)[:, at.FIRST_SLOT : at.FIRST_SLOT + slots]
    alive = np.flatnonzero(row_ints[:, 0])
    bits = (rows[alive, :1] >> (at.LINKED_BIT + np.arange(slots - 1))) & 1
    places = np.nonzero(bits)
    people, things = row_ints[alive[places[0]], 0] - 1, row_ints[alive[places[0]], places[1] + 1] - 1
    _, label = connected_components(
        coo_matrix((np.ones(len(people)), (people, things)), shape=(used, used)), directed=False
    )
    nodes = np.array(sorted(live), np.int64)
    assert len(set(zip(label[nodes], roots[nodes]))) == len(set(label[nodes])) == len(set(roots[nodes]))
    mentioned = np.bincount(row_ints[alive].ravel(), minlength=used + 1)[1:]
    assert (state.rows[:used, 3][nodes] == mentioned[nodes]).all()
    assert set(np.flatnonzero(mentioned)) == set(live)
    mates_hold(ints, nodes, roots)
    sums_hold(state, ints, nodes)


def mates_hold(ints: Any, nodes: Any, roots: Any) -> None:
    """Nodes say the same component exactly when they are in one tree; lists of children say what parents say."""
    component = ints[nodes, at.COMPONENT]
    groups = np.bincount(roots[nodes], minlength=len(ints))
    assert ((component == 0) == (groups[roots[nodes]] == 1)).all()
    joined = component > 0
    assert (
        len(set(zip(component[joined], roots[nodes][joined])))
        == len(set(component[joined]))
        == len(set(roots[nodes][joined]))
    )
    for node in nodes:
        before, child = 0, ints[node, at.CHILD]
        while child:
            line = ints[child - 1]
            assert (line[at.PARENT], line[at.BEFORE]) == (node + 1, before)
            groups[roots[node]] -= 1
            before, child = child, line[at.SIBLING]
    assert (groups[np.unique(roots[nodes])] == 1).all(), "all but the root are somebody's child"


def sums_hold(state: NetworkState, ints: Any, nodes: Any) -> None:
    """The line of a component holds the sums of its nodes, found by counting the event rows of the window; a node's line its own."""
    rows, windows = state.events[: int(state.head[at.TOP])], len(state.plan.counted_ms)
    row_ints = rows.view(np.int32)
    own = np.zeros((len(ints), 5 + windows), np.int64)
    own[nodes, 0], own[nodes, 1] = 1, ints[nodes, at.KIND] == at.PERSON_KIND
    for row in np.flatnonzero(row_ints[:, at.FIRST_SLOT]):
        person, word = row_ints[row, at.FIRST_SLOT] - 1, int(rows[row, 0])
        if not word >> at.APPLICATION_BIT & 1:
            own[person, 2] = 1
            continue
        age = int(state.head[at.CLOCK]) - (word >> at.STAMP_SHIFT)
        own[person, 3:] += [1, rows[row, 1], *(age < window for window in state.plan.counted_ms)]
    assert (ints[nodes, at.APPLICATIONS] == own[nodes, 3]).all()
    assert (state.nodes[nodes, at.AMOUNT] == own[nodes, 4]).all()
    assert (ints[nodes][:, at.COUNTED : at.COUNTED + windows] == own[nodes, 5:]).all()
    lines = state.component_lines()
    total = np.zeros((len(lines), own.shape[1]), np.int64)
    np.add.at(total, ints[nodes, at.COMPONENT], own[nodes])
    total[0] = 0
    places = [at.NODES, at.PERSONS, at.BAD, at.APPLICATIONS]
    assert (lines[:, places] == total[:, :4]).all()
    assert (state.components[: len(lines), at.AMOUNT] == total[:, 4]).all()
    assert (lines[:, at.COUNTED : at.COUNTED + windows] == total[:, 5:]).all()
    assert not state.components[0].any(), "line 0 is nobody's"


def peeled(n: int, edges: list[tuple[int, int, int, int]]) -> tuple[int, set[int]]:
    """What the kernel finds: (weight inside, nodes)."""
    lines = np.array(edges, np.int64).reshape(-1, 4)
    starts, around, order = np.zeros(n + 2, np.int64), np.zeros(2 * len(edges) + 1, np.int64), np.zeros(n + 1, np.int64)
    weight, least = np.zeros(n + 2 * MIN_BLOCK, np.int64), np.zeros(n + 1, np.int64)
    total, size, gone = peel(lines.ravel(), len(edges), n, starts, around, weight, least, order)
    left = {node for one, other, *_ in edges for node in (one, other)} - set(order[:gone].tolist())
    assert len(left) == size
    return total, left


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_the_core_is_at_least_half_as_dense_as_the_densest_set(seed: int) -> None:
    rng = random.Random(seed)
    n = rng.randint(2, 9)
    pairs = [pair for pair in combinations(range(n), 2) if rng.random() < rng.choice([0.3, 0.6])] or [(0, 1)]
    edges = [(one, other, 0, rng.choice([1, 7, rng.randint(1, 100_000)])) for one, other in pairs]
    total, found = peeled(n, edges)
    assert total == inside(found, edges), "the density it claims is the density it has"
    densest = max(
        inside(set(some), edges) / len(some) for size in range(1, n + 1) for some in combinations(range(n), size)
    )
    assert 2 * total / len(found) >= densest * (1 - 1e-12)
    assert (total, found) == greedy(n, edges)


@settings(max_examples=EXAMPLES // 4 + 1, deadline=None)
@given(st.integers(0, 2**32))
def test_large_cores_are_peeled_as_the_naive_way_does(seed: int) -> None:
    rng = random.Random(seed)
    n = rng.randint(2, 100)
    count = rng.randint(1, 3 * n)
    edges = [(*sorted(rng.sample(range(n), 2)), 0, rng.randint(1, 5)) for _ in range(count)]
    assert peeled(n, edges) == greedy(n, edges)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_gangs_keep_their_names_as_the_naive_ones_do(seed: int) -> None:
    """Links of random groups, with ties in time and expiry: same groups, same names, same record."""
    rng = random.Random(seed)
    window, people = rng.choice([5, 30, 200]), rng.choice([3, 8, 30])
    alert = rng.choice([2, 3, 5])
    naive, state = NaiveGangs(window, alert), GangState(Arena(), GangPlan(0, window, alert_people=alert), 256)
    head, clock = np.zeros(at.HEAD_WORDS, np.int64), 0
    context = np.zeros(at.CONTEXT_WORDS, np.int64)
    context[at.N_HEAD], context[at.N_GANGS] = head.ctypes.data, state.context.ctypes.data
    for _ in range(rng.choice([20, 100])):
        clock += rng.choice([0, 0, 1, 3, window // 2])
        head[at.CLOCK] = clock
        group = rng.sample(range(1, people + 1), rng.randint(2, min(people, 5)))
        naive.expire(clock)
        drive_gangs(context, np.array(group, np.int64), clock)
        naive.join(group, clock)
        assert [(x.what, x.gang, x.other, x.people) for x in state.told()] == naive.told
        members = {gang: sorted(keys) for gang, keys in state.members().items()}
        assert members == {
            g: sorted(p for p, name in naive.names.items() if name == g) for g in set(naive.names.values())
        }


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_gangs_join_over_things_as_the_naive_ones_do(seed: int) -> None:
    """Cores and things in turn, with expiry of both; a thing is un-linked and a person erased now and then."""
    rng = random.Random(seed)
    window, within, people, things = rng.choice([5, 30, 200]), rng.choice([2, 10, 100]), rng.choice([3, 8, 30]), 6
    plan = GangPlan(0, window, over=(0,), over_window_ms=within)
    naive, state = NaiveGangs(window), GangState(Arena(), plan, 256)
    head, clock = np.zeros(at.HEAD_WORDS, np.int64), 0
    context = np.zeros(at.CONTEXT_WORDS, np.int64)
    context[at.N_HEAD], context[at.N_GANGS] = head.ctypes.data, state.context.ctypes.data
    for _ in range(rng.choice([20, 100])):
        clock += rng.choice([0, 0, 1, 3, within // 2, window // 2])
        head[at.CLOCK] = clock
        group = rng.sample(range(1, people + 1), rng.randint(1, min(people, 4)))
        used = [1000 + each for each in rng.sample(range(things), rng.randint(0, 3))]
        naive.expire(clock)
        drive_gangs(context, np.array(group, np.int64), clock)
        naive.join(group, clock)
        waiting = np.zeros(PENDING_WORDS, np.int64)
        waiting[P_KEYS], waiting[P_CODES], waiting[P_COUNT] = group[0], group[0], len(used)
        waiting[P_THINGS : P_THINGS + len(used)] = used
        assert drive_things(context, waiting, clock) == 0
        naive.join_over(group[0], used, clock, within)
        if rng.random() < 0.05:
            thing = 1000 + rng.randrange(things)
            forget_thing(state, thing)
            naive.last.pop(thing, None)
        if rng.random() < 0.05:
            gone = rng.randint(1, people)
            leave_gangs(state, gone, clock)
            naive.without([each for each in naive.links if gone in (each.one, each.other)])
            naive.last = {thing: last for thing, last in naive.last.items() if last[0] != gone}
        told = [(x.what, x.gang, x.other, x.people) for x in state.told()]
        assert sorted(told) == sorted(naive.told), "those of one erasure may stand in another order"
        assert {gang: sorted(keys) for gang, keys in state.members().items()} == {
            g: sorted(p for p, name in naive.names.items() if name == g) for g in set(naive.names.values())
        }
        assert int(state.thing_head[LIVE]) <= things, "a thing has one line"


@kernel
def drive_things(context: Any, waiting: Any, clock: int) -> int:
    """What an open gate does with the things of its event."""
    x = words_at(context.ctypes.data)
    status: int = join_over_things(words_at(x[at.N_GANGS]), words_at(waiting.ctypes.data), clock)
    return status


@kernel
def drive_gangs(context: Any, group: Any, clock: int) -> None:
    """What an event does with the gangs: expiry, then the members of a core."""
    x = words_at(context.ctypes.data)
    gangs = words_at(x[at.N_GANGS])
    expire_gangs(x, gangs)
    if len(group) < 2:
        return
    one = member(gangs, group[0], group[0])
    for place in range(1, len(group)):
        join_people(gangs, one, member(gangs, group[place], group[place]), clock)
