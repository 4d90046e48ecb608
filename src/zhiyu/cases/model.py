"""What cases are made of: alerts as they are found, cases as they stand, steps of a timeline.

In: nothing. Out: facts, as records. Times are ms since 1970, money is in minor units, codes of values are 16 hex digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

STATES = ("open", "closed")
CASE_KINDS = ("entity", "gang", "model", "event")
"""What a case is about first: a person or thing, a gang, a model, or one event that names nobody."""
FRAUD, FALSE_POSITIVE, UNCLEAR = "fraud", "false_positive", "unclear"
DISPOSITIONS = (FRAUD, FALSE_POSITIVE, UNCLEAR)
OPEN, ENDED = "open", "ended"
"""A decision still waits; it did, and went on."""
REFERRAL = "referral"
"""The kind of an alert that somebody made by hand."""
Order = Literal["priority", "deadline", "money", "newest"]
ORDERS: tuple[str, ...] = Order.__args__  # type: ignore[attr-defined]


class Who(msgspec.Struct, frozen=True):
    """Somebody or something by entity and code; `shown`: as people may see it."""

    entity: str
    code: str
    shown: str = ""

    @property
    def subject(self) -> str:
        """As alerts join by it.

        >>> Who("card", "00000000000000ff").subject
        'card:00000000000000ff'
        """
        return f"{self.entity}:{self.code}"


class Reason(msgspec.Struct, frozen=True):
    """A reason with its wording."""

    code: str
    en: str = ""
    zh: str = ""


class Alert(msgspec.Struct, frozen=True, kw_only=True):
    """Something came up. `subjects`: what it joins a case by, the most telling first; `who`: everybody its event names. `went_on`: it tells
    what a decision that waited came to: it changes the alert of that decision, and is an alert itself only where there is none yet."""

    id: str
    kind: str
    at_ms: int
    subjects: tuple[str, ...]
    shown: str
    position: int = -1
    event_id: str = ""
    event_type: str = ""
    outcome: str = ""
    waits: bool = False
    until_ms: int = 0
    score: int = 0
    money: int = 0
    currency: str = ""
    rules: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    who: tuple[Who, ...] = ()
    detail: Mapping[str, Any] = {}
    went_on: bool = False
    called: tuple[str, str] = ("", "")
    """What the policy calls whom a case of it is about, (en, zh)."""

    @property
    def case_kind(self) -> str:
        """What a case is about that it opens."""
        if self.kind in ("decision", REFERRAL):
            return "entity" if self.who else "event"
        return {"gang": "gang", "drift": "model"}[self.kind]


class Facts(msgspec.Struct):
    """What the alerts of a case say in sum: how often each outcome was given, each reason with its wording and number, the gang, the model,
    how many decisions wait."""

    outcomes: dict[str, int] = {}
    reasons: dict[str, tuple[str, str, int]] = {}
    gang: int = 0
    people: int = 0
    model: str = ""
    what: str = ""
    waiting: int = 0
    called: tuple[str, str] = ("", "")
    """Whom the case is about, in the words of the policy: ("customer", "客户")."""


class Case(msgspec.Struct, kw_only=True):
    """A case as it stands; the columns of the table say what each is."""

    number: int
    kind: str
    subject: str
    shown: str
    queue: str
    state: str = "open"
    assignee: str = ""
    claimed_until_ms: int = 0
    money: int = 0
    currency: str = ""
    deadline_ms: int = 0
    late_ms: int = 0
    rank_ms: int = 0
    level: int = 0
    alerts: int = 0
    facts: Facts
    opened_ms: int = 0
    changed_ms: int = 0
    closed_ms: int = 0
    disposition: str = ""
    fraud_kind: str = ""
    steps: int = 0
    version: int = 1

    def held_by(self, now_ms: int) -> str:
        """Who works on it now, "" for nobody: a claim that has lapsed holds nothing."""
        return "" if 0 < self.claimed_until_ms <= now_ms else self.assignee


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a timeline."""

    number: int
    at_ms: int
    by: str
    verb: str
    text: str = ""
    detail: dict[str, Any] = {}
