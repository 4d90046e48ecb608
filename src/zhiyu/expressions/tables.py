"""Hash tables of `in`: one flat int64 array for all tables of a program; a lookup costs the same for ten or 5 million.

In: the codes or scaled integers of a set. Out: a table [shift, mask, holds the empty mark, slots …], at most half full.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhiyu.base.jit import kernel

_EMPTY = -(1 << 63)
_HEADER = 3


def build_table(values: NDArray[np.int64]) -> NDArray[np.int64]:
    """The table of `values`; duplicates are harmless."""
    bits = max(2, int(len(values) * 2).bit_length())
    table = np.full(_HEADER + (1 << bits), _EMPTY, dtype=np.int64)
    table[0], table[1], table[2] = 64 - bits, (1 << bits) - 1, 0
    _fill(table, np.ascontiguousarray(values, dtype=np.int64))
    return table


@kernel
def _slot(key: int, shift: int) -> np.int64:
    """Where the search for `key` begins: the top bits of a multiplicative hash."""
    return np.int64((np.uint64(key) * np.uint64(0x9E3779B97F4A7C15)) >> np.uint64(shift))


@kernel
def _fill(table: NDArray[np.int64], values: NDArray[np.int64]) -> None:
    shift, mask = table[0], table[1]
    for index in range(len(values)):
        key = values[index]
        if key == _EMPTY:
            table[2] = 1
            continue
        at = _slot(key, shift)
        while table[_HEADER + at] != _EMPTY and table[_HEADER + at] != key:
            at = (at + 1) & mask
        table[_HEADER + at] = key


@kernel
def holds(tables: NDArray[np.int64], offset: int, key: int) -> bool:
    """Whether the table at `offset` holds `key`."""
    if key == _EMPTY:
        return bool(tables[offset + 2] != 0)
    mask = tables[offset + 1]
    at = _slot(key, tables[offset])
    while True:
        found = tables[offset + _HEADER + at]
        if found == key:
            return True
        if found == _EMPTY:
            return False
        at = (at + 1) & mask
