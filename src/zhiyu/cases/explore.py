"""Everything that a log tells of somebody or something, as of a moment: the ground of every investigation.

In: a log with its index, where and when to stop. Out: `Touch`es: events, with whom they name, what was decided, the money, what became
known of them later. Reading goes in small steps, so that decisions have their turn in between; asked again as of the same moment, the
answer is the same, as the log does not change.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from zhiyu.cases.event_words import EventWords
from zhiyu.cases.model import Who
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.list_frames import noted_lists
from zhiyu.engine.live import Live
from zhiyu.evaluation.network_files import code_text
from zhiyu.events.list_changes import ListChange
from zhiyu.log.frames import EVENTS, LABELS, LISTS, Frame
from zhiyu.policy.outcomes import OUTCOMES

MAX_TOUCHES = 500
"""Events of one person or thing that are looked at, the newest."""
_FRAMES = 64
Steps = Generator[None, None, Any]
"""A `yield` after each small piece of work; what is returned at the end is the answer."""


class Touch(msgspec.Struct, frozen=True, kw_only=True):
    """An event that names somebody. `outcome`: what was done, "" where nothing was decided."""

    position: int
    event_id: str
    type: str
    time_ms: int
    received_ms: int
    money: int
    outcome: str
    who: tuple[Who, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What became known of an event, or of somebody: a label, a change of a list. `about`: position of the event, -1 for none."""

    position: int
    at_ms: int
    kind: str
    about: int
    fraud: bool
    text: str
    author: str


@dataclass(slots=True)
class Touched:
    """What is known of one person or thing: its events, newest first; labels and changes of lists about it; `more`: there are older."""

    who: Who
    touches: list[Touch]
    said: list[Said]
    more: bool = False

    @property
    def fraud(self) -> bool:
        """Whether the newest label about it says fraud."""
        labels = [each for each in self.said if each.kind == "label"]
        return bool(labels) and max(labels, key=lambda each: (each.at_ms, each.position)).fraud


class Explorer:
    """Looks into one log. `position`: only what stands before it; `until_ms`: only what was received, or became known, until then."""

    def __init__(self, live: Live, position: int, until_ms: int) -> None:
        self._live, self.position, self.until_ms = live, position, until_ms
        self._words: dict[str, EventWords] = {}
        self._frames: OrderedDict[int, tuple[int, Any]] = OrderedDict()
        self._known: dict[tuple[str, str], Touched] = {}
        self._touches: dict[int, Touch] = {}
        self.words = self.words_of(live.opened.artifact.hash)

    def words_of(self, policy: str) -> EventWords:
        """The words of a policy of the log."""
        if policy not in self._words:
            self._words[policy] = EventWords(self._live.releases.open(policy, self._live.opened))
        return self._words[policy]

    def of(self, who: Who) -> Generator[None, None, Touched]:
        """Everything about one person or thing, read once."""
        key = who.entity, who.code
        if key in self._known:
            return self._known[key]
        archive, code = self._live.archive, signed(who.code)
        while archive.index.work(0.005):
            yield
        found, shown = Touched(who, [], []), who.shown
        for position in archive.index.positions(archive.keys_of("").key(who.entity, code)):
            if position >= self.position:
                continue
            if len(found.touches) >= MAX_TOUCHES:
                found.more = True
                break
            shown = self._look(position, who, found) or shown
            yield
        found.who = Who(who.entity, who.code, shown or who.code)
        self._known[key] = found
        return found

    def _look(self, position: int, who: Who, found: Touched) -> str:
        """Take what stands at a position, when it is about `who`; how the event shows them, "" when it does not."""
        kind, note, first = self._note(position)
        if kind == EVENTS:
            touch = self._touch(position, note)
            mine = next((each for each in touch.who if (each.entity, each.code) == (who.entity, who.code)), None)
            if (
                mine is not None
                and touch.received_ms <= self.until_ms
                and all(touch.position != t.position for t in found.touches[-1:])
            ):
                found.touches.append(touch)
            return mine.shown if mine is not None else ""
        if kind == LABELS:
            [row] = np.flatnonzero(note.positions == position).tolist()
            about, due = int(note.event_positions[row]), int(note.due[row])
            found.said.append(
                Said(position=position, at_ms=due, kind="label", about=about, fraud=bool(note.fraud[row]), text=note.reasons[row],
                     author=note.authors[row])
            )  # fmt: skip
        elif kind == LISTS:
            change = note.changes[position - first]
            if change.code == signed(who.code) and isinstance(change, ListChange):
                said = f"{change.op} {change.list}"
                found.said.append(
                    Said(
                        position=position,
                        at_ms=change.due_ms,
                        kind="list",
                        about=-1,
                        fraud=False,
                        text=said,
                        author=change.author,
                    )
                )
        found.said = [each for each in found.said if each.at_ms <= self.until_ms]
        return ""

    def _note(self, position: int) -> tuple[int, Any, int]:
        frame = self._live.log.frame_at(position)
        if frame is None:
            return -1, None, 0
        first = frame.header.first
        if first not in self._frames:
            self._frames[first] = frame.header.kind, _read(frame, self._live.tenant)
            if len(self._frames) > _FRAMES:
                self._frames.popitem(last=False)
        self._frames.move_to_end(first)
        return *self._frames[first], first

    def _touch(self, position: int, note: Noted) -> Touch:
        if position not in self._touches:
            words, batch, d = self.words_of(note.policy), note.batch, note.decisions
            [row] = np.flatnonzero(batch.positions == position).tolist()
            at = np.flatnonzero(d.positions == position)
            self._touches[position] = Touch(
                position=position, event_id=str(batch.ids[row]), type=words.opened.compiled.schema.types[int(batch.type_index[row])].name,
                time_ms=int(batch.time_ms[row]), received_ms=int(note.judged.received[row]), money=max(int(batch.money[row]), 0),
                outcome=OUTCOMES[int(d.enforced[at[0]])] if len(at) else "", who=words.who(batch, row),
            )  # fmt: skip
        return self._touches[position]

    def entity(self, name: str, value: str) -> Who:
        """Somebody by what they are called, or by `code:` and 16 hex digits. InputError."""
        if value.startswith("code:") and len(value) == 21:
            return Who(name, value[5:])
        return Who(name, code_text(self._live.opened.entity_code(name, value)))


def _read(frame: Frame, tenant: str) -> Any:
    kind, payload = frame.header.kind, frame.payload
    if kind == EVENTS:
        return noted(payload, tenant)
    return noted_labels(payload) if kind == LABELS else noted_lists(payload) if kind == LISTS else None


def signed(code: str) -> int:
    """The number of a code of 16 hex digits.

    >>> signed("ffffffffffffffff")
    -1
    """
    number = int(code, 16)
    return number - (1 << 64) if number >> 63 else number


def run(steps: Generator[None, None, Any]) -> Any:
    """All steps at once, where nobody waits."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            return done.value
