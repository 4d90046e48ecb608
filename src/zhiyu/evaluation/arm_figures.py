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
QUOTIENTS = {
    "recall": ("fraud_caught", "frauds"), "precision": ("fraud_caught", "stopped"), "good_stopped_rate": ("good_stopped", "goods"),
    "good_declined_rate": ("good_declined", "goods"), "approval_rate": ("approved", "decisions"), "review_rate": ("reviews", "decisions"),
    "missed_money": ("fraud_money_missed", "decisions"), "label_rate": ("labels", "decisions"),
}  # fmt: skip
"""Of each rate what stands above and below the line, by their names in `Sums`."""
TOLD = (
    "decisions", "labels", "reviews", "frauds", "goods", "fraud_caught", "good_stopped", "fraud_money", "fraud_money_caught",
    "good_stopped_money",
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """n decisions. `arm` int64[n]: its number; `key` int64[n]: codes of what was split by; `place` int64[n]: which of several places of
    the flow split it; outcome int64[n]; label int8[n]: 1 fraud, 0 good, -1 not known; money int64[n] minor units; weight float64[n] of
    labels."""

    arm: Array
    key: Array
    place: Array
    outcome: Array
    label: Array
    money: Array
    weight: Array


@dataclass(frozen=True)
class Sums:
    """Decisions of one key in one arm are one cell: `key`, `arm` int64[cells]; `of`: name → float64[cells]; `mix` int64[arms, outcomes]."""

    key: Array
    arm: Array
    of: dict[str, Array]
    mix: Array


def sums_of(d: Drawn, arms: int) -> Sums:
    """Everything that is counted, by key and arm. What is known of fraud counts with the weight of its label."""
    keys, key = np.unique(d.key, return_inverse=True)
    cells, cell = np.unique(key * arms + d.arm, return_inverse=True)
    known = d.label >= 0
    fraud, good = np.where(d.label == 1, d.weight, 0.0), np.where(d.label == 0, d.weight, 0.0)
    stopped, money = d.outcome >= CHALLENGE, fraud * d.money
    parts = {
        "decisions": np.ones(len(cell)), "labels": known, "approved": ~stopped, "reviews": d.outcome == REVIEW, "frauds": fraud,
        "goods": good, "fraud_caught": fraud * stopped, "good_stopped": good * stopped, "stopped": (fraud + good) * stopped,
        "good_declined": good * (d.outcome == DECLINE), "fraud_money": money, "fraud_money_caught": money * stopped,
        "fraud_money_missed": money * ~stopped, "good_stopped_money": good * stopped * d.money,
    }  # fmt: skip
    mix = np.bincount(d.arm * SIX + d.outcome, minlength=arms * SIX).reshape(arms, SIX)
    of = {name: np.bincount(cell, part, len(cells)) for name, part in parts.items()}
    return Sums(keys[cells // arms], cells % arms, of, mix)


def figures_of(sums: Sums) -> list[dict[str, Any]]:
    """Of each arm: how many, which outcomes, what is known of them. Money in minor units; weighted counts are rounded."""
    found = []
    for arm, mix in enumerate(sums.mix):
        own = sums.arm == arm
        counts = {name: round(float(sums.of[name][own].sum())) for name in TOLD}
        found.append(counts | {"keys": int(own.sum()), "outcomes": dict(zip(OUTCOMES, mix.tolist()))})
    return found


def differences_of(sums: Sums, arm: int, base: int) -> list[dict[str, Any]]:
    """Every rate of an arm and of the one it is held against, the difference with its interval; None without a base."""
    own = (sums.arm == arm) | (sums.arm == base)
    keys, cluster = np.unique(sums.key[own], return_inverse=True)
    cell, found = cluster + len(keys) * (sums.arm[own] == base), []
    for figure in RATES:
        parts = [np.bincount(cell, sums.of[name][own], 2 * len(keys)) for name in QUOTIENTS[figure.name]]
        above, below = (part.reshape(2, -1) for part in parts)
        one, two = (_known(each) for each in ratio(above.sum(1), below.sum(1)))
        low, high = interval(above, below, figure.kind == "rate")
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
    middle, most = float(rate[0] - rate[1]), 1.0 if share else math.inf
    return max(middle - wide, -most), min(middle + wide, most)


def _apart(each: Array, *values: float) -> Array:
    """float64[2, 4]: two keys more for each arm, which stand in that arm alone."""
    found = np.zeros((2, 4))
    for arm in (0, 1):
        found[arm, 2 * arm : 2 * arm + len(values)] = each[arm] * np.array(values)
    return found


def split_of(d: Drawn, percents: Sequence[float]) -> dict[str, Any]:
    """Keys of each arm as they are and as they were to be, and how often chance alone makes such a difference. Each key counts once for
    each place that split it."""
    seen = np.zeros(len(percents), np.int64)
    for place in range(int(d.place.max(initial=-1)) + 1):
        own = np.flatnonzero(d.place == place)
        _, first = np.unique(d.key[own], return_index=True)
        seen += np.bincount(d.arm[own[first]], minlength=len(percents))
    wanted = np.array(percents) / 100 * int(seen.sum())
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
