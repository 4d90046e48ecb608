"""What the times of a file tell before anything is counted: how long it is, where it jumps, whether labels are spread over it evenly.

In: a sample with its shapes and roles. Out: `Timeline`, or None for a table without a time. A file that people put together from
frauds of two years and good events of two weeks looks like any other until its months are laid side by side.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np

from zhiyu.evaluation.first_look.moments import moments_of
from zhiyu.evaluation.first_look.roles import Roles
from zhiyu.evaluation.first_look.sample import Sample
from zhiyu.evaluation.first_look.shapes import Shape, text_of

STRETCHES = 12
LEAST = 20
"""Labelled records of a stretch of time before it says anything."""
DELAYS = (("7d", 40 * 86_400), ("1d", 10 * 86_400), ("12h", 5 * 86_400), ("1h", 86_400 // 2), ("1m", 1_200))
"""How late labels are taken to come, by the least span in seconds."""
_UNITS_MS = {"d": 86_400_000.0, "h": 3_600_000.0, "min": 60_000.0, "s": 1_000.0, "ms": 1.0, "us": 1e-3, "ns": 1e-6}


@dataclass(frozen=True)
class Timeline:
    """`first_ms`, `last_ms`, the longest jump `gap_ms` of the `share` that was read; how many twelfths of the time have no label but fraud
    (`only_fraud`), and since when none is fraud though many were to be expected (`silent_from_ms`, 0 for never)."""

    first_ms: int
    last_ms: int
    gap_ms: int
    share: float = 1.0
    only_fraud: int = 0
    silent_from_ms: int = 0

    @property
    def span_s(self) -> float:
        """Seconds from the first event to the last; of a file whose beginning was looked at, about so many."""
        return (self.last_ms - self.first_ms) / 1000 / self.share

    @property
    def delay(self) -> str:
        """How late labels are taken to come when nobody has said it: a week, less in a short file."""
        return next((delay for delay, least_s in DELAYS if self.span_s >= least_s), "0s")


def formats_with(shapes: Mapping[str, Shape], roles: Roles) -> tuple[str, ...]:
    """Formats of the event's time, the time of day from a column of its own included."""
    formats = shapes[roles.time].formats
    if roles.clock:
        hours = "%H:%M:%S" if shapes[roles.clock].example.count(":") == 2 else "%H:%M"
        return tuple(f"{day} {hours}" for day in (formats or ("%Y-%m-%d",)))
    return formats


def timeline_of(sample: Sample, shapes: Mapping[str, Shape], roles: Roles) -> Timeline | None:
    """Lay the records of a sample along their times."""
    if not roles.time:
        return None
    moments = _moments(sample, shapes, roles)
    known = np.array([moment is not None for moment in moments], np.bool_)
    if not known.any():
        return None
    times = np.array([moment or 0 for moment in moments], np.int64)
    order = np.sort(times[known])
    first, last = int(order[0]), int(order[-1])
    gap = int(np.diff(order).max(initial=0))
    if not roles.label or first == last:
        return Timeline(first, last, gap, sample.share)
    fraud, legit = (_said(sample.columns[roles.label], words) & known for words in (roles.fraud, roles.legit))
    place = np.minimum((times - first) * STRETCHES // (last - first), STRETCHES - 1)
    bad, good = (np.bincount(place[which], minlength=STRETCHES) for which in (fraud, legit))
    return Timeline(
        first,
        last,
        gap,
        sample.share,
        int(((bad + good >= LEAST) & (good == 0)).sum()),
        _silent_from(first, last, bad, good),
    )


def _moments(sample: Sample, shapes: Mapping[str, Shape], roles: Roles) -> list[int | None]:
    values = sample.columns[roles.time]
    if roles.epoch:
        unit = _UNITS_MS[roles.epoch]
        return [_numbered(value, unit) for value in values]
    if roles.clock:
        values = [None if day is None else f"{day} {hour}" for day, hour in zip(values, sample.columns[roles.clock])]
    if any(isinstance(value, date) for value in values):
        return [None if value is None else _stamped(value) for value in values]
    return moments_of([None if value is None else str(value) for value in values], formats_with(shapes, roles))


def _numbered(value: Any, unit_ms: float) -> int | None:
    try:
        return None if value is None else int(float(value) * unit_ms)
    except (ValueError, OverflowError):
        return None


def _stamped(value: Any) -> int | None:
    """Milliseconds of a date or a moment; UTC where it has no zone."""
    if not isinstance(value, date):
        return None
    moment = value if isinstance(value, datetime) else datetime.combine(value, time())
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000)


def _said(values: list[Any], words: tuple[str, ...]) -> Any:
    return np.array([value is not None and text_of(value) in words for value in values], np.bool_)


def _silent_from(first: int, last: int, bad: Any, good: Any) -> int:
    """From when on no fraud is labelled although, at the rate before, ten or more were to be expected; 0 for never."""
    frauds = np.flatnonzero(bad)
    if not len(frauds) or frauds[-1] == STRETCHES - 1:
        return 0
    begin = int(frauds[-1]) + 1
    rate = bad[:begin].sum() / max(int((bad + good)[:begin].sum()), 1)
    return first + (last - first) * begin // STRETCHES if rate * good[begin:].sum() >= 10 else 0
