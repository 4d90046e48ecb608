"""Puts the real output of `zhiyu demo` into README.md and README.zh-CN.md, between the two `demo` marks.

In: nothing; the demo makes its own lender. Out: the two pages; `--check` only says whether they are out of date.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
BLOCK = re.compile(r"(?<=<!-- demo -->\n```text\n).*?(?=\n```\n<!-- /demo -->)", re.DOTALL)
PAGES = {"README.md": "en", "README.zh-CN.md": "zh"}


def demo(language: str) -> str:
    """What `zhiyu demo` prints, 100 columns wide, without blank lines at the ends."""
    environment = {
        **os.environ,
        "COLUMNS": "100",
        "NO_COLOR": "1",
        "PYTHONUTF8": "1",
    }
    environment.pop("ZHIYU_KEY", None)
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "examples").symlink_to(ROOT / "examples")
        command = [sys.executable, "-m", "zhiyu.cli", "demo", "--lang", language]
        done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", check=True)
    return "\n".join(line.rstrip() for line in done.stdout.strip().splitlines())


def run(arguments: list[str]) -> int:
    """Renew both pages, or with --check only compare; returns the exit code."""
    stale = 0
    for name, language in PAGES.items():
        page = (ROOT / name).read_text(encoding="utf-8")
        shown = BLOCK.search(page)
        if shown is None:
            raise SystemExit(f"{name} has no block between <!-- demo --> and <!-- /demo -->")
        seen = demo(language)
        if shown[0] == seen:
            continue
        stale += 1
        print(f"{'out of date' if '--check' in arguments else 'wrote'}: the demo output in {name}")
        if "--check" not in arguments:
            (ROOT / name).write_text(page[: shown.start()] + seen + page[shown.end() :], encoding="utf-8")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
