"""The figures of a policy, from sums: what was stopped, what was caught and missed, who was hurt, how much work it makes.

In: sums per cluster and group (`totals`: 30 numbers a side). Out: arrays of figures by name. Because every figure is a function of sums, a
resample of days is one matrix product, and the same code serves the whole, a segment, a day and a thousand resamples.
Volumes (decisions, approvals, reviews) count each decision once; figures about fraud and good events count arrived labels, with weights.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.compare import Compared
from zhiyu.policy.outcomes import OUTCOMES

SIX = len(OUTCOMES)
WIDTH = SIX * 5
VOLUMES = {"approval_rate", "reviews", "reviews_per_day"}
"""Figures that need no labels."""
"""Sums a side: decisions by outcome (6); weight by outcome and label (12); money by outcome and label (12)."""
CHALLENGE, REVIEW, DECLINE = (OUTCOMES.index(name) for name in ("challenge", "review", "decline"))


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. `better`: 1 more is better, -1 less is better, 0 neither."""

    name: str
    kind: Literal["count", "money", "rate", "load"]
    better: int
    en: str
    zh: str


FIGURES = (
    Figure("fraud_caught", "count", 1, "frauds stopped", "拦下的欺诈"),
    Figure("fraud_money_caught", "money", 1, "fraud money stopped", "拦下的欺诈金额"),
    Figure("fraud_missed", "count", -1, "frauds missed", "漏过的欺诈"),
    Figure("fraud_money_missed", "money", -1, "fraud money missed", "漏过的欺诈金额"),
    Figure("recall", "rate", 1, "recall: share of frauds stopped", "召回率：欺诈被拦下的比例"),
    Figure("precision", "rate", 1, "precision: share of frauds among the stopped", "精确率：被拦下中欺诈的比例"),
    Figure("good_stopped", "count", -1, "good events stopped", "误伤的正常事件"),
    Figure("good_stopped_rate", "rate", -1, "share of good events stopped", "误伤率"),
    Figure("good_stopped_money", "money", -1, "their money", "误伤金额"),
    Figure("good_declined", "count", -1, "good events declined", "误拒的正常事件"),
    Figure("good_declined_rate", "rate", -1, "share of good events declined", "误拒率"),
    Figure("approval_rate", "rate", 0, "approval rate (pass or notify)", "通过率（通过或提醒）"),
    Figure("reviews", "count", 0, "reviews", "人工审核"),
    Figure("reviews_per_day", "load", 0, "reviews a day, mean", "日均人工审核"),
)


def totals(c: Compared, cluster: Array, clusters: int, group: Array | None = None, groups: int = 1) -> Array:
    """float64[clusters, groups, 2, WIDTH]: sums over the events of each cluster and group, for both policies."""
    cell = cluster if group is None else cluster * groups + group
    cells = clusters * groups
    out = np.zeros((cells, 2, WIDTH))
    rows = np.flatnonzero(c.arrived)
    label, weight = c.label[rows].astype(np.int64), c.weight[rows]
    money = weight * c.money[rows]
    for side in (0, 1):
        key = cell * SIX + c.outcome[side]
        known = key[rows] * 2 + label
        out[:, side, :SIX] = np.bincount(key, minlength=cells * SIX).reshape(cells, SIX)
        out[:, side, SIX : 3 * SIX] = np.bincount(known, weight, cells * SIX * 2).reshape(cells, SIX * 2)
        out[:, side, 3 * SIX :] = np.bincount(known, money, cells * SIX * 2).reshape(cells, SIX * 2)
    return out.reshape(clusters, groups, 2, WIDTH)


def figures(sums: Array, days: int) -> dict[str, Array]:
    """Figures from `sums` float64[..., WIDTH], each float64[...]; NaN where a ratio has no base. `days`: how many the sums cover."""
    count = sums[..., :SIX]
    weight = sums[..., SIX : 3 * SIX].reshape(*sums.shape[:-1], SIX, 2)
    money = sums[..., 3 * SIX :].reshape(*sums.shape[:-1], SIX, 2)
    stopped, missed = weight[..., CHALLENGE:, :].sum(-2), weight[..., :CHALLENGE, :].sum(-2)
    caught, hurt = stopped[..., 1], stopped[..., 0]
    good, declined = weight[..., 0].sum(-1), weight[..., DECLINE, 0]
    reviews = count[..., REVIEW]
    return {
        "fraud_caught": caught, "fraud_money_caught": money[..., CHALLENGE:, 1].sum(-1),
        "fraud_missed": missed[..., 1], "fraud_money_missed": money[..., :CHALLENGE, 1].sum(-1),
        "recall": ratio(caught, caught + missed[..., 1]), "precision": ratio(caught, caught + hurt),
        "good_stopped": hurt, "good_stopped_rate": ratio(hurt, good), "good_stopped_money": money[..., CHALLENGE:, 0].sum(-1),
        "good_declined": declined, "good_declined_rate": ratio(declined, good),
        "approval_rate": ratio(count[..., :CHALLENGE].sum(-1), count.sum(-1)), "reviews": reviews,
        "reviews_per_day": reviews / max(days, 1),
    }  # fmt: skip


def ratio(part: Array, whole: Array) -> Array:
    """part / whole, NaN where whole is 0."""
    part, whole = np.asarray(part, float), np.asarray(whole, float)
    return np.divide(part, whole, out=np.full(whole.shape, np.nan), where=whole > 0)
