"""Every field kind against good values and garbage: the cleaned value, or the code of the refusal."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from zhiyu.events.declare import Field
from zhiyu.events.kinds.geo import pack
from zhiyu.events.kinds.id_number import age_at, check_character
from zhiyu.events.kinds.kinds import reader_of
from zhiyu.events.refusals import Bad

NAN, INF = float("nan"), float("inf")
HUGE = 10**400
DEEP: Any = None
for _ in range(50):
    DEEP = [DEEP]


def take(declared: Field, value: object) -> Any:
    """The cleaned value, or the refusal's code after "!"."""
    try:
        return reader_of(declared).one(value, [])
    except Bad as bad:
        return f"!{bad.code}" if bad.en and bad.zh else "a refusal without words"


MONEY = Field(type="money", min="-5", max="1000.00")
CASES: list[tuple[Field, object, object]] = [
    (MONEY, 14.37, 1437), (MONEY, "14.37", 1437), (MONEY, 5, 500), (MONEY, Decimal("1.5"), 150), (MONEY, None, None),
    (MONEY, "", None), (MONEY, " 7 ", 700), (MONEY, "1,000.00", 100_000), (MONEY, "-5", -500), (MONEY, "1e2", 10_000),
    (MONEY, 85.64999999999999, 8565), (MONEY, "85.64999999999999", 8565), (MONEY, -0.0, 0),
    (MONEY, 1000.01, "!out_of_range"), (MONEY, -5.01, "!out_of_range"), (MONEY, HUGE, "!out_of_range"),
    (MONEY, 1e300, "!out_of_range"), (MONEY, "9" * 60, "!out_of_range"), (MONEY, Decimal("1e300"), "!out_of_range"),
    (MONEY, NAN, "!not_finite"), (MONEY, INF, "!not_finite"), (MONEY, "NaN", "!wrong_type"),
    (MONEY, Decimal("NaN"), "!wrong_type"), (MONEY, "1.2.3", "!wrong_type"), (MONEY, "１２", "!wrong_type"),
    (MONEY, "12,34", "!wrong_type"), (MONEY, True, "!wrong_type"), (MONEY, [1], "!wrong_type"),
    (MONEY, DEEP, "!wrong_type"),
    (MONEY, b"1", "!wrong_type"), (MONEY, {"a": 1}, "!wrong_type"), (MONEY, "1" * 1000, "!wrong_type"),
    (MONEY, 1.005, "!too_many_digits"), (MONEY, "1.234", "!too_many_digits"),
    (Field(type="money", currency="JPY"), 1.5, "!too_many_digits"),
    (Field(type="money", currency="KWD"), "1.234", 1234),
    (Field(type="money"), "87960930222.08", 1 << 43), (Field(type="money"), "87960930222.09", "!out_of_range"),
    (Field(type="number", digits=2, round=True), 1.005, 100),
    (Field(type="number", digits=2, round=True), 1.015, 102),
    (Field(type="number", digits=2, round=True), "1.0151", 102),
    (Field(type="number", digits=2, round=True), 2.675, 268),
    (Field(type="int"), "12", 12), (Field(type="int"), 12.0, 12), (Field(type="int"), 12.5, "!too_many_digits"),
    (Field(type="int", min=1), 0, "!out_of_range"), (Field(type="int"), "0x10", "!wrong_type"),
    (Field(type="bool"), True, 1), (Field(type="bool"), 0, 0), (Field(type="bool"), "Yes", 1),
    (Field(type="bool"), "否", 0),
    (Field(type="bool"), "", None), (Field(type="bool"), 2, "!wrong_type"),
    (Field(type="bool"), "maybe", "!wrong_type"),
    (Field(type="bool"), NAN, "!wrong_type"), (Field(type="bool"), [], "!wrong_type"),
    (Field(type="geo"), [31.2, 121.4], pack(31_200_000, 121_400_000)),
    (Field(type="geo"), "31.2, 121.4", pack(31_200_000, 121_400_000)),
    (Field(type="geo"), {"lat": -31.2, "lng": -121.4}, pack(-31_200_000, -121_400_000)),
    (Field(type="geo"), [None, None], None),
    (Field(type="geo"), "", None), (Field(type="geo"), {}, None), (Field(type="geo"), [31.2, None], "!half_place"),
    (Field(type="geo"), [91, 0], "!out_of_range"), (Field(type="geo"), [0, -180.1], "!out_of_range"),
    (Field(type="geo"), [NAN, 0], "!not_finite"), (Field(type="geo"), [1, 2, 3], "!wrong_type"),
    (Field(type="geo"), "x,y", "!wrong_type"),
    (Field(type="geo"), [True, 1], "!wrong_type"), (Field(type="geo"), 5, "!wrong_type"),
    (Field(type="geo"), [HUGE, 0], "!out_of_range"),
    (Field(type="string"), " a\tb\x00 ", "a b"), (Field(type="string"), "", None),
    (Field(type="string"), " \u3000", None),
    (Field(type="string"), 12, "12"), (Field(type="string"), 12.0, "12"), (Field(type="string"), 12.5, "!wrong_type"),
    (Field(type="string"), True, "!wrong_type"), (Field(type="string"), b"a", "!wrong_type"),
    (Field(type="string"), DEEP, "!wrong_type"),
    (Field(type="string"), "\ud800", "!bad_text"), (Field(type="string"), "x" * 4097, "!too_long"),
    (Field(type="string"), "x" * 4096, "x" * 4096),
    (Field(type="string"), "字" * 1366, "!too_long"), (Field(type="string"), HUGE, "!too_long"),
    (Field(type="string"), NAN, "!wrong_type"),
    (Field(type="string", normalise=("lower", "spaces")), " A   b ", "a b"),
    (Field(type="string", normalise=("digits",)), "a１-2", "12"),
    (Field(type="string", normalise=()), " a ", " a "),
    (Field(type="enum", values=("app", "web")), " app ", "app"),
    (Field(type="enum", values=("app", "web")), "App", "!not_a_choice"),
    (Field(type="list"), ["a", " b ", None, ""], '["a","b"]'), (Field(type="list"), '["a",1]', '["a","1"]'),
    (Field(type="list"), [], None),
    (Field(type="list"), "a", "!wrong_type"), (Field(type="list"), ["a"] * 257, "!too_many_items"),
    (Field(type="list"), DEEP, "!wrong_type"),
    (Field(type="list"), ["\ud800"], "!bad_text"), (Field(type="list"), ["x" * 3000] * 2, "!too_long"),
    (Field(type="list"), "[" * 100_000, "!wrong_type"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "value", "expected"), CASES)
