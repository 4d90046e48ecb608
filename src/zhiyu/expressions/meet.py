"""Brings operands to one type: literals adapt, numbers widen, units and kinds must agree.

In: two or more checked nodes. Out: the nodes with literals adapted and their common type, or None after reporting.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

from zhiyu.base.errors import NO_HINT, Hint
from zhiyu.expressions.literals import adapt_number, adapt_text, settle, text_literal
from zhiyu.expressions.report import POISON, Report, described, shown
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import Kind, Type
from zhiyu.expressions.units import common


def meet(
    report: Report, nodes: Sequence[Typed], verb: str = "compare", strict: bool = True
) -> tuple[list[Typed], Type] | None:
    """The operands ready to be used together and their common type; `verb` is for the message ("compare", "add", …)."""
    if POISON in nodes:
        return None
    adapted = [_adapt(report, node, nodes, strict) for node in nodes]
    if POISON in adapted:
        return None
    settled = [settle(node) for node in adapted]
    found: Type = settled[0].type
    for node in settled[1:]:
        together = common(found, node.type)
        if together is None:
            _report_clash(report, settled[0], node, verb)
            return None
        found = together
    return settled, found


def _adapt(report: Report, node: Typed, nodes: Sequence[Typed], strict: bool) -> Typed:
    """One operand, its literal adapted to the operands that are not literals."""
    firm = [each for each in nodes if not each.loose and not text_literal(each)]
    if not firm:
        return node
    if node.loose:
        target = reduce(lambda a, b: common(a, b) or a, (each.type for each in firm))
        return adapt_number(report, node, target, strict)
    if text_literal(node):
        return adapt_text(report, node, next((each for each in firm if each.type.personal), firm[0]))
    return node


_VERBS_ZH = {"compare": "比较", "add": "相加", "subtract": "相减", "combine": "一起使用", "divide": "取余"}


def _report_clash(report: Report, left: Typed, right: Typed, verb: str) -> None:
    left_en, left_zh = described(left.type)
    right_en, right_zh = described(right.type)
    en = f"cannot {verb} {shown(left)} ({left_en}) with {shown(right)} ({right_en})"
    zh = f"不能将 {shown(left)}（{left_zh}）与 {shown(right)}（{right_zh}）{_VERBS_ZH.get(verb, '一起使用')}"
    if left.type.numeric and right.type.numeric:
        hint = Hint(
            "two units never mix; convert one side, or divide by a value in the same unit",
            "不同单位不能混用；请换算其中一边，或除以同单位的值",
        )
        report.error("unit_mismatch", right.column, en, zh, hint)
    else:
        report.error("type_mismatch", right.column, en, zh, _type_hint(left, right))


def _type_hint(left: Typed, right: Typed) -> Hint:
    for one, other in ((left, right), (right, left)):
        if text_literal(one) and other.type.numeric:
            return Hint("write the number without quotes", "数字不要加引号")
        if other.type.kind is Kind.STRING and one.op == "literal" and one.type.numeric:
            return Hint("put the value in quotes", "给这个值加上引号")
        if other.type.kind is Kind.BOOL and one.op == "literal" and one.type.numeric:
            return Hint("compare with true or false", "与 true 或 false 比较")
    return NO_HINT
