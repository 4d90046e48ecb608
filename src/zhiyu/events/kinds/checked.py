"""Texts with a meaning that can be checked: the shared part of ip, email, phone, card and id_number.

In: a text field whose kind knows a normal spelling and signals, the first of which is `valid`. Out: a text in its
normal spelling. A failed check is a signal (noted as `check_failed`); with `require: valid` the event is refused.
"""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from zhiyu.events.declare import Field
from zhiyu.events.kinds.reader import Notes, SignalValue, Texts
from zhiyu.events.kinds.text import Text, clean_column
from zhiyu.events.refusals import Bad


class Checked(Text):
    """Base reader; a kind gives `normal` and `signals_one`, and how the byte pass does the same: `fast_steps`,
    `signals_many`.
    """

    fast_steps = 0

    def __init__(self, declared: Field) -> None:
        super().__init__(declared)
        self.require = declared.require == "valid"

    def normal(self, text: str) -> str:
        """The one spelling of the text."""
        raise NotImplementedError

    def one(self, value: object, notes: Notes) -> str | None:
        """Cleaned, then in its normal spelling."""
        text = super().one(value, notes)
        if text is None:
            return None
        plain = self.normal(text)
        if plain != text and "normalised" not in notes:
            notes.append("normalised")
        return plain

    def many(self, column: pa.Array) -> Texts | None:
        """The byte pass over the column, with the kind's own steps."""
        return clean_column(column, self.steps | self.fast_steps)

    def checked(self, signals: Sequence[SignalValue], notes: Notes) -> None:
        """Note a failed check, or refuse it where the field says so."""
        if signals[0] is False:
            if self.require:
                raise failed_check()
            notes.append("check_failed")


def failed_check() -> Bad:
    """The value fails its check and the field requires it to pass."""
    return Bad(
        "bad_check",
        "fails its check; send a valid value, or drop `require: valid`",
        "校验未通过；请传有效值，或去掉 require: valid",
    )
