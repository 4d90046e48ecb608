"""The fast path of every kind equals its scalar definition, value by value, action by action, refusal by refusal."""

from __future__ import annotations

import os
from datetime import datetime, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.events.declare import Field
from zhiyu.events.kinds.geo import Geo
from zhiyu.events.kinds.id_number import age_at, check_character
from zhiyu.events.kinds.kinds import reader_of
from zhiyu.events.kinds.text import Text
from zhiyu.events.kinds.time import Time
from zhiyu.events.raw_columns import RawColumn, of_array, of_values
from zhiyu.events.read_field import _ages
from zhiyu.events.read_numbers import read_numbers
from zhiyu.events.read_texts import read_texts
from zhiyu.events.refusals import Bad

EXAMPLES = settings(max_examples=int(os.environ.get("ZHIYU_EXAMPLES", "200")), deadline=None)
Outcome = tuple[Any, ...]


def scalar(reader: Any, value: object) -> Outcome:
    """(value, signals, actions) or (refusal code)."""
    notes: list[str] = []
    try:
        read = reader.one(value, notes)
        signals: tuple[Any, ...] = ()
        if isinstance(reader, Text) and reader.signals:
            signals = (None,) * len(reader.signals) if read is None else tuple(reader.signals_one(read))
            reader.checked(signals, notes)  # type: ignore[attr-defined]
    except Bad as bad:
        return (bad.code, bad.en)
    return (read, signals, tuple(sorted(notes)))


def texts(reader: Text, raw: RawColumn, distinct: bool) -> list[Outcome]:
    """What `read_texts` made of every row."""
    got = read_texts(reader, raw, distinct)
    row = range(raw.n) if got.row is None else got.row.tolist()
    values, signals = got.texts.to_pylist(), [s.to_pylist() for s in got.signals]
    found: list[Outcome] = []
    for i, at in enumerate(row):
        if i in got.bad:
            found.append((got.bad[i].code, got.bad[i].en))
        else:
            actions = tuple(sorted(name for name, marks in got.actions.items() if marks[i]))
            found.append((values[at], tuple(s[at] for s in signals), actions))
    return found


def numbers(reader: Any, raw: RawColumn, second: RawColumn | None = None) -> list[Outcome]:
    """What `read_numbers` made of every row."""
    got = read_numbers(reader, raw, second)
    found: list[Outcome] = []
    for i in range(raw.n):
        if i in got.bad:
            found.append((got.bad[i].code, got.bad[i].en))
        else:
            actions = tuple(sorted(name for name, marks in got.actions.items() if marks[i]))
            found.append((None if got.null[i] else int(got.values[i]), (), actions))
    return found


MESSY = st.text(alphabet=st.sampled_from("aB1 .-+@_:/\t\x00\u3000字é０Xx9"), max_size=24) | st.text(max_size=12)
STEPS = (
    st.lists(st.sampled_from(["trim", "lower", "upper", "digits", "spaces"]), unique=True)
    .map(tuple)
    .filter(lambda steps: not {"lower", "upper"} <= set(steps))
)
IDS = st.tuples(
    st.integers(110_000, 659_999), st.integers(1880, 2024), st.integers(0, 13), st.integers(0, 32), st.integers(0, 999)
).map(lambda p: (first := f"{p[0]:06d}{p[1]:04d}{p[2]:02d}{p[3]:02d}{p[4]:03d}") + check_character(first))
OCTET = st.integers(0, 270).map(str) | st.sampled_from(["00", "01", "007", "", "255", "256"])
IPS = st.lists(OCTET, min_size=3, max_size=5).map(".".join) | st.tuples(*[st.integers(0, 255)] * 4).map(
    lambda p: ".".join(map(str, p))
)
LABEL = st.text("ab1-", min_size=1, max_size=4) | st.sampled_from(["y" * 62, "y" * 63, "y" * 64, "", "_", "é", "Ab"])
LOCAL = st.text("abZ.-_+'1", min_size=1, max_size=6) | st.sampled_from(
    ["x" * 64, "x" * 65, "", "a b", "é", "a..b", ".a", "a."]
)
SIGN = st.sampled_from(["@"] * 6 + ["＠", "@@", ""])
LIMITS = [
    "x" * 64 + "@b.co", "x" * 65 + "@b.co", "a@" + "y" * 63 + ".co", "a@" + "y" * 64 + ".co", "a@b." + "y" * 63,
    "a@b." + "y" * 64, "a@" + "b." * 125 + "co", "a@" + "b." * 126 + "co", "a@b.c-", "a@-b.c", "a@b.c.", "a@.b.c",
]  # fmt: skip
EMAILS = st.sampled_from(LIMITS) | st.tuples(LOCAL, SIGN, st.lists(LABEL, min_size=1, max_size=4).map(".".join)).map(
    "".join
)
PHONES = st.tuples(
    st.sampled_from(["", "+86", "0086", "86", "+1-", "+", "(0)", "++", " +86-"]),
    st.sampled_from(["13", "19", "12", "2", ""]),
    st.text("0123456789", min_size=3, max_size=10),
).map("".join)
PADS = st.tuples(
    st.sampled_from(["", "", " ", "\u3000", "\t", "\u00a0", "-"]), st.sampled_from(["", "", " ", "\u3000", "\x00", "."])
)


