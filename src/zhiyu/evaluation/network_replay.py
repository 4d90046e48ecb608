"""A file of events, replayed up to a moment, so that its network can be asked.

In: an opened policy with a network, a file, a time. Out: the network as it was after the last event received up to then, what became of
gangs, and names of people and things: as the file shows them, masked where they are personal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.replay import choose_source
from zhiyu.events.batch import EventBatch, RawBatch
from zhiyu.events.decode import decode
from zhiyu.events.list_values import ValueReader
from zhiyu.events.refusals import Bad
from zhiyu.log.files import open_events
from zhiyu.network.ask import keys_of
from zhiyu.network.gang_state import Lineage
from zhiyu.network.state import NetworkState

BATCH = 4096
PERSON = "person"


class NetworkReplay:
    """Iterate `steps()` for progress, then ask: `state`, `lineage` (times in ms since 1970), `names`."""

    def __init__(self, opened: Opened, events: Path, source: str | None = None, until_ms: int | None = None) -> None:
        if opened.policy.network is None:
            raise InputError(
                "the policy has no `network:`; declare what links people first", "策略没有 network；请先声明关联方式"
            )
        self.opened, self.events, self.until_ms = opened, events, until_ms
        self.network = opened.policy.network
        self.source = choose_source(opened, source)
        self.engine = Engine(opened.compiled, opened.codes, opened.tenant)
        self.lineage: list[Lineage] = []
        self._clock = -(1 << 62)
        self.taken = 0

    @property
    def state(self) -> NetworkState:
        """The network as it stands."""
        assert self.engine.network is not None
        return self.engine.network

    @property
    def fields(self) -> dict[str, tuple[int, int]]:
        """Field → (type of node, register): the person first."""
        plan = self.state.plan
        kinds = {self.network.person: (0, plan.person)}
        return kinds | {link.field: (own.type, own.register) for link, own in zip(self.network.links, plan.links)}

    def steps(self) -> Iterator[float]:
        """Work batch by batch; yields how much is done."""
        file = open_events(self.events, self.source, BATCH)
        for raw in file:
            whole = self._decoded(raw)
            part = self._until(raw, whole)
            batch = whole if part is raw else self._decoded(part)
            self.engine.process(batch)
            self.taken += len(part)
            self._drain()
            yield file.progress()
            if part is not raw:
                return

    def _decoded(self, raw: RawBatch) -> EventBatch:
        return decode(self.opened.compiled.schema, self.source, raw, self.opened.codes, self.opened.tenant).batch

    def _until(self, raw: RawBatch, batch: EventBatch) -> RawBatch:
        """The rows that were received up to the moment: all of them, or those before the first later one."""
        if self.until_ms is None or not batch.n:
            return raw
        received = np.maximum(np.maximum.accumulate(batch.time_ms), self._clock)
        self._clock = int(received[-1])
        end = int(np.searchsorted(received, self.until_ms, side="right"))
        if end == batch.n:
            return raw
        rows = int(np.searchsorted(raw.where()[0], batch.positions[end]))
        columns = (
            {name: column.slice(0, rows) for name, column in raw.columns.items()} if raw.columns is not None else None
        )
        return replace(
            raw, columns=columns, records=raw.records[:rows] if raw.records is not None else None,
            positions=raw.positions[:rows] if raw.positions is not None else None,
            lines=raw.lines[:rows] if raw.lines is not None else None, refusals=[],
        )  # fmt: skip

    def _drain(self) -> None:
        gangs = self.state.gangs
        if gangs is not None:
            fresh = gangs.told(len(self.lineage))
            self.lineage += [replace(each, clock_ms=each.clock_ms + (self.state.epoch_ms or 0)) for each in fresh]

    def key_of(self, asked: str) -> int:
        """The key of `FIELD:VALUE`; `person:VALUE`, or a value alone, is a person. InputError for an unknown field or a bad value."""
        name, colon, value = asked.partition(":")
        if not colon:
            name, value = PERSON, asked
        field = self.network.person if name == PERSON else name
        known = self.fields
        if field not in known:
            hint = did_you_mean(name, [PERSON, *known])
            raise InputError(
                f"'{name}' is not part of the network; {hint.en or 'fields: ' + ', '.join(known)}",
                f"“{name}”不在关系网络中；{hint.zh or '字段：' + '、'.join(known)}",
            )
        declared = [event.fields[field] for event in self.opened.policy.events if field in event.fields]
        try:
            code = ValueReader(declared, self.opened.codes).one(value)[0]
        except (Bad, ValueError) as wrong:
            raise InputError(
                f"'{value}' is no value of '{field}': {wrong}", f"“{value}”不是“{field}”的有效值"
            ) from None
        return int(keys_of(known[field][0], np.array([code]))[0])

    def names(self, keys: Iterable[int]) -> dict[int, str]:
        """`field:value` of keys, as the file shows them; the file is read once more."""
        wanted = np.array(sorted(set(keys)), np.int64)
        found: dict[int, str] = {}
        for raw in open_events(self.events, self.source, BATCH):
            if len(found) == len(wanted):
                break
            batch = self._decoded(raw)
            for field, (kind, register) in self.fields.items():
                self._names_in(batch, field, kind, register, wanted, found)
        return found

    def _names_in(
        self, batch: EventBatch, field: str, kind: int, register: int, wanted: Array, found: dict[int, str]
    ) -> None:
        if register >= len(batch.values):
            return  # a derived field is not in the file
        keys = keys_of(kind, batch.values[register])
        for row in np.flatnonzero(np.isin(keys, wanted) & (batch.nulls[register] == 0)).tolist():
            key = int(keys[row])
            if key not in found:
                column = batch.shown.get(field)
                text: Any = batch.values[register, row] if column is None else column[row]
                found[key] = f"{field}:{text.as_py() if hasattr(text, 'as_py') else text}"
