"""What is let go of, and what never is: the plan alone, and a folder that goes on deciding while old files leave."""

from __future__ import annotations

import contextlib
import json
import os
import random
from pathlib import Path

import pytest

from tests.engine.kept_folder import KEY
from tests.engine.live_stream import START_MS, live_opened, records
from tests.engine.test_live import digest_of
from tests.faults.simulated_disk import PowerCut, SimulatedDisk
from zhiyu.base.errors import InputError
from zhiyu.engine.answers import DECIDED, REPEATED, Answer
from zhiyu.engine.kept import Kept
from zhiyu.engine.live import Live
from zhiyu.engine.promise import FILE, MIN_KEEP_MS, Promise, promise_of, read_promise, write_promise
from zhiyu.engine.receipts import Receipt
from zhiyu.engine.retention import BETWEEN, RECOVERY_SNAPSHOTS, Needs, Stored, spare_snapshots
from zhiyu.engine.verify import Verifier
from zhiyu.log.disk import RealDisk

HOUR_MS = 3_600_000


@pytest.mark.parametrize("seed", range(200))
def test_a_promise_of_deciding_again_keeps_a_snapshot_before_every_promised_moment(seed: int) -> None:
    rng = random.Random(seed)
    times = sorted(rng.sample(range(1_000), rng.randrange(1, 60)))
    stored = [Stored(Path(str(i)), i, i, ms) for i, ms in enumerate(times)]
    promise = Promise(None, rng.choice([None, 1, 10, 100, 500, 5_000]))
    now = times[-1] + rng.randrange(200)
    gone = {each.position for each in spare_snapshots(stored, promise, now)}
    staying = [each for each in stored if each.position not in gone]
    assert staying[-RECOVERY_SNAPSHOTS:] == stored[-RECOVERY_SNAPSHOTS:]
    if promise.verify_ms is None:
        assert len(staying) <= RECOVERY_SNAPSHOTS
        return
    for moment in range(max(now - promise.verify_ms, 0), now):
        before = [each for each in stored if each.written_ms <= moment]
        kept = [each for each in staying if each.written_ms <= moment]
        assert bool(kept) == bool(before)
        if before and promise.verify_ms >= BETWEEN:
            assert (
                before[-1].written_ms - kept[-1].written_ms < max(promise.verify_ms // BETWEEN, 1) + promise.verify_ms
            )
    assert len(staying) <= BETWEEN + RECOVERY_SNAPSHOTS + 2


class Folder:
    """A live engine over 8 hours of wall clock; a snapshot every so often."""

    def __init__(self, root: Path, disk: SimulatedDisk | None = None) -> None:
        self.root, self.disk, self.moment = root, disk, START_MS
        self.opened = live_opened()
        self.bodies = records(31, 480)
        self.answers: list[Answer] = []

    def now(self) -> int:
        return self.moment

    def open(self) -> Live:
        return Live(
            self.root / "default", self.opened, clock="wall", now=self.now, disk=self.disk, segment_bytes=12_000, snapshot_events=10**9
        )  # fmt: skip

    def run(self, live: Live, stop: int, every: int = 40) -> None:
        """A minute a record."""
        while len(self.answers) < stop:
            self.moment += 60_000
            at = len(self.answers)
            self.answers += live.take(self.bodies[at : at + 1])
            live.sync()
            if len(self.answers) % every == 0:
                live.snapshot(wait=True)

    def decided(self) -> list[dict[str, object]]:
        return [json.loads(answer.body) for answer in self.answers if answer.kind == DECIDED]


def promised(folder: Folder, keep: str, verify: str = "") -> None:
    (folder.root / "default").mkdir(parents=True, exist_ok=True)
    write_promise(folder.root / "default", promise_of(keep, verify), RealDisk())


def test_what_is_promised_stays_and_what_is_not_goes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    promised(folder, "3h", "2h")
    live = folder.open()
    live.engine.door.limit((600_000, 400 * 86_400_000, HOUR_MS, 300_000))  # ids are remembered for an hour
    folder.run(live, 400)
    before = live.log.bytes_kept()
    assert live.retention.work(live._needs, wait=True)
    assert live.log.first > 0
    live.archive.index.forget(live.log.first)
    indexed = [int(path.stem) for path in (tmp_path / "default" / "index").glob("*.entities")]
    assert all(first >= live.log.first for first in indexed)
    assert live.log.bytes_kept() < before / 1.5
    assert len(list((tmp_path / "default" / "log").glob("*.log"))) == len(live.log.segments)
    facts = live.retention.facts()
    assert facts["promise"] == {"keep": "3h", "verify": "2h", "personal": "3h"}
    assert facts["explained_from"]["position"] == live.log.first == live.facts()["log_first"]
    for answer in folder.decided():
        age_ms = (400 - int(str(answer["position"]))) * 60_000
        if age_ms < 3 * HOUR_MS:
            assert live.at(int(str(answer["position"]))) is not None
    receipts = [Receipt.parse(str(answer["receipt"])) for answer in folder.decided()]
    found = Verifier(Kept(tmp_path, "default", KEY)).receipts(receipts)
    for verdict in found.verdicts:
        age_ms = (400 - verdict.position) * 60_000
        assert verdict.status == "holds" if age_ms <= 2 * HOUR_MS else verdict.status in ("holds", "gone")
    assert found.counts["gone"] > 50
    again = live.take([folder.bodies[390]])
    assert again[0].kind == REPEATED
    os.close(live._lock)
    reopened = folder.open()
    assert reopened.recovered.snapshot > 0
    folder.run(reopened, 420)
    reopened.close()


def test_without_a_promise_nothing_goes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    live = folder.open()
    folder.run(live, 200)
    live.retention.work(live._needs, wait=True)
    assert live.log.first == 0
    assert live.retention.facts()["promise"] == {"keep": "forever", "verify": "forever", "personal": "forever"}
    live.close()


def test_an_unreadable_promise_lets_nothing_go_and_is_told(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    promised(folder, "1h")
    (tmp_path / "default" / FILE).write_text("{")
    live = folder.open()
    folder.run(live, 200)
    live.retention.work(live._needs, wait=True)
    assert live.log.first == 0
    assert "cannot be read" in live.retention.facts()["problem"]
    live.close()


def test_ids_that_are_remembered_and_a_release_that_counts_keep_the_log(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    promised(folder, "1h")
    live = folder.open()  # ids are remembered for a week
    folder.run(live, 300)
    live.retention.work(live._needs, wait=True)
    assert live.log.first == 0
    live.retention.work(lambda: Needs(0, 1 << 62), wait=True)
    assert live.log.first == 0
    live.retention.work(lambda: Needs(1 << 62, 1 << 62), wait=True)
    assert live.log.first > 0
    live.close()


@pytest.mark.parametrize("seed", range(40))
def test_a_crash_at_any_step_of_letting_go_is_safe(seed: int, tmp_path: Path) -> None:
    folder = Folder(tmp_path, SimulatedDisk(seed))
    assert folder.disk is not None
    promised(folder, "2h")
    live = folder.open()
    live.engine.door.limit((600_000, 400 * 86_400_000, HOUR_MS, 300_000))
    folder.run(live, 260, 30)
    expected, position = digest_of(live), live.position
    folder.disk.fail_at, folder.disk.way = folder.disk.count + 1 + seed % 20, "cut"
    with contextlib.suppress(PowerCut):
        live.retention.work(live._needs, wait=True)
    os.close(live._lock)
    folder.disk = folder.disk.restarted() if seed % 2 else folder.disk.stopped()
    again = folder.open()
    assert again.position == position
    firsts = [segment.first for segment in again.log.segments]
    frames = list(again.log.frames(firsts[0]))  # every frame follows the one before, from the first segment to the end
    assert frames[-1].header.next == position
    if firsts[0] == 0:
        assert digest_of(again) == expected
    folder.run(again, 270)
    again.close()


def test_promises_are_read_as_they_are_written(tmp_path: Path) -> None:
    for keep, verify in (("30d", "7d"), ("forever", "forever"), ("forever", "1h"), ("2h", "")):
        write_promise(tmp_path, promise_of(keep, verify), RealDisk())
        assert read_promise(tmp_path) == promise_of(keep, verify)
    assert promise_of("1h") == Promise(MIN_KEEP_MS, MIN_KEEP_MS, MIN_KEEP_MS)
    for keep, verify in (("59m", ""), ("1h", "2h"), ("1h", "forever"), ("soon", ""), ("", "")):
        with pytest.raises(InputError):
            promise_of(keep, verify)
