"""The durable log of one tenant: frames in order, in files ("segments") named by their first position.

In: payloads from one writer. Out: frames from any position on; one frame by position. `append` hands bytes to the system, `sync` returns
when everything appended before it is on the disk: answer only then. A frame that a crash left unfinished is cut off on opening: nobody
was told of it. Damage to what was acknowledged is never cut off: opening refuses and says where.
How it tells the two apart: after every sync, and before anybody is answered, the end of what is safe is noted in the file `commit`.
"""

from __future__ import annotations

import struct
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from hashlib import blake2b
from pathlib import Path
from threading import Lock
from typing import Any

import msgspec

from zhiyu.base.errors import InputError
from zhiyu.log.damaged import DiskFull as DiskFull
from zhiyu.log.damaged import LogDamaged as LogDamaged
from zhiyu.log.damaged import damaged
from zhiyu.log.disk import Disk
from zhiyu.log.folder import CARRIED, LOG, held, opened
from zhiyu.log.frames import (
    HEADER_BYTES,
    NO_CHAIN,
    SEGMENT,
    Broken,
    Frame,
    checked,
    follows,
    read_header,
    written,
)
from zhiyu.log.segment import Segment as Segment
from zhiyu.log.whole_file import Changed, read_whole, write_whole

SEGMENT_BYTES = 64 << 20
AHEAD_BYTES = 4 << 20
"""Room that is reserved ahead of the end: a full disk shows before anything is decided."""
COMMIT = "commit"
_MARK = struct.Struct("<qq")


