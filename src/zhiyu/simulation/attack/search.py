"""The search: which way to try next, what has been learnt, when it is over.

In: a policy, a kind of fraud, prices, a budget of tries. Out: `Found`. A way costs at least what it costs when nothing goes wrong, so
ways are tried in the order of that price, half of each round; the other half goes where what was learnt so far promises most. A way
that works is tried again on fresh victims, and only that second price counts: the luck of the first four is no price. When a way
holds, everything that costs more is left out; when nothing cheaper is left untried, no cheaper way was found among all there are
(`proven`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from zhiyu.base.errors import InputError
from zhiyu.simulation.attack import ways as w
from zhiyu.simulation.attack.means import MEANS, Means
from zhiyu.simulation.attack.run import Operation, Ran, run
from zhiyu.simulation.attack.script import KINDS, Script, Writer, knobs_of, lacking
from zhiyu.simulation.attack.stage import Stage

ROUND, VICTIMS, CONFIRM = 24, 4, 24
"""Ways of a round, victims of a way, fresh victims that a way is tried on again."""
CONFIRMED_PER_ROUND = 3
MAX_TRIES, MAX_GOAL_YUAN = 100_000, 1_000_000
Say = Callable[[int, float | None], None]


@dataclass(slots=True)
class Found:
    """What the search of one kind came to. `best`: the cheapest way, as tried on fresh victims, None when none was found; `naive`: the
    cheapest way there is, tried first; `without`: the best way less one of its means, and what stopped it then; `first_at`: tries
    until the first success; `proven`: every way that costs less was tried; `price_per_round`: cheapest price known after each round;
    `ran`: the run of `best`."""

    kind: str
    knobs: tuple[str, ...]
    ways: int
    tries: int = 0
    naive: Operation | None = None
    best: Operation | None = None
    ran: tuple[Ran, Script] | None = None
    first_at: int | None = None
    proven: bool = False
    without: list[tuple[str, Operation]] = field(default_factory=list)
    price_per_round: list[float | None] = field(default_factory=list)


class Attack:
    """One policy under attack. Use it for several kinds; `close` at the end."""

    def __init__(self, stage: Stage, means: Means = MEANS, goal_yuan: int = 8_000, tries: int = 3_000) -> None:
        if not 100 <= goal_yuan <= MAX_GOAL_YUAN:
            raise InputError(
                f"the goal is {goal_yuan}; it can be 100 to {MAX_GOAL_YUAN:,} yuan",
                f"目标为 {goal_yuan}；应为 100 至 {MAX_GOAL_YUAN:,} 元",
            )
        least = ROUND * VICTIMS + CONFIRM
        if not least <= tries <= MAX_TRIES:
            raise InputError(
                f"tries is {tries}; it can be {least} to {MAX_TRIES:,}",
                f"尝试次数为 {tries}；应为 {least} 至 {MAX_TRIES:,}",
            )
        self.stage, self.means, self.goal_fen, self.tries = stage, means, goal_yuan * 100, tries

    def kinds(self) -> list[str]:
        """Kinds of fraud that the policy has events for. InputError when there is none, saying what each lacks."""
        lacks = {kind: lacking(self.stage, kind) for kind in KINDS}
        found = [kind for kind, lack in lacks.items() if lack is None]
        if not found:
            raise InputError(
                "; ".join(lack[0] for lack in lacks.values() if lack),
                "；".join(lack[1] for lack in lacks.values() if lack),
            )
        return found

    def search(self, kind: str, say: Say = lambda tries, price: None) -> Found:
        """Look for the cheapest way of one kind; `say` hears tries and the cheapest price so far."""
        lack = lacking(self.stage, kind)
        if lack is not None:
            raise InputError(*lack)
        writer = Writer(self.stage, kind, self.means, self.goal_fen, VICTIMS)
        knobs = knobs_of(self.stage, kind)
        space = w.space(knobs, self.means, VICTIMS, kind, bool(writer.money), self.stage.seed)
        found = Found(kind, knobs, len(space.ways))
        progress = np.full(len(space.ways), np.nan)
        best, generation = np.inf, 0
        while found.tries + ROUND * VICTIMS + CONFIRM <= self.tries:
            chosen = _next(space, progress, best, found.best)
            if not len(chosen):
                break
            ran = self._run(writer, [space.ways[at] for at in chosen], generation)
            generation += 1
            for at, operation in zip(chosen.tolist(), ran.operations):
                progress[at] = operation.progress
                found.tries += operation.victims
                found.naive = found.naive or operation
                if operation.successes:
                    found.first_at = found.first_at or found.tries
            generation = self._confirm(writer, found, ran.operations, generation)
            best = np.inf if found.best is None or found.best.price is None else found.best.price
            found.price_per_round.append(found.best.price if found.best else None)
            say(found.tries, found.best.price if found.best else None)
        found.proven = bool((~np.isnan(progress) | (space.price >= best)).all())
        less = w.lesser(found.best.way) if found.best else []
        if less:
            ran = self._run(writer, [way for _, way in less], generation)
            found.without = [(name, operation) for (name, _), operation in zip(less, ran.operations)]
        return found

    def _run(self, writer: Writer, ways: list[w.Levels], generation: int, keep: bool = False) -> Ran:
        return run(self.stage, writer.write(ways, generation), ways, self.means, self.goal_fen, keep)

    def _confirm(self, writer: Writer, found: Found, operations: list[Operation], generation: int) -> int:
        """Try the cheapest ways of a round again, on fresh victims; returns the next generation."""
        hopeful = sorted((each for each in operations if each.price is not None), key=lambda each: each.price or 0.0)
        for operation in hopeful[:CONFIRMED_PER_ROUND]:
            if found.tries + CONFIRM > self.tries:
                break
            if found.best is not None and (operation.price or 0.0) >= (found.best.price or 0.0):
                break
            ways = [operation.way] * (CONFIRM // VICTIMS)
            script = writer.write(ways, generation)
            ran = run(self.stage, script, ways, self.means, self.goal_fen, keep=True)
            generation += 1
            again = _together(operation.way, ran.operations)
            found.tries += again.victims
            if again.price is not None and (found.best is None or again.price < (found.best.price or 0.0)):
                found.best, found.ran = again, (ran, script)
        return generation


def _together(way: w.Levels, operations: list[Operation]) -> Operation:
    """Several operations of one way as one."""
    whole = Operation(way)
    for each in operations:
        whole.victims += each.victims
        whole.successes += each.successes
        whole.spent_yuan += each.spent_yuan
        whole.taken_fen += each.taken_fen
        whole.challenged += each.challenged
        whole.stops.update(each.stops)
    whole.progress = sum(each.progress for each in operations) / len(operations)
    return whole


def _next(space: w.Space, progress: NDArray[np.float64], best: float, known: Operation | None) -> NDArray[np.int64]:
    """The best way less one of its means; then half the cheapest untried ways, half those of which most is expected. None that costs
    as much as what is known to work."""
    open_ = np.flatnonzero(np.isnan(progress) & (space.price < best))
    less = (
        [space.place[way.tobytes()] for _, way in w.lesser(known.way) if way.tobytes() in space.place] if known else []
    )
    first = np.intersect1d(open_, np.array(less, np.int64))
    open_ = np.setdiff1d(open_, first)
    free = ROUND - len(first)
    cheap, rest = open_[: free // 2], open_[free // 2 :]
    tried = np.flatnonzero(~np.isnan(progress))
    if not len(tried):
        return open_[:ROUND]
    hope = np.ones(len(rest))
    for place in range(space.ways.shape[1]):
        levels = space.ways[tried, place]
        count = np.bincount(levels, minlength=16)
        total = np.bincount(levels, weights=progress[tried], minlength=16)
        hope *= ((total + 0.6) / (count + 1))[space.ways[rest, place]]
    order = np.lexsort((rest, -np.round(hope, 12)))
    return np.concatenate([first, cheap, rest[order[: free - len(cheap)]]])
