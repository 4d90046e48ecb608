"""The keys under which the index of entities keeps things: which columns of a policy are about whom.

In: a policy that was opened. Out: (key, position) pairs of events, labels, changes of lists; the key of a value that is asked for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.opened import Opened
from zhiyu.events.list_changes import ListChange, Snooze
from zhiyu.expressions.tables import list_keys

_EVENT_IDS, _WENT_ON = "\0event id", "\0went on"
NO_PAIRS = np.zeros(0, np.int64)


class EntityKeys:
    """Keys under one policy."""

    def __init__(self, opened: Opened) -> None:
        self._codes = opened.codes
        index = opened.compiled.schema.index
        of_field = entities_of(opened)
        self.registers: dict[str, list[int]] = {}
        for name, entities in of_field.items():
            for entity in entities:
                self.registers.setdefault(entity, []).append(index[name])
        pairs = [(entity, register) for entity, registers in self.registers.items() for register in registers]
        self._rows = np.array([register for _, register in pairs], np.int64)
        self._ids, self._steps = opened.codes.one(_EVENT_IDS), opened.codes.one(_WENT_ON)
        self._names = np.array([*(opened.codes.one(entity) for entity, _ in pairs), self._ids], np.int64)
        self._of_list = {
            each.name: (each.of,) if each.of in self.registers else of_field.get(each.of, ())
            for each in opened.policy.lists
        }
        self._of_field = of_field

    def key(self, entity: str, code: int) -> int:
        """The key of a value of an entity."""
        return int(list_keys(np.array([self._codes.one(entity)], np.int64), np.array([code], np.int64))[0])

    def entities_of_list(self, name: str) -> tuple[str, ...]:
        """What the values of a list name; nothing for a list of values that name nobody."""
        return tuple(self._of_list.get(name, ()))

    def fields_of(self, entity: str) -> tuple[str, ...]:
        """The fields whose values name this entity."""
        return tuple(field for field, entities in self._of_field.items() if entity in entities)

    def id_key(self, id_code: Array) -> int:
        """The key of an event id, from its code uint64[2]."""
        return int(list_keys(np.array([self._ids], np.int64), id_code[:1].copy().view(np.int64))[0])

    def step_key(self, position: int) -> int:
        """The key under which it is kept where the event at a position went on after a wait."""
        return int(list_keys(np.array([self._steps], np.int64), np.array([position], np.int64))[0])

    def of_steps(self, parts: Iterable[Resumed], at: int) -> tuple[Array, Array]:
        """Pairs of what went on in the frame that begins at position `at`."""
        positions = np.concatenate([NO_PAIRS, *(part.decisions.positions for part in parts)])
        return list_keys(np.full(len(positions), self._steps, np.int64), positions), np.full(
            len(positions), at, np.int64
        )

    def of_events(self, values: Array, nulls: Array, positions: Array, id_code: Array) -> tuple[Array, Array]:
        """Pairs of n events: registers int64[C, n], uint8[C, n], positions int64[n], codes of ids uint64[n, 2]."""
        return self._pairs(values, nulls, positions, id_code[:, :1].copy().view(np.int64).T)

    def of_values(self, values: Array, nulls: Array, positions: Array) -> tuple[Array, Array]:
        """Pairs of n things with the registers of an event each, column by column."""
        return self._pairs(values, nulls, positions, np.empty((0, len(positions)), np.int64))

    def _pairs(self, values: Array, nulls: Array, positions: Array, ids: Array) -> tuple[Array, Array]:
        """Column by column, then `ids` int64[0 or 1, n]. In few calls: they are most of the price for one event."""
        rows, n = self._rows, len(positions)
        codes = np.concatenate([values[rows], ids])
        at = np.empty(codes.shape, np.int64)
        at[:] = positions
        names = self._names[: len(codes)]
        keys = list_keys(names.repeat(n) if n > 1 else names, codes.ravel())
        absent = nulls[rows]
        if not absent.any():
            return keys, at.ravel()
        known = np.concatenate([absent == 0, np.ones(ids.shape, bool)]).ravel()
        return keys[known], at.ravel()[known]

    def of_changes(self, changes: Sequence[ListChange | Snooze], first: int) -> tuple[Array, Array]:
        """Pairs of changes of lists and snoozes, at positions from `first` on."""
        found = [
            (self.key(entity, change.code), first + number)
            for number, change in enumerate(changes)
            for entity in (self._of_field.get(change.field, ()) if isinstance(change, Snooze) else self._of_list.get(change.list, ()))
        ]  # fmt: skip
        pairs = np.array(found, np.int64).reshape(-1, 2)
        return pairs[:, 0], pairs[:, 1]


def entities_of(opened: Opened) -> dict[str, tuple[str, ...]]:
    """Field → the entities it names, over all event types."""
    found: dict[str, dict[str, None]] = {}
    for event in opened.policy.events:
        for name, field in event.fields.items():
            if field.entity:
                found.setdefault(name, {})[field.entity] = None
    return {name: tuple(entities) for name, entities in found.items()}
