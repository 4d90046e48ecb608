"""Calendar instructions of the machine: hour, weekday and day of the month at a constant offset from UTC.

In: times in milliseconds since 1970 UTC. Out: whole numbers. The civil calendar is computed (days since 1 March of
year 0 in eras of 400 years), so no zone table is read.
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.jit import int64, kernel
from zhiyu.expressions.machine_logic import Nulls, Values, merge_nulls
from zhiyu.expressions.opcodes import DAY_OF_MONTH as DAY_OF_MONTH
from zhiyu.expressions.opcodes import HOUR, WEEKDAY

_HOUR_MS = 3_600_000
_DAY_MS = 86_400_000


@kernel
def run_time(op: int, values: Values, nulls: Nulls, dst: int, a: int, offset_s: int, n: int) -> None:
    """One calendar instruction over n rows."""
    shift = offset_s * 1000
    for i in range(n):
        local = int64(np.uint64(values[a, i]) + np.uint64(shift))
        if op == HOUR:
            values[dst, i] = (local // _HOUR_MS) % 24
        elif op == WEEKDAY:
            values[dst, i] = (local // _DAY_MS + 3) % 7
        else:
            values[dst, i] = day_of_month(local // _DAY_MS)
    merge_nulls(values, nulls, dst, a, a, n)


@kernel
def day_of_month(days: int | np.int64) -> int | np.int64:
    """1..31 of the day `days` after 1970-01-01 in the proleptic Gregorian calendar."""
    day_of_era = (days + 719_468) % 146_097
    year_of_era = (day_of_era - day_of_era // 1460 + day_of_era // 36_524 - day_of_era // 146_096) // 365
    day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    month = (5 * day_of_year + 2) // 153
    return day_of_year - (153 * month + 2) // 5 + 1
