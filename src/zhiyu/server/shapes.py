"""Bodies that are one JSON object, read into a declared shape.

In: bytes, a msgspec struct. Out: the struct, or an error that names the field. Values are never quoted: they may be about a person.
"""

from __future__ import annotations

import re
from typing import Annotated, TypeVar

import msgspec

from zhiyu.base.errors import did_you_mean
from zhiyu.base.limits import MAX_REASON_CHARS
from zhiyu.events.refusals import Bad
from zhiyu.log.ndjson import read_line
from zhiyu.server.problems import STATUS_OF_CODE, HttpError

T = TypeVar("T", bound=msgspec.Struct)
Because = Annotated[str, msgspec.Meta(max_length=MAX_REASON_CHARS)]
"""Why something is changed, for the audit."""
_FIELD = re.compile(r"\$\.(\w+)")
_UNKNOWN = re.compile(r"unknown field `(.*)`", re.DOTALL)
_MISSING = re.compile(r"missing required field `(\w+)`")


class Misshapen(Exception):
    """The body is no such object: the field ("" for none), and why."""

    def __init__(self, field: str, bad: Bad) -> None:
        super().__init__(field)
        self.field, self.bad = field, bad


def shaped(body: bytes, shape: type[T]) -> T:
    """The object in `body`; Misshapen when it is none of this shape."""
    try:
        content = read_line(body)
    except Bad as bad:
        raise Misshapen("", bad) from None
    try:
        return msgspec.convert(content, shape)
    except msgspec.ValidationError as wrong:
        raise _why(str(wrong), shape) from None


def read_object(body: bytes, shape: type[T]) -> T:
    """As `shaped`, with an HttpError."""
    try:
        return shaped(body, shape)
    except Misshapen as wrong:
        bad = wrong.bad
        raise HttpError(STATUS_OF_CODE.get(bad.code, 422), bad.code, bad.en, bad.zh, wrong.field) from None


def _why(text: str, shape: type[msgspec.Struct]) -> Misshapen:
    names = [each.encode_name for each in msgspec.structs.fields(shape)]
    unknown, missing, field = _UNKNOWN.search(text), _MISSING.search(text), _FIELD.search(text)
    if unknown is not None and field is None:
        hint = did_you_mean(unknown[1], names)
        en, zh = hint.en or f"known are: {', '.join(names)}", hint.zh or f"可用：{'、'.join(names)}"
        return Misshapen(
            unknown[1][:60], Bad("unknown_key", f"is no key of such an object; {en}", f"此对象没有该键；{zh}")
        )
    if missing is not None:
        return Misshapen(missing[1], Bad("missing", "is required and missing", "必填但缺失"))
    said = text.partition(" - at ")[0]
    return Misshapen(field[1] if field else "", Bad("wrong_type", said, f"类型不对：{said}"))
