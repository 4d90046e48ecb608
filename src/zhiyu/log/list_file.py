"""Files that people bring to put values on a list: one value per line, CSV, or NDJSON; plain or gzip.

In: a path. Out: rows (value, until, reason) with their line numbers, and lines that are none. CSV has a header with `value` and
perhaps `until`, `reason`; NDJSON has objects with those keys, or `code` for `value`; any other file has one value per line. Empty lines
are skipped.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.base.places_on_disk import require_file
from zhiyu.events.refusals import Bad
from zhiyu.log.blocks import Blocks
from zhiyu.log.ndjson import read_line

COLUMNS = ("value", "until", "reason")
CODE = "code"
"""A key of objects that stands instead of `value`: 16 hex digits, as they were told of a value."""
_CODE = re.compile("[0-9a-fA-F]{16}")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the file; `until` and `reason` None where the file says nothing. `code`: of the value, where it was given instead of it;
    `shown`: how that value may be shown."""

    line: int
    value: Any
    until: Any = None
    reason: Any = None
    code: int | None = None
    shown: str = ""


class ListFile:
    """The rows of one file, once.

    >>> import pathlib, tempfile
    >>> file = pathlib.Path(tempfile.mkdtemp()) / "cards.txt"
    >>> _ = file.write_text("6222000000000000005\\n")
    >>> [row.value for row in ListFile(file)]
    ['6222000000000000005']
    """

    def __init__(self, path: Path) -> None:
        require_file(path)
        self._path, self._blocks = path, Blocks(path)
        self._kind = Path(path.name.removesuffix(".gz")).suffix.lower()

    def progress(self) -> float:
        """Bytes read of all bytes."""
        return self._blocks.progress()

    def __iter__(self) -> Iterator[Row | tuple[int, Bad]]:
        try:
            yield from self._csv() if self._kind == ".csv" else self._lines()
        except (gzip.BadGzipFile, EOFError, zlib.error) as wrong:
            raise InputError(
                f"'{self._path}' is a broken gzip file: {wrong}", f"“{self._path}”是损坏的 gzip 文件：{wrong}"
            ) from wrong

    def _lines(self) -> Iterator[Row | tuple[int, Bad]]:
        objects = self._kind in (".ndjson", ".jsonl")
        for number, line in self._blocks.lines(MAX_EVENT_BYTES):
            if line is not None and not line.strip():
                continue
            try:
                yield row_of(number, read_line(line)) if objects or line is None else _plain(number, line)
            except Bad as bad:
                yield number, bad

    def _csv(self) -> Iterator[Row | tuple[int, Bad]]:
        text = io.TextIOWrapper(self._blocks.stream, "utf-8-sig", "surrogateescape", newline="")
        with text:
            rows = csv.reader(text, strict=True)
            header = next(rows, [])
            self._check(header)
            while True:
                try:
                    cells = next(rows)
                except StopIteration:
                    return
                except csv.Error as wrong:
                    raise InputError(
                        f"{self._path}:{rows.line_num}: is no CSV: {wrong}; quote cells that hold quotes or commas",
                        f"{self._path}:{rows.line_num}：不是 CSV：{wrong}；含引号或逗号的单元格请加引号",
                    ) from None
                if cells and len(cells) != len(header):
                    en, zh = (
                        f"has {len(cells)} cells, the header has {len(header)}",
                        f"有 {len(cells)} 个单元格，表头有 {len(header)} 个",
                    )
                    yield rows.line_num, Bad("cells", f"{en}; quote commas", f"{zh}；含逗号的单元格请加引号")
                elif cells:
                    told: dict[str, Any] = {name: cell or None for name, cell in zip(header, cells)}
                    yield Row(rows.line_num, **told)

    def _check(self, header: list[str]) -> None:
        for name in header:
            if name not in COLUMNS:
                hint = did_you_mean(name, COLUMNS) or f"columns: {', '.join(COLUMNS)}"
                raise InputError(
                    f"{self._path}:1: unknown column '{name[:64]}'; {hint}",
                    f"{self._path}:1：未知列“{name[:64]}”；{hint}",
                )
        if "value" not in header or len(set(header)) < len(header):
            raise InputError(
                f"{self._path}:1: the header must have `value`, and each column once",
                f"{self._path}:1：表头必须有 value，且各列只出现一次",
            )


def _plain(number: int, line: bytes) -> Row:
    return Row(number, line.decode("utf-8", "surrogateescape").removesuffix("\r"))


def row_of(number: int, record: dict[str, Any]) -> Row:
    """The row that an object stands for; `Bad` when it has other keys."""
    keys = (*COLUMNS, CODE)
    for name in record.keys() - set(keys):
        hint = did_you_mean(name, keys) or f"keys: {', '.join(keys)}"
        raise Bad("unknown_key", f"unknown key '{name[:64]}'; {hint}", f"未知键“{name[:64]}”；{hint}")
    value, until, reason = (record.get(name) for name in COLUMNS)
    if CODE not in record:
        return Row(number, value, until, reason)
    if value is not None:
        raise Bad("unknown_key", "give `value` or `code`, not both", "value 与 code 只能填写一个")
    code = code_of(record[CODE])
    return Row(number, None, until, reason, code, f"#{record[CODE]}")


def code_of(text: Any) -> int:
    """The int64 that a code stands for; `Bad` for what is none.

    >>> code_of("ffffffffffffffff")
    -1
    """
    if not (isinstance(text, str) and _CODE.fullmatch(text)):
        raise Bad("code", "a code has 16 hex digits", "代码应为 16 位十六进制数")
    number = int(text, 16)
    return number - (1 << 64) if number >> 63 else number
