"""Rules that can never fire, fire on everything, or stand behind a rule that takes all their events.

In: the typed rules. Out: warnings at the rule. What is reported is certain; what is not certain is left alone.
"""

from __future__ import annotations

from zhiyu.base.errors import Hint
from zhiyu.expressions.canonical import canonical
from zhiyu.policy.checked import Checked, CheckedFlow, CheckedRule
from zhiyu.policy.declare_flows import Node
from zhiyu.policy.reach import always, dead_branches, implies, impossible_because

MAX_SHADOW_PAIRS = 200_000
"""Pairs of rules compared in one first_hit set; beyond it only identical conditions are found."""


def unreachable(checked: Checked) -> None:
    """Warn about conditions that are decided before any event is seen, and about shadowed rules."""
    for rule in checked.rules:
        if rule.node is not None:
            _alone(checked, rule)
            _carried(checked, rule)
    for flow in checked.flows:
        for number, node in enumerate(flow.flow.nodes):
            if len(node.branch) == len(flow.conditions.get(node.name, ())):
                _cases(checked, flow, node, number)
    for rule_set in checked.policy.rule_sets:
        if rule_set.mode == "first_hit":
            _shadowed(checked, [r for r in checked.rules if r.rule_set is rule_set and r.node is not None])


def _alone(checked: Checked, rule: CheckedRule) -> None:
    assert rule.node is not None
    types, path, name = checked.typed_on(rule.on), (*rule.path, "when"), rule.rule.name
    because = impossible_because(rule.node, types)
    if because:
        en, zh = (
            f"rule '{name}' can never fire: `{bare(because)}` contradicts the rest",
            f"规则“{name}”永远不会触发：`{bare(because)}` 与其余条件矛盾",
        )
        if because == canonical(rule.node):
            en, zh = (
                f"rule '{name}' can never fire: `{bare(because)}` is never true",
                f"规则“{name}”永远不会触发：`{bare(because)}` 恒不成立",
            )
        checked.warn(
            "rule.never", path, en, zh, Hint("correct the condition, or remove the rule", "改正条件，或删除规则")
        )
        return
    for branch in dead_branches(rule.node, types):
        text = bare(canonical(branch))
        en, zh = f"in rule '{name}' the branch `{text}` is never true", f"规则“{name}”中的分支 `{text}` 恒不成立"
        checked.warn_inside(
            "rule.dead_branch", path, rule.rule.when, branch.column, en, zh, Hint("remove the branch", "删除这个分支")
        )
    if always(rule.node, types) and canonical(rule.node) != "true":
        en, zh = f"rule '{name}' fires on every event", f"规则“{name}”对每个事件都触发"
        checked.warn("rule.always", path, en, zh, Hint("write `true` if that is meant", "若有意如此，写成 `true`"))


def _cases(checked: Checked, flow: CheckedFlow, node: Node, number: int) -> None:
    """Cases of a branch that are never true, or always: then those after them are never tried."""
    types = checked.typed_on(flow.on)
    for at, condition in enumerate(flow.conditions.get(node.name, ()) if node.branch else ()):
        path = (*flow.path, "nodes", number, "branch", at, "when")
        because = impossible_because(condition.node, types)
        if because:
            en, zh = (
                f"this case of '{node.name}' is never taken: `{bare(because)}`",
                f"“{node.name}”的这一分支永远不会走到：`{bare(because)}`",
            )
            checked.warn(
                "case.never", path, en, zh, Hint("correct the condition, or remove the case", "更正条件，或删除该分支")
            )
        elif always(condition.node, types):
            en, zh = (
                f"this case of '{node.name}' is always taken: nothing after it is tried",
                f"“{node.name}”的这一分支总是成立，其后的不会再看",
            )
            checked.warn("case.always", path, en, zh, Hint("lead there with `next`", "用 `next` 通向那里"))


def bare(text: str) -> str:
    """A canonical text without the brackets around the whole."""
    return text[1:-1] if text.startswith("(") else text


def _carried(checked: Checked, rule: CheckedRule) -> None:
    """A field that no event of the rule's types has is always null there."""
    assert rule.when is not None
    for name in sorted(rule.when.names):
        if name in checked.known.names and rule.on and checked.known.missing_on(name, rule.on):
            events = ", ".join(sorted(rule.on))
            en = f"rule '{rule.rule.name}' runs on '{events}', which never carries '{name}': it is always null there"
            zh = f"规则“{rule.rule.name}”运行于“{events}”，该事件没有“{name}”，其值恒为空"
            checked.warn(
                "field.absent",
                (*rule.path, "when"),
                en,
                zh,
                Hint("use a feature that counts it, or change `on`", "用特征统计它，或修改 `on`"),
            )


def _shadowed(checked: Checked, rules: list[CheckedRule]) -> None:
    thorough = len(rules) * (len(rules) - 1) // 2 <= MAX_SHADOW_PAIRS
    texts: dict[str, CheckedRule] = {}
    for number, rule in enumerate(rules):
        assert rule.node is not None
        text = canonical(rule.node)
        earlier = texts.get(text)
        if rule.rule.shadow:
            continue  # it is recorded apart and neither decides nor stands behind one that does
        if earlier is not None and earlier.on >= rule.on:
            _report(checked, rule, earlier)
            continue
        texts.setdefault(text, rule)
        if thorough:
            types = checked.typed_on(rule.on)
            if impossible_because(rule.node, types):
                continue
            for before in rules[:number]:
                assert before.node is not None
                if before.on >= rule.on and not before.rule.shadow and implies(rule.node, before.node, types):
                    _report(checked, rule, before)
                    break


def _report(checked: Checked, rule: CheckedRule, earlier: CheckedRule) -> None:
    name, first = rule.rule.name, earlier.rule.name
    en = f"rule '{name}' is never reached: whenever it is true, '{first}' above it is true and decides first"
    zh = f"规则“{name}”永远轮不到：它成立时，前面的“{first}”必已成立并先作出决定"
    checked.warn("rule.shadowed", (*rule.path, "when"), en, zh, Hint("move it up, or remove it", "上移或删除这条规则"))
