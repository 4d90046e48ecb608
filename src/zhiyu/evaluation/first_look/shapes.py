"""What kind of thing stands in a column, judged by its values alone.

In: the name and values of a column. Out: `Shape`: kind, how many different values, how numbers are written, which words say nothing.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

from zhiyu.base.limits import MAX_VALUE
from zhiyu.evaluation.first_look.moments import formats_of, in_order
from zhiyu.evaluation.first_look.names import plain
from zhiyu.events.spelling import plain_number

Kind = Literal["int", "number", "bool", "time", "clock", "ip", "email", "phone", "id_number", "card", "text"]
NOTHING = frozenset((
    "na", "n/a", "null", "none", "nan", "nil", "-", "--", "?", "\\n", "#n/a", "missing", ".", "(null)", "unknown", "<na>",
    "无", "空", "未知", "暂无", "不详", "缺失", "—", "——",
))  # fmt: skip
SURE_NOTHING = frozenset(("na", "n/a", "null", "nan", "\\n", "?", "#n/a", "(null)", "<na>"))
"""In a column of texts: "none" or "-" may be an answer there."""
LIKE = 0.98
LIKE_BY_NAME = 0.8
"""Enough where the name says it as well: what does not fit is a signal of the field later."""
_PLAIN = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
_IP = re.compile(r"\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4}(?::[0-9a-fA-F]{1,4}){7}|[0-9a-fA-F:]*::[0-9a-fA-F:.]*")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?( ?[AaPp][Mm])?")
_ID_NUMBER = re.compile(r"\d{17}[\dXx]")
_MOBILE = re.compile(r"(\+?86)?[- ]?1[3-9]\d{9}")
_CARD = re.compile(r"\d{15,19}")
ID_NAME = re.compile(r"身份证|证件号|id_?card_?(no|number)?$|(^|_)(cert_?no|national_?id)$|id_number")
_BY_NAME: dict[Kind, re.Pattern[str]] = {
    "ip": re.compile(r"(^|_)ip($|_)"), "email": re.compile(r"e_?mail|邮箱"),
    "phone": re.compile(r"phone|mobile|msisdn|(^|_)tel($|_)|手机|电话|联系方式"), "id_number": ID_NAME,
    "card": re.compile(r"card_?(no|num|number)?$|(^|_)(pan|cc_?num)$|卡号|银行卡"),
}  # fmt: skip
_NUMBERED: dict[Kind, re.Pattern[str]] = {"phone": _MOBILE, "card": _CARD, "id_number": _ID_NUMBER}
"""Written in digits alone, and no numbers: nobody adds them up, and they must be masked."""
_BOOLS = frozenset(("true", "false", "yes", "no", "y", "n", "t", "f", "是", "否"))
MAX_DIGITS = 6


@dataclass(frozen=True)
class Shape:
    """One column. `counts`: distinct values as texts with how often; `formats`: of a time; `digits`: after the point, of a number."""

    name: str
    kind: Kind
    n: int
    missing: float
    counts: Counter[str]
    words: tuple[str, ...] = ()
    decimal: str = ""
    formats: tuple[str, ...] = ()
    digits: int = 0
    low: float = 0.0
    high: float = 0.0
    rising: bool = False

    @property
    def distinct(self) -> int:
        """Different values."""
        return len(self.counts)

    @property
    def known(self) -> int:
        """Records that have a value."""
        return sum(self.counts.values())

    @property
    def example(self) -> str:
        """The most frequent value."""
        return self.counts.most_common(1)[0][0] if self.counts else ""


def stamp_of(shape: Shape) -> str:
    """The unit of numbers that count from 1970, judged by their size; "" for other numbers."""
    for unit, power in (("s", 0), ("ms", 3), ("us", 6), ("ns", 9)):
        if shape.kind in ("int", "number") and 6e8 * 10**power <= shape.low and shape.high <= 2.2e9 * 10**power:
            return unit
    return ""


def shape_of(name: str, values: Sequence[Any], decimal: str = "") -> Shape:
    """Judge one column; `decimal`: how the file writes numbers, once that is known."""
    n = len(values)
    given = [value for value in values if value is not None]
    first = next(iter(given), None)
    if isinstance(first, (datetime, date)):
        counts = Counter(str(value) for value in given)
        return Shape(name, "time", n, _share(n, counts), counts, rising=_rises(given))
    texts = [text_of(value) for value in given]
    counts = Counter(texts)
    numeric = _numbers(name, n, texts, counts, decimal)
    if numeric is not None:
        return numeric
    words = tuple(text for text in counts if text.strip().casefold() in SURE_NOTHING)
    for word in words:
        del counts[word]
    return _texts(name, n, [text for text in texts if text in counts], counts, words)


def text_of(value: Any) -> str:
    """A value as it is counted: whole numbers without a point."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 1 << 53:
        return str(int(value))
    return str(value)


