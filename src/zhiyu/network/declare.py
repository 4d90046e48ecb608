"""Declarations of this room: what links people, and what a policy may ask of the network, in the words a policy is written in.

In: `network:` of a policy. Out: one feature per result, named `network_…`, that rules, flows and derived features read like any other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from zhiyu.events.declare import Declaration
from zhiyu.expressions.types import INT, Kind, Type
from zhiyu.features.declare import Feature
from zhiyu.features.result_type import aggregate_type
from zhiyu.network import layout as at

PREFIX = "network_"


class Link(Declaration, frozen=True):
    """A field that joins people who have the same value. Fields of one `entity` meet: an own number and somebody's contact number.

    `joins: false` weighs in the dense core and joins nobody. More than `max_people` people on one value: it neither joins nor weighs.
    """

    field: str
    joins: bool = True
    max_people: int = 30
    weight: int | float | str = 1


class Gang(Declaration, frozen=True):
    """From when on a dense core is a gang: `when` is true of the event. Its people stay joined for `window` from then on.

    The gate takes effect in front of the decided event `lag_events` later (64 to 1,024), live and in a replay alike. A gang that reaches
    `alert_people` people raises an alert (0: none does). One call may put at most `max_listed` of its people on a list, all calls of an
    hour together at most `max_listed_1h`.

    `over`: fields of links, also of such as do not join, over which people whose own gates were open are one gang, within `over_window`.
    """

    when: str
    window: str = "90d"
    lag_events: int = 64
    alert_people: int = 0
    max_listed: int = 50
    max_listed_1h: int = 200
    over: tuple[str, ...] = ()
    over_window: str = "5d"


class Network(Declaration, frozen=True):
    """Who is connected to whom. `person`: the field that names a person; `amount`: the money summed per component.

    A component are all people joined by events of the last `window`; its events are counted in up to three shorter windows (`counts`) as
    well. `half_life` and `min_persons` are about the dense core around an event.
    """

    person: str
    links: tuple[Link, ...]
    amount: str = ""
    window: str = "30d"
    counts: tuple[str, ...] = ("1h", "24h", "7d")
    on: tuple[str, ...] = ()
    half_life: str = "3d"
    min_persons: int = 3
    gang: Gang | None = None


class NetworkFeature(Feature, frozen=True):
    """One result of the network as a feature: made from `network`, never written by hand. `result`: the kernel's number of it."""

    result: int = 0
    network: Network | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """A result: the kernel's number, its name behind `network_`, its type, its wording."""

    number: int
    name: str
    type: Type
    en: str
    zh: str


_COUNT = Type(Kind.INT, nullable=False, minimum=0)
_SHARE = Type(Kind.FLOAT, minimum=0, maximum=1)
_RATE = Type(Kind.FLOAT, nullable=False, minimum=0)
_AGE = Type(Kind.DURATION, minimum=0)
_YES = Type(Kind.BOOL, nullable=False)
PLAIN = (
    Result(at.R_NODES, "nodes", _COUNT, "people and things in the component", "关联网络中的人与物数"),
    Result(at.R_PERSONS, "persons", _COUNT, "people in the component", "关联网络中的人数"),
    Result(at.R_APPLICATIONS, "applications", _COUNT, "events of the component", "关联网络的事件数"),
    Result(at.R_BAD, "bad", _COUNT, "known-bad people in the component", "关联网络中的已知坏人数"),
    Result(at.R_BAD_SHARE, "bad_share", _SHARE, "share of known-bad people in the component", "关联网络中的已知坏人占比"),
    Result(at.R_CAPS_HIT, "caps_hit", _COUNT, "things of the event with too many people", "本次事件中使用人数超限的关联项数"),
    Result(at.R_NEWEST_LINK_AGE, "newest_link_age", _AGE, "time since somebody else used the same", "距他人最近一次使用相同关联项的时长"),
    Result(at.R_DENSITY, "density", _RATE, "density of the core around the event", "本次事件周围核心的密度"),
    Result(at.R_CORE_PERSONS, "core_persons", _COUNT, "people in the core around the event", "本次事件周围核心的人数"),
    Result(at.R_IN_CORE, "in_core", _YES, "the person is in the core", "本人处于核心之中"),
    Result(at.R_BAD_1, "bad_1_link", _COUNT, "known-bad people one link away", "一度关联的已知坏人数"),
    Result(at.R_BAD_2, "bad_2_links", _COUNT, "known-bad people within two links", "两度以内关联的已知坏人数"),
    Result(at.R_BALL_PERSONS, "near_persons", _COUNT, "people who share something with the event", "与本次事件共用关联项的人数"),
)  # fmt: skip
"""Results of every network."""


def results(network: Network) -> Iterator[Result]:
    """Everything a policy may ask of this network, in a fixed order; names without `network_`."""
    yield from PLAIN
    if network.amount:
        yield Result(at.R_AMOUNT, "amount", INT, "amount of the component", "关联网络的金额")
    for place, over in enumerate(network.counts[: at.MAX_COUNTED]):
        en, zh = f"events of the component in the last {over}", f"关联网络近 {over} 的事件数"
        yield Result(at.R_COUNTED + place, f"applications_{over}", _COUNT, en, zh)
    if network.gang is not None:
        yield Result(at.R_GANG, "gang", Type(Kind.INT, minimum=1), "number of the person's gang", "本人所属团伙编号")
        yield Result(at.R_GANG_PERSONS, "gang_persons", _COUNT, "people of the person's gang", "本人所属团伙人数")
    if network.counts:
        en, zh = (
            f"pace of the component in the last {network.counts[0]} against its window",
            f"关联网络近 {network.counts[0]} 的突增倍数",
        )
        yield Result(at.R_BURST, "burst", Type(Kind.FLOAT, minimum=0), en, zh)
    for place, link in enumerate(network.links[: at.MAX_LINKS]):
        en, zh = f"people who used the same {link.field}", f"使用相同 {link.field} 的人数"
        yield Result(at.R_PEOPLE_ON + place, f"people_on_{link.field}", Type(Kind.INT, minimum=0), en, zh)
        en, zh = f"shared {link.field} per person of the core", f"核心内人均共用的 {link.field} 数"
        yield Result(at.R_SHARED + place, f"shared_{link.field}", _RATE, en, zh)


def network_features(network: Network) -> Iterator[NetworkFeature]:
    """One feature per result."""
    for each in results(network):
        yield NetworkFeature(name=PREFIX + each.name, en=each.en, zh=each.zh, result=each.number, network=network)


def network_type(feature: NetworkFeature, amount: Type | None) -> Type:
    """The type of a network feature; `amount`: the type of the network's amount field, None without."""
    assert feature.network is not None
    if feature.result == at.R_AMOUNT and amount is not None:
        return aggregate_type("sum", amount)
    return next(each.type for each in results(feature.network) if each.number == feature.result)
