"""Tree ensembles of an ONNX model become `Trees` that take the same turns, to the bit.

In: the attributes of a TreeEnsembleRegressor or TreeEnsembleClassifier. Out: `Trees`, and what its sum means.

ONNX compares 32-bit numbers: the value is rounded first. We compare 64-bit ones, so a threshold becomes the largest 64-bit number that is
rounded to no more than it: then every value, wherever it lies, goes the same way. Leaves are added in 64 bits where ONNX Runtime adds in
32: the sums are those of the same leaves, and more exact.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.models.package import MISSING_NAN, Trees

LESS_OR_EQUAL, LESS, GREATER_OR_EQUAL, GREATER, LEAF = "BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE", "BRANCH_GT", "LEAF"
SWAPPED = (GREATER_OR_EQUAL, GREATER)
Attributes = Mapping[str, Any]


@dataclass(frozen=True)
class Ensemble:
    """`trees`, and what their sum is: "odds" (log-odds; a sigmoid follows) or "plain" (whatever the model was trained to say)."""

    trees: Trees
    says: str


def unfit(en: str, zh: str) -> InputError:
    """The model cannot be taken over."""
    return InputError(f"not an ONNX model that can be taken over: {en}", f"不是可接管的 ONNX 模型：{zh}")


def regressor(attributes: Attributes, narrow: bool) -> Ensemble:
    """A TreeEnsembleRegressor with one target. `narrow`: its input is of 32 bits."""
    if attributes.get("n_targets", 1) != 1:
        raise unfit("it has several targets", "有多个输出目标")
    if attributes.get("aggregate_function", "SUM") != "SUM":
        raise unfit(f"it takes the {attributes['aggregate_function']} of its trees, not their sum", "对各树不是求和")
    return _ensemble(attributes, narrow, _weights(attributes, "target", None), attributes.get("base_values", ()))


def classifier(attributes: Attributes, narrow: bool) -> Ensemble:
    """A TreeEnsembleClassifier of two classes, the second of which is fraud."""
    labels = attributes.get("classlabels_int64s") or attributes.get("classlabels_strings") or ()
    if len(labels) != 2:
        raise unfit(f"it tells {len(labels)} classes apart, not two", f"区分 {len(labels)} 个类别，应为两个")
    ids = set(attributes["class_ids"])
    base = list(attributes.get("base_values", ()))
    if len(ids) == 1:  # the sum speaks for the second class, whatever number it carries
        if len(base) > 1:
            raise unfit("two base values where one class is told", "仅有一个类别却有两个基准值")
        return _ensemble(attributes, narrow, _weights(attributes, "class", None), base)
    post = attributes.get("post_transform", "NONE")
    one = _weights(attributes, "class", 1)
    if post == "SOFTMAX":
        other = _weights(attributes, "class", 0)
        one = {place: one.get(place, 0.0) - other.get(place, 0.0) for place in one.keys() | other.keys()}
        base = [base[1] - base[0]] if len(base) == 2 else base
        return _ensemble({**attributes, "post_transform": "LOGISTIC"}, narrow, one, base)
    return _ensemble(attributes, narrow, one, base[1:])


def _weights(attributes: Attributes, what: str, wanted: int | None) -> dict[tuple[int, int], float]:
    """(tree, node) → what the leaf adds, of one class or target; None: of all."""
    weights = attributes[f"{what}_weights"]
    found: dict[tuple[int, int], float] = {}
    for tree, node, number, weight in zip(
        attributes[f"{what}_treeids"], attributes[f"{what}_nodeids"], attributes[f"{what}_ids"], weights
    ):
        if wanted is None or number == wanted:
            found[tree, node] = found.get((tree, node), 0.0) + float(weight)
    return found


def _ensemble(
    attributes: Attributes, narrow: bool, weights: Mapping[tuple[int, int], float], base: Sequence[float]
) -> Ensemble:
    post = attributes.get("post_transform", "NONE")
    if post not in ("NONE", "LOGISTIC"):
        raise unfit(
            f"its sum goes through {post}; NONE, LOGISTIC and, of two classes, SOFTMAX are known", f"不支持 {post} 变换"
        )
    parts: dict[str, list[Any]] = {name: [] for name in Trees.__struct_fields__ if name not in ("sets", "sigmoid")}
    for rows in _by_tree(attributes["nodes_treeids"]):
        _take(attributes, rows, weights, narrow, parts)
    for value in base:
        parts["leaves"].append(1)
        parts["value"].append(float(value))
        parts["leaf_cover"].append(1.0)
    trees = Trees(**{name: tuple(found) for name, found in parts.items()})  # type: ignore[arg-type]
    return Ensemble(trees, "odds" if post == "LOGISTIC" else "plain")


def _by_tree(ids: Sequence[int]) -> list[list[int]]:
    """Rows of the node arrays, tree by tree in the order in which trees begin."""
    found: dict[int, list[int]] = {}
    for row, tree in enumerate(ids):
        found.setdefault(tree, []).append(row)
    return list(found.values())


def _take(
    attributes: Attributes, rows: Sequence[int], weights: Mapping[tuple[int, int], float], narrow: bool, parts: dict[str, list[Any]]
) -> None:  # fmt: skip
    """One tree, parents first. Its root is its first node."""
    modes, tree = attributes["nodes_modes"], attributes["nodes_treeids"][rows[0]]
    row_of = {attributes["nodes_nodeids"][row]: row for row in rows}
    splits, leaves = list[int](), list[int]()
    place: dict[int, int] = {}
    waiting = [rows[0]]
    while waiting:
        row = waiting.pop()
        if row in place:
            raise unfit("one of its trees is none: a node has two parents", "有一棵树不成立：节点有两个父节点")
        if modes[row] == LEAF:
            place[row] = ~len(leaves)
            leaves.append(row)
        else:
            place[row] = len(splits)
            splits.append(row)
            waiting += [row_of[child] for child in reversed(_children(attributes, row))]
    below = _leaves_below(attributes, row_of, place, splits)
    for row in splits:
        left, right = (place[row_of[child]] for child in _children(attributes, row))
        parts["left"].append(left)
        parts["right"].append(right)
        parts["feature"].append(int(attributes["nodes_featureids"][row]))
        parts["threshold"].append(_threshold(modes[row], float(attributes["nodes_values"][row]), narrow))
        parts["missing"].append(MISSING_NAN)
        tracks = attributes.get("nodes_missing_value_tracks_true") or [0] * (row + 1)
        parts["default_left"].append(bool(tracks[row]) != (modes[row] in SWAPPED))
        parts["category"].append(-1)
        parts["split_cover"].append(float(below[row]))
    parts["leaves"].append(len(leaves))
    parts["value"] += [weights.get((tree, attributes["nodes_nodeids"][row]), 0.0) for row in leaves]
    parts["leaf_cover"] += [1.0] * len(leaves)


def _children(attributes: Attributes, row: int) -> tuple[int, int]:
    """(left, right) by node ids: left is where `value <= threshold` leads."""
    yes, no = attributes["nodes_truenodeids"][row], attributes["nodes_falsenodeids"][row]
    return (no, yes) if attributes["nodes_modes"][row] in SWAPPED else (yes, no)


def _leaves_below(
    attributes: Attributes, row_of: Mapping[int, int], place: Mapping[int, int], splits: Sequence[int]
) -> dict[int, int]:
    """How many leaves are under each split: what stands in for training rows, which ONNX does not keep."""
    found: dict[int, int] = {}
    for row in reversed(splits):
        own = [row_of[child] for child in _children(attributes, row)]
        found[row] = sum(1 if place[child] < 0 else found[child] for child in own)
    return found


def _threshold(mode: str, value: float, narrow: bool) -> float:
    """The largest 64-bit number that goes left. LEQ and GT ask `x <= t`, LT and GTE ask `x < t`."""
    if mode not in (LESS_OR_EQUAL, LESS, GREATER_OR_EQUAL, GREATER):
        raise unfit(f"a split by {mode}; <=, <, >= and > are known", f"分裂方式 {mode} 不受支持；仅支持 <=、<、>=、>")
    strict = mode in (LESS, GREATER_OR_EQUAL)
    if not narrow:
        return float(np.nextafter(value, -np.inf)) if strict else value
    last = np.float32(value)
    if strict:
        last = np.nextafter(last, np.float32(-np.inf))
    return last_rounded_to(last)


def last_rounded_to(value: np.float32) -> float:
    """The largest float64 that is rounded (to even, where it lies in the middle) to this float32 or less.

    >>> last_rounded_to(np.float32(1.0)) == 1.0 + 2.0**-24
    True
    """
    if not np.isfinite(value):
        return float(value)
    above = np.nextafter(value, np.float32(np.inf))
    if not np.isfinite(above):
        return float(
            np.nextafter(float(value) + (float(value) - float(np.nextafter(value, np.float32(-np.inf)))) / 2, -np.inf)
        )
    middle = (float(value) + float(above)) / 2
    return middle if np.float32(middle) == value else float(np.nextafter(middle, -np.inf))
