"""Conditions of tables against an evaluator that reads them once more, another way; and the cells of their axis against both."""

from __future__ import annotations

import re
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyu.base.errors import Place
from zhiyu.expressions.report import Report
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import BOOL, DURATION, INT, STRING, TIME, Kind, Type
from zhiyu.policy.axis import Axis, Taken
from zhiyu.policy.condition_text import normal, take_apart, word_text
from zhiyu.policy.conditions import taken_by_bin, taken_by_condition
from zhiyu.policy.declare_scorecards import Bin
from zhiyu.policy.declare_tables import Condition

MONEY = Type(Kind.FIXED, 2, "CNY")
TEXTS = ["CN", "US", "a b", "null", "-", 'say "x"', "a, b", "007", "", "back\\slash"]


def read(condition: Condition, type_: Type) -> Taken:
    report = Report(Place())
    taken = taken_by_condition(report, condition, Typed("name", type_, value="x", text="x"))
    assert taken is not None, report.problems
    return taken


def refused(condition: Condition, type_: Type) -> tuple[str, int]:
    report = Report(Place("t", 1, 1))
    assert taken_by_condition(report, condition, Typed("name", type_, value="x", text="x")) is None
    return report.problems[0].code, report.problems[0].place.column - 1


def plainly(text: str, value: Decimal | None) -> bool:
    """A number condition read with patterns, on a number in major units."""
    text = text.strip()
    if text in ("", "-"):
        return True
    if text.startswith("not"):
        inner = text[text.index("(") + 1 : text.rindex(")")]
        return value is not None and not plainly(inner, value)
    parts = re.findall(r"[\[(][^\])]*[\])]|[^,]+", text)
    return any(plainly_one(part.strip(), value) for part in parts if part.strip())


def plainly_one(part: str, value: Decimal | None) -> bool:
    if part == "null" or value is None:
        return part == "null" and value is None
    found = re.fullmatch(r"([\[(])\s*(\S+?)\s*\.\.\s*(\S+?)\s*([\])])", part)
    if found:
        low, high = Decimal(found[2]), Decimal(found[3])
        above = value >= low if found[1] == "[" else value > low
        return above and (value <= high if found[4] == "]" else value < high)
    sign = re.fullmatch(r"(<=|>=|<|>)?\s*(\S+)", part)
    assert sign
    other = Decimal(sign[2])
    return {"<": value < other, "<=": value <= other, ">": value > other, ">=": value >= other, None: value == other}[
        sign[1]
    ]


numbers = st.integers(-3000, 3000).map(lambda n: f"{Decimal(n) / 100}")
bounds = st.tuples(numbers, numbers).filter(lambda pair: Decimal(pair[0]) < Decimal(pair[1]))
intervals = st.tuples(st.sampled_from("[("), bounds, st.sampled_from(["..", " .. "]), st.sampled_from("])")).map(
    lambda t: f"{t[0]}{t[1][0]}{t[2]}{t[1][1]}{t[3]}"
)
compared = st.tuples(st.sampled_from(["<", "<=", ">", ">="]), st.sampled_from(["", " "]), numbers).map("".join)
items = st.one_of(numbers, compared, intervals, st.just("null"))
lists = st.lists(items, min_size=1, max_size=4).map(" , ".join)
conditions = st.one_of(lists, lists.map(lambda text: f"not({text})"), st.just("-"), st.just(""))


@given(
    st.lists(conditions, min_size=1, max_size=4), st.lists(st.one_of(st.none(), st.integers(-3100, 3100)), min_size=1)
)
def test_a_number_condition_takes_what_it_says(texts: list[str], values: list[int | None]) -> None:
    taken = [read(text, MONEY) for text in texts]
    axis = Axis.of(MONEY, taken)
    ends = [point + step for point in axis.points if isinstance(point, int) for step in (-1, 0, 1)]
    for text, each in zip(texts, taken):
        cells = axis.cells(each)
        for value in [*values, *ends]:
            major = None if value is None else Decimal(value) / 100
            assert (axis.cell(value) in cells) == plainly(text, major), (text, value)


