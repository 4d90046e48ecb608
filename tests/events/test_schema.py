"""The schema: order of columns, types, and every problem of a declaration with its place."""

from __future__ import annotations

from typing import Any

import pytest

from tests.events.samples import APPLICATION, BOTH, LOGIN, SCHEMA
from tests.suggestions import in_one_language
from zhiyu.base.errors import DeclarationError, Place
from zhiyu.events.declare import EventType, Field
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import Prepared, check, parse
from zhiyu.expressions.text import Step
from zhiyu.expressions.types import STRING, Kind


def problems(*events: EventType) -> list[str]:
    """The codes of all problems."""
    with pytest.raises(DeclarationError) as found:
        EventSchema.compile(events)
    for problem in found.value.problems:
        assert problem.en
        assert problem.zh
    assert in_one_language(found.value.problems) == []
    return [problem.code for problem in found.value.problems]


def event(**fields: Field) -> EventType:
    """An event type of these fields."""
    return EventType(name="pay", fields=fields)


def test_columns_stand_in_the_agreed_order() -> None:
    names = [c.name for c in BOTH.columns]
    assert names[:4] == ["event_type", "time", "received_at", "late"]
    assert names[4:19] == [*APPLICATION.fields, "device"]
    assert names[19:] == [
        "ip_valid", "ip_private", "ip_net24", "id_number_valid", "id_number_age", "id_number_region", "id_number_gender",
        "phone_valid", "phone_prefix", "card_valid", "card_bin", "email_valid", "email_domain",
    ]  # fmt: skip
    assert BOTH.index["time"] == 1
    assert BOTH.type_index == {"application": 0, "login": 1}


def test_types_say_what_is_known() -> None:
    types = SCHEMA.names
    assert (types["amount"].kind, types["amount"].scale, types["amount"].unit) == (Kind.FIXED, 2, "CNY")
    assert (types["amount"].minimum, types["amount"].maximum, types["amount"].nullable) == (0, 50_000_000, False)
    assert types["rate"].scale == 4
    assert types["channel"].choices == ("app", "web")
    assert types["tags"].is_list
    assert [types[n].personal for n in ("email", "phone", "card", "id_number", "customer", "email_domain")] == [
        True, True, True, True, False, False,
    ]  # fmt: skip


def test_a_field_is_nullable_unless_every_type_requires_it() -> None:
    assert not BOTH.names["customer"].nullable
    assert SCHEMA.names["amount"].nullable is False
    assert BOTH.names["amount"].nullable is True


def test_prepared_columns_come_last_and_once() -> None:
    wanted = Prepared("email", (Step("after", ("@",)),), STRING)
    schema = EventSchema.compile([APPLICATION], [wanted, wanted])
    assert schema.columns[-1].name == 'after(email,"@")'
    assert len(schema.columns) == len(SCHEMA.columns) + 1
    assert wanted.key not in schema.names


def test_derived_values_build_on_each_other() -> None:
    made = EventSchema.compile(
        [EventType(name="pay", fields={"a": Field(type="int")}, derive={"b": "a * 2", "c": "b + 1"}, drop=("c > 5",))]
    )
    assert [name for name, _ in made.derived] == ["b", "c"]
    assert made.names["c"].kind is Kind.INT
    assert [name for name, _ in made.drops] == ["pay"]
    assert check(parse("c > 1"), made.scope).type.kind is Kind.BOOL


@pytest.mark.parametrize(
    ("field", "code"),
    [
        (Field(type="enum"), "bad_field"),
        (Field(type="string", values=("a",)), "bad_field"),
        (Field(type="enum", values=("a", "a")), "bad_field"),
        (Field(type="string", min=1), "bad_field"),
        (Field(type="int", min="many"), "bad_field"),
        (Field(type="int", min=1.5), "bad_field"),
        (Field(type="int", min=5, max=1), "bad_field"),
        (Field(type="number", digits=12), "bad_field"),
        (Field(type="money", currency="CNX"), "bad_field"),
        (Field(type="string", require="valid"), "bad_field"),
        (Field(type="int", personal=True), "bad_field"),
        (Field(type="string", normalise=("lower", "upper")), "bad_field"),
        (Field(type="email", normalise=("digits",)), "bad_field"),
        (Field(type="time", formats=("%d/%m/%Q",)), "bad_field"),
        (Field(type="time", formats=("%H:%M",)), "bad_field"),
        (Field(type="time", timezone="Mars/Base"), "bad_field"),
        (Field(type="string", formats=("%Y",)), "bad_field"),
    ],
)
def test_a_wrong_mark_is_a_problem(field: Field, code: str) -> None:
    assert problems(event(f=field)) == [code]


@pytest.mark.parametrize("name", ["late", "event_type", "id", "is", "2nd", "a-b", "null", ""])
def test_a_name_that_expressions_cannot_say(name: str) -> None:
    assert "bad_name" in problems(EventType(name="pay", fields={name: Field(type="int")}))


def test_other_problems() -> None:
    assert problems() == ["no_events"]
    assert problems(event(), event()) == ["name_taken"]
    assert problems(event(ip=Field(type="ip"), ip_valid=Field(type="bool"))) == ["name_taken"]
    assert problems(EventType(name="p", fields={"a": Field(type="int")}, money="a")) == ["unknown_name"]
    assert problems(EventType(name="p", fields={"a": Field(type="int")}, derive={"b": "aa + 1"})) == ["unknown_name"]
    assert problems(EventType(name="p", fields={"a": Field(type="int")}, derive={"a": "a + 1"})) == ["name_taken"]
    assert problems(EventType(name="p", fields={f"f{i}": Field(type="int") for i in range(513)})) == ["limit"]
    other = EventType(name="login", fields={"customer": Field(type="int")})
    assert problems(LOGIN, EventType(name="x", fields=other.fields)) == ["type_conflict"]


def test_every_problem_is_reported_at_its_place() -> None:
    def place(path: tuple[Any, ...]) -> Place:
        return Place("/".join(map(str, path)), 1, 1)

    with pytest.raises(DeclarationError) as found:
        EventSchema.compile([event(a=Field(type="enum"), b=Field(type="money", currency="USX"))], (), place)
    assert [p.place.file for p in found.value.problems] == ["events/0/fields/a/values", "events/0/fields/b/currency"]
    assert "did you mean 'USD'?" in found.value.text()
