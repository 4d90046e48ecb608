"""How many decisions, and how much money, by some name; and how many by hour or day.

In: groups of decisions, as arrays. Out: lines with `n` and `money`, most first, the rest as a number; bars over time. Money is kept per
currency, in minor units, as whole numbers of any size: nothing is added up across currencies.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from heapq import nsmallest
from typing import Any, Generic, TypeVar

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.log.list_journal import said_time

MAX_LINES, MAX_BARS = 50, 400
HOUR_MS, DAY_HOURS, HOURLY = 3_600_000, 24, 48
"""Up to `HOURLY` hours between the first and the last are told by hour, longer spans by day."""
Name = TypeVar("Name", str, int)


Sums = list[tuple[str, list[int | None]]]
"""Per currency what each group comes to, in minor units; None for a group without any."""


@dataclass(frozen=True, slots=True)
class Money:
    """Of r decisions: `currency` int64[r], a number of `names`, -1 for none; `minor` int64[r], in minor units."""

    names: Sequence[str]
    currency: Array
    minor: Array

    def sums(self, groups: Array, size: int) -> Sums:
        """Of groups of decisions (int64[r], 0 … size - 1; -1 counts nowhere)."""
        found: Sums = []
        for number in np.unique(self.currency[self.currency >= 0]).tolist():
            rows = (self.currency == number) & (groups >= 0)
            sums, there = np.zeros(size, np.int64), np.zeros(size, bool)
            np.add.at(sums, groups[rows], self.minor[rows])
            there[groups[rows]] = True
            known = [minor if has else None for minor, has in zip(sums.tolist(), there.tolist())]
            found.append((self.names[number], known))
        return found


def picked(sums: Sums, groups: Sequence[int]) -> Sums:
    """The sums of some groups, in this order; a group may come several times."""
    return [(currency, [minors[group] for group in groups]) for currency, minors in sums]


class Tallies(Generic[Name]):
    """Lines by name. `room`: asked before one more name is kept; where it says no, the name is left out, whatever comes later: what is told
    of the others stays exact. Numbers stand in plain dictionaries, which the collector of garbage does not walk through.

    Example:
        >>> tallies = Tallies()
        >>> tallies.add(["a", "b", "a"], [1, 5, 2], [("CNY", [100, None, 7])])
        >>> tallies.told(lambda name: {"name": name})["lines"]
        [{'name': 'b', 'n': 5, 'money': []}, {'name': 'a', 'n': 3, 'money': [{'minor': 107, 'currency': 'CNY'}]}]
    """

    def __init__(self, room: Callable[[], bool] = lambda: True) -> None:
        self.n: dict[Name, int] = {}
        self._money: dict[str, dict[Name, int]] = {}
        self._room = room

    def add(self, names: Sequence[Name], n: Sequence[int], sums: Sums) -> None:
        """So many more of each name, and their money."""
        for name, more in zip(names, n, strict=True):
            if name in self.n or self._room():
                self.n[name] = self.n.get(name, 0) + more
        for currency, minors in sums:
            money = self._money.setdefault(currency, {})
            for name, minor in zip(names, minors, strict=True):
                if minor is not None and name in self.n:
                    money[name] = money.get(name, 0) + minor

    def money(self, name: Name) -> list[dict[str, Any]]:
        """Per currency, as JSON."""
        found = sorted((currency, money[name]) for currency, money in self._money.items() if name in money)
        return [{"minor": minor, "currency": currency} for currency, minor in found]

    def told(self, worded: Callable[[Name], dict[str, Any]], most: int = MAX_LINES) -> dict[str, Any]:
        """The `most` largest, in words, and how many names are left."""
        first = nsmallest(most, self.n.items(), key=lambda item: (-item[1], item[0]))
        lines = [{**worded(name), "n": n, "money": self.money(name)} for name, n in first]
        return {"lines": lines, "others": len(self.n) - len(lines)}


class Bars:
    """How many by hour, in a zone that is so many ms ahead of UTC."""

    def __init__(self, offset_ms: int) -> None:
        self._offset_ms = offset_ms
        self._hours: dict[int, int] = {}
        self.first_ms: int | None = None
        self.last_ms: int | None = None

    def add(self, time_ms: Array) -> None:
        """Moments, at least one."""
        first, last = int(time_ms.min()), int(time_ms.max())
        self.first_ms = first if self.first_ms is None else min(self.first_ms, first)
        self.last_ms = last if self.last_ms is None else max(self.last_ms, last)
        hours, n = np.unique((time_ms + self._offset_ms) // HOUR_MS, return_counts=True)
        for hour, more in zip(hours.tolist(), n.tolist()):
            self._hours[hour] = self._hours.get(hour, 0) + more

    def told(self) -> dict[str, Any]:
        """The newest `MAX_BARS` steps with the empty ones between them; `earlier`: how many decisions lie before them."""
        if self.first_ms is None or self.last_ms is None:
            return {"step": "hour", "bars": [], "earlier": 0}
        hourly = self.last_ms - self.first_ms <= HOURLY * HOUR_MS
        width = 1 if hourly else DAY_HOURS
        steps: dict[int, int] = {}
        for hour, n in self._hours.items():
            steps[hour // width] = steps.get(hour // width, 0) + n
        last = max(steps)
        first = max(min(steps), last - MAX_BARS + 1)
        bars = [
            {"at": said_time(number * width * HOUR_MS - self._offset_ms), "n": steps.get(number, 0)}
            for number in range(first, last + 1)
        ]
        earlier = sum(n for number, n in steps.items() if number < first)
        return {"step": "hour" if hourly else "day", "bars": bars, "earlier": earlier}
