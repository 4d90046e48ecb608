"""A policy that is changed by a patch: an artifact's own form with some values added, replaced, removed (JSON Patch, RFC 6902).

In: the policy of an artifact as plain data, operations. Out: the policy, and places that are JSON pointers, so that a finding says which
value of which part is meant: `file` is the pointer, `line` 1, `column` the character inside the value. Pure.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import msgspec

from zhiyu.base.errors import DeclarationError, InputError, Place, Problem
from zhiyu.base.limits import MAX_RULES
from zhiyu.policy.declare import Policy
from zhiyu.policy.places import Path, Places

MAX_OPERATIONS = 1_000


class Operation(msgspec.Struct, forbid_unknown_fields=True):
    """One step: `op` add, replace, remove or move at `path`, with `value` or `from_` where it needs one."""

    op: Literal["add", "replace", "remove", "move"]
    path: str
    value: Any = msgspec.UNSET
    from_: str = msgspec.field(default="", name="from")


@dataclass(slots=True)
class Pointers(Places):
    """Places in a document without lines: JSON pointers."""

    def at(self, path: Path) -> Place:
        """The pointer of `path`."""
        return Place(pointer(self.declared(path)), 1, 1)

    def key(self, path: Path) -> Place:
        """The same."""
        return self.at(path)

    def content(self, path: Path) -> Place:
        """The same."""
        return self.at(path)

    def inside(self, path: Path, text: str, offset: int) -> Place:
        """The pointer, and the character."""
        return Place(pointer(self.declared(path)), 1, min(max(offset, 0), len(text)) + 1)


def pointer(path: Path) -> str:
    """A path as a JSON pointer.

    >>> pointer(("rule_sets", 0, "a/b"))
    '/rule_sets/0/a~1b'
    """
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in path)


def patched(document: Any, operations: Sequence[Operation]) -> Any:
    """A copy of the document with the operations done in order. InputError for one that cannot be done."""
    if len(operations) > MAX_OPERATIONS:
        raise InputError(
            f"{len(operations):,} operations; at most {MAX_OPERATIONS:,}",
            f"操作 {len(operations):,} 个，上限 {MAX_OPERATIONS:,}",
        )
    found = copy.deepcopy(document)
    for number, each in enumerate(operations):
        if each.op in ("add", "replace") and each.value is msgspec.UNSET:
            raise _wrong(number, each.path, "needs a value", "缺少 value")
        value = each.value
        if each.op == "move":
            value = _taken(found, _parts(number, each.from_), number, each.from_)
        if each.op in ("remove", "replace"):
            _taken(found, _parts(number, each.path), number, each.path)
        if each.op != "remove":
            _put(found, _parts(number, each.path), copy.deepcopy(value), number, each.path)
    return found


def policy_of(document: Any) -> Policy:
    """The policy that plain data declares. DeclarationError for what is of a wrong type, at its pointer."""
    try:
        policy = msgspec.convert(document, Policy)
    except msgspec.ValidationError as fault:
        text, _, where = str(fault).partition(" - at `")
        place = Place(_pointer_of(where.rstrip("`")), 1, 1)
        raise DeclarationError([Problem("declare.type", text, f"类型或取值不对：{text}", place)]) from None
    if policy.versions is not None:
        problem = Problem(
            "declare.unknown_key",
            "`versions` is made by a release",
            "`versions` 只由发布产生",
            Place("/versions", 1, 1),
        )
        raise DeclarationError([problem])
    rules = sum(len(each.rules) for each in policy.rule_sets)
    if rules > MAX_RULES:
        en, zh = f"{rules} rules; at most {MAX_RULES}", f"规则 {rules} 条，上限 {MAX_RULES}"
        raise DeclarationError([Problem("limit.rules", en, zh, Place("/rule_sets", 1, 1))])
    return policy


def _parts(number: int, path: str) -> list[str]:
    if not path.startswith("/") or re.search(r"~(?![01])", path):
        raise _wrong(number, path, "is no JSON pointer to a part", "不是 JSON 指针")
    return [part.replace("~1", "/").replace("~0", "~") for part in path[1:].split("/")]


def _holder(document: Any, parts: list[str], number: int, path: str) -> Any:
    found = document
    for part in parts[:-1]:
        try:
            found = found[_index(part)] if isinstance(found, list) else found[part]
        except (KeyError, IndexError, TypeError, ValueError):
            raise _wrong(number, path, "leads to nothing", "指向不存在的位置") from None
    if not isinstance(found, (list, dict)):
        raise _wrong(number, path, "leads to nothing", "指向不存在的位置")
    return found


def _taken(document: Any, parts: list[str], number: int, path: str) -> Any:
    holder = _holder(document, parts, number, path)
    try:
        return holder.pop(_index(parts[-1]) if isinstance(holder, list) else parts[-1])
    except (KeyError, IndexError, ValueError):
        raise _wrong(number, path, "leads to nothing", "指向不存在的位置") from None


def _put(document: Any, parts: list[str], value: Any, number: int, path: str) -> None:
    holder = _holder(document, parts, number, path)
    if isinstance(holder, dict):
        holder[parts[-1]] = value
        return
    try:
        at = len(holder) if parts[-1] == "-" else _index(parts[-1])
    except ValueError:
        at = len(holder) + 1
    if at > len(holder):
        raise _wrong(number, path, "leads past the end of a list", "超出列表末尾")
    holder.insert(at, value)


def _index(part: str) -> int:
    """A place in a list; ValueError for what is none."""
    if not re.fullmatch(r"0|[1-9][0-9]{0,6}", part, re.ASCII):
        raise ValueError(part)
    return int(part)


def _pointer_of(where: str) -> str:
    """`$.rule_sets[0].rules[3].when` as a pointer."""
    return pointer(tuple(re.findall(r"[^.\[\]$]+", where)))


def _wrong(number: int, path: str, en: str, zh: str) -> InputError:
    return InputError(f"operation {number + 1}: '{path}' {en}", f"第 {number + 1} 个操作：“{path}”{zh}")
