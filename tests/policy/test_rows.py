"""Gaps, overlaps and unreached rows against a look at every single cell."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.base.errors import Place
from zhiyu.expressions import Scope, check, parse
from zhiyu.expressions.report import Report
from zhiyu.expressions.types import BOOL, FLOAT, INT, STRING, Kind, Type
from zhiyu.policy.axis import Axis
from zhiyu.policy.cells import Strip, bits
from zhiyu.policy.checked import CheckedColumn
from zhiyu.policy.conditions import taken_by_condition
from zhiyu.policy.rows import Rows, Work

COUNT = replace(INT, minimum=0, maximum=9, nullable=False)
ENUM = Type(Kind.STRING, choices=("a", "b", "c"))


def strip(type_: Type, conditions: list[str]) -> Strip:
    expression = check(parse("x"), Scope({"x": type_}))
    report = Report(Place())
    taken = [taken_by_condition(report, each, expression.root) for each in conditions]
    assert None not in taken, report.problems
    sound = tuple(each for each in taken if each)
    return Strip.of(CheckedColumn("x", (), expression, Axis.of(type_, sound), sound))


whole = st.integers(-1, 11)
number_conditions = st.one_of(
    st.just("-"), st.just("null"), whole.map(str), whole.map(lambda n: f"< {n}"), whole.map(lambda n: f">= {n}"),
    st.tuples(whole, st.integers(1, 5), st.sampled_from("[("), st.sampled_from("])")).map(
        lambda t: f"{t[2]}{t[0]}..{t[0] + t[1]}{t[3]}"
    ),
    st.tuples(whole, whole).map(lambda t: f"not({t[0]}, {t[1]})"),
)  # fmt: skip
text_conditions = st.one_of(
    st.just("-"), st.just("null"), st.sampled_from(["a", "b", "a, b", "not(a)", "b, c, null", "not(null)"])
)
truths = st.sampled_from(["-", "true", "false", "null", "not(true)"])
KINDS = [
    (COUNT, number_conditions), (INT, number_conditions), (FLOAT, number_conditions), (ENUM, text_conditions),
    (STRING, text_conditions), (BOOL, truths),
]  # fmt: skip


@st.composite
def tables(draw: st.DrawFn) -> list[Strip]:
    columns = draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=3))
    n = draw(st.integers(1, 6))
    return [strip(type_, draw(st.lists(cell, min_size=n, max_size=n))) for type_, cell in columns]


def every_cell(strips: list[Strip]) -> list[tuple[int, ...]]:
    return list(product(*(range(len(each.cells)) for each in strips)))


def fits(strips: list[Strip], row: int, cell: tuple[int, ...]) -> bool:
    return all(each.masks[row] >> at & 1 for each, at in zip(strips, cell))


@settings(max_examples=300, deadline=None)
@given(tables())
def test_rows_against_every_cell(strips: list[Strip]) -> None:
    n = len(strips[0].masks)
    rows, cells = Rows.of(strips, n), every_cell(strips)
    hits = {cell: [row for row in range(n) if fits(strips, row, cell)] for cell in cells}
    alive = [row for row in range(n) if any(row in hit for hit in hits.values())]
    assert {row for row, _ in rows.empty()} == set(range(n)) - set(alive)
    assert set(rows.unreached(Work())) == set(alive) - {hit[0] for hit in hits.values() if hit}
    pairs = {(first, row) for first, row, _ in rows.overlaps(Work())}
    expected = {}
    for hit in hits.values():
        for at, row in enumerate(hit[1:], 1):
            expected[row] = min(expected.get(row, n), *hit[:at])
    assert pairs == {(first, row) for row, first in expected.items()}
    for first, row, box in rows.overlaps(Work()):
        assert all({first, row} <= set(hits[cell]) for cell in product(*map(bits, box)))
    for allowed in ([each.present for each in strips], [each.all for each in strips]):
        open_cells = {cell for cell in cells if not hits[cell] and all(a >> c & 1 for a, c in zip(allowed, cell))}
        boxes = rows.gaps(allowed, 10_000, Work())
        assert {cell for box in boxes for cell in product(*map(bits, box))} == open_cells


@settings(max_examples=50, deadline=None)
@given(
    st.sampled_from(KINDS).flatmap(lambda kind: st.tuples(st.just(kind[0]), st.lists(kind[1], min_size=1, max_size=4)))
)
def test_cells_in_words_read_back(drawn: tuple[Type, list[str]]) -> None:
    type_, conditions = drawn
    first = strip(type_, conditions)
    for mask in range(1, min(first.all + 1, 1 << 8)):
        words = first.say(mask)
        if words.startswith("not(") and words.endswith(", null"):
            continue  # a cell cannot say this in one condition
        again = strip(type_, [*conditions, words])
        if again.axis.points == first.axis.points:
            assert again.masks[-1] in (mask, again.all if words == "-" else mask), (words, mask)


def test_impossible_cells_are_left_out() -> None:
    assert strip(COUNT, ["[0..9]"]).masks[0] == strip(COUNT, ["[0..9]"]).all
    assert strip(COUNT, ["(3..4)", "> 9"]).masks == (0, 0)
    assert strip(FLOAT, ["(3..4)"]).masks[0] != 0
    assert strip(ENUM, ["a, b, c"]).masks[0] == strip(ENUM, ["a, b, c"]).present
    assert strip(BOOL, ["true", "false"]).say(1) == "false"


def test_a_large_table_takes_no_more_than_its_limit() -> None:
    n = 3000
    grid = [[str(row // 5**k % 5) for row in range(n)] for k in range(5)]
    wide = [
        [f"[{(row * 37 + k) % 900}..{(row * 37 + k) % 900 + 1 + row * 7 % 500})" for row in range(n)] for k in range(5)
    ]
    for table, whole_answer in ((grid, True), (wide, False)):
        rows = Rows.of([strip(INT, column) for column in table], n)
        works = [Work(), Work(), Work()]
        list(rows.unreached(works[0]))
        list(rows.overlaps(works[1]))
        rows.gaps([each.present for each in rows.strips], 3, works[2])
        assert not any(work.cut for work in works) or not whole_answer
