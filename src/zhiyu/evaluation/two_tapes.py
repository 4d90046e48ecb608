"""Two policies over one feature tape: a source of decisions for a comparison that counts nothing twice.

In: a tape, two opened policies. Out: `Pair`s, batch by batch. Each policy is decided again by `redecide`; features that the tape lacks are
counted once, for whichever policy needs them, and stay on the tape.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from zhiyu.engine.engine import Outcome
from zhiyu.engine.journal import take_journal
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.paired import Pair, Side
from zhiyu.evaluation.redecide import Redecision
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.tape import Tape, usable
from zhiyu.events.batch import EventBatch


class TwoTapes:
    """Iterate once."""

    def __init__(self, live: Opened, candidate: Opened, tape: Path, lists: Path | None = None) -> None:
        both = [Redecision(Tape.open(tape), opened, texts=True) for opened in (live, candidate)]
        if (
            both[0].fresh and both[1].fresh
        ):  # two writers would number their files alike: the live policy's features come first
            for _ in both[0].batches():
                pass
            both = [Redecision(Tape.open(tape), opened, texts=True) for opened in (live, candidate)]
        for run, opened in zip(both, (live, candidate)):
            if lists is not None:
                take_journal(run.engine, opened, lists)
        self.live, self.candidate = both
        self.label_delay_ms = int(self.live.tape.facts["label_delay_ms"])
        self._total = max(int(self.live.tape.facts["events"]), 1)
        self._done = 0

    def progress(self) -> float:
        """How much of the tape has been read."""
        return self._done / self._total

    def __iter__(self) -> Iterator[Pair]:
        """Both policies, batch by batch."""
        for (ours, batch), (theirs, other) in zip(self.live.batches(), self.candidate.batches(), strict=True):
            self._done += batch.n
            yield Pair(_side(ours, batch), _side(theirs, other), batch.n)


def _side(outcome: Outcome, batch: EventBatch) -> Side:
    return Side(outcome.decisions, batch, noise=outcome.noise, held=outcome.held, resumed=outcome.resumed)


def recorded(tape: Path, live: Opened, candidate: Opened, replay: Replay) -> Iterator[float]:
    """Make sure that `tape` is one of `replay` (of the live policy) and fits both policies: run it, recording, when it does not."""
    if not usable(tape, (live, candidate), replay.recording()):
        yield from replay.steps()
