"""What happened to one person, card or device: events with their decisions, labels, changes of lists, newest first.

In: an index of the log, the entity and the code of a value. Out: entries as JSON objects, and the place where the next page begins. The
index says where to look; what is told comes from the log itself, and only when the code is really there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.answers import Answers
from zhiyu.engine.entity_index import EntityIndex
from zhiyu.engine.entity_keys import EntityKeys
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.label_frames import NotedLabels, noted_labels
from zhiyu.engine.list_frames import NotedLists, noted_lists
from zhiyu.engine.went_on import Step
from zhiyu.events.list_changes import NEVER, Snooze
from zhiyu.log.frames import EVENTS, LABELS, LISTS, Frame
from zhiyu.log.list_journal import said_time
from zhiyu.log.segments import SegmentLog
from zhiyu.policy.outcomes import OUTCOMES


@dataclass(frozen=True, slots=True)
class Asked:
    """`since`, `until`: only what happened from then, before then (ms); `before`: only what stands before this position; `most` entries."""

    entity: str
    code: int
    since: int | None = None
    until: int | None = None
    before: int | None = None
    most: int = 50


@dataclass(slots=True)
class Page:
    """Entries, newest first; `next`: pass it as `before` for what follows, None when nothing does."""

    entries: list[dict[str, Any]]
    next: int | None


@dataclass(frozen=True, slots=True)
class _Entry:
    time_ms: int
    content: dict[str, Any]


class Timeline:
    """Reads timelines of one log. `answers_of`: how decisions under the policy of a hash are worded; `keys_of`: its keys."""

    def __init__(
        self, log: SegmentLog, tenant: str, index: EntityIndex, keys_of: Callable[[str], EntityKeys],
        answers_of: Callable[[str], Answers], steps_of: Callable[[int], list[Step]],
    ) -> None:  # fmt: skip
        self._steps_of = steps_of
        self._log, self._tenant, self._index, self._keys_of, self._answers_of = log, tenant, index, keys_of, answers_of
        self._read: tuple[Frame, Any] | None = None

    def page(self, asked: Asked, key: int) -> Page:
        """One page. At most ten times as many places are looked at as entries are asked for: a page may be short and have a `next`."""
        found: list[dict[str, Any]] = []
        places = self._places(key, asked.before)
        for looked, at in enumerate(places, 1):
            entry = self._entry(at, asked)
            if entry is not None and _within(entry.time_ms, asked):
                found.append(entry.content)
            if len(found) == asked.most or looked == 10 * asked.most:
                return Page(found, at if next(places, None) is not None else None)
        return Page(found, None)

    def _places(self, key: int, before: int | None) -> Iterator[int]:
        return (place for place in self._index.positions(key) if before is None or place < before)

    def _entry(self, position: int, asked: Asked) -> _Entry | None:
        """What stands at a position; None when it is about somebody else."""
        frame, note = self._noted(position)
        if isinstance(note, Noted):
            return self._event(frame, note, position, asked)
        if isinstance(note, NotedLabels):
            return self._label(note, position, asked)
        return self._change(note, position, frame.header.first, asked) if isinstance(note, NotedLists) else None

    def _noted(self, position: int) -> tuple[Frame, Any]:
        if self._read is not None and self._read[0].header.first <= position < self._read[0].header.next:
            return self._read
        frame = self._log.frame_at(position)
        assert frame is not None
        kind, payload, note = frame.header.kind, frame.payload, None  # type: int, bytes, Any
        if kind == EVENTS:
            note = noted(payload, self._tenant)
        elif kind == LABELS:
            note = noted_labels(payload)
        elif kind == LISTS:
            note = noted_lists(payload)
        self._read = frame, note
        return self._read

    def _about(self, policy: str, asked: Asked, values: Array, nulls: Array, row: int) -> bool:
        registers = self._keys_of(policy).registers.get(asked.entity, [])
        return any(not nulls[register, row] and values[register, row] == asked.code for register in registers)

    def _event(self, frame: Frame, note: Noted, position: int, asked: Asked) -> _Entry | None:
        batch = note.batch
        [row] = np.flatnonzero(batch.positions == position).tolist()
        if not self._about(note.policy, asked, batch.values, batch.nulls, row):
            return None
        answers, at = self._answers_of(note.policy), np.flatnonzero(note.decisions.positions == position)
        if len(at):
            body = answers.bodies(note.decisions.at(at), frame.header.chain)[0]
        else:
            body = answers.taken(batch.ids[row], int(batch.type_index[row]), position)
        steps = [
            step.facts() | {"outcome": OUTCOMES[int(step.part.decisions.outcome[step.at])]}
            for step in self._steps_of(position)
        ]
        later = {"went_on": steps} if steps else {}
        times = {"time": said_time(int(batch.time_ms[row])), "received_at": said_time(int(note.judged.received[row]))}
        return _Entry(int(batch.time_ms[row]), {"kind": "event", **times, **msgspec.json.decode(body), **later})

    def _label(self, note: NotedLabels, position: int, asked: Asked) -> _Entry | None:
        [row] = np.flatnonzero(note.positions == position).tolist()
        if not self._about(note.policy, asked, note.values, note.nulls, row):
            return None
        due = int(note.due[row])
        content = {
            "kind": "label", "time": said_time(due), "position": position, "event": note.events[row],
            "event_position": int(note.event_positions[row]), "fraud": bool(note.fraud[row]), "reason": note.reasons[row],
            "author": note.authors[row],
        }  # fmt: skip
        return _Entry(due, content)

    def _change(self, note: NotedLists, position: int, first: int, asked: Asked) -> _Entry | None:
        change = note.changes[position - first]
        if change.code != asked.code:
            return None
        if isinstance(change, Snooze):
            own = {"kind": "snooze", "rule": change.rule, "field": change.field}
        else:
            own = {"kind": "list", "list": change.list, "op": change.op}
        until = {} if change.until_ms == NEVER else {"until": said_time(change.until_ms)}
        said = {"position": position, "value": change.shown, "reason": change.reason, "author": change.author, **until}
        return _Entry(change.due_ms, {**own, "time": said_time(change.due_ms), **said})


def _within(time_ms: int, asked: Asked) -> bool:
    return (asked.since is None or time_ms >= asked.since) and (asked.until is None or time_ms < asked.until)
