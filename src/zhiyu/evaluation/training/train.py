"""From a training set to a package: split by time, fitted, calibrated, judged on later events, described.

In: a `TrainingSet`, a `Recipe`. Out: `Trained` (package and facts). The model learns only from labels that had arrived when the test
began, and a gap as long as labels take lies between: as if it had been trained on that day. The test rows are looked at once, at the
end.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.evaluation.training.calibrate import isotonic, platt
from zhiyu.evaluation.training.candidates import CHOICES, KINDS, best_of, fitted
from zhiyu.evaluation.training.card import cards
from zhiyu.evaluation.training.gather import TrainingSet
from zhiyu.evaluation.training.groups import by_groups
from zhiyu.evaluation.training.judge import cuts, judged, reliability
from zhiyu.models.drift import spreads
from zhiyu.models.package import Additive, Calibration, Package, Trees
from zhiyu.models.package import Trained as Facts
from zhiyu.models.scorer import Scorer
from zhiyu.policy.declare_restraint import FairGroups

TEST_SHARE = 0.25
FOLDS = 3
STRETCHES = 10 * FOLDS
LEAST_FRAUDS = 20
"""Fewer frauds than this teach nothing."""
CALIBRATIONS = ("platt", "isotonic", "none")
SPLITS = ("time", "draw")


@dataclass(frozen=True)
class Recipe:
    """What to make: name, kind, cell; the span of training [`begins_ms`, `ends_ms`), of the test [`test_ms`, `until_ms`); None for open
    ends. `split`: `time`, or `draw` for tables in no order of time."""

    name: str
    kind: str = "trees"
    cell: str = ""
    calibration: str = "platt"
    split: str = "time"
    test_ms: int | None = None
    begins_ms: int | None = None
    ends_ms: int | None = None
    until_ms: int | None = None
    seed: int = 1
    settings: dict[str, Any] = field(default_factory=dict)
    groups: tuple[FairGroups, ...] = ()


@dataclass(frozen=True)
class Split:
    """Rows to learn from and rows to be judged on (bool[n] each), and the moment between."""

    train: Array
    test: Array
    test_ms: int


def split_of(rows: TrainingSet, recipe: Recipe) -> Split:
    """By time, with a gap: what is learned from had its label before the test began, and ends one delay before it."""
    if not rows.n:
        raise InputError("no rows to train on", "没有可用于训练的数据")
    first, last = int(rows.time_ms.min()), int(rows.time_ms.max())
    test_ms = recipe.test_ms if recipe.test_ms is not None else last - int((last - first) * TEST_SHARE)
    begins = recipe.begins_ms if recipe.begins_ms is not None else first
    ends = recipe.ends_ms if recipe.ends_ms is not None else test_ms
    until = recipe.until_ms if recipe.until_ms is not None else last + 1
    train = (rows.time_ms >= begins) & (rows.time_ms < min(ends, test_ms)) & (rows.known_ms <= test_ms)
    test = (rows.time_ms >= test_ms) & (rows.time_ms < until)
    frauds, goods = int((rows.label[train] == 1).sum()), int((rows.label[train] == 0).sum())
    if frauds < LEAST_FRAUDS or goods < LEAST_FRAUDS:
        raise InputError(
            f"{frauds} frauds and {goods} good events whose labels had arrived by the test; at least {LEAST_FRAUDS} of each",
            f"测试开始前已有标签的欺诈 {frauds} 个、正常 {goods} 个；各需至少 {LEAST_FRAUDS} 个",
        )
    return Split(train, test, test_ms)


class Training:
    """One training. Iterate `steps()` for progress (0..1), then read `package`."""

    def __init__(self, rows: TrainingSet, recipe: Recipe, policy_hash: str, events: tuple[str, ...]) -> None:
        words = (
            (recipe.kind, (*KINDS, *CHOICES), "kind"),
            (recipe.calibration, CALIBRATIONS, "calibration"),
            (recipe.split, SPLITS, "split"),
        )
        for given, known, what in words:
            if given not in known:
                raise InputError(
                    f"--{what} is one of {', '.join(known)}, not '{given}'",
                    f"--{what} 可选 {'、'.join(known)}，不是“{given}”",
                )
        rows = shuffled(rows, recipe.seed) if recipe.split == "draw" else rows
        self.rows, self.recipe, self.policy_hash, self.events = rows, recipe, policy_hash, events
        self.split = split_of(rows, recipe)
        self.package: Package | None = None
        self._kind = recipe.kind
        self._tried: dict[str, float] = {}

    def steps(self) -> Iterator[float]:
        """Fit on all of the training span, and on parts of it for the calibration; then judge."""
        train = self.rows.at(self.split.train)
        if self.recipe.kind == "best":
            self._kind, self._tried = best_of(train, list(folds(train)), self.recipe.settings, self.recipe.seed)
        found = self._fitted(train)
        yield 1 / (FOLDS + 2)
        calibration = Calibration()
        if self.recipe.calibration != "none":
            raw = np.empty(train.n)
            for number, held in enumerate(folds(train)):
                part = Scorer(self._package(self._fitted(train.at(~held)), Calibration()))
                raw[held] = part.raw(train.values[held])
                yield (number + 2) / (FOLDS + 2)
            fit = platt if self.recipe.calibration == "platt" else isotonic
            calibration = fit(raw, train.label, train.weight)
        self.package = self._whole(self._package(found, calibration), train)
        yield 1.0

    def _fitted(self, rows: TrainingSet) -> Trees | Additive:
        return fitted(self._kind, rows, self.recipe.settings, self.recipe.seed)

    def _package(self, fitted: Trees | Additive, calibration: Calibration) -> Package:
        trees = fitted if isinstance(fitted, Trees) else None
        additive = fitted if isinstance(fitted, Additive) else None
        return Package(
            name=self.recipe.name, kind="trees" if trees else self._kind,  # type: ignore[arg-type]
            inputs=self.rows.inputs, trees=trees, additive=additive, calibration=calibration,
        )  # fmt: skip

    def _whole(self, package: Package, train: TrainingSet) -> Package:
        """The package with everything that judges and describes it."""

        test, recipe = self.rows.at(self.split.test), self.recipe
        scorer = Scorer(package)
        found, learned = scorer.scores(test.values), scorer.scores(train.values)
        metrics: dict[str, Any] = {
            "train": judged(learned, train.label, train.weight),
            "test": judged(found, test.label, test.weight),
        }
        metrics["test"]["calibration"] = reliability(found, test.label, test.weight) if test.n else []
        metrics["test"]["groups"] = by_groups(test, found, recipe.groups) if test.n else []
        metrics["test"]["cuts"] = cuts(found, test.label, test.weight)
        data = {
            "fitted": self._kind, "tried": self._tried, "split": recipe.split,
            "train": span_facts(train), "test": span_facts(test), "fingerprint": fingerprint(train),
            "left_out": list(self.rows.left_out),
        }  # fmt: skip
        settings = {"seed": recipe.seed, "calibration": recipe.calibration, **recipe.settings}
        facts = Facts(policy_hash=self.policy_hash, cell=recipe.cell, events=self.events, data=data, settings=settings)
        baseline = spreads(package.inputs, train.values, train.weight, learned)
        whole = msgspec.structs.replace(package, trained=facts, metrics=metrics, baseline=baseline)
        en, zh = cards(whole)
        return msgspec.structs.replace(whole, card_en=en, card_zh=zh)


def shuffled(rows: TrainingSet, seed: int) -> TrainingSet:
    """Rows of a table in no order of time, dealt out by a draw that spreads frauds evenly: place in the deal instead of time, labels known
    from the beginning."""
    own = np.random.default_rng(seed)
    place = np.empty(rows.n)
    for kind in (0, 1):
        of_kind = np.flatnonzero(rows.label == kind)
        place[own.permutation(of_kind)] = (np.arange(len(of_kind)) + 0.5) / max(len(of_kind), 1)
    dealt = np.argsort(np.argsort(place, kind="stable"), kind="stable").astype(np.int64)
    return replace(rows, time_ms=dealt, known_ms=np.zeros(rows.n, np.int64))


def folds(rows: TrainingSet) -> Iterator[Array]:
    """Stretches of time dealt out in turn, every share held out once (bool[n]): neighbours in time are alike, so they stay together, and
    every share has something of each season: a month unlike the others is not judged by a model that never saw its like."""
    place = np.argsort(np.argsort(rows.time_ms, kind="stable"), kind="stable") * STRETCHES // max(rows.n, 1)
    for number in range(FOLDS):
        held = place % FOLDS == number
        if held.any() and len(np.unique(rows.label[~held])) == 2:
            yield held
        else:
            raise InputError(
                "too few frauds to calibrate; use --calibration none", "欺诈样本过少，无法校准；请用 --calibration none"
            )


def fingerprint(rows: TrainingSet) -> str:
    """SHA-256 of every number that was learned from."""
    digest = hashlib.sha256()
    for array in (rows.position, rows.time_ms, rows.label, rows.weight, rows.values):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()


def span_facts(rows: TrainingSet) -> dict[str, Any]:
    """How many rows and frauds, and from when to when."""
    if not rows.n:
        return {"rows": 0, "frauds": 0}
    first, last = (
        datetime.fromtimestamp(int(t) / 1000, UTC).isoformat() for t in (rows.time_ms.min(), rows.time_ms.max())
    )
    return {
        "rows": rows.n,
        "frauds": int((rows.label == 1).sum()),
        "weight": round(float(rows.weight.sum()), 3),
        "from": first,
        "until": last,
    }
