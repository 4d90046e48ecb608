"""What the vocabulary is made of: a field with its meaning, and a type of event with the fields it may carry.

In: nothing. Out: frozen records. A `Term` is one field, the same in every type that carries it; a `Word` is one type of event.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from zhiyu.events.declare import Field, FieldKind


@dataclass(frozen=True, slots=True)
class Term:
    """One field of the vocabulary: how it is declared (`field.en` and `field.zh` are its short names), and what it means in a sentence."""

    name: str
    field: Field
    en: str
    zh: str

    @property
    def personal(self) -> bool:
        """Whether only a keyed token of the value passes the door."""
        implied = self.field.type in ("id_number", "phone", "card", "email")
        return implied if self.field.personal is None else self.field.personal


@dataclass(frozen=True, slots=True)
class Word:
    """One type of event: `required` and `optional` fields by name, the field that says the money at risk, whether it is decided."""

    name: str
    stage: str
    en: str
    zh: str
    says_en: str
    says_zh: str
    required: tuple[str, ...]
    optional: tuple[str, ...] = field(default=())
    money: str = ""
    decide: bool = False

    @property
    def fields(self) -> tuple[str, ...]:
        """All fields, required ones first."""
        return self.required + self.optional


def term(name: str, kind: FieldKind, named: str, says: str, **more: Any) -> Term:
    """A term; `named` and `says` hold English and Chinese with `|` between them.

    >>> term("city", "string", "city|城市", "where the customer lives|居住城市").field.zh
    '城市'
    """
    en, zh = named.split("|")
    says_en, says_zh = says.split("|")
    return Term(name, Field(type=kind, en=en, zh=zh, **more), says_en, says_zh)
