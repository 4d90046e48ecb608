"""Rules that are quiet for a while, for one value each: which ones hold now.

In: `Snooze`s, each at its due time. Out: lines for the decision kernel, sorted by rule.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from zhiyu.base.errors import LimitExceeded
from zhiyu.base.jit import Array
from zhiyu.base.limits import MAX_SNOOZES
from zhiyu.events.list_changes import Snooze

RULE, REGISTER, CODE, UNTIL = range(4)


@dataclass(frozen=True, slots=True)
class SnoozeLines:
    """`lines` int64[k, 4] (rule number, register, code, until ms) by rule; those of rule r are `starts[r]:starts[r + 1]`.

    `unknown`: snoozes that name a rule or field the policy does not have.
    """

    lines: Array
    starts: Array
    unknown: tuple[Snooze, ...]


class SnoozeBook:
    """All snoozes: those in force and those that wait. `version` grows with every change of what is in force."""

    def __init__(self) -> None:
        self.version = 0
        self.now = int(np.iinfo(np.int64).min)
        self.waiting: list[Snooze] = []
        self._held: dict[tuple[str, str, int], Snooze] = {}

    @property
    def held(self) -> list[Snooze]:
        """Those in force, in the order they began."""
        return [snooze for snooze in self._held.values() if snooze.until_ms > self.now]

    def put(self, snoozes: Iterable[Snooze]) -> None:
        """Let snoozes wait for their time. LimitExceeded when they are too many."""
        fresh = list(snoozes)
        if len(self.held) + len(self.waiting) + len(fresh) > MAX_SNOOZES:
            raise LimitExceeded(
                f"more than {MAX_SNOOZES:,} snoozes would be in force or waiting; let some end, or change the rules",
                f"生效与等待中的规则静默将超过 {MAX_SNOOZES:,} 条；请让部分到期，或修改规则",
            )
        for snooze in fresh:
            insort(self.waiting, snooze, key=lambda each: each.due_ms)

    def apply_until(self, ms: int) -> int:
        """Let everything due by `ms` take effect; returns how many did. Times must ascend."""
        self.now = max(self.now, ms)
        count = sum(snooze.due_ms <= ms for snooze in self.waiting)
        for snooze in self.waiting[:count]:
            self._held.pop((snooze.rule, snooze.field, snooze.code), None)
            self._held[snooze.rule, snooze.field, snooze.code] = snooze
        if count:
            self._held = {key: snooze for key, snooze in self._held.items() if snooze.until_ms > self.now}
            del self.waiting[:count]
            self.version += 1
        return count

    def restore(self, now: int, held: list[Snooze], waiting: list[Snooze]) -> None:
        """Become what a snapshot remembers."""
        self.now, self.waiting = now, waiting
        self._held = {(snooze.rule, snooze.field, snooze.code): snooze for snooze in held}
        self.version += 1

    def lines(
        self, rules: Mapping[str, int], registers: Mapping[str, int], twins: Mapping[str, str] = MappingProxyType({})
    ) -> SnoozeLines:
        """What the kernel reads, with the policy's rule numbers and registers of fields. `twins`: rule → the same rule of another version,
        which is quiet with it."""
        known = [s for s in self.held if s.rule in rules and s.field in registers]
        named = [(rule, s) for s in known for rule in (s.rule, twins.get(s.rule, "")) if rule in rules]
        lines = np.array(
            sorted([rules[rule], registers[s.field], s.code, s.until_ms] for rule, s in named), np.int64
        ).reshape(-1, 4)
        starts = np.searchsorted(lines[:, RULE], np.arange(max(rules.values(), default=-1) + 2))
        unknown = tuple(s for s in self.held if s.rule not in rules or s.field not in registers)
        return SnoozeLines(lines, starts.astype(np.int64), unknown)
