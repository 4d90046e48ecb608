"""What waits to be filed in the vault: sealed pieces in order, beside the log.

In: sealed bytes, each with the position that the log gives it. Out: the pieces again, file by file, until they are filed; then it goes.
Nobody is answered before both a piece and its frame of the log are on the disk. What this holds and the log does not (its position is not
taken) was acknowledged to nobody, and is passed over on opening.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from zlib import crc32

from zhiyu.log.disk import Disk, DiskFile

SUFFIX = ".sealed"
AHEAD_BYTES = 4 << 20
"""Room that is reserved ahead: a sync need not write the file's length each time."""
MAX_PIECE = 1 << 30
_HEAD = struct.Struct("<4sIqI")
_MAGIC = b"ZYI1"


@dataclass(frozen=True, slots=True)
class Piece:
    """`number`: how many pieces of its file stand before it; `position`: of the log; `sealed`: only its writer understands it."""

    number: int
    position: int
    sealed: bytes


class Intake:
    """The files in `folder`, numbered past `after`; what is there already is closed. One thread appends; `sync` and `closed` may be called
    in another. `begins`: gives the first piece of every file. OSError as the disk says."""

    def __init__(self, folder: Path, disk: Disk, begins: Callable[[], bytes], after: int = 0) -> None:
        self._folder, self._disk, self._lock = folder, disk, Lock()
        disk.make_folder(folder)
        self._closed = sorted(int(name.removesuffix(SUFFIX)) for name in disk.names(folder) if name.endswith(SUFFIX))
        self._next = max([after, *self._closed]) + 1
        self._begins = begins
        self._file: DiskFile | None = None
        self._end = self._room = 0
        self._dirty = False

    @property
    def waiting(self) -> bool:
        """Whether there is anything to file."""
        return self._file is not None or bool(self._closed)

    def append(self, position: int, seal: Callable[[], bytes]) -> None:
        """Hand one piece to the system. `seal` gives it, after the file that takes it was begun."""
        with self._lock:
            file = self._opened()
            self._write(file, position, seal())

    def begin(self) -> None:
        """Begin a file, if none is begun."""
        with self._lock:
            self._opened()

    def _opened(self) -> DiskFile:
        if self._file is None:
            self._file = self._disk.open(self._folder / f"{self._next}{SUFFIX}")
            self._disk.sync_folder(self._folder)
            self._write(self._file, -1, self._begins())
        return self._file

    def _write(self, file: DiskFile, position: int, sealed: bytes) -> None:
        data = _HEAD.pack(_MAGIC, len(sealed), position, _sum(position, sealed)) + sealed
        if self._end + len(data) > self._room:
            self._room = self._end + len(data) + AHEAD_BYTES
            file.reserve(self._room)
        file.write(self._end, data)
        self._end += len(data)
        self._dirty = True

    def sync(self) -> None:
        """Wait until everything appended so far is on the disk."""
        with self._lock:
            if self._dirty and self._file is not None:
                self._file.sync()
                self._dirty = False

    def closed(self) -> list[int]:
        """Close the file that is written; numbers of all files that are closed, oldest first. What they hold is on the disk."""
        with self._lock:
            if self._file is not None:
                self._file.cut(self._end)
                self._file.sync()
                self._file.close()
                self._file, self._end, self._room, self._dirty = None, 0, 0, False
                self._closed.append(self._next)
                self._next += 1
            return list(self._closed)

    def pieces(self, number: int) -> Iterator[Piece]:
        """The whole pieces of a file, up to the first that a crash left unfinished."""
        file = self._disk.open(self._folder / f"{number}{SUFFIX}")
        try:
            at = count = 0
            while (found := _read(file, at)) is not None:
                position, sealed = found
                yield Piece(count, position, sealed)
                at, count = at + _HEAD.size + len(sealed), count + 1
        finally:
            file.close()

    def remove(self, number: int) -> None:
        """A file whose pieces are all filed goes."""
        self._disk.remove(self._folder / f"{number}{SUFFIX}")
        with self._lock:
            self._closed.remove(number)

    def close(self) -> None:
        """Let go of the file; nothing is synced."""
        with self._lock:
            if self._file is not None:
                self._file.close()
                self._file = None


def _read(file: DiskFile, at: int) -> tuple[int, bytes] | None:
    head = file.read(at, _HEAD.size)
    if len(head) < _HEAD.size:
        return None
    magic, size, position, told = _HEAD.unpack(head)
    if magic != _MAGIC or size > MAX_PIECE:
        return None
    sealed = file.read(at + _HEAD.size, size)
    return (position, sealed) if len(sealed) == size and _sum(position, sealed) == told else None


def _sum(position: int, sealed: bytes) -> int:
    """Tells an unfinished write; who changed a piece on purpose is told by the seal."""
    return crc32(sealed, crc32(position.to_bytes(8, "little", signed=True)))
