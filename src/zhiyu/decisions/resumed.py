"""Decisions that went on after a wait.

In: filled by the engine. Out: `Resumed`: the decisions, the rows they were made of, and how each wait ended. They stand beside the first
decisions of a batch, never among them: an event has one first decision, and one more whenever its wait ended, or something about it
changed.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.events.batch import EventBatch

ANSWERED, EXPIRED, CHANGED = range(3)
CAUSES = ("answered", "expired", "changed")
"""Why a decision went on, the same words that `wait_end` takes."""
MAX_CHANGES_TOLD = 8


class Change(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Something about an event that waits changed: `what` as `wait_change` says it. `name`: the list, "fraud" or "good", the gang;
    `entity`: what the event has in common with it; `shown`: the value, as people may see it; `op`: what happened to the list."""

    what: str
    name: str
    entity: str = ""
    shown: str = ""
    op: str = ""

    def said(self) -> tuple[str, str]:
        """In words, (en, zh).

        >>> Change("lists", "stolen", "device", "d***", "add").said()[0]
        "device d*** came onto list 'stolen'"
        """
        whose = f"{self.entity} {self.shown}".strip()
        if self.what == "lists":
            moved, moved_zh = ("came onto", "加入") if self.op == "add" else ("left", "移出")
            return f"{whose} {moved} list '{self.name}'", f"{whose} {moved_zh}名单“{self.name}”"
        if self.what == "gangs":
            return f"its {whose} is in gang {self.name}", f"其 {whose} 属于团伙 {self.name}"
        good = self.name == "good"
        found, found_zh = ("no fraud", "非欺诈") if good else ("fraud", "欺诈")
        return f"an event of the same {whose} turned out to be {found}", f"同一 {whose} 的事件被认定为{found_zh}"


@dataclass(slots=True)
class Resumed:
    """k decisions in the order in which they went on. `decisions.positions`: those of the events that waited; `received_ms`: the moment at
    which each went on; `rows` point into `events`, the events with what the answers told.

    `revision` int64[k]: 1 after the first wait; `cause` int64[k]: one of CAUSES; `answer` int64[k]: position of the answer, -1 without;
    `waits` bool[k]: it waits again; `stays` bool[k]: it waits on as before, nothing ended: what is decided here has no effect.
    `changes`: what changed, per decision, at most MAX_CHANGES_TOLD.
    """

    decisions: DecisionBatch
    events: EventBatch
    revision: Array
    cause: Array
    answer: Array
    waits: Array
    stays: Array
    changes: list[tuple[Change, ...]] = field(default_factory=list)

    @property
    def n(self) -> int:
        """Number of decisions."""
        return self.decisions.n
