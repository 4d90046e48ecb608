"""The state arena: arrays that grow without moving, and one snapshot format for all of them.

In: a name, a dtype, a shape that is an upper bound. Out: zero-filled NumPy arrays over reserved address space; a page costs memory
only once it is written, so growth is a write, never a copy, and a kernel may grow its own tables.
Why: doubling by copy stalls a server for seconds at 20 M events and needs the memory twice.
"""

from __future__ import annotations

import hashlib
import json
import mmap
import os
import struct
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from zhiyu.base.errors import InputError, LimitExceeded

Extents = dict[str, list[tuple[int, int]]]
Placed = Callable[[Extents, dict[str, Any]], Extents]
_NONSENSE = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)
"""What reading a header raises that is not what was written."""
_MAGIC = b"ZHIYU-STATE-3\n"
_PIECE = 16 << 20
"""Bytes that are read, and checked in another thread, at once."""
_HUGE = 2 << 20
_COLLAPSE = 25
"""MADV_COLLAPSE (Linux 6.1): make huge pages of these pages now."""
_NORESERVE = 0x4000 if os.uname().sysname == "Linux" else 0


def memory_limit_bytes() -> int:
    """How much state may grow to: ZHIYU_STATE_BYTES, or 70 % of the machine's memory."""
    given = os.environ.get("ZHIYU_STATE_BYTES")
    return int(given) if given else int(0.7 * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))


