"""Lines of a text file of any size and encoding, plain or gzip, never holding more than a block and one line.

In: a path, the encoding where it is not UTF-8. Out: (line number, bytes) with 1-based numbers; a line longer than the limit comes as None.
"""

from __future__ import annotations

import gzip
from codecs import BOM_UTF8
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from zhiyu.log.transcoded import Transcoded

BLOCK_BYTES = 1 << 20


class Blocks:
    """An open text file that knows how far it has been read."""

    def __init__(self, path: Path, encoding: str = "") -> None:
        self.size = path.stat().st_size
        self.raw: BinaryIO = path.open("rb")
        self.stream = cast(BinaryIO, gzip.GzipFile(fileobj=self.raw)) if path.suffix == ".gz" else self.raw
        if encoding not in ("", "utf-8"):
            self.stream = cast(BinaryIO, Transcoded(self.stream, encoding))

    def progress(self) -> float:
        """Bytes read (of the compressed file) of all bytes."""
        return 1.0 if self.raw.closed or not self.size else min(1.0, self.raw.tell() / self.size)

    def lines(self, limit: int) -> Iterator[tuple[int, bytes | None]]:
        """All lines without their end; a byte order mark is taken off the first. Closes the file at the end."""
        number, rest, overlong = 0, b"", False
        with self.raw:
            while block := self.stream.read(BLOCK_BYTES):
                if number == 0 and not rest:
                    block = block.removeprefix(BOM_UTF8)
                parts = (rest + block).split(b"\n")
                rest = parts.pop()
                for line in parts:
                    number += 1
                    yield number, None if overlong or len(line) > limit else line
                    overlong = False
                if len(rest) > limit:
                    rest, overlong = b"", True
            if rest or overlong:
                yield number + 1, None if overlong or len(rest) > limit else rest
