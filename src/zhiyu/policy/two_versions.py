"""Two versions of a policy as one: for a stable share of the keys the next one decides, for all others the live one.

In: two checked policies with their hashes. Out: one policy whose flows begin with an experiment, each arm the flow of one version.
Parts that are the same in both stand in it once; parts of the next version that differ stand beside the live ones, called `…__next`.
Why one policy: whatever holds of a policy (replay, restart, waits, calls, limits, explanations, receipts) holds of two side by side; which
one decided stands in the path of the decision. What both must share is refused as `Unmixable`: what events are, who is joined to
whom, what comes back, what brakes the whole policy.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from zhiyu.base.errors import InputError
from zhiyu.events.declare import EventType
from zhiyu.policy.checked import Checked
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_flows import Arm, Flow, Node
from zhiyu.policy.declare_versions import ARM, NEXT, SPLIT_NODE, Versions
from zhiyu.policy.renamed import Renames
from zhiyu.policy.write_thresholds import set_name

_SHARED = (
    "clock", "feedback", "labels", "deadline", "let_through", "restraint", "enforce", "on_outcome", "grids",
)  # fmt: skip
_BESIDE = ("lists", "services", "actions", "sources")
_NAMED = (("features", "feature"), ("matrix", "cell"), ("scorecards", "scorecard"), ("tables", "table"))
"""Sections whose parts expressions read by name → how `Renames` writes them anew."""


class Unmixable(InputError):
    """These two cannot decide side by side; one can be in shadow of the other, or replace it."""

    code = "unmixable"


def next_name(name: str) -> str:
    """What a part of the next version is called beside the live one.

    >>> next_name("velocity")
    'velocity__next'
    """
    return name + NEXT


def side_by_side(live: Checked, fresh: Checked, versions: Versions) -> Policy:
    """One policy of both, in the form of their artifacts. Unmixable."""
    one, two = live.declared, fresh.declared
    for section in _SHARED:
        if _plain(getattr(one, section)) != _plain(getattr(two, section)):
            raise _unmixable(section)
    renames = Renames()
    _collect(one, two, renames)
    if _plain(renames.network(two.network)) != _plain(one.network):
        raise _unmixable("network")
    _require_models(fresh, renames)
    _rename_rules(one, two, renames)
    policy = replace(
        one, events=_events(one, two, renames), limits=_limits(one, two, renames), reasons=_beside(one.reasons, two.reasons, "code"),
        models=_with(one.models, two.models, renames.names, lambda own: own),
        features=_with(one.features, two.features, renames.names, renames.feature),
        matrix=_with(one.matrix, two.matrix, renames.names, renames.cell),
        scorecards=_with(one.scorecards, two.scorecards, renames.names, renames.scorecard),
        tables=_with(one.tables, two.tables, renames.names, renames.table),
        rule_sets=_rule_sets(one, two, renames), versions=versions,
        **{section: _same_beside(section, getattr(one, section), getattr(two, section)) for section in _BESIDE},
    )  # fmt: skip
    return replace(policy, flows=_flows(live, fresh, renames, versions))


def version_of(path: Any, versions: Versions) -> str:
    """The hash of the version that decided a decision with this path of names."""
    return versions.next if any(step.endswith(f"/{SPLIT_NODE}:{ARM}") for step in path) else versions.live


def twins(policy: Policy) -> Mapping[str, str]:
    """Rule → what the rule of the same name of the next version is called; nothing where one version decides alone."""
    if policy.versions is None:
        return {}
    return {rule.name: next_name(rule.name) for each in policy.rule_sets for rule in each.rules}


def _collect(one: Policy, two: Policy, renames: Renames) -> None:
    """Find what differs, and what differs because it reads what differs, until nothing more is found."""
    derived = {name: {_plain(each.derive.get(name)) for each in one.events} for name in _derived(one)}
    grew = True
    while grew:
        grew = False
        for event in two.events:
            for name, text in event.derive.items():
                if name in derived and name not in renames.names and renames.text(text) not in derived[name]:
                    renames.names[name], grew = next_name(name), True
        before = {each.name: each for each in one.models}
        for model in two.models:
            if model.name in before and model.name not in renames.names and _plain(model) != _plain(before[model.name]):
                renames.names[model.name], grew = next_name(model.name), True
        for section, writes in _NAMED:
            mine = {each.name: each for each in getattr(one, section)}
            for own in getattr(two, section):
                if own.name in mine and own.name not in renames.names:
                    if _plain(getattr(renames, writes)(own)) != _plain(mine[own.name]):
                        grew = True
                        if section == "matrix":
                            renames.with_cell(own, next_name(own.name))
                        else:
                            renames.names[own.name] = next_name(own.name)
        for kind, section, writes in (("sets", "rule_sets", "rule_set"), ("flows", "flows", "flow")):
            mine, known = {each.name: each for each in getattr(one, section)}, getattr(renames, kind)
            for own in getattr(two, section):
                if own.name in mine and own.name not in known:
                    if own.__class__ is Flow and own.on:
                        continue  # it becomes an arm
                    if _plain(getattr(renames, writes)(own)) != _plain(mine[own.name]):
                        known[own.name], grew = next_name(own.name), True


def _derived(policy: Policy) -> set[str]:
    return {name for event in policy.events for name in event.derive}


def _require_models(fresh: Checked, renames: Renames) -> None:
    """A package names what it reads: that cannot be called otherwise."""
    for name, each in fresh.features.items():
        if each.scored is not None and (
            found := {one.name for one in each.scored.package.inputs} & renames.names.keys()
        ):
            raise Unmixable(
                f"the model '{name}' reads {', '.join(sorted(found)[:3])}, which the two versions count or derive otherwise; give the "
                "changed one another name",
                f"模型“{name}”读取 {'、'.join(sorted(found)[:3])}，两个版本对其定义不同；请为改动后的特征另取名称",
            )


def _rename_rules(one: Policy, two: Policy, renames: Renames) -> None:
    """Rules of sets that stand beside those of the live version."""
    known, sets = {rule.name for each in one.rule_sets for rule in each.rules}, {each.name for each in one.rule_sets}
    for own in two.rule_sets:
        if own.name in renames.sets or own.name not in sets:
            renames.rules |= {rule.name: next_name(rule.name) for rule in own.rules if rule.name in known}


def _events(one: Policy, two: Policy, renames: Renames) -> tuple[EventType, ...]:
    found, mine = [], {each.name: each for each in one.events}
    if missing := mine.keys() - {each.name for each in two.events}:
        raise _unmixable("events", sorted(missing)[0])
    for own in two.events:
        before = mine.get(own.name)
        derive = {renames.names.get(name, name): renames.text(text) for name, text in own.derive.items()}
        if before is None:
            found.append(replace(own, derive=derive, drop=tuple(map(renames.text, own.drop))))
            continue
        fresh = own.fields.keys() - before.fields.keys()
        changed = any(_plain(own.fields.get(name)) != _plain(each) for name, each in before.fields.items())
        alike = (own.decide, own.money, tuple(map(renames.text, own.drop))) == (
            before.decide,
            before.money,
            before.drop,
        )
        if changed or not alike or any(own.fields[name].required for name in fresh):
            raise _unmixable("events", own.name)
        found.append(replace(before, fields=before.fields | own.fields, derive=before.derive | derive))
    return tuple(found)


def _limits(one: Policy, two: Policy, renames: Renames) -> tuple[Any, ...]:
    """Limits on single rules stand beside each other; those of the whole policy must be the same."""
    wide = [sorted((_plain(each) for each in policy.limits if not each.rule), key=repr) for policy in (one, two)]
    if wide[0] != wide[1]:
        raise _unmixable("limits")
    mine = {each.name: each for each in one.limits}
    for own in two.limits:
        if own.name in mine and _plain(renames.limit(own)) != _plain(mine[own.name]):
            renames.limits[own.name] = next_name(own.name)
    return _with(one.limits, two.limits, renames.limits, renames.limit)


def _rule_sets(one: Policy, two: Policy, renames: Renames) -> tuple[Any, ...]:
    known = {each.name for each in one.rule_sets}

    def written(own: Any) -> Any:
        rules = tuple(replace(rule, name=renames.rules.get(rule.name, rule.name)) for rule in own.rules)
        return renames.rule_set(replace(own, rules=rules) if own.name in renames.sets or own.name not in known else own)

    return _with(one.rule_sets, two.rule_sets, renames.sets, written)


def _with(one: tuple[Any, ...], two: tuple[Any, ...], names: Mapping[str, str], writes: Any) -> tuple[Any, ...]:
    """All parts of the live version, and those of the next one that it lacks or has otherwise."""
    known = {each.name for each in one}
    more = [each for each in two if each.name in names or each.name not in known]
    return (*one, *(replace(writes(each), name=names.get(each.name, each.name)) for each in more))


def _beside(one: tuple[Any, ...], two: tuple[Any, ...], key: str = "name") -> tuple[Any, ...]:
    known = {getattr(each, key) for each in one}
    return (*one, *(each for each in two if getattr(each, key) not in known))


def _same_beside(section: str, one: tuple[Any, ...], two: tuple[Any, ...]) -> tuple[Any, ...]:
    """Parts by name, which must be the same where both have them."""
    mine = {each.name: each for each in one}
    for own in two:
        if own.name in mine and _plain(own) != _plain(mine[own.name]):
            raise _unmixable(section, own.name)
    return _beside(one, two)


# flows ---------------------------------------------------------------------------------------------------------------


def _flows(live: Checked, fresh: Checked, renames: Renames, versions: Versions) -> tuple[Flow, ...]:
    """The shared flows, and per pair of deciding flows one with both as its arms."""
    one, two = live.declared, fresh.declared
    inner = [each for each in one.flows if not each.on], [each for each in two.flows if not each.on]
    found = list(_with(tuple(inner[0]), tuple(inner[1]), renames.flows, renames.flow))
    taken = {each.name for each in found}
    pairs: dict[tuple[str, str], tuple[Flow, Flow, list[str]]] = {}
    for event in two.events:
        if event.decide:
            arms = _decides(live, event.name), _decides(fresh, event.name)
            pairs.setdefault((arms[0].name, arms[1].name), (*arms, []))[2].append(event.name)
    for (name, _), (old, new, on) in sorted(pairs.items()):
        called = name if name not in taken else _free(next_name(name), taken)
        taken.add(called)
        found.append(_both(called, tuple(on), old, new, renames, versions))
    return tuple(found)


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name = next_name(name)
    return name


def _both(name: str, on: tuple[str, ...], old: Flow, new: Flow, renames: Renames, versions: Versions) -> Flow:
    names = {node.name for node in old.nodes}
    to = {node.name: next_name(node.name) for node in new.nodes if node.name in names or node.name == SPLIT_NODE}
    arms = _kept(old, old.name), renames.flow(_kept(new, new.name), to)
    if SPLIT_NODE in names:
        raise Unmixable(
            f"no node of a flow may be called '{SPLIT_NODE}' here; rename it", f"流程节点不能名为“{SPLIT_NODE}”；请改名"
        )
    split = Node(
        name=SPLIT_NODE, by=versions.by, salt=versions.next, next=arms[0].nodes[0].name,
        experiment=(Arm(name=ARM, percent=versions.percent, to=arms[1].nodes[0].name),),
        en="which version decides", zh="由哪个版本决策",
    )  # fmt: skip
    return replace(old, name=name, on=on, nodes=(split, *arms[0].nodes, *arms[1].nodes))


def _kept(flow: Flow, name: str) -> Flow:
    """A flow that draws as it does alone, and whose first node, where it waits, is not led back to by what changes."""
    nodes = [replace(each, salt=each.salt or f"{name}/{each.name}") if each.experiment else each for each in flow.nodes]
    if nodes[0].wait is not None and nodes[0].changed is None:
        nodes[0] = replace(nodes[0], changed={})
    return replace(flow, nodes=tuple(nodes))


def _decides(checked: Checked, event: str) -> Flow:
    """The flow that decides an event type; where there is none, one that asks everything that runs on it, and takes the severest."""
    for flow in checked.declared.flows:
        if event in flow.on:
            return flow
    steps = [*_chain(checked, event), Node(name="severest", severest=True)]
    nodes = [replace(node, next=after.name) for node, after in itertools.pairwise(steps)]
    return Flow(name=f"every_{event}", nodes=(*nodes, steps[-1]), on=(event,))


def _chain(checked: Checked, event: str) -> Iterator[Node]:
    policy = checked.declared
    sets = {each.rule_set.name for each in checked.rules if event in each.on}
    names = [each.name for each in policy.rule_sets] + [set_name(cell) for cell in policy.matrix if cell.thresholds]
    yield from (Node(name=f"rules_{name}", rule_set=name) for name in names if name in sets)
    yield from (
        Node(name=f"card_{each.card.name}", scorecard=each.card.name) for each in checked.scorecards if event in each.on
    )
    yield from (
        Node(name=f"table_{each.table.name}", table=each.table.name) for each in checked.tables if event in each.on
    )


def _plain(value: Any) -> Any:
    return msgspec.to_builtins(value)


def _unmixable(section: str, name: str = "") -> Unmixable:
    which_en, which_zh = (f" ('{name}')", f"（“{name}”）") if name else ("", "")
    return Unmixable(
        f"the versions differ in `{section}`{which_en}, which both would share; let the new one decide in shadow, or for all",
        f"两个版本的 `{section}`{which_zh} 不同，而并行时须共用；请让新版本先影子运行，或直接全量生效",
    )
