"""The engine of one tenant in one process: decoded events in, decisions out, state moved on.

In: a compiled policy, decoded batches in log order. Out: decisions, and for every other event what became of it (repeat, refusal, noise).
Everything that decides is a function of the events in order; nothing here reads a clock. One step through the kernel: `decider.py`; what
is remembered, and its snapshots: `memory.py`.
"""

from __future__ import annotations

import itertools
from collections.abc import Sequence as Several

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.admit import ACCEPTED, AHEAD, CONFLICT, NO_CLOCK, NO_FLOORS, REPEATED, Judged
from zhiyu.engine.decider import NO_ROWS, Decider
from zhiyu.engine.door_words import door_refusal
from zhiyu.engine.facts import Facts, rewritten
from zhiyu.engine.label_frames import NotedLabels
from zhiyu.engine.list_frames import NotedLists
from zhiyu.engine.outcome import Outcome as Outcome
from zhiyu.engine.outcome import joined
from zhiyu.engine.resuming import Going, Resuming
from zhiyu.engine.steps import Steps
from zhiyu.entities.lists import ListChange, Snooze
from zhiyu.events.batch import EventBatch, empty_batch

NOT_BEFORE = int(np.iinfo(np.int64).min)


class Engine(Decider):
    """Decides batches. `keep_all` keeps the feature values of passes too (a feature tape, a single decision)."""

    def process(
        self, batch: EventBatch, keep_all: bool = False, floors: Array = NO_FLOORS, fallbacks: Array = NO_ROWS
    ) -> Outcome:
        """Take a decoded batch, whole, in order. `floors` int64[n]: the wall clock when each came in (none for a file). `fallbacks`: rows
        whose deadline has passed, ascending: they get the policy's fallback instead of what was decided."""
        judged = self.door.judge(batch.time_ms, batch.id_code, batch.body_code, batch.positions, floors)
        self._fallbacks, self._told = fallbacks, None
        status, first, received = judged.status, judged.first, judged.received
        clean = judged.accepted == batch.n
        outcome = self._in_steps(
            batch, np.arange(batch.n) if clean else np.flatnonzero(status == ACCEPTED), judged, keep_all
        )
        if clean:
            return outcome
        outcome.repeats = [(int(batch.positions[i]), int(first[i])) for i in np.flatnonzero(status == REPEATED)]
        for row in np.flatnonzero((status == CONFLICT) | (status == AHEAD)):
            outcome.refusals.append(
                door_refusal(batch, int(row), int(status[row]), int(first[row]), int(received[row]))
            )
        return outcome

    def process_accepted(
        self,
        batch: EventBatch,
        received: Array,
        late: Array,
        keep_all: bool = False,
        told: tuple[Array, Array] | None = None,
    ) -> Outcome:
        """Take events that were accepted before (a tape), with the times at which they were received: the door is not asked again.

        `told`: what was really decided, by another policy: positions int64[k] and int64[4, k] in the order of TOLD_LINES. That, and not
        what this policy says, is what comes back as facts.
        """
        judged = Judged(np.zeros(batch.n, np.uint8), received, late, batch.positions, batch.n, int(late.sum()))
        self._fallbacks, self._told = NO_ROWS, told
        return self._in_steps(batch, np.arange(batch.n), judged, keep_all)

    def _in_steps(self, batch: EventBatch, accepted: Array, judged: Judged, keep_all: bool) -> Outcome:
        """Decide in steps: no longer than the lag of our own decisions, and none across a change of a list."""
        n = len(accepted)
        if self.resuming is not None and self._told is None:
            return self._in_steps_of_waits(self.resuming, batch, accepted, judged, keep_all)
        if n <= 1 or (self.feedback is None and self.lists.idle and self.gang_watch is None):
            return self._one_step(batch, accepted, judged, keep_all)
        starts = set(range(0, n, self.lag)) if self.feedback is not None else {0}
        if not self.lists.idle:
            starts.update(self.lists.due_before(judged.received[accepted]).tolist())
        edges = [*sorted(starts | {0}), n]
        parts = []
        for start, stop in itertools.pairwise(edges):
            if n and not self.lists.idle:
                self._change_lists(int(judged.received[accepted[start]]))
            while start < stop or not n:
                end = self._before_gangs(start, stop)
                parts.append(
                    self._decide(batch, accepted[start:end] if end - start < n else accepted, judged, keep_all)
                )
                start = end
                if not n:
                    break
        outcome = joined(parts)
        outcome.judged = judged
        return outcome

    def _one_step(self, batch: EventBatch, accepted: Array, judged: Judged, keep_all: bool) -> Outcome:
        """One event, or nothing that would cut the batch."""
        if len(accepted) and not self.lists.idle:
            self._change_lists(int(judged.received[accepted[0]]))
        outcome = self._decide(batch, accepted, judged, keep_all)
        outcome.judged = judged
        return outcome

    def _in_steps_of_waits(
        self, resuming: Resuming, batch: EventBatch, accepted: Array, judged: Judged, keep_all: bool, until_ms: int = NOT_BEFORE
    ) -> Outcome:  # fmt: skip
        """The same where decisions wait: what goes on stands between the rows. Without rows, whatever is due by `until_ms` goes on."""

        def decide(rows: Array, going: Going) -> Outcome:
            return self._decide(batch, rows, judged, keep_all, going)

        lag = self.lag if self.feedback is not None else None
        steps = Steps(resuming, self.lists, self.gang_watch, decide, self._change_lists, lag, self.accepted)
        parts = steps.run(batch, accepted, judged.received[accepted], until_ms)
        outcome = joined(parts) if parts else self._decide(batch, accepted, judged, keep_all)
        outcome.judged = judged
        return outcome

    def _before_gangs(self, start: int, stop: int) -> int:
        """The end of a step that begins with the next event: in front of what gangs bring."""
        return stop if self.gang_watch is None else min(stop, start + self.gang_watch.room(self.accepted))

    def pass_time(self, until_ms: int, keep_all: bool = False) -> Outcome:
        """Let time pass up to `until_ms` though nothing comes: what waits until then goes on."""
        self.door.advance(until_ms)
        nothing, rows, judged = self._nothing()
        if self.resuming is None:
            return self._decide(nothing, rows, judged, keep_all)
        return self._in_steps_of_waits(self.resuming, nothing, rows, judged, keep_all, until_ms)

    def _nothing(self) -> tuple[EventBatch, Array, Judged]:
        """A batch without events."""
        self._fallbacks, self._told = NO_ROWS, None
        return empty_batch(self.compiled.n_columns, self.tenant), NO_ROWS, Judged(*(NO_ROWS,) * 4, 0, 0)

    def admit_labels(self, note: NotedLabels) -> Judged:
        """What the door says of labels that come by themselves: new, known already, or known with other content."""
        moment, n = max(int(self.door.clock[0]), note.floor), note.n
        floors = NO_FLOORS if note.floor == NO_CLOCK else np.full(n, note.floor, np.int64)
        return self.door.judge(np.full(n, moment, np.int64), note.id_code, note.body_code, note.positions, floors)

    def take_labels(self, note: NotedLabels) -> list[Resumed]:
        """Labels that were admitted count from their due time on, at the earliest for the next event; what waits is decided again."""
        if self.labels is not None and note.n:
            content = {self.compiled.schema.index["fraud"]: note.fraud.astype(np.int64)}
            self.labels.put(Facts(*rewritten(note.values, note.nulls, content), note.due))
        moment = max(int(self.door.clock[0]), note.floor)
        if self.resuming is not None:
            self.door.advance(note.floor)
            due = np.maximum(note.due, moment)
            self.resuming.changes.put_labels(note.values, note.nulls, note.fraud.astype(np.int64), due)
        return self._let_change(moment)

    def change_lists(self, note: NotedLists) -> list[Resumed]:
        """Changes of lists and snoozes take effect, for the next event on; what waits is decided again."""
        self.lists.put(note.changes)
        return self.lists_changed(note)

    def lists_changed(self, note: NotedLists) -> list[Resumed]:
        """Let changes that were put into the book take effect."""
        self.door.advance(note.floor)
        went_on = self._let_change(note.moment)
        self._change_lists(note.moment)
        return went_on

    def concerned_by(self, changes: Several[ListChange | Snooze]) -> int:
        """How many waits these changes may let be decided again, at most."""
        return (
            self.resuming.changes.count(each for each in changes if isinstance(each, ListChange))
            if self.resuming
            else 0
        )

    def _let_change(self, moment: int) -> list[Resumed]:
        """Something changed as of this moment: where decisions wait, everything due by then takes effect, in order; what went on."""
        if self.resuming is None or not len(self.resuming.holds):
            return []
        batch, rows, judged = self._nothing()
        return self._in_steps_of_waits(self.resuming, batch, rows, judged, False, moment).resumed

    def next_moment(self, now: int) -> int | None:
        """When the next of what waits runs out, or is concerned by something that is due by `now`; None when there is nothing of that."""
        if self.resuming is None:
            return None
        return now if self.resuming.changes.waits_for(now) else self.resuming.holds.next_deadline
