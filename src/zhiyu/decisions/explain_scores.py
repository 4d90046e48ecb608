"""Scores in words: what a model said, and the inputs that pushed it most, from the values a decision kept.

In: the checked policy, the values seen (register form). Out: `ScoreTold` per model, en and zh. Contributions are exact (see
`models.contributions`) and made here, on demand; the score itself is the stored one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zhiyu.decisions.recorded import PACKAGE_CHARS
from zhiyu.expressions.wording import say_value
from zhiyu.models.contributions import Contributions
from zhiyu.models.package import Input, hash_of
from zhiyu.policy.checked import Checked, CheckedModel
from zhiyu.policy.model_roles import roles_of

PUSHES_SHOWN = 4
ROLES = {"champion": ("champion", "冠军"), "challenger": ("challenger", "挑战者"), "shadow": ("shadow", "影子")}
LEAST_PUSH = 0.01
"""Contributions below this (in log-odds) are not told."""


@dataclass(frozen=True, slots=True)
class Push:
    """What one input contributed, in log-odds: above 0 towards fraud."""

    input: str
    value: Any
    contribution: float

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"input": self.input, "value": self.value, "contribution": round(self.contribution, 6)}


@dataclass(frozen=True, slots=True)
class InCell:
    """A cell of the matrix in which a model stands, its role there, and whether its score was the cell's."""

    name: str
    place: str
    role: str
    spoke: bool

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {"cell": self.name, "place": self.place, "role": self.role, "spoke": self.spoke}


@dataclass(frozen=True, slots=True)
class ScoreTold:
    """One score with its largest contributions."""

    model: str
    score: float
    pushes: tuple[Push, ...]
    en: str
    zh: str
    package: str = ""
    cells: tuple[InCell, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        pushes = [push.to_dict() for push in self.pushes]
        return {
            "model": self.model, "package": self.package, "score": self.score, "contributions": pushes,
            "cells": [each.to_dict() for each in self.cells], "en": self.en, "zh": self.zh,
        }  # fmt: skip


@dataclass
class ScoreTeller:
    """Tells the scores of one policy; models are prepared when they are first told."""

    checked: Checked
    labels: Mapping[str, tuple[str, str]]
    _ready: dict[str, Contributions] = field(default_factory=dict)

    def told(self, seen: Mapping[str, Any], spoke: Mapping[str, str]) -> tuple[ScoreTold, ...]:
        """Every model whose score was kept, in the order of the policy. `spoke`: cell → the model that spoke there."""
        models = [(name, each.scored) for name, each in self.checked.features.items() if each.scored is not None]
        cells = self._cells_of(spoke)
        return tuple(
            self._one(name, model, seen, cells.get(name, ())) for name, model in models if seen.get(name) is not None
        )

    def _cells_of(self, spoke: Mapping[str, str]) -> dict[str, tuple[InCell, ...]]:
        """Model → the cells it stands in, with its role and whether it spoke."""
        found: dict[str, tuple[InCell, ...]] = {}
        for each in self.checked.policy.matrix:
            for name, role in roles_of(each).items():
                own = InCell(each.name, f"{each.stage}/{each.fraud}", role, spoke.get(each.name) == name)
                found[name] = (*found.get(name, ()), own)
        return found

    def _one(self, name: str, model: CheckedModel, seen: Mapping[str, Any], cells: tuple[InCell, ...]) -> ScoreTold:
        if name not in self._ready:
            self._ready[name] = Contributions(model.package)
        inputs = model.package.inputs
        row = np.array([number_of(given, seen.get(given.name)) for given in inputs])
        _, found = self._ready[name].of(row)
        order = sorted(range(len(inputs)), key=lambda i: (-abs(found[i]), i))[:PUSHES_SHOWN]
        chosen = [i for i in order if abs(found[i]) >= LEAST_PUSH]
        pushes = tuple(Push(inputs[i].name, seen.get(inputs[i].name), float(found[i])) for i in chosen)
        score = float(seen[name])
        return ScoreTold(
            name, score, pushes, self._said(model, score, pushes, cells, "en"),
            self._said(model, score, pushes, cells, "zh"), hash_of(model.package)[:PACKAGE_CHARS], cells,
        )  # fmt: skip

    def _said(
        self, model: CheckedModel, score: float, pushes: tuple[Push, ...], cells: tuple[InCell, ...], language: str
    ) -> str:
        zh = language == "zh"
        label = (model.model.zh or model.model.en or model.model.name) if zh else (model.model.en or model.model.name)
        silent = [each for each in cells if not each.spoke]
        if silent and len(silent) == len(cells):
            role = ROLES[silent[0].role][zh]
            label = f"{label}（{role}，未参与决策）" if zh else f"{label} ({role}, without a say)"
        types = self.checked.typed_on(model.on)
        parts = []
        for push in pushes:
            name = self.labels.get(push.input, (push.input, push.input))[zh]
            missing = "缺失" if zh else "missing"
            value = missing if push.value is None else say_value(push.value, types[push.input], language)
            parts.append(
                f"{name}（{value}）{push.contribution:+.2f}" if zh else f"{name} ({value}) {push.contribution:+.2f}"
            )
        if zh:
            return f"{label} {score:.4f}" + (f"，主要因为{'、'.join(parts)}" if parts else "")
        return f"{label} {score:.4f}" + (f", mainly {', '.join(parts)}" if parts else "")


def number_of(given: Input, value: Any) -> float:
    """A value in the form of sentences as the number the model saw; NaN for null, one past the last for an unknown text.

    >>> number_of(Input(name="amount", kind="fixed", scale=2), 1250)
    12.5
    """
    if value is None:
        return float("nan")
    if given.kind == "string":
        known = given.categories
        return float(known.index(value)) if value in known else float(len(known))
    if given.kind == "fixed":
        return int(value) / float(10**given.scale)
    return float(value)
