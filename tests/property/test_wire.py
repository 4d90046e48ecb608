"""Records straight from the wire equal the scalar definitions, to the bit, whatever they are; and what is plain is really read fast."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.engine.live_stream import live_opened, records
from tests.server.fuzz_bodies import Bodies
from zhiyu.base.hashing import Codes
from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.bench.policy import benchmark_policy
from zhiyu.bench.serve_records import Records
from zhiyu.engine.live_decode import decode_bodies
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events import wire
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import EventType, Field
from zhiyu.events.decode_one import decode_few
from zhiyu.events.refusals import Bad
from zhiyu.events.wire import decode_wire
from zhiyu.log.ndjson import read_line
from zhiyu.policy.declare import Policy, Rule, RuleSet

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))


def every_kind() -> Opened:
    """A policy with every kind of field, plain and with all that can be declared about it."""
    fields = {
        "raw": Field(type="string", normalise=()), "trimmed": Field(type="string"),
        "lower": Field(type="string", normalise=("trim", "lower")),
        "secret": Field(type="string", personal=True), "choice": Field(type="enum", values=("app", "网页")),
        "whole": Field(type="int", min=-5, max=10**12), "number": Field(type="number", digits=3, round=True),
        "exact": Field(type="number", digits=6), "flag": Field(type="bool"),
        "money": Field(type="money", currency="CNY", required=True, min=-100),
        "when": Field(type="time"), "local": Field(type="time", timezone="Asia/Shanghai"), "phone": Field(type="phone"),
        "email": Field(type="email"), "ip": Field(type="ip"), "at": Field(type="geo"),
        "id_number": Field(type="id_number", require="valid"),
    }  # fmt: skip
    events = (
        EventType(name="支付", fields=fields, money="money"),
        EventType(name="plain", fields={"raw": Field(type="string"), "money": fields["money"]}),
    )
    rule = Rule(name="much", when='money > 5 and not contains(lower(trimmed), "x")', outcome="review")
    return open_policy(Policy(name="wire", events=events, rule_sets=(RuleSet(name="s", rules=(rule,)),)), key=bytes(16))


OPENED = {"live": live_opened(), "benchmark": open_policy(benchmark_policy(), key=bytes(16)), "every": every_kind()}


def told(batch: EventBatch | None) -> Any:
    """Everything of a batch, as plain values."""
    if batch is None:
        return None
    arrays = (
        batch.positions, batch.id_code, batch.body_code, batch.type_index, batch.time_ms, batch.values, batch.nulls, batch.labels,
        batch.money,
    )  # fmt: skip
    shown = {name: _list(column) for name, column in batch.shown.items()}
    return (
        batch.tenant, _list(batch.ids), [(each.dtype.str, each.tolist()) for each in arrays],
        {name: column for name, column in shown.items() if any(text is not None for text in column)}, batch.label_delay_ms,
    )  # fmt: skip


def _list(column: Any) -> list[Any]:
    return column.to_pylist() if hasattr(column, "to_pylist") else list(column)


def by_definition(opened: Opened, bodies: list[bytes]) -> tuple[EventBatch | None, list[Any]]:
    """One record after the other through `decode_few`."""
    good, positions, refusals = [], [], []
    for number, body in enumerate(bodies):
        try:
            good.append(read_line(body if len(body) <= MAX_EVENT_BYTES else None))
            positions.append(number)
        except Bad as bad:
            refusals.append((number, bad.code, bad.en))
    decoded = decode_few(opened.compiled.schema, None, good, opened.codes, opened.tenant, positions)
    refusals += [(r.position, r.code, r.en) for r in decoded.refusals]
    return (decoded.batch if decoded.batch.n else None), sorted(refusals)


def require_equal(opened: Opened, bodies: list[bytes]) -> None:
    batch, refusals = decode_bodies(opened, None, bodies, 0)
    expected, refused = by_definition(opened, bodies)
    assert told(batch) == told(expected), bodies
    assert sorted((r.position, r.code, r.en) for r in refusals) == refused, bodies


@pytest.mark.parametrize("seed", range(EXAMPLES // 4))
def test_what_is_made_to_hurt_is_read_by_the_definitions(seed: int) -> None:
    made = Bodies(seed, "w")
    bodies = []
    for _ in range(40):
        record = made.next()
        if record.how == "good":
            made.told(record)
        bodies.append(record.body)
    require_equal(OPENED["live"], bodies)


def test_plain_streams_are_read_in_machine_code_alone() -> None:
    for name, bodies in (
        ("benchmark", Records("a").take(500)),
        ("live", [b for b in records(1, 500) if b'"card"' in b]),
    ):
        opened = OPENED[name]
        batch, left = decode_wire(opened.compiled.schema, bodies, range(len(bodies)), opened.codes, opened.tenant)
        assert left == []
        assert batch is not None
        require_equal(opened, bodies)


TEXTS = st.one_of(
    st.text(max_size=12), st.sampled_from([
        "", " ", "a", " a", "a ", "A", "北京", " 北京", "\u3000x", "\u00a0", "é", "a\x7f", "𝔸", "app", "网页", "1", "12.50", "-3", "1.",
        ".5", "1e3", "+1", "007", "true", "2024-05-01T08:30:00+08:00", "2024-05-01T08:30:00Z", "2024-05-01T08:30:00",
        "2024-05-01", "2024-02-30T00:00:00Z",
        "0001-01-01T00:00:00+08:00", "9999-12-31T23:59:59-01:00", "2024-05-01t08:30:00.123456z", "13800138000", "+86 138 0013 8000",
        "a@b.cn", "11010519491231002X", "192.0.2.1", "31.2,121.4", "x" * 4_097,
    ]),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(-(10**19), 10**19), st.integers(-20, 20), st.decimals(-(10**9), 10**9, places=2).map(float),
    st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([0.1, 1.005, 2.675, 1e15, 85.64999999999999, -0.0,
        1_700_000_000_000]),
)  # fmt: skip
VALUES = st.one_of(TEXTS, NUMBERS, st.booleans(), st.none(), st.lists(st.floats(-80, 80), min_size=2, max_size=2))
NAMES = [*OPENED["every"].compiled.schema.types[0].fields, "further", "编号", "id", "type", "time"]


@st.composite
def objects(draw: Any) -> bytes:
    """An event with some values as they should be and some as they come."""
    content: dict[str, Any] = {
        "type": draw(st.sampled_from(["支付", "支付", "plain"])),
        "id": draw(st.sampled_from(["a", "编号1", "x y"])) + str(draw(st.integers(0, 99))),
        "time": draw(st.sampled_from(["2024-05-01T08:30:00+08:00", "2024-05-01T00:30:00.5Z", 1_714_500_000_000])),
        "money": draw(st.sampled_from([1, 2.5, "3.50", -1, 1_000_000])),
    }  # fmt: skip
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=6, unique=True)):
        content[name] = draw(VALUES)
    separators = draw(st.sampled_from([(",", ":"), (", ", ": "), (" ,\t", " : ")]))
    return json.dumps(content, ensure_ascii=draw(st.booleans()), separators=separators).encode("utf-8", "surrogatepass")


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.lists(objects(), min_size=1, max_size=8), st.sampled_from([0, 8]))
def test_every_kind_of_field_equals_the_definitions(bodies: list[bytes], few: int) -> None:
    """Texts cut out row by row, and column by column."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wire, "_FEW", few)
        require_equal(OPENED["every"], bodies)


@settings(max_examples=EXAMPLES, deadline=None)
@given(st.floats(-1e15, 1e15, allow_nan=False) | st.decimals(-(10**10), 10**10, places=3).map(float))
def test_decimals_are_what_their_float_is(value: float) -> None:
    body = f'{{"type":"plain","id":"a","time":1,"money":{value!r}}}'.encode()
    require_equal(OPENED["every"], [body])


def test_codes_carry_their_key() -> None:
    assert Codes(bytes(range(16))).words.tobytes() == bytes(range(16))
    assert np.uint64(1) == Codes(b"\1" + bytes(15)).words[0]
