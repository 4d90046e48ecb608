"""Packed segments: a segment that is closed, compressed block by block, readable at any offset as if it were not.

In: a closed segment's file. Out: a file with the same bytes, smaller. `PackedFile` reads it like any other file of the disk, so whoever
reads frames need not know. Blocks are compressed one by one: a frame is found by unpacking the block it stands in, not all before it.
Frames carry their own digests and chain; what the table adds is where blocks are, and a checksum of each, so that damage has a place.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from hashlib import blake2b
from itertools import accumulate

import pyarrow as pa

from zhiyu.log.disk import DiskFile
from zhiyu.log.frames import Broken

PACKED = ".packed"
BLOCK_BYTES = 256 << 10
LEVEL = 3
_MAGIC = b"ZYPK\0\0\0\1"
_HEAD = struct.Struct("<8sqqq16s")  # magic, bytes unpacked, bytes of a block, blocks, digest of the table
_ENTRY = struct.Struct("<II")  # packed bytes, checksum of the packed bytes
_AT_HAND = 8


class Unpacked:
    """Blocks that were unpacked lately, of all files of a log: readers go forward, or stay near."""

    def __init__(self) -> None:
        self._blocks: tuple[tuple[object, int, bytes], ...] = ()

    def find(self, file: object, number: int) -> bytes | None:
        """A block, when it is at hand."""
        return next((block for own, at, block in self._blocks if own is file and at == number), None)

    def keep(self, file: object, number: int, block: bytes) -> None:
        """Have a block at hand in place of the oldest one; several threads may do so."""
        self._blocks = ((file, number, block), *self._blocks[: _AT_HAND - 1])


class PackedFile:
    """One packed file, opened for reading: Broken where what is read is not what was written. Whatever would change it raises OSError."""

    def __init__(self, file: DiskFile, unpacked: Unpacked | None = None) -> None:
        self._file = file
        self._at_hand = unpacked or Unpacked()
        self._problem = ""
        try:
            self._size, self._block, self._entries = _table(file)
        except (
            Broken
        ) as broken:  # told when it is read: damage of an old segment must not keep the others from being read
            self._size, self._block, self._entries, self._problem = max(file.size(), 1), 1, [], str(broken)
        sizes = [size for size, _ in self._entries]
        self._starts = list(accumulate(sizes, initial=_HEAD.size + _ENTRY.size * len(sizes)))

    def size(self) -> int:
        """Bytes unpacked."""
        return self._size

    def stored(self) -> int:
        """Bytes on the disk."""
        return self._file.size()

    def read(self, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`. Broken where a block is not what was written."""
        if self._problem:
            raise Broken(self._problem)
        stop = min(offset + size, self._size)
        if offset >= stop:
            return b""
        first, last = offset // self._block, (stop - 1) // self._block
        start = offset - first * self._block
        if first == last:
            return self._unpacked(first)[start : start + stop - offset]
        return b"".join(map(self._unpacked, range(first, last + 1)))[start : start + stop - offset]

    def _unpacked(self, number: int) -> bytes:
        found = self._at_hand.find(self, number)
        if found is not None:
            return found
        size, checksum = self._entries[number]
        packed = self._file.read(self._starts[number], size)
        if len(packed) < size or zlib.crc32(packed) != checksum:
            raise Broken(f"block {number} of the packed file is not what was written")
        whole = min(self._block, self._size - number * self._block)
        found = _codec().decompress(packed, whole, asbytes=True)
        self._at_hand.keep(self, number, found)
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()

    def write(self, offset: int, data: bytes) -> None:
        """Refused."""
        raise _only_reading()

    def reserve(self, size: int) -> None:
        """Refused."""
        raise _only_reading()

    def cut(self, size: int) -> None:
        """Refused."""
        raise _only_reading()

    def sync(self) -> None:
        """Refused."""
        raise _only_reading()


def pack(source: DiskFile, target: DiskFile, block: int = BLOCK_BYTES, level: int = LEVEL) -> Iterator[int]:
    """Write `source` packed into the empty `target`, a block a step, and sync it; yields the bytes done so far."""
    size = source.size()
    count = -(-size // block)
    at, entries, codec = _HEAD.size + _ENTRY.size * count, [], _codec(level)
    for number in range(count):
        packed = codec.compress(source.read(number * block, block), asbytes=True)
        target.write(at, packed)
        at += len(packed)
        entries.append(_ENTRY.pack(len(packed), zlib.crc32(packed)))
        yield min((number + 1) * block, size)
    table = b"".join(entries)
    head = _HEAD.pack(_MAGIC, size, block, count, _digest(size, block, table))
    target.write(0, head + table)
    target.cut(at)
    target.sync()


def same(source: DiskFile, packed: PackedFile) -> bool:
    """Whether a packed file reads as the file it was made from."""
    size, step = source.size(), 1 << 20
    return size == packed.size() and all(source.read(at, step) == packed.read(at, step) for at in range(0, size, step))


def _table(file: DiskFile) -> tuple[int, int, list[tuple[int, int]]]:
    head = file.read(0, _HEAD.size)
    if len(head) < _HEAD.size:
        raise Broken("the packed file has no head")
    magic, size, block, count, digest = _HEAD.unpack(head)
    if magic != _MAGIC or not (
        0 <= count * _ENTRY.size <= file.size() and size >= 0 and block > 0 and count == -(-size // block)
    ):
        raise Broken("this is no packed file")
    table = file.read(_HEAD.size, count * _ENTRY.size)
    if len(table) < count * _ENTRY.size or _digest(size, block, table) != digest:
        raise Broken("the table of the packed file is not what was written")
    return size, block, list(_ENTRY.iter_unpack(table))


def _digest(size: int, block: int, table: bytes) -> bytes:
    return blake2b(struct.pack("<qq", size, block) + table, digest_size=16).digest()


def _codec(level: int = LEVEL) -> pa.Codec:
    return pa.Codec("zstd", compression_level=level)


def _only_reading() -> OSError:
    return OSError("a packed file is not written to")
