"""Declarations of what is done with an outcome: actions with parameters, and the brakes on acting.

In: nothing. Out: `Action`, `Do`, `LetThrough`, `ActionLimit`, `Deadline`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from zhiyu.events.declare import Declaration
from zhiyu.policy.outcomes import Outcome

Given = str | int | float | bool


class Parameter(Declaration, frozen=True):
    """One parameter of an action. A `default` makes it optional; `values` are the only texts allowed."""

    type: Literal["string", "int", "number", "bool"] = "string"
    default: Given | None = None
    min: str | int | float | None = None
    max: str | int | float | None = None
    values: tuple[str, ...] = ()
    en: str = ""
    zh: str = ""


class Action(Declaration, frozen=True):
    """Something the lender's systems can do: send a questionnaire, hold a payment for so many minutes, read out a script."""

    name: str
    parameters: dict[str, Parameter] = msgspec.field(default_factory=dict)
    en: str = ""
    zh: str = ""


class Do(Declaration, frozen=True):
    """Asks for an action with these parameters."""

    action: str
    given: dict[str, Given] = msgspec.field(default_factory=dict)


class LetThrough(Declaration, frozen=True):
    """A small random share of what would be stopped passes, so that its truth becomes known. `share` 0..1 of the events whose outcome is
    one of `outcomes`, chosen by their ids; at most `money_cap` (major units) a day in UTC, 0 without a money field."""

    share: str | int | float
    money_cap: str | int | float
    outcomes: tuple[Outcome, ...] = ("review", "decline")
    salt: str = ""


class ActionLimit(Declaration, frozen=True):
    """At most `count` in any `per` may be acted on with one of `outcomes`: decisions, or different values of the field `key` (people,
    devices). It holds for `rule`, for each rule by itself, or for the whole policy. Further ones get `then` instead, and are marked.
    `since: release` starts anew with every release of the policy."""

    name: str
    count: int
    per: str = "1h"
    key: str = ""
    rule: str = ""
    each_rule: bool = False
    since: Literal["", "release"] = ""
    outcomes: tuple[Outcome, ...] = ("decline",)
    then: Outcome = "review"


class Deadline(Declaration, frozen=True):
    """How long a live request may wait before it is decided, "" for as long as its caller says; one that waited longer gets `then`, marked
    as fallen back. The event itself is counted all the same."""

    within: str = ""
    then: Outcome = "review"
