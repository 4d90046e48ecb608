"""The text of one table condition, taken apart: `-`, `null`, `< 5`, `[1..5)`, `a, b`, `not(a, b)`. It knows no types yet.

In: what stands in a cell of a table (YAML value or CSV text). Out: `Written` with its items and their columns, or `Unclear`. Own grammar,
not that of expressions: it is the one DMN tables use, and bare words are texts here.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from zhiyu.base.errors import NO_HINT, Hint
from zhiyu.expressions.canonical import number_text
from zhiyu.policy.declare_tables import Condition

ANY = "-"
NULL = "null"
MAX_CONDITION_CHARS = 4000
NUMBER = re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9]+)?|[-+]?\.[0-9]+")
_COMPARISON = re.compile(r"<=|>=|<|>|!=|==|=")
_NOT = re.compile(r"not\s*\(")
_SPECIAL = set("[](),<>=\"'")


@dataclass(frozen=True, slots=True)
class Word:
    """One value as written, without its quotes; `column` counts from the start of the text."""

    text: str
    quoted: bool
    column: int

    @property
    def number(self) -> bool:
        """Whether it reads as a plain number."""
        return not self.quoted and NUMBER.fullmatch(self.text) is not None


@dataclass(frozen=True, slots=True)
class Item:
    """One part of a condition: a value (`low` alone, `equal`), an interval, or (`null`) the missing value."""

    low: Word | None = None
    high: Word | None = None
    low_in: bool = True
    high_in: bool = False
    equal: bool = False
    null: bool = False
    column: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """A condition taken apart. `any`: takes everything. `negated`: every present value but the items."""

    items: tuple[Item, ...] = ()
    any: bool = False
    negated: bool = False


class Unclear(Exception):
    """A condition that cannot be read: where, in which words, and what to write."""

    def __init__(self, column: int, en: str, zh: str, hint: Hint = NO_HINT) -> None:
        super().__init__(en)
        self.column, self.en, self.zh, self.hint = column, en, zh, hint


def plain_text(condition: Condition) -> str:
    """A condition as text: YAML null is `null`, true is `true`.

    >>> plain_text(None), plain_text(True), plain_text(5)
    ('null', 'true', '5')
    """
    if condition is None:
        return NULL
    if isinstance(condition, bool):
        return "true" if condition else "false"
    return f"{Decimal(repr(condition)):f}" if isinstance(condition, float) else str(condition)


def take_apart(text: str) -> Written:
    """The parts of a condition; raises `Unclear`.

    >>> take_apart("[1..5), null").items[0].high.text
    '5'
    """
    if len(text) > MAX_CONDITION_CHARS:
        en = f"the condition has {len(text)} characters; at most {MAX_CONDITION_CHARS}"
        raise Unclear(
            0, en, f"条件有 {len(text)} 个字符，上限 {MAX_CONDITION_CHARS}", Hint("make two rows of it", "拆成两行")
        )
    start = len(text) - len(text.lstrip())
    body = text.strip()
    if body in ("", ANY):
        return Written(any=True)
    opened = _NOT.match(body)
    if opened:
        if not body.endswith(")"):
            raise Unclear(
                start + len(body),
                "`not(` is never closed",
                "`not(` 没有右括号",
                Hint("write not(a, b)", "写成 not(a, b)"),
            )
        return Written(_items(body[:-1], opened.end(), start), negated=True)
    return Written(_items(body, 0, start))


def normal(condition: Condition) -> str:
    """One text for everything that reads the same: `-` for any value, items sorted, numbers beside bounds shortest.

    >>> normal("[1 .. 5.0)"), normal(' "b" ,a'), normal(""), normal("not( null )")
    ('[1..5)', 'a, b', '-', 'not(null)')
    """
    try:
        written = take_apart(plain_text(condition))
    except Unclear:
        return plain_text(condition)  # the static checks report it with its place
    if written.any:
        return ANY
    text = ", ".join(sorted({_item_text(item) for item in written.items}))
    return f"not({text})" if written.negated else text


def word_text(text: str) -> str:
    """A text value as a cell shows it: bare where that reads back as the same text, else in quotes.

    >>> word_text("CN"), word_text("null"), word_text("a, b")
    ('CN', '"null"', '"a, b"')
    """
    bare = text and text == text.strip() and not _SPECIAL & set(text) and ".." not in text
    if bare and text not in (ANY, NULL):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _item_text(item: Item) -> str:
    if item.null:
        return NULL
    if item.equal:
        assert item.low is not None
        return word_text(item.low.text)
    if item.low is None or item.high is None:
        word = item.low or item.high
        assert word is not None
        sign = (">=" if item.low_in else ">") if item.low else ("<=" if item.high_in else "<")
        return f"{sign} {_bound_text(word)}"
    opened, closed = "[" if item.low_in else "(", "]" if item.high_in else ")"
    return f"{opened}{_bound_text(item.low)}..{_bound_text(item.high)}{closed}"


def _bound_text(word: Word) -> str:
    return number_text(Decimal(word.text.replace("_", ""))) if word.number else word_text(word.text)


def _items(body: str, at: int, shift: int) -> tuple[Item, ...]:
    """Items of `body` from `at` on, separated by commas; `shift` moves columns."""
    items: list[Item] = []
    while True:
        item, at = _item(body, _past_space(body, at), shift)
        items.append(item)
        at = _past_space(body, at)
        if at >= len(body):
            return tuple(items)
        if body[at] != ",":
            hint = Hint(
                "put a comma between values, or quotes around a text with such signs",
                "值之间加逗号，或给含有此类符号的文本加引号",
            )
            raise Unclear(shift + at, f"'{body[at:]}' is not expected here", f"此处不应出现“{body[at:]}”", hint)
        at += 1


def _past_space(body: str, at: int) -> int:
    while at < len(body) and body[at].isspace():
        at += 1
    return at


def _item(body: str, at: int, shift: int) -> tuple[Item, int]:
    column = shift + at
    if body[at : at + 1] in ("[", "("):
        return _interval(body, at, shift)
    sign = _COMPARISON.match(body, at)
    if sign is None:
        word, end = _word(body, at, shift)
        if not word.quoted and word.text == NULL:
            return Item(null=True, column=column), end
        return Item(low=word, equal=True, column=column), end
    word, end = _word(body, _past_space(body, sign.end()), shift)
    match sign[0]:
        case "<" | "<=":
            return Item(high=word, high_in=sign[0] == "<=", column=column), end
        case ">" | ">=":
            return Item(low=word, low_in=sign[0] == ">=", column=column), end
        case "!=":
            raise Unclear(
                column,
                "`!=` is not used in tables",
                "决策表中不用 `!=`",
                Hint(f"write not({word.text})", f"写成 not({word.text})"),
            )
    raise Unclear(
        column,
        f"`{sign[0]}` is not used in tables",
        f"决策表中不用 `{sign[0]}`",
        Hint("write the value alone", "只写该值"),
    )


def _interval(body: str, at: int, shift: int) -> tuple[Item, int]:
    column, low_in = shift + at, body[at] == "["
    low, end = _word(body, _past_space(body, at + 1), shift)
    end = _past_space(body, end)
    if body[end : end + 2] != "..":
        raise Unclear(
            shift + end,
            "an interval has `..` between its bounds",
            "区间两端之间要写 `..`",
            Hint("write e.g. [1..5)", "例如 [1..5)，请补全"),
        )
    high, end = _word(body, _past_space(body, end + 2), shift)
    end = _past_space(body, end)
    if body[end : end + 1] not in ("]", ")"):
        raise Unclear(
            shift + end, "the interval is never closed", "区间没有右括号", Hint("end it with ] or )", "以 ] 或 ) 结束")
        )
    return Item(low, high, low_in, body[end] == "]", column=column), end + 1


def _word(body: str, at: int, shift: int) -> tuple[Word, int]:
    quote = body[at : at + 1]
    if quote in ("'", '"') and quote:
        return _quoted(body, at, shift, quote)
    end = at
    while end < len(body) and body[end] not in _SPECIAL and body[end : end + 2] != "..":
        end += 1
    text = body[at:end].rstrip()
    if not text:
        found = body[at : at + 1]
        en, zh = (
            (f"a value is missing before '{found}'", f"“{found}”之前缺少值")
            if found
            else ("a value is missing", "缺少值")
        )
        raise Unclear(shift + at, en, zh, Hint("write e.g. 5, < 5, [1..5) or a, b", "例如 5、< 5、[1..5) 或 a, b"))
    return Word(text, False, shift + at), end


def _quoted(body: str, at: int, shift: int, quote: str) -> tuple[Word, int]:
    text, end = "", at + 1
    while end < len(body) and body[end] != quote:
        end += body[end] == "\\" and end + 1 < len(body)
        text += body[end]
        end += 1
    if end >= len(body):
        raise Unclear(
            shift + at,
            "the quote is never closed",
            "引号没有结束",
            Hint(f"end the text with {quote}", f"文本以 {quote} 结束"),
        )
    return Word(text, True, shift + at), end + 1
