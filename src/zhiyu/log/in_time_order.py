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
from zhiyu.events.raw_columns import RawColumn, of_array, of_records
from zhiyu.events.read_numbers import read_numbers
from zhiyu.log.event_file import EventFile


class InTimeOrder:
    """An `EventFile` over another one."""

    def __init__(self, inner: EventFile, source: Source, chunk: int) -> None:
        self._inner, self._column, self._chunk = inner, source.time.column, chunk
        self._time = Time.of_column(source.time)
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
        raw: RawColumn
        if batch.records is not None:
            raw = of_records(batch.records, self._column)
        else:
            assert batch.columns is not None
            raw = of_array(batch.columns[self._column])
        found = read_numbers(self._time, raw)
        return np.where(found.null, np.iinfo(np.int64).max, found.values)


def _part(records: list[Any], table: pa.Table | None, rows: Int64s, start: int, lines: Int64s) -> RawBatch:
    if table is None:
        return RawBatch(None, [records[i] for i in rows], start, lines=lines[rows])
    taken = table.take(pa.array(rows)).combine_chunks()
    columns = {name: taken.column(name).chunk(0) for name in taken.schema.names}
    return RawBatch(columns, None, start, lines=lines[rows])
