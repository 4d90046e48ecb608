"""How one source's records become rows of one schema, worked out once: which column feeds which reader feeds which register.

In: a schema and a source (or none: records with `type`, `id`, `time` and the fields by name). Out: `Plan`. The plan is kept on the
schema; a source that does not fit raises DeclarationError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zhiyu.base.errors import DeclarationError, did_you_mean
from zhiyu.base.windows import parse_duration_ms
from zhiyu.events.declare import EventType, Field, LabelColumn, Source
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.geo import Geo
from zhiyu.events.kinds.kinds import NumberKind
from zhiyu.events.kinds.text import Text
from zhiyu.events.kinds.texts import List
from zhiyu.events.kinds.time import Time
from zhiyu.events.problems import Finder
from zhiyu.events.schema import EventSchema, PlaceOf
from zhiyu.expressions import Prepared
from zhiyu.expressions.types import Kind

TYPE_KEY, ID_KEY, TIME_KEY = "type", "id", "time"
RECORD_SOURCE = "record"


@dataclass(frozen=True, slots=True)
class PreparedPlan:
    """One prepared column: computed from the field's text (`signal` -1) or from one of its signals."""

    register: int
    prepared: Prepared
    signal: int
    personal: bool
    is_text: bool


@dataclass(frozen=True, slots=True)
class SignalPlan:
    """One signal: its register, whether it is a birth date to turn into an age, the name it is shown under ("" for not)."""

    register: int
    at_event: bool
    shown: str


@dataclass(frozen=True, slots=True)
class FieldPlan:
    """One field: its reader, the columns it is read from (`second` for the longitude), and the registers it fills."""

    name: str
    register: int
    column: str
    second: str
    required: bool
    personal: bool
    text: Text | None
    number: NumberKind | None
    checked: Checked | None
    geo: Geo | None
    signals: tuple[SignalPlan, ...]
    is_list: bool
    prepared: tuple[PreparedPlan, ...]


@dataclass(frozen=True, slots=True)
class TypePlan:
    """One event type: its fields, the register of its money, and the names its record may hold."""

    index: int
    name: str
    fields: tuple[FieldPlan, ...]
    money: int


@dataclass(frozen=True, eq=False)
class Plan:
    """How a source is read. `fixed_type` ≥ 0: every row is of that type; else `type_column` says, through `types`."""

    source: Source | None
    name: str
    types: tuple[TypePlan | None, ...]
    fixed_type: int
    type_column: str
    type_of: dict[str, int]
    id_column: str
    time_column: str
    time: Time
    label_column: str
    label_of: dict[Any, int]
    label_delay_ms: int
    known: frozenset[str]
    body_registers: npt.NDArray[np.int64]
    salt_names: tuple[str, ...]
    id_reader: Text


def plan_for(schema: EventSchema, source: Source | None, place_of: PlaceOf | None = None) -> Plan:
    """The plan of a source, made at the first call for it. Raises DeclarationError when the source does not fit the schema."""
    key = ("plan", "" if source is None else source.name)
    kept: Plan | None = schema.kept.get(key)
    if kept is None or (kept.source is not source and kept.source != source):
        kept = schema.kept[key] = _plan(schema, source, Finder(place_of) if place_of else Finder(schema.place_of))
    return kept


def _plan(schema: EventSchema, source: Source | None, finder: Finder) -> Plan:
    if source is None:
        deciding = [i for i, e in enumerate(schema.types) if e.decide]
        only = deciding[0] if len(deciding) == 1 else (0 if len(schema.types) == 1 else -1)
        plans: list[TypePlan | None] = [
            _type_plan(schema, i, {n: n for n in e.fields}) for i, e in enumerate(schema.types)
        ]
        names = {n for e in schema.types for n in e.fields} | {TYPE_KEY, ID_KEY, TIME_KEY}
        return _finish(
            schema,
            None,
            plans,
            only,
            TYPE_KEY,
            dict(schema.type_index),
            ID_KEY,
            TIME_KEY,
            Time((), "UTC", required=True, strict=True),
            names,
        )
    time = _check_source(schema, source, finder)
    if finder.problems:
        raise DeclarationError(finder.problems)
    assert time is not None
    fixed = schema.type_index.get(source.event, -1)
    type_of = {value: schema.type_index[name] for value, name in source.types.items()} or dict(schema.type_index)
    used = {fixed} if not source.type_column else set(type_of.values())
    plans = [_type_plan(schema, i, source.fields) if i in used else None for i in range(len(schema.types))]
    columns = {c for v in source.fields.values() for c in ((v,) if isinstance(v, str) else v)}
    names = columns | {source.time.column, source.id, source.type_column, source.label.column if source.label else ""}
    return _finish(
        schema,
        source,
        plans,
        -1 if source.type_column else fixed,
        source.type_column,
        type_of,
        source.id,
        source.time.column,
        time,
        names,
    )


