"""Snapshots that are not what was written: any byte, in any file, is noticed; opening goes on from an older one, or from the log."""

from __future__ import annotations

import os
import random
import shutil
from pathlib import Path

import pytest

from tests.engine.live_stream import live_opened
from tests.engine.test_snapshots import answers_to_the_rest, filled, killed, reopened
from zhiyu.base.errors import LimitExceeded
from zhiyu.engine.engine import Engine
from zhiyu.engine.recovery import UNFIT

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
FILES = ("features.state", "ids.state", "lists.state", "labels.state", "feedback.state")


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A folder with two snapshots, and what is answered after it when nothing is damaged."""
    folder = tmp_path_factory.mktemp("kept") / "a"
    live = filled(folder, (100, 200))
    live.log.close()
    killed(live)
    shutil.copytree(folder, folder.with_name("b"))
    return folder, answers_to_the_rest(reopened(folder.with_name("b")))


def fresh() -> Engine:
    opened = live_opened()
    return Engine(opened.compiled, opened.codes, opened.tenant, 1 << 24)


def places(path: Path, rng: random.Random, count: int) -> list[int]:
    """Every byte of the begin and the end, and others by chance."""
    size = path.stat().st_size
    edges = [*range(min(64, size)), *range(max(size - 40, 0), size)]
    return sorted({*rng.sample(edges, min(count // 2, len(edges))), *(rng.randrange(size) for _ in range(count))})


@pytest.mark.parametrize("name", FILES)
def test_every_changed_byte_is_noticed(kept: tuple[Path, list[bytes]], name: str, tmp_path: Path) -> None:
    newest = max((kept[0] / "snapshots").iterdir())
    rng = random.Random(name)
    fresh().restore(newest)
    shutil.copytree(newest, tmp_path / "s")
    path = tmp_path / "s" / name
    content = path.read_bytes()
    for at in places(path, rng, max(EXAMPLES // 4, 10)):
        changed = bytearray(content)
        changed[at] ^= 1 << rng.randrange(8)
        path.write_bytes(changed)
        with pytest.raises(UNFIT):
            fresh().restore(tmp_path / "s")
    for size in (0, 1, 20, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(UNFIT):
            fresh().restore(tmp_path / "s")
    path.write_bytes(content + b"\0")
    with pytest.raises(UNFIT):
        fresh().restore(tmp_path / "s")


@pytest.mark.parametrize("seed", range(12))
def test_opening_goes_on_from_what_is_good_and_decides_the_same(
    kept: tuple[Path, list[bytes]], seed: int, tmp_path: Path
) -> None:
    folder, expected = kept
    shutil.copytree(folder, tmp_path / "a")
    rng = random.Random(seed)
    snapshots = sorted((tmp_path / "a" / "snapshots").iterdir())
    damaged = rng.sample(snapshots, rng.choice([1, 1, 2]))
    for each in damaged:
        path = each / rng.choice(FILES)
        content = bytearray(path.read_bytes())
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
        path.write_bytes(content)
    again = reopened(tmp_path / "a")
    used = max((int(each.name) for each in snapshots if each not in damaged), default=-1)
    assert again.recovered.snapshot == used
    assert len(again.recovered.notes) == sum(int(each.name) > used for each in damaged)
    assert answers_to_the_rest(again) == expected


@pytest.mark.parametrize("limit", [1 << 23, 1 << 24, 1 << 26, 1 << 30])
def test_a_snapshot_goes_to_a_machine_with_another_memory(
    kept: tuple[Path, list[bytes]], limit: int, tmp_path: Path
) -> None:
    opened = live_opened()
    newest = max((kept[0] / "snapshots").iterdir())
    one, other = fresh(), Engine(opened.compiled, opened.codes, opened.tenant, limit)
    one.restore(newest)
    other.restore(newest)
    one.snapshot(tmp_path / "one", {})
    other.snapshot(tmp_path / "other", {})
    third = fresh()
    third.restore(tmp_path / "other")
    third.snapshot(tmp_path / "third", {})
    assert (tmp_path / "third" / "features.state").read_bytes() == (tmp_path / "one" / "features.state").read_bytes()


def test_a_snapshot_that_is_too_big_for_the_memory_says_so(kept: tuple[Path, list[bytes]]) -> None:
    opened = live_opened()
    small = Engine(opened.compiled, opened.codes, opened.tenant, 1 << 9)
    with pytest.raises(LimitExceeded, match="state memory is at its limit"):
        small.restore(max((kept[0] / "snapshots").iterdir()))