@given(conditions)
def test_the_normal_text_means_the_same_and_stays(text: str) -> None:
    assert normal(normal(text)) == normal(text)
    one, two = read(text, MONEY), read(normal(text), MONEY)
    axis = Axis.of(MONEY, (one, two))
    assert axis.cells(one) == axis.cells(two)


@given(
    st.lists(st.sampled_from(TEXTS), min_size=1, max_size=4), st.booleans(), st.sampled_from([*TEXTS, "other", None])
)
def test_a_text_condition_takes_what_it_says(texts: list[str], negated: bool, value: str | None) -> None:
    text = ", ".join(word_text(each) for each in texts)
    condition = f"not({text})" if negated else text
    for written in (condition, normal(condition)):
        taken = read(written, STRING)
        axis = Axis.of(STRING, (taken,))
        assert (axis.cell(value) in axis.cells(taken)) == (value is not None and (value in texts) != negated)


def test_literals_take_the_meaning_of_the_column() -> None:
    assert read("< 2h", DURATION) == Taken(intervals=(read("< 120m", DURATION).intervals[0],))
    assert read("[2026-01-01T00:00:00Z..2026-01-02)", TIME).intervals[0].high == 1767312000000
    assert read(True, BOOL) == read("true", BOOL) == Taken(values=frozenset({1}))
    assert read(None, INT) == read("null", INT) == Taken(null=True)
    assert read(0.1, MONEY) == Taken(values=frozenset({10}))
    assert read("not(null)", INT) == Taken(negated=True)


@pytest.mark.parametrize(
    ("condition", "type_", "code", "column"),
    [
        ("< 5", STRING, "no_order", 0),
        ("1.001", MONEY, "too_many_digits", 0),
        ("1, 1.5", INT, "too_many_digits", 3),
        ("[1..", INT, "condition.unclear", 4),
        ("[1 5]", INT, "condition.unclear", 4),
        ("[5..1]", INT, "condition.empty", 0),
        ("[5..5)", INT, "condition.empty", 0),
        ("1,,2", INT, "condition.unclear", 2),
        ("5", DURATION, "type_mismatch", 0),
        ("5 apples", DURATION, "duration", 0),
        ("yes", BOOL, "type_mismatch", 0),
        ("'1'", INT, "type_mismatch", 0),
        ("!= 5", INT, "condition.unclear", 0),
        ("a (b)", STRING, "condition.unclear", 2),
        ("not(a", STRING, "condition.unclear", 5),
        ('"a', STRING, "condition.unclear", 0),
        ("99999999999999999999", INT, "too_large", 0),
        ("x" * 5000, STRING, "condition.unclear", 0),
        ("wep", Type(Kind.STRING, choices=("app", "web")), "unknown_choice", 0),
        ("me", Type(Kind.STRING, personal=True), "personal_literal", 0),
    ],
)  # fmt: skip
def test_mistakes_are_named_where_they_stand(condition: str, type_: Type, code: str, column: int) -> None:
    assert refused(condition, type_) == (code, column)


def test_bins_take_bounds_values_and_the_rest() -> None:
    subject = Typed("name", MONEY, value="x", text="x")
    first = taken_by_bin(Report(Place()), Bin(points=1, high="100.50", values=("200",)), subject)
    assert first is not None
    rest = taken_by_bin(Report(Place()), Bin(points=1, otherwise=True), subject)
    assert rest is not None
    axis = Axis.of(MONEY, (first, rest))
    assert axis.cells(first) | axis.cells(rest, (first,)) == frozenset(range(axis.null))
    assert not axis.cells(first) & axis.cells(rest, (first,))
    assert taken_by_bin(Report(Place()), Bin(points=1, low="1.005"), subject) is None


def test_an_unfinished_condition_keeps_its_text() -> None:
    assert normal("[1..") == "[1.."
    assert take_apart(" - ").any
