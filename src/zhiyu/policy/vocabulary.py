"""What journals of lists may name: the lists, fields and rules of one policy.

In: a checked policy, the tenant's codes. Out: `Vocabulary`. A list whose values are no texts or exact numbers is left out, as is
a field: the static checks speak about those.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from zhiyu.base.hashing import Codes
from zhiyu.events.declare import Field
from zhiyu.events.list_values import ValueReader, Vocabulary
from zhiyu.policy.declare import Policy
from zhiyu.policy.known import listed


def vocabulary(policy: Policy, codes: Codes) -> Vocabulary:
    """Readers for the values of every list and field, and the names of all rules."""
    lists, fields = {}, {}
    for each in policy.lists:
        with suppress(ValueError):
            lists[each.name] = ValueReader(_declared(policy, listed(policy, each)), codes)
    for name in dict.fromkeys(name for event in policy.events for name in event.fields):
        with suppress(ValueError):
            fields[name] = ValueReader(_declared(policy, (name,)), codes)
    rules = frozenset(rule.name for rule_set in policy.rule_sets for rule in rule_set.rules)
    return Vocabulary(lists, fields, rules)


def entity_readers(policy: Policy, codes: Codes) -> dict[str, ValueReader]:
    """Readers for the values of every entity that fields name."""
    fields: dict[str, list[Field]] = {}
    for event in policy.events:
        for field in event.fields.values():
            if field.entity:
                fields.setdefault(field.entity, []).append(field)
    readers = {}
    for entity, declared in fields.items():
        with suppress(ValueError):
            readers[entity] = ValueReader(declared, codes)
    return readers


def _declared(policy: Policy, names: Iterable[str]) -> list[Field]:
    return [event.fields[name] for name in names for event in policy.events if name in event.fields]
