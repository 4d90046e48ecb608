"""Collects every problem of one expression, so that a user sees all of them at once.

In: code, column, both wordings. Out: `Problem`s at their place, and `POISON`, which stands for "already reported".
"""

from __future__ import annotations

from zhiyu.base.errors import NO_HINT, Hint, Place, Problem
from zhiyu.expressions.typed import Typed
from zhiyu.expressions.types import BOOL, Kind, Type

POISON = Typed("poison", BOOL)
"""Stands for an operand that was already reported: whatever touches it stays silent."""

_KINDS = {
    Kind.BOOL: ("a yes/no value", "是否值"),
    Kind.INT: ("a whole number", "整数"),
    Kind.FIXED: ("a number", "数值"),
    Kind.FLOAT: ("a number", "数值"),
    Kind.TIME: ("a time", "时间"),
    Kind.DURATION: ("a duration", "时长"),
    Kind.STRING: ("a text", "文本"),
    Kind.GEO: ("a place", "位置"),
}


class Report:
    """Problems found in one expression that starts at `place`."""

    def __init__(self, place: Place) -> None:
        self._place = place
        self.problems: list[Problem] = []

    def error(self, code: str, column: int, en: str, zh: str, suggestion: Hint = NO_HINT) -> Typed:
        """Note an error and return POISON, so that a check can end with `return report.error(...)`."""
        self._add(Problem(code, en, zh, self._place.shifted(column), "error", *suggestion))
        return POISON

    def warn(self, code: str, column: int, en: str, zh: str, suggestion: Hint = NO_HINT) -> None:
        """Note something that is allowed and probably not meant."""
        self._add(Problem(code, en, zh, self._place.shifted(column), "warning", *suggestion))

    def _add(self, problem: Problem) -> None:
        if problem not in self.problems:
            self.problems.append(problem)

    @property
    def failed(self) -> bool:
        """Whether any error was noted."""
        return any(problem.severity == "error" for problem in self.problems)


def described(type_: Type) -> tuple[str, str]:
    """What a type is called in en and zh: `a number in CNY`, `单位为 CNY 的数值`."""
    en, zh = _KINDS[type_.kind]
    if type_.is_list:
        en, zh = "a list", "列表"
    if type_.unit:
        return f"{en} in {type_.unit}", f"单位为 {type_.unit} 的{zh}"
    return en, zh


def shown(node: Typed) -> str:
    """The operand as the user wrote it, in quotes and shortened."""
    text = node.text if len(node.text) <= 60 else node.text[:57] + "…"
    return text if text.startswith('"') else f"'{text}'"
