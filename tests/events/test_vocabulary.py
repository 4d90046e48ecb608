"""The loan vocabulary: every word is used, every type compiles, YAML and Python agree to the hash, schema and door agree on records."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zhiyu
from tests.events.samples import CODES, TENANT
from zhiyu.base.errors import DeclarationError
from zhiyu.events.declare import Field
from zhiyu.events.decode_one import decode_one
from zhiyu.events.schema import EventSchema
from zhiyu.events.vocabulary import FIELDS, TYPES, Added, json_schema, loan_events
from zhiyu.policy.artifact import artifact_of
from zhiyu.policy.check import check_policy
from zhiyu.policy.load import load_texts

EVENTS = {event.name: event for event in loan_events()}
SCHEMA = EventSchema.compile(list(EVENTS.values()))
VALIDATORS = {name: jsonschema_rs.Draft202012Validator(json_schema(e), validate_formats=True) for name, e in EVENTS.items()}  # fmt: skip


def test_every_word_is_used_and_every_type_is_made_of_words() -> None:
    used = {name for word in TYPES.values() for name in word.fields}
    assert used == set(FIELDS)
    for word in TYPES.values():
        assert len(set(word.fields)) == len(word.fields), word.name
        assert word.money == "" or FIELDS[word.money].field.type == "money"


def test_every_stage_of_a_loan_has_its_words() -> None:
    wanted = (
        "person device_session registration log_in identity_step application contract limit_price limit_adjustment draw_down payment "
        "transfer repayment overdue relief call_in call_out message collection_contact complaint report list_change account_change"
    )  # fmt: skip
    assert set(TYPES) == set(wanted.split())
    assert set(FIELDS["step"].field.values) >= {"document", "face", "phone", "card_four"}


def test_every_word_is_told_in_both_languages() -> None:
    for term in FIELDS.values():
        assert term.en and term.zh and term.field.en and term.field.zh, term.name  # noqa: PT018
        assert not any("\u4e00" <= c <= "\u9fff" for c in term.en + term.field.en), term.name
        assert any("\u4e00" <= c <= "\u9fff" for c in term.zh), term.name


def test_personal_words_become_tokens() -> None:
    personal = {name for name, term in FIELDS.items() if term.personal}
    assert personal >= {
        "id_number",
        "phone",
        "card",
        "email",
        "person_name",
        "address",
        "contact_phone",
        "payee_name",
        "list_value",
    }
    columns = {column.name: column.type.personal for column in SCHEMA.columns if column.role == "field"}
    assert {name for name, marked in columns.items() if marked} == personal


def test_one_line_takes_everything() -> None:
    policy = load_texts({"p.yaml": b"name: p\nevents: {use: loan}"}).policy
    assert policy.events == loan_events()
    assert not check_policy(policy).errors


YAML = b"""
name: p
events:
  - use: loan
    types: [payment, application]
    also:
      application:
        require: [device]
        fields: {branch: {type: string, entity: branch}}
        derive: {night: 'hour(time, "+08:00")  < 6'}
        decide: false
  - {name: own, fields: {customer: {type: string, entity: customer}}}
