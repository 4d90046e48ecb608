"""The few things the log asks of a disk, so that a test can put one in its place that fails.

In: paths, bytes. Out: bytes; OSError when the disk refuses. `RealDisk` is the operating system, `ReadingDisk` the same for those who only
look: it changes nothing, so one may look while another process writes.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Protocol


class DiskFile(Protocol):
    """One open file."""

    def write(self, offset: int, data: bytes) -> None:
        """Put all of `data` at `offset`; OSError when less could be written."""

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`."""

    def size(self) -> int:
        """Bytes in the file."""

    def reserve(self, size: int) -> None:
        """Make sure that the file can grow to `size` bytes; what is new reads as zeros. OSError (ENOSPC) when it can not."""

    def cut(self, size: int) -> None:
        """Make the file `size` bytes long."""

    def sync(self) -> None:
        """Return when everything written is on the disk."""

    def close(self) -> None:
        """Let go of the file."""


class Disk(Protocol):
    """Where files are."""

    def open(self, path: Path) -> DiskFile:
        """Open for reading and writing; an empty file is made when there is none."""

    def names(self, folder: Path) -> list[str]:
        """Names in a folder, sorted; none when there is no such folder."""

    def make_folder(self, folder: Path) -> None:
        """Make a folder and those above it."""

    def sync_folder(self, folder: Path) -> None:
        """Return when the names in a folder are on the disk."""

    def replace(self, old: Path, new: Path) -> None:
        """Give a file another name, in one step."""

    def remove(self, path: Path) -> None:
        """Delete a file."""


class _RealFile:
    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)

    def write(self, offset: int, data: bytes) -> None:
        done = os.pwrite(self._descriptor, data, offset)
        while done < len(data):
            more = os.pwrite(self._descriptor, memoryview(data)[done:], offset + done)
            if more == 0:
                raise OSError("nothing was written")
            done += more

    def read(self, offset: int, size: int) -> bytes:
        return os.pread(self._descriptor, size, offset)

    def size(self) -> int:
        return os.fstat(self._descriptor).st_size

    def reserve(self, size: int) -> None:
        if size > self.size():
            os.posix_fallocate(self._descriptor, 0, size)

    def cut(self, size: int) -> None:
        os.ftruncate(self._descriptor, size)

    def sync(self) -> None:
        getattr(os, "fdatasync", os.fsync)(self._descriptor)

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def __del__(self) -> None:
        self.close()


class RealDisk:
    """The operating system's files."""

    def open(self, path: Path) -> DiskFile:
        """Open for reading and writing."""
        return _RealFile(path)

    def names(self, folder: Path) -> list[str]:
        """Names in a folder."""
        return sorted(os.listdir(folder)) if folder.is_dir() else []

    def make_folder(self, folder: Path) -> None:
        """Make a folder."""
        folder.mkdir(parents=True, exist_ok=True)

    def sync_folder(self, folder: Path) -> None:
        """Wait until the names are on the disk."""
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def replace(self, old: Path, new: Path) -> None:
        """Rename."""
        os.replace(old, new)

    def remove(self, path: Path) -> None:
        """Delete; what somebody else has deleted is deleted."""
        path.unlink(missing_ok=True)


class _ReadFile:
    """A file as it is; one that is not there reads as empty."""

    def __init__(self, path: Path) -> None:
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            self._descriptor = -1

    def read(self, offset: int, size: int) -> bytes:
        return b"" if self._descriptor < 0 else os.pread(self._descriptor, size, offset)

    def size(self) -> int:
        return 0 if self._descriptor < 0 else os.fstat(self._descriptor).st_size

    def close(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def __del__(self) -> None:
        self.close()

    def write(self, offset: int, data: bytes) -> None:
        raise _only_reading()

    def reserve(self, size: int) -> None:
        raise _only_reading()

    def cut(self, size: int) -> None:
        raise _only_reading()

    def sync(self) -> None:
        raise _only_reading()


class ReadingDisk:
    """The operating system's files, to be read only: whatever would change something raises OSError (EROFS)."""

    def open(self, path: Path) -> DiskFile:
        """Open for reading; a file that is not there reads as empty."""
        return _ReadFile(path)

    def names(self, folder: Path) -> list[str]:
        """Names in a folder."""
        return RealDisk().names(folder)

    def make_folder(self, folder: Path) -> None:
        """Nothing: what is not there reads as empty."""

    def sync_folder(self, folder: Path) -> None:
        """Refused."""
        raise _only_reading()

    def replace(self, old: Path, new: Path) -> None:
        """Refused."""
        raise _only_reading()

    def remove(self, path: Path) -> None:
        """Refused."""
        raise _only_reading()


def _only_reading() -> OSError:
    return OSError(errno.EROFS, "opened for reading only")
