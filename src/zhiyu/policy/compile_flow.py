"""Flows become one list of steps in which every edge leads forward; sub-flows are written out where they are used.

In: checked flows, numbers of rule sets, scorecards and tables, registers of conditions. Out: `FlowTables`. Event types without a flow
share one chain of everything that runs on them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from graphlib import TopologicalSorter

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.policy.checked import Checked, CheckedFlow
from zhiyu.policy.declare import OUTCOMES
from zhiyu.policy.declare_actions import Do
from zhiyu.policy.declare_flows import Node
from zhiyu.policy.flow_graph import reachable
from zhiyu.policy.layout import (
    ARM_COLUMNS,
    BRANCH,
    CARD,
    CASE_COLUMNS,
    END,
    F_THEN0,
    MILLION,
    RETURN,
    RULES,
    SPLIT,
    STEP_COLUMNS,
    TABLE,
)  # fmt: skip

Id = tuple[str, ...]
"""A step by its names: flow, node, and inside sub-flows the nodes that lead there."""
ALL_TYPES = -1


@dataclass(frozen=True)
class Visited:
    """One trace bit: what people call it, and the node (None: an arm of an experiment) with its actions."""

    name: str
    node: Node | None = None

    @property
    def actions(self) -> tuple[Do, ...]:
        """Actions that come with having been here."""
        return self.node.actions if self.node else ()


@dataclass(frozen=True)
class FlowTables:
    """`steps` int64[n, 20], `cases` int64[k, 2], `arms` int64[k, 3], `starts` int64[types]; `visited` names the trace bits."""

    steps: Array
    cases: Array
    arms: Array
    starts: Array
    visited: tuple[Visited, ...]


@dataclass
class _Step:
    op: int
    next: Id | None = None
    then: dict[int, Id] = field(default_factory=dict)
    a: int = 0
    cases: list[tuple[int, Id]] = field(default_factory=list)
    arms: list[tuple[int, Id, str]] = field(default_factory=list)
    types: int = ALL_TYPES
    key: int = 0
    salt: int = 0
    late: bool = False
    visited: Visited | None = None

    def targets(self) -> list[Id]:
        own = [self.next] if self.next is not None else []
        return [*own, *self.then.values(), *(to for _, to in self.cases), *(to for _, to, _ in self.arms)]


@dataclass(frozen=True)
class Numbers:
    """What steps refer to: positions of sets, cards and tables by name, registers of fields and of conditions by (flow, node), whether a
    node's conditions read totals, the coder of texts."""

    sets: Mapping[str, int]
    cards: Mapping[str, int]
    tables: Mapping[str, int]
    fields: Mapping[str, int]
    conditions: Mapping[tuple[str, str], list[int]]
    late: frozenset[tuple[str, str]]
    encode: Callable[[str], int]


