"""Who has been acted on lately, against a list of all acts that is looked through from the start."""

from __future__ import annotations

import os
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import words_at
from zhiyu.decisions.acts import Acts
from zhiyu.decisions.people import acted_on, one_too_many
from zhiyu.policy.compile_brakes import Brakes
from zhiyu.policy.layout import BRAKE_WORDS, L_COUNT, L_KEY, L_STATE0, LIMIT_COLUMNS

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
pytestmark = pytest.mark.property


@kernel
def let_in(words: Array, start: int, count: int, key: int, now: int, per: int) -> bool:
    """Ask, and act when there is room."""
    state = words_at(words.ctypes.data + 8 * start)
    if one_too_many(state, count, key, now - per):
        return False
    acted_on(state, count, key, now)
    return True


def acts_of(counts: list[int]) -> Acts:
    """States of limits with a key, one per count."""
    limits = np.zeros((len(counts), LIMIT_COLUMNS), np.int64)
    limits[:, L_COUNT], limits[:, L_KEY] = counts, 0
    return Acts(Brakes(np.zeros(BRAKE_WORDS, np.int64), limits, ()))


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_as_many_different_keys_as_allowed_in_every_window(seed: int) -> None:
    rng = random.Random(seed)
    counts = [rng.choice([1, 2, 3, 50]), rng.choice([1, 7, 200])]
    acts, per, now = acts_of(counts), rng.choice([5, 60, 1000]), rng.randint(-(10**6), 10**13)
    done: list[list[tuple[int, int]]] = [[], []]
    keys = [rng.choice([rng.getrandbits(64) - 2**63, rng.randint(-3, 3)]) for _ in range(rng.choice([3, 40, 400]))]
    for number in range(rng.choice([20, 600])):
        now += rng.choice([0, 0, 1, 3, per // 2, per])
        line, key = rng.randrange(2), rng.choice(keys)
        lately = {each for at, each in done[line] if at > now - per}
        wanted = key in lately or len(lately) < counts[line]
        start = int(acts.limits[line, L_STATE0])
        assert let_in(acts.words, start, counts[line], key, now, per) == wanted, (seed, number)
        if wanted:
            done[line].append((now, key))
        if rng.random() < 0.02:  # through a snapshot
            again = acts_of(counts)
            again.restore(acts.facts())
            assert again.facts() == acts.facts()
            acts = again


def test_with_more_acts_than_room_the_newest_stay() -> None:
    acts = acts_of([5])
    acts.use(0, (np.arange(5), np.arange(5) * 10))
    smaller = acts_of([2])
    smaller.use(0, acts.used(0))
    assert [each.tolist() for each in smaller.used(0)] == [[3, 4], [30, 40]]
