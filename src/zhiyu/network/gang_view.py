"""Gangs as people want to see them: who, since when, how dense, how much money, why each is linked.

In: a state with gangs. Out: plain facts, keys instead of names. Nothing changes; a look costs a bounded time (`ask.Reach`).
A gang's *score* is how dense it is now, measured as the core of an event is: the weight of all its shared links (rare things weigh more,
old ones less), divided by its people and the things they share. 0 when nothing that they share is left in the window.
"""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from zhiyu.network import layout as at
from zhiyu.network.ask import FAR, Near, Reach, look_among
from zhiyu.network.gang_state import GangState, Lineage
from zhiyu.network.plan import WEIGHT_SCALE
from zhiyu.network.state import NetworkState


@dataclass(slots=True)
class GangSeen:
    """One gang. `born_ms`, `changed_ms`: when it was first told of and last (ms since 1970; None: longer ago than the record is kept);
    `age_ms`: since it was born, as of the newest event; `near`: its people and what joins them; `codes`: key → value of each of them."""

    gang: int
    people: int
    born_ms: int | None
    changed_ms: int | None
    age_ms: int | None
    alerted: bool
    score: float
    near: Near
    codes: dict[int, int] = field(default_factory=dict)
    lineage: list[Lineage] = field(default_factory=list)

    @property
    def money(self) -> int:
        """Sum of the amounts of its people's events in the window, minor units."""
        return self.near.amount


def dated(line: Lineage, state: NetworkState) -> Lineage:
    """A line of the record with its time in ms since 1970."""
    return Lineage(
        line.what,
        line.gang,
        line.other,
        line.clock_ms + (state.epoch_ms or 0),
        line.people,
        line.event,
        line.row,
        line.code,
    )


def record_of(state: NetworkState) -> list[Lineage]:
    """All changes of gangs that are kept, times in ms since 1970."""
    return [dated(line, state) for line in state.gangs.told()] if state.gangs is not None else []


def is_told_since(state: NetworkState, since_ms: int) -> bool:
    """Whether the record that is kept reaches back to a time (ms since 1970)."""
    assert state.gangs is not None
    kept = state.gangs.told()
    return len(kept) == state.gangs.lines or bool(kept and dated(kept[0], state).clock_ms <= since_ms)


def now_of(state: NetworkState) -> int:
    """The newest event time so far, ms since 1970."""
    return int(state.head[at.CLOCK]) + (state.epoch_ms or 0)


def see_gang(state: NetworkState, gang: int, reach: Reach = FAR) -> GangSeen | None:
    """Everything about one gang; None when there is none of this id (any more)."""
    gangs: GangState | None = state.gangs
    codes = gangs.people_of(gang) if gangs is not None and gang > 0 else {}
    if not codes:
        return None
    lines = [dated(line, state) for line in gangs.told_of(gang)] if gangs is not None else []
    near, now = look_among(state, codes, reach), now_of(state)
    began = [
        line
        for line in lines
        if (line.what == "BORN" and line.gang == gang) or (line.what == "SPLIT" and line.other == gang)
    ]
    born = began[0].clock_ms if began else None
    return GangSeen(
        gang, len(codes), born, lines[-1].clock_ms if lines else None, None if born is None else now - born,
        any(line.what == "ALERT" and line.gang == gang for line in lines), score_of(state, near), near, codes, lines,
    )  # fmt: skip


def score_of(state: NetworkState, near: Near) -> float:
    """How dense these people are, as `network_density` measures the core of an event."""
    users = Counter(use.thing for use in near.uses)
    shared = [use for use in near.uses if users[use.thing] > 1]
    if not shared:
        return 0.0
    weight, now = 0.0, now_of(state)
    for use in shared:
        own = state.plan.links[use.link].weight / WEIGHT_SCALE
        weight += own / math.log(near.people_on[use.thing] + 5) * 0.5 ** ((now - use.last_ms) / state.plan.half_life_ms)
    return weight / (len({use.person for use in shared}) + len({use.thing for use in shared}))
