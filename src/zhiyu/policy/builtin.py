"""Facts that no file declares: labels that arrive, our own decisions, gangs that were raised an alert about.

In: a policy. Out: the event types `label`, `decision` and `gang_alert`, so that features can count them like any other fact.
A label carries `fraud` and the fields of the event it is about, and arrives `label_delay` after it; a derived one carries those of the
event that says it, and `label_kind`, and comes right after that; a decision
carries `outcome` and `score`; a gang's alert comes once per member and carries the person, the gang's id and how many people it has.
"""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from zhiyu.events.declare import DECISION as DECISION
from zhiyu.events.declare import FACTS, WAIT_CHANGE, WAIT_END, EventType, Field
from zhiyu.events.declare import GANG as GANG
from zhiyu.events.declare import LABEL as LABEL
from zhiyu.policy.declare import OUTCOMES, Policy

WAIT_ENDS = ("answered", "expired", "changed")
"""How a wait ends; the value of `wait_end` where the flow goes on."""
CHANGES = ("lists", "labels", "gangs")
"""What may change about an event that waits; the value of `wait_change` where the flow goes on because of it."""
WAIT_FIELDS = {
    WAIT_END: Field(type="enum", values=WAIT_ENDS, required=True, en="how the wait ended", zh="等待的结束方式"),
    WAIT_CHANGE: Field(type="enum", values=CHANGES, en="what changed meanwhile", zh="等待期间的变化"),
}
CALL_ENDS = ("answered", "timed_out", "refused", "breaker_open", "invalid", "lost", "unanswered")
"""How a call of a service ends. `refused`: it said no, or could not be reached. `invalid`: it answered, but not in the declared form.
`lost`: what to ask went with a restart. `unanswered`: no answer event came while the decision waited for it."""
UNANSWERED = CALL_ENDS[-1]
BUILTIN_TYPES = FACTS
BUILTIN_NAMES = ("event_type", "time", "received_at", "late")
"""Names every expression may use besides the declared ones."""
LABEL_FIELDS = {"fraud": Field(type="bool", en="fraud", zh="是欺诈")}
LABEL_KIND = "label_kind"
DECISION_FIELDS = {
    "outcome": Field(type="enum", values=OUTCOMES, en="our decision", zh="决策结果"),
    "score": Field(type="int", en="our score", zh="决策分"),
}
GANG_ID, GANG_PEOPLE = "alerted_gang", "alerted_people"
GANG_FIELDS = {
    GANG_ID: Field(type="int", min=1, en="gang with an alert", zh="告警团伙编号"),
    GANG_PEOPLE: Field(type="int", min=0, en="people of the gang with an alert", zh="告警团伙人数"),
}


@dataclass(frozen=True, slots=True)
class Clash:
    """A declared name that a builtin fact needs for itself; `path` leads to it inside the policy."""

    path: tuple[str | int, ...]
    name: str
    fact: str


def event_types(policy: Policy) -> tuple[EventType, ...]:
    """The declared event types, then `label`, `decision` when `feedback.decisions` is on, and `gang_alert` when gangs raise one.

    >>> who = EventType(name="login", fields={"who": Field(type="string", required=True)})
    >>> [t.name for t in event_types(Policy(name="p", events=(who,)))]
    ['login', 'label']
    """
    originals: dict[str, Field] = {}
    for event in policy.events:
        if event.decide and WAIT_END not in event.fields:
            for name, declared in event.fields.items():
                originals.setdefault(name, msgspec.structs.replace(declared, required=False))
    labelled = _also_said(policy) | originals | LABEL_FIELDS | label_kinds(policy)
    facts = [EventType(name=LABEL, fields=labelled, decide=False, en="label", zh="标签")]
    if policy.feedback.decisions:
        facts.append(
            EventType(name=DECISION, fields=originals | DECISION_FIELDS, decide=False, en="decision", zh="决策")
        )
    if raises_alerts(policy) and policy.network is not None and policy.network.person in originals:
        own = {policy.network.person: originals[policy.network.person]} | GANG_FIELDS
        facts.append(EventType(name=GANG, fields=own, decide=False, en="gang alert", zh="团伙告警"))
    return policy.events + tuple(facts)


def label_kinds(policy: Policy) -> dict[str, Field]:
    """The field that says which derived label it is, where a policy derives any; missing in labels that somebody sent."""
    kinds = tuple(dict.fromkeys(each.name for each in policy.labels))
    return {LABEL_KIND: Field(type="enum", values=kinds, en="kind of label", zh="标签类别")} if kinds else {}


def _also_said(policy: Policy) -> dict[str, Field]:
    """Fields of the events that labels are derived from."""
    said = {name for label in policy.labels for name in label.on}
    return {
        name: msgspec.structs.replace(declared, required=False)
        for event in policy.events
        if event.name in said
        for name, declared in event.fields.items()
    }


def raises_alerts(policy: Policy) -> bool:
    """Whether a gang that reaches a number of people is told of."""
    return policy.network is not None and policy.network.gang is not None and policy.network.gang.alert_people > 0


def clashes(policy: Policy) -> list[Clash]:
    """Declared types and fields that carry a builtin name with another meaning."""
    taken = dict.fromkeys((*LABEL_FIELDS, *label_kinds(policy)), LABEL)
    if policy.feedback.decisions:
        taken |= dict.fromkeys(DECISION_FIELDS, DECISION)
    if raises_alerts(policy):
        taken |= dict.fromkeys(GANG_FIELDS, GANG)
    taken |= dict.fromkeys(WAIT_FIELDS, "wait")
    found = []
    for index, event in enumerate(policy.events):
        if event.name in BUILTIN_TYPES:
            found.append(Clash(("events", index, "name"), event.name, event.name))
        for name in event.fields:
            if name in taken or name in BUILTIN_NAMES:
                found.append(Clash(("events", index, "fields", name), name, taken.get(name, "event")))
    return found
