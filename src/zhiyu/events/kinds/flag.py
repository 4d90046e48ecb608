"""Booleans. In: true/false, 1/0, or a text such as "yes", "n", "是". Out: 1 or 0; None for null and empty text."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from zhiyu.events.declare import Field
from zhiyu.events.kinds.reader import Notes, Numbers
from zhiyu.events.refusals import wrong_type
from zhiyu.expressions.types import Kind, Type

TRUE = frozenset(("true", "t", "yes", "y", "1", "是", "真"))
FALSE = frozenset(("false", "f", "no", "n", "0", "否", "假"))


class Flag:
    """Reader of `bool` fields."""

    def __init__(self, declared: Field) -> None:
        self.type = Type(Kind.BOOL, nullable=not declared.required)

    def one(self, value: object, notes: Notes) -> int | None:
        """1, 0 or None."""
        if value is None:
            return None
        if isinstance(value, (bool, int, float)) and value in (0, 1):
            return int(value)
        if isinstance(value, str):
            text = value.strip().lower()
            if not text:
                return None
            if text in TRUE:
                return 1
            if text in FALSE:
                return 0
        raise wrong_type(value, "true or false; send true, false, 1 or 0", "布尔值；请传 true、false、1 或 0")

    def many(self, column: pa.Array) -> Numbers | None:
        """bool, int64 and float64 columns."""
        if not (pa.types.is_boolean(column.type) or pa.types.is_int64(column.type) or pa.types.is_float64(column.type)):
            return None
        null = column.is_null().to_numpy(zero_copy_only=False)
        raw = column.fill_null(False if pa.types.is_boolean(column.type) else 0).to_numpy(zero_copy_only=False)
        values = (raw == 1).astype(np.int64)
        return Numbers(values, null, ~((raw == 0) | (raw == 1)))
