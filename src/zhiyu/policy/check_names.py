"""Names: unique where they must be, spelled so that expressions can read them, and used.

In: the examination so far. Out: problems at the second of two equal names, at names that cannot be read, at features
nobody uses.
"""

from __future__ import annotations

import keyword
from collections.abc import Iterable

from zhiyu.base.errors import Hint
from zhiyu.base.limits import MAX_FEATURES, MAX_SECTION
from zhiyu.expressions.functions import FUNCTIONS
from zhiyu.policy.checked import Checked
from zhiyu.policy.declare import Policy
from zhiyu.policy.expand import PLACEHOLDERS, all_features, grid_size
from zhiyu.policy.nodes import names_in
from zhiyu.policy.places import Path

MAX_NAME_CHARS = 120
READ = (
    ("lists", "list", "名单"),
    ("scorecards", "scorecard", "评分卡"),
    ("tables", "table", "决策表"),
    ("flows", "flow", "流程"),
)
SECTIONS = (
    *READ,
    ("models", "model", "模型"),
    ("matrix", "cell", "单元"),
    ("actions", "action", "动作"),
    ("limits", "limit", "上限"),
)
"""Sections with names of their own, and what one of them is called."""
SHOWN_UNUSED = 5


def too_many_features(policy: Policy) -> int:
    """How many features the policy declares when that is over the limit, else 0; nothing is written out."""
    count = len(policy.features) + sum(grid_size(grid) for grid in policy.grids)
    return count if count > MAX_FEATURES else 0


def names(checked: Checked) -> None:
    """Check all names of the policy."""
    policy = checked.policy
    _unique(
        checked, "rule set", "规则集", (((("rule_sets", i, "name"), s.name)) for i, s in enumerate(policy.rule_sets))
    )
    rules = (
        (("rule_sets", i, "rules", j, "name"), r.name)
        for i, s in enumerate(policy.rule_sets)
        for j, r in enumerate(s.rules)
    )
    _unique(checked, "rule", "规则", rules)
    _unique(checked, "reason", "原因", ((("reasons", i, "code"), r.code) for i, r in enumerate(policy.reasons)))
    _unique(checked, "source", "数据源", ((("sources", i, "name"), s.name) for i, s in enumerate(policy.sources)))
    for section, what, what_zh in SECTIONS:
        declared = getattr(policy, section)
        _unique(checked, what, what_zh, (((section, i, "name"), each.name) for i, each in enumerate(declared)))
        if len(declared) > MAX_SECTION:
            en, zh = (
                f"{len(declared)} {section}; at most {MAX_SECTION}",
                f"{what_zh} {len(declared)} 个，上限 {MAX_SECTION}",
            )
            checked.error("limit.section", (section,), en, zh)
    _one_name_space(checked)
    _unique(checked, "feature", "特征", ((("features", i, "name"), f.name) for i, f in enumerate(policy.features)))
    _feature_names(checked)


def _unique(checked: Checked, what: str, what_zh: str, found: Iterable[tuple[Path, str]]) -> None:
    first: dict[str, Path] = {}
    for path, name in found:
        if not name.strip() or len(name) > MAX_NAME_CHARS or not name.isprintable():
            en = f"a {what} needs a name of 1 to {MAX_NAME_CHARS} printable characters"
            checked.error("name.bad", path, en, f"{what_zh}名称须为 1 到 {MAX_NAME_CHARS} 个可显示字符")
        if name in first:
            place = checked.places.at(first[name])
            en, zh = f"{what} '{name}' is already declared at {place}", f"{what_zh}“{name}”已在 {place} 声明"
            checked.error("name.twice", path, en, zh, Hint("give it another name", "换一个名称"))
        first.setdefault(name, path)


def _one_name_space(checked: Checked) -> None:
    """Lists, scorecards, tables and flows, and rule sets where flows read them, share their names with fields and features."""
    seen: dict[str, tuple[str, str, Path]] = {}
    features = {each.feature.name for each in all_features(checked.policy)}
    for section, what, what_zh in (("rule_sets", "rule set", "规则集"), *READ):
        for number, each in enumerate(getattr(checked.policy, section)):
            path: Path = (section, number, "name")
            if section == "rule_sets" and not checked.policy.flows:
                continue
            other = seen.get(each.name)
            if each.name in checked.known.names or each.name in features:
                en, zh = f"'{each.name}' is already a field or a feature", f"“{each.name}”已是字段或特征"
                checked.error("name.twice", path, en, zh, Hint(f"give the {what} another name", "换一个名称"))
            elif other is not None and other[0] != what:
                en, zh = (
                    f"'{each.name}' is already a {other[0]}, at {checked.places.at(other[2])}",
                    f"“{each.name}”已是{other[1]}（{checked.places.at(other[2])}）",
                )
                checked.error("name.twice", path, en, zh, Hint(f"give the {what} another name", "换一个名称"))
            elif section == "lists" and not readable(each.name):
                en, zh = (
                    f"'{each.name}' cannot be a list name: expressions could not read it",
                    f"“{each.name}”不能作名单名：表达式无法读取",
                )
                checked.error(
                    "name.bad",
                    path,
                    en,
                    zh,
                    Hint("use letters, digits and _, not a function name", "只用字母、数字和 _，且不与函数同名"),
                )
            seen.setdefault(each.name, (what, what_zh, path))


