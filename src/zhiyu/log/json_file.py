"""A JSON file that is one list of records, as exports write them; a `.json` file of one record a line is read like NDJSON.

In: a path. Out: raw batches of dictionaries. The list is held in memory, so there is a limit; larger files are better written as NDJSON.
"""

from __future__ import annotations

import zlib
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.events.batch import RawBatch
from zhiyu.events.refusals import Bad, Refusal
from zhiyu.log.blocks import Blocks
from zhiyu.log.event_file import EventFile
from zhiyu.log.ndjson import NdjsonFile, read_line

MAX_JSON_FILE_BYTES = 1 << 30
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def json_file(path: Path, chunk: int) -> EventFile:
    """The reader for a `.json` file, by what it begins with."""
    blocks = Blocks(path)
    with blocks.raw:
        try:
            head = blocks.stream.read(4096).removeprefix(BOM_UTF8).lstrip()
        except (OSError, EOFError, zlib.error) as wrong:
            raise InputError(f"'{path}' cannot be read: {wrong}", f"无法读取“{path}”：{wrong}") from wrong
    return JsonListFile(path, chunk) if head.startswith(b"[") else NdjsonFile(path, chunk)


class JsonListFile:
    """An `EventFile` over one list of records."""

    def __init__(self, path: Path, chunk: int) -> None:
        self._path, self._chunk, self._done = path, chunk, 0.0
        self.total_rows: int | None = None

    def progress(self) -> float:
        """Records read of all records."""
        return self._done

    def __iter__(self) -> Iterator[RawBatch]:
        records = self._records()
        self.total_rows = len(records)
        for start in range(0, len(records), self._chunk):
            found, positions, refusals = [], [], []
            for position, raw in enumerate(records[start : start + self._chunk], start):
                line = bytes(raw)
                try:
                    found.append(read_line(line if len(line) <= MAX_EVENT_BYTES else None))
                    positions.append(position)
                except Bad as bad:
                    refusals.append(Refusal(position, "", "", bad.code, bad.en, bad.zh, {}, position + 1))
            own = np.array(positions, np.int64)
            self._done = min(1.0, (start + self._chunk) / len(records))
            yield RawBatch(None, found, positions[0] if positions else start, own, own + 1, refusals)

    def _records(self) -> list[msgspec.Raw]:
        blocks = Blocks(self._path)
        try:
            with blocks.raw:
                text = blocks.stream.read(MAX_JSON_FILE_BYTES + 1)
        except (OSError, EOFError, zlib.error) as wrong:
            raise InputError(f"'{self._path}' cannot be read: {wrong}", f"无法读取“{self._path}”：{wrong}") from wrong
        if len(text) > MAX_JSON_FILE_BYTES:
            most = MAX_JSON_FILE_BYTES >> 20
            raise InputError(
                f"'{self._path}' is larger than {most} MB; write one record a line (.ndjson)",
                f"“{self._path}”超过 {most} MB；请改为每行一条记录（.ndjson）",
            )
        try:
            return _LIST.decode(text.removeprefix(BOM_UTF8))
        except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
            raise InputError(
                f"'{self._path}' is no list of records: {wrong}", f"“{self._path}”不是记录列表：{wrong}"
            ) from None
