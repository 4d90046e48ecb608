"""The network of one engine: the kernel's arrays, fed block by block; size, snapshot and restore.

In: a plan; blocks of the register file with times. Out: results in registers. The state is a function of the rows fed, in order.
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
from zhiyu.network import gangs as g
from zhiyu.network import layout as at
from zhiyu.network.gang_state import GangState
from zhiyu.network.kernel import feed
from zhiyu.network.local import SCRATCH_WORDS
from zhiyu.network.nodes import EVENTS_FULL, OK
from zhiyu.network.plan import NetworkPlan, decay_table, log_table
from zhiyu.network.window import row_words

MAX_BLOCK = 64
BLOCKS_PER_CHECK = 64
"""Memory is looked at after so many blocks: a block adds less than a hundred kilobytes."""
HEADER_WORDS = 8
LAYOUT = 4
"""Of the arrays; a snapshot of another one is not taken up."""
COUNTED = {
    "linked": at.LINKED, "refreshed": at.REFRESHED, "evicted": at.EVICTED, "kept_out": at.KEPT_OUT, "cuts": at.CUTS, "caps_hit": at.CAPPED,
    "late": at.LATE, "too_late": at.TOO_LATE, "doubtful_degrees": at.DOUBTS, "balls": at.BALLS, "peels": at.PEELS,
    "forgotten_nodes": at.FORGOTTEN,
}  # fmt: skip


class NetworkState:
    """Nodes, events and trees of a plan. `bind` names the register file; `feed` takes up to 64 of its rows. `beside`: bytes that others
    take of the same limit."""

    def __init__(self, plan: NetworkPlan, limit_bytes: int | None = None) -> None:
        self.plan = plan
        self.limit_bytes = limit_bytes or memory_limit_bytes()
        self.arena = Arena()
        self.row_words = row_words(len(plan.links))
        slots = min(at.MAX_NODES, 1 << max(int(self.limit_bytes // 64).bit_length() - 1, FIRST_BITS))
        rows = min(at.MAX_EVENTS, max(self.limit_bytes // (8 * self.row_words), 64))
        self.rows = self.arena.array("network_rows", np.int64, (slots, ROW_WORDS))
        self.index = self.arena.array("network_index", np.int64, (4 * slots,))
        self.nodes = self.arena.array("network_nodes", np.int64, (slots, at.LINE_WORDS))
        self.components = self.arena.array("network_components", np.int64, (slots // 2 + 2, at.LINE_WORDS))
        self.events = self.arena.array("network_events", np.int64, (rows, self.row_words))
        self.heaps = self.arena.array("network_heaps", np.int64, (at.MAX_COUNTED + 1, rows))
        self.slot_head = np.zeros(HEADER_WORDS, np.int64)
        self.slot_head[BITS], self.slot_head[SLOT_LIMIT], self.slot_head[INDEX_LIMIT] = FIRST_BITS, slots, 4 * slots
        self.component_head = np.zeros(at.COMPONENT_HEAD_WORDS, np.int64)
        self.head = np.zeros(at.HEAD_WORDS, np.int64)
        self.head[at.CLOCK] = self.head[at.NEWEST] = at.BEFORE_ALL
        self.counters = np.zeros(at.COUNTERS, np.int64)
        self.gangs = GangState(self.arena, plan.gang, slots) if plan.gang else None
        self.epoch_ms: int | None = None
        self.beside: Callable[[], int] = lambda: 0
        self._bound: tuple[Array | None, Array | None] = (None, None)
        self._bits, self._blocks = FIRST_BITS, 0
        self._held: dict[int, Array] = {}
        self.context = self._context()
        self.context_address = int(self.context.ctypes.data)

    def _context(self) -> Array:
        x = np.zeros(at.CONTEXT_WORDS, np.int64)
        outputs = np.array(self.plan.outputs, np.int64).reshape(-1, 2)
        self._held = {
            at.N_ROWS: self.rows, at.N_INDEX: self.index, at.N_SLOT_HEAD: self.slot_head, at.N_NODES: self.nodes, at.N_EVENTS: self.events,
            at.N_COMPONENTS: self.components, at.N_COMPONENT_HEAD: self.component_head,
            at.N_HEAD: self.head, at.N_HEAPS: self.heaps, at.N_COUNTERS: self.counters, at.N_SETTINGS: self.plan.settings(),
            at.N_LINKS: self.plan.link_lines(), at.N_ROLES: np.array(self.plan.roles, np.int64), at.N_OUTPUTS: outputs,
            at.N_KEYS: np.zeros(2 * at.MAX_SLOTS_PER_ROW * MAX_BLOCK, np.int64),
            at.N_FOUND: np.zeros(at.MAX_SLOTS_PER_ROW * MAX_BLOCK, np.int64), at.N_BALL: np.zeros(SCRATCH_WORDS, np.int64),
            at.N_LOGS: log_table(), at.N_DECAYS: decay_table(),
        }  # fmt: skip
        for word, array in self._held.items():
            x[word] = array.ctypes.data
        if self.gangs is not None:
            self.gangs.gate(self.plan.gang)
            x[at.N_GANGS] = self.gangs.context.ctypes.data
        x[at.N_OUTPUT_COUNT] = len(outputs)
        x[at.N_HEAP_STRIDE] = self.heaps.shape[1]
        x[at.N_EVENT_LIMIT] = len(self.events)
        return x

    def replan(self, plan: NetworkPlan) -> None:
        """Go on under another plan that counts the same; only the register numbers may differ. ValueError otherwise."""
        before, self.plan = self._shape(), plan
        if self._shape() != before or len(plan.outputs) != len(self._held[at.N_OUTPUTS]):
            raise ValueError("the plans count different things")
        self._bound = (None, None)
        self.context[:] = self._context()

    def bind(self, values: Array, nulls: Array) -> None:
        """Use this register file from now on: `values` int64[R, B], `nulls` uint8[R, B], both C-contiguous, B ≤ 64."""
        if values is self._bound[0] and nulls is self._bound[1]:
            return
        self._bound = (values, nulls)
        self.context[at.N_VALUES], self.context[at.N_NULLS] = values.ctypes.data, nulls.ctypes.data
        self.context[at.N_WIDTH] = values.shape[1]

    def feed(self, times: Array, kinds: Array, asks: Array, count: int) -> None:
        """Rows [0, count ≤ B) of the bound register file, in order; `times` int64[B] ms since 1970,
        `kinds` int64[B] types of events; results are written for the rows that ask (uint8[B])."""
        if not count:
            return
        if self.epoch_ms is None:
            self.epoch_ms = int(times[0])
        self.after_block(feed(self.context, times - self.epoch_ms, kinds, asks, count))

    def after_block(self, status: int) -> None:
        """Account for a block: raise when memory is full, give back outgrown index space."""
        if status != OK:
            self._refuse({EVENTS_FULL: "events in the window", g.GANGS_FULL: "gangs"}.get(status, "nodes"))
        bits = int(self.slot_head[BITS])
        if bits != self._bits:
            for outgrown in range(self._bits, bits):
                self.arena.release("network_index", 1 << outgrown, 2 << outgrown)
            self._bits = bits
        self._blocks += 1
        if self._blocks % BLOCKS_PER_CHECK == 0 and self.bytes_used() + self.beside() > self.limit_bytes:
            self._refuse("memory")

    def _refuse(self, what: str) -> None:
        zh = {"memory": "内存", "nodes": "节点数", "gangs": "团伙成员数"}.get(what, "窗口内事件数")
        nodes, events = int(self.slot_head[LIVE]), int(self.head[at.LIVE_EVENTS])
        raise LimitExceeded(
            f"the network's {what} is at its limit ({self.limit_bytes >> 20} MiB, {nodes} nodes, {events} events); "
            "raise ZHIYU_STATE_BYTES, or shorten `network.window`",
            f"关系网络的{zh}已达上限（{self.limit_bytes >> 20} MiB，{nodes} 个节点，{events} 个事件）；"
            "请调高 ZHIYU_STATE_BYTES 或缩短 network.window",
        )

    def bytes_used(self) -> int:
        """Bytes of all tables in use: node lines, lines of components, slot lines, index, event rows, heaps."""
        slots, events = int(self.slot_head[USED]), int(self.head[at.TOP])
        heaps = int(self.head[at.HEAP_SIZE : at.HEAP_SIZE + at.MAX_COUNTED + 1].sum())
        own = (
            slots * (ROW_WORDS + at.LINE_WORDS)
            + len(self.component_lines()) * at.LINE_WORDS
            + (1 << int(self.slot_head[BITS]))
            + events * self.row_words
            + heaps
        )
        return 8 * own + (self.gangs.bytes_used() if self.gangs is not None else 0)

    def facts(self) -> dict[str, int]:
        """Counts for reports: nodes, people, events in the window, bytes, what became of links."""
        known = {"nodes": int(self.slot_head[LIVE]), "persons": int(self.head[at.ALL_PERSONS])}
        known |= {"events": int(self.head[at.LIVE_EVENTS]), "bytes": self.bytes_used()}
        known |= self.gangs.facts() if self.gangs is not None else {}
        return known | {name: int(self.counters[word]) for name, word in COUNTED.items()}

    def component_lines(self) -> Array:
        """int32[c, LINE_INTS]: the line of every component by its number; line 0 is nobody's, free ones have no nodes."""
        lines: Array = self.components[: int(self.component_head[at.C_USED]) + 1].view(np.int32)
        return lines

    def largest_component(self) -> int:
        """People of the largest component; one pass over all components."""
        alone = min(int(self.head[at.ALL_PERSONS]), 1)
        return max(int(self.component_lines()[:, at.PERSONS].max()), alone)

    def _used(self) -> Extents:
        slots, bits, events = int(self.slot_head[USED]), int(self.slot_head[BITS]), int(self.head[at.TOP])
        sizes = self.head[at.HEAP_SIZE : at.HEAP_SIZE + at.MAX_COUNTED + 1].tolist()
        stride = self.heaps.shape[1]
        return {
            "network_rows": [(0, slots * ROW_WORDS)],
            "network_index": [(1 << bits, 2 << bits)],
            "network_nodes": [(0, slots * at.LINE_WORDS)],
            "network_components": [(0, len(self.component_lines()) * at.LINE_WORDS)],
            "network_events": [(0, events * self.row_words)],
            **(self.gangs.used() if self.gangs is not None else {}),
            "network_heaps": [(number * stride, number * stride + size) for number, size in enumerate(sizes)],
        }

    def heal(self) -> Iterator[None]:
        """Step by step, make huge pages again of memory that a fork has cut up."""
        return self.arena.heal(self._used())

    def _shape(self) -> list[Any]:
        settings = [
            part.ravel().tolist()
            for part in (self.plan.settings()[: at.S_PERSON], self.plan.link_lines()[:, at.K_TYPE :])
        ]
        gang = self._gang_shape()
        return [LAYOUT, *settings, gang, list(self.plan.roles), self.row_words]

    def _gang_shape(self) -> list[int]:
        gang = self.plan.gang
        return [gang.window_ms, gang.lag, gang.over_window_ms, *gang.over] if gang else []

    def snapshot(self, path: Path, facts: dict[str, Any]) -> int:
        """Write the whole state and `facts` to one file; returns its size in bytes."""
        own = {"head": self.head.tolist(), "slot_head": self.slot_head.tolist(), "counters": self.counters.tolist()}
        own["component_head"] = self.component_head.tolist()
        if self.gangs is not None:
            own |= self.gangs.small()
        content = {
            "network": own | {"epoch_ms": self.epoch_ms, "shape": self._shape(), "stride": self.heaps.shape[1]},
            "facts": facts,
        }
        return self.arena.snapshot(path, self._used(), content)

    def restore(self, path: Path) -> dict[str, Any]:
        """Read a snapshot taken with the same plan into this (fresh) state; returns its facts. It may come from a machine with another
        memory limit: LimitExceeded when it does not fit into ours."""
        if self.epoch_ms is not None:
            raise InputError("restore needs a fresh state", "恢复快照需要全新的状态")
        content = self.arena.restore(path, self._placed)
        own, limits = content["network"], self.slot_head[[SLOT_LIMIT, INDEX_LIMIT]]
        self.head[:], self.slot_head[:], self.counters[:] = own["head"], own["slot_head"], own["counters"]
        self.component_head[:] = own["component_head"]
        self.slot_head[[SLOT_LIMIT, INDEX_LIMIT]] = limits
        if self.gangs is not None:
            self.gangs.restore(own)
        self.epoch_ms, self._bits = own["epoch_ms"], int(self.slot_head[BITS])
        if self.bytes_used() > self.limit_bytes:
            self._refuse("memory")
        facts: dict[str, Any] = content["facts"]
        return facts

    def _placed(self, extents: Extents, facts: dict[str, Any]) -> Extents:
        """Where the tables of a snapshot stand under our memory limit: all at their begin, each heap at the begin of its own."""
        theirs, ours = facts["network"]["shape"], self._shape()
        if theirs[:1] != ours[:1]:
            raise InputError("the snapshot has the layout of another version", "该快照为另一版本的布局")
        if theirs != ours:
            raise InputError("the snapshot was taken with another policy", "该快照来自另一策略")
        stride, own = max(int(facts["network"]["stride"]), 1), self.heaps.shape[1]
        found: Extents = {}
        for name, ranges in extents.items():
            there = self.arena.arrays[name].size if name in self.arena.arrays else 1 << 62
            heap = name == "network_heaps"
            if any(b - a // stride * stride > own if heap else b > there for a, b in ranges):
                self._refuse("memory")
            moved = [(a - a // stride * (stride - own), b - a // stride * (stride - own)) for a, b in ranges]
            found[name] = moved if heap else ranges
        return found