def readable(name: str) -> bool:
    """Whether an expression can read this name."""
    return (
        name.isidentifier()
        and not keyword.iskeyword(name)
        and name not in FUNCTIONS
        and name not in ("null", "true", "false")
    )


def _feature_names(checked: Checked) -> None:
    seen: dict[str, Path] = {f.name: ("features", i) for i, f in enumerate(checked.policy.features)}
    reported: set[Path] = set()
    for number, grid in enumerate(checked.policy.grids):
        _placeholders(checked, grid.name, ("grids", number, "name"))
    for each in all_features(checked.policy):
        name, path = each.feature.name, (*each.path, "name")
        if path in reported:
            continue
        if not readable(name):
            en = f"'{name}' cannot be a feature name: expressions could not read it"
            reported.add(path)
            hint = Hint("use letters, digits and _, not a function name", "只用字母、数字和 _，且不与函数同名")
            checked.error("name.bad", path, en, f"“{name}”不能作特征名：表达式无法读取", hint)
        elif name in checked.known.names:
            reported.add(path)
            en, zh = f"'{name}' is already a field of an event", f"“{name}”已是事件字段"
            checked.error("name.twice", path, en, zh, Hint("give the feature another name", "给特征换一个名称"))
        elif each.from_grid and name in seen:
            reported.add(path)
            en = (
                f"this grid makes '{name}' more than once"
                if seen[name] == each.path
                else f"'{name}' is already declared"
            )
            zh = f"该网格多次生成“{name}”" if seen[name] == each.path else f"“{name}”已声明"
            if each.path == ("network",):
                if seen[name] != each.path:
                    path = (*seen[name], "name")
                    en, zh = f"'{name}' is already a feature of the network", f"“{name}”已是关系网络的特征"
                    checked.error("name.twice", path, en, zh, Hint("give it another name", "换一个名称"))
                continue
            missing = [
                f"{{{p}}}" for p in PLACEHOLDERS if f"{{{p}}}" not in checked.policy.grids[int(each.path[1])].name
            ]
            checked.error(
                "name.twice",
                path,
                en,
                zh,
                Hint(f"put more of {', '.join(missing)} into its name", f"名称中再加入 {'、'.join(missing)} 等占位符")
                if missing
                else Hint("rename it", "请改名"),
            )
        seen.setdefault(name, each.path)


def _placeholders(checked: Checked, pattern: str, path: Path) -> None:
    left = pattern
    for word in PLACEHOLDERS:
        left = left.replace(f"{{{word}}}", "")
    if "{" in left or "}" in left:
        known = ", ".join(f"{{{p}}}" for p in PLACEHOLDERS)
        en, zh = f"unknown placeholder in '{pattern}'", f"“{pattern}”中有未知占位符"
        checked.error(
            "grid.placeholder", path, en, zh, Hint(f"placeholders: {known}", f"占位符：{known.replace(', ', '、')}")
        )


def used_features(checked: Checked) -> set[str]:
    """Features that a rule, scorecard, table or flow reads, directly or through derived features."""
    used: set[str] = set()
    waiting = [name.name for expression in checked.asked() for name in names_in(expression.node)]
    waiting += [model.name for model in checked.policy.models] + [cell.name for cell in checked.policy.matrix]
    waiting += [node.of for flow in checked.flows for node in flow.flow.nodes if node.of]
    while waiting:
        name = waiting.pop()
        feature = checked.features.get(name)
        if feature is None or name in used:
            continue
        used.add(name)
        if feature.expression is not None:
            waiting += [n.name for n in names_in(feature.expression.node)]
        if feature.scored is not None:
            waiting += [given.name for given in feature.scored.package.inputs]
    return used


def unused_features(checked: Checked) -> None:
    """One warning per policy: features that no rule uses cost nothing live, but may be a slip of the pen."""
    if any(problem.severity == "error" for problem in checked.problems):
        return  # a rule with an error may be the one that uses them
    used = used_features(checked)
    unused = [f for name, f in checked.features.items() if name not in used and not f.from_grid]
    if not unused:
        return
    shown = ", ".join(f.feature.name for f in unused[:SHOWN_UNUSED]) + (", …" if len(unused) > SHOWN_UNUSED else "")
    en = f"{len(unused)} feature{'s' if len(unused) > 1 else ''} used by no rule: {shown}"
    checked.warn(
        "feature.unused",
        unused[0].path,
        en,
        f"{len(unused)} 个特征没有规则使用：{shown}",
        Hint("fine for a catalogue", "若是特征目录则无妨"),
    )
