"""Warnings about conditions that are allowed and can only mean a mistake: always true, never true, never null.

In: a checked comparison. Out: warnings in the report; nothing is refused.
"""

from __future__ import annotations

from zhiyu.expressions.report import Report, shown
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import Type

_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def comparison_hazard(report: Report, compare: Typed) -> None:
    """Warn when the declared range of a field decides the comparison."""
    left, right = compare.args
    if left.op == "literal":
        left, right, op = right, left, _FLIPPED[compare.op]
    else:
        op = compare.op
    value = right.value
    if right.op != "literal" or not isinstance(value, int) or left.type.scale != right.type.scale:
        return
    verdict = _verdict(op, left.type, value)
    if verdict is not None:
        word_en, word_zh = ("always", "恒成立") if verdict else ("never", "永不成立")
        report.warn(
            "constant_condition",
            compare.column,
            f"{shown(compare)} is {word_en} true: the declared range of {shown(left)} decides it",
            f"{shown(compare)} {word_zh}：由 {shown(left)} 声明的取值范围决定",
        )


def null_hazard(report: Report, operand: Typed) -> None:
    """Warn about asking a value for null that can never be null."""
    if not operand.type.nullable:
        en = f"{shown(operand)} is never null, so this check decides nothing"
        report.warn("never_null", operand.column, en, f"{shown(operand)} 永不为空，此判断没有作用")


def _verdict(op: str, type_: Type, value: int) -> bool | None:
    """What a comparison with `value` gives for every value in the declared range, None when it depends."""
    low, high = type_.minimum, type_.maximum
    below = high is not None and high < value
    above = low is not None and low > value
    at_most = high is not None and high <= value
    at_least = low is not None and low >= value
    true, false = {
        "<": (below, at_least),
        "<=": (at_most, above),
        ">": (above, at_most),
        ">=": (at_least, below),
        "==": (False, below or above),
        "!=": (below or above, False),
    }[op]
    return True if true else False if false else None
