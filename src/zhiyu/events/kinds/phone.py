"""Telephone numbers: digits only, the mainland country code taken off.

In: a text or whole number. Out: its digits, a leading + kept for other countries; "+86", "0086" and (before 11
digits) "86" are taken off a mainland mobile number. A text with fewer than 3 digits stays as it is. Signals: `valid`
(mainland mobile: 1, then 3–9, then nine digits), `prefix` (the first three digits, null below seven digits).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.base.hashing import text_buffers
from zhiyu.base.jit import kernel
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.events.kinds.slices import bools, cut, settled
from zhiyu.events.kinds.text import FULL_WIDTH, PHONE
from zhiyu.expressions.types import BOOL, STRING

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
PLUS, PREFIX, VALID, UNSURE = 1, 2, 4, 8
_NOT_DIGIT = re.compile(r"[^0-9]")


class Phone(Checked):
    """Reader of `phone` fields."""

    signals = (
        Signal("valid", BOOL, "is a valid mainland mobile number", "手机号格式有效"),
        Signal("prefix", STRING, "first three digits", "号段前三位"),
    )

    fast_steps = PHONE

    def normal(self, text: str) -> str:
        """The digits that name the line."""
        text = text.translate(FULL_WIDTH).replace("＋", "+")
        digits = _NOT_DIGIT.sub("", text)
        if len(digits) < 3:
            return text
        for code in ("86", "0086"):
            if digits.startswith(code) and _MOBILE.fullmatch(digits[len(code) :]):
                return digits[len(code) :]
        return f"+{digits}" if text.startswith("+") else digits

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """valid, prefix."""
        digits = text.removeprefix("+")
        numeric = digits.isascii() and digits.isdigit()
        return (_MOBILE.fullmatch(text) is not None, digits[:3] if numeric and len(digits) >= 7 else None)

    def signals_many(self, texts: pa.Array) -> Sequence[pa.Array] | None:
        """The same over bytes."""
        offsets, data = text_buffers(texts)
        null = np.asarray(texts.is_null().to_numpy(zero_copy_only=False))
        found = np.zeros(len(texts), np.uint8)
        _scan(offsets, data, found)
        plus = (found & PLUS) != 0
        begin = (offsets[:-1] + plus).astype(np.int32)
        prefix = cut(data, begin, np.full(len(texts), 3, np.int32), null | ((found & PREFIX) == 0))
        return settled(self, texts, (found & UNSURE) != 0, (bools((found & VALID) != 0, null), prefix))


@kernel
def _scan(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], found: npt.NDArray[np.uint8]) -> None:
    for i in range(found.shape[0]):
        a, b = offsets[i], offsets[i + 1]
        plus = 1 if b > a and data[a] == 43 else 0
        numeric, ascii_only = b > a + plus, True
        for j in range(a + plus, b):
            numeric = numeric and data[j] >= 48 and data[j] <= 57
            ascii_only = ascii_only and data[j] < 128
        if not ascii_only:
            found[i] = 8
            continue
        valid = plus == 0 and numeric and b - a == 11 and data[a] == 49 and data[a + 1] >= 51
        found[i] = plus + (2 if numeric and b - a - plus >= 7 else 0) + (4 if valid else 0)
