"""Decisions that wait: the engine against a plain state machine, over random interleavings and however the stream is cut."""

from __future__ import annotations

import os
import random
from datetime import datetime
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.oracles.naive_waits import NaiveWaits
from tests.waiting_policy import MINUTE, START, policy, random_stream
from zhiyu.decisions.digest import Digest
from zhiyu.decisions.resumed import CAUSES
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.holds import ANSWER_WORDS
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.policy.declare import OUTCOMES

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
DELAYS = (0, 7 * MINUTE, 30 * MINUTE)


@cache
def opened(lag: int) -> Opened:
    """The policy, compiled once per lag."""
    return open_policy(policy(lag))


class Run:
    """One engine over a stream in pieces."""

    def __init__(self, lag: int, delay: int) -> None:
        self.opened, self.delay = opened(lag), delay
        self.engine = Engine(self.opened.compiled, self.opened.codes)
        self.digest = Digest()
        self.first: list[tuple[Any, ...]] = []
        self.went_on: list[tuple[Any, ...]] = []
        self.answers: list[tuple[int, str, int]] = []

    def take(self, records: list[dict[str, Any]], start: int) -> None:
        """A piece of the stream."""
        plain = [{key: value for key, value in record.items() if key != "label"} for record in records]
        batch = decode(
            self.opened.compiled.schema, None, RawBatch(None, plain, start), self.opened.codes, "default"
        ).batch
        assert batch.n == len(records)
        batch.labels = np.array([record.get("label", -1) for record in records], np.int8)
        batch.label_delay_ms = self.delay
        self.told(self.engine.process(batch))

    def told(self, outcome: Outcome) -> None:
        """What came out."""
        d = outcome.decisions
        self.digest.update(d)
        self.first += zip(d.positions.tolist(), (OUTCOMES[o] for o in d.outcome))
        self.answers += [(position, ANSWER_WORDS[status], about) for position, status, about in outcome.answered]
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
def test_every_wait_ends_once_as_the_state_machine_says(seed: int) -> None:
    rng = random.Random(seed)
    lag, delay = rng.choice([1, 3, 50]), rng.choice(DELAYS)
    records = random_stream(rng, rng.choice([10, 40, 90]))
    oracle, pieces, whole = NaiveWaits(lag, delay), Run(lag, delay), Run(lag, delay)
    for position, record in enumerate(records):
        oracle.step(position, record)
    whole.take(records, 0)
    start = 0
    while start < len(records):
        stop = start + rng.choice([1, 1, 2, 5, 30])
        pieces.take(records[start:stop], start)
        start = min(stop, len(records))
        if rng.random() < 0.1:
            pieces.reborn()
        if start < len(records) and rng.random() < 0.3:  # time passes by itself, before the next event
            now = int(pieces.engine.door.clock[0])
            pieces.told(pieces.engine.pass_time(rng.randint(now, max(now, min(map(_time, records[start:]))))))
    end = int(whole.engine.door.clock[0]) + rng.choice([0, 10 * MINUTE, 25 * MINUTE, 120 * MINUTE])
    oracle.pass_time(end)
    for run in (whole, pieces):
        run.told(run.engine.pass_time(end))
        assert run.first == oracle.first, seed
        assert run.went_on == oracle.went_on, seed
        assert [each[:2] for each in run.answers] == [each[:2] for each in oracle.answers], seed
        assert run.engine.resuming is not None
        waiting = [(held.position, held.deadline_ms, held.revision) for held in run.engine.resuming.holds]
        assert waiting == [(each.position, each.deadline, each.revision) for each in oracle.open], seed
    assert whole.digest.hexdigest() == pieces.digest.hexdigest(), seed


def _time(record: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(record["time"]).timestamp() * 1000)


def test_every_path_is_walked() -> None:
    """The streams reach what they are for: each end of each wait, each fate of an answer, waits after waits."""
    ends, fates, deepest = set(), set(), 0
    for seed in range(40):
        rng = random.Random(seed)
        oracle = NaiveWaits(3, 7 * MINUTE)
        for position, record in enumerate(random_stream(rng, 90)):
            oracle.step(position, record)
        ends |= {(each[2], each[5]) for each in oracle.went_on}
        fates |= {each[1] for each in oracle.answers}
        deepest = max(deepest, *(each[1] for each in oracle.went_on))
    assert fates == set(ANSWER_WORDS)
    assert deepest >= 2
    assert ends >= {("answered", o) for o in ("pass", "delay", "decline")} | {
        ("expired", o) for o in ("review", "decline", "pass")
    }
    assert START > 0
