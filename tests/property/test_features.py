"""The kernel against the naive oracle: random variables over random streams, whole and in random blocks.

Streams have ties, bursts on one key, late events, nulls, boundary expiry (times are small integers, windows too), keys that go idle
and come back; runs long enough for nodes (128 entries) and value indexes.
"""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.naive_features import NaiveFeatures
from zhiyu.features.plan import Variable, build_plan
from zhiyu.features.state import FeatureState

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
KEY_A, KEY_B, NUMBER, TEXT, PLACE, FILTER_1, FILTER_2 = range(7)
INPUTS = 7
FLOATS = {"mean", "std", "speed_kmh"}
VALUE_OF = {
    "sum": [NUMBER], "mean": [NUMBER], "std": [NUMBER], "min": [NUMBER], "max": [NUMBER], "distinct": [TEXT, NUMBER, KEY_B],
    "first": [NUMBER, TEXT, PLACE], "last": [NUMBER, TEXT, PLACE], "speed_kmh": [PLACE], "count": [-1, NUMBER, TEXT],
    "since_first": [-1, TEXT, NUMBER], "since_last": [-1, TEXT, NUMBER],
}  # fmt: skip
BASE_MS = 1_600_000_000_000


def random_variables(rng: random.Random) -> list[Variable]:
    """10 to 60 variables over a few keys, windows and filters, so that tables, lanes and cells are shared."""
    windows = rng.sample([1, 2, 5, 17, 50, 200, 1000, 5000], rng.randint(1, 4))
    keys = rng.sample([(KEY_A,), (KEY_B,), (KEY_A, KEY_B), (KEY_B, TEXT)], rng.randint(1, 3))
    made: list[Variable] = []
    for _ in range(rng.randint(10, 60)):
        aggregate = rng.choice(list(VALUE_OF))
        value = rng.choice(VALUE_OF[aggregate])
        made.append(
            Variable(
                f"v{len(made)}",
                aggregate,
                rng.choice(keys),
                rng.choice(windows),
                INPUTS + len(made),
                value=value,
                filter=rng.choice([-1, -1, FILTER_1, FILTER_2]),
                category=value == TEXT,
                scale=2 if value == NUMBER else 0,
                past=rng.random() < 0.3,
            )
        )
    return made


def random_stream(rng: random.Random, lateness: int) -> list[tuple[int, int, dict[int, int | None]]]:
    """(time, now, row) triples; `now` never falls and no event is later than the lateness."""
    length = rng.choice([5, 40, 150, 400])
    keys = rng.choice([1, 2, 8, 60])
    step = rng.choice([0, 1, 3, 40])
    now, rows = 0, []
    for _ in range(length):
        now += rng.randint(0, step) if rng.random() < 0.95 else rng.randint(0, 3000)
        time = now - (rng.randint(0, lateness) if rng.random() < 0.3 else 0)
        place = (rng.randint(-80_000_000, 80_000_000) << 32) | (rng.randint(-170_000_000, 170_000_000) & 0xFFFFFFFF)
        row: dict[int, int | None] = {
            KEY_A: rng.randint(1, keys),
            KEY_B: rng.randint(1, 3),
            NUMBER: rng.choice([0, 1, -5, 100, -(2**43), 2**43, rng.randint(-999, 999)]),
            TEXT: rng.choice([-(2**63), 2**63 - 1, *range(5), rng.randint(0, 10**9)]),
            PLACE: place,
            FILTER_1: rng.randint(0, 1),
            FILTER_2: rng.randint(0, 1),
        }
        for register in row:
            if rng.random() < 0.08:
                row[register] = None
        rows.append((BASE_MS + time, BASE_MS + now, row))
    return rows


def run_kernel(
    variables: list[Variable], lateness: int, stream: list[tuple[int, int, dict[int, int | None]]], cuts: random.Random
) -> list[dict[int, Any]]:
    """Feed the stream in random blocks; results by output register, None for null."""
    state = FeatureState(build_plan(variables, lateness), limit_bytes=1 << 26)
    width = cuts.choice([1, 7, 64])
    values = np.zeros((INPUTS + len(variables), width), np.int64)
    nulls = np.zeros(values.shape, np.uint8)
    state.bind(values, nulls)
    answers, at = [], 0
    while at < len(stream):
        size = min(cuts.randint(1, width), len(stream) - at)
        for i, (_, _, row) in enumerate(stream[at : at + size]):
            for register, value in row.items():
                values[register, i] = 0 if value is None else value
                nulls[register, i] = value is None
        times = np.array([t for t, _, _ in stream[at : at + size]])
        nows = np.array([n for _, n, _ in stream[at : at + size]])
        state.feed(times, nows, np.ones(size, np.uint8), size)
        answers += [read_row(variables, values, nulls, i) for i in range(size)]
        at += size
    return answers


def read_row(variables: list[Variable], values: Any, nulls: Any, row: int) -> dict[int, Any]:
    """One row's results as Python values."""
    floats = values.view(np.float64)
    return {
        v.output: None if nulls[v.output, row]
        else float(floats[v.output, row]) if v.aggregate in FLOATS else int(values[v.output, row])
        for v in variables
    }  # fmt: skip


def close(a: Any, b: Any) -> bool:
    """Equal; floats to 1e-12 relative."""
    if isinstance(a, float) and isinstance(b, float):
        return abs(a - b) <= 1e-12 * max(abs(a), abs(b))
    return bool(a == b)


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_kernel_equals_naive_oracle(seed: int) -> None:
    rng = random.Random(seed)
    variables, lateness = random_variables(rng), rng.choice([0, 3, 60])
    stream = random_stream(rng, lateness)
    oracle = NaiveFeatures(variables)
    expected = [oracle.step(time, row) for time, _, row in stream]
    got = run_kernel(variables, lateness, stream, rng)
    for number, (want, have) in enumerate(zip(expected, got, strict=True)):
        for v in variables:
            assert close(want[v.output], have[v.output]), (seed, number, v, want[v.output], have[v.output])


@settings(max_examples=max(EXAMPLES // 4, 20), deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_any_blocks_give_the_same_bits(seed: int) -> None:
    rng = random.Random(seed)
    variables, lateness = random_variables(rng), rng.choice([0, 60])
    stream = random_stream(rng, lateness)
    first = run_kernel(variables, lateness, stream, random.Random(seed + 1))
    second = run_kernel(variables, lateness, stream, random.Random(seed + 2))
    assert first == second, seed
