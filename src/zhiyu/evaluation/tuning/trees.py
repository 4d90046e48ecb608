"""New rules from shallow trees over what the live policy lets through.

In: values as columns, labels, amounts, on the rows a tree may learn from. Out: leaves as clauses. Values are first cut at readable
numbers, and the tree sees only between which cuts a value lies: its splits are exact in the language, nothing is rounded afterwards.
The rows of the best leaf are taken out, and the next round of trees looks at the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.evaluation.tuning.clauses import Clause, Value, fitting, shorter_clauses
from zhiyu.evaluation.tuning.readable import as_numbers, cuts
from zhiyu.expressions.types import Kind

MIN_LEAF = 10
KEEPS = 0.9
"""A clause is left out when the rest is worth at least this share."""


@dataclass(frozen=True)
class Ground:
    """Rows to learn from: `fraud` bool[n], `weight` float64[n] for counting, `amount` float64[n] what catching a fraud is worth."""

    values: tuple[Value, ...]
    fraud: Array
    weight: Array
    amount: Array


@dataclass(frozen=True)
class _Input:
    """One column of the tree: a value and its cuts, or one choice of it (`choice`)."""

    value: Value
    cuts: Array
    choice: str | None


def tree_class() -> Any:
    """scikit-learn's tree; InputError with the command that installs it when it is missing."""
    try:
        from sklearn.tree import DecisionTreeClassifier
    except ImportError:
        raise InputError(
            "new rules are found with scikit-learn, which is not installed: pip install 'zhiyu[tune]'",
            "寻找新规则需要 scikit-learn，尚未安装：pip install 'zhiyu[tune]'",
        ) from None
    return DecisionTreeClassifier


def leaves(
    ground: Ground, worth: Callable[[Array], float], rounds: int, max_depth: int, seed: int
) -> Iterator[tuple[Clause, ...]]:
    """Leaves worth something, tree after tree. `worth` says what stopping the rows of a mask bool[n] is worth; <= 0: nothing."""
    inputs = _inputs(ground)
    if not inputs:
        return
    matrix = np.column_stack([_coded(each) for each in inputs])
    left = np.ones(len(ground.fraud), bool)
    for _ in range(rounds):
        found = _round(ground, worth, inputs, matrix, left, max_depth, seed)
        if not found:
            return
        yield from (clauses for _, clauses in found)
        left = left & ~fitting(max(found, key=lambda each: each[0])[1], len(left))
        if not (ground.fraud & left).any():
            return


def _round(
    ground: Ground, worth: Callable[[Array], float], inputs: Sequence[_Input], matrix: Array, left: Array, max_depth: int, seed: int
) -> list[tuple[float, tuple[Clause, ...]]]:  # fmt: skip
    """(worth, clauses) of every leaf worth something on the rows `left`, shortened."""

    def worth_left(clauses: tuple[Clause, ...]) -> float:
        return worth(fitting(clauses, len(left)) & left)

    found = []
    for tree in _trees(ground, matrix, left, max_depth, seed):
        for clauses in _tree_leaves(tree, inputs):
            value = worth_left(clauses)
            if value > 0:
                short = _shortened(clauses, worth_left, value)
                found.append((worth_left(short), short))
    return found


def _trees(ground: Ground, matrix: Array, left: Array, max_depth: int, seed: int) -> Iterator[Any]:
    """Trees with frauds weighted by amount and by count, from as rare as they are to as heavy as all goods."""
    tree, fraud = tree_class(), ground.fraud[left]
    goods = float(ground.weight[left][~fraud].sum())
    for weights in (ground.weight * ground.amount, ground.weight):
        share = weights[left] * fraud
        if not share.sum() or not goods:
            continue
        rare = float((ground.weight[left] * fraud).sum()) / goods
        for heavy in (rare, rare**0.5, 1.0):
            sample = np.where(fraud, share / share.sum() * goods * heavy, ground.weight[left])
            fitted = tree(max_depth=max_depth, min_samples_leaf=MIN_LEAF, random_state=seed)
            yield fitted.fit(matrix[left], fraud, sample_weight=sample).tree_


def _inputs(ground: Ground) -> list[_Input]:
    found = []
    for value in ground.values:
        if value.type.kind is Kind.BOOL:
            found.append(_Input(value, np.array([0], np.int64), None))
        elif value.type.kind is Kind.STRING:
            found += [_Input(value, np.zeros(0, np.int64), choice) for choice, _ in value.codes]
        else:
            there = value.nulls == 0
            numbers = as_numbers(value.values, value.type)
            points = cuts(numbers[there & ground.fraud], numbers[there & ~ground.fraud], value.type)
            found.append(_Input(value, points, None))
    return found


def _coded(each: _Input) -> Array:
    """float32[n]: how many cuts lie below the value (1 or 0 for a choice), NaN for null."""
    if each.choice is not None:
        code = (each.value.values == dict(each.value.codes)[each.choice]).astype(np.float32)
    else:
        code = np.searchsorted(each.cuts, as_numbers(each.value.values, each.value.type), side="left").astype(
            np.float32
        )
    code[each.value.nulls != 0] = np.nan
    return code


def _tree_leaves(tree: Any, inputs: Sequence[_Input]) -> Iterator[tuple[Clause, ...]]:
    """Clauses of every node but the root: an inner node is a leaf of the same tree grown less deep. `queue`: (node, clauses by name)."""
    queue: list[tuple[int, dict[str, Clause]]] = [(0, {})]
    while queue:
        node, so_far = queue.pop()
        if so_far:
            yield tuple(so_far[name] for name in sorted(so_far))
        if tree.children_left[node] < 0:
            continue
        each, mark = inputs[tree.feature[node]], float(tree.threshold[node])
        null_left = bool(tree.missing_go_to_left[node])
        queue.append((int(tree.children_left[node]), _with(so_far, each, mark, True, null_left)))
        queue.append((int(tree.children_right[node]), _with(so_far, each, mark, False, not null_left)))


def _with(so_far: dict[str, Clause], each: _Input, mark: float, left: bool, null: bool) -> dict[str, Clause]:
    """`so_far` with one more split. A threshold of infinity splits the missing values from all others."""
    there = so_far.get(each.value.name)
    null = null and bool((each.value.nulls != 0).any())
    clause = there or Clause(each.value, null=null)
    clause = replace(clause, null=clause.null and null)
    if not np.isfinite(mark):
        clause = clause if left else replace(clause, only_null=True)
    elif each.choice is not None:
        clause = replace(clause, not_=(*clause.not_, each.choice)) if left else replace(clause, is_=(each.choice,))
    elif each.value.type.kind is Kind.BOOL:
        clause = replace(clause, not_=("true",)) if left else replace(clause, is_=("true",))
    else:
        cut = each.cuts[min(int(np.floor(mark)), len(each.cuts) - 1)].item()
        clause = _bounded(clause, cut, left)
    if clause.is_:
        clause = replace(clause, not_=())
    return so_far | {each.value.name: clause}


def _bounded(clause: Clause, cut: int | float, left: bool) -> Clause:
    if left:
        return replace(clause, high=cut if clause.high is None else min(clause.high, cut))
    return replace(clause, low=cut if clause.low is None else max(clause.low, cut))


def _shortened(
    clauses: tuple[Clause, ...], worth: Callable[[tuple[Clause, ...]], float], value: float
) -> tuple[Clause, ...]:
    """The same with whatever may go: a clause, one bound of it, the missing values."""
    again = True
    while again:
        again = False
        for shorter in shorter_clauses(clauses):
            if worth(shorter) >= KEEPS * value:
                clauses, again = shorter, True
                break
    return clauses
