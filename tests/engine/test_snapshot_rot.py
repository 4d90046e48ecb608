"""Snapshots that are not what was written: any byte, in any file, is noticed; opening goes on from an older one, or from the log."""

from __future__ import annotations

import json
import os
import random
import shutil
from pathlib import Path

import pytest

from tests import waiting_policy
from tests.engine.test_snapshots import answers_to_the_rest, filled, killed, reopened
from zhiyu.base.errors import LimitExceeded
from zhiyu.decisions.digest import Digest
from zhiyu.engine.engine import Engine
from zhiyu.engine.live import Live
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.engine.recovery import UNFIT
from zhiyu.events.batch import RawBatch
from zhiyu.events.decode import decode
from zhiyu.log.list_file import Row
from zhiyu.policy.load import load_texts

EXAMPLES = int(os.environ.get("ZHIYU_EXAMPLES", "200"))
GANG = 'gang: {when: "network_core_persons >= 2", window: 9h, alert_people: 2}'
PARTS = {"features", "ids", "lists", "labels", "feedback", "network", "waits"}
"""What a snapshot consists of at least when a policy has everything; the files themselves are those that are on the disk."""


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[bytes]]:
    """A folder with two snapshots, and what is answered after it when nothing is damaged."""
    folder = tmp_path_factory.mktemp("kept") / "a"
    live = filled(folder, (100, 200))
    live.log.close()
    killed(live)
    shutil.copytree(folder, folder.with_name("b"))
    return folder, answers_to_the_rest(reopened(folder.with_name("b")))


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> tuple[Opened, Path]:
    """A policy that has whatever an engine remembers, and a snapshot of it."""
    text = waiting_policy.POLICY.replace("links: [{field: device}]}", f"links: [{{field: device}}], {GANG}}}").replace(
        "LAG", "7"
    )
    text = text.replace(
        "- {name: listed,", "- {name: crowd, when: network_gang_persons > 1, score: 1}\n  - {name: listed,"
    )
    opened = open_policy(load_texts({"policy.yaml": text.encode()}), key=b"0123456789abcdef")
    folder, rng = tmp_path_factory.mktemp("everything"), random.Random(4)
    live = Live(folder, opened, clock="events")
    for record in waiting_policy.random_stream(rng, 300):
        record.pop("label", None)
        if record["type"] == "drawdown":
            record["device"] = rng.choice("xyz")
        live.take([json.dumps(record).encode()])
    for name in ("new1", "new2", "new3"):
        last = {
            "type": "drawdown",
            "id": name,
            "customer": name,
            "amount": 250,
            "time": waiting_policy.when(live.moment()),
        }
        live.take([json.dumps(last).encode()])
    live.change_lists(live.list_changes().bring("blocked", [Row(1, "a")], live.moment()).changes)
    assert live.snapshot(wait=True)
    assert live.engine.network is not None
    assert live.engine.network.gangs is not None
    assert live.engine.network.gangs.lines > 0
    assert len(live.waiting()) > 0
    killed(live)
    return opened, max((folder / "snapshots").iterdir())


def engine_of(opened: Opened, limit: int = 1 << 24) -> Engine:
    return Engine(opened.compiled, opened.codes, opened.tenant, limit)


