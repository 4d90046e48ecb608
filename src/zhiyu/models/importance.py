"""How much each input moves a model's score, by itself: its share of the variance of the log-odds in training.

In: a package. Out: (name, share) by share, largest first; the shares sum to 1. An additive model: the variance of what the input's term
adds, over the input's spread in training. Trees: what every split on the input takes off the variance of its leaves (cover-weighted, as
the "gain" of a regression tree on its own output). Empty where the package does not hold what is needed, or the model says the same of
everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from zhiyu.models.package import Package, Spread, Term, Trees


def importance(package: Package) -> list[tuple[str, float]]:
    """(name, share) by share, largest first.

    >>> from zhiyu.models.package import Additive, Input
    >>> terms = tuple(Term(kind="bins", edges=(1.0,), points=(0.0, height)) for height in (2.0, 1.0))
    >>> spread = tuple(Spread(name=name, shares=(0.5, 0.5), missing=0.0, edges=(1.0,)) for name in ("x", "y"))
    >>> inputs = tuple(Input(name=name, kind="float") for name in ("x", "y"))
    >>> importance(Package(name="m", kind="scorecard", inputs=inputs, additive=Additive(base=0.0, terms=terms), baseline=spread))
    [('x', 0.8), ('y', 0.2)]
    """
    names = [each.name for each in package.inputs]
    if package.trees is not None:
        found = _of_trees(package.trees, len(names))
    else:
        assert package.additive is not None
        spreads = {each.name: each for each in package.baseline}
        if not all(name in spreads for name in names):
            return []
        found = [_of_term(term, spreads[name]) for name, term in zip(names, package.additive.terms)]
    total = sum(found)
    if not total > 0:
        return []
    return sorted(
        ((name, round(each / total, 6)) for name, each in zip(names, found)), key=lambda each: (-each[1], each[0])
    )


def _of_term(term: Term, spread: Spread) -> float:
    """Variance of what the term adds, each interval of the spread taken at its middle."""
    if term.kind == "categories":
        points = [*term.points, *[term.other] * max(len(spread.shares) - len(term.points), 0)][: len(spread.shares)]
    else:
        points = [_at(term, value) for value in _middles(spread.edges)]
    weight = np.array([*spread.shares, spread.missing])
    values = np.array([*points, term.missing])
    weight = weight / max(float(weight.sum()), 1e-300)
    mean = float((weight * values).sum())
    return float((weight * (values - mean) ** 2).sum())


def _middles(edges: tuple[float, ...]) -> list[float]:
    """A value in each interval; outside the first and the last edge, one just beyond."""
    if not edges:
        return [0.0]
    inner = [(low + high) / 2 for low, high in pairwise(edges)]
    return [float(np.nextafter(edges[0], -np.inf)), *inner, edges[-1]]


def _at(term: Term, value: float) -> float:
    if term.kind == "line":
        return term.weight * (min(max(value, term.low), term.high) - term.centre)
    return term.points[int(np.searchsorted(np.array(term.edges), value, side="right"))]


def _of_trees(trees: Trees, inputs: int) -> list[float]:
    found = [0.0] * inputs
    split = leaf = 0
    for leaves in trees.leaves:
        for number, gain in _gains(trees, split, leaf, leaves):
            found[number] += gain
        split, leaf = split + leaves - 1, leaf + leaves
    return found


def _gains(trees: Trees, split: int, leaf: int, leaves: int) -> Iterator[tuple[int, float]]:
    """(input, what the split takes off the variance) of the splits of one tree, which stand from `split` on, its leaves from `leaf` on."""
    whole = max(sum(trees.leaf_cover[leaf : leaf + leaves]), 1e-300)
    sums: list[tuple[float, float]] = [(0.0, 0.0)] * (leaves - 1)
    for at in range(leaves - 2, -1, -1):  # children come after their parents
        below = []
        for child in (trees.left[split + at], trees.right[split + at]):
            cover = trees.leaf_cover[leaf + ~child] if child < 0 else 0.0
            below.append((cover, cover * trees.value[leaf + ~child]) if child < 0 else sums[child])
        (left, left_sum), (right, right_sum) = below
        sums[at] = (left + right, left_sum + right_sum)
        if left > 0 and right > 0:
            apart = left_sum / left - right_sum / right
            yield trees.feature[split + at], left * right / (left + right) * apart * apart / whole
