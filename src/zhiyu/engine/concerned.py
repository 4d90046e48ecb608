"""Whom a change is about: the people and things that an event names, as keys that lists, labels and gangs share with it.

In: a compiled policy, columns of events. Out: keys. What counts are the fields that name an entity (`entity:`), and the fields that a list
is `of`; a value means the same entity in whichever field it stands.
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.expressions.tables import list_keys
from zhiyu.policy.compile import Compiled


class Concerned:
    """`entities`: what each line of keys is about; a field without an entity stands for itself. `lines`: the same with their fields."""

    def __init__(self, compiled: Compiled, codes: Codes) -> None:
        policy, index = compiled.checked.declared, compiled.schema.index
        of_field: dict[str, dict[str, None]] = {}
        for event in policy.events:
            for name, field in event.fields.items():
                of_field.setdefault(name, {}).update({field.entity: None} if field.entity else {})
        named = {entity for entities in of_field.values() for entity in entities}
        person = policy.network.person if policy.network is not None else ""
        for name in (*(each.of for each in policy.lists), person):
            if name in of_field and name not in named and not of_field[name]:
                of_field[name][name] = None
        pairs = [(entity, name) for name, entities in of_field.items() for entity in entities]
        self.lines = tuple(pairs)
        self.entities = tuple(entity for entity, _ in pairs)
        self.person = next(iter(of_field.get(person, ())), "")
        self._rows = np.array([index[name] for _, name in pairs], np.int64)
        self._names = {entity: codes.one(entity) for entity in self.entities}
        self._lists = {
            each.name: (each.of,) if each.of in self._names else tuple(of_field.get(each.of, ()))
            for each in policy.lists
        }

    @property
    def width(self) -> int:
        """Lines of keys."""
        return len(self.entities)

    def keys(self, values: Array, nulls: Array) -> tuple[Array, Array]:
        """Keys int64[width, n] of n events and which of them are not there, uint8[width, n]; registers int64[C, n], uint8[C, n]."""
        found = np.empty((self.width, values.shape[1]), np.int64)
        for line, (row, entity) in enumerate(zip(self._rows.tolist(), self.entities)):
            found[line] = list_keys(np.full(values.shape[1], self._names[entity], np.int64), values[row])
        return found, nulls[self._rows]

    def key(self, entity: str, code: int) -> int:
        """The key of one value."""
        return int(list_keys(np.array([self._names[entity]], np.int64), np.array([code], np.int64))[0])

    def of_list(self, name: str, code: int) -> list[tuple[str, int]]:
        """(entity, key) of a value that stands on a list."""
        return [(entity, self.key(entity, code)) for entity in self._lists.get(name, ()) if entity in self._names]
