"""Reads one number-like field of many rows: the kind's fast path, and its scalar definition where that is not sure.

In: raw columns. Out: integers, null marks, and what was wrong, row by row.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa

from zhiyu.events.kinds.geo import Geo
from zhiyu.events.kinds.kinds import NumberKind
from zhiyu.events.kinds.reader import Actions, Bools, Int64s, Notes, Numbers
from zhiyu.events.kinds.text import bad_text
from zhiyu.events.raw_columns import RawColumn
from zhiyu.events.refusals import Bad


@dataclass(slots=True)
class NumberColumn:
    """n rows read: values int64[n] (0 where null or bad), null marks, findings by row, actions."""

    values: Int64s
    null: Bools
    bad: dict[int, Bad] = field(default_factory=dict)
    actions: Actions = field(default_factory=dict)


def read_numbers(reader: NumberKind, raw: RawColumn, second: RawColumn | None = None) -> NumberColumn:
    """All rows of one field; `second` is the longitude of a place kept in two columns."""
    n = raw.n
    if isinstance(reader, Geo) and second is not None:
        pair = _arrays(raw, second)
        found = reader.many_pair(*pair) if pair else None
    else:
        second = None
        if raw.array is None and raw.objects is None:
            return NumberColumn(np.zeros(n, np.int64), np.ones(n, np.bool_))
        found = None if raw.array is None else reader.many(raw.array)
    if found is None:
        if raw.array is not None and second is None and pa.types.is_string(raw.array.type):
            return _by_distinct(reader, raw)
        found = Numbers(np.zeros(n, np.int64), np.zeros(n, np.bool_), np.ones(n, np.bool_))
    column = NumberColumn(found.values, found.null, {}, found.actions)
    hard = found.hard if raw.broken is None else found.hard & ~raw.broken
    for row in np.flatnonzero(hard).tolist():
        _scalar(reader, raw.value(row) if second is None else (raw.value(row), second.value(row)), row, column)
    _mark_broken(raw, column)
    return column


def _arrays(lat: RawColumn, lon: RawColumn) -> tuple[pa.Array, pa.Array] | None:
    if lat.objects is not None or lon.objects is not None:
        return None
    first, second = (pa.nulls(c.n, pa.float64()) if c.array is None else c.array for c in (lat, lon))
    return first, second


def _by_distinct(reader: NumberKind, raw: RawColumn) -> NumberColumn:
    """A text column of a kind without a fast path for texts: the scalar once per distinct text."""
    assert raw.array is not None
    encoded = raw.array.dictionary_encode(null_encoding="encode")
    each = NumberColumn(np.zeros(len(encoded.dictionary), np.int64), np.zeros(len(encoded.dictionary), np.bool_))
    for at, text in enumerate(encoded.dictionary.to_pylist()):
        _scalar(reader, text, at, each)
    row = encoded.indices.to_numpy(zero_copy_only=False)
    bad = {i: each.bad[at] for i, at in enumerate(row.tolist()) if at in each.bad} if each.bad else {}
    column = NumberColumn(each.values[row], each.null[row], bad, {k: v[row] for k, v in each.actions.items()})
    _mark_broken(raw, column)
    return column


def _scalar(reader: NumberKind, value: object, row: int, into: NumberColumn) -> None:
    notes: Notes = []
    try:
        read = reader.one(value, notes)
    except Bad as bad:
        into.bad[row] = bad
        read = None
    into.values[row] = 0 if read is None else read
    into.null[row] = read is None
    for action in notes:
        into.actions.setdefault(action, np.zeros(len(into.values), np.bool_))[row] = True


def _mark_broken(raw: RawColumn, column: NumberColumn) -> None:
    if raw.broken is not None:
        for row in np.flatnonzero(raw.broken).tolist():
            column.bad[row] = bad_text()
            column.null[row] = True
