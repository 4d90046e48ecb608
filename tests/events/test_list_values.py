"""Values of lists are read as events are: same code, whatever the spelling; masked; what cannot match is refused."""

from __future__ import annotations

import pytest

from zhiyu.base.hashing import Codes
from zhiyu.events.declare import EventType, Field
from zhiyu.events.decode_one import decode_one
from zhiyu.events.list_values import ValueReader
from zhiyu.events.refusals import Bad
from zhiyu.events.schema import EventSchema

CODES = Codes(bytes(range(16)))
FIELDS = {
    "card": Field(type="card"),
    "phone": Field(type="phone"),
    "email": Field(type="email"),
    "ip": Field(type="ip"),
    "id_number": Field(type="id_number"),
    "device": Field(type="string", normalise=("trim", "lower", "spaces")),
    "channel": Field(type="enum", values=("app", "web")),
    "secret": Field(type="string", personal=True),
    "shop": Field(type="int"),
    "amount": Field(type="money"),
    "rate": Field(type="number", digits=3),
}
VALUES = {
    "card": ["4111 1111-1111 1111", 4111111111111111],
    "phone": ["+86 138 0000 1234", "13800001234"],
    "email": ["  Ann@Example.COM ", "a.b@c.cn"],
    "ip": ["10.1.2.3", "2001:DB8::1"],
    "id_number": ["11010519491231002x", "11010519491231002X"],
    "device": [" Phone  ONE ", "é鱼"],
    "channel": ["app"],
    "secret": ["s3cret value"],
    "shop": ["17", 17, 17.0],
    "amount": ["1,234.50", 0.1],
    "rate": ["-0.125"],
}


@pytest.mark.parametrize("name", FIELDS)
def test_a_listed_value_has_the_code_that_events_have(name: str) -> None:
    schema = EventSchema.compile((EventType(name="e", fields=FIELDS),))
    found = ValueReader([FIELDS[name]], CODES).read(VALUES[name])
    assert not found.bad
    for value, code, shown in zip(VALUES[name], found.codes.tolist(), found.shown):
        record = {"id": "1", "time": "2024-05-01T08:00:00Z", name: value}
        batch = decode_one(schema, None, record, CODES, "t").batch
        assert int(batch.values[schema.index[name], 0]) == code
        in_events = batch.shown.get(name)
        assert in_events is None or in_events[0] == shown
        assert ValueReader([FIELDS[name]], CODES).one(value) == (code, shown)


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("card", "4111111111111112", "bad_check"), ("card", "", "missing"), ("card", None, "missing"), ("card", True, "wrong_type"),
        ("id_number", "110105194912310021", "bad_check"), ("ip", "10.1.2", "bad_check"), ("shop", "x", "wrong_type"),
        ("shop", "", "missing"), ("shop", 10**30, "out_of_range"), ("device", "\ud800", "bad_text"), ("device", "x" * 5000, "too_long"),
        ("channel", "fax", None),
    ],
)  # fmt: skip
def test_what_no_event_carries_is_refused_and_never_quoted_when_personal(
    name: str, value: object, code: str | None
) -> None:
    reader = ValueReader([FIELDS[name]], CODES)
    if code is None:
        with pytest.raises(Bad):
            reader.one(value)
        return
    good = VALUES[name][0]
    found = reader.read([good, value, good])
    assert {at: bad.code for at, bad in found.bad.items()} == {1: code}
    assert found.codes[0] == found.codes[2] != 0
    if name in ("card", "id_number") and isinstance(value, str) and value:
        assert value not in found.bad[1].en + found.bad[1].zh


def test_fields_of_one_entity_that_clean_alike_are_one_and_others_must_agree() -> None:
    alike = ValueReader([FIELDS["card"], Field(type="card", required=True, entity="card", en="card")], CODES)
    assert len(alike.readers) == 1
    two = ValueReader([Field(type="string"), Field(type="string", normalise=("trim", "lower"))], CODES)
    found = two.read(["abc", "ABC", " abc "])
    assert {at: bad.code for at, bad in found.bad.items()} == {1: "fields_differ"}


def test_a_list_of_places_or_truths_cannot_be() -> None:
    for kind in ("bool", "geo", "time", "list"):
        with pytest.raises(ValueError, match="exact numbers"):
            ValueReader([Field(type=kind)], CODES)
    with pytest.raises(ValueError, match="exact numbers"):
        ValueReader([], CODES)
