"""What services outside were asked on one day of the simulated lender, what that cost, and what it caught, beside the truth.

In: what was made, a policy, decisions with their calls. Out: `Calls`. A call *helped to stop* a decision that was not let through and in
which a rule hit that reads the answer.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from zhiyu.policy.builtin import CALL_ENDS
from zhiyu.policy.calls import calling_nodes, calls_of
from zhiyu.policy.declare import Policy
from zhiyu.policy.spend import price_of
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.make import Made
from zhiyu.simulation.lender.rows import TYPES
from zhiyu.simulation.lender_day import DONE_OF, Heard

_WORD = re.compile(r"[A-Za-z_]\w*")


@dataclass(slots=True)
class ServiceSeen:
    """One service on one day: calls, how they ended, answers used again, money (fen), decisions that it helped to stop, frauds of these."""

    calls: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    cached: int = 0
    fen: int = 0
    stopped: int = 0
    frauds: int = 0


@dataclass(slots=True)
class OutageSeen:
    """An hour in which one service was down: calls of it that ended otherwise than with an answer, by end, and what the decisions came to
    (places in `DONE`)."""

    service: str
    hour: int
    ends: Counter[str] = field(default_factory=Counter)
    done: Counter[int] = field(default_factory=Counter)


@dataclass(slots=True)
class Calls:
    """All services on one day. `asked`: decisions that asked any; `fen`: what that cost, `most_fen` the dearest of them; `all_fen`: what
    asking everything about every event of a flow that asks would have cost."""

    services: dict[str, ServiceSeen]
    asked: int = 0
    fen: int = 0
    most_fen: int = 0
    all_fen: int = 0
    outage: OutageSeen | None = None


def tell_calls(
    made: Made, policy: Policy, places: tuple[int, int], heard: Mapping[int, Heard], outage: OutageSeen | None = None
) -> Calls:
    """Sums of the events from `places[0]` up to `places[1]`; `outage` is filled in."""
    prices = {service.name: price_of(service) for service in policy.services}
    found = Calls({name: ServiceSeen() for name in prices}, outage=outage)
    reads, would_cost = _reads(policy), _would_cost(policy, prices)
    for at in range(*places):
        told = heard.get(at)
        if told is None:
            continue
        found.all_fen += would_cost.get(TYPES[int(made.events["type"][at])], 0)
        fraud, done = int(made.events["kind"][at]) > 0, DONE_OF[told.outcome]
        for call in told.calls:
            seen = found.services[call.service]
            seen.calls, seen.cached, seen.fen = seen.calls + 1, seen.cached + call.cached, seen.fen + call.fen
            seen.ends[call.end] += 1
            if done and reads[call.service] & set(told.rules):
                seen.stopped, seen.frauds = seen.stopped + 1, seen.frauds + fraud
            hour = int(made.events["time"][at]) // p.HOUR_MS
            if (
                outage is not None
                and (call.service, hour) == (outage.service, outage.hour)
                and call.end != CALL_ENDS[0]
            ):
                outage.ends[call.end] += 1
                outage.done[done] += 1
        cost = sum(call.fen for call in told.calls)
        found.asked, found.fen = found.asked + bool(told.calls), found.fen + cost
        found.most_fen = max(found.most_fen, cost)
    return found


def _reads(policy: Policy) -> dict[str, set[str]]:
    """Service → names of the rules that read its answer."""
    words = {rule.name: set(_WORD.findall(rule.when)) for each in policy.rule_sets for rule in each.rules}
    return {
        service.name: {rule for rule, used in words.items() if used & service.answer.keys()}
        for service in policy.services
    }


def _would_cost(policy: Policy, prices: Mapping[str, int]) -> dict[str, int]:
    """Event type → the price of everything that its flow may ask (fen)."""
    found: dict[str, int] = {}
    for flow in policy.flows:
        names = {name for node in calling_nodes(flow) for name in calls_of(node)}
        found |= {event: sum(prices[name] for name in names) for event in flow.on}
    return found
