"""The shape of an expression as written, before any type is known.

In: nothing. Out: frozen nodes; `column` is the 0-based character offset in the text, for errors that point.
Why own nodes and not `ast`: the whitelist is the type itself, and nothing below `parse` can meet Python syntax.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal as Choice
from typing import TypeAlias

ArithmeticOperator = Choice["+", "-", "*", "/", "//", "%"]
CompareOperator = Choice["==", "!=", "<", "<=", ">", ">="]


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant: true/false, a whole or decimal number (exact), or a text."""

    value: bool | int | Decimal | str
    column: int = 0


@dataclass(frozen=True, slots=True)
class Name:
    """A field, signal, feature or named list."""

    name: str
    column: int = 0


@dataclass(frozen=True, slots=True)
class Not:
    """Three-valued negation."""

    operand: Node
    column: int = 0


@dataclass(frozen=True, slots=True)
class Negative:
    """Unary minus."""

    operand: Node
    column: int = 0


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`left operator right` on numbers, times and durations."""

    operator: ArithmeticOperator
    left: Node
    right: Node
    column: int = 0


@dataclass(frozen=True, slots=True)
class Boolean:
    """`and` / `or` over two or more operands; nested uses of the same word are flattened."""

    operator: Choice["and", "or"]
    operands: tuple[Node, ...]
    column: int = 0


@dataclass(frozen=True, slots=True)
class Compare:
    """One comparison; a chain `a < b < c` is read as `a < b and b < c`."""

    operator: CompareOperator
    left: Node
    right: Node
    column: int = 0


@dataclass(frozen=True, slots=True)
class Membership:
    """`item in members`: members are literals, or the name of a named list or of a list field."""

    item: Node
    members: tuple[Literal, ...] | Name
    negated: bool = False
    column: int = 0


@dataclass(frozen=True, slots=True)
class IsNull:
    """`operand is null`, or `is not null` when negated; never null itself."""

    operand: Node
    negated: bool = False
    column: int = 0


@dataclass(frozen=True, slots=True)
class Conditional:
    """`then if test else otherwise`."""

    test: Node
    then: Node
    otherwise: Node
    column: int = 0


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a library function with positional arguments."""

    function: str
    arguments: tuple[Node, ...]
    column: int = 0


Node: TypeAlias = (
    Literal | Name | Not | Negative | Arithmetic | Boolean | Compare | Membership | IsNull | Conditional | Call
)
