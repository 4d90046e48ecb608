"""Single nodes of flows: one thing each, with what that thing needs, and words that lead to nodes that exist.

In: a typed flow and the number of a node. Out: problems at the word.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.expressions.types import Kind
from zhiyu.policy.checked import Checked, CheckedFlow
from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.exact import exact
from zhiyu.policy.flow_graph import KINDS, edges, kinds_of
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.places import Path

_ONLY_WITH = {
    "of": ("list",), "hit": ("list",), "by": ("experiment",), "salt": ("experiment",), "then": ("rule_set", "scorecard", "table", "flow"),
    "next": ("rule_set", "scorecard", "table", "flow", "list", "branch", "experiment", "wait", "call"), "reason": ("outcome", "wait"),
    "within": ("wait", "call"), "answers": ("wait",), "expired": ("wait",), "changed": ("wait",), "until": ("call",), "failed": ("call",),
}  # fmt: skip
_NEEDS = {"list": ("of", "hit"), "experiment": ("by",)}
_WORDS = {
    "rule_set": ("rule set", "规则集"),
    "scorecard": ("scorecard", "评分卡"),
    "table": ("table", "决策表"),
    "flow": ("flow", "流程"),
    "list": ("list", "名单"),
}
PERCENT_DIGITS = 4


def node_problems(checked: Checked, flow: CheckedFlow, number: int) -> None:
    """Check one node."""
    node, path = flow.flow.nodes[number], (*flow.path, "nodes", number)
    kinds = kinds_of(node)
    if len(kinds) != 1:
        en = f"node '{node.name}' does {'nothing' if not kinds else ' and '.join(f'`{kind}`' for kind in kinds)}"
        zh = f"节点“{node.name}”{'没有内容' if not kinds else '同时写了 ' + '、'.join(kinds)}"
        checked.error(
            "node.kind",
            path,
            en,
            zh,
            Hint(f"give exactly one of: {', '.join(KINDS)}", f"只写其中一项：{'、'.join(KINDS)}"),
        )
        return
    kind = kinds[0]
    _words(checked, node, kind, path)
    _named(checked, node, kind, path)
    names = [each.name for each in flow.flow.nodes]
    for place, to in edges(node):
        if to not in names:
            hint = did_you_mean(to, names) or Hint(
                f"nodes: {', '.join(names[:12])}", f"已有节点：{'、'.join(names[:12])}"
            )
            checked.error(
                "node.unknown", (*path, *place), f"no node '{to}' in this flow", f"流程中没有节点“{to}”", hint
            )
    _then(checked, node, kind, path)
    if kind == "experiment":
        _experiment(checked, flow, node, path)


def _words(checked: Checked, node: Node, kind: str, path: Path) -> None:
    for word, kinds in _ONLY_WITH.items():
        if getattr(node, word) and kind not in kinds:
            en, zh = f"`{word}` means nothing for a node with `{kind}`", f"`{word}` 对 `{kind}` 节点没有意义"
            checked.error(
                "node.word",
                (*path, word),
                en,
                zh,
                Hint(f"it goes with: {', '.join(kinds)}", f"可搭配：{'、'.join(kinds)}"),
                key=True,
            )
    for word in _NEEDS.get(kind, ()):
        if not getattr(node, word):
            en, zh = f"node '{node.name}' with `{kind}` needs `{word}`", f"`{kind}` 节点“{node.name}”缺少 `{word}`"
            checked.error(
                "node.word",
                path,
                en,
                zh,
                Hint("name the value and where a hit leads", "写明所查的值与命中后的去向")
                if kind == "list"
                else Hint("name a field", "请指定一个字段"),
            )


def _named(checked: Checked, node: Node, kind: str, path: Path) -> None:
    policy = checked.policy
    known: dict[str, Iterable[str]] = {
        "rule_set": [each.name for each in policy.rule_sets],
        "scorecard": [each.name for each in policy.scorecards],
        "table": [each.name for each in policy.tables],
        "flow": [each.name for each in policy.flows],
        "list": [each.name for each in policy.lists],
    }
    if kind in known:
        name, names = getattr(node, kind), list(known[kind])
        if name not in names:
            hint = did_you_mean(name, names) or Hint(
                f"known: {', '.join(names[:12]) or '-'}", f"已知：{'、'.join(names[:12]) or '-'}"
            )
            en, zh = _WORDS[kind]
            checked.error(f"{kind}.unknown", (*path, kind), f"unknown {en} '{name}'", f"未知的{zh}“{name}”", hint)


def _then(checked: Checked, node: Node, kind: str, path: Path) -> None:
    able = None
    for outcome in node.then:
        place = (*path, "then", outcome)
        if outcome not in OUTCOMES:
            hint = did_you_mean(outcome, OUTCOMES) or Hint(
                f"one of: {', '.join(OUTCOMES)}", f"可选：{'、'.join(OUTCOMES)}"
            )
            checked.error(
                "outcome.unknown", place, f"'{outcome}' is not an outcome", f"“{outcome}”不是处置结果", hint, key=True
            )
            continue
        able = outcomes_of(checked, node, kind) if able is None else able
        if able and outcome not in able:
            listed = ", ".join(each for each in OUTCOMES if each in able)
            en, zh = f"node '{node.name}' never comes to '{outcome}'", f"节点“{node.name}”不会得出“{outcome}”"
            checked.error("node.then", place, en, zh, Hint(f"it comes to: {listed}", f"可能得出：{listed}"), key=True)


def outcomes_of(checked: Checked, node: Node, kind: str) -> set[str]:
    """Outcomes a node itself can come to; empty for nodes that come to none, and for unknown names."""
    policy = checked.policy
    found: set[str | None] = set()
    for rules in policy.rule_sets:
        if kind == "rule_set" and rules.name == node.rule_set:
            found |= {"pass", *(r.outcome for r in rules.rules if not r.shadow), *(t.outcome for t in rules.thresholds)}
    for card in policy.scorecards:
        if kind == "scorecard" and card.name == node.scorecard:
            found |= {"pass", *(band.outcome for band in card.bands)}
    for table in policy.tables:
        if kind == "table" and table.name == node.table:
            found |= {"pass", *(row.outcome for row in table.rows)}
    flows = {flow.name: flow for flow in policy.flows}
    if kind == "flow" and node.flow in flows:
        found |= _of_flow(checked, flows[node.flow], flows)
    return {each for each in found if each is not None}


def _of_flow(checked: Checked, flow: Flow, flows: dict[str, Flow]) -> set[str | None]:
    found: set[str | None] = {node.outcome for node in flow.nodes}
    if any(node.severest for node in flow.nodes):
        return {*OUTCOMES}  # the severest so far may come from before the flow
    return found


def _experiment(checked: Checked, flow: CheckedFlow, node: Node, path: Path) -> None:
    seen: set[str] = set()
    total = Decimal(0)
    for number, arm in enumerate(node.experiment):
        place = (*path, "experiment", number)
        if arm.name in seen or not arm.name.strip():
            checked.error(
                "arm.name",
                (*place, "name"),
                f"arm '{arm.name}' stands twice or has no name",
                f"分支“{arm.name}”重复或没有名称",
                Hint("give each arm its own name", "为每个分组取不同的名称"),
            )
        seen.add(arm.name)
        percent = exact(checked, arm.percent, (*place, "percent"))
        if percent is None:
            continue
        if not 0 <= percent <= 100 or percent != round(percent, PERCENT_DIGITS):
            en, zh = (
                f"{arm.percent} percent: 0 to 100, up to four decimals",
                f"百分比 {arm.percent} 应在 0 到 100 之间，最多四位小数",
            )
            checked.error("arm.percent", (*place, "percent"), en, zh)
        total += percent
    if total > 100:
        en, zh = f"the arms of '{node.name}' add up to {total} percent", f"“{node.name}”的各分支合计 {total}%"
        checked.error(
            "arm.percent",
            (*path, "experiment"),
            en,
            zh,
            Hint("at most 100; the rest takes `next`", "合计最多 100，其余走 `next`"),
        )
    if node.by:
        _by(checked, flow, node.by, (*path, "by"))


def _by(checked: Checked, flow: CheckedFlow, name: str, path: Path) -> None:
    type_ = checked.known.names.get(name)
    if type_ is None:
        hint = did_you_mean(name, checked.known.names) or Hint("name a field of the event", "请指定事件的字段")
        checked.error("field.unknown", path, f"unknown field '{name}'", f"未知字段“{name}”", hint)
    elif type_.is_list or type_.kind not in (Kind.STRING, Kind.INT):
        en, zh = f"'{name}' cannot split an experiment", f"“{name}”不能用于实验分流"
        checked.error(
            "experiment.by",
            path,
            en,
            zh,
            Hint("use a text or a whole number, e.g. the customer", "使用文本或整数字段，例如客户号"),
        )
    elif checked.known.missing_on(name, flow.on):
        en, zh = (
            f"no event of this flow carries '{name}': everything takes `next`",
            f"该流程的事件都没有“{name}”，将全部走 next",
        )
        checked.warn("field.absent", path, en, zh, Hint("use a field the events have", "使用事件中存在的字段"))
