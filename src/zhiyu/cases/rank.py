"""The order of work: what is at risk, and until when somebody has to look.

In: money, a deadline, how often it was escalated. Out: a moment: cases are worked in its order. It is the deadline, brought forward by an
hour for each doubling of the money from 100 on, and by a day for each escalation. So a case of 25,600 goes before one of 100 whose
deadline is less than eight hours earlier, nothing waits for ever, and a person can check the order by hand.
"""

from __future__ import annotations

from zhiyu.base.money import MINOR_DIGITS

HOUR_MS = 3_600_000
LEVEL_MS = 24 * HOUR_MS
FROM_MAJOR = 100
MAX_DOUBLINGS = 48


def rank_ms(deadline_ms: int, money: int, currency: str, level: int) -> int:
    """The place in the order of work, ms since 1970; `money` in minor units.

    >>> rank_ms(100 * HOUR_MS, 2_560_000, "CNY", 0) // HOUR_MS
    92
    """
    units = money // (FROM_MAJOR * 10 ** MINOR_DIGITS.get(currency, 2))
    doublings = min(max(units, 1).bit_length() - 1, MAX_DOUBLINGS)
    return deadline_ms - doublings * HOUR_MS - level * LEVEL_MS
