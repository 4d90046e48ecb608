"""What decisions may cost and how long services may take: the dearest and the slowest way through each flow.

In: flows with calls, the services they ask. Out: money in minor units, milliseconds. A service is asked once in a decision, however many
nodes of its way name it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from zhiyu.base.money import MINOR_DIGITS
from zhiyu.base.windows import parse_duration_ms
from zhiyu.policy.calls import calling_nodes, calls_of
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_flows import Flow
from zhiyu.policy.declare_services import Service
from zhiyu.policy.flow_graph import successors


@dataclass(frozen=True, slots=True)
class MostSpent:
    """What one decision about these event types can cost at most: `money`: currency → minor units, when `services` are all asked; `ms`: how
    long the slowest way may take."""

    flow: str
    on: tuple[str, ...]
    money: Mapping[str, int]
    services: tuple[str, ...]
    ms: int


def price_of(service: Service) -> int:
    """The price of one answer, minor units.

    >>> price_of(Service(name="bureau", answer={}, price="1.50"))
    150
    """
    return int(Decimal(str(service.price)).scaleb(MINOR_DIGITS.get(service.currency, 2)))


def most_paid(service: Service) -> int:
    """The most that one call can cost: every attempt, where each is charged."""
    return price_of(service) * (1 + service.retries if service.charged == "always" else 1)


def budget_ms(service: Service) -> int:
    """How long one call may take with all its attempts.

    >>> budget_ms(Service(name="bureau", answer={}, timeout="500ms", retries=1))
    1000
    """
    whole = parse_duration_ms(service.timeout) * (1 + service.retries)
    return min(whole, parse_duration_ms(service.budget)) if service.budget else whole


def most_spent(policy: Policy) -> list[MostSpent]:
    """One line per flow that asks services."""
    services = {service.name: service for service in policy.services}
    found = []
    for flow in policy.flows:
        if calling_nodes(flow):
            ways = _ways(flow)
            dearest = max(ways, key=lambda way: (sum(most_paid(services[name]) for name in way), sorted(way)))
            money: dict[str, int] = {}
            for name in sorted(dearest):
                currency = services[name].currency
                money[currency] = money.get(currency, 0) + most_paid(services[name])
            order = sorted(dearest, key=lambda name: (price_of(services[name]), name))
            found.append(MostSpent(flow.name, flow.on, money, tuple(order), longest_ms(flow, services)))
    return found


def longest_ms(flow: Flow, services: Mapping[str, Service]) -> int:
    """How long the services of the slowest way may take together."""
    return max(sum(budget_ms(services[name]) for name in way if name in services) for way in _ways(flow))


def _ways(flow: Flow) -> frozenset[frozenset[str]]:
    """The sets of services that are asked on some way from the first node to an end. The flow must not go in a circle."""
    links = successors(flow)
    asked = {node.name: frozenset(calls_of(node)) for node in flow.nodes}

    @cache
    def onward(name: str) -> frozenset[frozenset[str]]:
        own = asked[name]
        later = frozenset(way for to in links[name] for way in onward(to))
        return frozenset(own | way for way in later) if later else frozenset((own,))

    return onward(flow.nodes[0].name)
