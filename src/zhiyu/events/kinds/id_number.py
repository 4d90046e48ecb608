"""Mainland citizen identity numbers: check digit, region, birth date, gender.

In: a text. Out: the text without spaces and hyphens, a final x as X. Signals: `valid` (GB 11643-1999: 18 characters,
a real birth date, check character by ISO 7064 MOD 11-2), and when it is valid `age` (full years on the day of the
event at +08:00, null for an event before the birth), `region` (first six digits, GB/T 2260), `gender` (M when the
17th digit is odd, else F).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from operator import mul

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.base.hashing import text_buffers
from zhiyu.base.jit import kernel
from zhiyu.events.declare import Field
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.events.kinds.slices import bools, cut
from zhiyu.events.kinds.text import DROP, FULL_WIDTH, LOWER, UPPER
from zhiyu.events.kinds.time_kernel import NO_DAY, days_of
from zhiyu.expressions.types import BOOL, Kind, Type

_SHAPE = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_WEIGHTS = np.array(WEIGHTS, np.int64)
_ZEROS = 48 * sum(WEIGHTS)
CHECKS = "10X98765432"
_CLEAN = {**FULL_WIDTH, **{ord(c): None for c in " -\u3000"}}
LOCAL_MS = 8 * 3_600_000
DAY_MS = 86_400_000
_EPOCH_DAY = date(1970, 1, 1).toordinal()


def check_character(first17: str) -> str:
    """The 18th character that belongs to 17 digits.

    >>> check_character("11010519491231002")
    'X'
    """
    return CHECKS[(sum(map(mul, first17.encode(), WEIGHTS)) - _ZEROS) % 11]


def age_at(birth: int, time_ms: int) -> int | None:
    """Full years from a birth date yyyymmdd to an event (its calendar day at +08:00); None before the birth."""
    days = (time_ms + LOCAL_MS) // DAY_MS + _EPOCH_DAY
    if days < 1:
        return None
    today = date.fromordinal(min(days, date.max.toordinal()))
    years, later = divmod(today.year * 10_000 + today.month * 100 + today.day - birth, 10_000)
    return years if years >= 0 and later >= 0 else None


class IdNumber(Checked):
    """Reader of `id_number` fields."""

    signals = (
        Signal("valid", BOOL, "passes the identity number check", "身份证号校验通过"),
        Signal("age", Type(Kind.INT, unit="years"), "age at the event", "事件时年龄", at_event=True),
        Signal("region", Type(Kind.STRING), "registration region", "户籍地区码"),
        Signal("gender", Type(Kind.STRING, choices=("M", "F")), "gender", "性别"),
    )

    def __init__(self, declared: Field) -> None:
        super().__init__(declared)
        self.steps = (self.steps & ~LOWER) | UPPER

    fast_steps = DROP

    def normal(self, text: str) -> str:
        """Without the separators people write."""
        return text.translate(_CLEAN) or text

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """valid, birth date as yyyymmdd (becomes the age), region, gender."""
        if len(text) != 18 or not _SHAPE.fullmatch(text) or check_character(text[:17]) != text[17]:
            return (False, None, None, None)
        birth = int(text[6:14])
        try:
            date(birth // 10_000, birth // 100 % 100, birth % 100)
        except ValueError:
            return (False, None, None, None)
        return (True, birth, text[:6], "M" if int(text[16]) % 2 else "F")

    def signals_many(self, texts: pa.Array) -> Sequence[pa.Array] | None:
        """The same over bytes."""
        offsets, data = text_buffers(texts)
        null = np.asarray(texts.is_null().to_numpy(zero_copy_only=False))
        birth = np.zeros(len(texts), np.int64)
        male = np.zeros(len(texts), np.bool_)
        _scan(offsets, data, _WEIGHTS, birth, male)
        no = birth == 0
        region = cut(data, offsets[:-1], np.full(len(texts), 6, np.int32), no)
        gender = pc.if_else(pa.array(male, mask=no), "M", "F")
        return (bools(~no, null), pa.array(birth, mask=no), region, gender)


@kernel
def _scan(
    offsets: npt.NDArray[np.int32],
    data: npt.NDArray[np.uint8],
    weights: npt.NDArray[np.int64],
    birth: npt.NDArray[np.int64],
    male: npt.NDArray[np.bool_],
) -> None:
    """Birth date yyyymmdd of every valid number, else 0."""
    for i in range(birth.shape[0]):
        a = offsets[i]
        if offsets[i + 1] - a != 18 or data[a] == 48:
            continue
        total, numeric, day = 0, True, 0
        for j in range(17):
            d = int(data[a + j]) - 48
            numeric = numeric and 0 <= d <= 9
            total += d * weights[j]
            if j >= 6 and j < 14:
                day = day * 10 + d
        check = (12 - total % 11) % 11
        last = int(data[a + 17])
        right = last == 88 if check == 10 else last == 48 + check
        if numeric and right and days_of(day // 10_000, day // 100 % 100, day % 100) != NO_DAY:
            birth[i] = day
            male[i] = (data[a + 16] - 48) % 2 == 1
