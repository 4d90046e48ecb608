"""Packages over the same rows, compared.

In: a `TrainingSet` with every input of the packages, the packages. Out: figures of each with the difference and its interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.evaluation.training.gather import TrainingSet
from zhiyu.evaluation.training.judge import judged
from zhiyu.models.package import Package
from zhiyu.models.scorer import Scorer

FIGURES = ("auc", "average_precision", "ks", "log_loss", "brier")
DRAWS = 200
DAY_MS = 86_400_000
QUANTILES = (0.025, 0.975)


def columns_for(package: Package, rows: TrainingSet) -> Array:
    """float64[n, F] in the order and the numbers of the package: texts are matched by their letters, unknown ones are one past the
    last."""
    place = {given.name: number for number, given in enumerate(rows.inputs)}
    found = np.empty((rows.n, len(package.inputs)))
    for number, given in enumerate(package.inputs):
        if given.name not in place:
            raise InputError(
                f"no values of '{given.name}', which '{package.name}' reads",
                f"缺少“{package.name}”所需的“{given.name}”",
            )
        column = rows.values[:, place[given.name]]
        if given.kind == "string":
            known = {text: float(index) for index, text in enumerate(given.categories)}
            numbers = np.array(
                [known.get(text, float(len(known))) for text in rows.inputs[place[given.name]].categories] or [0.0]
            )
            column = np.where(np.isnan(column), np.nan, numbers[np.nan_to_num(column).astype(int)])
        found[:, number] = column
    return found


def compared(one: Package, two: Package, rows: TrainingSet, seed: int = 1) -> dict[str, Any]:
    """Two packages over the same rows, as `compared_scores` tells it."""
    scores = [Scorer(each).scores(columns_for(each, rows)) for each in (one, two)]
    return compared_scores(scores, rows.label, rows.weight, rows.time_ms, seed)


def compared_scores(
    scores: Sequence[Array], label: Array, weight: Array, time_ms: Array, seed: int = 1
) -> dict[str, Any]:
    """Figures of both, and two minus one with a 95 % interval: days are drawn again and again, since the events of a day are alike."""
    figures = [judged(score, label, weight) for score in scores]
    days, place = np.unique(time_ms // DAY_MS, return_inverse=True)
    own, draws = np.random.default_rng(seed), []
    for _ in range(DRAWS):
        times = np.bincount(own.integers(0, len(days), len(days)), minlength=len(days))[place]
        again = [judged(score, label, weight * times) for score in scores]
        if again[0]["auc"] is not None:
            draws.append([again[1][key] - again[0][key] for key in FIGURES])
    facts: dict[str, Any] = {"rows": len(label), "frauds": figures[0]["frauds"], "days": len(days), "figures": {}}
    for number, key in enumerate(FIGURES):
        line: dict[str, Any] = {"one": figures[0][key], "two": figures[1][key]}
        if figures[0][key] is not None:
            low, high = (
                (float(q) for q in np.quantile([draw[number] for draw in draws], QUANTILES)) if draws else (0.0, 0.0)
            )
            line |= {
                "difference": round(figures[1][key] - figures[0][key], 6),
                "low": round(low, 6),
                "high": round(high, 6),
            }
        facts["figures"][key] = line
    return facts
