"""Snapshots of an engine while it goes on deciding: a forked child writes the memory as it was at the moment of the fork.

In: an engine whose log is on the disk up to here. Out: folders `<position>/`, complete or not there at all; the newest few are kept.
Why a fork: the system copies a page only when it is written to (copy-on-write), so the engine stops for the page tables, not for the
bytes. Huge pages keep those small; what a fork has cut up is made huge again afterwards (`work`).
"""

from __future__ import annotations

import ctypes
import gc
import os
import shutil
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from zhiyu.base.arena import Arena
from zhiyu.engine.engine import Engine

KEPT = 2
MANY = 1 << 30
_END = object()
_FIRST_FREE_DESCRIPTOR = 3
_PART = ".part"
_CAN_FORK = hasattr(os, "fork") and os.uname().sysname == "Linux"
_DIE_WITH_PARENT = 1
_system = ctypes.CDLL(None)


class Snapshots:
    """The snapshots of one tenant. `failed`: why the last one could not be written, "" when it could; `paused_s`: how long the last one
    held up the engine. `kept`: how many are."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.kept = KEPT
        self.failed = ""
        self.paused_s = 0.0
        self._child = 0
        self._writing = -1
        self._forked: Engine | None = None
        self._healing: Iterator[None] | None = None
        folder.mkdir(parents=True, exist_ok=True)
        for left in folder.glob(f"*{_PART}"):
            shutil.rmtree(left, ignore_errors=True)
        self.last = max((int(path.name) for path in self.newest()), default=-1)

    def work(self, seconds: float) -> bool:
        """For about so long, put memory in order that the last snapshot has cut up; True when there is more to do."""
        self.poll()
        until = time.perf_counter() + seconds
        while self._healing is not None and time.perf_counter() < until:
            if next(self._healing, _END) is _END:
                self._healing = None
        return self._healing is not None

    @property
    def running(self) -> bool:
        """A snapshot is being written."""
        return self._child != 0

    def newest(self) -> Iterator[Path]:
        """Folders of complete snapshots, newest first."""
        yield from kept_snapshots(self.folder)

    def begin(self, engine: Engine, position: int, facts: dict[str, Any]) -> bool:
        """Start writing the state as of `position`; False while another is being written, or when there is one already."""
        self.poll()
        if self.running or position == self.last:
            return False
        started, parent = time.perf_counter(), os.getpid()
        if _CAN_FORK:
            self._child = os.fork()
            if self._child == 0:
                self._in_child(parent, engine, position, facts)
            self._writing, self._forked = position, engine
        else:
            self._done(position, _written(engine, self.folder, position, facts, self.kept))
        self.paused_s = time.perf_counter() - started
        return True

    def _in_child(self, parent: int, engine: Engine, position: int, facts: dict[str, Any]) -> None:
        """Never returns: nothing of the parent but its memory may be touched. Ends when the parent does: whoever opens the folder next must
        be alone in it."""
        failed = 1
        try:
            _system.prctl(_DIE_WITH_PARENT, int(signal.SIGKILL))
            if os.getppid() != parent:
                return
            gc.disable()
            os.closerange(_FIRST_FREE_DESCRIPTOR, os.sysconf("SC_OPEN_MAX"))  # sockets must not outlive the parent's
            os.nice(5)
            failed = int(bool(_written(engine, self.folder, position, facts, self.kept)))
        finally:
            os._exit(failed)

    def poll(self, wait: bool = False) -> None:
        """See whether the snapshot that is being written is done; `wait` until it is."""
        if not self._child:
            return
        child, status = os.waitpid(self._child, 0 if wait else os.WNOHANG)
        if child:
            self._child = 0
            if self._forked is not None:
                self._healing, self._forked = self._forked.heal(), None
            failed = (
                ""
                if status == 0
                else f"the snapshot at position {self._writing} could not be written; is the disk full?"
            )
            self._done(self._writing, failed)

    def _done(self, position: int, failed: str) -> None:
        self.failed = failed
        if failed:
            shutil.rmtree(self.folder / f"{position:020d}{_PART}", ignore_errors=True)
            return
        self.last = position


def remove_snapshots(folders: Iterable[Path]) -> None:
    """Remove whole snapshots: first their names, so that none is ever seen in part. Gigabytes take a while: call it in a thread."""
    for folder in folders:
        with suppress(OSError):
            part = folder.with_name(f"{folder.name}{_PART}")
            os.replace(folder, part)
            shutil.rmtree(part, ignore_errors=True)


def kept_snapshots(folder: Path) -> list[Path]:
    """Folders of complete snapshots, newest first; changes nothing. The name of each is the position up to which it has seen everything."""
    names = [path for path in folder.iterdir() if path.name.isdigit()] if folder.is_dir() else []
    return sorted(names, key=lambda path: int(path.name), reverse=True)


def stored_facts(folder: Path) -> dict[str, Any]:
    """The facts that were written with a snapshot; InputError when they cannot be read."""
    facts: dict[str, Any] = Arena.facts(folder / "features.state")["facts"]["facts"]
    return facts


def _written(engine: Engine, folder: Path, position: int, facts: dict[str, Any], kept: int) -> str:
    """Write one snapshot, and remove all but the newest `kept`; "", or why not. In the child: gigabytes take a while to remove, too."""
    part, whole = folder / f"{position:020d}{_PART}", folder / f"{position:020d}"
    try:
        engine.snapshot(part, facts)
        _sync(part)
        os.replace(part, whole)
        _sync(folder)
    except OSError as refused:
        with suppress(OSError):
            shutil.rmtree(part)
        return f"the snapshot at position {position} could not be written: {refused.strerror}"
    remove_snapshots(kept_snapshots(folder)[kept:])
    return ""


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
