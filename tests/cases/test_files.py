"""Files of cases: what is taken, kept once, told when it was changed; on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.cases.made import NOW, card, cases_on, decision, fed
from zhiyu.base.errors import InputError, LimitExceeded, ZhiyuError
from zhiyu.cases.files import MAX_FILE_BYTES, Files, NoSuchFile

PDF, PNG = b"%PDF-1.7 statement", b"\x89PNG\r\n\x1a\n picture"
LIN = "person:lin"


def files_in(url: str, folder: Path) -> Files:
    cases = cases_on(url)
    fed(cases, decision(1, card(1)), decision(2, card(2)))
    return Files(cases._records, cases._audit, folder)


def test_a_file_is_kept_once_by_its_content(both: str, tmp_path: Path) -> None:
    files = files_in(both, tmp_path / "files")
    made = files.add(1, "对账单.pdf", PDF, LIN, NOW)
    assert (made.number, made.kind, made.size) == (1, "application/pdf", len(PDF))
    assert files.add(1, "again.pdf", PDF, LIN, NOW) == made, "the same content is there already"
    assert files.add(2, "copy.pdf", PDF, LIN, NOW).digest == made.digest
    assert files.add(1, "photo.png", PNG, LIN, NOW).number == 2
    kept = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert sorted(path.name for path in kept) == sorted({made.digest, files.of(1)[1].digest})
    assert all(path.stat().st_mode & 0o077 == 0 for path in kept)
    assert files.read(1, 1, LIN, NOW)[1] == PDF
    with files._records.reading() as connection:
        entries = files._audit.page(connection)
        assert [entry.verb for entry in entries] == ["case.file_read", "case.file", "case.file", "case.file"]


def test_a_file_that_was_changed_on_the_disk_is_told(both: str, tmp_path: Path) -> None:
    files = files_in(both, tmp_path)
    made = files.add(1, "statement.pdf", PDF, LIN, NOW)
    path = next(path for path in tmp_path.rglob(made.digest))
    path.write_bytes(PDF + b"!")
    with pytest.raises(InputError, match="changed"):
        files.read(1, 1, LIN, NOW)
    path.unlink()
    with pytest.raises(InputError, match="gone"):
        files.read(1, 1, LIN, NOW)
    files.add(2, "statement.pdf", PDF, LIN, NOW)
    assert files.read(1, 1, LIN, NOW)[1] == PDF, "given again it is there again"
    for number, file in ((1, 2), (1, 0)):
        with pytest.raises(NoSuchFile):
            files.read(number, file, LIN, NOW)
    with pytest.raises(ZhiyuError, match="no case 9"):
        files.add(9, "statement.pdf", PDF, LIN, NOW)


@pytest.mark.parametrize(("name", "content", "said"), [
    ("run.exe", b"MZ\x90\x00", "kind"), ("empty.txt", b"", "empty"), ("statement.png", PDF, "call it .pdf"), ("../up.pdf", PDF, "name"),
    ("", PDF, "name"), ("a\nb.pdf", PDF, "name"), (".pdf ", PDF, "name"), ("x" * 200 + ".pdf", PDF, "name"),
    ("page.html", b"<html>", "txt"),
    ("bell.txt", b"ring \x07", "kind"), ("half.txt", b"\xff\xfe\x00", "kind"),
])  # fmt: skip
def test_what_is_not_taken(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    files = files_in(f"sqlite:///{tmp_path / 'records.db'}", tmp_path / "files")
    with pytest.raises(InputError, match=said):
        files.add(1, name, content, LIN, NOW)
    assert (files.of(1), (tmp_path / "files").exists()) == ([], False)


def test_at_the_limit_and_one_past_it(tmp_path: Path) -> None:
    files = files_in(f"sqlite:///{tmp_path / 'records.db'}", tmp_path / "files")
    assert files.add(1, "large.txt", b"x" * MAX_FILE_BYTES, LIN, NOW).size == MAX_FILE_BYTES
    with pytest.raises(LimitExceeded):
        files.add(1, "larger.txt", b"x" * (MAX_FILE_BYTES + 1), LIN, NOW)
