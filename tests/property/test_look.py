"""A look at a key against the naive oracle, now and at earlier moments as far back as windows are whole; and it changes nothing."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.naive_features import NaiveFeatures
from tests.property.test_features import EXAMPLES, FLOATS, INPUTS, KEY_A, close, random_stream, random_variables
from zhiyu.features.look import looked, whole_since
from zhiyu.features.plan import Variable, build_plan
from zhiyu.features.state import FeatureState


def fed(variables: list[Variable], lateness: int, stream: list[Any], looks: bool) -> tuple[FeatureState, list[bytes]]:
    """The state after the stream, row by row, and the rows' answers; `looks`: somebody looks in between."""
    state = FeatureState(build_plan(variables, lateness), limit_bytes=1 << 26)
    values, nulls = np.zeros((INPUTS + len(variables), 1), np.int64), np.zeros((INPUTS + len(variables), 1), np.uint8)
    state.bind(values, nulls)
    answers = []
    for time, now, row in stream:
        for register, value in row.items():
            values[register, 0], nulls[register, 0] = value or 0, value is None
        state.feed(np.array([time]), np.array([now]), np.ones(1, np.uint8), 1)
        answers.append(values[INPUTS:].tobytes() + nulls[INPUTS:].tobytes())
        if looks and row[KEY_A] is not None:
            looked(state, KEY_A, row[KEY_A], time, INPUTS + len(variables))
    return state, answers


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_a_look_equals_the_naive_oracle_and_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    variables, lateness = [*random_variables(rng)], rng.choice([0, 3, 60])
    variables = [replace(each, keys=(KEY_A,)) if rng.random() < 0.6 else each for each in variables]
    stream = random_stream(rng, lateness)
    state, answers = fed(variables, lateness, stream, looks=True)
    assert answers == fed(variables, lateness, stream, looks=False)[1]
    oracle = NaiveFeatures([replace(each, past=True) for each in variables])
    oracle.seen = [(time, row) for time, _, row in stream]
    newest = stream[-1][1]
    for key in (1, 2, 3, 999):
        for moment in (newest, newest - rng.randint(0, 60), newest - rng.randint(0, 3000)):
            values, nulls, lost = looked(state, KEY_A, key, moment, INPUTS + len(variables))
            assert not lost
            empty = dict.fromkeys(range(INPUTS)) | {KEY_A: key}
            want = oracle.step(moment, empty)
            oracle.seen.pop()
            for v in variables:
                if v.keys != (KEY_A,):
                    assert nulls[v.output]
                elif moment >= whole_since(state, KEY_A, v.window_ms, newest):
                    floats = values.view(np.float64) if v.aggregate in FLOATS else values
                    have = None if nulls[v.output] else floats[v.output].item()
                    assert close(want[v.output], have), (seed, key, moment, v, want[v.output], have)
