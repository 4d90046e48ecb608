"""Decisions that wait, live: time passes without traffic, lists change, labels come, the disk fails at any write, and every wait still ends
exactly once.

What the log tells afterwards is told to the plain state machine of `tests.oracles.naive_waits`, event by event and tick by tick: it must
come to the same ends at the same moments, and so must the log when it is decided again from nothing.
"""

from __future__ import annotations

import json
import os
import random
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from tests.engine.test_live import digest_of
from tests.faults.simulated_disk import WAYS, PowerCut, SimulatedDisk
from tests.oracles.naive_waits import NaiveWaits
from tests.waiting_policy import MINUTE, POLICY, START, policy, random_stream, when
from zhiyu.base.errors import InputError, ZhiyuError
from zhiyu.decisions.resumed import CAUSES
from zhiyu.engine.event_frames import noted
from zhiyu.engine.held_over import lost_nodes, require_nodes
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.list_frames import noted_lists
from zhiyu.engine.live import DECIDED, TAKEN, Label, Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.resumed_frames import noted_time, read_back
from zhiyu.events.list_changes import ListChange
from zhiyu.log.frames import EVENTS, LABELS, LISTS, TICK
from zhiyu.log.segments import DiskFull
from zhiyu.policy.declare import OUTCOMES
from zhiyu.policy.load import load_texts

