"""Intervals against a slow version that really draws events; the exact test against sums of binomials."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.evaluation.naive_comparison import Row, arrived, clock, compared, naive_figures, rows
from zhiyu.evaluation.compare import DAY_MS
from zhiyu.evaluation.compare_figures import VOLUMES
from zhiyu.evaluation.compare_intervals import (
    Estimate,
    clusters_of,
    draws,
    estimates,
    exact_p,
    mcnemar,
    percentiles,
    times_drawn,
)

RESAMPLES = 40


@settings(max_examples=15, deadline=None)
@given(rows(80, 30), st.integers(0, 1000))
def test_the_bootstrap_is_the_slow_one(found: list[Row], seed: int) -> None:
    """Each resample as a list of events, figures by loops, percentiles by sorting."""
    c = compared(found)
    clusters = clusters_of(c)
    drawn = draws(clusters.stratum, RESAMPLES, seed)
    days = len({row.time_ms // DAY_MS for row in found})
    members = [[row for row, k in zip(found, clusters.of.tolist()) if k == each] for each in range(clusters.count)]
    spreads: dict[str, list[float]] = {}
    for line in drawn.tolist():
        sample = [row for each in line for row in members[each]]
        both = [naive_figures(sample, side, clock(found), days) for side in (0, 1)]
        for name, live in both[0].items():
            other = both[1][name]
            if live is not None and other is not None:
                spreads.setdefault(name, []).append(other - live)
    for name, estimate in estimates(c, clusters, seed, resamples=RESAMPLES)[0].items():
        if name not in VOLUMES and not any(arrived(row, clock(found)) for row in found):
            assert estimate == Estimate(None, None, None, None, None)
            continue
        if name not in spreads:
            assert estimate.low is None
            continue
        assert estimate.low == pytest.approx(naive_percentile(spreads[name], 2.5), rel=1e-9, abs=1e-9), name
        assert estimate.high == pytest.approx(naive_percentile(spreads[name], 97.5), rel=1e-9, abs=1e-9), name


def naive_percentile(values: list[float], percent: float) -> float:
    """Between the two neighbours in sorted order."""
    ordered = sorted(values)
    at = (len(ordered) - 1) * percent / 100
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


@given(rows(60, 30))
def test_clusters_are_days_or_blocks_of_neighbours(found: list[Row]) -> None:
    c = compared(found)
    clusters = clusters_of(c)
    days = sorted({row.time_ms // DAY_MS for row in found})
    if len(days) >= 10:
        assert clusters.by == "day"
        assert [days[k] for k in clusters.of.tolist()] == [row.time_ms // DAY_MS for row in found]
    else:
        assert clusters.by == "block"
        assert (np.diff(clusters.of) >= 0).all()
        sizes = np.bincount(clusters.of, minlength=clusters.count)
        assert sizes.max(initial=0) - sizes.min(initial=1) <= 1
    for each, stratum in enumerate(clusters.stratum.tolist()):
        own = [row for row, k in zip(found, clusters.of.tolist()) if k == each]
        assert stratum == any(arrived(row, clock(found)) for row in own)


def test_each_stratum_keeps_its_size_and_the_seed_decides() -> None:
    stratum = np.array([0, 1, 1, 0, 1, 1, 1])
    drawn = draws(stratum, 200, 5)
    assert (stratum[drawn] == stratum).all()
    assert np.array_equal(drawn, draws(stratum, 200, 5))
    assert not np.array_equal(drawn, draws(stratum, 200, 6))
    times = times_drawn(drawn)
    assert (times.sum(1) == 7).all()
    assert times[3].tolist() == [drawn[3].tolist().count(k) for k in range(7)]


def test_an_interval_covers_the_true_difference_about_as_often_as_it_says() -> None:
    """200 worlds of 60 days: the candidate stops each fraud with chance 0.6, live with 0.5; 5 frauds a day."""
    world = np.random.default_rng(11)
    covered = 0
    none = frozenset[int]()
    for seed in range(200):
        found = []
        for day in range(60):
            lucky = world.random((5, 2)) < (0.5, 0.6)
            found += [Row(day * DAY_MS, (5 * int(a), 5 * int(b)), (0, 0), 1, 1, 1.0, 0, (none, none)) for a, b in lucky]
        found.append(Row(70 * DAY_MS, (0, 0), (0, 0), -1, 0, 1.0, 0, (none, none)))
        c = compared(found, 1000)
        recall = estimates(c, clusters_of(c), seed, resamples=300)[0]["recall"]
        assert recall.low is not None
        assert recall.high is not None
        covered += recall.low <= 0.1 <= recall.high
    assert 180 <= covered <= 199


@given(st.integers(0, 60), st.integers(0, 60))
def test_the_exact_test_is_a_sum_of_binomials(b: int, c: int) -> None:
    n = b + c
    if not n:
        assert exact_p(b, c) is None
        return
    tail = Fraction(sum(comb(n, i) for i in range(min(b, c) + 1)), 2**n)
    assert exact_p(b, c) == pytest.approx(float(min(Fraction(1), 2 * tail)), rel=1e-9)


@given(rows())
def test_discordant_frauds(found: list[Row]) -> None:
    own = [row for row in found if row.label == 1 and arrived(row, clock(found))]
    only = sum(row.outcome[0] >= 2 > row.outcome[1] for row in own)
    they = sum(row.outcome[1] >= 2 > row.outcome[0] for row in own)
    assert mcnemar(compared(found), 2)[:2] == (only, they)


def test_percentiles_leave_out_what_has_no_base() -> None:
    assert percentiles(np.array([np.nan, np.nan])) == (None, None)
    assert percentiles(np.array([np.nan, 3.0])) == (3.0, 3.0)
