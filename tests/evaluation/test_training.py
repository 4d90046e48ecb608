"""Training: nothing from the future, the same bits as in the decision, deterministic; figures against independent ones."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from zhiyu.base.errors import InputError
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.training.calibrate import isotonic, platt
from zhiyu.evaluation.training.gather import Gathering, TrainingSet
from zhiyu.evaluation.training.judge import judged
from zhiyu.evaluation.training.terms import monotone_edges
from zhiyu.evaluation.training.train import Recipe, Training, split_of
from zhiyu.models.package import Package, written
from zhiyu.models.scorer import Scorer

DAY_MS = 86_400_000
POLICY = """
name: taught
clock: {lateness: 1h, idempotency: 7d}
events:
  - name: payment
    money: amount
    fields:
      card: {type: string, required: true, entity: card}
      amount: {type: money, currency: EUR, required: true, round: true, min: 0}
      channel: {type: enum, values: [app, web]}
      memo: {type: string}
    derive: {night: hour(time) < 6}
sources:
  - name: file
    event: payment
    id: id
    time: {column: time, formats: ["%Y-%m-%dT%H:%M:%S"]}
    fields: {card: card, amount: amount, channel: channel, memo: memo}
    label: {column: fraud, fraud: [1], legit: [0], delay: 7d}
features:
  - {name: reported, aggregate: count, by: card, over: 30d, on: [label], where: fraud}
  - {name: mean_30d, aggregate: mean, of: amount, by: card, over: 30d, current: exclude}
  - {name: multiple, expr: amount / mean_30d}
