"""CSV files with a header, plain or gzip: every column is read as text, so that "00123" stays an id and nothing is
guessed.

In: a path and the source that says which columns are wanted. Out: raw batches of text columns. A row with too few or
too many cells is refused alone, with its row number (the header is row 1). An empty cell is null. Cells may hold line
breaks in quotes.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

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


class _Counted:
    """A stream that shows every block to the file before the parser gets it."""

    closed = False

    def __init__(self, stream: BinaryIO, file: CsvFile) -> None:
        self._stream, self._file = stream, file

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._file.count_quotes(data)
        return data

    def close(self) -> None:
        self.closed = True


class CsvFile:
    """An `EventFile` over one CSV file."""

    total_rows: int | None = None

    def __init__(self, path: Path, source: Source | None, chunk: int) -> None:
        self._path, self._chunk = path, chunk
        self._header = _header(path)
        self._columns = wanted(source, self._header, path.name)
        self._blocks = Blocks(path)
        self._odd: list[tuple[int, int]] = []
        self._quotes = 0

    def progress(self) -> float:
        """Bytes read of all bytes."""
        return self._blocks.progress()

    def __iter__(self) -> Iterator[RawBatch]:
        position, held = 0, None
        with self._blocks.raw:
            try:
                for batch in self._reader():
                    for start in range(0, batch.num_rows, self._chunk):
                        part = batch.slice(start, self._chunk)
                        positions, refusals, position = self._place(part.num_rows, position)
                        if held is not None:
                            yield held
                        columns = dict(zip(part.schema.names, part.columns))
                        held = RawBatch(columns, None, int(positions[0]), positions, positions + 2, refusals)
            except (pa.ArrowInvalid, OSError, EOFError, zlib.error) as wrong:
                raise InputError(
                    f"'{self._path}' cannot be read as CSV after row {position + 1}: {wrong}",
                    f"“{self._path}”在第 {position + 1} 行之后无法按 CSV 读取：{wrong}",
                ) from wrong
        tail = [self._refusal(*one) for one in self._odd]
        if held is not None:
            yield self._closed(held) if self._quotes % 2 and not tail else held
        if tail:
            yield RawBatch({}, None, tail[0].position, refusals=tail)

    def _closed(self, last: RawBatch) -> RawBatch:
        """The last batch when the file ends inside a quote: its last row swallowed the rest of the file and is
        refused.
        """
        assert last.columns is not None
        assert last.positions is not None
        n = len(last) - 1
        row = int(last.positions[n]) + 2
        refusal = Refusal(
            row - 2,
            "",
            "",
            "open_quote",
            f"a quote opened in row {row} is never closed: the rest of the file is not read; close it",
            f"第 {row} 行的引号没有闭合：其后内容未读取；请补上引号",
            {},
            row,
        )
        columns = {name: column.slice(0, n) for name, column in last.columns.items()}
        return RawBatch(
            columns, None, last.first_position, last.positions[:n], last.positions[:n] + 2, [*last.refusals, refusal]
        )

    def _reader(self) -> pc_csv.CSVStreamingReader:
        return pc_csv.open_csv(
            pa.PythonFile(_Counted(self._blocks.stream, self), mode="r"),
            pc_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES),
            pc_csv.ParseOptions(newlines_in_values=True, invalid_row_handler=self._odd_row),
            pc_csv.ConvertOptions(
                check_utf8=False,
                column_types={name: pa.string() for name in self._header},
                include_columns=self._columns,
                strings_can_be_null=False,
            ),
        )

    def count_quotes(self, data: bytes) -> None:
        """Called with every block as it is read."""
        self._quotes += data.count(b'"')

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
            number - 2,
            "",
            "",
            "bad_row",
            f"the row has {cells} cells, the header {len(self._header)}; quote cells that hold commas",
            f"该行有 {cells} 列，表头有 {len(self._header)} 列；含逗号的单元格请加引号",
            {},
            number,
        )


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
