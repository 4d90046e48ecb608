"""Whether what a policy declares of restraint holds: figures with what chance explains, and a verdict each.

In: decisions as `gather` makes them. Out: facts as JSON objects, each with `holds`.

Independence is a rank correlation within strata. Under chance (every order of one side within a stratum alike) its sum has mean 0 and, per
stratum, variance Sa x Sb / (n - 1): the permutation test in closed form, the same for everyone.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, log, sqrt
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.restraint.gather import CARRIES, Decided
from zhiyu.policy.declare_restraint import FairGroups, Independence, OverLending, Restraint

STOPS = 2
"""From this outcome on (challenge) an event is stopped."""
Z_95, Z_CHANCE = 1.959964, 3.29
MAX_GROUPS = 64
MISSING = "–"


def judged_restraint(declared: Restraint, found: Decided) -> dict[str, Any]:
    """Everything, and whether all of it holds."""
    facts: dict[str, Any] = {
        "decisions": len(found.kind), "labelled": int((found.label >= 0).sum()),
        "groups": [groups(each, found) for each in declared.groups],
        "independence": [independence(number, each, found) for number, each in enumerate(declared.independence)],
        "over_lending": [over_lending(number, each, found) for number, each in enumerate(declared.over_lending)],
    }  # fmt: skip
    lines = [*facts["groups"], *facts["independence"], *facts["over_lending"]]
    return {"holds": all(line["holds"] for line in lines), **facts}


def groups(each: FairGroups, found: Decided) -> dict[str, Any]:
    """Per group the share let through, also of good events, and beside the group that fares best."""
    rows = found.on(each.on)
    place, names = _grouped(each, found, rows)
    passed, label, weight = found.outcome[rows] < STOPS, found.label[rows], found.weight[rows]
    lines = []
    for number, name in enumerate(names):
        own = place == number
        good = own & (label == 0) & (weight > 0)
        fraud = own & (label == 1) & (weight > 0)
        lines.append(
            {
                "group": name, "events": int(own.sum()), "let_through": _share(passed[own]),
                "good": int(good.sum()), "good_let_through": _share(passed[good], weight[good]),
                "frauds": int(fraud.sum()), "frauds_stopped": _share(~passed[fraud], weight[fraud]),
            }
        )  # fmt: skip
    limit = float(each.ratio)
    for key, count in (("let_through", "events"), ("good_let_through", "good")):
        _beside_best(lines, key, count, each.least, limit)
    holds = all(line.get(f"{key}_holds", True) for line in lines for key in ("let_through", "good_let_through"))
    return {"of": each.of, "en": each.en, "zh": each.zh, "ratio": limit, "holds": holds, "groups": lines}


def _grouped(each: FairGroups, found: Decided, rows: Array) -> tuple[Array, list[str]]:
    """int64[k] number of the group, and names; null is a group of its own, told and not judged."""
    values = found.values[each.of][rows]
    null = np.isnan(values)
    if each.bands:
        edges = np.array(each.bands, np.float64)
        place = np.searchsorted(edges, np.nan_to_num(values), side="right")
        ends = [f"{edge:g}" for edge in each.bands]
        names = [f"< {ends[0]}", *(f"{a} – {b}" for a, b in pairwise(ends)), f"≥ {ends[-1]}"]
    elif each.of in found.texts:
        names = found.texts[each.of][:MAX_GROUPS]
        place = np.nan_to_num(values, nan=-1).astype(np.int64)
        place[place >= MAX_GROUPS] = -1
    else:
        names, place = ["no", "yes"], np.nan_to_num(values).astype(np.int64)
    place = np.where(null, len(names), place)
    return place, [*names, *([MISSING] if null.any() else [])]


def _beside_best(lines: list[dict[str, Any]], key: str, count: str, least: int, limit: float) -> None:
    able = [line for line in lines if line[count] >= least and line["group"] != MISSING and line[key] is not None]
    if len(able) < 2:
        return
    best = max(able, key=lambda line: (line[key], line[count]))
    for line in able:
        ratio, high = _ratio(line[key], line[count], best[key], best[count])
        line[f"{key}_ratio"], line[f"{key}_ratio_high"] = ratio, high
        line[f"{key}_holds"] = ratio is None or ratio >= limit or high >= 1.0


def _ratio(p: float, n: int, best: float, m: int) -> tuple[float | None, float]:
    """(p / best, upper end of its 95 % interval): the logarithm of a ratio of shares is about normal."""
    if best == 0:
        return None, 1.0
    if p == 0:
        p = 0.5 / n  # nobody: as good as half a person
    spread = sqrt((1 - p) / (n * p) + (1 - best) / (m * best))
    return round(p / best, 6), round(exp(log(p / best) + Z_95 * spread), 6)


def independence(number: int, each: Independence, found: Decided) -> dict[str, Any]:
    """The correlation within strata, and what changed when the value was set."""
    rows = found.on(each.on)
    strata = _strata([found.values[name][rows] for name in each.given], int(rows.sum()))
    lines = []
    for name in each.what:
        what = (found.outcome.astype(np.float64) if name == "outcome" else found.values[name])[rows]
        rho, z, used = within_strata(found.values[each.of][rows], what, strata)
        limit = float(each.correlation)
        line = {"what": name, "events": used, "correlation": round(rho, 6), "z": round(z, 3)}
        lines.append(line | {"holds": abs(rho) <= limit or abs(z) < Z_CHANCE})
    facts: dict[str, Any] = {
        "of": each.of, "en": each.en, "zh": each.zh, "given": list(each.given), "correlation": float(each.correlation), "by": lines
    }  # fmt: skip
    holds = all(line["holds"] for line in lines)
    if number in found.variants:
        facts["values"] = [str(value) for value in each.values]
        facts["set"] = _set(each, found, number)
        facts["differ"] = float(each.differ)
        holds = holds and all(line["holds"] for line in facts["set"])
    return facts | {"holds": holds}


def within_strata(one: Array, two: Array, strata: Array) -> tuple[float, float, int]:
    """(rank correlation, z under chance, rows used) of float64[n] within strata int64[n]; null rows are left out."""
    known = ~(np.isnan(one) | np.isnan(two))
    one, two, strata = one[known], two[known], strata[known]
    order = np.argsort(strata, kind="stable")
    total = first = second = variance = 0.0
    for rows in np.split(order, np.flatnonzero(np.diff(strata[order])) + 1) if len(order) else []:
        if len(rows) < 2:
            continue
        a, b = _ranks(one[rows]), _ranks(two[rows])
        a, b = a - a.mean(), b - b.mean()
        sa, sb = float(a @ a), float(b @ b)
        total, first, second = total + float(a @ b), first + sa, second + sb
        variance += sa * sb / (len(rows) - 1)
    if not variance:
        return 0.0, 0.0, len(order)
    return total / sqrt(first * second), total / sqrt(variance), len(order)


def _ranks(values: Array) -> Array:
    """Ranks in 0..1 (float64), equal values in the middle of theirs: a large stratum weighs by its rows, not by its ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    middle: Array = (ends - (counts - 1) / 2 - 1) / max(len(values) - 1, 1)
    return middle[inverse]


