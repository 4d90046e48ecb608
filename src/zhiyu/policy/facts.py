"""What a condition says about each thing it looks at, when it is true.

In: the nodes of a condition and the types of its names. Out: `Facts`: per looked-at text (`amount`, `hour(time)`, `a
- b`) the values that remain possible. A condition that leaves nothing possible can never fire; one whose facts imply
an earlier condition is shadowed. Only what is certain is said: an `or` contributes when all but one of its branches
are impossible, unknown functions contribute nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from fractions import Fraction
from math import ceil, floor

from zhiyu.base.windows import parse_duration_ms
from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.nodes import (
    Arithmetic,
    Boolean,
    Call,
    Compare,
    IsNull,
    Literal,
    Membership,
    Name,
    Negative,
    Node,
    Not,
)
from zhiyu.expressions.types import Kind, Type

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
    """The values that one thing may still have. Bounds are in major units (durations in ms); `step` is the grid, None for real numbers."""

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


Types = Mapping[str, Type]


@dataclass(slots=True)
class Facts:
    """Looked-at text → what is possible; `held` are the canonical texts of conditions known to be true."""

    types: Types
    possible: dict[str, Possible]
    held: set[str]
    impossible: str = ""

    @staticmethod
    def of(node: Node, types: Types) -> Facts:
        """The facts of a true condition."""
        facts = Facts(types, {}, set())
        for _ in range(2):  # the second pass lets later conjuncts decide earlier `or`s
            facts.assume(node)
        return facts

    def copy(self) -> Facts:
        """An independent copy, to try a branch."""
        return Facts(self.types, dict(self.possible), set(self.held), self.impossible)

    def assume(self, node: Node) -> None:
        """Take `node` as true."""
        self.held.add(canonical(node))
        match node:
            case Boolean("and", operands):
                for operand in operands:
                    self.assume(operand)
            case Boolean("or", operands):
                self._assume_one_of(operands)
            case Not(operand):
                self._assume_not(operand)
            case Literal(bool() as value):
                if not value:
                    self.impossible = self.impossible or "false"
            case Name(name):
                self._restrict(name, node, allowed=frozenset({True}))
            case Compare():
                self._assume_compare(node)
            case Membership(item, members, negated) if isinstance(members, tuple):
                self._assume_member(item, members, negated)
            case IsNull(operand, negated):
                self._assume_null(operand, null=not negated)

    def _assume_not(self, operand: Node) -> None:
        match operand:
            case Not(inner):
                self.assume(inner)
            case Compare(operator, left, right):
                self.assume(Compare(NEGATED[operator], left, right))  # type: ignore[arg-type]
            case Membership(item, members, negated):
                self.assume(Membership(item, members, not negated))
            case IsNull(inner, negated):
                self.assume(IsNull(inner, not negated))
            case Boolean(operator, operands):
                opposite = "or" if operator == "and" else "and"
                self.assume(Boolean(opposite, tuple(Not(each) for each in operands)))  # type: ignore[arg-type]
            case Name(name):
                self._restrict(name, operand, allowed=frozenset({False}))
            case Literal(bool() as value):
                if value:
                    self.impossible = self.impossible or "not true"

    def _assume_one_of(self, operands: tuple[Node, ...]) -> None:
        alive = [operand for operand in operands if not self.with_(operand).impossible]
        if not alive:
            self.impossible = self.impossible or canonical(Boolean("or", operands))
        elif len(alive) == 1:
            self.assume(alive[0])

    def with_(self, node: Node) -> Facts:
        """These facts, and `node`."""
        branch = self.copy()
        branch.assume(node)
        return branch

    def get(self, node: Node) -> Possible:
        """What is possible for a looked-at node, its declared range included."""
        return self.possible.get(canonical(node)) or declared(node, self.types)

    def _set(self, node: Node, value: Possible, because: str = "") -> None:
        self.possible[canonical(node)] = value
        if value.empty or (value.null is True and value.allowed is not None and not value.allowed):
            self.impossible = self.impossible or because or canonical(node)

    def _restrict(
        self, name: str, node: Node, allowed: frozenset[Value] | None = None, excluded: frozenset[Value] = frozenset()
    ) -> None:
        now = self._present(node)
        both = allowed if now.allowed is None else now.allowed if allowed is None else now.allowed & allowed
        self._set(node, replace(now, allowed=both, excluded=now.excluded | excluded), name)

    def _present(self, node: Node) -> Possible:
        now = self.get(node)
        if now.null is True:
            self.impossible = self.impossible or f"{canonical(node)} is null"
        return replace(now, null=False)

    def _assume_null(self, operand: Node, null: bool) -> None:
        now = self.get(operand)
        if now.null is not None and now.null is not null:
            self.impossible = self.impossible or f"{canonical(operand)} is {'' if null else 'not '}null"
        self._set(operand, replace(now, null=null))

    def _assume_compare(self, node: Compare) -> None:
        placed = against_number(node, self.types)
        if placed:
            subject, operator, value = placed
            self._set(subject, self._present(subject).bounded(operator, value), canonical(node))
            return
        subject_text = against_text(node)
        if subject_text:
            subject, text = subject_text
            single = frozenset({text})
            if node.operator == "==":
                self._restrict(canonical(node), subject, allowed=single)
            elif node.operator == "!=":
                self._restrict(canonical(node), subject, excluded=single)

    def _assume_member(self, item: Node, members: tuple[Literal, ...], negated: bool) -> None:
        texts = frozenset(m.value for m in members if isinstance(m.value, (str, bool)))
        if len(texts) == len(members):
            if negated:
                self._restrict(canonical(item), item, excluded=texts)
            else:
                self._restrict(canonical(item), item, allowed=texts)
            return
        numbers = [number_of(m) for m in members]
        present = [n for n in numbers if n is not None]
        if not negated and present and len(present) == len(numbers):
            now = self._present(item).bounded(">=", min(present)).bounded("<=", max(present))
            self._set(item, now, canonical(item))


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
