"""Looking around: against the plain network, over random streams, and the keys of nodes against those of the kernel."""

from __future__ import annotations

import random

import numpy as np

from tests.network.streams import FIRST_LINK, PERSON, Fed, random_plan, random_stream
from tests.oracles.naive_network import NaiveNetwork, Thing
from zhiyu.entities.slots import joined
from zhiyu.network.ask import keys_of, look_around


def test_keys_are_those_of_the_kernel() -> None:
    rng = np.random.default_rng(0)
    codes = rng.integers(-(1 << 63), (1 << 63) - 1, 200)
    for kind in (0, 1, 7):
        assert keys_of(kind, codes).tolist() == [joined(kind, code) for code in codes]


def naive_hops(naive: NaiveNetwork, start: Thing, hops: int) -> dict[Thing, int]:
    """People by distance, by walking over all edges."""
    edges, distance, at_edge = naive.edges(), {start: 0}, [start]
    for hop in range(1, hops + 1):
        things = {thing for person, thing, _ in edges if person in at_edge}
        at_edge = sorted({person for person, thing, _ in edges if thing in things} - distance.keys())
        distance |= dict.fromkeys(at_edge, hop)
    return distance


def test_people_and_their_distance_are_those_of_the_plain_network() -> None:
    asked = 0
    for seed in range(40):
        rng = random.Random(seed)
        plan = random_plan(rng, rng.choice([60, 200]))
        items = random_stream(rng, plan, 100, rng.choice([12, 40]))
        fed, naive = Fed(plan), NaiveNetwork(plan)
        fed.take_all(items)
        for item in items:
            naive.take(*item)
        names = {int(keys_of(0, np.array([person]))[0]): (0, person) for person in range(40)}
        for person in {each.person for each in naive.events}:
            hops = rng.randint(1, 4)
            key = int(keys_of(0, np.array([person[1]]))[0])
            found = look_around(fed.state, key, hops)
            assert found is not None
            assert not found.cut
            assert {names[key]: hop for key, hop in found.hops.items()} == naive_hops(naive, person, hops), (
                seed,
                person,
            )
            assert {names[key] for key in found.bad} == {
                each for each in found_people(found, names) if naive.is_bad(each)
            }
            assert found.component["persons"] == sum(node[0] == 0 for node in naive.component(person))
            asked += len(found.hops)
    assert asked > 1000


def found_people(found: object, names: dict[int, Thing]) -> list[Thing]:
    """People of an answer."""
    return [names[key] for key in found.hops]  # type: ignore[attr-defined]


def test_what_nobody_has_mentioned_is_not_there() -> None:
    rng = random.Random(1)
    plan = random_plan(rng, 60)
    fed = Fed(plan)
    fed.take_all(random_stream(rng, plan, 20, 3))
    assert look_around(fed.state, int(keys_of(0, np.array([999]))[0]), 2) is None
    assert PERSON < FIRST_LINK
