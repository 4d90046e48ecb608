"""A policy decided again over the tape of another one gives every bit of a full replay."""

from __future__ import annotations

import json
import os
import random
import tempfile
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.policies import random_events, random_policy
from tests.property.test_flows import changes
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.engine import Outcome
from zhiyu.engine.opened import open_policy
from zhiyu.entities.lists import Snooze
from zhiyu.evaluation.redecide import Redecision
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.tape import Tape
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import LabelColumn, Source, TimeColumn
from zhiyu.features.declare import Feature
from zhiyu.policy.declare import Feedback, Policy, Rule, RuleSet
from zhiyu.policy.declare_actions import ActionLimit

EXAMPLES = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 4, 10)
pytestmark = pytest.mark.property
FIELDS = ("amount", "age", "country", "known", "card")
SOURCE = Source(
    name="file", event="application", id="id", time=TimeColumn(column="time", epoch="ms"), fields={name: name for name in FIELDS},
    label=LabelColumn(column="fraud", delay="1h"),
)  # fmt: skip
EXTRA = (
    (Feature(name="frauds", aggregate="count", by="card", over="1d", on=("label",), where="fraud"), "frauds >= 1"),
    (Feature(name="refused", aggregate="count", by="card", over="1d", on=("decision",), where='outcome == "decline"'), "refused >= 1"),
    (Feature(name="biggest", aggregate="max", of="amount", by="card", over="1h"), "biggest > 600"),
    (Feature(name="domestic", aggregate="count", by="card", over="1d", where='country == "CN"'), "domestic > 1"),
)  # fmt: skip


def drawn(rng: random.Random, lag: int) -> Policy:
    """A random policy with some features of its own, labels and decisions coming back among them."""
    policy = random_policy(rng, counted=True, flows=rng.random() < 0.5)
    extra = [each for each in EXTRA if rng.random() < 0.4]
    rules = tuple(Rule(name=f"extra_{f.name}", when=when, score=25, outcome="review") for f, when in extra)
    own = (RuleSet(name="extra", rules=rules),) if rules and not policy.flows else ()
    features = (*policy.features, *(feature for feature, _ in extra))
    return msgspec.structs.replace(
        policy, features=features, rule_sets=(*policy.rule_sets, *own), sources=(SOURCE,),
        feedback=Feedback(decisions=True, lag_events=lag),
    )  # fmt: skip


def written(rng: random.Random, folder: Path, events: list[dict[str, Any]] | None = None) -> Path:
    """Events (random ones when none are given) with labels, a repeat and a bad line among them."""
    events = random_events(rng, rng.choice([5, 60])) if events is None else events
    for event in events:
        if rng.random() < 0.5:
            event["fraud"] = rng.choice([0, 1])
    lines: list[Any] = [*events, events[0], events[-1] | {"id": "bad", "amount": "a lot"}]
    path = folder / "events.ndjson"
    path.write_text("\n".join(json.dumps(line) for line in lines) + "\n", encoding="utf-8")
    return path


class Seen:
    """All decisions of a run, with their values."""

    def __init__(self) -> None:
        self.parts: list[DecisionBatch] = []

    def __call__(self, outcome: Outcome, batch: EventBatch) -> None:
        self.parts.append(outcome.decisions)

    def values(self) -> Any:
        return np.concatenate([p.kept_values for p in self.parts]), np.concatenate([p.kept_nulls for p in self.parts])

    def recorded(self) -> Any:
        """Scores of all models and who spoke, of every decision."""
        return np.concatenate([p.recorded for p in self.parts], axis=1)


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_decided_again_equals_a_full_replay(seed: int) -> None:
    rng = random.Random(seed)
    lag = rng.choice([1, 3, 50])
    live, candidate = (open_policy(drawn(rng, lag)) for _ in range(2))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        made = random_events(rng, rng.choice([5, 60]))
        beside = changes(rng, candidate, made)
        events = written(rng, folder, made)
        recorded = Replay(live, events, tape=folder / "tape", batch=rng.choice([1, 7, 1000])).run()
        assert Replay(live, events).run().digest == recorded.digest
        full, again = Seen(), Seen()
        replay = Replay(candidate, events, keep_all=True, on_batch=full)
        replay.engine.lists.put(beside)
        whole = replay.run()
        for _ in range(2):  # the second time nothing is left to count
            again.parts.clear()
            replay = Replay(candidate, folder / "tape", keep_all=True, on_batch=again)
            replay.engine.lists.put(beside)
            found = replay.run()
            assert found.digest == whole.digest, seed
            for mine, theirs in zip(again.values(), full.values()):
                assert np.array_equal(mine, theirs), seed
            assert found.metrics.to_dict() == whole.metrics.to_dict(), seed
        left = Redecision(Tape.open(folder / "tape"), candidate).counted
        assert set(left) <= {"refused"}, "only what counts our own decisions is counted again"


def test_columns_that_only_limits_and_snoozes_look_at_are_read(tmp_path: Path) -> None:
    rng = random.Random(7)
    rules = (Rule(name="large", when="amount > 50", outcome="decline"),)
    limits = (ActionLimit(name="people", count=2, per="1d", key="country"),)
    policy = msgspec.structs.replace(
        drawn(rng, 3), features=(), rule_sets=(RuleSet(name="main", rules=rules),), scorecards=(), tables=(), flows=(), limits=limits,
        let_through=None, enforce=True,
    )  # fmt: skip
    opened, made = open_policy(policy), random_events(rng, 60)
    events = written(rng, tmp_path, made)
    Replay(opened, events, tape=tmp_path / "tape").run()
    snooze = Snooze(made[20]["time"], "large", "card", opened.codes.one("c1"), made[50]["time"], shown="c1")
    for beside in ([], [snooze]):
        whole, replay = Seen(), Replay(opened, events, on_batch=(seen := Seen()))
        replay.engine.lists.put(beside)
        found = replay.run()
        again = Redecision(Tape.open(tmp_path / "tape"), opened)
        again.engine.lists.put(beside)
        for outcome, batch in again.batches():
            whole(outcome, batch)
        assert np.array_equal(*(np.concatenate([p.block[:5] for p in run.parts], axis=1) for run in (whole, seen)))
        assert found.limits["people"] > 5
        assert bool(found.quiet_hits) == bool(beside)
