"""How good were the decisions, against the truth that has arrived: precision, recall, F1, money caught, money missed.

In: decision batches with labels, money and the time each label arrives. Out: counts by outcome and label, and the metrics.
A label counts only once it has arrived: those still on their way when the stream ends are reported as pending, not as right or wrong.
Decisions that the lottery let through stand for all that it could have drawn: they weigh 1 / share, those it did not draw weigh nothing,
because their truth is not known to a lender who stopped them. "Stopped" means challenge, delay, review or decline: the money does not
leave at once. A decision that waits counts as what it comes to when the wait is over, and as it is while it waits.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.layout import DRAWN_AGAINST, LET_THROUGH, MARKS
from zhiyu.decisions.resumed import Resumed
from zhiyu.policy.declare import OUTCOMES, Policy

STOPPED = OUTCOMES.index("challenge")


@dataclass(frozen=True, slots=True)
class Scores:
    """Counts of one cut (everything at least this severe is "positive") and what follows from them; ratios are None without a base."""

    caught: int
    false_alarms: int
    missed: int
    passed_good: int
    money_caught: int
    money_missed: int
    money_of_good_stopped: int

    @property
    def precision(self) -> float | None:
        """Share of frauds among what was stopped."""
        return _ratio(self.caught, self.caught + self.false_alarms)

    @property
    def recall(self) -> float | None:
        """Share of frauds that were stopped."""
        return _ratio(self.caught, self.caught + self.missed)

    @property
    def f1(self) -> float | None:
        """Harmonic mean of precision and recall."""
        return _ratio(2 * self.caught, 2 * self.caught + self.false_alarms + self.missed)

    @property
    def false_alarm_rate(self) -> float | None:
        """Share of good events that were stopped."""
        return _ratio(self.false_alarms, self.false_alarms + self.passed_good)

    def to_dict(self) -> dict[str, Any]:
        """Counts and ratios by name; money in minor units."""
        return {
            "caught": self.caught, "false_alarms": self.false_alarms, "missed": self.missed, "passed_good": self.passed_good,
            "precision": self.precision, "recall": self.recall, "f1": self.f1, "false_alarm_rate": self.false_alarm_rate,
            "money_caught": self.money_caught, "money_missed": self.money_missed,
            "money_of_good_stopped": self.money_of_good_stopped,
        }  # fmt: skip


def _ratio(part: int, whole: int) -> float | None:
    return part / whole if whole else None


def let_through_share(policy: Policy) -> float | None:
    """The share that the policy's lottery lets through; None without one."""
    return float(policy.let_through.share) if policy.let_through else None


class Metrics:
    """Running counts over (outcome, label). `update` in log order."""

    def __init__(self, label_delay_ms: int = 0, share: float | None = None) -> None:
        self.label_delay_ms = label_delay_ms
        self.weights = np.ones(len(MARKS))
        if share:
            self.weights[LET_THROUGH] = 1 / share
            self.weights[list(DRAWN_AGAINST)] = 0
        self.counts = np.zeros((len(OUTCOMES), 2))
        self.money = np.zeros((len(OUTCOMES), 2))
        self.outcomes = np.zeros(len(OUTCOMES), np.int64)
        self._waiting = np.zeros((0, 5), np.int64)
        self._held: dict[int, Array] = {}
        self._clock = np.iinfo(np.int64).min
        self._labelled = 0

    def update(self, d: DecisionBatch, label_delay_ms: int | Array | None = None, held: Collection[int] = ()) -> None:
        """Add decisions; their labels arrive `label_delay_ms` after the event's time (one for all, or int64[n]). `held`: positions
        of those that wait."""
        if not d.n:
            return
        self.outcomes += np.bincount(d.outcome, minlength=len(OUTCOMES))
        self._clock = max(self._clock, int(d.received_ms[-1]))
        known = d.labels >= 0
        rows = self._rows(d, label_delay_ms)[known]
        if held:
            waits = np.isin(d.positions[known], list(held))
            self._held |= zip(d.positions[known][waits].tolist(), rows[waits])
            rows = rows[~waits]
        self._add(rows)

    def resume(self, resumed: Resumed, label_delay_ms: int | None = None) -> None:
        """Add what decisions that waited came to. Call it before `update` of the batch in which they went on, or after it: both count."""
        d = resumed.decisions
        rows, over = self._rows(d, label_delay_ms), []
        for at in np.flatnonzero((d.labels >= 0) & ~resumed.stays).tolist():
            if resumed.waits[at]:
                self._held[int(d.positions[at])] = rows[at]
            else:
                self._held.pop(int(d.positions[at]), None)
                over.append(at)
        self._clock = max(self._clock, int(d.received_ms[-1]) if d.n else self._clock)
        self._add(rows[over])

    def _rows(self, d: DecisionBatch, label_delay_ms: int | Array | None) -> Array:
        """Per decision: when its label arrives, outcome, label, money, mark."""
        delay = self.label_delay_ms if label_delay_ms is None else label_delay_ms
        return np.column_stack([d.time_ms + delay, d.outcome, d.labels.astype(np.int64), d.money, d.mark])

    def _add(self, rows: Array) -> None:
        waiting = np.concatenate([self._waiting, rows])
        arrived = waiting[:, 0] <= self._clock
        self._count(self.counts, self.money, waiting[arrived])
        self._labelled += int(arrived.sum())
        self._waiting = waiting[~arrived]

    def _count(self, counts: Array, money: Array, rows: Array) -> None:
        weights = self.weights[rows[:, 4]]
        np.add.at(counts, (rows[:, 1], rows[:, 2]), weights)
        np.add.at(money, (rows[:, 1], rows[:, 2]), weights * rows[:, 3])

    def _open(self) -> Array:
        """Rows of decisions that still wait and whose label has arrived."""
        rows = np.array(list(self._held.values()), np.int64).reshape(-1, 5)
        return rows[rows[:, 0] <= self._clock]

    @property
    def pending(self) -> int:
        """Labels that had not arrived when the stream ended."""
        return len(self._waiting) + len(self._held) - len(self._open())

    @property
    def labelled(self) -> int:
        """Decisions whose label has arrived."""
        return self._labelled + len(self._open())

    def scores(self, cut: int = STOPPED) -> Scores:
        """Scores when outcomes of severity `cut` and above count as stopped."""
        high, low = slice(cut, None), slice(0, cut)
        counts, money = self.counts.copy(), self.money.copy()
        self._count(counts, money, self._open())
        found = [
            counts[high, 1], counts[high, 0], counts[low, 1], counts[low, 0], money[high, 1], money[low, 1], money[high, 0],
        ]  # fmt: skip
        return Scores(*(round(float(each.sum())) for each in found))

    def to_dict(self) -> dict[str, Any]:
        """Everything for a report: labelled, pending, scores of "stopped" (by their plain names) and of "decline"."""
        declined = self.scores(OUTCOMES.index("decline")).to_dict()
        return {
            "labelled": self.labelled, "labels_pending": self.pending, **self.scores().to_dict(), "declined": declined,
        }  # fmt: skip
