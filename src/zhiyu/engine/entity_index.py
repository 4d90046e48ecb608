"""Where in the log a person, a card, a device or an event id occurs: sorted (key, position) pairs per segment, written beside the log.

In: frames of the log, or, while the engine decides, the columns it has at hand. Out: positions of a key, newest first. Everything here can
be made again from the log: a file that is missing or damaged is. In memory are only the pairs of the segment that is being written (16
bytes each); those of closed segments are sorted in a thread, written, and mapped.
A key mixes the name of the entity with the value's code, so two keys may meet: whoever reads the event compares the code itself.
"""

from __future__ import annotations

import os
import struct
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.entity_keys import EntityKeys
from zhiyu.engine.event_frames import noted
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.list_frames import noted_lists
from zhiyu.engine.went_on import parts_of
from zhiyu.log.frames import EVENTS, LABELS, LISTS, Frame
from zhiyu.log.segments import Segment, SegmentLog

_HEADER = struct.Struct("<8sqqq32s")  # magic, first position of the segment, bytes of the segment, pairs, digest
_MAGIC = b"ZYENT\0\0\1"


class _Pairs:
    """Pairs in the order in which they came, growing."""

    def __init__(self) -> None:
        self._held = np.empty((2, 1_024), np.int64)
        self.n = 0

    def add(self, keys: Array, positions: Array) -> None:
        after = self.n + len(keys)
        if after > self._held.shape[1]:
            grown = np.empty((2, max(2 * self._held.shape[1], after)), np.int64)
            grown[:, : self.n] = self._held[:, : self.n]
            self._held = grown
        self._held[0, self.n : after], self._held[1, self.n : after] = keys, positions
        self.n = after

    def of(self, key: int) -> Array:
        """Positions of a key, ascending."""
        found: Array = np.unique(self._held[1, : self.n][self._held[0, : self.n] == key])
        return found

    def sorted(self) -> Array:
        """int64[2, n] by key, then position."""
        held = self._held[:, : self.n]
        found: Array = held[:, np.lexsort((held[1], held[0]))]
        return found


