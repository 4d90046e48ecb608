"""Puts the real output of `zhiyu demo` into README.md and README.zh-CN.md, between the two `demo` marks.

In: the card-transaction file in ZHIYU_DATA (without it nothing is done: the pages show the real file). Out: the two pages; `--check` only
says whether they are out of date. How fast the run was is not compared.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
DATA = Path(os.environ.get("ZHIYU_DATA") or ROOT / ".." / "shared" / "data")
BLOCK = re.compile(r"(?<=<!-- demo -->\n```text\n).*?(?=\n```\n<!-- /demo -->)", re.DOTALL)
PAGES = {"README.md": "en", "README.zh-CN.md": "zh"}


def demo(language: str) -> str:
    """What `zhiyu demo` prints, 100 columns wide, without blank lines at the ends."""
    environment = {
        **os.environ,
        "ZHIYU_DATA": str(DATA.resolve()),
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


def comparable(text: str) -> list[str]:
    """The words of an output without how fast the run was and how much memory it took."""
    skipped = ("events/s", "每秒", "state:", "状态：")
    return " ".join(line for line in text.splitlines() if not any(word in line for word in skipped)).split()


def run(arguments: list[str]) -> int:
    """Renew both pages, or with --check only compare; returns the exit code."""
    if not sorted((DATA / "card_transactions").glob("*.parquet")):
        print(f"no card_transactions in {DATA}: the output in the READMEs is left as it is")
        return 0
    stale = 0
    for name, language in PAGES.items():
        page = (ROOT / name).read_text(encoding="utf-8")
        shown = BLOCK.search(page)
        if shown is None:
            raise SystemExit(f"{name} has no block between <!-- demo --> and <!-- /demo -->")
        seen = demo(language)
        if comparable(shown[0]) == comparable(seen):
            continue
        stale += 1
        print(f"{'out of date' if '--check' in arguments else 'wrote'}: the demo output in {name}")
        if "--check" not in arguments:
            (ROOT / name).write_text(page[: shown.start()] + seen + page[shown.end() :], encoding="utf-8")
    return int(bool(stale) and "--check" in arguments)


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:]))
