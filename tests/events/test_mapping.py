"""A lender's own words, units and dates: read exactly, one by one and in columns alike."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.events.samples import CODES, TENANT, value
from tests.property.test_decode_events import facts
from zhiyu.base.errors import DeclarationError
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import EventType, Field, Source, TimeColumn
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_one
from zhiyu.events.kinds.in_unit import units_of
from zhiyu.events.schema import EventSchema
from zhiyu.events.vocabulary import FIELDS, loan_events

STAY = EventType(
    name="stay", fields={"rate": Field(type="number", digits=6, max=1), "wait": Field(type="int", unit="s", max=7200)}
)
SCHEMA = EventSchema.compile([*loan_events(types=("draw_down", "identity_step")), STAY])
CORE = Source(
    name="core",
    type_column="EVT",
    types={"D05": "draw_down", "I01": "identity_step", "S": "stay"},
    id="NO",
    time=TimeColumn(column="TM", formats=("%Y%m%d%H%M%S",), timezone="Asia/Shanghai"),
    fields={
        "customer": "CUST", "amount": "AMT", "channel": "CH", "term_months": "TERM", "rooted": "ROOT", "duration_s": "DUR", "step": "STEP",
        "rate": "RATE", "wait": "WAIT",
    },
    times={"document_until": TimeColumn(column="EXP", formats=("%Y%m%d",), timezone="Asia/Shanghai")},
    values={"channel": {"1": "app", "2": "web"}, "rooted": {"Y": "true", "N": "false"}, "step": {"T4": "card_four"}},
    units={"amount": "wan", "term_months": "years", "duration_s": "ms", "rate": "percent", "wait": "min"},
)  # fmt: skip


def record(**changes: Any) -> dict[str, Any]:
    """A record as the lender writes it."""
    made = {
        "EVT": "D05", "NO": "7", "TM": "20250228080000", "CUST": "c1", "AMT": "1.25", "CH": 1, "TERM": 3, "ROOT": "Y", "DUR": 1500,
        "STEP": "T4", "EXP": "20301231", "RATE": "3.65", "WAIT": 2,
    }  # fmt: skip
    return made | changes


def one(**changes: Any) -> Any:
    """The record decoded."""
    return decode_one(SCHEMA, CORE, record(**changes), CODES, TENANT)


def test_words_units_and_dates_become_ours() -> None:
    drawn = one()
    assert drawn.refusals == []
    assert value(drawn, "amount", SCHEMA) == 1_250_000
    assert value(drawn, "term_months", SCHEMA) == 36
    assert value(drawn, "duration_s", SCHEMA) == 1_500
    assert value(drawn, "rooted", SCHEMA) == 1
    assert drawn.batch.shown["channel"] == ["app"]
    step = one(EVT="I01")
    assert value(step, "document_until", SCHEMA) == 1_924_876_800_000
    assert step.batch.shown["step"] == ["card_four"]
    assert value(one(EVT="S"), "rate", SCHEMA) == 36_500
    assert value(one(EVT="S"), "wait", SCHEMA) == 120


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("amount", {"AMT": "0.0000001"}),
        ("amount", {"AMT": "10001"}),
        ("channel", {"CH": 3}),
        ("rooted", {"ROOT": "J"}),
        ("rate", {"EVT": "S", "RATE": 101}),
        ("wait", {"EVT": "S", "WAIT": 121}),
        ("document_until", {"EVT": "I01", "EXP": "20300231"}),
    ],
)
def test_what_does_not_fit_is_refused_by_name(field: str, changes: dict[str, Any]) -> None:
    assert [refusal.field for refusal in one(**changes).refusals] == [field]


def test_the_edge_of_a_range_is_that_of_the_field() -> None:
    assert value(one(AMT=10_000), "amount", SCHEMA) == 10_000_000_000
    assert value(one(EVT="S", RATE=100), "rate", SCHEMA) == 1_000_000
    assert value(one(EVT="S", WAIT=120), "wait", SCHEMA) == 7_200


ODD: dict[str, st.SearchStrategy[Any]] = {
    "EVT": st.sampled_from(["D05", "I01", "S"]),
    "AMT": st.sampled_from(["1.25", 0.1, 3, "x", None, "10000.01", 1e-7]),
    "CH": st.sampled_from([1, "1", " 2 ", "app", 2.0, True, None, "9", 1.5]),
    "ROOT": st.sampled_from(["Y", "N", True, 1, 0, "", "J", None]),
    "TERM": st.sampled_from([1, "2", 30, 31, 0.5, None]),
    "DUR": st.sampled_from([1500, "1500.5", 0.25, None, -1]),
    "EXP": st.sampled_from(["20301231", "20300231", None, 20301231]),
    "RATE": st.sampled_from([3.65, "100", "100.01", "0.00001", None]),
    "WAIT": st.sampled_from([1, "120", 121, 1.5, None]),
}


@settings(max_examples=200, deadline=None)
@given(st.lists(st.fixed_dictionaries({}, optional=ODD).map(lambda changes: record(**changes)), min_size=1, max_size=8))
def test_one_by_one_and_together_are_the_same(rows: list[dict[str, Any]]) -> None:
    whole = facts([decode(SCHEMA, CORE, RawBatch(records=rows), CODES, TENANT)])
    assert whole == facts([decode_one(SCHEMA, CORE, row, CODES, TENANT, i) for i, row in enumerate(rows)])


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(["1", "2", " 1", "9", None, "app"]), min_size=1, max_size=9),
    st.sampled_from(["text", "int"]),
)
def test_columns_of_a_file_are_translated_alike(words: list[str | None], kind: str) -> None:
    channels: list[Any] = [w if kind == "text" or w is None or not w.strip().isdigit() else int(w) for w in words]
    if kind == "int":
        channels = [c if isinstance(c, int) else None for c in channels]
    rows = [record(CH=channel, NO=str(i)) for i, channel in enumerate(channels)]
    columns = {name: pa.array([row[name] for row in rows]) for name in rows[0]}
    from_columns = facts([decode(SCHEMA, CORE, RawBatch(columns), CODES, TENANT)])
    assert from_columns == facts([decode(SCHEMA, CORE, RawBatch(records=rows), CODES, TENANT)])


def test_a_mapping_that_does_not_fit_says_so_when_it_is_used_too() -> None:
    wrong = Source(
        name="w",
        event="draw_down",
        time=TimeColumn(column="TM"),
        fields={"customer": "C", "amount": "A"},
        units={"amount": "feng"},
    )
    with pytest.raises(DeclarationError, match="did you mean 'fen'"):
        decode_one(SCHEMA, wrong, record(), CODES, TENANT)


def test_only_numbers_have_units() -> None:
    assert units_of(FIELDS["device"].field) == ()
    assert "fen" in units_of(FIELDS["amount"].field)


PLACES = st.sampled_from(
    ["31.2,121.4", "-90,180", "91,0", "1,2,3", "x", None, "", "0.1234567,-0.5", "1.,2", "1e1,2", " 1,2"]
)


@settings(max_examples=100, deadline=None)
@given(st.lists(PLACES, min_size=1, max_size=9))
def test_places_as_text_are_read_alike(places: list[str | None]) -> None:
    schema = EventSchema.compile(list(loan_events(types=("draw_down",))))
    rows = [
        {"type": "draw_down", "id": str(i), "time": 5, "customer": "c", "amount": 1, "place": p}
        for i, p in enumerate(places)
    ]
    whole = facts([decode(schema, None, RawBatch(records=rows), CODES, TENANT)])
    assert whole == facts([decode_one(schema, None, row, CODES, TENANT, i) for i, row in enumerate(rows)])
