"""The shape of one flow: where each node leads, in which order nodes come, what has run before.

In: a declared flow. Out: edges, order, reachable nodes, cycles. Names that no node has are left out; the checks report them.
"""

from __future__ import annotations

from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter

from zhiyu.policy.declare_flows import Flow, Node
from zhiyu.policy.places import Path

KINDS = ("rule_set", "scorecard", "table", "flow", "list", "branch", "experiment", "outcome", "severest")
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
        # a link from a to b reads "b before a" for the sorter: turned round twice, the circle reads forward
        around.reverse()
        first = around.index(min(around))
        turned = around[first:] + around[:first]
        return [*turned, turned[0]]
    return []


def reachable(flow: Flow) -> set[str]:
    """Names of the nodes that the first node leads to, itself included."""
    return _from([flow.nodes[0].name], successors(flow)) if flow.nodes else set()


def ran_before(flow: Flow) -> dict[str, set[str]]:
    """Node name → names of the nodes that may stand before it on some path."""
    links = successors(flow)
    before: dict[str, set[str]] = {node.name: set() for node in flow.nodes}
    for name in links:
        for later in _from(links[name], links):
            before[later].add(name)
    return before


def _from(starts: list[str], links: dict[str, list[str]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(starts)
    while waiting:
        name = waiting.pop()
        if name not in seen:
            seen.add(name)
            waiting += links.get(name, [])
    return seen
