"""The benchmark policy: payments with eight keys, 200 exact features, 150 rules, declared as a user would declare them.

In: nothing. Out: a `Policy`, to be checked and compiled like any other. The rules are the kinds people write: a threshold, two features
together, the amount against the key's own habit, bursts (a short window's share of a long one), hours, lists, missing values.
"""

from __future__ import annotations

from zhiyu.events.declare import EventType, Field
from zhiyu.features.declare import Grid
from zhiyu.policy.declare import Policy, Rule, RuleSet, Threshold

KEYS = ("customer", "device", "card", "phone", "email", "address", "merchant", "agent")
DISTINCT_OF = dict(zip(KEYS, KEYS[1:] + KEYS[:1]))
"""What is counted distinct by each key: customers by device sharing, devices by card sharing, and so on around."""
WINDOWS = ("5m", "1h", "1d", "7d", "30d")
AGGREGATES = ("count", "sum", "mean", "std", "distinct")
CHANNELS = ("app", "web", "store", "call")
COUNTRIES = ("CN", "HK", "SG", "US", "GB", "FR", "NG", "RU", "BR", "XX")
PERSONAL_KEYS = KEYS[:6]


def benchmark_policy(rules: bool = True) -> Policy:
    """The policy; without `rules` it computes the features only (compile with `all_features`)."""
    fields = {key: Field(type="string", required=True, entity=key) for key in KEYS}
    fields |= {
        "amount": Field(type="money", currency="CNY", required=True, min=0, max=10_000_000),
        "channel": Field(type="enum", values=CHANNELS, required=True),
        "country": Field(type="string"),
        "age": Field(type="int", min=0, max=130),
        "known_device": Field(type="bool"),
    }
    return Policy(
        name="benchmark",
        events=(EventType(name="payment", fields=fields, money="amount"),),
        grids=_grids(),
        rule_sets=_rule_sets() if rules else (),
    )


def _grids() -> tuple[Grid, ...]:
    count = Grid(name="count_{by}_{over}", by=KEYS, aggregates=("count",), over=WINDOWS)
    amounts = Grid(
        name="{aggregate}_{by}_{over}", by=KEYS, aggregates=("sum", "mean", "std"), of=("amount",), over=WINDOWS
    )
    distinct = [
        Grid(name="distinct_{by}_{over}", by=(key,), aggregates=("distinct",), of=(of,), over=WINDOWS)
        for key, of in DISTINCT_OF.items()
    ]
    return (count, amounts, *distinct)


def _rule_sets() -> tuple[RuleSet, ...]:
    scored = tuple(Rule(name=f"rule_{number}", when=when, score=5) for number, when in enumerate(scored_conditions()))
    hard = tuple(
        Rule(name=f"hard_{number}", when=when, outcome="review") for number, when in enumerate(hard_conditions())
    )
    thresholds = (Threshold(score=60, outcome="challenge"), Threshold(score=90, outcome="review"))
    return (
        RuleSet(name="risk", rules=scored, thresholds=thresholds),
        RuleSet(name="hard", rules=hard, mode="first_hit"),
    )


def scored_conditions() -> list[str]:
    """130 conditions of the score set."""
    made = []
    for number, key in enumerate(PERSONAL_KEYS):
        for level, over in enumerate(WINDOWS):
            made.append(f"count_{key}_{over} > {(4, 8, 30, 90, 250)[level] + number}")
            made.append(
                f"distinct_{key}_{over} >= {(3, 5, 12, 30, 80)[level]} and sum_{key}_{over} > {20000 * (level + 1)}"
            )
        made.append(f"count_{key}_30d >= 5 and amount > 4 * mean_{key}_30d")
        made.append(f"count_{key}_7d >= 4 and zscore(amount, mean_{key}_7d, std_{key}_7d) > 2.5")
        made.append(f"count_{key}_7d >= 10 and ratio(count_{key}_1h, count_{key}_7d) > 0.5")
        made.append(f"sum_{key}_1h > 0.6 * sum_{key}_30d and count_{key}_30d > 8 and amount > 2000")
    for key in ("merchant", "agent"):
        made += [f"count_{key}_{over} > {limit}" for over, limit in zip(WINDOWS, (60, 400, 4000, 16000, 60000))]
        made += [f"std_{key}_{over} < 1 and count_{key}_{over} > 50" for over in WINDOWS]
        made += [f"amount > 8 * mean_{key}_{over} and count_{key}_{over} >= 20" for over in WINDOWS]
    made += [f'hour(time, "+08:00") < {hour} and amount > {9000 - 1000 * hour}' for hour in range(1, 6)]
    made += [f'country in ("NG", "RU", "XX") and amount > {limit}' for limit in (500, 1000, 2000, 5000)]
    made.append("country is null and amount > 3000")
    made += [f'channel == "{channel}" and age > 70 and amount > 2000' for channel in ("app", "web", "call")]
    made.append("not known_device and count_device_30d <= 1 and amount > 5000")
    made.append("coalesce(age, 0) < 18 and amount > 1000")
    made.append('country is not null and country != "CN" and count_card_1h >= 3')
    return made


def hard_conditions() -> list[str]:
    """20 conditions of the first-hit set, rarely true."""
    made = [f"distinct_{key}_1h >= {20 + number}" for number, key in enumerate(PERSONAL_KEYS)]
    made += [f"sum_{key}_1d > 900000 and count_{key}_1d > 40" for key in PERSONAL_KEYS]
    made += [f"amount > 1000000 and count_{key}_30d <= 1" for key in PERSONAL_KEYS]
    made.append('known_device == false and country in ("XX", "NG") and amount > 80000')
    made.append("amount > 5000000")
    return made
