"""NDJSON files: one JSON object per line, plain or gzip.

In: a path. Out: raw batches of dictionaries. A line that is not JSON, no object, longer than 256 KiB, not UTF-8, or
has one key twice is refused alone, with its line number. Empty lines are skipped and have no position.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_EVENT_BYTES, MAX_JSON_DEPTH
from zhiyu.events.batch import RawBatch
from zhiyu.events.refusals import Bad, Refusal
from zhiyu.log.blocks import Blocks

_DECODER = msgspec.json.Decoder()
_NESTING = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[{]|[\]}]', re.DOTALL)


class NdjsonFile:
    """An `EventFile` over one NDJSON file."""

    total_rows: int | None = None

    def __init__(self, path: Path, chunk: int) -> None:
        self._path, self._chunk = path, chunk
        self._blocks = Blocks(path)

    def progress(self) -> float:
        """Bytes read of all bytes."""
        return self._blocks.progress()

    def __iter__(self) -> Iterator[RawBatch]:
        gathered = _Gathered()
        position = 0
        try:
            for number, line in self._blocks.lines(MAX_EVENT_BYTES):
                if line is not None and not line.strip():
                    continue
                try:
                    gathered.records.append(read_line(line))
                    gathered.positions.append(position)
                    gathered.lines.append(number)
                except Bad as bad:
                    gathered.refusals.append(Refusal(position, "", "", bad.code, bad.en, bad.zh, {}, number))
                position += 1
                if len(gathered.records) + len(gathered.refusals) >= self._chunk:
                    yield gathered.batch()
                    gathered = _Gathered()
        except (gzip.BadGzipFile, EOFError, zlib.error) as wrong:
            raise InputError(
                f"'{self._path}' is a broken gzip file: {wrong}", f"“{self._path}”是损坏的 gzip 文件：{wrong}"
            ) from wrong
        if gathered.records or gathered.refusals:
            yield gathered.batch()


class _Gathered:
    """Records and refusals of the batch being filled."""

    def __init__(self) -> None:
        self.records: list[dict[str, Any]] = []
        self.positions: list[int] = []
        self.lines: list[int] = []
        self.refusals: list[Refusal] = []

    def batch(self) -> RawBatch:
        """What was gathered, as a raw batch."""
        positions, lines = np.array(self.positions, np.int64), np.array(self.lines, np.int64)
        return RawBatch(None, self.records, int(positions[0]) if len(positions) else 0, positions, lines, self.refusals)


def read_line(line: bytes | None) -> dict[str, Any]:
    """The object of one line; `Bad` when there is none."""
    if line is None:
        raise Bad(
            "too_long",
            f"the line is longer than {MAX_EVENT_BYTES} bytes; send less in one event",
            f"该行超过 {MAX_EVENT_BYTES} 字节；请减少单个事件的内容",
        )
    if len(line) > 2 * MAX_JSON_DEPTH and line.count(b"[") + line.count(b"{") > MAX_JSON_DEPTH:
        _check_depth(line)
    try:
        found = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as wrong:
        raise _not_json(line, str(wrong)) from None
    if not isinstance(found, dict):
        raise Bad("not_object", "the line is JSON but no object; write {…}", "该行是 JSON 但不是对象；请写 {…}")
    if line.count(b'":') != len(found) or b" :" in line or b"\t:" in line or b"\r:" in line:
        _check_keys(line)
    return found


def _not_json(line: bytes, why: str) -> Bad:
    try:
        line.decode()
    except UnicodeDecodeError as wrong:
        return Bad(
            "bad_text",
            f"the line is not UTF-8 at byte {wrong.start}; fix the encoding",
            f"该行在第 {wrong.start} 字节不是 UTF-8；请修正编码",
        )
    if line.startswith(BOM_UTF8):
        return Bad(
            "bad_text",
            "the line begins with a byte order mark (EF BB BF); send UTF-8 without it",
            "该行以字节顺序标记（EF BB BF）开头；请发送不带该标记的 UTF-8",
        )
    return Bad("bad_json", f"the line is not JSON: {why[:120]}", f"该行不是 JSON：{why[:120]}")


def _check_depth(line: bytes) -> None:
    """Refuse what is nested too deep; called only where there are brackets enough for it."""
    depth = 0
    for token in _NESTING.finditer(line):
        if token[0] in (b"[", b"{"):
            depth += 1
            if depth > MAX_JSON_DEPTH:
                at = token.start()
                raise Bad(
                    "bad_json", f"the line is nested more than {MAX_JSON_DEPTH} levels deep (byte {at}); send it flat",
                    f"该行嵌套超过 {MAX_JSON_DEPTH} 层（第 {at} 字节）；请发送扁平的记录",
                )  # fmt: skip
        elif token[0] in (b"]", b"}"):
            depth -= 1


def _check_keys(line: bytes) -> None:
    """Refuse a key that occurs twice in one object; called only where counting could not rule it out."""

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) != len(found):
            seen: set[str] = set()
            twice = next(key for key, _ in found if key in seen or seen.add(key))  # type: ignore[func-returns-value]
            raise Bad(
                "duplicate_key", f"key {twice[:60]!r} occurs twice; keep one", f"键 {twice[:60]!r} 重复；请只保留一个"
            )
        return made

    try:
        json.loads(line, object_pairs_hook=pairs)
    except (ValueError, RecursionError) as wrong:
        raise Bad(
            "bad_json", f"the line is not JSON: {str(wrong)[:120]}", f"该行不是 JSON：{str(wrong)[:120]}"
        ) from None
