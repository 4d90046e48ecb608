"""Nodes that ask services: services that exist, in flows that decide events, within their time, the cheap before the dear.

In: the declared policy and its places. Out: problems at the word. They are looked at before calls are written out, as waits are.
"""

from __future__ import annotations

from zhiyu.base.errors import Hint, Problem, did_you_mean
from zhiyu.base.limits import MAX_FLOW_SERVICES
from zhiyu.base.windows import UNITS_MS, parse_duration_ms, say_duration
from zhiyu.policy.calls import HELD_AS, WITHIN, calling_nodes, calls_of, resumed_by_calls
from zhiyu.policy.check_services import Findings
from zhiyu.policy.check_waits import MAX_TYPES
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.declare_services import Service
from zhiyu.policy.expand import all_features
from zhiyu.policy.flow_graph import circle, kinds_of, led_to, successors
from zhiyu.policy.outcomes import Outcome
from zhiyu.policy.places import Path, Places
from zhiyu.policy.spend import budget_ms, longest_ms, price_of
from zhiyu.policy.waits import waiting_nodes

SHORTEST_MS, LONGEST_MS = UNITS_MS["s"], UNITS_MS["h"]


def call_problems(policy: Policy, places: Places, sound: bool = True) -> list[Problem]:
    """Everything that is wrong with calls, and what looks unmeant. `sound`: the services themselves are; times and prices can be read."""
    found = _Found(policy, places, sound)
    for number, flow in enumerate(policy.flows):
        for at, node in enumerate(flow.nodes):
            if node.call and kinds_of(node) == ["call"]:
                found.node(flow, node, ("flows", number, "nodes", at))
        if sound and calling_nodes(flow) and not circle(successors(flow)):
            found.flow(flow, ("flows", number))
    found.whole()
    return found.problems


