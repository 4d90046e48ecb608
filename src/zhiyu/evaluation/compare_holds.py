"""What decisions that waited came to, for a comparison: their final outcomes, how much money was held, and for how long.

In: the sides of each batch, in log order. Out: outcomes of a comparison with the final ones in place of the first, and figures of one side.
A decision that still waits at the end counts as it stands, held until the last event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.compare import Compared
from zhiyu.evaluation.paired import Side
from zhiyu.policy.declare import OUTCOMES

HOUR_MS = 3_600_000


@dataclass(slots=True)
class _Wait:
    """One decision that waited: where it stands in the list of events, since when, until when (None: it still waits), what it came to."""

    event_id: str
    money: int
    since_ms: int
    until_ms: int | None
    outcome: int


@dataclass(frozen=True, slots=True)
class HoldFigures:
    """Decisions of one policy that waited: how many, their money (minor units), of these the still open; hours held, mean and longest;
    what they came to, by outcome."""

    count: int
    money: int
    still_open: int
    hours_mean: float
    hours_max: float
    came_to: dict[str, int]

    def to_dict(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "count": self.count, "money": self.money, "still_open": self.still_open, "hours_mean": round(self.hours_mean, 3),
            "hours_max": round(self.hours_max, 3), "came_to": self.came_to,
        }  # fmt: skip


class CameTo:
    """The decisions of one side that waited, by position."""

    def __init__(self) -> None:
        self.waits: dict[int, _Wait] = {}

    def take(self, side: Side) -> None:
        """One batch."""
        d = side.decisions
        for at in np.flatnonzero(np.isin(d.positions, side.held)).tolist() if side.held else ():
            self.waits[int(d.positions[at])] = _Wait(
                str(d.ids[at]), int(d.money[at]), int(d.received_ms[at]), None, int(d.outcome[at])
            )
        for part in side.resumed:
            r = part.decisions
            for at in np.flatnonzero(~part.stays).tolist():
                wait = self.waits[int(r.positions[at])]
                wait.outcome = int(r.outcome[at])
                wait.until_ms = None if part.waits[at] else int(r.received_ms[at])

    def outcomes(self, positions: Array, first: Array) -> Array:
        """The final outcomes in place of the `first` ones; `positions` int64[n] ascend."""
        found = first.copy()
        own = np.array(sorted(self.waits), np.int64)
        at = np.searchsorted(positions, own)
        there = at < len(positions)
        there[there] = positions[at[there]] == own[there]
        found[at[there]] = [self.waits[position].outcome for position in own[there].tolist()]
        return found

    def figures(self, positions: Array, clock_ms: int) -> HoldFigures:
        """Of the decisions at these positions."""
        mine = [wait for position, wait in self.waits.items() if position in set(positions.tolist())]
        hours = [((clock_ms if w.until_ms is None else w.until_ms) - w.since_ms) / HOUR_MS for w in mine]
        came = {name: sum(OUTCOMES[w.outcome] == name for w in mine if w.until_ms is not None) for name in OUTCOMES}
        return HoldFigures(
            len(mine), sum(w.money for w in mine), sum(w.until_ms is None for w in mine), sum(hours) / max(len(hours), 1),
            max(hours, default=0.0), {name: count for name, count in came.items() if count},
        )  # fmt: skip


def finally_decided(c: Compared, sides: tuple[CameTo, CameTo]) -> Compared:
    """The comparison of what decisions came to in the end."""
    if not any(side.waits for side in sides):
        return c
    ids = dict(zip(c.position[c.moved].tolist(), c.moved_ids))
    for side in sides:
        ids |= {position: wait.event_id for position, wait in side.waits.items()}
    found = replace(
        c, outcome=np.stack([side.outcomes(c.position, row) for side, row in zip(sides, c.outcome)]), moved_ids=[]
    )
    found.moved_ids.extend(ids[position] for position in found.position[found.moved].tolist())
    return found
