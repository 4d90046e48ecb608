"""A shadow version: another policy that decides every event of a replay beside the live one, and changes nothing.

In: raw rows of the file, the live decisions. Out: how often the shadow decided otherwise. It has its own engine and state; what goes wrong
in it is counted, never raised. A decision that waited, on either side, counts as what it came to.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.journal import take_journal
from zhiyu.engine.opened import Opened
from zhiyu.events.batch import EventBatch, RawBatch
from zhiyu.events.declare import Source
from zhiyu.events.decode import decode
from zhiyu.policy.declare import OUTCOMES

FAILED = "error"


class Shadow:
    """Follows a replay batch by batch; `moved` says what it would have decided otherwise."""

    def __init__(self, opened: Opened, source: Source | None, label_delay_ms: int, lists: Path | None) -> None:
        self.opened, self.label_delay_ms = opened, label_delay_ms
        named = [each for each in opened.policy.sources if source is not None and each.name == source.name]
        self.source = named[0] if named else source
        self.engine = Engine(opened.compiled, opened.codes, opened.tenant)
        if lists is not None:
            take_journal(self.engine, opened, lists)
        self.matrix = np.zeros((len(OUTCOMES), len(OUTCOMES)), np.int64)
        self._waited: dict[int, list[int]] = {}
        self.apart = 0
        self.failed = 0

    def follow(self, raw: RawBatch, events: EventBatch, told: Outcome) -> None:
        """Decide the same rows; labels are those of the live side."""
        live = told.decisions
        if self.failed:
            self.failed += live.n
            return
        try:
            batch = decode(self.opened.compiled.schema, self.source, raw, self.opened.codes, self.opened.tenant).batch
            batch.label_delay_ms = self.label_delay_ms
            _, mine, theirs = np.intersect1d(batch.positions, events.positions, assume_unique=True, return_indices=True)
            batch.labels[mine] = events.labels[theirs]
            found = self.engine.process(batch)
        except Exception:  # a shadow must not harm the live version, whatever is wrong with it
            self.failed += live.n
            return
        own = found.decisions
        _, ours, also = np.intersect1d(live.positions, own.positions, assume_unique=True, return_indices=True)
        waits = np.isin(live.positions[ours], [*told.held, *found.held])
        outcomes = live.outcome[ours], own.outcome[also]
        np.add.at(self.matrix, (outcomes[0][~waits], outcomes[1][~waits]), 1)
        self._waited |= {
            position: list(pair)
            for position, *pair in zip(
                live.positions[ours][waits].tolist(), *(each[waits].tolist() for each in outcomes)
            )
        }
        for side, parts in enumerate((told.resumed, found.resumed)):
            self._go_on(side, parts)
        self.apart += live.n + own.n - 2 * len(ours)

    def _go_on(self, side: int, parts: list[Resumed]) -> None:
        """What decisions that waited, live or here, came to."""
        for part in parts:
            ended = ~part.stays
            for position, outcome in zip(
                part.decisions.positions[ended].tolist(), part.decisions.outcome[ended].tolist()
            ):
                if position in self._waited:
                    self._waited[position][side] = outcome

    def moved(self) -> dict[str, int]:
        """ "live → shadow" → how many decisions moved, in the end; those that only one side decided, and those lost to an error, by
        name."""
        matrix = self.matrix.copy()
        for live, own in self._waited.values():
            matrix[live, own] += 1
        found = {
            f"{OUTCOMES[i]} → {OUTCOMES[j]}": int(matrix[i, j]) for i, j in zip(*np.nonzero(matrix)) if i != j
        }  # fmt: skip
        found |= {"decided by one only": self.apart} if self.apart else {}
        return found | ({FAILED: self.failed} if self.failed else {})
