"""Labels that came by themselves, as the payload of one frame of the log.

In: labels with the registers of the events they are about. Out: bytes, and from bytes the same labels, ready for an engine: nothing has to
be looked up to apply them, so the event itself may be long gone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.resumed_frames import StoredResumed


class _Stored(msgspec.Struct, array_like=True, gc=False):
    """Little-endian arrays of n labels and C columns."""

    policy: bytes
    floor: int
    positions: bytes
    id_code: bytes
    body_code: bytes
    due: bytes
    fraud: bytes
    events: list[str]
    event_positions: bytes
    type_index: bytes
    values: bytes
    nulls: bytes
    shown: dict[str, list[str | None]]
    reasons: list[str]
    authors: list[str]
    resumed: list[StoredResumed] = []


_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(_Stored).decode


@dataclass(slots=True)
class NotedLabels:
    """n labels, laid out under the policy of this hash. `floor`: the wall clock (ms) at the door, NO_CLOCK without one.

    `positions` int64[n] in the log; `id_code` uint64[n, 2], `body_code` uint64[n] for the door; `due` int64[n] (ms) from when they count;
    `fraud` int64[n] 0 or 1; `events`, `event_positions`, `type_index` (GONE: the policy no longer has the type): what they are about, with
    its registers `values` int64[C, n], `nulls` uint8[C, n] and texts `shown`. `resumed`: what waited and was decided
    again because of them.
    """

    policy: str
    floor: int
    positions: Array
    id_code: Array
    body_code: Array
    due: Array
    fraud: Array
    events: list[str]
    event_positions: Array
    type_index: Array
    values: Array
    nulls: Array
    shown: dict[str, list[str | None]]
    reasons: list[str]
    authors: list[str]
    resumed: list[StoredResumed] = field(default_factory=list)

    @property
    def n(self) -> int:
        """Number of labels."""
        return len(self.positions)

    def take(self, rows: Array) -> NotedLabels:
        """These rows (int64[k]) of it."""
        at = rows.tolist()
        return NotedLabels(
            self.policy, self.floor, self.positions[rows], self.id_code[rows], self.body_code[rows], self.due[rows], self.fraud[rows],
            [self.events[row] for row in at], self.event_positions[rows], self.type_index[rows], self.values[:, rows], self.nulls[:, rows],
            {name: [texts[row] for row in at] for name, texts in self.shown.items()}, [self.reasons[row] for row in at],
            [self.authors[row] for row in at],
        )  # fmt: skip

    def payload(self) -> bytes:
        """As it stands in the log."""
        return _ENCODE(
            _Stored(
                bytes.fromhex(self.policy), self.floor, self.positions.tobytes(), self.id_code.tobytes(), self.body_code.tobytes(),
                self.due.tobytes(), self.fraud.tobytes(), self.events, self.event_positions.tobytes(), self.type_index.tobytes(),
                self.values.tobytes(), self.nulls.tobytes(), self.shown, self.reasons, self.authors,
                self.resumed,
            )
        )  # fmt: skip


def noted_labels(payload: bytes) -> NotedLabels:
    """Read a payload back; the arrays are read-only views of it."""
    stored = _DECODE(payload)
    n = len(stored.events)

    def whole(data: bytes, dtype: Any = np.int64) -> Array:
        return np.frombuffer(data, dtype)

    return NotedLabels(
        stored.policy.hex(), stored.floor, whole(stored.positions), whole(stored.id_code, np.uint64).reshape(n, 2),
        whole(stored.body_code, np.uint64), whole(stored.due), whole(stored.fraud), stored.events, whole(stored.event_positions),
        whole(stored.type_index, np.int16), whole(stored.values).reshape(-1, n), whole(stored.nulls, np.uint8).reshape(-1, n), stored.shown,
        stored.reasons, stored.authors, stored.resumed,
    )  # fmt: skip
