"""From declared links to the small arrays that the kernel reads.

In: registers, windows, caps and weights as numbers. Out: a `NetworkPlan`. ValueError for what a policy's checks should have found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np

from zhiyu.base import numeric
from zhiyu.base.jit import Array
from zhiyu.network import layout as at
from zhiyu.network.ball import DECAY_STEPS, LOG_STEPS, STEPS_PER_HALF_LIFE
from zhiyu.network.declare import Link

WEIGHT_SCALE = 1000
MAX_WEIGHT = 1000 * WEIGHT_SCALE
MAX_PEOPLE = 1_000_000
NEVER = 1 << 30
MIN_ALERT, MAX_ALERT = 2, 1_000_000
MIN_LAG, MAX_LAG = 64, 1024
"""Events after which a gate takes effect: a block is never longer than the least."""
BALL_RESULTS = {
    at.R_NEWEST_LINK_AGE, at.R_DENSITY, at.R_CORE_PERSONS, at.R_IN_CORE, at.R_BALL_PERSONS, *range(at.R_SHARED, at.R_SHARED + at.MAX_LINKS),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """One link: register of the field, type of node (1, 2 …; links of one type meet), whether it joins components, people above which it
    neither joins nor weighs, weight in thousandths."""

    register: int
    type: int
    links: bool = True
    max_people: int = 30
    weight: int = WEIGHT_SCALE


@dataclass(frozen=True, slots=True)
class GangPlan:
    """Gates: the register that says whether one is open, how long its people stay joined, after how many events it takes effect.

    `alert_people`: a gang that reaches so many people is told of (NEVER: none is). `over`: numbers of links over which people whose own
    gates were open are joined, within `over_window_ms` of each other.
    """

    gate: int
    window_ms: int
    lag: int = MIN_LAG
    alert_people: int = NEVER
    over: tuple[int, ...] = ()
    over_window_ms: int = 5 * 86_400_000


@dataclass(frozen=True, slots=True)
class NetworkPlan:
    """What the kernel reads of a policy. `roles`: per event type NOTHING, APPLIES, LABELS or LOOKS. `outputs`: (result, register) pairs.

    `counted_ms`: up to three windows, shorter than `window_ms`, in which a component's applications are counted as well.
    """

    person: int
    links: tuple[LinkPlan, ...]
    window_ms: int
    outputs: tuple[tuple[int, int], ...]
    roles: tuple[int, ...] = (at.APPLIES,)
    counted_ms: tuple[int, ...] = ()
    amount: int = -1
    bad: int = -1
    half_life_ms: int = 3 * 86_400_000
    min_persons: int = 3
    gang: GangPlan | None = None

    def __post_init__(self) -> None:
        if not 1 <= len(self.links) <= at.MAX_LINKS:
            raise ValueError(f"{len(self.links)} links; 1 to {at.MAX_LINKS}")
        if len(self.counted_ms) > at.MAX_COUNTED or any(not 0 < each < self.window_ms for each in self.counted_ms):
            raise ValueError(f"at most {at.MAX_COUNTED} counted windows, each shorter than the whole one")
        if any(not 1 <= each.weight <= MAX_WEIGHT or not 1 <= each.max_people <= MAX_PEOPLE for each in self.links):
            raise ValueError("a weight or cap is out of range")
        if self.gang is not None and not MIN_LAG <= self.gang.lag <= MAX_LAG:
            raise ValueError(f"a lag is {MIN_LAG} to {MAX_LAG} events")

    def settings(self) -> Array:
        """int64[SETTING_WORDS]."""
        words, asked = np.zeros(at.SETTING_WORDS, np.int64), {result for result, _ in self.outputs}
        words[at.S_LINKS], words[at.S_WINDOW], words[at.S_COUNTED] = (
            len(self.links),
            self.window_ms,
            len(self.counted_ms),
        )
        words[at.S_COUNT_WINDOWS : at.S_COUNT_WINDOWS + len(self.counted_ms)] = self.counted_ms
        words[at.S_PERSON], words[at.S_AMOUNT], words[at.S_BAD] = self.person, self.amount, self.bad
        words[at.S_HALF_LIFE], words[at.S_MIN_PERSONS] = self.half_life_ms, self.min_persons
        words[at.S_ASKS_BALL] = bool(asked & BALL_RESULTS) or self.gang is not None
        words[at.S_LOOKS] = at.LOOKS in self.roles
        words[at.S_ASKS_BAD] = bool(asked & {at.R_BAD_1, at.R_BAD_2})
        return words

    def link_lines(self) -> Array:
        """int64[links, LINK_COLUMNS]."""
        lines = np.zeros((len(self.links), at.LINK_COLUMNS), np.int64)
        for number, link in enumerate(self.links):
            twins = sum(
                1 << other for other, each in enumerate(self.links) if each.type == link.type and other != number
            )
            lines[number, : at.K_TWINS + 1] = link.register, link.type, link.links, link.max_people, link.weight, twins
        return lines


def weight_of(link: Link) -> int | None:
    """The link's weight in thousandths; None when it is no number or has more decimals."""
    try:
        weight = Decimal(str(link.weight)) * WEIGHT_SCALE
        return int(weight) if weight == weight.to_integral_value() else None
    except (InvalidOperation, OverflowError, ValueError):
        return None


def log_table() -> Array:
    """int64[LOG_STEPS]: 65,536 / ln(people + 5), rounded."""
    return np.array([round(65_536 / numeric.log(float(people + 5))) for people in range(LOG_STEPS)], np.int64)


def decay_table() -> Array:
    """int64[DECAY_STEPS]: 65,536 · 2^-(step / 64), rounded."""
    steps: Sequence[int] = range(DECAY_STEPS)
    return np.array([round(65_536 * numeric.pow(2.0, -step / STEPS_PER_HALF_LIFE)) for step in steps], np.int64)
