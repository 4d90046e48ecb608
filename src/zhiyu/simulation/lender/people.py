"""People: where they live, with whom, what they earn, which devices they use, what habits they have.

In: chance, how many. Out: `People`, one array per trait, indexed by person. Customers come first, people who exist only to defraud after
them; both are made by the same functions, so that nothing about a person by itself says which is which. Numbers (phone, card, identity) are
derived from the person's number when they are written (`texts`); here a person has the *index* whose number it shows.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.chance import Bools, Chance, Floats, Ints

PLAIN, DORM, OFFICE, SHOP, TRAVELLER, SON, SWITCHER = range(7)
"""Why an honest customer may look odd."""
ODDITIES = ("", "dormitory", "office", "shop_device", "traveller", "generous_son", "new_device")
DEVICES_PER_PERSON = 4
"""Device numbers of a person: the main one, a second one, the next one, one of the household."""
IP_BASE, IP_HOMES, IP_HUBS = 0xF0000000, 1 << 26, 600
"""Addresses of 240.0.0.0/4, which no network routes: homes, then hubs of mobile networks."""
CHANNEL_APP, CHANNEL_WEB, CHANNEL_MINI, CHANNEL_STORE, CHANNEL_PHONE, CHANNEL_PARTNER = range(6)


@dataclass
class People:
    """Traits by person. Places in millionths of a degree, money in fen, times in milliseconds since the start of the simulation
    (joined before
    it: negative). `address`, `employer`, `contact`, `card`, `identity` and so on are numbers that become texts later."""

    index: Ints
    household: Ints
    city: Ints
    lat: Ints
    lon: Ints
    ip: Ints
    device: Ints
    second: Ints
    shared: Ints
    address: Ints
    employer: Ints
    contact: Ints
    relation: Ints
    second_contact: Ints
    card: Ints
    identity: Ints
    age: Ints
    gender: Ints
    occupation: Ints
    income: Ints
    channel: Ints
    partner: Ints
    bureau: Ints
    debt: Ints
    lenders: Ints
    limit: Ints
    joined: Ints
    night: Bools
    visits: Floats
    spends: Floats
    usual: Floats
    draws: Floats
    sends: Floats
    bad: Floats
    oddity: Ints
    kind: Ints
    gang: Ints

    def __len__(self) -> int:
        return len(self.index)

    def and_more(self, others: list[People]) -> People:
        """These and others, one after the other."""
        return People(*(np.concatenate([getattr(each, f.name) for each in (self, *others)]) for f in fields(self)))


def make_people(chance: Chance, index: Ints, customers: int, days: int) -> People:
    """The people with these numbers."""
    n = len(index)
    home = _households(chance, index, customers)
    city = chance.pick("city", [each[3] for each in p.CITIES], home)
    centre = np.array([each[1:3] for each in p.CITIES])[city]
    lat, lon = (centre[:, axis] + chance.below(f"cell {axis}", 300_000, home) - 150_000 for axis in (0, 1))
    income = (
        _round(chance.spread("income", p.INCOMES, index) * (0.8 + 0.5 * chance.share("income city", city)), 100)
        * 10_000
    )
    first = home * DEVICES_PER_PERSON
    own = index * DEVICES_PER_PERSON
    lives_with = np.where(chance.happens("lives alone", 0.55, index), own, first + 3)
    known = chance.happens("contact at home", 0.7, index)
    friend = chance.below("friend", customers, index)
    mate = np.clip(home + chance.below("mate", 3, index), 0, None)
    relation = np.where(
        known, chance.pick("relation", (40, 40, 6, 14), index), 4 + chance.below("friendship", 3, index)
    )
    bureau = chance.spread("bureau", p.BUREAU, index).astype(np.int64)
    new = chance.happens("new", p.NEW_SHARE, index)
    before = -chance.below("joined before", 900 * 24, index) * p.HOUR_MS - p.HOUR_MS
    return People(
        index=index, household=home, city=city, lat=lat, lon=lon, ip=home_ip(chance, home), device=own,
        second=np.where(chance.happens("has second", 0.3, index), own + 1, -1), shared=lives_with, address=home,
        employer=chance.below("employer", 1 << 20, index) * chance.below("employer size", 1 << 20, index) * max(1, customers // 4) >> 40,
        contact=np.where(known & (mate != index), mate, friend), relation=relation, second_contact=chance.below("second friend",
        customers, index),
        card=index, identity=index, age=chance.spread("age", p.AGES, index).astype(np.int64), gender=chance.below("gender", 2, index),
        occupation=chance.pick("occupation", (24, 18, 14, 5, 6, 10, 3, 4, 3, 5, 3, 2, 1, 2), index), income=income,
        channel=chance.pick("channel", (58, 8, 18, 4, 2, 10), index), partner=chance.below("partner", 40, index), bureau=bureau,
        debt=_round(income * chance.spread("debt", p.DEBTS, index), 10_000) * 10_000,
        lenders=chance.spread("lenders", p.LENDERS, index).astype(np.int64),
        limit=np.clip(_round(income * chance.spread("limit", p.LIMIT_TIMES, index), 50_000) * 50_000, 100_000, 20_000_000),
        joined=np.where(new, arrivals(chance, index, days), before),
        night=chance.happens("night person", 0.12, index), visits=chance.spread("visits", (0.03, 0.12, 0.22, 0.34, 0.5, 0.9, 1.9), index),
        spends=np.where(chance.happens("spends", 0.6, index), chance.spread("spending", (0.05, 0.12, 0.2, 0.34, 0.6, 1.6), index), 0.0),
        usual=chance.spread("usual", p.USUAL_PAYMENTS, index) * (income / 1_000_000 + 0.35) * 100,
        draws=chance.spread("draws", (0.0, 0.008, 0.02, 0.036, 0.06, 0.1), index), sends=chance.spread("sends", (0.0, 0.0, 0.01,
        0.03, 0.09), index),
        bad=chance.share("bad", index) + (640 - bureau) / 2600, oddity=np.zeros(n, np.int64), kind=np.zeros(n, np.int64),
        gang=np.full(n, -1),
    )  # fmt: skip


def add_oddities(chance: Chance, people: People, customers: int) -> None:
    """Honest groups that look like gangs, and honest habits that look like theft; changes `people` in place."""
    everybody = np.arange(customers)
    for word, oddity, least, most in (("dorm", DORM, 10, 80), ("office", OFFICE, 10, 80), ("shop", SHOP, 20, 150)):
        share = p.SHOP_SHARE if oddity == SHOP else p.SHARED_GROUP_SHARE / 2
        count = max(1, int(customers * share / ((least + most) / 2)))
        size = least + chance.below(f"{word} size", most - least, np.arange(count))
        group = np.repeat(np.arange(count), size)
        members = chance.below(f"{word} member", customers, np.arange(len(group)))
        members, first = np.unique(members, return_index=True)
        group = group[first]
        head = members[
            np.minimum(np.searchsorted(members, chance.below(f"{word} head", customers, group)), len(members) - 1)
        ]
        people.oddity[members] = oddity
        if oddity == SHOP:
            people.partner[members] = 100 + group
            by_partner = chance.happens("shop is a partner", 0.85, group)
            people.channel[members] = np.where(by_partner, CHANNEL_PARTNER, people.channel[members])
            continue
        for name in ("ip", "lat", "lon", "city"):
            getattr(people, name)[members] = getattr(people, name)[head]
        if oddity == DORM:
            people.address[members] = people.address[head]
        else:
            same = members[chance.happens("same employer", 0.7, members)]
            people.employer[same] = head[np.searchsorted(members, same)] + 50_000_000
    plain = people.oddity[:customers] == PLAIN
    for word, oddity, share in (
        ("traveller", TRAVELLER, p.TRAVELLER_SHARE),
        ("son", SON, p.SON_SHARE),
        ("switcher", SWITCHER, p.SWITCHES_DEVICE),
    ):
        chosen = plain & (people.oddity[:customers] == PLAIN) & chance.happens(word, share, everybody)
        people.oddity[:customers][chosen] = oddity


def home_ip(chance: Chance, home: Any) -> Ints:
    """The address of a household."""
    return IP_BASE + chance.below("home ip", IP_HOMES, home)


def hub_ip(chance: Chance, word: str, who: Any, draw: Any = 0) -> Ints:
    """The address of a mobile network's hub, a few of them busy."""
    share = chance.share(word, who, draw)
    return IP_BASE + IP_HOMES + (share * share * share * IP_HUBS).astype(np.int64)


def arrivals(chance: Chance, index: Any, days: int) -> Ints:
    """When somebody registers, in milliseconds since the start: more on busy days."""
    day = chance.pick("arrival day", [p.season(each) for each in range(days)], index)
    return day * p.DAY_MS + moment(chance, "arrival hour", index)


def moment(chance: Chance, word: str, who: Any, draw: Any = 0, night: Any = False) -> Ints:
    """A time of day in milliseconds, by the habits of day or night people."""
    usual, late = (chance.pick(word, hours, who, draw) for hours in (p.HOURS, p.NIGHT_HOURS))
    return np.where(night, late, usual) * p.HOUR_MS + chance.below(f"{word} rest", p.HOUR_MS, who, draw)


def _households(chance: Chance, index: Ints, customers: int) -> Ints:
    """The number of the first person of each one's household; people after the customers live alone."""
    everybody = np.arange(customers)
    opens = chance.happens("opens household", 1 / 2.29, everybody)
    opens[0] = True
    first = np.maximum.accumulate(np.where(opens, everybody, 0))
    return np.where(index < customers, first[np.minimum(index, customers - 1)], index)


def _round(value: NDArray[Any], step: int) -> Ints:
    return (np.asarray(value) // step).astype(np.int64)
