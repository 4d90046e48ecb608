"""Nodes to typed expressions: names, types, units, choices. Every problem is reported, not only the first.

In: a node, the scope it may use, where it stands. Out: an `Expression`, or DeclarationError with all problems.
"""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

from zhiyu.base.errors import NO_HINT, DeclarationError, Hint, Place, did_you_mean
from zhiyu.expressions.arithmetic import arithmetic, negative
from zhiyu.expressions.calls import call
from zhiyu.expressions.canonical import canonical
from zhiyu.expressions.functions import FUNCTIONS, usage
from zhiyu.expressions.hazards import comparison_hazard, null_hazard
from zhiyu.expressions.literals import number_node, settle
from zhiyu.expressions.meet import meet
from zhiyu.expressions.members import membership
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
from zhiyu.expressions.parse import NOWHERE
from zhiyu.expressions.report import POISON, Report, described, shown
from zhiyu.expressions.text import Prepared
from zhiyu.expressions.texts import is_text_call, text_call
from zhiyu.expressions.typed import EntitySet, Expression, Scope, Typed
from zhiyu.expressions.types import BOOL, STRING, Kind

_ORDERED = (Kind.INT, Kind.FIXED, Kind.FLOAT, Kind.TIME, Kind.DURATION)
_COMPARE_IT = Hint("compare it with something, e.g. '> 0'", "与某个值比较，如 '> 0'")


def check(node: Node, scope: Scope, text: str = "", place: Place = NOWHERE, want: Kind | None = None) -> Expression:
    """The typed expression of `node`. `want`: the kind the result must have (BOOL for a rule), None for any.

    >>> from zhiyu.expressions import parse
    >>> from zhiyu.expressions.types import INT
    >>> str(check(parse("logins > 3"), Scope({"logins": INT})).type)
    'bool'
    """
    checker = Checker(scope, Report(place))
    root = settle(checker.visit(node))
    if root is not POISON and want is not None and root.type.kind is not want:
        checker.wrong_result(root, want)
    if checker.report.failed:
        raise DeclarationError(checker.report.problems)
    return Expression(
        text=text or canonical(node),
        place=place,
        type=root.type,
        root=root,
        node=node,
        names=frozenset(checker.names),
        prepared=tuple(checker.prepared[key] for key in sorted(checker.prepared)),
        warnings=tuple(checker.report.problems),
        lists=frozenset(checker.lists),
    )


