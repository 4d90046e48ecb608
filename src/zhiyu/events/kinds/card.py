"""Card numbers: digits, the Luhn check digit, the issuer's BIN.

In: a text or whole number. Out: the text without spaces and hyphens. Signals: `valid` (12–19 digits whose Luhn sum, ISO/IEC 7812-1
annex B, is a multiple of ten), `bin` (the first six digits, null when it is not 12–19 digits; it is kept when the check fails).
"""

from __future__ import annotations

from collections.abc import Sequence

from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.events.kinds.text import FULL_WIDTH
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

    def normal(self, text: str) -> str:
        """Without the separators people write."""
        return text.translate(_CLEAN) or text

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """valid, bin."""
        if not (text.isascii() and text.isdigit() and MIN_DIGITS <= len(text) <= MAX_DIGITS):
            return (False, None)
        return (luhn(text), text[:6])
