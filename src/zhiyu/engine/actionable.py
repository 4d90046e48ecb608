"""What a customer can act on, as a policy declares it, for one decision: which values an input may move to, nearest first.

In: a policy, the row of a decision. Out: one `Dimension` per input, and the inputs that cannot be searched exactly, with the reason.
A field of the event moves the features that count it: a sum that includes the event moves by as much; any other feature that depends on the
field cannot be told from the record, and the field is left out then.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.counterfactual import LeftOut, Move
from zhiyu.decisions.values import to_python
from zhiyu.engine.opened import Opened
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import EventType
from zhiyu.expressions.types import Kind, Type
from zhiyu.network.declare import Network, NetworkFeature
from zhiyu.network.layout import R_AMOUNT
from zhiyu.policy.check_actionable import step_units
from zhiyu.policy.checked import CheckedFeature
from zhiyu.policy.compile import Compiled
from zhiyu.policy.say import labels_of

MAX_STEPS = 1_000
"""How many steps away from its value an input is tried."""


@dataclass(frozen=True, slots=True)
class Row:
    """One decided event as the columns of a policy whose aggregates are given: `values` int64[C], `nulls` uint8[C]."""

    values: Array
    nulls: Array
    source: EventBatch
    number: int
    received: int
    late: int
    approximate: bool

    def repeated(self, n: int) -> Iterator[tuple[Array, Array]]:
        """n copies, once."""
        yield np.repeat(self.values[:, None], n, axis=1), np.repeat(self.nulls[:, None], n, axis=1)

    def batch(self, values: Array, nulls: Array) -> tuple[EventBatch, Array, Array]:
        """Candidate rows as a batch; when each was received, whether late."""
        n, own, row = values.shape[1], self.source, self.number
        batch = EventBatch(
            own.tenant, np.full(n, own.positions[row]), [""] * n, np.repeat(own.id_code[row : row + 1], n, axis=0), np.zeros(n, np.uint64),
            np.full(n, own.type_index[row]), np.full(n, own.time_ms[row]), values, nulls, np.full(n, -1, np.int8), 0,
            np.full(n, own.money[row]), {},
        )  # fmt: skip
        return batch, np.full(n, self.received), np.full(n, self.late, np.uint8)


@dataclass(frozen=True, slots=True)
class Dimension:
    """One input. `candidates` int64[k]: register values it may take; `costs` int64[k]: how many steps away each is; `sums`: registers that
    move along by the same amount."""

    name: str
    en: str
    zh: str
    type: Type
    register: int
    before: int
    candidates: Array
    costs: Array
    sums: tuple[int, ...] = ()
    words: tuple[str, ...] = ()
    now: str = ""

    @property
    def registers(self) -> tuple[int, ...]:
        """Every register that a move writes."""
        return (self.register, *self.sums)

    def put(self, values: Array, chosen: Array) -> None:
        """Write the chosen candidates (int64[n]) into the rows of `values` int64[C, n]."""
        taken = self.candidates[chosen]
        values[self.register] = taken
        for register in self.sums:
            values[register] += taken - self.before

    def move(self, at: int) -> Move:
        """The move to candidate `at`, for people."""
        if self.words:
            return Move(self.name, self.en, self.zh, self.now, self.words[at])
        return Move(
            self.name, self.en, self.zh, self._shown(self.before), self._shown(int(self.candidates[at])), self.type.unit
        )

    def _shown(self, value: int) -> Any:
        if self.type.kind is Kind.DURATION:
            return timedelta(milliseconds=value)
        return to_python(self.type, value, 0)


class Given:
    """A policy and its twin whose aggregates come with the rows."""

    def __init__(self, opened: Opened, compiled: Compiled) -> None:
        self.opened, self.compiled = opened, compiled
        self.labels = labels_of(opened.compiled.checked)
        self.at = {column.name: number for number, column in enumerate(compiled.schema.columns)}
        self.at |= {name: len(compiled.schema.columns) + number for number, name in enumerate(compiled.given)}

    def row(self, d: DecisionBatch, batch: EventBatch, line: int) -> Row:
        """The row of the decision whose values stand in line `line`."""
        at, index = int(d.kept[line]), self.opened.compiled.schema.index
        row = int(d.rows[at])
        values, nulls = np.zeros(len(self.at), np.int64), np.ones(len(self.at), np.uint8)
        for column in self.compiled.schema.columns:
            values[self.at[column.name]] = batch.values[index[column.name], row]
            nulls[self.at[column.name]] = batch.nulls[index[column.name], row]
        for number, feature in enumerate(self.opened.compiled.features):
            if feature.role == "aggregate":
                values[self.at[feature.name]] = d.kept_values[line, number]
                nulls[self.at[feature.name]] = d.kept_nulls[line, number]
        return Row(values, nulls, batch, row, int(d.received_ms[at]), int(d.late[at]), bool(d.approximate[at]))


def dimensions_of(given: Given, row: Row) -> tuple[list[Dimension], tuple[LeftOut, ...]]:
    """The inputs of this decision that the policy calls actionable, in its order: fields, then features."""
    event = given.compiled.schema.types[int(row.source.type_index[row.number])]
    found, left = list[Dimension](), list[LeftOut]()
    for name, declared in event.fields.items():
        if not declared.actionable or row.nulls[given.at[name]]:
            continue
        why = _untellable(given, event, name, row)
        if why:
            left.append(LeftOut(name, *why))
            continue
        sums = tuple(given.at[f.feature.name] for f in _counting(given, event, name))
        found += _dimension(given, row, name, declared.actionable, declared.step, declared.values, sums)
    for name in given.compiled.given:
        feature = given.opened.compiled.checked.features[name].feature
        if feature.actionable and not row.nulls[given.at[name]]:
            found += _dimension(given, row, name, feature.actionable, feature.step, (), ())
    return found, tuple(left)


def _dimension(
    given: Given, row: Row, name: str, direction: str, step: Any, choices: Sequence[str], sums: tuple[int, ...]
) -> list[Dimension]:
    register = given.at[name]
    checked = given.opened.compiled.checked
    type_ = checked.features[name].type if name in checked.features else given.compiled.schema.names[name]
    en, zh = given.labels[name]
    before = int(row.values[register])
    if choices:
        codes = [given.opened.codes.one(text) for text in choices]
        now = codes.index(before) if before in codes else -1
        near = sorted((abs(i - now), i) for i in range(len(codes)) if i != now and _goes(i - now, direction))
        order = [i for _, i in near]
        values, costs = [codes[i] for i in order], [cost for cost, _ in near]
        words = tuple(choices[i] for i in order)
        found = Dimension(
            name,
            en,
            zh,
            type_,
            register,
            before,
            np.array(values, np.int64),
            np.array(costs, np.int64),
            sums,
            words,
            choices[now],
        )
    else:
        values, costs = _numbers(type_, before, direction, step_units(type_, step))
        found = Dimension(
            name, en, zh, type_, register, before, np.array(values, np.int64), np.array(costs, np.int64), sums
        )
    return [found] if len(found.costs) else []


def _goes(change: int, direction: str) -> bool:
    return direction == "any" or (change > 0) == (direction == "up")


def _numbers(type_: Type, before: int, direction: str, step: int) -> tuple[list[int], list[int]]:
    """Multiples of the step on the side the customer can move to, nearest first, within the declared range."""
    low = type_.minimum if type_.minimum is not None else (0 if before >= 0 else None)
    high = 1 if type_.kind is Kind.BOOL else type_.maximum
    found: list[tuple[int, int]] = []
    for count in range(1, MAX_STEPS + 1):
        for sign, name in ((-1, "down"), (1, "up")):
            if direction not in (name, "any"):
                continue
            base = -(-before // step) if sign < 0 else before // step
            value = (base + sign * count) * step
            if (low is None or value >= low) and (high is None or value <= high):
                found.append((value, count))
    return [value for value, _ in found], [count for _, count in found]


def _touched(event: EventType, given: Given, name: str) -> set[str]:
    """The field, and everything that is derived from it."""
    found, grown = {name}, True
    while grown:
        fresh = {derived for derived, expression in given.compiled.schema.derived if set(expression.names) & found}
        grown = not fresh <= found
        found |= fresh
    return found


def _counting(given: Given, event: EventType, name: str) -> list[CheckedFeature]:
    """Aggregates in use that count this event, and read the field."""
    checked = given.opened.compiled.checked
    own = [checked.features[feature] for feature in given.compiled.given]
    return [f for f in own if f.feature.of == name and _counts(f, event) and f.feature.aggregate == "sum"]


def _counts(feature: CheckedFeature, event: EventType) -> bool:
    """Whether the event itself is counted."""
    return feature.feature.current == "include" and (not feature.feature.on or event.name in feature.feature.on)


def _untellable(given: Given, event: EventType, name: str, row: Row) -> tuple[str, str] | None:
    """Why a change of the field cannot be told exactly; None when it can."""
    touched = _touched(event, given, name)
    for column in given.compiled.schema.columns:
        if column.role in ("signal", "prepared") and column.of == name:
            return f"'{column.name}' is read from its text", f"“{column.name}”取自其文本"
    for feature_name in given.compiled.given:
        feature = given.opened.compiled.checked.features[feature_name]
        declared = feature.feature
        if not _counts(feature, event):
            continue
        if isinstance(declared, NetworkFeature) and declared.network is not None:
            if touched & _looked_at(declared, declared.network):
                return f"feature '{feature_name}' looks at it", f"特征“{feature_name}”会用到该字段"
            continue
        keys = {declared.by} if isinstance(declared.by, str) else set(declared.by)
        filtered = set(feature.where.names) if feature.where else set()
        moves_along = (
            declared.aggregate == "sum" and declared.of == name and not (filtered or row.late or row.approximate)
        )
        exact = declared.aggregate == "count" or moves_along
        if (keys | filtered) & touched or (declared.of in touched and not exact):
            return f"feature '{feature_name}' counts it", f"特征“{feature_name}”统计该字段"
    return None


def _looked_at(feature: NetworkFeature, network: Network) -> set[str]:
    """Fields that a result of the network depends on: who and what is joined; the amount where it is summed, or may gate a gang."""
    found = {network.person, *(link.field for link in network.links)}
    return found | {network.amount} if feature.result == R_AMOUNT or network.gang is not None else found
