"""What each input contributed to a score: exact Shapley values over the trees (TreeSHAP), or the terms of an additive model.

In: a package, one row of inputs (NaN for null). Out: one number per input in log-odds, and the base; base + contributions = raw score.
Made on demand, from the values a decision kept: never while deciding.

Method: for every leaf, the splits on its path are gathered per feature: z = share of the training rows that would come through by
chance, o = whether this row comes through. The leaf's value is handed out by the weights of all orders in which features can be
revealed, kept as a polynomial that one feature extends or is divided out of (Lundberg et al. 2018, algorithm 2, leaf by leaf instead of
by recursion).
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.jit import Array, kernel
from zhiyu.models.layout import ZERO
from zhiyu.models.package import MISSING_NAN, MISSING_NONE, MISSING_ZERO, Package, Trees
from zhiyu.models.prepare import Prepared
from zhiyu.models.terms import term_of


class Contributions:
    """Explains one model, row by row.

    >>> from zhiyu.models.package import Additive, Input, Term
    >>> line = Term(kind="line", weight=2.0, centre=1.0)
    >>> package = Package(name="m", kind="logistic", inputs=(Input(name="x", kind="float"),), additive=Additive(base=0.5, terms=(line,)))
    >>> Contributions(package).of(np.array([3.0]))
    (0.5, array([4.]))
    """

    def __init__(self, package: Package) -> None:
        self.package = package
        self._prepared = Prepared(package, [0] * len(package.inputs), 0, lambda text: 0)
        self._forest = _Forest(package.trees) if package.trees is not None else None

    def of(self, row: Array) -> tuple[float, Array]:
        """(base, float64[F]) of one row float64[F]."""
        values = np.where(np.abs(row) <= ZERO, 0.0, row)
        additive = self.package.additive
        if self._forest is not None:
            return self._forest.base, self._forest.of(values)
        assert additive is not None
        found = np.array([term_of(self._prepared.plan, number, float(value)) for number, value in enumerate(values)])
        means = np.array([term.mean for term in additive.terms])
        return additive.base + float(means.sum()), found - means


class _Forest:
    """Trees with their paths: which split is above each split and leaf, and how many training rows came by."""

    def __init__(self, trees: Trees) -> None:
        sizes = np.array(trees.leaves, np.int64) - 1
        splits = int(sizes.sum())
        first = np.repeat(np.cumsum(sizes) - sizes, sizes)
        first_leaf = np.repeat(np.cumsum(sizes + 1) - sizes - 1, sizes)
        self.parent, self.leaf_parent = np.full(splits, -1, np.int64), np.full(len(trees.value), -1, np.int64)
        self.side, self.leaf_side = np.zeros(splits, np.int64), np.zeros(len(trees.value), np.int64)
        for side, children in enumerate((trees.left, trees.right)):
            child, own = np.array(children, np.int64), np.arange(splits)
            inner = child >= 0
            self.parent[(first + child)[inner]], self.side[(first + child)[inner]] = own[inner], side
            leaf = (first_leaf + ~child)[~inner]
            self.leaf_parent[leaf], self.leaf_side[leaf] = own[~inner], side
        self.feature, self.value = np.array(trees.feature, np.int64), np.array(trees.value, np.float64)
        self.cover, self.leaf_cover = np.array(trees.split_cover, np.float64), np.array(trees.leaf_cover, np.float64)
        roots = np.repeat(np.where(sizes > 0, np.append(self.cover, 1.0)[np.cumsum(sizes) - sizes], 1.0), sizes + 1)
        self.base = float((self.value * np.where(self.leaf_parent >= 0, self.leaf_cover / roots, 1.0)).sum())
        self.trees = trees

    def of(self, row: Array) -> Array:
        """float64[F] of one row."""
        goes = np.array(
            [self._goes_right(split, float(row[f])) for split, f in enumerate(self.trees.feature)], np.int64
        )
        found = np.zeros(len(row))
        hand_out(
            self.parent, self.side, self.feature, self.cover, self.leaf_parent, self.leaf_side, self.leaf_cover, self.value, goes,
            max(self.trees.leaves), found,
        )  # fmt: skip
        return found

    def _goes_right(self, split: int, value: float) -> bool:
        """The meaning of a split, written out slowly."""
        trees, missing = self.trees, self.trees.missing[split]
        if trees.category[split] >= 0:
            inside = value > -1 and value < 2**31 and int(value) in trees.sets[trees.category[split]]
            return not inside
        if missing == MISSING_NAN and value != value:
            return not trees.default_left[split]
        if missing in (MISSING_NONE, MISSING_ZERO) and value != value:
            value = 0.0
        if missing == MISSING_ZERO and value == 0.0:
            return not trees.default_left[split]
        return value > trees.threshold[split]


@kernel
def hand_out(
    parent: Array, side: Array, feature: Array, cover: Array, leaf_parent: Array, leaf_side: Array, leaf_cover: Array, value: Array,
    goes: Array, longest: int, found: Array,
) -> None:  # fmt: skip
    """Add every leaf's share to `found` (float64[F]); `longest`: splits on a path at most."""
    path, zeros, ones = np.empty(longest, np.int64), np.empty(longest), np.empty(longest)
    weights = np.empty(longest + 1)
    for leaf in range(len(value)):
        length, split, below, came = 0, leaf_parent[leaf], leaf_cover[leaf], leaf_side[leaf]
        while split >= 0:
            place = 0
            while place < length and path[place] != feature[split]:
                place += 1
            if place == length:
                path[place], zeros[place], ones[place] = feature[split], 1.0, 1.0
                length += 1
            zeros[place] *= below / cover[split]
            ones[place] *= 1.0 if goes[split] == came else 0.0
            below, came, split = cover[split], side[split], parent[split]
        extend_all(zeros, ones, length, weights)
        for place in range(length):
            found[path[place]] += (
                without(zeros[place], ones[place], length, weights) * (ones[place] - zeros[place]) * value[leaf]
            )


@kernel
def extend_all(zeros: Array, ones: Array, length: int, weights: Array) -> None:
    """weights[k]: the weight of all orders in which k of the features are revealed, for `length` features."""
    weights[0] = 1.0
    for depth in range(1, length + 1):
        zero, one = zeros[depth - 1], ones[depth - 1]
        weights[depth] = 0.0
        for k in range(depth - 1, -1, -1):
            weights[k + 1] += one * weights[k] * (k + 1) / (depth + 1)
            weights[k] = zero * weights[k] * (depth - k) / (depth + 1)


@kernel
def without(zero: float, one: float, length: int, weights: Array) -> float:
    """The sum of the weights with one feature taken out again."""
    total, following = 0.0, weights[length]
    for k in range(length - 1, -1, -1):
        if one != 0.0:
            own = following * (length + 1) / ((k + 1) * one)
            total += own
            following = weights[k] - own * zero * (length - k) / (length + 1)
        else:
            total += weights[k] * (length + 1) / (zero * (length - k))
    return total