def _strata(columns: Sequence[Array], n: int) -> Array:
    if not columns:
        return np.zeros(n, np.int64)
    keys = np.column_stack([np.nan_to_num(column, nan=-(2.0**52)) for column in columns])
    _, place = np.unique(keys, axis=0, return_inverse=True)
    return place.astype(np.int64).ravel()


def _set(each: Independence, found: Decided, number: int) -> list[dict[str, Any]]:
    """Per quantity the share of decisions that differ between any two of the values."""
    sides = found.variants[number]
    known = np.array([not each.on or name in each.on for name in found.types])
    shared = sides[0][0][known[sides[0][1]]]
    for positions, _, _ in sides[1:]:
        shared = shared[np.isin(shared, positions)]
    tables = [values[np.searchsorted(positions, shared)] for positions, _, values in sides]
    lines = []
    for at, name in enumerate(each.what):
        columns = np.column_stack([table[:, at] for table in tables])
        same = ((columns == columns[:, :1]) | (np.isnan(columns) & np.isnan(columns[:, :1]))).all(axis=1)
        changed = int((~same).sum())
        share = changed / max(len(shared), 1)
        means = [round(float(np.nanmean(column)), 6) if (~np.isnan(column)).any() else None for column in columns.T]
        line = {"what": name, "events": len(shared), "changed": changed, "share": round(share, 6), "means": means}
        lines.append(line | {"holds": share <= float(each.differ)})
    return lines


def over_lending(number: int, each: OverLending, found: Decided) -> dict[str, Any]:
    """The share of what was let through although it is too much."""
    rows = found.on(each.on)
    passed = found.outcome[rows] < STOPS
    too_much = found.values[CARRIES.format(number)][rows]
    let, over = int(passed.sum()), int((passed & (too_much == 1)).sum())
    unknown, stopped = int((passed & np.isnan(too_much)).sum()), int((~passed & (too_much == 1)).sum())
    share = over / max(let, 1)
    return {
        "name": each.name, "when": each.when, "en": each.en, "zh": each.zh, "let_through": let, "over": over, "unknown": unknown,
        "stopped": stopped, "share": round(share, 6), "limit": float(each.share), "holds": share <= float(each.share),
    }  # fmt: skip


def _share(flags: Array, weight: Array | None = None) -> float | None:
    own = np.ones(len(flags)) if weight is None else weight
    return round(float((own * flags).sum() / own.sum()), 6) if len(flags) and own.sum() else None
