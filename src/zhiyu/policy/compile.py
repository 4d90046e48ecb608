"""A checked policy becomes what the engine runs: register layout, three programs, a feature plan, tables of rules and steps.

In: `Checked` (every expression typed), the coder of texts (keyed by tenant). Out: `Compiled`. Registers: [event columns | given
features | first program: filters, derived fields | features | second program: derived features, rules, inputs of tables and scorecards,
conditions | totals | third program: conditions that read totals]. With models, derived features that they read and the scores stand
before the second program. The first program runs before the features (it sees one event), the second after them, the third where the
flow branches. Only features that something reads are computed, unless all are asked for; features that are given (by a tape) stand
behind the event's columns.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.base.windows import parse_duration_ms
from zhiyu.events.declare import WAIT_END
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import Expression, Prepared, Program, check, compile_program, parse
from zhiyu.expressions.types import INT, Kind, Type
from zhiyu.features.plan import Plan, Variable, build_plan
from zhiyu.network.plan import NetworkPlan
from zhiyu.policy.builtin import BUILTIN_TYPES, LABEL
from zhiyu.policy.calls import names_sent
from zhiyu.policy.checked import Checked, CheckedFeature, CheckedRule
from zhiyu.policy.compile_brakes import Brakes, compile_brakes
from zhiyu.policy.compile_columns import Columns, row_lines, words_of
from zhiyu.policy.compile_conditions import Conditions, bin_column, deciding_expressions, row_column
from zhiyu.policy.compile_flow import FlowCompiler, FlowTables, Numbers
from zhiyu.policy.compile_labels import LabelPlan, compile_labels
from zhiyu.policy.compile_matrix import Matrix, compile_matrix, registers_of
from zhiyu.policy.compile_models import ScoredBy, compile_models, derived_inputs
from zhiyu.policy.compile_network import asks_labels, compile_network, is_network
from zhiyu.policy.compile_waits import Waits, compile_waits
from zhiyu.policy.declare import OUTCOMES, Policy, RuleSet
from zhiyu.policy.layout import AXIS_COLUMNS, CARD_COLUMNS, RULE_COLUMNS, SET_COLUMNS, TABLE_COLUMNS

NO_OUTCOME = -1
TOTAL = replace(INT, nullable=True)


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """A value that decisions keep: its name, type and register; an aggregate, a derived feature, a derived field that rules read, or a
    score of a model, or a
    result of the flow (total of a scorecard, points of its characteristics, row and score of a table)."""

    name: str
    type: Type
    register: int
    role: Literal["aggregate", "derived", "score", "field", "result"]


@dataclass(frozen=True)
class Compiled:
    """Everything the engine needs of a policy.

    Tables as `policy.layout` describes them: `rules`, `sets`, `thresholds` int64[k, 2] (score, outcome), `cards`, `bands` int64[k, 2]
    (below, outcome), `tables`, `table_lines` int64[k, 2] (outcome, score), `columns`, `points`, `cells`; `drops` int64[d, 2] (register,
    type index). `watched`: registers of `features`, in order, for the record. `types_fed`: event types that features look at.
    `given`: names of features whose values come with the events. `network`: the plan of what is asked of the network, None when nothing is.
    """

    policy: Policy
    checked: Checked
    schema: EventSchema
    before: Program
    after: Program
    late: Program
    plan: Plan
    rules: Array
    sets: Array
    thresholds: Array
    cards: Array
    bands: Array
    tables: Array
    table_lines: Array
    columns: Array
    points: Array
    cells: Array
    flow: FlowTables
    waits: Waits
    brakes: Brakes
    drops: Array
    features: tuple[FeatureColumn, ...]
    rule_order: tuple[CheckedRule, ...]
    types_fed: frozenset[str]
    given: tuple[str, ...]
    n_registers: int
    lateness_ms: int
    max_ahead_ms: int
    idempotency_ms: int
    skew_ms: int
    first_result: int
    n_results: int
    early: Program
    models: tuple[ScoredBy, ...]
    matrix: Matrix
    network: NetworkPlan | None = None
    labels: tuple[LabelPlan, ...] = ()

    @property
    def features_per_event(self) -> int:
        """Features computed for each event (derived fields not counted)."""
        return sum(feature.role in ("aggregate", "derived") for feature in self.features)

    @cached_property
    def watched(self) -> Array:
        """Registers of `features`, int64."""
        return np.array([f.register for f in self.features], np.int64)

    @cached_property
    def results(self) -> Array:
        """Registers of totals, int64: null until what fills them has run."""
        return np.arange(self.first_result, self.first_result + self.n_results)

    @cached_property
    def counted(self) -> Array:
        """Which of `features` stay as they were while a service is asked: what was counted, and what services are sent. int64."""
        kept = names_sent(self.policy)
        return np.array([i for i, f in enumerate(self.features) if f.role == "aggregate" or f.name in kept], np.int64)

    @property
    def horizon_ms(self) -> int:
        """How far back events matter: windows and lateness. A link is admitted by a degree that looks back one window itself."""
        network = 2 * self.network.window_ms + self.lateness_ms if self.network else 0
        return max(self.plan.horizon_ms, network)

    @property
    def n_columns(self) -> int:
        """Register rows that an event brings: columns of the schema, then given features."""
        return len(self.schema.columns) + len(self.given)


def compile_policy(
    checked: Checked, encode: Callable[[str], int], all_features: bool = False, given: Collection[str] = ()
) -> Compiled:
    """Compile; `encode` gives the 64-bit code of a text, `all_features` computes features no rule needs as well, `given` names aggregates
    that need not be computed because every event brings them."""
    return _Compiler(checked, encode, all_features, frozenset(given)).build()


class _Compiler:
    def __init__(
        self, checked: Checked, encode: Callable[[str], int], all_features: bool, given: frozenset[str]
    ) -> None:
        self.checked = checked
        self.encode = encode
        self.used = _features_in_use(checked, all_features)
        self.everything = all_features
        aggregates = [f for f in self.used if f.counted]
        self.cells = [f.cell for f in self.used if f.cell is not None]
        self.scored = [f for f in self.used if f.scored is not None]
        self.given = [f for f in aggregates if f.feature.name in given]
        self.aggregates = [f for f in aggregates if f.feature.name not in given]
        self.networked = [f for f in self.aggregates if is_network(f)]
        self.aggregates = [f for f in self.aggregates if not is_network(f)]
        self.derived = {f.feature.name: f.expression for f in self.used if f.expression is not None}
        self.early = derived_inputs(self.scored, self.derived)
        self.fed = _types_fed(checked, self.aggregates) | ({LABEL} if asks_labels(self.networked) else set())
        self.filters = {f.feature.name: self._filter(f) for f in self.aggregates}
        known = checked.known.schema
        self.schema = EventSchema.compile(known.types, _prepared(self._expressions()))
        self.fields = dict(self.schema.derived)
        self.rules = [rule for rule in checked.rules if rule.when is not None]
        self.conditions = Conditions(checked)

    def _expressions(self) -> Iterable[Expression]:
        schema = self.checked.known.schema
        yield from (expression for _, expression in schema.derived)
        yield from (expression for _, expression in schema.drops)
        yield from (expression for expression in self.filters.values() if expression)
        yield from self.derived.values()
        yield from (each.where for each in self.checked.labels if each.where is not None)
        yield from deciding_expressions(self.checked)

    def _filter(self, feature: CheckedFeature) -> Expression | None:
        """The feature's predicate together with its event types; None when it takes every event that is fed."""
        on = frozenset(feature.feature.on) or self.checked.known.facts
        parts = [feature.feature.where] if feature.feature.where else []
        if self.checked.written.waits:
            parts.append(f"{WAIT_END} is null")  # an event that goes on after a wait was counted when it came
        if not self.fed <= on:
            names = ", ".join(f'"{name}"' for name in sorted(on & self.fed))
            parts.insert(0, f"event_type in ({names},)")
        if not parts:
            return None
        text = " and ".join(f"({part})" for part in parts)
        return check(parse(text), self.checked.known.scope, text)

    def build(self) -> Compiled:
        layout = dict(self.schema.index)
        layout |= {f.feature.name: len(layout) + i for i, f in enumerate(self.given)}
        n_columns = len(layout)
        filters = list(
            {expression.canonical: expression for expression in self.filters.values() if expression}.values()
        )
        drops = list(self.schema.drops)
        firsts = filters + [expression for _, expression in drops] + list(self.fields.values())
        before = compile_program(firsts, layout, n_columns, self.encode, self.fields)
        outputs = [int(register) for register in before.outputs]
        filter_at = dict(zip((expression.canonical for expression in filters), outputs))
        layout |= dict(zip(self.fields, outputs[len(filters) + len(drops) :]))
        first_feature = max(before.n_registers, n_columns)
        registers = {f.feature.name: first_feature + i for i, f in enumerate((*self.aggregates, *self.networked))}
        variables = [self._variable(f, layout, filter_at, registers) for f in self.aggregates]
        layout |= registers
        lateness = parse_duration_ms(self.checked.policy.clock.lateness)
        asked = self._asked()
        early = compile_program(
            [self.derived[name] for name in self.early],
            layout,
            first_feature + len(registers),
            self.encode,
            self.derived,
        )
        layout |= {name: int(register) for name, register in zip(self.early, early.outputs)}
        first_score = max(early.n_registers, first_feature + len(registers))
        layout |= {f.feature.name: first_score + i for i, f in enumerate(self.scored)}
        past_scores = first_score + len(self.scored)
        layout |= registers_of(self.cells, past_scores)
        past_scores += 2 * len(self.cells)
        after = compile_program(asked, layout, past_scores, self.encode, self.derived)
        results = iter(int(register) for register in after.outputs)
        layout |= {name: next(results) for name in self.derived if name not in layout}
        rule_at = [next(results) for _ in self.rules]
        columns_at = [next(results) for _ in self.conditions.columns]
        early_at = [next(results) for _ in self.conditions.early]
        gate_at = next((next(results) for _ in self._gate()), -1)
        first_total = max(after.n_registers, past_scores, 1)
        totals = {name: first_total + i for i, name in enumerate(self.conditions.totals)}
        end = first_total + len(totals)
        late = compile_program(self.conditions.late, layout | totals, end, self.encode, self.derived)
        condition_at = self.conditions.registers(early_at, [int(register) for register in late.outputs])
        numbers = Numbers(
            _places(self.checked.policy.rule_sets), _places([c.card for c in self.checked.scorecards]),
            _places([t.table for t in self.checked.tables]), layout, condition_at, self.conditions.late_places, self.encode,
        )  # fmt: skip
        flow = FlowCompiler(self.checked, numbers, self.schema.type_index).build()
        rule_table, set_table, thresholds = self._tables(rule_at, totals)
        cards, bands, tables, lines, columns = self._columns(columns_at, totals)
        models = compile_models(self.scored, layout, self.schema.type_index, self.encode)
        clock = self.checked.policy.clock
        return Compiled(
            self.checked.policy, self.checked, self.schema, before, after, late, build_plan(variables, lateness), rule_table, set_table,
            thresholds, cards, bands, tables, lines, _lines(columns.lines, AXIS_COLUMNS), np.array(columns.points, np.int64),
            np.concatenate([*columns.cells, np.zeros(1, np.int64)]), flow,
            compile_waits(self.checked.written, self.schema, [visited.name for visited in flow.visited], self.encode),
            compile_brakes(
                self.checked.policy, {rule.rule.name: i for i, rule in enumerate(self.rules)}, layout, self.encode
            ),
            self._drops(drops, outputs[len(filters) :]), self._kept(layout, totals, asked), tuple(self.rules), self.fed,
            tuple(f.feature.name for f in self.given), max(late.n_registers, end), lateness, parse_duration_ms(clock.max_ahead),
            parse_duration_ms(clock.idempotency), parse_duration_ms(clock.skew), first_total, len(totals),
            early, models, compile_matrix(self.cells, models, layout, self.encode),
            compile_network(self.checked, self.networked, layout, gate_at),
            compile_labels(self.checked.labels, self.schema, self.encode),
        )  # fmt: skip

    def _asked(self) -> list[Expression]:
        """What the second program computes, in the order in which its outputs are handed out."""
        return [
            *(expression for name, expression in self.derived.items() if name not in self.early),
            *(rule.when for rule in self.rules if rule.when),
            *self.conditions.columns,
            *self.conditions.early,
            *self._gate(),
        ]

    def _gate(self) -> tuple[Expression, ...]:
        return () if self.checked.gate is None or not self.networked else (self.checked.gate,)

    def _kept(
        self, layout: dict[str, int], totals: dict[str, int], asked: Sequence[Expression]
    ) -> tuple[FeatureColumn, ...]:
        """What decisions keep, in an order that does not depend on which features were given."""
        kept = [
            FeatureColumn(f.feature.name, f.type, layout[f.feature.name], _role(f))
            for f in sorted(
                self.used, key=lambda f: (f.cell is not None, f.scored is not None, f.expression is not None)
            )
        ]
        read = {name for expression in (*asked, *self.conditions.late) for name in expression.names}
        read |= names_sent(self.checked.policy)
        read |= {given.name for f in self.scored if f.scored for given in f.scored.package.inputs}
        kept += [
            FeatureColumn(n, e.type, layout[n], "field") for n, e in self.fields.items() if n in read or self.everything
        ]
        return (*kept, *(FeatureColumn(name, TOTAL, register, "result") for name, register in totals.items()))

    def _columns(self, registers: list[int], totals: dict[str, int]) -> tuple[Array, Array, Array, Array, Columns]:
        columns, at = Columns(self.encode), iter(registers)
        cards, bands, tables, lines = [], list[list[int]](), [], list[list[int]]()
        for card in self.checked.scorecards:
            own = [next(at) for _ in card.columns]
            first, past = columns.card(card, own, [totals[bin_column(card.card.name, c.name)] for c in card.columns])
            marks = [
                [band.below, OUTCOMES.index(band.outcome)] for band in sorted(card.card.bands, key=lambda b: b.below)
            ]
            cards.append([first, past, card.card.base, len(bands), len(bands) + len(marks), totals[card.card.name]])
            bands += marks
        for table in self.checked.tables:
            first, past = columns.table(table, [next(at) for _ in table.columns])
            name, words = table.table.name, words_of(len(table.table.rows))
            tables.append([first, past, words, len(lines), totals[name], totals[row_column(name)]])
            lines += row_lines(table)
        return _lines(cards, CARD_COLUMNS), _lines(bands, 2), _lines(tables, TABLE_COLUMNS), _lines(lines, 2), columns

    def _variable(
        self, checked: CheckedFeature, layout: dict[str, int], filter_at: dict[str, int], registers: dict[str, int]
    ) -> Variable:
        feature = checked.feature
        keys = (feature.by,) if isinstance(feature.by, str) else feature.by
        of = self.schema.names[feature.of] if feature.of else INT
        chosen = self.filters[feature.name]
        return Variable(
            name=feature.name,
            aggregate=feature.aggregate,
            keys=tuple(layout[key] for key in keys),
            window_ms=parse_duration_ms(feature.over),
            output=registers[feature.name],
            value=layout[feature.of] if feature.of else -1,
            filter=filter_at[chosen.canonical] if chosen else -1,
            category=of.kind is Kind.STRING,
            scale=of.scale,
            past=feature.current == "exclude",
        )

    def _tables(self, registers: list[int], totals: dict[str, int]) -> tuple[Array, Array, Array]:
        lines: list[list[int]] = []
        sets: list[list[int]] = []
        thresholds: list[list[int]] = []
        at = 0
        for number, rule_set in enumerate(self.checked.policy.rule_sets):
            own = [(rule, register) for rule, register in zip(self.rules, registers) if rule.rule_set is rule_set]
            for rule, register in own:
                types = sum(1 << self.schema.type_index[name] for name in rule.on)
                outcome = OUTCOMES.index(rule.rule.outcome) if rule.rule.outcome else NO_OUTCOME
                lines.append([register, types, number, rule.rule.score, outcome, int(rule.rule.shadow)])
            marks = _thresholds(rule_set)
            stops, total = int(rule_set.mode == "first_hit"), totals.get(rule_set.name, -1)
            sets.append([at, at + len(own), stops, len(thresholds), len(thresholds) + len(marks), total])
            thresholds += marks
            at += len(own)
        return _lines(lines, RULE_COLUMNS), _lines(sets, SET_COLUMNS), _lines(thresholds, 2)

    def _drops(self, drops: list[tuple[str, Expression]], registers: list[int]) -> Array:
        lines = [[register, self.schema.type_index[name]] for (name, _), register in zip(drops, registers)]
        return np.array(lines, np.int64).reshape(-1, 2)


