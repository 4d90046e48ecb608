"""Tuning where a flow decides, over a tape, with a lottery; and no condition in a proposal that does no work."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.evaluation.planted import Planted, planted
from tests.evaluation.test_tuning import DELAY, replayed
from zhiyu.base.errors import InputError
from zhiyu.engine.opened import open_policy
from zhiyu.evaluation.tuning.again import Again
from zhiyu.evaluation.tuning.changes import NewRule, shorter
from zhiyu.evaluation.tuning.clauses import Clause, joined
from zhiyu.evaluation.tuning.collect import observe
from zhiyu.evaluation.tuning.folder import write_candidate
from zhiyu.evaluation.tuning.observed import Evaluator
from zhiyu.evaluation.tuning.parts import split
from zhiyu.evaluation.tuning.search import Candidate, Search, Wish
from zhiyu.evaluation.tuning.tune import Request, tune
from zhiyu.policy.load import load_policy

pytest.importorskip("sklearn")
BLOCK = """\
flows:
  - name: payments
    on: [payment]
    nodes:
      - name: rules         # first of all
        rule_set: main
        then: {decline: stop, review: "look at it"}
        next: size
      - {name: size, branch: [{when: amount < 200, to: small}, {when: amount < 700, to: middle}], next: rest}
      - {name: small, outcome: notify}      # told, nothing more
      - name: middle
        en: the middle
        outcome: challenge
      -   severest: true
          name: 'rest'
      - {name: "look at it", outcome: review}
      - {outcome: decline, name: stop}
