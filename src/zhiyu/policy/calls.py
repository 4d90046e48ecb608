"""Calls of services, written out: an answer is an event, and what waits for it is decided again from the first node of its flow.

In: a policy whose waits are written out and whose calls are sound. Out: the same policy without calls, and a `Wait` for each. A service S
becomes the event type S of its answers. In flow F of event type T, the node `n: call: S` becomes a branch (goes on when it is known how
the call ended) and `n@S`, at which decisions wait for an S about them. What goes on is an event of type `T@calls`: T's fields, those of the
answers, and how each call ended; F decides it from the first node on, with every feature as it was when the event came.
Why all of F again: totals, hits and the severest outcome so far are those of one walk, and nobody has been told anything meanwhile.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from msgspec.structs import replace

from zhiyu.base.windows import parse_duration_ms
from zhiyu.events.declare import EventType, Field
from zhiyu.policy.builtin import CALL_ENDS, WAIT_FIELDS
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_flows import Case, Flow, Node
from zhiyu.policy.declare_services import Service
from zhiyu.policy.flow_graph import reachable
from zhiyu.policy.outcomes import Outcome
from zhiyu.policy.places import Path
from zhiyu.policy.waits import Wait, WrittenOut, wider_on

ABOUT = "about"
"""The field of an answer that carries the id of the event it is about."""
HELD_AS: Outcome = "delay"
"""The outcome while a call is open."""
WITHIN = "1m"
"""How long a decision waits for an answer where nothing else is declared: whoever asks gives up far earlier, and says so in an event."""


def calls_of(node: Node) -> tuple[str, ...]:
    """The services that a node asks, as declared."""
    return (node.call,) if isinstance(node.call, str) and node.call else tuple(node.call)


def calling_nodes(flow: Flow) -> list[Node]:
    """The nodes that ask services."""
    return [node for node in flow.nodes if node.call]


def resumed_by_calls(event: str) -> str:
    """What an event type is called after a call.

    >>> resumed_by_calls("application")
    'application@calls'
    """
    return f"{event}@calls"


def asking_node(node: str, service: str) -> str:
    """What the node is called at which a decision waits for an answer."""
    return f"{node}@{service}"


def end_field(service: str) -> str:
    """The field that says how the call of a service ended.

    >>> end_field("bureau")
    'bureau_call'
    """
    return f"{service}_call"


def answer_type(service: Service) -> EventType:
    """The event type of a service's answers: about what, how the call ended, what it cost, what was told."""
    name, en, zh = service.name, service.en or service.name, service.zh or service.en or service.name
    fields = {
        ABOUT: Field(type="string", required=True, en="id of the event it is about", zh="对应事件的编号"),
        end_field(name): Field(type="enum", values=CALL_ENDS, required=True, en=f"{en}: how the call ended", zh=f"{zh}：调用结果"),
        f"{name}_cost": Field(type="money", currency=service.currency, min=0, en=f"{en}: cost", zh=f"{zh}：费用"),
        f"{name}_cached": Field(type="bool", en=f"{en}: from the cache", zh=f"{zh}：取自缓存"),
        f"{name}_again": Field(type="bool", en=f"{en}: asked again after a restart", zh=f"{zh}：重启后重复调用"),
        f"{name}_tries": Field(type="int", min=0, en=f"{en}: attempts", zh=f"{zh}：尝试次数"),
        f"{name}_ms": Field(type="int", min=0, en=f"{en}: milliseconds", zh=f"{zh}：耗时（毫秒）"),
    }  # fmt: skip
    fields |= {each: told.field() for each, told in service.answer.items()}
    return EventType(name=name, fields=fields, decide=False, en=f"{en}: answer", zh=f"{zh}：回应")


def names_sent(policy: Policy) -> set[str]:
    """Fields, derived values and features that services are sent."""
    requests = [service.request for service in policy.services]
    return {name for request in requests for name in (*request.query.values(), *request.body.values())}


def cheapest_first(names: tuple[str, ...], services: Mapping[str, Service]) -> tuple[str, ...]:
    """The services of a node in the order in which they are asked: by price, then as declared."""
    return tuple(sorted(names, key=lambda name: Decimal(str(services[name].price))))


def with_calls_written_out(written: WrittenOut) -> WrittenOut:
    """Write all calls out; a policy without services comes back as it is."""
    if not written.policy.services:
        return written
    return _Writer(written).write()


def _asked(flow: Flow) -> tuple[str, ...]:
    """The services that a flow may ask, each once."""
    return tuple(dict.fromkeys(name for node in calling_nodes(flow) for name in calls_of(node)))


