"""How much limits on acting may remember: at the limit, and one past it."""

from __future__ import annotations

import pytest

from zhiyu.base.limits import MAX_ACTS, MAX_ALL_ACTS
from zhiyu.events.declare import EventType, Field
from zhiyu.policy.check import check_policy
from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_actions import ActionLimit


def errors(count: int, rules: int, limits: int, shadow: bool = False, last: int = 0) -> set[str]:
    """Codes of the errors of so many limits of this count, for each of so many rules."""
    own = tuple(Rule(name=f"r{n}", when=f"amount > {n}", outcome="decline", shadow=shadow) for n in range(rules))
    counts = [count] * limits + [last] * bool(last)
    policy = Policy(
        name="p", events=(EventType(name="pay", fields={"amount": Field(type="int", required=True)}),),
        rule_sets=(RuleSet(name="main", rules=own),),
        limits=tuple(ActionLimit(name=f"l{n}", count=each, each_rule=True) for n, each in enumerate(counts)),
    )  # fmt: skip
    return {problem.code for problem in check_policy(policy).problems if problem.severity == "error"}


@pytest.mark.parametrize(("over", "expected"), [(0, set()), (1, {"limit.count"})])
def test_one_limit(over: int, expected: set[str]) -> None:
    assert errors(MAX_ACTS + over, 1, 1) == expected


@pytest.mark.parametrize(("last", "expected"), [(0, set()), (1, {"limit.total"})])
def test_all_limits_together(last: int, expected: set[str]) -> None:
    assert errors(MAX_ACTS, 2, MAX_ALL_ACTS // MAX_ACTS // 2, last=last) == expected


def test_a_limit_for_each_rule_needs_a_rule_that_acts() -> None:
    assert errors(5, 1, 1, shadow=True) == {"limit.rules"}
