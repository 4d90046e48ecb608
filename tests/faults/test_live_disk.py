"""Live on a disk that fails at any write: after a restart every acknowledged event is there once, decided as a replay decides it."""

from __future__ import annotations

import json
import os
import random
from pathlib import Path

import pytest

from tests.engine.live_stream import START_MS, live_opened, records
from tests.engine.test_live import digest_of
from tests.faults.simulated_disk import WAYS, PowerCut, SimulatedDisk
from zhiyu.base.errors import ZhiyuError
from zhiyu.decisions.digest import Digest
from zhiyu.engine.live import CONFLICT, DECIDED, REPEATED, TAKEN, Label, Live
from zhiyu.engine.recovery import Differs
from zhiyu.log.list_file import Row
from zhiyu.log.segments import DiskFull, LogDamaged

SEEDS = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
OPENED = live_opened()


class Client:
    """Sends records until the disk fails, and keeps what was acknowledged."""

    def __init__(self, folder: Path, disk: SimulatedDisk, seed: int) -> None:
        self.folder, self.disk, self.rng = folder, disk, random.Random(seed)
        self.bodies = records(seed, 60)
        self.sent = 0
        self.acknowledged: dict[int, bytes] = {}
        self.labels: dict[str, bool] = {}
        self.listed: dict[str, bool] = {}
        self.unsure: set[str] = set()
        self.moment = START_MS

    def now(self) -> int:
        self.moment += 10_000
        return self.moment

    def opened(self) -> Live:
        return Live(self.folder, OPENED, clock="wall", disk=self.disk, now=self.now, segment_bytes=6_000)

    def run(self, live: Live) -> None:
        """Send on from where we are; what one `sync` covers is acknowledged after it."""
        waiting: dict[int, bytes] = {}
        labels: dict[str, bool] = {}
        listed: dict[str, bool] = {}

        def safe() -> None:
            self.acknowledged |= waiting
            self.labels |= labels
            self.listed |= listed
            self.unsure.clear()

        while self.sent < len(self.bodies):
            count = self.rng.choice([1, 1, 2, 7])
            answers = live.take(self.bodies[self.sent : self.sent + count])
            waiting |= {self.sent + i: a.body for i, a in enumerate(answers) if a.kind in (DECIDED, TAKEN)}
            self.sent += len(answers)
            if self.rng.random() < 0.3:
                ids = [json.loads(body)["id"] for body in self.rng.sample(self.bodies, 3)]
                told = live.label([Label(event=each, fraud=len(each) % 2 == 0) for each in ids])
                labels |= {each: len(each) % 2 == 0 for each, answer in zip(ids, told) if answer.kind == TAKEN}
            if self.rng.random() < 0.2:
                listed |= self.change_a_list(live)
            if self.rng.random() < 0.1:
                live.snapshot(wait=True)
                safe()
            if self.rng.random() < 0.6:
                live.sync()
                safe()
            for segment in [each for each in live.log.segments[:-1] if not each.packed][:1]:
                if self.rng.random() < 0.3:
                    live.packing.once(segment)
        live.sync()
        safe()

    def change_a_list(self, live: Live) -> dict[str, bool]:
        """Put a card on the list, or take it off; returns which is true then."""
        card, desk = f"c{self.rng.randrange(6)}", live.list_changes()
        on = self.rng.random() < 0.6
        self.unsure.add(card)
        if on:
            live.change_lists(desk.bring("watched_cards", [Row(1, card)], live.moment()).changes)
        else:
            live.change_lists(desk.removals("watched_cards", [card], live.moment())[0])
        return {card: on}


def identified(body: bytes) -> tuple[str, str]:
    told = json.loads(body)
    return told["type"], told["id"]


