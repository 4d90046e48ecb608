"""What to fit: each kind of model, and the choice between them by validation inside the training rows.

In: training rows, a recipe. Out: `Trees` or `Additive`. `best` tries a scorecard, trees of many and of few leaves, and their blends on
parts of the training that each was not fitted on, and takes the one that ranks best over all of them; the test is never looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.training.blend import as_trees, blended
from zhiyu.evaluation.training.boosted import boosted
from zhiyu.evaluation.training.gather import TrainingSet
from zhiyu.evaluation.training.judge import judged
from zhiyu.evaluation.training.terms import logistic, scorecard
from zhiyu.models.package import Additive, Package, Trees
from zhiyu.models.scorer import Scorer

KINDS = ("trees", "logistic", "scorecard", "blend", "best")
FEW_LEAVES: dict[str, Any] = {
    "rounds": 300, "learning_rate": 0.03, "num_leaves": 4, "min_data_in_leaf": 10, "feature_fraction": 0.3, "bagging_fraction": 0.7,
}  # fmt: skip
"""For few rows: three splits a tree, slowly."""
BLENDS = {"trees": {}, "few_leaves": FEW_LEAVES}
CHOICES = ("scorecard", "trees", "few_leaves", "trees+scorecard", "few_leaves+scorecard")


def fitted(kind: str, rows: TrainingSet, settings: Mapping[str, Any], seed: int) -> Trees | Additive:
    """Fit one kind, or one of `CHOICES`."""
    label = rows.label.astype(np.float64)
    if kind == "logistic":
        return logistic(rows.values, label, rows.weight, rows.inputs)
    if kind == "scorecard":
        return scorecard(rows.values, label, rows.weight, rows.inputs)
    grown = "trees" if kind == "blend" else kind.partition("+")[0]
    trees = boosted(rows.values, label, rows.weight, rows.inputs, BLENDS[grown] | dict(settings), seed)
    if kind != "blend" and "+" not in kind:
        return trees
    card = scorecard(rows.values, label, rows.weight, rows.inputs)
    return blended([(trees, 0.5), (as_trees(card, rows.values, rows.weight), 0.5)])


def best_of(
    rows: TrainingSet, folds: Sequence[Array], settings: Mapping[str, Any], seed: int
) -> tuple[str, dict[str, float]]:
    """(the best of `CHOICES`, area under the curve of each): every fold (bool[n]) ranked by what was fitted on the others. A blend is the
    average of what was fitted already."""
    areas: dict[str, list[float]] = {name: [] for name in CHOICES}
    for held in folds:
        learn, test = rows.at(~held), rows.at(held)
        raw = {name: _raw(fitted(name, learn, settings, seed), learn, test) for name in CHOICES if "+" not in name}
        for name in CHOICES:
            score = np.mean([raw[part] for part in name.split("+")], axis=0)
            areas[name].append(
                judged(1 / (1 + np.exp(-np.clip(score, -500, 500))), test.label, test.weight)["auc"] or 0.5
            )
    means = {name: round(float(np.mean(each)), 6) for name, each in areas.items()}
    return max(means, key=lambda name: means[name]), means


def _raw(found: Trees | Additive, learn: TrainingSet, test: TrainingSet) -> Array:
    package = Package(
        name="candidate", kind="trees" if isinstance(found, Trees) else "scorecard", inputs=learn.inputs,
        trees=found if isinstance(found, Trees) else None, additive=found if isinstance(found, Additive) else None,
    )  # fmt: skip
    return Scorer(package).raw(test.values)
