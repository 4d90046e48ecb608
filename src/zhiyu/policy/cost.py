"""What one event costs, before it is run: a simple, stated model.

In: a checked policy. Out: estimated microseconds per event on one core of the reference machine, with its parts.
Model: a fixed part (decode, record) + per field + per key table + per (filter, field) lane + per result cell + per
expression node. Numbers are medians of `zhiyu bench core` on a shared 2-core machine; features that share key,
filter, field or window share the work.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhiyu.expressions.typed import Typed
from zhiyu.network.declare import NetworkFeature
from zhiyu.network.plan import BALL_RESULTS
from zhiyu.policy.check_models import estimated_us
from zhiyu.policy.check_names import used_features
from zhiyu.policy.checked import Checked

EVENT_US = 1.5
FIELD_US = 0.05
TABLE_US = 0.25
LANE_US = 0.08
CELL_US = 0.012
NODE_US = 0.010
PREPARED_US = 0.10
STEP_US = 0.02
"""One characteristic of a scorecard, one input of a table, one node of a flow."""
LINK_US, BALL_US = 0.30, 2.0
"""One link of the network: finding, joining, expiring; the core around an event."""
HEAVY_CALLS = {"exp": 4, "log": 4, "log10": 4, "pow": 8, "distance_km": 30, "hour": 2, "weekday": 2, "day_of_month": 6}
"""Calls that cost as many nodes."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Estimated microseconds per event, and what was counted: features in use, tables, lanes, cells, nodes."""

    us: float
    features: int
    tables: int
    lanes: int
    cells: int
    nodes: int

    def text(self, language: str = "en") -> str:
        """One line for people."""
        if language == "zh":
            parts = f"{self.features} 个在用特征，{self.tables} 个键，{self.nodes} 个表达式节点"
            return f"预计每个事件 {self.us:.1f} µs（{parts}）"
        parts = f"{self.features} features in use, {self.tables} keys, {self.nodes} expression nodes"
        return f"estimated {self.us:.1f} µs per event ({parts})"


def estimate_cost(checked: Checked) -> Cost:
    """The cost of the features and rules that are in use."""
    used = used_features(checked)
    tables: set[tuple[str, ...]] = set()
    lanes: set[tuple[object, ...]] = set()
    cells: set[tuple[object, ...]] = set()
    nodes = sum(_nodes(expression.root) for expression in checked.asked())
    prepared = {p.key for expression in checked.asked() for p in expression.prepared}
    steps = sum(len(card.columns) for card in checked.scorecards) + sum(len(table.columns) for table in checked.tables)
    steps += sum(len(flow.flow.nodes) for flow in checked.flows)
    scores = 0.0
    for name in used:
        found = checked.features[name]
        feature = found.feature
        if found.scored is not None:
            scores += estimated_us(found.scored.package)
            continue
        if found.cell is not None:
            scores += STEP_US
            continue
        if isinstance(feature, NetworkFeature):
            continue
        if found.expression is not None:
            nodes += _nodes(found.expression.root)
            continue
        keys = (feature.by,) if isinstance(feature.by, str) else feature.by
        lane = (keys, found.where.canonical if found.where else "", feature.on, feature.of, feature.current)
        tables.add(keys)
        lanes.add(lane)
        cells.add((lane, feature.over))
        nodes += _nodes(found.where.root) if found.where and (lane, feature.over) not in cells else 0
    fields = max((len(event.fields) for event in checked.policy.events), default=0)
    us = (
        EVENT_US + FIELD_US * fields + TABLE_US * len(tables) + LANE_US * len(lanes)
        + CELL_US * len(used) + NODE_US * nodes + PREPARED_US * len(prepared) + STEP_US * steps + scores
        + _network_us(checked, used)
    )  # fmt: skip
    return Cost(round(us, 2), len(used), len(tables), len(lanes), len(cells), nodes)


def _network_us(checked: Checked, used: set[str]) -> float:
    """What the network costs: nothing when no rule reads it."""
    own = [f for name in used if isinstance(f := checked.features[name].feature, NetworkFeature)]
    if not own or checked.policy.network is None:
        return 0.0
    ball = BALL_US if any(feature.result in BALL_RESULTS for feature in own) else 0.0
    return LINK_US * len(checked.policy.network.links) + ball


def _nodes(node: Typed) -> int:
    return HEAVY_CALLS.get(node.op, 1) + sum(_nodes(part) for part in node.args)
