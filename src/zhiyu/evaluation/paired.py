"""The same events seen by two policies: what a source of decisions hands over, batch by batch, and how the two are matched.

In: for each batch of the log, the decisions of the live policy and of the candidate. Out: `Matched`: arrays of the events both decided, and
`Apart`: events that only one of them decided, with what became of them on the other side. Matched by position in the log.
Where decisions come from (two engines, a tape) is behind `Pairs`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.layout import DRAWN_AGAINST, LET_THROUGH
from zhiyu.decisions.resumed import Resumed
from zhiyu.evaluation.segments import Segment
from zhiyu.events.batch import EventBatch
from zhiyu.events.refusals import Refusal


@dataclass(slots=True)
class Side:
    """One policy's part of a batch: decisions, the decoded events their `rows` point at, and the events that were not decided.

    `repeats` and `noise` are positions; what is in none of the three is a fact. `held`: positions of those that began to
    wait; `resumed`: what went on.
    """

    decisions: DecisionBatch
    events: EventBatch
    refusals: list[Refusal] = field(default_factory=list)
    repeats: list[int] = field(default_factory=list)
    noise: list[int] = field(default_factory=list)
    held: list[int] = field(default_factory=list)
    resumed: list[Resumed] = field(default_factory=list)

    def why_not(self, positions: Array) -> list[tuple[str, str, str]]:
        """For each position not decided here: (refused, repeat, noise or fact; the reason in English; in Chinese)."""
        refused = {r.position: r for r in self.refusals}
        repeats, noise = set(self.repeats), set(self.noise)
        found = []
        for position in positions.tolist():
            if position in refused:
                found.append(("refused", refused[position].en, refused[position].zh))
            elif position in repeats:
                found.append(("repeat", "the same event came before", "与之前的事件相同"))
            elif position in noise:
                found.append(("noise", "a `drop` filter is true", "命中 drop 过滤条件"))
            else:
                found.append(("fact", "feeds features and is not decided", "只计入特征，不做决策"))
        return found


@dataclass(slots=True)
class Pair:
    """One batch of the log seen by both policies; `events` counts its records, good or bad."""

    live: Side
    candidate: Side
    events: int


class Pairs(Protocol):
    """A source of decisions of two policies over the same log. Labels and money are those of the live side, and so is their delay."""

    label_delay_ms: int

    def __iter__(self) -> Iterator[Pair]:
        """Batches in log order."""

    def progress(self) -> float:
        """How much is done, 0 to 1."""


@dataclass(slots=True)
class Matched:
    """n events that both decided. Row 0 of `outcome` int64[2, n] and `score` int64[2, n] is the live policy, row 1 the candidate.

    `label` int8[n]: 1 fraud, 0 legit, -1 none; `money` int64[n] minor units; `weight` float64[n]; `segment` int32[s, n], -1 null;
    `hits`: bool[n, rules] of each policy; `clock_ms`: the greatest time received so far.
    """

    position: Array
    ids: Sequence[str] | pa.Array
    time_ms: Array
    outcome: Array
    score: Array
    label: Array
    money: Array
    weight: Array
    segment: Array
    hits: tuple[Array, Array]
    clock_ms: int

    @property
    def n(self) -> int:
        """Number of events."""
        return len(self.position)


@dataclass(frozen=True, slots=True)
class Apart:
    """An event that one policy decided and the other did not."""

    position: int
    event_id: str
    decided_by: str
    became: str
    en: str
    zh: str


def chosen_outcome(d: DecisionBatch) -> Array:
    """int64[n]: the outcome that is compared. The one place that says so: what the policy decided, not what the brakes made of it."""
    return d.outcome


def weights_of(d: DecisionBatch, share: float) -> Array:
    """float64[n]: 1; 1 / share for decisions that a lottery let through: each stands for those that it was drawn from; 0 for the others it
    was drawn from, so that nobody counts twice where a file knows their truth, too."""
    weight = np.ones(d.n)
    if share > 0:
        weight[d.mark == LET_THROUGH], weight[np.isin(d.mark, DRAWN_AGAINST)] = 1.0 / share, 0.0
    return weight


def rows_of_both(live: DecisionBatch, candidate: DecisionBatch) -> tuple[Array, Array]:
    """Rows of the decisions with the same position in both, int64 each."""
    if live.n == candidate.n and np.array_equal(live.positions, candidate.positions):
        return np.arange(live.n), np.arange(live.n)
    _, ours, theirs = np.intersect1d(live.positions, candidate.positions, assume_unique=True, return_indices=True)
    return ours, theirs


def match(
    pair: Pair, rules: tuple[int, int], segments: Sequence[Segment], share: float
) -> tuple[Matched, Array, Array]:
    """The events both decided, and the rows of their decisions in each. `rules`: how many each policy has."""
    live, candidate = pair.live.decisions, pair.candidate.decisions
    ours, theirs = rows_of_both(live, candidate)
    codes = [segment.codes(pair.live.events, live.rows[ours]) for segment in segments]
    clock = max((int(d.received_ms.max()) for d in (live, candidate) if d.n), default=np.iinfo(np.int64).min)
    matched = Matched(
        live.positions[ours], taken(live.ids, ours), live.time_ms[ours],
        np.stack([chosen_outcome(live)[ours], chosen_outcome(candidate)[theirs]]),
        np.stack([live.score[ours], candidate.score[theirs]]), live.labels[ours], live.money[ours],
        weights_of(live, share)[ours], np.stack(codes) if codes else np.zeros((0, len(ours)), np.int32),
        (live.hit_matrix(rules[0])[ours], candidate.hit_matrix(rules[1])[theirs]), int(clock),
    )  # fmt: skip
    return matched, ours, theirs


def apart(pair: Pair, counts: Callable[[Array], Array]) -> list[Apart]:
    """Events of the batch that only one policy decided, in log order. `counts`: bool[n] of their times, which of them are asked for."""
    found = []
    for name, one, other in (("live", pair.live, pair.candidate), ("candidate", pair.candidate, pair.live)):
        d = one.decisions
        rows = np.flatnonzero(~np.isin(d.positions, other.decisions.positions) & counts(d.time_ms))
        if len(rows):
            reasons = other.why_not(d.positions[rows])
            found += [Apart(int(d.positions[r]), str(d.ids[int(r)]), name, *why) for r, why in zip(rows, reasons)]
    return sorted(found, key=lambda each: each.position)


def taken(ids: Sequence[str] | pa.Array, rows: Array) -> Sequence[str] | pa.Array:
    """The ids of some rows, in the form they came in."""
    if len(rows) == len(ids):
        return ids
    return ids.take(pa.array(rows)) if isinstance(ids, pa.Array) else [ids[int(row)] for row in rows]
