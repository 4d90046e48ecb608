"""Scores of trees are those of LightGBM, to the bit, whatever the rows; one by one and in blocks of any size. Contributions as well."""

from __future__ import annotations

import os
import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.models.boosted import drawn_model, hard_rows
from zhiyu.models.contributions import Contributions
from zhiyu.models.package import read, written
from zhiyu.models.scorer import Scorer

EXAMPLES = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 4, 10)


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_raw_scores_are_lightgbms_to_the_bit(seed: int) -> None:
    rng = random.Random(seed)
    booster, columns, package = drawn_model(rng)
    rows = hard_rows(rng, columns, rng.choice([1, 2, 63, 64, 65, 200]))
    wanted = booster.predict(rows, raw_score=True, num_threads=1)
    package = read(written(package))
    scorer = Scorer(package)
    for one_by_one in (False, True):
        raw, scores = scorer.both(rows, one_by_one)
        assert np.array_equal(raw, wanted), (seed, one_by_one)
        assert ((scores >= 0) & (scores <= 1)).all()
    assert np.array_equal(scorer.scores(rows, True), scorer.scores(rows))
    assert np.allclose(scorer.scores(rows), 1 / (1 + np.exp(-package.trees.sigmoid * wanted)), rtol=1e-12)  # type: ignore[union-attr]


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_contributions_are_lightgbms(seed: int) -> None:
    rng = random.Random(seed)
    booster, columns, package = drawn_model(rng)
    rows = hard_rows(rng, columns, 5)
    wanted = booster.predict(rows, pred_contrib=True, num_threads=1)
    raw = booster.predict(rows, raw_score=True, num_threads=1)
    explained = Contributions(package)
    for row, theirs, total in zip(rows, wanted, raw):
        base, found = explained.of(row)
        assert np.allclose(found, theirs[:-1], atol=1e-9), seed
        assert abs(base + found.sum() - total) < 1e-9, seed
