"""Packs closed segments of a log in the background: smaller files with the same content, read as before.

In: a log. Out: its closed segments packed, oldest first, one at a time in a thread of low priority. A packed file is written beside,
synced, read back and compared with what it was made from, and only then takes its place with a rename; the old file goes last. A crash
at any step leaves one of the two, whole. What fails (a full disk) is told in `problem` and tried again after a while.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from contextlib import suppress

from zhiyu.log.disk import DiskFile
from zhiyu.log.frames import Broken
from zhiyu.log.packed import PACKED, PackedFile, Unpacked, pack, same
from zhiyu.log.segment import Segment
from zhiyu.log.segments import SegmentLog
from zhiyu.log.whole_file import PART

AGAIN_MS = 60_000
"""After a failure."""
_GENTLE = 10


class Stopped(Exception):
    """The process is about to end."""


class Packing:
    """Of one log. One thread calls everything; `work` begins with the next segment. `packed`: segments packed since the log was opened."""

    def __init__(self, log: SegmentLog, now: Callable[[], int]) -> None:
        self.problem, self.packed = "", 0
        self._log, self._now = log, now
        self._unpacked = Unpacked()
        self._thread: threading.Thread | None = None
        self._stop = False
        self._next_ms = 0

    @property
    def busy(self) -> bool:
        """A segment is being packed."""
        return self._thread is not None and self._thread.is_alive()

    def work(self, wait: bool = False) -> bool:
        """Begin to pack the oldest closed segment that is not; True while there is one. `wait`: until it is done."""
        if self.busy and not wait:
            return True
        self.finish()
        segment = next((each for each in self._log.segments[:-1] if not each.packed), None)
        if segment is None or self._stop or self._now() < self._next_ms:
            return False
        self._thread = threading.Thread(target=self._aside, args=(segment,), name="zhiyu-packing", daemon=True)
        self._thread.start()
        if wait:
            self.finish()
        return True

    def finish(self, stop: bool = False) -> None:
        """Wait for the thread; `stop`: what it has begun is given up, and nothing is begun any more."""
        self._stop = self._stop or stop
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _aside(self, segment: Segment) -> None:
        with suppress(AttributeError, OSError):  # where the system knows no priorities of threads
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _GENTLE)
        self.once(segment)

    def once(self, segment: Segment) -> None:
        """Pack one closed segment here and now; what fails is told in `problem`."""
        try:
            self._pack(segment)
            self.packed, self.problem = self.packed + 1, ""
        except Stopped:
            pass
        except (OSError, Broken) as refused:
            why = refused.strerror if isinstance(refused, OSError) else str(refused)
            self.problem = f"{segment.path.name} could not be packed: {why}"
            self._next_ms = self._now() + AGAIN_MS

    def _pack(self, segment: Segment) -> None:
        disk, source, old = self._log.disk, segment.file, segment.path
        path = old.with_suffix(PACKED)
        part = path.with_name(path.name + PART)
        target = disk.open(part)
        try:
            self._write(source, target)
        except BaseException:
            target.close()
            with suppress(OSError):
                disk.remove(part)
            raise
        disk.replace(part, path)
        disk.sync_folder(path.parent)
        segment.path, segment.file = path, PackedFile(target, self._unpacked)
        with suppress(FileNotFoundError):  # retention was here
            disk.remove(old)

    def _write(self, source: DiskFile, target: DiskFile) -> None:
        target.cut(0)
        for _ in pack(source, target):
            if self._stop:
                raise Stopped
        if not same(source, PackedFile(target)):
            raise Broken("what was written reads otherwise")
