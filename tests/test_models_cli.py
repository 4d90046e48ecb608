"""`zhiyu train` and `zhiyu models` from a shell: a package made, listed, shown, compared, held against the present."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.evaluation.test_training import MODEL, policy_folder, stream
from tests.models.test_matrix import folder_with_matrix
from zhiyu.cli import main


def run(*arguments: str) -> str:
    done = CliRunner().invoke(main, [*arguments, "--lang", "en"])
    assert done.exit_code == 0, done.output + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A policy, its events, and two packages."""
    base = tmp_path_factory.mktemp("cli")
    stream(base / "events.ndjson", 3_000, 200, lambda rng, amount: rng.random() < (0.75 if amount > 60 else 0.02))
    policy = policy_folder(base / "policy")
    common = ["--policy", str(policy), "--events", str(base / "events.ndjson"), "--cell", "payment/test"]
    trees = json.loads(run("train", *common, "--set", "rounds=20", "--out", str(policy / "risk.json"), "--json"))
    assert trees["metrics"]["test"]["auc"] > 0.8
    card = run("train", *common, "--kind", "scorecard", "--without", "multiple", "--out", str(base / "card.json"))
    assert "Scorecard over 5 inputs, cell payment/test" in card
    policy_folder(policy, MODEL)
    return base


def test_list_and_show(folder: Path) -> None:
    listed = json.loads(run("models", "list", str(folder / "policy"), "--json"))["models"]
    assert [(line["name"], line["kind"], line["inputs"], line["on"]) for line in listed] == [
        ("risk", "trees", 6, ["payment"])
    ]
    shown = run("models", "show", str(folder / "card.json"))
    assert f"version {json.loads((folder / 'card.json').read_text())['hash']}" in shown
    assert "reported: count by card over 30d on label where fraud" in shown


def test_the_matrix_is_drawn(tmp_path: Path) -> None:
    folder = folder_with_matrix(tmp_path / "policy", "10")
    (cell,) = json.loads(run("models", "matrix", str(folder), "--json"))["matrix"]
    assert (cell["champion"], cell["challengers"]) == ("calm", [{"model": "keen", "percent": "10"}])
    assert cell["thresholds"] == {"review": "0.4", "decline": "0.9"}
    drawn = run("models", "matrix", str(folder))
    for words in ("account_takeover", "payment", "takeover", "challenger keen 10 %", "shadow quiet", "≥ 0.9: decline"):
        assert words in drawn
    roles = {
        each["name"]: each["roles"][0]["role"]
        for each in json.loads(run("models", "list", str(folder), "--json"))["models"]
    }
    assert roles == {"calm": "champion", "keen": "challenger", "quiet": "shadow"}


def test_compare_and_drift(folder: Path) -> None:
    over = ["--policy", str(folder / "policy"), "--events", str(folder / "events.ndjson"), "--json"]
    facts = json.loads(run("models", "compare", str(folder / "policy/risk.json"), str(folder / "card.json"), *over))
    auc = facts["figures"]["auc"]
    assert auc["low"] <= auc["difference"] <= auc["high"]
    same = json.loads(run("models", "compare", str(folder / "card.json"), str(folder / "card.json"), *over))
    assert {line["difference"] for line in same["figures"].values()} == {0.0}
    early = ["--until", "2026-01-25"]
    still = json.loads(run("models", "drift", str(folder / "card.json"), *over, *early))
    amount = next(line for line in still["inputs"] if line["name"] == "amount")
    assert amount["stability"] < 0.1
    assert still["inputs"] == sorted(still["inputs"], key=lambda line: -line["stability"])


def test_a_package_that_is_none_is_refused(folder: Path) -> None:
    done = CliRunner().invoke(main, ["models", "show", str(folder / "events.ndjson"), "--lang", "en"])
    assert done.exit_code == 1
    assert "not a model package" in done.stderr
