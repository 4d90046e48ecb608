"""YAML files of the operator: queues, services, identity providers, reports and alert rules.

In: a path, the shape that is expected. Out: what stands there, in that shape; or an error that says what is wrong with the file, and where.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from zhiyu.base.errors import InputError, Place

T = TypeVar("T")
MAX_BYTES = 1 << 20
_KEY = re.compile(r"\.(\w+)|\[(\d+)\]")
_SAID: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"Expected `(.+)`, got `(.+)`"), r"应为 \1，实为 \2"),
    (re.compile(r"Object missing required field `(.+)`"), r"缺少必填字段 \1"),
    (re.compile(r"Object contains unknown field `(.+)`"), r"没有字段 \1"),
    (re.compile(r"Invalid enum value (.+)"), r"取值 \1 无效"),
)


def read_settings(path: Path, shape: type[T]) -> T:
    """What the file says; one that says nothing is an empty mapping. InputError."""
    try:
        data = path.read_bytes()
    except OSError as wrong:
        raise InputError(f"{path} cannot be read: {wrong.strerror}", f"无法读取 {path}：{wrong.strerror}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path} has more than {MAX_BYTES:,} bytes", f"{path} 超过 {MAX_BYTES:,} 字节")
    try:
        return msgspec.convert(YAML(typ="safe", pure=True).load(data) or {}, shape)
    except (YAMLError, UnicodeDecodeError, RecursionError) as wrong:
        said = " ".join(str(wrong).split())[:200]
        mark = wrong.problem_mark if isinstance(wrong, MarkedYAMLError) else None
        place = Place(str(path), mark.line + 1, mark.column + 1) if mark is not None else Place(str(path))
        raise InputError(f"{place} is no YAML: {said}", f"{place} 不是 YAML：{said}") from None
    except (msgspec.ValidationError, ValueError) as wrong:
        place = place_in(path, _keys(str(wrong)))
        raise InputError(f"{place}: {wrong}", f"{place}：{_in_chinese(str(wrong))}") from None


def place_in(path: Path, keys: Sequence[str | int], inside: int = 0) -> Place:
    """Where a value stands in such a file; that of what is around it, where it does not stand there.

    `keys`: names and numbers (from 0) that lead to it; `inside`: a character of a text, counted where the text stands on one line. The file
    without a line, where it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        node: Any = YAML(typ="rt", pure=True).load(text)
    except (OSError, YAMLError, ValueError):
        return Place(str(path))
    line = column = 0
    for key in keys:
        if isinstance(node, CommentedMap) and key in node:
            line, column = node.lc.value(key)
        elif isinstance(node, CommentedSeq) and isinstance(key, int) and key < len(node):
            line, column = node.lc.item(key)
        else:
            return Place(str(path), line + 1, column + 1)
        node = node[key]
    if isinstance(node, str) and inside:
        rest = text.splitlines()[line][column:]
        inside = inside + (rest[:1] in ("'", '"')) if node in rest else 0
    return Place(str(path), line + 1, column + 1 + inside)


def _keys(said: str) -> list[str | int]:
    """The way to a value as the shape's error tells it.

    >>> _keys("Expected `int`, got `str` - at `$.alerts[0].looks`")
    ['alerts', 0, 'looks']
    """
    _, found, way = said.partition(" - at `$")
    return [name or int(number) for name, number in _KEY.findall(way.partition("`")[0])] if found else []


def _in_chinese(said: str) -> str:
    """The shape's error in Chinese, where it is one of the usual ones."""
    what, _, way = said.partition(" - at ")
    for pattern, words in _SAID:
        if found := pattern.fullmatch(what):
            return found.expand(words) + (f"（{way}）" if way else "")
    return said
