"""Decoding batches: what is taken, what is refused and why, what is told about it."""

from __future__ import annotations

import pyarrow as pa
import pytest

from tests.events.samples import APPLICATION, BOTH, CODES, SCHEMA, TENANT, application, read, read_one, value
from zhiyu.base.errors import DeclarationError, LimitExceeded
from zhiyu.base.limits import MAX_BATCH
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import EventType, Field, LabelColumn, Source, TimeColumn
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_one
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import Prepared
from zhiyu.expressions.text import Step
from zhiyu.expressions.types import BOOL, FLOAT, INT, STRING

PAY = EventType(
    name="pay", money="amount", fields={"who": Field(type="string", required=True), "amount": Field(type="money")}
)
PAY_SCHEMA = EventSchema.compile([PAY])
SOURCE = Source(
    name="file", event="pay", id="no", time=TimeColumn(column="at", formats=("%d/%m/%Y %H:%M",)),
    fields={"who": "CUSTOMER", "amount": "AMT"}, label=LabelColumn(column="fraud", delay="2d"),
)  # fmt: skip


def test_a_good_application_fills_its_registers() -> None:
    got = read([application()])
    assert got.refusals == []
    assert got.batch.n == 1
    assert got.batch.time_ms.tolist() == [1_714_523_400_000]
    assert got.batch.money.tolist() == [120_050]
    for name, expected in {
        "amount": 120_050, "term": 12, "rate": 365, "member": 1, "opened": 1_580_400_000_000, "ip_valid": 1, "ip_private": 0,
        "id_number_valid": 1, "id_number_age": 74, "phone_valid": 1, "card_valid": 1, "email_valid": 1, "late": 0,
    }.items():  # fmt: skip
        assert value(got, name) == expected, name
    for name, text in {
        "event_type": "application", "customer": "c-1", "email": "li@example.com", "email_domain": "example.com", "channel": "app",
        "phone": "13800001234", "phone_prefix": "138", "card_bin": "411111", "ip_net24": "47.1.2.0/24", "id_number_gender": "F",
        "id_number_region": "110105", "tags": '["new","vip"]',
    }.items():  # fmt: skip
        assert value(got, name) == CODES.one(text), name


def test_personal_values_are_shown_masked_only() -> None:
    got = read([application()])
    shown = {name: column[0].as_py() for name, column in got.batch.shown.items()}  # type: ignore[union-attr]
    assert shown["email"] == "l***@example.com"
    assert shown["phone"] == "138****1234"
    assert shown["card"] == "411111******1111"
    assert shown["id_number"] == "110***********002X"
    assert shown["customer"] == "c-1"
    assert shown["email_domain"] == "example.com"


@pytest.mark.parametrize(
    ("changes", "field", "code"),
    [
        ({"type": "aplication"}, "type", "unknown_type"),
        ({"type": 5.5}, "type", "wrong_type"),
        ({"id": None}, "id", "no_id"),
        ({"id": " "}, "id", "no_id"),
        ({"id": {}}, "id", "wrong_type"),
        ({"time": None}, "time", "no_time"),
        ({"time": "2024-05-01 08:30"}, "time", "no_offset"),
        ({"time": "soon"}, "time", "not_a_time"),
        ({"customer": ""}, "customer", "missing"),
        ({"amount": float("nan")}, "amount", "not_finite"),
        ({"amount": -0.01}, "amount", "out_of_range"),
        ({"term": "many", "channel": "fax"}, "term", "wrong_type"),
        ({"channel": "fax"}, "channel", "not_a_choice"),
        ({"place": [1, None]}, "place", "half_place"),
        ({"email": "\ud800"}, "email", "bad_text"),
        ({"tags": ["x"] * 257}, "tags", "too_many_items"),
    ],
)
def test_a_bad_event_is_refused_alone_and_named(changes: dict[str, object], field: str, code: str) -> None:
    good = [application(id=f"g{i}") for i in range(3)]
    got = read([good[0], application(**changes), good[1], good[2]])
    assert [(r.position, r.field, r.code) for r in got.refusals] == [(1, field, code)]
    assert got.batch.ids.to_pylist() == ["g0", "g1", "g2"]  # type: ignore[union-attr]
    assert got.batch.positions.tolist() == [0, 2, 3]
    assert got.cleaning.refused == {(field, code): 1}
    alone = read_one(application(**changes), position=1).refusals
    assert alone == got.refusals


