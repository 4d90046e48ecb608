"""Text to nodes: what is read alike, and that the limits hold at and one past the limit."""

from __future__ import annotations

import pytest

from zhiyu.base.errors import DeclarationError, Place
from zhiyu.base.limits import MAX_EXPRESSION_CHARS, MAX_EXPRESSION_DEPTH, MAX_LIST_ITEMS
from zhiyu.expressions import canonical, parse


def refused(text: str) -> str:
    with pytest.raises(DeclarationError) as caught:
        parse(text, Place("p.yaml", 3, 5))
    return caught.value.problems[0].code


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a>1", " ( a  >  1.0 ) "),
        ("a and b and c", "(a and (b and c))"),
        ("a or (b or c) or d", "a or b or c or d"),
        ("x is None", "x is null"),
        ("x is not None", "(x is not null)"),
        ("True", "true"),
        ("x in ['b', \"a\", 'b']", 'x in {"a", "b"}'),
        ("a > 1_000.50", "a > 1000.5"),
        ("a > 1e3", "a > 1000"),
        ("a\n  and\nb", "a and b"),
        ("0 < a < 5", "0 < a and a < 5"),
        ("+a", "a"),
        ("a - -1", "a - (-1)"),
    ],
)
def test_what_reads_the_same_has_one_normal_text(one: str, other: str) -> None:
    assert canonical(parse(one)) == canonical(parse(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [("a - (b - c)", "a - b - c"), ("a and (b or c)", "a and b or c"), ("not (a and b)", "not a and b"), ('"1"', "1")],
)
def test_what_reads_differently_has_another_normal_text(one: str, other: str) -> None:
    assert canonical(parse(one)) != canonical(parse(other))


def test_a_problem_points_at_the_character_even_after_chinese_names() -> None:
    with pytest.raises(DeclarationError) as caught:
        parse("金额 > 5 and 商户.名 == 1", Place("p.yaml", 3, 5))
    assert str(caught.value.problems[0].place) == "p.yaml:3:16"


def test_length_is_limited_before_anything_is_parsed() -> None:
    assert parse("a" * MAX_EXPRESSION_CHARS)
    assert refused("a" * (MAX_EXPRESSION_CHARS + 1)) == "too_long"


def test_depth_is_limited() -> None:
    inside = MAX_EXPRESSION_DEPTH
    assert parse("(" * inside + "a" + ")" * inside)
    assert refused("(" * (inside + 1) + "a" + ")" * (inside + 1)) == "too_deep"
    assert parse("+".join(["a"] * (inside + 1)))
    assert refused("+".join(["a"] * (inside + 2))) == "too_deep"


@pytest.mark.parametrize("bomb", ["-" * 3999 + "1", "not " * 900 + "a", "a if b else " * 300 + "c"])
def test_deep_nesting_without_brackets_is_refused_not_crashed(bomb: str) -> None:
    assert refused(bomb) == "too_deep"


def test_deep_nesting_of_what_is_not_allowed_is_refused_not_crashed() -> None:
    assert refused("~" * 3000 + "a") in (
        "too_deep",
        "not_allowed",
    )  # whichever the grammar of this interpreter meets first


def test_a_written_list_is_limited() -> None:
    assert parse(f"a in ({','.join(['1'] * MAX_LIST_ITEMS)})")
    assert refused(f"a in ({','.join(['1'] * (MAX_LIST_ITEMS + 1))})") == "members"


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('x')",
        "a.__class__",
        "(lambda: 1)()",
        "b'x'",
        "1j",
        "...",
        "f'{a}'",
        "a := 1",
        "await a",
    ],
)
def test_nothing_outside_the_whitelist_gets_through(text: str) -> None:
    assert refused(text) in ("not_allowed", "syntax")


def test_a_quote_may_hold_brackets_and_hashes() -> None:
    assert canonical(parse('a == "((#" + \'"\'')) == '(a == ("((#" + "\\""))'
