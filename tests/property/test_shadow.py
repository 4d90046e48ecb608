"""A shadow version and shadow rules never change what is decided."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.property.test_tape import SOURCE, drawn, written
from zhiyu.app import App
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.policy.declare import Policy

EXAMPLES = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 8, 10)
pytestmark = pytest.mark.property


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_a_shadow_version_changes_nothing(seed: int) -> None:
    rng = random.Random(seed)
    live, other = (open_policy(drawn(rng, 3)) for _ in range(2))
    with tempfile.TemporaryDirectory() as temporary:
        events = written(rng, Path(temporary))
        alone = Replay(live, events).run()
        beside = Replay(live, events, shadow=other).run()
        itself = Replay(live, events, shadow=live).run()
    assert beside.digest == alone.digest
    assert beside.shadow_hash == other.artifact.hash
    assert itself.shadow_moved == {}


def without_shadow_rules(policy: Policy) -> Policy:
    """The same policy, its shadow rules taken out."""
    sets = tuple(
        msgspec.structs.replace(s, rules=tuple(rule for rule in s.rules if not rule.shadow)) for s in policy.rule_sets
    )
    return msgspec.structs.replace(policy, rule_sets=sets, limits=())


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_shadow_rules_change_nothing(seed: int) -> None:
    rng = random.Random(seed)
    policy = msgspec.structs.replace(drawn(rng, 3), limits=())
    with tempfile.TemporaryDirectory() as temporary:
        events = written(rng, Path(temporary))
        found = [
            (part.outcome.tolist(), part.score.tolist(), part.enforced.tolist(), part.path.tolist())
            for part in (outcomes(each, events) for each in (policy, without_shadow_rules(policy)))
        ]
    assert found[0] == found[1], seed


def outcomes(policy: Policy, events: Path):  # type: ignore[no-untyped-def]  # a DecisionBatch, or an empty stand-in
    """All decisions of a replay in one batch."""
    parts = []
    Replay(open_policy(policy), events, on_batch=lambda outcome, batch: parts.append(outcome.decisions)).run()
    return parts[0]


def test_a_broken_shadow_is_told_and_harms_nothing() -> None:
    rng = random.Random(5)
    live = drawn(rng, 3)
    app = App(live, source=SOURCE.name, shadow=live)
    assert app.shadow is not None
    app.shadow.engine = None  # type: ignore[assignment]  # as broken as can be
    decision = app.decide({"id": "1", "time": 1_700_000_000_000, "amount": "5", "card": "c1"})
    assert decision is not None
    assert decision.shadow_version == "error"