def test_a_refused_record_shows_declared_columns_masked() -> None:
    got = read([application(amount="x", secret="do not keep", long="y")])
    record = got.refusals[0].record
    assert "secret" not in record
    assert record["phone"] == "***1234"
    assert record["email"] == "***.com"
    assert record["amount"] == "x"
    assert got.refusals[0].error().field == "amount"


def test_required_check_refuses_only_where_declared() -> None:
    strict = EventSchema.compile([EventType(name="pay", fields={"card": Field(type="card", require="valid")})])
    records = [
        {"id": "1", "time": 0, "card": "4111111111111111"},
        {"id": "2", "time": 0, "card": "4111111111111112"},
        {"id": "3", "time": 0},
    ]
    got = read(records, strict)
    assert [(r.event_id, r.code) for r in got.refusals] == [("2", "bad_check")]
    assert "4111111111111112" not in str(got.refusals)
    lenient = read([application(card="4111111111111112")])
    assert value(lenient, "card_valid") == 0
    assert lenient.cleaning.actions["card", "check_failed"] == 1


def test_cleaning_tells_what_it_changed_in_accepted_events() -> None:
    got = read([application(customer=" c-1 ", new_key=1), application(customer=" c-2", amount="bad", new_key=1)])
    assert got.cleaning.rows == 2
    assert got.cleaning.accepted == 1
    assert got.cleaning.actions["customer", "trimmed"] == 1
    assert got.cleaning.actions["email", "normalised"] == 1
    assert got.cleaning.actions["new_key", "ignored"] == 1


@pytest.mark.parametrize(
    ("changes", "en", "zh"),
    [
        ({"type": "aplication"}, "did you mean 'application'?", "是不是“application”？"),
        ({"channel": "webb"}, "did you mean 'web'?", "是不是“web”？"),
        ({"channel": "fax"}, "add it to `values` if it is right", "若属实请加入 values"),
    ],
)
def test_a_refusal_says_what_to_do_in_both_languages(changes: dict[str, str], en: str, zh: str) -> None:
    (refusal,) = read([application(**changes)]).refusals
    assert refusal.en.endswith(f"; {en}")
    assert refusal.zh.endswith(f"；{zh}")


def test_several_types_in_one_batch() -> None:
    login = {"type": "login", "id": "a-1", "time": 5, "customer": "c-1", "device": "d"}
    got = read([login, application(), login | {"type": "logout"}, login | {"id": "a-2"}], BOTH)
    assert got.batch.type_index.tolist() == [1, 0, 1]
    assert [r.code for r in got.refusals] == ["unknown_type"]
    assert got.refusals[0].zh == "'logout' 不是已声明的事件类型；可用类型：application、login"
    assert "did you mean 'login'?" not in got.refusals[0].en or got.refusals[0].field == "type"
    assert [value(got, "customer", BOTH, i) for i in range(3)] == [CODES.one("c-1")] * 3
    assert value(got, "amount", BOTH, 0) is None
    assert value(got, "device", BOTH, 1) is None
    assert got.batch.money.tolist() == [0, 120_050, 0]
    assert len({tuple(row) for row in got.batch.id_code.tolist()}) == 3  # the same id in two types is two events
    assert got.batch.shown["device"].to_pylist() == ["d", None, "d"]  # type: ignore[union-attr]


def test_the_type_may_be_left_out_when_only_one_decides() -> None:
    record = application()
    del record["type"]
    assert read([record], BOTH).batch.type_index.tolist() == [0]
    two = EventSchema.compile([PAY, EventType(name="other", fields={})])
    assert [r.code for r in read([{"id": "1", "time": 1}], two).refusals] == ["no_type"]