def _lines(lines: list[list[int]], width: int) -> Array:
    return np.array(lines, np.int64).reshape(-1, width)


def _places(named: Iterable[Any]) -> dict[str, int]:
    return {each.name: number for number, each in enumerate(named)}


def _thresholds(rule_set: RuleSet) -> list[list[int]]:
    return [[mark.score, OUTCOMES.index(mark.outcome)] for mark in rule_set.thresholds]


def _prepared(expressions: Iterable[Expression]) -> list[Prepared]:
    return list(dict.fromkeys(prepared for expression in expressions for prepared in expression.prepared))


def _features_in_use(checked: Checked, everything: bool) -> list[CheckedFeature]:
    """Features that rules read, directly or through derived ones, in the order of the policy."""
    wanted = set(checked.features) if everything else set()
    queue = [name for name, each in checked.features.items() if each.is_score]
    queue += [name for name in names_sent(checked.policy) if name in checked.features]
    queue += [name for expression in deciding_expressions(checked) for name in expression.names]
    while queue:
        name = queue.pop()
        if name in checked.features and name not in wanted:
            wanted.add(name)
            found = checked.features[name]
            queue += found.expression.names if found.expression else ()
            queue += [given.name for given in found.scored.package.inputs] if found.scored else []
    if everything:
        return list(checked.features.values())
    return [feature for name, feature in checked.features.items() if name in wanted]


def _role(feature: CheckedFeature) -> Literal["aggregate", "derived", "score"]:
    if feature.is_score:
        return "score"
    return "aggregate" if feature.expression is None else "derived"


def _types_fed(checked: Checked, aggregates: Iterable[CheckedFeature]) -> frozenset[str]:
    """Event types that enter the kernel: all the lender sends, and the builtin facts that a feature names."""
    named = {name for feature in aggregates for name in feature.feature.on}
    return checked.known.facts | (named & set(BUILTIN_TYPES))
