"""Texts to times, a column at a time: the programs of `time_format` interpreted over the bytes of an Arrow string
column.

In: string buffers and the programs of the formats to try in order. Out: wall-clock ms, whether an offset was given,
its ms, and the rows that no program took (they go to the scalar, which knows why).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from zhiyu.base.jit import kernel
from zhiyu.events.kinds.reader import Bools, Int64s
from zhiyu.events.kinds.time_format import TimeFormat

Bytes = npt.NDArray[np.uint8]
NO_DAY = -1_000_000_000


def pack_programs(formats: Sequence[TimeFormat]) -> npt.NDArray[np.int32] | None:
    """The programs of all formats one after the other as int32[n, 2], or None when one format has none."""
    if not all(f.program for f in formats):
        return None
    return np.array([step for f in formats for step in f.program], np.int32)


@kernel
def days_of(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01 of a proleptic Gregorian date (Hinnant's days_from_civil); `NO_DAY` when there is no such
    day.
    """
    if year < 1 or month < 1 or month > 12 or day < 1:
        return NO_DAY
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    last = 30 + ((month + (month >> 3)) & 1)
    if month == 2:
        last = 29 if leap else 28
    if day > last:
        return NO_DAY
    y = year - (1 if month <= 2 else 0)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month - 3 if month > 2 else month + 9) + 2) // 5 + day - 1
    return era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468


@kernel
def _digits(data: Bytes, at: int, end: int, most: int) -> tuple[int, int]:
    """The number at `at` of at most `most` digits, and how many digits it has."""
    value, n = 0, 0
    while n < most and at + n < end and data[at + n] >= 48 and data[at + n] <= 57:
        value = value * 10 + int(data[at + n]) - 48
        n += 1
    return value, n


@kernel
def _offset(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """(offset ms, bytes read) of Z, +08, +0800, +08:00; bytes 0 when it is none."""
    if at < end and (data[at] == 90 or data[at] == 122):
        return 0, 1
    if at >= end or (data[at] != 43 and data[at] != 45):
        return 0, 0
    hours, n = _digits(data, at + 1, end, 2)
    if n != 2:
        return 0, 0
    size, minutes = 3, 0
    colon = 1 if at + 3 < end and data[at + 3] == 58 else 0
    more, n = _digits(data, at + 3 + colon, end, 2)
    if n == 2:
        minutes, size = more, 5 + colon
    if hours > 23 or minutes > 59:
        return 0, 0
    ms = (hours * 60 + minutes) * 60_000
    return (-ms if data[at] == 45 else ms), size


@kernel
def _fraction(data: Bytes, at: int, end: int) -> tuple[int, int]:
    """(milliseconds, digits read) of a fraction of a second of 1–9 digits, cut."""
    value, n = _digits(data, at, end, 9)
    ms = value
    for _ in range(3 - n):
        ms *= 10
    for _ in range(n - 3):
        ms //= 10
    return ms, n


@kernel
def iso_time(data: Bytes, at: int, end: int) -> tuple[bool, int, bool, int]:
    """ISO-8601 as in `time_format`: (taken, wall-clock ms, offset given, offset ms)."""
    year, a = _digits(data, at, end, 4)
    if a != 4 or end - at < 10 or data[at + 4] != 45 or data[at + 7] != 45:
        return False, 0, False, 0
    month, a = _digits(data, at + 5, end, 2)
    day, b = _digits(data, at + 8, end, 2)
    days = days_of(year, month, day)
    if a != 2 or b != 2 or days == NO_DAY:
        return False, 0, False, 0
    wall = days * 86_400_000
    if end - at == 10:
        return True, wall, False, 0
    mark = data[at + 10]
    if end - at < 16 or (mark != 84 and mark != 116 and mark != 32) or data[at + 13] != 58:
        return False, 0, False, 0
    hour, a = _digits(data, at + 11, end, 2)
    minute, b = _digits(data, at + 14, end, 2)
    if a != 2 or b != 2 or hour > 23 or minute > 59:
        return False, 0, False, 0
    wall += (hour * 60 + minute) * 60_000
    at += 16
    if at < end and data[at] == 58:
        second, a = _digits(data, at + 1, end, 2)
        if a != 2 or second > 59:
            return False, 0, False, 0
        wall += second * 1000
        at += 3
        if at < end and (data[at] == 46 or data[at] == 44):
            ms, a = _fraction(data, at + 1, end)
            if a == 0:
                return False, 0, False, 0
            wall += ms
            at += 1 + a
    if at == end:
        return True, wall, False, 0
    offset, size = _offset(data, at, end)
    return size > 0 and at + size == end, wall, True, offset


@kernel
def _run(data: Bytes, at: int, end: int, program: npt.NDArray[np.int32], step: int) -> tuple[bool, int, bool, int]:
    """One format from `step` on: (taken, wall-clock ms, offset given, offset ms)."""
    year, month, day, clock, offset, given = 0, 0, 0, 0, 0, False
    while program[step, 0] != 0:
        op = program[step, 0]
        if op == 20:
            return iso_time(data, at, end)
        n = 1
        if op == 1:
            if at >= end or data[at] != program[step, 1]:
                return False, 0, False, 0
        elif op == 2 or op == 10:
            year, n = _digits(data, at, end, 4 if op == 2 else 2)
            if n != (4 if op == 2 else 2):
                return False, 0, False, 0
            if op == 10:
                year += 1900 if year >= 69 else 2000
        elif op == 8:
            ms, n = _fraction(data, at, end)
            clock += ms
        elif op == 9:
            offset, n = _offset(data, at, end)
            given = True
        else:
            value, n = _digits(data, at, end, 2)
            if op == 3:
                month = value
            elif op == 4:
                day = value
            elif value > (23 if op == 5 else 59):
                return False, 0, False, 0
            else:
                clock += value * (3_600_000 if op == 5 else (60_000 if op == 6 else 1000))
        if n == 0:
            return False, 0, False, 0
        at += n
        step += 1
    days = days_of(year, month, day)
    return at == end and days != NO_DAY, days * 86_400_000 + clock, given, offset


@kernel
def parse_times(
    offsets: npt.NDArray[np.int32],
    data: Bytes,
    program: npt.NDArray[np.int32],
    wall: Int64s,
    given: Bools,
    offset: Int64s,
    hard: Bools,
) -> None:
    """Read every text with the first format that takes it; `hard` where none does. Surrounding spaces are ignored."""
    for i in range(wall.shape[0]):
        at, end = offsets[i], offsets[i + 1]
        while at < end and data[at] == 32:
            at += 1
        while at < end and data[end - 1] == 32:
            end -= 1
        step, taken = 0, False
        while step < program.shape[0] and not taken:
            taken, wall[i], given[i], offset[i] = _run(data, at, end, program, step)
            while program[step, 0] != 0:
                step += 1
            step += 1
        hard[i] = not taken
