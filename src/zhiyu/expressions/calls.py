"""Types of the library functions that run in the kernel (text functions are in `texts.py`).

In: a function name and its checked arguments. Out: a typed node whose `op` is the function, or POISON after reporting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

from zhiyu.base.errors import NO_HINT, Hint
from zhiyu.expressions.arithmetic import divide
from zhiyu.expressions.functions import usage
from zhiyu.expressions.literals import duration, settle, text_literal
from zhiyu.expressions.meet import meet
from zhiyu.expressions.report import POISON, Report, described, shown
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import BOOL, FLOAT, INT, Kind, Type
from zhiyu.expressions.units import number
from zhiyu.expressions.zones import fixed_offset_s

MAX_ROUND_DIGITS = 6


@dataclass(frozen=True, slots=True)
class _Call:
    function: str
    arguments: tuple[Typed, ...]
    column: int


def call(report: Report, function: str, arguments: tuple[Typed, ...], text: str, column: int) -> Typed:
    """The typed node of `function(arguments)`; the caller has checked that the function exists and the arity."""
    if POISON in arguments:
        return POISON
    made = _RULES[function](report, _Call(function, arguments, column))
    return made if made is POISON else replace(made, text=text, column=column)


def _made(asked: _Call, type_: Type, arguments: tuple[Typed, ...] | None = None, value: int | None = None) -> Typed:
    return Typed(asked.function, type_, asked.arguments if arguments is None else arguments, value)


def _wrong(report: Report, asked: _Call, node: Typed, needed_en: str, needed_zh: str, hint: Hint = NO_HINT) -> Typed:
    en, zh = described(node.type)
    return report.error(
        "type_mismatch",
        node.column,
        f"{asked.function} needs {needed_en}, and {shown(node)} is {en}",
        f"{asked.function} 需要{needed_zh}，而 {shown(node)} 是{zh}",
        hint or usage(asked.function),
    )


def _nullable(nodes: tuple[Typed, ...] | list[Typed]) -> bool:
    return any(node.type.nullable for node in nodes)


def _numbers(report: Report, asked: _Call) -> tuple[Typed, ...] | None:
    """All arguments settled, if all are numbers."""
    settled = tuple(settle(node) for node in asked.arguments)
    for node in settled:
        if not node.type.numeric:
            _wrong(report, asked, node, "a number", "数值")
            return None
    return settled


def _absolute(report: Report, asked: _Call) -> Typed:
    node = settle(asked.arguments[0])
    if not node.type.numeric and node.type.kind is not Kind.DURATION:
        return _wrong(report, asked, node, "a number or a duration", "数值或时长")
    return _made(asked, replace(node.type, minimum=None, maximum=None), (node,))


def _pick(report: Report, asked: _Call) -> Typed:
    """min, max, clip: ordered values of one type; null when any is null."""
    met = meet(report, asked.arguments, "combine", strict=False)
    if met is None:
        return POISON
    nodes, type_ = met
    if not type_.numeric and type_.kind not in (Kind.TIME, Kind.DURATION):
        return _wrong(report, asked, nodes[0], "numbers, times or durations", "数值、时间或时长")
    return _made(asked, type_, tuple(nodes))


def _coalesce(report: Report, asked: _Call) -> Typed:
    met = meet(report, asked.arguments, "combine", strict=False)
    if met is None:
        return POISON
    nodes, type_ = met
    return _made(asked, replace(type_, nullable=all(node.type.nullable for node in nodes)), tuple(nodes))


def _whole(report: Report, asked: _Call) -> Typed:
    """floor, ceil, round: to a whole number that keeps the unit; round may keep digits."""
    node = settle(asked.arguments[0])
    if not node.type.numeric:
        return _wrong(report, asked, node, "a number", "数值")
    if len(asked.arguments) == 1:
        return _made(asked, number(Kind.INT, 0, node.type.unit, node.type.nullable), (node,), 0)
    digits = asked.arguments[1].value
    if not isinstance(digits, Fraction) or digits.denominator != 1 or not 0 <= digits <= MAX_ROUND_DIGITS:
        return report.error(
            "digits",
            asked.arguments[1].column,
            f"round needs a written number of digits from 0 to {MAX_ROUND_DIGITS}",
            f"round 的位数应为 0 到 {MAX_ROUND_DIGITS} 的整数常量",
            Hint("use: round(x, 2)", "用法：round(x, 2)"),
        )
    kind, kept = node.type.kind, int(digits)
    if kind is Kind.FIXED:
        kept = min(kept, node.type.scale)
    result = Kind.FLOAT if kind is Kind.FLOAT and kept else Kind.FIXED if kind is Kind.FIXED and kept else Kind.INT
    return _made(asked, number(result, kept, node.type.unit, node.type.nullable), (node,), kept)


def _float(report: Report, asked: _Call) -> Typed:
    """sqrt, exp, log, log10, pow: FLOAT without unit."""
    numbers = _numbers(report, asked)
    if numbers is None:
        return POISON
    return _made(asked, replace(FLOAT, nullable=_nullable(numbers)), numbers)


def _ratio(report: Report, asked: _Call) -> Typed:
    numbers = asked.arguments
    if all(node.type.kind is Kind.DURATION for node in numbers):
        return Typed("ratio", FLOAT, numbers)
    settled = _numbers(report, asked)
    if settled is None:
        return POISON
    made = divide(report, settled[0], settled[1])
    return made if made is POISON else replace(made, op="ratio")


def _zscore(report: Report, asked: _Call) -> Typed:
    met = meet(report, asked.arguments, "combine", strict=False)
    if met is None:
        return POISON
    nodes, type_ = met
    if not type_.numeric:
        return _wrong(report, asked, nodes[0], "numbers", "数值")
    return _made(asked, FLOAT, tuple(nodes))


def _calendar(report: Report, asked: _Call) -> Typed:
    node = asked.arguments[0]
    if node.type.kind is not Kind.TIME:
        return _wrong(report, asked, node, "a time", "时间")
    offset: int | None = 0
    if len(asked.arguments) == 2:
        zone = asked.arguments[1]
        offset = fixed_offset_s(str(zone.value)) if text_literal(zone) else None
        if offset is None:
            return report.error(
                "time_zone",
                zone.column,
                f"{shown(zone)} is no time zone with one constant offset",
                f"{shown(zone)} 不是固定偏移的时区",
                Hint(
                    'write "UTC", an offset such as "+08:00", or a zone without daylight saving such as "Asia/Shanghai"',
                    '写 "UTC"、"+08:00" 这样的偏移，或 "Asia/Shanghai" 这样没有夏令时的时区',
                ),
            )
    kind = BOOL if asked.function == "is_weekend" else INT
    return _made(asked, replace(kind, nullable=node.type.nullable), (node,), offset)


def _duration(report: Report, asked: _Call) -> Typed:
    node = asked.arguments[0]
    if not text_literal(node):
        return _wrong(report, asked, node, "a written duration", "写明的时长")
    return duration(report, node)


def _span(report: Report, asked: _Call) -> Typed:
    node = asked.arguments[0]
    node = duration(report, node) if text_literal(node) else node
    if node is POISON:
        return POISON
    if node.type.kind is not Kind.DURATION:
        return _wrong(
            report,
            asked,
            node,
            "a duration",
            "时长",
            Hint("subtract two times to get a duration", "两个时间相减得到时长"),
        )
    return _made(asked, replace(FLOAT, nullable=node.type.nullable), (node,))


def _distance(report: Report, asked: _Call) -> Typed:
    for node in asked.arguments:
        if node.type.kind is not Kind.GEO:
            return _wrong(report, asked, node, "two places", "两个位置")
    return _made(asked, Type(Kind.FLOAT, unit="km", nullable=_nullable(asked.arguments)))


_RULES: Mapping[str, Callable[[Report, _Call], Typed]] = {
    "abs": _absolute,
    "min": _pick,
    "max": _pick,
    "clip": _pick,
    "coalesce": _coalesce,
    "round": _whole,
    "floor": _whole,
    "ceil": _whole,
    "sqrt": _float,
    "exp": _float,
    "log": _float,
    "log10": _float,
    "pow": _float,
    "ratio": _ratio,
    "zscore": _zscore,
    "hour": _calendar,
    "weekday": _calendar,
    "day_of_month": _calendar,
    "is_weekend": _calendar,
    "duration": _duration,
    "seconds": _span,
    "minutes": _span,
    "hours": _span,
    "days": _span,
    "distance_km": _distance,
}