def test_value_or_refusal(declared: Field, value: object, expected: object) -> None:
    assert take(declared, value) == expected


MINUTE = 60_000
TIMES: list[tuple[Field, object, object]] = [
    (Field(type="time"), "1970-01-01T00:01:00Z", MINUTE), (Field(type="time"), "1970-01-01 00:01", MINUTE),
    (Field(type="time"), "1970-01-02", 86_400_000),
    (Field(type="time"), "1970-01-01T08:01:00.1239+08:00", MINUTE + 123),
    (Field(type="time"), "1969-12-31T23:59:59.999Z", -1), (Field(type="time"), 60_000, MINUTE),
    (Field(type="time"), "", None),
    (Field(type="time"), datetime(1970, 1, 1, 0, 1, tzinfo=UTC), MINUTE),
    (Field(type="time"), datetime(1970, 1, 1), 0),
    (Field(type="time", timezone="+08:00"), "1970-01-01 08:01", MINUTE),
    (Field(type="time", timezone="Asia/Shanghai"), "2024-05-01 08:00", 1_714_521_600_000),
    (Field(type="time", timezone="Europe/Berlin"), "2024-10-27 02:30", 1_729_989_000_000),  # twice: the first is meant
    (Field(type="time", timezone="Europe/Berlin"), "2024-03-31 02:30", 1_711_848_600_000),  # skipped: offset before
    (Field(type="time", formats=("%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M")), "4/1/2019 0:58", 1_546_563_480_000),
    (Field(type="time", formats=("%d/%m/%Y %H:%M", "%d-%m-%Y %H:%M")), "28-12-2020 16:08", 1_609_171_680_000),
    (Field(type="time", formats=("%b %d, %Y %I:%M %p",)), "Jan 4, 2019 12:58 am", 1_546_563_480_000),
    (Field(type="time", formats=("%Y%m%d",)), "19700102", 86_400_000),
    (Field(type="time", formats=("%d/%m/%y",)), "2/1/70", 86_400_000),
    (Field(type="time", formats=("%d/%m/%Y",)), "12/13/2019", "!not_a_time"),
    (Field(type="time", formats=("%d/%m/%Y",)), "29/2/2019", "!not_a_time"),
    (Field(type="time"), "2019-02-29", "!not_a_time"), (Field(type="time"), "2019-01-01T24:00", "!not_a_time"),
    (Field(type="time"), "2019-01-01T00:00:60Z", "!not_a_time"), (Field(type="time"), "yesterday", "!not_a_time"),
    (Field(type="time"), "2" * 10_000, "!not_a_time"),
    (Field(type="time"), "0001-01-01T00:00+08:00", "!out_of_range"),
    (Field(type="time"), NAN, "!not_finite"), (Field(type="time"), INF, "!not_finite"),
    (Field(type="time"), 10**18, "!out_of_range"),
    (Field(type="time"), HUGE, "!out_of_range"), (Field(type="time"), True, "!wrong_type"),
    (Field(type="time"), [], "!wrong_type"),
]  # fmt: skip


