"""Enums: a text that must be one of the declared values. Out: the text; another one is refused with "did you mean"."""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.base.errors import NO_HINT, did_you_mean
from zhiyu.events.declare import Field
from zhiyu.events.kinds.reader import Notes, Texts
from zhiyu.events.kinds.text import Text
from zhiyu.events.refusals import Bad, quote
from zhiyu.expressions.types import Kind, Type


class Choice(Text):
    """Reader of `enum` fields."""

    def __init__(self, declared: Field) -> None:
        super().__init__(declared)
        self.choices = declared.values
        self.type = Type(Kind.STRING, choices=declared.values, personal=self.personal, nullable=not declared.required)
        self._known = frozenset(declared.values)
        self._known_column = pa.array(declared.values, pa.string())

    def one(self, value: object, notes: Notes) -> str | None:
        """The cleaned text, one of the choices."""
        text = super().one(value, notes)
        if text is None or text in self._known:
            return text
        known = ", ".join(self.choices[:8]) + (", …" if len(self.choices) > 8 else "")
        hint = NO_HINT if self.personal else did_you_mean(text[:60], self.choices)
        seen, seen_zh = ("the value", "该值") if self.personal else (quote(text), quote(text))
        raise Bad(
            "not_a_choice",
            f"{seen} is not one of {known}; {hint.en or 'add it to `values` if it is right'}",
            f"{seen_zh} 不在允许值 {known} 之内；{hint.zh or '若属实请加入 values'}",
        )

    def many(self, column: pa.Array) -> Texts | None:
        """Cleaned as texts; a text that is no choice is left to the scalar."""
        found = super().many(column)
        if found is None:
            return None
        known = pc.is_in(found.texts, self._known_column).to_numpy(zero_copy_only=False)
        stray = ~known & ~found.texts.is_null().to_numpy(zero_copy_only=False)
        if stray.any():
            found.hard |= stray
            found.texts = pc.if_else(pa.array(stray), pa.scalar(None, pa.string()), found.texts)
        return found
