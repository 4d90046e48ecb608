"""How well planted gangs are seen: by a model on the network's features, by density alone, by a rule of hand, per seed and camouflage.

In: sizes, seeds, shares of camouflage. Out: one row per seed and camouflage, and medians per camouflage. Split by time: trained on the
first 55 % of the events of days 30 to 90, the threshold is chosen on the next 15 %, everything is measured on the last 30 %. Attacks come
in waves, so the threshold is chosen to be 0.95 right also where they are SCARCER times as rare as there. The model is scikit-learn's
gradient boosting with its defaults: a stand-in that says what the features hold. It reads the network's results and counts by person and
by thing (`count by place over 1d` …); the network's alone stand beside. Gangs get their ids in a second pass, in which its answer is the
gate: ids are judged over the members of gangs that began in the measured part. Beside them what a gate that knows the truth would reach.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.bench.network import HOUR_MS, Fed, Say, everything
from zhiyu.bench.network_drive import FIRST_OUTPUT
from zhiyu.bench.network_stream import DAY_MS, JOINING, THINGS, NetworkStream, network_stream
from zhiyu.network import layout as at
from zhiyu.network.ask import keys_of
from zhiyu.network.gangs import G_ROW
from zhiyu.network.state import MAX_BLOCK

FLOATS = {at.R_BAD_SHARE, at.R_BURST, at.R_DENSITY, *range(at.R_SHARED, at.R_SHARED + at.MAX_LINKS)}
NOT_FOR_MODELS = {at.R_GANG, at.R_BAD, at.R_BAD_SHARE, at.R_BAD_1, at.R_BAD_2}
"""Names are no amounts, and the stream has no labels that come back."""
WARM_MS, TRAINED, CHOSEN, PRECISION, PIECES = 30 * DAY_MS, 0.55, 0.70, 0.95, 10
SCARCER = 3
"""Attacks are allowed to be so many times as rare as where the threshold was chosen."""
COUNTED_MS = (HOUR_MS, DAY_MS, 3 * DAY_MS, 7 * DAY_MS, 30 * DAY_MS)
OVER = (*range(JOINING), THINGS.index("place"))
"""Links over which gangs join people whose own gates were open: what joins, and the place."""


@dataclass(frozen=True, slots=True)
class QualitySizes:
    """Events and people of each stream, seeds, shares of camouflage."""

    events: int = 300_000
    people: int = 150_000
    seeds: int = 5
    camouflage: tuple[float, ...] = (0.0, 0.2, 0.4, 0.6, 0.8)


def run_quality(sizes: QualitySizes, say: Say) -> dict[str, Any]:
    """All rows: `quality`."""
    rows, runs = list[dict[str, Any]](), sizes.seeds * len(sizes.camouflage)
    for hidden in sizes.camouflage:
        for seed in range(1, sizes.seeds + 1):
            say(f"camouflage {hidden:.0%}, seed {seed}", len(rows) / runs)
            stream = network_stream(sizes.events, sizes.people, seed, hidden)
            rows.append({"camouflage": hidden, "seed": seed, **judged(stream, seed)})
    return {"quality": rows, "medians": medians(rows)}


def medians(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One row per camouflage: the median over the seeds of every figure."""
    found = []
    for hidden in dict.fromkeys(row["camouflage"] for row in rows):
        own = [row for row in rows if row["camouflage"] == hidden]
        known = {
            name: [row[name] for row in own if row[name] is not None]
            for name in own[0]
            if name not in ("camouflage", "seed")
        }
        figures = {name: round(float(np.median(each)), 3) if each else None for name, each in known.items()}
        found.append({"camouflage": hidden, "seeds": len(own), **figures})
    return found


