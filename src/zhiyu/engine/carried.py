"""What must outlive the segments that a promise lets go of: who is on which list, which rules are snoozed, and labels still on their way.

In: a log, the position from which on it will be kept, what was carried over before. Out: bytes that stand beside the log, and, when a
policy counts from that position on, the same facts again. Everything else that was in those segments is older than what was promised: no
window within the promise holds it. A list has no window: whoever was put on it years ago is on it.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec
import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.engine.admit import NO_CLOCK
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.label_frames import NotedLabels, noted_labels
from zhiyu.engine.list_frames import NotedLists, list_payload, noted_lists
from zhiyu.events.list_changes import ListChange, Snooze
from zhiyu.log.frames import EVENTS, LABELS, LISTS, Frame
from zhiyu.log.segments import SegmentLog

_BEFORE_ALL = int(np.iinfo(np.int64).min)
Change = ListChange | Snooze
OnTheirWay = tuple[bool, NotedLabels]
"""(whether they came with their events, the labels)."""


class _Stored(msgspec.Struct, array_like=True):
    """`received_ms`, `position`: of the last event before; `labels`: in the order of the log, whether they came with their events."""

    received_ms: int
    position: int
    lists: bytes
    labels: list[tuple[bool, bytes]]


class _Packed(msgspec.Struct, array_like=True):
    version: int
    size: int
    content: bytes


_ENCODE = msgspec.msgpack.Encoder().encode
_UNPACK = msgspec.msgpack.Decoder(_Packed).decode
_DECODE = msgspec.msgpack.Decoder(_Stored).decode


@dataclass(slots=True)
class Carried:
    """The facts. `lists`: what is in force, by what it is about; `labels`: those that no event has met yet."""

    received_ms: int = _BEFORE_ALL
    position: int = -1
    lists: dict[tuple[str, str, int], Change] = field(default_factory=dict)
    labels: list[OnTheirWay] = field(default_factory=list)

    def take(self, frame: Frame, tenant: str) -> None:
        """One frame more is to go."""
        kind = frame.header.kind
        if kind == EVENTS:
            self._take_events(noted(frame.payload, tenant))
        elif kind == LABELS:
            self.labels.append((False, noted_labels(frame.payload)))
        elif kind == LISTS:
            for change in noted_lists(frame.payload).changes:
                self._change(change)

    def settle(self) -> None:
        """Forget what has ended, or has met its event."""
        self.lists = {key: change for key, change in self.lists.items() if change.until_ms > self.received_ms}
        labels = [(own, _of(note, self._waiting(own, note))) for own, note in self.labels]
        self.labels = [(own, note) for own, note in labels if note.n]

    def changes(self) -> list[Change]:
        """What is on lists, and which rules are snoozed, in the order in which it took effect."""
        return list(self.lists.values())

    def to_bytes(self) -> bytes:
        """As it stands beside the log."""
        lists = list_payload(NotedLists(NO_CLOCK, self.changes()))
        labels = [(own, note.payload()) for own, note in self.labels]
        content = _ENCODE(_Stored(self.received_ms, self.position, lists, labels))
        return _ENCODE(_Packed(1, len(content), pa.compress(content, "zstd", asbytes=True)))

    def _change(self, change: Change) -> None:
        if isinstance(change, Snooze):
            key = change.rule, change.field, change.code
        else:
            key = "", change.list, change.code
        self.lists.pop(key, None)
        if isinstance(change, Snooze) or change.op == "add":
            self.lists[key] = change

    def _take_events(self, note: Noted) -> None:
        batch = note.batch
        if not batch.n:
            return
        labelled = np.flatnonzero(batch.labels >= 0)
        if len(labelled):
            due = batch.time_ms[labelled] + batch.label_delay_ms
            soon = due <= int(note.judged.received[-1])
            if not soon.all() or batch.labels[-1] >= 0:
                self.labels.append((True, _as_labels(note, labelled, due)))
        self.received_ms, self.position = int(note.judged.received[-1]), int(batch.positions[-1])

    def _waiting(self, own: bool, note: NotedLabels) -> Array:
        """Those whose moment no event has reached: a label counts before the first event received at or after it is due, after its own."""
        since = note.event_positions if own else note.positions
        rows: Array = np.flatnonzero((note.due > self.received_ms) | (since >= self.position))
        return rows


def carried_of(content: bytes | None) -> Carried:
    """From the bytes that stand beside a log; nothing when there are none."""
    if content is None:
        return Carried()
    packed = _UNPACK(content)
    stored = _DECODE(pa.decompress(packed.content, packed.size, "zstd", asbytes=True))
    found = Carried(stored.received_ms, stored.position)
    for change in noted_lists(stored.lists).changes:
        found._change(change)
    found.labels = [(own, noted_labels(part)) for own, part in stored.labels]
    return found


def carried_over(log: SegmentLog, tenant: str, first: int) -> bytes:
    """What must outlive everything before position `first`, the begin of a segment."""
    found = carried_of(log.carried())
    for frame in log.frames():
        if frame.after[0] >= first:
            break
        found.take(frame, tenant)
    found.settle()
    return found.to_bytes()


def _of(note: NotedLabels, rows: Array) -> NotedLabels:
    return note if len(rows) == note.n else note.take(rows)


def _as_labels(note: Noted, rows: Array, due: Array) -> NotedLabels:
    """Labels that came with their events, in the form of those that come by themselves."""
    batch, at = note.batch, rows.tolist()
    return NotedLabels(
        note.policy, NO_CLOCK, batch.positions[rows], batch.id_code[rows], batch.body_code[rows], due, batch.labels[rows].astype(np.int64),
        [str(batch.ids[row]) for row in at], batch.positions[rows], batch.type_index[rows], batch.values[:, rows], batch.nulls[:, rows],
        {name: [column[row] for row in at] for name, column in batch.shown.items()}, [""] * len(at), [""] * len(at),
    )  # fmt: skip
