"""Scores inside decisions: the same bits one by one, in batches, live and from a tape; and the meaning a slow reading gives them."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.scored_policy import package_for, scored_policy
from tests.property.test_tape import SOURCE, Seen, written
from zhiyu.decisions.explain_scores import number_of
from zhiyu.decisions.values import seen_form
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.expressions.types import Kind
from zhiyu.models.contributions import Contributions
from zhiyu.models.package import read
from zhiyu.models.package import written as packed
from zhiyu.models.scorer import Scorer
from zhiyu.policy.declare import Policy

EXAMPLES = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 8, 6)


def drawn(rng: random.Random) -> Policy:
    return msgspec.structs.replace(scored_policy(rng), sources=(SOURCE,))


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_any_batching_and_a_tape_give_the_same_bits(seed: int) -> None:
    rng = random.Random(seed)
    live = open_policy(drawn(rng))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        events = written(rng, folder)
        runs = []
        for batch in (1, 7, 64, 1000):
            seen = Seen()
            tape = folder / "tape" if batch == 7 else None
            found = Replay(live, events, keep_all=True, on_batch=seen, batch=batch, tape=tape).run()
            runs.append((found.digest, *seen.values()))
        again = Seen()
        runs.append((Replay(live, folder / "tape", keep_all=True, on_batch=again).run().digest, *again.values()))
        for digest, values, nulls in runs[1:]:
            assert digest == runs[0][0], seed
            assert np.array_equal(values, runs[0][1]), seed
            assert np.array_equal(nulls, runs[0][2]), seed


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_a_tape_is_decided_with_another_model(seed: int) -> None:
    rng = random.Random(seed)
    policy = drawn(rng)
    names = [given.name for given in read(policy.models[0].package).inputs]
    base = msgspec.structs.replace(
        policy, models=(), rule_sets=(), flows=(), scorecards=(), tables=(), limits=(), features=policy.features[:-1]
    )
    other = packed(package_for(rng, base, rng.sample([*names, "amount", "age"], 1))).decode()
    model = msgspec.structs.replace(policy.models[0], package=other)
    candidate = open_policy(msgspec.structs.replace(policy, models=(model, *policy.models[1:])))
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        events = written(rng, folder)
        Replay(open_policy(policy), events, tape=folder / "tape").run()
        wanted, found = Seen(), Seen()
        whole = Replay(candidate, events, keep_all=True, on_batch=wanted).run()
        taped = Replay(candidate, folder / "tape", keep_all=True, on_batch=found).run()
        assert taped.digest == whole.digest, seed
        for mine, theirs in zip(found.values(), wanted.values()):
            assert np.array_equal(mine, theirs), seed


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_scores_are_what_their_inputs_say(seed: int) -> None:
    """Every kept score against the model over the values the decision kept, read slowly."""
    rng = random.Random(seed)
    opened = open_policy(drawn(rng))
    with tempfile.TemporaryDirectory() as temporary:
        events = written(rng, Path(temporary))
        lines = []

        def look(outcome, batch):  # type: ignore[no-untyped-def]
            lines.extend(
                opened.explain_kept(outcome.decisions, batch, line) for line in range(len(outcome.decisions.kept))
            )

        Replay(opened, events, keep_all=True, on_batch=look).run()
    assert lines
    for model in opened.policy.models:
        package = read(model.package)
        scorer, contributions = Scorer(package), Contributions(package)
        for line in lines:
            row = np.array(
                [number_of(given, _seen(opened, given.name, line.seen[given.name])) for given in package.inputs]
            )
            known = int((~np.isnan(row)).sum())
            enough = known >= -(-float(model.present) * len(row) // 1)
            wanted = (
                float(scorer.scores(row[None])[0]) if enough else (float(model.fallback) if model.fallback else None)
            )
            assert line.seen[model.name] == wanted, (seed, model.name)
            base, found = contributions.of(row)
            assert abs(base + found.sum() - scorer.raw(row[None])[0]) < 1e-9


def _seen(opened: Opened, name: str, shown: object) -> object:
    types = opened.compiled.checked.typed_on(["application"])
    return seen_form(types[name], shown) if types[name].kind is not Kind.STRING else shown
