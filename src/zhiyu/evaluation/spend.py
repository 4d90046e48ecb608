"""What services outside cost and how their calls ended, from the events that answered.

In: accepted events of a run, what went on. Out: per service its calls, ends, cache hits and money; per decision that asked, how much. A
decision that waits for a service has not been made: it counts as what it comes to.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.opened import Opened
from zhiyu.engine.resuming import waiting_of
from zhiyu.events.batch import EventBatch
from zhiyu.policy.builtin import CALL_ENDS, UNANSWERED
from zhiyu.policy.calls import end_field


@dataclass
class ServiceSpend:
    """One service. `ends`: how often each end of a call; `again`: asked again after a restart, perhaps paid twice; `unasked`: answers that
    no decision waited for, not among the calls. Money in minor units of `currency`."""

    currency: str
    calls: int = 0
    cached: int = 0
    tries: int = 0
    again: int = 0
    cost: int = 0
    cost_again: int = 0
    unasked: int = 0
    cost_unasked: int = 0
    ends: Counter[str] = field(default_factory=Counter)

    def to_dict(self) -> dict[str, Any]:
        """As one JSON object."""
        return {
            "calls": self.calls, "cached": self.cached, "tries": self.tries, "again": self.again, "cost": self.cost,
            "cost_again": self.cost_again, "unasked": self.unasked, "cost_unasked": self.cost_unasked, "currency": self.currency,
            "ends": {end: self.ends[end] for end in CALL_ENDS if self.ends[end]},
        }  # fmt: skip


class Spend:
    """`services`: by name; `asked`: decisions that asked any; `most`: what the dearest of them cost, by currency in minor units."""

    def __init__(self, opened: Opened) -> None:
        self.services = {each.name: ServiceSpend(each.currency) for each in opened.policy.services}
        self.asked = 0
        self.most: dict[str, int] = {}
        self._schema, self._waits = opened.compiled.schema, opened.compiled.waits
        codes = opened.codes
        self._ends = {codes.one(end): end for end in CALL_ENDS}
        self._unanswered = codes.one(UNANSWERED)
        self._called = {plan.resumed for plan in self._waits.plans if plan.call is not None}

    def take(self, batch: EventBatch, resumed: Iterable[Resumed], accepted: Array | None = None) -> None:
        """Count answers among these events (`accepted` bool[n]: those that count) that let a decision go on (`resumed`); what nobody
        waited for was not asked here."""
        waited_for = np.concatenate([np.zeros(0, np.int64), *(part.answer for part in resumed)])
        for name, spend in self.services.items():
            rows = np.flatnonzero(batch.type_index == self._schema.type_index.get(name, -1))
            rows = rows if accepted is None else rows[accepted[rows]]
            used = np.isin(batch.positions[rows], waited_for)
            unasked = self._numbers(batch, rows[~used], f"{name}_cost")
            spend.unasked, spend.cost_unasked = spend.unasked + len(unasked), spend.cost_unasked + int(unasked.sum())
            rows = rows[used]
            if not len(rows):
                continue
            cost, cached, tries, again = (
                self._numbers(batch, rows, f"{name}_{word}") for word in ("cost", "cached", "tries", "again")
            )
            spend.calls += len(rows)
            spend.cost += int(cost.sum())
            spend.cached += int(cached.sum())
            spend.tries += int(tries.sum())
            spend.again += int(again.sum())
            spend.cost_again += int(cost[again != 0].sum())
            ends = self._numbers(batch, rows, end_field(name))
            spend.ends.update(self._ends[code] for code in ends[ends != self._unanswered].tolist())

    def _numbers(self, batch: EventBatch, rows: Array, name: str) -> Array:
        at = self._schema.index[name]
        found: Array = np.where(batch.nulls[at, rows] == 0, batch.values[at, rows], 0)
        return found

    def asking(self, d: DecisionBatch) -> Array:
        """bool[n]: decisions that wait for a service: they have not been made."""
        found = np.zeros(d.n, np.bool_)
        if self._called:
            found[
                [at for at, plan in waiting_of(self._waits, d).items() if self._waits.plans[plan].call is not None]
            ] = True
        return found

    def finals(self, resumed: Resumed) -> Array:
        """Numbers of the decisions that went on after a call and ask no more; their money is counted, and
        calls that no event answered."""
        d = resumed.decisions
        if not self._called:
            return np.zeros(0, np.int64)
        called = np.isin(d.type_index, list(self._called))
        found = np.flatnonzero(called & ~(self.asking(d) & resumed.waits))
        rows = d.rows[found]
        money: dict[str, Array] = {}
        for name, spend in self.services.items():
            cost = self._numbers(resumed.events, rows, f"{name}_cost")
            money[spend.currency] = money.get(spend.currency, np.zeros(len(rows), np.int64)) + cost
            spend.ends[UNANSWERED] += int(
                (self._numbers(resumed.events, rows, end_field(name)) == self._unanswered).sum()
            )
        self.asked += len(found)
        for currency, costs in money.items():
            self.most[currency] = max(self.most.get(currency, 0), int(costs.max(initial=0)))
        return found

    @property
    def used(self) -> bool:
        """Whether anything was asked."""
        return bool(self.asked) or any(spend.calls for spend in self.services.values())

    def to_dict(self) -> dict[str, Any]:
        """As one JSON object; empty when nothing was asked."""
        if not self.used:
            return {}
        cost: dict[str, int] = {}
        for spend in self.services.values():
            cost[spend.currency] = cost.get(spend.currency, 0) + spend.cost
        services = {name: spend.to_dict() for name, spend in self.services.items()}
        return {"asked": self.asked, "cost": cost, "most": self.most, "services": services}
