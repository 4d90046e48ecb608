"""Snapshots while serving: what opening takes from them, and what it does when they are damaged."""

import os
import select
import subprocess
import sys
from pathlib import Path

import pytest

from tests.engine.live_stream import live_opened, records
from tests.engine.test_live import serve
from zhiyu.engine.live import Live
from zhiyu.log.segments import LogDamaged

BODIES = records(11, 300)


def filled(folder: Path, snapshots_after: tuple[int, ...] = (100, 200), every: int = 10**9) -> Live:
    live = Live(folder, live_opened(), clock="events", segment_bytes=20_000, snapshot_events=every)
    begun = 0
    for stop in (*snapshots_after, len(BODIES)):
        serve(live, BODIES[begun:stop])
        if stop < len(BODIES):
            assert live.snapshot(wait=True)
        begun = stop
    return live


def killed(live: Live) -> None:
    """The process is gone without closing anything."""
    os.close(live._lock)


def reopened(folder: Path) -> Live:
    return Live(folder, live_opened(), clock="events", segment_bytes=20_000)


def answers_to_the_rest(live: Live) -> list[bytes]:
    more = [body.replace(b'"id": "e', b'"id": "f') for body in records(12, 80)]
    return [answer.body.split(b',"policy"')[0] for answer in serve(live, more)]


@pytest.mark.parametrize("damaged", ["", "newest", "all", "none"])
def test_opening_goes_on_from_the_newest_good_snapshot(tmp_path: Path, damaged: str) -> None:
    live = filled(tmp_path / "a", () if damaged == "none" else (100, 200))
    expected = answers_to_the_rest(filled(tmp_path / "b", ()))
    killed(live)
    folders = sorted((tmp_path / "a" / "snapshots").iterdir())
    for folder in {"newest": folders[-1:], "all": folders}.get(damaged, []):
        content = bytearray((folder / "features.state").read_bytes())
        content[len(content) // 2] ^= 1
        (folder / "features.state").write_bytes(content)
    again = reopened(tmp_path / "a")
    used = {"": 200, "newest": 100, "all": -1, "none": -1}[damaged]
    assert again.recovered.snapshot == used
    assert again.recovered.events == again.engine.accepted - (0 if used < 0 else _accepted_before(again, used))
    assert len(again.recovered.notes) == {"newest": 1, "all": 2}.get(damaged, 0)
    assert answers_to_the_rest(again) == expected


def _accepted_before(live: Live, position: int) -> int:
    return sum(f.header.records for f in live.log.frames() if f.header.next <= position)


def test_the_newest_two_are_kept_and_leftovers_cleaned_up(tmp_path: Path) -> None:
    live = filled(tmp_path, (50, 100, 150, 200))
    (tmp_path / "snapshots" / "00000000000000000999.part").mkdir()
    killed(live)
    again = reopened(tmp_path)
    assert [int(path.name) for path in sorted((tmp_path / "snapshots").iterdir())] == [150, 200]
    again.close()


def test_a_snapshot_is_begun_by_itself_after_so_many_events(tmp_path: Path) -> None:
    live = filled(tmp_path, (), every=120)
    live.snapshots.poll(wait=True)
    assert live.snapshots.last >= 120
    assert live.snapshots.paused_s < 1


def test_a_snapshot_that_cannot_be_written_is_told_and_harms_nothing(tmp_path: Path) -> None:
    live = filled(tmp_path, (100,))
    before = live.position
    (tmp_path / "snapshots" / f"{live.log.position:020d}.part").write_text("in the way")
    assert live.snapshot(wait=True)
    assert "could not be written" in str(live.facts()["snapshot_failed"])
    assert live.snapshots.last == 100
    assert len(answers_to_the_rest(live)) > 0
    killed(live)
    assert reopened(tmp_path).position > before


def test_closing_writes_a_snapshot_when_much_came(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("zhiyu.engine.durable.CLOSE_EVENTS", 100)
    filled(tmp_path, ()).close()
    again = reopened(tmp_path)
    assert again.recovered.events == 0
    assert again.recovered.snapshot == again.position


def test_a_log_without_its_beginning_needs_a_snapshot(tmp_path: Path) -> None:
    live = filled(tmp_path, (250,))
    killed(live)
    segments = sorted((tmp_path / "log").glob("*.log"))
    for path in segments[:-2]:
        path.unlink()
    again = reopened(tmp_path)
    assert again.recovered.snapshot == 250
    killed(again)
    for folder in (tmp_path / "snapshots").iterdir():
        (folder / "features.state").unlink()
    with pytest.raises(LogDamaged, match="the log begins at position"):
        reopened(tmp_path)


PATIENCE_S = 600
"""Longer than any machine under load takes to end a process, and shorter than the child would live."""
LEFT_ALONE = """
import sys, time
from pathlib import Path
from tests.engine.live_stream import live_opened, records
from zhiyu.engine import snapshots
from zhiyu.engine.live import Live
live = Live(Path(sys.argv[1]), live_opened(), clock="events")
live.take(records(1, 5))
snapshots._written = lambda *given: time.sleep(1e6)
live.snapshot()
print(live.snapshots._child, flush=True)
sys.stdin.read()
"""


def test_a_snapshot_ends_when_the_process_is_killed(tmp_path: Path) -> None:
    """Else it would go on writing into a folder that another process has opened since. By itself the child would sleep for days."""
    command = [sys.executable, "-c", LEFT_ALONE, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    server = subprocess.Popen(command, text=True, **pipes)
    assert server.stdout is not None
    told = server.stdout.readline()
    assert told.strip().isdecimal(), server.communicate()[1]
    child = os.pidfd_open(int(told))
    server.kill()
    server.communicate()
    assert select.select([child], [], [], PATIENCE_S)[0]
    os.close(child)
