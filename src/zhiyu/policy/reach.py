"""Can a condition be true at all, is it always true, and does one imply another?

In: nodes and the types of their names. Out: yes only when it is certain. Used to find rules that never fire, rules that
fire on everything, and rules behind an earlier one that already takes all their events.
"""

from __future__ import annotations

from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.nodes import Boolean, Compare, IsNull, Literal, Membership, Name, Node, Not
from zhiyu.policy.facts import Facts
from zhiyu.policy.possible import Types, against_number, against_text

MAX_BRANCHES = 64
"""An `or` of more branches than this is not taken apart."""


def impossible_because(node: Node, types: Types) -> str:
    """The part of the condition that can never be true together with the rest; "" when it may fire."""
    return Facts.of(node, types).impossible


def dead_branches(node: Node, types: Types) -> list[Node]:
    """Branches of `or` that can never be true, in a condition that as a whole may fire."""
    found: list[Node] = []
    _collect_dead(node, Facts(types, {}, set()), found)
    return found


def _collect_dead(node: Node, facts: Facts, found: list[Node]) -> None:
    """`facts`: what the conditions around `node` say."""
    if not isinstance(node, Boolean):
        return
    for number, operand in enumerate(node.operands):
        if node.operator == "or":
            if facts.with_(operand).impossible:
                found.append(operand)
        elif isinstance(operand, Boolean):
            around = facts.copy()
            for other in (*node.operands[:number], *node.operands[number + 1 :]):
                around.assume(other)
            _collect_dead(operand, around, found)


def always(node: Node, types: Types) -> bool:
    """True for every event whatsoever, missing values included."""
    return implied(Facts(types, {}, set()), node)


def implies(stronger: Node, weaker: Node, types: Types) -> bool:
    """Whenever `stronger` is true, `weaker` is true."""
    branches = stronger.operands if isinstance(stronger, Boolean) and stronger.operator == "or" else (stronger,)
    if len(branches) > MAX_BRANCHES:
        return canonical(stronger) == canonical(weaker)
    return all(implied(Facts.of(branch, types), weaker) for branch in branches)


def implied(facts: Facts, node: Node) -> bool:
    """Given the facts, is `node` certainly true (not null, not false)?"""
    if facts.impossible or canonical(node) in facts.held:
        return True
    match node:
        case Boolean("and", operands):
            return all(implied(facts, operand) for operand in operands)
        case Boolean("or", operands):
            return any(implied(facts, operand) for operand in operands)
        case Literal(bool() as value):
            return value
        case Name():
            now = facts.get(node)
            return now.null is False and now.allowed == frozenset({True})
        case Not(Name() as name):
            now = facts.get(name)
            return now.null is False and now.allowed == frozenset({False})
        case IsNull(operand, negated):
            null = facts.get(operand).null
            return null is not None and null is not negated
        case Compare():
            return _implied_compare(facts, node)
        case Membership(item, members, negated) if isinstance(members, tuple):
            return _implied_member(facts, item, members, negated)
        case _:
            return False


def _implied_compare(facts: Facts, node: Compare) -> bool:
    placed = against_number(node, facts.types)
    if placed:
        subject, operator, value = placed
        now = facts.get(subject)
        return now.null is False and now.surely(operator, value)
    textual = against_text(node)
    if not textual:
        return False
    subject, text = textual
    now = facts.get(subject)
    left = None if now.allowed is None else now.allowed - now.excluded
    if now.null is not False:
        return False
    if node.operator == "==":
        return left == frozenset({text})
    return text in now.excluded or (left is not None and text not in left)


def _implied_member(facts: Facts, item: Node, members: tuple[Literal, ...], negated: bool) -> bool:
    now = facts.get(item)
    values = {m.value for m in members}
    if now.null is not False or now.allowed is None:
        return now.null is False and negated and values <= now.excluded
    left = now.allowed - now.excluded
    return left.isdisjoint(values) if negated else left <= values
