"""What a condition of a table or a bin of a scorecard takes, in words.

In: `Taken` in register form and the type it is about. Out: a few words in en or zh: "from ¥1.00 to below ¥5.00", "低于 5".
"""

from __future__ import annotations

from zhiyu.expressions.types import Kind, Type
from zhiyu.expressions.wording import say_value
from zhiyu.policy.axis import Interval, Taken, Value

MOST_VALUES = 6


def say_taken(taken: Taken, type_: Type, language: str) -> str:
    """The words of one condition.

    >>> from zhiyu.expressions.types import INT
    >>> say_taken(Taken(null=True, intervals=(Interval(0, 5),)), INT, "en")
    'from 0 to below 5 or missing'
    """
    zh = language == "zh"
    if taken.any:
        return "任意值" if zh else "anything"
    parts = [_interval(each, type_, language) for each in taken.intervals]
    parts += _values(taken, type_, language)
    if taken.rest:
        parts.append("其余各值" if zh else "anything else")
    if taken.negated:
        inner = ("、" if zh else " or ").join(parts) or ("缺失" if zh else "missing")
        return f"除{inner}以外" if zh else f"anything but {inner}"
    if taken.null:
        parts.append("缺失" if zh else "missing")
    return ("或" if zh else " or ").join(parts) or ("无" if zh else "nothing")


def _values(taken: Taken, type_: Type, language: str) -> list[str]:
    ordered = sorted(taken.values, key=lambda value: (isinstance(value, str), value))
    words = [_value(each, type_, language) for each in ordered[:MOST_VALUES]]
    rest = len(ordered) - MOST_VALUES
    if rest > 0:
        words.append(f"另外 {rest} 个值" if language == "zh" else f"{rest} more")
    return words


def _interval(interval: Interval, type_: Type, language: str) -> str:
    low = None if interval.low is None else _value(interval.low, type_, language)
    high = None if interval.high is None else _value(interval.high, type_, language)
    if language == "zh":
        above = "" if low is None else (f"不低于 {low}" if interval.low_in else f"高于 {low}")
        below = "" if high is None else (f"不高于 {high}" if interval.high_in else f"低于 {high}")
        return "且".join(each for each in (above, below) if each)
    above = "" if low is None else f"{'from' if interval.low_in else 'above'} {low}"
    if low is None:
        return f"{'up to' if interval.high_in else 'below'} {high}"
    return (
        f"{above} to {'' if interval.high_in else 'below '}{high}"
        if high is not None
        else f"{above} on"
        if interval.low_in
        else above
    )


def _value(value: Value, type_: Type, language: str) -> str:
    return say_value(bool(value) if type_.kind is Kind.BOOL else value, type_, language)
