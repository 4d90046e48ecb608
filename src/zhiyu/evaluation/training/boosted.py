"""Gradient-boosted trees with LightGBM, taken over into a package.

In: values float64[n, F], labels, weights, settings. Out: `Trees`. LightGBM is an extra: `pip install 'zhiyu[train]'`. With a seed, and
in its deterministic mode, the same data give the same trees for any number of threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.models.lightgbm_text import trees_of
from zhiyu.models.package import Input, Trees

DEFAULTS: dict[str, Any] = {
    "rounds": 150, "learning_rate": 0.05, "num_leaves": 15, "min_data_in_leaf": 50, "feature_fraction": 0.5, "bagging_fraction": 0.8,
    "bagging_freq": 1, "lambda_l2": 5.0, "max_bin": 255,
}  # fmt: skip
"""Few leaves and half of the features per tree: fraud is rare, and many features say nearly the same."""

FEW_ROWS = 20_000
"""Fewer rows than this are trained by one thread: more of them wait for each other longer than they work, above all on a busy machine."""


def boosted(
    values: Array, label: Array, weight: Array, inputs: Sequence[Input], settings: Mapping[str, Any], seed: int
) -> Trees:
    """Train; `settings` over the defaults."""
    try:
        import lightgbm
    except ImportError:
        raise InputError(
            "training trees needs LightGBM: pip install 'zhiyu[train]'",
            "训练树模型需要 LightGBM：pip install 'zhiyu[train]'",
        ) from None
    chosen = DEFAULTS | dict(settings)
    rounds = int(chosen.pop("rounds"))
    fixed = {"objective": "binary", "verbose": -1, "deterministic": True, "force_row_wise": True, "seed": seed}
    if len(values) < FEW_ROWS:
        chosen = {"num_threads": 1} | chosen
    textual = [number for number, each in enumerate(inputs) if each.kind == "string"]
    layout = {"verbose": -1, "max_bin": chosen["max_bin"], "min_data_in_leaf": chosen["min_data_in_leaf"]}
    data = lightgbm.Dataset(values, label, weight=weight, categorical_feature=textual, params=layout)
    try:
        booster = lightgbm.train(chosen | fixed, data, rounds)
    except lightgbm.basic.LightGBMError as wrong:
        raise InputError(
            f"LightGBM does not take these settings: {wrong}", f"LightGBM 不接受这些设置：{wrong}"
        ) from None
    return trees_of(booster.model_to_string())[0]
