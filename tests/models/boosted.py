"""Random LightGBM models and rows for tests: every kind of split, missing values, far values, categories nobody saw."""

from __future__ import annotations

import random
from typing import Any

import lightgbm
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.models.lightgbm_text import trees_of
from zhiyu.models.package import Input, Package

FAR = (0.0, -0.0, 1e-36, -1e-36, 1e-35, 5e-324, 1e300, -1e300, np.inf, -np.inf, 2.0**31, -0.5, 0.5, -1.0, 255.0, 3e9)


def drawn_rows(rng: random.Random, rows: int, features: int, categorical: list[int]) -> Array:
    """float64[rows, features]: whole numbers, zeros, nulls, far values; categories 0 … 40."""
    own = np.random.default_rng(rng.randrange(2**32))
    found = own.normal(size=(rows, features)) * own.choice([0.1, 1.0, 1e6], features)
    found[own.random(found.shape) < 0.3] = 0.0
    found[own.random(found.shape) < 0.2] = np.nan
    whole = own.random(features) < 0.3
    found[:, whole] = np.round(found[:, whole])
    for number in categorical:
        found[:, number] = np.where(np.isnan(found[:, number]), np.nan, own.integers(0, rng.choice([3, 40]), rows))
    return found


def drawn_model(rng: random.Random) -> tuple[Any, Array, Package]:
    """A trained booster, its training rows, and the package made from its text."""
    features, rows = rng.randint(1, 12), rng.choice([60, 400])
    categorical = [f for f in range(features) if rng.random() < 0.25]
    columns = drawn_rows(rng, rows, features, categorical)
    own = np.random.default_rng(rng.randrange(2**32))
    truth = (np.nan_to_num(columns[:, 0], nan=1.0) % 7 + own.normal(size=rows) > 1).astype(int)
    settings = {
        "objective": rng.choice(["binary", "cross_entropy"]), "num_leaves": rng.choice([2, 7, 31, 100]),
        "min_data_in_leaf": rng.choice([1, 5]), "learning_rate": 0.3, "verbose": -1, "num_threads": 1, "seed": rng.randrange(1000),
        "use_missing": rng.random() < 0.8, "zero_as_missing": rng.random() < 0.3, "max_bin": rng.choice([7, 255]),
        "min_data_per_group": 1, "cat_smooth": 1.0, "max_cat_to_onehot": rng.choice([1, 4]), "sigmoid": rng.choice([1.0, 0.5]),
    }  # fmt: skip
    data = lightgbm.Dataset(columns, truth, categorical_feature=categorical, params={"verbose": -1})
    booster = lightgbm.train(settings, data, rng.choice([1, 5, 20]))
    return booster, columns, package_of(booster)


def package_of(booster: Any) -> Package:
    """The package of a booster over float inputs."""
    trees, names = trees_of(booster.model_to_string())
    return Package(name="drawn", kind="trees", inputs=tuple(Input(name=n, kind="float") for n in names), trees=trees)


def hard_rows(rng: random.Random, columns: Array, rows: int) -> Array:
    """Rows to score: some of the training, with far values, nulls and unseen categories among them."""
    own = np.random.default_rng(rng.randrange(2**32))
    found = columns[own.integers(0, len(columns), rows)].copy()
    odd = own.random(found.shape) < 0.3
    found[odd] = own.choice([*FAR, np.nan, 41.0, 64.0, 1000.0], int(odd.sum()))
    return found