def test_a_source_maps_columns_times_and_labels() -> None:
    columns = {
        "no": pa.array([7, 8, 9, 10]), "at": pa.array(["4/1/2019 0:58", "5/1/2019 1:00", "6/1/2019 2:00", "7/1/2019 2:00"]),
        "CUSTOMER": pa.array(["a", "b", "c", "d"], pa.large_string()), "AMT": pa.array([1.5, None, 3.0, 4.0]),
        "fraud": pa.array(["Fraud", "legit", None, "??"]), "unused": pa.array([b"x"] * 4),
    }  # fmt: skip
    got = decode(PAY_SCHEMA, SOURCE, RawBatch(columns, first_position=100), CODES, TENANT)
    assert got.refusals == []
    assert got.batch.positions.tolist() == [100, 101, 102, 103]
    assert got.batch.ids.to_pylist() == ["7", "8", "9", "10"]  # type: ignore[union-attr]
    assert got.batch.time_ms[0] == 1_546_563_480_000
    assert got.batch.labels.tolist() == [1, 0, -1, -1]
    assert got.batch.label_delay_ms == 2 * 86_400_000
    assert got.batch.money.tolist() == [150, 0, 300, 400]
    assert got.cleaning.actions == {("fraud", "unknown_label"): 1}


def test_without_an_id_column_rows_are_numbered() -> None:
    source = Source(name="file", event="pay", time=TimeColumn(column="at", epoch="s"), fields={"who": "CUSTOMER"})
    columns = {"at": pa.array([60, 120]), "CUSTOMER": pa.array(["a", "b"])}
    got = decode(PAY_SCHEMA, source, RawBatch(columns, first_position=5), CODES, TENANT)
    assert got.batch.ids.to_pylist() == ["file:5", "file:6"]  # type: ignore[union-attr]
    assert got.batch.time_ms.tolist() == [60_000, 120_000]


def test_a_type_column_and_bytes_that_are_not_utf8() -> None:
    source = Source(
        name="file",
        type_column="kind",
        types={"P": "pay"},
        id="no",
        time=TimeColumn(column="at"),
        fields={"who": "who"},
    )
    raw = pa.array([b"ok", b"\xff", b"ok2"]).view(pa.string())
    columns = {
        "kind": pa.array(["P", "P", "Q"]),
        "no": pa.array(["1", "2", "3"]),
        "at": pa.array([0, 0, 0]),
        "who": raw,
    }
    got = decode(PAY_SCHEMA, source, RawBatch(columns), CODES, TENANT)
    assert [(r.event_id, r.field, r.code) for r in got.refusals] == [
        ("2", "who", "bad_text"),
        ("3", "kind", "unknown_type"),
    ]
    assert got.batch.n == 1


@pytest.mark.parametrize(
    "source",
    [
        Source(name="s", time=TimeColumn(column="t")),
        Source(name="s", event="pya", time=TimeColumn(column="t")),
        Source(name="s", event="pay", time=TimeColumn(column="t")),
        Source(name="s", event="pay", time=TimeColumn(column="t"), fields={"who": "a", "amuont": "b"}),
        Source(name="s", event="pay", time=TimeColumn(column="t"), fields={"who": ("a", "b")}),
        Source(name="s", event="pay", time=TimeColumn(column="t", formats=("%Q",)), fields={"who": "a"}),
        Source(
            name="s",
            event="pay",
            time=TimeColumn(column="t"),
            fields={"who": "a"},
            label=LabelColumn(column="l", delay="soon"),
        ),
        Source(
            name="s",
            event="pay",
            time=TimeColumn(column="t"),
            fields={"who": "a"},
            label=LabelColumn(column="l", legit=(1,)),
        ),
    ],
)
def test_a_source_that_does_not_fit_is_a_declaration_error(source: Source) -> None:
    with pytest.raises(DeclarationError):
        decode(PAY_SCHEMA, source, RawBatch({"t": pa.array([1])}), CODES, TENANT)


