"""Any policy and events file without a time of its own: five folds, each scored by a model that has not seen it.

In: a policy folder, its events file, a kind of model. Out: one JSON line per drawing of the folds, then their mean: area under the curve,
KS and average precision. Folds are stratified and drawn by a seed; features and inputs come from the policy, fitting from `Training`.
`--peer` fits histogram gradient boosting (scikit-learn, its default settings) on the same rows of the same folds.
Nothing here knows a data set.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.training.candidates import CHOICES, KINDS
from zhiyu.evaluation.training.gather import Gathering, TrainingSet
from zhiyu.evaluation.training.judge import judged
from zhiyu.evaluation.training.train import Recipe, Training
from zhiyu.models.scorer import Scorer

FOLDS = 5
FIGURES = ("auc", "ks", "average_precision")


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


def trained(rows: TrainingSet, held: Array, kind: str) -> tuple[Array, str]:
    """(scores of the held rows, what was fitted)."""
    place = np.random.default_rng(1).permutation(
        rows.n
    )  # stretches of time inside the training are parts drawn by chance
    split = replace(rows, time_ms=np.where(held, rows.n, place), known_ms=np.zeros(rows.n, np.int64))
    training = Training(split, Recipe(name="fold", kind=kind, calibration="none", test_ms=rows.n), "", ("any",))
    for _ in training.steps():
        pass
    assert training.package is not None
    return Scorer(training.package).scores(rows.values[held]), str(training.package.trained.data["fitted"])


def peer(rows: TrainingSet, held: Array) -> Array:
    """Scores of histogram gradient boosting as it comes."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    words = [number for number, given in enumerate(rows.inputs) if given.kind == "string"]
    model = HistGradientBoostingClassifier(categorical_features=words or None, random_state=1)
    found: Array = model.fit(rows.values[~held], rows.label[~held]).predict_proba(rows.values[held])[:, 1]
    return found


def drawing(rows: TrainingSet, kind: str, seed: int, with_peer: bool) -> Iterator[tuple[str, dict[str, Any]]]:
    """("own" or "peer", figures) of every fold of one drawing."""
    fold = folds_of(rows.label, seed)
    for number in range(FOLDS):
        held = fold == number
        label, weight = rows.label[held], rows.weight[held]
        score, fitted = trained(rows, held, kind)
        yield "own", judged(score, label, weight) | {"fitted": fitted}
        if with_peer:
            yield "peer", judged(peer(rows, held), label, weight)


def mean_of(figures: list[dict[str, Any]]) -> dict[str, float]:
    """The mean of each figure."""
    return {key: round(float(np.mean([each[key] for each in figures])), 4) for key in FIGURES}


def main() -> None:
    """JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("policy", type=Path)
    parser.add_argument("events", type=Path)
    parser.add_argument("--kind", default="best", choices=list(dict.fromkeys((*KINDS, *CHOICES))))
    parser.add_argument("--seeds", type=int, nargs="+", default=[1], help="drawings of the folds")
    parser.add_argument("--peer", action="store_true", help="beside it, histogram gradient boosting on the same folds")
    given = parser.parse_args()
    began, rows = time.perf_counter(), rows_of(given.policy, given.events)
    whole: dict[str, list[dict[str, Any]]] = {}
    facts = {"policy": given.policy.name, "kind": given.kind, "rows": rows.n, "inputs": len(rows.inputs)}
    for seed in given.seeds:
        found: dict[str, list[dict[str, Any]]] = {}
        for who, figures in drawing(rows, given.kind, seed, given.peer):
            found.setdefault(who, []).append(figures)
        line = facts | {"seed": seed} | {who: mean_of(each) for who, each in found.items()}
        print(json.dumps(line | {"fitted": [each["fitted"] for each in found["own"]]}), flush=True)
        for who, each in found.items():
            whole.setdefault(who, []).extend(each)
    seconds = round(time.perf_counter() - began, 1)
    print(
        json.dumps(
            facts
            | {"mean_of": len(given.seeds), **{who: mean_of(each) for who, each in whole.items()}, "seconds": seconds}
        )
    )


if __name__ == "__main__":
    main()
