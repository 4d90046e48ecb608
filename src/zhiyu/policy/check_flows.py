"""Flows as a whole: every node does one thing and leads somewhere, nothing goes in a circle, every path ends in an outcome.

In: the declared flows. Out: problems at the node or the word that leads nowhere. What single nodes need stands in `check_nodes`.
"""

from __future__ import annotations

from zhiyu.base.errors import Hint
from zhiyu.base.limits import MAX_FLOW_DEPTH, MAX_FLOW_NODES
from zhiyu.policy.check_nodes import node_problems
from zhiyu.policy.checked import Checked, CheckedFlow
from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.flow_graph import circle, reachable, successors, way_to, with_inner, written_out
from zhiyu.policy.places import Path


def flows(checked: Checked) -> None:
    """Check every flow, then all of them together."""
    for flow in checked.flows:
        if not flow.flow.nodes:
            name = flow.flow.name
            checked.error(
                "flow.empty",
                flow.path,
                f"flow '{name}' has no nodes",
                f"流程“{name}”没有节点",
                Hint("begin with the first thing to ask", "从第一个要判断的节点开始"),
            )
            continue
        for number in range(len(flow.flow.nodes)):
            node_problems(checked, flow, number)
        _twice(checked, flow)
        if not _circle(checked, flow):
            _ends(checked, flow)
        _reached(checked, flow)
        _falls_back(checked, flow.flow, flow.path)
    _deciders(checked)
    if not _circle_of_flows(checked):
        _sizes(checked)
        _unvisited(checked)


def _twice(checked: Checked, flow: CheckedFlow) -> None:
    seen: dict[str, Path] = {}
    for number, node in enumerate(flow.flow.nodes):
        path: Path = (*flow.path, "nodes", number, "name")
        if node.name in seen:
            place = checked.places.at(seen[node.name])
            en, zh = f"node '{node.name}' is already declared at {place}", f"节点“{node.name}”已在 {place} 声明"
            checked.error("name.twice", path, en, zh, Hint("give it another name", "换一个名称"))
        seen.setdefault(node.name, path)


def _circle(checked: Checked, flow: CheckedFlow) -> bool:
    around = circle(successors(flow.flow))
    if around:
        chain = " → ".join(around)
        number = next(i for i, node in enumerate(flow.flow.nodes) if node.name == around[0])
        en, zh = f"flow '{flow.flow.name}' goes in a circle: {chain}", f"流程“{flow.flow.name}”成环：{chain}"
        checked.error(
            "flow.circle", (*flow.path, "nodes", number), en, zh, Hint("break one of the links", "断开其中一处引用")
        )
    return bool(around)


def _circle_of_flows(checked: Checked) -> bool:
    names = {flow.name for flow in checked.policy.flows}
    links = {flow.name: [n.flow for n in flow.nodes if n.flow in names] for flow in checked.policy.flows}
    around = circle(links)
    if around:
        chain = " → ".join(around)
        number = next(i for i, flow in enumerate(checked.policy.flows) if flow.name == around[0])
        en, zh = f"flows use each other in a circle: {chain}", f"流程互相调用成环：{chain}"
        checked.error("flow.circle", ("flows", number), en, zh, Hint("break one of the links", "断开其中一处引用"))
    return bool(around)


def _ends(checked: Checked, flow: CheckedFlow) -> None:
    """Every path ends in an outcome: whatever is reached and is none must go on."""
    reached = reachable(flow.flow)
    for number, node in enumerate(flow.flow.nodes):
        if node.name in reached and not ends(node) and not node.next:
            way = " → ".join(way_to(flow.flow, node.name))
            en, zh = f"the path {way} ends without an outcome", f"路径 {way} 没有以结果结束"
            path = (*flow.path, "nodes", number)
            checked.error(
                "flow.open_end",
                path,
                en,
                zh,
                Hint(
                    "give the last node a `next`, or end with `severest: true`",
                    "为最后的节点写 `next`，或以 `severest: true` 结束",
                ),
            )


def _falls_back(checked: Checked, flow: Flow, path: Path) -> None:
    if flow.fallback is not None and not flow.on:
        en = f"flow '{flow.name}' decides no events by itself, so nothing of it can be late"
        zh = f"流程“{flow.name}”不直接决策任何事件，谈不上超时"
        checked.error(
            "flow.fallback", (*path, "fallback"), en, zh,
            Hint("put `fallback` on the flow that says `on`", "把 `fallback` 写在带 `on` 的流程上"),
        )  # fmt: skip


