"""Types of `+ - * / // %` and unary minus.

In: two checked nodes. Out: one typed node; constants are folded exactly, so that `5 * 1000` adapts like a literal.
TIME - TIME is a DURATION, TIME ± DURATION a TIME, DURATION * whole number a DURATION, DURATION / DURATION a FLOAT.
"""

from __future__ import annotations

import math
from dataclasses import replace
from fractions import Fraction

from zhiyu.base.errors import NO_HINT, Hint
from zhiyu.expressions.literals import duration, number_node, settle, text_literal
from zhiyu.expressions.meet import meet
from zhiyu.expressions.nodes import ArithmeticOperator
from zhiyu.expressions.report import POISON, Report, described, shown
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import Kind, Type
from zhiyu.expressions.units import number, product, quotient_unit

_TIMES = (Kind.TIME, Kind.DURATION)
_FOLDED_LIMIT = Fraction(10**30)
"""A constant result past this is left to the machine, where it overflows as declared."""
_VERBS = {"+": "add", "-": "subtract", "%": "divide"}


def arithmetic(
    report: Report, operator: ArithmeticOperator, left: Typed, right: Typed, text: str, column: int
) -> Typed:
    """The typed node of `left operator right`, or POISON after reporting."""
    if POISON in (left, right):
        return POISON
    folded = _fold(operator, left, right)
    if folded is not None:
        return number_node(folded, text, column)
    if left.type.kind in _TIMES or right.type.kind in _TIMES:
        made = _times(report, operator, left, right)
    elif not (left.type.numeric and right.type.numeric):
        made = _not_numbers(report, left, right)
    elif operator == "*":
        made = _multiply(report, left, right)
    elif operator in ("/", "//"):
        made = divide(report, left, right, whole=operator == "//")
    else:
        made = _same_unit(report, operator, left, right)
    return made if made is POISON else replace(made, op=operator, text=text, column=column)


def negative(report: Report, operand: Typed, text: str, column: int) -> Typed:
    """The typed node of `-operand`."""
    if operand is POISON:
        return POISON
    if isinstance(operand.value, Fraction):
        return number_node(-operand.value, text, column)
    if not operand.type.numeric and operand.type.kind is not Kind.DURATION:
        return _not_numbers(report, operand, operand)
    type_ = replace(operand.type, minimum=None, maximum=None)
    return Typed("negative", type_, (operand,), text=text, column=column)


def divide(report: Report, left: Typed, right: Typed, whole: bool = False) -> Typed:
    """`left / right` as FLOAT in major units, or `left // right` rounded down; both null when right is 0."""
    left, right = settle(left), settle(right)
    unit = quotient_unit(left.type.unit, right.type.unit)
    if unit is None:
        return _clash(report, left, right, "divide", "相除")
    floats = Kind.FLOAT in (left.type.kind, right.type.kind)
    kind = Kind.INT if whole and not floats else Kind.FLOAT
    return Typed("/", number(kind, 0, unit), (left, right))


def _fold(operator: ArithmeticOperator, left: Typed, right: Typed) -> Fraction | None:
    a, b = left.value, right.value
    if not isinstance(a, Fraction) or not isinstance(b, Fraction):
        return None
    if operator in ("/", "//", "%") and b == 0:
        return None
    result = _computed(operator, a, b)
    return result if abs(result) < _FOLDED_LIMIT else None


def _computed(operator: ArithmeticOperator, a: Fraction, b: Fraction) -> Fraction:
    match operator:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            return a * b
        case "/":
            return a / b
        case "//":
            return Fraction(math.floor(a / b))
        case "%":
            return a - b * math.floor(a / b)


def _same_unit(report: Report, operator: ArithmeticOperator, left: Typed, right: Typed) -> Typed:
    met = meet(report, (left, right), _VERBS[operator], strict=False)
    if met is None:
        return POISON
    (left, right), type_ = met
    if operator == "%":
        if type_.kind is Kind.FLOAT:
            return report.error(
                "float_remainder",
                left.column,
                f"'%' needs exact numbers, and {shown(left)} % {shown(right)} is computed in floating point",
                f"% 只适用于精确数，{shown(left)} % {shown(right)} 是浮点运算",
                Hint("write a - b * floor(a / b)", "改写为 a - b * floor(a / b)"),
            )
        type_ = replace(type_, nullable=True)
    return Typed(operator, type_, (left, right))


