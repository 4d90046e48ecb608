"""How sure a difference is: 95 % intervals from a paired bootstrap, and McNemar's exact test.

In: sums per cluster (days, or blocks of events when there are too few days). Out: `Interval`s of candidate minus live.
Whole days are drawn with replacement, both policies with the same days (paired), apart for days whose labels have arrived and days whose
labels have not (stratified), so that no resample wins or loses by having more days with labels. Percentiles 2.5 and 97.5.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.compare import Compared
from zhiyu.evaluation.compare_figures import SIX, VOLUMES, figures, totals

RESAMPLES = 1_000
MIN_DAYS, MAX_DAYS = 10, 4_000
BLOCKS = 100
LOW, HIGH = 2.5, 97.5


@dataclass(frozen=True)
class Clusters:
    """What is drawn: `of` int64[n] gives the cluster of each event, `stratum` int64[count] that of each cluster; `by` "day" or "block"."""

    by: str
    count: int
    of: Array
    stratum: Array


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure: both policies, candidate minus live, and the interval of the difference. None without a base."""

    live: float | None
    candidate: float | None
    difference: float | None
    low: float | None
    high: float | None

    def to_dict(self) -> dict[str, float | None]:
        """By name, rounded to 10 decimals."""
        names = ("live", "candidate", "difference", "low", "high")
        return {name: _plain(getattr(self, name)) for name in names}


def clusters_of(c: Compared) -> Clusters:
    """Days, or 100 blocks of consecutive events when there are fewer than 10 days (or more than 4,000)."""
    number, days = c.day
    by, count, of = "day", len(days), number
    if not MIN_DAYS <= len(days) <= MAX_DAYS:
        count = min(BLOCKS, max(c.n, 1))
        by, of = "block", np.arange(c.n) * count // max(c.n, 1)
    arrived = np.bincount(of, c.arrived, count) > 0
    return Clusters(by, count, of, arrived.astype(np.int64))


def draws(stratum: Array, resamples: int, seed: int) -> Array:
    """int64[resamples, clusters]: the clusters of each resample; each stratum keeps its number of clusters."""
    generator = np.random.default_rng(seed)
    out = np.empty((resamples, len(stratum)), np.int64)
    for each in np.unique(stratum):
        own = np.flatnonzero(stratum == each)
        out[:, own] = own[generator.integers(0, len(own), (resamples, len(own)))]
    return out


def times_drawn(drawn: Array) -> Array:
    """float64[resamples, clusters]: how often each cluster is in each resample."""
    resamples, clusters = drawn.shape
    key = drawn + np.arange(resamples)[:, None] * clusters
    return np.bincount(key.ravel(), minlength=resamples * clusters).reshape(resamples, clusters).astype(float)


def estimates(
    c: Compared, clusters: Clusters, seed: int, group: Array | None = None, groups: int = 1, resamples: int = RESAMPLES
) -> list[dict[str, Estimate]]:
    """For each group the figures by name; without any arrived label in the group, those that need labels are None."""
    sums = totals(c, clusters.of, clusters.count, group, groups)
    days = len(c.day[1])
    point = figures(sums.sum(0), days)
    times = times_drawn(draws(clusters.stratum, resamples, seed))
    again = figures((times @ sums.reshape(clusters.count, -1)).reshape(resamples, *sums.shape[1:]), days)
    labelled = sums[..., 0, SIX : 3 * SIX].sum((0, 2)) > 0
    found: list[dict[str, Estimate]] = [{} for _ in range(groups)]
    for name, value in point.items():
        spread = again[name][..., 1] - again[name][..., 0]
        for at in range(groups):
            if not (labelled[at] or name in VOLUMES):
                found[at][name] = Estimate(None, None, None, None, None)
                continue
            low, high = percentiles(spread[:, at])
            found[at][name] = Estimate(
                _known(value[at, 0]), _known(value[at, 1]), _known(value[at, 1] - value[at, 0]), low, high
            )  # fmt: skip
    return found


def percentiles(values: Array) -> tuple[float | None, float | None]:
    """The 2.5th and 97.5th percentile of what is not NaN (linear between neighbours); None without values."""
    known = values[~np.isnan(values)]
    if not len(known):
        return None, None
    low, high = np.percentile(known, [LOW, HIGH])
    return float(low), float(high)


def mcnemar(c: Compared, cut: int) -> tuple[int, int, float | None]:
    """(frauds only live stops, frauds only the candidate stops, exact two-sided p): arrived labels, each counted once."""
    stops = c.outcome >= cut
    fraud = c.arrived & (c.label == 1)
    ours, theirs = int((fraud & stops[0] & ~stops[1]).sum()), int((fraud & stops[1] & ~stops[0]).sum())
    return ours, theirs, exact_p(ours, theirs)


def exact_p(b: int, c: int) -> float | None:
    """Two-sided binomial probability of a split at least as uneven as b to c when both are equally likely; None without any."""
    n, k = b + c, min(b, c)
    if not n:
        return None
    step = np.arange(1, k + 1)
    logs = np.concatenate([[0.0], np.cumsum(np.log(n - step + 1) - np.log(step))]) - n * math.log(2)
    return min(1.0, 2.0 * float(np.exp(logs).sum()))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _plain(value: float | None) -> float | None:
    if value is None:
        return None
    rounded = round(value, 10)
    return int(rounded) if rounded == int(rounded) else rounded
