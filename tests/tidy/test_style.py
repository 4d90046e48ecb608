"""House style as tests: small files, small functions, docstrings, honest names."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.tidy.sources import Source, sources, texts

MAX_FILE_LINES = 500
MAX_FUNCTION_LINES = 70
VAGUE = {"utils", "util", "helpers", "helper", "manager", "common", "misc", "stuff", "base_classes", "shared"}
CODE = ("src/", "tests/", "benchmarks/", "docs/")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def code() -> list[Source]:
    """Every Python file that is ours."""
    return [each for each in sources() if each.path.startswith(CODE)]


def public(source: Source) -> Iterator[tuple[str, ast.AST]]:
    """Public classes and functions of a module, and public methods of public classes."""
    for node in source.tree.body:
        if not isinstance(node, ast.ClassDef | Function) or node.name.startswith("_"):
            continue
        yield node.name, node
        if isinstance(node, ast.ClassDef):
            for inner in node.body:
                if isinstance(inner, Function) and not inner.name.startswith("_"):
                    yield f"{node.name}.{inner.name}", inner


def test_files_are_small() -> None:
    long = [(each.path, len(each.text.splitlines())) for each in code()]
    assert [item for item in long if item[1] > MAX_FILE_LINES] == []


def test_functions_are_small() -> None:
    long = []
    for each in code():
        for node in ast.walk(each.tree):
            if isinstance(node, Function):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MAX_FUNCTION_LINES:
                    long.append(f"{each.path}:{node.lineno} {node.name} has {lines} lines")
    assert long == []


def test_names_of_modules_say_something() -> None:
    vague = [each.path for each in code() if VAGUE & {part.removesuffix(".py") for part in Path(each.path).parts}]
    assert vague == []


def test_every_module_says_what_it_is() -> None:
    silent = [
        each.path
        for each in code()
        if (each.text.strip() or each.path.startswith("src/")) and not ast.get_docstring(each.tree)
    ]
    assert silent == []


def test_every_public_name_has_a_docstring() -> None:
    silent = [
        f"{each.path}: {name}"
        for each in sources("src/")
        for name, node in public(each)
        if isinstance(node, ast.ClassDef | Function) and not ast.get_docstring(node)
    ]
    assert silent == []


def test_every_room_says_in_out_knows() -> None:
    rooms = [each for each in sources("src/zhiyu/") if Path(each.path).match("src/zhiyu/*/__init__.py")]
    assert len(rooms) > 5
    for room in rooms:
        words = ast.get_docstring(room.tree) or ""
        assert all(word in words for word in ("In:", "Out:", "Knows:")), f"{room.path} lacks In, Out or Knows"


def test_nothing_is_left_for_later() -> None:
    marks = ("TO" + "DO", "FIX" + "ME", "XX" + "X")
    left = [
        f"{path}:{number}"
        for path, text in texts().items()
        for number, line in enumerate(text.splitlines(), 1)
        if any(mark in line for mark in marks)
    ]
    assert left == []
