"""One YAML file as a small tree of nodes that know their place.

In: the bytes of a file and the name to show. Out: a `Map`, `List` or `Scalar` node, or `DeclarationError` with the
place of the fault. Why own nodes instead of plain data: every later finding must point at line and column, numbers
must keep their digits, and the dangerous half of YAML (tags, anchors, aliases, merge keys, several documents) is
refused before anything is built from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from zhiyu.base.errors import NO_HINT, DeclarationError, Hint, Place, Problem
from zhiyu.base.limits import MAX_POLICY_FILE_BYTES

MAX_YAML_DEPTH = 24
"""Deepest nesting of maps and lists in a policy file; honest policies use about eight."""


@dataclass(frozen=True, slots=True)
class Scalar:
    """One value as text. `plain`: neither quoted nor a block; `raw`: the source as typed, to find a column in."""

    place: Place
    text: str
    plain: bool
    raw: str


@dataclass(slots=True)
class List:
    """A sequence of nodes."""

    place: Place
    items: list[Node] = field(default_factory=list)


@dataclass(slots=True)
class Map:
    """A mapping; keys are scalars, in the order written."""

    place: Place
    entries: list[tuple[Scalar, Node]] = field(default_factory=list)


Node: TypeAlias = "Scalar | List | Map"


def read_nodes(content: bytes, name: str) -> Node:
    """The tree of one YAML document; raises `DeclarationError` when it is not readable, not YAML 1.2, empty or too
    large.

        >>> read_nodes(b"name: demo", "policy.yaml").entries[0][1].text
        'demo'
    """
    text = _decode(content, name)
    try:
        node = _Builder(text, name).build()
    except MarkedYAMLError as fault:
        mark = fault.problem_mark or fault.context_mark
        place = Place(name, mark.line + 1, mark.column + 1) if mark else Place(name)
        raise _refuse(place, "yaml.syntax", fault.problem or str(fault), _SYNTAX_ZH, _hint(fault)) from None
    except YAMLError as fault:
        place = _place_of_index(text, name, getattr(fault, "position", 0))
        raise _refuse(place, "yaml.character", "a character that is not allowed in YAML", "YAML 不允许的字符") from None
    if node is None:
        raise _refuse(
            Place(name),
            "yaml.empty",
            "the file declares nothing",
            "文件是空的",
            Hint("remove it, or declare something in it", "删除该文件，或在其中写上声明"),
        )
    return node


_SYNTAX_ZH = "YAML 语法错误"


def _decode(content: bytes, name: str) -> str:
    if len(content) > MAX_POLICY_FILE_BYTES:
        en = f"{len(content)} bytes; a policy file may have {MAX_POLICY_FILE_BYTES}"
        zh = f"文件有 {len(content)} 字节，上限 {MAX_POLICY_FILE_BYTES}"
        raise _refuse(Place(name), "limit.file", en, zh, Hint("split it into several files", "拆成几个文件"))
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as fault:
        before = content[: fault.start]
        line = before.count(b"\n") + 1
        column = len(before[before.rfind(b"\n") + 1 :].decode("utf-8", "replace")) + 1
        place = Place(name, line, column)
        raise _refuse(
            place,
            "yaml.encoding",
            "not UTF-8 text",
            "不是 UTF-8 文本",
            Hint("save the file as UTF-8", "将文件另存为 UTF-8"),
        ) from None


def _refuse(place: Place, code: str, en: str, zh: str, suggestion: Hint = NO_HINT) -> DeclarationError:
    return DeclarationError([Problem(code, en, zh, place, "error", *suggestion)])


def _hint(fault: MarkedYAMLError) -> Hint:
    problem = str(fault.problem)
    if "\\t" in problem:
        return Hint("indent with spaces, not tabs", "用空格缩进，不用制表符")
    if "mapping values are not allowed" in problem:
        return Hint("put a text that contains ': ' in quotes", "含有 ': ' 的文本要加引号")
    return NO_HINT


def _place_of_index(text: str, name: str, index: int) -> Place:
    return Place(name, text.count("\n", 0, index) + 1, index - text.rfind("\n", 0, index))


class _Builder:
    """Turns parser events into nodes with an explicit stack, so that depth is limited before memory or recursion is."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.stack: list[Map | List] = []
        self.keys: list[Scalar | None] = []
        self.root: Node | None = None
        self.documents = 0

    def build(self) -> Node | None:
        for event in self._events():
            self._take(event)
        return self.root

    def _events(self) -> Iterator[Any]:
        parser: Any = YAML(typ="safe", pure=True)
        yield from parser.parse(self.text)

    def _place(self, event: Any) -> Place:
        return Place(self.name, event.start_mark.line + 1, event.start_mark.column + 1)

    def _take(self, event: Any) -> None:
        if isinstance(event, DocumentStartEvent):
            self._document(event)
        elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
            self.stack.pop()
            self.keys.pop()
        elif isinstance(event, (AliasEvent, ScalarEvent, MappingStartEvent, SequenceStartEvent)):
            self._refuse_tricks(event)
            self._add(event)

    def _document(self, event: Any) -> None:
        self.documents += 1
        if self.documents > 1:
            raise _refuse(
                self._place(event),
                "yaml.documents",
                "a second document in one file",
                "一个文件里有多个文档",
                Hint("use one file each", "每个文档单独一个文件"),
            )
        if event.version or event.tags:
            raise _refuse(
                self._place(event),
                "yaml.directive",
                "YAML directives are not used here",
                "不支持 YAML 指令",
                Hint("remove it", "删除该指令"),
            )

    def _refuse_tricks(self, event: Any) -> None:
        place = self._place(event)
        if isinstance(event, AliasEvent) or event.anchor:
            mark = f"*{event.anchor}" if isinstance(event, AliasEvent) else f"&{event.anchor}"
            en, zh = f"anchors and aliases ({mark}) are not allowed", f"不允许锚点与别名（{mark}）"
            raise _refuse(
                place,
                "yaml.anchor",
                en,
                zh,
                Hint("write the value out, or quote it if it is text", "直接写出值；若是文本请加引号"),
            )
        if event.ctag is not None:
            en, zh = f"tags ({event.ctag}) are not allowed", f"不允许标签（{event.ctag}）"
            raise _refuse(
                place,
                "yaml.tag",
                en,
                zh,
                Hint("remove it, or quote the value if it is text", "删除标签；若是文本请加引号"),
            )

    def _add(self, event: Any) -> None:
        node: Node
        place = self._place(event)
        if isinstance(event, ScalarEvent):
            raw = self.text[event.start_mark.index : event.end_mark.index]
            node = Scalar(place, event.value, event.style is None, raw)
        else:
            node = Map(place) if isinstance(event, MappingStartEvent) else List(place)
            if len(self.stack) >= MAX_YAML_DEPTH:
                en, zh = f"nested deeper than {MAX_YAML_DEPTH} levels", f"嵌套超过 {MAX_YAML_DEPTH} 层"
                raise _refuse(
                    place, "limit.depth", en, zh, Hint("declarations need about eight levels", "声明通常只需八层左右")
                )
        self._attach(node)
        if not isinstance(node, Scalar):
            self.stack.append(node)
            self.keys.append(None)

    def _attach(self, node: Node) -> None:
        if not self.stack:
            self.root = node
            return
        parent = self.stack[-1]
        if isinstance(parent, List):
            parent.items.append(node)
            return
        key = self.keys[-1]
        if key is not None:
            parent.entries.append((key, node))
            self.keys[-1] = None
        elif isinstance(node, Scalar):
            self.keys[-1] = node
        else:
            raise _refuse(
                node.place,
                "yaml.key",
                "a key must be a plain word",
                "键必须是一个词",
                Hint("write `key: value`", "写成 `键: 值`"),
            )
