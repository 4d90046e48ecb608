"""The first records of a file in any of the forms Zhiyu reads, before anything about it is known.

In: a path; what the user already knows of it (encoding, delimiter). Out: `Sample`: values by column as they came (None for nothing), and
how the file is written. A CSV file's encoding is the first that its beginning fits: a mark, UTF-8, GB18030, Windows-1252; its delimiter
the one that cuts the first lines alike.
"""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, get_args

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.base.places_on_disk import require_file
from zhiyu.events.batch import RawBatch
from zhiyu.events.declare import Encoding, Source
from zhiyu.events.raw_columns import of_array
from zhiyu.log.csv import header_of
from zhiyu.log.event_file import EventFile
from zhiyu.log.files import CSV_SUFFIXES, open_events

MAX_ROWS = 200_000
MAX_CELLS = 8_000_000
HEAD_BYTES = 1 << 18
DELIMITERS = (",", ";", "\t", "|")
MAX_DEPTH = 3


@dataclass(frozen=True)
class Sample:
    """`columns`: name → values of the first `rows` records; `whole`: these are all, else about `share` of the file. `written`: the keys of
    a source that say how the file is written.
    """

    path: Path
    rows: int
    whole: bool
    columns: dict[str, list[Any]]
    share: float = 1.0
    written: dict[str, Any] = field(default_factory=dict)


def sample_of(path: Path, encoding: str = "", delimiter: str = "") -> Sample:
    """Look at a file. InputError when there is none, or nothing in it."""
    require_file(path)
    known = [name for name in get_args(Encoding) if name]
    if encoding and encoding not in known:
        told = ", ".join(known)
        raise InputError(f"'{encoding}' is no known encoding: {told}", f"未知编码“{encoding}”；可选：{told}")
    if len(delimiter) > 1:
        raise InputError(f"a delimiter is one character, not {delimiter!r}", f"分隔符须为一个字符，不是 {delimiter!r}")
    is_csv = path.name.lower().removesuffix(".gz").endswith(CSV_SUFFIXES)
    written = _written(path, encoding, delimiter) if is_csv else {}
    source = _source(path, written) if is_csv else None
    columns: dict[str, list[Any]] = {}
    rows, whole = 0, True
    file = open_events(path, source, 10_000)
    for batch in file:
        rows = _add(columns, rows, batch)
        if rows >= MAX_ROWS or rows * len(columns) >= MAX_CELLS:
            whole = False
            break
    if not rows:
        raise InputError(f"'{path}' holds no record", f"“{path}”中没有记录")
    return Sample(path, rows, whole, columns, 1.0 if whole else _share(file, rows), written)


def _share(file: EventFile, rows: int) -> float:
    """How much of a file has been read; of a text file to the block."""
    return max(rows / file.total_rows if file.total_rows else file.progress(), 1e-3)


def _add(columns: dict[str, list[Any]], rows: int, batch: RawBatch) -> int:
    """Put a batch beside what is there."""
    n = len(batch)
    if batch.records is not None:
        for at, record in enumerate(batch.records):
            for name, value in flat(record):
                column = columns.setdefault(name, [])
                column.extend([None] * (rows + at - len(column)))
                column.append(value)
    else:
        for name, array in (batch.columns or {}).items():
            raw = of_array(array)
            columns.setdefault(name, []).extend(_nothing(raw.value(row)) for row in range(raw.n))
    for column in columns.values():
        column.extend([None] * (rows + n - len(column)))
    return rows + n


def _nothing(value: Any) -> Any:
    return None if isinstance(value, str) and not value.strip() else value


def flat(record: Any, path: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Leaves of a record by dotted path; lists are left out.

    >>> list(flat({"id": 1, "device": {"os": "x", "tags": []}}))
    [('id', 1), ('device.os', 'x')]
    """
    for name, value in record.items():
        if isinstance(value, dict) and depth < MAX_DEPTH:
            yield from flat(value, f"{path}{name}.", depth + 1)
        elif not isinstance(value, (dict, list)):
            yield path + name, _nothing(value)


def _source(path: Path, written: dict[str, Any]) -> Source:
    """A source that reads every column as it stands."""
    told = {"name": "look", "event": "look", **written}
    names = written.get("columns") or header_of(path, written.get("delimiter", ","), written.get("encoding", ""))
    return msgspec.convert(told | {"fields": {f"c{n}": name for n, name in enumerate(names)}}, Source)


def _written(path: Path, encoding: str, delimiter: str) -> dict[str, Any]:
    """How a CSV file is written; nothing is said of what needs no word."""
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    encoding = encoding or encoding_of(head, len(head) == HEAD_BYTES)
    text = head.decode(encoding or "utf-8", "replace").removeprefix("\ufeff")
    lines = text.splitlines()[: 50 if len(text.splitlines()) <= 50 else 49]
    mark = delimiter or delimiter_of(lines)
    found: dict[str, Any] = {"encoding": encoding} if encoding else {}
    if mark != ",":
        found["delimiter"] = mark
    first = next(csv.reader(lines[:1], delimiter=mark), [])
    if first and all(_digits(cell) for cell in first):
        found["columns"] = tuple(f"column_{number + 1}" for number in range(len(first)))
    return found


def encoding_of(head: bytes, cut: bool) -> str:
    """The encoding of the beginning of a file; "" for UTF-8."""
    if head[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return "utf-16"
    for name in ("utf-8", "gb18030"):
        try:
            head[: -8 if cut else None].decode(name)
        except UnicodeDecodeError as wrong:
            if not (cut and wrong.start > len(head) - 16):
                continue
        return "" if name == "utf-8" else name
    return "windows-1252"


def delimiter_of(lines: list[str]) -> str:
    """The mark that cuts most lines into the same number of cells, more than one.

    >>> delimiter_of(["a;b", "1,5;2"]), delimiter_of(["a,b", "1,2"]), delimiter_of(["a"])
    (';', ',', ',')
    """
    best, found = (0.0, 1), ","
    for mark in DELIMITERS:
        widths = [len(row) for row in csv.reader(lines, delimiter=mark) if row]
        if widths and widths[0] > 1:
            score = (sum(width == widths[0] for width in widths) / len(widths), widths[0])
            if score > best:
                best, found = score, mark
    return found


def _digits(cell: str) -> bool:
    text = cell.strip()
    return not text or (any(c.isdigit() for c in text) and not any(c.isalpha() for c in text))
