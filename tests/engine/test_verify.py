"""Receipts hold when nothing was touched; and each way of touching something gets an answer of its own."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.kept_folder import KEY, Folder, made
from zhiyu.base.errors import InputError, LimitExceeded
from zhiyu.engine.engine import Engine
from zhiyu.engine.kept import Kept
from zhiyu.engine.receipts import Receipt
from zhiyu.engine.recovery import restored
from zhiyu.engine.snapshots import stored_facts
from zhiyu.engine.verdicts import FAILS, GONE, HOLDS, Findings
from zhiyu.engine.verify import MAX_RECEIPTS, Verifier, WrongKey
from zhiyu.log.segments import LogDamaged, Segment


@pytest.fixture(scope="module")
def untouched(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    return made(tmp_path_factory.mktemp("kept"))


@pytest.fixture
def folder(untouched: Folder, tmp_path: Path) -> Folder:
    shutil.copytree(untouched.root, tmp_path / "data")
    return Folder(tmp_path / "data", untouched.answers)


def verified(folder: Folder, *receipts: str, key: bytes = KEY, oldest: bool = False) -> Findings:
    kept = Kept(folder.root, "default", key)
    return Verifier(kept, oldest=oldest).receipts([Receipt.parse(text) for text in receipts])


def statuses(findings: Findings) -> list[str]:
    return [verdict.status for verdict in findings.verdicts]


@pytest.mark.parametrize("oldest", [False, True])
def test_every_receipt_holds_under_the_policy_that_decided(untouched: Folder, oldest: bool) -> None:
    found = verified(untouched, *untouched.receipts, oldest=oldest)
    assert statuses(found) == ["holds"] * len(untouched.receipts)
    assert [verdict.event_id for verdict in found.verdicts] == [answer["id"] for answer in untouched.answers]
    assert len({verdict.policy for verdict in found.verdicts}) == 3
    assert (len({verdict.snapshot for verdict in found.verdicts}) > 2) is not oldest
    assert (found.exit_code, found.damage, found.notes) == (HOLDS, "", [])
    assert {"burnt", "watched"} <= {rule for answer in untouched.answers for rule in answer["rules"]}
    assert "decided again from" in found.verdicts[0].en
    assert "重新决策" in found.verdicts[0].zh


def test_a_span_counts_what_holds(untouched: Folder) -> None:
    kept = Kept(untouched.root, "default", KEY)
    found = Verifier(kept).span(0, 1 << 62)
    assert found.counts == {"holds": len(untouched.receipts)}
    inside = [answer for answer in untouched.answers if 100 <= answer["position"] < 200]
    assert Verifier(Kept(untouched.root, "default", KEY)).span(100, 200).counts == {"holds": len(inside)}


def test_nothing_is_changed_by_verifying(folder: Folder) -> None:
    def state() -> dict[str, tuple[int, bytes]]:
        return {
            str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in folder.root.rglob("*") if path.is_file()
        }

    folder.file("log/*.log", -1).open("ab").write(b"\0" * 100)  # room that was reserved
    before = state()
    verified(folder, *folder.receipts[:3])
    assert state() == before


def test_a_flipped_bit_anywhere_in_the_log_is_found(untouched: Folder, tmp_path: Path) -> None:
    rng = random.Random(5)
    for number in range(25):
        root = tmp_path / str(number)
        shutil.copytree(untouched.root, root)
        folder = Folder(root, untouched.answers)
        path = rng.choice(sorted((root / "default" / "log").glob("*.log")))
        folder.flip(path, rng.randrange(path.stat().st_size), rng.randrange(8))
        first = int(path.stem)
        if path == folder.file("log/*.log", -1):  # it is read when the log is opened
            with pytest.raises(LogDamaged, match=path.name):
                verified(folder, *folder.receipts)
            continue
        found = verified(folder, *folder.receipts)
        assert found.exit_code == FAILS
        assert str(path) in found.damage
        for verdict in found.verdicts:
            allowed = {"holds"} if verdict.position < first else {"holds", "damaged"}
            assert verdict.status in allowed, (number, path, first, verdict, found.damage)
        assert statuses(found).count("damaged") > 0


def test_packed_segments_are_verified_alike_and_every_flipped_bit_is_found(tmp_path: Path) -> None:
    packed, rng = made(tmp_path / "kept", packed=True), random.Random(6)
    found = verified(packed, *packed.receipts)
    assert statuses(found) == ["holds"] * len(packed.receipts)
    assert (found.exit_code, found.damage) == (HOLDS, "")
    paths = sorted((packed.root / "default" / "log").glob("*.packed"))
    assert len(paths) > 3
    for _ in range(12):
        path, before = rng.choice(paths), b""
        before = path.read_bytes()
        packed.flip(path, rng.randrange(len(before)), rng.randrange(8))
        found = verified(packed, *packed.receipts)
        assert found.exit_code == FAILS
        assert str(path) in found.damage
        assert all(v.status == "holds" for v in found.verdicts if v.position < int(path.stem))
        assert "damaged" in statuses(found)
        path.write_bytes(before)


def busiest(kept: Kept) -> Segment:
    """The closed segment with most frames."""
    for segment in kept.log.segments[:-1]:
        kept.log._learn(segment)
    return max(kept.log.segments[:-1], key=lambda segment: len(segment.offsets))


def swapped_frames(folder: Folder) -> None:
    """Two frames of one segment change places."""
    kept = Kept(folder.root, "default", KEY)
    segment = busiest(kept)
    one, other, end = segment.offsets[2:5]
    path = segment.path
    content = path.read_bytes()
    path.write_bytes(content[:one] + content[other:end] + content[one:other] + content[end:])


def taken_out(folder: Folder) -> None:
    """A frame disappears."""
    kept = Kept(folder.root, "default", KEY)
    segment = busiest(kept)
    one, other = segment.offsets[2:4]
    content = segment.path.read_bytes()
    segment.path.write_bytes(content[:one] + content[other:])


@pytest.mark.parametrize("tamper", [swapped_frames, taken_out])
def test_frames_that_move_break_the_chain(folder: Folder, tamper: Callable[[Folder], None]) -> None:
    tamper(folder)
    found = verified(folder, *folder.receipts)
    assert "the chain does not match" in found.damage
    assert found.exit_code == FAILS
    assert "damaged" in statuses(found)


def test_a_log_that_was_written_anew_has_another_chain(folder: Folder, tmp_path: Path) -> None:
    other = made(tmp_path / "other", (), count=401)
    found = verified(other, *folder.receipts[-3:])
    assert set(statuses(found)) <= {"altered", "unknown"}


def test_a_policy_that_was_changed_or_is_gone_is_named(folder: Folder) -> None:
    receipt = Receipt.parse(folder.receipts[-1])
    path = next((folder.root / "default" / "policies").glob(f"{receipt.policy}*"))
    path.write_bytes(path.read_bytes().replace(b"amount > 400", b"amount > 401"))
    [changed] = verified(folder, str(receipt)).verdicts
    assert changed.status == "damaged"
    assert "was changed after it was written" in changed.en
    path.unlink()
    [gone] = verified(folder, str(receipt)).verdicts
    assert gone.status == "damaged"
    assert "is not in" in gone.en


def test_an_edited_receipt_is_told_by_what_was_edited(folder: Folder) -> None:
    good = Receipt.parse(folder.receipts[10])
    far = Receipt.parse(folder.receipts[200])
    for edited, status, words in (
        (replace(good, chain="0" * 32), "altered", "its chain is not that of the log"),
        (replace(good, policy="0" * 32), "altered", "it names policy 000000000000"),
        (replace(good, position=far.position), "altered", "its chain is not"),
        (replace(good, position=10**9), "unknown", "the log ends at position"),
    ):
        [verdict] = verified(folder, str(edited)).verdicts
        assert verdict.status == status
        assert words in verdict.en
    other = Verifier(Kept(folder.root, "default", KEY)).receipts([replace(good, tenant="other")])
    assert statuses(other) == ["altered"]
    for text in ("", "zr1.default.1", str(good)[:-1], str(good).replace("zr1", "zr2"), str(good) + "0"):
        with pytest.raises(InputError, match="no receipt"):
            Receipt.parse(text)


def test_an_edited_answer_is_told_by_what_it_says(folder: Folder) -> None:
    receipt = Receipt.parse(folder.receipts[30])
    for changes, words in (
        ({}, ""),
        ({"repeated": True}, ""),
        ({"outcome": "notify"}, "outcome is"),
        ({"more": 1}, "more is None"),
    ):
        answer = folder.answers[30] | changes
        [verdict] = Verifier(Kept(folder.root, "default", KEY)).receipts([receipt], {str(receipt): answer}).verdicts
        assert verdict.status == ("altered" if words else "holds")
        assert words in verdict.en


def test_another_key_is_told(folder: Folder) -> None:
    with pytest.raises(WrongKey, match="another ZHIYU_KEY"):
        verified(folder, folder.receipts[0], key=b"fedcba9876543210")


def test_a_damaged_snapshot_is_passed_over_and_told(folder: Folder) -> None:
    newest = folder.file("snapshots/*/features.state", -1)
    folder.flip(newest, newest.stat().st_size // 2)
    found = verified(folder, folder.receipts[-1])
    assert statuses(found) == ["holds"]
    assert "is damaged" in found.notes[0]


def test_a_forged_snapshot_makes_decisions_differ(folder: Folder) -> None:
    """Somebody puts another state in place, with a good checksum: deciding from before it tells."""
    kept = Kept(folder.root, "default", KEY)
    newest = kept.snapshots[0]
    live, engine, _ = restored(newest, kept.log, kept.releases, kept.policy)
    emptied = Engine(live.compiled, live.codes, live.tenant)
    emptied.door, emptied.accepted, emptied.lists = engine.door, engine.accepted, engine.lists
    emptied.snapshot(newest, stored_facts(newest))
    after = [text for text in folder.receipts if Receipt.parse(text).position >= int(newest.name)]
    found = verified(folder, *after)
    assert "differs" in statuses(found)
    assert found.exit_code == FAILS
    wrong = next(verdict for verdict in found.verdicts if verdict.status == "differs")
    assert any(difference.what in ("seen_1h", "outcome", "spent_1d") for difference in wrong.differences)
    assert set(statuses(verified(folder, *after, oldest=True))) == {"holds"}
    assert Verifier(Kept(folder.root, "default", KEY)).span(0, 1 << 62).counts["differs"] == statuses(found).count(
        "differs"
    )


def test_what_retention_dropped_is_said_so(folder: Folder) -> None:
    segments = sorted((folder.root / "default" / "log").glob("*.log"))
    snapshots = sorted((folder.root / "default" / "snapshots").iterdir())
    after = int(snapshots[1].name)
    for path in segments:
        if int(path.stem) < after and path != max(p for p in segments if int(p.stem) <= after - 60):
            path.unlink()
    segments = sorted((folder.root / "default" / "log").glob("*.log"))
    shutil.rmtree(snapshots[0])
    first = int(segments[0].stem)
    found = verified(folder, *folder.receipts)
    for verdict in found.verdicts:
        assert verdict.status == ("holds" if verdict.position >= after else "gone")
        if verdict.position < first:
            assert "kept no more" in verdict.en
        elif verdict.position < after:
            assert "no snapshot before position" in verdict.en
            assert verdict.outcome
    assert found.exit_code == GONE
    span = Verifier(Kept(folder.root, "default", KEY)).span(0, 1 << 62)
    assert span.counts["holds"] == statuses(found).count("holds")
    assert span.counts["gone"] == sum(first <= v.position < after for v in found.verdicts)


def test_the_number_of_receipts_is_limited(untouched: Folder) -> None:
    one = Receipt.parse(untouched.receipts[0])
    verifier = Verifier(Kept(untouched.root, "default", KEY))
    assert len(verifier.receipts([one] * MAX_RECEIPTS).verdicts) == MAX_RECEIPTS
    with pytest.raises(LimitExceeded, match="receipts at once"):
        verifier.receipts([one] * (MAX_RECEIPTS + 1))


def test_a_folder_without_a_log_says_which_tenants_are_there(untouched: Folder, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="did you mean 'default'"):
        Kept(untouched.root, "defualt")
    with pytest.raises(InputError, match="give the folder"):
        Kept(tmp_path, "default")
