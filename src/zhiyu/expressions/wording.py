"""How one value reads for people: money with its symbol, durations in words, times in UTC, texts in quotes.

In: a value in register form and its type. Out: a short text in en or zh. No sentence structure here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from zhiyu.base.money import MINOR_DIGITS, say_money
from zhiyu.base.windows import UNITS_MS
from zhiyu.expressions.types import Kind, Type

Shown = bool | int | float | str | tuple[float, float] | None
"""A value as decisions keep it: scaled integer, milliseconds, float, the text of a code, (latitude, longitude)."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AS_ONE = 100
"""Up to how many of one unit are easily read: 90 seconds, but not 5400."""
_SPANS = {
    "d": ("day", "天"),
    "h": ("hour", "小时"),
    "m": ("minute", "分钟"),
    "s": ("second", "秒"),
    "ms": ("ms", "毫秒"),
}


def say_value(value: Shown, type_: Type, language: str) -> str:
    """One value in words.

    >>> say_value(50000, Type(Kind.FIXED, 2, "CNY"), "en"), say_value(300_000, Type(Kind.DURATION), "zh")
    ('¥500.00', '5 分钟')
    """
    if value is None:
        return "missing" if language == "en" else "缺失"
    if isinstance(value, bool) or type_.kind is Kind.BOOL:
        return _yes(bool(value), language)
    if isinstance(value, tuple):
        return f"{value[0]:.6f}, {value[1]:.6f}"
    if isinstance(value, str):
        return f"“{value}”"
    if isinstance(value, int) and type_.kind is Kind.TIME:
        return _instant(value)
    if isinstance(value, int) and type_.kind is Kind.DURATION:
        return say_span(value, language)
    return _number(value, type_)


def say_span(milliseconds: int, language: str) -> str:
    """A duration, exactly: in the largest unit that divides it (`90 seconds`), else in its units from the largest on.

    >>> say_span(15_078_072, "en"), say_span(86_400_000, "zh"), say_span(-1_500, "en")
    ('4 hours 11 minutes 18.072 seconds', '1 天', '-1.5 seconds')
    """
    rest, sign, parts = abs(milliseconds), "-" if milliseconds < 0 else "", []
    if rest < UNITS_MS["s"]:
        return f"{sign}{rest} {_SPANS['ms'][language == 'zh']}"
    for unit in ("d", "h", "m", "s"):
        count, left = divmod(rest, UNITS_MS[unit])
        if not left and count < _AS_ONE:
            return sign + _counted(f"{count}", unit, language)
    for unit in ("d", "h", "m"):
        count, rest = divmod(rest, UNITS_MS[unit])
        if count:
            parts.append(_counted(f"{count:,}", unit, language))
    if rest:
        parts.append(_counted(f"{Decimal(rest).scaleb(-3):f}", "s", language))
    return sign + " ".join(parts)


def _counted(count: str, unit: str, language: str) -> str:
    en, zh = _SPANS[unit]
    if "." in count:
        count = count.rstrip("0").rstrip(".")
    return f"{count} {zh}" if language == "zh" else f"{count} {en}{'' if count == '1' else 's'}"


def _yes(value: bool, language: str) -> str:
    if language == "en":
        return "true" if value else "false"
    return "真" if value else "假"


def _instant(milliseconds: int) -> str:
    try:
        when = _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        return f"{milliseconds} ms"
    text = when.strftime("%Y-%m-%d %H:%M:%S")
    return f"{text.removesuffix(':00')} UTC" if when.microsecond == 0 else f"{text}.{when.microsecond // 1000:03d} UTC"


def _number(value: int | float, type_: Type) -> str:
    digits = MINOR_DIGITS.get(type_.unit)
    if digits is not None and isinstance(value, int) and type_.scale <= digits:
        return say_money(value * 10 ** (digits - type_.scale), type_.unit)
    if digits is not None and abs(value) < 1e15:
        minor = Decimal(value).scaleb(digits - (type_.scale if isinstance(value, int) else 0))
        return say_money(int(minor.to_integral_value()), type_.unit)
    unit = f" {type_.unit}" if type_.unit else ""
    if isinstance(value, float):
        return f"{_plain(value)}{unit}"
    if not type_.scale:
        return f"{value:,}{unit}"
    text = f"{Decimal(value).scaleb(-type_.scale):,f}".rstrip("0").rstrip(".")
    return f"{text}{unit}"


def _plain(value: float) -> str:
    """A float with at most six significant digits after the point, without a trailing zero."""
    if value and not 1e-4 <= abs(value) < 1e15:
        return f"{value:.6g}"
    return f"{value:,.6f}".rstrip("0").rstrip(".")


Labels = Mapping[str, tuple[str, str]]
"""Wording of names: (en, zh)."""


def say_name(name: str, labels: Labels, language: str) -> str:
    """A name in words: its label, else the name itself; plain English words get an article.

    >>> say_name("amount", {"amount": ("amount", "金额")}, "en"), say_name("cnt_1h", {}, "en")
    ('the amount', 'cnt_1h')
    """
    label = labels.get(name)
    if language == "zh":
        return label[1] if label and label[1] else name
    text = label[0] if label and label[0] else name
    named = text != name or (name.isascii() and name.isalpha() and name[0].islower())
    article = text.split(" ", 1)[0].lower() in ("the", "a", "an", "this", "that", "its", "his", "her")
    return f"the {text}" if named and not article else text


_QUOTED = re.compile("(“[^”]*”)")
_NARROW_WIDE = re.compile(r"(?<=[A-Za-z0-9_)])(?=[\u4e00-\u9fff])|(?<=[\u4e00-\u9fff])(?=[A-Za-z0-9_(¥$−-])")


def spaced(text: str) -> str:
    """Chinese text with a space between characters and Latin letters or digits; quoted values stay as they are.

    >>> spaced("amount大于5且“A类”")
    'amount 大于 5 且“A类”'
    """
    return "".join(part if part.startswith("“") else _NARROW_WIDE.sub(" ", part) for part in _QUOTED.split(text))
