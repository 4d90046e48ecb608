"""Which reader reads which kind.

In: a declared field. Out: its reader. Text-like kinds give a `Text`, all others a `NumberReader`.
"""

from __future__ import annotations

from collections.abc import Callable

from zhiyu.events.declare import Field
from zhiyu.events.kinds.card import Card
from zhiyu.events.kinds.choice import Choice
from zhiyu.events.kinds.email import Email
from zhiyu.events.kinds.flag import Flag
from zhiyu.events.kinds.geo import Geo
from zhiyu.events.kinds.id_number import IdNumber
from zhiyu.events.kinds.ip import Ip
from zhiyu.events.kinds.number import Number
from zhiyu.events.kinds.phone import Phone
from zhiyu.events.kinds.text import Text
from zhiyu.events.kinds.texts import List
from zhiyu.events.kinds.time import Time

TextKind = Text
NumberKind = Number | Flag | Time | Geo
Reader = TextKind | NumberKind
READERS: dict[str, Callable[[Field], Reader]] = {
    "string": Text,
    "enum": Choice,
    "list": List,
    "ip": Ip,
    "email": Email,
    "phone": Phone,
    "card": Card,
    "id_number": IdNumber,
    "int": Number,
    "number": Number,
    "money": Number,
    "bool": Flag,
    "time": Time.of_field,
    "geo": Geo,
}
CHECKED = ("ip", "email", "phone", "card", "id_number")
"""Kinds that have a `valid` signal and may say `require: valid`."""
TEXT_KINDS = ("string", "enum", "list", *CHECKED)


def reader_of(declared: Field) -> Reader:
    """The reader of a field; ValueError where a format, zone or limit cannot be understood."""
    return READERS[declared.type](declared)