def _multiply(report: Report, left: Typed, right: Typed) -> Typed:
    left, right = settle(left), settle(right)
    type_ = product(left.type, right.type)
    if type_ is None:
        return _clash(report, left, right, "multiply", "相乘")
    return Typed("*", type_, (left, right))


def _times(report: Report, operator: ArithmeticOperator, left: Typed, right: Typed) -> Typed:
    left, right = _as_duration(report, left), _as_duration(report, right)
    if POISON in (left, right):
        return POISON
    nullable = left.type.nullable or right.type.nullable
    result: Kind | None = None
    match (left.type.kind, operator, right.type.kind):
        case (Kind.TIME, "-", Kind.TIME):
            result = Kind.DURATION
        case (Kind.TIME, "+" | "-", Kind.DURATION) | (Kind.DURATION, "+", Kind.TIME):
            result = Kind.TIME
        case (Kind.DURATION, "+" | "-" | "%", Kind.DURATION):
            result, nullable = Kind.DURATION, nullable or operator == "%"
        case (Kind.DURATION, "*", Kind.INT) | (Kind.INT, "*", Kind.DURATION):
            left, right = settle(left), settle(right)
            whole = left.type.kind in (Kind.INT, Kind.DURATION) and right.type.kind in (Kind.INT, Kind.DURATION)
            result = Kind.DURATION if whole and not (left.type.unit or right.type.unit) else None
        case (Kind.DURATION, "/", Kind.DURATION):
            return Typed("/", number(Kind.FLOAT), (left, right))
        case (Kind.DURATION, "//", Kind.DURATION):
            return Typed("//", number(Kind.INT), (left, right))
    if result is None:
        return _bad_times(report, operator, left, right)
    return Typed(operator, Type(result, nullable=nullable), (left, right))


def _as_duration(report: Report, node: Typed) -> Typed:
    return duration(report, node) if text_literal(node) else node


def _bad_times(report: Report, operator: str, left: Typed, right: Typed) -> Typed:
    left_en, left_zh = described(left.type)
    right_en, right_zh = described(right.type)
    return report.error(
        "type_mismatch",
        left.column,
        f"cannot compute {shown(left)} {operator} {shown(right)}: {left_en} {operator} {right_en}",
        f"不能计算 {shown(left)} {operator} {shown(right)}：{left_zh} {operator} {right_zh}",
        Hint(
            'durations are written with a unit ("5m"); use seconds(d) … days(d) to get a number',
            '时长要带单位（"5m"）；要得到数值，用 seconds(d) … days(d)',
        ),
    )


def _not_numbers(report: Report, left: Typed, right: Typed) -> Typed:
    culprit = right if left.type.numeric else left
    en, zh = described(culprit.type)
    count = Hint("use 'x if condition else 0' to count a condition", "要统计条件，用 'x if condition else 0'")
    hint = count if culprit.type.kind is Kind.BOOL else NO_HINT
    return report.error(
        "type_mismatch",
        culprit.column,
        f"cannot calculate with {shown(culprit)}: it is {en}",
        f"{shown(culprit)} 是{zh}，不能参与计算",
        hint,
    )


def _clash(report: Report, left: Typed, right: Typed, verb: str, verb_zh: str) -> Typed:
    left_en, left_zh = described(left.type)
    right_en, right_zh = described(right.type)
    return report.error(
        "unit_mismatch",
        right.column,
        f"cannot {verb} {shown(left)} ({left_en}) and {shown(right)} ({right_en})",
        f"{shown(left)}（{left_zh}）与 {shown(right)}（{right_zh}）不能{verb_zh}",
        Hint("only one side may carry a unit", "只能有一边带单位") if verb == "multiply" else NO_HINT,
    )
