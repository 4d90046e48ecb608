"""Declarations of this room: features and grids, in the words a policy is written in.

A feature is `aggregate(field) by key over window [where predicate] [on event types]`, or a derived expression over other features.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from zhiyu.events.declare import Declaration

Aggregate = Literal[
    "count", "sum", "mean", "min", "max", "std", "distinct", "first", "last", "since_first", "since_last", "speed_kmh"
]
AGGREGATES: tuple[str, ...] = Aggregate.__args__  # type: ignore[attr-defined]


class Feature(Declaration, frozen=True):
    """One variable. Either `expr` (derived), or `aggregate`, `by`, `over` and, where the aggregate needs one, `of`.

    `by` names one field, or several for a compound key (`[customer, hour]`). `current: exclude` leaves the event itself out.
    `actionable`: the customer can change it, in this direction, by `step` at a time; explanations may suggest such a change.
    """

    name: str
    expr: str = ""
    aggregate: Aggregate | Literal[""] = ""
    of: str = ""
    by: str | tuple[str, ...] = ()
    over: str = ""
    where: str = ""
    on: tuple[str, ...] = ()
    current: Literal["include", "exclude"] = "include"
    actionable: Literal["", "down", "up", "any"] = ""
    step: str | int | float | None = None
    en: str = ""
    zh: str = ""


class Grid(Declaration, frozen=True):
    """A family of features: every key × field × aggregate × window × filter, named by `name`.

    Placeholders in `name`: {by} {of} {aggregate} {over} {where}. `where` maps a short name to a predicate ("" = all).
    `of` may be empty for count. Combinations that make no sense (sum of a string) are errors, not silently skipped.
    """

    name: str
    by: tuple[str | tuple[str, ...], ...]
    aggregates: tuple[Aggregate, ...]
    over: tuple[str, ...]
    of: tuple[str, ...] = ()
    where: dict[str, str] = msgspec.field(default_factory=dict)
    on: tuple[str, ...] = ()
    current: Literal["include", "exclude"] = "include"
