"""A policy decides the recent past again: what it says of every event of the span, as it was first decided.

In: what was recorded, an opened policy. Out: `Seen`: arrays over the decisions of the span. Nothing is counted: a policy whose features
the tape lacks needs another recording (`lacks`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.compare import Hits
from zhiyu.evaluation.paired import weights_of
from zhiyu.evaluation.recent.record import Recorded, recent_keys
from zhiyu.evaluation.redecide import Redecision


@dataclass(frozen=True)
class Seen:
    """n decisions in log order: position, time_ms int64[n]; outcome int8[n]; score int64[n]; label int8[n]: 1 fraud, 0 good, -1 not known;
    money int64[n] minor units; weight float64[n]; `hits` of rules by their places in `rules`."""

    policy: str
    rules: tuple[str, ...]
    position: Array
    time_ms: Array
    outcome: Array
    score: Array
    label: Array
    money: Array
    weight: Array
    hits: Hits

    @property
    def n(self) -> int:
        """Number of decisions."""
        return len(self.position)


def lacks(recorded: Recorded, opened: Opened) -> bool:
    """Whether the policy reads an aggregate that was not recorded."""
    return any(key not in recorded.tape.features for key in recent_keys(opened).values())


@dataclass
class Deciding:
    """Iterate `steps()` for how much is done, 0 to 1; then `result` is there. InputError when the tape does not fit the policy."""

    recorded: Recorded
    opened: Opened
    result: Seen | None = field(default=None, init=False)

    def steps(self) -> Iterator[float]:
        """Work batch by batch."""
        opened = self.opened
        run = Redecision(self.recorded.tape, opened, keys=recent_keys(opened), first=True)
        run.engine.lists.put(self.recorded.changes)
        policy, rules = opened.artifact.policy, len(opened.compiled.rule_order)
        share = float(policy.let_through.share) if policy.let_through else 0.0
        parts: list[tuple[Array, ...]] = []
        hits: list[Hits] = []
        done, found = 0, 0
        for outcome, batch in run.batches():
            d, done = outcome.decisions, done + batch.n
            rows = np.flatnonzero(d.received_ms >= self.recorded.since_ms)
            row, rule = np.nonzero(d.hit_matrix(rules)[rows])
            hits.append(Hits(row + found, rule.astype(np.int32)))
            columns = (d.positions, d.time_ms, d.outcome, d.score, d.labels, d.money, weights_of(d, share))
            parts.append(tuple(column[rows].copy() for column in columns))
            found += len(rows)
            yield done / max(int(self.recorded.tape.facts["events"]), 1)
        whole = [np.concatenate(columns) for columns in zip(*parts)] if parts else [np.zeros(0, np.int64)] * 7
        position, time_ms, decided, score, label, money, weight = whole
        self.result = Seen(
            opened.artifact.hash, tuple(rule.rule.name for rule in opened.compiled.rule_order), position, time_ms, decided.astype(np.int8),
            score, label.astype(np.int8), money, weight, _joined(hits),
        )  # fmt: skip


def _joined(parts: list[Hits]) -> Hits:
    if not parts:
        return Hits(np.zeros(0, np.int64), np.zeros(0, np.int32))
    return Hits(np.concatenate([each.row for each in parts]), np.concatenate([each.rule for each in parts]))
