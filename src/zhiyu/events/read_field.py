"""Puts one field of many rows where it belongs: its register, its signals, its prepared columns, its shown texts.

In: the field's plan and raw columns; `at` int64[k] when only some rows of the batch are of the field's event type.
Out: marks in `Sink`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.base.hashing import Codes
from zhiyu.events.kinds.id_number import DAY_MS, LOCAL_MS
from zhiyu.events.kinds.reader import Actions, Bools, Int64s
from zhiyu.events.kinds.texts import items_of
from zhiyu.events.masks import mask_column
from zhiyu.events.plan import FieldPlan, PreparedPlan
from zhiyu.events.raw_columns import RawColumn
from zhiyu.events.read_numbers import read_numbers
from zhiyu.events.read_texts import Rows, TextColumn, arrow_type, null_of, read_texts
from zhiyu.events.refusals import Bad, missing
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import prepare

At = Int64s | None


class Sink:
    """Where the rows of one batch gather: registers (all null at first), findings, actions, shown texts."""

    def __init__(self, schema: EventSchema, n: int, codes: Codes) -> None:
        self.schema, self.n, self.codes = schema, n, codes
        self.values = np.zeros((len(schema.columns), n), np.int64)
        self.nulls = np.ones((len(schema.columns), n), np.uint8)
        self.bad: dict[int, tuple[str, Bad]] = {}
        self.actions: list[tuple[str, str, At, Bools]] = []
        self._shown: dict[str, list[tuple[At, pa.Array]]] = {}

    def refuse(self, row: int, field: str, bad: Bad) -> None:
        """Note the finding unless the row already has one."""
        self.bad.setdefault(row, (field, bad))

    def put(self, register: int, at: At, values: Int64s, null: Bools) -> None:
        """Fill one register; the value under a null is 0."""
        values = np.where(null, 0, values)
        if at is None:
            self.values[register], self.nulls[register] = values, null
        else:
            self.values[register, at], self.nulls[register, at] = values, null

    def show(self, name: str, at: At, column: pa.Array) -> None:
        """Keep the displayable texts of one column."""
        self._shown.setdefault(name, []).append((at, column))

    def note(self, field: str, at: At, actions: Actions) -> None:
        """Keep which rows were changed how."""
        self.actions.extend((field, action, at, marks) for action, marks in actions.items())

    def shown_columns(self) -> dict[str, pa.Array]:
        """Shown texts over the whole batch: pieces of several event types laid side by side."""
        found: dict[str, pa.Array] = {}
        for name, pieces in self._shown.items():
            if pieces[0][0] is None:
                found[name] = pieces[0][1]
                continue
            order = np.full(self.n, -1, np.int64)
            start = 0
            for at, column in pieces:
                order[at] = np.arange(start, start + len(column))
                start += len(column)
            joined = pa.concat_arrays([column.cast(pa.string()) for _, column in pieces])
            found[name] = joined.take(pa.array(order, mask=order < 0))
        return found


def read_field(sink: Sink, plan: FieldPlan, raw: RawColumn, second: RawColumn | None, time_ms: Int64s, at: At) -> None:
    """Read one field of the rows `at` (None: all)."""
    if plan.spelling is not None:
        raw = plan.spelling.many(raw, plan.is_number)
        second = None if second is None else plan.spelling.many(second, plan.is_number)
    if plan.words is not None:
        raw = plan.words.many(raw)
    if plan.text is not None:
        column = read_texts(plan.text, raw, bool(plan.prepared))
        null = spread(null_of(column.texts), column.row)
        sink.put(plan.register, at, spread(sink.codes.column(column.texts), column.row), null)
        sink.show(plan.name, at, _shown(column.texts, column.row, plan.text.mask if plan.personal else None))
        _signals(sink, plan, column, time_ms if at is None else time_ms[at], at)
        for one in plan.prepared:
            _prepared(sink, plan, one, column, at)
        bad, actions = column.bad, column.actions
    else:
        assert plan.number is not None
        numbers = read_numbers(plan.number, raw, second)
        null, bad, actions = numbers.null, numbers.bad, numbers.actions
        sink.put(plan.register, at, numbers.values, null)
    sink.note(plan.name, at, actions)
    _refuse(sink, plan, bad, null, at)


def _refuse(sink: Sink, plan: FieldPlan, bad: dict[int, Bad], null: Bools, at: At) -> None:
    for i, finding in bad.items():
        sink.refuse(i if at is None else int(at[i]), plan.name, finding)
    if plan.required and null.any():
        for i in np.flatnonzero(null).tolist():
            if i not in bad:
                sink.refuse(i if at is None else int(at[i]), plan.name, missing())


def spread(values: Any, row: Rows | None) -> Any:
    """Values per distinct text to values per row."""
    return values if row is None else values[row]


def _shown(texts: pa.Array, row: Rows | None, form: str | None) -> pa.Array:
    """As people see them; `form`: of personal ones, None for others."""
    texts = mask_column(texts, form) if form is not None else texts
    return texts if row is None else pa.DictionaryArray.from_arrays(pa.array(row), texts)


def _signals(sink: Sink, plan: FieldPlan, column: TextColumn, time_ms: Int64s, at: At) -> None:
    for signal, found in zip(plan.signals, column.signals):
        if signal.at_event:
            birth = spread(found.fill_null(0).to_numpy(zero_copy_only=False), column.row)
            ages, null = _ages(birth, time_ms)
            sink.put(signal.register, at, ages, null)
        else:
            values = _register_values(sink, found)
            sink.put(signal.register, at, spread(values, column.row), spread(null_of(found), column.row))
        if signal.shown:
            sink.show(signal.shown, at, _shown(found, column.row, None))


def _register_values(sink: Sink, column: pa.Array) -> Int64s:
    if pa.types.is_string(column.type):
        return sink.codes.column(column)
    if pa.types.is_float64(column.type):
        return np.asarray(column.fill_null(0.0).to_numpy(zero_copy_only=False)).view(np.int64)
    return np.asarray(column.cast(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False))


def _prepared(sink: Sink, plan: FieldPlan, one: PreparedPlan, column: TextColumn, at: At) -> None:
    source = column.texts if one.signal < 0 else column.signals[one.signal]
    made = [
        prepare(one.prepared, items_of(text) if plan.is_list and text is not None else text)
        for text in source.to_pylist()
    ]
    found = pa.array(made, arrow_type(one.prepared.type))
    sink.put(one.register, at, spread(_register_values(sink, found), column.row), spread(null_of(found), column.row))
    if one.is_text:
        sink.show(one.prepared.key, at, _shown(found, column.row, "" if one.personal else None))


def _ages(birth: Int64s, time_ms: Int64s) -> tuple[Int64s, Bools]:
    """`id_number.age_at` over columns: full years at +08:00, null without a birth date or before it."""
    days = np.clip((time_ms + LOCAL_MS) // DAY_MS, None, 2_932_896).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    years = months.astype("datetime64[Y]")
    today = (
        (years.astype(np.int64) + 1970) * 10_000
        + ((months - years).astype(np.int64) + 1) * 100
        + (days - months).astype(np.int64)
        + 1
    )
    age = (today - birth) // 10_000
    null = (birth == 0) | (age < 0)
    return np.where(null, 0, age), null
