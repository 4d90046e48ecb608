"""Declarations of this room: event types, their fields, derived fields, and sources (how an outside file maps onto them).

In: nothing; these are the words a policy is written in, in YAML or in Python. Out: frozen records, equal when they mean the same.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from zhiyu.events.masks import Mask

FieldKind = Literal[
    "string",
    "int",
    "number",
    "money",
    "bool",
    "time",
    "ip",
    "geo",
    "id_number",
    "phone",
    "card",
    "email",
    "enum",
    "list",
]


WAIT_END, WAIT_CHANGE = "wait_end", "wait_change"
"""Fields that only the event types have that a policy makes for itself where its decisions wait: no record may be of such a type."""

LABEL, DECISION, GANG = "label", "decision", "gang_alert"
FACTS = (LABEL, DECISION, GANG)
"""Event types that come from inside only: what became known about an event, what we decided, who is in a gang with an alert. No record may
be of such a type: a label has a door of its own, which asks for the right to label, and nobody but the engine says what was decided, or who
is in a gang."""


class Declaration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Base of everything a policy declares: immutable, keyword-only, unknown keys refused."""


class Field(Declaration, frozen=True):
    """One field of an event.

    `digits`: decimal digits kept by `number` (default 6; money takes them from `currency`). `min`/`max` are written in
    major units ("-5", "1000000.00"). `require: valid` refuses an event whose check digit fails; otherwise it is the signal
    `<name>_valid`. `actionable`: the customer can change it, in this direction, by `step` at a time (major units); explanations may suggest
    such a change. `personal` marks are implied by id_number, phone, card and email: the value becomes a keyed token at the door. `mask`:
    how a personal text is shown to people, by its kind where it has one.
    """

    type: FieldKind
    required: bool = False
    currency: str = "CNY"
    digits: int = 6
    round: bool = False
    min: str | int | float | None = None
    max: str | int | float | None = None
    values: tuple[str, ...] = ()
    entity: str = ""
    personal: bool | None = None
    mask: Mask = ""
    require: Literal["", "valid"] = ""
    unit: str = ""
    normalise: tuple[Literal["trim", "lower", "upper", "digits", "spaces"], ...] = ("trim",)
    formats: tuple[str, ...] = ()
    timezone: str = "UTC"
    actionable: Literal["", "down", "up", "any"] = ""
    step: str | int | float | None = None
    en: str = ""
    zh: str = ""


class EventType(Declaration, frozen=True):
    """What happened. `decide: false` marks facts that only feed features."""

    name: str
    fields: dict[str, Field]
    decide: bool = True
    derive: dict[str, str] = {}
    money: str = ""
    drop: tuple[str, ...] = ()
    en: str = ""
    zh: str = ""


class TimeColumn(Declaration, frozen=True):
    """Where the event time stands in a source and how it is written: strptime formats tried in order, or epoch units.

    `clock`: the column of the time of day, where `column` holds the date alone; formats are for both, with a space between.
    """

    column: str
    clock: str = ""
    formats: tuple[str, ...] = ()
    timezone: str = "UTC"
    epoch: Literal["", "d", "h", "min", "s", "ms", "us", "ns"] = ""


class LabelColumn(Declaration, frozen=True):
    """The truth a source carries: which values mean fraud and which legit; it arrives `delay` after the event."""

    column: str
    fraud: tuple[str | int | float | bool, ...] = (1, True, "1", "true", "fraud")
    legit: tuple[str | int | float | bool, ...] = (0, False, "0", "false", "legit")
    delay: str = "7d"


Encoding = Literal[
    "", "utf-8", "utf-16", "gb18030", "gbk", "big5", "shift_jis", "euc_kr", "latin-1", "windows-1251", "windows-1252",
]  # fmt: skip


class Source(Declaration, frozen=True, kw_only=True):
    """How the records of a file become events: `fields` maps field → column (two columns for geo).

    `times`: time fields with a format of their own; `values`: field → the source's word → ours; `units`: field → the source's unit.
    `time`: without one the file is a table in no order of time, and a record counts one second after the one before it. `encoding`,
    `delimiter`, `columns` (names, where the first line is a record): how a CSV file is written. `missing`: words that say nothing.
    `decimal`: how numbers are written in texts; grouping marks, currency and percent signs around them are taken off.
    """

    name: str
    event: str = ""
    type_column: str = ""
    types: dict[str, str] = {}
    id: str = ""
    time: TimeColumn | None = None
    fields: dict[str, str | tuple[str, str]] = {}
    times: dict[str, TimeColumn] = {}
    values: dict[str, dict[str, str]] = {}
    units: dict[str, str] = {}
    label: LabelColumn | None = None
    order: Literal["arrival", "time"] = "arrival"
    encoding: Encoding = ""
    delimiter: str = ""
    columns: tuple[str, ...] = ()
    missing: tuple[str | int | float, ...] = ()
    decimal: Literal["", ".", ","] = ""

    @property
    def reads(self) -> dict[str, str | tuple[str, str]]:
        """Field → column, those of `times` included."""
        return self.fields | {name: each.column for name, each in self.times.items()}


class Clock(Declaration, frozen=True):
    """How late an event may come and still count at its own time, how far ahead of the stream it may run, how long ids are remembered.

    `skew`: how far ahead of the wall clock a live event may be; sending machines differ by that much.
    """

    lateness: str = "1h"
    max_ahead: str = "400d"
    idempotency: str = "7d"
    skew: str = "5m"
