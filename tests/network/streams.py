"""Random plans and streams for the network: ties, bursts, late and too late events, nulls, labels, capped and shared things."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from zhiyu.network import layout as at
from zhiyu.network.plan import LinkPlan, NetworkPlan
from zhiyu.network.state import MAX_BLOCK, NetworkState

PERSON, AMOUNT, BAD, FIRST_LINK = 0, 1, 2, 3
BASE_MS = 1_700_000_000_000
FLOATS = {at.R_BAD_SHARE, at.R_BURST, at.R_DENSITY, *range(at.R_SHARED, at.R_SHARED + at.MAX_LINKS)}
Row = dict[int, int | None]
Item = tuple[int, int, Row]
"""Time, type of event, values by register."""


def all_results(plan_links: int, counted: int) -> list[int]:
    """Every result of a plan with so many links and counted windows."""
    plain = [*range(at.R_COUNTED + counted), *range(at.R_AMOUNT, at.R_BALL_PERSONS + 1)]
    return plain + [first + number for first in (at.R_PEOPLE_ON, at.R_SHARED) for number in range(plan_links)]


def random_plan(rng: random.Random, window: int) -> NetworkPlan:
    """One to nine links, some that only weigh, some that meet (one type); up to three counted windows."""
    count = rng.choice([1, 2, 3, 5, 9])
    types = [rng.choice([1, number + 1]) for number in range(count)]
    links = tuple(
        LinkPlan(FIRST_LINK + number, types[number], number == 0 or rng.random() < 0.7, rng.choice([2, 3, 6, 30]), rng.randint(1, 3000))
        for number in range(count)
    )  # fmt: skip
    counted = tuple(sorted(rng.sample(range(1, window), min(rng.randint(0, 3), window - 1))))
    results = all_results(count, len(counted))
    outputs = tuple((result, FIRST_LINK + count + place) for place, result in enumerate(results))
    return NetworkPlan(
        PERSON, links, window, outputs, (at.APPLIES, at.LABELS, at.NOTHING, at.LOOKS), counted, rng.choice([AMOUNT, -1]), BAD,
        rng.choice([1, 10, 1000]), rng.choice([2, 3]),
    )  # fmt: skip


def random_stream(rng: random.Random, plan: NetworkPlan, length: int, people: int, jumps: float = 0.05) -> list[Item]:
    """Times are small whole numbers, so that many are equal and many stand exactly on an edge of the window."""
    things = max(people // 2, 2)
    made: list[Item] = []
    now = 0
    for _ in range(length):
        now += rng.choice([0, 0, 1, 1, 2, 5, plan.window_ms // 3 if rng.random() < jumps else 1])
        late = rng.randint(0, plan.window_ms + 5) if rng.random() < 0.15 else 0
        row: Row = {
            PERSON: rng.randrange(people) if rng.random() < 0.97 else None,
            AMOUNT: rng.randint(-50, 500),
            BAD: int(rng.random() < 0.7),
        }
        for link in plan.links:
            row[link.register] = rng.randrange(things) if rng.random() < 0.8 else None
        kind = rng.choice([0, 0, 0, 0, 0, 0, 1, 2, 3])
        if kind == 3 and made and rng.random() < 0.8:
            row = dict(rng.choice(made[-30:])[2])  # what came before goes on
        made.append((now - late, kind, row))
    return made


class Fed:
    """A state that is fed items and says what it answered."""

    def __init__(self, plan: NetworkPlan, state: NetworkState | None = None) -> None:
        self.plan = plan
        self.state = state or NetworkState(plan, 1 << 24)
        self.registers = max(register for _, register in plan.outputs) + 1

    def take(self, items: list[Item], asks: int = 1) -> list[dict[int, Any]]:
        """Feed up to 64 items as one block; results by number, None for null."""
        values = np.zeros((self.registers, MAX_BLOCK), np.int64)
        nulls = np.ones((self.registers, MAX_BLOCK), np.uint8)
        for column, (_, _, row) in enumerate(items):
            for register, value in row.items():
                values[register, column], nulls[register, column] = value or 0, value is None
        self.state.bind(values, nulls)
        times, kinds = np.zeros(MAX_BLOCK, np.int64), np.zeros(MAX_BLOCK, np.int64)
        times[: len(items)] = [BASE_MS + time for time, _, _ in items]
        kinds[: len(items)] = [kind for _, kind, _ in items]
        self.state.feed(times, kinds, np.full(MAX_BLOCK, asks, np.uint8), len(items))
        floats = values.view(np.float64)
        return [
            {
                result: None if nulls[register, column] else (floats if result in FLOATS else values)[register, column].item()
                for result, register in self.plan.outputs
            }
            for column in range(len(items))
        ]  # fmt: skip

    def take_all(self, items: list[Item], blocks: list[int] | None = None) -> list[dict[int, Any]]:
        """Feed everything, in blocks of these sizes in turn (64 without)."""
        found, start, number = list[dict[int, Any]](), 0, 0
        while start < len(items):
            size = blocks[number % len(blocks)] if blocks else MAX_BLOCK
            found += self.take(items[start : start + size])
            start, number = start + size, number + 1
        return found
