"""The arms of an experiment over the recent past: which arm each decision took, by the policy in force, and what came of it.

In: what was recorded, the policy, flow and node, the position from which the experiment was live. Out: plain facts (`arm_figures`): each
arm and the rest, differences from the rest (or from the first arm), the split, the span. The arm a key takes is drawn again by the same
hash; decisions without a value to split by took no arm, are counted apart and in no figure.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.engine.engine import Outcome
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.arm_figures import Drawn, differences_of, figures_of, split_of, sums_of
from zhiyu.evaluation.compare import Compared, Hits
from zhiyu.evaluation.compare_labels import maturity
from zhiyu.evaluation.paired import chosen_outcome, weights_of
from zhiyu.evaluation.recent.record import Recorded, recent_keys, with_features_of
from zhiyu.evaluation.redecide import Redecision
from zhiyu.events.batch import EventBatch
from zhiyu.log.list_journal import said_time
from zhiyu.policy.declare import Policy
from zhiyu.policy.experiments import Experiment, percent_of, places_of
from zhiyu.policy.layout import F_BIT, F_KEY

COLUMNS = ("arm", "key", "place", "outcome", "label", "money", "weight")


@dataclass
class Arming:
    """Iterate `steps()` for how much is done, 0 to 1; then `result` is there. `since`: position from which the experiment was live."""

    recorded: Recorded
    opened: Opened
    experiment: Experiment
    since: int
    result: dict[str, Any] | None = field(default=None, init=False)

    def steps(self) -> Iterator[float]:
        """Decide the span again and keep what the arms need."""
        derived = is_derived(self.opened, self.experiment)
        opened = with_features_of(self.opened, self.opened) if derived else self.opened
        run = Redecision(self.recorded.tape, opened, keys=recent_keys(self.opened), first=True)
        run.engine.lists.put(self.recorded.changes)
        policy = self.opened.artifact.policy
        splits = Splits(run.opened, policy, self.experiment)
        share = float(policy.let_through.share) if policy.let_through else 0.0
        parts, done = list[tuple[Array, ...]](), 0
        for outcome, batch in run.batches(keep_all=derived):
            done += batch.n
            d = outcome.decisions
            rows, drawn = splits.of(outcome, batch)
            there = (d.received_ms[rows] >= self.recorded.since_ms) & (d.positions[rows] >= self.since)
            rows, drawn = rows[there], drawn[:, there]
            more = (chosen_outcome(d), d.labels, d.money, weights_of(d, share), d.time_ms, d.received_ms)
            parts.append((*drawn, *(column[rows].copy() for column in more)))
            yield done / max(int(self.recorded.tape.facts["events"]), 1)
        width = len(COLUMNS) + 2
        whole = [np.concatenate(each) for each in zip(*parts)] if parts else [np.zeros(0, np.int64)] * width
        self.result = told(self.experiment, whole, self.recorded.until_ms, self.opened.currency)


def is_derived(opened: Opened, experiment: Experiment) -> bool:
    """Whether the field that splits is computed from others."""
    return any(name == experiment.node.by for name, _ in opened.compiled.schema.derived)


class Splits:
    """Where a policy splits decisions for an experiment. Where it does so by a computed field, decisions have to keep all values."""

    def __init__(self, opened: Opened, policy: Policy, experiment: Experiment) -> None:
        tables = opened.compiled.flow
        names = [visited.name for visited in tables.visited]
        at = {name: bit for bit, name in enumerate(names)}
        places = [each for each in places_of(policy, experiment) if each in at]
        self._nodes = [at[each] for each in places]
        self._arms = [[at[f"{each}:{arm.name}"] for arm in experiment.node.experiment] for each in places]
        keys = {int(step[F_BIT]): int(step[F_KEY]) for step in tables.steps}
        self._register = keys[self._nodes[0]] if self._nodes else 0
        kept = [column.register for column in opened.compiled.features]
        self._kept = kept.index(self._register) if is_derived(opened, experiment) else -1

    def of(self, outcome: Outcome, batch: EventBatch) -> tuple[Array, Array]:
        """Rows that came to the experiment, int64[k], and their arm (-1: no value to split by), key and place, int64[3, k]. A decision
        that comes to it in two places counts for the first."""
        d = outcome.decisions
        came, chosen, where = (np.full(d.n, value, np.int64) for value in (0, 0, -1))
        for place, (node, arms) in enumerate(zip(self._nodes, self._arms)):
            fresh = passed(d, [node])[:, 0] & (where < 0)
            where[fresh] = place
            taken = passed(d, arms)
            chosen[fresh] = np.where(taken.any(axis=1), taken.argmax(axis=1), len(arms))[fresh]
        came = np.flatnonzero(where >= 0)
        key, null = self._keys(d, batch, came)
        return came, np.stack([np.where(null, -1, chosen[came]), key, where[came]])

    def _keys(self, d: DecisionBatch, batch: EventBatch, came: Array) -> tuple[Array, Array]:
        if self._kept >= 0:
            at = np.searchsorted(d.kept, came)
            return d.kept_values[at, self._kept], d.kept_nulls[at, self._kept] != 0
        rows = d.rows[came]
        return batch.values[self._register, rows], batch.nulls[self._register, rows] != 0


def passed(d: DecisionBatch, bits: list[int]) -> Array:
    """bool[n, k]: whether each decision came by these bits of its path."""
    at = np.array(bits, np.int64)
    return np.asarray((d.path[:, at >> 6] >> (at & 63)) & 1, bool)


def told(experiment: Experiment, columns: list[Array], until_ms: int, currency: str) -> dict[str, Any]:
    """As JSON. `columns`: arm, key, place, outcome, label, money, weight, time and time received (ms) of every decision that came to it."""
    drawn = columns[0] >= 0
    d = Drawn(*(each[drawn] for each in columns[: len(COLUMNS)]))
    time_ms, received = columns[-2][drawn], columns[-1][drawn]
    node, rest = experiment.node, experiment.rest
    percents = [float(percent_of(arm)) for arm in node.experiment] + ([float(rest)] if rest else [])
    names = [(arm.name, arm.to) for arm in node.experiment] + ([("", node.next)] if rest else [])
    base, sums = len(names) - 1 if rest else 0, sums_of(d, len(names))
    arms = [
        {"name": name, "to": to, "percent": percent, "rest": bool(rest) and at == base, **figures}
        for at, ((name, to), percent, figures) in enumerate(zip(names, percents, figures_of(sums)))
    ]
    for at, arm in enumerate(arms):
        arm["differences"] = differences_of(sums, at, base) if at != base else []
    n = len(d.arm)
    return {
        "flow": experiment.flow.name, "node": node.name, "by": node.by, "base": base, "decisions": n, "unsplit": int((~drawn).sum()),
        "first": said_time(int(received.min())) if n else None, "until": said_time(until_ms), "currency": currency,
        "labels": maturity(_compared(d, time_ms, until_ms)).to_dict() if n else None, "arms": arms, "split": split_of(d, percents),
    }  # fmt: skip


def _compared(d: Drawn, time_ms: Array, clock_ms: int) -> Compared:
    """As a backtest has them, to count labels as it does."""
    n = len(d.arm)
    two, none = np.stack([d.outcome, d.outcome]), Hits(np.zeros(0, np.int64), np.zeros(0, np.int32))
    return Compared(
        np.arange(n), time_ms, two, np.zeros((2, n), np.int64), d.label, d.money, d.weight, np.zeros((0, n), np.int32), (none, none), [],
        clock_ms, 0,
    )  # fmt: skip
