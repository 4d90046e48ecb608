"""What every field kind offers: a scalar definition (`one`) and, for clean Arrow columns, a fast path (`many`) that
equals it.

In: a raw value, or a column in one of the plain Arrow types (int64, float64, bool, string, timestamp, date32). Out:
the cleaned value: an integer for number-like kinds, a text for text-like kinds, None for null; `Bad` when it cannot
be taken. Why this way: `many` never says *why* a row is bad: it marks rows it is not sure about as `hard`, and those
go through `one`. So there is one meaning and one place for messages, and a property test that both agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.expressions.types import Type

Bools = npt.NDArray[np.bool_]
Int64s = npt.NDArray[np.int64]
Actions = dict[str, Bools]
Notes = list[str]
SignalValue = str | int | bool | None


@dataclass(slots=True)
class Numbers:
    """A column read as integers: values int64[n] (0 at null), null marks, rows left to the scalar, actions per row."""

    values: Int64s
    null: Bools
    hard: Bools
    actions: Actions = field(default_factory=dict)


@dataclass(slots=True)
class Texts:
    """A column read as texts: a `pa.string()` array (null where null or hard), rows left to the scalar, actions per
    row.
    """

    texts: pa.Array
    hard: Bools
    actions: Actions = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Signal:
    """A column computed from a text field: its name after the field's, its type. `at_event`: a birth date to turn
    into an age.
    """

    suffix: str
    type: Type
    en: str
    zh: str
    at_event: bool = False


class NumberReader(Protocol):
    """A kind whose value is an integer in the register file."""

    @property
    def type(self) -> Type:
        """How to read the integer."""

    def one(self, value: object, notes: Notes) -> int | None:
        """The scalar definition; appends the actions taken to `notes`."""

    def many(self, column: pa.Array) -> Numbers | None:
        """The fast path, or None when it has none for this Arrow type."""


class TextReader(Protocol):
    """A kind whose value is a text (in the register file: its code)."""

    @property
    def type(self) -> Type:
        """STRING with what is known about it."""

    @property
    def signals(self) -> tuple[Signal, ...]:
        """Columns derived from the text."""

    def one(self, value: object, notes: Notes) -> str | None:
        """The scalar definition; appends the actions taken to `notes`."""

    def many(self, column: pa.Array) -> Texts | None:
        """The fast path over a `pa.string()` array, or None."""

    def signals_one(self, text: str) -> Sequence[SignalValue]:
        """The signals of one cleaned text, in the order of `signals`; an `at_event` one as yyyymmdd."""

    def signals_many(self, texts: pa.Array) -> Sequence[pa.Array] | None:
        """The signals of many texts as Arrow arrays (string, bool or int64), or None: use `signals_one` per distinct
        text.
        """
