"""The arrays of the forest of gangs: people, edges, the record of what became of each gang, cores that wait for their gates.

In: the arena of the network's state, a plan. Out: the context of the kernels in `gangs` and `gates`; the record as rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.arena import Arena, Extents
from zhiyu.base.jit import Array
from zhiyu.entities.slots import (
    BITS,
    FIRST_BITS,
    INDEX_LIMIT,
    KEY,
    LIVE,
    ROW_WORDS,
    SIZE,
    SLOT_LIMIT,
    USED,
    find,
    spread_bits,
)
from zhiyu.network import gangs as g
from zhiyu.network import layout as at
from zhiyu.network.plan import GangPlan

WHAT = {
    g.BORN: "BORN", g.MERGED_GANGS: "MERGE", g.SPLIT_GANG: "SPLIT", g.EXPIRED_GANG: "EXPIRED", g.GROWN_GANG: "GROWN", g.ALERT_GANG: "ALERT",
}  # fmt: skip
MAX_PEOPLE = 1 << 24
MAX_BLOCK = 64


@dataclass(frozen=True, slots=True)
class Lineage:
    """What became of a gang: BORN; GROWN (somebody came); MERGE (it took `other` in); SPLIT (`other` went off with `people`); EXPIRED;
    ALERT (it has reached the declared number of people).

    `clock_ms` counts from the network's epoch, `event` is the number of the decided event in front of which it happened, `row` counts
    every row that was fed up to this event, `code` names who came (BORN: one of the two).
    """

    what: str
    gang: int
    other: int
    clock_ms: int
    people: int
    event: int
    row: int = 0
    code: int = at.NO_CODE


class GangState:
    """People in gangs and the edges that hold them together."""

    def __init__(self, arena: Arena, plan: GangPlan, slots: int) -> None:
        slots = min(slots, MAX_PEOPLE)
        self.rows = arena.array("gang_rows", np.int64, (slots, ROW_WORDS))
        self.index = arena.array("gang_index", np.int64, (4 * slots,))
        self.nodes = arena.array("gang_nodes", np.int64, (slots, at.LINE_WORDS))
        self.components = arena.array("gang_components", np.int64, (slots // 2 + 2, at.LINE_WORDS))
        self.component_head = np.zeros(at.COMPONENT_HEAD_WORDS, np.int64)
        self.edges = arena.array("gang_edges", np.int64, (4 * slots, g.EDGE_WORDS))
        self.lineage = arena.array("gang_lineage", np.int64, (g.LINEAGE_ROWS, g.LINEAGE_WORDS))
        self.things = arena.array("gang_things", np.int64, (slots, ROW_WORDS))
        self.thing_index = arena.array("gang_thing_index", np.int64, (4 * slots,))
        self.thing_head = np.zeros(8, np.int64)
        self.thing_head[[BITS, SLOT_LIMIT, INDEX_LIMIT]] = FIRST_BITS, slots, 4 * slots
        self.pending = np.zeros((plan.lag, g.PENDING_WORDS), np.int64)
        self.slot_head = np.zeros(8, np.int64)
        self.slot_head[BITS], self.slot_head[SLOT_LIMIT], self.slot_head[INDEX_LIMIT] = FIRST_BITS, slots, 4 * slots
        self.head = np.zeros(g.G_HEAD_WORDS, np.int64)
        self._numbers = np.zeros(MAX_BLOCK, np.int64)
        self.context = np.zeros(g.G_CONTEXT_WORDS, np.int64)
        held = {
            at.N_ROWS: self.rows, at.N_INDEX: self.index, at.N_SLOT_HEAD: self.slot_head, at.N_NODES: self.nodes, at.N_HEAD: self.head,
            at.N_COMPONENTS: self.components, at.N_COMPONENT_HEAD: self.component_head,
            g.G_EDGE_ROWS: self.edges, g.G_LINEAGE: self.lineage, g.G_PENDING: self.pending, g.G_NUMBERS: self._numbers,
            g.G_THING_ROWS: self.things, g.G_THING_INDEX: self.thing_index, g.G_THING_HEAD: self.thing_head,
        }  # fmt: skip
        for word, array in held.items():
            self.context[word] = array.ctypes.data
        self.context[g.G_EDGE_LIMIT] = len(self.edges)
        self.gate(plan)

    def gate(self, plan: GangPlan | None) -> None:
        """Where the gate's answer stands from now on."""
        assert plan is not None
        self.context[g.G_LAG], self.context[g.G_WINDOW], self.context[g.G_GATE] = plan.lag, plan.window_ms, plan.gate
        self.context[g.G_ALERT] = plan.alert_people
        self.context[g.G_OVER] = sum(1 << number for number in plan.over)
        self.context[g.G_OVER_WINDOW] = plan.over_window_ms

    def told(self, since: int = 0) -> list[Lineage]:
        """The record from line `since` on, as far as it is still kept."""
        total = int(self.head[g.G_TOLD])
        lines = np.arange(max(since, total - g.LINEAGE_ROWS), total) % g.LINEAGE_ROWS
        return [Lineage(WHAT[what], *rest) for what, *rest in self.lineage[lines].tolist()]

    def told_of(self, gang: int) -> list[Lineage]:
        """What the record, as far as it is kept, says of one gang."""
        total = int(self.head[g.G_TOLD])
        lines = np.arange(max(0, total - g.LINEAGE_ROWS), total) % g.LINEAGE_ROWS
        own = lines[(self.lineage[lines, 1] == gang) | (self.lineage[lines, 2] == gang)]
        return [Lineage(WHAT[what], *rest) for what, *rest in self.lineage[own].tolist()]

    @property
    def lines(self) -> int:
        """Lines of the record so far, those no longer kept included."""
        return int(self.head[g.G_TOLD])

    def gangs_of_all(self) -> Array:
        """int64[people]: the gang of every person by node, 0 for none; one pass over all people."""
        used = int(self.slot_head[USED])
        component = self.nodes[:used].view(np.int32)[:, at.COMPONENT]
        gangs = self.component_lines()[component, at.GANG]
        return np.where(self.rows[:used, SIZE] > 0, gangs, 0).astype(np.int64)

    def component_lines(self) -> Array:
        """int32[c, LINE_INTS]: the line of every component by its number; line 0 is nobody's, free ones have no nodes."""
        lines: Array = self.components[: int(self.component_head[at.C_USED]) + 1].view(np.int32)
        return lines

    def members(self) -> dict[int, list[int]]:
        """Keys of the people of every gang, by gang id."""
        gangs, found = self.gangs_of_all(), dict[int, list[int]]()
        for node in np.flatnonzero(gangs).tolist():
            found.setdefault(int(gangs[node]), []).append(int(self.rows[node, KEY]))
        return found

    def gangs_of(self, keys: Iterable[int]) -> dict[int, int]:
        """The gangs of some people, by key; those in none are left out."""
        found, ints, lines = dict[int, int](), self.nodes.view(np.int32), self.component_lines()
        for key in keys:
            node = int(find(self.rows.ravel(), self.index, self.slot_head, key, spread_bits(key)))
            gang = int(lines[ints[node, at.COMPONENT], at.GANG]) if node >= 0 else 0
            if gang:
                found[key] = gang
        return found

    def sizes(self) -> dict[int, int]:
        """People of every gang, by its id, ascending; one pass over all components."""
        lines = self.component_lines()
        lines = lines[lines[:, at.GANG] > 0]
        lines = lines[np.argsort(lines[:, at.GANG], kind="stable")]
        return dict(zip(lines[:, at.GANG].tolist(), lines[:, at.PERSONS].tolist()))

    def people_of(self, gang: int) -> dict[int, int]:
        """Key → code of the people of one gang, in an order that does not depend on where they lie."""
        nodes = np.flatnonzero(self.gangs_of_all() == gang)
        found = zip(self.rows[nodes, KEY].tolist(), self.rows[nodes, at.CODE].tolist())
        return dict(sorted(found, key=lambda pair: pair[1]))

    def codes_of(self, gang: int) -> Array:
        """Codes int64[k] of the people of one gang, ascending: the values that the policy's person field has."""
        return np.sort(self.rows[: int(self.slot_head[USED]), at.CODE][self.gangs_of_all() == gang])

    def bytes_used(self) -> int:
        """Bytes in use."""
        people, edges = int(self.slot_head[USED]), int(self.head[g.G_EDGES])
        lines = min(self.lines, g.LINEAGE_ROWS) * g.LINEAGE_WORDS
        things = int(self.thing_head[USED]) * ROW_WORDS + (1 << int(self.thing_head[BITS]))
        own = (
            people * (ROW_WORDS + at.LINE_WORDS)
            + len(self.component_lines()) * at.LINE_WORDS
            + (1 << int(self.slot_head[BITS]))
            + edges * g.EDGE_WORDS
        )
        return 8 * (own + lines + things)

    def facts(self) -> dict[str, int]:
        """Counts for reports."""
        return {
            "gang_people": int(self.slot_head[LIVE]),
            "gang_links": int(self.head[g.G_LIVE]),
            "gang_changes": self.lines,
        }

    def used(self) -> Extents:
        """What a snapshot holds."""
        people, bits = int(self.slot_head[USED]), int(self.slot_head[BITS])
        things, thing_bits = int(self.thing_head[USED]), int(self.thing_head[BITS])
        return {
            "gang_things": [(0, things * ROW_WORDS)], "gang_thing_index": [(1 << thing_bits, 2 << thing_bits)],
            "gang_rows": [(0, people * ROW_WORDS)], "gang_index": [(1 << bits, 2 << bits)], "gang_nodes": [(0, people * at.LINE_WORDS)],
            "gang_components": [(0, len(self.component_lines()) * at.LINE_WORDS)],
            "gang_edges": [(0, int(self.head[g.G_EDGES]) * g.EDGE_WORDS)],
            "gang_lineage": [(0, min(self.lines, g.LINEAGE_ROWS) * g.LINEAGE_WORDS)],
        }  # fmt: skip

    def small(self) -> dict[str, Any]:
        """What a snapshot holds beside the arrays."""
        return {
            "gang_head": self.head.tolist(), "gang_slot_head": self.slot_head.tolist(), "gang_pending": self.pending.ravel().tolist(),
            "gang_thing_head": self.thing_head.tolist(), "gang_component_head": self.component_head.tolist(),
        }  # fmt: skip

    def restore(self, own: dict[str, Any]) -> None:
        """Take up what `small` told."""
        limits = self.slot_head[[SLOT_LIMIT, INDEX_LIMIT]]
        self.head[:], self.slot_head[:] = own["gang_head"], own["gang_slot_head"]
        self.slot_head[[SLOT_LIMIT, INDEX_LIMIT]] = limits
        self.thing_head[:], self.component_head[:] = own["gang_thing_head"], own["gang_component_head"]
        self.thing_head[[SLOT_LIMIT, INDEX_LIMIT]] = limits
        pending: Array = np.array(own["gang_pending"], np.int64)
        self.pending[:] = pending.reshape(self.pending.shape)
