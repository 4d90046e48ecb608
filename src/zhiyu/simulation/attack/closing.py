"""What would close a way, and what that would cost honest customers.

In: the run of the best way with every value kept. Out: `Closing`: conditions on one field or feature that every success would have met
at one of its decided steps, those first that the fewest honest events meet. The adversary would adapt again: a closing is a start for
a rule, not a promise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhiyu.decisions.values import to_python
from zhiyu.expressions.types import Kind, Type
from zhiyu.simulation.attack.run import Ran
from zhiyu.simulation.attack.script import Script
from zhiyu.simulation.attack.stage import Stage
from zhiyu.simulation.attack.ways import DAY_MS

SHOWN = 5
MOST_HONEST = 0.2
"""A condition that more honest events meet closes nothing that a lender could close."""
_ROLES = ("aggregate", "derived")
_NUMBERS = (Kind.INT, Kind.FIXED, Kind.FLOAT, Kind.DURATION)
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Closing:
    """`when`: the condition in the language of policies; on events of `type`. Of the honest decided events of this type,
    `honest_share` meet it: `honest_a_day` with `honest_yuan_a_day` of money."""

    type: str
    when: str
    honest_share: float
    honest_a_day: float
    honest_yuan_a_day: float


def closings(stage: Stage, ran: Ran, script: Script, goal_fen: int) -> list[Closing]:
    """Conditions that close the way, cheapest for honest customers first; empty when nothing succeeded or nothing closes it."""
    winners = _winners(ran, script, goal_fen)
    if not winners:
        return []
    found: list[Closing] = []
    schema = stage.opened.compiled.schema
    for type_index, event in enumerate(schema.types):
        table = _Table(stage, ran, script, winners, type_index)
        if table.covers:
            found += table.conditions(event.name)
    found.sort(key=lambda each: (each.honest_share, each.type, each.when))
    return found[:SHOWN]


def _winners(ran: Ran, script: Script, goal_fen: int) -> set[int]:
    """Victims from whom everything was taken."""
    decided = {int(at) for _, whose in ran.kept for at in whose[whose >= 0].tolist()}
    taken: dict[int, int] = {}
    for at in range(len(script.records)):
        if at in decided and at in ran.through:
            taken[script.victim[at]] = taken.get(script.victim[at], 0) + script.moves[at]
    return {victim for victim, fen in taken.items() if fen >= goal_fen}


class _Table:
    """Decisions of one type of event: values of honest ones, and of each winner's steps."""

    def __init__(self, stage: Stage, ran: Ran, script: Script, winners: set[int], type_index: int) -> None:
        event = stage.opened.compiled.schema.types[type_index]
        self.money_field = (
            next((each.money for each in stage.opened.policy.events if each.name == event.name), "") or ""
        )
        features = stage.opened.compiled.features
        places = [at for at, each in enumerate(features) if each.role in _ROLES and each.type.kind in _NUMBERS]
        self.names = [(features[at].name, features[at].type) for at in places]
        pieces: list[tuple[NDArray[Any], ...]] = []
        for d, whose in ran.kept:
            rows = np.flatnonzero(d.type_index[d.kept] == type_index)
            at, cells = d.kept[rows], np.ix_(rows, np.array(places, np.int64))
            pieces.append((d.kept_values[cells], d.kept_nulls[cells], whose[at], d.money[at], d.time_ms[at]))
        self.values = np.concatenate([each[0] for each in pieces])
        self.nulls = np.concatenate([each[1] for each in pieces])
        self.whose = np.concatenate([each[2] for each in pieces])
        self.money = np.concatenate([each[3] for each in pieces])
        time = np.concatenate([each[4] for each in pieces])
        self.days = max(1.0, float(time.max() - time.min()) / DAY_MS) if len(time) else 1.0
        self.victim = np.array([script.victim[at] if at >= 0 else -1 for at in self.whose.tolist()], np.int64)
        self.winners = sorted(winners)
        self.covers = set(winners) <= set(self.victim.tolist()) and bool((self.victim < 0).any())

    def conditions(self, type_name: str) -> list[Closing]:
        """One condition per feature and direction."""
        found = []
        honest = self.victim < 0
        for name, numbers, there, say in self._columns():
            for sign, word in ((1.0, ">="), (-1.0, "<=")):
                edge = self._edge(sign * numbers, there)
                if edge is None:
                    continue
                hit = honest & there & (sign * numbers >= edge)
                share = float(hit.sum() / honest.sum())
                if share <= MOST_HONEST:
                    yuan = float(self.money[hit].sum()) / 100
                    when = f"{name} {word} {say(sign * edge)}"
                    found.append(Closing(type_name, when, share, float(hit.sum()) / self.days, yuan / self.days))
        return found

    def _columns(self) -> Iterator[tuple[str, Floats, NDArray[np.bool_], Callable[[float], str]]]:
        """Name, numbers, where there is one, and how a value is written: the money of the event, then the features."""
        if self.money_field:
            yield self.money_field, self.money.astype(np.float64), self.money > 0, lambda fen: f"{fen / 100:.2f}"
        for column, (name, type_) in enumerate(self.names):
            bits = self.values[:, column]
            numbers = _as_floats(type_, bits)
            yield name, numbers, self.nulls[:, column] == 0, partial(_said, type_, bits, numbers)

    def _edge(self, numbers: Floats, there: NDArray[np.bool_]) -> float | None:
        """The greatest value that every winner reaches; None when one has none at all."""
        edges = []
        for victim in self.winners:
            own = there & (self.victim == victim)
            if not own.any():
                return None
            edges.append(float(numbers[own].max()))
        return min(edges)


def _as_floats(type_: Type, bits: NDArray[np.int64]) -> Floats:
    return np.ascontiguousarray(bits).view(np.float64) if type_.kind is Kind.FLOAT else bits.astype(np.float64)


def _said(type_: Type, bits: NDArray[np.int64], numbers: Floats, value: float) -> str:
    """A value as it is written in a condition."""
    exact = int(bits[int(np.flatnonzero(numbers == value)[0])])
    shown = to_python(type_, exact, 0)
    if type_.kind is Kind.DURATION:
        return f"'{exact // 1000}s'"
    return f"{shown:.6g}" if type_.kind is Kind.FLOAT else str(shown)
