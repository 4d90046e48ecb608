"""Checks a text call and turns it into a prepared column: a chain of text functions over one field.

In: a `Call` node of a text or list function. Out: a "prepared" node, or POISON after reporting.
"""

from __future__ import annotations

from dataclasses import replace

from zhiyu.base.errors import did_you_mean
from zhiyu.base.limits import MAX_STRING_BYTES
from zhiyu.expressions.functions import FUNCTIONS, usage
from zhiyu.expressions.nodes import Call, Literal, Name, Node
from zhiyu.expressions.report import POISON, Report
from zhiyu.expressions.text import (
    LIST_FUNCTIONS,
    REVEALING_CHARACTERS,
    TEXT_FUNCTIONS,
    Argument,
    Prepared,
    Step,
    TextFunction,
)
from zhiyu.expressions.typed import Scope, Typed
from zhiyu.expressions.types import Kind, Type


def is_text_call(node: Node) -> bool:
    """Whether `node` calls a function over texts or lists."""
    return isinstance(node, Call) and (node.function in TEXT_FUNCTIONS or node.function in LIST_FUNCTIONS)


def text_call(report: Report, scope: Scope, node: Call, text: str) -> Typed:
    """The prepared column of `node`; the caller has checked the arity."""
    inner = _source(report, scope, node, node.arguments[0])
    if inner is None:
        return POISON
    is_list = inner.type.is_list
    known = (LIST_FUNCTIONS if is_list else TEXT_FUNCTIONS).get(node.function)
    if known is None or (not is_list and inner.type.kind is not Kind.STRING):
        return _not_for(report, node, "a list" if node.function in LIST_FUNCTIONS else "a text")
    arguments = _arguments(report, node, known)
    if arguments is None:
        return POISON
    type_ = replace(known.result, personal=_personal(inner.type, known, node.function, arguments))
    prepared = Prepared(inner.field, (*inner.chain, Step(node.function, arguments)), type_)
    return Typed("prepared", type_, value=prepared, text=text, column=node.column)


def _source(report: Report, scope: Scope, call: Call, node: Node) -> Prepared | None:
    """What a text function reads: a field, or another text function over one."""
    if isinstance(node, Name) and node.name in scope.names:
        type_ = scope.names[node.name]
        if scope.texts is not None and node.name not in scope.texts and type_.kind is Kind.STRING:
            report.error(
                "no_text",
                node.column,
                f"'{node.name}' is no field of the event: its text is not kept, only its code",
                f"'{node.name}' 不是事件字段，只保留编码，没有原文",
                did_you_mean(node.name, scope.texts),
            )
            return None
        return Prepared(node.name, (), type_)
    if isinstance(node, Name):
        report.error(
            "unknown_name",
            node.column,
            f"unknown name '{node.name}'",
            f"未知名称 '{node.name}'",
            did_you_mean(node.name, scope.names),
        )
        return None
    if isinstance(node, Call) and is_text_call(node):
        if not FUNCTIONS[node.function].least <= len(node.arguments) <= FUNCTIONS[node.function].most:
            _not_for(report, node, f"{FUNCTIONS[node.function].least} arguments")
            return None
        made = text_call(report, scope, node, "")
        return made.value if isinstance(made.value, Prepared) else None
    _not_for(report, call, "a field of the event")
    return None


def _not_for(report: Report, node: Call, needed: str) -> Typed:
    words = {"a list": "列表字段", "a text": "文本", "a field of the event": "事件字段"}
    return report.error(
        "type_mismatch",
        node.arguments[0].column if node.arguments else node.column,
        f"{node.function} needs {needed}",
        f"{node.function} 需要{words.get(needed, '正确的参数')}",
        usage(node.function),
    )


def _arguments(report: Report, node: Call, known: TextFunction) -> tuple[Argument, ...] | None:
    found: list[Argument] = []
    for kind, argument in zip(known.arguments, node.arguments[1:], strict=True):
        value = argument.value if isinstance(argument, Literal) else None
        if (kind == "text" and isinstance(value, str) and value and len(value) * 4 <= MAX_STRING_BYTES) or (
            kind == "count"
            and isinstance(value, int)
            and not isinstance(value, bool)
            and 1 <= value <= MAX_STRING_BYTES
        ):
            found.append(value)
        else:
            needed = (
                ("a text in quotes", "带引号的文本") if kind == "text" else ("a whole number from 1", "不小于 1 的整数")
            )
            report.error(
                "constant",
                argument.column,
                f"{node.function} needs {needed[0]} here, written out",
                f"{node.function} 此处需要写明的{needed[1]}",
                usage(node.function),
            )
            return None
    return tuple(found)


def _personal(source: Type, known: TextFunction, function: str, arguments: tuple[Argument, ...]) -> bool:
    """Whether the result still identifies a person: then it may not be compared with a written text either."""
    if not source.personal or known.result.kind is not Kind.STRING:
        return False
    long = isinstance(arguments[0], int) and arguments[0] > REVEALING_CHARACTERS if arguments else False
    return known.reveals or (function in ("prefix", "suffix") and long)
