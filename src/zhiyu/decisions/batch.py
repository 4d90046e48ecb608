"""Decisions as columns: what was decided, why, and what was seen.

In: filled by the engine. Out: arrays of equal length n, one row per decided event, in log order; feature values only for kept rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array


@dataclass(slots=True)
class DecisionBatch:
    """n decisions. Times in ms since 1970; `outcome` 0..5 (pass … decline); `hits`, `errors` int64[n, W] rule bits.

    `rows` int64[n]: row of each decision in the decoded batch. `kept` int64[k]: decisions whose values are in `kept_values` int64[k, F]
    and `kept_nulls` uint8[k, F] (0 value, 1 null, 2 error). `prints` int64[n] changes when any feature value does.
    """

    tenant: str
    positions: Array
    ids: Sequence[str] | pa.Array
    id_code: Array
    type_index: Array
    time_ms: Array
    received_ms: Array
    late: Array
    outcome: Array
    score: Array
    hits: Array
    errors: Array
    prints: Array
    labels: Array
    money: Array
    rows: Array
    kept: Array
    kept_values: Array
    kept_nulls: Array

    @property
    def n(self) -> int:
        """Number of decisions."""
        return len(self.positions)

    def hit_matrix(self, rules: int) -> Array:
        """bool[n, rules]: which rules hit."""
        return bits_to_matrix(self.hits, rules)


def bits_to_matrix(words: Array, count: int) -> Array:
    """bool[n, count] from int64[n, W] bit words."""
    if not len(words) or not count:
        return np.zeros((len(words), count), bool)
    octets = np.ascontiguousarray(words.astype("<i8")).view(np.uint8)
    return np.unpackbits(octets.reshape(len(words), -1), axis=1, bitorder="little", count=count).astype(bool)
