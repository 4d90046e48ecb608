"""Declarations of flows: in which order rule sets, scorecards and tables are asked, and where the answers lead.

In: nothing. Out: `Flow` with its nodes. An event type with a flow is decided by that flow alone; without one, all rule sets, scorecards
and tables run in the order of the policy and the severest outcome counts.
"""

from __future__ import annotations

import msgspec

from zhiyu.events.declare import Declaration
from zhiyu.policy.declare_actions import Do
from zhiyu.policy.outcomes import Outcome


class Case(Declaration, frozen=True):
    """When this is true, go `to` that node. The condition may read totals of nodes that ran before, by their names."""

    when: str
    to: str


class Arm(Declaration, frozen=True):
    """One arm of an experiment: `percent` (0..100, up to four decimals) of the keys go `to` that node."""

    name: str
    percent: str | int | float
    to: str


class Node(Declaration, frozen=True):
    """One step; exactly one of `rule_set`, `scorecard`, `table`, `flow`, `list`, `branch`, `experiment`, `wait`, `call`, `outcome`,
    `severest` says which.

    `next`: the node after it. `then`: where to go instead when this node itself came to that outcome. `list` with `of` goes to `hit` when
    the value is on the list. `branch` tries its cases in order, then `next`. `experiment` splits by the value of `by` (the same key always
    takes the same arm; null takes `next`). `wait` holds the decision open with that outcome: the flow goes on at `next` when one of
    `answers` comes (event type → its field that carries the id of the event that waits), at `expired` (else `next`) when `within` is over.
    `changed`: where it goes on when `lists`, `labels` or `gangs` about it change; back at this wait it goes on waiting. Left out, any of
    them decides it again from the first node of the flow, and only a severer outcome ends the wait.
    `call` asks services outside, cheapest first, until `until` is true or none is left; the flow goes on at `next`, or at `failed` when
    none of them answered. `outcome` ends the flow with that outcome, `severest: true` with the severest so far.
    """

    name: str
    rule_set: str = ""
    scorecard: str = ""
    table: str = ""
    flow: str = ""
    list: str = ""
    of: str = ""
    hit: str = ""
    branch: tuple[Case, ...] = ()
    experiment: tuple[Arm, ...] = ()
    by: str = ""
    salt: str = ""
    wait: Outcome | None = None
    within: str = ""
    answers: dict[str, str] = msgspec.field(default_factory=dict)
    expired: str = ""
    changed: dict[str, str] | None = None
    call: str | tuple[str, ...] = ""
    until: str = ""
    failed: str = ""
    outcome: Outcome | None = None
    severest: bool = False
    actions: tuple[Do, ...] = ()
    reason: str = ""
    next: str = ""
    then: dict[str, str] = msgspec.field(default_factory=dict)
    en: str = ""
    zh: str = ""


class Flow(Declaration, frozen=True):
    """Begins at its first node. `on`: the event types it decides; empty for a flow that other flows use. `fallback`: what such an event
    gets whose deadline passed before it was decided; by default what `deadline.then` says."""

    name: str
    nodes: tuple[Node, ...]
    on: tuple[str, ...] = ()
    fallback: Outcome | None = None
    en: str = ""
    zh: str = ""
