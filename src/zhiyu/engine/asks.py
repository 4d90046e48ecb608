"""What services are to be asked: the open calls of a live engine, with the values that may be sent.

In: decisions that began to wait for a service, the records they were made of. Out: `Ask`s, once each; and what a decision came to, for the
caller who waits. Personal values are taken from the record as it came, held in memory until the decision is made, and written nowhere:
what needs one after a restart cannot be asked again, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from zhiyu.decisions.values import to_python
from zhiyu.engine.answers import Answers
from zhiyu.engine.finals import final_body
from zhiyu.engine.holds import Held
from zhiyu.engine.opened import Opened
from zhiyu.engine.outcome import Outcome
from zhiyu.engine.resuming import Resuming
from zhiyu.engine.wait_answers import came_to
from zhiyu.events.declare import Source
from zhiyu.events.raw_columns import nested
from zhiyu.events.refusals import Bad
from zhiyu.expressions.types import Kind
from zhiyu.log.ndjson import read_line
from zhiyu.policy.calls import names_sent
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare_services import Service


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to one service, about the event at `position`. `values`: field → what to send; None when it is no longer known.
    `again`: it may have been asked before a restart."""

    service: Service
    event_id: str
    position: int
    values: Mapping[str, Any] | None
    again: bool = False


class Asks:
    """The open calls of one tenant. `under_way`: position → personal values of the event, while a service is asked about it. `news`,
    `finals`: what is to be asked, and what decisions came to (position, answer), since somebody last took them."""

    def __init__(self) -> None:
        self.under_way: dict[int, dict[str, Any]] = {}
        self.news: list[Ask] = []
        self.finals: list[tuple[int, bytes]] = []

    def begin(self, opened: Opened, resuming: Resuming | None) -> None:
        """Everything that waits for a service when a log is opened."""
        if resuming is None:
            return
        resuming.watched, resuming.fresh = True, []
        for held in resuming.holds:
            if resuming.waits.plans[held.plan].call is not None:
                self.news.append(self._ask(opened, resuming, held, None, again=True))

    def taken(
        self, opened: Opened, resuming: Resuming | None, bodies: Sequence[bytes], source: Source | None, first: int
    ) -> None:
        """Look what began to wait for a service; `bodies`: the records taken just now, at positions from `first` on."""
        if resuming is None or not resuming.fresh:
            return
        held, resuming.fresh = resuming.fresh, []
        for each in held:
            if each.position not in self.under_way and first <= each.position < first + len(bodies):
                self.under_way[each.position] = _personal(opened, each, bodies[each.position - first], source)
            if resuming.holds.open(each.code) is each:
                self.news.append(self._ask(opened, resuming, each, self.under_way.get(each.position)))
            else:  # the answer came with the event, from whoever asked himself
                self.under_way.setdefault(each.position, {})

    def tell(self, resuming: Resuming | None, outcome: Outcome, chain: bytes, answers: Answers) -> dict[int, bytes]:
        """Look which events no service is asked about any more; what was kept for them is forgotten. `chain`: of the outcome's frame.
        Returns what they came to, by position."""
        found = {}
        for position, part, at, state in came_to(resuming, outcome, self.under_way):
            del self.under_way[position]
            found[position] = final_body(answers, part, at, chain, state)
        self.finals += found.items()
        return found

    def take(self, opened: Opened, resuming: Resuming | None) -> tuple[list[Ask], list[tuple[int, bytes]]]:
        """Everything new, also what began to wait because time passed or a list changed; to be acted on after the next sync."""
        self.taken(opened, resuming, (), None, 0)
        found = self.news, self.finals
        if found[0] or found[1]:
            self.news, self.finals = [], []
        return found

    def _ask(
        self, opened: Opened, resuming: Resuming, held: Held, personal: Mapping[str, Any] | None, again: bool = False
    ) -> Ask:
        plan = resuming.waits.plans[held.plan]
        service = next(each for each in opened.policy.services if each.name == plan.wait.call)
        values = _values(opened, held, service, plan.wait.of, personal)
        self.under_way.setdefault(held.position, {})
        return Ask(service, held.event_id, held.position, values, again)


def _personal(opened: Opened, held: Held, body: bytes, source: Source | None) -> dict[str, Any]:
    """The personal values of a record that some service may be sent, as they came."""
    wanted = names_sent(opened.policy) & opened.personal
    try:
        record = read_line(body)
    except Bad:
        return {}
    found = {}
    for name in wanted:
        column = source.reads.get(name, name) if source is not None else name
        value = nested(record, column) if isinstance(column, str) else None
        if isinstance(value, str | int) and not isinstance(value, bool):
            found[name] = str(value).strip()
    return found


def _values(
    opened: Opened, held: Held, service: Service, kind: str, personal: Mapping[str, Any] | None
) -> dict[str, Any] | None:
    compiled = opened.compiled
    given = {"id": held.event_id, "type": kind, "time": _time(held.time_ms)}
    columns, counted = np.frombuffer(held.values, np.int64), [compiled.features[i] for i in compiled.counted]
    nulls = np.frombuffer(held.nulls, np.uint8)
    found: dict[str, Any] = {}
    for name in {*service.request.query.values(), *service.request.body.values()}:
        if name in given:
            found[name] = given[name]
        elif name in opened.personal:
            at = compiled.schema.index[name]
            if nulls[at]:
                found[name] = None
            elif personal is None or name not in personal:
                return None
            else:
                found[name] = personal[name]
        elif name in compiled.schema.index:
            found[name] = _shown(compiled, held, name, columns, nulls)
        else:
            number = next(i for i, feature in enumerate(counted) if feature.name == name)
            value = np.frombuffer(held.frozen, np.int64)[number]
            found[name] = _plain(
                to_python(counted[number].type, value, int(np.frombuffer(held.frozen_nulls, np.uint8)[number]))
            )
    return found


def _shown(compiled: Compiled, held: Held, name: str, values: np.ndarray, nulls: np.ndarray) -> Any:
    at = compiled.schema.index[name]
    type_ = compiled.schema.columns[at].type
    if not nulls[at] and type_.kind is Kind.STRING:
        return held.shown.get(name)
    return _plain(to_python(type_, values[at], int(nulls[at])))


def _plain(value: Any) -> Any:
    return _time(round(value.timestamp() * 1000)) if isinstance(value, datetime) else value


def _time(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