class _Found(Findings):
    def __init__(self, policy: Policy, places: Places, sound: bool) -> None:
        super().__init__(policy, places)
        self.sound = sound
        self.services = {service.name: service for service in policy.services}
        self.events = {event.name: event for event in policy.events}
        self.more = {"id", "type", "time", *(each.feature.name for each in all_features(policy))}
        self.used = {node.flow for flow in policy.flows for node in flow.nodes if node.flow}

    def known(self, node: Node) -> list[Service]:
        """The services of a node that exist."""
        return [self.services[name] for name in calls_of(node) if name in self.services]

    def node(self, flow: Flow, node: Node, path: Path) -> None:
        """One node."""
        names = calls_of(node)
        for at, name in enumerate(names):
            place = (*path, "call", at) if isinstance(node.call, tuple) else (*path, "call")
            if name not in self.services:
                hint = did_you_mean(name, self.services) or Hint(
                    f"services: {', '.join(self.services) or '-'}", f"外部服务：{'、'.join(self.services) or '-'}"
                )
                self.error("call.unknown", place, f"unknown service '{name}'", f"未知的外部服务“{name}”", hint)
            elif names.index(name) < at:
                self.error(
                    "call.twice", place, f"'{name}' is asked twice at '{node.name}'", f"“{node.name}”重复查询“{name}”"
                )
            else:
                self.request(flow, name, place)
        if not flow.on or flow.name in self.used:
            en, zh = (
                f"'{node.name}' asks inside a flow that other flows use",
                f"“{node.name}”在供其他流程使用的流程中查询外部服务",
            )
            hint = Hint("ask in the flow that decides the event", "请在直接处理该事件的流程中查询")
            self.error("call.sub_flow", (*path, "call"), en, zh, hint)
        self.within(node, path)
        bare = [s.name for s in self.known(node) if all(told.fallback is None for told in s.answer.values())]
        if not node.failed and bare:
            en = f"nothing says what happens at '{node.name}' when {' and '.join(bare)} cannot be asked: its answer is missing then"
            zh = f"“{node.name}”未说明{'、'.join(bare)}无法查询时的处理：届时其回应为缺失"
            hint = Hint(
                "add `failed: NODE`, or a `fallback` to the answer's fields",
                "写 `failed: 节点`，或为回应字段写 `fallback`",
            )
            self.warn("call.failed", (*path, "call"), en, zh, hint)

    def request(self, flow: Flow, name: str, place: Path) -> None:
        """What is sent must be of the event, for every event type of the flow."""
        request, number = self.services[name].request, list(self.services).index(name)
        for part in ("query", "body"):
            for key, field in getattr(request, part).items():
                for event in flow.on:
                    declared = self.events.get(event)
                    if declared is None or field in declared.fields or field in declared.derive or field in self.more:
                        continue
                    en, zh = (
                        f"'{event}' has no field '{field}' that '{name}' is sent",
                        f"“{event}”没有要发送给“{name}”的字段“{field}”",
                    )
                    known = [*declared.fields, *declared.derive]
                    hint = did_you_mean(field, known) or Hint(
                        f"fields: {', '.join(known[:12])}", f"字段：{'、'.join(known[:12])}"
                    )
                    self.error("field.unknown", ("services", number, "request", part, key), en, zh, hint)

    def within(self, node: Node, path: Path) -> None:
        """How long the decision may wait for one answer, and whether every service gives up before."""
        within = self.span(node.within or WITHIN, (*path, "within"), SHORTEST_MS, LONGEST_MS, "1s … 1h")
        if within is None or not self.sound:
            return
        for service in self.known(node):
            if budget_ms(service) >= within:
                took, held = say_duration(budget_ms(service)), say_duration(within)
                en = f"'{service.name}' may take {took}, and '{node.name}' waits {held}"
                zh = f"“{service.name}”最长 {took}，而“{node.name}”只等待 {held}"
                self.error(
                    "call.within",
                    (*path, "within" if node.within else "call"),
                    en,
                    zh,
                    Hint("wait longer", "延长 `within`"),
                )

    def flow(self, flow: Flow, path: Path) -> None:
        """All calls of one flow together: how many, how long, in which order."""
        asked = {name for node in calling_nodes(flow) for name in calls_of(node) if name in self.services}
        if len(asked) > MAX_FLOW_SERVICES:
            en, zh = (
                f"{len(asked)} services in one flow; at most {MAX_FLOW_SERVICES}",
                f"一个流程查询 {len(asked)} 个服务，上限 {MAX_FLOW_SERVICES}",
            )
            self.error("limit.flow_services", path, en, zh)
            return
        self.deadline(flow, path)
        links = successors(flow)
        for at, node in enumerate(flow.nodes):
            if not node.call:
                continue
            later = led_to([node.next], links)
            cheaper = [
                (other, service)
                for other in calling_nodes(flow)
                if other.name in later and other is not node
                for service in self.known(other)
            ]
            for mine in self.known(node):
                for other, service in cheaper:
                    if price_of(service) < price_of(mine) and service.currency == mine.currency:
                        en = f"'{mine.name}' ({mine.price}) is asked before '{service.name}' ({service.price}), which is cheaper and may decide"
                        zh = f"“{mine.name}”（{mine.price}）先于更便宜的“{service.name}”（{service.price}）查询，而后者也许已能定论"
                        hint = Hint(f"ask at '{other.name}' first", f"先在“{other.name}”查询")
                        self.warn("call.dear_first", (*path, "nodes", at, "call"), en, zh, hint)

    def deadline(self, flow: Flow, path: Path) -> None:
        """Whether the slowest way fits into the time that a request has."""
        try:
            deadline = parse_duration_ms(self.policy.deadline.within) if self.policy.deadline.within else None
        except ValueError:
            return  # told where it stands
        took = longest_ms(flow, self.services)
        if deadline is not None and took > deadline:
            en = f"the calls of '{flow.name}' may take {say_duration(took)}, and a request has {say_duration(deadline)}"
            zh = f"“{flow.name}”的外部查询最长 {say_duration(took)}，而请求只有 {say_duration(deadline)}"
            hint = Hint(
                "whoever asks is told that the decision waits; give less `timeout` or `budget`, or raise `deadline.within`",
                "届时调用方得到“等待中”；请缩短 `timeout` 或 `budget`，或调大 `deadline.within`",
            )
            self.warn("call.deadline", path, en, zh, hint)

    def whole(self) -> None:
        """What no node asks; brakes that count what is only held for an answer; how many event types it comes to."""
        flows = [flow for flow in self.policy.flows if calling_nodes(flow)]
        asked = {name for flow in flows for node in flow.nodes for name in calls_of(node)}
        for number, service in enumerate(self.policy.services):
            if service.name not in asked:
                en, zh = f"no node asks '{service.name}'", f"没有节点查询“{service.name}”"
                self.warn(
                    "service.unused", ("services", number), en, zh, Hint("ask it, or remove it", "查询它，或删除它")
                )
        brakes: list[tuple[Path, tuple[Outcome, ...]]] = [
            (("limits", i, "outcomes"), each.outcomes) for i, each in enumerate(self.policy.limits)
        ]
        if self.policy.let_through is not None:
            brakes.append((("let_through", "outcomes"), self.policy.let_through.outcomes))
        for path, outcomes in brakes:
            if flows and HELD_AS in outcomes:
                en = f"it counts '{HELD_AS}', which is also what a decision is while a service is asked"
                zh = f"它统计“{HELD_AS}”，而查询外部服务期间的决策也是“{HELD_AS}”"
                self.warn("call.brake", path, en, zh, Hint(f"leave '{HELD_AS}' out", f"去掉“{HELD_AS}”"))
        made = sum(len(flow.on) * (1 + len(waiting_nodes(flow))) for flow in flows)
        made += sum(len(flow.on) * len(waiting_nodes(flow)) for flow in self.policy.flows)
        whole = len(self.policy.events) + len(self.policy.services) + made
        if flows and whole > MAX_TYPES:
            en = f"{whole} event types with services, waits and calls; at most {MAX_TYPES} together"
            self.error(
                "limit.waits", ("services",), en, f"连同外部服务、等待与查询共 {whole} 个事件类型，上限 {MAX_TYPES}"
            )
        for flow in flows:
            for event in flow.on:
                if resumed_by_calls(event) in {f"{event}@{node.name}" for node in waiting_nodes(flow)}:
                    en, zh = (
                        "a node that waits cannot be called 'calls' where services are asked",
                        "查询外部服务的流程中，等待节点不能命名为 calls",
                    )
                    self.error("call.name", ("flows", self.policy.flows.index(flow)), en, zh)
