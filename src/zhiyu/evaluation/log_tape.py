"""What a server decided becomes a feature tape: whatever works over past events works over a log.

In: what a data folder keeps, the policy in force, an empty folder. Out: a tape of every event that is kept, with the features as the policy
counts them, and each label with the time at which it was known. The log is followed from its begin, so features see the labels, lists and
decisions that there really were; nothing is parsed again, and personal values are the tokens that the log holds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.engine.carried import carried_of
from zhiyu.engine.engine import Engine
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.kept import Kept
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.live_decode import joined
from zhiyu.engine.opened import Opened
from zhiyu.engine.relaid import GONE
from zhiyu.engine.tail import Follower, runs_of, told_of
from zhiyu.evaluation.tape import TapeWriter
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS, LABELS

Given = dict[int, tuple[int, int]]
"""Position of an event → (fraud, when that was known, ms)."""


def record_log(kept: Kept, opened: Opened, folder: Path, say: Callable[[float], None] = lambda done: None) -> Path:
    """Write the tape; InputError for a policy that waits, or one whose decisions cannot be made again from a tape."""
    if opened.compiled.waits:
        raise InputError(
            "the policy waits: its log cannot be made into a tape yet; bring the events as a file",
            "策略含等待节点：暂不能由其日志生成特征带；请提供事件文件",
        )
    given, clock_ms = labels_of(kept)
    facts = {"input": str(kept.folder), "input_bytes": 0, "source": None, "label_delay_ms": 0, "labels": None}
    writer = TapeWriter(folder, opened, facts)
    engine = Engine(opened.compiled, opened.codes, opened.tenant)
    follower = _Recorder(engine, opened, kept.policy, writer, given, clock_ms)
    log = kept.log
    carried = log.carried()
    try:
        if carried is not None:
            follower.take_carried(carried_of(carried))
        for frame in log.frames(log.first):
            say((frame.header.first - log.first) / max(log.position - log.first, 1))
            follower.take(frame)
        follower.flush()
        if not writer.written:
            raise InputError(f"nothing was decided yet in {kept.folder}", f"{kept.folder} 中尚无决策")
        writer.finish()
    except BaseException:
        writer.abandon()
        raise
    return folder


def labels_of(kept: Kept) -> tuple[Given, int]:
    """Labels that came by themselves, and the newest moment in the log."""
    given: Given = {}
    clock_ms = 0
    for frame in kept.log.frames(kept.log.first):
        if frame.header.kind == LABELS:
            note = noted_labels(frame.payload)
            given |= zip(note.event_positions.tolist(), zip(note.fraud.tolist(), note.due.tolist()))
        elif frame.header.kind == EVENTS:
            clock_ms = max(clock_ms, int(noted(frame.payload, kept.tenant).judged.received.max(initial=0)))
    return given, clock_ms


class _Recorder(Follower):
    """Counts for a policy, and writes what it saw."""

    def __init__(
        self,
        engine: Engine,
        opened: Opened,
        opened_of: Callable[[str], Opened],
        writer: TapeWriter,
        given: Given,
        clock_ms: int,
    ) -> None:
        super().__init__(engine, opened, opened_of)
        self._writer, self._given, self._clock_ms = writer, given, clock_ms

    def _decide(self, notes: list[Noted]) -> None:
        batch = joined([note.batch for note in notes])
        received = np.concatenate([note.judged.received for note in notes])
        late = np.concatenate([note.judged.late for note in notes])
        told = told_of([note.told for note in notes])
        relaid = self._from(notes[0].policy)
        for rows in runs_of(relaid.kinds(batch.type_index) != GONE):
            part = relaid.batch(batch, rows)
            self.engine.accepted = notes[0].accepted + rows.start
            outcome = self.engine.process_accepted(part, received[rows], late[rows], True, told)
            self._label_rows(part)
            self._writer.write(outcome, part)

    def _label_rows(self, batch: EventBatch) -> None:
        """Labels as they were known when the log ended."""
        labels, known = batch.labels.copy(), batch.time_ms + batch.label_delay_ms
        for row in np.flatnonzero(np.isin(batch.positions, list(self._given))).tolist() if self._given else ():
            labels[row], known[row] = self._given[int(batch.positions[row])]
        batch.labels = np.where(known <= self._clock_ms, labels, -1).astype(np.int8)
        batch.known_ms = known
