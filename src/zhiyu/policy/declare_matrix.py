"""Declarations of the model matrix: one cell per stage of a loan's life and kind of fraud, and which model speaks for it.

In: nothing. Out: `MatrixCell` with its challengers. The score of a cell is read by its name, like a feature: it is that of the champion,
or, for a stable share of the values of `by`, that of a challenger.
"""

from __future__ import annotations

import msgspec

from zhiyu.events.declare import Declaration
from zhiyu.policy.outcomes import Outcome


class Challenger(Declaration, frozen=True):
    """A model that speaks in place of the champion for `percent` (0..100, up to four decimals) of the values of the cell's `by`."""

    model: str
    percent: str | int | float


class MatrixCell(Declaration, frozen=True):
    """One cell: `champion`, `challengers` and `shadow` name models. A shadow model scores and is recorded, and never speaks.

    `by`: the field whose value decides who speaks; the same value always gets the same model, null the champion. Where the chosen model
    knows too little, the champion speaks. `label`: the derived label that says what is fraud here (default: that of the events).
    `thresholds`: from this score on (inclusive), this outcome; they become the rule set `NAME_thresholds`, with `reason`.
    """

    name: str
    stage: str
    fraud: str
    champion: str
    challengers: tuple[Challenger, ...] = ()
    shadow: tuple[str, ...] = ()
    by: str = ""
    salt: str = ""
    label: str = ""
    thresholds: dict[Outcome, str | int | float] = msgspec.field(default_factory=dict)
    reason: str = ""
    en: str = ""
    zh: str = ""
