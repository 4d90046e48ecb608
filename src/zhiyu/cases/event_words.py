"""What an event says of people and things, and how a decision about it is told, under one policy.

In: a policy, columns of events, decisions. Out: `Who`s and `Alert`s. What a value is shown as comes from the event: masked where the field
is personal.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec

from zhiyu.base.jit import Array
from zhiyu.cases.model import Alert, Reason, Who
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.values import to_python
from zhiyu.engine.answers import Answers
from zhiyu.engine.entity_keys import entities_of
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.network_files import code_text
from zhiyu.events.batch import EventBatch
from zhiyu.expressions.wording import Labels
from zhiyu.log.frames import Frame
from zhiyu.policy.outcomes import OUTCOMES
from zhiyu.policy.say import labels_of

MAX_REASONS, MAX_RULES, MAX_SHOWN_CHARS = 20, 50, 120
MAX_JOINED = 30
"""People that one thing may join, where no network says so."""


@dataclass
class EventWords:
    """The words of one policy."""

    opened: Opened

    @cached_property
    def _answers(self) -> Answers:
        return Answers(self.opened)

    @cached_property
    def person(self) -> str:
        """The entity that people are: that of the network's people, else the first that a field names; "" without any."""
        network, entities = self.opened.policy.network, entities_of(self.opened)
        own = entities.get(network.person, ()) if network is not None else ()
        return next(iter(own), next((who[0] for who in entities.values()), ""))

    @cached_property
    def linking(self) -> dict[str, int]:
        """Entity that joins people → with how many of them at most: as the network declares, else every entity but the person."""
        network, entities = self.opened.policy.network, entities_of(self.opened)
        if network is None:
            return {who[0]: MAX_JOINED for who in entities.values() if who[0] != self.person}
        return {
            entities[link.field][0]: link.max_people for link in network.links if link.joins and link.field in entities
        }

    @cached_property
    def _labels(self) -> Labels:
        return labels_of(self.opened.compiled.checked)

    @cached_property
    def _fields(self) -> list[tuple[str, str, int]]:
        """(field, entity, register); fields of the person of the network first, then as declared."""
        index, network = self.opened.compiled.schema.index, self.opened.policy.network
        person = network.person if network is not None else ""
        found = [(name, who[0], index[name]) for name, who in entities_of(self.opened).items() if name in index]
        return sorted(found, key=lambda each: each[0] != person)

    @cached_property
    def _reasons(self) -> dict[str, Reason]:
        return {each.code: Reason(each.code, each.en, each.zh) for each in self.opened.policy.reasons}

    @cached_property
    def _asking(self) -> set[str]:
        """Nodes at which services are asked."""
        return {plan.wait.node for plan in self.opened.compiled.waits.plans if plan.wait.call}

    def asks(self, d: DecisionBatch, at: int) -> bool:
        """Whether the decision is one that a service was to be asked about."""
        return bool(self._asking) and not self._asking.isdisjoint(self.opened.told(d, at, False).path)

    def bodies(self, d: DecisionBatch, chosen: Array, frame: Frame) -> list[dict[str, Any]]:
        """Decisions as they were told."""
        if not len(chosen):
            return []
        return [msgspec.json.decode(body) for body in self._answers.bodies(d.at(chosen), frame.header.chain)]

    def who(self, batch: EventBatch, row: int) -> tuple[Who, ...]:
        """Everybody that an event names, the person first; each once."""
        found: dict[tuple[str, str], Who] = {}
        for name, entity, register in self._fields:
            if not batch.nulls[register, row]:
                code = code_text(int(batch.values[register, row]))
                column = batch.shown.get(name)
                shown = str(_plain(column, row) or code)[:MAX_SHOWN_CHARS]
                found.setdefault((entity, code), Who(entity, code, shown))
        return tuple(found.values())

    def alert(
        self, d: DecisionBatch, at: int, batch: EventBatch, row: int, body: dict[str, Any], until_ms: int
    ) -> Alert:
        """The alert of one decision. `until_ms`: until when it waits, 0 when it did and has gone on (the log tells to what), -1 never."""
        who, position = self.who(batch, row), int(d.positions[at])
        first = who[0] if who else None
        reasons = tuple(self._reasons.get(code, Reason(code)) for code in body["reasons"][:MAX_REASONS])
        return Alert(
            id=f"d:{position}", kind="decision", at_ms=int(d.received_ms[at]), position=position, event_id=str(d.ids[at]),
            event_type=body["type"], outcome=OUTCOMES[int(d.enforced[at])], waits=until_ms >= 0, until_ms=max(until_ms, 0),
            score=int(d.score[at]), money=max(int(d.money[at]), 0), currency=self.opened.currency, rules=tuple(body["rules"][:MAX_RULES]),
            reasons=reasons, who=who, subjects=(first.subject,) if first else (f"event:{position}",),
            shown=f"{first.entity} {first.shown}" if first else str(d.ids[at])[:MAX_SHOWN_CHARS],
            called=self._called(first.entity) if first else ("", ""),
            detail={"decided": body["outcome"], "mark": body["mark"], "policy": body["policy"][:12]},
        )  # fmt: skip

    def _called(self, entity: str) -> tuple[str, str]:
        """The wording of the field that an entity is named like."""
        return self._labels.get(entity, (entity, entity))

    def drift(self, batch: EventBatch, row: int) -> Alert:
        """The alert of an event that tells of a drift: its fields are the detail."""
        schema, detail = self.opened.compiled.schema, dict[str, Any]()
        for register, column in enumerate(schema.columns):
            if column.role == "field" and not batch.nulls[register, row]:
                texts = batch.shown.get(column.name)
                value = _plain(texts, row)
                plain = to_python(column.type, batch.values[register, row], 0) if value is None else value
                detail[column.name] = plain if isinstance(plain, str | int | float | bool) else str(plain)
        position = int(batch.positions[row])
        model = str(detail.get("model") or detail.get("input") or schema.types[int(batch.type_index[row])].name)
        return Alert(
            id=f"m:{position}", kind="drift", at_ms=int(batch.time_ms[row]), position=position, event_id=str(batch.ids[row]),
            event_type=schema.types[int(batch.type_index[row])].name, subjects=(f"model:{model}"[:128],), shown=model[:MAX_SHOWN_CHARS],
            detail=detail,
        )  # fmt: skip


def _plain(column: Any, row: int) -> str | None:
    """A text of a column, which may be one of Arrow; None without."""
    found: Any = column[row] if column is not None else None
    text: str | None = found.as_py() if hasattr(found, "as_py") else found
    return text
