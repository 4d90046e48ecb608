"""Types of `item in members`: written constants, a named list, a list that changes over time, or a list field.

In: a membership node. Out: an "in" node whose value is the scaled constants or the list; for a list field a
prepared `has(field,"x")`; POISON after reporting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from zhiyu.base.errors import Hint, did_you_mean
from zhiyu.base.limits import MAX_SET_VALUES
from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.literals import adapt_number, adapt_text, number_node, settle, text_literal
from zhiyu.expressions.nodes import Call, Literal, Membership, Name, Node
from zhiyu.expressions.report import POISON, Report, described, shown
from zhiyu.expressions.texts import text_call
from zhiyu.expressions.typed import NamedSet, Scope, Typed
from zhiyu.expressions.types import BOOL, STRING, Kind, Type

_HASHABLE = (Kind.STRING, Kind.INT, Kind.FIXED)


def membership(report: Report, scope: Scope, visit: Callable[[Node], Typed], node: Membership, text: str) -> Typed:
    """The typed node of `item in members`, not negated."""
    members = node.members
    if isinstance(members, Name) and members.name in scope.names and scope.names[members.name].is_list:
        return _in_list_field(report, scope, node.item, members)
    item = settle(visit(node.item))
    if item is POISON:
        return POISON
    if item.type.kind not in _HASHABLE:
        en, zh = described(item.type)
        return report.error(
            "type_mismatch",
            item.column,
            f"'in' looks up texts and exact numbers, and {shown(item)} is {en}",
            f"in 只能查找文本和精确数，而 {shown(item)} 是{zh}",
            Hint("compare it with == or with < and >", "用 == 或 <、> 比较"),
        )
    if isinstance(members, Name):
        return _in_named(report, scope, item, members, text)
    values = [_member(report, item, each) for each in members]
    if POISON in values:
        return POISON
    type_ = replace(BOOL, nullable=item.type.nullable)
    if item.type.kind is Kind.STRING:
        texts = tuple(sorted({str(each.value) for each in values}))
        return Typed("in", type_, (item,), texts, text, node.column)
    numbers = tuple(sorted({each.value for each in values if isinstance(each.value, int)}))
    return Typed("in", type_, (item,), numbers, text, node.column)


def _member(report: Report, item: Typed, member: Literal) -> Typed:
    """One written member, in the form of the item."""
    text = canonical(member)
    if isinstance(member.value, str):
        node = Typed("literal", STRING, value=member.value, text=text, column=member.column)
        fits = item.type.kind is Kind.STRING
        node = adapt_text(report, node, item) if fits else node
    elif isinstance(member.value, bool):
        node, fits = Typed("literal", BOOL, value=member.value, text=text, column=member.column), False
    else:
        node, fits = number_node(Fraction(member.value), text, member.column), item.type.numeric
        node = adapt_number(report, node, item.type, strict=True) if fits else node
    if fits:
        return node
    en, zh = described(item.type)
    unquote, quote = (
        Hint("write the number without quotes", "数字不要加引号"),
        Hint("put the value in quotes", "给这个值加上引号"),
    )
    hint = unquote if text_literal(node) else quote
    en, zh = f"{shown(item)} is {en} and is never {shown(node)}", f"{shown(item)} 是{zh}，不会等于 {shown(node)}"
    return report.error("type_mismatch", member.column, en, zh, hint)


def _in_named(report: Report, scope: Scope, item: Typed, members: Name, text: str) -> Typed:
    named = scope.sets.get(members.name) or scope.lists.get(members.name)
    if named is None:
        known = [*scope.sets, *scope.lists, *(name for name, type_ in scope.names.items() if type_.is_list)]
        scalar = members.name in scope.names
        en = f"'{members.name}' is one value, not a list" if scalar else f"unknown list '{members.name}'"
        zh = f"'{members.name}' 是单个值，不是名单" if scalar else f"未知名单 '{members.name}'"
        hint = (
            Hint("write == to compare two values", "比较两个值用 ==") if scalar else did_you_mean(members.name, known)
        )
        if not hint:
            hint = Hint(
                "declare it under `lists`; `derive` and `drop` cannot ask lists",
                "请在 lists 中声明；derive 与 drop 不能查名单",
            )
        return report.error("unknown_list", members.column, en, zh, hint)
    if isinstance(named, NamedSet) and len(named.values) > MAX_SET_VALUES:
        en = f"list '{named.name}' has {len(named.values):,} values, the limit is {MAX_SET_VALUES:,}"
        zh = f"名单 '{named.name}' 有 {len(named.values):,} 个值，上限为 {MAX_SET_VALUES:,}"
        return report.error("list_size", members.column, en, zh, Hint("split the list", "拆分名单"))
    if not _same(item.type, named.type):
        (item_en, item_zh), (set_en, set_zh) = described(item.type), described(named.type)
        return report.error(
            "type_mismatch",
            item.column,
            f"{shown(item)} is {item_en}, and list '{named.name}' holds values of another kind: {set_en}",
            f"{shown(item)} 是{item_zh}，而名单 '{named.name}' 的值是{set_zh}",
        )
    return Typed("in", replace(BOOL, nullable=item.type.nullable), (item,), named, text, item.column)


def _same(item: Type, held: Type) -> bool:
    return (item.kind, item.scale, item.unit) == (held.kind, held.scale, held.unit)


def _in_list_field(report: Report, scope: Scope, item: Node, members: Name) -> Typed:
    if not isinstance(item, Literal) or not isinstance(item.value, str):
        en = f"only a written text can be looked up in the list field '{members.name}'"
        zh = f"列表字段 '{members.name}' 中只能查找写明的文本"
        return report.error(
            "type_mismatch", item.column, en, zh, Hint(f'write "x" in {members.name}', f'写成 "x" in {members.name}')
        )
    has = Call("has", (members, item), item.column)
    return text_call(report, scope, has, canonical(has))
