"""Scores inside decisions: the same bits one by one, in batches, live and from a tape; and the meaning a slow reading gives them."""

from __future__ import annotations

import os
import random
import tempfile
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import msgspec
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.scored_policy import package_for, scored_policy
from tests.oracles.naive_flow import mixed, spread
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
from zhiyu.policy.declare_matrix import MatrixCell

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
            runs.append((found.digest, *seen.values(), seen.recorded()))
        again = Seen()
        runs.append(
            (
                Replay(live, folder / "tape", keep_all=True, on_batch=again).run().digest,
                *again.values(),
                again.recorded(),
            )
        )
        for digest, values, nulls, recorded in runs[1:]:
            assert digest == runs[0][0], seed
            assert np.array_equal(values, runs[0][1]), seed
            assert np.array_equal(nulls, runs[0][2]), seed
            assert np.array_equal(recorded, runs[0][3]), seed


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_a_tape_is_decided_with_another_model(seed: int) -> None:
    rng = random.Random(seed)
    policy = drawn(rng)
    names = [given.name for given in read(policy.models[0].package).inputs]
    base = msgspec.structs.replace(
        policy,
        models=(),
        matrix=(),
        rule_sets=(),
        flows=(),
        scorecards=(),
        tables=(),
        limits=(),
        features=policy.features[:-1],
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


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_the_right_model_speaks_in_every_cell(seed: int) -> None:
    """Who spoke in each decision, passes among them, against the declaration read slowly."""
    rng = random.Random(seed)
    opened = open_policy(drawn(rng))
    (cell,), recorded = opened.compiled.policy.matrix, opened.recorded
    speakers = (cell.champion, *(each.model for each in cell.challengers))
    with tempfile.TemporaryDirectory() as temporary:
        events = written(rng, Path(temporary))

        def look(outcome, batch):  # type: ignore[no-untyped-def]
            d = outcome.decisions
            register = opened.compiled.schema.index[cell.by]
            for at in range(d.n):
                scores = dict(zip(recorded.models, recorded.scores(d)[:, at].tolist()))
                row = int(d.rows[at])
                key = None if batch.nulls[register, row] else int(batch.values[register, row])
                wanted = _speaker(cell, key, opened.codes.one)
                if wanted not in speakers or scores[wanted] != scores[wanted]:
                    wanted = cell.champion
                spoke = recorded.spoke(d, at).get(cell.name)
                assert spoke == (wanted if scores[wanted] == scores[wanted] else None), seed
                kept = {f.name: n for n, f in enumerate(opened.compiled.features)}
                line = int(np.flatnonzero(d.kept == at)[0])
                for name, model in ((cell.name, spoke), *((each, each) for each in recorded.models)):
                    null, bits = d.kept_nulls[line, kept[name]], d.kept_values[line, kept[name]]
                    assert bool(null) == (model is None or scores[model] != scores[model])
                    assert null or bits.view(np.float64) == scores[model], (seed, name)

        Replay(opened, events, keep_all=True, on_batch=look).run()


def _speaker(cell: MatrixCell, key: int | None, encode: Callable[[str], int]) -> str:
    if key is None:
        return cell.champion
    place, upto = Fraction(spread(mixed(encode(cell.salt or cell.name), key)) >> 31, 1 << 32) * 100, Fraction(0)
    for each in cell.challengers:
        upto += Fraction(str(each.percent))
        if int(place * 10_000) < upto * 10_000:
            return each.model
    return cell.champion


def _seen(opened: Opened, name: str, shown: object) -> object:
    types = opened.compiled.checked.typed_on(["application"])
    return seen_form(types[name], shown) if types[name].kind is not Kind.STRING else shown
