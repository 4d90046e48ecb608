"""Time zones of `hour`, `weekday` and their like: a constant offset, so that a kernel can add it.

In: "UTC", "+08:00" or an IANA name. Out: seconds east of UTC, or None when the zone is unknown or changes its offset.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_OFFSET = re.compile(r"([+-])(\d{2}):?(\d{2})")
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)


@cache
def fixed_offset_s(zone: str) -> int | None:
    """Seconds east of UTC; None when `zone` is unknown or its offset differs anywhere in 2000–2040.

    >>> fixed_offset_s("+08:00"), fixed_offset_s("Asia/Shanghai"), fixed_offset_s("Europe/Berlin")
    (28800, 28800, None)
    """
    if zone in ("UTC", "Z"):
        return 0
    written = _OFFSET.fullmatch(zone)
    if written:
        hours, minutes = int(written[2]), int(written[3])
        size = hours * 3600 + minutes * 60
        return None if hours > 14 or minutes > 59 else size if written[1] == "+" else -size
    try:
        known = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None
    offsets = {_offset(known, week) for week in range((_LAST - _FIRST) // timedelta(days=7))}
    return offsets.pop() if len(offsets) == 1 else None


def _offset(zone: ZoneInfo, week: int) -> int:
    offset = (_FIRST + timedelta(days=7 * week)).astimezone(zone).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0
