"""A model that somebody trained elsewhere, held against past events: what it says of them, how good that is, its baseline.

In: a package without facts, a training set with its inputs. Out: the package with metrics, baseline for drift, and a card.
"""

from __future__ import annotations

import msgspec
import numpy as np

from zhiyu.evaluation.training.card import cards
from zhiyu.evaluation.training.gather import TrainingSet
from zhiyu.evaluation.training.judge import judged, reliability
from zhiyu.evaluation.training.train import fingerprint, span_facts
from zhiyu.models.drift import spreads
from zhiyu.models.package import Package, Trained
from zhiyu.models.scorer import Scorer


def held_against(package: Package, rows: TrainingSet, policy_hash: str, cell: str, events: tuple[str, ...]) -> Package:
    """The package with its facts. All rows are later than a training that nobody here knows of: they are the test."""
    score = Scorer(package).scores(rows.values)
    none = rows.at(np.zeros(rows.n, bool))
    test = judged(score, rows.label, rows.weight)
    test["calibration"] = reliability(score, rows.label, rows.weight)
    data = {
        "train": span_facts(none),
        "test": span_facts(rows),
        "fingerprint": fingerprint(rows),
        "left_out": list(rows.left_out),
    }
    facts = Trained(policy_hash=policy_hash, cell=cell, events=events, data=data, settings={"taken_over": "onnx"})
    whole = msgspec.structs.replace(
        package, trained=facts, metrics={"train": judged(score[:0], rows.label[:0], rows.weight[:0]), "test": test},
        baseline=spreads(package.inputs, rows.values, rows.weight, score),
    )  # fmt: skip
    en, zh = cards(whole)
    return msgspec.structs.replace(whole, card_en=en, card_zh=zh)
