"""What would have changed a decision, in words that may be said to the customer: the smallest move that leads to a milder outcome.

In: facts that the search found. Out: JSON, and a sentence in English and Chinese that names no rule, no score and no other person.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

RESULT_WORDS = {
    "pass": ("approved", "通过"), "notify": ("approved, with a notice", "通过并提醒"),
    "challenge": ("approved after an extra check of identity", "通过额外的身份核验后办理"),
    "delay": ("held for a while, not refused", "暂缓而不拒绝"),
    "review": ("looked at by a person", "转人工审核"), "decline": ("declined", "拒绝"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Move:
    """One input and what it would have had to be. `name`: a field or feature; `en`, `zh`: its wording; values as people read them."""

    name: str
    en: str
    zh: str
    before: Any
    after: Any
    unit: str = ""

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object; money as text, so that it stays exact."""
        return {"name": self.name, "from": _json(self.before), "to": _json(self.after), "unit": self.unit}

    def text(self, zh: bool) -> str:
        """The input with both values."""
        before, after = _said(self.before, self.unit, zh), _said(self.after, self.unit, zh)
        if zh:
            return f"{self.zh}为 {after}（而非 {before}）"
        return f"{self.en} had been {after} instead of {before}"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An input that could not be searched, and why."""

    name: str
    en: str
    zh: str


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """`moves`: a smallest set of changes that leads to `outcome`, checked by deciding again; none when there is none: `en`, `zh` say why.

    `smallest`: within the declared steps nothing smaller does; False when the search was cut at its limits. `rows`: decisions tried.
    """

    moves: tuple[Move, ...] = ()
    outcome: str = ""
    smallest: bool = True
    en: str = ""
    zh: str = ""
    left_out: tuple[LeftOut, ...] = ()
    rows: int = 0

    def to_dict(self) -> dict[str, Any]:
        """As a JSON object."""
        return {
            "changes": [move.to_dict() for move in self.moves], "outcome": self.outcome or None, "smallest": self.smallest,
            "en": self.sentence("en"), "zh": self.sentence("zh"),
            "left_out": [{"name": each.name, "en": each.en, "zh": each.zh} for each in self.left_out], "rows": self.rows,
        }  # fmt: skip

    def sentence(self, language: str = "en") -> str:
        """For the customer."""
        zh = language == "zh"
        if not self.moves:
            return self.zh if zh else self.en
        said = [move.text(zh) for move in self.moves]
        result = RESULT_WORDS[self.outcome][zh]
        if zh:
            return f"若{'，且'.join(said)}，结果会是：{result}。"
        return f"If {' and '.join(said)}, the result would have been: {result}."


def no_change(
    en: str, zh: str, left_out: tuple[LeftOut, ...] = (), rows: int = 0, smallest: bool = True
) -> Counterfactual:
    """None was found; why."""
    return Counterfactual((), "", smallest, en, zh, left_out, rows)


def _said(value: Any, unit: str, zh: bool) -> str:
    if isinstance(value, bool):
        return ("是" if value else "否") if zh else ("yes" if value else "no")
    if isinstance(value, timedelta):
        hours = value.total_seconds() / 3600
        shown = f"{hours / 24:g}" if hours >= 48 else f"{hours:g}"
        return f"{shown} {('天' if zh else 'days') if hours >= 48 else ('小时' if zh else 'hours')}"
    text = f"{value:,}" if isinstance(value, (int, Decimal)) else str(value)
    return f"{text} {unit}" if unit else text


def _json(value: Any) -> Any:
    if isinstance(value, timedelta):
        return int(value.total_seconds() * 1000)
    return str(value) if isinstance(value, Decimal) else value
