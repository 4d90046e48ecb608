"""For whom a model is worse: its figures by the groups that the policy declares (`restraint: groups`), where the model reads the attribute.

In: test rows, scores, declared groups. Out: per attribute its groups with area under the curve, mean score and share of fraud.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.training.gather import TrainingSet
from zhiyu.evaluation.training.judge import judged
from zhiyu.models.package import Input
from zhiyu.policy.declare_restraint import FairGroups


def by_groups(rows: TrainingSet, score: Array, declared: Sequence[FairGroups]) -> list[dict[str, Any]]:
    """One entry per declared attribute that is an input; groups smaller than `least` are left out."""
    places = {given.name: number for number, given in enumerate(rows.inputs)}
    found = []
    for each in declared:
        if each.of not in places:
            continue
        given, values = rows.inputs[places[each.of]], rows.values[:, places[each.of]]
        place, names = _groups(given, values, each.bands)
        lines = []
        for number, name in enumerate(names):
            own = (place == number) & ~np.isnan(values)
            if int(own.sum()) >= each.least:
                lines.append({"group": name, **_figures(rows.at(own), score[own])})
        if len(lines) > 1:
            found.append({"of": each.of, "groups": lines})
    return found


def _groups(given: Input, values: Array, bands: Sequence[int | float]) -> tuple[Array, list[str]]:
    plain = np.nan_to_num(values)
    if given.kind == "string":
        return plain.astype(np.int64), list(given.categories)
    if not bands:
        return plain.astype(np.int64), ["no", "yes"]
    ends = [f"{edge:g}" for edge in bands]
    names = [f"< {ends[0]}", *(f"{a} – {b}" for a, b in pairwise(ends)), f"≥ {ends[-1]}"]
    return np.searchsorted(np.array(bands, np.float64), plain, side="right"), names


def _figures(rows: TrainingSet, score: Array) -> dict[str, Any]:
    facts, total = judged(score, rows.label, rows.weight), float(rows.weight.sum())
    mean, share = float((rows.weight * score).sum()) / total, float(rows.weight[rows.label == 1].sum()) / total
    return {
        "rows": facts["rows"],
        "frauds": facts["frauds"],
        "auc": facts["auc"],
        "mean_score": round(mean, 6),
        "fraud": round(share, 6),
    }
