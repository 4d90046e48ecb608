"""Records as they come over the wire, straight to columns: what is plain in machine code, the rest by the definitions.

In: a schema, JSON objects as bytes, each with its position. Out: an `EventBatch` of those that were plain, and the numbers of those that
were not: `decode_few` or `decode` must say what they are. The batch equals theirs to the bit; a property test holds it so.
Why: parsing was more than half of the cost of a decision. Here no Python object is made for a value unless a person will see it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import Any

import numpy as np

from zhiyu.base.hashing import Codes, fold_columns
from zhiyu.events.batch import EventBatch
from zhiyu.events.decode_one import Row, read_field_of_one
from zhiyu.events.keyed import keyed
from zhiyu.events.kinds.choice import Choice
from zhiyu.events.kinds.flag import Flag
from zhiyu.events.kinds.number import Number
from zhiyu.events.kinds.text import TRIM, Text
from zhiyu.events.kinds.time import Time
from zhiyu.events.kinds.time_format import ISO
from zhiyu.events.masks import mask
from zhiyu.events.plan import ID_KEY, TIME_KEY, TYPE_KEY, FieldPlan, Plan, plan_for
from zhiyu.events.refusals import Bad
from zhiyu.events.schema import EventSchema
from zhiyu.events.wire_read import (
    FIELD_COLUMNS,
    IS_CHOICE,
    IS_FLAG,
    IS_NUMBER,
    IS_OTHER,
    IS_TEXT,
    IS_TIME,
    read_records,
)
from zhiyu.events.wire_scan import ABSENT, DECIMAL, FALSE, NULL, TEXT, TRUE, WHOLE, scan_records

_FEW = 32
"""Up to so many records their texts are cut out row by row."""
ENVELOPE = (TYPE_KEY, ID_KEY, TIME_KEY)


@dataclass(frozen=True, eq=False, slots=True)
class _Table:
    """A plan as the kernels read it. `texts`: per type (name, slot, form of the mask, None for none) of what is shown; `others`: per type
    the fields left to the scalar, with the slots of their columns."""

    names: Any
    name_edges: Any
    types: Any
    type_edges: Any
    fields: Any
    field_edges: Any
    choices: Any
    choice_edges: Any
    texts: tuple[tuple[tuple[str, int, str | None], ...], ...]
    others: tuple[tuple[tuple[FieldPlan, tuple[tuple[str, int], ...]], ...], ...]


def decode_wire(
    schema: EventSchema, bodies: Sequence[bytes], positions: Sequence[int], codes: Codes, tenant: str
) -> tuple[EventBatch | None, list[int]]:
    """The plain records as a batch (None when there is none), and the numbers of all others, ascending."""
    plan = plan_for(schema, None)
    table = _table_of(schema, plan)
    n = len(bodies)
    if table is None or not n:
        return None, list(range(n))
    data = b"".join(bodies)
    buffer: Any = np.frombuffer(data or b"\0", np.uint8)
    edges = np.array(list(accumulate(map(len, bodies), initial=0)), np.int64)
    known = len(table.name_edges) - 1
    kinds, spans, hard = np.zeros((n, known), np.uint8), np.zeros((n, 2 * known), np.int64), np.zeros(n, np.uint8)
    scan_records(buffer, edges, table.names, table.name_edges, kinds, spans, hard)
    keys = keyed(schema, plan, codes)
    values, nulls = (
        np.zeros((len(schema.columns), n), np.int64),
        np.ones((len(schema.columns), n), np.uint8),
    )
    type_index, time_ms, ids = np.zeros(n, np.int16), np.zeros(n, np.int64), np.zeros((n, 2), np.uint64)
    read_records(
        buffer, kinds, spans, table.types, table.type_edges, keys.type_codes, keys.id_words, table.fields, table.field_edges,
        table.choices, table.choice_edges, codes.words, values, nulls, type_index, time_ms, ids, hard,
    )  # fmt: skip
    found = _Found(data, table, kinds, spans, values, nulls, type_index, time_ms, hard)
    found.read_others(schema, codes)
    rows = np.flatnonzero(hard == 0)
    left = np.flatnonzero(hard).tolist()
    if not len(rows):
        return None, left
    at = np.array(positions, np.int64)
    if left:
        values, nulls = np.ascontiguousarray(values[:, rows]), np.ascontiguousarray(nulls[:, rows])
        type_index, time_ms, ids, at = type_index[rows], time_ms[rows], ids[rows], at[rows]
    body = np.empty(len(rows), np.uint64)
    fold_columns(values, nulls, plan.body_registers, keys.salts, body)
    batch = EventBatch(
        tenant, at, found.texts(1, rows), ids, body, type_index, time_ms, values, nulls, np.full(len(rows), -1, np.int8),
        plan.label_delay_ms, _money(plan, type_index, values, nulls), found.shown(rows, type_index),
    )  # fmt: skip
    return batch, left


class _Found:
    """What the kernels found, for what Python still has to do."""

    def __init__(self, data: bytes, table: _Table, *arrays: Any) -> None:
        self.data, self.table = data, table
        self.text = data.decode() if data.isascii() else None
        self.kinds, self.spans, self.values, self.nulls, self.type_index, self.time_ms, self.hard = arrays
        self.own: dict[int, Row] = {}

    def piece(self, start: int, end: int) -> str:
        """A text of the data."""
        return self.text[start:end] if self.text is not None else self.data[start:end].decode()

    def raw(self, row: int, slot: int) -> Any:
        """The value of one key as JSON gives it."""
        kind, start, end = self.kinds[row, slot], int(self.spans[row, 2 * slot]), int(self.spans[row, 2 * slot + 1])
        if kind == TEXT:
            return self.piece(start, end)
        if kind in (WHOLE, DECIMAL):
            return int(self.data[start:end]) if kind == WHOLE else float(self.data[start:end])
        return {ABSENT: None, NULL: None, TRUE: True, FALSE: False}[int(kind)]

    def read_others(self, schema: EventSchema, codes: Codes) -> None:
        """Fields that only the scalar definitions read; a row with a refusal becomes hard."""
        if not any(self.table.others):
            return
        waiting: list[tuple[int, Row]] = []
        for at in np.flatnonzero(self.hard == 0).tolist():
            fields = self.table.others[self.type_index[at]]
            if not fields:
                continue
            row = Row(schema)
            try:
                for plan, columns in fields:
                    record = {name: self.raw(at, slot) for name, slot in columns}
                    read_field_of_one(row, plan, record, int(self.time_ms[at]), [])
            except Bad:
                self.hard[at] = 1
                continue
            waiting.append((at, row))
        texts = [text for _, row in waiting for text in row.texts]
        found = iter(codes.many(texts).tolist() if texts else ())
        for at, row in waiting:
            for register in row.text_registers:
                row.values[register] = next(found)
            for register, null in enumerate(row.nulls):
                if not null:
                    self.values[register, at], self.nulls[register, at] = row.values[register], 0
            self.own[at] = row

    def texts(self, slot: int, rows: Any) -> list[str]:
        """The texts of one slot that every one of the rows has."""
        starts, ends = self.spans[rows, 2 * slot].tolist(), self.spans[rows, 2 * slot + 1].tolist()
        if self.text is not None:
            text = self.text
            return [text[start:end] for start, end in zip(starts, ends)]
        return [self.data[start:end].decode() for start, end in zip(starts, ends)]

    def shown(self, rows: Any, type_index: Any) -> dict[str, Any]:
        """Texts by column, as people see them; an event of a type without that column shows none."""
        made = self._shown_few(rows, type_index) if len(rows) <= _FEW else self._shown_many(rows, type_index)
        if self.own:
            for number, at in enumerate(rows.tolist()):
                row = self.own.get(at)
                for name, one in row.shown.items() if row is not None else ():
                    made.setdefault(name, [None] * len(rows))[number] = one[0]
        return made

    def _shown_few(self, rows: Any, type_index: Any) -> dict[str, list[str | None]]:
        """Row by row: for a handful, a pass over columns costs more than the texts."""
        made: dict[str, list[str | None]] = {}
        types = type_index.tolist()
        lines = [(self.kinds[row].tolist(), self.spans[row].tolist()) for row in rows.tolist()]
        for kind in sorted(set(types)):
            own = [(number, line) for number, line in enumerate(lines) if types[number] == kind]
            for name, slot, form in self.table.texts[kind]:
                column = made.setdefault(name, [None] * len(rows))
                for number, (kinds, spans) in own:
                    if kinds[slot] == TEXT:
                        text = self.piece(spans[2 * slot], spans[2 * slot + 1])
                        column[number] = mask(text, form) if text and form is not None else text or None
        return made

    def _shown_many(self, rows: Any, type_index: Any) -> dict[str, list[str | None]]:
        made: dict[str, list[str | None]] = {}
        for kind in sorted(set(type_index.tolist())):
            own = np.flatnonzero(type_index == kind)
            whole = len(own) == len(rows)
            for name, slot, form in self.table.texts[kind]:
                at = rows[own]
                found: list[str | None] = list(self.texts(slot, at))
                if not (self.kinds[at, slot] == TEXT).all():
                    found = [text if is_text else None for text, is_text in zip(found, self.kinds[at, slot] == TEXT)]
                if form is not None or not all(found):
                    found = [mask(text, form) if text and form is not None else text or None for text in found]
                _place(made, name, found, None if whole else own.tolist(), len(rows))
        return made


def _place(
    made: dict[str, list[str | None]], name: str, found: list[str | None], rows: list[int] | None, n: int
) -> None:
    if rows is None:
        made[name] = found
        return
    column = made.setdefault(name, [None] * n)
    for row, text in zip(rows, found):
        column[row] = text


def _money(plan: Plan, type_index: Any, values: Any, nulls: Any) -> Any:
    money = np.zeros(len(type_index), np.int64)
    for kind in plan.types:
        if kind is not None and kind.money >= 0:
            own = (type_index == kind.index) & (nulls[kind.money] == 0)
            money[own] = values[kind.money, own]
    return money


def _table_of(schema: EventSchema, plan: Plan) -> _Table | None:
    """The plan for the kernels, kept on the schema; None when a key has a dot and may reach into an object."""
    if ("wire",) not in schema.kept:
        names = list(dict.fromkeys((*ENVELOPE, *sorted(plan.known))))
        schema.kept["wire",] = None if any("." in name for name in names) else _table(plan, names)
    found: _Table | None = schema.kept["wire",]
    return found


def _table(plan: Plan, names: list[str]) -> _Table:
    slots = {name: slot for slot, name in enumerate(names)}
    rows: list[list[int]] = []
    edges, texts, others, choices = [0], [], [], list[str]()
    for kind in plan.types:
        shown, left = [], []
        for field in kind.fields if kind is not None else ():
            line = _line(field, slots, choices)
            rows.append(line)
            if line[2] == IS_OTHER:
                columns = [column for column in (field.column, field.second) if column]
                left.append((field, tuple((column, slots[column]) for column in columns)))
            elif field.text is not None:
                shown.append((field.name, slots[field.column], field.text.mask if field.personal else None))
        edges.append(len(rows))
        texts.append(tuple(shown))
        others.append(tuple(left))
    by_type = {index: name for name, index in plan.type_of.items()}
    nobody = "\0"  # the name of a type that no record may be of: no text of JSON is this byte
    type_names, type_edges = _packed([by_type.get(index, nobody) for index in range(len(plan.types))])
    packed, name_edges = _packed(names)
    choice_bytes, choice_edges = _packed(choices)
    return _Table(
        packed, name_edges, type_names, type_edges, np.array(rows, np.int64).reshape(-1, FIELD_COLUMNS), np.array(edges, np.int64),
        choice_bytes, choice_edges, tuple(texts), tuple(others),
    )  # fmt: skip


def _line(field: FieldPlan, slots: dict[str, int], choices: list[str]) -> list[int]:
    """One row of the table of fields."""
    kind, low, high, digits, trim, first = IS_OTHER, 0, 0, 0, 0, len(choices)
    plain_text = field.text is not None and not field.prepared and not field.is_list and not field.text.steps & ~TRIM
    if plain_text and type(field.text) in (Text, Choice):
        assert field.text is not None
        kind, trim = IS_TEXT, field.text.steps & TRIM
        if isinstance(field.text, Choice):
            kind = IS_CHOICE
            choices.extend(field.text.choices)
    elif type(field.number) is Number and not field.second:
        kind, low, high, digits = IS_NUMBER, field.number.low, field.number.high, field.number.digits
    elif type(field.number) is Flag:
        kind = IS_FLAG
    elif type(field.number) is Time and not field.number.epoch_text and [f.text for f in field.number.formats] == [ISO]:
        kind = IS_TIME
    return [
        slots.get(field.column, 0),
        field.register,
        kind,
        int(field.required),
        low,
        high,
        digits,
        trim,
        first,
        len(choices),
    ]


def _packed(texts: Sequence[str]) -> tuple[Any, Any]:
    """Texts one after the other as bytes, and their edges."""
    encoded = [text.encode() for text in texts]
    edges = np.array(list(accumulate(map(len, encoded), initial=0)), np.int64)
    return np.frombuffer(b"".join(encoded) or b"\0", np.uint8), edges
