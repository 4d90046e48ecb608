"""Checks as one call, from Python too; what the golden files do not show."""

from __future__ import annotations

import pytest

from zhiyu.base.errors import DeclarationError
from zhiyu.base.limits import MAX_FEATURES
from zhiyu.events.declare import EventType, Field
from zhiyu.expressions.types import Kind, Type
from zhiyu.features.declare import AGGREGATES, Feature, Grid
from zhiyu.features.result_type import aggregate_type, misfit
from zhiyu.policy.builtin import event_types
from zhiyu.policy.check import check_policy
from zhiyu.policy.declare import Feedback, Policy, Rule, RuleSet, Threshold
from zhiyu.policy.expand import all_features, grid_size

PAYMENT = EventType(
    name="payment",
    fields={"card": Field(type="card", required=True), "amount": Field(type="money", required=True, min=0)},
)


def policy(*rules: str, features: tuple[Feature, ...] = (), grids: tuple[Grid, ...] = (), **more: object) -> Policy:
    made = tuple(Rule(name=f"r{i}", when=when, score=10) for i, when in enumerate(rules))
    sets = (RuleSet(name="main", rules=made, thresholds=(Threshold(score=10, outcome="review"),)),) if made else ()
    return Policy(name="p", events=(PAYMENT,), features=features, grids=grids, rule_sets=sets, **more)  # type: ignore[arg-type]


def test_places_of_python_declarations_spell_the_path() -> None:
    (problem,) = check_policy(policy("amuont > 5")).errors
    assert str(problem) == (
        "<python> rule_sets[0].rules[0].when: error[unknown_name]: unknown name 'amuont' → did you mean 'amount'?"
    )


def test_errors_are_raised_together_when_the_policy_is_required() -> None:
    with pytest.raises(DeclarationError) as caught:
        check_policy(policy("amuont > 5", "amount >")).require()
    assert sum(p.severity == "error" for p in caught.value.problems) == 2


def test_wrong_python_types_are_one_clear_error() -> None:
    report = check_policy(policy(features=(Feature(name="n", aggregate="count", by=5, over="1h"),)))  # type: ignore[arg-type]
    assert [p.code for p in report.errors] == ["declare.type"]
    assert "policy.features[0].by" in report.errors[0].en


def test_types_of_features_reach_the_rules() -> None:
    features = (
        Feature(name="n", aggregate="count", by="card", over="1h"),
        Feature(name="total", aggregate="sum", of="amount", by="card", over="1h"),
        Feature(name="mean", aggregate="mean", of="amount", by="card", over="1h"),
        Feature(name="since", aggregate="since_last", by="card", over="1h"),
        Feature(name="multiple", expr="coalesce(amount / mean, 0)"),
    )
    rules = ("n > 3", "total > 500", "mean > 1.5", "since < '5m'", "multiple > 3", "amount > mean")
    checked = check_policy(policy(*rules, features=features)).require()
    assert {name: str(f.type) for name, f in checked.features.items()} == {
        "n": "int",
        "total": "fixed[CNY]",
        "mean": "float[CNY]",
        "since": "duration",
        "multiple": "float",
    }
    assert [p.code for p in check_policy(policy("n > total", features=features)).errors] == ["unit_mismatch"]


def test_derived_features_come_after_what_they_read() -> None:
    features = (
        Feature(name="c", expr="b + 1"),
        Feature(name="b", expr="a + 1"),
        Feature(name="a", aggregate="count", by="card", over="1h"),
    )
    assert list(check_policy(policy(features=features)).require().features) == ["a", "b", "c"]


def test_too_many_features_are_not_even_written_out() -> None:
    grid = Grid(name="g", by=("card",) * 200, aggregates=("count",) * 200, over=("1h",) * 2)
    assert grid_size(grid) > MAX_FEATURES
    assert [p.code for p in check_policy(policy(grids=(grid,))).errors] == ["limit.features"]


def test_a_grid_writes_out_every_combination() -> None:
    grid = Grid(
        name="{aggregate}_{of}_{by}_{over}_{where}",
        by=("card", ("card", "amount")),
        of=("amount",),
        aggregates=("sum", "max"),
        over=("1h", "1d"),
        where={"all": "", "big": "amount > 500"},
    )
    names = [e.feature.name for e in all_features(policy(grids=(grid,)))]
    assert len(names) == len(set(names)) == grid_size(grid) == 16
    assert names[:3] == ["sum_amount_card_1h_all", "sum_amount_card_1h_big", "sum_amount_card_1d_all"]
    assert names[-1] == "max_amount_card_amount_1d_big"


def test_labels_and_decisions_are_facts_to_count() -> None:
    reported = Feature(name="frauds", aggregate="count", by="card", over="28d", on=("label",), where="fraud")
    declined = Feature(
        name="declined", aggregate="count", by="card", over="28d", on=("decision",), where="outcome == 'decline'"
    )
    assert not check_policy(policy("frauds > 1", features=(reported,))).errors
    assert next(p.code for p in check_policy(policy("declined > 1", features=(declined,))).errors) == "event.unknown"
    assert not check_policy(policy("declined > 1", features=(declined,), feedback=Feedback(decisions=True))).errors
    label = event_types(policy())[-1]
    assert (label.name, label.decide, set(label.fields)) == ("label", False, {"card", "amount", "fraud"})
    assert not any(field.required for field in label.fields.values())


def test_unused_features_are_told_once_and_only_when_all_else_is_sound() -> None:
    features = (Feature(name="a", aggregate="count", by="card", over="1h"), Feature(name="b", expr="a + 1"))
    assert [p.code for p in check_policy(policy("b > 1", features=features)).problems if "unused" in p.code] == []
    assert [p.code for p in check_policy(policy("amount > 1", features=features)).warnings if "unused" in p.code] == [
        "feature.unused"
    ]
    assert not [p for p in check_policy(policy("amuont > 1", features=features)).problems if "unused" in p.code]


def test_cost_grows_with_what_is_in_use_only() -> None:
    features = tuple(Feature(name=f"n{i}", aggregate="count", by="card", over=f"{i + 1}h") for i in range(50))
    one = check_policy(policy("n0 > 1", features=features)).cost
    many = check_policy(policy(" or ".join(f"n{i} > 1" for i in range(50)), features=features)).cost
    assert one is not None
    assert many is not None
    assert (one.features, one.tables, one.lanes, one.cells) == (1, 1, 1, 1)
    assert (many.features, many.tables, many.lanes, many.cells) == (50, 1, 1, 50)
    assert one.us < many.us


def test_result_types_of_every_aggregate() -> None:
    money = Type(Kind.FIXED, 2, "CNY", minimum=0, maximum=10_000)
    for aggregate in AGGREGATES:
        of = Type(Kind.GEO) if aggregate == "speed_kmh" else money
        assert misfit(aggregate, of) is None
        result = aggregate_type(aggregate, of, 3_600_000)
        assert result.nullable is (aggregate not in ("count", "sum", "distinct")), aggregate
    assert aggregate_type("sum", money).maximum is None
    assert aggregate_type("max", money).maximum == 10_000
    assert aggregate_type("since_last", None, 3_600_000).maximum == 3_600_000
    assert aggregate_type("sum", Type(Kind.BOOL)).kind is Kind.INT
    for aggregate in ("sum", "mean", "std", "min", "max", "speed_kmh"):
        assert misfit(aggregate, Type(Kind.STRING))
        assert misfit(aggregate, Type(Kind.FLOAT))
        assert misfit(aggregate, None)
    assert misfit("distinct", Type(Kind.STRING, is_list=True))
