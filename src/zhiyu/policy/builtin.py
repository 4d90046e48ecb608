"""Facts that no file declares: labels that arrive, and our own decisions.

In: a policy. Out: the event types `label` and `decision`, so that features can count them like any other fact.
A label carries `fraud` and the fields of the event it is about, and arrives `label_delay` after it; a decision
carries `outcome` and `score`.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from zhiyu.events.declare import DECISION as DECISION
from zhiyu.events.declare import FACTS, WAIT_END, EventType, Field
from zhiyu.events.declare import LABEL as LABEL
from zhiyu.policy.declare import OUTCOMES, Policy

WAIT_ENDS = ("answered", "expired")
"""How a wait ends; the value of `wait_end` where the flow goes on."""
WAIT_FIELDS = {
    WAIT_END: Field(type="enum", values=WAIT_ENDS, required=True, en="how the wait ended", zh="等待的结束方式")
}
BUILTIN_TYPES = FACTS
BUILTIN_NAMES = ("event_type", "time", "received_at", "late")
"""Names every expression may use besides the declared ones."""
LABEL_FIELDS = {"fraud": Field(type="bool", en="fraud", zh="是欺诈")}
DECISION_FIELDS = {
    "outcome": Field(type="enum", values=OUTCOMES, en="our decision", zh="决策结果"),
    "score": Field(type="int", en="our score", zh="决策分"),
}


@dataclass(frozen=True, slots=True)
class Clash:
    """A declared name that a builtin fact needs for itself; `path` leads to it inside the policy."""

    path: tuple[str | int, ...]
    name: str
    fact: str


def event_types(policy: Policy) -> tuple[EventType, ...]:
    """The declared event types, followed by `label`, and by `decision` when `feedback.decisions` is on.

    >>> who = EventType(name="login", fields={"who": Field(type="string", required=True)})
    >>> [t.name for t in event_types(Policy(name="p", events=(who,)))]
    ['login', 'label']
    """
    originals: dict[str, Field] = {}
    for event in policy.events:
        if event.decide and WAIT_END not in event.fields:
            for name, declared in event.fields.items():
                originals.setdefault(name, msgspec.structs.replace(declared, required=False))
    facts = [EventType(name=LABEL, fields=originals | LABEL_FIELDS, decide=False, en="label", zh="标签")]
    if policy.feedback.decisions:
        facts.append(
            EventType(name=DECISION, fields=originals | DECISION_FIELDS, decide=False, en="decision", zh="决策")
        )
    return policy.events + tuple(facts)


def clashes(policy: Policy) -> list[Clash]:
    """Declared types and fields that carry a builtin name with another meaning."""
    taken = dict.fromkeys(LABEL_FIELDS, LABEL)
    if policy.feedback.decisions:
        taken |= dict.fromkeys(DECISION_FIELDS, DECISION)
    taken |= dict.fromkeys(WAIT_FIELDS, "wait")
    found = []
    for index, event in enumerate(policy.events):
        if event.name in BUILTIN_TYPES:
            found.append(Clash(("events", index, "name"), event.name, event.name))
        for name in event.fields:
            if name in taken or name in BUILTIN_NAMES:
                found.append(Clash(("events", index, "fields", name), name, taken.get(name, "event")))
    return found
