"""The brakes on acting as the kernel reads them: one line of settings, one line per limit (per rule where each rule has its own).

In: `enforce`, `let_through` and `limits` of a policy, numbers of rules, registers of names. Out: `Brakes`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.base.windows import parse_duration_ms
from zhiyu.policy.declare import OUTCOMES, Policy
from zhiyu.policy.declare_actions import ActionLimit, LetThrough
from zhiyu.policy.layout import LIMIT_COLUMNS

SHARE_BITS = 32
DEFAULT_SALT = "let_through"


@dataclass(frozen=True)
class Brakes:
    """`settings` int64[6]; `limits` int64[k, LIMIT_COLUMNS], without the places of their states; `named`: for each of these lines the
    limit of the policy and the rule it is about ("" for all)."""

    settings: Array
    limits: Array
    named: tuple[tuple[ActionLimit, str], ...]


def compile_brakes(
    policy: Policy, rules: Mapping[str, int], registers: Mapping[str, int], encode: Callable[[str], int]
) -> Brakes:
    """Everything between the decided and the enforced outcome."""
    lines, named = [], []
    for number, limit in enumerate(policy.limits):
        per, then = parse_duration_ms(limit.per), OUTCOMES.index(limit.then)
        key = registers[limit.key] if limit.key else -1
        for rule in rules_of(limit, policy):
            at = rules[rule] if rule else -1
            lines.append([limit.count, per, at, _bits(limit.outcomes), then, key, 0, number])
            named.append((limit, rule))
    settings = [int(policy.enforce), 0, 0, 0, 0, len(lines)]
    if policy.let_through is not None:
        settings[1:5] = _lottery(policy, policy.let_through, encode)
    return Brakes(np.array(settings, np.int64), np.array(lines, np.int64).reshape(-1, LIMIT_COLUMNS), tuple(named))


def rules_of(limit: ActionLimit, policy: Policy) -> tuple[str, ...]:
    """The rules a limit holds for one by one; "" stands for the whole policy. Shadow rules never act."""
    if limit.each_rule:
        return tuple(rule.name for rule_set in policy.rule_sets for rule in rule_set.rules if not rule.shadow)
    return (limit.rule,)


def _lottery(policy: Policy, lottery: LetThrough, encode: Callable[[str], int]) -> list[int]:
    share = int(Decimal(str(lottery.share)) * (1 << SHARE_BITS))
    cap = int(Decimal(str(lottery.money_cap)).scaleb(MINOR_DIGITS.get(_currency(policy), 2)))
    return [share, _bits(lottery.outcomes), cap, encode(lottery.salt or DEFAULT_SALT)]


def _bits(outcomes: Iterable[str]) -> int:
    return sum(1 << OUTCOMES.index(outcome) for outcome in set(outcomes))


def _currency(policy: Policy) -> str:
    """The currency of the first decided event type that names its money."""
    return next((e.fields[e.money].currency for e in policy.events if e.decide and e.money), "CNY")
