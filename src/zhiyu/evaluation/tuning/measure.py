"""What a change does to the decisions of a part: money, frauds, goods, reviews; with intervals from a bootstrap over days.

In: observed rows, a part, outcomes under the change, the rows it hits. Out: `Figures`. All counts carry the weights of the rows,
and counts of frauds and goods those of what their labels speak for.
"Stopped" means challenge or severer. The rank of a change is money gained / (goods hurt + 1); without money a fraud counts 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.metrics import STOPPED
from zhiyu.evaluation.tuning.observed import Observed
from zhiyu.evaluation.tuning.parts import Part
from zhiyu.policy.declare import OUTCOMES

REVIEW = OUTCOMES.index("review")
RESAMPLES = 500
SUMS = (
    "decisions", "frauds", "goods", "fraud_money", "stopped", "stopped_frauds", "stopped_goods", "reviews", "hits", "added", "caught",
    "hurt", "money_caught", "hurt_money", "freed_frauds", "freed_goods", "freed_money", "reviews_before", "stopped_money",
)  # fmt: skip


@dataclass(frozen=True)
class Figures:
    """Sums over a part, by the names of `SUMS`; "added" is stopped by the change and not before, "freed" the other way round."""

    sums: dict[str, float]
    days: float
    by_money: bool

    @property
    def gained(self) -> float:
        """Fraud caught in addition, less fraud let go: money in minor units, else a count."""
        s = self.sums
        return s["money_caught"] - s["freed_money"] if self.by_money else s["caught"] - s["freed_frauds"]

    @property
    def caught(self) -> float:
        """Fraud stopped by the whole policy with the change, in the unit of `gained`."""
        return self.sums["stopped_money"] if self.by_money else self.sums["stopped_frauds"]

    @property
    def hurt(self) -> float:
        """Goods stopped in addition, less goods freed."""
        return self.sums["hurt"] - self.sums["freed_goods"]

    @property
    def rank(self) -> float:
        """Gained / (hurt + 1); a change that frees more goods than it hurts counts as hurting none."""
        return self.gained / (max(self.hurt, 0.0) + 1.0)

    @property
    def precision(self) -> float | None:
        """Share of frauds among the labelled decisions stopped in addition."""
        return _ratio(self.sums["caught"], self.sums["caught"] + self.sums["hurt"])

    @property
    def recall_gained(self) -> float:
        """Share of all frauds caught in addition."""
        return (self.sums["caught"] - self.sums["freed_frauds"]) / max(self.sums["frauds"], 1.0)

    @property
    def reviews_per_day(self) -> float:
        """Reviews a day under the whole policy with the change."""
        return self.sums["reviews"] / self.days

    @property
    def good_hurt_share(self) -> float:
        """Share of good decisions that are stopped by the whole policy with the change."""
        return self.sums["stopped_goods"] / max(self.sums["goods"], 1.0)

    @property
    def approval_rate(self) -> float:
        """Share of decisions that go through at once under the whole policy with the change."""
        return 1.0 - self.sums["stopped"] / max(self.sums["decisions"], 1.0)

    def to_dict(self) -> dict[str, Any]:
        """Plain figures by name; money in minor units."""
        s = self.sums
        return {
            "support": s["hits"], "stopped_in_addition": s["added"], "precision": self.precision, "recall_gained": self.recall_gained,
            "frauds_gained": s["caught"] - s["freed_frauds"], "money_gained": s["money_caught"] - s["freed_money"],
            "good_hurt_gained": self.hurt, "good_money_hurt": s["hurt_money"], "reviews_per_day": self.reviews_per_day,
            "reviews_per_day_added": (s["reviews"] - s["reviews_before"]) / self.days, "good_hurt_share": self.good_hurt_share,
            "approval_rate": self.approval_rate, "rank": self.rank,
        }  # fmt: skip


def _ratio(part: float, whole: float) -> float | None:
    return part / whole if whole else None


class Meter:
    """Measures changes on one part."""

    def __init__(self, o: Observed, part: Part, by_money: bool, seed: int) -> None:
        self.o, self.part, self.by_money, self.seed = o, part, by_money, seed
        rows = part.rows
        self.days = int(part.day.max()) + 1 if len(rows) else 1
        self.weight, self.before = o.weight[rows].astype(np.float64), o.outcome[rows]
        self.truth = self.weight * o.truth[rows]
        self.fraud, self.good, self.money = o.label[rows] == 1, o.label[rows] == 0, o.money[rows].astype(np.float64)

    def daily(self, outcome: Array, hits: Array) -> Array:
        """float64[len(SUMS), days]: every sum day by day, for outcomes and hits over all observed rows."""
        after, hit = outcome[self.part.rows], hits[self.part.rows]
        stopped, before = after >= STOPPED, self.before >= STOPPED
        added, freed = stopped & ~before, before & ~stopped
        every = np.ones(len(after), bool)
        volumes = {"decisions": every, "stopped": stopped, "reviews": after == REVIEW, "hits": hit, "added": added}
        volumes["reviews_before"] = self.before == REVIEW
        truths = {
            "frauds": self.fraud, "goods": self.good, "stopped_frauds": stopped & self.fraud, "stopped_goods": stopped & self.good,
            "caught": added & self.fraud, "hurt": added & self.good, "freed_frauds": freed & self.fraud, "freed_goods": freed & self.good,
        }  # fmt: skip
        moneys = {
            "fraud_money": self.fraud, "money_caught": truths["caught"], "hurt_money": truths["hurt"],
            "freed_money": truths["freed_frauds"], "stopped_money": truths["stopped_frauds"],
        }  # fmt: skip
        found = {name: self._by_day(mask, self.weight) for name, mask in volumes.items()}
        found |= {name: self._by_day(mask, self.truth) for name, mask in truths.items()}
        found |= {name: self._by_day(mask, self.truth * self.money) for name, mask in moneys.items()}
        return np.array([found[name] for name in SUMS])

    def _by_day(self, mask: Array, amounts: Array) -> Array:
        chosen = np.flatnonzero(mask)
        return np.bincount(self.part.day[chosen], amounts[chosen], self.days)

    def figures(self, outcome: Array, hits: Array) -> Figures:
        """The figures of a change on this part."""
        return self._figures(self.daily(outcome, hits).sum(axis=1))

    def _figures(self, sums: Array) -> Figures:
        return Figures(dict(zip(SUMS, sums.tolist())), self.part.days, self.by_money)

    def intervals(self, outcome: Array, hits: Array) -> dict[str, tuple[float, float] | None]:
        """95 % intervals of every figure: days are drawn with replacement; None when a figure is rarely defined."""
        daily = self.daily(outcome, hits)
        rng = np.random.Generator(np.random.PCG64(self.seed))
        drawn = rng.multinomial(self.days, np.full(self.days, 1 / self.days), RESAMPLES)
        tried = [self._figures(sums).to_dict() for sums in drawn @ daily.T]
        found: dict[str, tuple[float, float] | None] = {}
        for name in tried[0]:
            values = [each[name] for each in tried if each[name] is not None]
            low, high = np.quantile(values or [0.0], [0.025, 0.975]).tolist()
            found[name] = (low, high) if len(values) > RESAMPLES // 2 else None
        return found

    def overlap(self, hits: Array, live: Array) -> float:
        """Share of the weight of `hits` that `live` (both bool over all observed rows) hits already."""
        hit = hits[self.part.rows]
        whole = float(self.weight[hit].sum())
        return float(self.weight[hit & live[self.part.rows]].sum()) / whole if whole else 0.0
