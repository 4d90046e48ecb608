"""Decisions that went on, inside frames of the log: beside the events that let them, or in a frame of their own when time alone did.

In: `Resumed` parts; a moment up to which time passed. Out: bytes, and the same read back. A frame of time (TICK) is decided again
by a recovery like any other: it lets time pass up to its moment, and what goes on must come out as noted.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import Change, Resumed
from zhiyu.events.batch import EventBatch


class StoredResumed(msgspec.Struct, array_like=True, gc=False):
    """Little-endian arrays of k decisions that went on, with the events they were made of (C columns)."""

    words: tuple[int, int]
    ids: list[str]
    positions: bytes
    id_code: bytes
    type_index: bytes
    time_ms: bytes
    received: bytes
    late: bytes
    labels: bytes
    money: bytes
    values: bytes
    nulls: bytes
    shown: dict[str, list[str | None]]
    block: bytes
    kept: bytes
    kept_values: bytes
    kept_nulls: bytes
    revision: bytes
    cause: bytes
    answer: bytes
    waits: bytes
    stays: bytes
    changes: list[tuple[Change, ...]] = []


class NotedTime(msgspec.Struct, array_like=True, gc=False):
    """Time passed up to `until_ms` under the policy of this hash, and what went on because of it."""

    policy: bytes
    until_ms: int
    resumed: list[StoredResumed]


_ENCODE = msgspec.msgpack.Encoder().encode
_DECODE = msgspec.msgpack.Decoder(NotedTime).decode


def time_payload(policy: str, until_ms: int, resumed: Sequence[Resumed]) -> bytes:
    """The payload of a TICK frame."""
    return _ENCODE(NotedTime(bytes.fromhex(policy), until_ms, [stored(part) for part in resumed]))


def noted_time(payload: bytes) -> NotedTime:
    """A TICK frame read back."""
    return _DECODE(payload)


def stored(part: Resumed) -> StoredResumed:
    """One part as it is written."""
    d, e = part.decisions, part.events
    shown: dict[str, list[str | None]] = {name: list(column) for name, column in e.shown.items()}
    return StoredResumed(
        (d.hit_words, d.path_words), list(d.ids), d.positions.tobytes(), d.id_code.tobytes(), d.type_index.tobytes(), d.time_ms.tobytes(),
        d.received_ms.tobytes(), d.late.tobytes(), d.labels.tobytes(), d.money.tobytes(), e.values.tobytes(), e.nulls.tobytes(), shown,
        d.block.tobytes(), d.kept.tobytes(), d.kept_values.tobytes(), d.kept_nulls.tobytes(), part.revision.tobytes(),
        part.cause.tobytes(), part.answer.tobytes(), part.waits.tobytes(), part.stays.tobytes(), part.changes,
    )  # fmt: skip


def read_back(part: StoredResumed, tenant: str) -> Resumed:
    """One part as it was; arrays are read-only views."""

    def ints(data: bytes, dtype: Any = np.int64) -> Array:
        return np.frombuffer(data, dtype)

    k, kept = len(part.ids), ints(part.kept)
    code = ints(part.id_code, np.uint64).reshape(k, 2)
    kinds, positions, time_ms = ints(part.type_index, np.int16), ints(part.positions), ints(part.time_ms)
    labels, money = ints(part.labels, np.int8), ints(part.money)
    events = EventBatch(
        tenant, positions, part.ids, code, np.zeros(k, np.uint64), kinds, time_ms, ints(part.values).reshape(-1, k),
        ints(part.nulls, np.uint8).reshape(-1, k), labels, 0, money, dict(part.shown),
    )  # fmt: skip
    decisions = DecisionBatch(
        tenant, positions, part.ids, code, kinds, time_ms, ints(part.received), ints(part.late, np.uint8), labels, money, np.arange(k),
        ints(part.block).reshape(-1, k), *part.words, kept, ints(part.kept_values).reshape(len(kept), -1) if len(kept) else _NONE,
        ints(part.kept_nulls, np.uint8).reshape(len(kept), -1) if len(kept) else _NONE,
    )  # fmt: skip
    return Resumed(
        decisions, events, ints(part.revision), ints(part.cause), ints(part.answer), ints(part.waits, np.bool_),
        ints(part.stays, np.bool_), part.changes,
    )  # fmt: skip


_NONE = np.zeros((0, 0), np.int64)
