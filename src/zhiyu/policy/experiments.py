"""Experiments inside flows: which there are, what they say, whether two versions run the same one, where in the compiled flow they stand.

In: a policy. Out: `Experiment`s in the order of the flows. The node that splits between two versions of a policy is none of them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal

from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_flows import Arm, Flow, Node
from zhiyu.policy.declare_versions import SPLIT_NODE


@dataclass(frozen=True, slots=True)
class Experiment:
    """A node that splits, in its flow."""

    flow: Flow
    node: Node

    @property
    def name(self) -> str:
        """FLOW/NODE."""
        return f"{self.flow.name}/{self.node.name}"

    @property
    def rest(self) -> Decimal:
        """Percent of the keys that take no arm and go on at `next`."""
        return 100 - sum((percent_of(arm) for arm in self.node.experiment), Decimal(0))

    def sentence(self, language: str) -> str:
        """Who goes where, in "zh" or "en"."""
        node, zh = self.node, language == "zh"
        shares = [
            f"{percent_of(arm):f}% 走分组“{arm.name}”（转到“{arm.to}”）"
            if zh
            else f"{percent_of(arm):f} % take arm '{arm.name}' to '{arm.to}'"
            for arm in node.experiment
        ]
        if self.rest:
            shares.append(
                f"其余 {self.rest:f}% 转到“{node.next}”" if zh else f"the other {self.rest:f} % go on at '{node.next}'"
            )
        if zh:
            return f"流程“{self.flow.zh or self.flow.name}”按 {node.by} 分流：{'，'.join(shares)}。"
        return f"Flow '{self.flow.en or self.flow.name}' splits by {node.by}: {', '.join(shares)}."


def percent_of(arm: Arm) -> Decimal:
    """The share of an arm, 0 to 100, without trailing zeros."""
    found = Decimal(str(arm.percent))
    return found.quantize(Decimal(1)) if found == found.to_integral() else found.normalize()


def experiments_of(policy: Policy) -> list[Experiment]:
    """Every experiment that somebody declared."""
    return [
        Experiment(flow, node) for flow in policy.flows for node in flow.nodes if node.experiment and node.name != SPLIT_NODE
    ]  # fmt: skip


def experiment_of(policy: Policy, flow: str, node: str) -> Experiment | None:
    """The one at this place; None when there is none."""
    return next((each for each in experiments_of(policy) if (each.flow.name, each.node.name) == (flow, node)), None)


def places_of(policy: Policy, found: Experiment) -> list[str]:
    """What the compiled flow calls the node: once for every way in which flows that decide use its flow."""
    flows = {flow.name: flow for flow in policy.flows}

    def walked(flow: Flow, path: str) -> Iterator[str]:
        for node in flow.nodes:
            if flow.name == found.flow.name and node.name == found.node.name:
                yield f"{path}/{node.name}"
            elif node.flow in flows:
                yield from walked(flows[node.flow], f"{path}/{node.name}")

    return [place for flow in policy.flows if flow.on for place in walked(flow, flow.name)]


def same_experiment(one: Policy, two: Policy, flow: str, node: str) -> bool:
    """Whether both versions run it, and put every key into the same arm: arms that lead to the same nodes, drawn by the same field and
    salt. What stands behind the nodes may differ."""
    mine, other = experiment_of(one, flow, node), experiment_of(two, flow, node)
    if mine is None or other is None:
        return False
    return _drawn(mine.node) == _drawn(other.node) and places_of(one, mine) == places_of(two, other)


def _drawn(node: Node) -> object:
    return node.by, node.salt, node.next, [(arm.name, percent_of(arm), arm.to) for arm in node.experiment]
