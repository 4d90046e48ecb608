"""The policy whose tape is decided again: 30 features, 150 rules, and a changed edition of it that reads the same features.

In: whether it is the changed edition. Out: a `Policy` over the events of the benchmark, so that the same stream feeds it.
"""

from __future__ import annotations

from itertools import product

from zhiyu.bench.policy import benchmark_policy
from zhiyu.features.declare import Grid
from zhiyu.policy.declare import Policy, Rule, RuleSet, Threshold

KEYS, WINDOWS = ("customer", "device", "card"), ("1h", "1d")
PARTNERS = {"customer": "device", "device": "card", "card": "merchant"}
FEATURES = 30


def tape_policy(changed: bool = False) -> Policy:
    """The policy as recorded, or with other thresholds and points."""
    base = benchmark_policy(rules=False)
    rules = tuple(
        Rule(name=f"rule_{number}", when=when, score=7 if changed and number % 3 == 0 else 5)
        for number, when in enumerate(conditions(2 if changed else 0))
    )
    marks = (Threshold(score=55 if changed else 60, outcome="challenge"), Threshold(score=120, outcome="review"))
    return Policy(
        name="taped",
        events=base.events,
        grids=_grids(),
        rule_sets=(RuleSet(name="risk", rules=rules, thresholds=marks),),
    )


def _grids() -> tuple[Grid, ...]:
    count = Grid(name="count_{by}_{over}", by=KEYS, aggregates=("count",), over=WINDOWS)
    amounts = Grid(
        name="{aggregate}_{by}_{over}", by=KEYS, aggregates=("sum", "mean", "std"), of=("amount",), over=WINDOWS
    )
    partners = [
        Grid(name="distinct_{by}_{over}", by=(key,), aggregates=("distinct",), of=(of,), over=WINDOWS)
        for key, of in PARTNERS.items()
    ]
    return (count, amounts, *partners)


def conditions(shift: int) -> list[str]:
    """150 conditions; `shift` moves every threshold a little."""
    made = []
    for (key, over), level in product(product(KEYS, WINDOWS), range(5)):
        high = level + shift
        made.append(f"count_{key}_{over} > {2 + 2 * high}")
        made.append(f"sum_{key}_{over} > {3000 * (1 + high)} and amount > {500 * (1 + level)}")
        made.append(f"count_{key}_{over} >= 3 and amount > {2 + high} * mean_{key}_{over}")
        made.append(f"distinct_{key}_{over} >= {2 + level} and sum_{key}_{over} > {1000 * (1 + high)}")
        made.append(
            f"count_{key}_{over} >= {4 + level} and zscore(amount, mean_{key}_{over}, std_{key}_{over}) > 1.{high}"
        )
    return made
