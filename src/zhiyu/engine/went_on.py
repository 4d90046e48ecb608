"""What a decision that waited came to, step by step, read from the log: why it went on, what was decided then, and the receipt of it.

In: the position of an event, where the index says that it went on. Out: `Step`s in order. Each stands in the frame of the events, the
labels, the change of lists or the tick of time that let it go on, and its receipt carries the chain of that frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np

from zhiyu.decisions.explain import Explanation
from zhiyu.decisions.resumed import CAUSES, Resumed
from zhiyu.engine.event_frames import noted
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.list_frames import noted_lists
from zhiyu.engine.opened import Opened
from zhiyu.engine.receipts import DIGITS, Receipt
from zhiyu.engine.resumed_frames import noted_time, read_back
from zhiyu.log.frames import EVENTS, LABELS, LISTS, TICK, Frame
from zhiyu.log.list_journal import said_time

KINDS = (EVENTS, LABELS, LISTS, TICK)
"""Kinds of frames in which decisions go on."""


@dataclass(frozen=True, slots=True)
class Step:
    """Number `at` of `part`: one decision that went on, with the policy that decided and the chain of its frame."""

    part: Resumed
    at: int
    policy: str
    chain: bytes

    @property
    def revision(self) -> int:
        """1 after the first time it went on."""
        return int(self.part.revision[self.at])

    def receipt(self) -> Receipt:
        """The receipt of this step."""
        d = self.part.decisions
        return Receipt(
            d.tenant, int(d.positions[self.at]), self.policy[:DIGITS], self.chain.hex()[:DIGITS], self.revision
        )

    def facts(self) -> dict[str, Any]:
        """Why it went on, as JSON; `answer`: position of the answer, None without."""
        part, at = self.part, self.at
        changes = [
            msgspec.to_builtins(dict(zip(("en", "zh"), change.said()))) | msgspec.structs.asdict(change)
            for change in (part.changes[at] if part.changes else ())
        ]
        answer = int(part.answer[at])
        return {
            "revision": self.revision, "at": said_time(int(part.decisions.received_ms[at])), "cause": CAUSES[int(part.cause[at])],
            "answer": answer if answer >= 0 else None, "changes": changes, "waits": bool(part.waits[at]), "stays": bool(part.stays[at]),
            "receipt": str(self.receipt()),
        }  # fmt: skip

    def told(self, opened: Opened) -> dict[str, Any]:
        """The facts, the `node` at which it had waited with what would have answered it there (`asked`), and the decision explained."""
        kind = int(self.part.decisions.type_index[self.at])
        wait = next(plan.wait for plan in opened.compiled.waits.plans if plan.resumed == kind)
        asked = {"node": wait.node, "asked": sorted(wait.answers)}
        return asked | self.facts() | {"decision": self.explained(opened).to_dict()}

    def explained(self, opened: Opened) -> Explanation:
        """Why it came out as it did; `opened`: the policy that decided."""
        d = self.part.decisions
        lines = np.flatnonzero(d.kept == self.at)
        if not len(lines):
            return opened.explain_pass(d, self.at)
        return opened.explain_kept(d, self.part.events, int(lines[0]))


def parts_of(frame: Frame, tenant: str) -> tuple[str, list[Resumed]]:
    """The policy of a frame, and what went on in it."""
    kind = frame.header.kind
    if kind == EVENTS:
        note = noted(frame.payload, tenant)
        return note.policy, note.resumed
    if kind == LABELS:
        labels = noted_labels(frame.payload)
        return labels.policy, [read_back(part, tenant) for part in labels.resumed]
    if kind == LISTS:
        lists = noted_lists(frame.payload)
        return lists.policy, [read_back(part, tenant) for part in lists.resumed]
    time = noted_time(frame.payload) if kind == TICK else None
    return ("", []) if time is None else (time.policy.hex(), [read_back(part, tenant) for part in time.resumed])


def steps_in(frame: Frame, tenant: str, wanted: Callable[[int], bool]) -> Iterator[Step]:
    """What went on in a frame, of events at the positions that are wanted."""
    policy, parts = parts_of(frame, tenant) if frame.header.kind in KINDS else ("", [])
    for part in parts:
        for at, position in enumerate(part.decisions.positions.tolist()):
            if wanted(position):
                yield Step(part, at, policy, frame.header.chain)


def steps_of(position: int, frames: Iterable[Frame], tenant: str) -> list[Step]:
    """Every step of one event that stands in these frames, in order."""
    found = [step for frame in frames for step in steps_in(frame, tenant, position.__eq__)]
    return sorted(found, key=lambda step: step.revision)
