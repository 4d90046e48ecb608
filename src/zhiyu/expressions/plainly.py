"""An expression as a person would type it: brackets only where they change the meaning.

In: a node. Out: text that reads back to a node of the same normal text. For editors; hashes are made of `canonical`.
"""

from __future__ import annotations

from zhiyu.expressions.canonical import literal_text
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

_IF, _OR, _AND, _NOT, _COMPARE, _SUM, _PRODUCT, _MINUS, _ATOM = range(9)
"""How tightly a form binds, the loosest first."""
_BINDS = {"or": _OR, "and": _AND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT, "//": _PRODUCT, "%": _PRODUCT}


def plainly(node: Node) -> str:
    """The text of `node` with as few brackets as possible.

    >>> from zhiyu.expressions import parse
    >>> plainly(parse("((amount > 500) and (not (a in ('x',) or ((b + 1) * 2 < 3))))"))
    'amount > 500 and not (a in ("x",) or (b + 1) * 2 < 3)'
    """
    return _text(node)[0]


def _at_least(node: Node, binds: int) -> str:
    text, own = _text(node)
    return text if own >= binds else f"({text})"


def _text(node: Node) -> tuple[str, int]:
    match node:
        case Literal(value):
            return literal_text(value), _ATOM
        case Name(name):
            return name, _ATOM
        case Not(operand):
            return f"not {_at_least(operand, _NOT)}", _NOT
        case Negative(operand):
            return f"-{_at_least(operand, _MINUS)}", _MINUS
        case Arithmetic(operator, left, right):
            binds = _BINDS[operator]
            return f"{_at_least(left, binds)} {operator} {_at_least(right, binds + 1)}", binds
        case Compare(operator, left, right):
            return f"{_at_least(left, _SUM)} {operator} {_at_least(right, _SUM)}", _COMPARE
        case Boolean(operator, operands):
            binds = _BINDS[operator]
            return f" {operator} ".join(_at_least(each, binds + 1) for each in operands), binds
        case Call(function, arguments):
            return f"{function}({', '.join(_text(each)[0] for each in arguments)})", _ATOM
        case IsNull(operand, negated):
            return f"{_at_least(operand, _SUM)} is {'not ' if negated else ''}null", _COMPARE
        case Conditional(test, then, otherwise):
            return f"{_at_least(then, _OR)} if {_at_least(test, _OR)} else {_at_least(otherwise, _IF)}", _IF
        case Membership(item, members, negated):
            return f"{_at_least(item, _SUM)} {'not in' if negated else 'in'} {_members(members)}", _COMPARE


def _members(members: tuple[Literal, ...] | Name) -> str:
    if isinstance(members, Name):
        return members.name
    texts = list(dict.fromkeys(literal_text(each.value) for each in members))
    return f"({texts[0]},)" if len(texts) == 1 else f"({', '.join(texts)})"
