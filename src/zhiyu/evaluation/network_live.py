"""The network of a running engine, asked between two batches.

In: a tenant's `Live`. Out: keys, and names step by step, so that others have their turn in between. What is read of the network itself
is as of one moment; a name is looked up in the log afterwards, where an entity of the policy leads to it.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.engine.entity_keys import entities_of
from zhiyu.engine.live import Live
from zhiyu.evaluation.network_asked import AskedNetwork, Codes, names_in
from zhiyu.network.ask import Reach
from zhiyu.network.gang_state import Lineage
from zhiyu.network.gang_view import record_of
from zhiyu.network.state import NetworkState

NEAR = Reach(people=100, uses=100, rows=1_000)
"""How far one look goes while others wait for decisions: some milliseconds."""
MAX_NAMES = 400


class LiveNetwork(AskedNetwork):
    """InputError when the policy has no network, or nothing reads it."""

    def __init__(self, live: Live) -> None:
        super().__init__(live.opened)
        if live.engine.network is None:
            raise InputError(
                "no rule of the policy reads a `network_…` feature, so no network is kept",
                "策略没有读取 network_… 特征的规则，因此没有保留关系网络",
            )
        self.live, self._state = live, live.engine.network

    @property
    def lineage(self) -> list[Lineage]:
        """What became of gangs, as far as the record is kept."""
        return record_of(self._state)

    @property
    def state(self) -> NetworkState:
        """The network as it stands."""
        return self._state

    def names(self, codes: Codes) -> dict[int, str]:
        """All names at once; `naming` does it in steps."""
        found: dict[int, str] = {}
        for _ in self.naming(codes, found):
            pass
        return found

    def naming(self, codes: Codes, found: dict[int, str]) -> Iterator[None]:
        """Put names of keys (kind of node, value) into `found`, one look into the log per step, at most MAX_NAMES. The index must be up to
        date."""
        archive, wanted = self.live.archive, np.array(list(codes), np.int64)
        keys, of_kind = archive.keys_of(""), self._entities()
        for looks, (key, (kind, code)) in enumerate(codes.items()):
            if looks == MAX_NAMES:
                return
            if key in found or kind not in of_kind or archive.index.behind:
                continue
            position = next(archive.index.positions(keys.key(of_kind[kind], code)), None)
            note = None if position is None else archive.note_at(position)
            if note is not None and note.policy == self.opened.artifact.hash:
                names_in(note.batch, self.fields, wanted, found)
            yield

    def _entities(self) -> dict[int, str]:
        """Kind of node → the entity under which the index has it."""
        entities = entities_of(self.opened)
        return {kind: entities[field][0] for field, (kind, _) in self.fields.items() if field in entities}
