"""One normal text for everything that is written differently but reads the same.

In: a node. Out: text without free whitespace or superfluous brackets, members sorted, numbers in shortest exact form.
Why: the artifact hash and the names of prepared columns must not depend on how somebody typed a rule.
"""

from __future__ import annotations

import json
from decimal import Decimal

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


def canonical(node: Node) -> str:
    """The normal text of `node`; parsing it again gives a node with the same normal text.

    >>> from zhiyu.expressions import parse
    >>> canonical(parse("( amount>500.0 )  and lower( prefix(mail, 3)) in ('b','a')"))
    '((amount > 500) and (lower(prefix(mail,3)) in ("a","b",)))'
    """
    match node:
        case Literal(value):
            return literal_text(value)
        case Name(name):
            return name
        case Not(operand):
            return f"(not {canonical(operand)})"
        case Negative(operand):
            return f"(-{canonical(operand)})"
        case Arithmetic(operator, left, right) | Compare(operator, left, right):
            return f"({canonical(left)} {operator} {canonical(right)})"
        case Boolean(operator, operands):
            return "(" + f" {operator} ".join(canonical(each) for each in operands) + ")"
        case Call(function, arguments):
            return f"{function}({','.join(canonical(each) for each in arguments)})"
        case IsNull(operand, negated):
            return f"({canonical(operand)} is {'not ' if negated else ''}null)"
        case Conditional(test, then, otherwise):
            return f"({canonical(then)} if {canonical(test)} else {canonical(otherwise)})"
        case Membership(item, members, negated):
            word = "not in" if negated else "in"
            return f"({canonical(item)} {word} {_members(members)})"


def literal_text(value: bool | int | Decimal | str) -> str:
    """A literal in normal form: `true`, `1000`, `0.5`, `"text"`.

    >>> literal_text(Decimal("1E+3")), literal_text(Decimal("0.50"))
    ('1000', '0.5')
    """
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return number_text(Decimal(value))


def number_text(value: Decimal) -> str:
    """The shortest plain decimal spelling, never with an exponent."""
    text = f"{value:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def _members(members: tuple[Literal, ...] | Name) -> str:
    if isinstance(members, Name):
        return members.name
    return "(" + "".join(f"{each}," for each in sorted({literal_text(m.value) for m in members})) + ")"
