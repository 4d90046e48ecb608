"""Measuring several things in turns: a shared machine has slow moments, and they should not fall on one thing alone.

In: works by name, each with how many events it treats. Out: per name the median round, by wall clock, with processor time beside it.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Work:
    """Something to be timed, and how many events one call of it treats."""

    run: Callable[[], object]
    events: int


@dataclass(frozen=True, slots=True)
class Cost:
    """One round: events, wall seconds, processor seconds of the whole process."""

    events: int
    wall_s: float
    cpu_s: float

    @property
    def us(self) -> float:
        """Microseconds of wall clock per event."""
        return self.wall_s / self.events * 1e6

    @property
    def cpu_us(self) -> float:
        """Microseconds of processor time per event."""
        return self.cpu_s / self.events * 1e6

    @property
    def per_s(self) -> float:
        """Events per second of wall clock."""
        return self.events / self.wall_s

    def to_dict(self) -> dict[str, float]:
        """For the report."""
        return {
            "us_per_event": round(self.us, 3),
            "cpu_us_per_event": round(self.cpu_us, 3),
            "events_per_s": round(self.per_s),
            "events": self.events,
        }


def in_turns(works: Mapping[str, Work], rounds: int = ROUNDS) -> dict[str, Cost]:
    """Every work once untimed, then `rounds` times in turns; the median of each."""
    made: dict[str, list[Cost]] = {name: [] for name in works}
    for work in works.values():
        work.run()
    gc.collect()
    for _ in range(rounds):
        for name, work in works.items():
            made[name].append(timed(work))
    return {name: sorted(costs, key=lambda cost: cost.us)[len(costs) // 2] for name, costs in made.items()}


def timed(work: Work) -> Cost:
    """One round."""
    cpu, begun = time.process_time(), time.perf_counter()
    work.run()
    return Cost(work.events, time.perf_counter() - begun, time.process_time() - cpu)
