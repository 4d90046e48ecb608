"""JSON objects cut into their values, in machine code: where each known key's value stands, and of which kind it is.

In: the bytes of many records, one after the other. Out: kind, begin and end of the value of every known key; a mark on each record that is
not plain. Plain is: one object in valid JSON and UTF-8, no key twice, no escapes, no nesting, numbers of at most 17 digits without an
exponent. What is not plain may be perfectly good, or not: it goes to the decoder that knows every case and every message.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zhiyu.base.jit import kernel
from zhiyu.base.limits import MAX_EVENT_BYTES

Bytes = npt.NDArray[np.uint8]
Int64s = npt.NDArray[np.int64]

ABSENT, TEXT, WHOLE, DECIMAL, TRUE, FALSE, NULL = range(7)
"""Kinds of a value."""
MAX_DIGITS = 17
UNKNOWN_KEYS = 8
"""Keys nobody declared that a plain record may have."""


@kernel
def same_bytes(data: Bytes, at: int, size: int, other: Bytes, start: int, end: int) -> bool:
    """Whether `size` bytes at `at` are those of `other` from `start` to `end`."""
    if size != end - start:
        return False
    alike = 0
    while alike < size and data[at + alike] == other[start + alike]:
        alike += 1
    return alike == size


@kernel
def _spaces(data: Bytes, at: int, end: int) -> int:
    """The first byte from `at` on that is no white space."""
    while at < end and (data[at] == 32 or data[at] == 10 or data[at] == 13 or data[at] == 9):
        at += 1
    return at


@kernel
def _wide(data: Bytes, at: int, end: int) -> int:
    """Bytes of the UTF-8 character at `at` (two to four), 0 when there is none."""
    lead = data[at]
    if lead < 0xC2 or lead > 0xF4:
        return 0
    size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    if at + size > end:
        return 0
    low, high = 0x80, 0xBF
    if lead == 0xE0:
        low = 0xA0
    elif lead == 0xED:
        high = 0x9F
    elif lead == 0xF0:
        low = 0x90
    elif lead == 0xF4:
        high = 0x8F
    if data[at + 1] < low or data[at + 1] > high:
        return 0
    for j in range(2, size):
        if data[at + j] < 0x80 or data[at + j] > 0xBF:
            return 0
    return size


@kernel
def _text_end(data: Bytes, at: int, end: int) -> int:
    """Where the text that begins at `at` (after its quote) has its closing quote; -1 when it is not plain."""
    while at < end:
        c = data[at]
        if c == 34:
            return at
        if c >= 0x80:
            size = _wide(data, at, end)
            if size == 0:
                return -1
            at += size
        elif c < 0x20 or c == 92:
            return -1
        else:
            at += 1
    return -1


@kernel
def _number(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """(kind, end) of the number at `at`; kind ABSENT when it is not plain."""
    if at < end and data[at] == 45:
        at += 1
    start, digits, kind = at, 0, WHOLE
    while at < end and data[at] >= 48 and data[at] <= 57:
        at += 1
        digits += 1
    if digits == 0 or (digits > 1 and data[start] == 48):
        return ABSENT, at
    if at < end and data[at] == 46:
        kind = DECIMAL
        at += 1
        start = at
        while at < end and data[at] >= 48 and data[at] <= 57:
            at += 1
            digits += 1
        if at == start:
            return ABSENT, at
    if digits > MAX_DIGITS or (at < end and (data[at] == 101 or data[at] == 69)):
        return ABSENT, at
    return kind, at


@kernel
def _value(data: Bytes, at: int, end: int) -> tuple[int, int, int, int]:
    """(kind, begin, end, where to go on) of the value at `at`; of a text without its quotes. ABSENT when it is not plain."""
    if at >= end:
        return ABSENT, at, at, at
    c = data[at]
    if c == 34:
        close = _text_end(data, at + 1, end)
        if close < 0:
            return ABSENT, at, at, at
        return TEXT, at + 1, close, close + 1
    if c == 45 or (c >= 48 and c <= 57):
        kind, close = _number(data, at, end)
        return kind, at, close, close
    if end - at >= 4 and c == 116 and data[at + 1] == 114 and data[at + 2] == 117 and data[at + 3] == 101:
        return TRUE, at, at + 4, at + 4
    if end - at >= 4 and c == 110 and data[at + 1] == 117 and data[at + 2] == 108 and data[at + 3] == 108:
        return NULL, at, at + 4, at + 4
    if (
        end - at >= 5
        and c == 102
        and data[at + 1] == 97
        and data[at + 2] == 108
        and data[at + 3] == 115
        and data[at + 4] == 101
    ):
        return FALSE, at, at + 5, at + 5
    return ABSENT, at, at, at


@kernel
def _slot(data: Bytes, at: int, size: int, names: Bytes, edges: Int64s, guess: int) -> int:
    """Number of the known key, -1 for none; `guess` is tried first."""
    if guess >= 0 and same_bytes(data, at, size, names, edges[guess], edges[guess + 1]):
        return guess
    for k in range(edges.shape[0] - 1):
        if same_bytes(data, at, size, names, edges[k], edges[k + 1]):
            return k
    return -1


@kernel
def _record(
    data: Bytes, at: int, end: int, names: Bytes, edges: Int64s, follows: Int64s, others: Int64s, kinds: Bytes, spans: Int64s
) -> bool:  # fmt: skip
    """One record; False when it is not plain."""
    at = _spaces(data, at, end)
    if at >= end or data[at] != 123:
        return False
    at = _spaces(data, at + 1, end)
    last, unknown = edges.shape[0] - 1, 0
    if at < end and data[at] == 125:
        return _spaces(data, at + 1, end) == end
    while True:
        if at >= end or data[at] != 34:
            return False
        key = at + 1
        close = _text_end(data, key, end)
        if close < 0:
            return False
        slot = _slot(data, key, close - key, names, edges, follows[last])
        at = _spaces(data, close + 1, end)
        if at >= end or data[at] != 58:
            return False
        kind, start, stop, at = _value(data, _spaces(data, at + 1, end), end)
        if kind == ABSENT:
            return False
        if slot >= 0:
            if kinds[slot] != ABSENT:
                return False
            kinds[slot], spans[2 * slot], spans[2 * slot + 1] = kind, start, stop
            follows[last] = slot
            last = slot
        else:
            if unknown == UNKNOWN_KEYS:
                return False
            for j in range(unknown):
                if same_bytes(data, key, close - key, data, others[2 * j], others[2 * j + 1]):
                    return False
            others[2 * unknown], others[2 * unknown + 1] = key, close
            unknown += 1
        at = _spaces(data, at, end)
        if at >= end:
            return False
        if data[at] == 125:
            return _spaces(data, at + 1, end) == end
        if data[at] != 44:
            return False
        at = _spaces(data, at + 1, end)


@kernel
def scan_records(
    data: Bytes, records: Int64s, names: Bytes, edges: Int64s, kinds: Bytes, spans: Int64s, hard: Bytes
) -> None:
    """Record i stands in `data` from `records[i]` to `records[i + 1]`; K `names` from `edges[k]` to `edges[k + 1]`.

    Fills `kinds` uint8[n, K] (zero at first) and `spans` int64[n, 2 K] (begin and end of each value); `hard` uint8[n] is 1 where the record
    is not plain.
    """
    follows, others = np.full(edges.shape[0], -1, np.int64), np.zeros(2 * UNKNOWN_KEYS, np.int64)
    for i in range(hard.shape[0]):
        plain = records[i + 1] - records[i] <= MAX_EVENT_BYTES
        plain = plain and _record(data, records[i], records[i + 1], names, edges, follows, others, kinds[i], spans[i])
        hard[i] = 0 if plain else 1
