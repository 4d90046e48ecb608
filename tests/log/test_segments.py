"""The durable log on a disk that works, and on one that was changed behind its back."""

from pathlib import Path

import pytest

from tests.faults.simulated_disk import SimulatedDisk
from zhiyu.base.errors import InputError
from zhiyu.log.disk import ReadingDisk, RealDisk
from zhiyu.log.frames import EVENTS, RELEASE
from zhiyu.log.segments import COMMIT, DiskFull, LogDamaged, SegmentLog

HOME = Path("/log")


def opened(disk: SimulatedDisk, tenant: str = "default", segment_bytes: int = 2_000) -> SegmentLog:
    return SegmentLog(HOME, tenant, disk, lambda: 7, segment_bytes)


def fill(log: SegmentLog, frames: int, records: int = 3) -> None:
    for _ in range(frames):
        payload = b"%06d" % log.position * 20
        log.append(EVENTS, payload, records, log.position, log.position + records)


def told(log: SegmentLog, position: int = 0) -> list[tuple[int, int, bytes]]:
    return [(f.header.first, f.header.next, f.payload[:6]) for f in log.frames(position)]


def expected(frames: int) -> list[tuple[int, int, bytes]]:
    return [(3 * i, 3 * i + 3, b"%06d" % (3 * i)) for i in range(frames)]


def test_frames_come_back_in_order_across_segments_and_restarts() -> None:
    disk = SimulatedDisk()
    log = opened(disk)
    fill(log, 20)
    log.sync()
    assert told(log) == expected(20)
    assert len(log.segments) > 2
    log.close()
    again = opened(disk)
    assert (again.position, again.durable, again.chain, again.cut_off) == (60, 60, log.chain, 0)
    fill(again, 20)
    again.sync()
    assert told(opened(disk)) == expected(40)
    assert told(again, 31) == expected(40)[10:]


def test_one_frame_by_position() -> None:
    disk = SimulatedDisk()
    log = opened(disk)
    fill(log, 30)
    log.sync()
    for each in (log, opened(disk)):
        for position in range(90):
            frame = each.frame_at(position)
            assert frame is not None
            assert frame.payload[:6] == b"%06d" % (position // 3 * 3)
        assert each.frame_at(90) is None


def test_a_frame_without_records_stands_before_its_position() -> None:
    log = opened(SimulatedDisk())
    log.append(RELEASE, b"first", 0, 0, 0)
    fill(log, 2)
    log.append(RELEASE, b"second", 0, 6, 6)
    fill(log, 1)
    assert [f.payload[:6] for f in log.frames(6)] == [b"second", b"000006"]
    assert [f.header.kind for f in log.frames(0)] == [RELEASE, EVENTS, EVENTS, RELEASE, EVENTS]


def test_an_unfinished_frame_is_cut_off() -> None:
    disk = SimulatedDisk()
    log = opened(disk, segment_bytes=100_000)
    fill(log, 5)
    log.sync()
    fill(log, 1)
    path = log.segments[-1].path
    del disk.files[path].now[log.segments[-1].end - 7 :]
    again = opened(disk)
    assert told(again) == expected(5)
    assert again.cut_off > 0
    fill(again, 1)
    assert told(opened(disk)) == expected(6)


@pytest.mark.parametrize("place", [0, 50, 130, 500, 1_500])
def test_damage_to_what_was_acknowledged_is_refused_not_cut_off(place: int) -> None:
    disk = SimulatedDisk()
    log = opened(disk, segment_bytes=100_000)
    fill(log, 10)
    log.sync()
    disk.files[log.segments[-1].path].now[place] ^= 4
    with pytest.raises(LogDamaged, match=r"damaged at byte|belongs"):
        opened(disk)


def test_damage_in_an_old_segment_is_found_when_it_is_read() -> None:
    disk = SimulatedDisk()
    log = opened(disk)
    fill(log, 40)
    log.sync()
    disk.files[log.segments[1].path].now[700] ^= 1
    again = opened(disk)
    with pytest.raises(LogDamaged, match=r"000000\d+\.log is damaged at byte \d+"):
        told(again)


def test_a_missing_segment_is_named() -> None:
    disk = SimulatedDisk()
    log = opened(disk)
    fill(log, 40)
    log.sync()
    missing = log.segments[2]
    del disk.files[missing.path]
    with pytest.raises(LogDamaged, match=f"position {missing.first} is missing"):
        told(opened(disk))
    for segment in log.segments:
        disk.files.pop(segment.path, None)
    with pytest.raises(LogDamaged, match="only their mark is left"):
        opened(disk)


def test_a_changed_frame_with_a_right_checksum_breaks_the_chain() -> None:
    from zhiyu.log.frames import HEADER_BYTES, NO_CHAIN, read_header, written

    disk = SimulatedDisk()
    log = opened(disk, segment_bytes=100_000)
    fill(log, 3)
    log.sync()
    place = log.segments[0].offsets[1]
    content = disk.files[log.segments[0].path].now
    header = read_header(bytes(content[place : place + HEADER_BYTES]))
    forged, _ = written(header.kind, b"x" * header.size, header.records, header.first, header.next, 7, NO_CHAIN)
    content[place : place + len(forged)] = forged
    with pytest.raises(LogDamaged, match="the chain does not match"):
        opened(disk)


def test_another_tenants_log_is_refused() -> None:
    disk = SimulatedDisk()
    opened(disk).close()
    with pytest.raises(LogDamaged, match="belongs to tenant 'default'"):
        opened(disk, "other")


def test_a_full_disk_is_told_before_anything_changes() -> None:
    disk = SimulatedDisk()
    log = opened(disk)
    fill(log, 3)
    log.sync()
    disk.fail_at, disk.way = disk.count + 1, "full"
    with pytest.raises(DiskFull, match="no room"):
        log.reserve(1_000)
    assert told(opened(disk)) == expected(3)


def test_a_torn_mark_is_not_believed() -> None:
    disk = SimulatedDisk()
    log = opened(disk)
    fill(log, 3)
    log.sync()
    disk.files[HOME / COMMIT].now[3] ^= 1
    assert told(opened(disk)) == expected(3)


def test_reading_only_changes_nothing_and_sees_what_is_appended_meanwhile(tmp_path: Path) -> None:
    log = SegmentLog(tmp_path, "default", RealDisk(), lambda: 7, 2_000)
    fill(log, 9)
    log.reserve(500)
    log.sync()
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    reader = SegmentLog(tmp_path, "default", ReadingDisk(), lambda: 7, reading=True)
    assert told(reader) == expected(9)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
    fill(log, 20)
    assert told(reader) == expected(9)
    log.sync()
    assert told(SegmentLog(tmp_path, "default", ReadingDisk(), lambda: 7, reading=True)) == expected(29)
    with pytest.raises(OSError, match="reading only"):
        reader.append(EVENTS, b"x", 1, 27, 28)
    with pytest.raises(InputError, match="there is no log"):
        SegmentLog(tmp_path / "none", "default", ReadingDisk(), lambda: 7, reading=True)