"""
RULES = "rule_sets: [{name: m, rules: [{name: r, when: amount > 1, score: 1}], thresholds: [{score: 1, outcome: notify}]}]\n"
MODEL = """
models: [{name: risk, file: risk.json}]
rule_sets: [{name: m, rules: [{name: r, when: risk >= 0, score: 1}], thresholds: [{score: 1, outcome: notify}]}]
"""


def stream(path: Path, rows: int, cards: int, fraud: Any, seed: int = 3) -> Path:
    """`rows` payments over 40 days; `fraud(rng, amount)` says the truth. Without `cards` each card is used once."""
    rng = random.Random(seed)
    start = datetime(2026, 1, 1, tzinfo=UTC)
    lines = []
    for number in range(rows):
        amount = round(rng.lognormvariate(3, 1), 2)
        when = start + timedelta(days=40 * number / rows)
        line = {
            "id": f"e{number}",
            "time": when.strftime("%Y-%m-%dT%H:%M:%S"),
            "card": f"c{rng.randrange(cards) if cards else number}",
            "amount": amount,
        }
        line |= {"memo": f"note {number}", "fraud": int(fraud(rng, amount))}
        if rng.random() < 0.8:
            line["channel"] = rng.choice(["app", "web"])
        lines.append(json.dumps(line))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def policy_folder(folder: Path, more: str = RULES) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (folder / "rules.yaml").write_text(more, encoding="utf-8")
    return folder


def gathered(folder: Path, events: Path, **given: Any) -> TrainingSet:
    gathering = Gathering(open_policy(folder, all_features=True), events, **given)
    for _ in gathering.steps():
        pass
    return gathering.finish()


def trained(rows: TrainingSet, **given: Any) -> Package:
    training = Training(
        rows,
        Recipe(**({"name": "risk", "settings": {"rounds": 30, "min_data_in_leaf": 10}} | given)),
        "policy",
        ("payment",),
    )
    for _ in training.steps():
        pass
    assert training.package is not None
    return training.package


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, TrainingSet]:
    """A stream in which large amounts are fraud, three times in four."""
    folder = tmp_path_factory.mktemp("taught")
    events = stream(
        folder / "events.ndjson", 4_000, 200, lambda rng, amount: rng.random() < (0.75 if amount > 60 else 0.02)
    )
    return folder, events, gathered(policy_folder(folder / "policy"), events)


def test_what_knows_the_future_is_not_seen(tmp_path: Path) -> None:
    """Every card is used once and its truth is a coin. `reported` counts frauds of the card that were reported: with
    hindsight it is the truth itself; at the moment of the payment it knows nothing, because the report comes a week later."""
    events = stream(tmp_path / "events.ndjson", 3_000, 0, lambda rng, amount: rng.random() < 0.5)
    rows = gathered(policy_folder(tmp_path / "policy"), events)
    reported = rows.values[:, [each.name for each in rows.inputs].index("reported")]
    assert set(reported.tolist()) == {0.0}
    for kind in ("trees", "logistic", "scorecard"):
        assert 0.4 < trained(rows, kind=kind).metrics["test"]["auc"] < 0.6
    hindsight = rows.label[None].T.astype(float)
    assert (
        judged(hindsight[:, 0], rows.label, rows.weight)["auc"] == 1.0
    )  # what the same feature would be worth if it leaked


def test_only_labels_that_had_arrived_are_learned_from(taught: tuple[Path, Path, TrainingSet]) -> None:
    _, _, rows = taught
    test_ms = int(rows.time_ms[0]) + 30 * DAY_MS
    split = split_of(rows, Recipe(name="x", test_ms=test_ms))
    assert rows.time_ms[split.train].max() <= test_ms - 7 * DAY_MS
    assert rows.time_ms[split.test].min() >= test_ms
    assert not (split.train & split.test).any()
    assert (rows.known_ms - rows.time_ms == 7 * DAY_MS).all()


@pytest.mark.parametrize("kind", ["trees", "logistic", "scorecard"])
def test_the_decision_scores_as_the_training_did(
    taught: tuple[Path, Path, TrainingSet], tmp_path: Path, kind: str
) -> None:
    _, events, rows = taught
    package = trained(rows, kind=kind)
    assert package.metrics["test"]["auc"] > 0.8
    folder = policy_folder(tmp_path / "policy", MODEL)
    (folder / "risk.json").write_bytes(written(package))
    opened = open_policy(folder)
    place = [each.name for each in opened.compiled.features].index("risk")
    found = []
    Replay(
        opened,
        events,
        keep_all=True,
        on_batch=lambda o, b: found.append(o.decisions.kept_values[:, place].view(np.float64)),
    ).run()
    assert np.array_equal(np.concatenate(found), Scorer(package).scores(rows.values))


def test_names_of_people_are_no_inputs(taught: tuple[Path, Path, TrainingSet]) -> None:
    _, _, rows = taught
    assert [each.name for each in rows.inputs] == ["amount", "channel", "night", "mean_30d", "reported", "multiple"]
    assert rows.left_out == ("memo",)
    assert rows.inputs[1].categories == ("app", "web")


def test_the_same_seed_gives_the_same_bytes(taught: tuple[Path, Path, TrainingSet]) -> None:
    folder, events, rows = taught
    again = gathered(folder / "policy", events)
    assert written(trained(rows)) == written(trained(again))
    assert written(trained(rows)) != written(trained(rows, seed=2))


def test_thinned_goods_keep_their_weight(taught: tuple[Path, Path, TrainingSet]) -> None:
    folder, events, rows = taught
    thin = gathered(folder / "policy", events, keep_good=0.25)
    assert (thin.label == 1).sum() == (rows.label == 1).sum()
    assert 0.2 < (thin.label == 0).sum() / (rows.label == 0).sum() < 0.3
    assert set(thin.weight[thin.label == 0]) == {4.0}
    mean = float(Scorer(trained(thin)).scores(rows.values).mean())
    assert abs(mean - rows.label.mean()) < 0.05, "calibrated to the share of fraud before thinning"


def test_too_little_is_said(taught: tuple[Path, Path, TrainingSet]) -> None:
    folder, events, rows = taught
    with pytest.raises(InputError, match="at least 20 of each"):
        split_of(rows.at(np.arange(rows.n) < 30), Recipe(name="x"))
    with pytest.raises(InputError, match="did you mean 'multiple'"):
        gathered(folder / "policy", events, names=["multipel"])
    with pytest.raises(InputError, match="no decided event type"):
        gathered(folder / "policy", events, on=["paymnt"])


def test_figures_are_those_of_another_library() -> None:
    own = np.random.default_rng(5)
    for _ in range(20):
        n = int(own.integers(5, 300))
        label = (own.random(n) < 0.3).astype(np.int8)
        label[:2] = [0, 1]
        score = np.round(own.random(n) * 0.5 + 0.3 * label, int(own.integers(1, 4)))
        weight = own.integers(1, 4, n).astype(float)
        weight[own.integers(2, n, 3)] = 0.0  # rows that an interval did not draw
        weight[np.argmax(score)] = 0.0 if score.argmax() > 1 else 1.0
        found = judged(score, label, weight)
        assert abs(found["auc"] - roc_auc_score(label, score, sample_weight=weight)) < 1e-6
        assert abs(found["average_precision"] - average_precision_score(label, score, sample_weight=weight)) < 1e-6


def test_calibration_rises_and_is_right_on_average() -> None:
    own = np.random.default_rng(6)
    raw = own.normal(size=4_000) * 2
    label = (own.random(4_000) < 1 / (1 + np.exp(-(1.5 * raw - 1)))).astype(np.int8)
    weight = np.ones(4_000)
    curve = platt(raw, label, weight)
    assert abs(curve.slope - 1.5) < 0.2
    assert abs(curve.offset + 1) < 0.2
    lines = isotonic(raw, label, weight)
    assert all(a < b for a, b in pairwise(lines.x))
    assert all(a <= b for a, b in pairwise(lines.y))
    assert abs(np.interp(raw, lines.x, lines.y).mean() - label.mean()) < 0.01


def test_bins_of_a_scorecard_are_monotone() -> None:
    own = np.random.default_rng(7)
    x = np.round(own.normal(size=3_000), 1)
    label = (own.random(3_000) < np.where(x > 0.5, 0.05, 0.4)).astype(np.int8)
    edges = monotone_edges(x, label, np.ones(3_000))
    shares = [label[np.searchsorted(edges, x, side="right") == k].mean() for k in range(len(edges) + 1)]
    assert len(edges) > 1
    assert all(a >= b for a, b in pairwise(shares))