def padded(texts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Texts with something to trim now and then."""
    return st.tuples(texts, PADS).map(lambda p: p[1][0] + p[0] + p[1][1])


KINDS: dict[str, st.SearchStrategy[str]] = {
    "string": padded(st.text("aB1 -字の", max_size=8)),
    "ip": padded(IPS) | st.ip_addresses().map(str),
    "email": padded(EMAILS),
    "phone": padded(PHONES),
    "card": padded(st.text("0123456789", min_size=10, max_size=20)) | st.text("12 -", max_size=20),
    "id_number": padded(IDS | IDS.map(str.lower)) | st.text("0123456789X", min_size=18, max_size=18),
    "enum": padded(st.sampled_from(["a", "b", "字", "c", "A", ""])),
    "list": st.sampled_from(['["a"]', '[" a",1]', "[]", "a", "[[1]]", "", "null"]),
}


@pytest.mark.parametrize("kind", list(KINDS))
@EXAMPLES
@given(st.data())
def test_texts(kind: Any, data: st.DataObject) -> None:
    checked = kind not in ("string", "enum", "list")
    declared = Field(
        type=kind,
        normalise=data.draw(STEPS),
        require=data.draw(st.sampled_from(["", "valid"])) if checked else "",
        values=("a", "b", "字") if kind == "enum" else (),
    )
    values = data.draw(st.lists(KINDS[kind] | KINDS[kind] | KINDS[kind] | MESSY | st.none(), min_size=5, max_size=30))
    reader: Any = reader_of(declared)
    expected = [scalar(reader, v) for v in values]
    cut = data.draw(st.integers(0, len(values)))
    column = pa.array(["cut", *values], pa.string()).slice(1)
    assert texts(reader, of_array(column), data.draw(st.booleans())) == expected
    assert texts(reader, of_array(column.cast(pa.large_string()).slice(cut)), False) == expected[cut:]
    assert texts(reader, of_values(list(values)), False) == expected


FLOATS = (
    st.floats(allow_nan=True)
    | st.integers(-(10**6), 10**6).map(lambda v: v / 100)
    | st.integers(-(10**9), 10**9).map(lambda v: v / 1000)
)
NUMBERS = FLOATS.map(repr) | st.decimals(allow_nan=False, allow_infinity=False, places=3).map(str) | MESSY
NUMBER_FIELD = st.builds(
    lambda kind, digits, rounded, low, high: Field(type=kind, digits=digits, round=rounded, min=low, max=high),
    st.sampled_from(["int", "number",
    "money"]), st.integers(0, 6), st.booleans(), st.sampled_from([None, -5, 0]), st.sampled_from([None, 7, "100"]),
)  # fmt: skip


@EXAMPLES
@given(
    NUMBER_FIELD,
    st.lists(FLOATS | st.none()),
    st.lists(st.integers(-(1 << 63), (1 << 63) - 1) | st.integers(-99, 99) | st.none()),
    st.lists(NUMBERS | st.none()),
)
def test_numbers(declared: Field, floats: list[Any], ints: list[Any], strings: list[Any]) -> None:
    reader = reader_of(declared)
    for values, kind in ((floats, pa.float64()), (ints, pa.int64()), (strings, pa.string())):
        expected = [scalar(reader, v) for v in values]
        assert numbers(reader, of_array(pa.array(values, kind))) == expected
        assert numbers(reader, of_values(values)) == expected


@EXAMPLES
@given(st.integers(1, 4), st.lists(st.integers(-9999, 9999), min_size=10))
def test_rounding_of_halves(digits: int, halves: list[int]) -> None:
    reader = reader_of(Field(type="number", digits=digits, round=True))
    values = [float(f"{half // 10}.{abs(half) % 10}5") / 10 ** (digits - 1) for half in halves]
    assert numbers(reader, of_array(pa.array(values, pa.float64()))) == [scalar(reader, v) for v in values]


LONG = st.builds(
    lambda sign, whole, head, tail, zeros: f"{sign}{whole}.{head}{tail}{'0' * zeros}",
    st.sampled_from(["", "-"]), st.integers(0, 10**7), st.integers(0, 999).map("{:03d}".format),
    st.sampled_from(["5", "50", "4999999999", "5000000001", "00000000001", "99999999999", "0000005", "000001", "999999", "0"])
    | st.integers(0, 10**9).map(str), st.integers(0, 3),
)  # fmt: skip


@EXAMPLES
@given(st.lists(LONG | st.none(), min_size=5), st.integers(0, 3), st.booleans())
def test_long_texts_are_rounded_as_their_scalar_says(values: list[str | None], digits: int, rounds: bool) -> None:
    """Halves to even, and binary noise is no digit: 0.0949999999999 is 0.095, and nothing was rounded."""
    reader = reader_of(Field(type="number", digits=digits, round=rounds))
    assert numbers(reader, of_array(pa.array(values, pa.string()))) == [scalar(reader, v) for v in values]


@EXAMPLES
@given(st.integers(-(10**12), 10**12), st.integers(0, 6))
def test_a_number_reads_the_same_as_int_float_and_text(value: int, digits: int) -> None:
    reader = reader_of(Field(type="number", digits=digits))
    exact = (
        f"{'-' if value < 0 else ''}{abs(value) // 10**digits}.{abs(value) % 10**digits:0{digits}d}"
        if digits
        else str(value)
    )
    readings = {numbers(reader, of_array(pa.array([raw])))[0] for raw in (float(exact), exact)}
    assert readings == {scalar(reader, exact)}


CHANGES = [
    datetime(2024, 3, 31, 2),
    datetime(2024, 10, 27, 2),
    datetime(2021, 3, 14, 2),
    datetime(1988, 4, 17, 2),
    datetime(1900, 12, 31, 23),
]
"""Hours around which Berlin, New York and Shanghai changed their clocks."""
NEAR = st.tuples(st.sampled_from(CHANGES), st.integers(-7200, 7200)).map(lambda p: p[0] + timedelta(seconds=p[1]))
MOMENTS = NEAR | st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1))
FORMATS = (
    "%d/%m/%Y %H:%M",
    "%d-%m-%Y %H:%M:%S",
    "%Y%m%d",
    "%y.%m.%d",
    "%Y-%m-%dT%H:%M:%S.%f%z",
    "%d %b %Y",
    "%%%Y-%m-%d年",
)
ZONES = ("UTC", "+08:00", "Asia/Shanghai", "Europe/Berlin", "America/New_York")
TIME_TEXT = st.one_of(
    st.tuples(MOMENTS, st.sampled_from(FORMATS)).map(lambda p: p[0].strftime(p[1])),
    st.tuples(MOMENTS, st.sampled_from(["", "Z", "+08:00", "-0330", "+05",
    "+24:00"])).map(lambda p: p[0].isoformat() + p[1]),
    st.tuples(*[st.integers(0, 61)] * 5).map(lambda p: f"{p[0]}/{p[1]}/20{p[2]:02d} {p[3]}:{p[4]}"),
    st.from_regex(
        r"[0-9]{4}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{0,10})?)?)?"
        r"(Z|[+-][0-9]{2}:?([0-9]{2})?)?",
        fullmatch=True,
    ),
    MESSY,
)  # fmt: skip


@EXAMPLES
@given(
    st.lists(TIME_TEXT | st.none()), st.lists(st.sampled_from(FORMATS), max_size=3, unique=True), st.sampled_from(ZONES)
)
def test_time_texts(values: list[Any], formats: list[str], zone: str) -> None:
    reader = reader_of(Field(type="time", formats=tuple(formats), timezone=zone))
    assert numbers(reader, of_array(pa.array(values, pa.string()))) == [scalar(reader, v) for v in values]


@EXAMPLES
@given(st.lists(MOMENTS | st.none()), st.sampled_from(ZONES), st.sampled_from(["s", "ms", "us"]), st.booleans())
def test_timestamps(values: list[datetime | None], zone: str, unit: str, aware: bool) -> None:
    if unit != "us":
        step = timedelta(seconds=1) if unit == "s" else timedelta(milliseconds=1)
        values = [None if v is None else datetime.min + (v - datetime.min) // step * step for v in values]
    reader = reader_of(Field(type="time", timezone=zone))
    column = pa.array(values, pa.timestamp(unit, tz="UTC" if aware else None))
    assert numbers(reader, of_array(column)) == [scalar(reader, v) for v in column.to_pylist()]


@pytest.mark.parametrize("zone", ZONES)
def test_every_quarter_of_an_hour_around_a_change_of_clocks(zone: str) -> None:
    values = [change + timedelta(minutes=15 * i) for change in CHANGES for i in range(-100, 100)]
    reader = reader_of(Field(type="time", timezone=zone))
    assert numbers(reader, of_array(pa.array(values, pa.timestamp("ms")))) == [scalar(reader, v) for v in values]


@EXAMPLES
@given(
    st.lists(st.integers(-(10**18), 10**18) | st.integers(-(10**13), 10**13) | st.none()), st.lists(FLOATS | st.none())
)
def test_epochs(ints: list[Any], floats: list[Any]) -> None:
    for unit in ("s", "ms", "us", "ns"):
        reader = Time((), "UTC", unit)
        assert numbers(reader, of_array(pa.array(ints, pa.int64()))) == [scalar(reader, v) for v in ints]
        assert numbers(reader, of_array(pa.array(floats, pa.float64()))) == [scalar(reader, v) for v in floats]
        strings = [None if v is None else str(v) for v in ints]
        assert numbers(reader, of_array(pa.array(strings, pa.string()))) == [scalar(reader, v) for v in strings]


COORDINATE = st.floats(-181, 181) | st.sampled_from([90.0, -90.0, 180.0, float("nan"), float("inf")]) | st.none()


@EXAMPLES
@given(st.lists(st.tuples(COORDINATE, COORDINATE)))
def test_places(pairs: list[tuple[float | None, float | None]]) -> None:
    reader = Geo(Field(type="geo"))
    lat, lon = (of_array(pa.array([p[i] for p in pairs], pa.float64())) for i in (0, 1))
    assert numbers(reader, lat, lon) == [scalar(reader, p) for p in pairs]


@EXAMPLES
@given(
    st.lists(st.sampled_from([0, 1, 2, -1, None])), st.lists(st.sampled_from(["yes", " NO", "是", "", "maybe", None]))
)
def test_flags(ints: list[Any], strings: list[Any]) -> None:
    reader = reader_of(Field(type="bool"))
    assert numbers(reader, of_array(pa.array(ints, pa.int64()))) == [scalar(reader, v) for v in ints]
    assert numbers(reader, of_array(pa.array(strings, pa.string()))) == [scalar(reader, v) for v in strings]


@EXAMPLES
@given(st.lists(st.tuples(st.dates(datetime(1880, 1, 1).date()), st.integers(-(10**13), 10**14)), min_size=1))
def test_ages(pairs: list[tuple[Any, int]]) -> None:
    births = np.array([d.year * 10_000 + d.month * 100 + d.day for d, _ in pairs], np.int64)
    ages, null = _ages(births, np.array([t for _, t in pairs], np.int64))
    assert [None if n else int(a) for a, n in zip(ages, null)] == [
        age_at(int(b), t) for b, (_, t) in zip(births, pairs)
    ]
