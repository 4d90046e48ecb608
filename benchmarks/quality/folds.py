"""Any policy and events file without a time of its own: five folds, each scored by a model that has not seen it.

In: a policy folder, its events file, a kind of model. Out: one JSON line: area under the curve, KS and average precision, mean over the
folds. Folds are stratified and drawn by a seed; features and inputs come from the policy, fitting from `Training`. Nothing here knows a
data set.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from pathlib import Path

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.training.gather import Gathering, TrainingSet
from zhiyu.evaluation.training.judge import judged
from zhiyu.evaluation.training.train import Recipe, Training
from zhiyu.models.scorer import Scorer

FOLDS = 5


def rows_of(policy: Path, events: Path) -> TrainingSet:
    """Every labelled decision with its inputs."""
    gathering = Gathering(open_policy(policy, all_features=True), events)
    for _ in gathering.steps():
        pass
    return gathering.finish()


def folds_of(label: Array, seed: int) -> Array:
    """int64[n]: fold of each row, frauds spread evenly."""
    own = np.random.default_rng(seed)
    fold = np.empty(len(label), np.int64)
    for kind in (0, 1):
        rows = own.permutation(np.flatnonzero(label == kind))
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def main() -> None:
    """One line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--kind", default="trees", choices=["trees", "logistic", "scorecard"])
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    rows = rows_of(given.policy, given.events)
    fold, found = folds_of(rows.label, given.seed), []
    for number in range(FOLDS):
        held = (fold == number).astype(np.int64)
        split = replace(rows, time_ms=held, known_ms=np.zeros_like(held))
        training = Training(split, Recipe(name="fold", kind=given.kind, calibration="none", test_ms=1), "", ("any",))
        for _ in training.steps():
            pass
        assert training.package is not None
        test = rows.at(held == 1)
        found.append(judged(Scorer(training.package).scores(test.values), test.label, test.weight))
    means = {key: round(float(np.mean([each[key] for each in found])), 4) for key in ("auc", "ks", "average_precision")}
    print(
        json.dumps(
            {
                "policy": given.policy.name,
                "kind": given.kind,
                "seed": given.seed,
                "rows": rows.n,
                "inputs": len(rows.inputs),
                **means,
            }
        )
    )


if __name__ == "__main__":
    main()
