"""Searches the smallest change of what a customer can act on that would have changed a decision.

In: a decision with the values it saw. Out: `Counterfactual`. The same compiled policy decides candidate rows by the thousand: event columns
and features stand in the rows, so nothing is counted and no state is touched; derived fields and features are computed anew in every row.
One input is tried, then two together, then three; every answer has been decided, none is inferred. What cannot be told exactly is left out,
with the reason.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.counterfactual import Counterfactual, LeftOut, no_change
from zhiyu.decisions.layout import FELL_BACK, O_OUTCOME, O_SCORE, OUT_LINES
from zhiyu.engine.actionable import Dimension, Given, Row, dimensions_of
from zhiyu.engine.engine import Engine
from zhiyu.engine.opened import Opened
from zhiyu.entities.lists import ListBook
from zhiyu.events.batch import EventBatch
from zhiyu.policy.compile import compile_policy
from zhiyu.policy.declare import OUTCOMES
from zhiyu.policy.two_versions import twins

MAX_ROWS = 200_000
"""Candidates decided in one search, offline."""
LIVE_ROWS = 10_000
"""The same where a server decides beside it: about ten milliseconds."""
MAX_TOGETHER = 3
_AT_ONCE = 8_192
_STATE_BYTES = 1 << 22


@dataclass(frozen=True, slots=True)
class _Hit:
    """Candidate numbers by dimension, their sum of steps, and the outcome."""

    taken: dict[int, int]
    cost: int
    outcome: int


@dataclass(frozen=True, slots=True)
class Again:
    """A decision made again: whether outcome, score, rules and way are the same; what came out; microseconds to read and to decide."""

    same: bool
    outcome: str
    score: int
    policy: str
    read_us: int = 0
    decide_us: int = 0


class WhatIf:
    """The search for one policy. It holds an engine of its own, without state."""

    def __init__(self, opened: Opened) -> None:
        aggregates = {c.name for c in opened.compiled.features if c.role == "aggregate"}
        compiled = compile_policy(opened.compiled.checked, opened.codes.one, False, aggregates)
        if {c.name for c in compiled.features} != {c.name for c in opened.compiled.features}:
            compiled = compile_policy(opened.compiled.checked, opened.codes.one, True, aggregates)
        self.opened = opened
        self.given = Given(opened, compiled)
        self._engine = Engine(compiled, opened.codes, opened.tenant, _STATE_BYTES)

    def find(
        self, d: DecisionBatch, batch: EventBatch, line: int, lists: ListBook | None = None, max_rows: int = MAX_ROWS
    ) -> Counterfactual | None:
        """For the decision whose values stand in line `line`; `lists` as they are now. None when the policy names nothing actionable."""
        at = int(d.kept[line])
        row = self.given.row(d, batch, line)
        dims, left = dimensions_of(self.given, row)
        if not dims and not left:
            return None
        if int(d.outcome[at]) == 0:
            return no_change("Nothing had to change: it was approved.", "无需任何改变：已通过。")
        if int(d.mark[at]) == FELL_BACK:
            return no_change(
                "The time to decide had run out; no change of the inputs would have mattered.",
                "决策超时，任何输入的改变都不影响结果。",
            )
        self._show(lists)
        search = _Search(self._engine, row, dims, int(d.outcome[at]), max_rows)
        if not search.agrees(d, at):
            return no_change(
                "It cannot be told any more: lists or pauses of rules have changed since.",
                "已无法判断：名单或规则暂停此后有变化。",
                left,
            )
        found = search.run()
        if found is None:
            return no_change(
                "No change of what is in your hands would have changed the result."
                if search.whole
                else "No change of what is in your hands was found that would have changed the result; the search was cut at its limit.",
                "在您可以改变的范围内，没有改变能带来不同结果。"
                if search.whole
                else "在您可以改变的范围内，未找到能带来不同结果的改变；搜索已达上限。",
                left, search.rows, search.whole,
            )  # fmt: skip
        moves = tuple(dims[number].move(at) for number, at in sorted(found.taken.items()))
        return Counterfactual(moves, OUTCOMES[found.outcome], search.whole, "", "", left, search.rows)

    def again(self, d: DecisionBatch, batch: EventBatch, line: int, lists: ListBook | None = None) -> Again:
        """The unchanged decision whose values stand in line `line`, made again; `lists` as they are now."""
        self._show(lists)
        at = int(d.kept[line])
        search = _Search(self._engine, self.given.row(d, batch, line), [], int(d.outcome[at]), 1)
        same = bool(search.agrees(d, at))
        outcome = int(search.base[O_OUTCOME, 0])
        return Again(
            same, OUTCOMES[outcome] if outcome < len(OUTCOMES) else "", int(search.base[O_SCORE, 0]), self.opened.artifact.hash
        )  # fmt: skip

    def _show(self, lists: ListBook | None) -> None:
        """Let the engine's programs look into the lists, and quiet the same rules; the book itself stays with its owner."""
        if lists is None:
            return
        deciding, compiled = self._engine.deciding, self._engine.compiled
        deciding.watch_lists(lists.address)
        rules = {rule.rule.name: number for number, rule in enumerate(compiled.rule_order)}
        quiet = lists.snoozes.lines(rules, compiled.schema.index, twins(compiled.policy))
        deciding.snooze(quiet.lines, quiet.starts)


