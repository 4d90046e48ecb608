"""What the log tells the outside: decisions and the actions they ask for, as effects of the outbox.

In: the log from a position on, which kinds somebody wants. Out: `Effect`s with keys that follow from positions: reading again makes the
same. A decision about the same person or thing keeps its order: `about` is the first entity of the event, by its code, never its value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import msgspec

from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import CAUSES, Resumed
from zhiyu.engine.answers import Answers
from zhiyu.engine.event_frames import noted
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.list_frames import noted_lists
from zhiyu.engine.opened import Opened
from zhiyu.engine.resumed_frames import noted_time, read_back
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS, LABELS, LISTS, TICK, Frame
from zhiyu.log.segments import SegmentLog
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.records.outbox import Effect

Wanted = Callable[[str], bool]
_LATER: dict[int, Callable[[bytes], Any]] = {TICK: noted_time, LABELS: noted_labels, LISTS: noted_lists}
KINDS = (*(f"decision.{outcome}" for outcome in OUTCOMES), "action.*")
"""What the log tells: each decision by its outcome, each action by its name."""


class ToldOutside:
    """Reads one log, a few frames at a time. `position`: up to where it was read."""

    def __init__(self, log: SegmentLog, opened_of: Callable[[str], Opened], tenant: str, position: int) -> None:
        self.position = position
        self._log, self._opened_of, self._tenant = log, opened_of, tenant
        self._answers: dict[str, Answers] = {}
        self._frames: Iterator[Frame] | None = None
        self._after: tuple[tuple[int, int], bytes] | None = None

    def skip(self, position: int) -> None:
        """Nobody wants anything of what comes before this position."""
        self.position, self._frames, self._after = position, None, None

    def read(self, wanted: Wanted, upto: int, frames: int) -> list[Effect]:
        """Effects of at most so many frames, none of which ends after position `upto`."""
        found: list[Effect] = []
        for _ in range(frames):
            frame = self._next(upto)
            if frame is None:
                break
            found += self._of(frame, wanted)
        return found

    def _next(self, upto: int) -> Frame | None:
        while self.position < upto:
            if self._frames is None:
                begins = max(self.position, self._log.first)
                self._frames = self._log.frames_after(*self._after) if self._after else self._log.frames(begins)
            frame = next(self._frames, None)
            if frame is None or frame.header.next > upto:
                self._frames = None
                return None
            self._after = (frame.after, frame.header.chain)
            if frame.header.next > self.position:
                self.position = frame.header.next
                return frame
        return None

    def _of(self, frame: Frame, wanted: Wanted) -> Iterator[Effect]:
        if frame.header.kind == EVENTS:
            note = noted(frame.payload, self._tenant)
            yield from self._decided(note.policy, note.decisions, note.batch, frame.header.chain, wanted)
            parts: Sequence[Resumed] = note.resumed
            policy = note.policy
        elif frame.header.kind in _LATER:
            later = _LATER[frame.header.kind](frame.payload)
            parts = [read_back(part, self._tenant) for part in later.resumed]
            policy = later.policy.hex() if isinstance(later.policy, bytes) else later.policy
        else:
            return
        for part in parts:
            yield from self._decided(policy, part.decisions, part.events, frame.header.chain, wanted, part)

    def _decided(
        self, policy: str, d: DecisionBatch, events: EventBatch, chain: bytes, wanted: Wanted, part: Resumed | None = None
    ) -> Iterator[Effect]:  # fmt: skip
        if not d.n:
            return
        opened = self._opened_of(policy)
        if policy not in self._answers:
            self._answers[policy] = Answers(opened)
        for at, body in enumerate(self._answers[policy].bodies(d, chain)):
            if part is not None and part.stays[at]:
                continue
            told: dict[str, Any] = msgspec.json.decode(body)
            cause, about = str(told["position"]), _about(opened, events, int(d.rows[at]), told)
            if part is not None:
                revision = int(part.revision[at])
                cause = f"{cause}/{revision}"
                told |= {"revision": revision, "because": CAUSES[int(part.cause[at])], "waits": bool(part.waits[at])}
            kind = f"decision.{told['outcome']}"
            if wanted(kind):
                yield Effect(kind, about, f"{self._tenant}/{cause}", told)
            for number, action in enumerate(told["actions"]):
                named = f"action.{action['action']}"
                if wanted(named):
                    facts = {name: told[name] for name in ("id", "type", "position", "outcome", "enforced", "receipt")}
                    yield Effect(named, about, f"{self._tenant}/{cause}/{number}", {**action, "decision": facts})


def _about(opened: Opened, events: EventBatch, row: int, told: dict[str, Any]) -> str:
    """The first entity of the event that has a value; the event itself without one."""
    declared = next((each for each in opened.policy.events if each.name == told["type"]), None)
    for name, field in declared.fields.items() if declared is not None else ():
        register = opened.compiled.schema.index[name]
        if field.entity and not events.nulls[register, row]:
            return f"{field.entity}/{int(events.values[register, row]) & (1 << 64) - 1:016x}"
    return f"event/{told['type']}/{told['id']}"[:200]
