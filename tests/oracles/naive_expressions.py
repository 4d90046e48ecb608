"""The meaning of the expression language, obviously right and slow: one row, one recursive walk, exact numbers.

In: an untyped node and a row of plain values. Out: a plain value, None for null, or ERROR.
Independent of the checker, the program and the machine: it shares only the parser. Whole and fixed-point numbers are
`Number` (an integer of 10**-scale units), floating ones Python floats, times `Time`, durations `Span`, texts str.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any

from zhiyu.base import numeric
from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions import nodes as n

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Wrong:
    """The value of a computation that overflowed or left its domain."""

    def __repr__(self) -> str:
        return "ERROR"


ERROR = Wrong()


@dataclass(frozen=True)
class Number:
    """value = units / 10**scale, exact."""

    units: int
    scale: int = 0

    @property
    def exact(self) -> Fraction:
        return Fraction(self.units, 10**self.scale)

    def at(self, scale: int) -> int:
        """The units at a finer scale."""
        return self.units * 10 ** (scale - self.scale)


@dataclass(frozen=True)
class Time:
    ms: int


@dataclass(frozen=True)
class Span:
    ms: int


class Members(dict[Any, int]):
    """A list that changes over time: value → the moment (ms) it leaves the list."""


def evaluate(node: n.Node, row: dict[str, Any]) -> Any:
    """The value of `node` for one row."""
    match node:
        case n.Literal(value):
            return literal(value)
        case n.Name(name):
            return row[name]
        case n.Not(operand):
            value = evaluate(operand, row)
            return value if value is None or value is ERROR else not value
        case n.Boolean(operator, operands):
            return kleene([evaluate(each, row) for each in operands], operator == "or")
        case n.IsNull(operand, negated):
            value = evaluate(operand, row)
            return ERROR if value is ERROR else (value is None) != negated
        case n.Negative(operand):
            return strict(negate, evaluate(operand, row))
        case n.Compare(operator, left, right):
            return strict(lambda a, b: compare(operator, a, b), evaluate(left, row), evaluate(right, row))
        case n.Arithmetic(operator, left, right):
            return strict(lambda a, b: arithmetic(operator, a, b), evaluate(left, row), evaluate(right, row))
        case n.Conditional(test, then, otherwise):
            decided = evaluate(test, row)
            if decided is None or decided is ERROR:
                return decided
            return evaluate(then if decided else otherwise, row)
        case n.Membership(item, n.Name(name), negated) if isinstance(row[name], Members):
            value, now = evaluate(item, row), row["received_at"]
            return strict(lambda value, now: (value in row[name] and row[name][value] > now.ms) != negated, value, now)
        case n.Membership(_, n.Name(name), _) if row[name] is None:
            return None
        case n.Membership(item, members, negated):
            found = strict(lambda value: member(value, members, row), evaluate(item, row))
            return found if found is None or found is ERROR else found != negated
        case n.Call("coalesce", arguments):
            values = [evaluate(each, row) for each in arguments]
            return next((value for value in values if value is not None), None)
        case n.Call(function, arguments):
            return strict(lambda *values: call(function, *values), *(evaluate(each, row) for each in arguments))
    raise AssertionError(node)


def strict(function: Any, *values: Any) -> Any:
    """Error wins over null, null over a value."""
    if any(value is ERROR for value in values):
        return ERROR
    if any(value is None for value in values):
        return None
    return bounded(function(*values))


def bounded(value: Any) -> Any:
    """A result outside 64 bits, or not finite, is an error."""
    if isinstance(value, Number) and not -(2**63) <= value.units < 2**63:
        return ERROR
    if isinstance(value, Time | Span) and not -(2**63) <= value.ms < 2**63:
        return ERROR
    return ERROR if isinstance(value, float) and not math.isfinite(value) else value


def literal(value: Any) -> Any:
    if isinstance(value, bool | str):
        return value
    digits = max(0, -int(Decimal(value).normalize().as_tuple().exponent))
    return Number(int(Decimal(value).scaleb(digits)), digits)


def kleene(values: list[Any], winner: bool) -> Any:
    if any(value is winner for value in values):
        return winner
    if any(value is ERROR for value in values):
        return ERROR
    return None if None in values else not winner


def real(value: Any) -> float:
    return float(value.units) / 10.0**value.scale if isinstance(value, Number) else float(value)


def pair(a: Any, b: Any) -> tuple[Any, Any]:
    """Both sides as plain comparable Python values."""
    a, b = (span(b_) if isinstance(b_, str) and isinstance(o, Time | Span) else b_ for b_, o in ((a, b), (b, a)))
    if isinstance(a, Time | Span):
        return a.ms, b.ms
    if isinstance(a, float) or isinstance(b, float):
        return real(a), real(b)
    if isinstance(a, Number):
        return a.exact, b.exact
    return a, b


def span(text: str) -> Span:
    return Span(parse_duration_ms(text))


def compare(operator: str, a: Any, b: Any) -> bool:
    a, b = pair(a, b)
    return {"==": a == b, "!=": a != b}[operator] if operator in ("==", "!=") else order(operator, a, b)


def order(operator: str, a: Any, b: Any) -> bool:
    return {"<": a < b, "<=": a <= b, ">": a > b, ">=": a >= b}[operator]


def member(value: Any, members: Any, row: dict[str, Any]) -> bool:
    if isinstance(members, n.Name):
        return value in row[members.name]
    listed = [literal(each.value) for each in members]
    return any(compare("==", value, each) for each in listed)


def negate(value: Any) -> Any:
    if isinstance(value, Span):
        return Span(-value.ms)
    return Number(-value.units, value.scale) if isinstance(value, Number) else -value


def arithmetic(operator: str, a: Any, b: Any) -> Any:
    a, b = (span(x) if isinstance(x, str) else x for x in (a, b))
    if isinstance(a, Time | Span) or isinstance(b, Time | Span):
        return times(operator, a, b)
    if isinstance(a, float) or isinstance(b, float):
        return floating(operator, real(a), real(b))
    if operator == "/":
        return divide(a, b)
    if operator == "*":
        return Number(a.units * b.units, a.scale + b.scale)
    scale = max(a.scale, b.scale)
    x, y = a.at(scale), b.at(scale)
    if operator in ("//", "%") and y == 0:
        return None
    if operator == "//":
        return Number(x // y)
    return Number({"+": x + y, "-": x - y, "%": x % y if y else 0}[operator], scale)


def divide(a: Number, b: Number) -> float | None:
    if b.units == 0:
        return None
    shift = a.scale - b.scale
    return (float(a.units) * 10.0 ** max(-shift, 0)) / (float(b.units) * 10.0 ** max(shift, 0))


def floating(operator: str, a: float, b: float) -> float | None:
    if operator in ("/", "//"):
        if b == 0:
            return None
        try:
            quotient = a / b
        except OverflowError:
            return math.inf
        return float(math.floor(quotient)) if operator == "//" and math.isfinite(quotient) else quotient
    return {"+": a + b, "-": a - b, "*": a * b}[operator]


def times(operator: str, a: Any, b: Any) -> Any:
    if isinstance(a, Number) or isinstance(b, Number):
        return Span(a.units * b.ms if isinstance(a, Number) else a.ms * b.units)
    if operator in ("/", "//", "%") and b.ms == 0:
        return None
    if operator == "/":
        return float(a.ms) / float(b.ms)
    if operator == "//":
        return Number(a.ms // b.ms)
    if operator == "%":
        return Span(a.ms % b.ms)
    total = a.ms + b.ms if operator == "+" else a.ms - b.ms
    is_time = isinstance(a, Time) != isinstance(b, Time)
    return Time(total) if is_time else Span(total)


def call(function: str, *values: Any) -> Any:
    """A function of the library on known values."""
    first = values[0]
    match function:
        case "abs":
            return negate(first) if sign(first) < 0 else first
        case "min" | "max":
            return extreme(function, *values)
        case "clip":
            return extreme("min", extreme("max", first, values[1]), values[2])
        case "floor" | "ceil" | "round":
            return rounded(function, first, values[1].units if len(values) > 1 else 0)
        case "sqrt":
            return math.sqrt(real(first)) if real(first) >= 0 else math.nan
        case "exp" | "log" | "log10":
            return getattr(numeric, function)(real(first))
        case "pow":
            return numeric.pow(real(first), real(values[1]))
        case "ratio":
            return arithmetic("/", *values)
        case "zscore":
            return floating("/", real(first) - real(values[1]), real(values[2]))
        case "duration":
            return span(first)
        case "seconds" | "minutes" | "hours" | "days":
            unit = {"seconds": 1_000, "minutes": 60_000, "hours": 3_600_000, "days": 86_400_000}[function]
            return float((span(first) if isinstance(first, str) else first).ms) / float(unit)
        case "hour" | "weekday" | "day_of_month" | "is_weekend":
            return calendar(function, first, values[1] if len(values) > 1 else "+00:00")
        case "distance_km":
            return numeric.distance_km(*first, *values[1])
    return text(function, *values)


def sign(value: Any) -> int:
    size = value.units if isinstance(value, Number) else value.ms if isinstance(value, Span) else value
    return (size > 0) - (size < 0)


def extreme(function: str, *values: Any) -> Any:
    best = values[0]
    for value in values[1:]:
        a, b = pair(value, best)
        if a < b if function == "min" else a > b:
            best = value
    return span(best) if isinstance(best, str) else best


def rounded(function: str, value: Any, digits: int) -> Any:
    """Down, up, or to nearest with halves away from zero; exact for Number."""
    exact = value.exact if isinstance(value, Number) else Fraction(value)
    if isinstance(value, float) and digits:
        wide = value * 10.0**digits
        return float(away(Fraction(wide))) / 10.0**digits if abs(wide) < 2.0**52 else value
    if isinstance(value, Number) and digits >= value.scale:
        return value
    wide = exact * 10**digits
    units = math.floor(wide) if function == "floor" else math.ceil(wide) if function == "ceil" else away(wide)
    return Number(units, digits)


def away(value: Fraction) -> int:
    down = math.floor(abs(value))
    up = down + (abs(value) - down >= Fraction(1, 2))
    return -up if value < 0 else up


def calendar(function: str, time: Time, zone: str) -> Any:
    offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[4:6])) * (-1 if zone[0] == "-" else 1)
    local = EPOCH + timedelta(milliseconds=time.ms) + offset
    if function == "is_weekend":
        return local.weekday() >= 5
    return Number({"hour": local.hour, "weekday": local.weekday(), "day_of_month": local.day}[function])


def text(function: str, value: Any, *constants: Any) -> Any:
    """A text or list function, character by character where that is short."""
    constant = constants[0] if constants else None
    count = constant.units if isinstance(constant, Number) else 0
    match function:
        case "lower" | "upper":
            return value.lower() if function == "lower" else value.upper()
        case "trim":
            return value.strip()
        case "prefix":
            return "".join(char for index, char in enumerate(value) if index < count)
        case "suffix":
            return "".join(char for index, char in enumerate(value) if index >= len(value) - count)
        case "before" | "after":
            at = value.find(constant)
            return None if at < 0 else value[:at] if function == "before" else value[at + len(constant) :]
        case "length" | "items":
            return Number(len(value))
        case "starts_with" | "ends_with":
            part = value[: len(constant)] if function == "starts_with" else value[len(value) - len(constant) :]
            return len(value) >= len(constant) and part == constant
        case "contains":
            return value.find(constant) >= 0
        case "digits_share":
            return len([char for char in value if char in "0123456789"]) / len(value) if value else None
        case "has":
            return constant in value
    raise AssertionError(function)
