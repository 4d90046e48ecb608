"""The moved decisions with most money at stake, explained by both policies while their values are at hand.

In: pairs of batches as they come by. Out: at most `count` `Example`s, most money first. Only those that enter the list are explained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.explain import Explanation
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.paired import Matched, Pair, Side


@dataclass(frozen=True, slots=True)
class Example:
    """One moved decision: money in minor units, label (1, 0, -1 none), the explanation of each policy."""

    position: int
    event_id: str
    time_ms: int
    money: int
    label: int
    live: Explanation
    candidate: Explanation

    def to_dict(self, language: str) -> dict[str, object]:
        """For a page or a file; sentences in one language."""
        return {
            "position": self.position, "id": self.event_id, "time_ms": self.time_ms, "money": self.money, "label": self.label,
            "live": self.live.sentence(language), "candidate": self.candidate.sentence(language),
        }  # fmt: skip


class Dearest:
    """Keeps the `count` moved decisions with the most money; ties go to the earlier one."""

    def __init__(self, live: Opened, candidate: Opened, count: int) -> None:
        self.live, self.candidate, self.count = live, candidate, count
        self.found: list[Example] = []

    def offer(self, pair: Pair, m: Matched, rows: tuple[Array, Array]) -> None:
        """Look at a batch; `rows`: the decision of each matched event in the live and in the candidate batch."""
        waiting = np.isin(m.position, [*pair.live.held, *pair.candidate.held])  # what they come to is not known yet
        moved = np.flatnonzero((m.outcome[0] != m.outcome[1]) & ~waiting)
        if len(self.found) == self.count and len(moved):
            moved = moved[m.money[moved] > self.found[-1].money]
        order = np.lexsort((m.position[moved], -m.money[moved]))[: self.count]
        for at in moved[order].tolist():
            self.found.append(
                Example(
                    int(m.position[at]), str(m.ids[at]), int(m.time_ms[at]), int(m.money[at]), int(m.label[at]),
                    explained(self.live, pair.live, int(rows[0][at])),
                    explained(self.candidate, pair.candidate, int(rows[1][at])),
                )
            )  # fmt: skip
        self.found.sort(key=lambda each: (-each.money, each.position))
        del self.found[self.count :]


def explained(opened: Opened, side: Side, row: int) -> Explanation:
    """Why decision `row` of a batch came out as it did, with values where they were kept."""
    line = np.flatnonzero(side.decisions.kept == row)
    if len(line):
        return opened.explain_kept(side.decisions, side.events, int(line[0]))
    return opened.explain_pass(side.decisions, row)
