"""Events and what was decided about them, as the payload of one frame of the log.

In: the accepted rows of a decoded batch, what the door said, the decisions. Out: bytes; and from bytes the same batch, ready for an
engine, with the decisions as they were noted. Columns are stored as registers (tokens, never raw personal data): nothing is
parsed again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.admit import Judged
from zhiyu.engine.decider import TOLD_LINES
from zhiyu.engine.resumed_frames import StoredResumed, read_back
from zhiyu.engine.resumed_frames import stored as stored_resumed
from zhiyu.events.batch import EventBatch


class _Stored(msgspec.Struct, array_like=True, gc=False):
    """Little-endian arrays of n events (C columns), d decisions (L lines), k kept rows (F features)."""

    policy: bytes
    words: tuple[int, int]
    accepted: int
    positions: bytes
    ids: list[str]
    id_code: bytes
    body_code: bytes
    type_index: bytes
    time_ms: bytes
    received: bytes
    floors: bytes
    late: bytes
    labels: bytes
    money: bytes
    values: bytes
    nulls: bytes
    shown: dict[str, list[str | None]]
    rows: bytes
    block: bytes
    kept: bytes
    kept_values: bytes
    kept_nulls: bytes
    fallbacks: bytes
    label_delay_ms: int
    resumed: list[StoredResumed] = []


_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(_Stored).decode


@dataclass(slots=True)
class Noted:
    """Events as they were logged, and the decisions noted with them, under the policy of this hash. `floors` int64[n]: the wall clock at
    the door; `fallbacks` int64[f]: rows whose deadline had passed; `accepted`: how many events were accepted before; `resumed`: what went
    on after a wait, between these events."""

    policy: str
    accepted: int
    batch: EventBatch
    judged: Judged
    floors: Array
    fallbacks: Array
    decisions: DecisionBatch
    resumed: list[Resumed] = field(default_factory=list)

    @property
    def told(self) -> tuple[Array, Array]:
        """What was decided, as an engine takes it that only follows: positions, and the lines TOLD_LINES of the result block."""
        d = self.decisions
        return d.positions, d.block[list(TOLD_LINES)] if d.n else np.zeros((len(TOLD_LINES), 0), np.int64)


def event_payload(
    policy: str, accepted: int, batch: EventBatch, judged: Judged, rows: Array, floors: Array, fallbacks: Array, decisions: DecisionBatch,
    resumed: Sequence[Resumed] = (),
) -> bytes:  # fmt: skip
    """The accepted rows (int64[a], ascending) of a batch and their decisions; `accepted` events came before them."""
    n = batch.n
    whole = len(rows) == n
    at: Any = slice(None) if whole else rows
    place = rows if whole else np.searchsorted(rows, np.arange(n))
    ids = _texts(batch.ids)
    shown = {name: _texts(column) for name, column in batch.shown.items()}
    if not whole:
        ids = [ids[row] for row in rows]
        shown = {name: [texts[row] for row in rows] for name, texts in shown.items()}
    d = decisions
    return _ENCODE(
        _Stored(
            bytes.fromhex(policy), (d.hit_words, d.path_words), accepted, batch.positions[at].tobytes(), ids,
            batch.id_code[at].tobytes(), batch.body_code[at].tobytes(),
            batch.type_index[at].tobytes(), batch.time_ms[at].tobytes(), judged.received[at].tobytes(),
            (floors[at] if len(floors) else floors).tobytes(),
            judged.late[at].tobytes(), batch.labels[at].tobytes(), batch.money[at].tobytes(), batch.values[:, at].tobytes(),
            batch.nulls[:, at].tobytes(), shown, place[d.rows].tobytes(), d.block.tobytes(), d.kept.tobytes(), d.kept_values.tobytes(),
            d.kept_nulls.tobytes(), place[fallbacks].tobytes(), batch.label_delay_ms,
            [stored_resumed(part) for part in resumed],
        )
    )  # fmt: skip


def noted(payload: bytes, tenant: str) -> Noted:
    """Read a payload back; the arrays are read-only views of it."""
    stored = _DECODE(payload)
    n = len(stored.ids)

    def whole(data: bytes, dtype: Any, lines: int = 1) -> Array:
        found = np.frombuffer(data, dtype)
        return found.reshape(lines, -1) if lines != 1 else found

    positions, received = whole(stored.positions, np.int64), whole(stored.received, np.int64)
    late, type_index = whole(stored.late, np.uint8), whole(stored.type_index, np.int16)
    time_ms, money, labels = (
        whole(stored.time_ms, np.int64), whole(stored.money, np.int64), whole(stored.labels, np.int8),
    )  # fmt: skip
    id_code = np.frombuffer(stored.id_code, np.uint64).reshape(n, 2)
    values, nulls = (
        np.frombuffer(stored.values, np.int64).reshape(-1, n),
        np.frombuffer(stored.nulls, np.uint8).reshape(-1, n),
    )
    batch = EventBatch(
        tenant, positions, stored.ids, id_code, whole(stored.body_code, np.uint64), type_index, time_ms, values, nulls, labels,
        stored.label_delay_ms, money, dict(stored.shown),
    )  # fmt: skip
    rows, kept = whole(stored.rows, np.int64), whole(stored.kept, np.int64)
    d, k = len(rows), len(kept)
    block = np.frombuffer(stored.block, np.int64).reshape(-1, d) if d else np.zeros((0, 0), np.int64)
    decisions = DecisionBatch(
        tenant, positions[rows], [stored.ids[row] for row in rows.tolist()], id_code[rows], type_index[rows], time_ms[rows],
        received[rows], late[rows], labels[rows], money[rows], rows, block, *stored.words, kept,
        np.frombuffer(stored.kept_values, np.int64).reshape(k, -1) if k else np.zeros((0, 0), np.int64),
        np.frombuffer(stored.kept_nulls, np.uint8).reshape(k, -1) if k else np.zeros((0, 0), np.uint8),
    )  # fmt: skip
    judged = Judged(np.zeros(n, np.uint8), received, late, positions, n, int(late.sum()))
    return Noted(
        stored.policy.hex(),
        stored.accepted,
        batch,
        judged,
        whole(stored.floors, np.int64),
        whole(stored.fallbacks, np.int64),
        decisions,
        [read_back(part, tenant) for part in stored.resumed],
    )


def _texts(column: Sequence[str | None] | Any) -> list[Any]:
    found: list[Any] = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    return found
