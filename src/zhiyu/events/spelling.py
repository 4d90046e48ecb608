"""How a source spells things: words that say nothing ("NA", -999), and numbers as people write them ("1.234,56 €", "12 %").

In: raw values, one or a column, before the field's own reader. Out: the same with such words as null and such numbers in plain digits; what
is not understood stays as it came, and the field's reader says what is wrong with it. Each distinct text is looked at once.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection

import pyarrow as pa

from zhiyu.events.raw_columns import RawColumn, day_and_clock, of_values

SIGNS = "¥￥$€£₹₩元%"
CODES = ("rmb", "cny", "usd", "eur", "gbp", "hkd", "twd", "jpy", "nt$", "hk$", "us$")
_SPACES = str.maketrans("", "", "\u00a0\u202f '’")
_STYLES = {
    ".": re.compile(r"[+-]?(?:\d{1,3}(?:,\d{3})+|\d+|(?=\.\d))(?:\.\d*)?(?:e[+-]?\d{1,3})?"),
    ",": re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d+|(?=,\d))(?:,\d*)?(?:e[+-]?\d{1,3})?"),
}
MAX_CHARS = 64


def plain_number(text: str, decimal: str) -> str | None:
    """Digits and a point; None when the text is no number of that style.

    >>> plain_number("1.234,56 €", ","), plain_number("(1,234.5)", "."), plain_number("12.5", ",")
    ('1234.56', '-1234.5', None)
    """
    if len(text) > MAX_CHARS:
        return None
    bare = text.strip().translate(_SPACES).lower()
    negative = bare.startswith("(") and bare.endswith(")")
    bare = bare[1:-1] if negative else bare
    sign = bare[:1] if bare[:1] in ("-", "+") else ""
    bare = _without_marks(bare[len(sign) :])
    if not sign and bare[:1] in ("-", "+"):
        sign, bare = bare[0], bare[1:]
    if bare[:1] in ("-", "+") or not _STYLES[decimal].fullmatch(bare) or (negative and sign):
        return None
    digits = bare.replace("." if decimal == "," else ",", "").replace(",", ".")
    return ("-" if negative or sign == "-" else "") + digits


def _without_marks(text: str) -> str:
    for code in CODES:
        text = text.removeprefix(code).removesuffix(code)
    return text.strip(SIGNS)


class Spelling:
    """The spelling of one source. `missing`: words and numbers that say nothing; `decimal`: the decimal mark, "" when texts are plain.

    >>> Spelling(["NA", -999], ",").number("1.000,5"), Spelling(["NA", -999], "").word(-999.0), Spelling([], "").word("x")
    ('1000.5', None, 'x')
    """

    def __init__(self, missing: Collection[str | int | float], decimal: str) -> None:
        self.missing = frozenset(key for key in map(_key, missing) if key is not None)
        self.decimal = decimal

    def __bool__(self) -> bool:
        return bool(self.missing or self.decimal)

    def word(self, value: object) -> object:
        """One raw value; None for a word that says nothing."""
        return None if self.missing and _key(value) in self.missing else value

    def number(self, value: object) -> object:
        """One raw value of a number field."""
        value = self.word(value)
        if not self.decimal or not isinstance(value, str) or not value.strip():
            return value
        plain = plain_number(value, self.decimal)
        return f"{value[:MAX_CHARS]} (decimal: '{self.decimal}')" if plain is None else plain

    def many(self, raw: RawColumn, number: bool) -> RawColumn:
        """A column of words, or of numbers."""
        read = self.number if number else self.word
        array = raw.array
        if array is None and raw.objects is None:
            return raw
        if array is not None and raw.objects is None and not pa.types.is_string(array.type) and not self.missing:
            return raw
        if array is None or raw.objects is not None or not pa.types.is_string(array.type):
            found = of_values([read(raw.value(i)) for i in range(raw.n)])
        else:
            encoded = array.dictionary_encode(null_encoding="encode")
            each = [read(value) for value in encoded.dictionary.to_pylist()]
            found = RawColumn(raw.n, pa.array(each, pa.string()).take(encoded.indices))
        found.broken = raw.broken
        return found


def timed(day: str, clock: str, spelling: Spelling | None, column: Callable[[str], RawColumn]) -> RawColumn:
    """The raw times of a source: its column of that name, joined with the one of the time of day where there is one."""
    raw = column(day)
    if clock:
        hours = column(clock)
        raw = of_values([day_and_clock(raw.value(i), hours.value(i)) for i in range(raw.n)])
    return raw if spelling is None else spelling.many(raw, number=False)


def _key(value: object) -> str | None:
    """What makes two words the same: texts without case and surrounding spaces, numbers by value."""
    if isinstance(value, str):
        return value.strip().casefold()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int):
        return str(value) if value.bit_length() <= 64 else None
    if isinstance(value, float):
        if math.isnan(value):
            return "nan"
        return str(int(value)) if value.is_integer() and abs(value) < 1 << 53 else repr(value)
    return None
