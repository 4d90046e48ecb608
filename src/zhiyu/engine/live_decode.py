"""Records as they come over the wire, decoded as one batch: few of them one by one, many by column.

In: JSON objects as bytes, the next position. Out: `Decoded` for the good ones, and one `Refusal` per bad one; positions count every record,
so that a refusal names its record.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhiyu.base.limits import MAX_EVENT_BYTES
from zhiyu.engine.opened import Opened
from zhiyu.events.batch import EventBatch, RawBatch
from zhiyu.events.declare import Source
from zhiyu.events.decode import decode
from zhiyu.events.decode_one import decode_few
from zhiyu.events.refusals import Bad, Refusal
from zhiyu.log.ndjson import read_line

MANY = 48
"""From so many records on, columns are cheaper."""


def decode_bodies(
    opened: Opened, source: Source | None, bodies: Sequence[bytes], position: int
) -> tuple[EventBatch | None, list[Refusal]]:
    """The good records as one batch (None when there is none), and the refused ones."""
    records, positions, refusals = [], [], []
    for number, body in enumerate(bodies, position):
        try:
            records.append(read_line(body if len(body) <= MAX_EVENT_BYTES else None))
            positions.append(number)
        except Bad as bad:
            refusals.append(Refusal(number, "", "", bad.code, bad.en, bad.zh))
    if not records:
        return None, refusals
    schema = opened.compiled.schema
    if len(records) >= MANY:
        raw = RawBatch(None, records, position, np.array(positions, np.int64))
        decoded = decode(schema, source, raw, opened.codes, opened.tenant)
        return (decoded.batch if decoded.batch.n else None), refusals + decoded.refusals
    decoded = decode_few(schema, source, records, opened.codes, opened.tenant, positions)
    return (decoded.batch if decoded.batch.n else None), refusals + decoded.refusals


def joined(parts: Sequence[EventBatch]) -> EventBatch:
    """Several batches of one schema as one."""
    first = parts[0]
    if len(parts) == 1:
        return first
    names = dict.fromkeys(name for part in parts for name in part.shown)
    return EventBatch(
        first.tenant, np.concatenate([p.positions for p in parts]), [each for p in parts for each in _list(p.ids)],
        np.concatenate([p.id_code for p in parts]), np.concatenate([p.body_code for p in parts]),
        np.concatenate([p.type_index for p in parts]), np.concatenate([p.time_ms for p in parts]),
        np.concatenate([p.values for p in parts], axis=1), np.concatenate([p.nulls for p in parts], axis=1),
        np.concatenate([p.labels for p in parts]), first.label_delay_ms, np.concatenate([p.money for p in parts]),
        {name: [each for p in parts for each in _list(p.shown.get(name, [None] * p.n))] for name in names},
    )  # fmt: skip


def _list(column: object) -> list[str | None]:
    found: list[str | None] = column.to_pylist() if hasattr(column, "to_pylist") else list(column)  # type: ignore[call-overload]
    return found
