"""The whole engine against the slow one: door, lateness, labels and decisions coming back, features, rules, outcomes."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.test_batching import opened
from tests.oracles.naive_engine import SEVERITY, NaiveEngine
from tests.streams import random_records
from zhiyu.decisions.values import to_python
from zhiyu.engine.engine import Engine
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
NAMES = {f"{a}_amount_{o}": f"{a}_{o}" for a in ("count", "sum", "mean", "std", "min", "max") for o in ("1h", "1d")}
NAMES |= {"distinct_who_1d": "distinct_1d"} | {
    n: n for n in ("failed_logins", "frauds", "refused_before", "speed", "usual_hour")
}


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_engine_equals_naive_engine(seed: int) -> None:
    rng = random.Random(seed)
    lag = rng.choice([1, 3, 7])
    records = random_records(rng, rng.choice([20, 80]))
    oracle = NaiveEngine(lag)
    for position, record in enumerate(records):
        oracle.step(position, record)
    policy = opened(lag)
    decoded = decode(
        policy.compiled.schema, policy.policy.sources[0], RawBatch(records=records), policy.codes, "default"
    )
    outcome = Engine(policy.compiled, policy.codes).process(decoded.batch, keep_all=True)
    d = outcome.decisions
    told = [(r.position, "refused") for r in decoded.refusals] + [(r.position, r.code) for r in outcome.refusals]
    told += [(p, f"repeat of {first}") for p, first in outcome.repeats] + [(p, "noise") for p in outcome.noise]
    assert sorted(told) == sorted(oracle.told), seed
    assert d.positions.tolist() == [x["position"] for x in oracle.decided], seed
    hits = d.hit_matrix(len(policy.compiled.rule_order))
    names = np.array([rule.rule.name for rule in policy.compiled.rule_order])
    for at, want in enumerate(oracle.decided):
        compare(policy, d, at, want["seen"], seed)
        assert sorted(names[hits[at]]) == sorted(want["rules"]), (seed, want)
        assert (SEVERITY[d.outcome[at]], d.score[at]) == (want["outcome"], want["score"]), (seed, want)


def compare(policy: Any, d: Any, at: int, want: dict[str, Any], seed: int) -> None:
    """Every feature in use that the slow engine computes too."""
    for number, feature in enumerate(policy.compiled.features):
        if feature.name not in NAMES:
            continue
        have = to_python(feature.type, int(d.kept_values[at, number]), int(d.kept_nulls[at, number]))
        expected = want[NAMES[feature.name]]
        if feature.name.startswith(("sum", "min", "max")):
            have = int(have * 100)
        same = have == expected or (
            isinstance(expected, float) and abs(have - expected) <= 1e-9 * max(abs(expected), 1)
        )
        assert same, (seed, feature.name, have, expected)
