"""Additive models: logistic regression on held and centred values, scorecard on weights of evidence in monotone bins.

In: values float64[n, F] (NaN for null), labels, weights. Out: `Additive`. Newton's method with a ridge: deterministic, nothing random.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.training.newton import newton
from zhiyu.models.package import Additive, Input, Term

RIDGE = 1.0
HELD = (0.01, 0.99)
"""Values are held between these quantiles: one absurd amount does not decide."""
MOST_BINS = 12
LEAST_SHARE = 0.02
"""Of all weight, in a bin at least."""
SMOOTHING = 0.5


def logistic(values: Array, label: Array, weight: Array, inputs: Sequence[Input]) -> Additive:
    """One line per number (and a value of its own for null), one value per text."""
    columns: list[Array] = []
    shapes: list[tuple[str, float, float, float, float]] = []
    for number, given in enumerate(inputs):
        column = values[:, number]
        null = np.isnan(column)
        if given.kind == "string":
            columns += [*((column == k).astype(float) for k in range(len(given.categories))), null.astype(float)]
            shapes.append(("categories", 0.0, 0.0, 0.0, 0.0))
            continue
        known = column[~null] if (~null).any() else np.zeros(1)
        low, high = (float(q) for q in np.quantile(known, HELD))
        held = np.clip(known, low, high)
        centre, scale = float(held.mean()), float(held.std()) or 1.0
        columns += [
            np.where(null, 0.0, (np.clip(np.nan_to_num(column), low, high) - centre) / scale),
            null.astype(float),
        ]
        shapes.append(("line", centre, scale, low, high))
    base, beta = newton(np.column_stack(columns), label, weight, RIDGE)
    terms, at = [], 0
    for number, (given, (kind, centre, scale, low, high)) in enumerate(zip(inputs, shapes)):
        if kind == "categories":
            count = len(given.categories)
            term = Term(
                kind="categories", points=tuple(beta[at : at + count].tolist()), missing=float(beta[at + count])
            )
            at += count + 1
        else:
            term = Term(
                kind="line",
                weight=float(beta[at]) / scale,
                centre=centre,
                low=low,
                high=high,
                missing=float(beta[at + 1]),
            )
            at += 2
        terms.append(_with_mean(term, values[:, number], weight))
    return Additive(base=base, terms=tuple(terms))


def scorecard(values: Array, label: Array, weight: Array, inputs: Sequence[Input]) -> Additive:
    """Weights of evidence by bin, times a coefficient per input: points in log-odds, rising or falling along the values."""
    woes = []
    for number, given in enumerate(inputs):
        column = values[:, number]
        edges = () if given.kind == "string" else monotone_edges(column, label, weight)
        count = len(given.categories) if given.kind == "string" else len(edges) + 1
        woes.append((edges, _evidence(_bin_of(column, edges, given), count, label, weight)))
    design = np.column_stack([woe[_bin_of(values[:, i], edges, inputs[i])] for i, (edges, woe) in enumerate(woes)])
    base, beta = newton(design, label, weight, RIDGE)
    terms = []
    for number, (given, (edges, woe)) in enumerate(zip(inputs, woes)):
        points = tuple((float(beta[number]) * woe[:-1]).tolist())
        missing = float(beta[number] * woe[-1])
        kind = "categories" if given.kind == "string" else "bins"
        term = Term(kind=kind, edges=edges, points=points, missing=missing)  # type: ignore[arg-type]
        terms.append(_with_mean(term, values[:, number], weight))
    return Additive(base=base, terms=tuple(terms))


def monotone_edges(column: Array, label: Array, weight: Array) -> tuple[float, ...]:
    """Edges of bins whose share of fraud only rises, or only falls: quantiles first, then neighbours that break the order are put
    together."""
    known = ~np.isnan(column)
    if not known.any():
        return ()
    cuts = np.unique(np.quantile(column[known], np.linspace(0, 1, MOST_BINS + 1)[1:-1]))
    place = np.searchsorted(cuts, column[known], side="right")
    bad = np.bincount(place, weight[known] * label[known], len(cuts) + 1)
    total = np.bincount(place, weight[known], len(cuts) + 1)
    middle = np.arange(len(total)) - (np.arange(len(total)) * total).sum() / total.sum()
    rising = 1.0 if (middle * (bad - total * bad.sum() / total.sum())).sum() >= 0 else -1.0
    pools: list[tuple[float, float, int]] = []  # fraud, all, last bin
    for number in range(len(total)):
        pools.append((bad[number], total[number], number))
        while len(pools) > 1 and _together(pools[-2], pools[-1], rising, weight.sum()):
            one, two = pools[-2], pools.pop()
            pools[-1] = (one[0] + two[0], one[1] + two[1], two[2])
    return tuple(float(cuts[last]) for _, _, last in pools[:-1])


def _together(one: tuple[float, float, int], two: tuple[float, float, int], rising: float, whole: float) -> bool:
    thin = min(one[1], two[1]) < LEAST_SHARE * whole
    return thin or rising * (two[0] * one[1] - one[0] * two[1]) <= 0


def _bin_of(column: Array, edges: tuple[float, ...], given: Input) -> Array:
    """Bin of each row; the last one is null."""
    null = np.isnan(column)
    if given.kind == "string":
        return np.where(null, len(given.categories), np.nan_to_num(column)).astype(int)
    return np.where(null, len(edges) + 1, np.searchsorted(np.array(edges), np.nan_to_num(column), side="right"))


def _evidence(place: Array, count: int, label: Array, weight: Array) -> Array:
    """Weight of evidence per bin and of null: log of its share of all frauds over its share of all good."""
    bad = np.bincount(place, weight * (label == 1), count + 1) + SMOOTHING
    good = np.bincount(place, weight * (label != 1), count + 1) + SMOOTHING
    return np.log(bad / bad.sum()) - np.log(good / good.sum())


def _with_mean(term: Term, column: Array, weight: Array) -> Term:
    """The term with what it adds on average."""

    null = np.isnan(column)
    filled = np.nan_to_num(column)
    if term.kind == "line":
        found = term.weight * (np.clip(filled, term.low, term.high) - term.centre)
    elif term.kind == "bins":
        found = np.array(term.points)[np.searchsorted(np.array(term.edges), filled, side="right")]
    else:
        found = np.append(np.array(term.points), term.other)[np.minimum(filled.astype(int), len(term.points))]
    found = np.where(null, term.missing, found)
    return msgspec.structs.replace(term, mean=float((weight * found).sum() / weight.sum()))
