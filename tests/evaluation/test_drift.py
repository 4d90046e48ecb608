"""Drift: figures against slow ones, the same over a file and over what a server decided, alerts where something was planted."""

from __future__ import annotations

import json
import random
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from tests.engine.live_stream import live_opened
from tests.evaluation.test_training import policy_folder, stream
from zhiyu.cli import main
from zhiyu.engine.live import REPEATED, TAKEN, Live
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.drift.judge import Limits, alerts_of, by_chance, stability_of
from zhiyu.evaluation.drift.windows import DAY_MS, HOUR_MS, Windows
from zhiyu.models.drift import SCORE, spreads, stability
from zhiyu.models.package import Additive, Input, Package, Term

WATCHED = """
clock: {idempotency: 90d}
features: [{name: alarms, aggregate: count, by: model, over: 1d, on: [model_drift]}]
rule_sets: [{name: m, rules: [{name: r, when: length(who) > 3, outcome: notify}]}]
"""


def package(rng: np.random.Generator, rows: int = 20_000) -> Package:
    """One input spread normally, with a tenth of nulls; the score follows it."""
    inputs = (Input(name="x", kind="float"),)
    values = np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows))[:, None]
    score = 1 / (1 + np.exp(-np.nan_to_num(values[:, 0])))
    additive = Additive(base=0.0, terms=(Term(kind="line", weight=1.0),))
    return Package(
        name="m",
        kind="logistic",
        inputs=inputs,
        additive=additive,
        baseline=spreads(inputs, values, np.ones(rows), score),
    )


