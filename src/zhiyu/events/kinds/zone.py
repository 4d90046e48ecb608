"""Local time to UTC: a fixed offset ("+08:00", "UTC") or an IANA zone ("Europe/Berlin").

In: milliseconds of a wall clock as if it were UTC. Out: milliseconds since 1970 UTC. Where a wall-clock time occurs
twice the first is meant; one that was skipped is read with the offset before the change (the rule of Python's
`fold=0`).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import numpy as np

from zhiyu.events.kinds.reader import Bools, Int64s

DAY_MS = 86_400_000
MIN_MS = -62_135_596_800_000
"""Year 1."""
MAX_MS = 253_402_300_799_999
"""The last millisecond of year 9999."""
_EPOCH = datetime(1970, 1, 1)
_FIXED = re.compile(r"([+-])(\d{2}):?(\d{2})")


class Zone:
    """One time zone. ValueError when the name is neither an offset nor a known zone.

    >>> Zone("+08:00").to_utc(28_800_000)
    0
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._zone = _zone(name)
        self.fixed_ms: int | None = None
        if isinstance(self._zone, timezone):
            self.fixed_ms = _ms(self._zone.utcoffset(None))

    def to_utc(self, local_ms: int) -> int:
        """UTC of one wall-clock time."""
        return local_ms - self.offset(local_ms)

    def offset(self, local_ms: int) -> int:
        """The zone's offset in ms at a wall-clock time."""
        if self.fixed_ms is not None:
            return self.fixed_ms
        wall = _EPOCH + timedelta(milliseconds=local_ms)
        return _ms(self._zone.utcoffset(wall))

    def to_utc_many(self, local_ms: Int64s) -> tuple[Int64s, Bools]:
        """UTC of many, and the rows left to `to_utc`: those on a day on which the offset changes."""
        hard = (local_ms < MIN_MS + DAY_MS) | (local_ms > MAX_MS - 2 * DAY_MS)
        if self.fixed_ms is not None:
            return local_ms - self.fixed_ms, hard
        days, row = np.unique(np.where(hard, 0, local_ms) // DAY_MS, return_inverse=True)
        starts = np.array([self.offset(int(day) * DAY_MS) for day in days], np.int64)
        ends = np.array([self.offset((int(day) + 1) * DAY_MS) for day in days], np.int64)
        return local_ms - starts[row], hard | (starts != ends)[row]


def _zone(name: str) -> tzinfo:
    found = _FIXED.fullmatch(name)
    if found:
        minutes = int(found[2]) * 60 + int(found[3])
        if minutes >= 24 * 60 or int(found[3]) > 59:
            raise ValueError(f"'{name}' is not an offset between -23:59 and +23:59")
        return timezone(timedelta(minutes=minutes if found[1] == "+" else -minutes))
    if name.upper() in ("UTC", "Z", "GMT"):
        return UTC
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as problem:
        raise ValueError(f"'{name}' is not a time zone; write UTC, +08:00 or a name such as Asia/Shanghai") from problem


def _ms(offset: timedelta | None) -> int:
    return 0 if offset is None else (offset.days * 86_400 + offset.seconds) * 1000 + offset.microseconds // 1000
