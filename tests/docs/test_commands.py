"""Every command and Python block on a page runs, in the order of the page, in an empty folder."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.docs.pages import ROOT, blocks, pages
from tests.docs.walks import TUTORIALS, WALKS
from zhiyu.cli import main
from zhiyu.policy.load import load_texts
from zhiyu.simulation import write_card_payments

MINIMAL = b"name: page\nevents: [{name: application, fields: {amount: {type: money}}}]"
RUNNABLE = [
    page for page in pages() if page not in (*WALKS, *TUTORIALS) and (blocks(page, "console") or blocks(page, "python"))
]


def commands(page: Path) -> list[str]:
    """The lines that begin with `$ ` in console blocks."""
    lines = "\n".join(block.text for block in blocks(page, "console")).splitlines()
    return [line[2:].strip() for line in lines if line.startswith("$ ")]


def prepare(page: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty folder with the examples, a small stream where the data sets would be, and the page's named files."""
    monkeypatch.chdir(folder)
    monkeypatch.setenv("ZHIYU_DATA", str(folder / "data"))
    monkeypatch.delenv("ZHIYU_KEY", raising=False)
    shutil.copytree(ROOT / "examples", folder / "examples")
    (folder / "data" / "card_transactions").mkdir(parents=True)
    write_card_payments(folder / "data" / "card_transactions" / "small.parquet", 20, 60, 90)
    shutil.copy(folder / "data" / "card_transactions" / "small.parquet", folder / "transactions.parquet")
    for block in blocks(page):
        if block.name:
            (folder / block.name).write_text(block.text, encoding="utf-8")


@pytest.mark.parametrize("page", RUNNABLE, ids=lambda page: str(page.relative_to(ROOT)))
def test_what_a_page_tells_to_run_runs(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(page, tmp_path, monkeypatch)
    for line in commands(page):
        program, *arguments = shlex.split(line, comments=True)
        if program == "make":
            dry = subprocess.run(["make", "-n", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
            assert dry.returncode == 0, f"{line}: {dry.stderr}"
        elif program == "zhiyu":
            done = CliRunner().invoke(main, arguments, catch_exceptions=False)
            assert done.exit_code == 0, f"{line}: {done.output}"
        else:
            assert program in ("git", "cd", "source"), f"{page.name}: nobody runs '{line}'"
    script = "\n".join(block.text for block in blocks(page, "python"))
    if script:
        ran = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert ran.returncode == 0, ran.stderr


def test_pages_with_commands_are_found() -> None:
    assert {"README.md", "README.zh-CN.md", "first-policy.md", "python.md"} <= {page.name for page in RUNNABLE}


@pytest.mark.parametrize("name", ["README.md", "README.zh-CN.md"])
def test_both_readmes_show_the_two_commands(name: str) -> None:
    assert commands(ROOT / name)[:2] == ["make demo", "make test"]


def test_every_policy_on_a_page_is_one() -> None:
    shown = [(page.name, block.text) for page in pages() for block in blocks(page, "yaml")]
    assert shown
    for name, text in shown:
        sections = {"page.yaml": text.encode()}
        whole = sections if re.search(r"^events:", text, re.MULTILINE) else {"base.yaml": MINIMAL, **sections}
        assert load_texts(whole).policy.name, name
