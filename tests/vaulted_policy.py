"""A small policy with personal fields of several kinds, applications of it, and people who apply again, for tests of the vault."""

from __future__ import annotations

import json
from typing import Any

from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.declare import EventType, Field
from zhiyu.policy.declare import Policy, Rule, RuleSet

FIELDS = {
    "customer": Field(type="string", entity="customer"),
    "phone": Field(type="phone", entity="phone"),
    "contact_phone": Field(type="phone", entity="phone"),
    "person_name": Field(type="string", personal=True, mask="name", normalise=("trim", "spaces")),
    "tags": Field(type="list", personal=True),
    "kind": Field(type="enum", values=("a", "b"), personal=True),
    "city": Field(type="string"),
    "amount": Field(type="money", required=True, min=0),
}


def vaulted_opened() -> Opened:
    """The policy, opened for tenant `default`."""
    policy = Policy(
        name="vaulted",
        events=(
            EventType(name="application", fields=FIELDS, money="amount"),
            EventType(name="click", fields={"city": FIELDS["city"]}, decide=False),
            EventType(name="call", fields={"phone": FIELDS["phone"]}, decide=False),
        ),
        rule_sets=(RuleSet(name="main", rules=(Rule(name="large", when="amount > 500", outcome="review"),)),),
    )
    return open_policy(policy, key=b"0123456789abcdef")


def application(number: int, customer: str | None, **more: Any) -> bytes:
    """One application."""
    content = {
        "type": "application",
        "id": f"a{number}",
        "time": f"2027-01-15T08:00:{number % 60:02d}+08:00",
        "amount": number % 900,
    }
    return json.dumps(content | {"customer": customer} | more, ensure_ascii=False).encode()
