"""Conditions and declarations of a compared policy in words, where they have words of their own.

In: a checked policy, one of its declarations and a key of it ("" for the declaration as a whole). Out: a sentence, or "".
"""

from __future__ import annotations

import msgspec

from zhiyu.expressions.say import say
from zhiyu.features.declare import Feature
from zhiyu.policy.checked import Checked
from zhiyu.policy.declare import Rule, RuleSet
from zhiyu.policy.declare_actions import ActionLimit, Do, LetThrough
from zhiyu.policy.declare_flows import Flow
from zhiyu.policy.declare_lists import EntityList
from zhiyu.policy.declare_scorecards import Scorecard
from zhiyu.policy.declare_tables import DecisionTable
from zhiyu.policy.say import labels_of, say_feature, say_rule, say_rule_set
from zhiyu.policy.say_decisions import say_do, say_limit, say_list, say_lottery, say_scorecard, say_table
from zhiyu.policy.say_flows import say_flow


def sentence_of(checked: Checked, part: msgspec.Struct, key: str, language: str) -> str:
    """The words of one key of a declaration, or of all of it."""
    if key:
        return _condition(checked, part, key, language)
    match part:
        case Rule():
            return next(
                (
                    say_rule(checked, each, language)
                    for each in checked.rules
                    if each.rule.name == part.name and each.when
                ),
                "",
            )
        case RuleSet():
            return say_rule_set(checked, part.name, language)
        case Feature() if part.name in checked.features:
            return say_feature(checked, part.name, language)
        case Scorecard():
            return next(
                (say_scorecard(checked, each, language) for each in checked.scorecards if each.card.name == part.name),
                "",
            )
        case DecisionTable():
            return next(
                (say_table(checked, each, language) for each in checked.tables if each.table.name == part.name), ""
            )
        case Flow():
            return next(
                (say_flow(checked, each, language) for each in checked.declared_flows() if each.flow == part), ""
            )
        case EntityList():
            return say_list(part, language)
        case LetThrough():
            return say_lottery(part, language)
        case ActionLimit():
            return say_limit(checked, part, language)
        case Do():
            return say_do(part, language)
    return ""


def _condition(checked: Checked, part: msgspec.Struct, key: str, language: str) -> str:
    """A condition of a rule, or the filter or expression of a feature."""
    labels = labels_of(checked) if key in ("when", "where", "expr") else {}
    if isinstance(part, Rule) and key == "when":
        return next(
            (say(each.when, language, labels) for each in checked.rules if each.rule.name == part.name and each.when),
            "",
        )
    feature = checked.features.get(part.name) if isinstance(part, Feature) else None
    expression = (
        None if feature is None else feature.where if key == "where" else feature.expression if key == "expr" else None
    )
    return say(expression, language, labels) if expression is not None else ""
