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
from tests.waiting_policy import MINUTE, START, policy, random_changes, random_stream
from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.decisions.digest import Digest
from zhiyu.decisions.resumed import CAUSES, Resumed
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.facts import Facts
from zhiyu.engine.gang_events import GangFact, GangWatch
from zhiyu.engine.holds import ANSWER_WORDS
from zhiyu.engine.label_frames import NotedLabels
from zhiyu.engine.list_frames import NotedLists
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.events.list_changes import ListChange
from zhiyu.policy.declare import OUTCOMES

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
DELAYS = (0, 7 * MINUTE, 30 * MINUTE)


@cache
def opened(lag: int) -> Opened:
    """The policy, compiled once per lag."""
    return open_policy(policy(lag))


class Gangs(GangWatch):
    """Gangs as they are written down: number of an accepted event → customers of the gang that takes effect in front of it."""

    def __init__(self, script: dict[int, str], codes: Codes) -> None:
        self.script, self.codes, self.lag = script, codes, 64

    def begin(self) -> None: ...

    def note(self, numbers: Array) -> None: ...

    def room(self, accepted: int) -> int:
        return min([each for each in self.script if each > accepted], default=accepted + 64) - accepted

    def peek(self, accepted: int) -> list[tuple[GangFact, Array]]:
        who = self.script.get(accepted, "")
        return (
            [(GangFact(0, 7, 0, accepted), np.array([self.codes.one(each) for each in who], np.int64))] if who else []
        )

    def take(self, accepted: int) -> Facts | None:
        return None

    def stored(self) -> list[list[int]]:
        return []


class Run:
    """One engine over a stream in pieces."""

    def __init__(self, lag: int, delay: int, changes: list[ListChange], gangs: dict[int, str] | None = None) -> None:
        self.opened, self.delay, self.gangs = opened(lag), delay, gangs or {}
        self.engine = Engine(self.opened.compiled, self.opened.codes)
        self.engine.lists.put(changes)
        self.engine.gang_watch = Gangs(self.gangs, self.opened.codes)
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
        self.gone_on(outcome.resumed)

    def gone_on(self, parts: list[Resumed]) -> None:
        """What went on."""
        for part in parts:
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
            self.engine.gang_watch = Gangs(self.gangs, self.opened.codes)


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_every_wait_ends_once_as_the_state_machine_says(seed: int) -> None:
    rng = random.Random(seed)
    lag, delay = rng.choice([1, 3, 50]), rng.choice(DELAYS)
    records = random_stream(rng, rng.choice([10, 40, 90]))
    changes = random_changes(rng, opened(lag).codes, max(map(_time, records)) + 20 * MINUTE, rng.choice([0, 3, 12]))
    gangs = {rng.randrange(60): rng.choice(["a", "bc"]) for _ in range(rng.choice([0, 0, 4]))}
    oracle = NaiveWaits(lag, delay, lists=told(changes), gangs=gangs)
    pieces, whole = Run(lag, delay, changes, gangs), Run(lag, delay, changes, gangs)
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


@settings(max_examples=EXAMPLES, deadline=None, database=None)
@given(st.integers(0, 2**32))
def test_labels_and_lists_by_themselves(seed: int) -> None:
    """What comes by itself between events (labels, changes of lists) is in effect at once."""
    rng = random.Random(seed)
    records, run, oracle = random_stream(rng, 60), Run(3, 7 * MINUTE, []), NaiveWaits(3, 7 * MINUTE)
    engine, codes = run.engine, opened(3).codes
    for position, record in enumerate(records):
        run.take([record], position)
        oracle.step(position, record)
        now = int(engine.door.clock[0]) + rng.choice([0, 0, 1_000, 6 * MINUTE])
        customers = rng.choice(["a", "bc", "abc"])
        kind = rng.choice(["", "list", "label"])
        if kind == "list":
            changes = [
                ListChange(now, "blocked", rng.choice(["add", "remove"]), codes.one(each), shown=each)
                for each in customers
            ]
            run.gone_on(engine.change_lists(NotedLists(now, list(changes))))
            oracle.lists = told(changes)
            oracle.pass_time(now)
        elif kind == "label":
            fraud = rng.choice([0, 1])
            run.gone_on(engine.take_labels(labels_of(run, customers, fraud, now, position)))
            for each in customers:
                oracle.label(now, fraud, each)
            oracle.pass_time(now)
        if rng.random() < 0.1:
            run.reborn()
            engine = run.engine
    assert run.first == oracle.first, seed
    assert run.went_on == oracle.went_on, seed


def labels_of(run: Run, customers: str, fraud: int, now: int, position: int) -> NotedLabels:
    """Labels of past events of these customers, known now."""
    index, n = run.opened.compiled.schema.index["customer"], len(customers)
    values = np.zeros((run.opened.compiled.n_columns, n), np.int64)
    nulls = np.ones(values.shape, np.uint8)
    values[index], nulls[index] = [run.opened.codes.one(each) for each in customers], 0
    ids = np.array([[position, number] for number in range(n)], np.uint64)
    return NotedLabels(
        "", now, np.zeros(n, np.int64), ids, ids[:, 0], np.full(n, now), np.full(n, fraud), [""] * n, np.zeros(n, np.int64),
        np.zeros(n, np.int16), values, nulls, {}, [""] * n, [""] * n,
    )  # fmt: skip


def told(changes: list[ListChange]) -> list[tuple[int, str, int | None]]:
    """Changes of the list as the state machine takes them."""
    return [(each.due_ms, each.shown, each.until_ms if each.op == "add" else None) for each in changes]


def _time(record: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(record["time"]).timestamp() * 1000)


def test_every_path_is_walked() -> None:
    """The streams reach what they are for: each end of each wait, each fate of an answer, waits after waits."""
    ends, fates, stayed, deepest = set(), set(), set(), 0
    for seed in range(40):
        rng = random.Random(seed)
        oracle = NaiveWaits(3, 7 * MINUTE)
        oracle.lists = told(random_changes(rng, opened(3).codes, START + 400 * MINUTE, 12))
        for position, record in enumerate(random_stream(rng, 90)):
            oracle.step(position, record)
        ends |= {(each[2], each[5]) for each in oracle.went_on}
        stayed |= {each[5] for each in oracle.went_on if each[2] == "changed" and each[6]}
        fates |= {each[1] for each in oracle.answers}
        deepest = max(deepest, *(each[1] for each in oracle.went_on))
    assert fates == set(ANSWER_WORDS)
    assert deepest >= 2
    assert ends >= {("answered", o) for o in ("pass", "delay", "decline")} | {
        ("expired", o) for o in ("review", "decline", "pass")
    } | {("changed", o) for o in ("pass", "challenge", "delay", "review", "decline")}
    assert stayed >= {"challenge", "delay", "review"}
    assert START > 0