"""


def test_yaml_and_python_give_the_same_hash() -> None:
    added = Added(
        require=("device",),
        fields={"branch": Field(type="string", entity="branch")},
        derive={"night": 'hour(time, "+08:00") < 6'},
        decide=False,
    )
    own = zhiyu.EventType(name="own", fields={"customer": Field(type="string", entity="customer")})
    events = loan_events(types=("application", "payment"), also={"application": added})
    made = zhiyu.Policy(name="p", events=(*events, own))
    assert artifact_of(load_texts({"p.yaml": YAML}).policy).hash == artifact_of(made).hash
    assert not events[0].decide
    assert events[0].fields["device"].required
    assert not events[1].fields["device"].required


def test_python_says_what_is_wrong() -> None:
    with pytest.raises(DeclarationError, match="did you mean 'payment'"):
        loan_events(types=("paymnet",))
    with pytest.raises(DeclarationError, match="another meaning"):
        loan_events(also={"log_in": Added(fields={"amount": Field(type="int")})})


def edges(declared: Field) -> st.SearchStrategy[Any]:
    """Values of a field and near it, in the one form the schema asks for: right ones, out of range, of another kind, missing."""
    wrong = st.sampled_from([None, "", " ", "\x00", [], {}, [1], {"a": 1}])
    texts = st.text(max_size=12) | st.sampled_from(["x" * 1024, "智" * 1024])
    if declared.type in ("int", "number", "money"):
        bounds = [float(edge) for edge in (declared.min, declared.max) if edge is not None]
        near = [bound + step for bound in bounds for step in (-1, -0.01, 0, 0.01, 1)]
        numbers = (
            st.integers(-5, 2_000)
            | st.integers(-500, 200_000).map(lambda v: v / 100)
            | st.sampled_from([0, 10**30, 1e30, 0.1234567])
        )
        return numbers | st.sampled_from([int(v) if v == int(v) else v for v in near] or [1]) | wrong
    if declared.type == "bool":
        return st.booleans() | wrong
    if declared.type == "enum":
        return st.sampled_from([*declared.values, "no_such_word"]) | wrong
    if declared.type == "geo":
        degree = st.integers(-200, 200) | st.floats(-200, 200).map(lambda v: round(v, 6)) | st.none()
        return st.lists(degree, min_size=1, max_size=3) | wrong
    if declared.type == "time":
        return (
            st.sampled_from(["2025-02-28", "2025-02-30", "2025-02-28T08:00:00+08:00", "2025-02-28T24:61:00Z", "soon"])
            | wrong
        )
    return texts | wrong


@st.composite
def records(draw: st.DrawFn) -> dict[str, Any]:
    """A record of any type: required fields good, up to six fields drawn from the edges, an envelope that may be wrong."""
    event = EVENTS[draw(st.sampled_from(list(EVENTS)))]
    record: dict[str, Any] = {"type": event.name, "id": "e1", "time": "2025-02-28T08:00:00.5+08:00"}
    for name, declared in event.fields.items():
        if declared.required:
            record[name] = (
                declared.values[0] if declared.values else 5 if declared.type in ("money", "number") else "13800001234"
            )
    for name in draw(st.lists(st.sampled_from(list(event.fields)), max_size=6, unique=True)):
        record[name] = draw(edges(event.fields[name]))
    envelope = st.sampled_from(
        [("id", ""), ("id", None), ("time", "2025-02-28T08:00:00"), ("time", None), ("extra", 5), ("extra", None)]
    )
    changed = draw(st.none() | envelope)
    return record | dict([changed]) if changed else record


LOOSER = ("", " ", "\x00")
"""A text without content is nothing to the door; the schema asks senders for null instead, except in optional texts."""


def in_one_form(record: dict[str, Any]) -> bool:
    """Whether every value is of the JSON kind the schema knows, or plainly wrong: not one of the looser spellings of the door."""
    fields = EVENTS[record["type"]].fields
    textual = ("string", "phone", "card", "email", "id_number", "ip")
    for name, value in record.items():
        declared = fields.get(name)
        if declared is None:
            continue
        if isinstance(value, str) and value.strip() in LOOSER and declared.type not in textual:
            return False
        if isinstance(value, bool) and declared.type in ("int", "number", "money"):
            return False
        if declared.type == "geo" and value == [None, None]:
            return False
        if (
            isinstance(value, int | float)
            and not isinstance(value, bool)
            and declared.type in (*textual, "bool", "time")
        ):
            return False
        if isinstance(value, dict) and declared.type == "geo":
            return False
        if isinstance(value, float) and value.is_integer():
            return False
    return True


@settings(max_examples=400, deadline=None)
@given(records())
def test_schema_and_door_agree(record: dict[str, Any]) -> None:
    taken = not decode_one(SCHEMA, None, record, CODES, TENANT).refusals
    fits = VALIDATORS[record["type"]].is_valid(json.loads(json.dumps(record)))
    assert taken or not fits, "the schema takes what the door refuses"
    if in_one_form(record):
        assert fits == taken


def test_the_schema_says_what_money_is_at_risk_and_what_is_personal() -> None:
    found = json_schema(EVENTS["draw_down"])
    assert found["x-money-at-risk"] == "amount"
    assert found["properties"]["card"]["x-personal"]
    assert found["properties"]["amount"]["x-unit"] == "CNY"
    assert found["x-title-zh"] == "借款支用"
