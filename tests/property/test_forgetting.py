"""People who are erased and things that are un-linked, between events: from then on the network is as if they had never been there."""

from __future__ import annotations

import os
import random
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.network.streams import PERSON, Fed, Item, random_plan, random_stream
from tests.oracles.naive_gangs import NaiveGangs
from tests.oracles.naive_network import NaiveNetwork
from tests.property.test_network import drive_gangs, trees_hold
from zhiyu.base.arena import Arena
from zhiyu.network import layout as at
from zhiyu.network.ask import keys_of
from zhiyu.network.forget import erase_person, unlink_thing
from zhiyu.network.forget_gangs import keep_apart, leave_gangs
from zhiyu.network.gang_state import GangState
from zhiyu.network.plan import GangPlan, NetworkPlan
from zhiyu.network.state import NetworkState

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
Step = Item | tuple[int, int]
"""An event, or (kind of node, value) that is forgotten."""


def key(kind: int, value: int) -> int:
    """The key of a node."""
    return int(keys_of(kind, np.array([value], np.int64))[0])


def drawn(seed: int) -> tuple[NetworkPlan, list[Step]]:
    """Events with a few people and things taken back between them."""
    rng = random.Random(seed)
    plan = random_plan(rng, rng.choice([3, 20, 60, 200]))
    people = rng.choice([3, 12, 60])
    steps: list[Step] = []
    for item in random_stream(rng, plan, rng.choice([20, 60, 150]), people, 0.02):
        if rng.random() < 0.08:
            kind = rng.choice([0, 0, *(link.type for link in plan.links)])
            steps.append((kind, rng.randrange(people if kind == 0 else max(people // 2, 2))))
        steps.append(item)
    return plan, steps


def forget(state: NetworkState, kind: int, value: int) -> int:
    """Take a person or a thing back."""
    return erase_person(state, key(0, value)) if kind == 0 else unlink_thing(state, key(kind, value))


def fed_all(fed: Fed, steps: list[Step], block: int) -> list[dict[int, Any]]:
    """Feed in blocks that end at what is forgotten."""
    found, waiting = list[dict[int, Any]](), list[Item]()

    def flush() -> None:
        for start in range(0, len(waiting), block):
            found.extend(fed.take(waiting[start : start + block]))
        waiting.clear()

    for step in steps:
        if len(step) == 3:
            waiting.append(step)
        else:
            flush()
            forget(fed.state, *step)
    flush()
    return found


def naive_all(plan: NetworkPlan, steps: list[Step]) -> list[dict[int, Any]]:
    naive, wanted, found = NaiveNetwork(plan), {result for result, _ in plan.outputs}, list[dict[int, Any]]()
    for step in steps:
        if len(step) == 3:
            found.append({k: v for k, v in naive.take(*step).items() if k in wanted})
        else:
            (naive.erase if step[0] == 0 else naive.unlink)(step)
    return found


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_afterwards_every_result_is_as_if_they_had_never_been(seed: int) -> None:
    plan, steps = drawn(seed)
    fed = Fed(plan)
    found, wanted = fed_all(fed, steps, 64), naive_all(plan, steps)
    if fed.state.facts()["doubtful_degrees"] == 0:
        for place, (one, other) in enumerate(zip(found, wanted)):
            assert one == other, (
                f"row {place} of seed {seed}: {[(k, v, other[k]) for k, v in one.items() if v != other[k]]}"
            )
    trees_hold(fed.state, plan)
    assert fed_all(Fed(plan), steps, 7) == found


@settings(max_examples=EXAMPLES // 4 + 1, deadline=None)
@given(st.integers(0, 2**32))
def test_a_snapshot_carries_what_is_left(seed: int) -> None:
    plan, steps = drawn(seed)
    whole, cut = fed_all(Fed(plan), steps, 64), len(steps) // 2
    first = Fed(plan)
    before = fed_all(first, steps[:cut], 64)
    with TemporaryDirectory() as folder:
        first.state.snapshot(Path(folder) / "network.state", {})
        again = NetworkState(plan, 1 << 24)
        again.restore(Path(folder) / "network.state")
    assert before + fed_all(Fed(plan, again), steps[cut:], 64) == whole


def test_nothing_of_an_erased_person_is_left_and_rows_come_back_when_their_time_is_over() -> None:
    rng = random.Random(5)
    plan = random_plan(rng, 60)
    items = random_stream(rng, plan, 120, 6, 0.0)
    fed = Fed(plan)
    fed.take_all(items)
    for value in range(6):
        forget(fed.state, 0, value)
    assert fed.state.facts()["persons"] == fed.state.facts()["nodes"] == 0
    used = int(fed.state.slot_head[0])
    assert (fed.state.rows[:used, 3] <= 0).all()
    assert forget(fed.state, 0, 1) == 0
    time = max(item[0] for item in items) + 61
    row = dict.fromkeys((PERSON, *range(1, 3), *(link.register for link in plan.links))) | {PERSON: 1}
    fed.take([(time, 0, row)])
    assert fed.state.facts()["events"] == 1
    trees_hold(fed.state, plan)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.integers(0, 2**32))
def test_gangs_without_somebody_are_the_naive_ones(seed: int) -> None:
    rng = random.Random(seed)
    window, people = rng.choice([5, 30, 200]), rng.choice([3, 8, 30])
    naive, state = NaiveGangs(window, 3), GangState(Arena(), GangPlan(0, window, alert_people=3), 256)
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
        if rng.random() < 0.3:
            gone = rng.randint(1, people)
            leave_gangs(state, gone, clock)
            naive.without([each for each in naive.links if gone in (each.one, each.other)])
        if rng.random() < 0.2:
            apart = {each: rng.randint(0, 1) for each in rng.sample(range(1, people + 1), min(people, 6))}
            keep_apart(state, apart, clock)
            strange = [x for x in naive.links if x.one in apart and x.other in apart and apart[x.one] != apart[x.other]]
            naive.without(strange)
        members = {gang: sorted(keys) for gang, keys in state.members().items()}
        wanted = {g: sorted(p for p, name in naive.names.items() if name == g) for g in set(naive.names.values())}
        assert members == wanted, seed
        assert int(state.head[12 + 1]) == len(naive.links), "live edges"
    told = [(x.what, x.gang, x.other, x.people) for x in state.told()]
    assert sorted(told) == sorted(naive.told)