class _Writer:
    def __init__(self, written: WrittenOut) -> None:
        self.written, self.policy = written, written.policy
        self.services = {each.name: each for each in self.policy.services}
        self.roots = {wait.resumed: wait.event for wait in written.waits}
        self.events = [*self.policy.events, *map(answer_type, self.policy.services)]
        self.types = {event.name: event for event in self.events}
        self.waits = list(written.waits)
        self.aliases = dict(written.aliases)
        self.also: dict[str, list[str]] = {}

    def write(self) -> WrittenOut:
        policy, count = self.policy, len(self.policy.events)
        for number, service in enumerate(policy.services):
            self.aliases[("events", count + number)] = ("services", number)
            for field in service.answer:
                self.aliases[("events", count + number, "fields", field)] = ("services", number, "answer", field)
        self._tell_waits()
        flows = [self._flow(flow, number) for number, flow in enumerate(policy.flows)]
        wider = wider_on(replace(policy, events=tuple(self.events), flows=tuple(flows)), self.also)
        return WrittenOut(wider, self.written.declared, tuple(self.waits), self.written.flows, self.aliases)

    def _tell_waits(self) -> None:
        """What goes on after a wait knows what services have told before it."""
        asked = {event: _asked(flow) for flow in self.written.declared.flows for event in flow.on}
        for at, event in enumerate(self.events):
            root = self.roots.get(event.name)
            if root is not None and asked.get(root):
                self.events[at] = self.types[event.name] = replace(event, fields=self._told(asked[root]) | event.fields)

    def _told(self, asked: tuple[str, ...]) -> dict[str, Field]:
        """What the answers of these services may tell."""
        fields = [self.types[service].fields.items() for service in asked]
        return {name: replace(field, required=False) for each in fields for name, field in each}

    def _flow(self, flow: Flow, number: int) -> Flow:
        reached = reachable(flow)
        calling = [node for node in calling_nodes(flow) if node.name in reached]
        if not calling:
            return flow
        asked = _asked(flow)
        nodes: list[Node] = []
        for at, node in enumerate(flow.nodes):
            made = self._asking(node) if node in calling else [replace(node, call="") if node.call else node]
            for each in made:
                self._alias(number, at, len(nodes), node, each)
                nodes.append(each)
        for event in flow.on:
            self._event(event, asked)
            for node in calling:
                self._wait(flow, event, node)
        more = tuple(resumed_by_calls(event) for event in flow.on)
        return replace(flow, on=(*flow.on, *more), nodes=tuple(nodes))

    def _asking(self, node: Node) -> list[Node]:
        """A node that asks, as a branch on what is known, and one end per service at which a decision waits."""
        names = cheapest_first(calls_of(node), self.services)
        cases = [Case(when=node.until, to=node.next)] if node.until else []
        cases += [Case(when=f"{end_field(name)} is null", to=asking_node(node.name, name)) for name in names]
        if node.failed:
            other = ", ".join(f'"{end}"' for end in CALL_ENDS[1:])
            none = " and ".join(f"{end_field(name)} in ({other})" for name in names)
            cases.append(Case(when=none, to=node.failed))
        begin = replace(node, call="", until="", failed="", within="", branch=tuple(cases))
        return [begin, *(Node(name=asking_node(node.name, name), outcome=HELD_AS) for name in names)]

    def _alias(self, flow: int, before: int, after: int, node: Node, made: Node) -> None:
        here: Path = ("flows", flow, "nodes", before)
        source = self.written.aliases.get(here) or (
            (*self.written.aliases.get(("flows", flow), ("flows", flow)), "nodes", before)
        )
        self.aliases[("flows", flow, "nodes", after)] = source
        if node.until and made.branch:
            self.aliases[("flows", flow, "nodes", after, "branch", 0, "when")] = (*source, "until")

    def _event(self, name: str, asked: tuple[str, ...]) -> None:
        """The event type after calls: what the event is, what the services told, how each call ended."""
        event = self.types[name]
        at = next(at for at, each in enumerate(self.events) if each.name == name)
        self.aliases[("events", len(self.events))] = self.written.aliases.get(("events", at), ("events", at))
        resumed = resumed_by_calls(name)
        en, zh = f"{event.en or name}, after calls", f"{event.zh or name}（外部查询之后）"
        made = EventType(
            name=resumed,
            fields=self._told(asked) | event.fields | WAIT_FIELDS,
            derive=event.derive,
            money=event.money,
            en=en,
            zh=zh,
        )
        self.events.append(made)
        self.also.setdefault(name, []).append(resumed)

    def _wait(self, flow: Flow, event: str, node: Node) -> None:
        root_flow = self.written.flows.get(flow.name, (flow.name, ""))[0]
        within_ms = parse_duration_ms(node.within or WITHIN)
        for name in calls_of(node):
            self.waits.append(
                Wait(
                    event, root_flow, asking_node(node.name, name), resumed_by_calls(event), HELD_AS, within_ms, {name: ABOUT},
                    call=name, root=self.roots.get(event, event),
                )
            )  # fmt: skip