def seen(stream: NetworkStream) -> tuple[Array, list[int]]:
    """(float64[n, results], their numbers) of a stream; null is NaN."""
    plan = everything()
    fed = Fed(plan, stream)
    numbers = [number for number, _ in plan.outputs]
    found = np.full((len(stream), len(numbers)), np.nan)
    nulls = fed.nulls[MAX_BLOCK]
    for start in range(0, len(stream), MAX_BLOCK):
        stop = min(start + MAX_BLOCK, len(stream))
        fed.take(start, stop)
        for column, number in enumerate(numbers):
            bits = fed.values[FIRST_OUTPUT + column, : stop - start]
            values = bits.view(np.float64) if number in FLOATS else bits
            known = nulls[FIRST_OUTPUT + column, : stop - start] == 0
            found[start:stop, column][known] = values[known]
    return found, numbers


def counts(stream: NetworkStream) -> Array:
    """float64[n, 9 · windows]: events of the same person, and over each of the same things, in each of COUNTED_MS up to the event, itself
    included: what `count by place over 1d` says."""
    found = []
    for values in (stream.person, *stream.things):
        _, code = np.unique(values, return_inverse=True)
        order = np.argsort(code, kind="stable")
        base = code[order].astype(np.int64) << 42
        moments = stream.time_ms[order]
        for window in COUNTED_MS:
            first = np.searchsorted(base + moments, base + np.maximum(moments - window + 1, 0))
            count = np.empty(len(stream))
            count[order] = np.arange(len(stream)) - first + 1
            found.append(count)
    return np.column_stack(found)


def judged(stream: NetworkStream, seed: int) -> dict[str, Any]:
    """One row of the table."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import average_precision_score, precision_recall_curve

    found, numbers = seen(stream)
    network = found[:, [column for column, number in enumerate(numbers) if number not in NOT_FOR_MODELS]]
    inputs = np.hstack([network, counts(stream)])
    truth, late = stream.gang >= 0, stream.time_ms >= WARM_MS
    first = int(np.argmax(late))
    trained, chosen = (first + int((len(stream) - first) * share) for share in (TRAINED, CHOSEN))
    alone, every = (
        HistGradientBoostingClassifier(random_state=seed).fit(own[first:trained], truth[first:trained]).predict_proba(own)[:, 1]
        for own in (network, inputs)
    )  # fmt: skip
    threshold = threshold_at(every[trained:chosen], truth[trained:chosen], guarded(PRECISION, SCARCER))
    score, gang, actual = every[chosen:], stream.gang[chosen:], truth[chosen:]
    precision, recall, _ = precision_recall_curve(actual, score)
    density, core = (found[chosen:, numbers.index(number)] for number in (at.R_DENSITY, at.R_CORE_PERSONS))
    hand = (core >= 5) & (found[chosen:, numbers.index(at.R_IN_CORE)] > 0)
    return {
        "events": len(actual), "gang_share": round(float(actual.mean()), 4),
        "average_precision": round(float(average_precision_score(actual, score)), 3),
        "network_average_precision": round(float(average_precision_score(actual, alone[chosen:])), 3),
        "recall_at_90": round(float(recall[precision >= 0.90].max(initial=0)), 3),
        "recall_at_99": round(float(recall[precision >= 0.99].max(initial=0)), 3),
        "density_average_precision": round(float(average_precision_score(actual, density)), 3),
        "hand_precision": round(float(actual[hand].mean()) if hand.any() else 0.0, 3),
        "hand_recall": round(float(hand[actual].mean()), 3),
        **alerts(score >= threshold, gang, stream.gang[:chosen]), **identities(stream, every >= threshold, chosen),
        **with_truth(stream, truth, chosen),
    }  # fmt: skip


def guarded(precision: float, scarcer: float) -> float:
    """The precision to ask for, so that this one is left where what is sought is so many times as rare.

    >>> round(guarded(0.95, 3), 4)
    0.9828
    """
    return scarcer * precision / (scarcer * precision + 1 - precision)


def with_truth(stream: NetworkStream, truth: Array, chosen: int) -> dict[str, Any]:
    """How ids would fit if the gate knew the truth: over links alone, and over all that gangs join over. No gate finds more of a gang; one
    that misses some may still merge fewer."""
    linked, over = identities(stream, truth, chosen, ()), identities(stream, truth, chosen)
    return {f"truth_{name}": over[name] for name in ("ari_grouped", "ari_all")} | {
        f"truth_links_{name}": linked[name] for name in ("ari_grouped", "ari_all")
    }


def threshold_at(score: Array, truth: Array, wanted: float) -> float:
    """The lowest score from which on at least this share is right; above every score when there is none."""
    order = np.argsort(-score, kind="stable")
    right = np.cumsum(truth[order]) / np.arange(1, len(order) + 1)
    good = np.flatnonzero(right >= wanted)
    return float(score[order[good[-1]]]) if len(good) else float("inf")


def alerts(flagged: Array, gang: Array, before: Array) -> dict[str, Any]:
    """How right findings are; of the gangs that began in the measured part: how many are found, how many events came before the first
    alert, and which share of an attack's events is stopped, event by event."""
    fresh = np.setdiff1d(np.unique(gang[gang >= 0]), before)
    seen_before, stopped = [], []
    for name in fresh:
        own = flagged[gang == name]
        stopped.append(own.mean())
        if own.any():
            seen_before.append(int(np.argmax(own)))
    return {
        "findings_right": round(float((gang[flagged] >= 0).mean()) if flagged.any() else 0.0, 3),
        "gangs": len(fresh), "gangs_found": round(len(seen_before) / max(len(fresh), 1), 3),
        "events_before_alert_median": float(np.median(seen_before)) if seen_before else None,
        "attack_stopped": round(float(np.mean(stopped)) if stopped else 0.0, 3),
    }  # fmt: skip


