"""The example over the whole life of a loan: what it is made of, and what it does to a small simulated lender.

A lender of 1,200 customers lives for sixteen days. Eleven kinds of fraud come along, hiding a little. The policy decides every
registration, log-in, application, draw-down and payment; in the second half of the time most of what it holds back is fraud,
and most honest people notice nothing.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from zhiyu.bench.lender_policy import policy_on_lender
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.policy.declare import Policy
from zhiyu.policy.load import load_policy
from zhiyu.simulation.lender import Wanted, make_lender
from zhiyu.simulation.lender.write import write_lender

FOLDER = Path(__file__).parents[2] / "examples" / "consumer_credit"


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The example."""
    return load_policy(FOLDER).policy


def test_what_it_is_made_of(policy: Policy) -> None:
    rules = [rule for rule_set in policy.rule_sets for rule in rule_set.rules]
    assert len(rules) >= 120
    assert len(policy.rule_sets) >= 8
    assert len([rule for rule in rules if not rule.shadow]) >= 120
    assert len(policy.lists) >= 5
    assert policy.scorecards
    assert len(policy.tables) >= 2
    assert {name for flow in policy.flows for name in flow.on} == {
        "registration",
        "log_in",
        "application",
        "draw_down",
        "payment",
    }


def test_a_small_lender() -> None:
    wanted = Wanted(days=16, customers=1_200, seed=4, difficulty=1)
    found = policy_on_lender(FOLDER, wanted)
    assert found["held"]["precision"] > 0.5
    assert found["held"]["good_stopped"] < 0.02
    assert found["in_time_in_money"] > 0.3
    stopped = [kind for kind, figures in found["kinds"].items() if (figures["in_time_in_money"] or 0) > 0.2]
    assert len(stopped) >= 5, found["kinds"]


def test_every_event_of_the_lender_is_taken(tmp_path: Path) -> None:
    made = make_lender(Wanted(days=4, customers=300, seed=4))
    write_lender(made, tmp_path / "lender", "ndjson")
    report = Replay(open_policy(FOLDER), tmp_path / "lender" / "events.ndjson", out=tmp_path / "run").run()
    assert (report.refused, report.events) == (0, len(made.events))
    assert report.decided > 1_000
