"""Text to nodes: a whitelist over Python's expression grammar.

In: the text of one expression and the place where it starts. Out: a `Node`, or a `DeclarationError` that points.
Why the standard parser: people and editors know the syntax; length and bracket depth are checked before it is called,
and every construct that is not in the table below is refused by name.
"""

from __future__ import annotations

import ast
import warnings

from zhiyu.base.errors import NO_HINT, DeclarationError, Hint, Place, Problem
from zhiyu.base.limits import MAX_EXPRESSION_CHARS, MAX_EXPRESSION_DEPTH
from zhiyu.expressions.nodes import Node
from zhiyu.expressions.read import Reader, Unreadable, too_deep

NOWHERE = Place()
"""The place of an expression that was not read from a file."""

_HINTS = (
    ("&&", Hint("write 'and'", "改用 'and'")),
    ("||", Hint("write 'or'", "改用 'or'")),
    ("<>", Hint("write '!='", "改用 '!='")),
    ("===", Hint("write '=='", "改用 '=='")),
    ("\uff0c", Hint("use the ASCII comma ','", "改用半角逗号 ','")),
    ("\uff08", Hint("use ASCII brackets '(' and ')'", "改用半角括号 '(' 和 ')'")),
    ("\u201c", Hint("use straight quotes '\"'", "改用半角引号 '\"'")),
    ("\u201d", Hint("use straight quotes '\"'", "改用半角引号 '\"'")),
)


def parse(text: str, place: Place = NOWHERE) -> Node:
    """The node of `text`; raises DeclarationError with one problem otherwise.

    >>> parse("amount > 500").operator
    '>'
    """
    try:
        line = _one_line(text)
        start = len(line) - len(line.lstrip())
        tree = _tree(line[start:], start)
        return Reader(line[start:], start).read(tree.body)
    except Unreadable as wrong:
        at = place.shifted(wrong.column)
        raise DeclarationError([Problem(wrong.code, wrong.en, wrong.zh, at, "error", *wrong.hint)]) from None


def _one_line(text: str) -> str:
    """`text` with line breaks as spaces, after the checks that need no grammar: length, brackets, comments."""
    if not text.strip():
        raise Unreadable(
            "empty",
            0,
            "the expression is empty",
            "表达式为空",
            Hint('write a condition, e.g. "amount > 500"', '写一个条件，如 "amount > 500"'),
        )
    if len(text) > MAX_EXPRESSION_CHARS:
        raise Unreadable(
            "too_long",
            0,
            f"the expression has {len(text)} characters, the limit is {MAX_EXPRESSION_CHARS}",
            f"表达式有 {len(text)} 个字符，上限为 {MAX_EXPRESSION_CHARS}",
            Hint("split it into derived features", "拆成几个派生特征"),
        )
    flat = text.replace("\r", " ").replace("\n", " ").replace("\t", " ").replace("\f", " ")
    _scan(flat)
    return flat


def _scan(text: str) -> None:
    """Bracket depth and comments, aware of quotes; what is not closed is left to the grammar to report."""
    depth, quote, at = 0, "", 0
    while at < len(text):
        char = text[at]
        if quote:
            at += 1 if char == "\\" else 0
            quote = "" if char == quote else quote
        elif char in "\"'":
            quote = char
        elif char == "#":
            raise Unreadable(
                "comment",
                at,
                "an expression has no comments",
                "表达式中不能写注释",
                Hint("remove '#' and what follows", "删除 '#' 及其后的内容"),
            )
        elif char in "([{":
            depth += 1
            if depth > MAX_EXPRESSION_DEPTH:
                raise too_deep(at)
        elif char in ")]}":
            depth -= 1
        at += 1


def _tree(source: str, start: int) -> ast.Expression:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(source, mode="eval")
    except SyntaxError as wrong:
        column = min(max((wrong.offset or 1) - 1, 0), len(source)) + start
        detail = (wrong.msg or "invalid syntax").split(". Perhaps")[0].split(". Maybe")[0]
        raise Unreadable("syntax", column, f"cannot read this: {detail}", "无法读懂：语法错误", _hint(source)) from None
    except (RecursionError, MemoryError):
        raise too_deep(start) from None
    except ValueError as wrong:
        raise Unreadable("syntax", start, f"cannot read this: {wrong}", "无法读懂：含有不允许的字符") from None


def _hint(source: str) -> Hint:
    for mark, hint in _HINTS:
        if mark in source:
            return hint
    bare = source.replace("==", "").replace("!=", "").replace("<=", "").replace(">=", "")
    if "=" in bare:
        return Hint("to compare, write '=='", "比较请用 '=='")
    if "!" in bare:
        return Hint("write 'not'", "改用 'not'")
    return NO_HINT
