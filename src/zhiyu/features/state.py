"""All we have counted so far: the kernel's arrays, fed block by block; size, snapshot and restore.

In: a plan; blocks of the register file with times. Out: feature registers. The state is a function of the rows fed, in order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.arena import Arena, Extents, memory_limit_bytes
from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.base.jit import Array
from zhiyu.entities.slots import BITS, FIRST_BITS, INDEX_LIMIT, LIVE, ROW_WORDS, SLOT_LIMIT, USED
from zhiyu.features import layout as at
from zhiyu.features.heap import CLASSES, FREE0, HEAP_TOP, HEAP_WORDS, WORDS, fill_capacities
from zhiyu.features.kernel import LATE_INSERTS, LOST, MEMORY_FULL, OK, RECLAIMED, feed
from zhiyu.features.plan import Plan

MAX_BLOCK = 64
MAX_SLOTS = 1 << 27
BLOCKS_PER_CHECK = 64
"""The memory of all is looked at after so many blocks, and whenever a table has grown."""


class FeatureState:
    """Runs of every key of every table of a plan. `beside`: bytes that others take of the same limit.

    `bind` names the register file; `feed` takes up to 64 of its rows, with `times` and `nows` int64[B] ms since 1970. After each block
    `marks` uint8[64] is 1 for its rows whose answers miss entries that a key has lost (`loss`), 0 for the others.
    """

    def __init__(self, plan: Plan, limit_bytes: int | None = None) -> None:
        self.plan = plan
        self.limit_bytes = limit_bytes or memory_limit_bytes()
        self.arena = Arena()
        tables = max(len(plan.tables), 1)
        slots = min(MAX_SLOTS, 1 << max(int(self.limit_bytes // 64).bit_length() - 1, FIRST_BITS))
        self.rows = self.arena.array("rows", np.int64, (tables, slots, ROW_WORDS))
        self.index = self.arena.array("index", np.int64, (tables, 4 * slots))
        self.heap = self.arena.array("heap", np.int64, (self.limit_bytes // 8,))
        self.head = np.zeros((tables, at.HEADER_WORDS), np.int64)
        self.head[:, BITS] = FIRST_BITS
        self.heap_head = np.zeros(FREE0 + CLASSES, np.int64)
        self.heap_head[HEAP_TOP] = 8
        self.heap_head[HEAP_WORDS] = self.heap.shape[0]
        self.head[:, SLOT_LIMIT], self.head[:, INDEX_LIMIT] = slots, 4 * slots
        self.counters = np.zeros(8, np.int64)
        self.marks = np.zeros(MAX_BLOCK, np.uint8)
        self.marks_address = int(self.marks.ctypes.data)
        self.epoch_ms: int | None = None
        self._bound: tuple[Array | None, Array | None] = (None, None)
        self.events = self._blocks = 0
        self.beside: Callable[[], int] = lambda: 0
        self._scratch(tables)

    def _scratch(self, tables: int) -> None:
        self._keys = np.zeros(2 * tables * MAX_BLOCK, np.int64)
        self._slots = np.zeros(tables * MAX_BLOCK, np.int64)
        self._capacities = np.zeros(tables * CLASSES, np.int64)
        self._lows = np.zeros(self.plan.max_windows, np.int64)
        self._bits = self.head[:, BITS].copy()
        self.context = self._context()
        self.context_address = int(self.context.ctypes.data)

    def _context(self) -> Array:
        plan, x = self.plan, np.zeros(at.CONTEXT_WORDS, np.int64)
        held = {
            at.X_ROWS: self.rows, at.X_INDEX: self.index, at.X_HEAD: self.head, at.X_HEAP: self.heap, at.X_HEAP_HEAD: self.heap_head,
            at.X_CAPACITIES: self._capacities, at.X_WORDS: WORDS, at.X_TABLES: plan.tables, at.X_LANES: plan.lanes, at.X_CELLS: plan.cells,
            at.X_SCALES: plan.scales, at.X_WINDOWS: plan.windows, at.X_COLUMNS: plan.columns, at.X_KEYS: self._keys,
            at.X_SLOTS: self._slots, at.X_LOWS: self._lows, at.X_COUNTERS: self.counters,
            at.X_MARKS: self.marks,
        }  # fmt: skip
        for word, array in held.items():
            x[word] = array.ctypes.data
        x[at.X_TABLE_COUNT] = len(plan.tables)
        x[at.X_ROW_STRIDE] = self.rows.shape[1] * ROW_WORDS
        x[at.X_INDEX_STRIDE] = self.index.shape[1]
        x[at.X_HORIZON] = plan.horizon_ms
        fill_capacities(x)
        return x

    def replan(self, plan: Plan) -> None:
        """Go on under another plan that counts the same in the same order; only the register numbers may differ."""
        if (plan.tables.shape, plan.lanes.shape, plan.cells.shape) != (
            self.plan.tables.shape, self.plan.lanes.shape, self.plan.cells.shape,
        ):  # fmt: skip
            raise ValueError("the plans count different things")
        self.plan, self._bound = plan, (None, None)
        self._scratch(max(len(plan.tables), 1))

    def bind(self, values: Array, nulls: Array) -> None:
        """Use this register file from now on: `values` int64[R, B], `nulls` uint8[R, B], both C-contiguous, B ≤ 64."""
        if values is self._bound[0] and nulls is self._bound[1]:
            return
        self._bound = (values, nulls)
        self.context[at.X_VALUES] = values.ctypes.data
        self.context[at.X_NULLS] = nulls.ctypes.data
        self.context[at.X_WIDTH] = values.shape[1]

    def feed(self, times: Array, nows: Array, asks: Array, count: int) -> None:
        """Rows [0, count ≤ B) of the bound register file, in order; features are written for the rows that ask (uint8[B])."""
        if not count or not len(self.plan.tables):
            return
        if self.epoch_ms is None:
            self.epoch_ms = int(times[0])
        status = feed(self.context, times - self.epoch_ms, nows - self.epoch_ms, asks, count)
        self.after_block(status, count)

    def after_block(self, status: int, count: int) -> None:
        """Account for a block: raise when memory is full, give back outgrown index space."""
        if status != OK:
            self._refuse(status)
        self.events += count
        if count == 1 and self.events & 63:
            return  # outgrown index space is given back every now and then
        self._blocks += 1
        grown = self._bits.tobytes() != self.head[:, BITS].tobytes()
        if grown:
            for table, (before, after) in enumerate(zip(self._bits, self.head[:, BITS])):
                for bits in range(before, after):
                    start = table * self.index.shape[1]
                    self.arena.release("index", start + (1 << bits), start + (2 << bits))
            self._bits = self.head[:, BITS].copy()
        if (grown or not self._blocks % BLOCKS_PER_CHECK) and self.bytes_used() + self.beside() > self.limit_bytes:
            self._refuse(MEMORY_FULL)

    def _refuse(self, status: int) -> None:
        what, zh = ("state memory", "状态内存") if status == MEMORY_FULL else ("number of keys", "键的数量")
        keys, limit, own, others = (
            int(self.head[:, LIVE].sum()), self.limit_bytes >> 20, self.bytes_used() >> 20, self.beside() >> 20,
        )  # fmt: skip
        raise LimitExceeded(
            f"{what} is at its limit ({limit} MiB; {keys} keys take {own}, ids and network {others}); "
            "raise ZHIYU_STATE_BYTES, or shorten windows",
            f"{zh}已达上限（{limit} MiB；{keys} 个键占 {own}，编号与关系网络占 {others}）；请调高 ZHIYU_STATE_BYTES 或缩短窗口",
        )

    def bytes_used(self) -> int:
        """Bytes of all tables in use: rows, indexes, runs."""
        rows = int(self.head[:, USED].sum()) * ROW_WORDS * 8
        index = sum(8 << int(bits) for bits in self.head[:, BITS])
        return rows + index + int(self.heap_head[HEAP_TOP]) * 8

    def facts(self) -> dict[str, int]:
        """Counts for reports: live keys, reclaimed keys, entries pushed out by the per-key limit, late inserts, bytes."""
        return {
            "keys": int(self.head[:, LIVE].sum()),
            "reclaimed_keys": int(self.counters[RECLAIMED]),
            "lost_entries": int(self.counters[LOST]),
            "late_inserts": int(self.counters[LATE_INSERTS]),
            "bytes": self.bytes_used(),
        }

    def snapshot(self, path: Path, facts: dict[str, Any]) -> int:
        """Write the whole state and `facts` to one file; returns its size in bytes."""
        width, line = self.index.shape[1], self.rows.shape[1] * ROW_WORDS
        extents = self._used()
        small = {"head": self.head, "heap_head": self.heap_head, "counters": self.counters}
        own: dict[str, Any] = {name: array.ravel().tolist() for name, array in small.items()}
        own |= {"epoch_ms": self.epoch_ms, "events": self.events, "tables": self.plan.tables.ravel().tolist(),
                "lanes": self.plan.lanes.ravel().tolist(), "shape": [width, line]}  # fmt: skip
        return self.arena.snapshot(path, extents, {"features": own, "facts": facts})

    def _used(self) -> Extents:
        width, line = self.index.shape[1], self.rows.shape[1] * ROW_WORDS
        return {
            "rows": [(t * line, t * line + int(used) * ROW_WORDS) for t, used in enumerate(self.head[:, USED])],
            "index": [(t * width + (1 << int(b)), t * width + (2 << int(b))) for t, b in enumerate(self.head[:, BITS])],
            "heap": [(0, int(self.heap_head[HEAP_TOP]))],
        }

    def heal(self) -> Iterator[None]:
        """Step by step, make huge pages again of memory that a fork has cut up."""
        return self.arena.heal(self._used())

    def restore(self, path: Path) -> dict[str, Any]:
        """Read a snapshot taken with the same plan into this (fresh) state; returns its facts. It may come from a machine with another
        memory limit: LimitExceeded when it does not fit into ours."""
        if self.events:
            raise InputError("restore needs a fresh state", "恢复快照需要全新的状态")
        content = self.arena.restore(path, self._placed)
        own = content["features"]
        same = own["tables"] == self.plan.tables.ravel().tolist() and own["lanes"] == self.plan.lanes.ravel().tolist()
        if not same:
            raise InputError(f"{path} was taken with another policy", f"{path} 来自另一策略")
        limits = self.head[:, SLOT_LIMIT].copy(), self.head[:, INDEX_LIMIT].copy(), int(self.heap_head[HEAP_WORDS])
        self.head[:] = np.array(own["head"], np.int64).reshape(self.head.shape)
        self.heap_head[:] = own["heap_head"]
        self.head[:, SLOT_LIMIT], self.head[:, INDEX_LIMIT], self.heap_head[HEAP_WORDS] = limits
        self.counters[:] = own["counters"]
        self.epoch_ms, self.events = own["epoch_ms"], own["events"]
        self._bits = self.head[:, BITS].copy()
        facts: dict[str, Any] = content["facts"]
        return facts

    def _placed(self, extents: Extents, facts: dict[str, Any]) -> Extents:
        """Where tables of a snapshot stand under our memory limit: each begins where ours does."""
        ours = {"index": self.index.shape[1], "rows": self.rows.shape[1] * ROW_WORDS, "heap": len(self.heap)}
        theirs = dict(zip(("index", "rows"), facts["features"]["shape"]))
        found: Extents = {}
        for name, ranges in extents.items():
            own, other = ours.get(name, 0), theirs.get(name, 1 << 62)
            found[name] = [(a - a // other * (other - own), b - a // other * (other - own)) for a, b in ranges]
            if any(b - a // other * other > own for a, b in ranges):
                self._refuse(MEMORY_FULL)
        return found
