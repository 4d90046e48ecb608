"""What the checks work on: a policy with everything typed, and the list of findings.

In: filled by `examine`. Out: `Checked`, read by the other checks, the cost model and the wording.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from zhiyu.base.errors import NO_HINT, Hint, Problem
from zhiyu.expressions import Expression
from zhiyu.expressions.nodes import Node
from zhiyu.expressions.types import Kind, Type
from zhiyu.features.declare import Feature
from zhiyu.models.package import Package
from zhiyu.policy.axis import Axis, Taken
from zhiyu.policy.declare import Policy, Rule, RuleSet
from zhiyu.policy.declare_flows import Flow
from zhiyu.policy.declare_labels import DerivedLabel
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.declare_models import Model
from zhiyu.policy.declare_scorecards import Scorecard
from zhiyu.policy.declare_tables import DecisionTable
from zhiyu.policy.flow_graph import in_order
from zhiyu.policy.known import Known, as_nullable
from zhiyu.policy.places import Path, Places
from zhiyu.policy.waits import WrittenOut

SCORE = Type(Kind.FLOAT, nullable=True)
"""A score is a number in [0, 1], null where the model does not run or knows too little."""


@dataclass(frozen=True)
class CheckedModel:
    """A model with its package, the event types it scores, the share of inputs it needs, what it says without them (None: null)."""

    model: Model
    package: Package
    on: frozenset[str]
    present: float
    fallback: float | None


@dataclass(frozen=True)
class CheckedCell:
    """A cell of the model matrix, and the event types on which its champion speaks."""

    cell: MatrixCell
    on: frozenset[str]


@dataclass(frozen=True)
class CheckedFeature:
    """A feature with its result type; `expression`: the derived expression, `where`: the filter; `scored`: the model whose score it is,
    `cell`: the cell of the matrix; None for none."""

    feature: Feature
    path: Path
    type: Type
    expression: Expression | None = None
    where: Expression | None = None
    from_grid: bool = False
    scored: CheckedModel | None = None
    cell: CheckedCell | None = None

    @property
    def counted(self) -> bool:
        """Whether it is an aggregate: neither derived nor a score."""
        return self.expression is None and not self.is_score

    @property
    def is_score(self) -> bool:
        """Whether it is what a model or a cell of the matrix says."""
        return self.scored is not None or self.cell is not None


@dataclass(frozen=True)
class CheckedRule:
    """A rule, the set it stands in, its typed condition (None: it does not check), and the event types it runs on."""

    rule: Rule
    rule_set: RuleSet
    path: Path
    when: Expression | None
    node: Node | None
    on: frozenset[str]


@dataclass(frozen=True)
class CheckedColumn:
    """One input of a table or one characteristic of a card: its typed expression, its axis, and per row or bin what it takes of it."""

    name: str
    path: Path
    expression: Expression
    axis: Axis
    taken: tuple[Taken, ...]


@dataclass(frozen=True)
class CheckedScorecard:
    """A scorecard, the event types it runs on, one column per characteristic (`taken` runs along its bins)."""

    card: Scorecard
    path: Path
    on: frozenset[str]
    columns: tuple[CheckedColumn, ...]


@dataclass(frozen=True)
class CheckedTable:
    """A decision table, the event types it runs on, one column per input (`taken` runs along the rows)."""

    table: DecisionTable
    path: Path
    on: frozenset[str]
    columns: tuple[CheckedColumn, ...]


@dataclass(frozen=True)
class CheckedFlow:
    """A flow and its typed conditions: per node name, those of its branch (or of its list check). `order`: names of its nodes so that
    every edge leads forward."""

    flow: Flow
    path: Path
    on: frozenset[str]
    conditions: dict[str, tuple[Expression, ...]]
    order: tuple[str, ...]


@dataclass(frozen=True)
class CheckedLabel:
    """A derived label, the event types that say it, and its condition (None: always)."""

    label: DerivedLabel
    path: Path
    on: frozenset[str]
    where: Expression | None


@dataclass
class Checked:
    """A policy with everything typed. Derived features come after what they read. `written`: what was declared, and its waits written
    out; that is the policy that is checked and compiled. `gate`: when a dense core of the network is a gang."""

    written: WrittenOut
    places: Places
    known: Known
    features: dict[str, CheckedFeature] = field(default_factory=dict)
    rules: list[CheckedRule] = field(default_factory=list)
    scorecards: list[CheckedScorecard] = field(default_factory=list)
    tables: list[CheckedTable] = field(default_factory=list)
    flows: list[CheckedFlow] = field(default_factory=list)
    gate: Expression | None = None
    labels: list[CheckedLabel] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    _typed: dict[tuple[frozenset[str], int], dict[str, Type]] = field(default_factory=dict, init=False, repr=False)

    @property
    def policy(self) -> Policy:
        """The policy with its waits written out."""
        return self.written.policy

    @property
    def declared(self) -> Policy:
        """The policy as it was declared."""
        return self.written.declared

    def declared_flows(self) -> Iterator[CheckedFlow]:
        """The flows as they were declared, waits in their places; the conditions of each from whichever part it was written out to."""
        found = {flow.flow.name: flow for flow in self.flows}
        for flow in self.declared.flows:
            if flow.name not in found:
                continue
            own = [
                found[flow.name],
                *(found[name] for name, (whose, _) in self.written.flows.items() if whose == flow.name),
            ]
            conditions = {node: typed for each in reversed(own) for node, typed in each.conditions.items()}
            yield CheckedFlow(flow, own[0].path, own[0].on, conditions, in_order(flow))

    def asked(self) -> Iterator[Expression]:
        """Every expression that decides: conditions of rules, what scorecards and tables look at, conditions of flows."""
        yield from (rule.when for rule in self.rules if rule.when is not None)
        if self.gate is not None:
            yield self.gate
        for card in self.scorecards:
            yield from (column.expression for column in card.columns)
        for table in self.tables:
            yield from (column.expression for column in table.columns)
        for flow in self.flows:
            yield from (condition for conditions in flow.conditions.values() for condition in conditions)

    def error(self, code: str, path: Path, en: str, zh: str, suggestion: Hint = NO_HINT, key: bool = False) -> None:
        """Record an error at a path of the policy (at its key when `key`)."""
        place = self.places.key(path) if key else self.places.at(path)
        self.problems.append(Problem(code, en, zh, place, "error", *suggestion))

    def warn(self, code: str, path: Path, en: str, zh: str, suggestion: Hint = NO_HINT) -> None:
        """Record a warning at a path of the policy."""
        self.problems.append(Problem(code, en, zh, self.places.at(path), "warning", *suggestion))

    def warn_inside(
        self, code: str, path: Path, text: str, column: int, en: str, zh: str, suggestion: Hint = NO_HINT
    ) -> None:
        """Record a warning at a character of the expression that stands at `path`."""
        self.problems.append(Problem(code, en, zh, self.places.inside(path, text, column), "warning", *suggestion))

    def typed_on(self, on: Iterable[str]) -> dict[str, Type]:
        """Types of every usable name, events and features, on these event types: without its key, a feature is null."""
        key = (frozenset(on), len(self.features))  # features are only ever added
        if key not in self._typed:
            names = self.known.typed_on(key[0])
            self._typed[key] = names | {name: _on(f, names) for name, f in self.features.items()}
        return dict(self._typed[key])


def _on(checked: CheckedFeature, names: dict[str, Type]) -> Type:
    by = checked.feature.by
    keys = (by,) if isinstance(by, str) else by
    missing = any(names[key].nullable for key in keys if key in names)
    return as_nullable(checked.type, True) if missing else checked.type