class _Search:
    """`whole`: everything within the declared steps was tried, up to the size that was found. `rows`: candidates decided. `base`: what the
    unchanged row came to, once `agrees` was asked."""

    def __init__(self, engine: Engine, row: Row, dims: Sequence[Dimension], outcome: int, max_rows: int) -> None:
        self._engine, self._row, self._dims, self._outcome, self._max = engine, row, dims, outcome, max_rows
        self.rows, self.whole = 0, True
        self._turns: list[Array] = []
        hits, path = engine.deciding.words
        self._past_words = OUT_LINES + path + 3 * hits
        self.base = np.zeros((0, 1), np.int64)

    def agrees(self, d: DecisionBatch, at: int) -> bool:
        """Whether the unchanged row is decided as it was."""
        block = self._decide(self._row.repeated(1))
        self.base = block[:, :1]
        words = slice(OUT_LINES, OUT_LINES + d.path_words + 2 * d.hit_words)
        same: bool = (
            block[O_OUTCOME, 0] == d.outcome[at] and block[O_SCORE, 0] == d.score[at]
            and np.array_equal(block[words, 0], d.block[words, at])
        )  # fmt: skip
        return same

    def run(self) -> _Hit | None:
        """One dimension, then two, then three."""
        found = self._one()
        for size in range(2, min(MAX_TOGETHER, len(self._dims)) + 1):
            if found is not None:
                return found
            found = self._several(size)
        return found

    def _one(self) -> _Hit | None:
        hits: list[_Hit] = []
        for number, dim in enumerate(self._dims):
            block = self._decide(self._rows([number], [np.arange(len(dim.costs))]))
            before = np.concatenate([self.base, block[:, :-1]], axis=1)
            lines = [
                O_OUTCOME,
                O_SCORE,
                *range(OUT_LINES, self._past_words),
            ]  # not the scores: they move with any value
            self._turns.append(np.flatnonzero((block[lines] != before[lines]).any(axis=0)))
            milder = np.flatnonzero(block[O_OUTCOME] < self._outcome)
            if len(milder):
                at = int(milder[np.argmin(dim.costs[milder])])
                hits.append(_Hit({number: at}, int(dim.costs[at]), int(block[O_OUTCOME, at])))
        return min(hits, key=lambda hit: hit.cost, default=None)

    def _several(self, size: int) -> _Hit | None:
        """All sets of so many dimensions: every combination when they fit the limit, else the telling ones, made smaller afterwards."""
        sets = [each for each in itertools.combinations(range(len(self._dims)), size) if self._apart(each)]
        every = {number: np.arange(len(dim.costs)) for number, dim in enumerate(self._dims)}
        count = sum(int(np.prod([len(every[number]) for number in each])) for each in sets)
        points = every
        if count > self._max - self.rows:
            self.whole = False
            share = max(self._max - self.rows, 0) / 2 / max(len(sets), 1)
            most = int(share ** (1 / size))
            points = {number: self._telling(number, most) for number in every}
        best: _Hit | None = None
        for each in sets:
            hit = self._best(each, [points[number] for number in each])
            if hit is not None and (best is None or hit.cost < best.cost):
                best = hit
        return self._smaller(best) if best is not None and points is not every else best

    def _apart(self, numbers: Sequence[int]) -> bool:
        """No dimension of the set writes what another one writes."""
        written = [register for number in numbers for register in self._dims[number].registers]
        return len(written) == len(set(written))

    def _telling(self, number: int, most: int) -> Array:
        """Up to `most` candidates: where something turned when this one alone was changed, then wider and wider steps."""
        costs = self._dims[number].costs
        if len(costs) <= most:
            return np.arange(len(costs))
        wide = [2**power + side for power in range(len(costs).bit_length()) for side in (-1, 0)]  # both sides of `any`
        ranked = dict.fromkeys([*self._turns[number].tolist(), len(costs) - 1, *wide])
        return np.array(sorted([at for at in ranked if at < len(costs)][:most]), np.int64)

    def _best(self, numbers: Sequence[int], points: Sequence[Array]) -> _Hit | None:
        """The cheapest milder combination of one set; the first in the order of the policy among equals."""
        grid = np.meshgrid(*points, indexing="ij")
        chosen = [each.ravel() for each in grid]
        if not len(chosen[0]):
            return None
        costs = np.sum([self._dims[n].costs[c] for n, c in zip(numbers, chosen)], axis=0)
        outcomes = self._decide(self._rows(numbers, chosen))[O_OUTCOME]
        milder = np.flatnonzero(outcomes < self._outcome)
        if not len(milder):
            return None
        at = int(milder[np.argmin(costs[milder])])
        return _Hit({n: int(c[at]) for n, c in zip(numbers, chosen)}, int(costs[at]), int(outcomes[at]))

    def _smaller(self, hit: _Hit) -> _Hit:
        """Each move as small as the others allow, until none gets smaller or the limit is reached."""
        moved = True
        while moved:
            moved = False
            for number in hit.taken:
                nearer = np.flatnonzero(self._dims[number].costs < self._dims[number].costs[hit.taken[number]])
                if not len(nearer) or self.rows + len(nearer) > self._max:
                    continue
                fixed = [nearer if n == number else np.array([at]) for n, at in hit.taken.items()]
                better = self._best(list(hit.taken), fixed)
                if better is not None:
                    hit, moved = better, True
        return hit

    def _rows(self, numbers: Sequence[int], chosen: Sequence[Array]) -> Iterator[tuple[Array, Array]]:
        """Candidate rows in pieces: `chosen[i]` int64[n] are the candidates of dimension `numbers[i]`."""
        for start in range(0, len(chosen[0]), _AT_ONCE):
            part = [each[start : start + _AT_ONCE] for each in chosen]
            values, nulls = next(self._row.repeated(len(part[0])))
            for number, at in zip(numbers, part):
                self._dims[number].put(values, at)
            yield values, nulls

    def _decide(self, pieces: Iterator[tuple[Array, Array]]) -> Array:
        """The result blocks of candidate rows, int64[lines, n]."""
        blocks = []
        for values, nulls in pieces:
            n = values.shape[1]
            self.rows += n
            batch, received, late = self._row.batch(values, nulls)
            decided = self._engine.process_accepted(batch, received, late).decisions
            block = np.zeros((len(decided.block), n), np.int64)
            block[O_OUTCOME] = len(OUTCOMES)  # a candidate that would be dropped as noise leads nowhere
            block[:, decided.rows] = decided.block
            blocks.append(block)
        return np.concatenate(blocks, axis=1)


__all__ = ["LIVE_ROWS", "MAX_ROWS", "LeftOut", "WhatIf"]
