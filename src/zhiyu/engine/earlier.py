"""What an engine behind its log tells of earlier: decisions, why they came out so, what they came to, the events of an entity.

In: the id of an event, a position, an entity. Out: what was answered then, from the log; nothing here changes anything.
"""

from __future__ import annotations

from typing import Any

from zhiyu.decisions.explain import Explanation
from zhiyu.engine.durable import Durable
from zhiyu.engine.timeline import Asked, Page
from zhiyu.engine.wait_answers import answer_about, with_state


class Earlier(Durable):
    """Answers questions about what was decided."""

    def decision(self, event_id: str) -> bytes | None:
        """The decision about an event, as JSON; None when its id is not known."""
        position = self.position_of(event_id)
        body = None if position is None else self.at(position)
        if body is None or position is None or self.engine.resuming is None:
            return body
        return with_state(self.engine.resuming, self.opened.id_codes(event_id), position, body, self.archive.came_to)

    def position_of(self, event_id: str) -> int | None:
        """Where an event stands in the log; the first type that has this id counts."""
        return next(iter(self._positions_of(event_id)), None)

    def _positions_of(self, event_id: str, kind: str = "") -> list[int]:
        """Positions of the events with this id, of all types or of one."""
        return self.archive.positions_of(event_id, kind, self.engine.door)

    def at(self, position: int, repeated: bool = False) -> bytes | None:
        """The answer that was given at a position, from the log; None when nothing (more) is there."""
        return self.archive.at(position, repeated)

    def explanation(self, event_id: str) -> Explanation | None:
        """Why a decision came out as it did, with the values it saw (a pass keeps none); None when its id is not known."""
        position = self.position_of(event_id)
        later = answer_about(self.engine.resuming, self.opened.id_codes(event_id), position)
        return None if position is None else self.archive.explanation(position, self.engine.lists, later)

    def went_on(self, event_id: str) -> list[dict[str, Any]]:
        """What a decision that waited came to, step by step: why it went on, what was decided then; empty when it never waited."""
        position = self.position_of(event_id) if self.engine.resuming is not None else None
        steps = [] if position is None else self.archive.went_on(position)
        return [step.told(self._opened_of(step.policy)) for step in steps]

    def timeline(self, asked: Asked) -> Page:
        """What happened to one entity, newest first. The index is brought up to date first; `archive.index.work` does that in pieces."""
        return self.archive.timeline(asked)
