"""A scorecard as trees scores what the scorecard scores; a blend is the average of its parts; `best` is chosen inside the training rows."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.base.jit import Array
from zhiyu.evaluation.training.blend import as_trees, blended
from zhiyu.evaluation.training.candidates import CHOICES, fitted
from zhiyu.evaluation.training.gather import TrainingSet
from zhiyu.evaluation.training.terms import scorecard
from zhiyu.evaluation.training.train import Recipe, Training
from zhiyu.models.package import Additive, Input, Package, Trees, read, written
from zhiyu.models.scorer import Scorer

INPUTS = (
    Input(name="amount", kind="fixed", scale=2), Input(name="age", kind="int"),
    Input(name="town", kind="string", categories=("a", "b", "c")), Input(name="same", kind="int"),
)  # fmt: skip


def rows_of(seed: int, n: int = 600) -> TrainingSet:
    own = np.random.default_rng(seed)
    values = np.column_stack(
        [own.normal(size=n).round(1), own.integers(18, 80, n), own.integers(0, 3, n), np.full(n, 7)]
    ).astype(float)
    values[own.random((n, 4)) < 0.1] = np.nan
    label = (np.nan_to_num(values[:, 0]) + (values[:, 2] == 1) + own.normal(size=n) > 1.5).astype(np.int8)
    zero = np.zeros(n, np.int64)
    return TrainingSet(INPUTS, np.arange(n), np.arange(n), zero, label, np.ones(n), zero, values)


def raw(found: Trees | Additive, values: Array) -> Array:
    trees, additive = (found, None) if isinstance(found, Trees) else (None, found)
    package = Package(name="m", kind="trees" if trees else "scorecard", inputs=INPUTS, trees=trees, additive=additive)
    return Scorer(read(written(package))).raw(values)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 1000))
def test_the_same_scores_as_the_scorecard(seed: int) -> None:
    rows = rows_of(seed)
    card = scorecard(rows.values, rows.label.astype(float), rows.weight, INPUTS)
    trees = as_trees(card, rows.values, rows.weight)
    edges = [edge for term in card.terms for edge in term.edges]
    odd = np.array(
        [
            [x, y, z, w]
            for x in [*edges, np.nan, -1e300, 0.0]
            for y in (np.nan, 40)
            for z in (np.nan, 1, 3)
            for w in (7, np.nan)
        ]
    )
    for values in (rows.values, odd):
        assert np.allclose(raw(trees, values), raw(card, values), rtol=0, atol=1e-9)
    at = 0
    for leaves in trees.leaves:
        assert sum(trees.leaf_cover[at : at + leaves]) == pytest.approx(rows.n)
        at += leaves


def test_a_blend_is_the_average() -> None:
    pytest.importorskip("lightgbm")
    rows = rows_of(3)
    one = fitted("trees", rows, {"rounds": 20}, 1)
    two = fitted("scorecard", rows, {}, 1)
    assert isinstance(one, Trees)
    assert isinstance(two, Additive)
    both = fitted("blend", rows, {"rounds": 20}, 1)
    assert np.allclose(raw(both, rows.values), (raw(one, rows.values) + raw(two, rows.values)) / 2, rtol=0, atol=1e-9)
    again = blended([(one, 0.25), (one, 0.75)])
    assert np.allclose(raw(again, rows.values), raw(one, rows.values), rtol=0, atol=1e-9)


def test_the_best_is_chosen_without_the_test() -> None:
    """What was tried stands in the package; other labels in the test change nothing of the choice."""
    pytest.importorskip("lightgbm")
    rows = rows_of(5, 900)
    chosen = []
    for flip in (False, True):
        label = rows.label.copy()
        label[700:] = 1 - label[700:] if flip else label[700:]
        given_rows = TrainingSet(
            INPUTS, rows.position, rows.time_ms, rows.known_ms, label, rows.weight, rows.money, rows.values
        )
        training = Training(
            given_rows, Recipe(name="m", kind="best", test_ms=700, settings={"rounds": 20}), "", ("any",)
        )
        for _ in training.steps():
            pass
        assert training.package is not None
        data = training.package.trained.data
        assert set(data["tried"]) == set(CHOICES)
        assert data["tried"][data["fitted"]] == max(data["tried"].values())
        chosen.append(json.dumps([data["tried"], data["fitted"]]))
    assert chosen[0] == chosen[1]
