"""Decisions that went on after a wait.

In: filled by the engine. Out: `Resumed`: the decisions, the rows they were made of, and how each wait ended. They stand beside the first
decisions of a batch, never among them: an event has one first decision, and as many more as it waited.
"""

from __future__ import annotations

from dataclasses import dataclass

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.events.batch import EventBatch

ANSWERED, EXPIRED = range(2)
CAUSES = ("answered", "expired")
"""How a wait ended, the same words that `wait_end` takes."""


@dataclass(slots=True)
class Resumed:
    """k decisions in the order in which they went on. `decisions.positions`: those of the events that waited; `received_ms`: the moment at
    which each went on; `rows` point into `events`, the events with what the answers told.

    `revision` int64[k]: 1 after the first wait; `cause` int64[k]: one of CAUSES; `answer` int64[k]: position of the answer, -1 without;
    `waits` bool[k]: it waits again.
    """

    decisions: DecisionBatch
    events: EventBatch
    revision: Array
    cause: Array
    answer: Array
    waits: Array

    @property
    def n(self) -> int:
        """Number of decisions."""
        return self.decisions.n
