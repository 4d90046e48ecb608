"""A lender's own words for the values of one field, turned into the vocabulary's before the field is read.

In: raw values, one or a column. Out: the same with known words replaced; a word the map does not hold stays, and the field's reader says
what is wrong with it. Whole numbers and truth values are looked up by their text: 1 and "1" are the same word.
"""

from __future__ import annotations

from collections.abc import Mapping

import pyarrow as pa

from zhiyu.events.raw_columns import RawColumn, of_values

MAPPED_KINDS = ("enum", "string", "bool")
"""Kinds of fields whose values may be translated."""
MAX_EXACT_FLOAT = 1 << 53


class Words:
    """The map of one field.

    >>> words = Words({"1": "app", "Y": "true"})
    >>> words.one(1), words.one(" Y "), words.one("other"), words.one(None)
    ('app', 'true', 'other', None)
    """

    def __init__(self, ours: Mapping[str, str]) -> None:
        self.ours = dict(ours)

    def one(self, value: object) -> object:
        """One raw value."""
        key = _key(value)
        return value if key is None else self.ours.get(key, value)

    def many(self, raw: RawColumn) -> RawColumn:
        """A column, each distinct value looked up once."""
        if raw.array is None and raw.objects is None:
            return raw
        if raw.array is None or raw.objects is not None or not _plain(raw.array.type):
            found = of_values([self.one(raw.value(i)) for i in range(raw.n)])
        else:
            encoded = raw.array.dictionary_encode(null_encoding="encode")
            each = [self.one(value) for value in encoded.dictionary.to_pylist()]
            if all(value is None or isinstance(value, str) for value in each):
                found = RawColumn(raw.n, pa.array(each, pa.string()).take(encoded.indices))
            else:
                found = of_values([each[i] for i in encoded.indices.to_pylist()])
        found.broken = raw.broken
        return found


def _key(value: object) -> str | None:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else None
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_EXACT_FLOAT:
        return str(int(value))
    return None


def _plain(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_string(kind) or pa.types.is_int64(kind) or pa.types.is_float64(kind) or pa.types.is_boolean(kind)
    )