def identities(stream: NetworkStream, gates: Array, chosen: int, over: tuple[int, ...] = OVER) -> dict[str, Any]:
    """How gang ids fit, when the model's answer (`gates` bool[n]) is the gate: adjusted Rand index against the planted gangs that began
    after row `chosen`, over members with an id and over all; share of people with an id at a tenth of the time who have another at the
    next. `over`: links over which gangs join people whose own gates were open."""
    fed = Fed(everything(over), stream, gates.astype(np.uint8))
    fed.take(0, chosen)
    before, kept, renamed = _named(fed), 0, 0
    for stop in np.linspace(chosen, len(stream), PIECES + 1).astype(int).tolist()[1:]:
        fed.take(int(fed.state.gangs.head[G_ROW]) if fed.state.gangs is not None else 0, stop)
        named = _named(fed)
        both = before.keys() & named.keys()
        kept, renamed = kept + len(both), renamed + sum(before[key] != named[key] for key in both)
        before = named
    return {**agreement(stream, before, chosen), "id_churn": round(renamed / max(kept, 1), 4)}


def _named(fed: Fed) -> dict[int, int]:
    """Key → gang of everybody who is in one."""
    gangs = fed.state.gangs
    return {key: gang for gang, keys in gangs.members().items() for key in keys} if gangs is not None else {}


def agreement(stream: NetworkStream, named: Mapping[int, int], chosen: int) -> dict[str, Any]:
    """Adjusted Rand index of gang ids against the planted gangs that began after row `chosen`."""
    from sklearn.metrics import adjusted_rand_score

    fresh = np.setdiff1d(np.unique(stream.gang[stream.gang >= 0]), stream.gang[:chosen])
    members = np.isin(stream.gang, fresh)
    people, place = np.unique(stream.person[members], return_index=True)
    planted = stream.gang[members][place]
    given = np.array([named.get(key, 0) for key in keys_of(0, people).tolist()])
    alone = np.where(given > 0, given, -1 - np.arange(len(given)))
    some = given > 0
    return {
        "ari_grouped": round(float(adjusted_rand_score(planted[some], given[some])), 3) if some.any() else None,
        "ari_all": round(float(adjusted_rand_score(planted, alone)), 3), "members_grouped": round(float(some.mean()), 3),
    }  # fmt: skip
