"""What services outside say of the adversary, where the policy asks: the truth, as far as his means do not buy another one.

In: a stage, a script. Out: answers as records beside it. Whoever buys a stolen identity gets its record, and not its telephone and card;
who sits before the camera is seen, unless another face is played in; a coached victim and a customer who wants cash are themselves.
"""

from __future__ import annotations

from typing import Any

from zhiyu.policy.calls import ABOUT, calling_nodes, calls_of, cheapest_first, end_field
from zhiyu.policy.declare import Policy
from zhiyu.simulation.attack import ways as w
from zhiyu.simulation.lender.answers import ANSWERED, TAKES_MS

Record = dict[str, Any]
GOOD: Record = {
    "phone_months": 40, "phone_is_holders": True, "card_is_holders": True, "lenders_7d": 0, "lenders_30d_now": 1, "credit_points": 700,
    "loans_opened_30d": 0, "face_likeness": 0.95,
}  # fmt: skip
"""What is said of people with a good record."""
STOLEN: Record = GOOD | {
    "phone_months": 1, "phone_is_holders": False, "card_is_holders": False, "lenders_7d": 2, "lenders_30d_now": 5, "credit_points": 548,
}  # fmt: skip
OTHER_FACE = 0.45


def said_of(kind: str, way: w.Levels) -> Record:
    """Answer field → value, of somebody whom this kind of fraud is tried with."""
    own = GOOD if kind != "batch" or w.at(way, "identity") else STOLEN
    shown = kind in w.WILLING or w.at(way, "face") == 1
    return own | ({} if shown else {"face_likeness": OTHER_FACE})


def asked_about(policy: Policy) -> dict[str, tuple[str, ...]]:
    """Event type → the services that its flow may ask and whose answers are known here, cheapest first."""
    services = {each.name: each for each in policy.services if set(each.answer) <= GOOD.keys()}
    found: dict[str, tuple[str, ...]] = {}
    for flow in policy.flows:
        names = tuple(dict.fromkeys(n for node in calling_nodes(flow) for n in calls_of(node) if n in services))
        if names:
            found |= dict.fromkeys(flow.on, cheapest_first(names, services))
    return found


def answers_to(policy: Policy, record: Record, at_ms: int, said: Record, iso: Any) -> list[Record]:
    """The answers about one event, `at_ms` after which they come one by one. `iso` writes a time."""
    found = []
    services = {each.name: each for each in policy.services}
    for number, name in enumerate(asked_about(policy).get(record["type"], ())):
        told = {field: said[field] for field in services[name].answer}
        about = {
            "type": name,
            "id": f"{name} {record['id']}",
            ABOUT: record["id"],
            "time": iso(at_ms + (number + 1) * TAKES_MS),
        }
        found.append(about | told | {end_field(name): ANSWERED, f"{name}_cost": str(services[name].price)})
    return found
