"""How personal values may be shown: by kind, as people are used to (138****1234), else the last characters only.

In: a cleaned text and a form. Out: the form's first and last characters with stars between them; for a text that is too short for it, and
without a form, "***" and its last 4 characters (8 or more), last 2 (4 to 7), or none. Used for decision records, refused records and
anything a person sees; the raw value itself leaves the events room nowhere but into the vault.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

MAX_SHOWN_CHARS = 200
Mask = Literal["", "phone", "id_number", "card", "email", "name", "address"]


class Form(NamedTuple):
    """So many characters from the begin, stars, so many from the end, of texts of at least so many."""

    head: int
    stars: str
    tail: int
    shortest: int


FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "phone": Form(3, "****", 4, 11),
        "id_number": Form(3, "***********", 4, 15),
        "card": Form(6, "******", 4, 13),
        "name": Form(1, "**", 0, 2),
        "address": Form(6, "****", 0, 9),
    }
)
"""What is shown by each form; an e-mail address shows its first character and its domain. Of an identity number neither the birthday nor
the whole region is shown; of a card what card networks let be printed."""
_LOCAL_PART = "^(.)[^@]*@"


def mask(text: str, form: str = "") -> str:
    """One text.

    >>> mask("13800001234", "phone"), mask("lihua@example.com", "email"), mask("13800001234"), mask("abcd"), mask("abc")
    ('138****1234', 'l***@example.com', '***1234', '***cd', '***')
    """
    shape = FORMS.get(form)
    size = len(text)
    if shape is not None and size >= shape.shortest:
        return f"{text[: shape.head]}{shape.stars}{text[size - shape.tail :]}"
    if form == "email" and text.find("@") > 0:
        return f"{text[0]}***{text[text.index('@') :]}"
    keep = 4 if size >= 8 else (2 if size >= 4 else 0)
    return f"***{text[size - keep :]}"


def mask_column(texts: pa.Array, form: str = "") -> pa.Array:
    """A whole `pa.string()` column; nulls stay null."""
    length = pc.utf8_length(texts)
    four, two = pc.utf8_slice_codeunits(texts, -4), pc.utf8_slice_codeunits(texts, -2)
    tail = pc.if_else(pc.greater_equal(length, 8), four, pc.if_else(pc.greater_equal(length, 4), two, ""))
    plain = pc.binary_join_element_wise("***", tail, "")
    shape = FORMS.get(form)
    if shape is not None:
        end = pc.utf8_slice_codeunits(texts, -shape.tail) if shape.tail else ""
        formed = pc.binary_join_element_wise(pc.utf8_slice_codeunits(texts, 0, shape.head), shape.stars, end, "")
        return pc.if_else(pc.greater_equal(length, shape.shortest), formed, plain)
    if form == "email":
        formed = pc.replace_substring_regex(texts, _LOCAL_PART, r"\1***@")
        return pc.if_else(pc.match_substring_regex(texts, _LOCAL_PART), formed, plain)
    return plain


def shown_value(value: Any, personal: bool) -> Any:
    """A raw value as a refused record may show it: personal ones masked, long ones cut, odd ones as their Python
    spelling.
    """
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, float):
        return value if value - value == 0 and not personal else ("***" if personal else repr(value))
    if personal:
        return mask(value) if isinstance(value, str) else "***"
    if isinstance(value, int):
        return value if value.bit_length() < 64 else f"an integer of {value.bit_length()} bits"
    text = (
        value
        if isinstance(value, str)
        else repr(value)
        if not isinstance(value, (bytes, list, dict, tuple))
        else f"{type(value).__name__} of {len(value)}"
    )
    text = text[:MAX_SHOWN_CHARS] + ("…" if len(text) > MAX_SHOWN_CHARS else "")
    return text.encode("utf-8", "replace").decode()
