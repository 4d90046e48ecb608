"""Nodes that wait: a sound outcome, deadline and answers, in a flow that decides events by itself.

In: the declared policy and its places. Out: problems at the words of the node; and whether the waits can be written out at all. These
checks come before all others, because what the others look at is the policy with its waits written out.
"""

from __future__ import annotations

from zhiyu.base.errors import NO_HINT, Hint, Problem, did_you_mean
from zhiyu.base.windows import UNITS_MS, parse_duration_ms, say_duration
from zhiyu.events.kinds.kinds import CHECKED
from zhiyu.policy.builtin import CHANGES
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.flow_graph import circle, edges, kinds_of, successors
from zhiyu.policy.places import Path, Places
from zhiyu.policy.waits import links_of_waits, on_change, reached, waiting_nodes

HOLDING = ("challenge", "delay", "review")
"""Outcomes that hold the money while somebody waits."""
SHORTEST_MS, LONGEST_MS = UNITS_MS["s"], 90 * UNITS_MS["d"]
MAX_TYPES = 60
"""Event types with those that go on after a wait: a set of types is one machine word."""


def wait_problems(policy: Policy, places: Places) -> list[Problem]:
    """Everything that is wrong with waits, and what looks unmeant."""
    found = _Found(policy, places)
    for number, flow in enumerate(policy.flows):
        for at, node in enumerate(flow.nodes):
            if node.wait is not None and kinds_of(node) == ["wait"]:
                found.node(flow, node, ("flows", number, "nodes", at))
        found.length(flow, ("flows", number))
    found.types()
    return found.problems


def can_be_written_out(policy: Policy) -> bool:
    """Whether every flow with waits or calls is sound as a graph: unique names, edges that lead somewhere, no circle, no open end."""
    types = {event.name for event in policy.events}
    for flow in policy.flows:
        if not waiting_nodes(flow) and not any(node.call for node in flow.nodes):
            continue
        names = [node.name for node in flow.nodes]
        lost = any(to not in names for node in flow.nodes for _, to in edges(node))
        lost = lost or any(to not in names for node in waiting_nodes(flow) for to in on_change(flow, node).values())
        open_end = lost or any(
            not node.next and node.outcome is None and not node.severest
            for node in flow.nodes
            if node.name in reached(flow)
        )
        double = any(len(kinds_of(node)) != 1 for node in flow.nodes)
        if (
            len(set(names)) < len(names)
            or open_end
            or lost
            or double
            or circle(successors(flow))
            or not types >= {*flow.on}
        ):
            return False
    return True


