"""Types, scales and units of results; errors word for word are in the golden file."""

from __future__ import annotations

import pytest

from tests.expressions.golden_scope import SCOPE
from tests.expressions.running import run
from tests.oracles.naive_expressions import Number
from zhiyu.base.errors import DeclarationError
from zhiyu.base.limits import MAX_SET_VALUES
from zhiyu.expressions import Expression, NamedSet, Scope, check, parse
from zhiyu.expressions.types import INT, STRING, Kind, Type


def checked(text: str) -> Expression:
    return check(parse(text), SCOPE, text)


@pytest.mark.parametrize(
    ("text", "kind", "scale", "unit"),
    [
        ("amount + 1", Kind.FIXED, 2, "CNY"),
        ("amount + 0.001", Kind.FIXED, 3, "CNY"),
        ("amount * payments_1h", Kind.FIXED, 2, "CNY"),
        ("amount * 1.5", Kind.FIXED, 3, "CNY"),
        ("amount * rate", Kind.FIXED, 8, "CNY"),
        ("rate * rate", Kind.FLOAT, 0, ""),
        ("amount / amount", Kind.FLOAT, 0, ""),
        ("amount / payments_1h", Kind.FLOAT, 0, "CNY"),
        ("payments_1h / amount", Kind.FLOAT, 0, "1/CNY"),
        ("amount // 100", Kind.INT, 0, "CNY"),
        ("amount % 100", Kind.FIXED, 2, "CNY"),
        ("amount > 1000 / 3", Kind.BOOL, 0, ""),
        ("round(amount)", Kind.INT, 0, "CNY"),
        ("round(rate, 2)", Kind.FIXED, 2, ""),
        ("round(score, 2)", Kind.FLOAT, 0, ""),
        ("max(amount, 5.5)", Kind.FIXED, 2, "CNY"),
        ("amount if vip else 0", Kind.FIXED, 2, "CNY"),
        ("amount - mean_amount_30d", Kind.FLOAT, 0, "CNY"),
        ("zscore(amount, mean_amount_30d, std_amount_30d)", Kind.FLOAT, 0, ""),
        ("time - opened", Kind.DURATION, 0, ""),
        ('time - "5m"', Kind.TIME, 0, ""),
        ("(time - opened) / gap", Kind.FLOAT, 0, ""),
        ("gap * 2", Kind.DURATION, 0, ""),
        ("distance_km(here, home)", Kind.FLOAT, 0, "km"),
        ("length(merchant)", Kind.INT, 0, ""),
        ("2 * 3 + 0.5", Kind.FIXED, 1, ""),
    ],
)
def test_the_type_of_a_result(text: str, kind: Kind, scale: int, unit: str) -> None:
    found = checked(text).type
    assert (found.kind, found.scale, found.unit) == (kind, scale, unit)


@pytest.mark.parametrize(
    ("text", "nullable"),
    [
        ("active", False),
        ("not active", False),
        ("active and vip", True),
        ("vip is null", False),
        ("hour(time) > 3", False),
        ("payments_1h / age > 3", True),
        ("coalesce(payments_1h, 0) > 3", False),
        ('is_weekend(opened, "+08:00")', True),
    ],
)
def test_whether_a_result_can_be_null(text: str, nullable: bool) -> None:
    assert checked(text).type.nullable is nullable


def test_names_and_prepared_columns_are_listed_apart() -> None:
    found = checked('amount > 5 and lower( prefix(merchant, 3) )=="abc" and "x" in tags and merchant != "b"')
    assert found.names == {"amount", "merchant"}
    assert [each.key for each in found.prepared] == ['has(tags,"x")', "lower(prefix(merchant,3))"]
    assert found.canonical.startswith("((amount > 5) and (lower(prefix(merchant,3))")


@pytest.mark.parametrize(
    "text", ["after(email, '@') == 'qq.com'", "prefix(id_number, 6) == '110101'", "length(email) > 5"]
)
def test_what_does_not_identify_a_person_may_be_compared(text: str) -> None:
    assert checked(text).type.kind is Kind.BOOL


def test_literals_are_folded_exactly() -> None:
    names = {"rate": Type(Kind.FIXED, 6), "n": INT}
    texts = [
        "rate == 0.1 + 0.2",
        "rate == 0.1 * 3",
        "n == 7 // 2",
        "n == -7 % 4",
        "n == 10 / 5",
        "rate * 3 == 1 / 3 * 2.7",
    ]
    rows = [{"rate": Number(300_000, 6), "n": Number(n)} for n in (3, 1, 2)]
    values, nulls, _ = run([check(parse(text), Scope(names)) for text in texts], names, rows, 3)
    assert values.tolist() == [[1, 1, 1], [1, 1, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1]]
    assert not nulls.any()


def test_dividing_a_literal_by_zero_is_null_not_a_crash() -> None:
    names = {"n": INT}
    texts = ["n > 1 / 0", "n > 1 // 0", "n > 1 % 0", "ratio(n, 0) > 1"]
    _, nulls, _ = run([check(parse(text), Scope(names)) for text in texts], names, [{"n": Number(1)}], 1)
    assert nulls.tolist() == [[1], [1], [1], [1]]


def test_folding_stops_where_numbers_grow_absurd() -> None:
    names = {"x": Type(Kind.FLOAT)}
    huge = " * ".join(["100000000000000000"] * 25)
    _, nulls, _ = run([check(parse(f"x < {huge}"), Scope(names))], names, [{"x": 1.0}], 1)
    assert nulls.tolist() == [[2]]


def test_the_size_of_a_named_list_is_limited() -> None:
    names = {"merchant": STRING}
    for size, fine in ((MAX_SET_VALUES, True), (MAX_SET_VALUES + 1, False)):
        big = NamedSet("big", STRING, range(size))
        if fine:
            assert check(parse("merchant in big"), Scope(names, {"big": big}))
        else:
            with pytest.raises(DeclarationError, match="limit"):
                check(parse("merchant in big"), Scope(names, {"big": big}))


def test_the_wanted_kind_is_asked_for() -> None:
    assert check(parse("amount"), SCOPE, want=Kind.FIXED)
    with pytest.raises(DeclarationError):
        check(parse("amount"), SCOPE, want=Kind.BOOL)
