"""How personal values may be shown: the last characters only.

In: a cleaned text. Out: "***" and its last 4 characters (8 or more), last 2 (4 to 7), or none. Used for decision
records, refused records and anything a person sees; the raw value itself leaves the events room nowhere.
"""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

MAX_SHOWN_CHARS = 200


def mask(text: str) -> str:
    """One text.

    >>> mask("13800001234"), mask("abcd"), mask("abc")
    ('***1234', '***cd', '***')
    """
    keep = 4 if len(text) >= 8 else (2 if len(text) >= 4 else 0)
    return f"***{text[len(text) - keep :]}"


def mask_column(texts: pa.Array) -> pa.Array:
    """A whole `pa.string()` column; nulls stay null."""
    length = pc.utf8_length(texts)
    four, two = pc.utf8_slice_codeunits(texts, -4), pc.utf8_slice_codeunits(texts, -2)
    tail = pc.if_else(pc.greater_equal(length, 8), four, pc.if_else(pc.greater_equal(length, 4), two, ""))
    return pc.binary_join_element_wise("***", tail, "")


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