def _share(n: int, counts: Counter[str]) -> float:
    return 1 - sum(counts.values()) / max(n, 1)


def _numbers(name: str, n: int, texts: list[str], counts: Counter[str], decimal: str) -> Shape | None:
    """The shape when the values are numbers, but for words that say nothing."""
    words = tuple(text for text in counts if text.strip().casefold() in NOTHING)
    rest = Counter({text: count for text, count in counts.items() if text not in words})
    if not rest or _is_numbered(name, rest):
        return None
    for style in ("", decimal) if decimal else ("", ".", ","):
        plain = {text: _read(text, style) for text in rest}
        wrong = sum(count for text, count in rest.items() if plain[text] is None)
        if wrong <= (1 - LIKE) * rest.total() and (style != "," or any("," in text for text in rest)):
            break
    else:
        return None
    numbers = {text: Decimal(found) for text, found in plain.items() if found is not None}
    low, high = float(min(numbers.values())), float(max(numbers.values()))
    longest = max((_places(number) for number in numbers.values()), default=0)
    zeros = any(len(text) > 1 and text[0] == "0" and text.isdigit() for text in rest)
    if zeros or (longest == 0 and max(abs(low), abs(high)) > MAX_VALUE) or not all(map(str.strip, rest)):
        return None  # an id with leading zeros, or longer than any number
    kind: Kind = "number" if longest else "int"
    digits = min(longest, MAX_DIGITS)
    while digits and max(abs(low), abs(high)) * 10**digits * 16 > MAX_VALUE:
        digits -= 1
    return Shape(
        name, kind, n, _share(n, rest), rest, words, style, digits=digits, low=low, high=high,
        rising=_rises([numbers[text] for text in texts if text in numbers]),
    )  # fmt: skip


def _is_numbered(name: str, counts: Counter[str]) -> bool:
    """Whether the name says that these digits are a phone number, a card, an identity number, and they look like it."""
    for kind, pattern in _NUMBERED.items():
        if _BY_NAME[kind].search(plain(name)):
            good = sum(count for text, count in counts.items() if pattern.fullmatch(text.strip()))
            if good >= LIKE_BY_NAME * counts.total():
                return True
    return False


def _read(text: str, style: str) -> str | None:
    if style:
        return plain_number(text, style)
    return text.strip() if _PLAIN.fullmatch(text.strip()) else None


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _rises(values: Sequence[Any]) -> bool:
    return all(a <= b for a, b in pairwise(values))


def _texts(name: str, n: int, texts: list[str], counts: Counter[str], words: tuple[str, ...]) -> Shape:
    """The shape of a column of texts."""
    share = _share(n, counts)

    silent = tuple(text for text in counts if text.strip().casefold() in NOTHING)
    told = counts.total() - sum(counts[text] for text in silent)

    def all_like(kind: Kind, pattern: re.Pattern[str]) -> bool:
        good = sum(count for text, count in counts.items() if pattern.fullmatch(text.strip()))
        named = kind in _BY_NAME and _BY_NAME[kind].search(plain(name))
        return told > 0 and good >= (LIKE_BY_NAME if named else LIKE) * told

    patterns: tuple[tuple[Kind, re.Pattern[str]], ...] = (
        ("ip", _IP), ("email", _EMAIL), ("id_number", _ID_NUMBER), ("phone", _MOBILE), ("card", _CARD), ("clock", _CLOCK),
    )  # fmt: skip
    for kind, pattern in patterns:
        if all_like(kind, pattern):
            for word in silent:
                del counts[word]
            return Shape(name, kind, n, _share(n, counts), counts, words + silent)
    if counts and all(text.strip().lower() in _BOOLS for text in counts) and len(counts) <= 2:
        return Shape(name, "bool", n, share, counts, words)
    formats = formats_of(texts) if texts and any(char.isdigit() for char in texts[0]) else None
    if formats is not None:
        return Shape(name, "time", n, share, counts, words, formats=formats, rising=in_order(texts, formats))
    return Shape(name, "text", n, share, counts, words)
