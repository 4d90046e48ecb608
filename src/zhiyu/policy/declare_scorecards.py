"""Declarations of scorecards: points per characteristic, added up, cut into bands.

In: nothing. Out: `Scorecard` with its characteristics, bins and bands.
"""

from __future__ import annotations

from zhiyu.events.declare import Declaration
from zhiyu.policy.outcomes import Outcome

Bound = str | int | float


class Bin(Declaration, frozen=True):
    """Points for a part of the values: an interval [`low`, `high`) open where a bound is left out, listed `values`, null (`missing`), or
    all that no other bin takes (`otherwise`). `reason` explains points lost here."""

    points: int
    low: Bound | None = None
    high: Bound | None = None
    values: tuple[Bound, ...] = ()
    missing: bool = False
    otherwise: bool = False
    reason: str = ""


class Characteristic(Declaration, frozen=True):
    """One property that is scored: an expression, and its bins."""

    name: str
    bins: tuple[Bin, ...]
    of: str = ""
    en: str = ""
    zh: str = ""


class Band(Declaration, frozen=True):
    """Totals `below` this get this outcome; the lowest band that fits decides."""

    below: int
    outcome: Outcome


class Scorecard(Declaration, frozen=True):
    """`base` plus the points of every characteristic: the higher, the better. Branches of a flow read the total under the card's name."""

    name: str
    characteristics: tuple[Characteristic, ...]
    base: int = 0
    bands: tuple[Band, ...] = ()
    on: tuple[str, ...] = ()
    en: str = ""
    zh: str = ""
