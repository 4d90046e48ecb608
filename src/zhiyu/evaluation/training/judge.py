"""How good scores are: area under the curve, average precision, separation, calibration; with weights, and nothing but NumPy.

In: scores float64[n], labels (1 fraud, 0 good), weights. Out: figures. Ties are handled exactly: rows with one score stand together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.base.jit import Array


def judged(score: Array, label: Array, weight: Array) -> dict[str, Any]:
    """Rows, frauds, AUC, average precision, KS, log loss, Brier; ratios None without both kinds."""
    counted = weight > 0  # what weighs nothing has no say in where a curve begins
    score, label, weight = score[counted], label[counted], weight[counted]
    bad = weight * (label == 1)
    good = weight * (label != 1)
    facts: dict[str, Any] = {"rows": len(score), "frauds": int((label == 1).sum())}
    if not bad.sum() or not good.sum():
        return facts | dict.fromkeys(("auc", "average_precision", "ks", "log_loss", "brier"))
    order = np.argsort(-score, kind="stable")
    ends = np.flatnonzero(np.append(np.diff(score[order]) != 0, True))
    caught, hurt = np.cumsum(bad[order])[ends], np.cumsum(good[order])[ends]
    recall, alarms = caught / caught[-1], hurt / hurt[-1]
    precision = caught / (caught + hurt)
    p = np.clip(score, 1e-15, 1 - 1e-15)
    total = bad.sum() + good.sum()
    return facts | {
        "auc": _rounded(np.trapezoid(np.append(0.0, recall), np.append(0.0, alarms))),
        "average_precision": _rounded((np.diff(np.append(0.0, recall)) * precision).sum()),
        "ks": _rounded(np.abs(recall - alarms).max()),
        "log_loss": _rounded(-(bad * np.log(p) + good * np.log1p(-p)).sum() / total),
        "brier": _rounded((bad * (1 - p) ** 2 + good * p**2).sum() / total),
    }


SHARES = (0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3)
"""Of all events, the most suspicious."""


def cuts(score: Array, label: Array, weight: Array) -> list[dict[str, float]]:
    """What a threshold would stop, for some shares of all events: the score to reach, precision, recall. Equal scores stand together."""
    order = np.argsort(-score, kind="stable")
    bad, all_of = np.cumsum((weight * (label == 1))[order]), np.cumsum(weight[order])
    found: list[dict[str, float]] = []
    for share in SHARES:
        at = int(np.searchsorted(all_of, share * all_of[-1])) if len(order) else 0
        if at < len(order) and bad[-1] > 0 and all_of[-1] * share >= 1:
            level = score[order][at]
            if found and found[-1]["score"] == level:
                continue
            last = int(np.searchsorted(-score[order], -level, side="right")) - 1
            found.append(
                {
                    "share": share, "score": float(level), "stopped": _rounded(all_of[last] / all_of[-1]),
                    "precision": _rounded(bad[last] / all_of[last]), "recall": _rounded(bad[last] / bad[-1]),
                }
            )  # fmt: skip
    return found


def _rounded(value: Any) -> float:
    return round(float(value), 6)


def reliability(score: Array, label: Array, weight: Array, bins: int = 10) -> list[dict[str, float]]:
    """Mean score beside the share of fraud, by tenths of the rows: a calibrated model has them equal."""
    order = np.argsort(score, kind="stable")
    found: list[dict[str, float]] = []
    for rows in np.array_split(order, bins):
        if len(rows) and weight[rows].sum() > 0:
            own = weight[rows] / weight[rows].sum()
            found.append(
                {"score": _rounded((own * score[rows]).sum()), "fraud": _rounded((own * (label[rows] == 1)).sum())}
            )
    return found
