"""The three public data sets decode without a refusal, their mixed formats declared, and the figures their sources
publish hold.
"""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from tests.events.samples import CODES, TENANT
from zhiyu.events.batch import Decoded
from zhiyu.events.declare import EventType, Field, LabelColumn, Source, TimeColumn
from zhiyu.events.decode import decode
from zhiyu.events.schema import EventSchema
from zhiyu.log.files import open_events

DATA = Path(os.environ.get("ZHIYU_DATA", Path(__file__).parents[2] / "../shared/data"))
pytestmark = [
    pytest.mark.skip_ok("the public data sets are not part of the repository"),
    pytest.mark.skipif(not DATA.is_dir(), reason=f"the public data sets are not at {DATA}; set ZHIYU_DATA"),
]
DAY_MS = 86_400_000


def decode_file(name: str, event: EventType, source: Source) -> list[Decoded]:
    """All batches of one file."""
    schema = EventSchema.compile([event])
    return [decode(schema, source, batch, CODES, TENANT) for batch in open_events(DATA / name, source)]


def test_card_transactions() -> None:
    event = EventType(
        name="payment",
        money="amount",
        fields={
            "customer": Field(type="string", required=True),
            "terminal": Field(type="string", required=True),
            "amount": Field(type="money", currency="EUR", required=True, min=0),
        },
    )
    source = Source(
        name="card", event="payment", id="TRANSACTION_ID", time=TimeColumn(column="TX_DATETIME"),
        fields={"customer": "CUSTOMER_ID", "terminal": "TERMINAL_ID",
        "amount": "TX_AMOUNT"}, label=LabelColumn(column="TX_FRAUD"),
    )  # fmt: skip
    got = decode_file("card_transactions/transactions_20180401_20180731.parquet", event, source)
    assert sum(d.batch.n for d in got) == 1_169_723
    assert not any(d.refusals for d in got)
    assert got[0].batch.time_ms[0] == 1_522_540_831_000  # 2018-04-01 00:00:31
    assert got[0].batch.money[0] == 5716
    assert got[0].batch.values[4, 0] == CODES.one("596")
    fraud = sum(int((d.batch.labels == 1).sum()) for d in got)
    assert 0.007 < fraud / 1_169_723 < 0.009
    codes = np.concatenate([d.batch.id_code for d in got])
    assert len(np.unique(codes[:, 0])) == len(codes)


def test_card_transactions_us_with_mixed_day_first_dates() -> None:
    day = ("%d/%m/%Y", "%d-%m-%Y")
    event = EventType(
        name="payment",
        money="amount",
        fields={
            "merchant": Field(type="string"), "category": Field(type="string"),
            "amount": Field(type="money", currency="USD"),
            "home": Field(type="geo"), "shop": Field(type="geo"), "born": Field(type="time", formats=day),
            "population": Field(type="int", min=0),
        },
    )  # fmt: skip
    source = Source(
        name="us", event="payment", id="trans_num",
        time=TimeColumn(column="trans_date_trans_time", formats=tuple(f"{d} %H:%M" for d in day)),
        fields={
            "merchant": "merchant", "category": "category", "amount": "amt", "home": ("lat",
            "long"), "shop": ("merch_lat", "merch_long"),
            "born": "dob", "population": "city_pop",
        },
        label=LabelColumn(column="is_fraud"),
    )  # fmt: skip
    (got,) = decode_file("card_transactions_us/fraud_data.parquet", event, source)
    assert got.refusals == []
    assert got.batch.n == 14_446
    assert int((got.batch.labels == 1).sum()) == 1_845
    start, end = (
        1_546_300_800_000,
        1_609_459_200_000,
    )  # 2019-01-01 … 2021-01-01: a day and month mixed up would leave it
    assert start <= got.batch.time_ms.min()
    assert got.batch.time_ms.max() < end
    assert got.batch.time_ms[0] == 1_546_563_480_000  # 4/1/2019 0:58
    assert got.batch.shown["merchant"][0].as_py() == '"Stokes, Christiansen and Sipes"'  # type: ignore[union-attr]


def test_registrations() -> None:
    event = EventType(name="registration", fields={"ip": Field(type="ip"), "email": Field(type="email")})
    source = Source(
        name="reg", event="registration", time=TimeColumn(column="EVENT_TIMESTAMP"),
        fields={"ip": "ip_address", "email": "email_address"}, label=LabelColumn(column="EVENT_LABEL"),
    )  # fmt: skip
    (got,) = decode_file("registrations/registration_data_20K_minimum.parquet", event, source)
    assert got.refusals == []
    assert [int((got.batch.labels == v).sum()) for v in (1, 0, -1)] == [1_004, 18_996, 0]
    assert got.batch.time_ms[0] == 1_653_868_818_000  # 2022-05-30T00:00:18Z
    schema = EventSchema.compile([event])
    assert bool((got.batch.values[schema.index["ip_valid"]] == 1).all())
    assert bool((got.batch.values[schema.index["email_valid"]] == 1).all())
    assert set(got.batch.shown["email_domain"].to_pylist()) <= {"example.org", "example.com", "example.net"}  # type: ignore[union-attr]
