"""Learning again: what a world that changed teaches, proposed with its thresholds, applied by a person and only then."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner, Result
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.test_training import policy_folder, stream
from tests.server.served import Served
from zhiyu.cli import main
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.learning.thresholds import matched_thresholds
from zhiyu.policy.load import load_policy

RULES = """
models: [{name: risk, file: risk.json}]
reasons: [{code: MODEL, en: the model, zh: 模型}]
"""
MATRIX = """
# who speaks
matrix:
  - name: payments        # one cell only
    stage: payment
    fraud: test
    champion: risk
    thresholds: {review: 0.3, decline: 0.6}
    reason: MODEL
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, [*arguments, "--lang", "en"])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy whose champion learned that large amounts are fraud; meanwhile it is small ones, in the app."""
    base = tmp_path_factory.mktemp("learn")
    stream(base / "old.ndjson", 3_000, 200, lambda rng, amount: rng.random() < (0.7 if amount > 60 else 0.02))
    stream(base / "new.ndjson", 4_000, 200, lambda rng, amount: rng.random() < (0.7 if amount < 6 else 0.02), seed=9)
    policy = policy_folder(base / "policy")
    made = run(
        "train", "--policy", str(policy), "--events", str(base / "old.ndjson"), "--cell", "payment/test", "--kind", "scorecard",
        "--out", str(policy / "risk.json"), "--json",
    )  # fmt: skip
    assert made.exit_code == 0, made.stderr
    (policy / "rules.yaml").write_text(RULES, encoding="utf-8")
    (policy / "matrix.yaml").write_text(MATRIX, encoding="utf-8")
    return base


@pytest.fixture(scope="module")
def proposed(world: Path) -> tuple[Path, dict[str, Any]]:
    done = run(
        "learn",
        "--policy",
        str(world / "policy"),
        "--events",
        str(world / "new.ndjson"),
        "--out",
        str(world / "out"),
        "--once",
        "--json",
    )
    assert done.exit_code == 0, done.stderr
    return world / "out", json.loads(done.stdout)


def test_a_world_that_changed_is_learned_and_proposed(world: Path, proposed: tuple[Path, dict[str, Any]]) -> None:
    out, summary = proposed
    (facts,) = summary["cells"]
    assert summary["proposals"] == ["payments"]
    figures = facts["comparison"]["figures"]
    assert figures["auc"]["one"] < 0.6 < 0.8 < figures["auc"]["two"]
    assert facts["verdict"] == "better"
    assert facts["model"] == "risk_20260202", "labels of the last seven days have not matured"
    assert facts["frauds_stopped_more"] > 0
    (cell,) = load_policy(out / "payments").policy.matrix
    assert (cell.champion, cell.shadow) == (facts["model"], ("risk",))
    assert {k: float(v) for k, v in cell.thresholds.items()} == {k: v["new"] for k, v in facts["thresholds"].items()}
    text = (out / "payments/proposal.md").read_text(encoding="utf-8")
    assert "as champion of payments" in text
    assert "冠军由 `risk` 改为" in text
    assert (out / "payments/backtest/report.html").is_file()
    assert "# one cell only" in (out / "payments/matrix.yaml").read_text(encoding="utf-8")
    split = facts["split"]
    assert split["learned_until"] < split["chosen_until"] < split["judged_until"]


def test_the_same_again_is_the_same_to_the_byte(world: Path, proposed: tuple[Path, dict[str, Any]]) -> None:
    done = run(
        "learn",
        "--policy",
        str(world / "policy"),
        "--events",
        str(world / "new.ndjson"),
        "--out",
        str(world / "twin"),
        "--once",
    )
    assert done.exit_code == 0, done.stderr
    for path in sorted(proposed[0].rglob("*")):
        if path.is_file() and "backtest" not in path.parts:
            assert path.read_bytes() == (world / "twin" / path.relative_to(proposed[0])).read_bytes(), path


def test_where_nothing_is_better_nothing_is_proposed(world: Path, tmp_path: Path) -> None:
    done = run("learn", "--policy", str(world / "policy"), "--events", str(world / "old.ndjson"), "--out", str(tmp_path / "out"), "--once",
               "--kind", "logistic", "--json")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    (facts,) = json.loads(done.stdout)["cells"]
    assert not facts["proposed"]
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["summary.json"]
    assert facts["verdict"] == "chance"


def test_a_person_applies_it_to_the_folder_or_to_a_server(
    world: Path, proposed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    proposal, live = proposed[0] / "payments", tmp_path / "live"
    shutil.copytree(world / "policy", live)
    wanted = open_policy(proposal).artifact.hash
    with Served(tmp_path / "data", open_policy(live)) as server:
        url = f"http://127.0.0.1:{server.port}"
        done = run("apply", str(proposal), "--url", url)
        assert (done.exit_code, done.stdout.strip()) == (0, f"in force: {wanted[:12]}")
        assert server.client.get("/v1/policy").json()["in_force"]["policy"] == wanted
        again = run("apply", str(proposal), "--url", url)
        assert (again.exit_code, "propose it again" in again.stderr) == (1, True)
    done = run("apply", str(proposal), "--policy", str(live))
    assert done.exit_code == 0, done.stderr
    assert open_policy(live).artifact.hash == wanted
    assert not (live / "proposal.md").exists()
    assert not (live / "backtest").exists()
    before = {path: path.read_bytes() for path in live.iterdir()}
    again = run("apply", str(proposal), "--policy", str(live))
    assert (again.exit_code, "propose it again" in again.stderr) == (1, True)
    assert {path: path.read_bytes() for path in live.iterdir()} == before


def test_a_proposal_that_somebody_touched_is_refused(
    world: Path, proposed: tuple[Path, dict[str, Any]], tmp_path: Path
) -> None:
    proposal = tmp_path / "payments"
    shutil.copytree(proposed[0] / "payments", proposal)
    text = (proposal / "matrix.yaml").read_text(encoding="utf-8")
    (proposal / "matrix.yaml").write_text(text.replace("stage: payment", "stage: limit"), encoding="utf-8")
    done = run("apply", str(proposal), "--policy", str(world / "policy"))
    assert (done.exit_code, "not the one that was backtested" in done.stderr) == (1, True)
    done = run("apply", str(world / "policy"), "--policy", str(world / "policy"))
    assert (done.exit_code, "no proposal in" in done.stderr) == (1, True)


def test_as_a_challenger_thresholds_stay(world: Path, tmp_path: Path) -> None:
    done = run("learn", "--policy", str(world / "policy"), "--events", str(world / "new.ndjson"), "--out", str(tmp_path / "out"), "--once",
               "--percent", "10", "--by", "card", "--json")  # fmt: skip
    assert done.exit_code == 0, done.stderr
    (cell,) = load_policy(tmp_path / "out/payments").policy.matrix
    assert (cell.champion, cell.by, dict(cell.thresholds)) == ("risk", "card", {"review": "0.3", "decline": "0.6"})
    assert [str(each.percent) for each in cell.challengers] == ["10"]


def test_what_cannot_be_learned_is_said(world: Path, tmp_path: Path) -> None:
    common = ["learn", "--policy", str(world / "policy"), "--events", str(world / "new.ndjson"), "--once"]
    full = tmp_path / "full"
    full.mkdir()
    (full / "file").write_text("", encoding="utf-8")
    for more, words in (
        (["--out", str(world / "policy/out")], "lie in each other"), (["--out", str(tmp_path / "o"), "--cell", "paymnts"], "did you mean"),
        (["--out", str(tmp_path / "o"), "--later", "0.95"], "between 0.1 and 0.8"), (["--out", str(full)], "is not empty"),
    ):  # fmt: skip
        done = run(*common, *more)
        assert done.exit_code == 1
        assert words in done.stderr
        assert not (tmp_path / "o").exists()


def test_tune_moves_the_thresholds_of_a_cell(world: Path, tmp_path: Path) -> None:
    shutil.copytree(world / "policy", tmp_path / "policy")
    text = (tmp_path / "policy/matrix.yaml").read_text(encoding="utf-8")
    (tmp_path / "policy/matrix.yaml").write_text(
        text.replace("{review: 0.3, decline: 0.6}", "{review: 0.9}"), encoding="utf-8"
    )
    common = ["--events", str(world / "old.ndjson"), "--out", str(tmp_path / "tuned"), "--json"]
    done = run("tune", "--policy", str(tmp_path / "policy"), *common)
    assert done.exit_code == 0, done.stderr
    summary = json.loads(done.stdout)
    assert not [
        note["en"] for note in summary["notes"] if "cannot be edited" in note["en"] or "was meant" in note["en"]
    ]
    moved = [each for each in summary["proposals"] if each["kind"] == "constant"]
    assert moved
    for each in moved:
        (cell,) = load_policy(tmp_path / "tuned" / each["folder"]).policy.matrix
        found = {outcome: str(value) for outcome, value in cell.thresholds.items()}
        assert list(found) == ["review"]
        assert float(found["review"]) < 0.9
        assert each["places"][0].startswith("matrix.yaml:")


@settings(max_examples=100, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_matched_thresholds_hurt_no_more_than_before_and_as_many_as_they_may(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = int(rng.integers(1, 400))
    one, two = rng.random(n), np.round(rng.random(n), int(rng.integers(1, 5)))
    label, weight = (rng.random(n) < 0.2).astype(np.int8), rng.choice([1.0, 10.0], n)
    old = {"review": 0.4, "decline": 0.8}
    new = matched_thresholds(old, one, two, label, weight)
    assert 0 < new["review"] < new["decline"] <= 1.0001
    for outcome, value in new.items():
        hurt = float(weight[(label == 0) & (one >= old[outcome])].sum())
        now = float(weight[(label == 0) & (two >= value)].sum())
        rounding = float(weight[(label == 0) & (np.abs(two - value) <= 2e-4)].sum())
        if hurt:
            assert now <= hurt + rounding
