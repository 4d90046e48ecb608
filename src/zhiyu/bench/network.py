"""The network benchmark: links, components, cores and gangs of synthetic applications, beside graph libraries in the same run.

In: sizes. Out: one flat dict. Timed is the kernel over blocks of 64 events in columns, and for latencies one event per call, the call
from Python included. `forest`: components with their sums, eight things of which four join; otherwise every feature is asked for: cores,
sharing, known-bad neighbours, gangs. Peers find components only, without sums, from arrays that are ready; what they would do after each
micro-batch is one pass over the window, or (dynamic) one update per edge that comes or goes.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.bench.conditions import conditions
from zhiyu.bench.network_drive import AMOUNT, FIRST_OUTPUT, FIRST_THING, GATE, PERSON, drive
from zhiyu.bench.network_peers import run_peers
from zhiyu.bench.network_stream import DAY_MS, JOINING, THINGS, NetworkStream, network_stream
from zhiyu.network import layout as at
from zhiyu.network.plan import GangPlan, LinkPlan, NetworkPlan
from zhiyu.network.state import MAX_BLOCK, NetworkState

HOUR_MS = 3_600_000
WINDOW_MS = 30 * DAY_MS
TYPES = (1, 2, 3, 4, 4, 5, 6, 7)
CAPS, WEIGHTS = (30, 15, 15, 6, 10, 60, 60, 60), (1000, 1000, 600, 600, 1000, 500, 200, 200)
FOREST = (at.R_PERSONS, at.R_NODES, at.R_APPLICATIONS, at.R_AMOUNT, at.R_BAD)
OVER_WINDOW_MS = 2 * DAY_MS
NO_GATES = np.zeros(0, np.uint8)
Say = Callable[[str, float], None]


@dataclass(frozen=True, slots=True)
class NetworkSizes:
    """Events and people of the stream, events timed one by one, seeds. `growth`: sizes of two more streams, as multiples: one and ten
    million nodes in the window."""

    events: int = 2_000_000
    people: int = 1_000_000
    growth: tuple[float, float] = (0.385, 3.85)
    singles: int = 200_000
    seeds: int = 1

    @classmethod
    def scaled(cls, events: int) -> NetworkSizes:
        """Everything in proportion."""
        return cls(events, max(events // 2, 1_000), singles=min(max(events // 10, 200), 200_000))


def plan_of(asked: tuple[int, ...], counted: bool, gangs: bool, over: tuple[int, ...] = ()) -> NetworkPlan:
    """The plan with these results; `over`: numbers of links over which gangs join people whose own gates were open."""
    links = tuple(
        LinkPlan(FIRST_THING + number, kind, number < JOINING, cap, weight)
        for number, (kind, cap, weight) in enumerate(zip(TYPES, CAPS, WEIGHTS))
    )
    outputs = tuple((result, FIRST_OUTPUT + number) for number, result in enumerate(asked))
    windows = (HOUR_MS, DAY_MS, 7 * DAY_MS) if counted else ()
    gang = GangPlan(GATE, 90 * DAY_MS, over=over, over_window_ms=OVER_WINDOW_MS) if gangs else None
    return NetworkPlan(PERSON, links, WINDOW_MS, outputs, (at.APPLIES,), windows, AMOUNT, gang=gang)


def everything(over: tuple[int, ...] = ()) -> NetworkPlan:
    """All results."""
    plain = [*range(at.R_COUNTED + 3), *range(at.R_AMOUNT, at.R_BALL_PERSONS + 1), at.R_GANG, at.R_GANG_PERSONS]
    each = [first + number for first in (at.R_PEOPLE_ON, at.R_SHARED) for number in range(len(THINGS))]
    return plan_of((*plain, *each), True, True, over)


class Fed:
    """A state and its register file; `take` feeds rows [start, stop) of a stream and says the seconds it took; `cpu_s`: processor seconds
    of the last feeding, for a machine that others use too."""

    def __init__(self, plan: NetworkPlan, stream: NetworkStream, gates: Array = NO_GATES) -> None:
        """`gates` uint8[n]: which events' cores are gangs; without, cores of five people are."""
        self.stream, self.state, self.gates = stream, NetworkState(plan), gates
        self.values = np.zeros((FIRST_OUTPUT + len(plan.outputs), MAX_BLOCK), np.int64)
        self.one = np.zeros((FIRST_OUTPUT + len(plan.outputs), 1), np.int64)
        self.nulls = {
            self.values.shape[1]: np.zeros(self.values.shape, np.uint8),
            1: np.zeros(self.one.shape, np.uint8),
        }
        self.given = np.concatenate([stream.person[None], stream.amount_fen[None], stream.things])
        self.kinds, self.asks = np.zeros(MAX_BLOCK, np.int64), np.ones(MAX_BLOCK, np.uint8)
        self.gate = next(
            (register for result, register in plan.outputs if result == at.R_CORE_PERSONS and plan.gang), -1
        )
        self.state.epoch_ms = int(stream.time_ms[0])
        self.times = stream.time_ms - self.state.epoch_ms
        self.cpu_s = 0.0
        self._rows(0, 0, self.values)

    def _rows(self, start: int, stop: int, values: Array) -> float:
        self.state.bind(values, self.nulls[values.shape[1]])
        given = np.ascontiguousarray(self.given[:, start:stop])
        began, clock = time.perf_counter(), time.process_time()
        times, gates = self.times[start:stop], self.gates[start:stop]
        status = drive(self.state.context, given, values, times, self.kinds, self.asks, self.gate, gates)
        took, self.cpu_s = time.perf_counter() - began, time.process_time() - clock
        self.state.after_block(status)
        return took

    def take(self, start: int, stop: int) -> float:
        """Feed in blocks of 64."""
        return self._rows(start, stop, self.values)

    def one_by_one(self, start: int, stop: int) -> Array:
        """Microseconds of each event, fed alone."""
        took = np.zeros(stop - start)
        for row in range(start, stop):
            took[row - start] = self._rows(row, row + 1, self.one)
        return took * 1e6


