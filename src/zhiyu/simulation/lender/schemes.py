"""What the frauds have in common: how many there are, how well they hide, how gangs share things, when they are found out.

In: chance and what the user wants. Out: `Scheme`, which the kinds of fraud build on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.chance import Bools, Chance, Ints
from zhiyu.simulation.lender.lives import Lives
from zhiyu.simulation.lender.people import People, make_people
from zhiyu.simulation.lender.rows import KIND, Rows

PER_10_000: dict[str, float] = {
    "batch": 5.0, "forged": 40, "impersonation": 26, "takeover": 36, "intermediary": 2.2, "multi_lender": 44, "cash_out": 56,
    "remote_large": 1.6,
    "abnormal_use": 34, "scam_victim": 36, "proxy_complaint": 2.6,
}  # fmt: skip
"""People, or gangs, per 10,000 customers and 30 days."""
FOUND_DAYS = {
    "batch": (9, 14, 18, 22, 27, 34, 48), "forged": (14, 24, 32, 38, 46, 60, 90), "impersonation": (3, 6, 9, 13, 18, 26, 40),
    "takeover": (0.3, 0.8, 1.4, 2.2, 3.5, 6, 14), "intermediary": (10, 18, 25, 33, 44, 60, 90), "multi_lender": (20, 28, 33, 38,
    46, 60, 90),
    "cash_out": (5, 10, 16, 24, 34, 48, 75), "remote_large": (8, 14, 20, 28, 36, 48, 80), "abnormal_use": (0.5, 1, 2, 3, 5, 8, 16),
    "scam_victim": (0.2, 0.5, 1, 1.6, 2.6, 5, 12), "proxy_complaint": (2, 5, 9, 14, 20, 30, 50),
}  # fmt: skip
"""Days from the fraud until the lender knows, as equally likely quantiles."""
NEVER_FOUND = {
    "batch": 0.12, "forged": 0.35, "impersonation": 0.15, "takeover": 0.08, "intermediary": 0.4, "multi_lender": 0.3, "cash_out": 0.45,
    "remote_large": 0.3, "abnormal_use": 0.12, "scam_victim": 0.2, "proxy_complaint": 0.5,
}  # fmt: skip
GANG_SIZES = (5, 7, 9, 11, 13, 15, 17, 20, 24, 30, 45, 80)


@dataclass
class Scheme:
    """One run's frauds. `people` grows by those who exist only to defraud; `taken` marks customers already part of a scheme."""

    chance: Chance
    wanted: p.Wanted
    lives: Lives
    rows: Rows
    taken: Bools
    next_gang: int = 0
    next_thing: int = 0
    frauds: list[tuple[Ints, str]] = field(default_factory=list)

    @property
    def people(self) -> People:
        """Everybody, customers first."""
        return self.lives.people

    def how_many(self, kind: str) -> int:
        """How many people or gangs of this kind there are, at least two."""
        return max(2, round(PER_10_000[kind] * self.wanted.customers / 10_000 * self.wanted.days / 30))

    def shows(self, trait: str, who: Ints, time: Ints) -> Bools:
        """Who gives oneself away by this trait: fewer the harder it is, and fewer as the weeks pass."""
        hide = p.HIDES[self.wanted.difficulty]
        hide = hide + (1 - hide) * np.minimum(1.0, p.LEARNS_PER_WEEK * (time // (7 * p.DAY_MS)))
        return self.chance.share(f"shows {trait}", who) >= hide

    def shares(self, thing: str, who: Ints, usually: float) -> Bools:
        """Which members of gangs share this thing; camouflage lowers it."""
        return self.chance.share(f"shares {thing}", who) < usually * (1 - p.CAMOUFLAGE[self.wanted.difficulty])

    def things(self, count: int) -> int:
        """First of `count` numbers for things that only frauds have."""
        self.next_thing += count
        return 600_000_000 + self.next_thing - count

    def gangs(self, kind: str, sizes: Ints) -> tuple[Ints, Ints]:
        """Members' place among all members (0 …) and their gang number."""
        gang = np.repeat(self.next_gang + np.arange(len(sizes)), sizes)
        self.next_gang += len(sizes)
        return np.arange(len(gang)), gang

    def newcomers(self, kind: str, count: int) -> Ints:
        """People who exist only for this: made like everybody else, appended to `people`. Returns their numbers."""
        first = len(self.people)
        who = np.arange(first, first + count)
        made = make_people(self.chance, who, self.wanted.customers, self.wanted.days)
        made.kind[:] = KIND[kind]
        self.lives.join(made)
        return who

    def customers(self, kind: str, count: int) -> Ints:
        """Customers with an account open from the start that nobody has chosen yet."""
        order = np.argsort(self.chance.bits(f"chosen {kind}", np.arange(self.wanted.customers)), kind="stable")
        free = order[~self.taken[order] & (self.lives.opened[order] <= 0)][:count]
        self.taken[free] = True
        return free

    def when(self, kind: str, who: Ints, draw: Any = 0) -> Ints:
        """Some time of the whole span, busy days more often, a day from its ends."""
        last = max(1, self.wanted.days - 1)
        day = self.chance.pick(f"{kind} day", [p.season(each) for each in range(last)], who, draw)
        return day * p.DAY_MS

    def mark(self, kind: str, ordinals: Ints) -> None:
        """These events are fraud of this kind."""
        self.frauds.append((ordinals, kind))
