"""CSV files with a header, plain or gzip: every column is read as text, so that "00123" stays an id and nothing is guessed.

In: a path and the source that says which columns are wanted. Out: raw batches of text columns. A row with too few or too many cells is
refused alone, with its row number (the header is row 1). An empty cell is null. Cells may hold line breaks in quotes.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.csv as pc_csv

from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import Source
from zhiyu.events.refusals import Refusal
from zhiyu.log.blocks import Blocks
from zhiyu.log.wanted import wanted

BLOCK_BYTES = 4 << 20


class CsvFile:
    """An `EventFile` over one CSV file."""

    total_rows: int | None = None

    def __init__(self, path: Path, source: Source | None, chunk: int) -> None:
        self._path, self._chunk = path, chunk
        self._header = _header(path)
        self._columns = wanted(source, self._header, path.name)
        self._blocks = Blocks(path)
        self._odd: list[tuple[int, int]] = []

    def progress(self) -> float:
        """Bytes read of all bytes."""
        return self._blocks.progress()

    def __iter__(self) -> Iterator[RawBatch]:
        position = 0
        with self._blocks.raw:
            try:
                for batch in self._reader():
                    for start in range(0, batch.num_rows, self._chunk):
                        part = batch.slice(start, self._chunk)
                        positions, refusals, position = self._place(part.num_rows, position)
                        columns = dict(zip(part.schema.names, part.columns))
                        yield RawBatch(columns, None, position, positions, positions + 2, refusals)
            except (pa.ArrowInvalid, OSError, EOFError) as wrong:
                raise InputError(
                    f"'{self._path}' cannot be read as CSV after row {position + 1}: {wrong}; is a quote left open?",
                    f"“{self._path}”在第 {position + 1} 行之后无法按 CSV 读取：{wrong}；是否有未闭合的引号？",
                ) from wrong
        if self._odd:
            yield RawBatch({}, None, position, refusals=[self._refusal(*one) for one in self._odd])

    def _reader(self) -> pc_csv.CSVStreamingReader:
        return pc_csv.open_csv(
            self._blocks.stream,
            pc_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            pc_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._odd_row),
            pc_csv.ConvertOptions(
                check_utf8=False, column_types={name: pa.string() for name in self._header}, include_columns=self._columns,
                strings_can_be_null=False,
            ),
        )  # fmt: skip

    def _odd_row(self, row: pc_csv.InvalidRow) -> str:
        self._odd.append((row.number, row.actual_columns))
        return "skip"

    def _place(self, n: int, position: int) -> tuple[npt.NDArray[np.int64], list[Refusal], int]:
        """Positions of the next n good rows: rows are counted over good and odd ones alike."""
        positions = np.arange(position, position + n, dtype=np.int64)
        used = 0
        for number, _ in self._odd:
            if n == 0 or number - 2 > positions[-1]:
                break
            positions[positions >= number - 2] += 1
            used += 1
        refusals = [self._refusal(*one) for one in self._odd[:used]]
        del self._odd[:used]
        return positions, refusals, int(positions[-1]) + 1 if n else position

    def _refusal(self, number: int, cells: int) -> Refusal:
        return Refusal(
            number - 2, "", "", "bad_row",
            f"the row has {cells} cells, the header {len(self._header)}; quote cells that hold commas",
            f"该行有 {cells} 列，表头有 {len(self._header)} 列；含逗号的单元格请加引号", {}, number,
        )  # fmt: skip


def _header(path: Path) -> list[str]:
    blocks = Blocks(path)
    for _, line in blocks.lines(MAX_EVENT_BYTES):
        blocks.raw.close()
        if line is None or not line.strip():
            break
        try:
            return list(pc_csv.read_csv(pa.BufferReader(line + b"\n")).schema.names)
        except (pa.ArrowInvalid, UnicodeDecodeError):
            break
    raise InputError(f"'{path}' has no readable header in its first line", f"“{path}”首行不是可读的表头")
