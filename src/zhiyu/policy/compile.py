"""A checked policy becomes what the engine runs: register layout, two programs, a feature plan, rule tables.

In: `Checked` (every expression typed), the coder of texts (keyed by tenant). Out: `Compiled`.
Registers: [event columns | first program: filters, derived fields | features | second program: derived features, rules].
The first program runs before the features (it sees one event), the second after them. Only features that a rule needs are computed,
unless all are asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.base.windows import parse_duration_ms
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import Expression, Prepared, Program, check, compile_program, parse
from zhiyu.expressions.types import INT, Kind, Type
from zhiyu.features.plan import Plan, Variable, build_plan
from zhiyu.policy.builtin import DECISION, LABEL
from zhiyu.policy.checked import Checked, CheckedFeature, CheckedRule
from zhiyu.policy.declare import OUTCOMES, Policy, RuleSet

# rule table columns
R_REGISTER, R_TYPES, R_SET, R_SCORE, R_OUTCOME, R_STOPS = range(6)
RULE_COLUMNS = 6
# set table columns
S_RULE0, S_RULE1, S_FIRST_HIT, S_THRESHOLD0, S_THRESHOLD1 = range(5)
SET_COLUMNS = 5
NO_OUTCOME = -1


@dataclass(frozen=True, slots=True)
class FeatureColumn:
    """A value that decisions keep: its name, type and register; an aggregate, a derived feature, or a derived field that rules read."""

    name: str
    type: Type
    register: int
    role: Literal["aggregate", "derived", "field"]


@dataclass(frozen=True)
class Compiled:
    """Everything the engine needs of a policy.

    `rules` int64[n, 6], `sets` int64[m, 5], `thresholds` int64[k, 2] (score, outcome); `drops` int64[d, 2] (register, type index).
    `watched`: registers of `features`, in order, for the record. `types_fed`: event types that features look at.
    """

    policy: Policy
    checked: Checked
    schema: EventSchema
    before: Program
    after: Program
    plan: Plan
    rules: Array
    sets: Array
    thresholds: Array
    drops: Array
    features: tuple[FeatureColumn, ...]
    rule_order: tuple[CheckedRule, ...]
    types_fed: frozenset[str]
    n_registers: int
    lateness_ms: int
    max_ahead_ms: int
    idempotency_ms: int

    @property
    def features_per_event(self) -> int:
        """Features computed for each event (derived fields not counted)."""
        return sum(feature.role != "field" for feature in self.features)

    @cached_property
    def watched(self) -> Array:
        """Registers of `features`, int64."""
        return np.array([f.register for f in self.features], np.int64)


def compile_policy(checked: Checked, encode: Callable[[str], int], all_features: bool = False) -> Compiled:
    """Compile; `encode` gives the 64-bit code of a text, `all_features` computes features no rule needs as well."""
    return _Compiler(checked, encode, all_features).build()


class _Compiler:
    def __init__(self, checked: Checked, encode: Callable[[str], int], all_features: bool) -> None:
        self.checked = checked
        self.encode = encode
        self.used = _features_in_use(checked, all_features)
        self.aggregates = [f for f in self.used if f.expression is None]
        self.derived = {f.feature.name: f.expression for f in self.used if f.expression is not None}
        self.fed = _types_fed(checked, self.aggregates)
        self.filters = {f.feature.name: self._filter(f) for f in self.aggregates}
        known = checked.known.schema
        self.schema = EventSchema.compile(known.types, _prepared(self._expressions()))
        self.fields = dict(self.schema.derived)

    def _expressions(self) -> Iterable[Expression]:
        schema = self.checked.known.schema
        yield from (expression for _, expression in schema.derived)
        yield from (expression for _, expression in schema.drops)
        yield from (expression for expression in self.filters.values() if expression)
        yield from self.derived.values()
        yield from (rule.when for rule in self.checked.rules if rule.when)

    def _filter(self, feature: CheckedFeature) -> Expression | None:
        """The feature's predicate together with its event types; None when it takes every event that is fed."""
        on = frozenset(feature.feature.on) or self.checked.known.facts
        parts = [feature.feature.where] if feature.feature.where else []
        if not self.fed <= on:
            names = ", ".join(f'"{name}"' for name in sorted(on & self.fed))
            parts.insert(0, f"event_type in ({names},)")
        if not parts:
            return None
        text = " and ".join(f"({part})" for part in parts)
        return check(parse(text), self.checked.known.scope, text)

    def build(self) -> Compiled:
        layout = dict(self.schema.index)
        filters = list(
            {expression.canonical: expression for expression in self.filters.values() if expression}.values()
        )
        drops = list(self.schema.drops)
        firsts = filters + [expression for _, expression in drops] + list(self.fields.values())
        before = compile_program(firsts, layout, len(self.schema.columns), self.encode, self.fields)
        outputs = [int(register) for register in before.outputs]
        filter_at = dict(zip((expression.canonical for expression in filters), outputs))
        layout |= dict(zip(self.fields, outputs[len(filters) + len(drops) :]))
        first_feature = max(before.n_registers, len(self.schema.columns))
        registers = {f.feature.name: first_feature + i for i, f in enumerate(self.aggregates)}
        variables = [self._variable(f, layout, filter_at, registers) for f in self.aggregates]
        layout |= registers
        lateness = parse_duration_ms(self.checked.policy.clock.lateness)
        rules = [rule for rule in self.checked.rules if rule.when is not None]
        seconds = list(self.derived.values()) + [rule.when for rule in rules if rule.when]
        after = compile_program(seconds, layout, first_feature + len(registers), self.encode, self.derived)
        results = [int(register) for register in after.outputs]
        rule_table, set_table, thresholds = self._tables(rules, results[len(self.derived) :])
        columns = [
            FeatureColumn(f.feature.name, f.type, registers[f.feature.name], "aggregate") for f in self.aggregates
        ]
        columns += [FeatureColumn(n, e.type, r, "derived") for (n, e), r in zip(self.derived.items(), results)]
        read = {name for expression in seconds for name in expression.names}
        columns += [FeatureColumn(n, e.type, layout[n], "field") for n, e in self.fields.items() if n in read]
        clock = self.checked.policy.clock
        return Compiled(
            self.checked.policy, self.checked, self.schema, before, after, build_plan(variables, lateness),
            rule_table, set_table, thresholds, self._drops(drops, outputs[len(filters) :]), tuple(columns), tuple(rules), self.fed,
            max(after.n_registers, first_feature + len(registers), 1), lateness,
            parse_duration_ms(clock.max_ahead), parse_duration_ms(clock.idempotency),
        )  # fmt: skip

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

    def _tables(self, rules: list[CheckedRule], registers: list[int]) -> tuple[Array, Array, Array]:
        lines: list[list[int]] = []
        sets: list[list[int]] = []
        thresholds: list[list[int]] = []
        at = 0
        for number, rule_set in enumerate(self.checked.policy.rule_sets):
            own = [(rule, register) for rule, register in zip(rules, registers) if rule.rule_set is rule_set]
            stops = rule_set.mode == "first_hit"
            for rule, register in own:
                types = sum(1 << self.schema.type_index[name] for name in rule.on)
                outcome = OUTCOMES.index(rule.rule.outcome) if rule.rule.outcome else NO_OUTCOME
                lines.append([register, types, number, rule.rule.score, outcome, int(stops)])
            marks = _thresholds(rule_set)
            sets.append([at, at + len(own), int(stops), len(thresholds), len(thresholds) + len(marks)])
            thresholds += marks
            at += len(own)
        return (
            np.array(lines, np.int64).reshape(-1, RULE_COLUMNS),
            np.array(sets, np.int64).reshape(-1, SET_COLUMNS),
            np.array(thresholds, np.int64).reshape(-1, 2),
        )

    def _drops(self, drops: list[tuple[str, Expression]], registers: list[int]) -> Array:
        lines = [[register, self.schema.type_index[name]] for (name, _), register in zip(drops, registers)]
        return np.array(lines, np.int64).reshape(-1, 2)


def _thresholds(rule_set: RuleSet) -> list[list[int]]:
    return [[mark.score, OUTCOMES.index(mark.outcome)] for mark in rule_set.thresholds]


def _prepared(expressions: Iterable[Expression]) -> list[Prepared]:
    return list(dict.fromkeys(prepared for expression in expressions for prepared in expression.prepared))


def _features_in_use(checked: Checked, everything: bool) -> list[CheckedFeature]:
    """Features that rules read, directly or through derived ones, in the order of the policy."""
    wanted = set(checked.features) if everything else set()
    queue = [name for rule in checked.rules if rule.when for name in rule.when.names]
    while queue:
        name = queue.pop()
        if name in checked.features and name not in wanted:
            wanted.add(name)
            expression = checked.features[name].expression
            queue += expression.names if expression else ()
    if everything:
        return list(checked.features.values())
    return [feature for name, feature in checked.features.items() if name in wanted]


def _types_fed(checked: Checked, aggregates: Iterable[CheckedFeature]) -> frozenset[str]:
    """Event types that enter the kernel: all the lender sends, and the builtin facts that a feature names."""
    named = {name for feature in aggregates for name in feature.feature.on}
    return checked.known.facts | (named & {LABEL, DECISION})
