"""Runs long enough to be remembered (`features.memo`): what came and what left since the last answer must be all that changed.

One or two keys and hundreds of events, so that every stream reaches the memo; lanes with and without minima, filters and distinct values;
late events, rows that only feed, and pauses after which everything has expired at once. The naive oracle answers each row anew.
"""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.naive_features import NaiveFeatures
from tests.property.test_features import (
    BASE_MS,
    EXAMPLES,
    FILTER_1,
    FILTER_2,
    INPUTS,
    KEY_A,
    KEY_B,
    NUMBER,
    PLACE,
    TEXT,
    close,
    read_row,
)  # fmt: skip
from zhiyu.features.layout import BIG
from zhiyu.features.plan import Variable, build_plan
from zhiyu.features.state import FeatureState

REMEMBERED = (("count", -1), ("count", NUMBER), ("sum", NUMBER), ("mean", NUMBER), ("std", NUMBER), ("distinct", TEXT))


def variables_of(rng: random.Random) -> list[Variable]:
    """The remembered aggregates over nested windows, some with a filter, some without the event itself; now and then a maximum."""
    windows = rng.sample([3, 20, 90, 400, 3000], 3)
    made: list[Variable] = []
    for aggregate, value in REMEMBERED + ((("max", NUMBER),) if rng.random() < 0.3 else ()):
        for window in windows:
            made.append(
                Variable(
                    f"v{len(made)}",
                    aggregate,
                    (KEY_A,),
                    window,
                    INPUTS + len(made),
                    value=value,
                    category=value == TEXT,
                    filter=rng.choice([-1, -1, FILTER_1]),
                    past=rng.random() < 0.3,
                    scale=2 if value == NUMBER else 0,
                )
            )
    return made


def rows_of(rng: random.Random, late_share: float) -> list[tuple[int, int, bool, dict[int, int | None]]]:
    """(time, now, asks, row): 450 events of one or two keys."""
    now, rows, keys = 0, [], rng.choice([1, 1, 2])
    for _ in range(450):
        now += rng.choice([0, 1, 1, 2, 5]) if rng.random() < 0.99 else rng.choice([100, 1000, 4000])
        time = now - (rng.randint(0, 60) if rng.random() < late_share else 0)
        row: dict[int, int | None] = {
            KEY_A: rng.randint(1, keys), KEY_B: 1, NUMBER: rng.choice([None, 0, -(2**43), rng.randint(-999, 10**7)]),
            TEXT: rng.randint(0, rng.choice([3, 40, 10**9])), PLACE: 0, FILTER_1: rng.randint(0, 1), FILTER_2: 0,
        }  # fmt: skip
        rows.append((BASE_MS + time, BASE_MS + now, rng.random() < 0.9, row))
    return rows


@settings(max_examples=max(EXAMPLES // 10, 20), deadline=None, database=None)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.02, 0.2]))
def test_long_runs_equal_the_naive_oracle(seed: int, late_share: float) -> None:
    rng = random.Random(seed)
    variables, rows = variables_of(rng), rows_of(rng, late_share)
    state = FeatureState(build_plan(variables, 60), limit_bytes=1 << 26)
    values = np.zeros((INPUTS + len(variables), 1), np.int64)
    nulls = np.zeros(values.shape, np.uint8)
    state.bind(values, nulls)
    oracle = NaiveFeatures(variables)
    for number, (time, now, asks, row) in enumerate(rows):
        for register, value in row.items():
            values[register, 0] = 0 if value is None else value
            nulls[register, 0] = value is None
        state.feed(np.array([time]), np.array([now]), np.array([asks], np.uint8), 1)
        want = oracle.step(time, row)
        have = read_row(variables, values, nulls, 0)
        for v in variables if asks else ():
            assert close(want[v.output], have[v.output]), (seed, number, v, want[v.output], have[v.output])


def test_the_streams_are_long_enough_to_be_remembered() -> None:
    assert len(rows_of(random.Random(1), 0.2)) > 3 * BIG
