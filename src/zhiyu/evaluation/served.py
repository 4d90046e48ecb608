"""What a server decided, from its log: the report of a replay, without deciding anything again.

In: what a data folder keeps of one tenant. Out: `Replayed` over the decisions of the policy in force, since it was released; the digest is
that of a replay of the same events. Reads only; the server may go on.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import CAUSES, Resumed
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.kept import Kept
from zhiyu.engine.label_frames import NotedLabels, noted_labels
from zhiyu.engine.list_frames import NotedLists, noted_lists
from zhiyu.engine.outcome import Outcome
from zhiyu.engine.resumed_frames import NotedTime, noted_time, read_back
from zhiyu.engine.resuming import waiting_of
from zhiyu.evaluation.tally import Replayed, Tally
from zhiyu.log.frames import EVENTS, LABELS, LISTS, RELEASE, TICK

READERS: dict[int, Callable[[bytes], NotedTime | NotedLists | NotedLabels]] = {
    TICK: noted_time, LISTS: noted_lists, LABELS: noted_labels,
}  # fmt: skip
"""Kinds of frames, apart from events, in which decisions go on."""


class ServedReport:
    """Iterate `steps()` for progress (0..1), then read `result`. InputError when nothing was decided yet."""

    def __init__(self, kept: Kept) -> None:
        self.kept = kept
        self._first, self._labels = self._released()
        self.tally: Tally | None = None
        self._waits, self._open = Counter[str](opened=0, answered=0, expired=0, changed=0, stayed=0), set[int]()
        self.result = Replayed()

    def _released(self) -> tuple[int, dict[int, int]]:
        """The position from which the policy in force decides; labels that came by themselves, by event position."""
        first, labels = -1, dict[int, int]()
        for frame in self.kept.log.frames(self.kept.log.first):
            if frame.header.kind == RELEASE:
                first = frame.header.first
            elif frame.header.kind == LABELS:
                note = noted_labels(frame.payload)
                labels |= zip(note.event_positions.tolist(), note.fraud.tolist())
        return max(first, self.kept.log.first), labels

    def steps(self) -> Iterator[float]:
        """Count frame by frame; yields how much is done."""
        end = max(self.kept.log.position - self._first, 1)
        for frame in self.kept.log.frames(self._first):
            if frame.header.first < self._first:
                continue
            if frame.header.kind in READERS and self.tally is not None:
                parts = READERS[frame.header.kind](frame.payload).resumed
                self._resume(self.tally, [read_back(part, self.kept.tenant) for part in parts])
            if frame.header.kind != EVENTS:
                continue
            note = noted(frame.payload, self.kept.tenant)
            if self.tally is None:
                self.tally = Tally(self.kept.policy(note.policy), note.batch.label_delay_ms)
            self._take(self.tally, note)
            self._resume(self.tally, note.resumed)
            yield (frame.header.next - self._first) / end
        if self.tally is None:
            raise InputError(
                f"nothing was decided yet in {self.kept.folder}; send events first",
                f"{self.kept.folder} 中尚无决策；请先发送事件",
            )
        self.result = self.tally.finish()
        self.result.served = True
        self.result.waits = dict(self._waits) | {"open": len(self._open)} if self._waits["opened"] else {}

    def _take(self, tally: Tally, note: Noted) -> None:
        d = note.decisions
        tally.result.events += note.batch.n
        if not d.n:  # a frame of facts only holds no results
            tally.result.facts += note.batch.n
            tally.result.late += note.judged.late_ones
            tally.spend.take(note.batch, note.resumed)
            return
        d.labels, delays = self._labelled(d, note.batch.label_delay_ms)
        held = [int(d.positions[at]) for at in waiting_of(tally.opened.compiled.waits, d)]
        self._waits["opened"] += len(held)
        self._open.update(held)
        facts, late = note.batch.n - d.n, note.judged.late_ones
        outcome = Outcome(d, facts=facts, late=late, held=held)
        tally.take(outcome, note.batch, [], delays, note.resumed)

    def _resume(self, tally: Tally, parts: Sequence[Resumed]) -> None:
        for part in parts:
            tally.resume(part)
            self._waits["stayed"] += int(part.stays.sum())
            for position, cause, waits in zip(
                part.decisions.positions[~part.stays].tolist(),
                part.cause[~part.stays].tolist(),
                part.waits[~part.stays].tolist(),
            ):
                self._waits[CAUSES[cause]] += 1
                self._waits["opened"] += waits
                (self._open.add if waits else self._open.discard)(position)

    def _labelled(self, d: DecisionBatch, delay_ms: int) -> tuple[Array, Array]:
        """Labels of the decisions, and how long after its event each arrives. What came by itself is there."""
        labels, delays = d.labels.copy(), np.full(d.n, delay_ms, np.int64)
        for at in np.flatnonzero(np.isin(d.positions, list(self._labels))).tolist() if self._labels else ():
            labels[at], delays[at] = self._labels[int(d.positions[at])], 0
        return labels, delays

    def run(self) -> Replayed:
        """The whole log at once."""
        for _ in self.steps():
            pass
        return self.result
