"""Durations and sliding windows as people write them: `5m`, `1h`, `7d`.

In: text. Out: integer milliseconds. A window of width `w` at time `t` is `(t - w, t]`.
"""

import re

UNITS_MS = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000, "d": 86_400_000, "w": 7 * 86_400_000}
MAX_WINDOW_MS = 3660 * UNITS_MS["d"]
_DURATION = re.compile(r"(\d{1,9})\s*(ms|s|m|h|d|w)")


def parse_duration_ms(text: str) -> int:
    """Milliseconds of `text`, e.g. "90s", "24h", "30d"; ValueError with the accepted units otherwise.

    >>> parse_duration_ms("24h")
    86400000
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        raise ValueError(f"'{text}' is not a duration; write a whole number and one of {', '.join(UNITS_MS)}, e.g. 24h")
    return int(found[1]) * UNITS_MS[found[2]]


def say_duration(milliseconds: int) -> str:
    """The shortest exact spelling of a duration.

    >>> say_duration(86_400_000)
    '1d'
    """
    for unit in ("d", "h", "m", "s"):
        if milliseconds and milliseconds % UNITS_MS[unit] == 0:
            return f"{milliseconds // UNITS_MS[unit]}{unit}"
    return f"{milliseconds}ms"
