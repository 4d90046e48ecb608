"""From raw scores to probabilities: Platt's curve, or isotonic regression drawn as straight lines.

In: raw scores of rows that the model was not fitted on, labels, weights. Out: `Calibration`. Everything is deterministic.
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.training.newton import newton
from zhiyu.models.package import Calibration

MAX_POINTS = 200


def platt(raw: Array, label: Array, weight: Array) -> Calibration:
    """Logistic regression of the label on the raw score, by Newton's method; targets are drawn in a little, as Platt does."""
    bad, good = float(weight[label == 1].sum()), float(weight[label != 1].sum())
    target = np.where(label == 1, (bad + 1) / (bad + 2), 1 / (good + 2))
    middle, spread = float(np.average(raw, weights=weight)), max(float(np.sqrt(np.cov(raw, aweights=weight))), 1e-12)
    offset, (slope,) = newton(((raw - middle) / spread)[:, None], target, weight, ridge=0.0)
    slope, offset = float(slope) / spread, offset - float(slope) * middle / spread
    return Calibration(kind="platt", slope=max(slope, 1e-6), offset=offset)


def isotonic(raw: Array, label: Array, weight: Array) -> Calibration:
    """Pooled adjacent violators; a point at the centre of each pool, straight lines between, so that order inside is kept."""
    order = np.argsort(raw, kind="stable")
    pools: list[list[float]] = []  # weight, sum of labels, sum of raw
    for x, y, w in zip(raw[order].tolist(), (label[order] == 1).tolist(), weight[order].tolist()):
        pools.append([w, w * y, w * x])
        while len(pools) > 1 and pools[-2][1] * pools[-1][0] >= pools[-1][1] * pools[-2][0]:
            last = pools.pop()
            pools[-1] = [a + b for a, b in zip(pools[-1], last)]
    x = np.array([pool[2] / pool[0] for pool in pools])
    y = np.clip(np.array([pool[1] / pool[0] for pool in pools]), 0, 1)
    if len(x) > MAX_POINTS:
        chosen = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).astype(int))
        x, y = x[chosen], y[chosen]
    rising = np.append(True, np.diff(x) > 0)
    x, y = x[rising], np.maximum.accumulate(y[rising])
    if len(x) < 2:
        return platt(raw, label, weight)
    return Calibration(kind="isotonic", x=tuple(x.tolist()), y=tuple(y.tolist()))
