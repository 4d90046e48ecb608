"""Parquet files: only the wanted columns are read, in batches; the number of rows is known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhiyu.base.errors import InputError
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import Source
from zhiyu.log.wanted import wanted


class ParquetFile:
    """An `EventFile` over one Parquet file."""

    def __init__(self, path: Path, source: Source | None, chunk: int) -> None:
        try:
            self._file = pq.ParquetFile(path)
        except (pa.ArrowInvalid, OSError) as wrong:
            raise InputError(
                f"'{path}' is no readable Parquet file: {wrong}", f"“{path}”不是可读的 Parquet 文件：{wrong}"
            ) from wrong
        self.total_rows: int | None = self._file.metadata.num_rows
        self._columns = wanted(source, self._file.schema_arrow.names, path.name)
        self._chunk, self._read = chunk, 0

    def __iter__(self) -> Iterator[RawBatch]:
        for batch in self._file.iter_batches(self._chunk, columns=self._columns):
            first, self._read = self._read, self._read + batch.num_rows
            columns = dict(zip(batch.schema.names, batch.columns))
            yield RawBatch(columns, None, first, lines=np.arange(first + 1, self._read + 1, dtype=np.int64))

    def progress(self) -> float:
        """Rows read of all rows."""
        return self._read / self.total_rows if self.total_rows else 1.0
