"""Register values as people and files read them, and back.

In: int64 register bits with null marks and a `Type`. Out: Arrow columns (decimals stay exact), Python values, and the form that
sentences are made from.
"""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.expressions.types import Kind, Type

DECIMAL_DIGITS = 19


def arrow_type(type_: Type) -> pa.DataType:
    """How a register of this type is stored in a file."""
    if type_.kind is Kind.FIXED:
        return pa.decimal128(DECIMAL_DIGITS, type_.scale)
    return {
        Kind.BOOL: pa.bool_(), Kind.INT: pa.int64(), Kind.FLOAT: pa.float64(), Kind.TIME: pa.timestamp("ms", "UTC"),
        Kind.DURATION: pa.duration("ms"), Kind.STRING: pa.string(), Kind.GEO: pa.string(),
    }[type_.kind]  # fmt: skip


def to_arrow(type_: Type, values: Array, nulls: Array) -> pa.Array:
    """A column of registers (int64[n], marks uint8[n]) as Arrow. Text without its letters is shown as its code, places as "lat,lon"."""
    mask = nulls != 0
    values = np.ascontiguousarray(values)
    if type_.kind is Kind.FIXED:
        return _decimals(values, mask, type_.scale)
    if type_.kind is Kind.FLOAT:
        return pa.array(values.view(np.float64), mask=mask)
    if type_.kind is Kind.BOOL:
        return pa.array(values != 0, mask=mask)
    if type_.kind in (Kind.STRING, Kind.GEO):
        shown = [None if gone else text_of(type_, int(value)) for value, gone in zip(values, mask)]
        return pa.array(shown, pa.string())
    return pa.array(values, mask=mask).cast(arrow_type(type_))


def text_of(type_: Type, value: int) -> str:
    """A place as "39.904200,116.407400", a text code as "#1f…"."""
    if type_.kind is Kind.GEO:
        low = value & 0xFFFFFFFF
        return f"{(value >> 32) / 1e6:.6f},{(low - (1 << 32) if low >= 1 << 31 else low) / 1e6:.6f}"
    return f"#{value & 0xFFFFFFFFFFFFFFFF:016x}"


def _decimals(values: Array, mask: Array, scale: int) -> pa.Array:
    wide = np.empty((len(values), 2), np.int64)
    wide[:, 0], wide[:, 1] = values, values >> 63
    data = pa.py_buffer(wide.tobytes())
    valid = pa.array(~mask).buffers()[1] if mask.any() else None
    return pa.Array.from_buffers(pa.decimal128(DECIMAL_DIGITS, scale), len(values), [valid, data])


def to_python(type_: Type, value: int, null: int) -> Any:
    """One register as a Python value: Decimal, float, bool, int, datetime (UTC), milliseconds for durations, text; None when null."""
    if null:
        return None
    if type_.kind is Kind.FIXED:
        return Decimal(int(value)).scaleb(-type_.scale)
    if type_.kind is Kind.FLOAT:
        return float(np.int64(value).view(np.float64))
    if type_.kind is Kind.BOOL:
        return bool(value)
    if type_.kind is Kind.TIME:
        return datetime.fromtimestamp(int(value) / 1000, UTC)
    if type_.kind in (Kind.STRING, Kind.GEO):
        return text_of(type_, int(value))
    return int(value)


def seen_form(type_: Type, value: Any) -> Any:
    """A stored value in the form sentences take: scaled integers for decimals, milliseconds for times and durations."""
    if value is None:
        return None
    if type_.kind is Kind.FIXED:
        return int(Decimal(str(value)).scaleb(type_.scale).to_integral_value())
    if type_.kind is Kind.TIME:
        return int(value.timestamp() * 1000) if isinstance(value, datetime) else int(value)
    if type_.kind is Kind.DURATION:
        return int(value.total_seconds() * 1000) if hasattr(value, "total_seconds") else int(value)
    if type_.kind is Kind.BOOL:
        return int(value)
    return value
