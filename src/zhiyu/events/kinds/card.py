"""Card numbers: digits, the Luhn check digit, the issuer's BIN.

In: a text or whole number. Out: the text without spaces and hyphens. Signals: `valid` (12–19 digits whose Luhn sum,
ISO/IEC 7812-1 annex B, is a multiple of ten), `bin` (the first six digits, null when it is not 12–19 digits; it is
kept when the check fails).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.base.hashing import text_buffers
from zhiyu.base.jit import kernel
from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.events.kinds.slices import bools, cut
from zhiyu.events.kinds.text import DROP, FULL_WIDTH
from zhiyu.expressions.types import BOOL, STRING

MIN_DIGITS, MAX_DIGITS = 12, 19
_DROPPED = {ord(c): None for c in " -\u3000"}
_DOUBLED = bytes(48 + (2 * (c - 48) - 9 if c > 52 else 2 * (c - 48)) if 48 <= c <= 57 else c for c in range(256))
"""Each digit character to the one of its doubled digit sum."""
_CLEAN = {**FULL_WIDTH, **_DROPPED}


def luhn(digits: str) -> bool:
    """Whether the last digit is the Luhn check digit of the others.

    >>> luhn("79927398713"), luhn("79927398710")
    (True, False)
    """
    data = digits.encode()
    return (sum(data[-1::-2]) + sum(data[-2::-2].translate(_DOUBLED)) - 48 * len(data)) % 10 == 0


class Card(Checked):
    """Reader of `card` fields."""

    signals = (
        Signal("valid", BOOL, "passes the card check digit", "卡号校验通过"),
        Signal("bin", STRING, "issuer number (BIN)", "发卡行标识（BIN）"),
    )

    fast_steps = DROP

    def normal(self, text: str) -> str:
        """Without the separators people write."""
        return text.translate(_CLEAN) or text

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """valid, bin."""
        if not (text.isascii() and text.isdigit() and MIN_DIGITS <= len(text) <= MAX_DIGITS):
            return (False, None)
        return (luhn(text), text[:6])

    def signals_many(self, texts: pa.Array) -> Sequence[pa.Array] | None:
        """The same over bytes."""
        offsets, data = text_buffers(texts)
        null = np.asarray(texts.is_null().to_numpy(zero_copy_only=False))
        found = np.zeros(len(texts), np.uint8)
        _scan(offsets, data, found)
        issuer = cut(data, offsets[:-1], np.full(len(texts), 6, np.int32), null | (found == 0))
        return (bools(found == 2, null), issuer)


@kernel
def _scan(offsets: npt.NDArray[np.int32], data: npt.NDArray[np.uint8], found: npt.NDArray[np.uint8]) -> None:
    """0: no card number, 1: its digits, 2: and the check digit."""
    for i in range(found.shape[0]):
        a, b = offsets[i], offsets[i + 1]
        if b - a < 12 or b - a > 19:
            continue
        total, numeric = 0, True
        for j in range(a, b):
            d = int(data[j]) - 48
            numeric = numeric and 0 <= d <= 9
            if (b - 1 - j) % 2 == 1:
                d = 2 * d - 9 if d > 4 else 2 * d
            total += d
        found[i] = 0 if not numeric else (2 if total % 10 == 0 else 1)
