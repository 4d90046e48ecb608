"""A literal takes the meaning of what it meets: `amount > 500` is 500 yuan, `gap < "5m"` a duration, `"CN"` a choice.

In: a literal node and the type beside it. Out: the literal in register form (scaled integer, milliseconds, float,
text), or POISON after reporting. Exact throughout: numbers are fractions until they meet their other side.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

from zhiyu.base.errors import NO_HINT, Hint, did_you_mean, meant
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.canonical import number_text
from zhiyu.expressions.report import Report, described, shown
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import INT, Kind, Type
from zhiyu.expressions.units import MAX_SCALE, number

_INT64 = 1 << 63
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def number_node(value: Fraction, text: str, column: int) -> Typed:
    """A bare number that has not met its other side."""
    return Typed("number", INT, value=value, text=text, column=column)


def text_literal(node: Typed) -> bool:
    """Whether the node is a text constant as written."""
    return node.op == "literal" and node.type.kind is Kind.STRING


def settle(node: Typed) -> Typed:
    """A bare number on its own: INT, else FIXED with the digits it needs, else FLOAT. Anything else unchanged."""
    if not isinstance(node.value, Fraction):
        return node
    digits = decimal_digits(node.value)
    if digits is None or abs(node.value) * 10**digits >= _INT64:
        return _literal(node, number(Kind.FLOAT, nullable=False), float(node.value))
    kind = Kind.FIXED if digits else Kind.INT
    return _literal(node, number(kind, digits, nullable=False), int(node.value * 10**digits))


def decimal_digits(value: Fraction) -> int | None:
    """Digits after the point that write `value` exactly, None when it takes more than MAX_SCALE.

    >>> decimal_digits(Fraction(1, 8)), decimal_digits(Fraction(1, 3))
    (3, None)
    """
    for digits in range(MAX_SCALE + 1):
        if (value * 10**digits).denominator == 1:
            return digits
    return None


def adapt_number(report: Report, node: Typed, to: Type, strict: bool) -> Typed:
    """A bare number beside a value of type `to`. `strict`: more digits than the scale is an error, not a wider one."""
    value = node.value
    if not isinstance(value, Fraction):
        return node
    if to.kind in (Kind.TIME, Kind.DURATION):
        return _needs_unit(report, node, to)
    if not to.numeric:
        return node
    if to.kind is Kind.FLOAT:
        return _literal(node, number(Kind.FLOAT, 0, to.unit, nullable=False), float(value))
    scaled = value * 10**to.scale
    if scaled.denominator == 1 and abs(scaled) < _INT64:
        return _literal(node, number(to.kind, to.scale, to.unit, nullable=False), int(scaled))
    digits = decimal_digits(value)
    if strict and digits is not None and digits > to.scale:
        return _too_many_digits(report, node, to)
    if digits is None or abs(value) * 10**digits >= _INT64:
        return _literal(node, number(Kind.FLOAT, 0, to.unit, nullable=False), float(value))
    return _literal(node, number(Kind.FIXED, digits, to.unit, nullable=False), int(value * 10**digits))


def adapt_text(report: Report, node: Typed, to: Typed) -> Typed:
    """A text constant beside the value `to`: a duration, a time, a known choice, or plain text."""
    if to.type.kind is Kind.DURATION:
        return duration(report, node)
    if to.type.kind is Kind.TIME:
        return instant(report, node)
    if to.type.kind is not Kind.STRING:
        return node
    if to.type.personal:
        return report.error(
            "personal_literal",
            node.column,
            f"{shown(to)} is personal data and cannot be compared with a written text",
            f"{shown(to)} 是个人信息，不能与写明的文本比较",
            Hint(
                "compare it with another field, or use one of its derived fields", "与另一个字段比较，或用它的派生字段"
            ),
        )
    if to.type.choices and node.value not in to.type.choices:
        return report.error(
            "unknown_choice",
            node.column,
            f"{shown(to)} is never {shown(node)}; it is one of {', '.join(to.type.choices[:12])}",
            f"{shown(to)} 不会是 {shown(node)}；可取值为 {'、'.join(to.type.choices[:12])}",
            did_you_mean(str(node.value), to.type.choices) or _same_letters(str(node.value), to.type.choices),
        )
    return node


def duration(report: Report, node: Typed) -> Typed:
    """A text constant such as "5m" as a DURATION in milliseconds; a leading minus is allowed."""
    written = str(node.value).strip()
    try:
        size = parse_duration_ms(written.removeprefix("-"))
    except ValueError:
        en = f"{shown(node)} is not a duration"
        return report.error(
            "duration",
            node.column,
            en,
            f"{shown(node)} 不是时长",
            Hint('write e.g. "90s", "5m", "24h", "30d"', '例如 "90s"、"5m"、"24h"、"30d"'),
        )
    return _literal(node, Type(Kind.DURATION, nullable=False), -size if written.startswith("-") else size)


def instant(report: Report, node: Typed) -> Typed:
    """A text constant in ISO 8601 as a TIME in milliseconds; without an offset it is UTC."""
    try:
        when = datetime.fromisoformat(str(node.value))
    except ValueError:
        en, zh = f"{shown(node)} is not a time", f"{shown(node)} 不是时间"
        return report.error(
            "time",
            node.column,
            en,
            zh,
            Hint('write e.g. "2026-01-31T08:00:00+08:00"', '例如 "2026-01-31T08:00:00+08:00"'),
        )
    aware = when if when.tzinfo else when.replace(tzinfo=UTC)
    return _literal(node, Type(Kind.TIME, nullable=False), (aware - _EPOCH) // timedelta(milliseconds=1))


def _literal(node: Typed, type_: Type, value: int | float) -> Typed:
    return Typed("literal", type_, value=value, text=node.text, column=node.column)


def _needs_unit(report: Report, node: Typed, to: Type) -> Typed:
    en, zh = described(to)
    hint = (
        Hint('write a duration with its unit, e.g. "5m"', '写带单位的时长，如 "5m"')
        if to.kind is Kind.DURATION
        else Hint('write e.g. "2026-01-31T08:00:00Z"', '例如 "2026-01-31T08:00:00Z"')
    )
    return report.error(
        "type_mismatch",
        node.column,
        f"{shown(node)} is a bare number beside {en}",
        f"{zh}旁边的 {shown(node)} 没有单位",
        hint,
    )


def _too_many_digits(report: Report, node: Typed, to: Type) -> Typed:
    assert isinstance(node.value, Fraction)
    step = Decimal(1).scaleb(-to.scale)
    near = Decimal(int(node.value * 10**to.scale)).scaleb(-to.scale)
    en, zh = described(to)
    what_en = f"{en} keeps {to.scale} digits after the point" if to.scale else f"{en} has no digits after the point"
    what_zh = f"{zh}只保留小数点后 {to.scale} 位" if to.scale else f"{zh}没有小数位"
    return report.error(
        "too_many_digits",
        node.column,
        f"{shown(node)} has more digits than the other side: {what_en}",
        f"{shown(node)} 的小数位过多：{what_zh}",
        Hint(
            f"write {number_text(near)} or {number_text(near + step)}",
            f"写 {number_text(near)} 或 {number_text(near + step)}",
        ),
    )


def _same_letters(text: str, choices: tuple[str, ...]) -> Hint:
    for choice in choices:
        if choice.casefold() == text.casefold():
            return meant(choice)
    return NO_HINT
