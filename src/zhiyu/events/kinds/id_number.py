"""Mainland citizen identity numbers: check digit, region, birth date, gender.

In: a text. Out: the text without spaces and hyphens, a final x as X. Signals: `valid` (GB 11643-1999: 18 characters, a real
birth date, check character by ISO 7064 MOD 11-2), and when it is valid `age` (full years on the day of the event at +08:00, null for an
event before the birth), `region` (first six digits, GB/T 2260), `gender` (M when the 17th digit is odd, else F).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from operator import mul

from zhiyu.events.declare import Field
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.events.kinds.text import FULL_WIDTH, UPPER
from zhiyu.expressions.types import BOOL, Kind, Type

_SHAPE = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
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
        self.steps |= UPPER

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
