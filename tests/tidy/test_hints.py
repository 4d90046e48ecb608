"""Every suggestion is written in both languages: mypy asks for a `Hint`, these tests ask that a `Hint` says both."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.suggestions import CHINESE
from tests.tidy.sources import sources


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a plain name in the package, with its place."""
    for each in sources("src/zhiyu/"):
        for node in ast.walk(each.tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield f"{each.path}:{node.lineno}", node


def written(node: ast.AST) -> str:
    """The text that stands in an argument, without what is filled in."""
    texts = [part.value for part in ast.walk(node) if isinstance(part, ast.Constant) and isinstance(part.value, str)]
    return "".join(texts)


def test_every_hint_is_written_in_both_languages() -> None:
    hints = [(place, call) for place, call in calls("Hint") if call.args or call.keywords]
    assert len(hints) > 100
    assert [place for place, call in hints if len(call.args) != 2 or CHINESE.search(written(call.args[0]))] == []
    assert [place for place, call in hints if not CHINESE.search(written(call.args[1]))] == []


def test_every_problem_takes_its_suggestion_from_a_hint() -> None:
    """The sixth argument of `Problem` is a `*hint`; a plain text there would be English in Chinese output."""
    found = list(calls("Problem"))
    assert len(found) > 10
    plain = [
        place
        for place, call in found
        if any(not isinstance(argument, ast.Starred) for argument in call.args[5:])
        or any((word.arg or "").startswith("suggestion") for word in call.keywords)
    ]
    assert plain == []