"""
ONE_LINE = "flows: [{name: payments, on: [payment], nodes: [{name: rules, rule_set: main, next: done}, {name: done, severest: true}]}]\n"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return planted(tmp_path_factory.mktemp("planted"))


def with_flow(made: Planted, folder: Path, text: str) -> Planted:
    """The same stream under a policy whose payments a flow decides."""
    folder.mkdir()
    for file in made.policy.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "flow.yaml").write_text(text, encoding="utf-8")
    return replace(made, policy=folder)


def request(made: Planted, out: Path, **changes: Any) -> Request:
    return replace(Request(made.policy, made.events, out, made.labels, DELAY), **changes)


@pytest.mark.parametrize("text", [BLOCK, ONE_LINE], ids=["block", "one line"])
def test_a_rule_is_put_into_the_flow_and_decides_as_predicted(made: Planted, tmp_path: Path, text: str) -> None:
    own = with_flow(made, tmp_path / "live", text)
    summary = tune(request(own, tmp_path / "out", wish=Wish(min_precision=0.1)))
    rules = [p for p in summary["proposals"] if p["kind"] == "rule"]
    assert rules, summary["notes"]
    opened = open_policy(own.policy, all_features=True)
    o = observe(opened, own.events, labels=own.labels, label_delay=DELAY)
    again = Again(Evaluator(o, opened.report.require(), opened.codes.one))
    for proposal in rules:
        change = NewRule(**proposal["change"])
        predicted, _ = change.decide(again)
        outcomes, _ = replayed(tmp_path / "out" / proposal["folder"], own)
        assert outcomes.tolist() == predicted.tolist()
        assert (predicted != o.outcome).any()
        assert "into flow 'payments'" in " ".join(each["en"] for each in proposal["remarks"])


def test_every_layout_of_an_end_can_be_edited(made: Planted, tmp_path: Path) -> None:
    """The whole flow as it is written afterwards: comments stay, ends of review and above are left alone."""
    own = with_flow(made, tmp_path / "live", BLOCK)
    opened = open_policy(own.policy, all_features=True)
    o = observe(opened, own.events, labels=own.labels, label_delay=DELAY)
    again = Again(Evaluator(o, opened.report.require(), opened.codes.one))
    change = NewRule("payment", "amount > 812 and n_card_1h >= 4", "review")
    done = write_candidate(own.policy, tmp_path / "new", change, again, load_policy(own.policy))
    text = (tmp_path / "new" / "flow.yaml").read_text(encoding="utf-8")
    expected = BLOCK.replace(
        "      - {name: small, outcome: notify}",
        "      - {name: small, rule_set: proposed, then: {review: proposed_stop}, next: small_end}\n"
        "      - {name: proposed_stop, outcome: review}\n      - {name: small_end, outcome: notify}",
    ).replace(
        "      - name: middle\n",
        "      - {name: middle, rule_set: proposed, then: {review: proposed_stop}, next: middle_end}\n      - name: middle_end\n",
    ).replace(
        "      -   severest: true\n          name: 'rest'",
        "      -   {name: rest, rule_set: proposed, next: rest_end}\n      -   severest: true\n          name: rest_end",
    )  # fmt: skip
    assert text == expected
    assert done.places == ("proposed.yaml:8", "flow.yaml:10:9", "flow.yaml:11:9", "flow.yaml:14:11")
    predicted, _ = change.decide(again)
    outcomes, _ = replayed(tmp_path / "new", own)
    assert outcomes.tolist() == predicted.tolist()


def test_a_flow_that_takes_no_rule_says_why(made: Planted, tmp_path: Path) -> None:
    severe = ONE_LINE.replace("severest: true", "outcome: decline")
    outer = ", {name: outer, nodes: [{name: a, flow: payments, next: z}, {name: z, severest: true}]}]\n"
    used = ONE_LINE.rstrip("]\n") + outer
    for number, (text, why) in enumerate([(severe, "at least 'review'"), (used, "another flow uses it")]):
        own = with_flow(made, tmp_path / f"live{number}", text)
        summary = tune(request(own, tmp_path / f"out{number}"))
        assert any(why in note["en"] for note in summary["notes"]), summary["notes"]


def test_what_a_flow_decides_otherwise_than_measured_is_left_out(made: Planted, tmp_path: Path) -> None:
    """Only risks over 90 come to the rules: a constant moved to 70 would catch nobody, although each set by itself says so."""
    text = "flows: [{name: payments, on: [payment], nodes: [{name: first, branch: [{when: risk > 90, to: hard}], next: off}, "
    text += "{name: hard, rule_set: main, next: done}, {name: done, severest: true}, {name: off, outcome: pass}]}]\n"
    own = with_flow(made, tmp_path / "live", text)
    summary = tune(request(own, tmp_path / "out"))
    assert not [p for p in summary["proposals"] if p["kind"] == "constant"]
    assert any("left out: measured" in note["en"] for note in summary["notes"]), summary["notes"]


def test_no_condition_can_be_left_out_without_losing_something(made: Planted) -> None:
    opened = open_policy(made.policy, all_features=True)
    o = observe(opened, made.events, labels=made.labels, label_delay=DELAY)
    again = Again(Evaluator(o, opened.report.require(), opened.codes.one))
    search = Search(again, split(o, 0.7), Wish(min_precision=0.05, proposals=20))
    found = search.run()
    rules = [each for each in found.pool if isinstance(each.change, NewRule)]
    assert any(" and " in each.change.text for each in rules)
    for each in rules:
        assert list(shorter(each.change)) or " and " not in each.change.text
        for change in shorter(each.change):
            assert search.earlier.figures(*change.decide(again)).rank < each.earlier.rank, (
                each.change.text,
                change.text,
            )


def test_conditions_that_do_nothing_are_left_out(made: Planted) -> None:
    opened = open_policy(made.policy, all_features=True)
    o = observe(opened, made.events, labels=made.labels, label_delay=DELAY)
    search = Search(Again(Evaluator(o, opened.report.require(), opened.codes.one)), split(o, 0.7), Wish())
    every = {value.name: value for value in search._values("payment", np.arange(o.n))}
    clauses = (
        Clause(every["amount"], low=-1), Clause(every["n_card_1h"], low=0, high=10**6), Clause(every["risk"], low=70),
        Clause(every["gap"], high=10**9, null=True),
    )  # fmt: skip
    rule = NewRule("payment", joined(clauses), "review", clauses)
    assert rule.when.count(" and ") == 4
    pruned = search._pruned(Candidate(rule, search.earlier.figures(*rule.decide(search.again))))
    assert isinstance(pruned.change, NewRule)
    assert pruned.change.when == "risk >= 71"


def test_over_a_tape_the_proposals_are_the_same(made: Planted, tmp_path: Path) -> None:
    plain = tune(request(made, tmp_path / "plain"))
    tape = tmp_path / "tape"
    recorded = tune(request(made, tmp_path / "recorded", tape=tape))
    taped = tune(request(made, tmp_path / "taped", tape=tape))
    assert plain["proposals"]
    assert (
        json.dumps(plain, sort_keys=True) == json.dumps(recorded, sort_keys=True) == json.dumps(taped, sort_keys=True)
    )
    others = tmp_path / "others.ndjson"
    others.write_bytes(made.events.read_bytes())
    with pytest.raises(InputError, match="was recorded from"):
        tune(request(replace(made, events=others), tmp_path / "mixed", tape=tape))


def test_each_proposal_comes_with_its_difference_and_its_backtest(made: Planted, tmp_path: Path) -> None:
    """The backtest is that of the whole engine; its figures are those that the search had measured."""
    summary = tune(request(made, tmp_path / "out", tape=tmp_path / "tape"))
    assert summary["proposals"]
    for proposal in summary["proposals"]:
        folder = tmp_path / "out" / proposal["folder"]
        found = json.loads((folder / "backtest" / "report.json").read_text(encoding="utf-8"))
        assert (folder / proposal["backtest"]).read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
        figures, later = found["figures"], proposal["later"]
        assert figures["fraud_money_caught"]["difference"] == later["money_gained"]
        assert figures["fraud_caught"]["difference"] == later["frauds_gained"]
        assert figures["good_stopped"]["difference"] == later["good_hurt_gained"]
        assert proposal["diff"]["en"]
        assert len(proposal["diff"]["en"]) == len(proposal["diff"]["zh"])
        page = (folder / "proposal.md").read_text(encoding="utf-8")
        assert all(change.splitlines()[0] in page for change in (*proposal["diff"]["en"], *proposal["diff"]["zh"]))


def test_what_a_lottery_let_through_speaks_for_the_rest(made: Planted, tmp_path: Path) -> None:
    folder = tmp_path / "live"
    folder.mkdir()
    for file in made.policy.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    lottery = "let_through: {share: 0.1, money_cap: 100000000, outcomes: [review, decline], salt: s}\n"
    policy = folder / "policy.yaml"
    policy.write_text(policy.read_text(encoding="utf-8") + lottery, encoding="utf-8")
    o = observe(open_policy(folder, all_features=True), made.events, labels=made.labels, label_delay=DELAY)
    assert sorted(set(o.truth.tolist())) == [0.0, 1.0, 10.0]
    stopped = o.outcome >= 4
    assert set(o.truth[stopped].tolist()) == {0.0, 10.0}
    assert set(o.truth[~stopped].tolist()) == {1.0}
    search = Search(Again(Evaluator(o, load_checked(folder), lambda text: 0)), split(o, 0.7), Wish())
    rows = split(o, 0.7).later.rows
    frauds = float(o.truth[rows][(o.label[rows] == 1) & (o.outcome[rows] >= 2)].sum())
    assert search.live[1].sums["stopped_frauds"] == frauds
    assert search.live[1].sums["reviews"] == int((o.outcome[rows] == 4).sum())
    assert np.isfinite(search.live[1].rank)


def load_checked(folder: Path) -> Any:
    return open_policy(folder, all_features=True).report.require()
