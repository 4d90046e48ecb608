"""A batch of a policy whose decisions wait, decided step by step, so that whatever goes on in a step is known before it is decided.

In: accepted rows in log order, what waits, lists that change. Out: the outcomes of the steps. Where the batch is cut makes no difference.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.changes import FAR, Cut
from zhiyu.engine.gang_events import GangFact, GangWatch
from zhiyu.engine.outcome import Outcome
from zhiyu.engine.resuming import Asked, Going, Resuming
from zhiyu.entities.lists import ListBook
from zhiyu.events.batch import EventBatch


@dataclass(frozen=True, slots=True)
class Steps:
    """`decide(rows, what goes on)` decides one step; `change_lists` lets lists change up to a moment; no step is longer than `lag`, or goes
    across what `gangs` bring. `accepted`: how many events came before the batch."""

    resuming: Resuming
    lists: ListBook
    gangs: GangWatch | None
    decide: Callable[[Array, Going], Outcome]
    change_lists: Callable[[int], None]
    lag: int | None
    accepted: int

    def run(self, batch: EventBatch, accepted: Array, received: Array, until_ms: int) -> list[Outcome]:
        """All rows; then, without rows, whatever is due by `until_ms`."""
        asked = self.resuming.asked(batch, accepted)
        begins = np.flatnonzero(np.isin(batch.type_index[accepted], self.resuming.begins))
        cuts = self.resuming.changes.cuts(batch, accepted, received)
        n, start, parts, met = len(accepted), 0, list[Outcome](), -1
        while True:
            due, changes = self.resuming.holds.next_deadline, self.resuming.changes
            bound = int(received[start]) if start < n else until_ms
            change = changes.next_moment(bound, self.lists.next_due)
            if start == n and change == FAR and (due is None or due > until_ms):
                return parts
            moment = min(bound, change) if due is None else min(due, bound, change)
            if moment == change:
                parts += self._again(accepted[:0], moment)
                continue
            gangs = self._gangs(start) if met < start < n else []
            if gangs and moment == bound:
                met = start
                parts += self._met(accepted[:0], gangs, moment)
                continue
            if not self.lists.idle:
                self.change_lists(moment)
            horizon = min(self._earliest(begins, start, received), self.lists.next_due, change, bound if gangs else FAR)
            stop = self._stop(asked, cuts, start, horizon, received)
            last = int(received[stop - 1]) if stop > start else min(horizon - 1, bound)
            going = self.resuming.going(asked, start, stop, batch, accepted, received, last)
            rows = accepted[start:stop] if stop - start < n else accepted
            if stop > start:
                changes.pass_by(last)
            parts.append(self.decide(rows, going))
            if stop > start:
                changes.put_own_labels(batch, rows, last)
            start = stop

    def _earliest(self, begins: Array, start: int, received: Array) -> int:
        """Before when nothing runs out that begins to wait in the step from `start` (ms). `begins`: rows that may begin to wait, or let
        something go on that may wait again."""
        first, due = int(np.searchsorted(begins, start)), self.resuming.holds.next_deadline
        begun = int(received[begins[first]]) if first < len(begins) else FAR
        return min(begun, FAR if due is None else due) + self.resuming.shortest_ms

    def _again(self, nothing: Array, moment: int) -> list[Outcome]:
        """Something changes at this moment: what it concerns is decided again, in a step without rows."""
        changed = self.lists.due_by(moment)
        if not self.lists.idle:
            self.change_lists(moment)
        what, touched = self.resuming.changes.touched(moment, changed)
        return [self.decide(nothing, self.resuming.again(what, touched, moment))] if touched else []

    def _gangs(self, start: int) -> list[tuple[GangFact, Array]]:
        """Gangs that take effect in front of row `start`, where something waits."""
        return self.gangs.peek(self.accepted + start) if self.gangs is not None and len(self.resuming.holds) else []

    def _met(self, nothing: Array, gangs: list[tuple[GangFact, Array]], moment: int) -> list[Outcome]:
        """What waits and is about the people of gangs is decided again."""
        if not self.lists.idle:
            self.change_lists(moment)
        touched = self.resuming.changes.by_gangs(moment, gangs)
        return [self.decide(nothing, self.resuming.again("gangs", touched, moment))] if touched else []

    def _stop(self, asked: list[Asked], cuts: list[Cut], start: int, horizon: int, received: Array) -> int:
        """Where the step from `start` ends: before `horizon` (ms), and before whatever the step itself decides about."""
        stop = start + int(np.searchsorted(received[start:], horizon, side="left"))
        if self.lag is not None:
            stop = min(stop, start + self.lag)
        if self.gangs is not None:
            stop = min(stop, start + self.gangs.room(self.accepted + start))
        return self.resuming.changes.clear(cuts, start, self.resuming.clear(asked, start, stop, received))
