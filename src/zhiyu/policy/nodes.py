"""Walking over the nodes of an expression.

In: a node. Out: its parts, in the order they are written.
"""

from __future__ import annotations

from collections.abc import Iterator

from zhiyu.expressions.nodes import (
    Arithmetic,
    Boolean,
    Call,
    Compare,
    Conditional,
    IsNull,
    Literal,
    Membership,
    Name,
    Negative,
    Node,
    Not,
)


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly below `node`."""
    match node:
        case Not(operand) | Negative(operand) | IsNull(operand):
            return (operand,)
        case Arithmetic(_, left, right) | Compare(_, left, right):
            return (left, right)
        case Boolean(_, operands):
            return operands
        case Call(_, arguments):
            return arguments
        case Conditional(test, then, otherwise):
            return (test, then, otherwise)
        case Membership(item, members):
            return (item, members) if isinstance(members, Name) else (item,)
        case Literal() | Name():
            return ()


def walk(node: Node) -> Iterator[Node]:
    """`node` and everything below it.

    >>> from zhiyu.expressions import parse
    >>> [type(n).__name__ for n in walk(parse("a > 1"))]
    ['Compare', 'Name', 'Literal']
    """
    yield node
    for part in parts(node):
        yield from walk(part)


def names_in(node: Node) -> list[Name]:
    """Every use of a name.

    >>> from zhiyu.expressions import parse
    >>> [n.name for n in names_in(parse("a + b > a"))]
    ['a', 'b', 'a']
    """
    return [each for each in walk(node) if isinstance(each, Name)]
