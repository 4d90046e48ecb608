"""Figures of drift from counts, and what is an alert: large, and larger than chance makes it.

In: windows, the baseline. Out: facts per day and hour, and alerts as events with ids that depend on nothing but what they say.

The stability index of n rows drawn from the baseline itself is about (bins - 1) / n, with a spread of sqrt(2 (bins - 1)) / n: twenty rows
an hour would alarm every hour. So an alert needs the threshold and four such spreads. An hour is not a day: at night other people come,
so by the hour only missing values alarm (a feed that broke); everything else alarms by the day.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import copysign, sqrt
from typing import Any

import numpy as np

from zhiyu.evaluation.drift.windows import DAY_MS, HOUR_MS, Window, Windows
from zhiyu.models.drift import FLOOR, SCORE
from zhiyu.models.package import Spread

SPREADS = 4.0
LEAST_ROWS, LEAST_SPREAD_ROWS, LEAST_EXPECTED = 50, 200, 5.0
"""With fewer rows nothing alarms; the index needs more, because below that an interval is empty by chance now and then."""
SHOWN = 3


@dataclass(frozen=True, slots=True)
class Limits:
    """From which values on something is an alert: stability index, change of the share of nulls, calibration (frauds found over expected,
    or the other way round)."""

    stability: float = 0.25
    missing: float = 0.05
    calibration: float = 1.5


def stability_of(spread: Spread, counts: Any) -> float:
    """The population stability index of counted rows, null among the intervals."""
    now = np.maximum(counts / max(int(counts.sum()), 1), FLOOR)
    before = np.maximum(np.append(np.array(spread.shares), spread.missing), FLOOR)
    return float(((now - before) * np.log(now / before)).sum())


def by_chance(spread: Spread, rows: int) -> float:
    """What the index of so many rows hardly exceeds when nothing has changed."""
    degrees = max(len(spread.shares), 1)
    return (degrees + SPREADS * sqrt(2 * degrees)) / max(rows, 1)


def missing_of(counts: Any) -> float:
    """Share of nulls."""
    return float(counts[-1] / max(int(counts.sum()), 1))


def day_facts(windows: Windows, window: Window) -> dict[str, Any]:
    """Everything of one day."""
    values = {
        name: {"stability": _r(stability_of(spread, counts)), "missing": _r(missing_of(counts))}
        for name, spread, counts in zip(windows.names, windows.spreads, window.counts)
    }
    return _common(window) | {"score": values.pop(SCORE, None), "inputs": values}


def hour_facts(windows: Windows, window: Window) -> dict[str, Any]:
    """Of one hour the score, and the inputs that moved most."""
    values = {
        name: (_r(stability_of(spread, counts)), _r(missing_of(counts)))
        for name, spread, counts in zip(windows.names, windows.spreads, window.counts)
    }
    score = values.pop(SCORE, (None, None))
    worst = sorted(values, key=lambda name: (-values[name][0], name))[:SHOWN]
    moved = {name: {"stability": values[name][0], "missing": values[name][1]} for name in worst}
    return _common(window) | {"score": {"stability": score[0], "missing": score[1]}, "inputs": moved}


def _common(window: Window) -> dict[str, Any]:
    found = {
        "start": stamp(window.start_ms),
        "rows": window.rows,
        "mean_score": _r(window.score_sum / max(window.rows, 1)),
    }
    calibration = {"expected": _r(window.expected), "found": _r(window.found)} if window.labelled else None
    return found | {"labelled": window.labelled, "calibration": calibration}


def alerts_of(windows: Windows, limits: Limits, model: str, package: str) -> list[dict[str, Any]]:
    """All alerts in the order of time, as events of the type `model_drift`."""
    found = [
        *(alert for window in windows.per_day() for alert in _of_day(windows, window, limits)),
        *_begun(
            list(_missing(windows, window, limits, "hour"))
            for window in windows.per_hour()
            if window.rows >= LEAST_ROWS
        ),
    ]
    events = []
    for window, span, what, name, value, limit in sorted(
        found, key=lambda each: (each[0].start_ms, each[1], each[2], each[3])
    ):
        start = stamp(window.start_ms)
        end_ms = window.start_ms + (DAY_MS if span == "day" else HOUR_MS)
        events.append(
            {
                "type": "model_drift", "id": f"drift:{package[:12]}:{span}:{start}:{what}:{name}", "time": stamp(end_ms), "model": model,
                "package": package, "span": span, "start": start, "what": what, "input": name, "value": _r(value), "limit": _r(limit),
                "rows": window.rows,
            }
        )  # fmt: skip
    return events


Alert = tuple[Window, str, str, str, float, float]


def _begun(hours: Iterable[list[Alert]]) -> Iterator[Alert]:
    """Of what lasts for hours, the first alert; it alarms again after an hour without."""
    lasting: set[str] = set()
    for alerts in hours:
        yield from (alert for alert in alerts if alert[3] not in lasting)
        lasting = {alert[3] for alert in alerts}


def _of_day(windows: Windows, window: Window, limits: Limits) -> Iterator[Alert]:
    yield from _missing(windows, window, limits, "day")
    if window.rows >= LEAST_SPREAD_ROWS:
        for name, spread, counts in zip(windows.names, windows.spreads, window.counts):
            value = stability_of(spread, counts)
            limit = max(limits.stability, by_chance(spread, window.rows))
            if value >= limit:
                yield window, "day", "score" if name == SCORE else "stability", name, value, limit
    least = min(window.expected, window.found)
    ratio = max(window.expected, window.found) / max(least, 1e-9)
    if max(window.expected, window.found) >= LEAST_EXPECTED and ratio >= limits.calibration:
        if abs(window.found - window.expected) >= SPREADS * sqrt(window.variance):
            yield window, "day", "calibration", SCORE, window.found / max(window.expected, 1e-9), limits.calibration


def _missing(windows: Windows, window: Window, limits: Limits, span: str) -> Iterator[Alert]:
    if window.rows < LEAST_ROWS:
        return
    for name, spread, counts in zip(windows.names, windows.spreads, window.counts):
        now, before = missing_of(counts), spread.missing
        chance = SPREADS * sqrt(max(before * (1 - before), 1 / window.rows) / window.rows)
        most = max(limits.missing, chance)
        if abs(now - before) >= most:
            yield window, span, "missing", name, now, before + copysign(most, now - before)


def stamp(ms: int) -> str:
    """ISO 8601 in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def _r(value: float) -> float:
    return round(float(value), 6)


def overall(windows: Windows) -> Sequence[dict[str, Any]]:
    """All of the time: per value its index and nulls, largest first."""
    window = windows.whole()
    lines = [
        {
            "name": name, "stability": _r(stability_of(spread, counts)), "missing": _r(missing_of(counts)),
            "missing_before": _r(spread.missing),
        }
        for name, spread, counts in zip(windows.names, windows.spreads, window.counts)
    ]  # fmt: skip
    return sorted(lines, key=lambda line: (-line["stability"], line["name"]))
