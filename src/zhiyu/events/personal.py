"""The personal texts of a record, as cleaned as their codes were made from them.

In: a plan, a record that was accepted. Out: (field, text) of its personal fields, and the text that names the person it is about.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zhiyu.events.declare import EventType
from zhiyu.events.decode import type_of
from zhiyu.events.plan import FieldPlan, Plan, TypePlan
from zhiyu.events.raw_columns import nested
from zhiyu.events.refusals import Bad

PERSONS = ("customer", "person")
"""Entities that name a person, where the network does not say who its people are; the first that a type has counts."""


def person_field(event: EventType, named: str = "") -> str:
    """The field of an event type that says who it is about: `named`, as the network has it, or the first of `PERSONS`; "" for none.

    >>> from zhiyu.events.declare import Field
    >>> fields = {"id_number": Field(type="id_number", entity="person"), "customer": Field(type="string", entity="customer")}
    >>> person_field(EventType(name="application", fields=fields)), person_field(EventType(name="tick", fields={}))
    ('customer', '')
    """
    if named in event.fields:
        return named
    of = {field.entity: name for name, field in reversed(event.fields.items())}
    return next((of[each] for each in PERSONS if each in of), "")


def type_plan_of(plan: Plan, record: Mapping[str, Any]) -> TypePlan | None:
    """How a record's type is read; None for one that no record may be of."""
    kind: int | Bad = plan.fixed_type
    if plan.type_column:
        kind = type_of(plan, nested(record, plan.type_column))
    return None if isinstance(kind, Bad) or kind < 0 else plan.types[kind]


def text_in(plan: FieldPlan, record: Mapping[str, Any]) -> str | None:
    """The cleaned text of a text field; None when there is none."""
    raw = nested(record, plan.column) if plan.column else None
    if plan.spelling is not None:
        raw = plan.spelling.word(raw)
    if plan.words is not None:
        raw = plan.words.one(raw)
    try:
        return plan.text.one(raw, []) if plan.text is not None else None
    except Bad:
        return None
