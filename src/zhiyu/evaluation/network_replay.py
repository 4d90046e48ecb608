"""A file of events, replayed up to a moment, so that its network can be asked.

In: an opened policy with a network, a file, a time. Out: the network as it was after the last event received up to then, what became of
gangs, and names of people and things: as the file shows them, masked where they are personal.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.network_asked import AskedNetwork, Codes, names_in
from zhiyu.evaluation.replay import choose_source
from zhiyu.events.batch import EventBatch, RawBatch
from zhiyu.events.decode import decode
from zhiyu.log.files import open_events
from zhiyu.network.gang_state import Lineage
from zhiyu.network.gang_view import dated
from zhiyu.network.state import NetworkState

BATCH = 4096


class NetworkReplay(AskedNetwork):
    """Iterate `steps()` for progress, then ask."""

    def __init__(self, opened: Opened, events: Path, source: str | None = None, until_ms: int | None = None) -> None:
        super().__init__(opened)
        self.events, self.until_ms = events, until_ms
        self.source = choose_source(opened, source)
        self.engine = Engine(opened.compiled, opened.codes, opened.tenant)
        self._lineage: list[Lineage] = []
        self._clock = -(1 << 62)
        self.taken = 0

    @property
    def state(self) -> NetworkState:
        """The network as it stands."""
        assert self.engine.network is not None
        return self.engine.network

    @property
    def lineage(self) -> list[Lineage]:
        """All that became of gangs in the file."""
        return self._lineage

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
            fresh = gangs.told(len(self._lineage))
            self._lineage += [dated(each, self.state) for each in fresh]

    def names(self, codes: Codes) -> dict[int, str]:
        """`field:value` of keys, as the file shows them; the file is read once more."""
        wanted = np.array(sorted(codes), np.int64)
        found: dict[int, str] = {}
        for raw in open_events(self.events, self.source, BATCH):
            if len(found) == len(wanted):
                break
            batch = self._decoded(raw)
            names_in(batch, self.fields, wanted, found)
        return found
