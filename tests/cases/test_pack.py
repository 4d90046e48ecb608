"""Report packs: what was signed holds, whatever is changed in one is told."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from zhiyu.base.errors import InputError
from zhiyu.cases.pack import MANIFEST, SIGNATURE, Signer, verify
from zhiyu.cli import main

KEY = b"k" * 16
CONTENTS = {"report.html": b"<p>a page</p>", "case.json": b'{"number": 7}', "files/001_statement.pdf": b"%PDF-1.7"}
FACTS = {"tenant": "bank", "case": 7, "by": "person:chief", "at": "2027-01-15T00:00:00+00:00", "purpose": "police"}
Parts = dict[str, bytes]


def parts_of(pack: bytes) -> Parts:
    with zipfile.ZipFile(io.BytesIO(pack)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(path: Path, parts: Parts) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def test_a_pack_holds_and_is_the_same_for_the_same_content(tmp_path: Path) -> None:
    pack, _ = Signer(KEY).pack(FACTS, CONTENTS)
    assert pack == Signer(KEY).pack(FACTS, CONTENTS)[0]
    path = zipped(tmp_path / "pack.zip", parts_of(pack))
    found = verify(path)
    assert (found.problems, found.public) == ((), Signer(KEY).public)
    assert found.manifest["case"] == 7
    assert verify(path, Signer(b"o" * 16).public).problems[0][0] == "it was signed with another key"


def _resigned(parts: Parts) -> None:
    other = parts_of(Signer(b"o" * 16).pack(FACTS | {"case": 8}, CONTENTS)[0])
    parts[MANIFEST], parts[SIGNATURE] = other[MANIFEST], other[SIGNATURE]


@pytest.mark.parametrize(("change", "said"), [
    (lambda parts: parts.update({"case.json": b'{"number": 8}'}), "'case.json' was changed"),
    (lambda parts: parts.pop("case.json"), "'case.json' is missing"),
    (lambda parts: parts.update({"more.txt": b"x"}), "not in the manifest"),
    (lambda parts: parts.update({MANIFEST: parts[MANIFEST].replace(b'"case": 7', b'"case": 8')}), "not what was signed"),
    (_resigned, "another key"),
])  # fmt: skip
def test_whatever_is_changed_is_told(tmp_path: Path, change: Callable[[Parts], object], said: str) -> None:
    parts = parts_of(Signer(KEY).pack(FACTS, CONTENTS)[0])
    change(parts)
    path = zipped(tmp_path / "pack.zip", parts)
    assert any(said in en for en, _ in verify(path, Signer(KEY).public).problems)
    done = CliRunner().invoke(main, ["cases", "verify", str(path), "--key", Signer(KEY).public, "--lang", "en"])
    assert (done.exit_code, said in done.output) == (1, True), done.output


def test_the_command_tells_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "pack.zip").write_bytes(Signer(KEY).pack(FACTS, CONTENTS)[0])
    done = CliRunner().invoke(main, ["cases", "verify", str(tmp_path / "pack.zip"), "--lang", "zh"])
    assert (done.exit_code, "案件 7" in done.output, "3 个文件均与签名一致" in done.output) == (0, True, True), (
        done.output
    )
    told = CliRunner().invoke(main, ["cases", "verify", str(tmp_path / "pack.zip"), "--json"])
    assert json.loads(told.output)["holds"] is True
    key = CliRunner().invoke(main, ["cases", "key"])
    assert len(key.output.strip()) == 64


@pytest.mark.parametrize("content", [b"", b"no zip", b"PK\x03\x04 half of one"])
def test_what_is_no_pack_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pack.zip").write_bytes(content)
    with pytest.raises(InputError, match="no report pack"):
        verify(tmp_path / "pack.zip")
    with pytest.raises(InputError, match="no report pack"):
        verify(zipped(tmp_path / "other.zip", {"a.txt": b"x"}))
    with pytest.raises(InputError, match="cannot be read"):
        verify(tmp_path / "nothing.zip")
