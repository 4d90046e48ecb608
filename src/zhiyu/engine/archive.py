"""What the log can tell later: decisions as they were given, why they came out so, where an id or an entity occurs.

In: the log, its releases. Out: answers, explanations, positions, timelines. The engine is asked for one thing only, the ids it remembers;
older ones are found through the index.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.decisions.explain import Explanation
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.admit import Door
from zhiyu.engine.answers import Answers
from zhiyu.engine.decision_count import DecisionCount
from zhiyu.engine.decision_list import DecisionList, Sought
from zhiyu.engine.entity_index import EntityIndex
from zhiyu.engine.entity_keys import NO_PAIRS, EntityKeys
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.finals import called, explained_call, final_body
from zhiyu.engine.label_frames import NotedLabels
from zhiyu.engine.opened import Opened
from zhiyu.engine.releases import Releases
from zhiyu.engine.timeline import Asked, Page, Timeline
from zhiyu.engine.trace import trace_of
from zhiyu.engine.went_on import Step, steps_of
from zhiyu.engine.what_if import LIVE_ROWS, Again, WhatIf
from zhiyu.entities.lists import ListBook, ListChange, Snooze
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS
from zhiyu.log.segments import SegmentLog

_LOOKS = 200
"""So many of the newest places of an entity are looked at for an event that shows its value: changes of lists and labels are among them."""


class Archive:
    """Reads one log. `opened`: the policy in force; `index` is kept in `folder`."""

    def __init__(self, log: SegmentLog, releases: Releases, folder: Path, opened: Opened) -> None:
        self.opened = opened
        self._log, self._releases = log, releases
        self._answers: dict[str, Answers] = {}
        self._keys: dict[str, EntityKeys] = {}
        self._what_ifs: dict[str, WhatIf] = {}
        self.index = EntityIndex(log, folder, opened.tenant, self.keys_of)
        self.decisions = DecisionList(log, opened.tenant, self.answers_of)

    def count(self, sought: Sought, position: int, offset_ms: int) -> DecisionCount:
        """A count of decisions before `position`, in a zone that is so far ahead of UTC."""
        return DecisionCount(self._log, self.opened.tenant, self.answers_of, sought, position, offset_ms)

    def keep_events(self, before: int, batch: EventBatch, accepted: Array, resumed: Sequence[Resumed] = ()) -> None:
        """Index the accepted rows (int64[a]) of a batch that was logged after everything before position `before`, and what went on."""
        rows: Any = slice(None) if len(accepted) == batch.n else accepted
        pairs = self.keys_of("").of_events(
            batch.values[:, rows], batch.nulls[:, rows], batch.positions[rows], batch.id_code[rows]
        )
        self._keep(before, pairs, resumed, int(batch.positions[accepted[0]]))

    def keep_labels(self, before: int, note: NotedLabels, resumed: Sequence[Resumed] = ()) -> None:
        """Index labels that were logged just now."""
        pairs = self.keys_of("").of_values(note.values, note.nulls, note.positions)
        self._keep(before, pairs, resumed, int(note.positions[0]))

    def keep_changes(
        self, before: int, changes: Sequence[ListChange | Snooze], first: int, resumed: Sequence[Resumed] = ()
    ) -> None:
        """Index changes of lists that were logged just now, at positions from `first` on."""
        self._keep(before, self.keys_of("").of_changes(changes, first), resumed, first)

    def keep_time(self, before: int, resumed: Sequence[Resumed]) -> None:
        """Index what went on in a tick of time that was logged just now, at position `before`."""
        self._keep(before, (NO_PAIRS, NO_PAIRS), resumed, before)

    def _keep(self, before: int, pairs: tuple[Array, Array], resumed: Sequence[Resumed], at: int) -> None:
        if resumed:
            steps = self.keys_of("").of_steps(resumed, at)
            pairs = np.concatenate([pairs[0], steps[0]]), np.concatenate([pairs[1], steps[1]])
        self.index.feed(before, *pairs)

    def went_on(self, position: int) -> list[Step]:
        """What the event at a position came to after it waited, step by step. The index is brought up to date first."""
        self.index.work(math.inf)
        places = sorted(set(self.index.positions(self.keys_of("").step_key(position))))
        frames = (self._log.frame_at(place) for place in places)
        return steps_of(position, (frame for frame in frames if frame is not None), self.opened.tenant)

    def keep_nothing(self, before: int) -> None:
        """Something was logged just now that is about nobody the index leads to."""
        none = np.zeros(0, np.int64)
        self.index.feed(before, none, none)

    def positions_of(self, event_id: str, kind: str, door: Door) -> list[int]:
        """Positions of the events with this id, of all types or (`kind`) of one. `door` remembers the recent ones."""
        codes = zip(self.opened.compiled.schema.types, self.opened.id_codes(event_id))
        wanted = [code for event, code in codes if kind in ("", event.name)]
        found = [position for position in map(door.find, wanted) if position >= 0]
        return found or [position for code in wanted for position in self._older(code)]

    def _older(self, code: Array) -> Iterator[int]:
        """Where the newest event with this id code stands, from the index."""
        for position in () if self.index.behind else self.index.positions(self.keys_of("").id_key(code)):
            note = self.note_at(position)
            if note is not None and (note.batch.id_code[note.batch.positions == position] == code).all():
                yield position
                return

    def at(self, position: int, repeated: bool = False) -> bytes | None:
        """The answer that was given at a position; None when nothing (more) is there."""
        found = self._noted(position)
        if found is None:
            return None
        note, chain, answers = found
        at = np.flatnonzero(note.decisions.positions == position)
        if len(at):
            return answers.bodies(note.decisions.at(at), chain, repeated)[0]
        rows = np.flatnonzero(note.batch.positions == position)
        if not len(rows):
            return None
        row = int(rows[0])
        return answers.taken(note.batch.ids[row], int(note.batch.type_index[row]), position, repeated)

    def came_to(self, position: int, answer: int) -> bytes | None:
        """What the decision at a position came to with the answer at another, as its caller was told; None where no service was asked."""
        later = self._later(position, answer)
        if later is None:
            return None
        part, at, answers, chain = later
        return final_body(answers, part, at, chain, {}) if called(answers.opened, part, at) else None

    def _later(self, position: int, answer: int) -> tuple[Resumed, int, Answers, bytes] | None:
        """The decision about the event at a position that went on because of the answer at another."""
        found = self._noted(answer) if answer >= 0 else None
        for part in found[0].resumed if found is not None else ():
            for at in np.flatnonzero((part.decisions.positions == position) & (part.answer == answer)).tolist():
                return part, at, found[2], found[1]  # type: ignore[index]
        return None

    def explanation(self, position: int, lists: ListBook, answer: int = -1) -> Explanation | None:
        """Why the decision at a position came out as it did; None without one. `lists`: as they are now, for what could change it.
        `answer`: the position of what let it go on last; of a decision that services were asked about, what it came to is explained."""
        later = self._later(position, answer)
        if later is not None and called(later[2].opened, later[0], later[1]):
            return explained_call(*later[:3])
        found = self._noted(position)
        if found is None:
            return None
        note, _, answers = found
        d = note.decisions
        at = np.flatnonzero(d.positions == position)
        if not len(at):
            return None
        lines = np.flatnonzero(d.kept == at[0])
        if not len(lines):
            return answers.opened.explain_pass(d, int(at[0]))
        line = int(lines[0])
        change = self._what_if(note.policy, answers.opened).find(d, note.batch, line, lists, LIVE_ROWS)
        return replace(answers.opened.explain_kept(d, note.batch, line), counterfactual=change)

    def trace(self, position: int) -> dict[str, Any] | None:
        """Everything about the decision at a position that a person may look into; None without one."""
        found = self._line_of(position)
        if found is None:
            return None
        note, answers, at, line = found
        return trace_of(answers.opened, note.decisions, note.batch, at, line)

    def again(self, position: int, lists: ListBook) -> Again | None:
        """The decision at a position made again now, from the values it saw, under the policy that made it, with the lists as they are now;
        None without a decision. InputError when it kept no values."""
        began = time.perf_counter()
        found = self._line_of(position)
        if found is None:
            return None
        note, answers, _, line = found
        if line is None:
            raise InputError(
                "this decision kept no values (a pass keeps none), so it cannot be made again from here; `zhiyu verify` replays the log",
                "该决策未保存取值（通过的决策不保存），无法在此重新决策；可用 `zhiyu verify` 回放日志核验",
            )
        what_if = self._what_if(note.policy, answers.opened)
        read = time.perf_counter()
        made = what_if.again(note.decisions, note.batch, line, lists)
        return replace(made, read_us=round((read - began) * 1e6), decide_us=round((time.perf_counter() - read) * 1e6))

    def _what_if(self, policy: str, opened: Opened) -> WhatIf:
        if policy not in self._what_ifs:
            self._what_ifs[policy] = WhatIf(opened)
        return self._what_ifs[policy]

    def _line_of(self, position: int) -> tuple[Noted, Answers, int, int | None] | None:
        """The frame of a decision, answers under its policy, its number there, the line of its values (None: none were kept)."""
        found = self._noted(position)
        if found is None:
            return None
        note, _, answers = found
        at = np.flatnonzero(note.decisions.positions == position)
        if not len(at):
            return None
        lines = np.flatnonzero(note.decisions.kept == at[0])
        return note, answers, int(at[0]), int(lines[0]) if len(lines) else None

    def timeline(self, asked: Asked) -> Page:
        """What happened to one entity, newest first. The index is brought up to date first; `index.work` does that in pieces."""
        self.index.work(math.inf)
        reader = Timeline(self._log, self.opened.tenant, self.index, self.keys_of, self.answers_of, self.went_on)
        return reader.page(asked, self.keys_of("").key(asked.entity, asked.code))

    def note_at(self, position: int) -> Noted | None:
        """The events of the frame that holds a position."""
        frame = self._log.frame_at(position)
        return noted(frame.payload, self.opened.tenant) if frame is not None and frame.header.kind == EVENTS else None

    def shown(self, entity: str, code: int) -> str | None:
        """A value of an entity as the newest event of it shows it, masked where it is personal; None where none is kept. The index must be
        up to date."""
        for position in islice(self.index.positions(self.keys_of("").key(entity, code)), _LOOKS):
            note = self.note_at(position)
            if note is None:
                continue
            keys, batch = self.keys_of(note.policy), note.batch
            for field, register in zip(keys.fields_of(entity), keys.registers.get(entity, ())):
                texts = batch.shown.get(field)
                rows = np.flatnonzero((batch.values[register] == code) & (batch.nulls[register] == 0))
                if texts is not None and len(rows):
                    text: Any = texts[int(rows[0])]
                    return str(text.as_py() if hasattr(text, "as_py") else text)
        return None

    def _noted(self, position: int) -> tuple[Noted, bytes, Answers] | None:
        """The frame that holds a position, its chain, and answers under the policy that decided then."""
        frame = self._log.frame_at(position)
        if frame is None or frame.header.kind != EVENTS:
            return None
        note = noted(frame.payload, self.opened.tenant)
        return note, frame.header.chain, self.answers_of(note.policy)

    def keys_of(self, policy: str) -> EntityKeys:
        """Keys of entities under a policy of the log, "" for the one in force."""
        policy = policy or self.opened.artifact.hash
        if policy not in self._keys:
            self._keys[policy] = EntityKeys(self._releases.open(policy, self.opened))
        return self._keys[policy]

    def answers_of(self, policy: str) -> Answers:
        """Answers under a policy of the log."""
        if policy not in self._answers:
            self._answers[policy] = Answers(self._releases.open(policy, self.opened))
        return self._answers[policy]