SEEDS = max(int(os.environ.get("ZHIYU_EXAMPLES", "200")) // 4, 8)
LAG = 3
OPENED = open_policy(policy(LAG), key=b"0123456789abcdef")


class Lender:
    """Sends a stream as it happens, and lets time pass."""

    def __init__(self, folder: Path, disk: SimulatedDisk, seed: int) -> None:
        self.folder, self.disk, self.rng = folder, disk, random.Random(seed)
        self.records = [dict(each, label=-1) for each in random_stream(random.Random(seed), 60)]
        self.moment = 0
        self.sent = 0
        self.acknowledged: dict[int, bytes] = {}

    def opened(self) -> Live:
        return Live(
            self.folder,
            OPENED,
            clock="wall",
            disk=self.disk,
            now=lambda: self.moment,
            segment_bytes=6_000,
            release=False,
        )

    def run(self, live: Live, ticks: bool = True) -> None:
        """From where we are to the end of the stream; `acknowledged` holds what a sync covers."""
        waiting: dict[int, bytes] = {}
        while self.sent < len(self.records):
            due = max(self.moment, time_of(self.records[self.sent]))
            if ticks and self.rng.random() < 0.3:
                self.moment = self.rng.randint(self.moment or due, due)
                live.work(0)
            self.moment = due
            count = 1
            while count < self.rng.choice([1, 1, 5]) and self.sent + count < len(self.records):
                if time_of(self.records[self.sent + count]) > due + 4 * MINUTE:
                    break
                count += 1
            bodies = [body_of(each) for each in self.records[self.sent : self.sent + count]]
            answers = live.take(bodies)
            waiting |= {self.sent + i: a.body for i, a in enumerate(answers) if a.kind in (DECIDED, TAKEN)}
            self.sent += count
            self.change(live)
            if self.rng.random() < 0.1:
                live.snapshot(wait=True)
                self.acknowledged |= waiting
            elif self.rng.random() < 0.6:
                live.sync()
                self.acknowledged |= waiting
        live.sync()
        self.acknowledged |= waiting

    def change(self, live: Live) -> None:
        """Now and then a customer comes onto the list or leaves it, and somebody finds out about an event."""
        who, kind = self.rng.choice("abc"), self.rng.random()
        if kind < 0.15:
            op, code = self.rng.choice(["add", "remove"]), OPENED.codes.one(who)
            live.change_lists([ListChange(live.moment(), "blocked", op, code, shown=who)])
        elif kind < 0.35:
            past = self.rng.choice(self.records[: self.sent])
            label = Label(fraud=kind < 0.3, event=past["id"], type=past["type"], id=f"{self.rng.random()}")
            live.label([label])


def time_of(record: dict[str, Any]) -> int:
    return int(datetime.fromisoformat(record["time"]).timestamp() * 1000)


def body_of(record: dict[str, Any]) -> bytes:
    return json.dumps({key: value for key, value in record.items() if key != "label"}).encode()


def told_by(live: Live, records: list[dict[str, Any]]) -> tuple[NaiveWaits, list[tuple[Any, ...]]]:
    """What the state machine makes of the events and ticks of the log, and what went on by the log."""
    named = {(each["type"], each["id"]): each for each in reversed(records)}
    oracle, went_on = NaiveWaits(LAG, 0), list[tuple[Any, ...]]()
    for frame in live.log.frames():
        if frame.header.kind == EVENTS:
            note = noted(frame.payload, live.tenant)
            for row in range(note.batch.n):
                name = OPENED.compiled.schema.types[int(note.batch.type_index[row])].name, str(note.batch.ids[row])
                oracle.step(int(note.batch.positions[row]), named[name], int(note.floors[row]))
            parts = note.resumed
        elif frame.header.kind == TICK:
            told = noted_time(frame.payload)
            oracle.pass_time(told.until_ms)
            parts = [read_back(each, live.tenant) for each in told.resumed]
        elif frame.header.kind == LISTS:
            lists = noted_lists(frame.payload)
            oracle.lists = [
                (lists.moment, each.shown, each.until_ms if each.op == "add" else None) for each in lists.changes
            ]
            oracle.pass_time(lists.moment)
            parts = [read_back(each, live.tenant) for each in lists.resumed]
        elif frame.header.kind == LABELS:
            labels = noted_labels(frame.payload)
            index, now = OPENED.compiled.schema.index["customer"], max(oracle.clock, labels.floor)
            for row in range(labels.n):
                if not labels.nulls[index, row]:
                    whose = {OPENED.codes.one(each): each for each in "abc"}[int(labels.values[index, row])]
                    oracle.label(max(int(labels.due[row]), now), int(labels.fraud[row]), whose)
            oracle.pass_time(now)
            parts = [read_back(each, live.tenant) for each in labels.resumed]
        else:
            continue
        went_on += [
            (
                int(part.decisions.positions[at]), int(part.revision[at]), CAUSES[part.cause[at]], int(part.answer[at]),
                int(part.decisions.received_ms[at]), OUTCOMES[part.decisions.outcome[at]], bool(part.waits[at]),
            )
            for part in parts for at in range(part.n)
        ]  # fmt: skip
    return oracle, went_on


def require_whole(live: Live, records: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Every wait ended once, at its moment, or still waits; the log decided from nothing says the same. Returns what went on."""
    oracle, went_on = told_by(live, records)
    assert went_on == oracle.went_on
    assert live.engine.resuming is not None
    open_now = [(held.position, held.deadline_ms, held.revision) for held in live.engine.resuming.holds]
    assert open_now == [(each.position, each.deadline, each.revision) for each in oracle.open]
    assert digest_of(live)
    return went_on


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_is_forgotten_and_nothing_ends_twice(seed: int, tmp_path: Path) -> None:
    rng = random.Random(2_000 + seed)
    lender = Lender(tmp_path, SimulatedDisk(seed, rng.randrange(1, 120), rng.choice(WAYS)), seed)
    try:
        live = lender.opened()
        lender.run(live)
    except (PowerCut, OSError, DiskFull, ZhiyuError):
        pass
    if "live" in locals():
        os.close(live._lock)  # the process is gone
    lender.disk = lender.disk.restarted() if rng.random() < 0.5 else lender.disk.stopped()
    again = lender.opened()
    require_whole(again, lender.records)
    for number, body in lender.acknowledged.items():
        assert again.position_of(json.loads(body)["id"]) is not None, f"acknowledged event {number} is gone"
    lender.sent = 0
    lender.run(again)  # everything once more: what is known changes nothing
    lender.moment += 120 * MINUTE
    again.work(0)
    again.sync()
    went_on = require_whole(again, lender.records)
    assert again.engine.resuming is not None
    assert not len(again.engine.resuming.holds)
    last = {each[0]: each for each in went_on}
    assert not any(each[6] for each in last.values())
    again.close()


def test_answers_and_states_are_told(tmp_path: Path) -> None:
    lender = Lender(tmp_path, SimulatedDisk(0), 0)
    live, start = lender.opened(), START

    def send(kind: str, name: str, minute: int, **fields: Any) -> dict[str, Any]:
        lender.moment = max(lender.moment, start + minute * MINUTE)
        content = {"type": kind, "id": name, "time": when(start + minute * MINUTE), **fields}
        (answer,) = live.take([json.dumps(content).encode()])
        told: dict[str, Any] = json.loads(answer.body)
        return told

    held = send("drawdown", "d", 0, customer="c", amount=900)
    assert held["outcome"] == "challenge"
    assert held["waiting"]["node"] == "call"
    assert held["waiting"]["until"] == "2026-03-02T10:10:00.000Z"
    assert [each["id"] for each in live.waiting()] == ["d"]
    assert json.loads(live.decision("d") or b"")["waiting"] == held["waiting"]
    assert send("call_result", "r0", 1, about="nobody")["answer"] == "unknown"
    lender.moment = start + 11 * MINUTE
    live.work(0)
    assert json.loads(live.decision("d") or b"")["waiting"]["node"] == "hold"
    late = send("call_result", "r1", 12, about="d", coached=False)
    assert (late["status"], late["answer"], late["about"]) == ("taken", "other", held["position"])
    done = send("review_result", "v1", 13, about="d", verdict="release")
    assert (done["answer"], done["about"]) == ("taken", held["position"])
    final = json.loads(live.decision("d") or b"")["final"]
    assert final == {"outcome": "pass", "enforced": "pass", "at": "2026-03-02T10:13:00.000Z", "cause": "answered"}
    assert send("review_result", "v2", 14, about="d", verdict="refuse")["answer"] == "ended"
    again = send("drawdown", "d", 0, customer="c", amount=900)
    assert (again["repeated"], again["outcome"], again["final"]) == (True, "challenge", final)
    assert live.waiting() == []
    live.close()


def test_a_release_keeps_what_waits_or_is_refused(tmp_path: Path) -> None:
    lender = Lender(tmp_path, SimulatedDisk(0), 0)
    live, lender.moment = lender.opened(), START
    body = {"type": "drawdown", "id": "d", "time": when(START), "customer": "c", "amount": 900}
    live.take([json.dumps(body).encode()])
    text = POLICY.replace("LAG", str(LAG))
    shorter = text.replace("expired: hold\n", "expired: stop\n").replace("then: {delay: cool}", "then: {delay: stop}")
    renamed = (
        text.replace("name: call\n", "name: phone\n")
        .replace("challenge: call", "challenge: phone")
        .replace("next: call}", "next: phone}")
    )
    assert lost_nodes(live.engine, version(renamed).compiled) == ["drawdown at call"]
    with pytest.raises(InputError, match="drawdown at call"):
        require_nodes(live.engine, version(renamed))
    assert lost_nodes(live.engine, version(shorter).compiled) == []
    live.release(version(text.replace("amount > 200", "amount > 250")))
    assert [each["id"] for each in live.waiting()] == ["d"]
    lender.moment += 11 * MINUTE
    live.work(0)
    assert live.waiting()[0]["node"] == "hold"
    live.sync()
    os.close(live._lock)
    lender.disk = lender.disk.restarted()
    again = lender.opened()
    assert again.waiting()[0]["node"] == "hold"
    again.close()


def version(text: str) -> Opened:
    """Another version of the policy."""
    return open_policy(load_texts({"policy.yaml": text.encode()}).policy, key=b"0123456789abcdef")
