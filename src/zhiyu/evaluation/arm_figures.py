"""Arms of an experiment beside each other: figures of each, differences with 95 % intervals, and whether the split is the declared one.

In: `Drawn`: arrays over decisions, each with its arm and its key (the value it was split by). Out: plain facts.
Decisions of one key resemble one another, so keys, not decisions, count as independent: every rate is a ratio of two sums over keys, and
the variance of a difference is the sum of squared residuals of keys (delta method; Deng, Knoblich, Lu: "Applying the Delta Method in
Metric Analytics", KDD 2018). A key that stands in both arms has one residual. For shares, two keys are added to each arm, one that counts
fully and one that does not (Agresti, Caffo, 2000): "none of twenty" is no certainty. The interval is around the difference with them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.compare_figures import CHALLENGE, DECLINE, REVIEW, SIX, Figure, ratio
from zhiyu.policy.outcomes import OUTCOMES

Z = 1.959963984540054
"""Of a 95 % interval."""
MIN_KEYS = 20
"""In each arm, with a base for the rate: below, no interval is told."""
MISMATCH = 0.001
"""A split as uneven as this or more happens once in a thousand by chance: then something is wrong with the split."""

RATES = (
    Figure("recall", "rate", 1, "share of frauds stopped", "欺诈被拦下的比例"),
    Figure("precision", "rate", 1, "share of frauds among the stopped", "被拦下中欺诈的比例"),
    Figure("good_stopped_rate", "rate", -1, "share of good events stopped", "误伤率"),
    Figure("good_declined_rate", "rate", -1, "share of good events declined", "误拒率"),
    Figure("approval_rate", "rate", 0, "approval rate (pass or notify)", "通过率（通过或提醒）"),
    Figure("review_rate", "rate", 0, "share of decisions reviewed", "人工审核比例"),
    Figure("missed_money", "money", -1, "fraud money missed, per decision", "平均每个决策漏过的欺诈金额"),
    Figure("label_rate", "rate", 0, "share of decisions with a label", "有标签的决策比例"),
)


@dataclass(frozen=True)
class Drawn:
    """n decisions. `arm` int64[n]: its number, in the order of `names`; `key` int64[n]: codes of what was split by; `place` int64[n]: which
    of several places of the flow split it; outcome int64[n]; label int8[n]: 1 fraud, 0 good, -1 not known; money int64[n] minor units;
    weight float64[n] of labels."""

    arm: Array
    key: Array
    place: Array
    outcome: Array
    label: Array
    money: Array
    weight: Array


def parts_of(d: Drawn) -> dict[str, tuple[Array, Array]]:
    """For every rate what each decision adds above and below the line, float64[n] each."""
    weight = np.where(d.label >= 0, d.weight, 0.0)
    fraud, good, stopped = weight * (d.label == 1), weight * (d.label == 0), d.outcome >= CHALLENGE
    one = np.ones(len(d.arm))
    return {
        "recall": (fraud * stopped, fraud), "precision": (fraud * stopped, weight * stopped),
        "good_stopped_rate": (good * stopped, good), "good_declined_rate": (good * (d.outcome == DECLINE), good),
        "approval_rate": (one * ~stopped, one), "review_rate": (one * (d.outcome == REVIEW), one),
        "missed_money": (fraud * ~stopped * d.money, one), "label_rate": (one * (d.label >= 0), one),
    }  # fmt: skip


def figures_of(d: Drawn, arms: int) -> list[dict[str, Any]]:
    """Of each arm: how many, which outcomes, what is known of them. Money in minor units; weighted counts are rounded."""
    weight = np.where(d.label >= 0, d.weight, 0.0)
    found = []
    for arm in range(arms):
        own = d.arm == arm
        stopped, fraud, good = own & (d.outcome >= CHALLENGE), weight * (d.label == 1), weight * (d.label == 0)
        mix = np.bincount(d.outcome[own], minlength=SIX)
        counts = {
            "frauds": fraud[own].sum(), "goods": good[own].sum(), "fraud_caught": fraud[stopped].sum(), "good_stopped": good[stopped].sum(),
            "fraud_money": (fraud * d.money)[own].sum(), "fraud_money_caught": (fraud * d.money)[stopped].sum(),
            "good_stopped_money": (good * d.money)[stopped].sum(),
        }  # fmt: skip
        rounded = {name: round(float(value)) for name, value in counts.items()}
        own_counts = {
            "decisions": int(own.sum()),
            "keys": len(np.unique(d.key[own])),
            "labels": int((own & (d.label >= 0)).sum()),
        }
        found.append(
            own_counts | {"reviews": int(mix[REVIEW]), "outcomes": dict(zip(OUTCOMES, mix.tolist()))} | rounded
        )
    return found


def differences_of(d: Drawn, arm: int, base: int) -> list[dict[str, Any]]:
    """Every rate of an arm and of the one it is held against, the difference with its interval; None without a base."""
    own = (d.arm == arm) | (d.arm == base)
    keys, cluster = np.unique(d.key[own], return_inverse=True)
    cell = cluster + len(keys) * (d.arm[own] == base)
    parts, found = parts_of(d), []
    for figure in RATES:
        above, below = (np.bincount(cell, part[own], 2 * len(keys)).reshape(2, -1) for part in parts[figure.name])
        rates = [_known(each) for each in ratio(above.sum(1), below.sum(1))]
        low, high = interval(above, below, figure.kind == "rate")
        one, two = rates
        numbers = {
            "arm": one, "base": two, "difference": None if one is None or two is None else one - two, "low": low, "high": high,
        }  # fmt: skip
        words = {"name": figure.name, "kind": figure.kind, "better": figure.better, "en": figure.en, "zh": figure.zh}
        found.append(words | numbers)
    return found


def interval(above: Array, below: Array, share: bool) -> tuple[float | None, float | None]:
    """95 % interval of above[0] / below[0] - above[1] / below[1], sums over keys float64[2, keys]. `share`: each quotient is one. None with
    too few keys that have a base."""
    counts = (below > 0).sum(1)
    if counts.min() < MIN_KEYS:
        return None, None
    if share:
        each = below.sum(1) / counts
        above = np.concatenate([above, _apart(each, 1.0)], axis=1)
        below = np.concatenate([below, _apart(each, 1.0, 1.0)], axis=1)
    whole = below.sum(1)
    rate = above.sum(1) / whole
    residual = ((above - rate[:, None] * below) / whole[:, None]) * np.array([[1.0], [-1.0]])
    used = int((below > 0).any(0).sum())
    wide = Z * math.sqrt(float((residual.sum(0) ** 2).sum()) * used / (used - 1))
    middle = float(rate[0] - rate[1])
    return middle - wide, middle + wide


def _apart(each: Array, *values: float) -> Array:
    """float64[2, 4]: two keys more for each arm, which stand in that arm alone."""
    found = np.zeros((2, 4))
    for arm in (0, 1):
        found[arm, 2 * arm : 2 * arm + len(values)] = each[arm] * np.array(values)
    return found


def split_of(d: Drawn, percents: Sequence[float]) -> dict[str, Any]:
    """Keys of each arm as they are and as they were to be, and how often chance alone makes such a difference. Each key counts once for
    each place that split it."""
    key, at = np.unique(np.stack([d.place, d.key]), axis=1, return_index=True)
    seen = np.bincount(d.arm[at], minlength=len(percents))
    wanted = np.array(percents) / 100 * key.shape[1]
    there = wanted > 0
    square = float((((seen - wanted) ** 2)[there] / wanted[there]).sum())
    p = chi_square_p(square, int(there.sum()) - 1)
    strays = bool(seen[~there].any())
    return {
        "keys": seen.tolist(), "expected": [round(each, 1) for each in wanted.tolist()], "chi_square": round(square, 4),
        "p": round(p, 10), "fits": p >= MISMATCH and not strays,
    }  # fmt: skip


def chi_square_p(square: float, freedom: int) -> float:
    """How often chance alone gives at least `square` with so many degrees of freedom; 1 without any.

    >>> round(chi_square_p(3.841, 1), 3), round(chi_square_p(5.991, 2), 3)
    (0.05, 0.05)
    """
    if freedom < 1 or square <= 0:
        return 1.0
    half = square / 2
    odd = freedom % 2
    tail = math.erfc(math.sqrt(half)) if odd else 0.0
    steps = (each + odd / 2 for each in range(freedom // 2))
    return min(1.0, tail + sum(math.exp(each * math.log(half) - half - math.lgamma(each + 1)) for each in steps))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
