"""Every error of the house, and the place in a declaration that an error points at.

In: a code, a place, a message and what to do about it in en and zh. Out: exceptions that print as
`file:line:column: error[code]: message → suggestion`.
One tree: `ZhiyuError` > `DeclarationError` (the user's policy), `EventRefused` (one bad event), `LimitExceeded`, `InputError`.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a declaration: file name, 1-based line and column; line 0 means "declared in Python, no text"."""

    file: str = "<python>"
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}" if self.line else self.file

    def shifted(self, columns: int) -> Place:
        """The same place, `columns` characters to the right (for a span inside a one-line expression)."""
        return Place(self.file, self.line, self.column + columns) if self.line else self


class Hint(NamedTuple):
    """What to do, in both languages; false when there is nothing to say. Code words stand as they are in both."""

    en: str = ""
    zh: str = ""

    def __bool__(self) -> bool:
        return bool(self.en)

    def __str__(self) -> str:
        return self.en


NO_HINT = Hint()
"""Nothing to say."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about a declaration. `severity` is "error" or "warning"; `suggestion` is what to do, "" for none.

    Write the two suggestions as one `Hint`: `Problem(code, en, zh, place, "error", *hint)`.
    """

    code: str
    en: str
    zh: str
    place: Place = Place()
    severity: str = "error"
    suggestion: str = ""
    suggestion_zh: str = ""

    def text(self, language: str = "en") -> str:
        """One line: place, severity, code, message, and the suggestion after an arrow."""
        message, hint = (
            (self.zh, self.suggestion_zh or self.suggestion) if language == "zh" else (self.en, self.suggestion)
        )
        arrow = f" → {hint}" if hint else ""
        return f"{self.place}: {self.severity}[{self.code}]: {message}{arrow}"

    def __str__(self) -> str:
        return self.text()


class ZhiyuError(Exception):
    """Root of the tree. `code` is stable and machine-readable, `status` the HTTP status it maps to."""

    code = "internal"
    status = 500

    def __init__(self, en: str, zh: str = "") -> None:
        super().__init__(en)
        self.en = en
        self.zh = zh or en

    def text(self, language: str = "en") -> str:
        """The message in one language ("en" or "zh")."""
        return self.zh if language == "zh" else self.en


class InputError(ZhiyuError):
    """The caller asked for something that cannot be: an unknown file, id, option."""

    code = "input"
    status = 400


class LimitExceeded(ZhiyuError):
    """A declared limit was reached; the message says which, its value, and how to raise it."""

    code = "limit"
    status = 422


class EventRefused(ZhiyuError):
    """One event cannot be taken. `field` names the culprit ("" for the whole event)."""

    code = "event_refused"
    status = 422

    def __init__(self, field: str, en: str, zh: str = "") -> None:
        super().__init__(f"{field}: {en}" if field else en, f"{field}：{zh or en}" if field else zh)
        self.field = field
        self.reason_en = en
        self.reason_zh = zh or en


class DeclarationError(ZhiyuError):
    """A policy does not compile. `problems` lists every finding, errors first."""

    code = "declaration"
    status = 422

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = sorted(
            problems, key=lambda p: (p.severity != "error", p.place.file, p.place.line, p.place.column)
        )
        super().__init__("\n".join(p.text("en") for p in self.problems), "\n".join(p.text("zh") for p in self.problems))


def did_you_mean(name: str, known: Iterable[str]) -> Hint:
    """`did you mean 'amount'?` for the closest known name, or `NO_HINT` when nothing is close.

    >>> did_you_mean("amuont", ["amount", "device"]).en
    "did you mean 'amount'?"
    """
    close = difflib.get_close_matches(name, list(known), n=1, cutoff=0.6)
    return meant(close[0]) if close else NO_HINT


def meant(name: str) -> Hint:
    """The question whether `name` was meant."""
    return Hint(f"did you mean '{name}'?", f"是不是“{name}”？")