@pytest.mark.parametrize(("declared", "value", "expected"), TIMES)
def test_times(declared: Field, value: object, expected: object) -> None:
    assert take(declared, value) == expected


CHECKED: list[tuple[str, str, str, tuple[Any, ...]]] = [
    ("ip", "47.1.2.3", "47.1.2.3", (True, False, "47.1.2.0/24")),
    ("ip", "10.9.8.7", "10.9.8.7", (True, True, "10.9.8.0/24")),
    ("ip", "2001:DB8::0:1", "2001:db8::1", (True, False, "2001:db8::/48")),
    ("ip", "::1", "::1", (True, True, "::/48")),
    ("ip", "::ffff:10.0.0.1", "10.0.0.1", (True, True, "10.0.0.0/24")),
    ("ip", "256.1.1.1", "256.1.1.1", (False, None, None)),
    ("ip", "01.2.3.4", "01.2.3.4", (False, None, None)), ("ip", "fe80::1%eth0", "fe80::1%eth0", (False, None, None)),
    ("ip", "1" * 500, "1" * 500, (False, None, None)),
    ("email", " Li.Si@Example.COM ", "li.si@example.com", (True, "example.com")),
    ("email", "a@b", "a@b", (False, None)),
    ("email", "a..b@c.de", "a..b@c.de", (False, None)), ("email", "李@例子.公司", "李@例子.公司", (False, None)),
    ("email", "li@例子.公司", "li@例子.公司", (True, "例子.公司")), ("email", "a@-b.com", "a@-b.com", (False, None)),
    ("email", "x" * 65 + "@b.co", "x" * 65 + "@b.co", (False, None)),
    ("email", "a@b@c.de", "a@b@c.de", (False, None)),
    ("phone", "+86 138-0000-1234", "13800001234", (True, "138")),
    ("phone", "008613800001234", "13800001234", (True, "138")),
    ("phone", "8613800001234", "13800001234", (True, "138")), ("phone", "12800001234", "12800001234", (False, "128")),
    ("phone", "+1-021-436-2616", "+10214362616", (False, "102")),
    ("phone", "(555)355 - 1785", "5553551785", (False, "555")),
    ("phone", "none", "none", (False, None)), ("phone", "１３８００００１２３４", "13800001234", (True, "138")),
    ("card", "4111 1111-1111 1111", "4111111111111111", (True, "411111")),
    ("card", "4111111111111112", "4111111111111112", (False, "411111")),
    ("card", "6222021234567890128", "6222021234567890128", (True, "622202")), ("card", "4111", "4111", (False, None)),
    ("card", "4111-abcd-1111", "4111abcd1111", (False, None)), ("card", "-", "-", (False, None)),
    ("id_number", "11010519491231002x", "11010519491231002X", (True, 19491231, "110105", "F")),
    ("id_number", "440524188001010014", "440524188001010014", (True, 18800101, "440524", "M")),
    ("id_number", "110105194912310021", "110105194912310021", (False, None, None, None)),
    ("id_number", "110105491231002", "110105491231002", (False, None, None, None)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "text", "normal", "signals"), CHECKED)
def test_checked_kinds(kind: Any, text: str, normal: str, signals: tuple[Any, ...]) -> None:
    reader: Any = reader_of(Field(type=kind))
    assert reader.one(text, []) == normal
    assert tuple(reader.signals_one(normal)) == signals


def test_a_right_check_digit_does_not_save_an_impossible_birth_date() -> None:
    first = "11010519490230002"
    reader: Any = reader_of(Field(type="id_number"))
    assert reader.signals_one(first + check_character(first))[0] is False


def test_age_changes_on_the_birthday_in_local_time() -> None:
    midnight = 1_714_492_800_000  # 2024-05-01 00:00 at +08:00
    assert (age_at(19900501, midnight - 1), age_at(19900501, midnight)) == (33, 34)
    assert age_at(20240501, midnight - 1) is None
    assert age_at(20240501, midnight) == 0


def test_personal_values_are_not_quoted_in_refusals() -> None:
    for kind, value in (("phone", 138.5), ("card", ["4111111111111111"]), ("email", {"a": "li@example.com"})):
        with pytest.raises(Bad) as found:
            reader_of(Field(type=kind)).one(value, [])  # type: ignore[arg-type]
        assert str(value) not in found.value.en
        assert "138" not in found.value.en
