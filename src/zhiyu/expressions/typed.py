"""A checked expression: every node with its type, literals already scaled, text calls already named columns.

In: what `check` found out. Out: `Typed` nodes for compiling and wording, and `Expression`, the value other rooms hold.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TypeAlias

from zhiyu.base.errors import Place, Problem
from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.nodes import Node
from zhiyu.expressions.text import Prepared
from zhiyu.expressions.types import Type


@dataclass(frozen=True)
class NamedSet:
    """A named list of constants, up to 5 M values. `values` are texts for STRING, scaled integers otherwise.

    Texts of a personal field are written normalised, as the field itself is before it becomes a token.
    """

    name: str
    type: Type
    values: Sequence[str] | Sequence[int] = field(repr=False)


@dataclass(frozen=True)
class EntitySet:
    """A list whose members come and go: who is on it is asked for the moment an event was received.

    `type` is the type of its values; the values themselves are not part of an expression.
    """

    name: str
    type: Type


@dataclass(frozen=True)
class Scope:
    """What an expression may use: `names` with their types, lists, and which names have a text at the door.

    `sets` are named lists of constants, `lists` those that change over time.
    `texts`: names that text functions may read (fields of the event); None means every STRING name.
    """

    names: Mapping[str, Type]
    sets: Mapping[str, NamedSet] = field(default_factory=dict)
    texts: frozenset[str] | None = None
    lists: Mapping[str, EntitySet] = field(default_factory=dict)


Value: TypeAlias = (
    bool | int | float | str | Fraction | Prepared | NamedSet | EntitySet | tuple[int, ...] | tuple[str, ...] | None
)


@dataclass(frozen=True, slots=True)
class Typed:
    """One checked node.

    `op` and `value`: "literal" (value in register form, texts as text), "number" (an exact Fraction that has not met
    its other side yet), "name" (its name), "prepared" (a `Prepared`), "not", "negative", the signs of arithmetic and
    comparison, "and", "or", "in" (value: members), "is_null", "if" (args: test, then, otherwise), or a function's name.
    `text` is the canonical text. `column` points into the source.
    """

    op: str
    type: Type
    args: tuple[Typed, ...] = ()
    value: Value = None
    text: str = ""
    column: int = 0

    @property
    def loose(self) -> bool:
        """A bare number: takes scale and unit from what it meets."""
        return self.op == "number"


@dataclass(frozen=True)
class Expression:
    """A checked expression. `names`: the scope names it reads directly; `prepared`: the text columns it needs.

    `lists`: the changing lists it asks.
    """

    text: str
    place: Place
    type: Type
    root: Typed
    node: Node
    names: frozenset[str]
    prepared: tuple[Prepared, ...]
    warnings: tuple[Problem, ...] = ()
    lists: frozenset[str] = frozenset()

    @property
    def canonical(self) -> str:
        """The normal text, for the artifact hash."""
        return canonical(self.node)
