"""Registers as Arrow columns and back, bit for bit and without a detour through typed values.

In: int64 register bits with null marks (0 value, 1 null). Out: nullable int64 columns; texts as string columns.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array


def as_registers(values: Array, nulls: Array) -> pa.Array:
    """Register bits as a column; what stands under a null mark is dropped."""
    values = np.ascontiguousarray(values)
    if not nulls.any():
        return pa.array(values)
    valid = pa.py_buffer(np.packbits(nulls == 0, bitorder="little").tobytes())
    return pa.Array.from_buffers(pa.int64(), len(values), [valid, pa.py_buffer(np.where(nulls == 0, values, 0))])


def registers_of(column: pa.Array) -> tuple[Array, Array]:
    """(int64[n], uint8[n] null marks) of such a column; the values may be read-only."""
    valid, data = column.buffers()
    values = np.frombuffer(data, np.int64, len(column), 8 * column.offset)
    if valid is None or not column.null_count:
        return values, np.zeros(len(column), np.uint8)
    bits = np.unpackbits(np.frombuffer(valid, np.uint8), bitorder="little")[column.offset : column.offset + len(column)]
    return values, 1 - bits


def texts_of(texts: Sequence[Any] | pa.Array | None, rows: Array) -> pa.Array:
    """Some rows of a column of texts (Arrow or a list); nulls when there is none."""
    if texts is None:
        return pa.nulls(len(rows), pa.string())
    if hasattr(texts, "take"):
        return texts.take(pa.array(rows)).cast(pa.string())
    return pa.array([texts[int(row)] for row in rows], pa.string())
