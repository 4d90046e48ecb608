"""YAML nodes become plain data of the declared shape; everything that does not fit is a finding with its place.

In: a node and the type it should have (as `msgspec.inspect` describes the declarations). Out: plain data ready for
`msgspec.convert`, with a mark for every path. Why not `msgspec.convert` alone: it stops at the first fault and knows
no lines. A scalar is read by the type that is wanted, so `name: 007` stays the text "007" and `min: 0.10` keeps its
digits.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
import msgspec.inspect as shapes

from zhiyu.base.errors import NO_HINT, Hint, Problem, did_you_mean
from zhiyu.events.declare import Field
from zhiyu.network.declare import Link
from zhiyu.policy.declare_actions import LetThrough, Parameter
from zhiyu.policy.declare_flows import Arm
from zhiyu.policy.declare_matrix import Challenger, MatrixCell
from zhiyu.policy.declare_models import Model
from zhiyu.policy.declare_restraint import FairGroups, Independence, OverLending
from zhiyu.policy.declare_scorecards import Bin
from zhiyu.policy.declare_tables import Row
from zhiyu.policy.places import Mark, Path, Places
from zhiyu.policy.yaml_nodes import List, Map, Node, Scalar

_INT = re.compile(r"[-+]?[0-9][0-9_]*")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9][0-9_]*(\.[0-9]*)?)([eE][-+]?[0-9]+)?")
_TRUE, _FALSE = ("true", "True", "TRUE"), ("false", "False", "FALSE")
_NULL = ("", "~", "null", "Null", "NULL")
EXACT_TEXT = {
    (Field, "min"), (Field, "max"), (Bin, "low"), (Bin, "high"), (Parameter, "min"), (Parameter, "max"), (LetThrough, "share"),
    (LetThrough, "money_cap"), (Arm, "percent"), (Model, "present"), (Model, "fallback"), (Link, "weight"),
    (Challenger, "percent"), (FairGroups, "ratio"), (Independence, "correlation"), (Independence, "differ"), (OverLending, "share"),
}  # fmt: skip
"""Numbers that are kept as the text typed, because a float would lose digits of money."""

EXACT_INSIDE = {(Row, "when"), (Bin, "values"), (MatrixCell, "thresholds"), (Independence, "values")}
"""Maps and lists of which the same holds inside."""
_TYPED = shapes.UnionType((shapes.StrType(), shapes.NoneType()))

MISSING: Any = object()
"""Stands for a value that could not be read; the finding is already recorded."""


def shape_of(declaration: type[msgspec.Struct]) -> shapes.StructType:
    """The described shape of a declaration type."""
    shape = shapes.type_info(declaration)
    assert isinstance(shape, shapes.StructType)
    return shape


class Converter:
    """Collects `problems` and `places` while it reads nodes into plain data."""

    def __init__(self, places: Places) -> None:
        self.places = places
        self.problems: list[Problem] = []

    def read(self, node: Node, shape: shapes.Type, path: Path) -> Any:
        """Plain data of `shape`, or `MISSING` after recording why not."""
        self.places.marks[path] = Mark(node.place, node.raw if isinstance(node, Scalar) else "")
        if isinstance(shape, shapes.UnionType):
            return self._union(node, shape, path)
        if isinstance(shape, shapes.StructType):
            return self._struct(node, shape, path)
        if isinstance(shape, shapes.DictType):
            return self._dict(node, shape, path)
        if isinstance(shape, (shapes.VarTupleType, shapes.TupleType)):
            return self._sequence(node, shape, path)
        if not isinstance(node, Scalar):
            return self._wrong(node, shape)
        return self._scalar(node, shape)

    def problem(self, code: str, node: Node, en: str, zh: str, suggestion: Hint = NO_HINT) -> Any:
        """Record one error at `node`; returns `MISSING`."""
        self.problems.append(Problem(code, en, zh, node.place, "error", *suggestion))
        return MISSING

    def unique_entries(self, node: Map, path: Path) -> list[tuple[Scalar, Node]]:
        """The entries of a map, first of each key; a repeated key is a finding."""
        seen: dict[str, Scalar] = {}
        kept = []
        for key, value in node.entries:
            if key.text in seen:
                line = seen[key.text].place.line
                en, zh = (
                    f"'{key.text}' is given twice (first on line {line})",
                    f"“{key.text}” 写了两次（第一次在第 {line} 行）",
                )
                self.problem("yaml.duplicate_key", key, en, zh, Hint("keep one of them", "只保留一处"))
                continue
            seen[key.text] = key
            self.places.keys[(*path, key.text)] = key.place
            kept.append((key, value))
        return kept

    def unknown_key(self, key: Scalar, owner: str, known: list[str]) -> None:
        """Record a key that the declaration does not have."""
        suggestion = did_you_mean(key.text, known) or Hint(
            f"known keys: {', '.join(known)}", f"可用的键：{'、'.join(known)}"
        )
        self.problem(
            "declare.unknown_key", key, f"{owner} has no '{key.text}'", f"{owner} 没有“{key.text}”这一项", suggestion
        )

    def _struct(self, node: Node, shape: shapes.StructType, path: Path) -> Any:
        if not isinstance(node, Map):
            return self._wrong(node, shape)
        fields = {f.encode_name: f for f in shape.fields}
        data: dict[str, Any] = {}
        sound = True
        for key, value in self.unique_entries(node, path):
            described = fields.get(key.text)
            if described is None:
                self.unknown_key(key, _struct_name(shape), list(fields))
                continue
            if (shape.cls, key.text) in EXACT_INSIDE:
                item = self._as_typed(value, described.type, (*path, key.text))
            elif (shape.cls, key.text) in EXACT_TEXT and isinstance(value, Scalar):
                item = self._exact(value, (*path, key.text))
            else:
                item = self.read(value, described.type, (*path, key.text))
            if item is MISSING:
                sound = False
            data[key.text] = item
        for name, described in fields.items():
            if described.required and name not in data:
                en, zh = f"{_struct_name(shape)} needs '{name}'", f"{_struct_name(shape)} 缺少“{name}”"
                self.problem("declare.missing_key", node, en, zh)
                sound = False
        return data if sound else MISSING

    def _exact(self, node: Scalar, path: Path) -> Any:
        self.places.marks[path] = Mark(node.place, node.raw)
        if not _FLOAT.fullmatch(node.text.strip()):
            return self.problem(
                "declare.type",
                node,
                f"'{node.text}' is not a number",
                f"“{node.text}”不是数字",
                Hint("write it like -5 or 1000.00", "例如 -5 或 1000.00"),
            )
        return node.text.strip().replace("_", "")

    def _as_typed(self, node: Node, shape: shapes.Type, path: Path) -> Any:
        """The same with every scalar inside kept as the text typed; only null stays null."""
        if isinstance(shape, shapes.DictType):
            return self._dict(node, shapes.DictType(shape.key_type, _TYPED), path)
        assert isinstance(shape, shapes.VarTupleType)
        return self._sequence(node, shapes.VarTupleType(shapes.StrType()), path)

    def _dict(self, node: Node, shape: shapes.DictType, path: Path) -> Any:
        if isinstance(node, Scalar) and node.plain and node.text in _NULL:
            return {}
        if not isinstance(node, Map):
            return self._wrong(node, shape)
        read = {k.text: self.read(v, shape.value_type, (*path, k.text)) for k, v in self.unique_entries(node, path)}
        return MISSING if any(v is MISSING for v in read.values()) else read

    def _sequence(self, node: Node, shape: shapes.VarTupleType | shapes.TupleType, path: Path) -> Any:
        if isinstance(node, Scalar) and isinstance(shape, shapes.VarTupleType):
            if node.plain and node.text in _NULL:
                return []
            if not isinstance(shape.item_type, (shapes.StructType, shapes.DictType)):
                item = self.read(node, shape.item_type, path)  # one value where a list may stand: a list of one
                return MISSING if item is MISSING else [item]
        if not isinstance(node, List):
            return self._wrong(node, shape)
        if isinstance(shape, shapes.TupleType) and len(node.items) != len(shape.item_types):
            return self._wrong(node, shape)
        kinds = shape.item_types if isinstance(shape, shapes.TupleType) else [shape.item_type] * len(node.items)
        read = [self.read(item, kind, (*path, i)) for i, (item, kind) in enumerate(zip(node.items, kinds))]
        return MISSING if any(v is MISSING for v in read) else read

    def _union(self, node: Node, shape: shapes.UnionType, path: Path) -> Any:
        members = list(shape.types)
        null = any(isinstance(m, shapes.NoneType) for m in members)
        if null and isinstance(node, Scalar) and node.plain and node.text in _NULL:
            return None
        members = [m for m in members if not isinstance(m, shapes.NoneType)]
        literals = [m for m in members if isinstance(m, shapes.LiteralType)]
        if literals:
            return self.read(node, shapes.LiteralType(tuple(v for m in literals for v in m.values)), path)
        fitting = sorted((m for m in members if _fits(node, m)), key=lambda m: isinstance(m, shapes.StrType))
        return self.read(node, fitting[0], path) if fitting else self._wrong(node, shape)

    def _scalar(self, node: Scalar, shape: shapes.Type) -> Any:
        if node.plain and node.text in _NULL and not isinstance(shape, shapes.LiteralType):
            return self.problem(
                "declare.empty",
                node,
                "no value",
                "没有值",
                Hint(f"write {_say(shape)}, or remove the key", f"补上值（{_say(shape, zh=True)}），或删除这个键"),
            )
        if isinstance(shape, shapes.StrType):
            return node.text
        if isinstance(shape, shapes.LiteralType):
            return self._choice(node, shape)
        if isinstance(shape, shapes.BoolType) and node.plain and node.text in _TRUE + _FALSE:
            return node.text in _TRUE
        if isinstance(shape, shapes.IntType) and node.plain and _INT.fullmatch(node.text) and len(node.text) < 19:
            return int(node.text)
        if isinstance(shape, shapes.FloatType) and node.plain and _FLOAT.fullmatch(node.text):
            return float(node.text)
        return self._wrong(node, shape)

    def _choice(self, node: Scalar, shape: shapes.LiteralType) -> Any:
        known = [str(v) for v in shape.values if v != ""]
        if node.text in known or (node.text == "" and "" in shape.values):
            return node.text
        suggestion = did_you_mean(node.text, known) or Hint(f"one of: {', '.join(known)}", f"可选：{'、'.join(known)}")
        return self.problem(
            "declare.choice", node, f"'{node.text}' is not known here", f"“{node.text}”不是可选值", suggestion
        )

    def _wrong(self, node: Node, shape: shapes.Type) -> Any:
        found_en, found_zh = _found(node)
        return self.problem(
            "declare.type",
            node,
            f"expected {_say(shape)}, found {found_en}",
            f"应为 {_say(shape, zh=True)}，实为 {found_zh}",
        )


def _fits(node: Node, shape: shapes.Type) -> bool:
    """Does a union member take this node? A plain number or boolean keeps its own type, everything else is text."""
    if isinstance(shape, (shapes.StructType, shapes.DictType)):
        return isinstance(node, Map)
    if isinstance(shape, (shapes.VarTupleType, shapes.TupleType)):
        return isinstance(node, List)
    if not isinstance(node, Scalar):
        return False
    if isinstance(shape, shapes.StrType):
        return True
    if not node.plain:
        return False
    if isinstance(shape, shapes.BoolType):
        return node.text in _TRUE + _FALSE
    pattern = _INT if isinstance(shape, shapes.IntType) else _FLOAT
    return bool(pattern.fullmatch(node.text))


def _struct_name(shape: shapes.StructType) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", " ", str(shape.cls.__name__)).lower()


_WORDS: list[tuple[type[shapes.Type], str, str]] = [
    (shapes.StrType, "a text", "文本"),
    (shapes.IntType, "a whole number", "整数"),
    (shapes.FloatType, "a number", "数字"),
    (shapes.BoolType, "true or false", "true 或 false"),
    (shapes.DictType, "a mapping (`key: value` lines)", "映射（键: 值）"),
    (shapes.VarTupleType, "a list", "列表"),
]


def _say(shape: shapes.Type, zh: bool = False) -> str:
    if isinstance(shape, shapes.StructType):
        name = _struct_name(shape)
        return f"{name}（键: 值）" if zh else f"{'an' if name[0] in 'aeio' else 'a'} {name} (`key: value` lines)"
    if isinstance(shape, shapes.TupleType):
        return f"{len(shape.item_types)} 项的列表" if zh else f"a list of {len(shape.item_types)}"
    if isinstance(shape, shapes.UnionType):
        parts = [_say(m, zh) for m in shape.types if not isinstance(m, shapes.NoneType)]
        return ("或" if zh else " or ").join(dict.fromkeys(parts))
    return next(((zh_word if zh else en) for kind, en, zh_word in _WORDS if isinstance(shape, kind)), "a value")


def _found(node: Node) -> tuple[str, str]:
    if isinstance(node, Map):
        return "a mapping", "映射"
    if isinstance(node, List):
        return f"a list of {len(node.items)}", f"{len(node.items)} 项的列表"
    shown = node.text if len(node.text) <= 40 else node.text[:37] + "..."
    return ("nothing", "空") if shown == "" else (f"'{shown}'", f"“{shown}”")
