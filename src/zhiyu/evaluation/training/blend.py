"""A scorecard and boosted trees as one model: their log-odds, averaged.

In: an `Additive` of bins and categories, `Trees`. Out: `Trees`. A term of a scorecard is a step function of one input, and so is a tree
that splits on that input alone: the scorecard becomes one tree per term, with the same scores, and no scorer has to learn anything. Why
blend: on few rows a scorecard's monotone bins keep trees from learning noise, and trees see what bins one by one cannot.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.models.package import MISSING_NAN, Additive, Term, Trees

BELOW_ALL = -float(np.finfo(np.float64).max)
_PARTS = (
    "leaves",
    "feature",
    "threshold",
    "left",
    "right",
    "missing",
    "default_left",
    "split_cover",
    "leaf_cover",
)


def blended(parts: Sequence[tuple[Trees, float]]) -> Trees:
    """One model whose raw score is the weighted sum of the parts' raw scores (up to the order of adding)."""
    found: dict[str, list[Any]] = {name: [] for name in (*_PARTS, "value", "category", "sets")}
    for trees, share in parts:
        assert trees.sigmoid == 1.0, "log-odds are added to log-odds"
        for name in _PARTS:
            found[name] += getattr(trees, name)
        found["value"] += [value * share for value in trees.value]
        found["category"] += [each + len(found["sets"]) if each >= 0 else each for each in trees.category]
        found["sets"] += trees.sets
    return msgspec.convert({name: tuple(each) for name, each in found.items()}, Trees)


def as_trees(scorecard: Additive, values: Array, weight: Array) -> Trees:
    """A scorecard as one tree per term; `values`, `weight`: the rows it was learned from, to know how many come to each leaf."""
    parts = [
        _tree(number, term, scorecard.base if number == 0 else 0.0, values[:, number], weight)
        for number, term in enumerate(scorecard.terms)
    ]
    return blended([(tree, 1.0) for tree in parts])


def _tree(feature: int, term: Term, base: float, column: Array, weight: Array) -> Trees:
    """Leaf 0 is null, then the bins or categories in order, for categories one more for unknown ones."""
    assert term.kind in ("bins", "categories"), "a line is no step function"
    by_word = term.kind == "categories"
    points = [term.missing, *term.points, *([term.other] if by_word else [])]
    null, filled = np.isnan(column), np.nan_to_num(column)
    place = (
        np.minimum(filled.astype(np.int64), len(term.points))
        if by_word
        else np.searchsorted(np.array(term.edges), filled, side="right")
    )
    cover = np.bincount(np.where(null, 0, place + 1), weight, len(points))
    steps = len(points) - 1
    below = [float(np.nextafter(edge, -np.inf)) for edge in term.edges]
    left_over = cover[::-1].cumsum()[::-1]
    return Trees(
        leaves=(len(points),),
        feature=(feature,) * steps,
        threshold=(BELOW_ALL, *([0.0] * (steps - 1) if by_word else below)),
        left=tuple(~number for number in range(steps)),
        right=(*range(1, steps), ~steps),
        missing=(MISSING_NAN,) * steps,
        default_left=(True, *[False] * (steps - 1)),
        category=(-1, *(range(steps - 1) if by_word else [-1] * (steps - 1))),
        value=tuple(base + point for point in points),
        split_cover=tuple(float(each) for each in left_over[:steps]),
        leaf_cover=tuple(float(each) for each in cover),
        sets=tuple((number,) for number in range(steps - 1)) if by_word else (),
    )
