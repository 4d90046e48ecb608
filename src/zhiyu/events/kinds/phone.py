"""Telephone numbers: digits only, the mainland country code taken off.

In: a text or whole number. Out: its digits, a leading + kept for other countries; "+86", "0086" and (before 11 digits) "86" are taken
off a mainland mobile number. A text with fewer than 3 digits stays as it is. Signals: `valid` (mainland mobile: 1, then 3–9, then
nine digits), `prefix` (the first three digits, null below seven digits).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from zhiyu.events.kinds.checked import Checked
from zhiyu.events.kinds.reader import Signal, SignalValue
from zhiyu.events.kinds.text import FULL_WIDTH
from zhiyu.expressions.types import BOOL, STRING

_MOBILE = re.compile(r"1[3-9]\d{9}", re.ASCII)
_NOT_DIGIT = re.compile(r"[^0-9]")


class Phone(Checked):
    """Reader of `phone` fields."""

    signals = (
        Signal("valid", BOOL, "is a valid mainland mobile number", "手机号格式有效"),
        Signal("prefix", STRING, "first three digits", "号段前三位"),
    )

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
