"""Same events, same decisions: for any batching, one by one, and across a snapshot."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.streams import busy_policy, random_records
from zhiyu.decisions.digest import Digest
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
OPENED: dict[int, Opened] = {}


def opened(lag: int) -> Opened:
    """The busy policy, compiled once per lag."""
    if lag not in OPENED:
        OPENED[lag] = open_policy(busy_policy(lag))
    return OPENED[lag]


def run(
    policy: Opened, records: list[dict[str, Any]], cuts: list[int], engine: Engine | None = None, start: int = 0
) -> dict[str, Any]:
    """Feed records in pieces that end at `cuts`; what came of it."""
    engine = engine or Engine(policy.compiled, policy.codes)
    digest, told, kept = Digest(), [], []
    for low, high in zip([0, *cuts], [*cuts, len(records)]):
        rows = RawBatch(records=records[low:high], first_position=start + low)
        decoded = decode(policy.compiled.schema, policy.policy.sources[0], rows, policy.codes, "default")
        outcome = engine.process(decoded.batch, keep_all=True)
        digest.update(outcome.decisions)
        told += [(r.position, r.code) for r in decoded.refusals + outcome.refusals]
        told += [(p, f"repeat of {first}") for p, first in outcome.repeats] + [(p, "noise") for p in outcome.noise]
        d = outcome.decisions
        kept += [
            (int(p), int(o), v.tolist(), n.tolist())
            for p, o, v, n in zip(d.positions, d.outcome, d.kept_values, d.kept_nulls)
        ]
    return {"digest": digest.hexdigest(), "told": sorted(told), "kept": kept, "engine": engine}


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_any_batching_gives_the_same_decisions(seed: int) -> None:
    rng = random.Random(seed)
    policy = opened(rng.choice([1, 3, 7, 100]))
    records = random_records(rng, rng.choice([10, 60, 250]))
    whole = run(policy, records, [])
    cuts = sorted(rng.sample(range(1, len(records)), min(rng.randint(1, 12), len(records) - 1)))
    pieces = run(policy, records, cuts)
    assert pieces["told"] == whole["told"], seed
    assert pieces["kept"] == whole["kept"], seed
    assert pieces["digest"] == whole["digest"], seed


@settings(max_examples=max(EXAMPLES // 10, 10), deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_one_by_one_equals_a_file(seed: int) -> None:
    rng = random.Random(seed)
    policy = opened(3)
    records = random_records(rng, 40)
    assert run(policy, records, list(range(1, len(records))))["digest"] == run(policy, records, [])["digest"], seed


def test_a_restored_snapshot_goes_on_as_if_nothing_had_happened(tmp_path: Path) -> None:
    for seed in range(12):
        rng = random.Random(seed)
        policy = opened(7)
        records = random_records(rng, 200)
        cut = rng.randint(1, len(records) - 1)
        whole = run(policy, records, [cut])
        first = run(policy, records[:cut], [])
        first["engine"].snapshot(tmp_path / str(seed), {"position": cut})
        second = Engine(policy.compiled, policy.codes)
        assert second.restore(tmp_path / str(seed)) == {"position": cut}
        rest = run(policy, records[cut:], [], second, start=cut)
        assert rest["kept"] == whole["kept"][len(first["kept"]) :], seed
        assert second.facts() == whole["engine"].facts(), seed


def test_every_rule_and_feedback_is_exercised() -> None:
    """The streams above are worth something: each rule fires, each kind of fact is seen."""
    hits = np.zeros(9, int)
    codes: set[str] = set()
    for seed in range(30):
        policy = opened(7)
        records = random_records(random.Random(seed), 250)
        engine = Engine(policy.compiled, policy.codes)
        decoded = decode(
            policy.compiled.schema, policy.policy.sources[0], RawBatch(records=records), policy.codes, "default"
        )
        outcome = engine.process(decoded.batch)
        hits += outcome.decisions.hit_matrix(9).sum(axis=0)
        codes |= {r.code for r in decoded.refusals + outcome.refusals}
        codes |= (
            ({"repeat"} if outcome.repeats else set())
            | ({"noise"} if outcome.noise else set())
            | ({"late"} if outcome.late else set())
        )
    assert (hits > 0).all(), dict(zip([r.rule.name for r in opened(7).compiled.rule_order], hits))
    assert {"repeat", "noise", "late", "id_conflict"} <= codes


def test_two_engines_may_take_turns_on_one_state() -> None:
    """Each brings its own register file, one row wide or 64: whoever feeds must be the one the state reads from."""
    policy = opened(7)
    records = random_records(random.Random(3), 200)
    first, second = Engine(policy.compiled, policy.codes), Engine(policy.compiled, policy.codes)
    second.state, second.door = first.state, first.door
    second.labels, second.feedback = first.labels, first.feedback
    whole = run(policy, records, [], Engine(policy.compiled, policy.codes))
    kept: list[Any] = []
    for start in range(len(records)):
        engine = (first, second)[start % 2]
        engine.accepted = (second, first)[start % 2].accepted
        kept += run(policy, records[start : start + 1], [], engine, start=start)["kept"]
    assert kept == whole["kept"]
