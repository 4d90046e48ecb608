"""Records as they come over the wire, decoded as one batch: plain ones in machine code, the rest by the definitions.

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
from zhiyu.events.wire import decode_wire
from zhiyu.log.ndjson import read_line

MANY = 48
"""From so many records on that are not plain, columns are cheaper."""


def decode_bodies(
    opened: Opened, source: Source | None, bodies: Sequence[bytes], position: int
) -> tuple[EventBatch | None, list[Refusal]]:
    """The good records as one batch (None when there is none), and the refused ones."""
    plain, left = None, list(range(len(bodies)))
    if source is None:
        positions = range(position, position + len(bodies))
        plain, left = decode_wire(opened.compiled.schema, bodies, positions, opened.codes, opened.tenant)
        if not left:
            return plain, []
    found, refusals = _decode_rest(opened, source, bodies, left, position)
    if plain is None or found is None:
        return plain or found, refusals
    whole = joined([plain, found])
    return in_order(whole, np.argsort(whole.positions)), refusals


def _decode_rest(
    opened: Opened, source: Source | None, bodies: Sequence[bytes], numbers: Sequence[int], position: int
) -> tuple[EventBatch | None, list[Refusal]]:
    """The records of these numbers by the definitions."""
    records, positions, refusals = [], [], []
    for number in numbers:
        body = bodies[number]
        try:
            records.append(read_line(body if len(body) <= MAX_EVENT_BYTES else None))
            positions.append(position + number)
        except Bad as bad:
            refusals.append(Refusal(position + number, "", "", bad.code, bad.en, bad.zh))
    if not records:
        return None, refusals
    schema = opened.compiled.schema
    if len(records) >= MANY:
        raw = RawBatch(None, records, position, np.array(positions, np.int64))
        decoded = decode(schema, source, raw, opened.codes, opened.tenant)
    else:
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


def in_order(batch: EventBatch, rows: np.ndarray) -> EventBatch:
    """The same events in another order: row `rows[i]` comes i-th."""
    ids, order = _list(batch.ids), rows.tolist()
    return EventBatch(
        batch.tenant, batch.positions[rows], [str(ids[row]) for row in order], batch.id_code[rows], batch.body_code[rows],
        batch.type_index[rows], batch.time_ms[rows], np.ascontiguousarray(batch.values[:, rows]),
        np.ascontiguousarray(batch.nulls[:, rows]), batch.labels[rows], batch.label_delay_ms, batch.money[rows],
        {name: [texts[row] for row in order] for name, texts in ((name, _list(c)) for name, c in batch.shown.items())},
    )  # fmt: skip


def _list(column: object) -> list[str | None]:
    found: list[str | None] = column.to_pylist() if hasattr(column, "to_pylist") else list(column)  # type: ignore[call-overload]
    return found
