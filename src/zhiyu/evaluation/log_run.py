"""What a server decided, decided once more under a policy of one's choice: its log followed from the begin.

In: what a data folder keeps, an opened policy, who looks. Out: outcomes with their batches, all values kept. Features see the labels, lists
and decisions that there really were; nothing is parsed again, and personal values are the tokens that the log holds. Columns of older
policies are laid out anew. A policy may wait: its decisions are those that were made at first, and what a wait came to does not come back
as a fact (as for everything that follows a log).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.carried import carried_of
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.kept import Kept
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.live_decode import joined
from zhiyu.engine.opened import Opened
from zhiyu.engine.relaid import GONE
from zhiyu.engine.tail import Follower, runs_of, told_of
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS, LABELS

Seen = Callable[[Outcome, EventBatch], None]


class LogRun(Follower):
    """One engine over the log. `seen` gets every outcome; `change` may alter a batch before it is decided; what was received before
    `since_ms` only counts, and nobody sees it."""

    def __init__(
        self, kept: Kept, opened: Opened, seen: Seen, change: Callable[[EventBatch], None] = lambda batch: None, since_ms: int = 0
    ) -> None:  # fmt: skip
        super().__init__(Engine(opened.compiled, opened.codes, opened.tenant), opened, kept.policy)
        self._seen, self._change, self._since = seen, change, since_ms

    def _decide(self, notes: list[Noted]) -> None:
        batch = joined([note.batch for note in notes])
        received = np.concatenate([note.judged.received for note in notes])
        late = np.concatenate([note.judged.late for note in notes])
        told = told_of([note.told for note in notes])
        relaid = self._from(notes[0].policy)
        keep = bool(received.max(initial=self._since - 1) >= self._since)
        for rows in runs_of(relaid.kinds(batch.type_index) != GONE):
            part = relaid.batch(batch, rows)
            self._change(part)
            self.engine.accepted = notes[0].accepted + rows.start
            outcome = self.engine.process_accepted(part, received[rows], late[rows], keep, told)
            if keep:
                self._seen(outcome, part)


def follow(kept: Kept, runs: Sequence[LogRun]) -> Iterator[float]:
    """Put everything that is kept through all of them; yields how much is done."""
    log = kept.log
    carried = log.carried()
    for run in runs if carried is not None else ():
        assert carried is not None
        run.take_carried(carried_of(carried))
    for frame in log.frames(log.first):
        yield (frame.header.first - log.first) / max(log.position - log.first, 1)
        for run in runs:
            run.take(frame)
    for run in runs:
        run.flush()


class KnownLabels:
    """The labels of a log as they were known when it ended: those that came with their events, and those that came by themselves.

    `clock_ms`: when the last event was received. `start`: only what came from this position on, the whole log without.
    """

    def __init__(self, kept: Kept, start: int | None = None) -> None:
        self._given: dict[int, tuple[int, int]] = {}
        self.clock_ms = 0
        for frame in kept.log.frames(kept.log.first if start is None else start):
            if frame.header.kind == LABELS:
                note = noted_labels(frame.payload)
                self._given |= zip(note.event_positions.tolist(), zip(note.fraud.tolist(), note.due.tolist()))
            elif frame.header.kind == EVENTS:
                received = noted(frame.payload, kept.tenant).judged.received
                self.clock_ms = max(self.clock_ms, int(received.max(initial=0)))

    def of(self, batch: EventBatch) -> tuple[Array, Array]:
        """Labels int8[n], -1 where none was known; and when each was known, ms."""
        labels, known = batch.labels.copy(), batch.time_ms + batch.label_delay_ms
        for row in np.flatnonzero(np.isin(batch.positions, list(self._given))).tolist() if self._given else ():
            labels[row], known[row] = self._given[int(batch.positions[row])]
        return np.where(known <= self.clock_ms, labels, -1).astype(np.int8), known
