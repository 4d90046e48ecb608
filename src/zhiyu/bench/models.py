"""Scoring a boosted model: one row and many, beside LightGBM, XGBoost and ONNX Runtime in the same run.

In: sizes. Out: a report. 300 trees of 31 leaves over 200 features, trained on drawn values with some of them missing; every row differs
from the one before, because a processor remembers its turns. LightGBM and ONNX Runtime score the same model, XGBoost one of the same
shape. Scores are checked: LightGBM's to the bit, ONNX Runtime's (32-bit thresholds) by rank.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from rich.console import Console

from zhiyu.base.jit import Array
from zhiyu.bench.conditions import conditions
from zhiyu.bench.report import figures_table
from zhiyu.bench.turns import Work, in_turns
from zhiyu.models.lightgbm_text import trees_of
from zhiyu.models.package import Input, Package, Trees
from zhiyu.models.scorer import Scorer

Say = Callable[[str, float], None]
AIMS: tuple[tuple[str, str, str, float, bool], ...] = (
    ("single_us", "one row, the whole call, µs", "{:,.1f}", 25, False),
    ("batch_us_per_row", "in batches, µs a row", "{:,.2f}", 5, False),
)
ROUNDS = 5
MISSING = 0.05


@dataclass(frozen=True)
class ModelSizes:
    """Rows to train on and to score, trees, leaves, features."""

    train: int = 20_000
    rows: int = 4_096
    single: int = 500
    trees: int = 300
    leaves: int = 31
    features: int = 200


def run_models(sizes: ModelSizes, say: Say) -> dict[str, Any]:
    """Train, check that the scores are equal, then measure in turns."""
    import lightgbm
    import onnxruntime
    import xgboost

    own = np.random.default_rng(7)
    columns = own.normal(size=(sizes.train, sizes.features))
    columns[own.random(columns.shape) < MISSING] = np.nan
    filled = np.nan_to_num(columns)
    label = (filled[:, : max(sizes.features // 10, 1)].sum(1) + own.normal(size=sizes.train) > 2).astype(int)
    say("training the peers", 0.0)
    settings = {
        "objective": "binary",
        "num_leaves": sizes.leaves,
        "learning_rate": 0.05,
        "verbose": -1,
        "num_threads": 1,
    }
    booster = lightgbm.train(settings, lightgbm.Dataset(columns, label), sizes.trees)
    shape = {
        "max_depth": 0,
        "max_leaves": sizes.leaves,
        "grow_policy": "lossguide",
        "tree_method": "hist",
        "objective": "binary:logistic",
        "nthread": 1,
    }
    other = xgboost.train(shape, xgboost.DMatrix(columns, label), sizes.trees)
    trees, names = trees_of(booster.model_to_string())
    package = Package(name="bench", kind="trees", inputs=tuple(Input(name=n, kind="float") for n in names), trees=trees)
    scorer, session = Scorer(package), onnx_session(onnxruntime, trees, sizes.features)
    rows = own.normal(size=(sizes.rows, sizes.features))
    rows[own.random(rows.shape) < MISSING] = np.nan
    narrow = rows.astype(np.float32)
    say("checking the scores", 0.5)
    equal = {
        "lightgbm": bool(np.array_equal(scorer.raw(rows), booster.predict(rows, raw_score=True, num_threads=1))),
        "one_by_one": bool(np.array_equal(scorer.raw(rows), scorer.raw(rows, one_by_one=True))),
    }
    by_onnx = np.asarray(session.run(None, {"x": narrow})[0]).ravel()
    equal["onnx"] = bool(np.corrcoef(by_onnx, scorer.raw(rows))[0, 1] > 0.999)
    batch: dict[str, Callable[[Array, Array], object]] = {
        "zhiyu": lambda wide, narrow: scorer.scores(wide, one_by_one=len(wide) == 1),
        "lightgbm": lambda wide, narrow: booster.predict(wide, raw_score=True, num_threads=1),
        "xgboost": lambda wide, narrow: other.inplace_predict(narrow),
        "onnx": lambda wide, narrow: session.run(None, {"x": narrow}),
    }
    say("measuring", 0.6)
    many = in_turns({name: _many(run, rows, narrow) for name, run in batch.items()}, ROUNDS)
    single = in_turns(
        {name: _single(run, rows[: sizes.single], narrow[: sizes.single]) for name, run in batch.items()}, ROUNDS
    )
    peers = {
        n: {"single_us": round(single[n].us, 2), "batch_us_per_row": round(many[n].us, 3)}
        for n in batch
        if n != "zhiyu"
    }
    mine = {"single_us": round(single["zhiyu"].us, 2), "batch_us_per_row": round(many["zhiyu"].us, 3)}
    ratio = {name: {key: round(figures[key] / mine[key], 2) for key in mine} for name, figures in peers.items()}
    told = conditions() | {
        "trees": sizes.trees,
        "leaves": sizes.leaves,
        "features": sizes.features,
        "rows": sizes.rows,
        "rounds": ROUNDS,
    }
    say("done", 1.0)
    return {**mine, "peers": peers, "ratio": ratio, "equal": equal, "conditions": told}


def _many(run: Callable[[Array, Array], object], rows: Array, narrow: Array) -> Work:
    return Work(lambda: run(rows, narrow), len(rows))


def _single(run: Callable[[Array, Array], object], rows: Array, narrow: Array) -> Work:
    def each() -> None:
        for number in range(len(rows)):
            run(rows[number : number + 1], narrow[number : number + 1])

    return Work(each, len(rows))


def onnx_session(onnxruntime: Any, trees: Trees, features: int) -> Any:
    """The same trees as an ONNX graph, on one thread. ONNX numbers splits and leaves of a tree in one row."""
    from onnx import TensorProto, helper

    parts: dict[str, list[Any]] = {
        name: []
        for name in (
            "nodes_treeids", "nodes_nodeids", "nodes_featureids", "nodes_values", "nodes_modes", "nodes_truenodeids", "nodes_falsenodeids",
            "nodes_missing_value_tracks_true", "target_treeids", "target_nodeids", "target_ids", "target_weights",
        )
    }  # fmt: skip
    split, leaf = 0, 0
    for tree, leaves in enumerate(trees.leaves):
        splits = leaves - 1
        for number in range(splits):
            at = split + number
            children = [child if child >= 0 else splits + ~child for child in (trees.left[at], trees.right[at])]
            values = (
                tree,
                number,
                trees.feature[at],
                trees.threshold[at],
                "BRANCH_LEQ",
                *children,
                int(trees.default_left[at]),
            )
            for name, value in zip(list(parts)[:8], values):
                parts[name].append(value)
        for number in range(leaves):
            for name, value in zip(list(parts)[:8], (tree, splits + number, 0, 0.0, "LEAF", 0, 0, 0)):
                parts[name].append(value)
            for name, value in zip(list(parts)[8:], (tree, splits + number, 0, trees.value[leaf + number])):
                parts[name].append(value)
        split, leaf = split + splits, leaf + leaves
    attributes: dict[str, Any] = {"n_targets": 1, **parts}
    node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **attributes)
    given = helper.make_tensor_value_info("x", TensorProto.FLOAT, [None, features])
    made = helper.make_tensor_value_info("y", TensorProto.FLOAT, [None, 1])
    graph = helper.make_graph([node], "trees", [given], [made])
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)]
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    model = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def show_models(report: dict[str, Any], console: Console) -> None:
    """Print the report."""
    from rich.table import Table

    console.print(figures_table(report, AIMS))
    table = Table("peer", "figure", "theirs", "ours", "we are", box=None)
    for peer, figures in report["peers"].items():
        for key, theirs in figures.items():
            table.add_row(peer, key, f"{theirs:,}", f"{report[key]:,}", f"{report['ratio'][peer][key]:,} times as fast")
    console.print(table)
    told = report["conditions"]
    console.print(
        f"{told['cpu']}, {told['cores']} cores, load {told['load_average'][0]}; {told['trees']} trees x {told['leaves']} leaves x "
        f"{told['features']} features, rows differ; median of {told['rounds']} rounds; one thread each", style="dim",
    )  # fmt: skip
