"""What a model learns from: labels that events say, each with the time at which it was known; weights of the lottery; the same bits
live."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.evaluation.test_training import MODEL, gathered, policy_folder, stream, trained
from zhiyu.base.errors import DeclarationError
from zhiyu.decisions.layout import LET_THROUGH
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.training.train import Recipe, split_of
from zhiyu.models.package import written

DAY_MS = 86_400_000
LOANS = """
name: loans
events:
  - {name: draw_down, fields: {contract: {type: string, required: true}, amount: {type: int}}}
  - {name: overdue, decide: false, fields: {contract: {type: string}, days: {type: int}}}
labels:
  - {name: first_payment_default, on: [overdue], where: days >= 30, of: [draw_down], by: contract, within: 60d}
rule_sets: [{name: m, rules: [{name: r, when: amount > 1, score: 1}], thresholds: [{score: 1, outcome: notify}]}]
"""


def loans(path: Path, n: int = 600) -> tuple[Path, dict[int, tuple[int, int]]]:
    """Draw-downs over 200 days; every third large one defaults, said 31 to 50 days later. Position → (label, known)."""
    rng = random.Random(2)
    start, lines = datetime(2026, 1, 1, tzinfo=UTC), list[tuple[datetime, dict[str, Any]]]()
    truth: dict[str, datetime | None] = {}
    for number in range(n):
        when = start + timedelta(days=200 * number / n)
        amount, name = rng.randint(1, 100), f"k{number}"
        lines.append((when, {"type": "draw_down", "id": name, "contract": name, "amount": amount}))
        truth[name] = when + timedelta(days=rng.randint(31, 50)) if amount > 60 and number % 3 else None
        if truth[name] is not None:
            lines.append((truth[name], {"type": "overdue", "id": f"o{number}", "contract": name, "days": 30}))  # type: ignore[arg-type]
    lines.sort(key=lambda line: line[0])
    records = [{**record, "time": when.isoformat()} for when, record in lines]
    path.write_text("".join(json.dumps(record) + "\n" for record in records), encoding="utf-8")
    end, found = lines[-1][0], dict[int, tuple[int, int]]()
    for position, (when, record) in enumerate(lines):
        if record["type"] == "draw_down":
            said, over = truth[record["id"]], when + timedelta(days=60)
            if said is not None or over <= end:
                known = said or over
                found[position] = (int(said is not None), int(known.timestamp() * 1000))
    return path, found


def folder_of(path: Path) -> Path:
    path.mkdir()
    (path / "policy.yaml").write_text(LOANS, encoding="utf-8")
    return path


def test_labels_that_events_say_are_known_when_they_were_said(tmp_path: Path) -> None:
    events, truth = loans(tmp_path / "events.ndjson")
    rows = gathered(folder_of(tmp_path / "policy"), events, label="first_payment_default")
    assert dict(zip(rows.position.tolist(), zip(rows.label.tolist(), rows.known_ms.tolist()))) == truth
    assert set(rows.weight.tolist()) == {1.0}
    test_ms = int(rows.time_ms.min()) + 120 * DAY_MS
    split = split_of(rows, Recipe(name="x", test_ms=test_ms))
    assert (rows.known_ms[split.train] <= test_ms).all()
    late = rows.time_ms[split.train & (rows.label == 1)].max()
    assert late > rows.time_ms[split.train & (rows.label == 0)].max(), (
        "a default is known sooner than a loan that went well"
    )
    thin = gathered(tmp_path / "policy", events, label="first_payment_default", keep_good=0.25)
    assert (thin.label == 1).sum() == (rows.label == 1).sum()
    assert set(thin.weight[thin.label == 1].tolist()) == {1.0}
    assert set(thin.weight[thin.label == 0].tolist()) == {4.0}
    assert trained(rows, test_ms=test_ms, kind="scorecard").metrics["test"]["auc"] > 0.7


def test_a_cell_names_its_own_label(tmp_path: Path) -> None:
    events, _ = loans(tmp_path / "events.ndjson")
    folder = folder_of(tmp_path / "policy")
    rows = gathered(folder, events, label="first_payment_default")
    package = trained(rows, kind="logistic")
    (folder / "m.json").write_bytes(written(package))
    matrix = "models: [{name: m, file: m.json, on: [draw_down]}]\nmatrix: [{name: c, stage: drawdown, fraud: d, champion: m, label: %s}]\n"
    (folder / "matrix.yaml").write_text(matrix % "first_payment_default", encoding="utf-8")
    assert open_policy(folder).policy.matrix[0].label == "first_payment_default"
    (folder / "matrix.yaml").write_text(matrix % "first_payment_defalt", encoding="utf-8")
    with pytest.raises(DeclarationError, match="unknown label 'first_payment_defalt' → did you mean"):
        open_policy(folder)


def test_the_let_through_share_stands_for_all_it_was_drawn_from(tmp_path: Path) -> None:
    events = stream(
        tmp_path / "events.ndjson", 4_000, 200, lambda rng, amount: rng.random() < (0.5 if amount > 40 else 0.02)
    )
    plain = policy_folder(tmp_path / "plain")
    lottery = policy_folder(tmp_path / "lottery")
    rules = (
        (lottery / "rules.yaml")
        .read_text(encoding="utf-8")
        .replace("amount > 1", "amount > 40")
        .replace("notify", "decline")
    )
    (lottery / "rules.yaml").write_text(rules + "let_through: {share: 0.1, money_cap: 10000000}\n", encoding="utf-8")
    every, drawn = gathered(plain, events), gathered(lottery, events)
    marks = {}

    def look(outcome: Any, batch: Any) -> None:
        marks.update(zip(outcome.decisions.positions.tolist(), outcome.decisions.mark.tolist()))

    Replay(open_policy(lottery), events, on_batch=look).run()
    let = np.array([marks[position] == LET_THROUGH for position in drawn.position.tolist()])
    assert set(drawn.weight[let].tolist()) == {10.0}
    assert set(drawn.weight[~let].tolist()) == {1.0}
    large = every.values[:, 0] > 40
    assert drawn.n < every.n
    assert float(drawn.weight[let].sum()) == pytest.approx(large.sum(), rel=0.35), "those drawn speak for all"
    share = float(drawn.weight[let][drawn.label[let] == 1].sum() / drawn.weight[let].sum())
    assert share == pytest.approx(every.label[large].mean(), abs=0.15)


@pytest.mark.parametrize("kind", ["trees", "logistic", "scorecard"])
def test_live_scores_are_replayed_scores_bit_for_bit(tmp_path: Path, kind: str) -> None:
    events = stream(
        tmp_path / "events.ndjson", 1_500, 100, lambda rng, amount: rng.random() < (0.75 if amount > 60 else 0.02)
    )
    folder = policy_folder(tmp_path / "policy")
    (folder / "risk.json").write_bytes(written(trained(gathered(folder, events), kind=kind)))
    policy_folder(folder, MODEL)
    opened = open_policy(folder)
    replayed: list[np.ndarray] = []
    Replay(opened, events, on_batch=lambda o, b: replayed.append(o.decisions.recorded.copy())).run()
    live, lines, rng = (
        Live(tmp_path / "data" / "default", opened, clock="events"),
        events.read_bytes().splitlines(),
        random.Random(1),
    )
    told, at = [], 0
    while at < len(lines):
        count = rng.choice([1, 3, 64, 200])
        told += [json.loads(answer.body)["scores"]["risk"] for answer in live.take(lines[at : at + count], "file")]
        at += count
    live.sync()
    live.close()
    whole = np.concatenate(replayed, axis=1)[0].view(np.float64)
    assert np.array_equal(np.array(told), whole), "through JSON and back, to the bit"


def test_the_card_says_for_whom_a_model_is_worse(tmp_path: Path) -> None:
    events = stream(
        tmp_path / "events.ndjson", 3_000, 200, lambda rng, amount: rng.random() < (0.75 if amount > 60 else 0.02)
    )
    folder = policy_folder(tmp_path / "policy")
    declared = "restraint: {groups: [{of: channel}, {of: amount, bands: [20, 60], least: 30}, {of: night}, {of: reported, bands: [99]}]}\n"
    (folder / "restraint.yaml").write_text(declared, encoding="utf-8")
    rows, policy = gathered(folder, events), open_policy(folder).policy
    assert policy.restraint is not None
    package = trained(rows, kind="scorecard", groups=policy.restraint.groups)
    found = {each["of"]: each["groups"] for each in package.metrics["test"]["groups"]}
    assert list(found) == ["channel", "amount", "night"], "a group of its own alone is no comparison"
    assert [line["group"] for line in found["amount"]] == ["< 20", "20 – 60", "≥ 60"]
    test = rows.at(split_of(rows, Recipe(name="x")).test)
    large = test.values[:, 0] >= 60
    assert found["amount"][2]["rows"] == int(large.sum())
    assert found["amount"][2]["fraud"] == pytest.approx(test.label[large].mean(), abs=1e-6)
    assert found["amount"][0]["mean_score"] < 0.1 < 0.5 < found["amount"][2]["mean_score"]
    assert "| amount | rows | AUC | mean score | share of fraud |" in package.card_en
    assert "| channel | 行数 | AUC | 平均分 | 欺诈占比 |" in package.card_zh
