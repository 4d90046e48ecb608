"""The shape of one flow: where each node leads, in which order nodes come, what has run before.

In: a declared flow. Out: edges, order, reachable nodes, cycles. Names that no node has are left out; the checks report them.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.places import Path

KINDS = (
    "rule_set",
    "scorecard",
    "table",
    "flow",
    "list",
    "branch",
    "experiment",
    "wait",
    "call",
    "outcome",
    "severest",
)
"""What a node can do; exactly one of them is given."""


def kinds_of(node: Node) -> list[str]:
    """What is given of `KINDS`."""
    return [kind for kind in KINDS if getattr(node, kind) not in ("", (), None, False)]


def edges(node: Node) -> Iterator[tuple[Path, str]]:
    """Where a node may lead: the path of the word inside the node, and the name it gives."""
    if node.hit:
        yield ("hit",), node.hit
    for outcome, to in node.then.items():
        yield ("then", outcome), to
    for number, case in enumerate(node.branch):
        yield ("branch", number, "to"), case.to
    for number, arm in enumerate(node.experiment):
        yield ("experiment", number, "to"), arm.to
    if node.next:
        yield ("next",), node.next
    if node.expired:
        yield ("expired",), node.expired
    if node.failed:
        yield ("failed",), node.failed


def successors(flow: Flow) -> dict[str, list[str]]:
    """Node name → names it may lead to, each once, those that exist only."""
    names = {node.name for node in flow.nodes}
    return {n.name: list(dict.fromkeys(to for _, to in edges(n) if to in names)) for n in flow.nodes}


def in_order(flow: Flow) -> tuple[str, ...]:
    """Names so that every edge leads forward; as declared when nodes go in a circle."""
    after: dict[str, set[str]] = {node.name: set() for node in flow.nodes}
    for name, following in successors(flow).items():
        for to in following:
            after[to].add(name)
    try:
        return tuple(TopologicalSorter(after).static_order())
    except CycleError:
        return tuple(after)


def circle(links: dict[str, list[str]]) -> list[str]:
    """Names of one circle, the smallest name first and last; empty when there is none."""
    try:
        TopologicalSorter(links).prepare()
    except CycleError as found:
        around = list(reversed(found.args[1]))[:-1]
        first = around.index(min(around))
        turned = around[first:] + around[:first]
        return [*turned, turned[0]]
    return []


def written_out(flows: dict[str, Flow], limit: int) -> dict[str, tuple[int, int]]:
    """Per flow how deep flows are nested in it, and how many nodes it has with them written out (counted up to just past the limit).

    Flows that go in a circle must have been reported before.
    """
    known: dict[str, tuple[int, int]] = {}
    inner = {name: [node.flow for node in flow.nodes if node.flow in flows] for name, flow in flows.items()}
    for name in TopologicalSorter(inner).static_order():
        depth = max((known[each][0] + 1 for each in inner[name]), default=0)
        nodes = len(flows[name].nodes) + sum(known[each][1] for each in inner[name])
        known[name] = depth, min(nodes, limit + 1)
    return known


def with_inner(flow: Flow, flows: dict[str, Flow]) -> list[Flow]:
    """The flow and all flows it uses, directly or through others, each once."""
    found: dict[str, Flow] = {}
    waiting = [flow]
    while waiting:
        one = waiting.pop()
        if one.name not in found:
            found[one.name] = one
            waiting += [flows[node.flow] for node in one.nodes if node.flow in flows]
    return list(found.values())


def way_to(flow: Flow, name: str) -> list[str]:
    """Names of the nodes of one shortest path from the first node to this one."""
    links, came = successors(flow), {flow.nodes[0].name: ""}
    waiting = [flow.nodes[0].name]
    for here in waiting:
        for to in links[here]:
            if to not in came:
                came[to] = here
                waiting.append(to)
    way = [name]
    while came.get(way[-1]):
        way.append(came[way[-1]])
    return way[::-1]


def reachable(flow: Flow) -> set[str]:
    """Names of the nodes that the first node leads to, itself included."""
    return led_to([flow.nodes[0].name], successors(flow)) if flow.nodes else set()


def ran_before(flow: Flow) -> dict[str, set[str]]:
    """Node name → names of the nodes that may stand before it on some path."""
    links = successors(flow)
    before: dict[str, set[str]] = {node.name: set() for node in flow.nodes}
    for name in links:
        for later in led_to(links[name], links):
            before[later].add(name)
    return before


def led_to(starts: list[str], links: dict[str, list[str]]) -> set[str]:
    """Names that `links` lead to from these, themselves included."""
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += links.get(name, [])
    return seen
