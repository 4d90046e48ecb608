"""The walk-through: a page whose commands, edits and scripts build on each other, carried out from top to bottom.

In: a page. Out: its steps in order, and what each printed. A `diff FILE` block is an edit: lines that begin with a blank or `-` must
stand in the file in one place, those with a blank or `+` are put there. A `text` block after a script is what it prints.
A line `…` stands for lines that are not shown, and a line that ends in ` …` for one of which only the beginning is shown.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from click.testing import CliRunner

from tests.docs.pages import ROOT, Block, blocks, pages
from zhiyu.cli import main

WALKS = [page for page in pages() if page.name.startswith("walk-through")]
TUTORIALS = [page for page in pages() if page.name.startswith("tutorial")]
WIDTH = "100"


def edited(text: str, diff: str) -> str:
    """The text after an edit."""
    lines = [(line[:1], line[1:]) for line in diff.splitlines()]
    old = "".join(f"{rest}\n" for mark, rest in lines if mark != "+")
    new = "".join(f"{rest}\n" for mark, rest in lines if mark != "-")
    if not old:
        return text + new
    assert text.count(old) == 1, f"the edit does not fit:\n{diff}"
    return text.replace(old, new)


def walk(page: Path, folder: Path) -> Iterator[tuple[str, list[str], str]]:
    """Carry the page out in `folder`, which is the working directory; (step, lines shown on the page, what was really printed)."""
    steps = blocks(page)
    for number, block in enumerate(steps):
        if block.language == "diff":
            file = folder / block.name
            before = file.read_text(encoding="utf-8") if file.exists() else ""
            file.write_text(edited(before, block.text), encoding="utf-8")
        elif block.language == "console":
            yield from ((line, shown, run(line, folder)) for line, shown in _commands(block))
        elif block.language == "python":
            after = steps[number + 1] if number + 1 < len(steps) else block
            yield "python", after.text.splitlines() if after.language == "text" else [], _script(block.text, folder)


def run(line: str, folder: Path) -> str:
    """Run one command line; what it printed. It must succeed."""
    program, *words = shlex.split(line, comments=True)
    if program == "cp":
        assert words[0] == "-r"
        shutil.copytree(folder / words[1], folder / words[2])
        return ""
    assert program == "zhiyu", f"nobody runs '{line}'"
    done = CliRunner(env={"COLUMNS": WIDTH, "ZHIYU_LANG": "en"}).invoke(main, words, catch_exceptions=False)
    assert done.exit_code == 0, f"{line}: {done.output}"
    return done.output


def _script(text: str, folder: Path) -> str:
    paths = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", text],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"PYTHONPATH": paths},
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _commands(block: Block) -> Iterator[tuple[str, list[str]]]:
    """Each command of a console block with the lines shown under it."""
    line, shown = "", []
    for text in [*block.text.splitlines(), "$ "]:
        if text.startswith("$ "):
            if line:
                yield line, shown
            line, shown = text[2:].strip(), []
        else:
            shown.append(text)


def missing(shown: list[str], printed: str) -> list[str]:
    """Shown lines that were not printed, in this order."""
    really = iter(" ".join(line.split()) for line in printed.splitlines())
    lost = []
    for line in (" ".join(each.split()) for each in shown):
        if line in ("", "…"):
            continue
        cut = line.removesuffix(" …")
        if not any(other == line or (cut != line and other.startswith(cut)) for other in really):
            lost.append(line)
            really = iter(" ".join(each.split()) for each in printed.splitlines())
    return lost
