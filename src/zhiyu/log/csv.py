"""CSV files, plain or gzip: every column is read as text, so that "00123" stays an id and nothing is guessed.

In: a path and the source that says which columns are wanted, and how the file is written: its encoding, its delimiter, the names of its
columns where there is no header. Out: raw batches of text columns. A row with too few or too many cells is refused alone, with its row
number (the header is row 1). An empty cell is null. Cells may hold line breaks in quotes.
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
        encoding = source.encoding if source else ""
        self._delimiter = (source.delimiter if source else "") or delimiter_by_name(path)
        self._named = tuple(source.columns) if source else ()
        self._first = 1 if self._named else 2
        self._header = list(self._named) or header_of(path, self._delimiter, encoding)
        self._columns = _wanted(source, self._header, path)
        self._blocks = Blocks(path, encoding)
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
                        held = RawBatch(columns, None, int(positions[0]), positions, positions + self._first, refusals)
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
        row = int(last.positions[n]) + self._first
        refusal = Refusal(
            row - self._first,
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
            columns,
            None,
            last.first_position,
            last.positions[:n],
            last.positions[:n] + self._first,
            [*last.refusals, refusal],
        )

    def _reader(self) -> pc_csv.CSVStreamingReader:
        return pc_csv.open_csv(
            pa.PythonFile(_Counted(self._blocks.stream, self), mode="r"),
            pc_csv.ReadOptions(use_threads=False, block_size=BLOCK_BYTES, column_names=self._named or None),
            pc_csv.ParseOptions(delimiter=self._delimiter, newlines_in_values=True, invalid_row_handler=self._odd_row),
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
            if n == 0 or number - self._first > positions[-1]:
                break
            positions[positions >= number - self._first] += 1
            used += 1
        refusals = [self._refusal(*one) for one in self._odd[:used]]
        del self._odd[:used]
        return positions, refusals, int(positions[-1]) + 1 if n else position

    def _refusal(self, number: int, cells: int) -> Refusal:
        return Refusal(
            number - self._first,
            "",
            "",
            "bad_row",
            f"the row has {cells} cells, the header {len(self._header)}; quote cells that hold the delimiter",
            f"该行有 {cells} 列，表头有 {len(self._header)} 列；含分隔符的单元格请加引号",
            {},
            number,
        )


def delimiter_by_name(path: Path) -> str:
    """The delimiter of a file whose source names none: tabs in `.tsv`, commas elsewhere."""
    return "\t" if path.name.lower().removesuffix(".gz").endswith(".tsv") else ","


def header_of(path: Path, delimiter: str = ",", encoding: str = "") -> list[str]:
    """The names in the first line. InputError, with what to declare, when it cannot be read."""
    blocks = Blocks(path, encoding)
    for _, line in blocks.lines(MAX_EVENT_BYTES):
        blocks.raw.close()
        if line is None or not line.strip():
            break
        try:
            line.decode("utf-8")
            options = pc_csv.ParseOptions(delimiter=delimiter)
            return list(pc_csv.read_csv(pa.BufferReader(line + b"\n"), parse_options=options).schema.names)
        except UnicodeDecodeError:
            raise InputError(
                f"'{path}' is not UTF-8; say in its source how it is written, e.g. `encoding: gb18030`",
                f"“{path}”不是 UTF-8；请在来源中声明编码，例如 encoding: gb18030",
            ) from None
        except pa.ArrowInvalid:
            break
    raise InputError(f"'{path}' has no readable header in its first line", f"“{path}”首行不是可读的表头")


def _wanted(source: Source | None, header: list[str], path: Path) -> list[str]:
    """The wanted columns; a file with another delimiter is told so, instead of that all its columns are missing."""
    other = next((mark for mark in ";\t|" if len(header) == 1 and mark in header[0]), None)
    if other is not None and not (source and source.delimiter) and other != delimiter_by_name(path):
        said = {"\t": '"\\t"'}.get(other, f'"{other}"')
        raise InputError(
            f"'{path}' is not separated by commas; say so in its source: `delimiter: {said}`",
            f"“{path}”不是以逗号分隔；请在来源中声明 delimiter: {said}",
        )
    return wanted(source, header, path.name)