class EntityIndex:
    """The index of one log. One thread calls everything; `keys_of` gives the keys under the policy of a hash."""

    def __init__(self, log: SegmentLog, folder: Path, tenant: str, keys_of: Callable[[str], EntityKeys]) -> None:
        self._log, self._folder, self._tenant, self._keys_of = log, folder, tenant, keys_of
        folder.mkdir(parents=True, exist_ok=True)
        self._open: dict[int, _Pairs] = {log.segments[-1].first: _Pairs()}
        self._mapped: dict[int, Array] = {}
        self._sealing: dict[int, threading.Thread] = {}
        self._next = log.segments[-1].first
        self._reading: Iterator[None] | None = None
        self._after: tuple[tuple[int, int], bytes] | None = None
        self._missing = deque(each for each in reversed(log.segments[:-1]) if not self._there(each))
        self._tidy()

    @property
    def behind(self) -> bool:
        """There is something in the log that is not in here yet."""
        return bool(self._missing) or self._reading is not None or self._next != self._log.position

    def feed(self, before: int, keys: Array, positions: Array) -> None:
        """Pairs of what was logged just now, after everything before position `before`; taken when nothing else is missing."""
        if self._next == before and self._reading is None:
            self._part_of(self._log.segments[-1].first).add(keys, positions)
            self._next, self._after = self._log.position, None

    def work(self, seconds: float) -> bool:
        """Read what is missing, for about so long; True when there is more."""
        until = time.perf_counter() + seconds
        while self.behind and time.perf_counter() < until:
            if self._reading is None:
                tail = self._next != self._log.position
                self._reading = self._read_tail() if tail else self._read(self._missing.popleft())
            if next(self._reading, self) is self:
                self._reading = None
        return self.behind

    def positions(self, key: int) -> Iterator[int]:
        """Where a key occurs, newest first; `behind` must be False."""
        for segment in reversed(self._log.segments):
            part = self._open.get(segment.first)
            yield from reversed((part.of(key) if part is not None else self._lookup(segment, key)).tolist())

    def forget(self, first: int) -> None:
        """The segments before the one that begins at `first` are gone from the log, and from here."""
        for known in (self._open, self._mapped):
            for gone in [each for each in known if each < first]:
                known.pop(gone, None)
        for path in self._folder.iterdir():
            if path.stem.isdigit() and int(path.stem) < first:
                path.unlink(missing_ok=True)

    def close(self) -> None:
        """Wait for what is being written."""
        for thread in list(self._sealing.values()):
            thread.join()

    def _part_of(self, first: int) -> _Pairs:
        """The pairs of the segment that is being written; older ones are sealed."""
        if first not in self._open:
            for old in self._log.segments:
                if old.first < first and old.first in self._open and old.first not in self._sealing:
                    self._seal(old)
            self._open[first] = _Pairs()
        return self._open[first]

    def _read_tail(self) -> Iterator[None]:
        """Frames from where we are to what is the end of the log now."""
        frames = self._log.frames(self._next) if self._after is None else self._log.frames_after(*self._after)
        for frame in frames:
            self._after = frame.after, frame.header.chain
            if frame.header.next > self._next:
                self._add(self._part_of(frame.after[0]), frame)
                self._next = frame.header.next
            yield

    def _read(self, segment: Segment) -> Iterator[None]:
        """A closed segment whose file is missing."""
        if segment in self._log.segments:
            part = _Pairs()
            for frame in self._frames_of(segment):
                self._add(part, frame)
                yield
            self._open[segment.first] = part
            self._seal(segment)

    def _frames_of(self, segment: Segment) -> Iterator[Frame]:
        for frame in self._log.frames(segment.first):
            if frame.after[0] != segment.first:
                return
            yield frame

    def _add(self, part: _Pairs, frame: Frame) -> None:
        kind = frame.header.kind
        if kind == EVENTS:
            note = noted(frame.payload, self._tenant)
            batch = note.batch
            part.add(*self._keys_of(note.policy).of_events(batch.values, batch.nulls, batch.positions, batch.id_code))
        elif kind == LABELS:
            label = noted_labels(frame.payload)
            part.add(*self._keys_of(label.policy).of_values(label.values, label.nulls, label.positions))
        elif kind == LISTS:
            part.add(*self._keys_of("").of_changes(noted_lists(frame.payload).changes, frame.header.first))
        _, resumed = parts_of(frame, self._tenant)
        part.add(*self._keys_of("").of_steps(resumed, frame.header.first))

    def _seal(self, segment: Segment) -> None:
        """Sort and write in a thread; until that is done the pairs stay in memory."""
        part, path = self._open[segment.first], self._path(segment)
        size = segment.file.size()

        def write() -> None:
            try:
                _write(path, segment.first, size, part.sorted())
            except OSError:  # it is made again when it is asked for
                return
            self._open.pop(segment.first, None)

        thread = threading.Thread(target=write, name="zhiyu-index", daemon=True)
        self._sealing = {first: each for first, each in self._sealing.items() if each.is_alive()}
        self._sealing[segment.first] = thread
        thread.start()

    def _lookup(self, segment: Segment, key: int) -> Array:
        pairs = self._mapped.get(segment.first)
        if pairs is None:
            pairs = self._mapped[segment.first] = self._load(segment)
        low, high = np.searchsorted(pairs[0], key, "left"), np.searchsorted(pairs[0], key, "right")
        found: Array = np.unique(pairs[1, low:high])
        return found

    def _load(self, segment: Segment) -> Array:
        """The pairs of a closed segment, mapped; made again from the log when the file is not what was written."""
        try:
            found = _read_file(self._path(segment), segment.first, segment.file.size())
        except (OSError, ValueError):
            found = None
        if found is not None:
            return found
        part = _Pairs()
        for frame in self._frames_of(segment):
            self._add(part, frame)
        pairs = part.sorted()
        self._open[segment.first] = part
        self._seal(segment)
        return pairs

    def _path(self, segment: Segment) -> Path:
        return self._folder / f"{segment.first:020d}.entities"

    def _there(self, segment: Segment) -> bool:
        try:
            with self._path(segment).open("rb") as file:
                magic, first, size, _, _ = _HEADER.unpack(file.read(_HEADER.size))
        except (OSError, struct.error):
            return False
        return (magic, first, size) == (_MAGIC, segment.first, segment.file.size())

    def _tidy(self) -> None:
        """Files of segments that are gone, and unfinished ones, are removed."""
        kept = {self._path(each).name for each in self._log.segments[:-1]}
        for path in self._folder.iterdir():
            if path.name not in kept:
                path.unlink(missing_ok=True)


def _write(path: Path, first: int, size: int, pairs: Array) -> None:
    content = np.ascontiguousarray(pairs, "<i8")
    digest = blake2b(content.data, digest_size=32).digest()
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(_HEADER.pack(_MAGIC, first, size, pairs.shape[1], digest))
        file.write(content.data)
    os.replace(part, path)


def _read_file(path: Path, first: int, size: int) -> Array | None:
    with path.open("rb") as file:
        magic, own, own_size, n, digest = _HEADER.unpack(file.read(_HEADER.size))
    if (magic, own, own_size) != (_MAGIC, first, size) or path.stat().st_size != _HEADER.size + 16 * n:
        return None
    if not n:
        return np.zeros((2, 0), np.int64)
    mapped: Any = np.memmap(path, "<i8", "r", _HEADER.size, (2, n))
    return mapped if blake2b(mapped.data, digest_size=32).digest() == digest else None