def run_network(sizes: NetworkSizes, say: Say) -> dict[str, Any]:
    """All figures."""
    say("making a stream", 0.0)
    stream = network_stream(sizes.events, sizes.people, 1)
    n, full = len(stream), len(stream) // 2  # the window is full after a third of the days
    report: dict[str, Any] = {"conditions": conditions() | {"events": n, "people": sizes.people, "window_days": 30}}
    say("components alone", 0.1)
    forest = Fed(plan_of(FOREST, False, False), stream)
    forest.take(0, full)
    report["forest_events_per_s"] = round((n - full) / forest.take(full, n))
    report["forest_events_per_cpu_s"] = round((n - full) / forest.cpu_s)
    del forest
    say("every feature", 0.25)
    fed = Fed(everything(), stream)
    fed.take(0, full)
    singles = min(sizes.singles, (n - full) // 2)
    report["events_per_s"] = round((n - full - singles) / fed.take(full, n - singles))
    report["events_per_cpu_s"] = round((n - full - singles) / fed.cpu_s)
    each = fed.one_by_one(n - singles, n)
    report |= {
        name: round(float(np.percentile(each, share)), 2)
        for name, share in (("p50_us", 50), ("p99_us", 99), ("p999_us", 99.9))
    }
    report |= memory_of(fed)
    say("graph libraries", 0.45)
    report["peers"] = run_peers(window_edges(fed.state))
    best = {name: figures["events_per_s"] for name, figures in report["peers"].items()}
    report["ratio"] = {
        name: round(report["forest_events_per_s"] / theirs, 1) for name, theirs in best.items() if theirs
    }
    del fed, stream
    gc.collect()
    say("ten times the nodes", 0.7)
    return report | growth(sizes)


def growth(sizes: NetworkSizes) -> dict[str, Any]:
    """Processor time per event, every feature asked for, at two sizes of the window in turns: `growth` is the median ratio."""
    small, large = (
        Fed(everything(), network_stream(round(sizes.events * factor), round(sizes.people * factor), seed))
        for seed, factor in enumerate(sizes.growth, 2)
    )
    each = sizes.events // 20
    for fed in (small, large):
        fed.take(0, len(fed.stream) // 2)
    ratios = []
    for turn in range(5):
        took = []
        for fed in (small, large):
            start = len(fed.stream) // 2 + turn * each
            fed.take(start, start + each)
            took.append(fed.cpu_s)
        ratios.append(took[1] / took[0])
    nodes = [fed.state.facts()["nodes"] for fed in (small, large)]
    return {"growth": round(float(np.median(ratios)), 2), "growth_nodes": nodes}


def memory_of(fed: Fed) -> dict[str, Any]:
    """Bytes of one event row, of one node with what finds it by its key, and what a window holds."""
    state, facts = fed.state, fed.state.facts()
    event = 8 * state.row_words
    gangs = state.gangs.bytes_used() if state.gangs is not None else 0
    nodes = state.bytes_used() - gangs - event * int(state.head[at.TOP])
    used = {
        name: facts[name]
        for name in ("nodes", "persons", "events", "doubtful_degrees", "caps_hit", "gang_people", "gang_changes")
    }
    return {
        "bytes_per_event": event, "bytes_per_node": round(nodes / max(facts["nodes"], 1), 1), "state_bytes": state.bytes_used(),
        "held": used,
        "largest_component": state.largest_component(),
    }  # fmt: skip


def window_edges(state: NetworkState) -> tuple[Array, Array, int]:
    """(person, thing, nodes) of every link in the window, as the peers take them."""
    rows = state.events[: int(state.head[at.TOP])]
    slots = rows.view(np.int32)[:, at.FIRST_SLOT : at.FIRST_SLOT + len(THINGS) + 1]
    bits = (rows[:, :1] >> (at.LINKED_BIT + np.arange(len(THINGS)))) & (slots[:, :1] > 0)
    places = np.nonzero(bits)
    return slots[places[0], 0] - 1, slots[places[0], places[1] + 1] - 1, int(state.slot_head[0])
