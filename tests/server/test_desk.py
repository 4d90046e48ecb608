"""The desk: what arrives together is decided together; overload, missed deadlines, a broken disk. No test depends on how long it takes."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Collection, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.engine.live_stream import live_opened
from tests.faults.simulated_disk import SimulatedDisk
from tests.server.served import payment
from zhiyu.engine.live import DECIDED, Answer, Live
from zhiyu.features.declare import Feature
from zhiyu.server.desk import Desk
from zhiyu.server.meters import TenantMeters
from zhiyu.server.pace import BEAT_S, Pace
from zhiyu.server.problems import HttpError
from zhiyu.server.settings import Settings

OPENED = live_opened()


class Paced(Live):
    """The real log with a clock of its own that each record moves on, and a gate before its syncs."""

    def __init__(self, folder: Path, each_s: float = 0.0, disk: Any = None) -> None:
        super().__init__(folder, OPENED, clock="events", disk=disk)
        self.now_s, self._each_s = 0.0, each_s
        self.may_sync = threading.Event()
        self.may_sync.set()
        self.batches: list[int] = []
        self.were_late: list[list[int]] = []

    def take(self, bodies: Sequence[bytes], source: str | None = None, late: Collection[int] = ()) -> list[Answer]:
        self.now_s += self._each_s * len(bodies)
        self.batches.append(len(bodies))
        self.were_late.append(list(late))
        return super().take(bodies, source, late)

    def sync(self) -> int:
        assert self.may_sync.wait(60)
        return super().sync()


class Failing(SimulatedDisk):
    """Fails at the next write or sync once armed."""

    armed = ""

    def step(self, sync: bool = False) -> bool:
        self.count += 1
        if self.armed and sync == (self.armed == "sync"):
            self.armed = ""
            return True
        return False


def desk_of(live: Paced, again: Callable[[], Live] | None = None, **settings: Any) -> Desk:
    """A desk whose clocks are that of the log."""
    opens = iter([lambda: live, *([again] if again else [])])
    pace = Pace(lambda: live.now_s, lambda: live.now_s)
    return Desk(lambda: next(opens)(), Settings(**settings), TenantMeters(), lambda: live.now_s, pace)


def test_what_arrives_together_is_one_batch(tmp_path: Path) -> None:
    async def run() -> None:
        live = Paced(tmp_path / "t")
        desk = desk_of(live)
        answers = await asyncio.gather(*(desk.submit([payment(number)]) for number in range(50)))
        assert live.batches == [50]
        assert [json.loads(one[0].body)["id"] for one in answers] == [f"p{number}" for number in range(50)]
        await desk.close()

    asyncio.run(run())


def test_nothing_is_answered_before_it_is_on_disk(tmp_path: Path) -> None:
    async def run() -> None:
        live = Paced(tmp_path / "t")
        live.may_sync.clear()
        desk = desk_of(live)
        first = desk.submit([payment(1)])
        refused = await desk.submit([b"{"])
        assert refused[0].refusal is not None
        second = desk.submit([payment(2)])
        third = desk.submit([payment(3)])
        for _ in range(20):
            await asyncio.sleep(0)
        assert not first.done()
        assert not second.done()
        live.may_sync.set()
        assert [(await one)[0].kind for one in (first, second, third)] == [DECIDED] * 3
        assert live.durable == live.position
        await desk.close()

    asyncio.run(run())


def test_deciding_goes_one_batch_ahead_of_the_sync_and_the_rest_waits_to_be_one_batch(tmp_path: Path) -> None:
    async def run() -> None:
        live = Paced(tmp_path / "t")
        live.may_sync.clear()
        desk = desk_of(live)
        futures = []
        for number in range(6):
            futures.append(desk.submit([payment(number)]))
            for _ in range(5):
                await asyncio.sleep(0)
        assert live.batches == [1, 1]
        live.may_sync.set()
        await asyncio.gather(*futures)
        assert live.batches == [1, 1, 4]
        await desk.close()

    asyncio.run(run())


def test_overload_is_shed_and_says_when_to_come_again(tmp_path: Path) -> None:
    async def run() -> None:
        live = Paced(tmp_path / "t", each_s=0.01)
        desk = desk_of(live, max_wait_s=0.25)
        for number in range(200):
            await desk.submit([payment(f"warm{number}")])
        taken, shed = [], []
        for number in range(100):
            try:
                taken.append(desk.submit([payment(number)]))
            except HttpError as error:
                shed.append(error)
        assert 20 <= len(taken) <= 26, desk.waiting.expected_s(1)
        assert {(error.status, error.code, dict(error.headers)[b"retry-after"]) for error in shed} == {
            (429, "overloaded", b"1")
        }
        assert all(one[0].kind == DECIDED for one in await asyncio.gather(*taken))
        assert live.position == 200 + len(taken)
        assert desk.unanswered == desk.queued == desk.queued_bytes == 0
        await desk.submit([payment("after")])
        await desk.close()

    asyncio.run(run())


@pytest.mark.parametrize(("late_s", "taken"), [(0.24, 7), (0.5, 13), (10.0, 26)])
def test_a_loop_that_comes_late_counts_but_never_has_everything_shed(tmp_path: Path, late_s: float, taken: int) -> None:
    """The loop stood still because of others: what is decided in a quarter of the wait, or of the lateness, is taken, the rest is shed;
    more than the wait never."""

    async def run() -> None:
        live = Paced(tmp_path / "t", each_s=0.01)
        desk = desk_of(live, max_wait_s=0.25)
        for number in range(200):
            await desk.submit([payment(f"warm{number}")])
        desk.pace.beat()
        futures = [desk.submit([payment(0)])]
        live.now_s += late_s + BEAT_S
        shed = 0
        for number in range(1, 40):
            try:
                futures.append(desk.submit([payment(number)]))
            except HttpError:
                shed += 1
        assert taken - 3 <= len(futures) <= taken
        assert shed == 40 - len(futures)
        await asyncio.gather(*futures)
        await desk.close()

    asyncio.run(run())


def test_a_sender_that_can_wait_is_let_in_when_there_is_room(tmp_path: Path) -> None:
    async def run() -> None:
        live = Paced(tmp_path / "t", each_s=0.01)
        desk = desk_of(live, max_wait_s=0.25, max_ahead=1)
        for number in range(100):
            await desk.submit([payment(f"warm{number}")])
        live.may_sync.clear()
        ahead = desk.submit([payment("ahead")])
        await asyncio.sleep(0)
        queued = desk.submit([payment(number) for number in range(20)])
        with pytest.raises(HttpError):
            desk.submit([payment(number) for number in range(20, 30)])
        waits = asyncio.ensure_future(desk.room())
        for _ in range(10):
            await asyncio.sleep(0)
        assert not waits.done()
        live.may_sync.set()
        await asyncio.gather(ahead, queued, waits)
        await desk.close()

    asyncio.run(run())


@pytest.mark.parametrize("limit", [{"max_queued": 10}, {"max_queued_bytes": 10 * len(payment(10))}])
def test_the_queue_has_an_end(tmp_path: Path, limit: dict[str, int]) -> None:
    async def run() -> None:
        desk = desk_of(Paced(tmp_path / "t"), **limit)
        futures = [desk.submit([payment(number)]) for number in range(10, 20)]
        with pytest.raises(HttpError) as shed:
            desk.submit([payment(20)])
        assert shed.value.status == 429
        await asyncio.gather(*futures)
        await desk.close()

    asyncio.run(run())


def test_a_missed_deadline_gets_the_fallback(tmp_path: Path) -> None:
    async def run() -> None:
        live = Paced(tmp_path / "t")
        desk = desk_of(live)
        soon = desk.submit([payment(1)], deadline=0.5)
        batch = desk.submit([payment(2), payment(3)], deadline=2.0)
        live.now_s = 1.0
        told = [json.loads(answer.body) for one in (soon, batch) for answer in await one]
        assert live.were_late == [[0]]
        assert [(each["fallback"], each["outcome"]) for each in told] == [
            (True, "challenge"),
            (False, "pass"),
            (False, "pass"),
        ]
        await desk.close()

    asyncio.run(run())


@pytest.mark.parametrize(
    ("armed", "way"), [("sync", "sync_error"), ("write", "read_only"), ("write", "short"), ("write", "torn")]
)
def test_a_broken_disk_acknowledges_nothing_and_the_log_is_opened_again(tmp_path: Path, armed: str, way: str) -> None:
    """Everything acknowledged is there afterwards; what was not can be sent again and is there once."""

    async def run() -> None:
        disk = Failing(3, way=way)
        live = Paced(tmp_path / "t", disk=disk)
        again: list[Paced] = []
        desk = desk_of(live, lambda: again.append(Paced(tmp_path / "t", disk=disk.restarted())) or again[0])
        kept = await desk.submit([payment(1)])
        disk.armed = armed
        futures = []
        for number in range(2, 9):  # one by one, so that some are being synced, some decided, some queued
            futures.append(desk.submit([payment(number)]))
            await asyncio.sleep(0)
            if desk.broken:
                break
        results = await asyncio.gather(*futures, return_exceptions=True)
        assert all(isinstance(one, HttpError) and one.status == 503 for one in results), results
        while desk.broken:
            await asyncio.sleep(0.01)
        assert desk.live is again[0]
        assert desk.live.decision("p1") == kept[0].body
        answers = await asyncio.gather(*(desk.submit([payment(number)]) for number in range(1, 9)))
        told = [json.loads(one[0].body) for one in answers]
        assert [each["id"] for each in told] == [f"p{number}" for number in range(1, 9)]
        assert told[0]["repeated"] is True
        assert len({each["position"] for each in told}) == 8
        assert desk.unanswered == desk.queued == desk.queued_bytes == 0
        await desk.close()

    asyncio.run(run())


def test_a_log_that_cannot_be_opened_again_stays_stopped(tmp_path: Path) -> None:
    async def run() -> None:
        disk = Failing(3, way="sync_error")
        live = Paced(tmp_path / "t", disk=disk)

        def fails() -> Live:
            raise OSError("still broken")

        desk = desk_of(live, fails)
        disk.armed = "sync"
        with pytest.raises(HttpError) as failed:
            await desk.submit([payment(1)])
        assert failed.value.status == 503
        for _ in range(3):  # however often: it was tried once
            await asyncio.sleep(0.05)
            with pytest.raises(HttpError) as refused:
                desk.submit([payment(2)])
            assert (refused.value.status, refused.value.code) == (503, "broken")
        await desk.close()

    asyncio.run(run())


def test_a_sender_that_waits_for_room_is_told_when_the_log_stops(tmp_path: Path) -> None:
    async def run() -> None:
        disk = Failing(3, way="sync_error")
        live = Paced(tmp_path / "t", each_s=0.01, disk=disk)

        def fails() -> Live:
            raise OSError("still broken")

        desk = desk_of(live, fails, max_wait_s=0.001, max_ahead=1)
        live.may_sync.clear()
        disk.armed = "sync"
        futures = [desk.submit([payment(1)])]
        await asyncio.sleep(0)
        futures.append(desk.submit([payment(2)]))
        waits = asyncio.ensure_future(desk.room())
        await asyncio.sleep(0)
        live.may_sync.set()
        await asyncio.wait_for(waits, 60)
        assert all(isinstance(each, HttpError) for each in await asyncio.gather(*futures, return_exceptions=True))
        await desk.close()

    asyncio.run(run())


def test_a_release_that_counts_comes_into_force_while_serving(tmp_path: Path) -> None:
    """Another policy counts from the log in the background; every decision names its version, and none is refused."""
    richer = live_opened(
        extra=(Feature(name="seen_2h", aggregate="count", by="card", over="2h", on=("payment",)),), when="seen_2h > 5"
    )

    async def run() -> None:
        live = Paced(tmp_path / "t")
        desk = desk_of(live)
        await asyncio.gather(*(desk.submit([payment(number)]) for number in range(500)))
        live.release(richer)
        versions = []
        while not versions or versions[-1] != richer.artifact.hash:
            desk.tick()
            answer = await desk.submit([payment(f"n{len(versions)}")])
            versions.append(json.loads(answer[0].body)["policy"])
        assert set(versions) <= {OPENED.artifact.hash, richer.artifact.hash}
        await desk.close()

    asyncio.run(run())


def test_closing_finishes_what_is_queued(tmp_path: Path) -> None:
    async def run() -> None:
        live = Paced(tmp_path / "t")
        desk = desk_of(live)
        futures = [desk.submit([payment(number)]) for number in range(30)]
        await desk.close()
        assert [one[0].kind for one in await asyncio.gather(*futures)] == [DECIDED] * 30
        with pytest.raises(HttpError) as refused:
            desk.submit([payment(99)])
        assert refused.value.code == "stopping"

    asyncio.run(run())
    assert Paced(tmp_path / "t").decision("p29") is not None
