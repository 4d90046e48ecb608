"""How a field and a type of the vocabulary are told to people: kind, range, unit, key, personal mark.

In: terms and types. Out: short texts in English or Chinese, for the command line and the reference page.
"""

from __future__ import annotations

from zhiyu.events.vocabulary.fields import FIELDS
from zhiyu.events.vocabulary.terms import Term, Word


def keys_of(word: Word) -> list[str]:
    """The keys an event of this type can be counted by, in order, each once.

    >>> from zhiyu.events.vocabulary.types import TYPES
    >>> keys_of(TYPES["call_in"])
    ['phone', 'customer', 'staff', 'wording']
    """
    return list(dict.fromkeys(FIELDS[name].field.entity for name in word.fields if FIELDS[name].field.entity))


def about_field(term: Term, zh: bool = False) -> str:
    """Kind, unit or currency, range, choices, key, personal mark of a field.

    >>> about_field(FIELDS["amount"]), about_field(FIELDS["phone"])
    ('money (CNY), 0 … 100000000', 'phone, key phone, personal')
    """
    declared = term.field
    unit = declared.currency if declared.type == "money" else declared.unit
    said = [declared.type + (f" ({unit})" if unit else "")]
    if declared.min is not None or declared.max is not None:
        low, high = ("" if edge is None else str(edge) for edge in (declared.min, declared.max))
        said.append(f"{low} … {high}".strip())
    if declared.values:
        said.append(" | ".join(declared.values))
    if declared.entity:
        said.append(f"主键 {declared.entity}" if zh else f"key {declared.entity}")
    if term.personal:
        said.append("个人信息" if zh else "personal")
    return ("，" if zh else ", ").join(said)
