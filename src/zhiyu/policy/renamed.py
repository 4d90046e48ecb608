"""The same declarations under other names: what reads a name reads the new one.

In: declarations, and which names change. Out: declarations. Expressions come out in normal text; where nothing they read changes they stay
as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from zhiyu.expressions import parse
from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.nodes import (
    Arithmetic,
    Boolean,
    Call,
    Compare,
    Conditional,
    IsNull,
    Literal,
    Membership,
    Name,
    Negative,
    Node,
    Not,
)
from zhiyu.features.declare import Feature
from zhiyu.network.declare import Network
from zhiyu.policy import declare_flows
from zhiyu.policy.declare import RuleSet
from zhiyu.policy.declare_actions import ActionLimit
from zhiyu.policy.declare_flows import Flow
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.declare_scorecards import Scorecard
from zhiyu.policy.declare_tables import DecisionTable
from zhiyu.policy.nodes import names_in
from zhiyu.policy.write_thresholds import set_name

Names = Mapping[str, str]


@dataclass
class Renames:
    """Old name → new name. `names`: what expressions read (derived values, features, models, cells, scorecards, tables); the other kinds
    have names of their own."""

    names: dict[str, str] = field(default_factory=dict)
    sets: dict[str, str] = field(default_factory=dict)
    rules: dict[str, str] = field(default_factory=dict)
    flows: dict[str, str] = field(default_factory=dict)
    limits: dict[str, str] = field(default_factory=dict)

    def text(self, expression: str) -> str:
        """An expression."""
        return renamed_text(expression, self.names)

    def feature(self, own: Feature) -> Feature:
        """A feature, its own name left as it is; so with all below."""
        by = own.by if isinstance(own.by, str) else tuple(self.names.get(each, each) for each in own.by)
        by = self.names.get(by, by) if isinstance(by, str) else by
        return replace(
            own, expr=self.text(own.expr), where=self.text(own.where), of=self.names.get(own.of, own.of), by=by
        )

    def network(self, own: Network | None) -> Network | None:
        """What joins people."""
        if own is None or own.gang is None:
            return own
        return replace(own, gang=replace(own.gang, when=self.text(own.gang.when)))

    def cell(self, own: MatrixCell) -> MatrixCell:
        """A cell of the matrix."""
        return replace(
            own, champion=self.names.get(own.champion, own.champion), by=self.names.get(own.by, own.by),
            challengers=tuple(replace(each, model=self.names.get(each.model, each.model)) for each in own.challengers),
            shadow=tuple(self.names.get(each, each) for each in own.shadow),
        )  # fmt: skip

    def rule_set(self, own: RuleSet) -> RuleSet:
        """A rule set; the names of its rules are left as they are."""
        return replace(own, rules=tuple(replace(rule, when=self.text(rule.when)) for rule in own.rules))

    def scorecard(self, own: Scorecard) -> Scorecard:
        """A scorecard."""
        return replace(own, characteristics=tuple(self._looks(each) for each in own.characteristics))

    def table(self, own: DecisionTable) -> DecisionTable:
        """A decision table."""
        return replace(own, inputs=tuple(self._looks(each) for each in own.inputs))

    def _looks(self, own: Any) -> Any:
        """What looks at its own name where nothing else is said."""
        read = own.of or own.name
        return replace(own, of=self.text(read)) if self.text(read) != read else own

    def limit(self, own: ActionLimit) -> ActionLimit:
        """A limit on acting."""
        return replace(own, rule=self.rules.get(own.rule, own.rule), key=self.names.get(own.key, own.key))

    def flow(self, own: Flow, nodes: Names | None = None) -> Flow:
        """A flow; `nodes`: its nodes under other names."""
        to = nodes or {}
        return replace(own, nodes=tuple(self._node(each, to) for each in own.nodes))

    def _node(self, own: declare_flows.Node, to: Names) -> declare_flows.Node:
        read = self.names | self.sets  # branches read totals of rule sets too

        def led(name: str) -> str:
            return to.get(name, name)

        return replace(
            own, name=led(own.name), rule_set=self.sets.get(own.rule_set, own.rule_set),
            scorecard=self.names.get(own.scorecard, own.scorecard), table=self.names.get(own.table, own.table),
            flow=self.flows.get(own.flow, own.flow), of=self.names.get(own.of, own.of), by=self.names.get(own.by, own.by),
            hit=led(own.hit), next=led(own.next), expired=led(own.expired), failed=led(own.failed),
            until=renamed_text(own.until, read), then={outcome: led(name) for outcome, name in own.then.items()},
            branch=tuple(replace(case, when=renamed_text(case.when, read), to=led(case.to)) for case in own.branch),
            experiment=tuple(replace(arm, to=led(arm.to)) for arm in own.experiment),
            changed=None if own.changed is None else {what: led(name) for what, name in own.changed.items()},
        )  # fmt: skip

    def with_cell(self, own: MatrixCell, new: str) -> None:
        """A cell and the rule set of its thresholds are called otherwise."""
        self.names[own.name] = new
        self.sets[set_name(own)] = set_name(replace(own, name=new))


def renamed_text(text: str, names: Names) -> str:
    """An expression that reads the new names.

    >>> renamed_text("velocity > 3 and amount > 5", {"velocity": "velocity__next"})
    '((velocity__next > 3) and (amount > 5))'
    """
    if not text.strip() or not names:
        return text
    node = parse(text)
    return canonical(_renamed(node, names)) if any(each.name in names for each in names_in(node)) else text


def _renamed(node: Node, names: Names) -> Node:
    def one(part: Node) -> Node:
        return _renamed(part, names)

    match node:
        case Name(name):
            return Name(names.get(name, name))
        case Literal():
            return node
        case Not(operand):
            return Not(one(operand))
        case Negative(operand):
            return Negative(one(operand))
        case Arithmetic(operator, left, right):
            return Arithmetic(operator, one(left), one(right))
        case Compare(relation, left, right):
            return Compare(relation, one(left), one(right))
        case Boolean(word, operands):
            return Boolean(word, tuple(map(one, operands)))
        case Call(function, arguments):
            return Call(function, tuple(map(one, arguments)))
        case IsNull(operand, negated):
            return IsNull(one(operand), negated)
        case Conditional(test, then, otherwise):
            return Conditional(one(test), one(then), one(otherwise))
        case Membership(item, members, negated):
            known = Name(names.get(members.name, members.name)) if isinstance(members, Name) else members
            return Membership(one(item), known, negated)
