"""Packed segments: the same bytes at every offset, damage named, a crash at any step leaves one whole file."""

from __future__ import annotations

import random
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.simulated_disk import PowerCut, SimulatedDisk
from zhiyu.log.disk import Disk, ReadingDisk, RealDisk
from zhiyu.log.folder import held
from zhiyu.log.frames import EVENTS, Broken, Frame
from zhiyu.log.packed import PackedFile, pack, same
from zhiyu.log.packing import AGAIN_MS, Packing
from zhiyu.log.segments import LogDamaged, SegmentLog

SIZES = (0, 1, 99, 100, 101, 1_000, 12_345)


def packed_file(disk: Disk, path: Path, content: bytes, block: int) -> PackedFile:
    source, target = disk.open(path), disk.open(path.with_suffix(".packed"))
    source.write(0, content) if content else None
    assert [*pack(source, target, block)] == [min(at + block, len(content)) for at in range(0, len(content), block)]
    found = PackedFile(disk.open(path.with_suffix(".packed")))
    assert same(source, found)
    return found


def content_of(rng: random.Random, size: int) -> bytes:
    return b"".join(rng.choice([b"aaaa", b"payment", rng.randbytes(5)]) for _ in range(size))[:size]


@pytest.mark.parametrize("size", SIZES)
def test_it_reads_as_what_it_was_made_from(size: int, tmp_path: Path) -> None:
    rng = random.Random(size)
    content = content_of(rng, size)
    file = packed_file(RealDisk(), tmp_path / "a", content, 100)
    assert file.size() == size
    for _ in range(200):
        offset, length = rng.randrange(size + 150), rng.randrange(350)
        assert file.read(offset, length) == content[offset : offset + length]
    for change in (lambda: file.write(0, b"x"), lambda: file.cut(0), lambda: file.reserve(9), file.sync):
        with pytest.raises(OSError, match="not written to"):
            change()


@pytest.mark.parametrize("seed", range(300))
def test_every_damaged_byte_is_noticed(seed: int) -> None:
    rng, disk, path = random.Random(seed), SimulatedDisk(), Path("a")
    content = content_of(rng, 700)
    packed_file(disk, path, content, 100)
    stored = disk.files[path.with_suffix(".packed")].now
    if seed % 5 == 0:
        del stored[rng.randrange(len(stored)) :]
    else:
        stored[rng.randrange(len(stored))] ^= 1 << rng.randrange(8)
    with pytest.raises(Broken):
        PackedFile(disk.open(path.with_suffix(".packed"))).read(0, len(content))


def filled(disk: Disk, folder: Path, reading: bool = False) -> SegmentLog:
    return SegmentLog(folder, "t", disk, lambda: 7, 600, reading)


def written(log: SegmentLog, count: int) -> None:
    for number in range(log.position, log.position + count):
        log.append(EVENTS, b"event %d " % number * 5, 1, number, number + 1)
        log.sync()


def told(log: SegmentLog) -> list[Frame]:
    return list(log.frames())


@pytest.mark.parametrize("disk", [RealDisk(), SimulatedDisk()])
def test_a_packed_log_reads_as_before(disk: Disk, tmp_path: Path) -> None:
    log = filled(disk, tmp_path / "log")
    written(log, 40)
    before, size, chain = told(log), log.bytes_kept(), log.chain
    place = log.segments[2].first, 0
    packing = Packing(log, lambda: 0)
    while packing.work(wait=True):
        pass
    assert (packing.packed, packing.problem) == (len(log.segments) - 1, "")
    assert all(segment.packed for segment in log.segments[:-1])
    packed = [f"{segment.first:020d}.packed" for segment in log.segments[:-1]]
    assert disk.names(tmp_path / "log") == [*packed, log.segments[-1].path.name, "commit"]
    written(log, 10)
    for again in (log, filled(disk, tmp_path / "log")):
        assert told(again)[:40] == before
        assert [payload_at(again, at) for at in range(40)] == [frame.payload for frame in before]
        assert next(again.frames_after(place, again.segments[2].chain_before)) == frame_of(before, place[0])
        assert again.bytes_unpacked() > size
    assert log.chain != chain
    if isinstance(disk, RealDisk):
        assert told(filled(ReadingDisk(), tmp_path / "log", reading=True))[:40] == before


def payload_at(log: SegmentLog, position: int) -> bytes:
    frame = log.frame_at(position)
    return frame.payload if frame else b""


def frame_of(frames: list[Frame], position: int) -> Frame:
    return next(frame for frame in frames if frame.header.first == position)


