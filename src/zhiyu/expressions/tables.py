"""Hash tables of `in`: a lookup costs the same for ten or 5 million.

In: the codes or scaled integers of a set. Out: a table [shift, mask, holds the empty mark, slots …], at most half full;
all tables of a program stand in one flat int64 array.
Lists that change over time share one table of members: [shift, mask, used, 0, key …, until …], at most half full; a
key is a mix of list and value, it is on its list while `until` (ms) lies ahead. Most values asked for are on no list:
they touch keys only, which is why those stand together. Programs know its address only, so that
it can be exchanged for a larger one between two events.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhiyu.base.jit import int64, kernel
from zhiyu.base.machine import words_at

_EMPTY = -(1 << 63)
_HEADER = 3
NEVER = (1 << 63) - 1
"""The `until` of a member that stays."""
GONE = -(1 << 63)
"""The `until` of a member that was taken off: before every moment."""
_SHIFT, _MASK, _USED, _MEMBERS = 0, 1, 2, 4
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)
_MIX1, _MIX2, _HALF = np.uint64(0xFF51AFD7ED558CCD), np.uint64(0xC4CEB9FE1A85EC53), np.uint64(33)


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
    return np.int64((np.uint64(key) * _MULTIPLIER) >> np.uint64(shift))


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


@kernel
def list_key(code_of_list: int, value: int) -> int:
    """One 64-bit key of a value on a list, never 0: two values of one list share none (but the pair that meets at 0 and 1).

    The finaliser of MurmurHash3 is a bijection, so only its input mixes list and value.
    """
    x = np.uint64(code_of_list) * _MULTIPLIER + np.uint64(value)
    x = (x ^ (x >> _HALF)) * _MIX1
    x = (x ^ (x >> _HALF)) * _MIX2
    key = int64(x ^ (x >> _HALF))
    return key if key != 0 else int64(1)


@kernel
def list_keys(codes_of_lists: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.int64]:
    """`list_key` of n pairs."""
    keys = np.empty(len(values), np.int64)
    for index in range(len(values)):
        keys[index] = list_key(codes_of_lists[index], values[index])
    return keys


def members_table(entries: int) -> NDArray[np.int64]:
    """An empty table with room for `entries` members."""
    bits = max(4, int(entries * 2 - 1).bit_length())
    table = np.zeros(_MEMBERS + (2 << bits), dtype=np.int64)
    table[_SHIFT], table[_MASK] = 64 - bits, (1 << bits) - 1
    return table


@kernel
def holds_until(address: int, key: int, now: int) -> bool:
    """Whether the table of members at `address` (0: nobody is on any list) holds `key` beyond the moment `now`, ms."""
    if address == 0:
        return False
    table = words_at(address)
    mask = table[_MASK]
    at = int64(np.uint64(key) >> np.uint64(table[_SHIFT]))
    while True:
        found = table[_MEMBERS + at]
        if found == key:
            return bool(table[_MEMBERS + mask + 1 + at] > now)
        if found == 0:
            return False
        at = (at + 1) & mask


@kernel
def put_members(table: NDArray[np.int64], keys: NDArray[np.int64], untils: NDArray[np.int64], start: int) -> int:
    """Set the `until` of keys[start:], the last one of equal keys stays. Returns the first index not put: the table is half full."""
    mask, shift = table[_MASK], np.uint64(table[_SHIFT])
    untils_at = _MEMBERS + mask + 1
    for index in range(start, len(keys)):
        key = keys[index]
        at = int64(np.uint64(key) >> shift)
        while table[_MEMBERS + at] != 0 and table[_MEMBERS + at] != key:
            at = (at + 1) & mask
        if table[_MEMBERS + at] == 0:
            if untils[index] == GONE:
                continue
            if 2 * table[_USED] > mask:
                return index
            table[_MEMBERS + at] = key
            table[_USED] += 1
        table[untils_at + at] = untils[index]
    return len(keys)


def grown(table: NDArray[np.int64], more: int, now: int) -> NDArray[np.int64]:
    """A table with the members beyond `now` and room for `more` others; those of the past are left behind."""
    keys, untils = table[_MEMBERS:].reshape(2, -1)
    alive = (keys != 0) & (untils > now)
    count = int(np.count_nonzero(alive))
    larger = members_table(max(count + more, 2 * count))
    put_members(larger, keys[alive], untils[alive], 0)
    return larger