def fed(
    package: Package, rng: np.random.Generator, days: int, shift_on: int = -1, nulls_at: int = -1, rows: int = 4_000
) -> Windows:
    """Days of rows like the training; one day shifted, one hour with more nulls."""
    windows = Windows(package)
    for day in range(days):
        time = np.sort(rng.integers(0, DAY_MS, rows)) + day * DAY_MS
        lost = np.where(time // HOUR_MS == nulls_at, 0.5, 0.1)
        x = np.where(rng.random(rows) < lost, np.nan, rng.normal(1.0 if day == shift_on else 0.0, size=rows))
        score = 1 / (1 + np.exp(-np.nan_to_num(x)))
        windows.take(time, x[:, None], score)
        windows.mature(time, score, (rng.random(rows) < score).astype(np.int64), np.ones(rows))
    return windows


def test_figures_are_those_of_the_whole_columns() -> None:
    rng = np.random.default_rng(3)
    own = package(rng)
    windows = Windows(own)
    columns = np.where(rng.random(500) < 0.2, np.nan, rng.normal(0.3, size=500))
    time = np.sort(rng.integers(0, 3 * DAY_MS, 500))
    score = 1 / (1 + np.exp(-np.nan_to_num(columns)))
    for start in range(0, 500, 37):  # batches change nothing
        part = slice(start, start + 37)
        windows.take(time[part], columns[part, None], score[part])
    whole = windows.whole()
    for spread, counts, column in zip(windows.spreads, whole.counts, (columns, score)):
        assert stability_of(spread, counts) == pytest.approx(stability(spread, column, np.ones(500)), abs=1e-12)
    assert sum(day.rows for day in windows.per_day()) == sum(hour.rows for hour in windows.per_hour()) == 500
    day = windows.per_day()[1]
    inside = (time >= DAY_MS) & (time < 2 * DAY_MS)
    assert stability_of(windows.spreads[0], day.counts[0]) == pytest.approx(
        stability(windows.spreads[0], columns[inside], np.ones(int(inside.sum()))), abs=1e-12
    )


@pytest.mark.parametrize("seed", range(5))
def test_alerts_where_something_was_planted_and_nowhere_else(seed: int) -> None:
    rng = np.random.default_rng(seed)
    own = package(rng)
    assert alerts_of(fed(own, rng, 8), Limits(), "m", "a" * 64) == []
    found = alerts_of(fed(own, rng, 8, shift_on=5, nulls_at=30), Limits(), "m", "a" * 64)
    told = {(each["start"][:13], each["span"], each["what"], each["input"]) for each in found}
    assert told == {
        ("1970-01-02T06", "hour", "missing", "x"),
        ("1970-01-06T00", "day", "stability", "x"),
        ("1970-01-06T00", "day", "score", SCORE),
    }
    assert [each["time"] for each in found] == ["1970-01-02T07:00:00Z", "1970-01-07T00:00:00Z", "1970-01-07T00:00:00Z"]
    assert len({each["id"] for each in found}) == 3


def test_what_lasts_for_hours_alarms_once() -> None:
    rng = np.random.default_rng(4)
    own, windows = package(rng), Windows(package(rng))
    time = np.arange(24) * HOUR_MS
    for hour in time.tolist():
        lost = 0.5 if hour // HOUR_MS in (3, 4, 5, 9) else 0.1
        x = np.where(rng.random(400) < lost, np.nan, rng.normal(size=400))
        windows.take(np.full(400, hour), x[:, None], 1 / (1 + np.exp(-np.nan_to_num(x))))
    found = [each for each in alerts_of(windows, Limits(), own.name, "c" * 64) if each["span"] == "hour"]
    assert [each["start"] for each in found] == ["1970-01-01T03:00:00Z", "1970-01-01T09:00:00Z"]
    assert all(each["value"] > each["limit"] > 0.1 for each in found)


def test_a_score_that_no_longer_means_what_it_says() -> None:
    rng = np.random.default_rng(1)
    own, windows = package(rng), Windows(package(rng))
    x = np.where(rng.random(3_000) < 0.1, np.nan, rng.normal(size=3_000))
    score = 1 / (1 + np.exp(-np.nan_to_num(x)))
    time = np.arange(3_000)
    windows.take(time, x[:, None], score)
    windows.mature(time, score, (rng.random(3_000) < score / 3).astype(np.int64), np.ones(3_000))
    (alert,) = alerts_of(windows, Limits(), own.name, "b" * 64)
    assert alert["what"] == "calibration"
    assert 0.25 < alert["value"] < 0.42


def test_few_rows_alarm_nobody() -> None:
    rng = np.random.default_rng(2)
    own = package(rng)
    largest = max(
        stability_of(windows.spreads[0], windows.whole().counts[0]) / by_chance(windows.spreads[0], 200)
        for windows in (fed(own, rng, 1, rows=200) for _ in range(200))
    )
    assert 0.5 < largest < 1, "the bound is about where chance ends"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy with a model, events in two halves: in the later one all amounts are five times as large."""
    base = tmp_path_factory.mktemp("drift")
    stream(base / "events.ndjson", 3_000, 200, lambda rng, amount: rng.random() < (0.75 if amount > 60 else 0.02))
    policy_folder(base / "policy")
    arguments = ["--policy", str(base / "policy"), "--events", str(base / "events.ndjson"), "--cell", "payment/test"]
    assert run("train", *arguments, "--kind", "scorecard", "--out", str(base / "policy/risk.json"), "--json")
    return base


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, [*arguments, "--lang", "en"])
    assert done.exit_code == 0, done.output + done.stderr
    return done.stdout


def scored(folder: Path) -> Path:
    """The policy with its model in it."""
    (folder / "models.yaml").write_text("models: [{name: risk, file: risk.json}]\n", encoding="utf-8")
    return folder


def test_a_log_says_what_a_file_says(made: Path, tmp_path: Path) -> None:
    policy, events = scored(made / "policy"), made / "events.ndjson"
    opened = open_policy(policy)
    lines = events.read_bytes().splitlines()
    rng = random.Random(5)
    live = Live(tmp_path / "data" / "default", opened, clock="events")
    at = 0
    while at < len(lines):
        count = rng.choice([1, 50, 700])
        live.take(lines[at : at + count], "file")
        at += count
    live.sync()
    live.close()
    over = run("models", "drift", "risk", "--data", str(tmp_path / "data"), "--json")
    plain = run(
        "models", "drift", str(policy / "risk.json"), "--policy", str(policy), "--events", str(events), "--json"
    )
    log, file = json.loads(over), json.loads(plain)
    for key in ("rows", "inputs", "package"):
        assert log[key] == file[key], key
    same = ("start", "rows", "score", "inputs", "mean_score")
    assert [{k: day[k] for k in same} for day in log["days"]] == [{k: day[k] for k in same} for day in file["days"]]
    assert [hour["score"] for hour in log["hours"]] == [hour["score"] for hour in file["hours"]]


def test_models_are_compared_on_what_they_said_together(made: Path, tmp_path: Path) -> None:
    policy = made / "policy"
    arguments = ["--policy", str(policy), "--events", str(made / "events.ndjson"), "--cell", "payment/test"]
    run("train", *arguments, "--kind", "logistic", "--input", "multiple", "--out", str(policy / "other.json"), "--json")
    (policy / "models.yaml").write_text(
        "models: [{name: risk, file: risk.json}, {name: other, file: other.json}]\n", encoding="utf-8"
    )
    live = Live(tmp_path / "data" / "default", open_policy(policy), clock="events")
    lines = (made / "events.ndjson").read_bytes().splitlines()
    for at in range(0, len(lines), 500):
        live.take(lines[at : at + 500], "file")
    live.sync()
    live.close()
    over = json.loads(run("models", "compare", "risk", "other", "--data", str(tmp_path / "data"), "--json"))
    assert over["unlabelled"] > 0, "labels of the last seven days are on their way"
    last = json.loads(lines[-1])["time"]
    cut = (datetime.fromisoformat(last) - timedelta(days=7) + timedelta(seconds=1)).isoformat() + "Z"
    files = [str(policy / "risk.json"), str(policy / "other.json"), "--until", cut, *arguments[:4], "--json"]
    plain = json.loads(run("models", "compare", *files))
    assert {key: over[key] for key in ("rows", "frauds", "figures")} == {
        key: plain[key] for key in ("rows", "frauds", "figures")
    }
    done = CliRunner().invoke(
        main, ["models", "compare", "risk", "othr", "--data", str(tmp_path / "data"), "--lang", "en"]
    )
    assert "did you mean 'other'" in done.stderr


def test_the_page_and_the_alerts(made: Path, tmp_path: Path) -> None:
    policy = made / "policy"
    moved = []
    for line in (made / "events.ndjson").read_text().splitlines():
        record: dict[str, Any] = json.loads(line)
        if "amount" in record:
            record["amount"] = float(record["amount"]) * 5
        moved.append(json.dumps(record))
    (tmp_path / "moved.ndjson").write_text("\n".join(moved) + "\n", encoding="utf-8")
    arguments = ["--policy", str(policy), "--events", str(tmp_path / "moved.ndjson"), "--out", str(tmp_path / "drift")]
    said = run("models", "drift", str(policy / "risk.json"), *arguments)
    assert "alerts" in said
    facts = json.loads((tmp_path / "drift/report.json").read_text(encoding="utf-8"))
    assert facts["inputs"][0]["stability"] > 0.25
    alerts = [json.loads(line) for line in (tmp_path / "drift/alerts.ndjson").read_text(encoding="utf-8").splitlines()]
    assert alerts == facts["alerts"]
    assert {"amount", SCORE} & {each["input"] for each in alerts}
    page = (Path(__file__).parents[2] / "docs/models.md").read_text(encoding="utf-8")
    declared = page[page.index("events:\n  - name: model_drift") :].partition("```")[0]
    policy_text = f"name: watched\n{declared}  - {{name: login, fields: {{who: {{type: string}}}}}}\n" + WATCHED
    (tmp_path / "watched").mkdir()
    (tmp_path / "watched/policy.yaml").write_text(policy_text, encoding="utf-8")
    live = Live(tmp_path / "data" / "default", open_policy(tmp_path / "watched"), clock="events")
    lines = (tmp_path / "drift/alerts.ndjson").read_bytes().splitlines()
    assert {each.kind for each in live.take(lines)} == {TAKEN}
    assert {each.kind for each in live.take(lines)} == {REPEATED}
    live.close()
    html = (tmp_path / "drift/report.html").read_text(encoding="utf-8")
    assert "<script" not in html
    assert "稳定性指数" in html
    again = run("models", "drift", str(policy / "risk.json"), *arguments, "--json")
    assert json.loads(again) == facts, "the same input, the same alerts with the same ids"


def test_what_cannot_be_watched(made: Path, tmp_path: Path) -> None:
    def refused(*arguments: str) -> str:
        done = CliRunner().invoke(main, ["models", "drift", *arguments, "--lang", "en"])
        assert done.exit_code == 1
        return done.stderr

    assert "or --data" in refused(str(made / "policy/risk.json"))
    live = Live(tmp_path / "data" / "default", live_opened(), clock="events")
    live.close()
    assert "no model 'risk' in the policy in force; it has: none" in refused("risk", "--data", str(tmp_path / "data"))
    bare = {"policy": str(made / "policy"), "events": str(made / "events.ndjson")}
    assert "no event there" in refused(
        str(made / "policy/risk.json"), "--policy", bare["policy"], "--events", bare["events"], "--from", "2031-01-01"
    )
