"""How one source's records become rows of one schema, worked out once: which column feeds which reader feeds which
register.

In: a schema and a source (or none: records with `type`, `id`, `time` and the fields by name). Out: `Plan`. The plan
is kept on the schema; a source that does not fit raises DeclarationError.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from zhiyu.base.errors import DeclarationError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.events.check_source import check_source, label_key
from zhiyu.events.declare import Field, LabelColumn, Source
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.geo import Geo
from zhiyu.events.kinds.in_unit import InUnit
from zhiyu.events.kinds.kinds import NumberKind, Reader
from zhiyu.events.kinds.number import Number
from zhiyu.events.kinds.text import Text
from zhiyu.events.kinds.texts import List
from zhiyu.events.kinds.time import Time
from zhiyu.events.problems import Finder
from zhiyu.events.schema import EventSchema, PlaceOf
from zhiyu.events.spelling import Spelling
from zhiyu.events.words import Words
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
    """One signal: its register, whether it is a birth date to turn into an age, the name it is shown under ("" for
    not).
    """

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
    words: Words | None = None
    spelling: Spelling | None = None

    @property
    def is_number(self) -> bool:
        """Written in digits: int, number, money, a place."""
        return isinstance(self.number, (Number, Geo))


@dataclass(frozen=True, slots=True)
class TypePlan:
    """One event type: its fields, the register of its money, and the names its record may hold."""

    index: int
    name: str
    fields: tuple[FieldPlan, ...]
    money: int


@dataclass(frozen=True, eq=False)
class Plan:
    """How a source is read. `fixed_type` ≥ 0: every row is of that type; else `type_column` says, through `types`.
    `time` None: a record's time is its place in the file.
    """

    source: Source | None
    name: str
    types: tuple[TypePlan | None, ...]
    fixed_type: int
    type_column: str
    type_of: dict[str, int]
    id_column: str
    time_column: str
    clock_column: str
    time: Time | None
    label_column: str
    label_of: dict[Any, int]
    label_delay_ms: int
    known: frozenset[str]
    body_registers: npt.NDArray[np.int64]
    salt_names: tuple[str, ...]
    id_reader: Text
    spelling: Spelling | None


def plan_for(schema: EventSchema, source: Source | None, place_of: PlaceOf | None = None) -> Plan:
    """The plan of a source, made at the first call for it. Raises DeclarationError when the source does not fit the
    schema.
    """
    key = ("plan", "" if source is None else source.name)
    kept: Plan | None = schema.kept.get(key)
    if kept is None or (kept.source is not source and kept.source != source):
        kept = schema.kept[key] = _plan(schema, source, Finder(place_of) if place_of else Finder(schema.place_of))
    return kept


def _plan(schema: EventSchema, source: Source | None, finder: Finder) -> Plan:
    if source is None:
        outside = dict(schema.outside)
        deciding = [i for i in outside.values() if schema.types[i].decide]
        only = deciding[0] if len(deciding) == 1 else (0 if len(schema.types) == 1 else -1)
        plans: list[TypePlan | None] = [
            _type_plan(schema, i, {n: n for n in e.fields}, None) if e.name in outside else None
            for i, e in enumerate(schema.types)
        ]
        names = {n for i in outside.values() for n in schema.types[i].fields} | {TYPE_KEY, ID_KEY, TIME_KEY}
        return _finish(
            schema,
            None,
            plans,
            only,
            TYPE_KEY,
            outside,
            ID_KEY,
            TIME_KEY,
            Time((), "UTC", required=True, strict=True),
            names,
        )
    time = check_source(schema, source, finder)
    if finder.problems:
        raise DeclarationError(finder.problems)
    fixed = schema.type_index.get(source.event, -1)
    type_of = {value: schema.type_index[name] for value, name in source.types.items()} or dict(schema.outside)
    used = {fixed} if not source.type_column else set(type_of.values())
    plans = [_type_plan(schema, i, source.reads, source) if i in used else None for i in range(len(schema.types))]
    columns = {c for v in source.reads.values() for c in ((v,) if isinstance(v, str) else v)}
    when = (source.time.column, source.time.clock) if source.time else ("", "")
    names = columns | {*when, source.id, source.type_column, source.label.column if source.label else ""}
    return _finish(
        schema,
        source,
        plans,
        -1 if source.type_column else fixed,
        source.type_column,
        type_of,
        source.id,
        when[0],
        time,
        names,
    )


def _finish(
    schema: EventSchema,
    source: Source | None,
    plans: list[TypePlan | None],
    fixed: int,
    type_column: str,
    type_of: dict[str, int],
    id_column: str,
    time_column: str,
    time: Time | None,
    names: set[str],
) -> Plan:
    body = [i for i, c in enumerate(schema.columns) if c.role == "field" or c.name in ("event_type", "time")]
    label = source.label if source else None
    return Plan(
        source,
        source.name if source else RECORD_SOURCE,
        tuple(plans),
        fixed,
        type_column,
        type_of,
        id_column,
        time_column,
        source.time.clock if source and source.time else "",
        time,
        label.column if label else "",
        _labels(label) if label else {},
        parse_duration_ms(label.delay) if label else 0,
        frozenset(names - {""}),
        np.array(body, np.int64),
        tuple(schema.columns[i].name for i in body),
        Text(Field(type="string")),
        spelling_of(source),
    )


def spelling_of(source: Source | None) -> Spelling | None:
    """None where the source writes things plainly."""
    return Spelling(source.missing, source.decimal) or None if source else None


def _type_plan(schema: EventSchema, at: int, columns: dict[str, Any], source: Source | None) -> TypePlan:
    event = schema.types[at]
    fields = tuple(_field_plan(schema, at, name, columns.get(name, ""), source) for name in event.fields)
    return TypePlan(at, event.name, fields, schema.index[event.money] if event.money else -1)


def _field_plan(
    schema: EventSchema, at: int, name: str, column: str | tuple[str, str], source: Source | None
) -> FieldPlan:
    declared = schema.types[at].fields[name]
    reader = _reader(schema.readers[at][name], declared, name, source)
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
        name,
        schema.index[name],
        first,
        second,
        declared.required,
        personal,
        text,
        None if isinstance(reader, Text) else reader,
        reader if isinstance(reader, Checked) else None,
        reader if isinstance(reader, Geo) else None,
        signals,
        isinstance(reader, List),
        prepared,
        Words(source.values[name]) if source is not None and name in source.values else None,
        spelling_of(source),
    )


def _reader(own: Reader, declared: Field, name: str, source: Source | None) -> Reader:
    """The field's own reader, or one for the unit or the dates of the source."""
    if source is not None and name in source.times:
        return Time.of_column(source.times[name])
    if source is not None and name in source.units:
        return InUnit(declared, source.units[name])
    return own


def _labels(label: LabelColumn) -> dict[Any, int]:
    found = {label_key(v): 0 for v in label.legit}
    found.update({label_key(v): 1 for v in label.fraud})
    return found
