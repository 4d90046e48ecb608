"""Earlier and later: proposals are found in one part of the time and measured in the other.

In: observed decisions, the share of the time that is for finding. Out: two `Part`s. The earlier one ends one label delay before the cut, so
that every label used for finding had arrived when the later part began; in both parts every label that will come has come.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.evaluation.tuning.observed import Observed

DAY_MS = 86_400_000
WHOLE_DAYS_FROM = 10
"""From this many days on the cut falls on midnight UTC."""


@dataclass(frozen=True)
class Part:
    """Decisions with start_ms <= time < end_ms. `rows` int64[k] of the observed ones, `day` int64[k] counted from `start_ms`."""

    rows: Array
    day: Array
    start_ms: int
    end_ms: int

    @property
    def days(self) -> float:
        """Length in days, for figures a day."""
        return (self.end_ms - self.start_ms) / DAY_MS

    def to_dict(self) -> dict[str, object]:
        """Start, end (not included) and days."""
        return {"from": said_time(self.start_ms), "to": said_time(self.end_ms), "days": round(self.days, 3)}


@dataclass(frozen=True)
class Parts:
    """The two parts and the moment between them; from the end of `earlier` to `cut_ms` lies the gap of one label delay."""

    earlier: Part
    later: Part
    cut_ms: int


def split(o: Observed, train_share: float, begins_ms: int | None = None, cut_ms: int | None = None) -> Parts:
    """Cut the time, after `train_share` of it or at `cut_ms`; what came before `begins_ms` is left out. InputError when either part has
    no fraud or no good with a label."""
    start, end = int(o.time_ms.min()), o.clock_ms + 1
    start = start if begins_ms is None else max(start, begins_ms)
    cut = start + int((end - start) * train_share) if cut_ms is None else cut_ms
    if cut_ms is None and end - start >= WHOLE_DAYS_FROM * DAY_MS:
        cut = cut // DAY_MS * DAY_MS
    earlier, later = _part(o, start, cut - o.delay_ms), _part(o, cut, end - o.delay_ms)
    for part, en, zh in ((earlier, "earlier", "前段"), (later, "later", "后段")):
        frauds, goods = (int((o.label[part.rows] == label).sum()) for label in (1, 0))
        if not frauds or not goods:
            span = f"{said_time(part.start_ms)} … {said_time(part.end_ms)}"
            raise InputError(
                f"the {en} part ({span}) has {frauds} frauds and {goods} goods whose labels have arrived; both are needed: give a "
                f"longer file, another --train-share or the true --label-delay",
                f"{zh}（{span}）中标签已到的欺诈 {frauds} 个、正常 {goods} 个，两者都需要：请提供更长的数据，"
                f"或调整 --train-share、--label-delay",
            )
    return Parts(earlier, later, cut)


def _part(o: Observed, start: int, end: int) -> Part:
    rows = np.flatnonzero((o.time_ms >= start) & (o.time_ms < end))
    return Part(rows, (o.time_ms[rows] - start) // DAY_MS, start, max(end, start + 1))


def said_time(ms: int) -> str:
    """UTC, to the minute."""
    return datetime.fromtimestamp(ms / 1000, UTC).strftime("%Y-%m-%d %H:%M")