def ends(node: Node) -> bool:
    """Whether a flow ends at this node."""
    return node.outcome is not None or node.severest


def _reached(checked: Checked, flow: CheckedFlow) -> None:
    reached = reachable(flow.flow)
    for number, node in enumerate(flow.flow.nodes):
        if node.name not in reached:
            en, zh = f"no path leads to node '{node.name}'", f"没有路径通向节点“{node.name}”"
            checked.warn(
                "node.unreached",
                (*flow.path, "nodes", number),
                en,
                zh,
                Hint("lead to it, or remove it", "让流程通向它，或删除它"),
            )


def _deciders(checked: Checked) -> None:
    first: dict[str, str] = {}
    for number, flow in enumerate(checked.policy.flows):
        for at, event in enumerate(flow.on):
            if event in first and first[event] != flow.name:
                en, zh = (
                    f"'{event}' is already decided by flow '{first[event]}'",
                    f"“{event}”已由流程“{first[event]}”决策",
                )
                checked.error(
                    "flow.on",
                    ("flows", number, "on", at),
                    en,
                    zh,
                    Hint(
                        "one event type, one flow; use the other as a node",
                        "一种事件只用一个流程；另一个可作为节点使用",
                    ),
                )
            first.setdefault(event, flow.name)


def _sizes(checked: Checked) -> None:
    by_name = {flow.name: flow for flow in checked.policy.flows}
    sizes = written_out(by_name, MAX_FLOW_NODES)
    for number, flow in enumerate(checked.policy.flows):
        depth, nodes = sizes[flow.name]
        if depth > MAX_FLOW_DEPTH:
            en = f"flow '{flow.name}' nests flows {depth} deep; at most {MAX_FLOW_DEPTH}"
            checked.error(
                "limit.flow_depth", ("flows", number), en, f"流程“{flow.name}”嵌套 {depth} 层，上限 {MAX_FLOW_DEPTH}"
            )
        if nodes > MAX_FLOW_NODES:
            en = f"flow '{flow.name}' has more than {MAX_FLOW_NODES} nodes with all flows it uses written out"
            zh = f"流程“{flow.name}”连同其子流程展开后超过 {MAX_FLOW_NODES} 个节点"
            checked.error(
                "limit.flow_nodes",
                ("flows", number),
                en,
                zh,
                Hint("split the policy by event type", "按事件类型拆分策略"),
            )


def _unvisited(checked: Checked) -> None:
    """What no flow visits never runs on the event types that flows decide."""
    by_name = {flow.name: flow for flow in checked.policy.flows}
    visited: dict[str, set[str]] = {}
    used: set[str] = set()
    for flow in checked.policy.flows:
        used |= {node.flow for node in _live(flow)}
        nodes = [node for one in with_inner(flow, by_name) for node in _live(one)] if flow.on else []
        for event in flow.on:
            visited.setdefault(event, set()).update(n.rule_set or n.scorecard or n.table for n in nodes)
    for number, flow in enumerate(checked.policy.flows):
        if not flow.on and flow.name not in used:
            en, zh = (
                f"flow '{flow.name}' decides no event type and no flow uses it",
                f"流程“{flow.name}”既不处理任何事件，也未被使用",
            )
            checked.warn(
                "flow.unused",
                ("flows", number),
                en,
                zh,
                Hint("add `on:`, or use it as a node", "加上 `on:`，或作为节点使用"),
            )
    for what, zh_what, name, path, on in _deciding_parts(checked):
        if all(event in visited and name not in visited[event] for event in on):
            en = f"{what} '{name}' never runs: the flows of its event types do not visit it"
            zh = f"{zh_what}“{name}”永远不会运行：其事件的流程都没有经过它"
            checked.warn(
                "flow.unvisited", path, en, zh, Hint("add a node for it, or remove it", "为它增加节点，或删除它")
            )


def _live(flow: Flow) -> list[Node]:
    reached = reachable(flow)
    return [node for node in flow.nodes if node.name in reached]


def _deciding_parts(checked: Checked) -> list[tuple[str, str, str, Path, frozenset[str]]]:
    deciding, policy = checked.known.deciding, checked.policy
    found: list[tuple[str, str, str, Path, frozenset[str]]] = []
    for i, rules in enumerate(policy.rule_sets):
        found.append(("rule set", "规则集", rules.name, ("rule_sets", i), frozenset(rules.on) & deciding or deciding))
    for card in checked.scorecards:
        found.append(("scorecard", "评分卡", card.card.name, card.path, card.on))
    for table in checked.tables:
        found.append(("table", "决策表", table.table.name, table.path, table.on))
    return found
