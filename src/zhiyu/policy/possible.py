"""What a comparison looks at, and which of its values are possible.

In: one comparison, the types of names. Out: the thing looked at with operator and number, and `Possible`: an interval
on a grid, or a set of texts. Exact: bounds are fractions, money moves in whole cents, counts in whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.nodes import Arithmetic, Call, Compare, Literal, Name, Negative, Node
from zhiyu.expressions.types import Kind, Type

Types = Mapping[str, Type]
FLIPPED = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "==", "!=": "!="}
NEGATED = {"<": ">=", ">": "<=", "<=": ">", ">=": "<", "==": "!=", "!=": "=="}

_CALL_RANGES: dict[str, Type] = {
    "hour": Type(Kind.INT, minimum=0, maximum=23),
    "weekday": Type(Kind.INT, minimum=0, maximum=6),
    "day_of_month": Type(Kind.INT, minimum=1, maximum=31),
    "length": Type(Kind.INT, minimum=0),
    "items": Type(Kind.INT, minimum=0),
    "digits_share": Type(Kind.FLOAT, minimum=0, maximum=1),
    "distance_km": Type(Kind.FLOAT, minimum=0, maximum=20_100),
    "abs": Type(Kind.FLOAT, minimum=0),
    "sqrt": Type(Kind.FLOAT, minimum=0),
    "exp": Type(Kind.FLOAT, minimum=0),
}

Value = str | bool


@dataclass(frozen=True, slots=True)
class Possible:
    """The values that one thing may still have. Bounds: major units, durations in ms. `step`: the grid."""

    low: Fraction | None = None
    low_open: bool = False
    high: Fraction | None = None
    high_open: bool = False
    step: Fraction | None = None
    allowed: frozenset[Value] | None = None
    excluded: frozenset[Value | Fraction] = frozenset()
    null: bool | None = None

    @property
    def empty(self) -> bool:
        """Nothing is left."""
        if self.allowed is not None and not self.allowed - self.excluded:
            return True
        if self.low is None or self.high is None:
            return False
        if self.low > self.high or (self.low == self.high and (self.low_open or self.high_open)):
            return True
        return self.low == self.high and self.low in self.excluded

    def bounded(self, operator: str, value: Fraction) -> Possible:
        """This, and `thing operator value`."""
        if operator == "!=":
            return replace(self, excluded=self.excluded | {value})
        new = self
        if operator in (">", ">=", "=="):
            new = new._raised(value, operator == ">")
        if operator in ("<", "<=", "=="):
            new = new._lowered(value, operator == "<")
        return new

    def _raised(self, value: Fraction, is_open: bool) -> Possible:
        if self.step:
            steps = floor(value / self.step) + 1 if is_open else ceil(value / self.step)
            value, is_open = steps * self.step, False
        if self.low is None or value > self.low or (value == self.low and is_open):
            return replace(self, low=value, low_open=is_open)
        return self

    def _lowered(self, value: Fraction, is_open: bool) -> Possible:
        if self.step:
            steps = ceil(value / self.step) - 1 if is_open else floor(value / self.step)
            value, is_open = steps * self.step, False
        if self.high is None or value < self.high or (value == self.high and is_open):
            return replace(self, high=value, high_open=is_open)
        return self

    def surely(self, operator: str, value: Fraction) -> bool:
        """Does every possible value satisfy `operator value`?"""
        return self.bounded(NEGATED[operator], value).empty if operator != "!=" else self._never(value)

    def _never(self, value: Fraction) -> bool:
        return value in self.excluded or self.bounded("==", value).empty


def against_number(node: Compare, types: Types) -> tuple[Node, str, Fraction] | None:
    """The comparison as (thing, operator, number); two things are compared as their difference with 0."""
    left, right = number_of(node.left), number_of(node.right)
    if left is not None and right is not None:
        return Literal(0), node.operator, right - left
    if right is not None:
        return node.left, node.operator, right
    if left is not None:
        return node.right, FLIPPED[node.operator], left
    for one, other, operator in (
        (node.left, node.right, node.operator),
        (node.right, node.left, FLIPPED[node.operator]),
    ):
        milliseconds = _duration_of(other)
        if milliseconds is not None and _type_of(one, types).kind is Kind.DURATION:
            return one, operator, milliseconds
    if isinstance(node.left, Literal) or isinstance(node.right, Literal):
        return None
    if canonical(node.left) <= canonical(node.right):
        return Arithmetic("-", node.left, node.right), node.operator, Fraction(0)
    return Arithmetic("-", node.right, node.left), FLIPPED[node.operator], Fraction(0)


def against_text(node: Compare) -> tuple[Node, Value] | None:
    """The comparison as (thing, text or yes/no), or None."""
    for one, other in ((node.left, node.right), (node.right, node.left)):
        if isinstance(other, Literal) and isinstance(other.value, (str, bool)) and not isinstance(one, Literal):
            return one, other.value
    return None


def number_of(node: Node) -> Fraction | None:
    """The number a literal stands for."""
    if isinstance(node, Negative):
        inner = number_of(node.operand)
        return None if inner is None else -inner
    if isinstance(node, Literal) and isinstance(node.value, (int, Decimal)) and not isinstance(node.value, bool):
        return Fraction(node.value)
    return None


def _duration_of(node: Node) -> Fraction | None:
    if isinstance(node, Call) and node.function == "duration" and len(node.arguments) == 1:
        node = node.arguments[0]
    if isinstance(node, Literal) and isinstance(node.value, str):
        try:
            return Fraction(parse_duration_ms(node.value))
        except ValueError:
            return None
    return None


_UNKNOWN = Type(Kind.FLOAT)


def _type_of(node: Node, types: Types) -> Type:
    if isinstance(node, Name):
        return types.get(node.name, _UNKNOWN)
    if isinstance(node, Call):
        return _CALL_RANGES.get(node.function, _UNKNOWN)
    if isinstance(node, Arithmetic) and node.operator == "-":
        kinds = {_type_of(node.left, types).kind, _type_of(node.right, types).kind}
        if kinds == {Kind.TIME}:
            return Type(Kind.DURATION)
    return _UNKNOWN


def declared(node: Node, types: Types) -> Possible:
    """What the declaration alone leaves possible for a node."""
    if isinstance(node, Literal) and node.value == 0:
        return Possible(Fraction(0), False, Fraction(0), False, null=False)
    type_ = _type_of(node, types)
    unit = Fraction(1, 10**type_.scale) if type_.kind is Kind.FIXED else Fraction(1)
    null = False if not type_.nullable else None
    if type_.kind in (Kind.INT, Kind.FIXED, Kind.DURATION, Kind.TIME):
        return Possible(
            None if type_.minimum is None else type_.minimum * unit, False,
            None if type_.maximum is None else type_.maximum * unit, False, unit, null=null,
        )  # fmt: skip
    if type_.kind is Kind.FLOAT:
        low = None if type_.minimum is None else Fraction(type_.minimum)
        return Possible(low, False, None if type_.maximum is None else Fraction(type_.maximum), False, null=null)
    if type_.choices:
        return Possible(allowed=frozenset(type_.choices), null=null)
    if type_.kind is Kind.BOOL:
        return Possible(allowed=frozenset({True, False}), null=null)
    return Possible(null=null)