def places(path: Path, rng: random.Random, count: int) -> list[int]:
    """Every byte of the begin and the end, and others by chance."""
    size = path.stat().st_size
    edges = [*range(min(64, size)), *range(max(size - 40, 0), size)]
    return sorted({*rng.sample(edges, min(count // 2, len(edges))), *(rng.randrange(size) for _ in range(count))})


def test_every_changed_byte_of_every_file_is_noticed(everything: tuple[Opened, Path], tmp_path: Path) -> None:
    opened, newest = everything
    names = sorted(path.name for path in newest.iterdir())
    assert {f"{part}.state" for part in PARTS} <= set(names)
    engine_of(opened).restore(newest)
    shutil.copytree(newest, tmp_path / "s")
    for name in names:
        path, rng = tmp_path / "s" / name, random.Random(name)
        content = path.read_bytes()
        for at in places(path, rng, max(EXAMPLES // 4, 10)):
            changed = bytearray(content)
            changed[at] ^= 1 << rng.randrange(8)
            path.write_bytes(changed)
            refused(opened, tmp_path / "s", f"{name} at {at}")
        for size in (0, 1, 20, len(content) // 2, len(content) - 1):
            path.write_bytes(content[:size])
            refused(opened, tmp_path / "s", f"{name} cut at {size}")
        path.write_bytes(content + b"\0")
        refused(opened, tmp_path / "s", f"{name} with a byte more")
        path.unlink()
        refused(opened, tmp_path / "s", f"without {name}")
        path.write_bytes(content)
    engine_of(opened).restore(tmp_path / "s")


def refused(opened: Opened, folder: Path, what: str) -> None:
    try:
        engine_of(opened).restore(folder)
    except UNFIT:
        return
    raise AssertionError(f"{what} was taken")


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
        path = rng.choice(sorted(each.iterdir()))
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
    everything: tuple[Opened, Path], limit: int, tmp_path: Path
) -> None:
    opened, newest = everything
    one, other = engine_of(opened), engine_of(opened, limit)
    one.restore(newest)
    other.restore(newest)
    one.snapshot(tmp_path / "one", {})
    other.snapshot(tmp_path / "other", {})
    third = engine_of(opened)
    third.restore(tmp_path / "other")
    third.snapshot(tmp_path / "third", {})
    for path in (tmp_path / "one").iterdir():
        assert (tmp_path / "third" / path.name).read_bytes() == path.read_bytes(), path.name
    rng, found = random.Random(5), list[str]()
    records = [record for record in waiting_policy.random_stream(rng, 80) if record["type"] == "drawdown"]
    for engine in (one, other, third):
        digest = Digest()
        for record in records:
            more = record | {
                "id": f"more-{record['id']}",
                "device": "x",
                "time": waiting_policy.when(waiting_policy.START + 10**9),
            }
            batch = decode(opened.compiled.schema, None, RawBatch(records=[more]), opened.codes, opened.tenant).batch
            digest.update(engine.process(batch).decisions)
        found.append(digest.hexdigest())
    assert len(set(found)) == 1


@pytest.mark.parametrize("limit", [1 << 9, 1 << 14])
def test_a_snapshot_that_is_too_big_for_the_memory_says_so(everything: tuple[Opened, Path], limit: int) -> None:
    opened, newest = everything
    with pytest.raises(LimitExceeded, match="is at its limit"):
        engine_of(opened, limit).restore(newest)


def test_features_and_network_share_one_budget(everything: tuple[Opened, Path]) -> None:
    """Each alone would fit: together, with the memory of ids, they do not; what is taken stays near the limit, and is told."""
    opened, _ = everything
    limit, taken = 3 << 20, list[int]()
    engine = engine_of(opened, limit)

    def fill() -> None:
        for number in range(400):
            own, moment = (
                [f"{number}-{each}" for each in range(100)],
                waiting_policy.when(waiting_policy.START + number),
            )
            records = [
                {"type": "drawdown", "id": each, "customer": each, "amount": 1, "device": each[:-1], "time": moment}
                for each in own
            ]
            batch = decode(opened.compiled.schema, None, RawBatch(records=records), opened.codes, opened.tenant).batch
            engine.process(batch)
            taken.append(engine.facts()["bytes"])

    with pytest.raises(LimitExceeded, match=r"is at its limit.*ZHIYU_STATE_BYTES"):
        fill()
    facts = engine.facts()
    assert facts["bytes_limit"] == limit
    assert limit // 2 < taken[-1] < 1.25 * limit
    assert facts["bytes"] < 1.5 * limit
    assert facts["network_bytes"] < limit  # alone it would fit
    assert engine.state.bytes_used() < limit


def test_a_network_of_an_earlier_layout_is_decided_again_from_the_log(
    everything: tuple[Opened, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A version whose network is laid out otherwise: the snapshot is not taken up, which is told, and the same state comes from the log."""
    opened, snapshot = everything
    shutil.copytree(snapshot.parent.parent, tmp_path / "a")
    shutil.copytree(snapshot.parent.parent, tmp_path / "b")
    before = Live(tmp_path / "a", opened, clock="events")
    monkeypatch.setattr("zhiyu.network.state.LAYOUT", 10**6)
    after = Live(tmp_path / "b", opened, clock="events")
    assert (before.recovered.snapshot, after.recovered.snapshot) == (int(snapshot.name), -1)
    assert any("layout of another version" in note for note in after.recovered.notes)
    assert after.recovered.events == after.engine.accepted > 0
    assert before.engine.network is not None
    assert after.engine.network is not None
    assert before.engine.network.counters.tolist() == after.engine.network.counters.tolist()
    for live in (before, after):
        killed(live)
