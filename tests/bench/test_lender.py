"""The tables over the simulated lender: what is counted, on events written by hand, and both commands on a small one."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from zhiyu.bench.lender_policy import judged
from zhiyu.cli import main
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.simulation.lender.rows import KIND, NUMBER

POLICY = """
name: small
events: {use: loan, types: [log_in, draw_down, payment, transfer]}
rule_sets:
  - {name: sums, on: [draw_down, payment, transfer], rules: [{name: large, when: amount > 3000, outcome: review}]}
"""


def test_what_is_counted() -> None:
    """A victim's log-in is stopped, then money is drawn unhindered; a cash-out passes; an honest payment is stopped; one is early."""
    rows = [
        ("payment", "cash_out", 900, 3, "pass"),
        ("log_in", "takeover", -1, 1, "challenge"),
        ("draw_down", "takeover", 500, 1, "pass"),
        ("transfer", "takeover", 300, 1, "decline"),
        ("payment", "cash_out", 200, 2, "pass"),
        ("payment", "", 100, 5, "review"),
        ("payment", "", 100, 6, "notify"),
    ]
    events = {
        "type": np.array([NUMBER[row[0]] for row in rows]),
        "kind": np.array([KIND[row[1]] for row in rows]),
        "amount": np.array([row[2] for row in rows]),
        "person": np.array([row[3] for row in rows]),
        "time": np.arange(len(rows)),
    }
    outcome = np.array([OUTCOMES.index(row[4]) for row in rows])
    found = judged(events, outcome, np.arange(len(rows)) > 0)
    assert found["stopped"] == {"transactions": 2, "precision": 0.5, "precision_in_money": 0.75, "good_stopped": 0.5}
    assert found["held"]["transactions"] == 2
    takeover = found["kinds"]["takeover"]
    assert (takeover["frauds"], takeover["recall"], takeover["recall_in_money"], takeover["in_time_in_money"]) == (
        2,
        0.5,
        0.375,
        1.0,
    )
    assert found["kinds"]["cash_out"]["in_time_in_money"] == 0.0
    assert found["kinds"]["batch"]["recall"] is None
    assert found["recall_in_money"] == 0.3
    assert found["in_time_in_money"] == 0.8


def test_both_tables(tmp_path: Path) -> None:
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "policy.yaml").write_text(POLICY, encoding="utf-8")
    sizes = ["bench", "lender", "--days", "6", "--customers", "1000", "--difficulty", "1", "--json"]
    policy = CliRunner().invoke(main, [*sizes, "--policy", str(tmp_path / "p")])
    assert policy.exit_code == 0, policy.output
    level = json.loads(policy.stdout)["difficulties"]["1"]
    assert 0 < level["stopped"]["precision"] < 1
    assert 0 < level["recall_in_money"] <= level["in_time_in_money"] <= 1
    model = CliRunner().invoke(main, sizes)
    assert model.exit_code == 0, model.output
    kinds = json.loads(model.stdout)["difficulties"]["1"]["kinds"]
    assert 0 < kinds["all"]["ap"] < 1
    shown = CliRunner().invoke(main, [*sizes[:-1], "--policy", str(tmp_path / "p")])
    assert "cash_out" in shown.output


@pytest.mark.parametrize("option", [("--difficulty", "6"), ("--days", "3")])
def test_sizes_are_checked(option: tuple[str, str]) -> None:
    assert CliRunner().invoke(main, ["bench", "lender", *option]).exit_code == 2
