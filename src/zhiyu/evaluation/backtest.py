"""Backtest: what would change if one policy replaced another, on the events of a file.

In: an events file, the live policy and the candidate, optional labels. Out: `Backtested`: figures of both with 95 % intervals of the
difference, the matrix of moved outcomes, segments, days, labels, rules, examples. Same input and seed, same result. A decision that waited
counts as what it came to; rules and examples are those of first decisions.
Decisions come from a source behind `Pairs`: two engines here; another source is handed in as `pairs`.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.backtested import Backtested, Side, judged
from zhiyu.evaluation.compare import Compared, Comparison
from zhiyu.evaluation.compare_holds import CameTo, finally_decided
from zhiyu.evaluation.examples import Dearest
from zhiyu.evaluation.paired import Apart, Pairs, apart, match
from zhiyu.evaluation.segments import segments_of
from zhiyu.evaluation.span import ALL, Span
from zhiyu.evaluation.two_engines import TwoEngines

DEFAULT_BATCH = 65_536
EXAMPLES = 50
APART_SHOWN = 20


class Backtest:
    """One comparison over one file. Iterate `steps()` for progress (0..1), then read `result`."""

    def __init__(
        self, live: Opened, candidate: Opened, events: Path, *, source: str | None = None, labels: Path | None = None,
        label_delay: str | None = None, segments: tuple[str, ...] = (), seed: int = 0, batch: int = DEFAULT_BATCH,
        pairs: Pairs | None = None, lists: Path | None = None, folders: tuple[str, str] = ("", ""), span: Span = ALL,
    ) -> None:  # fmt: skip
        self.live, self.candidate, self.events, self.seed, self.folders = live, candidate, events, seed, folders
        self.span = span
        self.pairs: Pairs = pairs or TwoEngines(
            live, candidate, events, batch, source=source, labels=labels, label_delay=label_delay, lists=lists
        )
        self.segments = segments_of(segments, live.compiled.schema)
        self.comparison = Comparison(self.pairs.label_delay_ms)
        self.dearest = Dearest(live, candidate, EXAMPLES)
        self.rules = (len(live.compiled.rule_order), len(candidate.compiled.rule_order))
        self.share = float(live.policy.let_through.share) if live.policy.let_through else 0.0
        self.records = 0
        self.came_to = CameTo(), CameTo()
        self.apart_counts: Counter[tuple[str, str]] = Counter()
        self.apart_first: list[Apart] = []
        self.result: Backtested | None = None

    def run(self) -> Backtested:
        """The whole file at once."""
        for _ in self.steps():
            pass
        assert self.result is not None
        return self.result

    def steps(self) -> Iterator[float]:
        """Work batch by batch; yields how much is done; figures are made at the end."""
        started = time.perf_counter()
        for pair in self.pairs:
            matched, ours, theirs = self.span.part(*match(pair, self.rules, self.segments, self.share))
            self.records += pair.events
            self.comparison.update(matched)
            for came_to, side in zip(self.came_to, (pair.live, pair.candidate)):
                came_to.take(side)
            self.dearest.offer(pair, matched, (ours, theirs))
            self._set_apart(apart(pair, self.span.holds))
            yield self.pairs.progress()
        whole = finally_decided(self.comparison.result(), self.came_to)
        self._require_some(whole)
        sides = Side.of(self.live, self.folders[0]), Side.of(self.candidate, self.folders[1])
        self.result = judged(whole, sides, self.segments, self.seed)
        self.result.events, self.result.records = str(self.events), self.records
        self.result.asked = self.span
        if any(side.waits for side in self.came_to):
            self.result.held = tuple(side.figures(whole.position, whole.clock_ms) for side in self.came_to)
        self.result.apart_counts, self.result.apart_first = dict(self.apart_counts), self.apart_first
        self.result.examples = self.dearest.found
        self.result.seconds = time.perf_counter() - started

    def _require_some(self, whole: Compared) -> None:
        if not whole.n and self.span.open:
            raise InputError(
                f"no event of {self.events} was decided by both policies ({self.records:,} records were read): there is nothing to compare",
                f"{self.events} 中没有被两个策略同时决策的事件（共读取 {self.records:,} 条记录），无可比较",
            )
        if not whole.n:
            raise InputError(
                f"no decision of {self.events} lies in the span that was asked for; give another --from or --until",
                f"{self.events} 中没有落在所选时间段内的决策；请调整 --from 或 --until",
            )

    def _set_apart(self, found: list[Apart]) -> None:
        self.apart_counts.update((each.decided_by, each.became) for each in found)
        self.apart_first += found[: APART_SHOWN - len(self.apart_first)]
