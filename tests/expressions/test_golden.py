"""Errors and sentences word for word, in tests/golden/expressions/. Run this file as a script to write them anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.expressions.golden_scope import LABELS, SCOPE, SEEN
from tests.suggestions import in_one_language
from zhiyu.base.errors import DeclarationError, Place, Problem
from zhiyu.expressions import check, parse, say, say_with_values
from zhiyu.expressions.types import Kind

GOLDEN = Path(__file__).parent.parent / "golden" / "expressions"


def problems_of(text: str) -> list[Problem]:
    """Every problem of `text`."""
    place = Place("rules.yaml", 7, 11)
    try:
        expression = check(parse(text.replace("\\0", "\0"), place), SCOPE, text, place, want=Kind.BOOL)
    except DeclarationError as wrong:
        return wrong.problems
    return list(expression.warnings)


def errors(text: str) -> list[str]:
    """Every problem of `text` in both languages."""
    return [line for p in problems_of(text) for line in (p.text("en"), p.text("zh"))] or ["fine"]


def sentences(text: str) -> list[str]:
    """The sentence in both languages, and with the values seen."""
    expression = check(parse(text), SCOPE, text)
    return [
        say(expression, "en", LABELS),
        say(expression, "zh", LABELS),
        say_with_values(expression, "en", LABELS, SEEN),
        say_with_values(expression, "zh", LABELS, SEEN),
    ]


def written(name: str, speak: Callable[[str], list[str]]) -> str:
    """The golden file as it should be now: each input after `> `, then its lines."""
    inputs = [line[2:] for line in (GOLDEN / name).read_text("utf-8").splitlines() if line.startswith("> ")]
    assert inputs
    return "\n".join("\n".join([f"> {each}", *(f"  {line}" for line in speak(each)), ""]) for each in inputs)


FILES: dict[str, Callable[[str], list[str]]] = {"errors.txt": errors, "wording.txt": sentences}


@pytest.mark.parametrize("name", FILES)
def test_the_words_are_the_golden_words(name: str) -> None:
    assert written(name, FILES[name]) == (GOLDEN / name).read_text("utf-8")


def test_no_golden_error_is_an_accident() -> None:
    """Every input of errors.txt is refused or warned about, with a Chinese and an English line of its own."""
    for line in (GOLDEN / "errors.txt").read_text("utf-8").splitlines():
        if line.startswith("> "):
            found = errors(line[2:])
            assert found != ["fine"], line
            assert all(en != zh for en, zh in zip(found[::2], found[1::2], strict=True)), line
            assert in_one_language(problems_of(line[2:])) == []


if __name__ == "__main__":
    for file, voice in FILES.items():
        (GOLDEN / file).write_text(written(file, voice), "utf-8")
