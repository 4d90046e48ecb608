"""A JSON Schema (draft 2020-12) of the records of one event type.

In: an event type. Out: a plain dict. Every record the schema takes, the door takes; the door also takes looser spellings (numbers and
truth values as text, surrounding spaces, places as objects), which the schema leaves out so that senders write one form.
Marks beyond the standard begin with `x-`: the money at risk, the key a field is, whether it is personal, its unit, the Chinese names.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from zhiyu.base.limits import MAX_LIST_ITEMS, MAX_STRING_BYTES, MAX_VALUE
from zhiyu.base.money import MINOR_DIGITS
from zhiyu.events.declare import EventType, Field
from zhiyu.events.vocabulary.fields import FIELDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
MAX_CHARS = MAX_STRING_BYTES // 4
"""Any text of so many characters fits the limit in bytes."""
TEXT = r"[^\s\u0000-\u001f\u007f\u0085]"
"""At least one character that is neither space nor control character."""
TIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-][0-9]{2}:[0-9]{2})$"
DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"


def json_schema(event: EventType) -> dict[str, Any]:
    """The schema of `event`'s records: envelope (`type`, `id`, `time`) and fields.

    >>> from zhiyu.events.vocabulary.use import event_type
    >>> json_schema(event_type("log_in"))["required"]
    ['type', 'id', 'time', 'customer']
    """
    envelope = {
        "type": {"const": event.name},
        "id": {"description": "unique id of the event", **_text()},
        "time": {
            "description": "when it happened, with UTC offset",
            "type": "string",
            "format": "date-time",
            "pattern": TIME,
        },
    }
    fields = {name: {**field_schema(declared), **_marks(name, declared)} for name, declared in event.fields.items()}
    found: dict[str, Any] = {
        "$schema": DIALECT,
        "title": event.en or event.name,
        "x-title-zh": event.zh,
        "type": "object",
        "required": ["type", "id", "time", *(name for name, each in event.fields.items() if each.required)],
        "properties": envelope | fields,
        "x-decide": event.decide,
    }
    return found | ({"x-money-at-risk": event.money} if event.money else {})


def field_schema(declared: Field) -> dict[str, Any]:
    """What one field may hold; null too unless it is required."""
    found = _kind(declared)
    if declared.required:
        return found
    if "enum" in found:
        return {"enum": [*found["enum"], None]}
    kinds = found["type"]
    return found | {"type": [*([kinds] if isinstance(kinds, str) else kinds), "null"]}


def _kind(declared: Field) -> dict[str, Any]:
    kind = declared.type
    if kind == "bool":
        return {"type": "boolean"}
    if kind == "enum":
        return {"enum": list(declared.values)}
    if kind in ("int", "number", "money"):
        return _number(declared)
    if kind == "time":
        return {
            "type": "string",
            "anyOf": [{"format": "date-time", "pattern": TIME}, {"format": "date", "pattern": DAY}],
        }
    if kind == "geo":
        degrees = [{"type": "number", "minimum": -limit, "maximum": limit} for limit in (90, 180)]
        return {"type": "array", "prefixItems": degrees, "minItems": 2, "maxItems": 2}
    if kind == "list":
        return {"type": "array", "items": _text(), "maxItems": MAX_LIST_ITEMS}
    return _text(declared.required)


def _text(required: bool = True) -> dict[str, Any]:
    found: dict[str, Any] = {"type": "string", "maxLength": MAX_CHARS}
    return found | ({"pattern": TEXT} if required else {})


def _number(declared: Field) -> dict[str, Any]:
    digits = (
        0
        if declared.type == "int"
        else MINOR_DIGITS.get(declared.currency, 2)
        if declared.type == "money"
        else declared.digits
    )
    most = Decimal(MAX_VALUE).scaleb(-digits)
    low = Decimal(str(declared.min)) if declared.min is not None else -most
    high = Decimal(str(declared.max)) if declared.max is not None else most
    found: dict[str, Any] = {
        "type": "integer" if digits == 0 else "number",
        "minimum": _plain(low),
        "maximum": _plain(high),
    }
    if digits and not declared.round:
        found["multipleOf"] = float(Decimal(1).scaleb(-digits))
    return found


def _plain(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


def _marks(name: str, declared: Field) -> dict[str, Any]:
    said = FIELDS.get(name)
    en, zh = (said.en, said.zh) if said else (declared.en, declared.zh)
    personal = (
        declared.personal if declared.personal is not None else declared.type in ("id_number", "phone", "card", "email")
    )
    unit = declared.currency if declared.type == "money" else declared.unit
    marks = {
        "description": en,
        "x-description-zh": zh,
        "x-key": declared.entity,
        "x-unit": unit,
        "x-personal": personal,
    }
    return {name: value for name, value in marks.items() if value}
