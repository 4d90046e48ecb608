"""Services asked live, and the power fails at any write: every question is asked again or falls back, none is forgotten, and what the log
says is what the plain state machine of `tests.oracles.naive_calls` makes of the same events and ticks.

In: a seed, which chooses applications, what services say and how late, and the write at which the disk fails.
"""

from __future__ import annotations

import json
import os
import random
from pathlib import Path
from typing import Any

import pytest

from tests.calling_policy import ID_NUMBER, MINUTE, policy
from tests.engine.test_live import digest_of
from tests.faults.simulated_disk import WAYS, PowerCut, SimulatedDisk
from tests.oracles.naive_calls import NaiveCalls
from tests.waiting_policy import START, when
from zhiyu.base.errors import ZhiyuError
from zhiyu.decisions.resumed import CAUSES
from zhiyu.engine.asks import Ask
from zhiyu.engine.event_frames import noted
from zhiyu.engine.live import DECIDED, TAKEN, Live
from zhiyu.engine.opened import open_policy
from zhiyu.engine.resumed_frames import noted_time, read_back
from zhiyu.log.frames import EVENTS, TICK
from zhiyu.log.segments import DiskFull
from zhiyu.policy.declare import OUTCOMES

SEEDS = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 8, 6)
LAG = 1
OPENED = open_policy(policy(LAG), key=b"0123456789abcdef")


class Lender:
    """Sends applications, and plays the server that asks: what is on disk is asked, answers come in any order, some never."""

    def __init__(self, folder: Path, disk: SimulatedDisk, seed: int) -> None:
        self.folder, self.disk, self.rng = folder, disk, random.Random(seed)
        self.moment = START
        self.sent: dict[tuple[str, str], dict[str, Any]] = {}
        self.acknowledged: set[str] = set()
        self.open: list[Ask] = []
        self.again: set[tuple[str, int]] = set()
        self.number = 0

    def opened(self) -> Live:
        live = Live(
            self.folder, OPENED, clock="wall", disk=self.disk, now=lambda: self.moment, segment_bytes=6_000, release=False
        )  # fmt: skip
        self.open = live.asks.take(live.opened, live.engine.resuming)[0]
        self.again |= {(ask.service.name, ask.position) for ask in self.open}
        return live

    def take(self, live: Live, records: list[dict[str, Any]]) -> None:
        """Some records, then the disk; what was to be asked is asked only now."""
        for record in records:
            self.sent.setdefault((record["type"], record["id"]), record)
        answers = live.take([json.dumps(each).encode() for each in records])
        live.sync()
        self.open += live.asks.take(live.opened, live.engine.resuming)[0]
        self.acknowledged |= {r["id"] for r, a in zip(records, answers) if a.kind in (DECIDED, TAKEN)}

    def run(self, live: Live, steps: int) -> None:
        for _ in range(steps):
            self.moment += self.rng.choice([0, 1, 500, 20_000, 2 * MINUTE])
            chance = self.rng.random()
            if chance < 0.3 or not self.open:
                self.number += 1
                event = {
                    "type": "application", "id": f"n{self.number}", "time": when(self.moment), "customer": self.rng.choice("abcdef"),
                    "id_number": ID_NUMBER, "amount": self.rng.choice([500, 20_000]),
                }  # fmt: skip
                self.take(live, [event])
            elif chance < 0.85:
                self.take(live, [self.answer(self.open.pop(self.rng.randrange(len(self.open))))])
            elif chance < 0.95:
                live.work(0)
                live.sync()
                self.open += live.asks.take(live.opened, live.engine.resuming)[0]
            else:
                live.snapshot(wait=True)

    def answer(self, ask: Ask) -> dict[str, Any]:
        """What a service says: about what is lost it cannot be asked."""
        name = ask.service.name
        end = (
            "lost"
            if ask.values is None
            else self.rng.choice(["answered", "answered", "answered", "refused", "timed_out"])
        )
        record = {
            "type": name,
            "id": f"{name}:{ask.position}",
            "time": when(self.moment),
            "about": ask.event_id,
            f"{name}_call": end,
        }
        if end == "answered":
            record |= (
                {"lenders": self.rng.choice([0, 8])}
                if name == "lenders_query"
                else {"points": self.rng.choice([400, 700])}
            )
        return record


def require_whole(live: Live, sent: dict[tuple[str, str], dict[str, Any]]) -> list[tuple[Any, ...]]:
    """The log says what the state machine makes of its events and ticks, and comes out the same when decided again; what went on."""
    oracle, went_on = NaiveCalls(LAG), list[tuple[Any, ...]]()
    for frame in live.log.frames():
        if frame.header.kind == EVENTS:
            note = noted(frame.payload, live.tenant)
            for row in range(note.batch.n):
                name = OPENED.compiled.schema.types[int(note.batch.type_index[row])].name, str(note.batch.ids[row])
                oracle.step(int(note.batch.positions[row]), sent[name], int(note.floors[row]))
            parts = note.resumed
        elif frame.header.kind == TICK:
            told = noted_time(frame.payload)
            oracle.pass_time(told.until_ms)
            parts = [read_back(each, live.tenant) for each in told.resumed]
        else:
            continue
        went_on += [
            (
                int(part.decisions.positions[at]), int(part.revision[at]), CAUSES[part.cause[at]], int(part.answer[at]),
                int(part.decisions.received_ms[at]), OUTCOMES[part.decisions.outcome[at]], bool(part.waits[at]),
            )
            for part in parts for at in range(part.n)
        ]  # fmt: skip
    assert went_on == oracle.went_on
    assert digest_of(live)
    return went_on


@pytest.mark.parametrize("seed", range(SEEDS))
def test_no_question_is_forgotten(seed: int, tmp_path: Path) -> None:
    rng = random.Random(5_000 + seed)
    lender = Lender(tmp_path, SimulatedDisk(seed, rng.randrange(1, 150), rng.choice(WAYS)), seed)
    try:
        live = lender.opened()
        lender.run(live, 60)
    except (PowerCut, OSError, DiskFull, ZhiyuError):
        pass
    if "live" in locals():
        os.close(live._lock)  # the process is gone, with every answer that was on its way
    lender.disk = lender.disk.restarted() if rng.random() < 0.5 else lender.disk.stopped()
    again = lender.opened()
    resuming = again.engine.resuming
    assert resuming is not None
    held = {(resuming.waits.plans[each.plan].wait.call, each.position) for each in resuming.holds}
    assert {(ask.service.name, ask.position) for ask in lender.open} == {each for each in held if each[0]}, (
        "asked again, each once"
    )
    assert all(ask.again for ask in lender.open)
    assert all((ask.values is None) == (ask.service.name in ("bureau", "lenders_query")) for ask in lender.open)
    require_whole(again, lender.sent)
    for event_id in lender.acknowledged:
        assert again.position_of(event_id) is not None, f"acknowledged {event_id} is gone"
    lender.run(again, 30)
    lender.moment += 120 * MINUTE
    again.work(0)
    again.sync()
    went_on = require_whole(again, lender.sent)
    assert not len(resuming.holds), "everything has ended, answered or not"
    last = {each[0]: each for each in went_on}
    assert not any(each[6] for each in last.values())
    again.close()