class _Found:
    def __init__(self, policy: Policy, places: Places) -> None:
        self.policy, self.places = policy, places
        self.problems: list[Problem] = []
        self.events = {event.name: event for event in policy.events}
        self.used = {node.flow for flow in policy.flows for node in flow.nodes if node.flow}

    def error(self, code: str, path: Path, en: str, zh: str, hint: Hint = NO_HINT, key: bool = False) -> None:
        place = self.places.key(path) if key else self.places.at(path)
        self.problems.append(Problem(code, en, zh, place, "error", *hint))

    def node(self, flow: Flow, node: Node, path: Path) -> None:
        """One wait."""
        name = node.name
        if node.wait not in HOLDING:
            en, zh = (
                f"nothing waits at '{name}': '{node.wait}' holds nothing",
                f"“{name}”无法等待：“{node.wait}”不会拦住任何事",
            )
            hint = Hint(f"one of: {', '.join(HOLDING)}", f"可选：{'、'.join(HOLDING)}")
            self.error("wait.outcome", (*path, "wait"), en, zh, hint)
        if not flow.on or flow.name in self.used:
            en, zh = f"'{name}' waits inside a flow that other flows use", f"“{name}”在供其他流程使用的流程中等待"
            if not flow.on and flow.name not in self.used:
                en, zh = f"'{name}' waits in a flow that decides no event type", f"“{name}”所在的流程不处理任何事件"
            hint = Hint("wait in the flow that decides the event", "请在直接处理该事件的流程中等待")
            self.error("wait.sub_flow", (*path, "wait"), en, zh, hint)
        self.within(node, path)
        for answer, field in node.answers.items():
            self.answer(answer, field, (*path, "answers", answer))
        for what, to in (node.changed or {}).items():
            self.change(flow, node, what, to, (*path, "changed", what))
        if node.wait == "challenge" and not node.answers:
            en, zh = (
                f"nothing answers the challenge '{name}': only time ends it",
                f"没有事件能回应“{name}”，只能等到超时",
            )
            hint = Hint(
                "name the event that brings the result under `answers:`, or `wait: delay`",
                "在 `answers:` 下写明带来结果的事件，或改为 `wait: delay`",
            )
            self.problems.append(Problem("wait.unanswered", en, zh, self.places.at((*path, "wait")), "warning", *hint))

    def change(self, flow: Flow, node: Node, what: str, to: str, path: Path) -> None:
        """One thing that may change, and where it leads."""
        if what not in CHANGES:
            hint = did_you_mean(what, CHANGES) or Hint(f"one of: {', '.join(CHANGES)}", f"可选：{'、'.join(CHANGES)}")
            en, zh = f"'{what}' is nothing that a wait looks at", f"等待不关注“{what}”"
            self.error("wait.changed", path, en, zh, hint, key=True)
            return
        names = [each.name for each in flow.nodes]
        if to not in names:
            hint = did_you_mean(to, names) or Hint(
                f"nodes: {', '.join(names[:12])}", f"已有节点：{'、'.join(names[:12])}"
            )
            self.error("node.unknown", path, f"no node '{to}' in this flow", f"流程中没有节点“{to}”", hint)
        elif to == node.name:
            en, zh = f"a change that leads back to '{to}' changes nothing", f"变化后仍回到“{to}”，不起作用"
            hint = Hint(
                "name the node that decides it again, or leave it out of `changed`",
                "写明重新决策的节点，或从 `changed` 中去掉它",
            )
            self.error("wait.changed", path, en, zh, hint)

    def within(self, node: Node, path: Path) -> None:
        """How long it may last."""
        if not node.within:
            en, zh = f"'{node.name}' waits without end", f"“{node.name}”没有等待期限"
            self.error("wait.within", path, en, zh, Hint("write e.g. `within: 30m`", "例如写 `within: 30m`"))
            return
        try:
            within = parse_duration_ms(node.within)
        except ValueError as fault:
            zh = f"“{node.within}”不是时长；应为整数加单位，如 24h"
            hint = Hint("write e.g. 30m, 24h or 7d", "例如 30m、24h 或 7d")
            self.error("duration", (*path, "within"), str(fault), zh, hint)
            return
        if not SHORTEST_MS <= within <= LONGEST_MS:
            en, zh = f"`within` is {node.within}; it is 1s to 90d", f"within 为 {node.within}，应在 1s 到 90d 之间"
            self.error("wait.within", (*path, "within"), en, zh)

    def answer(self, answer: str, field: str, path: Path) -> None:
        """One answering event type and its field that carries the id."""
        event = self.events.get(answer)
        if event is None:
            hint = did_you_mean(answer, self.events) or Hint(
                f"event types: {', '.join(sorted(self.events))}", f"事件类型：{'、'.join(sorted(self.events))}"
            )
            en, zh = f"unknown event type '{answer}'", f"未知的事件类型“{answer}”"
            self.error("event.unknown", path, en, zh, hint, key=True)
            return
        declared = event.fields.get(field)
        texts = [name for name, each in event.fields.items() if each.type == "string" and not each.personal]
        if declared is None:
            hint = did_you_mean(field, event.fields) or Hint(
                f"texts it has: {', '.join(texts) or '-'}", f"其文本字段：{'、'.join(texts) or '-'}"
            )
            self.error(
                "field.unknown", path, f"'{answer}' has no field '{field}'", f"“{answer}”没有字段“{field}”", hint
            )
        elif (
            declared.type != "string"
            or declared.personal
            or declared.type in CHECKED
            or {*declared.normalise} - {"trim"}
        ):
            en = f"'{field}' of '{answer}' cannot carry the id of an event"
            zh = f"“{answer}”的“{field}”不能承载事件编号"
            hint = Hint(
                "use a plain text: `type: string`, not personal, `normalise: [trim]`",
                "请用普通文本：`type: string`，非个人信息，`normalise: [trim]`",
            )
            self.error("wait.field", path, en, zh, hint)

    def length(self, flow: Flow, path: Path) -> None:
        """Waits one after the other end while the id of the event is remembered: an answer must not find another event of that id."""
        waits = waiting_nodes(flow)
        names = [node.name for node in flow.nodes]
        if not waits or circle(successors(flow)) or len({*names}) < len(names):
            return
        try:
            horizon = parse_duration_ms(self.policy.clock.idempotency)
            within = {node.name: parse_duration_ms(node.within) for node in waits}
        except ValueError:
            return  # told where it stands
        links = links_of_waits(flow)
        longest: dict[str, int] = {}

        def upto(name: str) -> int:
            if name not in longest:
                longest[name] = within[name] + max((upto(to) for to in links[name]), default=0)
            return longest[name]

        for at, node in enumerate(flow.nodes):
            if node.name in within and upto(node.name) > horizon >= upto(node.name) - within[node.name]:
                whole, ids = say_duration(upto(node.name)), say_duration(horizon)
                en = f"from '{node.name}' on, decisions may wait {whole}, but ids are remembered for {ids}"
                zh = f"自“{node.name}”起最长可等待 {whole}，而事件编号只记住 {ids}"
                hint = Hint("wait less, or raise `clock.idempotency`", "缩短等待，或调大 `clock.idempotency`")
                self.error("wait.too_long", (*path, "nodes", at, "within"), en, zh, hint)

    def types(self) -> None:
        """Every wait of every type of its flow makes an event type."""
        made = sum(len(flow.on) * len(waiting_nodes(flow)) for flow in self.policy.flows)
        if made and len(self.events) + made > MAX_TYPES:
            en = f"{len(self.events)} event types and {made} waits of theirs; at most {MAX_TYPES} together"
            zh = f"事件类型 {len(self.events)} 个，其等待 {made} 个，合计上限 {MAX_TYPES}"
            number = next(i for i, flow in enumerate(self.policy.flows) if waiting_nodes(flow))
            self.error("limit.waits", ("flows", number), en, zh, Hint("wait at fewer nodes", "减少等待的节点"))
