"""The metrics benchmark runs small, and what it asks is answered by every grain alike."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path

import pytest

from zhiyu.bench.metrics import START_MINUTE, MetricSizes, _no_policy, _write, run_metrics
from zhiyu.evaluation.cube.ask import Question, ask
from zhiyu.evaluation.cube.cube import FOLDER, Cube
from zhiyu.evaluation.cube.facts import MINUTE_MS
from zhiyu.evaluation.cube.rollups import Grain

SMALL = MetricSizes(60_000, 6, 1)
HOUR_MS = 60 * MINUTE_MS


def test_it_runs_and_tells_its_conditions() -> None:
    report = run_metrics(SMALL, lambda what, done: None)
    assert set(report["screens"]) >= {"30 days by thirds", "90 days by the day"}
    assert report["questions"] == 60
    assert report["rows"]["thirds"] < report["rows"]["hours"] < report["rows"]["minutes"]
    assert report["conditions"]["cores"] >= 1


@pytest.mark.parametrize("seed", range(4))
def test_thirds_of_days_answer_as_hours_do(seed: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Any period of whole hours, any step, days of China and of India; also from parts that have no thirds."""
    rng = random.Random(seed)
    _write(tmp_path, replace(SMALL, seed=seed), lambda what, done: None)
    if seed % 2:
        for path in (tmp_path / FOLDER).rglob("*-thirds.parquet"):
            path.unlink()
    cube, used = Cube(tmp_path, "default", _no_policy, 0, writes=False), set()
    for _ in range(60):
        first, last = sorted(rng.sample(range(6 * 24 + 1), 2))
        begin = START_MINUTE * MINUTE_MS
        question = Question(
            rng.choice([("decisions", "money"), ("stopped_share",)]), begin + first * HOUR_MS, begin + last * HOUR_MS,
            rng.choice([(), ("time",), ("time", "channel"), ("outcome", "region")]),
            rng.choice([{}, {"stage": frozenset(["stage 1"])}]), rng.choice([1, 8, 24]) * HOUR_MS,
            top=rng.choice([2, 1_000]), offset_ms=rng.choice([0, 8 * HOUR_MS, -16 * HOUR_MS, 11 * HOUR_MS // 2]),
        )  # fmt: skip
        used |= {grain for grain, _, _ in question.spans()}
        told = ask(cube, question, "CNY")
        with monkeypatch.context() as patch:
            patch.setattr(Question, "spans", by_hours)
            assert ask(cube, question, "CNY") == told, question
    assert used >= {"hours", "thirds"}


SPANS = Question.spans


def by_hours(question: Question) -> list[tuple[Grain, int, int]]:
    """The same question without thirds."""
    if question.grain == "minutes":
        return SPANS(question)
    return [("hours", question.from_ms // MINUTE_MS, question.until_ms // MINUTE_MS - 1)]
