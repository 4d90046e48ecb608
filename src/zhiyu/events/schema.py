"""The columns of the register file that events fill: one list for all event types of a policy.

In: event types, and the prepared text columns that the policy's expressions ask for. Out: `EventSchema`: columns in
register order, their types, the checked `derive:` and `drop:` expressions. Every problem found is raised at once.
Order: `event_type`, `time`, `received_at`, `late`; the fields of all types by first declaration; the signals of those
fields (`email_domain`, `id_number_age`, …); prepared columns. A column that an event's type does not have is null.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

from zhiyu.base.errors import DeclarationError, Hint, Place
from zhiyu.events.declare import FACTS, WAIT_END, EventType, Field
from zhiyu.events.derive import Derived, Drop, check_derived
from zhiyu.events.kinds.kinds import Reader
from zhiyu.events.kinds.text import Text
from zhiyu.events.problems import Finder
from zhiyu.expressions import Prepared, Scope
from zhiyu.expressions.types import BOOL, STRING, TIME, Kind, Type

PlaceOf = Callable[[tuple[Any, ...]], Place]
BUILTIN = (("event_type", STRING), ("time", TIME), ("received_at", TIME), ("late", BOOL))


@dataclass(frozen=True, slots=True)
class Column:
    """One register row that events fill. `of` is the field it is read or derived from, `part` the signal or prepared
    key.
    """

    name: str
    type: Type
    role: Literal["builtin", "field", "signal", "prepared"] = "field"
    of: str = ""
    part: str = ""
    en: str = ""
    zh: str = ""


@dataclass(frozen=True, eq=False)
class EventSchema:
    """The compiled events of a policy. `derived` names are registers of the engine, not columns."""

    columns: tuple[Column, ...]
    types: tuple[EventType, ...]
    index: dict[str, int]
    type_index: dict[str, int]
    readers: tuple[dict[str, Reader], ...]
    prepared: tuple[Prepared, ...]
    derived: Derived
    drops: Drop
    place_of: PlaceOf = field(default=lambda path: Place(), repr=False)
    kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def compile(
        cls, events: Sequence[EventType], prepared: Sequence[Prepared] = (), place_of: PlaceOf = lambda path: Place()
    ) -> EventSchema:
        """Check the declarations and lay out the columns; DeclarationError with every problem found.

        `place_of` gives the place of a path such as ("events", 0, "fields", "amount", "min").
        """
        finder = Finder(place_of)
        readers = finder.readers(events)
        columns = [Column(name, kind, "builtin") for name, kind in BUILTIN]
        columns += _field_columns(events, readers, finder)
        columns += _signal_columns(columns, events, readers, finder)
        names = {c.name: c.type for c in columns}
        derived, drops = check_derived(events, names, _texts(columns), finder)
        if finder.problems:
            raise DeclarationError(finder.problems)
        columns += [Column(p.key, p.type, "prepared", p.field, p.key) for p in dict.fromkeys(prepared)]
        return cls(
            tuple(columns),
            tuple(events),
            {c.name: i for i, c in enumerate(columns)},
            {e.name: i for i, e in enumerate(events)},
            tuple(readers),
            tuple(dict.fromkeys(prepared)),
            derived,
            drops,
            place_of,
        )

    @property
    def names(self) -> dict[str, Type]:
        """Every name that expressions may use: columns (without prepared ones) and derived names."""
        found = {c.name: c.type for c in self.columns if c.role != "prepared"}
        found.update({name: expression.type for name, expression in self.derived})
        return found

    @property
    def scope(self) -> Scope:
        """The names for `expressions.check`; a caller adds features and named lists."""
        return Scope(self.names, texts=_texts(self.columns))

    @cached_property
    def outside(self) -> dict[str, int]:
        """Event types that a record may be of, and their numbers."""
        return {
            event.name: i
            for i, event in enumerate(self.types)
            if event.name not in FACTS and WAIT_END not in event.fields
        }

    @property
    def labels(self) -> dict[str, tuple[str, str]]:
        """Wording (en, zh) of every column that has one."""
        return {c.name: (c.en or c.name, c.zh or c.en or c.name) for c in self.columns if c.role != "prepared"}


def _texts(columns: Sequence[Column]) -> frozenset[str]:
    """Names whose text is at hand while an event is read: text functions may read these."""
    return frozenset(c.name for c in columns if c.role in ("field", "signal") and c.type.kind is Kind.STRING)


def _field_columns(events: Sequence[EventType], readers: Sequence[dict[str, Reader]], finder: Finder) -> list[Column]:
    found: dict[str, tuple[str, Column, Field]] = {}
    for at, (event, known) in enumerate(zip(events, readers)):
        for name, reader in known.items():
            declared, kind = event.fields[name], reader.type
            if name not in found:
                found[name] = (event.name, Column(name, kind, "field", name, "", declared.en, declared.zh), declared)
                continue
            first, column, before = found[name]
            if replace(column.type, nullable=True) != replace(kind, nullable=True) or declared.type != before.type:
                finder.add(
                    "type_conflict",
                    ("events", at, "fields", name),
                    f"field '{name}' of event '{event.name}' differs in type, range or values from that of '{first}'",
                    f"事件“{event.name}”的字段“{name}”与事件“{first}”中的同名字段类型、范围或取值不同",
                    Hint("declare both alike, or use another name", "两处声明保持一致，或换一个名称"),
                )
    everywhere = {n for n in found if all(n in known and not known[n].type.nullable for known in readers)}
    return [
        replace(column, type=replace(column.type, nullable=name not in everywhere))
        for name, (_, column, _) in found.items()
    ]


def _signal_columns(
    columns: Sequence[Column], events: Sequence[EventType], readers: Sequence[dict[str, Reader]], finder: Finder
) -> list[Column]:
    taken = {c.name for c in columns}
    found: list[Column] = []
    for column in columns:
        at = next((i for i, known in enumerate(readers) if column.name in known), 0)
        reader = readers[at].get(column.name) if readers else None
        for signal in reader.signals if isinstance(reader, Text) else ():
            name = f"{column.name}_{signal.suffix}"
            if name in taken:
                finder.add(
                    "name_taken",
                    ("events", at, "fields", name),
                    f"'{name}' is computed from field '{column.name}' and cannot be declared",
                    f"“{name}”由字段“{column.name}”自动派生，不能再声明",
                    Hint("rename the field", "给字段改名"),
                )
            taken.add(name)
            nullable = column.type.nullable or signal.suffix != "valid"
            en, zh = f"{column.en or column.name}: {signal.en}", f"{column.zh or column.en or column.name}：{signal.zh}"
            found.append(
                Column(name, replace(signal.type, nullable=nullable), "signal", column.name, signal.suffix, en, zh)
            )
    return found
