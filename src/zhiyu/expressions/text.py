"""Text functions. They cannot run on 64-bit codes, so each call over one field is a column made at the door.

In: a field and a chain of functions with constants, innermost first. Out: `Prepared`, whose `key` names the column, and
`prepare`, the one meaning of it for one value. The door calls it once per distinct value.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zhiyu.base.limits import MAX_STRING_BYTES
from zhiyu.expressions.canonical import literal_text
from zhiyu.expressions.types import BOOL, FLOAT, INT, STRING, Type

Argument = str | int


@dataclass(frozen=True, slots=True)
class Step:
    """One function of a chain with its constants, e.g. `prefix` with (3,)."""

    function: str
    arguments: tuple[Argument, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A column computed from the text of one field: `chain` is applied from first to last.

    >>> Prepared("email", (Step("prefix", (3,)), Step("lower")), STRING).key
    'lower(prefix(email,3))'
    """

    field: str
    chain: tuple[Step, ...]
    type: Type

    @property
    def key(self) -> str:
        """The canonical text, and the name of the column in a layout."""
        text = self.field
        for step in self.chain:
            text = f"{step.function}({','.join([text, *map(literal_text, step.arguments)])})"
        return text


@dataclass(frozen=True, slots=True)
class TextFunction:
    """A text function: its constants ("text" or "count" each), its result, and whether it reveals the whole value."""

    arguments: tuple[str, ...]
    result: Type
    meaning: Callable[..., str | bool | int | float | None]
    reveals: bool = False


def _before(text: str, mark: str) -> str | None:
    head, found, _ = text.partition(mark)
    return head if found else None


def _after(text: str, mark: str) -> str | None:
    _, found, tail = text.partition(mark)
    return tail if found else None


def _digits_share(text: str) -> float | None:
    return sum("0" <= char <= "9" for char in text) / len(text) if text else None


def _suffix(text: str, count: int) -> str:
    return text[-count:] if count else ""


TEXT_FUNCTIONS: Mapping[str, TextFunction] = {
    "lower": TextFunction((), STRING, str.lower, reveals=True),
    "upper": TextFunction((), STRING, str.upper, reveals=True),
    "trim": TextFunction((), STRING, str.strip, reveals=True),
    "prefix": TextFunction(("count",), STRING, lambda text, count: text[:count]),
    "suffix": TextFunction(("count",), STRING, _suffix),
    "before": TextFunction(("text",), STRING, _before, reveals=True),
    "after": TextFunction(("text",), STRING, _after),
    "length": TextFunction((), INT, len),
    "starts_with": TextFunction(("text",), BOOL, str.startswith),
    "ends_with": TextFunction(("text",), BOOL, str.endswith),
    "contains": TextFunction(("text",), BOOL, lambda text, part: part in text),
    "digits_share": TextFunction((), FLOAT, _digits_share),
}
"""Functions over one text. Text is counted in characters; before/after are null when the mark is absent."""

LIST_FUNCTIONS: Mapping[str, TextFunction] = {
    "items": TextFunction((), INT, len),
    "has": TextFunction(("text",), BOOL, lambda values, item: item in values),
}
"""Functions over a list field; `has(tags,"x")` is what `"x" in tags` becomes."""

REVEALING_CHARACTERS = 6
"""A prefix or suffix of a personal value longer than this is itself personal."""


def prepare(prepared: Prepared, value: str | list[str] | None) -> str | bool | int | float | None:
    """The value of a prepared column for one cleaned value of its field; null stays null.

    >>> prepare(Prepared("email", (Step("after", ("@",)),), STRING), "li@mail.cn")
    'mail.cn'
    """
    current: str | list[str] | bool | int | float | None = value
    for step in prepared.chain:
        if current is None:
            return None
        known = LIST_FUNCTIONS if isinstance(current, list) else TEXT_FUNCTIONS
        current = known[step.function].meaning(current, *step.arguments)
    assert not isinstance(current, list)
    return _short(current) if isinstance(current, str) else current


def _short(text: str) -> str:
    """`upper` can lengthen a text (ß → SS): the limit of a text holds for the result too."""
    if len(text) * 4 <= MAX_STRING_BYTES:
        return text
    return text.encode("utf-8")[:MAX_STRING_BYTES].decode("utf-8", "ignore")
