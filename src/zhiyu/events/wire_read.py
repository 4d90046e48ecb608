"""Values of plain records to registers, in machine code: the everyday cases of texts, choices, numbers, flags and times.

In: what `wire_scan` found, and a table of fields. Out: registers, codes of ids, times. A value that needs cleaning, rounding, a zone, or a
refusal marks its record as `hard`: the scalar definitions decide about it. What is done here is what they do to values that they leave as
they are.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from zhiyu.base.hashing import siphash
from zhiyu.base.jit import int64, kernel
from zhiyu.base.limits import MAX_STRING_BYTES
from zhiyu.events.kinds.time_kernel import iso_time
from zhiyu.events.kinds.zone import MAX_MS, MIN_MS
from zhiyu.events.wire_scan import ABSENT, DECIMAL, FALSE, NULL, TEXT, TRUE, WHOLE, Bytes, Int64s, same_bytes

UInt64s = npt.NDArray[np.uint64]

F_SLOT, F_REGISTER, F_KIND, F_REQUIRED, F_LOW, F_HIGH, F_DIGITS, F_TRIM, F_CHOICE0, F_CHOICE1 = range(10)
"""Columns of the table of fields."""
FIELD_COLUMNS = 10
IS_TEXT, IS_CHOICE, IS_NUMBER, IS_FLAG, IS_TIME, IS_OTHER = range(6)
"""Kinds of fields; the last is left to the scalar."""
T_TYPE, T_ID, T_TIME = 0, 1, 2
"""Slots of the envelope."""
MAX_FIXED_CHARS = 18
EXACT_DIGITS = 15
"""Digits of a scaled number that a float carries exactly."""
OK, EMPTY, HARD = 0, 1, 2


@kernel
def _plain(data: Bytes, start: int, end: int, trim: bool) -> bool:
    """Whether cleaning leaves a text as it is."""
    if end - start > MAX_STRING_BYTES:
        return False
    if trim and start < end and (data[start] == 32 or data[end - 1] == 32):
        return False
    at = start
    while at < end:
        c = data[at]
        if c < 0x80:
            if c == 0x7F:
                return False
            at += 1
        elif not trim:
            at += 1
        else:  # three-byte CJK (U+4000..U+9FFF) is never space
            if c < 0xE4 or c > 0xE9:
                return False
            at += 3
    return True


@kernel
def _fixed(data: Bytes, at: int, end: int, digits: int, most: int) -> tuple[int, int]:
    """(OK or HARD, the number at `at` times 10**digits): sign, digits, one point, at most `digits` decimals and `most` digits in all."""
    negative = at < end and data[at] == 45
    if negative:
        at += 1
    total, seen, decimals = int64(0), 0, -1
    if at >= end or end - at > MAX_FIXED_CHARS:
        return HARD, 0
    while at < end:
        c = data[at]
        at += 1
        if c >= 48 and c <= 57:
            total = total * 10 + int64(c - 48)
            seen += 1
            if decimals >= 0:
                decimals += 1
        elif c == 46 and decimals < 0 and seen > 0:
            decimals = 0
        else:
            return HARD, 0
    missing = digits - max(decimals, 0)
    if seen == 0 or missing < 0 or seen + missing > most:
        return HARD, 0
    for _ in range(missing):
        total *= 10
    return OK, -total if negative else total


@kernel
def _time(data: Bytes, kind: int, start: int, end: int) -> tuple[int, int]:
    """(OK, EMPTY or HARD, UTC milliseconds)."""
    if kind == TEXT:
        if start == end:
            return EMPTY, 0
        taken, wall, given, offset = iso_time(data, start, end)
        ms = wall - offset
        if not taken or not given or wall < MIN_MS or ms < MIN_MS or ms > MAX_MS:
            return HARD, 0
        return OK, ms
    if kind == WHOLE:
        status, ms = _fixed(data, start, end, 0, 17)
        if status != OK or ms < MIN_MS or ms > MAX_MS:
            return HARD, 0
        return OK, ms
    return HARD, 0


@kernel
def _field(
    data: Bytes, field: Int64s, kind: int, start: int, end: int, choices: Bytes, choice_edges: Int64s, k0: np.uint64, k1: np.uint64
) -> tuple[int, int]:  # fmt: skip
    """(OK, EMPTY or HARD, register) of one value."""
    if kind in (ABSENT, NULL):
        return EMPTY, 0
    what = field[F_KIND]
    if what in (IS_TEXT, IS_CHOICE):
        if kind != TEXT or not _plain(data, start, end, field[F_TRIM] != 0):
            return HARD, 0
        if start == end:
            return EMPTY, 0
        known = what == IS_TEXT
        for c in range(field[F_CHOICE0], field[F_CHOICE1]):
            known = known or same_bytes(data, start, end - start, choices, choice_edges[c], choice_edges[c + 1])
        if not known:
            return HARD, 0
        code, _ = siphash(data, start, end - start, k0, k1, False)
        return OK, int64(code)
    if what == IS_NUMBER:
        if kind == TEXT and start == end:
            return EMPTY, 0
        if kind in (TRUE, FALSE):
            return HARD, 0
        status, value = _fixed(data, start, end, field[F_DIGITS], EXACT_DIGITS if kind == DECIMAL else 17)
        if status != OK or value < field[F_LOW] or value > field[F_HIGH]:
            return HARD, 0
        return OK, value
    if what == IS_FLAG:
        if kind in (TRUE, FALSE):
            return OK, 1 if kind == TRUE else 0
        return HARD, 0
    return _time(data, kind, start, end)


@kernel
def _envelope(
    data: Bytes, kinds: Bytes, spans: Int64s, types: Bytes, type_edges: Int64s, id_keys: UInt64s, ids: UInt64s
) -> tuple[int, int]:  # fmt: skip
    """(type, time ms) of one record, and its id's code; type -1 when the scalar must decide."""
    if kinds[T_TYPE] != TEXT or kinds[T_ID] != TEXT:
        return -1, 0
    start, end = spans[2 * T_TYPE], spans[2 * T_TYPE + 1]
    kind = -1
    for t in range(type_edges.shape[0] - 1):
        if same_bytes(data, start, end - start, types, type_edges[t], type_edges[t + 1]):
            kind = t
    start, end = spans[2 * T_ID], spans[2 * T_ID + 1]
    status, ms = _time(data, kinds[T_TIME], spans[2 * T_TIME], spans[2 * T_TIME + 1])
    if kind < 0 or start == end or status != OK or not _plain(data, start, end, True):
        return -1, 0
    ids[0], ids[1] = siphash(data, start, end - start, id_keys[kind, 0], id_keys[kind, 1], True)
    return kind, ms


