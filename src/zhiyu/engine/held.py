"""What is held about a person: the personal values of an event, and of a person, as the log and the vault have them.

In: a position, or an entity that names people and a code. Out: `Value`s: the code always, how people may see it, and the text where the
vault has it. What only the log has (a masked form) stays when the vault has nothing any more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened
from zhiyu.events.kinds.text import Text
from zhiyu.events.masks import mask


@dataclass(frozen=True, slots=True)
class Value:
    """One personal value. `shown`: masked; `text`: as the vault has it, None when it does not (any more)."""

    field: str
    person: int
    code: int
    shown: str
    text: str | None = None


def values_at(live: Live, position: int) -> list[Value]:
    """The personal values of the event at a position, in the order of its declaration, without their texts; none when nothing is there."""
    note = live.archive.note_at(position)
    if note is None:
        return []
    batch = note.batch
    rows = np.flatnonzero(batch.positions == position).tolist()
    if not rows:
        return []
    row, opened = rows[0], live.archive.answers_of(note.policy).opened
    kind, schema = int(batch.type_index[rows[0]]), opened.compiled.schema
    named = opened.persons.get(kind, "")
    who = schema.index[named] if named else -1
    found = []
    for name in schema.types[kind].fields if kind in opened.persons else ():
        at = schema.index[name]
        if name in opened.personal and not batch.nulls[at, row]:
            code = int(batch.values[at, row])
            person = int(batch.values[who, row]) if who >= 0 and not batch.nulls[who, row] else code
            column = batch.shown.get(name)
            found.append(Value(name, person, code, str(column[row]) if column is not None else "***"))
    return found


def with_texts(live: Live, values: list[Value]) -> list[Value]:
    """The same with what the vault has of them. Slow: not in the thread that decides. ZhiyuError, OSError."""
    if live.vaulting is None:
        return values
    live.vaulting.flush()
    vault = live.vaulting.vault
    return [
        Value(each.field, each.person, each.code, each.shown, vault.text(each.person, each.code)) for each in values
    ]


def values_of(live: Live, person: int) -> list[Value]:
    """Everything that the vault has of a person. Slow: not in the thread that decides. ZhiyuError, OSError."""
    if live.vaulting is None:
        return []
    live.vaulting.flush()
    forms = _forms(live.opened)
    return [
        Value(each.field, person, each.code, mask(each.text, forms.get(each.field, "")), each.text)
        for each in live.vaulting.vault.of_person(person)
    ]


def naming_field(opened: Opened, entity: str) -> str:
    """The field by which events say which person of an entity they are about. InputError for an entity that names nobody."""
    fields = {name: opened.policy.events for name in opened.persons.values() if name}
    network = opened.policy.network
    if network is not None:
        fields[network.person] = opened.policy.events
    for name, events in fields.items():
        if any(name in event.fields and event.fields[name].entity == entity for event in events):
            return name
    entities = {
        event.fields[name].entity for name, events in fields.items() for event in events if name in event.fields
    } - {""}
    known = ", ".join(sorted(entities)) or "none"
    raise InputError(
        f"'{entity}' does not name the people that events are about; these do: {known}",
        f"“{entity}”不标识事件所涉的人；可用：{known}",
    )


def _forms(opened: Opened) -> dict[str, str]:
    """Field → the form of its mask."""
    schema = opened.compiled.schema
    return {
        name: reader.mask
        for readers in schema.readers
        for name, reader in readers.items()
        if isinstance(reader, Text) and reader.personal
    }
