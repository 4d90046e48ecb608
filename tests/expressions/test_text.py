"""Text functions: one meaning for one value; null stays null."""

from __future__ import annotations

from typing import Any

import pytest

from tests.expressions.golden_scope import SCOPE
from zhiyu.base.limits import MAX_STRING_BYTES
from zhiyu.expressions import check, parse, prepare


@pytest.mark.parametrize(
    ("call", "value", "expected"),
    [
        ("lower(merchant)", "ÄBC", "äbc"),
        ("upper(merchant)", "aß", "ASS"),
        ("trim(merchant)", "\t a b ", "a b"),
        ("length(merchant)", "鱼é", 2),
        ("prefix(merchant, 2)", "鱼", "鱼"),
        ("suffix(merchant, 2)", "abc", "bc"),
        ("before(merchant, '@')", "a@b@c", "a"),
        ("after(merchant, '@')", "a@b@c", "b@c"),
        ("after(merchant, '@')", "abc", None),
        ("length(after(merchant, '@'))", "abc", None),
        ("starts_with(merchant, 'ab')", "abc", True),
        ("ends_with(merchant, 'ab')", "abc", False),
        ("contains(merchant, 'b')", "abc", True),
        ("contains(merchant, 'b')", None, None),
        ("digits_share(merchant)", "a1b2", 0.5),
        ("digits_share(merchant)", "١", 0.0),
        ("digits_share(merchant)", "", None),
        ("items(tags)", ["a", "a"], 2),
        ("items(tags)", [], 0),
        ("'a' in tags", ["b", "a"], True),
        ("'a' in tags", None, None),
        ("prefix(lower(trim(merchant)), 3)", "  ABCD ", "abc"),
    ],
)
def test_a_prepared_value(call: str, value: Any, expected: Any) -> None:
    (prepared,) = check(parse(call), SCOPE).prepared
    found = prepare(prepared, value)
    assert found == expected
    assert type(found) is type(expected)


def test_a_result_is_no_longer_than_a_text_may_be() -> None:
    (prepared,) = check(parse("upper(merchant)"), SCOPE).prepared
    found = prepare(prepared, "ß" * (MAX_STRING_BYTES // 2))
    assert isinstance(found, str)
    assert len(found.encode()) <= MAX_STRING_BYTES


def test_the_key_is_the_canonical_text() -> None:
    expression = check(parse("contains( lower(merchant) ,'a\"b' )"), SCOPE)
    assert expression.prepared[0].key == expression.root.text == 'contains(lower(merchant),"a\\"b")'