@pytest.mark.parametrize("seed", range(SEEDS))
def test_nothing_acknowledged_is_lost_or_doubled(seed: int, tmp_path: Path) -> None:
    rng = random.Random(1_000 + seed)
    way = rng.choice(WAYS)
    client = Client(tmp_path, SimulatedDisk(seed, rng.randrange(1, 120), way), seed)
    try:
        live = client.opened()
        client.run(live)
    except (PowerCut, OSError, DiskFull, ZhiyuError):
        pass
    if "live" in locals():
        os.close(live._lock)  # the process is gone
    client.disk = client.disk.restarted() if rng.random() < 0.5 else client.disk.stopped()
    again = client.opened()
    for number, body in client.acknowledged.items():
        known = again.position_of(json.loads(body)["id"])
        assert known is not None, f"acknowledged event {number} is gone"
        assert json.loads(again.at(known) or b"{}")["id"] == json.loads(body)["id"]
        assert again.at(known) == body
    for event_id, fraud in client.labels.items():
        same, other = again.label([Label(event=event_id, fraud=fraud), Label(event=event_id, fraud=not fraud)])
        assert (same.kind, other.kind) == (REPEATED, CONFLICT), f"acknowledged label of {event_id} is gone"
    for card, on in client.listed.items():
        code, _ = again.opened.known_lists.lists["watched_cards"].one(card)
        assert card in client.unsure or (again.engine.lists.entry("watched_cards", code) is not None) == on
    client.sent = 0
    resent = []
    for body in client.bodies:  # the caller knows nothing of what happened and sends everything again
        resent += again.take([body])
        again.sync()
    kinds = [answer.kind for answer in resent]
    for number, body in client.acknowledged.items():
        assert kinds[number] == REPEATED
        assert identified(resent[number].body) == identified(body)
    seen = [identified(a.body) for a in resent if a.kind in (DECIDED, TAKEN)]
    assert len(seen) == len(set(seen))
    assert again.engine.accepted == len({identified(b) for b in client.bodies if _good(b)})
    assert digest_of(again)  # decides everything from nothing, and must find what the recovered state decided
    again.close()


def _good(body: bytes) -> bool:
    return "card" in json.loads(body)


@pytest.mark.parametrize("seed", range(0, SEEDS, 4))
def test_bit_rot_is_refused_clearly_or_harmless(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    client = Client(tmp_path, SimulatedDisk(seed), seed)
    live = client.opened()
    client.run(live)
    expected = digest_of(live)
    os.close(live._lock)
    disk = client.disk.stopped()
    path = rng.choice([path for path in disk.files if path.suffix in (".log", ".packed")])
    at = rng.randrange(len(disk.files[path].now))
    disk.files[path].now[at] ^= 1 << rng.randrange(8)
    client.disk = disk
    try:
        again = client.opened()
        found = digest_of(again)  # what stands before a snapshot is read only now
    except (LogDamaged, Differs) as damaged:
        refusal = damaged.en
    else:
        refusal = ""
    if refusal:
        assert str(path) in refusal
        return
    assert found == expected  # only unused room behind the end was hit
    again.close()


def test_a_sync_error_stops_the_answers_until_it_is_opened_again(tmp_path: Path) -> None:
    disk = SimulatedDisk(1)
    client = Client(tmp_path, disk, 1)
    live = client.opened()
    live.take(client.bodies[:5])
    disk.fail_at, disk.way = disk.count + 1, "sync_error"
    with pytest.raises(ZhiyuError, match="nothing since position 0 is acknowledged"):
        live.sync()
    with pytest.raises(ZhiyuError, match="open it again"):
        live.take(client.bodies[5:6])
    with pytest.raises(ZhiyuError, match="open it again"):
        live.sync()


def test_a_full_disk_refuses_and_loses_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    disk = SimulatedDisk(1)
    client = Client(tmp_path, disk, 1)
    live = client.opened()
    [first] = live.take(client.bodies[:1])
    live.sync()
    live.log._reserved = 0
    disk.fail_at, disk.way = disk.count + 1, "full"
    with pytest.raises(DiskFull):
        live.take(client.bodies[1:2])
    assert live.broken == ""
    assert live.decision(json.loads(first.body)["id"]) == first.body
    disk.failed, disk.fail_at = False, 0
    assert live.take(client.bodies[1:2])[0].body
    assert live.sync() > 1
    assert Digest().hexdigest()
