"""Declarations of restraint: which groups must fare alike, what must not matter to the decision or the price, when lending is too much.

In: nothing. Out: `Restraint`. It changes no decision; `zhiyu restraint` measures it over past events and fails when it does not hold.
"""

from __future__ import annotations

from zhiyu.events.declare import Declaration


class FairGroups(Declaration, frozen=True):
    """The groups of an attribute `of` (a field, derived field or feature: a text of few values, or a number cut at `bands`). Of each pair
    of groups with at least `least` events, the share let through must be at least `ratio` times that of the group that fares best; where
    labels are known, the share of good events let through too."""

    of: str
    on: tuple[str, ...] = ()
    bands: tuple[int | float, ...] = ()
    ratio: str | int | float = "0.8"
    least: int = 100
    en: str = ""
    zh: str = ""


class Independence(Declaration, frozen=True):
    """`of` (loyalty, the price of the device) must move none of `what`: `outcome`, `score`, or a number of the policy, e.g. a price.

    Two tests. Among events alike in `given`, the rank correlation must not pass `correlation` unless chance explains it. With `values`, all
    events are decided again by the real engine as if `of` had each of them: at most the share `differ` may come out otherwise.
    """

    of: str
    what: tuple[str, ...] = ("outcome", "score")
    on: tuple[str, ...] = ()
    given: tuple[str, ...] = ()
    values: tuple[str | int | float, ...] = ()
    correlation: str | int | float = "0.05"
    differ: str | int | float = "0"
    en: str = ""
    zh: str = ""


class OverLending(Declaration, frozen=True):
    """`when`: this is more than the customer can carry. At most the share `share` of what is let through may be so."""

    name: str
    when: str
    on: tuple[str, ...] = ()
    share: str | int | float = "0"
    en: str = ""
    zh: str = ""


class Restraint(Declaration, frozen=True):
    """Everything that is measured."""

    groups: tuple[FairGroups, ...] = ()
    independence: tuple[Independence, ...] = ()
    over_lending: tuple[OverLending, ...] = ()
