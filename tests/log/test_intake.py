"""The intake: pieces come back as they were brought, whatever a crash left of the last one, and go when they are filed."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from zhiyu.log.disk import RealDisk
from zhiyu.log.intake import SUFFIX, Intake

HEAD = b"head of a file"


def opened(folder: Path, after: int = 0) -> Intake:
    return Intake(folder, RealDisk(), lambda: HEAD, after)


def bring(intake: Intake, position: int, piece: bytes) -> None:
    intake.append(position, lambda: piece)


def read(intake: Intake, number: int) -> list[tuple[int, int, bytes]]:
    return [(piece.number, piece.position, piece.sealed) for piece in intake.pieces(number)]


def test_pieces_come_back_in_order_and_a_filed_file_is_gone(tmp_path: Path) -> None:
    intake = opened(tmp_path)
    assert (intake.waiting, intake.closed()) == (False, [])
    bring(intake, 5, b"five")
    bring(intake, 9, b"")
    intake.sync()
    assert (intake.waiting, intake.closed(), intake.closed()) == (True, [1], [1])
    bring(intake, 11, b"eleven")
    assert read(intake, 1) == [(0, -1, HEAD), (1, 5, b"five"), (2, 9, b"")]
    assert intake.closed() == [1, 2]
    intake.remove(1)
    assert sorted(path.name for path in tmp_path.iterdir()) == [f"2{SUFFIX}"]
    intake.remove(2)
    assert not intake.waiting


def test_numbers_go_on_past_what_was_filed(tmp_path: Path) -> None:
    intake = opened(tmp_path, after=7)
    bring(intake, 1, b"x")
    assert intake.closed() == [8]
    assert opened(tmp_path, after=3).closed() == [8]
    again = opened(tmp_path)
    again.begin()
    again.begin()
    assert again.closed() == [8, 9]
    assert read(again, 9) == [(0, -1, HEAD)]


def test_what_a_crash_left_unfinished_ends_the_file_at_every_byte(tmp_path: Path) -> None:
    intake = opened(tmp_path)
    bring(intake, 1, b"first")
    bring(intake, 2, b"second")
    intake.closed()
    path = tmp_path / f"1{SUFFIX}"
    whole = path.read_bytes()
    pieces = read(intake, 1)
    ends = [at for at in range(len(whole) + 1) if whole[:at].endswith((b"first", b"second", HEAD))]
    for size in range(len(whole) + 1):
        for rest in (b"", bytes(64), b"\xff" * 64):
            path.write_bytes(whole[:size] + rest)
            assert read(intake, 1) == pieces[: sum(end <= size for end in ends)]
    for at in range(ends[0], len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
        assert read(intake, 1) == pieces[: sum(end <= at for end in ends)]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 1 << 40), st.binary(max_size=300), st.booleans()), max_size=20))
def test_however_files_are_cut_all_pieces_come_back(
    tmp_path_factory: object, brought: list[tuple[int, bytes, bool]]
) -> None:
    folder = tmp_path_factory.mktemp("intake")  # type: ignore[attr-defined]
    intake = opened(folder)
    for position, piece, cuts in brought:
        bring(intake, position, piece)
        if cuts:
            intake.closed()
    intake.closed()
    again = opened(folder)
    found = [
        (position, piece) for number in again.closed() for _, position, piece in read(again, number) if position >= 0
    ]
    assert found == [(position, piece) for position, piece, _ in brought]