def _finish(
    schema: EventSchema, source: Source | None, plans: list[TypePlan | None], fixed: int, type_column: str,
    type_of: dict[str, int], id_column: str, time_column: str, time: Time, names: set[str],
) -> Plan:  # fmt: skip
    body = [i for i, c in enumerate(schema.columns) if c.role == "field" or c.name in ("event_type", "time")]
    label = source.label if source else None
    return Plan(
        source, source.name if source else RECORD_SOURCE, tuple(plans), fixed, type_column, type_of, id_column, time_column, time,
        label.column if label else "", _labels(label) if label else {}, parse_duration_ms(label.delay) if label else 0,
        frozenset(names - {""}), np.array(body, np.int64), tuple(schema.columns[i].name for i in body), Text(Field(type="string")),
    )  # fmt: skip


def _type_plan(schema: EventSchema, at: int, columns: dict[str, Any]) -> TypePlan:
    event = schema.types[at]
    fields = tuple(_field_plan(schema, at, name, columns.get(name, "")) for name in event.fields)
    return TypePlan(at, event.name, fields, schema.index[event.money] if event.money else -1)


def _field_plan(schema: EventSchema, at: int, name: str, column: str | tuple[str, str]) -> FieldPlan:
    reader, declared = schema.readers[at][name], schema.types[at].fields[name]
    first, second = (column, "") if isinstance(column, str) else column
    text = reader if isinstance(reader, Text) else None
    names = [f"{name}_{s.suffix}" for s in reader.signals] if isinstance(reader, Text) else []
    signals = tuple(
        SignalPlan(schema.index[n], s.at_event, n if s.type.kind is Kind.STRING else "")
        for n, s in zip(names, text.signals if text else ())
    )
    sources = {name: -1} | {n: i for i, n in enumerate(names)}
    personal = text is not None and text.personal
    prepared = tuple(
        PreparedPlan(schema.index[p.key], p, sources[p.field], p.type.personal or personal, p.type.kind is Kind.STRING)
        for p in schema.prepared
        if p.field in sources
    )
    return FieldPlan(
        name, schema.index[name], first, second, declared.required, personal, text, None if isinstance(reader, Text) else reader,
        reader if isinstance(reader, Checked) else None, reader if isinstance(reader, Geo) else None, signals, isinstance(reader, List), prepared,
    )  # fmt: skip


def label_key(value: object) -> Any:
    """What makes two raw labels the same: numbers and booleans by value, texts without case and surrounding spaces."""
    if isinstance(value, str):
        return value.strip().lower()
    return float(value) if isinstance(value, (bool, int, float)) and abs(value) < 1 << 53 else None


def _labels(label: LabelColumn) -> dict[Any, int]:
    found = {label_key(v): 0 for v in label.legit}
    found.update({label_key(v): 1 for v in label.fraud})
    return found


def _check_source(schema: EventSchema, source: Source, finder: Finder) -> Time | None:
    at = ("sources", source.name)
    used: list[EventType] = []
    if bool(source.event) == bool(source.type_column):
        finder.add(
            "bad_source",
            at,
            f"source '{source.name}' needs either `event` or `type_column`",
            f"数据源“{source.name}”须且只须声明 event 或 type_column 之一",
            "declare one of them",
        )
    for name in [source.event] if source.event else (source.types.values() or schema.type_index):
        if name in schema.type_index:
            used.append(schema.types[schema.type_index[name]])
        else:
            finder.add(
                "unknown_name",
                (*at, "event"),
                f"no event type '{name}' is declared",
                f"没有声明事件类型“{name}”",
                did_you_mean(name, schema.type_index),
            )
    fields = {n: f for e in used for n, f in e.fields.items()}
    for name, column in source.fields.items():
        if used and name not in fields:
            finder.add(
                "unknown_name",
                (*at, "fields", name),
                f"source '{source.name}' fills '{name}', which no event type declares",
                f"数据源“{source.name}”填充了未声明的字段“{name}”",
                did_you_mean(name, fields),
            )
        elif used and not isinstance(column, str) and fields[name].type != "geo":
            finder.add(
                "bad_source",
                (*at, "fields", name),
                f"field '{name}' is no place and takes one column",
                f"字段“{name}”不是位置，只能对应一列",
                "name one column",
            )
    for event in used:
        for name, f in event.fields.items():
            if f.required and name not in source.fields:
                finder.add(
                    "missing",
                    (*at, "fields"),
                    f"source '{source.name}' does not fill '{name}', which '{event.name}' requires",
                    f"数据源“{source.name}”没有填充“{event.name}”必填的“{name}”",
                    f"add `{name}: COLUMN`",
                )
    if source.label and set(map(label_key, source.label.fraud)) & set(map(label_key, source.label.legit)):
        finder.add(
            "bad_source",
            (*at, "label"),
            "a label value means both fraud and legit",
            "同一标签值既表示欺诈又表示正常",
            "remove it from one side",
        )
    return _check_times(source, finder, at)


def _check_times(source: Source, finder: Finder, at: tuple[Any, ...]) -> Time | None:
    try:
        if source.label:
            parse_duration_ms(source.label.delay)
    except ValueError as wrong:
        finder.add("bad_source", (*at, "label", "delay"), str(wrong), str(wrong))
    try:
        return Time.of_column(source.time)
    except ValueError as wrong:
        finder.add("bad_source", (*at, "time"), f"source '{source.name}': {wrong}", f"数据源“{source.name}”：{wrong}")
    return None
