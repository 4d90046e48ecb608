"""The smallest change that would have changed a decision, against brute force: every candidate is sent anew, after the same history."""

from __future__ import annotations

import itertools
import json
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.app import App
from zhiyu.cli import main
from zhiyu.decisions.counterfactual import Counterfactual
from zhiyu.engine.live import Live
from zhiyu.engine.opened import open_policy
from zhiyu.engine.what_if import WhatIf
from zhiyu.evaluation.replay import Replay
from zhiyu.events.declare import EventType, Field
from zhiyu.features.declare import Feature
from zhiyu.network.declare import Link, Network
from zhiyu.policy.artifact import artifact_of, feature_key, ground_key
from zhiyu.policy.check import check_policy
from zhiyu.policy.declare import OUTCOMES, Policy, Rule, RuleSet, Threshold
from zhiyu.policy.declare_lists import EntityList

EXAMPLES = min(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 5, 40)
FIELDS = {
    "who": Field(type="string", required=True, entity="customer"),
    "amount": Field(type="money", min=0, max=10_000, actionable="down", step=1_000, en="the amount", zh="借款金额"),
    "months": Field(type="int", min=1, max=12, actionable="any", step=3, en="the term in months", zh="期数"),
    "insured": Field(type="bool", actionable="up", en="insurance", zh="投保"),
    "channel": Field(type="enum", values=("branch", "app", "agent"), actionable="any", en="the channel", zh="渠道"),
    "income": Field(type="money", min=1, max=100_000),
}
FEATURES = (
    Feature(name="asked_1d", aggregate="sum", of="amount", by="who", over="1d"),
    Feature(name="before_1d", aggregate="sum", of="amount", by="who", over="1d", current="exclude"),
    Feature(name="tries_1d", aggregate="count", by="who", over="1d"),
    Feature(name="burden", expr="amount / income"),
)
ATOMS = (
    "amount > {a}", "asked_1d > {a}", "before_1d > {a}", "months > {m}", "insured == false", 'channel == "agent"', "burden > 0.5",
    "amount > {a} and months > {m}", "amount > {a} or months < {m}", 'channel != "branch" and insured == false', "tries_1d > 2",
)  # fmt: skip
CHOICES = {
    "amount": lambda v: [v // 1000 * 1000 - 1000 * k + (1000 if v % 1000 else 0) for k in range(1, 11)],
    "months": lambda v: [(-(-v // 3) - k) * 3 for k in range(1, 9)] + [(v // 3 + k) * 3 for k in range(1, 9)],
    "insured": lambda v: [] if v else [True],
    "channel": lambda v: [c for c in ("branch", "app", "agent") if c != v],
}


def policy_of(rules: tuple[Rule, ...], thresholds: tuple[Threshold, ...] = (), **more: Any) -> Policy:
    return Policy(
        name="p", events=(EventType(name="loan", fields=FIELDS, money="amount"),), features=FEATURES,
        rule_sets=(RuleSet(name="main", rules=rules, thresholds=thresholds),), **more,
    )  # fmt: skip


def record(number: int, **values: Any) -> dict[str, Any]:
    own = {"amount": 5_000, "months": 6, "insured": False, "channel": "app", "income": 9_000}
    return {"type": "loan", "id": f"e{number}", "time": f"2026-01-01T0{number}:00:00Z", "who": "c1"} | own | values


def cost(name: str, before: Any, after: Any) -> int:
    if name == "amount":
        return -(-before // 1000) - after // 1000
    if name == "months":
        return after // 3 - before // 3 if after > before else -(-before // 3) - after // 3
    if name == "channel":
        order = ("branch", "app", "agent")
        return abs(order.index(before) - order.index(after))
    return 1


def brute(policy: Policy, history: list[dict[str, Any]], event: dict[str, Any], outcome: str) -> tuple[int, int] | None:
    """(inputs, steps) of the smallest change: every combination, decided as if it had been sent."""
    choices = {n: [v for v in CHOICES[n](event[n]) if _allowed(n, v)] for n in CHOICES}  # type: ignore[no-untyped-call]
    for size in (1, 2, 3):
        best: tuple[int, int] | None = None
        for names in itertools.combinations(choices, size):
            for values in itertools.product(*(choices[name] for name in names)):
                steps = sum(cost(n, event[n], v) for n, v in zip(names, values))
                if best is not None and steps >= best[1]:
                    continue
                if decided(policy, history, event | dict(zip(names, values))) < OUTCOMES.index(outcome):
                    best = (size, steps)
        if best is not None:
            return best
    return None


def _allowed(name: str, value: Any) -> bool:
    return {"amount": lambda: 0 <= value <= 10_000, "months": lambda: 1 <= value <= 12}.get(name, lambda: True)()


APPS: dict[int, App] = {}


def decided(policy: Policy, history: list[dict[str, Any]], event: dict[str, Any]) -> int:
    """The outcome of an event after its history, in an engine without any other past: a customer of its own per candidate."""
    app = APPS.setdefault(id(policy), App(policy))
    who = f"c{app.position}"
    for each in (*history, event):
        decision = app.decide(each | {"who": who, "id": f"{who}-{each['id']}"})
    assert decision is not None
    return OUTCOMES.index(decision.outcome)


@st.composite
def cases(draw: st.DrawFn) -> tuple[Policy, list[dict[str, Any]], dict[str, Any]]:
    count = draw(st.integers(1, 3))
    rules = tuple(
        Rule(
            name=f"r{number}",
            when=draw(st.sampled_from(ATOMS)).format(
                a=draw(st.integers(0, 9)) * 1000 + 500, m=draw(st.integers(2, 10))
            ),
            score=draw(st.sampled_from([10, 20])),
            outcome=draw(st.sampled_from([None, "notify", "challenge", "review", "decline"])),
        )
        for number in range(count)
    )
    values = st.fixed_dictionaries(
        {
            "amount": st.integers(0, 100).map(lambda n: n * 100), "months": st.integers(1, 12), "insured": st.booleans(),
            "channel": st.sampled_from(["branch", "app", "agent"]), "income": st.sampled_from([3_000, 20_000]),
        }
    )  # fmt: skip
    history = [record(n, **draw(values)) for n in range(draw(st.integers(0, 2)))]
    policy = policy_of(rules, (Threshold(score=20, outcome="challenge"), Threshold(score=40, outcome="decline")))
    return policy, history, record(len(history), **draw(values))


@settings(max_examples=EXAMPLES, deadline=None)
@given(cases())
def test_the_smallest_change_is_what_brute_force_finds(
    case: tuple[Policy, list[dict[str, Any]], dict[str, Any]],
) -> None:
    policy, history, event = case
    app = App(policy)
    for each in (*history, event):
        decision = app.decide(each)
    assert decision is not None
    found = app.explain(event["id"]).counterfactual
    assert found is not None
    APPS.clear()
    if decision.outcome == "pass":
        assert not found.moves
        assert "approved" in found.en
        return
    expected = brute(policy, history, event, decision.outcome)
    assert found.smallest
    assert bool(found.moves) == (expected is not None), found
    if expected is None:
        return
    changed = event | {move.name: _sent(move.after) for move in found.moves}
    steps = sum(cost(move.name, event[move.name], changed[move.name]) for move in found.moves)
    assert (len(found.moves), steps) == expected
    assert decided(policy, history, changed) == OUTCOMES.index(found.outcome)


def _sent(value: Any) -> Any:
    return int(value) if isinstance(value, Decimal) else value


def explained(policy: Policy, *events: dict[str, Any], max_rows: int = 0) -> Counterfactual:
    app = App(policy)
    for each in events:
        app.decide(each)
    found = app.explain(events[-1]["id"]).counterfactual
    if max_rows:
        _, d, batch = app._decided[events[-1]["id"]]
        found = WhatIf(app.opened).find(d, batch, 0, app.engine.lists, max_rows)
    assert found is not None
    return found


def test_it_is_said_for_the_customer_in_both_languages() -> None:
    policy = policy_of((Rule(name="secret_rule", when="amount > 3500 and months > 4", outcome="decline"),))
    found = explained(policy, record(0, channel="branch"))
    assert (
        found.sentence("en") == "If the term in months had been 3 instead of 6, the result would have been: approved."
    )
    assert found.sentence("zh") == "若期数为 3（而非 6），结果会是：通过。"
    told = json.dumps(found.to_dict())
    assert "secret_rule" not in told
    assert found.to_dict()["changes"] == [{"name": "months", "from": 6, "to": 3, "unit": ""}]


def test_money_moves_along_multiples_of_its_step_and_sums_move_with_it() -> None:
    policy = policy_of((Rule(name="r", when="asked_1d > 8000", outcome="review"),))
    found = explained(policy, record(0, amount=4_000), record(1, amount=6_450))
    assert [(m.name, m.before, m.after, m.unit) for m in found.moves] == [
        ("amount", Decimal("6450.00"), Decimal("4000.00"), "CNY")
    ]
    assert found.sentence("en").startswith("If the amount had been 4,000.00 CNY instead of 6,450.00 CNY")


def test_two_and_three_inputs_together() -> None:
    two = policy_of((Rule(name="r", when="amount > 3500 or months > 4", outcome="review"),))
    assert [m.name for m in explained(two, record(0)).moves] == ["amount", "months"]
    three = policy_of((Rule(name="r", when="amount > 3500 or months > 4 or insured == false", outcome="review"),))
    assert {m.name for m in explained(three, record(0)).moves} == {"amount", "months", "insured"}


def test_what_nobody_can_act_on_is_never_suggested() -> None:
    policy = policy_of((Rule(name="r", when="income < 10000", outcome="decline"),))
    found = explained(policy, record(0))
    assert not found.moves
    assert found.sentence("en") == "No change of what is in your hands would have changed the result."
    assert "没有改变" in found.sentence("zh")


def test_a_field_that_a_feature_counts_in_another_way_is_left_out_and_said() -> None:
    largest = Feature(name="largest", aggregate="max", of="amount", by="who", over="1d")
    policy = policy_of((Rule(name="r", when="largest > 4000", outcome="review"),))
    found = explained(msgspec.structs.replace(policy, features=(*FEATURES, largest)), record(0))
    assert [(each.name, each.en) for each in found.left_out] == [("amount", "feature 'largest' counts it")]
    assert "amount" not in [move.name for move in found.moves]


def test_a_feature_can_be_acted_on_by_waiting() -> None:
    tries = Feature(
        name="tries", aggregate="count", by="who", over="1d", actionable="down", en="the applications within a day"
    )
    policy = policy_of((Rule(name="r", when="tries > 1", outcome="delay"),))
    found = explained(msgspec.structs.replace(policy, features=(*FEATURES, tries)), record(0), record(1), record(2))
    assert (
        found.sentence("en")
        == "If the applications within a day had been 1 instead of 3, the result would have been: approved."
    )


def test_without_anything_actionable_nothing_is_said() -> None:
    plain = {name: msgspec.structs.replace(field, actionable="", step=None) for name, field in FIELDS.items()}
    policy = policy_of((Rule(name="r", when="amount > 1", outcome="review"),))
    policy = msgspec.structs.replace(policy, events=(EventType(name="loan", fields=plain),))
    app = App(policy)
    app.decide(record(0))
    assert app.explain("e0").counterfactual is None
    assert app.explain("e0").to_dict()["counterfactual"] is None


def test_the_search_is_bounded_and_says_so() -> None:
    fine = FIELDS | {
        "amount": msgspec.structs.replace(FIELDS["amount"], step=10),
        "months": msgspec.structs.replace(FIELDS["months"], step=1),
    }
    policy = policy_of((Rule(name="r", when="amount > 3500 or months > 4", outcome="review"),))
    policy = msgspec.structs.replace(policy, events=(EventType(name="loan", fields=fine, money="amount"),))
    whole, cut = explained(policy, record(0)), explained(policy, record(0), max_rows=2_000)
    assert whole.smallest
    assert not cut.smallest
    assert cut.rows <= 2_000
    assert [m.after for m in cut.moves] == [m.after for m in whole.moves] == [Decimal("3500.00"), 4]


def test_when_lists_have_changed_since_it_is_not_guessed() -> None:
    lists = (EntityList(name="known", of="customer"),)
    policy = policy_of((Rule(name="r", when="amount > 1000 and who not in known", outcome="review"),), lists=lists)
    app = App(policy)
    app.decide(record(0))
    assert [m.name for m in app.explain("e0").counterfactual.moves] == ["amount"]  # type: ignore[union-attr]
    from zhiyu.entities.lists import NEVER, ListChange

    code = app.opened.codes.one("c1")
    app.engine.lists.put([ListChange(0, "known", "add", code, NEVER, "")])
    app.decide(record(1))
    found = app.explain("e0").counterfactual
    assert found is not None
    assert "have changed since" in found.en


def test_saying_what_is_actionable_changes_no_count() -> None:
    policy = policy_of((Rule(name="r", when="amount > 1", outcome="review"),))
    plain = {name: msgspec.structs.replace(field, actionable="", step=None) for name, field in FIELDS.items()}
    other = msgspec.structs.replace(policy, events=(EventType(name="loan", fields=plain, money="amount"),))
    assert ground_key(policy) == ground_key(other)
    assert artifact_of(policy).hash != artifact_of(other).hash
    tries = Feature(name="tries", aggregate="count", by="who", over="1d")
    assert feature_key(tries) == feature_key(msgspec.structs.replace(tries, actionable="down"))


@pytest.mark.parametrize(
    ("field", "words"),
    [
        (Field(type="string", actionable="any"), "a field of type string cannot be moved"),
        (Field(type="money", actionable="down"), "needs a `step` above 0"),
        (Field(type="money", actionable="down", step="0.001"), "needs a `step` above 0"),
        (Field(type="int", step=2), "`step` needs `actionable`"),
    ],
)
def test_bad_declarations_are_refused(field: Field, words: str) -> None:
    policy = policy_of((Rule(name="r", when="amount > 1", outcome="review"),))
    events = (EventType(name="loan", fields=FIELDS | {"extra": field}),)
    [problem] = check_policy(msgspec.structs.replace(policy, events=events)).errors
    assert words in problem.en
    assert problem.suggestion
    assert problem.suggestion_zh


def test_the_number_of_actionable_inputs_is_limited() -> None:
    policy = policy_of((Rule(name="r", when="amount > 1", outcome="review"),))
    for count, codes in ((12, []), (13, ["limit.actionable"])):
        more = {f"n{number}": Field(type="int", actionable="up") for number in range(count)}
        events = (EventType(name="loan", fields=FIELDS | more),)
        assert [p.code for p in check_policy(msgspec.structs.replace(policy, events=events)).errors] == codes


def test_a_live_engine_and_a_run_folder_tell_the_same(tmp_path: Path) -> None:
    policy = policy_of((Rule(name="r", when="amount > 3500", outcome="review"),))
    app = App(policy)
    app.decide(record(0))
    expected = app.explain("e0").counterfactual
    assert expected is not None
    live = Live(tmp_path / "live", open_policy(policy), clock="events")
    live.take([json.dumps(record(0)).encode()])
    explained = live.explanation("e0")
    assert explained is not None
    assert explained.counterfactual == expected
    events = tmp_path / "events.ndjson"
    events.write_text(json.dumps(record(0)) + "\n")
    Replay(open_policy(policy), events, out=tmp_path / "run").run()
    done = CliRunner().invoke(main, ["explain", "e0", "--run", str(tmp_path / "run"), "--what-if", "--lang", "en"])
    assert done.exit_code == 0
    assert expected.sentence("en") in " ".join(done.output.split())


def test_what_the_network_looks_at_is_left_out_and_the_rest_is_searched() -> None:
    network = Network(person="who", links=(Link(field="device"),), amount="amount")
    fields = FIELDS | {"device": Field(type="string", entity="device")}
    policy = policy_of(
        (Rule(name="r", when="network_persons > 1 and (network_amount > 100 or months > 4)", outcome="review"),)
    )
    policy = msgspec.structs.replace(
        policy, events=(EventType(name="loan", fields=fields, money="amount"),), network=network
    )
    first, second = record(0, device="d1", amount=100), record(1, device="d1", amount=9_000)
    found = explained(policy, first | {"who": "c2"}, second)
    assert ("amount", "feature 'network_amount' looks at it") in [(each.name, each.en) for each in found.left_out]
    assert "amount" not in [move.name for move in found.moves]
    quiet = msgspec.structs.replace(
        policy,
        rule_sets=(
            RuleSet(name="main", rules=(Rule(name="r", when="network_persons > 1 and months > 4", outcome="review"),)),
        ),
    )
    assert [move.name for move in explained(quiet, first | {"who": "c2"}, second).moves] == ["months"]