class SegmentLog:
    """Opens or makes the log in `folder`. `now`: wall clock in ms, for the headers only.

    `position`: the next free one; `durable`: everything before it is on the disk; `chain`: of the last frame; `cut_off`: bytes of an
    unfinished frame that opening took away. `facts` are written into the header of every further segment. `reading`: nothing is changed,
    the end stays as it is; InputError when there is no log. Sound while another process writes: what stands before the mark stays.
    """

    def __init__(
        self, folder: Path, tenant: str, disk: Disk, now: Callable[[], int], segment_bytes: int = SEGMENT_BYTES, reading: bool = False
    ) -> None:  # fmt: skip
        self.folder, self.tenant, self.disk = folder, tenant, disk
        self.facts: dict[str, Any] = {}
        self.cut_off = 0
        self._now, self._limit, self._lock, self._reading = now, segment_bytes, Lock(), reading
        disk.make_folder(folder)
        self._commit = disk.open(folder / COMMIT)
        whose = held(disk.names(folder))
        self.segments = opened(disk, folder, whose)
        self._carried: tuple[int, bytes] | None = None
        if not self.segments:
            self._safe_from_nothing()
            self._begin_first()
        else:
            self._open_last()
            if self._last.packed:
                raise damaged(self._last.path, self._last.end, "the segment after it is gone")
        if whose.left and not reading:
            self._remove(whose.left)
        self._reserved = 0
        self.durable = self.position

    @property
    def _last(self) -> Segment:
        return self.segments[-1]

    @property
    def first(self) -> int:
        """The first position that is still kept."""
        return self.segments[0].first

    @property
    def position(self) -> int:
        """The next free position."""
        return self._last.next

    @property
    def now_ms(self) -> int:
        """The wall clock, as headers carry it."""
        return self._now()

    @property
    def chain(self) -> bytes:
        """Chain of the last frame."""
        return self._last.chain

    @property
    def place(self) -> tuple[int, int]:
        """(first position of the last segment, bytes in it): where the next frame will stand."""
        return self._last.first, self._last.end

    def reserve(self, size: int) -> None:
        """Make sure of room for `size` more bytes; DiskFull when there is none. Nothing has changed then."""
        wanted = self._last.end + size + HEADER_BYTES
        if wanted <= self._reserved:
            return
        try:
            self._last.file.reserve(wanted + AHEAD_BYTES)
        except OSError as refused:
            raise DiskFull(
                f"the disk has no room for more events ({refused.strerror}); free some space under {self.folder}",
                f"磁盘空间不足，无法写入更多事件（{refused.strerror}）；请在 {self.folder} 腾出空间",
            ) from None
        self._reserved = wanted + AHEAD_BYTES

    def append(self, kind: int, payload: bytes, records: int, first: int, after: int) -> bytes:
        """Hand one frame to the system; returns its chain. OSError: the log must be opened again before anything else."""
        last = self._last
        if last.end + HEADER_BYTES + len(payload) > self._limit and last.starts:
            last = self._roll()
        data, chain = written(kind, payload, records, first, after, self._now(), last.chain)
        last.file.write(last.end, data)
        last.note(read_header(data), last.end)
        return chain

    def sync(self, beside: Callable[[], Callable[[], None] | None] = lambda: None) -> int:
        """Wait until everything appended so far is on the disk; returns the position up to which that is true. `beside` begins to sync what
        belongs to it elsewhere, while this does; what it returns waits for the end of that."""
        with self._lock:
            last = self._last
            end, position = last.end, last.next
            waits = beside()
            last.file.sync()
            if waits is not None:
                waits()
            self._mark(last.first, end)
        self.durable = position
        return position

    def _mark(self, first: int, end: int) -> None:
        mark = _MARK.pack(first, end)
        self._commit.write(0, mark + blake2b(mark, digest_size=8).digest())

    def _roll(self) -> Segment:
        """Close the last segment and begin another."""
        with self._lock:
            old = self._last
            old.file.cut(old.end)
            old.file.sync()
            return self._begin(old.next, old.chain)

    def _begin(self, first: int, chain: bytes) -> Segment:
        path = self._named(first, LOG)
        segment = Segment(path, first, self.disk.open(path), chain, self.facts)
        payload = msgspec.json.encode({"tenant": self.tenant, "chain": chain.hex(), "facts": self.facts})
        data, _ = written(SEGMENT, payload, 0, first, first, self._now(), chain)
        segment.file.cut(0)
        segment.file.write(0, data)
        segment.file.sync()
        self.disk.sync_folder(self.folder)
        segment.note(read_header(data), 0)
        self.segments.append(segment)
        self._reserved = 0
        self._mark(first, segment.end)
        return segment

    def _safe_from_nothing(self) -> None:
        if self._safe_end() is not None:
            raise LogDamaged(
                f"the segments of the log in {self.folder} are gone, only their mark is left; restore them from a copy",
                f"{self.folder} 中的日志段已丢失，仅剩标记；请从备份恢复",
            )

    def _safe_end(self) -> tuple[int, int] | None:
        """(first position of the segment, offset) up to which everything was safe at the last sync; None when no mark is readable."""
        mark = self._commit.read(0, _MARK.size + 8)
        if len(mark) < _MARK.size + 8 or blake2b(mark[: _MARK.size], digest_size=8).digest() != mark[_MARK.size :]:
            return None
        first, end = _MARK.unpack_from(mark)
        return first, end

    def _open_last(self) -> None:
        safe = self._safe_end()
        if safe is not None and safe[0] > self._last.first:
            raise damaged(self._named(safe[0], LOG), 0, "the segment is gone")
        kept = safe[1] if safe is not None and safe[0] == self._last.first else 0
        segment = self._last
        try:
            for frame, offset in self._read(segment, 0):
                segment.note(frame.header, offset)
        except Broken as broken:
            if segment.end < kept:
                raise damaged(segment.path, segment.end, str(broken)) from None
            left = segment.file.read(segment.end, segment.file.size() - segment.end).rstrip(b"\0")
            self.cut_off = len(left)
        if segment.end < kept:
            raise damaged(segment.path, segment.end, "the file ends too early")
        if not segment.end:
            self._drop_unbegun()
            return
        self.facts = segment.facts
        if not self._reading:
            segment.file.cut(segment.end)
            segment.file.sync()
            self._mark(segment.first, segment.end)

    def _drop_unbegun(self) -> None:
        """A crash came while the last segment was begun: nothing was written to it."""
        unbegun = self.segments.pop()
        unbegun.file.close()
        if not self._reading:
            self.disk.remove(unbegun.path)
        if self.segments:
            self._open_last()
        else:
            self._begin_first()

    def _begin_first(self) -> None:
        if self._reading:
            raise InputError(f"there is no log in {self.folder}", f"{self.folder} 中没有日志")
        self._begin(0, NO_CHAIN)

    def _read(self, segment: Segment, offset: int, chain: bytes | None = None) -> Iterator[tuple[Frame, int]]:
        """Frames of a segment with their places; Broken at the first place where none is. `chain`: of the frame before `offset`."""
        file, size = segment.file, segment.file.size()
        buffer, at = b"", offset
        while offset < size:
            if len(buffer) - (offset - at) < HEADER_BYTES:
                buffer, at = file.read(offset, 1 << 20), offset
            fields = buffer[offset - at : offset - at + HEADER_BYTES]
            header = read_header(fields)
            if len(buffer) - (offset - at) < header.whole:
                buffer, at = file.read(offset, max(header.whole, 1 << 20)), offset
            start = offset - at + HEADER_BYTES
            frame = checked(header, fields, buffer[start : start + header.size], (segment.first, offset + header.whole))
            if offset == 0:
                chain = self._take_header(segment, frame)
            if chain is not None and not follows(header, chain):
                raise Broken("the chain does not match")
            yield frame, offset
            chain = header.chain
            offset += header.whole

    def _take_header(self, segment: Segment, frame: Frame) -> bytes:
        try:
            content = msgspec.json.decode(frame.payload)
            segment.chain_before, segment.facts = bytes.fromhex(content["chain"]), content["facts"]
            tenant = content["tenant"]
        except (msgspec.DecodeError, KeyError, TypeError, ValueError):
            raise Broken("the header of the segment cannot be read") from None
        if tenant != self.tenant:
            raise LogDamaged(
                f"{segment.path} belongs to tenant '{tenant}', not to '{self.tenant}'",
                f"{segment.path} 属于租户“{tenant}”，而非“{self.tenant}”",
            )
        return segment.chain_before

    def frames(self, position: int = 0) -> Iterator[Frame]:
        """Every frame from `position` on, in order, checked; LogDamaged where one is not what was written.

        A frame without records stands before its position: those at `position` itself come too.
        """
        number = max(bisect_right([s.first for s in self.segments], position) - 1, 0)
        for frame in self._from(number, 0, None):
            if frame.header.kind != SEGMENT and frame.header.next > position - (not frame.header.records):
                yield frame

    def frames_after(self, place: tuple[int, int], chain: bytes) -> Iterator[Frame]:
        """Every frame from a `place` on, when the frame before it has this chain; LogDamaged otherwise."""
        first, offset = place
        numbers = [number for number, segment in enumerate(self.segments) if segment.first == first]
        if not numbers or (numbers[0] == len(self.segments) - 1 and self._last.end < offset):
            raise damaged(self._named(first, LOG), offset, "the log ends before the snapshot")
        if self.place == place and self.chain != chain:
            raise damaged(self._last.path, offset, "the chain does not match")
        return (frame for frame in self._from(numbers[0], offset, chain) if frame.header.kind != SEGMENT)

    def _from(self, number: int, offset: int, chain: bytes | None) -> Iterator[Frame]:
        """Frames of all kinds from a place on."""
        after = -1
        for segment in list(self.segments[number:]):
            end, last = segment.end, segment is self._last
            if after not in (-1, segment.first):
                raise damaged(segment.path, 0, f"the segment that begins at position {after} is missing")
            try:
                for frame, at in self._read(segment, offset, chain):
                    if last and at >= end:
                        break
                    if chain is not None and not at and segment.chain_before != chain:
                        raise Broken("it does not follow the segment before")
                    after, chain = frame.header.next, frame.header.chain
                    yield frame
                    offset = at + frame.header.whole
            except Broken as broken:
                if last and offset >= end:  # room that was reserved and not yet written
                    break
                raise damaged(segment.path, offset, str(broken)) from None
            offset = 0

    def frame_at(self, position: int) -> Frame | None:
        """The frame that holds `position`; None when no frame does (any more)."""
        number = bisect_right([s.first for s in self.segments], position) - 1
        if number < 0:
            return None
        segment = self.segments[number]
        self._learn(segment)
        at = bisect_right(segment.starts, position) - 1
        if at < 0:
            return None
        frame = self._at(segment, segment.offsets[at])
        return frame if frame.header.first <= position < frame.header.next else None

    def frames_before(self, position: int) -> Iterator[Frame]:
        """Frames with records that begin before `position`, the newest first."""
        for segment in reversed(list(self.segments)):
            if segment.first < position:
                self._learn(segment)
                for number in reversed(range(bisect_left(segment.starts, position))):
                    yield self._at(segment, segment.offsets[number])

    def _at(self, segment: Segment, offset: int) -> Frame:
        try:
            fields = segment.file.read(offset, HEADER_BYTES)
            header = read_header(fields)
            return checked(header, fields, segment.file.read(offset + HEADER_BYTES, header.size))
        except Broken as broken:
            raise damaged(segment.path, offset, str(broken)) from None

    def frame_from(self, position: int) -> Frame | None:
        """The first frame with records that ends past `position`; None when there is none (yet)."""
        if position >= self.position:
            return None
        number = max(bisect_right([s.first for s in self.segments], position) - 1, 0)
        for segment in self.segments[number:]:
            self._learn(segment)
            at = max(bisect_right(segment.starts, position) - 1, 0)
            for start in segment.starts[at : at + 2]:
                frame = self.frame_at(start)
                if frame is not None and frame.header.next > position:
                    return frame
        return None

    def _learn(self, segment: Segment) -> None:
        """Find the places of the frames of a segment that was closed before this process began."""
        if segment.end:
            return
        size = segment.file.size()
        try:
            while segment.end < size:
                segment.note(read_header(segment.file.read(segment.end, HEADER_BYTES)), segment.end)
        except Broken as broken:
            raise damaged(segment.path, segment.end, str(broken)) from None

    def begun_ms(self, segment: Segment) -> int:
        """The wall clock when a segment was begun; its `facts` are known afterwards."""
        if not segment.begun_ms:
            try:
                frame, _ = next(self._read(segment, 0))
            except (Broken, StopIteration) as broken:
                raise damaged(segment.path, 0, str(broken)) from None
            segment.begun_ms = frame.header.written_ms
        return segment.begun_ms

    def bytes_kept(self) -> int:
        """Bytes of all segments on the disk, without the room that is reserved."""
        return sum(segment.stored() for segment in self.segments[:-1]) + self._last.end

    def bytes_unpacked(self) -> int:
        """Bytes of all frames that are kept, as they were written."""
        return sum(segment.file.size() for segment in self.segments[:-1]) + self._last.end

    def forget(self, first: int, carried: bytes) -> Callable[[], None]:
        """Let go of the segments before the one that begins at `first`; `carried`: what must outlive them, for `carried`.

        Returns what takes them off the disk, to be called in another thread: what was carried over is on the disk before the first of them
        is gone, and from then on counts; a crash before leaves everything where it is.
        """
        gone = [segment for segment in self.segments[:-1] if segment.first < first]
        before, self._carried = self.first, (first, carried)
        self.segments = self.segments[len(gone) :]  # whoever is reading one keeps it open, also when its name is gone

        def remove() -> None:
            write_whole(self.disk, self._named(first, CARRIED), carried)
            old = self._named(before, CARRIED)
            there = [old.name] if old.name in self.disk.names(self.folder) else []
            self._remove([segment.path.name for segment in gone] + there)

        return remove

    def carried(self) -> bytes | None:
        """What was carried over from before the first segment; None when nothing is gone, or nothing was carried over then."""
        if self._carried is not None:
            return self._carried[1]
        path = self._named(self.first, CARRIED)
        if not self.first or path.name not in self.disk.names(self.folder):
            return None
        try:
            return read_whole(self.disk, path)
        except Changed:
            raise damaged(path, 0, "the checksum does not match") from None

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            self.disk.remove(self.folder / name)
            self.disk.sync_folder(self.folder)

    def _named(self, first: int, kind: str) -> Path:
        return self.folder / f"{first:020d}{kind}"

    def close(self) -> None:
        """Give back what was reserved and close all files."""
        if not self._reading:
            self._last.file.cut(self._last.end)
        for segment in self.segments:
            segment.file.close()
        self._commit.close()
