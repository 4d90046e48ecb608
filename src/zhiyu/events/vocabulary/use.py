"""How a policy takes its event types from the vocabulary: which types, what is stricter for this lender, what fields it adds.

In: `Use`, from `events: {use: loan, …}` in YAML or from `loan_events(…)` in Python. Out: plain event types, and problems with a path
relative to the `Use`. Both ways give equal event types, so the policy's hash is the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from zhiyu.base.errors import NO_HINT, DeclarationError, Hint, Place, Problem, did_you_mean
from zhiyu.events.declare import Declaration, EventType, Field
from zhiyu.events.vocabulary.fields import FIELDS
from zhiyu.events.vocabulary.types import TYPES

Path = tuple[str | int, ...]


class Added(Declaration, frozen=True):
    """What a lender adds to one type: fields of its own, fields it always has, derived values, noise, whether the type is decided."""

    fields: dict[str, Field] = msgspec.field(default_factory=dict)
    require: tuple[str, ...] = ()
    derive: dict[str, str] = msgspec.field(default_factory=dict)
    drop: tuple[str, ...] = ()
    decide: bool | None = None


class Use(Declaration, frozen=True):
    """Event types of a vocabulary: `types` (none: all of them), and by type what is added."""

    use: Literal["loan"]
    types: tuple[str, ...] = ()
    also: dict[str, Added] = msgspec.field(default_factory=dict)


class Misused(msgspec.Struct, frozen=True):
    """Something wrong in a `Use`, at a path inside it."""

    path: Path
    code: str
    en: str
    zh: str
    hint: Hint = NO_HINT

    def at(self, place: Place) -> Problem:
        """The finding at a place of a policy."""
        return Problem(self.code, self.en, self.zh, place, "error", *self.hint)


NOTHING_ADDED = Added()


def event_type(name: str, added: Added = NOTHING_ADDED) -> EventType:
    """One type as a policy declares it, with every field it may carry. KeyError for a type the vocabulary lacks.

    >>> event_type("log_in").fields["customer"].required, event_type("draw_down").money
    (True, 'amount')
    """
    word = TYPES[name]
    needed = {*word.required, *added.require}
    fields = {each: msgspec.structs.replace(FIELDS[each].field, required=each in needed) for each in word.fields}
    return EventType(
        name=name,
        fields=fields | added.fields,
        decide=word.decide if added.decide is None else added.decide,
        derive=added.derive,
        money=word.money,
        drop=added.drop,
        en=word.en,
        zh=word.zh,
    )


def loan_events(types: Sequence[str] = (), also: Mapping[str, Added] | None = None) -> tuple[EventType, ...]:
    """Event types of the loan vocabulary for a policy made in Python; all of them without `types`.

    >>> [event.name for event in loan_events(types=("log_in", "payment"))]
    ['log_in', 'payment']
    """
    use = Use(use="loan", types=tuple(types), also=dict(also or {}))
    wrong = misuses(use)
    if wrong:
        raise DeclarationError([each.at(Place()) for each in wrong])
    return used(use)


def used(use: Use) -> tuple[EventType, ...]:
    """The event types of a `Use` without misuses, in the order of the vocabulary's own."""
    chosen = set(use.types or TYPES)
    return tuple(event_type(name, use.also.get(name, NOTHING_ADDED)) for name in TYPES if name in chosen)


def misuses(use: Use) -> list[Misused]:
    """Unknown types, types named twice, fields that the vocabulary already has, requirements nobody can meet."""
    found: list[Misused] = []
    for at, name in enumerate(use.types):
        if name not in TYPES:
            found.append(_unknown_type(("types", at), name))
        elif name in use.types[:at]:
            en, zh = f"type '{name}' is named twice", f"类型“{name}”重复"
            found.append(Misused(("types", at), "name_taken", en, zh, Hint("keep one of them", "只保留一处")))
    for name, added in use.also.items():
        if name not in TYPES:
            found.append(_unknown_type(("also", name), name))
        elif use.types and name not in use.types:
            en, zh = f"'{name}' is not among the types used here", f"“{name}”不在所用类型之中"
            found.append(
                Misused(
                    ("also", name), "unknown_name", en, zh, Hint(f"add {name} to `types`", f"在 types 中加上 {name}")
                )
            )
        else:
            found += _added(name, added)
    return found


def _added(name: str, added: Added) -> list[Misused]:
    found = []
    word = TYPES[name]
    for each in added.fields:
        if each in word.fields:
            en, zh = f"'{name}' already has a field '{each}'", f"“{name}”已有字段“{each}”"
            hint = Hint("use it as it is, or give yours another name", "直接使用该字段，或给自有字段换名")
            found.append(Misused(("also", name, "fields", each), "name_taken", en, zh, hint))
        elif each in FIELDS and not _same(added.fields[each], FIELDS[each].field):
            en, zh = f"'{each}' is a word of the vocabulary with another meaning", f"“{each}”是词汇表中的字段，含义不同"
            hint = Hint("use another name", "换一个名称")
            found.append(Misused(("also", name, "fields", each), "name_taken", en, zh, hint))
    known = {*word.fields, *added.fields}
    for at, each in enumerate(added.require):
        if each not in known:
            en, zh = f"'{name}' has no field '{each}'", f"“{name}”没有字段“{each}”"
            found.append(
                Misused(("also", name, "require", at), "unknown_name", en, zh, did_you_mean(each, sorted(known)))
            )
    return found


def _same(mine: Field, theirs: Field) -> bool:
    plain = {"required": False, "en": "", "zh": ""}
    return msgspec.structs.replace(mine, **plain) == msgspec.structs.replace(theirs, **plain)


def _unknown_type(path: Path, name: str) -> Misused:
    hint = did_you_mean(name, TYPES) or Hint(f"types: {', '.join(TYPES)}", f"类型：{'、'.join(TYPES)}")
    return Misused(path, "unknown_name", f"the vocabulary has no type '{name}'", f"词汇表没有类型“{name}”", hint)
