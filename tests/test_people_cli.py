"""`zhiyu people` and `zhiyu audit` at the keyboard."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from tests.access.conftest import cheap
from tests.access.test_people import GOOD, OTHER
from zhiyu.access.tables import audit
from zhiyu.cli import main
from zhiyu.records.store import Records

__all__ = ["cheap"]


@pytest.fixture
def said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Runs a command over one data folder."""
    monkeypatch.delenv("ZHIYU_RECORDS", raising=False)

    def run(*words: str, typed: str = "", code: int = 0) -> str:
        done: Result = CliRunner().invoke(main, [*words, "--data", str(tmp_path / "data")], input=typed)
        assert done.exit_code == code, done.output
        return done.output

    return run


def test_people_are_added_listed_changed_and_every_change_is_in_the_audit(said: Any) -> None:
    assert "zhiyu people add" in said("people", "list")
    said("people", "add", "chen", "--role", "administrator", typed=f"{GOOD}\n{GOOD}\n")
    said("people", "add", "wang", "--role", "auditor", "--role", "approver", "--password-stdin", typed=f"{OTHER}\n")
    assert "did you mean" in said(
        "people", "add", "x", "--role", "auditer", "--password-stdin", typed=f"{GOOD}\n", code=1
    )
    assert said("people", "change", "wang", "--stop", "--lang", "zh").strip() == "wang  auditor, approver  已停用"
    assert "say what changes" in said("people", "change", "wang", code=1)
    assert "last administrator" in said("people", "change", "chen", "--role", "auditor", code=1)
    assert json.loads(said("people", "list", "--json"))[1] == {
        "name": "wang",
        "roles": ["auditor", "approver"],
        "active": False,
    }
    lines = [json.loads(line) for line in said("audit", "list", "--json").splitlines()]
    assert [(line["number"], line["verb"], line["about"]) for line in lines] == [
        (3, "person.change", "wang"), (2, "person.add", "wang"), (1, "person.add", "chen"),
    ]  # fmt: skip
    assert all(line["by"].startswith("local:") for line in lines)


def test_a_subject_of_a_provider_is_said_to_be_a_person(said: Any) -> None:
    said("people", "add", "chen", "--role", "administrator", "--password-stdin", typed=f"{GOOD}\n")
    assert "chen" in said("people", "link", "chen", "--provider", "company", "--subject", "s-1")
    assert "nobody named" in said("people", "link", "wang", "--provider", "company", "--subject", "s-1", code=1)
    assert json.loads(said("audit", "list", "--json").splitlines()[0])["detail"] == {"provider": "company"}


def test_the_audit_is_verified_and_tampering_ends_with_exit_code_one(said: Any, tmp_path: Path) -> None:
    assert said("audit", "verify").startswith("there are no entries yet")
    said("people", "add", "chen", "--role", "administrator", "--password-stdin", typed=f"{GOOD}\n")
    assert said("audit", "verify").startswith("the only entry holds")
    for name in ("wang",):
        said("people", "add", name, "--role", "administrator", "--password-stdin", typed=f"{GOOD}\n")
    file = tmp_path / "audit.ndjson"
    assert said("audit", "export", str(file)).startswith("2 entries are in ")
    head = said("audit", "verify").split()[-1]
    assert said("audit", "verify", "--file", str(file)).splitlines() == ["all 2 entries hold", f"head {head}"]
    file.write_bytes(file.read_bytes().replace(b"wang", b"wong", 1))
    assert "entry 2 does not hold" in said("audit", "verify", "--file", str(file), code=1)
    file.write_bytes(b"{}\n")
    assert ":1: the last line is no head" in said("audit", "verify", "--file", str(file), code=1)
    said("people", "change", "wang", "--role", "auditor")
    assert json.loads(said("audit", "verify", "--head", head, "--json"))["entries"] == 3
    assert "64 hex digits" in said("audit", "verify", "--head", "1:zz", code=1)
    assert "noted" in said("audit", "verify", "--head", f"2:{'0' * 64}", code=1)
    records = Records(f"sqlite:///{tmp_path / 'data' / 'records.db'}")
    with records.writing() as connection:
        connection.execute(update(audit).where(audit.c.number == 2).values(by="local:somebody"))
    records.close()
    assert "第 2 条不成立" in said("audit", "verify", "--lang", "zh", code=1)


def test_roles_are_told_in_both_languages() -> None:
    english, chinese = (CliRunner().invoke(main, ["people", "roles", "--lang", lang]).output for lang in ("en", "zh"))
    assert "auditor" in english
    assert "审计员" in chinese


def test_where_the_records_are_has_to_be_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ZHIYU_RECORDS", raising=False)
    done = CliRunner().invoke(main, ["people", "list"])
    assert (done.exit_code, "--data DIR" in done.output) == (1, True)
    done = CliRunner().invoke(main, ["people", "list", "--records", "postgresql://nobody@127.0.0.1:1/x"])
    assert (done.exit_code, "records_away" in done.output) == (1, True)
