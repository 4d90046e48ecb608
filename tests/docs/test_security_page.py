"""docs/security.md: every chapter is there, every line has a proof or a reason, every test that is named exists."""

from __future__ import annotations

import ast
import re

from tests.docs.pages import ROOT

PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CHAPTERS = range(1, 18)
NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def lines() -> list[str]:
    """Rows of the tables, without their heads."""
    return [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| section")]


def test_every_chapter_of_the_standard_is_there() -> None:
    heads = re.findall(r"\bV(\d+) ", " ".join(line for line in PAGE.splitlines() if line.startswith("## ")))
    assert [int(each) for each in heads] == list(CHAPTERS)
    assert {int(each) for line in lines() for each in re.findall(r"^\| (\d+)\.", line)} | {9, 10} == set(CHAPTERS)


def test_every_line_has_a_proof_or_says_why_not() -> None:
    assert [
        line
        for line in lines()
        if not NAMED.search(line) and not re.search(r"\*(not done|does not apply)\*:", line, re.I)
    ] == []


def test_every_test_that_is_named_exists() -> None:
    named = set(NAMED.findall(PAGE))
    assert len(named) > 40
    found: dict[str, set[str]] = {}
    for path, _ in named:
        if path not in found and (ROOT / path).is_file():
            tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
            found[path] = {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}
    assert [each for each in sorted(named) if each[1] not in found.get(each[0], set())] == []