@pytest.mark.parametrize("way", ["cut", "full", "sync_error", "short"])
@pytest.mark.parametrize("seed", range(25))
def test_a_crash_at_any_step_of_packing_loses_nothing(way: str, seed: int, tmp_path: Path) -> None:
    rng, disk = random.Random(seed), SimulatedDisk(seed)
    log = filled(disk, tmp_path / "log")
    written(log, 20)
    before = told(log)
    disk.fail_at, disk.way = disk.count + 1 + seed, way
    moment = [0]
    packing = Packing(log, lambda: moment[0])
    with suppress(PowerCut):
        for segment in log.segments[:-1]:
            with suppress(OSError, Broken):
                packing._pack(segment)
    assert told(log) == before or way == "cut"
    disk = disk.restarted() if rng.random() < 0.5 else disk.stopped()
    again = filled(disk, tmp_path / "log")
    assert told(again) == before
    rest = Packing(again, lambda: moment[0])
    while rest.work(wait=True):
        pass
    assert told(again) == told(filled(disk, tmp_path / "log")) == before
    kinds = {name.rpartition(".")[2] for name in disk.names(tmp_path / "log")}
    assert kinds <= {"commit", "packed", "log"}


def test_a_full_disk_is_told_and_tried_again_later(tmp_path: Path) -> None:
    disk, moment = SimulatedDisk(), [0]
    log = filled(disk, tmp_path / "log")
    written(log, 20)
    before = told(log)
    packing = Packing(log, lambda: moment[0])
    disk.fail_at, disk.way = disk.count + 2, "full"
    assert packing.work(wait=True)
    assert "could not be packed" in packing.problem
    assert not packing.work(wait=True)
    assert told(log) == before
    disk.failed, disk.fail_at, moment[0] = False, 0, AGAIN_MS
    while packing.work(wait=True):
        pass
    assert packing.problem == ""
    assert told(log) == before
    packing.finish(stop=True)
    written(log, 20)
    assert not packing.work(wait=True)


def test_damage_says_where(tmp_path: Path) -> None:
    log = filled(RealDisk(), tmp_path / "log")
    written(log, 20)
    packing = Packing(log, lambda: 0)
    while packing.work(wait=True):
        pass
    path = log.segments[1].path
    content = bytearray(path.read_bytes())
    content[-3] ^= 4
    path.write_bytes(content)
    again = filled(RealDisk(), tmp_path / "log")
    with pytest.raises(LogDamaged, match=path.name):
        told(again)
    content[3] ^= 4
    path.write_bytes(content)
    again = filled(RealDisk(), tmp_path / "log")
    assert again.frame_at(0) == log.frame_at(0)  # what is whole is read
    with pytest.raises(LogDamaged, match=path.name):
        again.frame_at(log.segments[1].first)
    log.segments[-1].path.unlink()
    with pytest.raises(LogDamaged, match="the segment is gone"):
        filled(RealDisk(), tmp_path / "log")


def test_an_empty_segment_that_was_closed_is_damage(tmp_path: Path) -> None:
    log = filled(RealDisk(), tmp_path / "log")
    written(log, 20)
    names = RealDisk().names(tmp_path / "log")
    log.segments[1].path.write_bytes(b"")
    with pytest.raises(LogDamaged, match="the file is empty"):
        filled(RealDisk(), tmp_path / "log")

    class Stale(ReadingDisk):
        """Names as they were a moment before a segment was packed."""

        def names(self, folder: Path) -> list[str]:
            return names

    log.segments[1].path.unlink()
    with pytest.raises(LogDamaged, match="the file is empty"):
        filled(Stale(), tmp_path / "log", reading=True)


@pytest.mark.parametrize("seed", range(60))
def test_what_was_carried_over_counts_from_its_rename_on(seed: int, tmp_path: Path) -> None:
    """A crash at any step of letting go: either everything is there as before, or the log begins later and has what was carried over."""
    rng, disk = random.Random(seed), SimulatedDisk(seed)
    log = filled(disk, tmp_path / "log")
    written(log, 30)
    if seed % 3 == 0:
        log.forget(log.segments[1].first, b"first")()
    begin, old = log.first, log.carried()
    before, first = told(log), log.segments[-2].first
    disk.fail_at, disk.way = disk.count + 1 + rng.randrange(16), "cut"
    with suppress(PowerCut):
        log.forget(first, b"second")()
    disk = disk.restarted() if seed % 2 else disk.stopped()
    again = filled(disk, tmp_path / "log")
    assert (again.first, again.carried()) in ((begin, old), (first, b"second"))
    assert told(again) == [frame for frame in before if frame.header.first >= again.first]
    names = held(disk.names(tmp_path / "log"))
    assert names.left == ()
    assert disk.names(tmp_path / "log") == sorted(
        ["commit", *names.segments.values()] + ([f"{again.first:020d}.carried"] if again.carried() else [])
    )


def test_damage_of_what_was_carried_over_is_told(tmp_path: Path) -> None:
    log = filled(RealDisk(), tmp_path / "log")
    written(log, 30)
    first = log.segments[-2].first
    log.forget(first, b"carried")()
    path = tmp_path / "log" / f"{first:020d}.carried"
    path.write_bytes(path.read_bytes()[:-1] + b"?")
    with pytest.raises(LogDamaged, match="carried"):
        filled(RealDisk(), tmp_path / "log").carried()
