"""Conditions of decision tables and bins of scorecards in register form: what each takes of the value it looks at.

In: a condition as written, and the typed expression beside it. Out: `Taken`, or findings in a `Report`. Literals take their meaning from
the expression, exactly as in rules: money keeps its digits, "2h" is a duration, an unknown choice is an error.
"""

from __future__ import annotations

import json
from fractions import Fraction

from zhiyu.base.errors import Hint
from zhiyu.expressions.literals import adapt_number, adapt_text, duration, instant, number_node
from zhiyu.expressions.report import POISON, Report, described, shown
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import BOOL, STRING, Kind
from zhiyu.policy.axis import Interval, Taken, Value
from zhiyu.policy.condition_text import Item, Unclear, Word, plain_text, take_apart
from zhiyu.policy.declare_scorecards import Bin
from zhiyu.policy.declare_tables import Condition

ORDERED = (Kind.INT, Kind.FIXED, Kind.FLOAT, Kind.TIME, Kind.DURATION)
SORTED = (*ORDERED, Kind.BOOL, Kind.STRING)
"""Kinds a table or a scorecard can look at."""


def taken_by_condition(report: Report, condition: Condition, subject: Typed) -> Taken | None:
    """What a table cell takes of `subject`; None after reporting.

    >>> from zhiyu.base.errors import Place, Hint
    >>> from zhiyu.expressions.types import INT
    >>> taken_by_condition(Report(Place()), "< 5", Typed("name", INT)).intervals
    (Interval(low=None, high=5, low_in=True, high_in=False),)
    """
    try:
        written = take_apart(plain_text(condition))
    except Unclear as wrong:
        report.error("condition.unclear", wrong.column, wrong.en, wrong.zh, wrong.hint)
        return None
    if written.any:
        return Taken(any=True)
    intervals: list[Interval] = []
    values: set[Value] = set()
    sound = [_collect(report, item, subject, intervals, values) for item in written.items]
    if not all(sound):
        return None
    null = any(item.null for item in written.items) and not written.negated
    return Taken(null=null, intervals=tuple(intervals), values=frozenset(values), negated=written.negated)


def taken_by_bin(report: Report, bin_: Bin, subject: Typed) -> Taken | None:
    """What a bin of a scorecard takes of `subject`; None after reporting."""
    low = None if bin_.low is None else _bound(bin_.low)
    high = None if bin_.high is None else _bound(bin_.high)
    intervals: list[Interval] = []
    values: set[Value] = set()
    items = [Item(low=_bound(each), equal=True) for each in bin_.values]
    if low or high:
        items.append(Item(low, high))
    sound = [_collect(report, item, subject, intervals, values) for item in items]
    if not all(sound):
        return None
    return Taken(null=bin_.missing, intervals=tuple(intervals), values=frozenset(values), rest=bin_.otherwise)


def _bound(value: str | int | float) -> Word:
    return Word(plain_text(value), False, 0)


def _collect(report: Report, item: Item, subject: Typed, intervals: list[Interval], values: set[Value]) -> bool:
    """Put one item where it belongs; False after reporting."""
    if item.null:
        return True
    if item.equal:
        assert item.low is not None
        value = value_of(report, item.low, subject)
        if value is not None:
            values.add(value)
        return value is not None
    if subject.type.kind not in ORDERED:
        en, zh = described(subject.type)
        report.error(
            "no_order", item.column, f"{shown(subject)} is {en} and has no order: it takes values, not bounds",
            f"{shown(subject)} 是{zh}，没有大小之分，只能列出取值", Hint("list the values: a, b", "列出取值：a, b"),
        )  # fmt: skip
        return False
    low = None if item.low is None else value_of(report, item.low, subject)
    high = None if item.high is None else value_of(report, item.high, subject)
    if (item.low is not None and low is None) or (item.high is not None and high is None):
        return False
    assert not isinstance(low, str)
    assert not isinstance(high, str)
    if low is not None and high is not None and (low > high or (low == high and not (item.low_in and item.high_in))):
        en, zh = "the interval holds nothing: it ends where it begins, or before", "区间为空：终点不大于起点"
        report.error("condition.empty", item.column, en, zh, Hint("write the smaller bound first", "较小的界写在前面"))
        return False
    intervals.append(Interval(low, high, item.low_in, item.high_in))
    return True


def value_of(report: Report, word: Word, subject: Typed) -> Value | None:
    """One written value in the register form of `subject`; None after reporting."""
    kind, type_ = subject.type.kind, subject.type
    if kind is Kind.STRING:
        made = adapt_text(report, _text(word), subject)
    elif kind is Kind.BOOL:
        return _boolean(report, word, subject)
    elif word.number:
        made = adapt_number(
            report, number_node(Fraction(word.text.replace("_", "")), word.text, word.column), type_, True
        )
        if made is not POISON and (made.type.kind, made.type.scale) != (kind, type_.scale):
            en, zh = f"'{word.text}' is too large for {shown(subject)}", f"“{word.text}”超出 {shown(subject)} 的范围"
            made = report.error("too_large", word.column, en, zh)
    elif kind is Kind.DURATION:
        made = duration(report, _text(word))
    elif kind is Kind.TIME:
        made = instant(report, _text(word))
    else:
        en, zh = described(type_)
        hint = (
            Hint("write the number without quotes", "数字不加引号")
            if word.quoted
            else Hint("write it like -5, 1000.00 or [1..5)", "例如 -5、1000.00 或 [1..5)")
        )
        en, zh = (
            f"{shown(subject)} is {en} and is never '{word.text}'",
            f"{shown(subject)} 是{zh}，不会等于“{word.text}”",
        )
        made = report.error("type_mismatch", word.column, en, zh, hint)
    if made is POISON:
        return None
    assert isinstance(made.value, int | float | str)
    return made.value


def _text(word: Word) -> Typed:
    text = json.dumps(word.text, ensure_ascii=False)
    return Typed("literal", STRING, value=word.text, text=text, column=word.column)


def _boolean(report: Report, word: Word, subject: Typed) -> int | None:
    found = {"true": 1, "false": 0}.get(word.text.lower()) if not word.quoted else None
    if found is None:
        en, zh = described(BOOL)
        en, zh = (
            f"{shown(subject)} is {en} and is never '{word.text}'",
            f"{shown(subject)} 是{zh}，不会等于“{word.text}”",
        )
        report.error("type_mismatch", word.column, en, zh, Hint("write true or false", "写 true 或 false"))
    return found
