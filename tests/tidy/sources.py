"""The files of the project, read once: what the tidy tests look at.

Out: tracked (or not yet tracked, but not ignored) files as text; Python files as syntax trees.
"""

from __future__ import annotations

import ast
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
BINARY = {".parquet", ".png", ".webp", ".gz", ".ico"}


@dataclass(frozen=True)
class Source:
    """One Python file: path from the root of the project, text, tree."""

    path: str
    text: str
    tree: ast.Module

    @property
    def room(self) -> str:
        """The room it stands in ("base", "cli"); "" outside src/zhiyu."""
        parts = Path(self.path).parts
        return parts[2].removesuffix(".py") if parts[:2] == ("src", "zhiyu") else ""


@cache
def files() -> tuple[str, ...]:
    """Paths of everything that belongs to the project, from its root."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return tuple(sorted(name for name in set(listed.split("\0")) if name and (ROOT / name).is_file()))


@cache
def texts() -> dict[str, str]:
    """Content of every text file by path."""
    return {
        name: (ROOT / name).read_text(encoding="utf-8", errors="replace")
        for name in files()
        if Path(name).suffix not in BINARY
    }


@cache
def sources(under: str = "") -> tuple[Source, ...]:
    """Every Python file below a folder; a file that does not parse fails the test that asks."""
    return tuple(
        Source(name, text, ast.parse(text, name))
        for name, text in texts().items()
        if name.endswith(".py") and name.startswith(under)
    )