@kernel
def read_records(
    data: Bytes, kinds: Bytes, spans: Int64s, types: Bytes, type_edges: Int64s, type_codes: Int64s, id_keys: UInt64s,
    fields: Int64s, field_edges: Int64s, choices: Bytes, choice_edges: Int64s, key: UInt64s,
    values: Int64s, nulls: Bytes, type_index: npt.NDArray[np.int16], time_ms: Int64s, ids: UInt64s, hard: Bytes,
) -> None:  # fmt: skip
    """Fill registers `values` int64[C, n] and `nulls` uint8[C, n] (zeros and ones at first), `type_index`, `time_ms`, `ids` uint64[n, 2].

    Fields of type t are rows `field_edges[t]` to `field_edges[t + 1]` of `fields`; `key` uint64[2] hashes texts, `id_keys` ids.
    """
    for i in range(hard.shape[0]):
        if hard[i] != 0:
            continue
        kind, ms = _envelope(data, kinds[i], spans[i], types, type_edges, id_keys, ids[i])
        if kind < 0:
            hard[i] = 1
            continue
        type_index[i], time_ms[i] = kind, ms
        values[0, i], values[1, i], values[2, i] = type_codes[kind], ms, ms
        for register in range(4):
            nulls[register, i] = 0
        for f in range(field_edges[kind], field_edges[kind + 1]):
            field = fields[f]
            if field[F_KIND] == IS_OTHER:
                continue
            slot = field[F_SLOT]
            status, value = _field(
                data,
                field,
                kinds[i, slot],
                spans[i, 2 * slot],
                spans[i, 2 * slot + 1],
                choices,
                choice_edges,
                key[0],
                key[1],
            )
            if status == HARD or (status == EMPTY and field[F_REQUIRED] != 0):
                hard[i] = 1
                break
            if status == OK:
                values[field[F_REGISTER], i] = value
                nulls[field[F_REGISTER], i] = 0
