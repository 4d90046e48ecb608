"""The network of a data folder as of a moment: beside a server that runs, or of a copy.

In: what a data folder keeps of one tenant, a time. Out: the network after the last event received up to then, from the newest snapshot
before it and the log after that. Reads only; nothing is decided for anybody.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.engine.engine import Engine
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.kept import Kept
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.list_frames import noted_lists
from zhiyu.engine.opened import Opened
from zhiyu.engine.recovery import UNFIT, Recovered, replayed, restored
from zhiyu.engine.releases import Releases
from zhiyu.engine.resumed_frames import noted_time
from zhiyu.evaluation.network_asked import AskedNetwork, Codes, names_in
from zhiyu.log.frames import EVENTS, LABELS, LISTS, TICK, Frame
from zhiyu.network.gang_state import Lineage
from zhiyu.network.gang_view import record_of
from zhiyu.network.state import NetworkState


@dataclass(slots=True)
class _Begin:
    """From where on frames are taken up: an engine that stands there (None: the begin of the log), its policy, the frames after it."""

    position: int
    opened: Opened
    engine: Engine | None
    frames: Iterator[Frame]


class KeptNetwork(AskedNetwork):
    """Call `run`, then ask. `until_ms`: the last moment that counts, None for the end of the log; `position`: the place
    in the log up to which everything is in. InputError when the log holds nothing that far back, or nothing of a network."""

    def __init__(self, kept: Kept, until_ms: int | None = None) -> None:
        self.kept, self.until_ms = kept, until_ms
        self.position = kept.log.first
        self._rest: Noted | None = None
        self._engine: Engine | None = None
        self._fields: dict[str, dict[str, tuple[int, int]]] = {}

    @property
    def state(self) -> NetworkState:
        """The network as it stands."""
        assert self._engine is not None
        assert self._engine.network is not None
        return self._engine.network

    def run(self, say: Callable[[float], None] = lambda done: None) -> KeptNetwork:
        """Take up frame by frame; `say` is told how much is done. Returns itself."""
        begin = self._begin()
        frames = self._until(begin.frames, begin.position, say)
        opened, engine = replayed(self.kept.log, frames, self.kept.releases, begin.opened, Recovered(), begin.engine)
        if self._rest is not None:
            batch = self._rest.batch
            engine.process(batch, False, self._rest.floors[: batch.n])
        super().__init__(opened)
        if engine.network is None:
            raise InputError(
                "the policy in force then asked nothing of its network, so none was kept; a rule has to read a `network_…` feature",
                "当时生效的策略未使用关系网络，因此没有保留；需有规则读取 network_… 特征",
            )
        self._engine = engine
        return self

    @property
    def lineage(self) -> list[Lineage]:
        """What became of gangs, as far as the record is kept."""
        return record_of(self.state)

    def _begin(self) -> _Begin:
        kept = self.kept
        for folder in kept.snapshots:
            if self.until_ms is not None and not self._may_be_before(int(folder.name)):
                continue
            try:
                opened, engine, frames = restored(folder, kept.log, kept.releases, kept.policy)
            except UNFIT:
                continue
            if self.until_ms is None or int(engine.door.clock[0]) <= self.until_ms:
                return _Begin(int(folder.name), opened, engine, frames)
        if kept.log.first > 0:
            raise InputError(
                "no snapshot that far back is kept, and the log begins later; ask about a later moment",
                "没有留存那么早的快照，而日志从其后才开始；请查询更晚的时间",
            )
        releases = Releases(kept.folder / "policies", kept.log)
        first = next(kept.log.frames(0), None)
        if first is None:
            raise InputError("the log holds nothing yet; send events first", "日志中尚无内容；请先发送事件")
        return _Begin(0, kept.policy(releases.read(first).hash), None, kept.log.frames(0))

    def _may_be_before(self, position: int) -> bool:
        """Whether what follows a position was received no later than asked, or nothing follows: then a look into the snapshot tells."""
        assert self.until_ms is not None
        for frame in self.kept.log.frames(position):
            if frame.header.kind == EVENTS and frame.header.first >= position:
                return int(noted(frame.payload, self.kept.tenant).judged.received[0]) <= self.until_ms
        return True

    def _until(self, frames: Iterator[Frame], start: int, say: Callable[[float], None]) -> Iterator[Frame]:
        """Frames up to the moment; a frame that goes across it is left for `_rest`."""
        span = max(self.kept.log.position - start, 1)
        for number, frame in enumerate(frames):
            if self._is_later(frame):
                return
            if number % 64 == 0:
                say((frame.header.first - start) / span)
            self.position = frame.header.next
            yield frame

    def _is_later(self, frame: Frame) -> bool:
        if self.until_ms is None:
            return False
        kind = frame.header.kind
        if kind == EVENTS:
            note = noted(frame.payload, self.kept.tenant)
            count = int(np.searchsorted(note.judged.received, self.until_ms, side="right"))
            if count == note.batch.n:
                return False
            if count:
                note.batch = note.batch.first(count)
                self._rest, self.position = note, int(note.batch.positions[-1]) + 1
            return True
        if kind == LABELS:
            return noted_labels(frame.payload).floor > self.until_ms
        if kind == LISTS:
            return noted_lists(frame.payload).moment > self.until_ms
        return kind == TICK and noted_time(frame.payload).until_ms > self.until_ms

    def names(self, codes: Codes) -> dict[int, str]:
        """Names as the events of the log show them, the newest segments first."""
        wanted, found = np.array(sorted(codes), np.int64), dict[int, str]()
        log = self.kept.log
        for number in range(len(log.segments) - 1, -1, -1):
            segment = log.segments[number]
            for frame in log.frames(segment.first):
                if len(found) == len(wanted):
                    return found
                if frame.after[0] != segment.first:
                    break
                if frame.header.kind == EVENTS:
                    note = noted(frame.payload, self.kept.tenant)
                    names_in(note.batch, self._fields_of(note.policy), wanted, found)
        return found

    def _fields_of(self, policy: str) -> dict[str, tuple[int, int]]:
        """The fields of the network as they lie under a policy of the log; those that it does not have are left out."""
        if policy not in self._fields:
            index = self.kept.policy(policy).compiled.schema.index
            own = {field: (kind, index[field]) for field, (kind, _) in self.fields.items() if field in index}
            self._fields[policy] = own
        return self._fields[policy]