class Arena:
    """Named arrays over reserved address space.

    >>> arena = Arena()
    >>> int(arena.array("counts", "int64", (4,)).sum())
    0
    """

    def __init__(self) -> None:
        self.arrays: dict[str, np.ndarray[Any, Any]] = {}
        self._maps: dict[str, mmap.mmap] = {}

    def array(self, name: str, dtype: DTypeLike, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
        """Reserve a zero-filled array, cache-line aligned. LimitExceeded when the system grants no address space."""
        size = max(int(np.prod(shape)) * np.dtype(dtype).itemsize, mmap.PAGESIZE)
        try:
            region = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | _NORESERVE)
        except OSError as refused:
            raise LimitExceeded(
                f"the system would not reserve {size >> 20} MiB of address space for '{name}' ({refused}); "
                "lower ZHIYU_STATE_BYTES or lift the address-space limit",
                f"系统无法为 '{name}' 预留 {size >> 20} MiB 地址空间（{refused}）；请调低 ZHIYU_STATE_BYTES 或放宽地址空间限制",
            ) from None
        if hasattr(mmap, "MADV_HUGEPAGE") and size >= 1 << 22:
            with suppress(OSError):  # a kernel without huge pages: slower, not wrong
                region.madvise(mmap.MADV_HUGEPAGE)
        self._maps[name] = region
        self.arrays[name] = np.frombuffer(region, dtype=dtype, count=int(np.prod(shape))).reshape(shape)
        return self.arrays[name]

    def release(self, name: str, start: int, stop: int) -> None:
        """Give the whole pages inside flat items [start, stop) back to the system; they read as zero again."""
        item = self.arrays[name].itemsize
        page = mmap.PAGESIZE
        low = -(-start * item // page) * page
        high = stop * item // page * page
        if high > low and hasattr(mmap, "MADV_DONTNEED"):
            self._maps[name].madvise(mmap.MADV_DONTNEED, low, high - low)

    def heal(self, extents: Extents) -> Iterator[None]:
        """Make huge pages again of the used extents, 2 MiB a step: after a fork, pages that were written to are small ones, and the next
        fork would take ten times as long. Steps that the system refuses do nothing."""
        for name, ranges in extents.items():
            item, region = self.arrays[name].itemsize, self._maps[name]
            before = -self.arrays[name].ctypes.data % _HUGE  # a huge page begins at a multiple of its size
            for start, stop in ranges:
                first = max(start * item - before, 0) // _HUGE * _HUGE + before
                for at in range(first, min(stop * item, len(region) - _HUGE), _HUGE):
                    with suppress(OSError):
                        region.madvise(_COLLAPSE, at, _HUGE)
                    yield

    def snapshot(self, path: Path, extents: Extents, facts: dict[str, Any]) -> int:
        """Write the used extents (flat item ranges by array name) and `facts` (JSON) to `path`, atomically. Returns bytes written."""
        header = json.dumps({"extents": extents, "facts": facts}, sort_keys=True).encode()
        part = path.with_suffix(path.suffix + ".part")
        digest = hashlib.sha256()
        with part.open("wb") as out:

            def put(data: Any) -> None:
                digest.update(data)
                out.write(data)

            put(_MAGIC + struct.pack("<Q", len(header)) + header)
            for name, ranges in sorted(extents.items()):
                flat = self.arrays[name].reshape(-1)
                for start, stop in ranges:
                    put(flat[start:stop].data.cast("B"))
            out.write(digest.digest())
            out.flush()
            os.fsync(out.fileno())
            written = out.tell()
        part.replace(path)
        return written

    @staticmethod
    def facts(path: Path) -> dict[str, Any]:
        """The facts of a snapshot alone; nothing of it is checked. InputError when it is none."""
        with path.open("rb") as source:
            head = source.read(len(_MAGIC) + 8)
            if len(head) < len(_MAGIC) + 8 or not head.startswith(_MAGIC):
                raise InputError(f"{path} is not a state snapshot", f"{path} 不是状态快照")
            length = struct.unpack("<Q", head[-8:])[0]
            if length > path.stat().st_size:
                raise _damaged(path)
            try:
                facts: dict[str, Any] = json.loads(source.read(length))["facts"]
            except _NONSENSE:
                raise _damaged(path) from None
        return facts

    def restore(self, path: Path, placed: Placed | None = None) -> dict[str, Any]:
        """Read a snapshot into the (freshly reserved) arrays and return its facts; InputError when it is damaged or does not fit.

        `placed(extents, facts)` says where the stored extents belong in these arrays, when that is elsewhere. What the header says is
        believed only once the digest over everything was found right.
        """
        try:
            return self._restore(path, placed)
        except _NONSENSE:
            raise _damaged(path) from None

    def _restore(self, path: Path, placed: Placed | None) -> dict[str, Any]:
        with path.open("rb") as source:
            total = path.stat().st_size
            head = source.read(len(_MAGIC) + 8)
            if len(head) < len(_MAGIC) + 8 or not head.startswith(_MAGIC):
                raise InputError(f"{path} is not a state snapshot", f"{path} 不是状态快照")
            length = struct.unpack("<Q", head[-8:])[0]
            if length > total:
                raise _damaged(path)
            header = source.read(length)
            digest = hashlib.sha256(head + header)
            content = json.loads(header)
            extents = content["extents"] if placed is None else placed(content["extents"], content["facts"])
            with ThreadPoolExecutor(1) as checker:
                self._read_extents(source, extents, lambda view: checker.submit(digest.update, view), path)
            if source.read() != digest.digest():
                raise _damaged(path)
        facts: dict[str, Any] = content["facts"]
        return facts

    def _read_extents(self, source: Any, extents: Extents, check: Callable[[Any], Any], path: Path) -> None:
        for name, ranges in sorted(extents.items()):
            if name not in self.arrays:
                raise InputError(
                    f"{path} holds '{name}', which this policy does not have", f"{path} 含有本策略没有的 '{name}'"
                )
            flat = self.arrays[name].reshape(-1)
            for start, stop in ranges:
                if not 0 <= start <= stop <= flat.size:
                    raise _damaged(path)
                whole = flat[start:stop].data.cast("B")
                for at in range(0, whole.nbytes, _PIECE):
                    view = whole[at : at + _PIECE]
                    if source.readinto(view) != view.nbytes:
                        raise _damaged(path)
                    check(view)


def _damaged(path: Path) -> InputError:
    return InputError(
        f"{path} is damaged (checksum or length does not match); rebuild from the log",
        f"{path} 已损坏（校验失败）；请从日志重建",
    )
