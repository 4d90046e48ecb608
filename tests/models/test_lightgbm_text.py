"""LightGBM's text form: what would score differently is refused, not guessed at."""

from __future__ import annotations

import random

import lightgbm
import numpy as np
import pytest

from tests.models.boosted import drawn_model
from zhiyu.base.errors import InputError
from zhiyu.models.lightgbm_text import trees_of

BOOSTER, COLUMNS, _ = drawn_model(random.Random(4))
TEXT = BOOSTER.model_to_string()


def test_names_and_counts() -> None:
    trees, names = trees_of(TEXT)
    assert list(names) == BOOSTER.feature_name()
    assert len(trees.leaves) == BOOSTER.num_trees()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("version=v4", "version=v9", "version"), ("num_class=1", "num_class=3", "several classes"), ("end of trees", "", "end of trees"),
        ("num_tree_per_iteration=1", "num_tree_per_iteration=1\naverage_output", "averages"), ("is_linear=0", "is_linear=1", "linear"),
        ("leaf_value=", "leaf_valu=", "leaf_value"), ("threshold=", "threshold=x ", "garbles"),
    ],
)  # fmt: skip
def test_what_would_score_differently_is_refused(old: str, new: str, said: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError, match=said):
        trees_of(TEXT.replace(old, new))


def test_a_random_forest_is_refused() -> None:
    settings = {
        "boosting": "rf",
        "bagging_freq": 1,
        "bagging_fraction": 0.5,
        "objective": "binary",
        "verbose": -1,
        "min_data_in_leaf": 1,
    }
    forest = lightgbm.train(settings, lightgbm.Dataset(COLUMNS, np.arange(len(COLUMNS)) % 2), 3)
    with pytest.raises(InputError, match="averages"):
        trees_of(forest.model_to_string())
