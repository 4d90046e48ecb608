"""Decisions that wait for services: the engine against a plain state machine, over random interleavings and however the stream is cut."""

from __future__ import annotations

import os
import random
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.calling_policy import MINUTE, policy, random_stream
from tests.oracles.naive_calls import NaiveCalls
from zhiyu.decisions.digest import Digest
from zhiyu.decisions.resumed import CAUSES
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.policy.declare import OUTCOMES

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))


@cache
def opened(lag: int) -> Opened:
    """The policy, compiled once per lag."""
    return open_policy(policy(lag))


class Run:
    """One engine over a stream in pieces."""

    def __init__(self, lag: int) -> None:
        self.opened = opened(lag)
        self.engine = Engine(self.opened.compiled, self.opened.codes)
        self.digest = Digest()
        self.first: list[tuple[Any, ...]] = []
        self.went_on: list[tuple[Any, ...]] = []

    def take(self, records: list[dict[str, Any]], start: int) -> None:
        """A piece of the stream."""
        raw = RawBatch(None, records, start)
        batch = decode(self.opened.compiled.schema, None, raw, self.opened.codes, "default").batch
        assert batch.n == len(records)
        self.told(self.engine.process(batch))

    def told(self, outcome: Outcome) -> None:
        """What came out."""
        self.digest.update(outcome.decisions)
        self.first += zip(outcome.decisions.positions.tolist(), (OUTCOMES[o] for o in outcome.decisions.outcome))
        for part in outcome.resumed:
            self.digest.resume(part)
            r = part.decisions
            self.went_on += [
                (
                    int(r.positions[at]), int(part.revision[at]), CAUSES[part.cause[at]], int(part.answer[at]), int(r.received_ms[at]),
                    OUTCOMES[r.outcome[at]], bool(part.waits[at]),
                )
                for at in range(part.n)
            ]  # fmt: skip

    def reborn(self) -> None:
        """Through a snapshot into a new engine."""
        with TemporaryDirectory() as folder:
            self.engine.snapshot(Path(folder) / "s", {})
            self.engine = Engine(self.opened.compiled, self.opened.codes)
            self.engine.restore(Path(folder) / "s")


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_every_call_ends_once_as_the_state_machine_says(seed: int) -> None:
    rng = random.Random(seed)
    lag, records = rng.choice([1, 5]), random_stream(rng, rng.choice([10, 40, 90]))
    oracle, pieces, whole = NaiveCalls(lag), Run(lag), Run(lag)
    for position, record in enumerate(records):
        oracle.step(position, record)
    whole.take(records, 0)
    start = 0
    while start < len(records):
        stop = min(start + rng.choice([1, 1, 2, 5, 30]), len(records))
        pieces.take(records[start:stop], start)
        start = stop
        if rng.random() < 0.1:
            pieces.reborn()
    end = int(whole.engine.door.clock[0]) + rng.choice([0, 2 * MINUTE, 3 * MINUTE, 120 * MINUTE])
    oracle.pass_time(end)
    for run in (whole, pieces):
        run.told(run.engine.pass_time(end))
        assert run.first == oracle.first, seed
        assert run.went_on == oracle.went_on, seed
        assert run.engine.resuming is not None
        waiting = sorted((held.position, held.deadline_ms, held.revision) for held in run.engine.resuming.holds)
        assert waiting == sorted((each.position, each.deadline, each.revision) for each in oracle.open), seed
    assert whole.digest.hexdigest() == pieces.digest.hexdigest(), seed


def test_every_path_is_walked() -> None:
    """The streams reach what they are for: every outcome after a call, answered or not, waits for people after calls."""
    ends, deepest = set(), 0
    for seed in range(60):
        oracle = NaiveCalls(1)
        for position, record in enumerate(random_stream(random.Random(seed), 90)):
            oracle.step(position, record)
        ends |= {(each[2], each[5], each[6]) for each in oracle.went_on}
        deepest = max(deepest, *(each[1] for each in oracle.went_on))
    assert deepest == 3
    assert ends >= {
        ("answered", "pass", False), ("answered", "notify", False), ("answered", "decline", False), ("answered", "review", True),
        ("answered", "delay", True), ("expired", "delay", True), ("expired", "review", True), ("expired", "decline", False),
        ("expired", "pass", False),
    }  # fmt: skip
