"""Whole events: one by one equals a batch, any cut of a stream into batches equals any other, columns equal
dictionaries.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.events.samples import APPLICATION, BOTH, CODES, TENANT, application
from zhiyu.events.batch import Decoded, RawBatch
from zhiyu.events.cleaning import CleaningReport
from zhiyu.events.declare import Source, TimeColumn
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_few, decode_one
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import Prepared
from zhiyu.expressions.text import Step
from zhiyu.expressions.types import BOOL, INT, STRING

EXAMPLES = settings(max_examples=200, deadline=None)
SCHEMA = EventSchema.compile(
    BOTH.types,
    [
        Prepared("email_domain", (Step("prefix", (3,)),), STRING), Prepared("tags", (Step("has", ("vip",)),), BOOL),
        Prepared("customer", (Step("length"),), INT),
    ],
)  # fmt: skip
ODD: st.SearchStrategy[Any] = st.sampled_from(
    [None, "", " ", 0, -1, 5, 2.5, True, float("nan"), float("inf"), 10**30, "x", " App ", "\ud800",
    "\x00", [], [1], ["a", None],
     {}, {"lat": 1}, b"b", "1e5", "2024-01-01", "2024-01-01T00:00:00Z", "10.0.0.1", "a@b.co", "13800001234",
     "4111 1111 1111 1111", "x" * 5000]
)  # fmt: skip
KEYS = [*application(), "device", "unknown"]
RECORDS = st.lists(
    st.dictionaries(st.sampled_from(KEYS), ODD, max_size=4).map(lambda changes: application(**changes))
    | st.just({"type": "login", "id": 7, "time": 5, "customer": "c", "device": "d"}),
    max_size=8,
)


def facts(decoded: list[Decoded]) -> dict[str, Any]:
    """Everything that was decoded, as plain values."""
    report = CleaningReport()
    for one in decoded:
        report.merge(one.cleaning)
    batches = [d.batch for d in decoded]
    return {
        "rows": [
            (int(b.positions[i]), str(b.ids[i]), b.id_code[i].tolist(), int(b.body_code[i]),
            int(b.type_index[i]), int(b.time_ms[i]),
             b.values[:, i].tolist(), b.nulls[:, i].tolist(), int(b.labels[i]), int(b.money[i]))
            for b in batches for i in range(b.n)
        ],
        "shown": [
            {name: text for name, column in b.shown.items() if (text := plain(column[i])) is not None}
            for b in batches for i in range(b.n)
        ],
        "refusals": [r for d in decoded for r in d.refusals],
        "report": (report.rows, report.accepted, report.rows_of(), report.rows_of("refused")),
    }  # fmt: skip


def plain(value: Any) -> Any:
    """An Arrow scalar as a Python value."""
    return value.as_py() if isinstance(value, pa.Scalar) else value


@EXAMPLES
@given(RECORDS, st.integers(1, 5))
def test_one_by_one_any_chunks_and_whole_are_the_same(records: list[dict[str, Any]], size: int) -> None:
    whole = facts([decode(SCHEMA, None, RawBatch(records=records), CODES, TENANT)])
    single = facts([decode_one(SCHEMA, None, r, CODES, TENANT, i) for i, r in enumerate(records)])
    chunks = facts(
        [
            decode(SCHEMA, None, RawBatch(records=records[i : i + size], first_position=i), CODES, TENANT)
            for i in range(0, len(records), size)
        ]
    )
    few = facts(
        [
            decode_few(SCHEMA, None, records[i : i + size], CODES, TENANT, list(range(i, min(i + size, len(records)))))
            for i in range(0, len(records), size)
        ]
    )
    assert single["rows"] == whole["rows"] == chunks["rows"] == few["rows"]
    assert single["refusals"] == whole["refusals"] == chunks["refusals"] == few["refusals"]
    assert single["shown"] == whole["shown"] == chunks["shown"] == few["shown"]
    assert few["report"] == chunks["report"]
    assert single["report"] == (chunks["report"] if records else (0, 0, [], [])) == whole["report"]


SOURCE = Source(
    name="s", event="application", id="id", time=TimeColumn(column="time"),
    fields={n: n for n in APPLICATION.fields if n != "place"}
)  # fmt: skip
TYPED = st.fixed_dictionaries(
    {
        "id": st.integers(0, 99), "time": st.sampled_from(["2024-01-01", "2024-02-30",
        "1/2/2024"]), "customer": st.sampled_from(["a", "", " b "]),
        "amount": st.floats(-1, 600_000) | st.integers(0, 100).map(lambda v: v / 100),
        "term": st.integers(0, 61), "rate": st.none() | st.floats(0, 1),
        "email": st.sampled_from(["A@b.co",
        "x", None]), "phone": st.sampled_from(["+86 13800001234", None]), "channel": st.sampled_from(["app",
        "fax", None]),
    }
)  # fmt: skip


@EXAMPLES
@given(st.lists(TYPED, min_size=1, max_size=12))
def test_columns_of_a_file_equal_dictionaries(records: list[dict[str, Any]]) -> None:
    table = pa.table({name: pa.array([r[name] for r in records]) for name in records[0]})
    columns = {name: table.column(name).chunk(0) for name in table.schema.names}
    from_columns = facts([decode(SCHEMA, SOURCE, RawBatch(columns), CODES, TENANT)])
    from_records = facts([decode(SCHEMA, SOURCE, RawBatch(records=records), CODES, TENANT)])
    one_by_one = facts([decode_one(SCHEMA, SOURCE, r, CODES, TENANT, i) for i, r in enumerate(records)])
    assert from_columns == from_records
    assert from_columns == one_by_one


def test_the_register_file_has_a_row_per_column() -> None:
    batch = decode(SCHEMA, None, RawBatch(records=[application()]), CODES, TENANT).batch
    assert batch.values.shape == batch.nulls.shape == (len(SCHEMA.columns), 1)
    assert batch.values.dtype == np.int64
    assert batch.nulls.dtype == np.uint8
