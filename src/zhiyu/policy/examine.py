"""Every expression of a policy, parsed and typed, with all that is wrong with it.

In: a policy and its places. Out: `Checked`: the typed features and rules that other checks, the cost model and the
wording read, and the problems so far. Nothing here stops at the first fault.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from graphlib import CycleError, TopologicalSorter

from zhiyu.base.errors import DeclarationError, Hint, Place, Problem, did_you_mean
from zhiyu.expressions import Expression, check, parse
from zhiyu.expressions.types import FLOAT, Kind, Type
from zhiyu.network.declare import NetworkFeature, network_type
from zhiyu.policy.check_features import aggregate_problems
from zhiyu.policy.checked import Checked, CheckedFeature, CheckedRule
from zhiyu.policy.declare import RuleSet
from zhiyu.policy.expand import Expanded, all_features
from zhiyu.policy.known import Known
from zhiyu.policy.nodes import names_in
from zhiyu.policy.places import Path, Places
from zhiyu.policy.waits import WrittenOut


def examine(
    written: WrittenOut, places: Places, known: Known, scored: Callable[[Checked], None] = lambda checked: None
) -> Checked:
    """Type everything; the result's `problems` holds what was found. `scored` adds the scores of models, which derived features may
    read."""
    checked, policy = Checked(written, places, known), written.policy
    expanded = all_features(policy)
    names = {e.feature.name for e in expanded}
    aggregates = [e for e in expanded if not e.feature.expr]
    for each in aggregates:
        _aggregate(checked, each, names)
    scored(checked)
    _derived(checked, [e for e in expanded if e.feature.expr])
    if policy.network is not None and policy.network.gang is not None:
        path: Path = ("network", "gang", "when")
        scope = checked.typed_on(policy.network.on or known.deciding)
        checked.gate = typed_expression(checked, policy.network.gang.when, path, scope, Kind.BOOL)
    for number, rule_set in enumerate(policy.rule_sets):
        _rules(checked, rule_set, ("rule_sets", number))
    return checked


def typed_expression(
    checked: Checked, text: str, path: Path, names: Mapping[str, Type], want: Kind | None
) -> Expression | None:
    """Parse and type one expression; its problems land at the right character of the file."""
    base = checked.places.at(path)
    try:
        expression = check(parse(text, base), replace(checked.known.scope, names=names), text, base, want)
    except DeclarationError as error:
        checked.problems += [relocated(checked, problem, base, path, text) for problem in error.problems]
        return None
    checked.problems += [relocated(checked, problem, base, path, text) for problem in expression.warnings]
    return expression


def relocated(checked: Checked, problem: Problem, base: Place, path: Path, text: str) -> Problem:
    """A finding of an expression that starts at `base`, moved to where its character stands in the file."""
    offset = problem.place.column - base.column
    place = checked.places.inside(path, text, offset) if base.line else base
    return replace(problem, place=place)


def _aggregate(checked: Checked, expanded: Expanded, feature_names: set[str]) -> None:
    feature = expanded.feature
    if isinstance(feature, NetworkFeature):
        amount = checked.known.names.get(feature.network.amount) if feature.network else None
        found = CheckedFeature(feature, expanded.path, network_type(feature, amount), from_grid=True)
        checked.features.setdefault(feature.name, found)
        return
    type_ = aggregate_problems(checked, expanded)
    where = None
    if feature.where:
        where = _where(checked, expanded, feature_names)
    if feature.name not in checked.features:
        checked.features[feature.name] = CheckedFeature(feature, expanded.path, type_, None, where, expanded.from_grid)


def _where(checked: Checked, expanded: Expanded, feature_names: set[str]) -> Expression | None:
    feature, path = expanded.feature, expanded.where_path
    try:
        node = parse(feature.where)
    except DeclarationError:
        node = None
    used = (
        []
        if node is None
        else [n for n in names_in(node) if n.name in feature_names and n.name not in checked.known.names]
    )
    for name in used:
        place = checked.places.inside(path, feature.where, name.column)
        en = f"`where` of '{feature.name}' uses the feature '{name.name}'; a filter sees one event, not features"
        zh = f"“{feature.name}”的 where 用到了特征“{name.name}”；过滤条件只能看单个事件，不能看特征"
        checked.problems.append(
            Problem(
                "feature.where",
                en,
                zh,
                place,
                "error",
                *Hint("use fields of the event, or a rule", "改用事件字段，或写成规则"),
            )
        )
    if used:
        return None
    on = feature.on or tuple(checked.known.facts)
    return typed_expression(checked, feature.where, path, checked.known.typed_on(on), Kind.BOOL)


def _derived(checked: Checked, derived: list[Expanded]) -> None:
    by_name: dict[str, Expanded] = {}
    for each in derived:
        by_name.setdefault(each.feature.name, each)
    for name in _in_order(checked, by_name):
        each = by_name[name]
        _derived_shape(checked, each)
        scope = checked.typed_on(checked.known.deciding)
        expression = typed_expression(checked, each.feature.expr, (*each.path, "expr"), scope, None)
        type_ = expression.type if expression else FLOAT
        if name not in checked.features:
            checked.features[name] = CheckedFeature(each.feature, each.path, type_, expression)


def _derived_shape(checked: Checked, each: Expanded) -> None:
    feature = each.feature
    for name in ("aggregate", "of", "by", "over", "where", "on"):
        if getattr(feature, name):
            en = f"'{feature.name}' has both `expr` and `{name}`: a feature is either derived or aggregated"
            zh = f"“{feature.name}”同时写了 expr 与 {name}：特征要么派生，要么聚合"
            checked.error(
                "feature.both",
                (*each.path, name),
                en,
                zh,
                Hint("make two features, and use the first in the second", "拆成两个特征，在后一个中使用前一个"),
                key=True,
            )


def _in_order(checked: Checked, by_name: dict[str, Expanded]) -> list[str]:
    """Names so that each comes after those it reads; members of a cycle are reported and left out."""
    reads: dict[str, list[str]] = {}
    for name, each in by_name.items():
        try:
            used = [n.name for n in names_in(parse(each.feature.expr))]
        except DeclarationError:
            used = []
        reads[name] = [u for u in dict.fromkeys(used) if u in by_name]
    while True:
        try:
            return list(TopologicalSorter(reads).static_order())
        except CycleError as cycle:
            members = list(reversed(cycle.args[1]))
            _report_cycle(checked, by_name, members)
            for name in members:
                reads.pop(name, None)
                kind = by_name[name]
                checked.features.setdefault(name, CheckedFeature(kind.feature, kind.path, FLOAT))
            reads = {name: [u for u in used if u in reads] for name, used in reads.items()}


def _report_cycle(checked: Checked, by_name: dict[str, Expanded], members: list[str]) -> None:
    around = members[:-1]
    first = min(around)
    turned = around[around.index(first) :] + around[: around.index(first)] + [first]
    chain = " → ".join(turned)
    path = (*by_name[first].path, "expr")
    checked.error(
        "feature.cycle",
        path,
        f"derived features go in a circle: {chain}",
        f"派生特征循环引用：{chain}",
        Hint("break one of the links", "断开其中一环"),
    )


def _rules(checked: Checked, rule_set: RuleSet, path: Path) -> None:
    set_on = known_on(checked, rule_set.on, (*path, "on")) or checked.known.deciding
    for number, rule in enumerate(rule_set.rules):
        rule_path = (*path, "rules", number)
        on = known_on(checked, rule.on, (*rule_path, "on")) or set_on
        outside = on - set_on
        if outside:
            name = min(outside)
            en = f"rule '{rule.name}' is for '{name}', but its rule set '{rule_set.name}' never runs on it"
            zh = f"规则“{rule.name}”针对“{name}”，但所在规则集“{rule_set.name}”不处理它"
            checked.error(
                "rule.on",
                (*rule_path, "on"),
                en,
                zh,
                Hint(f"add '{name}' to `on` of the rule set", f"在规则集的 `on` 中加上“{name}”"),
            )
        scope = checked.typed_on(on)
        when = typed_expression(checked, rule.when, (*rule_path, "when"), scope, Kind.BOOL)
        checked.rules.append(
            CheckedRule(rule, rule_set, rule_path, when, when.node if when else None, frozenset(on & set_on))
        )


def known_on(checked: Checked, on: tuple[str, ...], path: Path) -> frozenset[str]:
    """Those of the names that are decided event types; the others are reported."""
    good = set()
    for number, name in enumerate(on):
        place: Path = (*path, number)
        if name not in checked.known.types:
            known = sorted(checked.known.deciding)
            hint = did_you_mean(name, checked.known.types) or Hint(
                f"event types: {', '.join(known)}", f"事件类型：{'、'.join(known)}"
            )
            checked.error("event.unknown", place, f"unknown event type '{name}'", f"未知的事件类型“{name}”", hint)
        elif name not in checked.known.deciding:
            en, zh = f"'{name}' events are never decided (`decide: false`)", f"“{name}”事件不做决策（decide: false）"
            checked.error(
                "event.not_decided",
                place,
                en,
                zh,
                Hint("count it with a feature, or set `decide: true`", "用特征统计它，或设置 `decide: true`"),
            )
        else:
            good.add(name)
    return frozenset(good)
