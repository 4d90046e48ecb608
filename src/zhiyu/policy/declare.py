"""Declarations of this room: rules, rule sets, reasons and the policy that holds everything together (lists, scorecards, tables, flows and
actions stand in files of their own).

In: the declarations of events and features. Out: `Policy`, the one value that both YAML and Python produce.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from zhiyu.events.declare import Clock, Declaration, EventType, Source
from zhiyu.features.declare import Feature, Grid
from zhiyu.network.declare import Network
from zhiyu.policy.declare_actions import Action, ActionLimit, Deadline, Do, LetThrough
from zhiyu.policy.declare_flows import Flow
from zhiyu.policy.declare_labels import DerivedLabel
from zhiyu.policy.declare_lists import EntityList
from zhiyu.policy.declare_matrix import MatrixCell
from zhiyu.policy.declare_models import Model
from zhiyu.policy.declare_restraint import Restraint
from zhiyu.policy.declare_scorecards import Scorecard
from zhiyu.policy.declare_services import Service
from zhiyu.policy.declare_tables import DecisionTable
from zhiyu.policy.declare_versions import Versions
from zhiyu.policy.outcomes import OUTCOMES as OUTCOMES
from zhiyu.policy.outcomes import Outcome


class Rule(Declaration, frozen=True):
    """`when` fires on *true* only (null and error do not fire). It adds `score` and/or asks for `outcome`, and for `actions`.

    A `shadow` rule is evaluated and recorded, and changes nothing.
    """

    name: str
    when: str
    score: int = 0
    outcome: Outcome | None = None
    reason: str = ""
    actions: tuple[Do, ...] = ()
    shadow: bool = False
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
    """Everything one lender declares. Two policies that are equal compile to the same artifact with the same hash.

    `on_outcome`: actions that go with an outcome whatever led to it. `enforce: false` decides and records, and lets everything pass.
    `versions`: two versions decide side by side; made by a release, never written.
    """

    name: str
    events: tuple[EventType, ...]
    features: tuple[Feature, ...] = ()
    grids: tuple[Grid, ...] = ()
    network: Network | None = None
    models: tuple[Model, ...] = ()
    matrix: tuple[MatrixCell, ...] = ()
    lists: tuple[EntityList, ...] = ()
    labels: tuple[DerivedLabel, ...] = ()
    rule_sets: tuple[RuleSet, ...] = ()
    scorecards: tuple[Scorecard, ...] = ()
    tables: tuple[DecisionTable, ...] = ()
    flows: tuple[Flow, ...] = ()
    services: tuple[Service, ...] = ()
    actions: tuple[Action, ...] = ()
    on_outcome: dict[str, tuple[Do, ...]] = msgspec.field(default_factory=dict)
    let_through: LetThrough | None = None
    limits: tuple[ActionLimit, ...] = ()
    enforce: bool = True
    restraint: Restraint | None = None
    reasons: tuple[Reason, ...] = ()
    sources: tuple[Source, ...] = ()
    deadline: Deadline = Deadline()
    clock: Clock = Clock()
    feedback: Feedback = Feedback()
    versions: Versions | None = None
    en: str = ""
    zh: str = ""