class FlowCompiler:
    """Writes the steps of all flows, and of the chain for everything else."""

    def __init__(self, checked: Checked, numbers: Numbers, type_index: Mapping[str, int]) -> None:
        self.checked, self.numbers, self.type_index = checked, numbers, type_index
        self.flows = {flow.flow.name: flow for flow in checked.flows}
        self.steps: dict[Id, _Step] = {}

    def build(self) -> FlowTables:
        """All tables."""
        starts = np.zeros(len(self.type_index), np.int64)
        entries: dict[str, Id] = {}
        for flow in self.checked.flows:
            if flow.flow.on:
                entry = self._flow(flow, (flow.flow.name,), None, {})
                entries |= dict.fromkeys(flow.on, entry)
        chain = self._chain(frozenset(self.checked.known.deciding) - entries.keys())
        graph = {id_: step.targets() for id_, step in self.steps.items()}
        order = list(TopologicalSorter(graph).static_order())[::-1]
        at = {id_: number for number, id_ in enumerate(order)}
        for name, index in self.type_index.items():
            starts[index] = at[entries.get(name, chain)]
        return self._tables([self.steps[id_] for id_ in order], at, starts)

    def _chain(self, types: frozenset[str]) -> Id:
        """Everything that runs on these event types, one after the other; the severest outcome counts."""
        bits = sum(1 << self.type_index[name] for name in types)
        found = [(RULES, number) for number in range(len(self.numbers.sets))]
        found += [(CARD, number) for number in range(len(self.numbers.cards))]
        found += [(TABLE, number) for number in range(len(self.numbers.tables))]
        ids: list[Id] = [("", str(number)) for number in range(len(found) + 1)]
        for id_, following, (op, number) in zip(ids, ids[1:], found):
            own = bits
            if op != RULES:
                own &= self._bits((self.checked.scorecards if op == CARD else self.checked.tables)[number].on)
            self.steps[id_] = _Step(op, following, a=number, types=own)
        self.steps[ids[-1]] = _Step(END, a=-1)
        return ids[0]

    def _bits(self, types: frozenset[str]) -> int:
        return sum(1 << self.type_index[name] for name in types)

    def _flow(self, flow: CheckedFlow, path: Id, after: Id | None, then: dict[int, Id]) -> Id:
        """Write a flow out under `path`; `after` and `then`: where its outcomes lead (None: it decides). Returns its first step."""
        left = any(node.call or node.wait for node in flow.flow.nodes)  # those that are reached were written out
        reached = reachable(flow.flow) if left else {node.name for node in flow.flow.nodes}
        for node in flow.flow.nodes:
            if node.name in reached:
                self._node(flow, node, path, after, then)
        return (*path, flow.flow.nodes[0].name)

    def _node(self, flow: CheckedFlow, node: Node, path: Id, after: Id | None, then: dict[int, Id]) -> None:
        id_ = (*path, node.name)
        place = (flow.flow.name, node.name)
        following = (*path, node.next) if node.next else None
        routes = {OUTCOMES.index(outcome): (*path, to) for outcome, to in node.then.items()}
        step = _Step(BRANCH, following, visited=Visited("/".join(id_), node))
        self.steps[id_] = step
        if node.outcome or node.severest:
            step.op, step.a = (END if after is None else RETURN), OUTCOMES.index(node.outcome) if node.outcome else -1
            step.next, step.then = after, then
        elif node.flow:
            step.next = self._flow(self.flows[node.flow], id_, following, routes)
        elif node.experiment:
            self._experiment(step, node, path)
        elif node.branch or node.list:
            leads = [case.to for case in node.branch] or [node.hit]
            step.cases = [(r, (*path, to)) for r, to in zip(self.numbers.conditions[place], leads)]
            step.late = place in self.numbers.late
        else:
            names = {RULES: node.rule_set, CARD: node.scorecard, TABLE: node.table}
            step.op = next(op for op, name in names.items() if name)
            known = {RULES: self.numbers.sets, CARD: self.numbers.cards, TABLE: self.numbers.tables}[step.op]
            step.a, step.then = known[names[step.op]], routes

    def _experiment(self, step: _Step, node: Node, path: Id) -> None:
        step.op, step.key = SPLIT, self.numbers.fields[node.by]
        step.salt = self.numbers.encode(node.salt or "/".join((*path, node.name)))
        upto = Fraction(0)
        for arm in node.experiment:
            upto += Fraction(str(arm.percent))
            step.arms.append((int(upto * MILLION / 100), (*path, arm.to), f"{'/'.join((*path, node.name))}:{arm.name}"))

    def _tables(self, steps: list[_Step], at: dict[Id, int], starts: Array) -> FlowTables:
        lines = np.zeros((len(steps), STEP_COLUMNS), np.int64)
        cases: list[list[int]] = []
        arms: list[list[int]] = []
        visited: list[Visited] = []
        for line, step in zip(lines, steps):
            bit = -1
            if step.visited is not None:
                bit = len(visited)
                visited.append(step.visited)
            following = at[step.next] if step.next is not None else 0
            a, b = step.a, 0
            if step.op == BRANCH:
                a, b = len(cases), len(cases) + len(step.cases)
                cases += [[register, at[to]] for register, to in step.cases]
            elif step.op == SPLIT:
                a, b = len(arms), len(arms) + len(step.arms)
                for upto, to, name in step.arms:
                    arms.append([upto, at[to], len(visited)])
                    visited.append(Visited(name))
            own = [step.op, a, b, step.types, following, bit, not step.then, step.key, step.salt, step.late]
            line[:F_THEN0] = own
            line[F_THEN0 : F_THEN0 + len(OUTCOMES)] = [
                at[step.then[o]] if o in step.then else following for o in range(len(OUTCOMES))
            ]
        return FlowTables(
            lines, np.array(cases, np.int64).reshape(-1, CASE_COLUMNS), np.array(arms, np.int64).reshape(-1, ARM_COLUMNS),
            starts, tuple(visited),
        )  # fmt: skip
