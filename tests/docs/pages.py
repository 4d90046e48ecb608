"""The Markdown pages of the project, and the blocks of code in them.

Out: pages by path; blocks with the words after the opening fence (`console`, `python`, `json event.json`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#{1,6}) (.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """One fenced block: language, file name ("" without), text."""

    language: str
    name: str
    text: str


def pages() -> list[Path]:
    """Every Markdown page of ours."""
    found = [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/**/*.md"),
        *ROOT.glob("examples/**/*.md"),
        *ROOT.glob("benchmarks/**/*.md"),
    ]
    return sorted(found)


def blocks(page: Path, language: str = "") -> list[Block]:
    """The fenced blocks of a page, of one language or all."""
    found = []
    for words, text in FENCE.findall(page.read_text(encoding="utf-8")):
        first, _, name = words.strip().partition(" ")
        found.append(Block(first, name.strip(), text))
    return [each for each in found if language in ("", each.language)]


def headings(page: Path) -> list[tuple[int, str]]:
    """Level and text of every heading outside code."""
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    return [(len(marks), words.strip()) for marks, words in HEADING.findall(text)]


def anchor(heading: str) -> str:
    """The fragment under which a heading can be linked."""
    kept = re.sub(r"[^\w\s-]", "", heading.lower().replace("`", ""))
    return re.sub(r"\s", "-", kept.strip())
