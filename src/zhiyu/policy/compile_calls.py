"""Calls as the engine needs them: where it stands how a call ended, and what is put in place of an answer that did not come.

In: a checked service, the columns, the coder of texts. Out: `CallPlan`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from zhiyu.base.money import MINOR_DIGITS
from zhiyu.events.schema import EventSchema
from zhiyu.policy.builtin import CALL_ENDS, UNANSWERED
from zhiyu.policy.calls import end_field
from zhiyu.policy.declare_services import Service, Told


@dataclass(frozen=True, slots=True)
class CallPlan:
    """One call. `end`: the column that says how it ended; `answered`, `unanswered`: codes it may hold. `fallback`: column → value (int64)
    when there is no answer, and its text where it has one."""

    service: str
    end: int
    answered: int
    unanswered: int
    fallback: Mapping[int, tuple[int, str | None]]


def compile_call(service: Service, schema: EventSchema, encode: Callable[[str], int]) -> CallPlan:
    """The plan of one service."""
    fallback = {
        schema.index[name]: (encoded(told, encode), str(told.fallback) if told.type in ("string", "enum") else None)
        for name, told in service.answer.items()
        if told.fallback is not None
    }
    answered, unanswered = encode(CALL_ENDS[0]), encode(UNANSWERED)
    return CallPlan(service.name, schema.index[end_field(service.name)], answered, unanswered, fallback)


def encoded(told: Told, encode: Callable[[str], int]) -> int:
    """The fallback as its column holds it."""
    value = told.fallback
    if told.type in ("string", "enum"):
        return encode(str(value))
    if told.type == "bool":
        return int(bool(value))
    digits = {"int": 0, "number": told.digits, "money": MINOR_DIGITS.get(told.currency, 2)}[told.type]
    return int(Decimal(str(value)).scaleb(digits))
