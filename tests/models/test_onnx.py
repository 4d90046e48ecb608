"""A model in ONNX takes the same turns as ONNX Runtime, to the bit, wherever a value lies; what would score otherwise is refused."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper

from tests.evaluation.test_training import MODEL, policy_folder, stream
from zhiyu.base.errors import InputError
from zhiyu.cli import main
from zhiyu.engine.opened import open_policy
from zhiyu.models.onnx_model import package_of
from zhiyu.models.onnx_trees import last_rounded_to
from zhiyu.models.package import Input, read, written
from zhiyu.models.scorer import Scorer

EXAMPLES = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 4, 10)
MODES = ("BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT")
COLUMNS = 4


def inputs(count: int = COLUMNS) -> tuple[Input, ...]:
    return tuple(Input(name=f"x{number}", kind="float") for number in range(count))


def made(nodes: list[Any], wide: bool = False, columns: int = COLUMNS) -> bytes:
    kind = TensorProto.DOUBLE if wide else TensorProto.FLOAT
    given_ = helper.make_tensor_value_info("x", kind, [None, columns])
    outputs = [
        helper.make_tensor_value_info(name, TensorProto.FLOAT if name == "y" else TensorProto.INT64, None)
        for name in nodes[-1].output
    ]
    graph = helper.make_graph(nodes, "g", [given_], outputs)
    opsets = [helper.make_opsetid("", 15), helper.make_opsetid("ai.onnx.ml", 3)]
    return helper.make_model(graph, opset_imports=opsets, ir_version=8).SerializeToString()


def run(content: bytes, rows: np.ndarray) -> np.ndarray:
    """What ONNX Runtime says: the second column of two."""
    session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
    found = np.asarray(session.run(["y"], {"x": rows})[0])
    return found[:, -1] if found.ndim == 2 else found


def drawn_trees(rng: random.Random, what: str) -> dict[str, Any]:
    """Trees nobody trained; leaves are whole numbers, whose 32-bit sums are exact, so that equal means the same leaves."""
    parts: dict[str, list[Any]] = {f"nodes_{name}": [] for name in (
        "treeids", "nodeids", "featureids", "values", "modes", "truenodeids", "falsenodeids", "missing_value_tracks_true",
    )} | {f"{what}_{name}": [] for name in ("treeids", "nodeids", "ids", "weights")}  # fmt: skip
    for tree in range(rng.randint(1, 5)):
        children: list[tuple[int, int] | None] = []  # of the nodes as they come, the root first
        count = 1
        while len(children) < count:
            split = count < 15 and (not children or rng.random() < 0.6)
            children.append((count, count + 1) if split else None)
            count += 2 * split
        number = rng.sample(range(count), count)  # any numbering
        for at, own in enumerate(children):
            mode = rng.choice(MODES) if own else "LEAF"
            ends = [number[child] for child in own] if own else [0, 0]
            value = rng.choice([0.1, 1 / 3, 2.5, -0.7, 16777217.0])
            line = (tree, number[at], rng.randrange(COLUMNS), value, mode, *ends, rng.randrange(2))
            for name, each in zip(list(parts)[:8], line):
                parts[name].append(each)
            if own is None:
                for name, each in zip(list(parts)[8:], (tree, number[at], 0, float(rng.randint(-50, 50)))):
                    parts[name].append(each)
    return dict(parts)


def rows_near(rng: random.Random, attributes: dict[str, Any], n: int) -> np.ndarray:
    """Values on, beside and between the thresholds, in 64 bits; some missing."""
    at = [float(np.float32(value)) for value in attributes["nodes_values"]]
    near = [f(value) for value in at for f in (
        lambda v: v, lambda v: np.nextafter(v, np.inf), lambda v: np.nextafter(v, -np.inf), lambda v: float(np.nextafter(np.float32(v),
        np.float32(9e9))), lambda v: (v + float(np.nextafter(np.float32(v), np.float32(np.inf)))) / 2, lambda v: (v +
        float(np.nextafter(np.float32(v), np.float32(-np.inf)))) / 2, lambda v: v * 1.0000001, lambda v: -v,
    )]  # fmt: skip
    return np.array(
        [[rng.choice([rng.choice(near), np.nan, rng.uniform(-3, 3)]) for _ in range(COLUMNS)] for _ in range(n)]
    )


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_trees_take_the_same_turns(seed: int) -> None:
    rng = random.Random(seed)
    attributes, wide = drawn_trees(rng, "target"), rng.random() < 0.3
    more = {"base_values": [3.0]} if rng.random() < 0.3 else {}
    node = helper.make_node(
        "TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", n_targets=1, **attributes, **more
    )
    content, rows = made([node], wide), rows_near(rng, attributes, 70)
    package = read(written(package_of(content, "m", inputs())))
    wanted = run(content, rows if wide else rows.astype(np.float32))
    for one_by_one in (False, True):
        assert np.array_equal(Scorer(package).raw(rows, one_by_one), wanted.astype(np.float64)), seed


@pytest.mark.parametrize(
    ("post", "both"), [("NONE", False), ("NONE", True), ("LOGISTIC", False), ("LOGISTIC", True), ("SOFTMAX", True)]
)
@pytest.mark.parametrize("number", [0, 1])
def test_classifiers_say_the_chance_of_the_second_class(post: str, both: bool, number: int) -> None:
    rng = random.Random(3)
    attributes = drawn_trees(rng, "class")
    scale = 1 / 100 if post == "NONE" else 1 / 20
    attributes["class_weights"] = [abs(weight) * scale / 5 for weight in attributes["class_weights"]]
    attributes["class_ids"] = [number] * len(attributes["class_ids"])
    if both:
        for name in ("treeids", "nodeids"):
            attributes[f"class_{name}"] = attributes[f"class_{name}"] * 2
        attributes["class_ids"] = [0] * (len(attributes["class_ids"])) + [1] * len(attributes["class_ids"])
        attributes["class_weights"] = [0.3 * w for w in attributes["class_weights"]] + attributes["class_weights"]
    node = helper.make_node(
        "TreeEnsembleClassifier",
        ["x"],
        ["label", "y"],
        domain="ai.onnx.ml",
        classlabels_int64s=[0, 1],
        post_transform=post,
        **attributes,
    )
    content, rows = made([node]), rows_near(rng, attributes, 200)
    wanted = run(content, rows.astype(np.float32))
    assert np.allclose(Scorer(package_of(content, "m", inputs())).scores(rows), wanted, atol=1e-6)
    assert len(np.unique(wanted)) > 3


@pytest.mark.parametrize("classes", [1, 2])
def test_linear_models_with_their_scaling(classes: int) -> None:
    rng = np.random.default_rng(5)
    scaler = helper.make_node(
        "Scaler", ["x"], ["s"], domain="ai.onnx.ml", offset=[1.0, 2.0, 0.0, -1.0], scale=[0.5, 2.0, 1.0, 0.1]
    )
    coefficients = rng.normal(size=COLUMNS)
    own: dict[str, Any] = {
        "coefficients": [*-coefficients, *coefficients],
        "intercepts": [-0.25, 0.25],
        "classlabels_ints": [0, 1],
        "post_transform": "LOGISTIC",
    }
    model = helper.make_node("LinearClassifier", ["s"], ["label", "y"], domain="ai.onnx.ml", **own)
    if classes == 1:
        model = helper.make_node(
            "LinearRegressor",
            ["s"],
            ["y"],
            domain="ai.onnx.ml",
            coefficients=list(coefficients),
            intercepts=[0.25],
            targets=1,
        )
    content, rows = made([scaler, model]), rng.normal(size=(300, COLUMNS))
    wanted = run(content, rows.astype(np.float32))
    package = package_of(content, "m", inputs(), odds=classes == 1)
    found = Scorer(package).scores(rows) if classes == 2 else Scorer(package).raw(rows)
    assert np.allclose(found, wanted, atol=1e-5)


def test_where_rounding_turns() -> None:
    rng = np.random.default_rng(1)
    for value in np.concatenate([rng.normal(size=500), [0.0, 1.0, -1.0, 1e-42, -1e-42, 3e38, -3e38]]).astype(
        np.float32
    ):
        last = last_rounded_to(value)
        assert np.float32(last) <= value < np.float32(np.nextafter(last, np.inf))


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"aggregate_function": "MAX"}, "MAX of its trees"), ({"n_targets": 2}, "several targets"),
        ({"post_transform": "PROBIT"}, "PROBIT"),
        ({"nodes_modes": ["BRANCH_EQ", "LEAF", "LEAF"]}, "BRANCH_EQ"), ({"nodes_truenodeids": [0, 0, 0]}, "two parents"),
        ({"nodes_featureids": [9, 0, 0]}, "reads 4 columns"),
    ],
)  # fmt: skip
def test_what_would_score_otherwise_is_refused(change: dict[str, Any], words: str) -> None:
    tree = {
        "nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0, 0, 0], "nodes_values": [0.5, 0.0, 0.0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"], "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0],
        "target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [0.1, 0.9], "n_targets": 1,
    }  # fmt: skip
    node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **(tree | change))
    with pytest.raises(InputError, match=words) as wrong:
        package_of(made([node]), "m", inputs())
    assert "ONNX" in wrong.value.zh


def test_other_graphs_are_refused() -> None:
    relu = helper.make_node("Relu", ["x"], ["s"])
    linear = helper.make_node("LinearRegressor", ["s"], ["y"], domain="ai.onnx.ml", coefficients=[1.0] * 4)
    alone = helper.make_node("Relu", ["x"], ["y"])
    for nodes, words in (([alone], "0 tree ensembles or linear models"), ([relu, linear], "'Relu' before")):
        with pytest.raises(InputError, match=words):
            package_of(made(nodes), "m", inputs())
    with pytest.raises(InputError, match="cannot be read"):
        package_of(b"\x08\x08 no model at all", "m", inputs())


def test_from_a_file_into_the_decision(tmp_path: Path) -> None:
    events = stream(
        tmp_path / "events.ndjson", 2_000, 200, lambda rng, amount: rng.random() < (0.75 if amount > 60 else 0.02)
    )
    folder = policy_folder(tmp_path / "policy")
    tree = {
        "nodes_treeids": [0, 0, 0], "nodes_nodeids": [0, 1, 2], "nodes_featureids": [0, 0, 0], "nodes_values": [60.0, 0.0, 0.0],
        "nodes_modes": ["BRANCH_LEQ", "LEAF", "LEAF"], "nodes_truenodeids": [1, 0, 0], "nodes_falsenodeids": [2, 0, 0],
        "target_treeids": [0, 0], "target_nodeids": [1, 2], "target_ids": [0, 0], "target_weights": [0.02, 0.75], "n_targets": 1,
    }  # fmt: skip
    node = helper.make_node("TreeEnsembleRegressor", ["x"], ["y"], domain="ai.onnx.ml", **tree)
    onnx.save(onnx.load_model_from_string(made([node], columns=2)), tmp_path / "own.onnx")
    common = [
        "--policy",
        str(folder),
        "--events",
        str(events),
        "--cell",
        "payment/test",
        "--out",
        str(folder / "risk.json"),
        "--lang",
        "en",
    ]
    done = CliRunner().invoke(
        main, ["models", "import", str(tmp_path / "own.onnx"), "--input", "amount", "--input", "mean_30d", *common]
    )
    assert done.exit_code == 0, done.stderr
    package = read((folder / "risk.json").read_bytes())
    assert package.metrics["test"]["auc"] > 0.8
    assert {spread.name for spread in package.baseline} == {"amount", "mean_30d", "(score)"}
    policy_folder(folder, MODEL)
    assert open_policy(folder).compiled.models[0].package == package
    wrong = CliRunner().invoke(main, ["models", "import", str(tmp_path / "own.onnx"), "--input", "amount", *common])
    assert (wrong.exit_code, "reads 2 columns, and 1 inputs are named" in wrong.stderr) == (1, True)
    drift = ["models", "drift", str(folder / "risk.json"), "--policy", str(folder), "--events", str(events), "--json"]
    assert json.loads(CliRunner().invoke(main, drift).stdout)["inputs"][0]["stability"] < 1e-9
