"""Columns that were written under one policy, laid out as another policy has them.

In: what the log holds of events under an older policy. Out: the same events with the columns of a newer one. A column is the same when it
has the same name and its bits mean the same; a column made from a text that is kept (not masked) is made again; any other is null.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.opened import Opened
from zhiyu.events.batch import EventBatch
from zhiyu.events.schema import Column
from zhiyu.expressions import prepare
from zhiyu.expressions.types import Kind

GONE = -1
"""Number of an event type that the newer policy does not have."""


class Relaid:
    """From the columns of `old` to those of `new`. `same`: nothing has to be done."""

    def __init__(self, old: Opened, new: Opened) -> None:
        before, after = old.compiled.schema, new.compiled.schema
        self._new = new
        self._width = new.compiled.n_columns
        known = {column.name: (at, column) for at, column in enumerate(before.columns)}
        self._source = np.full(len(after.columns), -1)
        for at, column in enumerate(after.columns):
            found = known.get(column.name)
            if found is not None and _bits(found[1]) == _bits(column):
                self._source[at] = found[0]
        self._kinds = np.array([after.type_index.get(event.name, GONE) for event in before.types], np.int16)
        alike = np.array_equal(self._source, np.arange(len(before.columns)))
        self.same = alike and np.array_equal(self._kinds, np.arange(len(after.types)))
        self._made = [
            (at, prepared)
            for at, prepared in ((after.index[p.key], p) for p in after.prepared)
            if self._source[at] < 0 and _kept(after.columns[after.index[prepared.field]])
        ]

    def kinds(self, type_index: Array) -> Array:
        """Numbers of the event types int16[n], GONE for one that the newer policy does not have."""
        found: Array = self._kinds[type_index]
        return found

    def columns(self, values: Array, nulls: Array, shown: Mapping[str, Sequence[str | None]]) -> tuple[Array, Array]:
        """int64[C, n] and uint8[C, n] in the new layout; `shown`: texts of the n events by column."""
        n = values.shape[1]
        new_values, new_nulls = np.zeros((self._width, n), np.int64), np.ones((self._width, n), np.uint8)
        there = np.flatnonzero(self._source >= 0)
        new_values[there], new_nulls[there] = values[self._source[there]], nulls[self._source[there]]
        for at, prepared in self._made:
            for row, text in enumerate(shown.get(prepared.field, ())):
                made = prepare(prepared, text)
                if made is not None:
                    new_values[at, row], new_nulls[at, row] = self._word(made), 0
        return new_values, new_nulls

    def batch(self, batch: EventBatch, rows: slice) -> EventBatch:
        """Some neighbouring rows of a batch, none of a type that is gone."""
        shown: dict[str, Sequence[str | None] | Any] = {
            name: list(column[rows]) for name, column in batch.shown.items()
        }
        values, nulls = self.columns(batch.values[:, rows], batch.nulls[:, rows], shown)
        return EventBatch(
            batch.tenant, batch.positions[rows], batch.ids[rows], batch.id_code[rows], batch.body_code[rows],
            self.kinds(batch.type_index[rows]), batch.time_ms[rows], values, nulls, batch.labels[rows], batch.label_delay_ms,
            batch.money[rows], shown,
        )  # fmt: skip

    def _word(self, made: str | bool | int | float) -> int:
        if isinstance(made, str):
            return self._new.codes.one(made)
        return int(np.float64(made).view(np.int64)) if isinstance(made, float) else int(made)


def _bits(column: Column) -> tuple[Any, ...]:
    """What the 64 bits of a column mean."""
    return column.type.kind, column.type.scale, column.type.unit, column.type.is_list


def _kept(column: Column) -> bool:
    """Whether the text of the field stands in the log as it is."""
    return column.type.kind is Kind.STRING and not column.type.personal and not column.type.is_list
