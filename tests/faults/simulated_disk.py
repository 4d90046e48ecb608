"""A disk in memory that fails as real ones do: at a chosen operation, in a chosen way; and a power cut that loses what was not synced.

In: the number of the operation to fail at, how, a seed. Out: the same interface as `zhiyu.log.disk`.
"""

from __future__ import annotations

import errno
import random
from dataclasses import dataclass, field
from pathlib import Path

WAYS = ("short", "torn", "full", "read_only", "sync_error", "cut")


class PowerCut(BaseException):
    """The machine is gone; not an Exception, so that nobody handles it."""


@dataclass
class _Content:
    """What is on the platter, and what was written since the last sync: (offset, bytes), or a new length."""

    safe: bytearray = field(default_factory=bytearray)
    now: bytearray = field(default_factory=bytearray)
    since: list[tuple[int, bytes] | int] = field(default_factory=list)


class SimulatedDisk:
    """Files by path. `fail_at`: number of the writing operation (from 1) that fails in `way`; 0 for never."""

    def __init__(self, seed: int = 0, fail_at: int = 0, way: str = "full") -> None:
        self.files: dict[Path, _Content] = {}
        self.folders: set[Path] = set()
        self.removed: dict[Path, _Content] = {}
        self.renamed: list[tuple[Path, Path, dict[Path, _Content]]] = []
        self.rng, self.fail_at, self.way, self.count = random.Random(seed), fail_at, way, 0
        self.failed = False

    def step(self, sync: bool = False) -> bool:
        """Count one writing operation; True when it is the one that fails."""
        self.count += 1
        if self.failed and self.way in ("full", "read_only"):
            return not sync
        if self.count == self.fail_at:
            self.failed = True
        return self.count == self.fail_at

    def open(self, path: Path) -> SimulatedFile:
        self.files.setdefault(path, _Content())
        return SimulatedFile(self, self.files[path])

    def names(self, folder: Path) -> list[str]:
        return sorted(path.name for path in self.files if path.parent == folder)

    def make_folder(self, folder: Path) -> None:
        self.folders.add(folder)

    def sync_folder(self, folder: Path) -> None:
        if self.step(sync=True):
            self.fail()
        self.removed = {path: content for path, content in self.removed.items() if path.parent != folder}
        self.renamed = [each for each in self.renamed if each[1].parent != folder]

    def replace(self, old: Path, new: Path) -> None:
        """In one step; after a power cut the old names may be there again until the folder was synced."""
        if self.step():
            self.fail()
        before = {path: self.files[path] for path in (old, new) if path in self.files}
        self.files[new] = self.files.pop(old)
        self.renamed.append((old, new, before))

    def remove(self, path: Path) -> None:
        """Gone for the process; after a power cut it may be there again until the folder was synced."""
        if self.step():
            self.fail()
        self.removed[path] = self.files.pop(path)

    def fail(self) -> None:
        if self.way == "cut":
            raise PowerCut
        number = {"read_only": errno.EROFS, "full": errno.ENOSPC}.get(self.way, errno.EIO)
        raise OSError(number, "simulated")

    def restarted(self) -> SimulatedDisk:
        """The disk after a power cut: of what was not synced, some is there, some is not, one piece may be torn."""
        after = SimulatedDisk(self.rng.randrange(1 << 30))
        after.folders = set(self.folders)
        back = {path: content for path, content in self.removed.items() if self.rng.random() < 0.5}
        files = back | self.files
        for _, new, before in reversed(self.renamed[self.rng.randrange(len(self.renamed) + 1) :]):
            files.pop(new, None)
            files |= before
        for path, content in files.items():
            there = bytearray(content.safe)
            for change in content.since:
                fate = self.rng.random()
                if isinstance(change, int):
                    if fate < 0.5:
                        _resize(there, change)
                elif fate < 0.75:
                    offset, data = change
                    kept = data if fate < 0.5 else data[: self.rng.randrange(len(data) + 1)]
                    _put(there, offset, kept)
            after.files[path] = _Content(bytearray(there), bytearray(there))
        return after

    def stopped(self) -> SimulatedDisk:
        """The disk after the process alone was killed: everything written is there."""
        after = SimulatedDisk(self.rng.randrange(1 << 30))
        after.folders = set(self.folders)
        after.files = {path: _Content(bytearray(c.now), bytearray(c.now)) for path, c in self.files.items()}
        return after


class SimulatedFile:
    """One open file."""

    def __init__(self, disk: SimulatedDisk, content: _Content) -> None:
        self.disk, self.content = disk, content

    def write(self, offset: int, data: bytes) -> None:
        room = self.disk.way == "full" and offset + len(data) <= len(self.content.now)
        if not room and self.disk.step():
            if self.disk.way in ("short", "torn", "cut"):
                part = data[: self.disk.rng.randrange(len(data))]
                self._put(offset, part)
                if self.disk.way == "torn" and part:
                    self._put(offset + len(part) // 2, bytes(len(part) - len(part) // 2))
            if self.disk.way != "sync_error":
                self.disk.fail()
        self._put(offset, bytes(data))

    def _put(self, offset: int, data: bytes) -> None:
        _put(self.content.now, offset, data)
        self.content.since.append((offset, data))

    def read(self, offset: int, size: int) -> bytes:
        return bytes(self.content.now[offset : offset + size])

    def size(self) -> int:
        return len(self.content.now)

    def reserve(self, size: int) -> None:
        if size > len(self.content.now):
            if self.disk.step():
                self.disk.fail()
            self.cut(size)

    def cut(self, size: int) -> None:
        _resize(self.content.now, size)
        self.content.since.append(size)

    def sync(self) -> None:
        if self.disk.step(sync=True):
            self.disk.fail()
        self.content.safe, self.content.since = bytearray(self.content.now), []

    def close(self) -> None:
        pass


def _put(there: bytearray, offset: int, data: bytes) -> None:
    if len(there) < offset + len(data) and data:
        there.extend(bytes(offset + len(data) - len(there)))
    there[offset : offset + len(data)] = data


def _resize(there: bytearray, size: int) -> None:
    if size < len(there):
        del there[size:]
    else:
        there.extend(bytes(size - len(there)))
