"""Flows: their shape, and their limits at the limit and one past it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from zhiyu.base.limits import MAX_FLOW_DEPTH, MAX_FLOW_NODES
from zhiyu.events.declare import EventType, Field
from zhiyu.policy.check import check_policy
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_flows import Case, Flow, Node
from zhiyu.policy.flow_graph import circle, in_order, ran_before, reachable, way_to

EVENTS = (EventType(name="pay", fields={"n": Field(type="int")}),)
END = Node(name="end", severest=True)


def codes(*flows: Flow) -> set[str]:
    return {problem.code for problem in check_policy(Policy(name="p", events=EVENTS, flows=flows)).errors}


def nested(depth: int) -> list[Flow]:
    flows = [
        Flow(name=f"f{i}", on=("pay",) if i == 0 else (), nodes=(Node(name="in", flow=f"f{i + 1}", next="end"), END))
        for i in range(depth)
    ]
    return [*flows, Flow(name=f"f{depth}", nodes=(END,))]


@pytest.mark.parametrize(("over", "expected"), [(0, set()), (1, {"limit.flow_depth"})])
def test_depth(over: int, expected: set[str]) -> None:
    assert codes(*nested(MAX_FLOW_DEPTH + over)) == expected


def test_a_fallback_stands_on_a_flow_that_decides() -> None:
    inner = Flow(name="inner", nodes=(END,), fallback="review")
    outer = Flow(name="outer", on=("pay",), nodes=(Node(name="in", flow="inner", next="end"), END), fallback="decline")
    assert codes(outer, inner) == {"flow.fallback"}
    assert codes(outer, replace(inner, fallback=None)) == set()


def test_very_deep_flows_are_an_error_and_nothing_worse() -> None:
    assert codes(*nested(900)) == {"limit.flow_depth", "limit.flow_nodes"}


@pytest.mark.parametrize(("over", "expected"), [(0, set()), (1, {"limit.flow_nodes"})])
def test_nodes_written_out(over: int, expected: set[str]) -> None:
    inner = Flow(name="inner", nodes=(*(step(i) for i in range(98)), Node(name="s98", severest=True)))
    steps = [Node(name=f"n{i}", flow="inner", next=f"n{i + 1}") for i in range(10)]
    assert codes(Flow(name="f", on=("pay",), nodes=(*steps, Node(name="n10", severest=True))), inner) <= {
        "limit.flow_nodes"
    }
    size = MAX_FLOW_NODES + over
    flow = Flow(
        name="f", on=("pay",), nodes=(*(step(i) for i in range(size - 1)), Node(name=f"s{size - 1}", severest=True))
    )
    assert codes(flow) == expected


def step(number: int) -> Node:
    to = f"s{number + 1}"
    return Node(name=f"s{number}", branch=(Case(when="n > 3", to=to),), next=to)


def test_the_shape_of_a_flow() -> None:
    nodes = (
        Node(name="a", rule_set="r", then={"review": "c"}, next="b"), Node(name="b", rule_set="r", next="end"),
        Node(name="c", rule_set="r", next="end"), Node(name="lost", rule_set="r", next="c"), END,
    )  # fmt: skip
    flow = Flow(name="f", nodes=nodes)
    order = in_order(flow)
    assert all(
        order.index(one) < order.index(two) for one, two in (("a", "b"), ("a", "c"), ("lost", "c"), ("b", "end"))
    )
    assert reachable(flow) == {"a", "b", "c", "end"}
    assert ran_before(flow)["end"] == {"a", "b", "c", "lost"}
    assert way_to(flow, "end") in (["a", "c", "end"], ["a", "b", "end"])
    assert circle({"a": ["b"], "b": ["c"], "c": ["a"], "d": ["a"]}) == ["a", "b", "c", "a"]
    assert circle({"a": ["b"], "b": []}) == []