class Checker:
    """Walks one expression; collects the names, lists and prepared columns it uses."""

    def __init__(self, scope: Scope, report: Report) -> None:
        self.scope = scope
        self.report = report
        self.names: set[str] = set()
        self.lists: set[str] = set()
        self.prepared: dict[str, Prepared] = {}

    def visit(self, node: Node) -> Typed:
        """The typed node of `node`, or POISON when it was reported."""
        match node:
            case Literal():
                return _literal(node)
            case Name():
                return self._name(node)
            case Not():
                operand = self._condition(node.operand, "not")
                type_ = replace(BOOL, nullable=operand.type.nullable)
                return operand if operand is POISON else self._made(node, "not", type_, (operand,))
            case Negative():
                return negative(self.report, self.visit(node.operand), canonical(node), node.column)
            case Arithmetic():
                left, right = self.visit(node.left), self.visit(node.right)
                return arithmetic(self.report, node.operator, left, right, canonical(node), node.column)
            case Boolean():
                return self._boolean(node)
            case Compare():
                return self._compare(node)
            case Membership():
                return self._membership(node)
            case IsNull():
                return self._is_null(node)
            case Conditional():
                return self._conditional(node)
            case Call():
                return self._call(node)

    def wrong_result(self, root: Typed, want: Kind) -> None:
        """Report a result of another kind than the place asks for."""
        en, zh = described(root.type)
        needed_en, needed_zh = described(replace(BOOL, kind=want))
        hint = _COMPARE_IT if want is Kind.BOOL else NO_HINT
        self.report.error(
            "result_type",
            root.column,
            f"this must be {needed_en}, and {shown(root)} is {en}",
            f"此处应为{needed_zh}，而 {shown(root)} 是{zh}",
            hint,
        )

    def _made(self, node: Node, op: str, type_: object, args: tuple[Typed, ...]) -> Typed:
        assert isinstance(type_, type(BOOL))
        return Typed(op, type_, args, text=canonical(node), column=node.column)

    def _name(self, node: Name) -> Typed:
        type_ = self.scope.names.get(node.name)
        if type_ is None:
            return self._unknown(node)
        if type_.is_list:
            return self.report.error(
                "list_value",
                node.column,
                f"'{node.name}' is a list and has no single value",
                f"'{node.name}' 是列表，不能作为单个值",
                Hint(f'use items({node.name}) or "x" in {node.name}', f'用 items({node.name}) 或 "x" in {node.name}'),
            )
        self.names.add(node.name)
        return Typed("name", type_, value=node.name, text=node.name, column=node.column)

    def _unknown(self, node: Name) -> Typed:
        if node.name in self.scope.sets or node.name in self.scope.lists:
            en, zh = f"'{node.name}' is a named list", f"'{node.name}' 是名单"
            return self.report.error(
                "list_value", node.column, en, zh, Hint(f"write 'x in {node.name}'", f"写成 'x in {node.name}'")
            )
        if node.name in FUNCTIONS:
            en, zh = f"'{node.name}' is a function", f"'{node.name}' 是函数"
            return self.report.error("unknown_name", node.column, en, zh, usage(node.name))
        known = [*self.scope.names, *self.scope.sets, *self.scope.lists, *FUNCTIONS]
        en, zh = f"unknown name '{node.name}'", f"未知名称 '{node.name}'"
        return self.report.error("unknown_name", node.column, en, zh, did_you_mean(node.name, known))

    def _condition(self, node: Node, word: str) -> Typed:
        """An operand that must be BOOL."""
        typed = settle(self.visit(node))
        if typed is POISON or typed.type.kind is Kind.BOOL:
            return typed
        en, zh = described(typed.type)
        return self.report.error(
            "not_a_condition",
            typed.column,
            f"'{word}' needs a condition, and {shown(typed)} is {en}",
            f"{word} 需要条件，而 {shown(typed)} 是{zh}",
            _COMPARE_IT,
        )

    def _boolean(self, node: Boolean) -> Typed:
        operands = tuple(self._condition(each, node.operator) for each in node.operands)
        if POISON in operands:
            return POISON
        type_ = replace(BOOL, nullable=any(each.type.nullable for each in operands))
        return self._made(node, node.operator, type_, operands)

    def _compare(self, node: Compare) -> Typed:
        met = meet(self.report, (self.visit(node.left), self.visit(node.right)))
        if met is None:
            return POISON
        (left, right), type_ = met
        ordered = node.operator not in ("==", "!=")
        if ordered and type_.kind not in _ORDERED:
            en, zh = described(type_)
            return self.report.error(
                "no_order",
                node.column,
                f"{shown(left)} is {en} and has no order: '{node.operator}' does not apply",
                f"{shown(left)} 是{zh}，没有大小之分，不能用 {node.operator}",
                Hint("use == or !=", "用 == 或 !="),
            )
        made = self._made(node, node.operator, replace(BOOL, nullable=type_.nullable), (left, right))
        comparison_hazard(self.report, made)
        return made

    def _membership(self, node: Membership) -> Typed:
        made = membership(self.report, self.scope, self.visit, node, canonical(replace(node, negated=False)))
        if made is POISON:
            return POISON
        self._keep(made)
        return self._made(node, "not", made.type, (made,)) if node.negated else made

    def _is_null(self, node: IsNull) -> Typed:
        inner = node.operand
        if isinstance(inner, Name) and inner.name in self.scope.names and self.scope.names[inner.name].is_list:
            operand = self._call(Call("items", (inner,), inner.column))
        else:
            operand = settle(self.visit(inner))
        if operand is POISON:
            return POISON
        null_hazard(self.report, operand)
        type_ = replace(BOOL, nullable=False)
        made = self._made(replace(node, negated=False), "is_null", type_, (operand,))
        return self._made(node, "not", type_, (made,)) if node.negated else made

    def _conditional(self, node: Conditional) -> Typed:
        test = self._condition(node.test, "if")
        met = meet(self.report, (self.visit(node.then), self.visit(node.otherwise)), "combine", strict=False)
        if met is None or test is POISON:
            return POISON
        (then, otherwise), type_ = met
        type_ = replace(type_, nullable=type_.nullable or test.type.nullable)
        return self._made(node, "if", type_, (test, then, otherwise))

    def _call(self, node: Call) -> Typed:
        known = FUNCTIONS.get(node.function)
        if known is None:
            en, zh = f"unknown function '{node.function}'", f"未知函数 '{node.function}'"
            hint = did_you_mean(node.function, FUNCTIONS)
            return self.report.error("unknown_function", node.column, en, zh, hint)
        if not known.least <= len(node.arguments) <= known.most:
            wanted = f"{known.least}" if known.least == known.most else f"{known.least} to {known.most}"
            return self.report.error(
                "argument_count",
                node.column,
                f"{node.function} takes {wanted} argument{'s' if wanted != '1' else ''}, not {len(node.arguments)}",
                f"{node.function} 需要 {wanted.replace(' to ', ' 至 ')} 个参数，而不是 {len(node.arguments)} 个",
                usage(node.function),
            )
        if is_text_call(node):
            made = text_call(self.report, self.scope, node, canonical(node))
            self._keep(made)
            return made
        return call(self.report, node.function, tuple(map(self.visit, node.arguments)), canonical(node), node.column)

    def _keep(self, made: Typed) -> None:
        if isinstance(made.value, Prepared):
            self.prepared[made.value.key] = made.value
        elif isinstance(made.value, EntitySet):
            self.lists.add(made.value.name)


def _literal(node: Literal) -> Typed:
    text = canonical(node)
    if isinstance(node.value, bool):
        return Typed("literal", replace(BOOL, nullable=False), value=node.value, text=text, column=node.column)
    if isinstance(node.value, str):
        return Typed("literal", replace(STRING, nullable=False), value=node.value, text=text, column=node.column)
    value = Fraction(node.value) if isinstance(node.value, int | Decimal) else Fraction(0)
    return number_node(value, text, node.column)
