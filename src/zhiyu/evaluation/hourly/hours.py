"""Hours of the live variables: gathered as decisions come by, judged against the same hour of earlier days, kept small.

In: decisions with all values, in log order. Out: per closed hour its anomalies; `told` says everything of an hour. An hour is closed
by the first decision that was received after it, so hours and anomalies have a place in the log and do not depend on how the stream
was cut. On the first day there is nothing to judge against; the hour in which the stream begins is only part of one, and nobody's measure.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhiyu.base.errors import LimitExceeded
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.hourly.judge import Moved, Thresholds, moved, strange_volume
from zhiyu.evaluation.hourly.sketch import NUMBERS, RELATIVE_ERROR, TypeHour

HOUR_MS = 3_600_000
DAYS, HOURS_A_DAY = 7, 24
MAX_CELLS = 4_000
"""Variables times types of events: at most some 350 MB for a week of hours."""
ROLES = ("aggregate", "derived", "score")
QUANTILES = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99)
RISERS = 10
EVENT_TYPE = "feature_anomaly"


@dataclass(slots=True)
class Hour:
    """One hour: since 1970, a `TypeHour` per type of event. `closed_at`: log position of the first decision after it (-1: still open)."""

    number: int
    first_position: int
    closed_at: int = -1
    types: dict[str, TypeHour] = field(default_factory=dict)
    moved: dict[str, Moved] = field(default_factory=dict)
    against: list[int] = field(default_factory=list)
    anomalies: list[dict[str, Any]] = field(default_factory=list)


class Hours:
    """`take` decisions in log order. `recent`: the newest closed hours, in full; `anomalies` of a closed hour come out of `take`."""

    def __init__(self, keep: int = 24, thresholds: Thresholds | None = None) -> None:
        self.thresholds, self.keep = thresholds or Thresholds(), keep
        self.recent: deque[Hour] = deque()
        self.closed = 0
        self._open: Hour | None = None
        self._whole = False
        self._before: deque[Hour] = deque(maxlen=DAYS * HOURS_A_DAY)

    def take(self, opened: Opened, d: DecisionBatch) -> Iterator[Hour]:
        """Count a batch whose values are all kept; yields each hour that it closes."""
        if not d.n:
            return
        hour = d.received_ms // HOUR_MS
        for rows in np.split(np.arange(d.n), np.flatnonzero(np.diff(hour)) + 1):
            number = int(hour[rows[0]])
            if self._open is not None and number > self._open.number:
                yield self._close(self._open, int(d.positions[rows[0]]))
            if self._open is None:
                self._open = Hour(number, int(d.positions[rows[0]]))
            self._count(self._open, opened, d, rows)

    def last(self) -> Hour | None:
        """The hour that is still open, judged as far as it goes, without anomalies; it stays open."""
        if self._open is not None:
            self._judge(self._open)
            self._open.anomalies = []
        return self._open

    def _close(self, hour: Hour, position: int) -> Hour:
        hour.closed_at = position
        self._judge(hour)
        self.closed += 1
        self.recent.append(hour)
        if len(self.recent) > self.keep:
            for each in self.recent.popleft().types.values():
                each.forget_details()
        if self._whole:
            self._before.append(hour)
        self._open, self._whole = None, True
        return hour

    def _judge(self, hour: Hour) -> None:
        far = DAYS * HOURS_A_DAY
        same = [
            x for x in self._before if (hour.number - x.number) % HOURS_A_DAY == 0 and hour.number - x.number <= far
        ]
        hour.against, hour.anomalies = [each.number for each in same], []
        for name in sorted(set(hour.types) | {name for each in same for name in each.types}):
            earlier = [each.types[name] for each in same if name in each.types]
            own = hour.types.get(name)
            count = own.n if own is not None else 0
            if own is not None:
                own.settle()
                count = own.n
                hour.moved[name] = moved(own, earlier, self.thresholds)
                for line, what, value, before in hour.moved[name].odd:
                    hour.anomalies.append(_anomaly(hour, name, own.names[line], what, value, before, count))
            volumes = [each.types[name].n if name in each.types else 0 for each in same]
            if strange_volume(count, volumes, self.thresholds):
                hour.anomalies.append(_anomaly(hour, name, "", "volume", count, sum(volumes) / len(volumes), count))

    def _count(self, hour: Hour, opened: Opened, d: DecisionBatch, rows: NDArray[np.int64]) -> None:
        lines = np.searchsorted(d.kept, rows)
        assert (d.kept[lines] == rows).all(), "all values are kept"
        features = opened.compiled.features
        places = np.array([at for at, each in enumerate(features) if each.role in ROLES], np.int64)
        names = tuple(features[at].name for at in places)
        for kind in np.unique(d.type_index[rows]).tolist():
            own = lines[d.type_index[rows] == kind]
            of_type = opened.compiled.schema.types[kind].name
            known = hour.types.get(of_type)
            if (
                known is None or known.names != names
            ):  # another policy came into force within the hour: the newer one is told of
                if len(names) * (len(hour.types) + 1) > MAX_CELLS:
                    raise LimitExceeded(
                        f"more than {MAX_CELLS:,} variables times types of events; report on a policy with fewer features",
                        f"变量数乘以事件类型数超过 {MAX_CELLS:,}；请使用特征较少的策略",
                    )
                known = hour.types[of_type] = TypeHour(names, [features[at].type for at in places])
            cells = np.ix_(own, places)
            known.take(d.kept_values[cells], d.kept_nulls[cells])


def iso(hour: int) -> str:
    """The begin of an hour.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(hour * HOUR_MS / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def told(hour: Hour) -> dict[str, Any]:
    """Everything of an hour as plain data."""
    variables = [_variable(hour, name, at) for name in sorted(hour.types) for at in range(len(hour.types[name].names))]
    rising = [each for each in variables if each["rise"] is not None and each["rise_sigmas"] >= 6.0]
    rising.sort(key=lambda each: (-each["rise"], each["type"], each["variable"]))
    return {
        "hour": iso(hour.number), "first_position": hour.first_position, "closed_at": hour.closed_at,
        "events": {name: hour.types[name].n for name in sorted(hour.types)}, "against": [iso(each) for each in hour.against],
        "variables": variables, "anomalies": hour.anomalies,
        "risers": [{key: each[key] for key in ("type", "variable", "mean", "mean_before", "rise")} for each in rising[:RISERS]],
    }  # fmt: skip


def _variable(hour: Hour, name: str, at: int) -> dict[str, Any]:
    own, by = hour.types[name], hour.moved[name]
    distinct, exact = own.distinct(at)
    known = int(own.known[at])
    numbers = own.types[at].kind in NUMBERS and known > 0
    return {
        "type": name, "variable": own.names[at], "kind": own.types[at].kind.value, "n": own.n, "missing": int(own.missing[at]) / own.n,
        "errors": int(own.errors[at]) / own.n, "distinct": distinct, "distinct_exact": exact,
        "least": float(own.least[at]) if numbers else None, "greatest": float(own.greatest[at]) if numbers else None,
        "mean": float(own.sum[at]) / known if numbers else None,
        "quantiles": dict(zip((f"p{round(100 * share)}" for share in QUANTILES), own.quantiles(at, QUANTILES))),
        "relative_error": RELATIVE_ERROR, "missing_before": _known(by.missing_before[at]), "errors_before": _known(by.errors_before[at]),
        "mean_before": _known(by.mean_before[at]), "stability": _known(by.stability[at]), "rise": _known(by.rise[at]),
        "rise_sigmas": _known(by.rise_sigmas[at]) or 0.0,
    }  # fmt: skip


def _known(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _anomaly(hour: Hour, type_: str, variable: str, what: str, value: float, before: float, n: int) -> dict[str, Any]:
    """An event: `id` says what it is about, so telling it twice changes nothing; its time is the end of the hour."""
    name = f"{EVENT_TYPE}:{iso(hour.number)}:{type_}:{variable}:{what}"
    return {
        "type": EVENT_TYPE, "id": name, "time": iso(hour.number + 1), "hour": iso(hour.number), "about_type": type_, "variable": variable,
        "anomaly": what, "value": _short(value), "before": _short(before), "events": n, "at_position": hour.closed_at,
    }  # fmt: skip


def _short(value: float) -> float:
    """Six decimals, at most 10^12: what a field of type number takes.

    >>> _short(1 / 3), _short(1e20)
    (0.333333, 1000000000000.0)
    """
    return round(min(max(float(value), -1e12), 1e12), 6)
