"""A condition in the language of rules, asked of decisions that the log holds.

In: text, the policy in force. Out: of the decisions of a frame, which fulfil it, and of which that cannot be told. What an event brought is
there for every decision. What was counted was kept only where a decision kept its values (a pass keeps none): there a part of a condition
may still decide it, `amount > 500 and …` is untrue of a small amount whatever was counted; where it does not, nobody knows. A frame that
was decided under another policy is asked by that policy's columns; names that it lacks are not known there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from zhiyu.base.errors import DeclarationError, Hint, Place, Problem
from zhiyu.base.jit import Array
from zhiyu.engine.event_frames import Noted
from zhiyu.engine.opened import Opened
from zhiyu.expressions import (
    Expression,
    Prepared,
    Program,
    check,
    compile_program,
    load_constants,
    parse,
    prepare,
    run_program,
)
from zhiyu.expressions.types import Kind
from zhiyu.policy.builtin import BUILTIN_NAMES

PLACE = Place("where", 1, 1)
NOT_KEPT = 2
"""The mark of a value that nobody knows: as for an error, all that needs it is marked so as well."""
_ALSO = Hint("ask for a feature that a rule reads, or for a field", "请改用规则读取的特征，或事件字段")


def names_kept(opened: Opened) -> frozenset[str]:
    """Names that a query can read: fields and parts of them on decided events, derived fields, and features whose values are kept."""
    checked, known = opened.compiled.checked, opened.compiled.checked.known
    of_events = {name for name in known.names if name in BUILTIN_NAMES or not known.missing_on(name, known.deciding)}
    return frozenset(of_events | (checked.features.keys() & {each.name for each in opened.compiled.features}))


class DecisionQuery:
    """`text` is checked against the policy in force at once. DeclarationError with every place otherwise.

    Example:
        >>> from zhiyu.policy.declare import Policy, Rule, RuleSet
        >>> from zhiyu.events.declare import EventType, Field
        >>> from zhiyu.engine.opened import open_policy
        >>> pay = EventType(name="pay", fields={"amount": Field(type="int")})
        >>> rule = Rule(name="large", when="amount > 9", outcome="review")
        >>> opened = open_policy(Policy(name="p", events=(pay,), rule_sets=(RuleSet(name="r", rules=(rule,)),)))
        >>> DecisionQuery("amont > 3", opened)
        Traceback (most recent call last):
            ...
        zhiyu.base.errors.DeclarationError: where:1:1: error[unknown_name]: unknown name 'amont' → did you mean 'amount'?
    """

    def __init__(self, text: str, opened: Opened) -> None:
        self.text = text
        self._asks: dict[str, _Asks | None] = {opened.artifact.hash: _Asks.of(text, opened, True)}

    def told(self, note: Noted, opened: Opened) -> tuple[Array, Array]:
        """bool[d], bool[d]: decisions of a frame of which it is true, and those of which it cannot be told. `opened`: who decided them."""
        n = note.decisions.n
        asks = self._of(opened)
        if asks is None:
            return np.zeros(n, bool), np.ones(n, bool)
        return asks.told(note) if n else (np.zeros(0, bool), np.zeros(0, bool))

    def _of(self, opened: Opened) -> _Asks | None:
        key = opened.artifact.hash
        if key not in self._asks:
            try:
                self._asks[key] = _Asks.of(self.text, opened, False)
            except DeclarationError:
                self._asks[key] = None
        return self._asks[key]


@dataclass(frozen=True)
class _Asks:
    """A program over [columns | kept values | texts made], by register: `columns` of the schema, `kept` numbers of features (-1: this
    policy keeps none of it), `texts`."""

    program: Program
    columns: list[int]
    kept: list[int]
    texts: list[Prepared]
    opened: Opened

    @classmethod
    def of(cls, text: str, opened: Opened, strict: bool) -> _Asks:
        """DeclarationError; `strict`: also for what this policy does not keep, else that is unknown."""
        expression = _checked(text, opened, strict)
        reads, definitions = _Reads(opened), dict[str, Expression]()
        reads.walk(expression, definitions)
        names = [*reads.columns, *reads.kept, *(each.key for each in reads.texts)]
        layout = {name: number for number, name in enumerate(names)}
        program = compile_program([expression], layout, len(layout), opened.codes.one, definitions)
        return cls(program, [*reads.columns.values()], [*reads.kept.values()], reads.texts, opened)

    def told(self, note: Noted) -> tuple[Array, Array]:
        """As `DecisionQuery.told`, of at least one decision."""
        d, program = note.decisions, self.program
        values = np.zeros((max(program.n_registers, 1), d.n), np.int64)
        nulls = np.zeros(values.shape, np.uint8)
        load_constants(program, values, nulls)
        for register, column in enumerate(self.columns):
            values[register], nulls[register] = note.batch.values[column, d.rows], note.batch.nulls[column, d.rows]
        for register, number in enumerate(self.kept, len(self.columns)):
            nulls[register] = NOT_KEPT
            if number < 0 or not len(d.kept):  # a frame of passes keeps no columns either
                continue
            values[register, d.kept], nulls[register, d.kept] = d.kept_values[:, number], d.kept_nulls[:, number]
        for register, prepared in enumerate(self.texts, len(self.columns) + len(self.kept)):
            values[register], nulls[register] = self._made(prepared, note)
        run_program(program.code, program.sets, values, nulls, d.n)
        result = int(program.outputs[0])
        unknown = nulls[result] == NOT_KEPT
        if not self.texts and -1 not in self.kept:
            unknown[d.kept] = False  # all is there: an error of the expression itself is not true, as in a rule
        return (nulls[result] == 0) & (values[result] != 0), unknown

    def _made(self, prepared: Prepared, note: Noted) -> tuple[Array, Array]:
        """A text column that the policy itself never made, from texts that are kept; unknown where they are not."""
        n, column = note.decisions.n, note.batch.shown.get(prepared.field)
        values, nulls = np.zeros(n, np.int64), np.full(n, NOT_KEPT, np.uint8)
        if column is None:
            return values, nulls
        for at, row in enumerate(note.decisions.rows.tolist()):
            made = prepare(prepared, column[row])
            nulls[at] = made is None
            if made is not None:
                values[at] = self._bits(made)
        return values, nulls

    def _bits(self, made: str | bool | int | float) -> int:
        if isinstance(made, str):
            return self.opened.codes.one(made)
        return int(np.float64(made).view(np.int64)) if isinstance(made, float) else int(made)


class _Reads:
    """What an expression reads, down to what is kept: `columns` and `kept` by name with their numbers, `texts`."""

    def __init__(self, opened: Opened) -> None:
        compiled = opened.compiled
        self._schema, self._checked = compiled.schema, compiled.checked
        self._derived = dict(compiled.schema.derived)
        self._numbers = {each.name: number for number, each in enumerate(compiled.features)}
        self.columns: dict[str, int] = {}
        self.kept: dict[str, int] = {}
        self.texts: list[Prepared] = []

    def walk(self, expression: Expression, definitions: dict[str, Expression]) -> None:
        """Collect; `definitions` gets what stands for an expression of its own."""
        for prepared in expression.prepared:
            if prepared.key in self._schema.index:
                self.columns[prepared.key] = self._schema.index[prepared.key]
            elif prepared not in self.texts:
                self.texts.append(prepared)
        for name in sorted(expression.names - definitions.keys()):
            if name in self._schema.index:
                self.columns[name] = self._schema.index[name]
            elif name in self._derived:
                definitions[name] = self._derived[name]
                self.walk(self._derived[name], definitions)
            elif name in self._numbers:
                self.kept[name] = self._numbers[name]
            else:
                own = self._checked.features[name].expression
                if own is None:
                    self.kept[name] = -1
                else:
                    definitions[name] = own
                    self.walk(own, definitions)


def _checked(text: str, opened: Opened, strict: bool) -> Expression:
    checked = opened.compiled.checked
    known = checked.known
    names = {
        name: type_ for name, type_ in checked.typed_on(known.deciding).items()
        if name in checked.features or name in BUILTIN_NAMES or not known.missing_on(name, known.deciding)
    }  # fmt: skip
    expression = check(parse(text, PLACE), replace(known.scope, names=names), text, PLACE, Kind.BOOL)
    wrong = [
        _problem(
            text, name, "query.list", f"asks the list '{name}': who stood on it then is not kept with a decision",
            f"查询了名单“{name}”：决策不保存当时的名单成员", Hint("ask for a rule that reads it", "请按读取该名单的规则筛选"),
        )
        for name in sorted(expression.lists)
    ]  # fmt: skip
    wrong += [
        _problem(text, name, "query.not_kept", f"'{name}' is not kept with decisions: no rule reads it",
                 f"“{name}”不随决策保存：没有规则读取它", _ALSO)
        for name in sorted(set(_counted(expression, opened)) if strict else ())
    ]  # fmt: skip
    if wrong:
        raise DeclarationError(wrong)
    return expression


def _counted(expression: Expression, opened: Opened) -> Iterator[str]:
    """Names of features that it needs, at any distance, and whose values are not kept."""
    features, kept = opened.compiled.checked.features, {each.name for each in opened.compiled.features}
    for name in expression.names:
        if name in features and name not in kept:
            own = features[name].expression
            if own is None:
                yield name
            else:
                yield from _counted(own, opened)


def _problem(text: str, name: str, code: str, en: str, zh: str, hint: Hint) -> Problem:
    at = max(text.find(name), 0)
    return Problem(code, en, zh, PLACE.shifted(at), "error", *hint)
