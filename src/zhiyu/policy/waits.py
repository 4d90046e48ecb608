"""Flows that wait, written out: what comes after a wait becomes a flow of its own, on an event type of its own.

In: a declared policy whose waits are sound. Out: `WrittenOut`: the same policy without waits, and what each wait led to. A flow F of
event type T with the node `w: wait: delay` becomes F, in which w ends with `delay`, and `F@w` on the event type `T@w`: T's fields, those
of the answers, `wait_end` and `wait_change`. Rules, tables and scorecards that run on T run on `T@w` too. Where something that changed
leads back to w, or to a wait that stands before it, `F@w` ends at `w@waits`: it goes on waiting.
Why: everything that checks, compiles and runs a flow stays as it is; going on after a wait is deciding an event of another type.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from zhiyu.base.windows import parse_duration_ms
from zhiyu.events.declare import WAIT_CHANGE, WAIT_END, EventType, Field
from zhiyu.policy.builtin import CHANGES, WAIT_FIELDS
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_flows import Case, Flow, Node
from zhiyu.policy.flow_graph import in_order, led_to, successors
from zhiyu.policy.outcomes import Outcome
from zhiyu.policy.places import Path, Places
from zhiyu.policy.write_thresholds import thresholds_written_out

_S = TypeVar("_S", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class Wait:
    """Events of type `event` wait at `node` of `flow`, and go on as `resumed` events. `answers`: event type → field with the id.

    `watched`: which of CHANGES may let it go on; `harder`: then only with a severer outcome. `stays`: nodes that say that it goes on
    waiting.
    `call`: the service that is asked here, "" where somebody else answers. `root`: the type that was declared, where `event` is itself one
    that went on.
    """

    event: str
    flow: str
    node: str
    resumed: str
    outcome: Outcome
    within_ms: int
    answers: Mapping[str, str]
    watched: frozenset[str] = frozenset()
    harder: bool = False
    stays: frozenset[str] = frozenset()
    call: str = ""
    root: str = ""

    @property
    def of(self) -> str:
        """The declared event type that waits."""
        return self.root or self.event


@dataclass(frozen=True)
class WrittenOut:
    """`policy` decides what `declared` says. `flows`: names of the flows after waits → (declared flow, node that waits)."""

    policy: Policy
    declared: Policy
    waits: tuple[Wait, ...] = ()
    flows: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    aliases: Mapping[Path, Path] = field(default_factory=dict)

    def placed(self, places: Places) -> Places:
        """Places that also know the written out parts."""
        return dataclasses.replace(places, aliases=dict(self.aliases)) if self.aliases else places

    def resumed_too(self, on: frozenset[str]) -> frozenset[str]:
        """These event types, and what they go on as after a wait."""
        return on | {wait.resumed for wait in self.waits if wait.of in on}


def waiting_nodes(flow: Flow) -> list[Node]:
    """The nodes at which decisions wait."""
    return [node for node in flow.nodes if node.wait is not None]


def on_change(flow: Flow, node: Node) -> dict[str, str]:
    """What of CHANGES lets a wait go on → where: as declared, else at the first node of the flow, where that is another one."""
    if node.changed is not None:
        return node.changed
    first = flow.nodes[0].name
    return dict.fromkeys(CHANGES, first) if first != node.name else {}


def waits_upto(flow: Flow, node: Node) -> set[str]:
    """The waits that stand before this one in the flow, itself included: what changed does not lead back beyond it."""
    order, waits = in_order(flow), {each.name for each in waiting_nodes(flow)}
    return waits & {*order[: order.index(node.name) + 1]}


def links_of_waits(flow: Flow) -> dict[str, set[str]]:
    """Wait → the waits that may come next, without others between; by answers, by time or by what changed."""
    waits, found = {each.name for each in waiting_nodes(flow)}, dict[str, set[str]]()
    for node in waiting_nodes(flow):
        forward = _upto_waits(flow, [each for each in (node.next, node.expired) if each]) & waits
        found[node.name] = forward | (
            (_upto_waits(flow, list(on_change(flow, node).values())) & waits) - waits_upto(flow, node)
        )
    return found


def reached(flow: Flow) -> set[str]:
    """Names of the nodes that the first node leads to, also by what changes while it waits."""
    links = successors(flow)
    for node in waiting_nodes(flow):
        links[node.name] = links[node.name] + [*on_change(flow, node).values()]
    return led_to([flow.nodes[0].name], links) if flow.nodes else set()


def resumed_name(name: str, node: str) -> str:
    """What the event type, or the flow, after a wait is called.

    >>> resumed_name("drawdown", "call_back")
    'drawdown@call_back'
    """
    return f"{name}@{node}"


def written_out(declared: Policy, waits: bool = True) -> WrittenOut:
    """Write all waits (unless they are not sound) and the thresholds of the matrix out; a policy without any comes back as it is."""
    policy, aliases = thresholds_written_out(declared)
    if not waits or not any(waiting_nodes(flow) for flow in policy.flows):
        return WrittenOut(policy, declared, aliases=aliases)
    found = _Writer(policy).write()
    return dataclasses.replace(found, declared=declared, aliases={**found.aliases, **aliases})


class _Writer:
    def __init__(self, declared: Policy) -> None:
        self.declared = declared
        self.types = {event.name: event for event in declared.events}
        self.flows: list[Flow] = []
        self.events: list[EventType] = []
        self.waits: list[Wait] = []
        self.after: dict[str, tuple[str, str]] = {}
        self.aliases: dict[Path, Path] = {}
        self.also: dict[str, list[str]] = {}

    def write(self) -> WrittenOut:
        policy = self.declared
        self.flows = [self._before(flow, number) for number, flow in enumerate(policy.flows)]
        for number, flow in enumerate(policy.flows):
            self._after(flow, number)
        wider = wider_on(replace(policy, events=(*policy.events, *self.events), flows=tuple(self.flows)), self.also)
        return WrittenOut(wider, policy, tuple(self.waits), self.after, self.aliases)

    def _before(self, flow: Flow, number: int) -> Flow:
        """The flow up to its waits, and whatever no path leads to at all."""
        if not waiting_nodes(flow):
            return flow
        kept = _upto_waits(flow, [flow.nodes[0].name]) | ({node.name for node in flow.nodes} - reached(flow))
        return self._flow(flow, number, number, flow.name, flow.on, kept, ())

    def _after(self, flow: Flow, number: int) -> None:
        found = reached(flow)
        for at, node in enumerate(flow.nodes):
            if node.wait is None or node.name not in found:
                continue
            expired, changed = node.expired or node.next, on_change(flow, node)
            kept = _upto_waits(flow, [node.next, expired, *changed.values()])
            stays = {each: f"{each}@waits" for each in kept & waits_upto(flow, node)}
            begin = Node(name=node.name, branch=_begin(node, expired, changed), next=node.next)
            name, on = resumed_name(flow.name, node.name), tuple(resumed_name(each, node.name) for each in flow.on)
            place = len(self.flows)
            self.aliases[("flows", place)] = ("flows", number)
            self.aliases[("flows", place, "nodes", 0)] = ("flows", number, "nodes", at)
            whole = self._flow(flow, number, place, name, on, kept, (begin,), stays)
            self.flows.append(replace(whole, nodes=tuple(_led_to(each, stays) for each in whole.nodes)))
            self.after[name] = (flow.name, node.name)
            for event in flow.on:
                self._event(flow, node, event, frozenset(stays.values()))

    def _flow(
        self, flow: Flow, number: int, place: int, name: str, on: tuple[str, ...], kept: set[str], first: tuple[Node, ...],
        stays: Mapping[str, str] = MappingProxyType({}),
    ) -> Flow:  # fmt: skip
        nodes = list(first)
        for at, node in enumerate(flow.nodes):
            if node.name in kept:
                self.aliases[("flows", place, "nodes", len(nodes))] = ("flows", number, "nodes", at)
                nodes.append(Node(name=stays[node.name], outcome="pass") if node.name in stays else _as_end(node))
        return replace(flow, name=name, on=on, nodes=tuple(nodes))

    def _event(self, flow: Flow, node: Node, name: str, stays: frozenset[str]) -> None:
        """The event type that goes on after a wait: what the event is, what any answer in this flow may tell, how the wait ended."""
        event = self.types[name]
        resumed = resumed_name(name, node.name)
        fields, derive = dict[str, Field](), dict[str, str]()
        for answer in dict.fromkeys(each for one in waiting_nodes(flow) for each in one.answers):
            told = self.types[answer]
            fields |= {each: replace(declared, required=False) for each, declared in told.fields.items()}
            derive |= told.derive
        fields |= event.fields | WAIT_FIELDS
        en, zh = f"{event.en or name}, after {node.name}", f"{event.zh or name}（{node.name} 之后）"
        self.aliases[("events", len(self.declared.events) + len(self.events))] = (
            "events",
            self.declared.events.index(event),
        )
        self.events.append(
            EventType(name=resumed, fields=fields, derive=derive | event.derive, money=event.money, en=en, zh=zh)
        )
        self.also.setdefault(name, []).append(resumed)
        assert node.wait is not None
        within_ms = parse_duration_ms(node.within)
        watched, harder = frozenset(on_change(flow, node)), node.changed is None
        self.waits.append(
            Wait(name, flow.name, node.name, resumed, node.wait, within_ms, dict(node.answers), watched, harder, stays)
        )


def _begin(node: Node, expired: str, changed: Mapping[str, str]) -> tuple[Case, ...]:
    """Where a flow goes on, by how the wait ended; answered: at `next`."""
    cases = [Case(when=f'{WAIT_END} == "expired"', to=expired)]
    if node.changed is None and changed:
        return (*cases, Case(when=f'{WAIT_END} == "changed"', to=next(iter(changed.values()))))
    return (*cases, *(Case(when=f'{WAIT_CHANGE} == "{what}"', to=to) for what, to in changed.items()))


def _led_to(node: Node, names: Mapping[str, str]) -> Node:
    """A node that leads to these names instead."""
    return replace(
        node, next=names.get(node.next, node.next), hit=names.get(node.hit, node.hit), failed=names.get(node.failed, node.failed),
        then={outcome: names.get(to, to) for outcome, to in node.then.items()},
        branch=tuple(replace(case, to=names.get(case.to, case.to)) for case in node.branch),
        experiment=tuple(replace(arm, to=names.get(arm.to, arm.to)) for arm in node.experiment),
    )  # fmt: skip


def wider_on(policy: Policy, also: Mapping[str, list[str]]) -> Policy:
    """What runs on an event type runs on those that it goes on as too (`also`: type → those)."""

    def wider(each: _S) -> _S:
        on: tuple[str, ...] = getattr(each, "on")  # noqa: B009 (each kind of declaration has it)
        found: Any = replace(each, on=(*on, *(more for name in on for more in also.get(name, ()))))
        return found

    return replace(
        policy,
        rule_sets=tuple(
            replace(wider(each), rules=tuple(wider(rule) for rule in each.rules)) for each in policy.rule_sets
        ),
        scorecards=tuple(wider(each) for each in policy.scorecards),
        tables=tuple(wider(each) for each in policy.tables),
    )


def _upto_waits(flow: Flow, starts: list[str]) -> set[str]:
    """What can be reached from these nodes without waiting; the waits themselves included."""
    waits = {node.name for node in waiting_nodes(flow)}
    links = {name: [] if name in waits else to for name, to in successors(flow).items()}
    return led_to(starts, links)


def _as_end(node: Node) -> Node:
    """A node that waits, as the end it is until the wait is over."""
    if node.wait is None:
        return node
    return replace(node, wait=None, outcome=node.wait, within="", answers={}, next="", expired="", changed=None)
