"""Thresholds of the model matrix, written out as rule sets: what checks, compiles, runs and explains rules stays as it is.

In: a declared policy. Out: the same policy with the rule set `NAME_thresholds` per cell that has thresholds, and where each part of it was
declared. The severest rule comes first, and the first that hits decides.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.places import Path


def thresholds_written_out(policy: Policy) -> tuple[Policy, dict[Path, Path]]:
    """(policy, path of a written out part → path of its declaration)."""
    aliases, sets = dict[Path, Path](), list[RuleSet]()
    for number, cell in enumerate(policy.matrix):
        if not cell.thresholds:
            continue
        place, rules = ("rule_sets", len(policy.rule_sets) + len(sets)), tuple(_rules(cell))
        aliases[place] = ("matrix", number)
        for at, (outcome, _) in enumerate(rules):
            aliases[(*place, "rules", at, "when")] = ("matrix", number, "thresholds", outcome)
        sets.append(
            RuleSet(
                name=set_name(cell), rules=tuple(rule for _, rule in rules), mode="first_hit", en=cell.en, zh=cell.zh
            )
        )
    return (replace(policy, rule_sets=(*policy.rule_sets, *sets)), aliases) if sets else (policy, aliases)


def set_name(cell: MatrixCell) -> str:
    """The rule set that the thresholds of a cell become."""
    return f"{cell.name}_thresholds"


def _rules(cell: MatrixCell) -> Iterator[tuple[str, Rule]]:
    for outcome in reversed(OUTCOMES):
        if outcome in cell.thresholds:
            from_score = cell.thresholds[outcome]
            when = f"{cell.name} >= {from_score}"
            yield outcome, Rule(name=f"{cell.name}_{outcome}", when=when, outcome=outcome, reason=cell.reason)
