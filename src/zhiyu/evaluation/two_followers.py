"""Two policies over a server's own log: a source of decisions for a comparison on what really came.

In: what a data folder keeps of one tenant, two opened policies. Out: `Pair`s. Both count everything that was accepted and decide every
event anew, each from what was really decided before it; labels that came by themselves are known beforehand. A decision that waits, or
asks a service, counts as what it waits with. Reads only; the server may go on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.carried import carried_of
from zhiyu.engine.decider import TOLD_LINES
from zhiyu.engine.engine import Engine
from zhiyu.engine.kept import Kept
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.live_decode import joined as batches_joined
from zhiyu.engine.opened import Opened
from zhiyu.engine.outcome import Outcome
from zhiyu.engine.outcome import joined as outcomes_joined
from zhiyu.engine.tail import Follower
from zhiyu.engine.warming import start_of
from zhiyu.evaluation.paired import Pair, Side
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS, LABELS, RELEASE


class Anew(Follower):
    """Follows the log for one policy and keeps what that policy itself says of every event."""

    def __init__(self, opened: Opened, opened_of: Callable[[str], Opened]) -> None:
        super().__init__(Engine(opened.compiled, opened.codes, opened.tenant), opened, opened_of)
        self.engine.compares = self._said
        self._own: list[tuple[Array, Array]] = []
        self._parts: list[tuple[EventBatch, Outcome]] = []

    def taken(self) -> tuple[EventBatch, Outcome] | None:
        """What was decided since the last call, as one batch; None for nothing."""
        parts, self._parts = [part for part in self._parts if part[1].decisions.n], []
        if not parts:
            return None
        starts = np.cumsum([0] + [batch.n for batch, _ in parts])
        outcomes = [
            replace(outcome, decisions=replace(outcome.decisions, rows=outcome.decisions.rows + start))
            for (_, outcome), start in zip(parts, starts)
        ]
        return batches_joined([batch for batch, _ in parts]), outcomes_joined(outcomes)

    def _said(self, decisions: DecisionBatch, told: Array, lines: Array) -> None:
        """Just before what was really decided takes its place."""
        self._own.append((decisions.positions.copy(), decisions.block[list(TOLD_LINES)]))

    def _followed(self, batch: EventBatch, outcome: Outcome) -> None:
        own, self._own = [each for each in self._own if len(each[0])], []
        if own:
            lines = np.concatenate([block for _, block in own], axis=1)
            block = outcome.decisions.block.copy()
            block[list(TOLD_LINES)] = lines
            outcome.decisions = replace(outcome.decisions, block=block)
        self._parts.append((batch, outcome))


class TwoFollowers:
    """Iterate once. `received_ms`: of the first decision that counts; the windows of both policies are full by then."""

    def __init__(self, kept: Kept, live: Opened, candidate: Opened, received_ms: int) -> None:
        self.kept, self._log = kept, kept.log
        self.sides = [Anew(each, kept.policy) for each in (live, candidate)]
        self.start = min(start_of(self._log, each, received_ms) for each in (live, candidate))
        self.label_delay_ms = 0
        self._labels = self._known()
        self._done = 0.0

    def progress(self) -> float:
        """How much of the log has been read."""
        return self._done

    def __iter__(self) -> Iterator[Pair]:
        """Both policies, stretch by stretch."""
        carried = self._log.carried() if self.start == self._log.first else None
        for side in self.sides:
            if carried is not None:
                side.take_carried(carried_of(carried))
        end = max(self._log.position - self.start, 1)
        for frame in self._log.frames(self.start):
            if frame.header.kind == RELEASE:
                continue
            for side in self.sides:
                side.take(frame)
                if frame.header.kind != EVENTS:
                    side.flush()
            self._done = (frame.header.next - self.start) / end
            yield from self._pair()
        for side in self.sides:
            side.flush()
        yield from self._pair()

    def _pair(self) -> Iterator[Pair]:
        found = [side.taken() for side in self.sides]
        if found[0] is not None and found[1] is not None:
            live, candidate = (self._side(*each) for each in found if each is not None)
            yield Pair(live, candidate, live.events.n)

    def _side(self, batch: EventBatch, outcome: Outcome) -> Side:
        d = outcome.decisions
        labels = np.array(
            [self._labels.get(at, own) for at, own in zip(d.positions.tolist(), d.labels.tolist())], np.int8
        )
        return Side(replace(d, labels=labels), batch, noise=outcome.noise)

    def _known(self) -> dict[int, int]:
        """Labels that came by themselves, by the position of their event; the last one counts."""
        found = dict[int, int]()
        for frame in self._log.frames(self._log.first):
            if frame.header.kind == LABELS:
                note = noted_labels(frame.payload)
                found |= zip(note.event_positions.tolist(), note.fraud.tolist())
        return found
