"""Hourly reports over a file, or over what a server keeps.

In: events and a policy, or a data folder. Out: `FeatureReport`: the newest hours in full, anomalies of all. Reads only; a server may go on.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from zhiyu.engine.event_frames import Noted
from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import Opened
from zhiyu.engine.outcome import Outcome
from zhiyu.engine.redo import Redo
from zhiyu.evaluation.hourly.hours import Hours, told
from zhiyu.evaluation.replay import Replay
from zhiyu.events.batch import EventBatch

MAX_ANOMALIES = 100_000


@dataclass
class FeatureReport:
    """`hours`: the newest `keep` closed ones, in full; `anomalies`: of all, in order; `sketch_us`: microseconds per decision that counting
    took."""

    keep: int = 24
    anomalies: list[dict[str, Any]] = field(default_factory=list)
    decisions: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.counted = Hours(self.keep)

    @property
    def sketch_us(self) -> float:
        """Microseconds per decision."""
        return 1e6 * self.seconds / self.decisions if self.decisions else 0.0

    @property
    def hours(self) -> list[dict[str, Any]]:
        """The newest closed hours."""
        return [told(each) for each in self.counted.recent]

    @property
    def last(self) -> dict[str, Any] | None:
        """The hour that is still open."""
        hour = self.counted.last()
        return told(hour) if hour is not None else None

    def take(self, opened: Opened, outcome: Outcome) -> None:
        """Count a batch of decisions."""
        began = time.perf_counter()
        for each in self.counted.take(opened, outcome.decisions):
            self.anomalies += each.anomalies[: MAX_ANOMALIES - len(self.anomalies)]
        self.decisions += outcome.decisions.n
        self.seconds += time.perf_counter() - began

    def to_dict(self) -> dict[str, Any]:
        """As one JSON object; how long it took is not part of it."""
        return {
            "decisions": self.decisions, "closed_hours": self.counted.closed, "hours": self.hours, "open_hour": self.last,
            "anomalies": self.anomalies,
        }  # fmt: skip


def over_events(opened: Opened, events: Path, source: str | None, report: FeatureReport) -> Iterator[float]:
    """A file under a policy; yields how much is done."""

    def take(outcome: Outcome, batch: EventBatch) -> None:
        report.take(opened, outcome)

    yield from Replay(opened, events, source=source, tenant=opened.tenant, keep_all=True, on_batch=take).steps()


def over_log(kept: Kept, report: FeatureReport, say: Callable[[float], None] = lambda done: None) -> None:
    """Everything that a data folder keeps, decided again by the policies that decided then: the same values, bit for bit."""
    redo = Redo(kept, say, False, [])

    def seen(notes: list[Noted], outcome: Outcome) -> None:
        report.take(redo.in_force(), outcome)

    redo.through(kept.log.first, kept.log.position, seen)
