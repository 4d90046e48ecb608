"""One event, or a handful, straight through the scalar definitions: equal to `decode` of the same batch, without Arrow in between.

In: a schema, a source (or None), dictionaries. Out: `Decoded`: the events, and one refusal per record that is none.
Why apart from `decode`: columns cost a fixed price per column that one event should not pay (about 30 µs against 1 ms
for 12 fields). All texts are hashed in one kernel call.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zhiyu.base.hashing import Codes, fold_columns
from zhiyu.events.batch import Decoded, EventBatch
from zhiyu.events.cleaning import CleaningReport
from zhiyu.events.declare import Source
from zhiyu.events.decode import UNTIMED_MS, label_of, no_id, no_time, shown_names, type_of
from zhiyu.events.keyed import keyed
from zhiyu.events.kinds.id_number import age_at
from zhiyu.events.kinds.reader import Notes, SignalValue
from zhiyu.events.kinds.texts import items_of
from zhiyu.events.masks import mask, shown_value
from zhiyu.events.plan import FieldPlan, Plan, TypePlan, plan_for
from zhiyu.events.raw_columns import day_and_clock, nested
from zhiyu.events.refusals import Bad, Refusal, missing
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import prepare

_NOTHING: list[str | None] = [None]
_DOUBLE, _LONG = struct.Struct("<d"), struct.Struct("<q")


class Row:
    """The registers of one event while it is read. Texts wait in `texts` for their codes."""

    __slots__ = ("nulls", "schema", "shown", "text_registers", "texts", "values")

    def __init__(self, schema: EventSchema) -> None:
        self.schema = schema
        self.values = [0] * len(schema.columns)
        self.nulls = [1] * len(schema.columns)
        self.texts: list[str] = []
        self.text_registers: list[int] = []
        self.shown: dict[str, list[str | None]] = {}

    def put(self, register: int, value: str | bool | int | float | None) -> None:
        """Fill one register; null stays null."""
        if isinstance(value, str):
            self.nulls[register] = 0
            self.texts.append(value)
            self.text_registers.append(register)
        elif value is not None:
            self.nulls[register] = 0
            self.values[register] = _LONG.unpack(_DOUBLE.pack(value))[0] if isinstance(value, float) else int(value)

    def hide(self, plan: FieldPlan) -> None:
        """A text that is null shows null, and so does all that is derived from it."""
        names = [
            plan.name,
            *(s.shown for s in plan.signals if s.shown),
            *(p.prepared.key for p in plan.prepared if p.is_text),
        ]
        self.shown.update({name: [None] for name in names})


def decode_one(
    schema: EventSchema, source: Source | None, record: Mapping[str, Any], codes: Codes, tenant: str, position: int = 0
) -> Decoded:
    """Decode one record. The refusal, if any, is in the result; `refusal.error()` makes an exception of it."""
    return decode_few(schema, source, [record], codes, tenant, [position])


def decode_few(
    schema: EventSchema, source: Source | None, records: Sequence[Mapping[str, Any]], codes: Codes, tenant: str,
    positions: Sequence[int],
) -> Decoded:  # fmt: skip
    """Decode a handful of records, each at its position; those that are refused are in the result and touch no other."""
    plan = plan_for(schema, source)
    events, refusals = [], []
    report = CleaningReport(len(records), 0)
    for record, position in zip(records, positions):
        found = _read(schema, source, plan, record, position, report)
        if isinstance(found, _Event):
            events.append(found)
        else:
            refusals.append(_refused(plan, record, position, found))
            report.refuse(found.where, found.bad.code)
    report.accepted = len(events)
    batch = _batch(events, plan, schema, codes, tenant) if events else _empty(schema, plan, tenant)
    return Decoded(batch, refusals, report)


def _read(
    schema: EventSchema, source: Source | None, plan: Plan, record: Mapping[str, Any], position: int, report: CleaningReport
) -> _Event | _Finding:  # fmt: skip
    """One record as registers, or where reading it stopped and why."""
    row, notes = Row(schema), []  # type: tuple[Row, list[tuple[str, str]]]
    where, kind, event_id = plan.type_column, plan.fixed_type, ""
    try:
        if plan.type_column:
            kind = _type(plan, record)
        where = plan.id_column
        event_id = _id(plan, record, position)
        where = plan.time_column
        time_ms = time_of(plan, record, position)
        own = plan.types[kind]
        assert own is not None
        for field in own.fields:
            where = field.name
            read_field_of_one(row, field, record, time_ms, notes)
    except Bad as bad:
        if where == plan.type_column:
            kind = -1
            event_id = _id_if_readable(plan, record, position)
        return _Finding(kind, event_id, where, bad)
    label = _label(plan, record, notes)
    for name, action in notes:
        report.note(name, action)
    if source is None:
        for name in record.keys() - plan.known:
            report.note(str(name)[:64], "ignored")
    return _Event(row, own, position, event_id, time_ms, label)


def time_of(plan: Plan, record: Mapping[str, Any], position: int) -> int:
    """When it happened, in ms; by its place where the source has no time. `Bad` when the time cannot be read."""
    if plan.time is None:
        return UNTIMED_MS + position * 1000
    value: Any = nested(record, plan.time_column)
    if plan.clock_column:
        value = day_and_clock(value, nested(record, plan.clock_column))
    if plan.spelling is not None:
        value = plan.spelling.word(value)
    found = plan.time.one(value, [])
    if found is None:
        raise no_time()
    return found


def _type(plan: Plan, record: Mapping[str, Any]) -> int:
    found = type_of(plan, nested(record, plan.type_column))
    if isinstance(found, Bad):
        raise found
    return found


def _id(plan: Plan, record: Mapping[str, Any], position: int) -> str:
    if not plan.id_column:
        return f"{plan.name}:{position}"
    found = plan.id_reader.one(nested(record, plan.id_column), [])
    if found is None:
        raise no_id()
    return found


def _id_if_readable(plan: Plan, record: Mapping[str, Any], position: int) -> str:
    try:
        return _id(plan, record, position)
    except Bad:
        return ""


def _label(plan: Plan, record: Mapping[str, Any], notes: list[tuple[str, str]]) -> int:
    value: Any = nested(record, plan.label_column) if plan.label_column else None
    if plan.spelling is not None:
        value = plan.spelling.word(value)
    found = label_of(plan, value)
    if found == -2:
        notes.append((plan.label_column, "unknown_label"))
    return max(found, -1)


def read_field_of_one(
    row: Row, plan: FieldPlan, record: Mapping[str, Any], time_ms: int, notes: list[tuple[str, str]]
) -> None:
    """Read one field of a record into the row; `Bad` when it cannot be taken. What cleaning did is noted."""
    raw = nested(record, plan.column) if plan.column else None
    second = nested(record, plan.second) if plan.second else None
    if plan.spelling is not None:
        read = plan.spelling.number if plan.is_number else plan.spelling.word
        raw, second = read(raw), read(second)
    if plan.words is not None:
        raw = plan.words.one(raw)
    done: Notes = []
    if plan.text is not None:
        text = plan.text.one(raw, done)
        null = text is None
        if text is not None:
            row.put(plan.register, text)
            row.shown[plan.name] = [mask(text, plan.text.mask) if plan.personal else text]
            if plan.checked is not None or plan.prepared:
                _derived(row, plan, text, time_ms, done)
        else:
            row.hide(plan)
    else:
        assert plan.number is not None
        value = plan.number.one((raw, second) if plan.second else raw, done)
        null = value is None
        if value is not None:
            row.values[plan.register] = value
            row.nulls[plan.register] = 0
    if done:
        notes.extend([(plan.name, action) for action in done])
    if null and plan.required:
        raise missing()


def _derived(row: Row, plan: FieldPlan, text: str, time_ms: int, done: Notes) -> None:
    signals: Sequence[SignalValue] = ()
    if plan.checked is not None:
        signals = plan.checked.signals_one(text)
        plan.checked.checked(signals, done)
        for signal, value in zip(plan.signals, signals):
            if value is not None:
                row.put(signal.register, age_at(int(value), time_ms) if signal.at_event else value)
            if signal.shown:
                row.shown[signal.shown] = [value]  # type: ignore[list-item]
    for one in plan.prepared:
        source: Any = text if one.signal < 0 else signals[one.signal]
        made = prepare(one.prepared, items_of(source) if plan.is_list and source is not None else source)
        row.put(one.register, made)
        if one.is_text:
            row.shown[one.prepared.key] = [None if made is None else mask(str(made)) if one.personal else str(made)]


class _Event:
    """One event that was read."""

    __slots__ = ("event_id", "label", "own", "position", "row", "time_ms")

    def __init__(self, row: Row, own: TypePlan, position: int, event_id: str, time_ms: int, label: int) -> None:
        self.row, self.own, self.position = row, own, position
        self.event_id, self.time_ms, self.label = event_id, time_ms, label


def _batch(events: list[_Event], plan: Plan, schema: EventSchema, codes: Codes, tenant: str) -> EventBatch:
    """The events as columns; all their texts are hashed in one call."""
    keys = keyed(schema, plan, codes)
    texts = [text for event in events for text in event.row.texts]
    text_codes = iter(codes.many(texts).tolist()) if texts else iter(())
    for event in events:
        row, time_ms = event.row, event.time_ms
        row.values[0] = int(keys.type_codes[event.own.index])
        row.values[1] = row.values[2] = time_ms
        row.nulls[:4] = (0, 0, 0, 0)
        for register in row.text_registers:
            row.values[register] = next(text_codes)
    n = len(events)
    values = np.ascontiguousarray(np.array([event.row.values for event in events], np.int64).T)
    nulls = np.ascontiguousarray(np.array([event.row.nulls for event in events], np.uint8).T)
    body = np.empty(n, np.uint64)
    fold_columns(values, nulls, plan.body_registers, keys.salts, body)
    ids = np.array([keys.ids[event.own.index].wide(event.event_id) for event in events], np.uint64)
    envelope = np.array(
        [[e.position for e in events], [e.time_ms for e in events], [_money(e) for e in events]], np.int64
    )
    small = np.array([[event.own.index for event in events], [event.label for event in events]], np.int16)
    return EventBatch(
        tenant, envelope[0], [event.event_id for event in events], ids, body, small[0], envelope[1], values, nulls,
        small[1].astype(np.int8), plan.label_delay_ms, envelope[2], _shown(events),
    )  # fmt: skip


def _money(event: _Event) -> int:
    own, row = event.own, event.row
    return row.values[own.money] if own.money >= 0 and not row.nulls[own.money] else 0


def _shown(events: list[_Event]) -> dict[str, Sequence[str | None] | Any]:
    """Texts by column; an event of a type without that column shows none."""
    if len(events) == 1:
        return dict(events[0].row.shown)
    names = dict.fromkeys(name for event in events for name in event.row.shown)
    return {name: [event.row.shown.get(name, _NOTHING)[0] for event in events] for name in names}


class _Finding:
    """Where reading stopped, and why."""

    __slots__ = ("bad", "event_id", "kind", "where")

    def __init__(self, kind: int, event_id: str, where: str, bad: Bad) -> None:
        self.kind, self.event_id, self.where, self.bad = kind, event_id, where, bad


def _refused(plan: Plan, record: Mapping[str, Any], position: int, finding: _Finding) -> Refusal:
    own = plan.types[finding.kind] if finding.kind >= 0 else None
    shown = {name: shown_value(nested(record, name), personal) for name, personal in shown_names(plan, own)}
    bad = finding.bad
    return Refusal(position, finding.event_id, finding.where, bad.code, bad.en, bad.zh, shown)


def _empty(schema: EventSchema, plan: Plan, tenant: str) -> EventBatch:
    columns = len(schema.columns)
    return EventBatch(
        tenant,
        np.zeros(0, np.int64),
        [],
        np.zeros((0, 2), np.uint64),
        np.zeros(0, np.uint64),
        np.zeros(0, np.int16),
        np.zeros(0, np.int64),
        np.zeros((columns, 0), np.int64),
        np.zeros((columns, 0), np.uint8),
        np.zeros(0, np.int8),
        plan.label_delay_ms,
        np.zeros(0, np.int64),
        {},
    )
