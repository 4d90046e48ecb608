"""Declarations of this room: rules, rule sets, reasons and the policy that holds everything together.

In: the declarations of events and features. Out: `Policy`, the one value that both YAML and Python produce.
"""

from __future__ import annotations

from typing import Literal

from zhiyu.events.declare import Clock, Declaration, EventType, Source
from zhiyu.features.declare import Feature, Grid

Outcome = Literal["pass", "notify", "challenge", "delay", "review", "decline"]
OUTCOMES: tuple[str, ...] = Outcome.__args__  # type: ignore[attr-defined]
"""Mildest first; the position is the severity."""


class Rule(Declaration, frozen=True):
    """`when` fires on *true* only (null and error do not fire). It adds `score` and/or asks for `outcome`."""

    name: str
    when: str
    score: int = 0
    outcome: Outcome | None = None
    reason: str = ""
    on: tuple[str, ...] = ()
    en: str = ""
    zh: str = ""


class Threshold(Declaration, frozen=True):
    """From this total score of the set on (inclusive), this outcome."""

    score: int
    outcome: Outcome


class RuleSet(Declaration, frozen=True):
    """`score`: all rules count, thresholds decide. `first_hit`: the first rule that fires decides, the rest is not looked at."""

    name: str
    rules: tuple[Rule, ...]
    mode: Literal["score", "first_hit"] = "score"
    thresholds: tuple[Threshold, ...] = ()
    on: tuple[str, ...] = ()
    en: str = ""
    zh: str = ""


class Reason(Declaration, frozen=True):
    """Wording of a reason code: for staff in zh and en, and a wording that may be said to the customer."""

    code: str
    en: str
    zh: str
    consumer_en: str = ""
    consumer_zh: str = ""


class Feedback(Declaration, frozen=True):
    """Our own decisions as `decision` events, visible to features `lag_events` later when a file is replayed."""

    decisions: bool = False
    lag_events: int = 1000


class Policy(Declaration, frozen=True):
    """Everything one lender declares. Two policies that are equal compile to the same artifact with the same hash."""

    name: str
    events: tuple[EventType, ...]
    features: tuple[Feature, ...] = ()
    grids: tuple[Grid, ...] = ()
    rule_sets: tuple[RuleSet, ...] = ()
    reasons: tuple[Reason, ...] = ()
    sources: tuple[Source, ...] = ()
    clock: Clock = Clock()
    feedback: Feedback = Feedback()
    en: str = ""
    zh: str = ""
