"""`zhiyu person` and `zhiyu vault` at the keyboard, against a server that runs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.access.conftest import cheap
from tests.access.test_keys import with_key
from tests.server.vaulted import Vaulted
from tests.vaulted_policy import application
from zhiyu.access.gate import Gate
from zhiyu.cli import main

__all__ = ["cheap"]
WHY = ("--purpose", "customer_request", "--note", "letter 12")


def run(*words: str, code: int = 0) -> Result:
    done = CliRunner().invoke(main, list(words))
    assert done.exit_code == code, done.output
    return done


def test_a_person_is_exported_and_erased_at_the_keyboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    header, stored = with_key(tmp_path / "keys.json", ("persons", "reveal"))
    with Vaulted(tmp_path, gate=Gate(tmp_path / "keys.json")) as bank:
        bank.take(application(1, "c1", phone="13800138000", person_name="某甲"))
        monkeypatch.setenv("ZHIYU_API_KEY", header.decode().removeprefix("Bearer "))
        at = ("--url", f"http://127.0.0.1:{bank.server.port}")
        held = json.loads(run("person", "export", "customer:c1", *WHY, *at).output)
        assert [value["shown"] for value in held["personal"]] == ["某**", "138****8000"]
        page = tmp_path / "held.html"
        assert (
            "written to"
            in run("person", "export", "customer:c1", *WHY, "--reveal", "--html", str(page), "--lang", "en", *at).output
        )
        assert "13800138000" in page.read_text(encoding="utf-8")
        assert "names nobody" in run("person", "export", "c1", *WHY, *at, code=1).output
        assert (
            "is no purpose"
            in run("person", "export", "customer:c1", "--purpose", "x", "--note", "letter 12", *at, code=1).output
        )
        assert "holds 2 texts" in run("person", "erase", "customer:c1", "--lang", "en", *at).output
        assert "--yes needs --reason" in run("person", "erase", "customer:c1", "--yes", *at, code=1).output
        assert (
            "erased: 2 texts"
            in run("person", "erase", "customer:c1", "--yes", "--reason", "letter 13", "--lang", "en", *at).output
        )
        assert "保险库中有 0 条明文" in run("person", "erase", "customer:c1", "--lang", "zh", *at).output
        assert {entry["by"] for entry in bank.audit("person.erase")} == {f"key:{stored.id}"}


def test_master_keys_are_made_listed_and_dropped(tmp_path: Path) -> None:
    file = str(tmp_path / "masters.json")
    first = run("vault", "key", file, "--lang", "en").output.split()[2]
    assert "keep a copy elsewhere" in run("vault", "key", file, "--cipher", "sm4-gcm", "--lang", "en").output
    lines = [line.split() for line in run("vault", "list", file).output.splitlines()]
    assert [(line[0] == first, line[1]) for line in lines] == [(True, "aes-256-gcm"), (False, "sm4-gcm")]
    assert run("vault", "drop", file, first, "--lang", "zh").output.strip() == f"主密钥 {first} 已删除"
    assert "the newest one stays" in run("vault", "drop", file, lines[1][0], code=1).output
    assert "zhiyu vault key" in run("vault", "list", str(tmp_path / "none.json"), code=1).output
    (tmp_path / "noise.json").write_bytes(b"noise")
    (tmp_path / "noise.json").chmod(0o600)
    assert "is no file of master keys" in run("vault", "list", str(tmp_path / "noise.json"), code=1).output
