"""Python syntax tree to our own nodes; what is not listed here does not exist in the language.

In: one `ast` expression and the line it came from. Out: a `Node`, or `Unreadable` with a column and what to write.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from zhiyu.base.errors import NO_HINT, Hint
from zhiyu.base.limits import MAX_EXPRESSION_DEPTH, MAX_LIST_ITEMS
from zhiyu.expressions.nodes import (
    Arithmetic,
    ArithmeticOperator,
    Boolean,
    Call,
    Compare,
    CompareOperator,
    Conditional,
    IsNull,
    Literal,
    Membership,
    Name,
    Negative,
    Node,
    Not,
)

_ARITHMETIC: dict[type[ast.operator], ArithmeticOperator] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
_COMPARE: dict[type[ast.cmpop], CompareOperator] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
_WORDS: dict[str, bool] = {"true": True, "false": False}
_REFUSED: dict[type[ast.AST], tuple[str, str, Hint]] = {
    ast.Attribute: (
        "a dotted name",
        "带点的名称",
        Hint("write the plain name of the field or feature", "直接写字段或特征的名称"),
    ),
    ast.Subscript: (
        "an index in square brackets",
        "方括号取值",
        Hint("declare a derived field or feature instead", "改为声明派生字段或特征"),
    ),
    ast.JoinedStr: ("a formatted string", "格式化字符串", Hint("write a plain text in quotes", "写带引号的普通文本")),
    ast.Lambda: ("lambda", "lambda", Hint("the language has no functions of your own", "不支持自定义函数")),
    ast.ListComp: ("a loop", "循环", Hint("declare a feature that aggregates instead", "改为声明聚合特征")),
    ast.SetComp: ("a loop", "循环", Hint("declare a feature that aggregates instead", "改为声明聚合特征")),
    ast.GeneratorExp: ("a loop", "循环", Hint("declare a feature that aggregates instead", "改为声明聚合特征")),
    ast.DictComp: ("a loop", "循环", Hint("declare a feature that aggregates instead", "改为声明聚合特征")),
    ast.NamedExpr: ("an assignment", "赋值", Hint("declare a derived feature instead", "改为声明派生特征")),
    ast.Tuple: ("a list of values here", "此处的值列表", Hint("lists stand only after 'in'", "列表只能写在 in 之后")),
    ast.List: ("a list of values here", "此处的值列表", Hint("lists stand only after 'in'", "列表只能写在 in 之后")),
    ast.Set: ("a list of values here", "此处的值列表", Hint("lists stand only after 'in'", "列表只能写在 in 之后")),
    ast.Pow: ("'**'", "'**'", Hint("write pow(x, y)", "改用 pow(x, y)")),
    ast.BitAnd: ("'&'", "'&'", Hint("write 'and'", "改用 'and'")),
    ast.BitOr: ("'|'", "'|'", Hint("write 'or'", "改用 'or'")),
    ast.BitXor: (
        "'^'",
        "'^'",
        Hint("write pow(x, y), or '!=' between two conditions", "改用 pow(x, y)，两个条件之间用 '!='"),
    ),
    ast.Invert: ("'~'", "'~'", Hint("write 'not'", "改用 'not'")),
}
_NUMBER_LIMIT = Decimal(10) ** 18


class Unreadable(Exception):
    """Why a text is no expression: stable code, column, both wordings and what to do."""

    def __init__(self, code: str, column: int, en: str, zh: str, hint: Hint = NO_HINT) -> None:
        super().__init__(en)
        self.code, self.column, self.en, self.zh, self.hint = code, column, en, zh, hint


def too_deep(column: int) -> Unreadable:
    """The refusal of an expression that is nested past the limit."""
    return Unreadable(
        "too_deep",
        column,
        f"the expression is nested more than {MAX_EXPRESSION_DEPTH} deep",
        f"表达式嵌套超过 {MAX_EXPRESSION_DEPTH} 层",
        Hint("split it into derived variables", "拆成几个派生特征"),
    )


class Reader:
    """Reads one line; `start` is how many characters stood before it."""

    def __init__(self, line: str, start: int = 0) -> None:
        self._bytes = line.encode("utf-8")
        self._ascii = line.isascii()
        self._start = start
        self._table: dict[type[ast.AST], Callable[[Any, int], Node]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._arithmetic,
            ast.BoolOp: self._boolean,
            ast.Compare: self._compare,
            ast.IfExp: self._conditional,
            ast.Call: self._call,
        }

    def read(self, tree: ast.expr, depth: int = 0) -> Node:
        """The node of `tree`, which stands `depth` levels below the root."""
        if depth > MAX_EXPRESSION_DEPTH:
            raise too_deep(self._column(tree))
        reader = self._table.get(type(tree))
        if reader is None:
            raise self._refused(tree, type(tree))
        return reader(tree, depth + 1)

    def _column(self, tree: ast.expr) -> int:
        offset = tree.col_offset
        return self._start + (offset if self._ascii else len(self._bytes[:offset].decode("utf-8")))

    def _refused(self, at: ast.expr, what: type[ast.AST]) -> Unreadable:
        other = (
            f"'{what.__name__}'",
            f"'{what.__name__}'",
            Hint("use the documented operators", "改用文档中列出的运算符"),
        )
        en, zh, hint = _REFUSED.get(what, other)
        return Unreadable("not_allowed", self._column(at), f"{en} is not part of the language", f"语言不支持{zh}", hint)

    def _constant(self, tree: ast.Constant, depth: int) -> Node:
        column, value = self._column(tree), tree.value
        if isinstance(value, bool | str):
            return Literal(value, column)
        if isinstance(value, (int, float)):
            return Literal(self._number(tree, value), column)
        if value is None:
            raise self._null(column)
        raise Unreadable("not_allowed", column, f"this constant is not allowed: {value!r}", f"不允许的常量：{value!r}")

    def _number(self, tree: ast.Constant, value: int | float) -> int | Decimal:
        written = self._bytes[tree.col_offset : tree.end_col_offset].decode("utf-8")
        number: int | Decimal = value if isinstance(value, int) else Decimal(written.replace("_", ""))
        if Decimal(number).copy_abs() >= _NUMBER_LIMIT or (number and Decimal(number).adjusted() < -18):
            raise Unreadable(
                "number_range",
                self._column(tree),
                f"the number {written} is out of range; numbers have at most 18 digits before and after the point",
                f"数字 {written} 超出范围；小数点前后最多各 18 位",
            )
        return number

    def _null(self, column: int) -> Unreadable:
        return Unreadable(
            "null_literal",
            column,
            "null cannot be used as a value",
            "null 不能作为值使用",
            Hint("write 'x is null' or 'x is not null'", "写 'x is null' 或 'x is not null'"),
        )

    def _name(self, tree: ast.Name, depth: int) -> Node:
        if tree.id in _WORDS:
            return Literal(_WORDS[tree.id], self._column(tree))
        if tree.id == "null":
            raise self._null(self._column(tree))
        return Name(tree.id, self._column(tree))

    def _unary(self, tree: ast.UnaryOp, depth: int) -> Node:
        if isinstance(tree.op, ast.Invert):
            raise self._refused(tree, ast.Invert)
        operand = self.read(tree.operand, depth)
        if isinstance(tree.op, ast.UAdd):
            return operand
        if isinstance(tree.op, ast.Not):
            return Not(operand, self._column(tree))
        if isinstance(operand, Literal) and not isinstance(operand.value, bool | str):
            return Literal(-operand.value, self._column(tree))
        return Negative(operand, self._column(tree))

    def _arithmetic(self, tree: ast.BinOp, depth: int) -> Node:
        operator = _ARITHMETIC.get(type(tree.op))
        if operator is None:
            raise self._refused(tree, type(tree.op))
        return Arithmetic(operator, self.read(tree.left, depth), self.read(tree.right, depth), self._column(tree))

    def _boolean(self, tree: ast.BoolOp, depth: int) -> Node:
        word = "and" if isinstance(tree.op, ast.And) else "or"
        operands: list[Node] = []
        for each in tree.values:
            node = self.read(each, depth)
            operands += node.operands if isinstance(node, Boolean) and node.operator == word else (node,)
        return Boolean("and" if word == "and" else "or", tuple(operands), self._column(tree))

    def _compare(self, tree: ast.Compare, depth: int) -> Node:
        operator, right = tree.ops[0], tree.comparators[0]
        if isinstance(operator, ast.Is | ast.IsNot | ast.In | ast.NotIn) and len(tree.ops) == 1:
            item = self.read(tree.left, depth)
            if isinstance(operator, ast.Is | ast.IsNot):
                return self._is_null(tree, item, right, isinstance(operator, ast.IsNot))
            return Membership(item, self._members(right, depth), isinstance(operator, ast.NotIn), self._column(tree))
        operands = [self.read(tree.left, depth), *(self.read(each, depth) for each in tree.comparators)]
        pairs: list[Node] = []
        for index, each in enumerate(tree.ops):
            if type(each) not in _COMPARE:
                raise Unreadable(
                    "chain",
                    self._column(tree),
                    "'in' and 'is' cannot be chained",
                    "in 与 is 不能连写",
                    Hint("join with 'and'", "用 and 连接"),
                )
            left, after = operands[index], operands[index + 1]
            pairs.append(Compare(_COMPARE[type(each)], left, after, self._column(tree.left)))
        return pairs[0] if len(pairs) == 1 else Boolean("and", tuple(pairs), self._column(tree))

    def _is_null(self, tree: ast.Compare, item: Node, right: ast.expr, negated: bool) -> Node:
        null = isinstance(right, ast.Name) and right.id == "null"
        none = isinstance(right, ast.Constant) and right.value is None
        if not (null or none):
            at = self._column(right)
            raise Unreadable(
                "is",
                at,
                "after 'is' only null can stand",
                "is 后面只能是 null",
                Hint("to compare, write '=='", "比较请用 '=='"),
            )
        return IsNull(item, negated, self._column(tree))

    def _members(self, tree: ast.expr, depth: int) -> tuple[Literal, ...] | Name:
        if isinstance(tree, ast.Name) and tree.id not in ("null", *_WORDS):
            return Name(tree.id, self._column(tree))
        if not isinstance(tree, ast.Tuple | ast.List | ast.Set) or not tree.elts:
            raise Unreadable(
                "members",
                self._column(tree),
                "after 'in' stands a list of constants or the name of a list",
                "in 后面应为常量列表或名单名称",
                Hint('write e.g. ("CN", "US"); for one value write ==', '例如 ("CN", "US")；单个值用 =='),
            )
        if len(tree.elts) > MAX_LIST_ITEMS:
            raise Unreadable(
                "members",
                self._column(tree),
                f"{len(tree.elts)} values written out, the limit is {MAX_LIST_ITEMS}",
                f"直接写出了 {len(tree.elts)} 个值，上限为 {MAX_LIST_ITEMS}",
                Hint("split it into several rules", "拆成几条规则"),
            )
        return tuple(self._member(each, depth) for each in tree.elts)

    def _member(self, tree: ast.expr, depth: int) -> Literal:
        node = self.read(tree, depth)
        if not isinstance(node, Literal):
            at = self._column(tree)
            raise Unreadable(
                "members",
                at,
                "the members of a list must be constants",
                "列表成员必须是常量",
                Hint("join comparisons with 'or'", "用 or 连接多个比较"),
            )
        return node

    def _conditional(self, tree: ast.IfExp, depth: int) -> Node:
        test, then, otherwise = (self.read(each, depth) for each in (tree.test, tree.body, tree.orelse))
        return Conditional(test, then, otherwise, self._column(tree))

    def _call(self, tree: ast.Call, depth: int) -> Node:
        if not isinstance(tree.func, ast.Name):
            raise self._refused(tree.func, type(tree.func))
        if tree.keywords:
            at = self._column(tree.keywords[0].value)
            raise Unreadable(
                "keyword",
                at,
                "functions take arguments by position only",
                "函数参数只能按位置传入",
                Hint("remove 'name ='", "删除 'name ='"),
            )
        arguments = tuple(self.read(each, depth) for each in tree.args)
        return Call(tree.func.id, arguments, self._column(tree))
