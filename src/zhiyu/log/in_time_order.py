"""Sorts a whole file by event time before it is read: for sources that declare `order: time`.

In: an `EventFile` and the source that says where the time stands. Out: the same rows by time, equal times in the
order of the file, rows whose time cannot be read last; positions count in the new order, lines stay those of the
file. The whole file is held in memory.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.events.batch import Int64s, RawBatch
from zhiyu.events.declare import Source
from zhiyu.events.kinds.time import Time
from zhiyu.events.plan import spelling_of
from zhiyu.events.raw_columns import RawColumn, of_array, of_records
from zhiyu.events.read_numbers import read_numbers
from zhiyu.events.spelling import timed
from zhiyu.log.event_file import EventFile


class InTimeOrder:
    """An `EventFile` over another one."""

    def __init__(self, inner: EventFile, source: Source, chunk: int) -> None:
        assert source.time is not None, "checked: nothing is sorted without a time"
        self._inner, self._when, self._chunk = inner, source.time, chunk
        self._time, self._spelling = Time.of_column(source.time), spelling_of(source)
        self.total_rows = inner.total_rows

    def progress(self) -> float:
        """How much of the file has been read."""
        return self._inner.progress()

    def __iter__(self) -> Iterator[RawBatch]:
        batches = list(self._inner)
        if not batches:
            return
        times = np.concatenate([self._times(batch) for batch in batches])
        lines = np.concatenate([batch.where()[1] for batch in batches])
        order = np.argsort(times, kind="stable")
        refusals = [refusal for batch in batches for refusal in batch.refusals]
        records: list[Any] = [r for batch in batches for r in batch.records or ()]
        table = None
        if not records:
            table = pa.concat_tables([pa.table(dict(b.columns)) for b in batches if b.columns]) if len(order) else None
        del batches
        for start in range(0, len(order), self._chunk):
            rows = order[start : start + self._chunk]
            yield _part(records, table, rows, start, lines)
        if refusals:
            late = [replace(refusal, position=len(order) + i) for i, refusal in enumerate(refusals)]
            yield RawBatch(None, [], len(order), refusals=late)

    def _times(self, batch: RawBatch) -> Int64s:
        if not len(batch):
            return np.zeros(0, np.int64)
        raw = timed(self._when.column, self._when.clock, self._spelling, lambda name: _column(batch, name))
        found = read_numbers(self._time, raw)
        return np.where(found.null, np.iinfo(np.int64).max, found.values)


def _column(batch: RawBatch, name: str) -> RawColumn:
    if batch.records is not None:
        return of_records(batch.records, name)
    assert batch.columns is not None
    return of_array(batch.columns[name])


def _part(records: list[Any], table: pa.Table | None, rows: Int64s, start: int, lines: Int64s) -> RawBatch:
    if table is None:
        return RawBatch(None, [records[i] for i in rows], start, lines=lines[rows])
    taken = table.take(pa.array(rows)).combine_chunks()
    columns = {name: taken.column(name).chunk(0) for name in taken.schema.names}
    return RawBatch(columns, None, start, lines=lines[rows])
