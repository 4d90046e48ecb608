"""What one hour says against the hours before: how far each variable has moved, what rose most, what is odd.

In: an hour of one type of event, and the same from earlier days. Out: `Moved`, one line per variable. *Odd* needs both: a difference
that matters (the thresholds) and one that chance does not make of so few events (six standard errors): hundreds of variables are
looked at every hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhiyu.evaluation.hourly.sketch import TypeHour

Floats = NDArray[np.float64]
FLOOR, POOLED = 1e-4, 0.02
"""Least share of a bin; bins with less than this share before are one bin together."""


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is odd: rise of the missing and error rates, stability index, growth of a mean, growth or fall of a number of
    events; `sigmas`: and no chance; `least`: events that both sides need."""

    missing: float = 0.05
    errors: float = 0.01
    stability: float = 0.25
    rise: float = 1.5
    volume: float = 2.0
    sigmas: float = 6.0
    least: int = 50


@dataclass(frozen=True, slots=True)
class Moved:
    """Per variable, float64[F] each; NaN where there is nothing to compare with. `odd`: (line, what, value, value before)."""

    missing_before: Floats
    errors_before: Floats
    mean_before: Floats
    stability: Floats
    rise: Floats
    rise_sigmas: Floats
    odd: list[tuple[int, str, float, float]]


def moved(now: TypeHour, earlier: Sequence[TypeHour], limits: Thresholds) -> Moved:
    """Compare; `earlier` of other variables (another policy) are left out."""
    earlier = [each for each in earlier if each.names == now.names and each.types == now.types]
    none = np.full(len(now.names), np.nan)
    n_before = sum(each.n for each in earlier)
    if not n_before or not now.n:
        return Moved(none, none, none, none, none, none, [])
    miss, err = (
        sum((getattr(each, name) for each in earlier), np.zeros_like(now.missing)) for name in ("missing", "errors")
    )
    rough = sum((each.rough.astype(np.int64) for each in earlier), np.zeros(now.rough.shape, np.int64))
    index, bins = _stability(now.rough / now.n, rough / n_before)
    mean, variance = _moments(now.sum, now.squares, now.known)
    known_before = sum((each.known for each in earlier), np.zeros_like(now.missing))
    mean_before, variance_before = _moments(
        sum((each.sum for each in earlier), np.zeros(len(none))), sum((each.squares for each in earlier), np.zeros(len(none))), known_before
    )  # fmt: skip
    with np.errstate(divide="ignore", invalid="ignore"):
        error = np.sqrt((variance + variance_before) / 2 * (1 / now.known + 1 / known_before))
        rises = (mean > mean_before) & (mean_before > 0) & (error > 0)
        rise, sigmas = np.where(rises, mean / mean_before, np.nan), np.where(rises, (mean - mean_before) / error, 0.0)
    odd: list[tuple[int, str, float, float]] = []
    if min(now.n, n_before) >= limits.least:
        odd += _rates("missing", now.missing, now.n, miss, n_before, limits.missing, limits.sigmas)
        odd += _rates("errors", now.errors, now.n, err, n_before, limits.errors, limits.sigmas)
        by_chance = (1 / now.n + 1 / n_before) * (bins - 1 + limits.sigmas * np.sqrt(2 * np.maximum(bins - 1, 1)))
        shifted = (index >= limits.stability) & (index >= by_chance)
        odd += [(at, "shift", float(index[at]), 0.0) for at in np.flatnonzero(shifted).tolist()]
        grown = np.flatnonzero((np.nan_to_num(rise) >= limits.rise) & (sigmas >= limits.sigmas)).tolist()
        odd += [(at, "rise", float(mean[at]), float(mean_before[at])) for at in grown]
    return Moved(miss / n_before, err / n_before, mean_before, index, rise, sigmas, sorted(odd))


def _moments(total: Floats, squares: Floats, known: NDArray[np.int64]) -> tuple[Floats, Floats]:
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = total / known
        return mean, np.maximum(squares / known - np.square(mean), 0.0)


def _stability(now: Floats, before: Floats) -> tuple[Floats, Floats]:
    """The population stability index of each line, and how many bins it has: one step per doubling, null and error; rare ones together."""
    rare = before < POOLED
    pooled_now, pooled_before = np.where(rare, now, 0.0).sum(axis=1), np.where(rare, before, 0.0).sum(axis=1)
    share = np.concatenate([np.where(rare, 0.0, now), pooled_now[:, None]], axis=1)
    was = np.concatenate([np.where(rare, 0.0, before), pooled_before[:, None]], axis=1)
    used = (share > 0) | (was > 0)
    share, was = np.where(used, np.maximum(share, FLOOR), 1.0), np.where(used, np.maximum(was, FLOOR), 1.0)
    return ((share - was) * np.log(share / was)).sum(axis=1), used.sum(axis=1).astype(np.float64)


def _rates(
    what: str, ours: NDArray[np.int64], n: int, theirs: NDArray[np.int64], m: int, least: float, sigmas: float
) -> list[tuple[int, str, float, float]]:  # fmt: skip
    share, was, pooled = ours / n, theirs / m, (ours + theirs) / (n + m)
    error = np.sqrt(pooled * (1 - pooled) * (1 / n + 1 / m))
    found = np.flatnonzero((share - was >= least) & (share - was >= sigmas * error)).tolist()
    return [(at, what, float(share[at]), float(was[at])) for at in found]


def strange_volume(now: int, before: Sequence[int], limits: Thresholds) -> bool:
    """Whether a type of event comes much more often, or much less, than on the days before."""
    if not before:
        return False
    usual = sum(before) / len(before)
    error = float(np.sqrt(max(usual, 1.0) * (1 + 1 / len(before))))
    much = max(now, usual) >= limits.volume * min(now, usual)
    return max(now, usual) >= limits.least and much and abs(now - usual) >= limits.sigmas * error
