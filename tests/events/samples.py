"""Declarations and records used by the tests of the events and log rooms. All numbers are made up."""

from __future__ import annotations

from typing import Any

from zhiyu.base.hashing import Codes
from zhiyu.events.batch import Decoded, RawBatch
from zhiyu.events.declare import EventType, Field
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_one
from zhiyu.events.schema import EventSchema

CODES = Codes(bytes(range(16)))
TENANT = "demo"

APPLICATION = EventType(
    name="application",
    money="amount",
    fields={
        "customer": Field(type="string", required=True, entity="person"),
        "amount": Field(type="money", required=True, min=0, max="500000"),
        "term": Field(type="int", min=1, max=60),
        "rate": Field(type="number", digits=4, round=True),
        "member": Field(type="bool"),
        "opened": Field(type="time", timezone="Asia/Shanghai"),
        "ip": Field(type="ip"),
        "place": Field(type="geo"),
        "id_number": Field(type="id_number"),
        "phone": Field(type="phone"),
        "card": Field(type="card"),
        "email": Field(type="email"),
        "channel": Field(type="enum", values=("app", "web"), normalise=("trim", "lower")),
        "tags": Field(type="list"),
    },
)
LOGIN = EventType(
    name="login", decide=False, fields={"customer": Field(type="string", required=True), "device": Field(type="string")}
)
SCHEMA = EventSchema.compile([APPLICATION])
BOTH = EventSchema.compile([APPLICATION, LOGIN])


def application(**changes: Any) -> dict[str, Any]:
    """A good application with some values changed."""
    record: dict[str, Any] = {
        "type": "application", "id": "a-1", "time": "2024-05-01T08:30:00+08:00", "customer": "c-1", "amount": 1200.5,
        "term": 12, "rate": "0.0365", "member": True, "opened": "2020-01-31", "ip": "47.1.2.3", "place": [31.2, 121.4],
        "id_number": "11010519491231002X", "phone": "+86 138 0000 1234", "card": "4111111111111111",
        "email": "Li@Example.com", "channel": "App", "tags": ["new", "vip"],
    }  # fmt: skip
    return record | changes


def read(records: list[dict[str, Any]], schema: EventSchema = SCHEMA) -> Decoded:
    """Decode records as a batch."""
    return decode(schema, None, RawBatch(records=records), CODES, TENANT)


def read_one(record: dict[str, Any], schema: EventSchema = SCHEMA, position: int = 0) -> Decoded:
    """Decode one record by itself."""
    return decode_one(schema, None, record, CODES, TENANT, position)


def value(decoded: Decoded, name: str, schema: EventSchema = SCHEMA, row: int = 0) -> int | None:
    """The register of one column of one event; None for null."""
    at = schema.index[name]
    return None if decoded.batch.nulls[at, row] else int(decoded.batch.values[at, row])
