"""Thresholds of a cell for another model: from which score on it stops as many good events as the model before it did.

In: scores of both models over the same labelled events, weights, the thresholds in force. Out: new thresholds. What changes is then how
much fraud is found at the same price in good customers, and not how many of them are hurt.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.policy.outcomes import OUTCOMES

DIGITS = 4
STEP = 10.0**-DIGITS


def matched_thresholds(
    old: Mapping[str, float], one: Array, two: Array, label: Array, weight: Array
) -> dict[str, float]:
    """Outcome → threshold for the scores `two` (float64[n]), from those for `one`. They rise with the severity of the outcome."""
    good = (label == 0) & (weight > 0)
    order = np.argsort(-two[good], kind="stable")
    scores, reached = two[good][order], np.cumsum(weight[good][order])
    found: dict[str, float] = {}
    before = 0.0
    for outcome in OUTCOMES:
        if outcome not in old:
            continue
        hurt = float(weight[good & (one >= old[outcome])].sum())
        value = _above(scores, reached, hurt)
        value = min(max(round(old[outcome] if value is None else value, DIGITS), before + STEP), 1.0)
        found[outcome] = before = round(value, DIGITS)
    return found


def _above(scores: Array, reached: Array, hurt: float) -> float | None:
    """The lowest score at and above which no more than `hurt` of the goods stand; None when the model before hurt nobody, which says
    nothing."""
    if hurt <= 0 or not len(scores):
        return None
    count = int(np.searchsorted(reached, hurt * (1 + 1e-12), side="right"))
    if count == 0:
        return float(scores[0]) + STEP
    if count == len(scores):
        return float(scores[-1])
    upper, lower = float(scores[count - 1]), float(scores[count])
    return (upper + lower) / 2 if upper > lower else upper + STEP
