"""A flow as an indented walk through its nodes, in zh and en.

In: a checked policy and one of its flows. Out: lines; a node is described where the walk first comes to it, later mentions name it only.
"""

from __future__ import annotations

from zhiyu.base.money import say_money
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.say import say
from zhiyu.expressions.types import DURATION
from zhiyu.expressions.wording import say_value
from zhiyu.policy.calls import calls_of, cheapest_first
from zhiyu.policy.checked import Checked, CheckedFlow
from zhiyu.policy.declare_flows import Node
from zhiyu.policy.flow_graph import kinds_of
from zhiyu.policy.say import Labels, event_words, labels_of, pick, reason_words
from zhiyu.policy.say_decisions import on_words, outcome_words, say_do
from zhiyu.policy.spend import price_of
from zhiyu.policy.waits import on_change

DEEPEST = 20
"""Side ways nested deeper than this are told at the end of the walk."""
_ASK = {
    "rule_set": ("ask rule set", "运行规则集"),
    "scorecard": ("ask scorecard", "运行评分卡"),
    "table": ("ask table", "查决策表"),
    "flow": ("go through flow", "进入流程"),
}

CHANGED = {
    "lists": ("when a list changes about it", "若相关名单变化"),
    "labels": ("when a label comes about it", "若出现相关标签"),
    "gangs": ("when a gang is found about it", "若发现相关团伙"),
}
AGAIN = (
    "; decided again when a list, a label or a gang about it changes, and only a severer outcome ends the wait",
    "；相关名单、标签或团伙变化时重新决策，仅更严的结果会结束等待",
)


def say_flow(checked: Checked, flow: CheckedFlow, language: str) -> str:
    """A flow: what it decides, then its walk."""
    label = pick(flow.flow.en, flow.flow.zh, language) or flow.flow.name
    on = on_words(checked, flow.on, language)
    head = f"流程“{label}”处理{on}：" if language == "zh" else f"Flow '{label}' on {on}:"
    labels = labels_of(checked) | {name: (f"the total of {name}", f"{name} 的总分") for name in _totals(flow)}
    walk = _Walk(checked, flow, language, labels)
    walk.later.append(flow.flow.nodes[0].name if flow.flow.nodes else "")
    while walk.later:
        name = walk.later.pop(0)
        if name not in walk.told:
            walk.node(name, 1)
    return "\n".join([head, *walk.lines])


def _totals(flow: CheckedFlow) -> list[str]:
    return [name for node in flow.flow.nodes if (name := node.rule_set or node.scorecard or node.table)]


