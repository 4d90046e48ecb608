"""Flows typed: the conditions of their branches and list checks, on the event types each flow decides.

In: `Checked` with its features. Out: `Checked.flows`. A branch may read the total of a rule set, scorecard or table that can have run
before it in the same flow, by its name: a whole number, missing when it did not run.
"""

from __future__ import annotations

from dataclasses import replace

from zhiyu.base.errors import Hint
from zhiyu.expressions import Expression
from zhiyu.expressions.types import INT, Kind, Type
from zhiyu.policy.checked import Checked, CheckedFlow
from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.examine import known_on, typed_expression
from zhiyu.policy.flow_graph import in_order, ran_before
from zhiyu.policy.places import Path


def type_flows(checked: Checked) -> None:
    """Type every flow."""
    own = {flow.name: known_on(checked, flow.on, ("flows", i, "on")) for i, flow in enumerate(checked.policy.flows)}
    users: dict[str, list[str]] = {}
    for flow in checked.policy.flows:
        for used in {node.flow for node in flow.nodes if node.flow}:
            users.setdefault(used, []).append(flow.name)
    for number, flow in enumerate(checked.policy.flows):
        path: Path = ("flows", number)
        on = own[flow.name] or _of_users(users, flow.name, own) or checked.known.deciding
        checked.flows.append(CheckedFlow(flow, path, on, _conditions(checked, flow, path, on), in_order(flow)))


def _of_users(users: dict[str, list[str]], name: str, own: dict[str, frozenset[str]]) -> frozenset[str]:
    """Event types of all flows that use this one, directly or through others."""
    found: set[str] = set()
    seen, waiting = {name}, [name]
    while waiting:
        for user in users.get(waiting.pop(), ()):
            if user not in seen:
                seen.add(user)
                waiting.append(user)
                found |= own[user]
    return frozenset(found)


def _conditions(checked: Checked, flow: Flow, path: Path, on: frozenset[str]) -> dict[str, tuple[Expression, ...]]:
    names = checked.typed_on(on)
    before = ran_before(flow)
    nodes = {node.name: node for node in flow.nodes}
    found: dict[str, tuple[Expression, ...]] = {}
    for number, node in enumerate(flow.nodes):
        place = (*path, "nodes", number)
        if node.branch:
            scope = names | totals([nodes[each] for each in before[node.name]])
            cases = [
                _case(checked, case.when, (*place, "branch", i, "when"), scope) for i, case in enumerate(node.branch)
            ]
            found[node.name] = tuple(each for each in cases if each is not None)
        elif node.list and node.of and node.list in checked.known.lists:
            asked = typed_expression(checked, f"({node.of}) in {node.list}", (*place, "of"), names, Kind.BOOL)
            found[node.name] = (asked,) if asked is not None else ()
    return found


def _case(checked: Checked, text: str, path: Path, scope: dict[str, Type]) -> Expression | None:
    """One condition of a branch; a total that is not known yet there is named as such."""
    before = len(checked.problems)
    expression = typed_expression(checked, text, path, scope, Kind.BOOL)
    policy = checked.policy
    results = {each.name for each in policy.rule_sets} | {each.name for each in policy.scorecards}
    results = (results | {each.name for each in policy.tables}) - scope.keys()
    for number, problem in enumerate(checked.problems[before:], before):
        name = next((each for each in sorted(results) if f"'{each}'" in problem.en), "")
        if problem.code == "unknown_name" and name:
            en = f"the total of '{name}' is not known here: no node before this one asks it"
            zh = f"此处还没有“{name}”的总分：之前的节点都没有运行它"
            hint = Hint("add a node for it on the way here", "在到达此处之前加上它的节点")
            checked.problems[number] = replace(problem, en=en, zh=zh, suggestion=hint.en, suggestion_zh=hint.zh)
    return expression


def totals(nodes: list[Node]) -> dict[str, Type]:
    """Names and types of the totals that these nodes leave."""
    names = {node.rule_set or node.scorecard or node.table for node in nodes} - {""}
    return {name: INT for name in names if name.isidentifier()}