def test_prepared_columns_hold_the_text_functions() -> None:
    prepared = [
        Prepared("email", (Step("prefix", (2,)), Step("upper")), STRING), Prepared("email_domain", (Step("length"),), INT),
        Prepared("customer", (Step("digits_share"),), FLOAT), Prepared("tags", (Step("has", ("vip",)),), BOOL),
        Prepared("tags", (Step("items"),), INT), Prepared("email", (Step("before", ("+",)),), STRING),
    ]  # fmt: skip
    schema = EventSchema.compile([APPLICATION], prepared)
    for got in (read([application(), application(email=None, tags=None)], schema), read_one(application(), schema)):
        assert value(got, prepared[0].key, schema) == CODES.one("LI")
        assert value(got, prepared[1].key, schema) == 11
        assert got.batch.values[schema.index[prepared[2].key]].view("f8")[0] == 1 / 3
        assert value(got, prepared[3].key, schema) == 1
        assert value(got, prepared[4].key, schema) == 2
        assert value(got, prepared[5].key, schema) is None
    assert value(read([application(tags=None)], schema), prepared[4].key, schema) is None


def test_the_body_code_follows_content_not_spelling_or_envelope() -> None:
    base = int(read([application()]).batch.body_code[0])
    same = application(id="other", email=" li@EXAMPLE.com", amount="1200.50", card="4111-1111-1111-1111", extra=1)
    assert int(read([same]).batch.body_code[0]) == base
    for change in (
        {"amount": 1200.51},
        {"customer": "c-2"},
        {"time": "2024-05-01T08:30:01+08:00"},
        {"tags": ["vip", "new"]},
        {"term": None},
    ):
        assert int(read([application(**change)]).batch.body_code[0]) != base


def test_a_new_optional_field_does_not_change_old_body_codes() -> None:
    wider = EventType(name="application", money="amount", fields={**APPLICATION.fields, "extra": Field(type="string")})
    before, after = read([application()]), read([application()], EventSchema.compile([wider]))
    assert before.batch.body_code.tolist() == after.batch.body_code.tolist()


def test_an_empty_batch_and_one_too_large() -> None:
    assert read([]).batch.n == 0
    with pytest.raises(LimitExceeded):
        decode(PAY_SCHEMA, SOURCE, RawBatch({"no": pa.nulls(MAX_BATCH + 1)}), CODES, TENANT)


def test_a_batch_where_all_is_refused() -> None:
    got = read([application(amount=None)] * 3)
    assert got.batch.n == 0
    assert got.batch.values.shape == (len(SCHEMA.columns), 0)
    assert len(got.refusals) == 3


def test_a_column_may_be_a_path_into_nested_objects() -> None:
    source = Source(
        name="api",
        event="pay",
        id="meta.no",
        time=TimeColumn(column="meta.at"),
        fields={"who": "who.name", "amount": "amount"},
    )
    record = {"meta": {"no": 5, "at": "2024-01-01"}, "who": {"name": "a"}, "amount": 1}
    for got in (
        decode(PAY_SCHEMA, source, RawBatch(records=[record, record | {"who": "flat"}]), CODES, TENANT),
        decode_one(PAY_SCHEMA, source, record, CODES, TENANT),
    ):
        assert got.batch.n == 1
        assert str(got.batch.ids[0]) == "5"
        assert value(got, "who", PAY_SCHEMA) == CODES.one("a")


def test_a_refusal_quotes_the_number_as_it_came_whatever_else_is_in_the_batch() -> None:
    schema = EventSchema.compile((EventType(name="e", fields={"amount": Field(type="money", min=0)}),))
    rows = [{"id": str(i), "time": "2026-01-01T00:00:00Z", "amount": amount} for i, amount in enumerate((-1, 2.5))]
    refusals = decode(schema, None, RawBatch(records=rows), CODES, TENANT).refusals
    assert [r.record["amount"] for r in refusals] == [-1]
    assert "-1 is" in refusals[0].en
