"""How sources spell missing values, numbers, times and nothing at all: columns and single records read the same."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zhiyu.base.hashing import Codes
from zhiyu.events.batch import Decoded, RawBatch
from zhiyu.events.declare import EventType, Source
from zhiyu.events.decode import UNTIMED_MS, decode
from zhiyu.events.decode_one import decode_few
from zhiyu.events.schema import EventSchema
from zhiyu.events.spelling import MAX_CHARS, plain_number

EVENT = {
    "name": "loan",
    "fields": {
        "amount": {"type": "money"},
        "score": {"type": "int"},
        "town": {"type": "string"},
        "place": {"type": "geo"},
    },
}
FIELDS = {"amount": "sum", "score": "score", "town": "town", "place": ["lat", "lon"]}


def source(**more: Any) -> Source:
    return msgspec.convert({"name": "file", "event": "loan", "fields": FIELDS, **more}, Source)


def schema() -> EventSchema:
    return EventSchema.compile([msgspec.convert(EVENT, EventType)])


def both(given: Source, records: list[dict[str, Any]]) -> Decoded:
    """Decoded as columns, and held equal to one record after the other."""
    codes = Codes(bytes(range(16)))
    names = list(dict.fromkeys(name for record in records for name in record))
    columns = {name: pa.array([record.get(name) for record in records]) for name in names}
    many = decode(schema(), given, RawBatch(columns, None, 0), codes, "t")
    few = decode_few(schema(), given, records, codes, "t", list(range(len(records))))
    assert np.array_equal(many.batch.values, few.batch.values)
    assert np.array_equal(many.batch.nulls, few.batch.nulls)
    assert np.array_equal(many.batch.labels, few.batch.labels)
    assert [(r.position, r.field, r.code) for r in many.refusals] == [
        (r.position, r.field, r.code) for r in few.refusals
    ]
    return many


def column(found: Decoded, name: str) -> list[int | None]:
    at = found.batch.values.shape[0] - len(schema().columns) + schema().index[name]
    return [None if null else int(value) for value, null in zip(found.batch.values[at], found.batch.nulls[at])]


@pytest.mark.parametrize(
    ("text", "decimal", "plain"),
    [
        ("1,234.50", ".", "1234.50"), ("1.234,50", ",", "1234.50"), ("1 234,50 €", ",", "1234.50"), ("¥1,234", ".", "1234"),
        ("12.5%", ".", "12.5"), ("(12,5)", ",", "-12.5"), ("-$3.5", ".", "-3.5"), ("$-3.5", ".", "-3.5"), ("USD 7", ".", "7"),
        ("5000元", ".", "5000"), ("1'000.5", ".", "1000.5"), (",5", ",", ".5"), ("1e3", ".", "1e3"), ("12.5", ",", None),
        ("1,23,4", ".", None), ("abc", ".", None), ("", ".", None), ("--1", ".", None), ("(-1)", ".", None),
        ("1" * MAX_CHARS, ".", "1" * MAX_CHARS),
        ("1" * (MAX_CHARS + 1), ".", None),
    ],
)  # fmt: skip
def test_numbers_as_people_write_them(text: str, decimal: str, plain: str | None) -> None:
    assert plain_number(text, decimal) == plain


@given(st.integers(-(10**12), 10**12), st.sampled_from([",", "."]))
def test_a_grouped_number_is_the_number(cents: int, decimal: str) -> None:
    whole = f"{abs(cents) // 100:,}".replace(",", "." if decimal == "," else ",")
    text = f"{'-' if cents < 0 else ''}{whole}{decimal}{abs(cents) % 100:02d}"
    plain = plain_number(text, decimal)
    assert plain is not None
    assert round(float(plain) * 100) == cents


def test_words_that_say_nothing_are_null_in_every_column() -> None:
    given = source(missing=["NA", "-999", "?"], time={"column": "when"})
    records = [
        {"when": "2024-05-01", "sum": "NA", "score": "-999", "town": "?", "lat": "na", "lon": "NA"},
        {"when": "2024-05-01", "sum": "12.50", "score": "7", "town": "Oslo", "lat": "59.9", "lon": "10.7"},
    ]
    found = both(given, records)
    assert column(found, "amount") == [None, 1250]
    assert column(found, "score") == [None, 7]
    assert column(found, "town")[0] is None
    assert column(found, "place")[0] is None
    numbers = both(source(missing=[-999, "nan"]), [{"score": -999}, {"score": 3}])
    assert column(numbers, "score") == [None, 3]
    floats = both(source(missing=["nan"]), [{"sum": float("nan")}, {"sum": 1.5}])
    assert column(floats, "amount") == [None, 150]


def test_decimal_commas_are_read_and_what_does_not_fit_is_refused() -> None:
    found = both(source(decimal=","), [{"sum": "1.234,56 €"}, {"sum": "12.5"}, {"sum": ""}])
    assert column(found, "amount") == [123456, None]
    assert [(r.position, r.code) for r in found.refusals] == [(1, "wrong_type")]
    assert "decimal" in found.refusals[0].en


def test_date_and_time_of_day_in_two_columns() -> None:
    given = source(time={"column": "day", "clock": "hour", "formats": ["%d.%m.%Y %H:%M", "%d.%m.%Y"]})
    found = both(
        given,
        [{"day": "02.05.2024", "hour": "08:30"}, {"day": "02.05.2024", "hour": None}, {"day": None, "hour": "08:30"}],
    )
    assert found.batch.time_ms.tolist() == [1_714_638_600_000, 1_714_608_000_000]
    assert [r.code for r in found.refusals] == ["no_time"]


def test_a_table_without_time_counts_a_second_a_record() -> None:
    found = both(source(), [{"sum": "1"}, {"sum": "2"}])
    assert found.batch.time_ms.tolist() == [UNTIMED_MS, UNTIMED_MS + 1000]


@pytest.mark.parametrize(("epoch", "ms"), [("d", 86_400_000), ("h", 3_600_000), ("min", 60_000), ("s", 1000)])
@pytest.mark.parametrize("as_text", [True, False])
def test_steps_of_a_simulation_are_times(epoch: str, ms: int, as_text: bool) -> None:
    values = [str(n) if as_text else n for n in (0, 1, 743)]
    found = both(source(time={"column": "step", "epoch": epoch}), [{"step": value} for value in values])
    assert found.batch.time_ms.tolist() == [0, ms, 743 * ms]


def test_a_label_may_be_missing_by_a_word() -> None:
    given = source(missing=["unknown"], label={"column": "bad", "fraud": ["Y"], "legit": ["N"]})
    found = both(given, [{"bad": "Y"}, {"bad": "n"}, {"bad": "Unknown"}])
    assert found.batch.labels.tolist() == [1, 0, -1]