class _Walk:
    """Lines so far, and the nodes that were described."""

    def __init__(self, checked: Checked, flow: CheckedFlow, language: str, labels: Labels) -> None:
        self.checked, self.flow, self.language, self.labels = checked, flow, language, labels
        self.nodes = {node.name: node for node in flow.flow.nodes}
        self.told: set[str] = set()
        self.lines: list[str] = []
        self.later: list[str] = []

    def pick(self, en: str, zh: str) -> str:
        return zh if self.language == "zh" else en

    def add(self, depth: int, en: str, zh: str) -> None:
        self.lines.append("  " * depth + self.pick(en, zh))

    def node(self, name: str, depth: int) -> None:
        """Walk from a node on; `next` stays on the same depth."""
        while name:
            node = self.nodes.get(name)
            if node is None or name in self.told:
                self.add(depth, f"→ go on at '{name}'", f"→ 转到“{name}”")
                return
            if depth > DEEPEST:
                self.add(depth, f"→ go on at '{name}'", f"→ 转到“{name}”")
                self.later.append(name)
                return
            self.told.add(name)
            self.describe(node, depth)
            name = node.next

    def describe(self, node: Node, depth: int) -> None:
        """One node and its side ways."""
        kind = next(iter(kinds_of(node)), "")
        en, zh = self.what(node, kind)
        done = self.pick(", ", "、").join(say_do(do, self.language) for do in node.actions)
        label = pick(node.en, node.zh, self.language)
        shown = (
            f"{node.name} ({label})"
            if label and self.language == "en"
            else f"{node.name}（{label}）"
            if label
            else node.name
        )
        self.add(
            depth,
            f"{shown}: {en}" + (f"; do {done}" if done else ""),
            f"{shown}：{zh}" + (f"；执行 {done}" if done else ""),
        )
        for (side_en, side_zh), to in self.ways(node):
            self.add(depth + 1, f"{side_en}:", f"{side_zh}：")
            self.node(to, depth + 2)

    def what(self, node: Node, kind: str) -> tuple[str, str]:
        """What the node does."""
        if kind in _ASK:
            en, zh = _ASK[kind]
            return f"{en} '{getattr(node, kind)}'", f"{zh}“{getattr(node, kind)}”"
        if kind == "list":
            return f"is {node.of} on list '{node.list}'?", f"{node.of} 是否在名单“{node.list}”中"
        if kind == "experiment":
            return f"experiment by {node.by}", f"按 {node.by} 分流实验"
        if kind == "branch":
            return "choose", "分支"
        reason = reason_words(self.checked, node.reason, self.language)
        en, zh = (f"; reason: {reason}", f"，原因：{reason}") if reason else ("", "")
        if node.wait is not None:
            name = outcome_words(node.wait, self.language)
            span = [say_value(parse_duration_ms(node.within), DURATION, each) for each in ("en", "zh")]
            answers = ", ".join(event_words(self.checked, each, "en") for each in node.answers)
            answers_zh = "、".join(event_words(self.checked, each, "zh") for each in node.answers)
            until = f" for {answers}" if answers else ""
            until_zh = f"，等待{answers_zh}" if answers_zh else ""
            again, again_zh = AGAIN if node.changed is None and on_change(self.flow.flow, node) else ("", "")
            return (
                f"the outcome is {name}, and it waits up to {span[0]}{until}{again}{en}",
                f"结果为{name}{until_zh}，最长 {span[1]}{again_zh}{zh}",
            )
        if node.call:
            return self.asked(node)
        if node.outcome is not None:
            name = outcome_words(node.outcome, self.language)
            return f"the outcome is {name}{en}", f"结果为{name}{zh}"
        return "the severest outcome so far", "取此前最严的结果"

    def asked(self, node: Node) -> tuple[str, str]:
        """Which services a node asks, in which order, and when it stops."""
        services = {service.name: service for service in self.checked.declared.services}
        names = [services[name] for name in cheapest_first(calls_of(node), services)]
        prices = [say_money(price_of(service), service.currency) for service in names]
        en = ", then ".join(f"{each.en or each.name} ({price})" for each, price in zip(names, prices))
        zh = "，再查".join(f"{each.zh or each.en or each.name}（{price}）" for each, price in zip(names, prices))
        if node.until:
            typed = self.flow.conditions.get(node.name, ())
            until = [say(typed[0], each, self.labels) if typed else f"`{node.until}`" for each in ("en", "zh")]
            return f"ask {en}, until {until[0]}", f"查询{zh}，直至{until[1]}"
        return f"ask {en}", f"查询{zh}"

    def ways(self, node: Node) -> list[tuple[tuple[str, str], str]]:
        """Side ways in words, and where they lead."""
        found: list[tuple[tuple[str, str], str]] = []
        if node.hit:
            found.append((("if it is", "若在"), node.hit))
        if node.expired and node.expired != node.next:
            found.append((("when time is over", "若超时"), node.expired))
        for what, to in (node.changed or {}).items():
            found.append((CHANGED.get(what, ("", "")), to))
        if node.failed and node.failed != node.next:
            found.append((("when no answer comes", "若均无回应"), node.failed))
        for outcome, to in node.then.items():
            found.append(
                ((f"if it comes to {outcome_words(outcome, 'en')}", f"若结果为{outcome_words(outcome, 'zh')}"), to)
            )
        typed = self.flow.conditions.get(node.name, ()) if node.branch else ()
        for number, case in enumerate(node.branch):
            sound = len(typed) == len(node.branch)
            words = [say(typed[number], each, self.labels) if sound else f"`{case.when}`" for each in ("en", "zh")]
            found.append(((f"if {words[0]}", f"若{words[1]}"), case.to))
        found += [
            ((f"arm '{arm.name}' ({arm.percent}%)", f"分支“{arm.name}”（{arm.percent}%）"), arm.to)
            for arm in node.experiment
        ]
        return found
