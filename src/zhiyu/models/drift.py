"""Drift: how far values and scores have moved from what a model was trained on.

In: the baseline of a package, new values. Out: the population stability index per input and of the score. Rule of thumb: below 0.1
nothing, above 0.25 another population.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.models.package import Input, Spread

SCORE = "(score)"
"""Name of the spread of the score; no input can be called so."""
BINS = 10
FLOOR = 1e-4
"""Least share of a bin: an empty one would make the index infinite."""


def spreads(inputs: Sequence[Input], values: Array, weight: Array, scores: Array) -> tuple[Spread, ...]:
    """The baseline: one spread per input, and that of the score. `values` float64[n, F]."""
    own = [_spread(each, values[:, number], weight) for number, each in enumerate(inputs)]
    return (*own, _spread(Input(name=SCORE, kind="float"), scores, weight))


def _spread(given: Input, column: Array, weight: Array) -> Spread:
    known = column[~np.isnan(column)]
    if given.kind == "string" or not len(known):
        edges: tuple[float, ...] = tuple(float(i) for i in range(1, len(given.categories) + 1))
    else:
        edges = tuple(np.unique(np.quantile(known, np.linspace(0, 1, BINS + 1)[1:-1])).tolist())
    shares, missing = _shares(edges, column, weight)
    return Spread(name=given.name, shares=tuple(shares.tolist()), missing=missing, edges=edges)


def _shares(edges: Sequence[float], column: Array, weight: Array) -> tuple[Array, float]:
    """Share of the weight in each interval (the i-th ends before edges[i]), and of null."""
    null = np.isnan(column)
    total = max(float(weight.sum()), 1e-300)
    place = np.searchsorted(np.array(edges), column[~null], side="right")
    return np.bincount(place, weight[~null], len(edges) + 1) / total, float(weight[null].sum()) / total


def stability(baseline: Spread, column: Array, weight: Array) -> float:
    """The population stability index of one column against its baseline, null among the bins.

    >>> flat = Spread(name="x", shares=(0.5, 0.5), missing=0.0, edges=(1.0,))
    >>> stability(flat, np.array([0.0, 1.0]), np.ones(2))
    0.0
    """
    shares, missing = _shares(baseline.edges, column, weight)
    now = np.maximum(np.append(shares, missing), FLOOR)
    before = np.maximum(np.append(np.array(baseline.shares), baseline.missing), FLOOR)
    return float(((now - before) * np.log(now / before)).sum())
