"""Null hazards: conditions that quietly do not fire because a value is missing.

In: the typed conditions of a policy. Out: warnings that say what happens and what to write instead.
Only *true* fires. `x != "CN"` and `not (x > 5)` are null when x is missing, a ratio is null when its denominator is
missing or 0. A condition that asks `x is null` somewhere, or wraps it in `coalesce`, has been thought about and is
left alone.
"""

from __future__ import annotations

from collections.abc import Iterator

from zhiyu.base.errors import Hint
from zhiyu.expressions.typed import Typed
from zhiyu.policy.checked import Checked, CheckedFeature, CheckedRule
from zhiyu.policy.places import Path

RATIOS = frozenset({"/", "//", "%", "ratio", "zscore"})
COMPARISONS = frozenset({"==", "!=", "<", "<=", ">", ">=", "in"})


def null_hazards(checked: Checked) -> None:
    """Warn about every rule, and every derived ratio that a rule compares."""
    for rule in checked.rules:
        if rule.when is not None:
            _rule(checked, rule, rule.when.root)
    for flow in checked.flows:
        for number, node in enumerate(flow.flow.nodes):
            found = flow.conditions.get(node.name, ())
            if node.branch and len(found) == len(node.branch):
                for at, condition in enumerate(found):
                    path = (*flow.path, "nodes", number, "branch", at, "when")
                    who = (
                        f"the case to '{node.branch[at].to}'",
                        f"去往“{node.branch[at].to}”的分支",
                        "is not taken",
                        "不成立",
                    )
                    _condition(checked, who, path, condition.text, condition.root)
    for feature in checked.features.values():
        if feature.expression is not None:
            _derived(checked, feature, feature.expression.root)


def _rule(checked: Checked, rule: CheckedRule, root: Typed) -> None:
    name = rule.rule.name
    who = (f"rule '{name}'", f"规则“{name}”", "does not fire", "不会触发")
    _condition(checked, who, (*rule.path, "when"), rule.rule.when, root)


def _condition(checked: Checked, who: tuple[str, str, str, str], path: Path, text: str, root: Typed) -> None:
    """One condition; `who`: what it belongs to and what does not happen, in en and zh."""
    subject, subject_zh, fails, fails_zh = who
    guarded = guards(root)
    for node in negations(root):
        missing = [name for name in open_names(node) if name not in guarded]
        if missing:
            name = missing[0]
            en = f"`{bare(node)}` is neither true nor false when '{name}' is missing, so {subject} {fails} then"
            zh = f"“{name}”缺失时 `{bare(node)}` 既非真也非假，{subject_zh}此时{fails_zh}"
            hint = Hint(
                f"write `{name} is null or …` if it should fire, `{name} is not null and …` if not",
                f"若应触发，写 `{name} is null or …`；若不应触发，写 `{name} is not null and …`",
            )
            checked.warn_inside("null.negation", path, text, node.column, en, zh, hint)
    for node in ratios(root):
        bottom = open_names(node.args[-1])
        if node.text not in guarded and not any(name in guarded for name in bottom):
            why = f"'{bottom[0]}' is missing or 0" if bottom else "the denominator is 0"
            why_zh = f"“{bottom[0]}”缺失或为 0" if bottom else "分母为 0"
            en = f"`{bare(node)}` is null when {why}, so {subject} {fails} then"
            zh = f"{why_zh}时 `{bare(node)}` 为空，{subject_zh}此时{fails_zh}"
            hint = Hint(
                f"write `coalesce({bare(node)}, 0)` to say so, or another value",
                f"用 `coalesce({bare(node)}, 0)` 写明此时取 0，或换成别的值",
            )
            checked.warn_inside("null.ratio", path, text, node.column, en, zh, hint)


def _derived(checked: Checked, feature: CheckedFeature, root: Typed) -> None:
    found = [node for node in ratios(root) if node.text not in guards(root)]
    if not found or not root.type.nullable:
        return
    name = feature.feature.name
    users = [rule for rule in checked.rules if rule.when is not None and name in _unguarded(rule.when.root)]
    if not users:
        return
    node = found[0]
    others = f" and {len(users) - 1} more" if len(users) > 1 else ""
    others_zh = f"等 {len(users)} 条规则" if len(users) > 1 else ""
    en = f"'{name}' is null when `{bare(node.args[-1])}` is missing or 0"
    en += f"; rule '{users[0].rule.name}'{others} does not fire then"
    zh = f"`{bare(node.args[-1])}` 缺失或为 0 时“{name}”为空；规则“{users[0].rule.name}”{others_zh}此时不会触发"
    hint = Hint(
        f"write `coalesce({bare(node)}, 0)` to say so, or ask `{name} is null` in the rule",
        f"用 `coalesce({bare(node)}, 0)` 写明此时取 0，或在规则中判断 `{name} is null`",
    )
    checked.warn_inside("null.ratio", (*feature.path, "expr"), feature.feature.expr, node.column, en, zh, hint)


def negations(root: Typed) -> Iterator[Typed]:
    """Outermost `not (…)` and `!=` whose answer may be null."""
    if root.op in ("not", "!=") and root.type.nullable:
        yield root
        return
    for part in root.args:
        yield from negations(part)


def ratios(root: Typed) -> Iterator[Typed]:
    """Divisions below a comparison or at the top whose denominator can be missing or 0, outside `coalesce`."""
    if root.op in ("coalesce", "is_null"):
        return
    if root.op in RATIOS and root.args[-1].op not in ("literal", "number"):
        yield root
        return
    for part in root.args:
        yield from ratios(part)


def guards(root: Typed) -> set[str]:
    """Texts that the expression asks `is null` about or puts first in `coalesce`."""
    found: set[str] = set()
    for node in walk(root):
        if node.op in ("is_null", "coalesce"):
            found.add(node.args[0].text)
            found.update(open_names(node.args[0]))
    return found


def open_names(node: Typed) -> list[str]:
    """Names that may be missing, outside `coalesce` and `is null`."""
    if node.op in ("coalesce", "is_null"):
        return []
    if node.op == "name":
        return [node.text] if node.type.nullable else []
    return list(dict.fromkeys(name for part in node.args for name in open_names(part)))


def _unguarded(root: Typed) -> set[str]:
    return set(open_names(root)) - guards(root)


def bare(node: Typed) -> str:
    """The text of a node without the brackets around the whole."""
    return node.text[1:-1] if node.op not in ("name", "literal") and node.text.startswith("(") else node.text


def walk(node: Typed) -> Iterator[Typed]:
    """The node and everything below it."""
    yield node
    for part in node.args:
        yield from walk(part)
