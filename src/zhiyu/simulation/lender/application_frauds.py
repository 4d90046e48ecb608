"""Frauds that begin with an application: batches, forged information, impersonation, intermediaries, several lenders at once, odd
remote large loans.

In: a scheme. Out: people who exist only to defraud, their events, marked. All of them arrive through the same door as everybody; what
differs is what they share, what they say, and what they do with the money.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.chance import Ints
from zhiyu.simulation.lender.days import fall_behind, live
from zhiyu.simulation.lender.lives import arrive, draw, gap, later, log_in, pay, send, usual_raise, usual_sum
from zhiyu.simulation.lender.people import hub_ip, moment
from zhiyu.simulation.lender.rows import EMULATOR, PROXY
from zhiyu.simulation.lender.schemes import GANG_SIZES, Scheme

GANG_HOURS = (2, 3, 5, 8, 13, 21, 34, 55, 80, 120)
"""How long a batch takes."""


def batches(s: Scheme) -> None:
    """Bought or invented identities, filed by machines or by hand within hours to days from shared devices, addresses, contacts
    and cards."""
    who, gang = _gang_people(
        s,
        "batch",
        s.chance.spread("batch size", GANG_SIZES, s.next_gang + np.arange(s.how_many("batch"))).astype(np.int64),
    )
    people, c = s.people, s.chance
    size = np.bincount(gang - gang.min())[gang - gang.min()]
    start = s.when("batch", gang) + moment(c, "batch start", gang)
    lasts = (c.spread("batch lasts", GANG_HOURS, gang) * p.HOUR_MS).astype(np.int64)
    time = start + (c.share("batch moment", who) * lasts).astype(np.int64)
    asleep = ~s.shows("hour", who, time)
    people.joined[who] = np.where(asleep, time // p.DAY_MS * p.DAY_MS + moment(c, "batch hour", who), time)
    for name, parts, usually in (
        ("device", 3, 0.85),
        ("ip", 5, 0.5),
        ("address", 4, 0.6),
        ("card", 2, 0.7),
        ("employer", 8, 0.6),
        ("contact", 3, 0.7),
    ):
        shared = s.shares(f"batch {name}", who, usually)
        thing = _pool(s, f"batch {name}", who, gang, np.maximum(1, size // parts))
        if name == "ip":
            thing = hub_ip(c, "batch ip", thing)
        getattr(people, name)[who] = np.where(shared, thing, getattr(people, name)[who])
    people.shared[who] = people.device[who]
    people.second[who] = -1
    near = s.shares("batch place", who, 0.7)
    head = who[np.searchsorted(gang, gang)]
    for name in ("city", "lat", "lon"):
        getattr(people, name)[who] = np.where(near, getattr(people, name)[head], getattr(people, name)[who])
    robot = s.shows("robot", who, time)
    s.lives.given_away[who] |= np.where(robot & c.happens("emulates", 0.5, who), EMULATOR, 0) | np.where(
        robot & c.happens("tunnels", 0.4, who), PROXY, 0
    )
    _apply(s, "batch", who, np.where(robot, 0.25, 1.0))


def forged(s: Scheme) -> None:
    """Real people with an invented employer, a better income, and a contact who answers for many."""
    who = s.newcomers("forged", s.how_many("forged"))
    people, c = s.people, s.chance
    ring = c.below("forger", max(2, len(who) // 9), who)
    people.gang[who] = s.next_gang + ring
    s.next_gang += max(2, len(who) // 9)
    employers, contacts = s.things(100_000), s.things(100_000)
    people.employer[who] = np.where(
        s.shares("forged employer", who, 0.85),
        employers + ring * 3 + c.below("forged firm", 3, who),
        people.employer[who],
    )
    people.contact[who] = np.where(
        s.shares("forged contact", who, 0.6),
        contacts + ring * 2 + c.below("forged friend", 2, who),
        people.contact[who],
    )
    people.joined[who] = s.when("forged", who) + moment(c, "forged hour", who)
    shows = s.shows("income", who, people.joined[who])
    people.income[who] = np.where(shows, people.income[who] * 2 // 500_000 * 500_000 + 1_000_000, people.income[who])
    people.limit[who] = np.where(shows, people.limit[who] * 2, people.limit[who])
    _apply(s, "forged", who)


def impersonation(s: Scheme) -> None:
    """Somebody applies as somebody else: another's identity with an own phone and device; half of the victims are customers."""
    count = s.how_many("impersonation")
    who, c = s.newcomers("impersonation", count), s.chance
    people = s.people
    victim = np.where(
        c.happens("victim is customer", 0.5, who), c.below("victim", s.wanted.customers, who), 40_000_000 + who
    )
    known = victim < s.wanted.customers
    people.identity[who] = victim
    thief = c.below("thief", max(2, count // 4), who)
    things = s.things(200_000)
    people.device[who] = np.where(s.shares("thief device", who, 0.7), things + thief, people.device[who])
    people.contact[who] = np.where(s.shares("thief contact", who, 0.5), things + 100_000 + thief, people.contact[who])
    people.second[who], people.shared[who] = -1, people.device[who]
    for name in ("age", "gender"):
        getattr(people, name)[who] = np.where(
            known, getattr(people, name)[np.where(known, victim, 0)], getattr(people, name)[who]
        )
    people.joined[who] = s.when("impersonation", who) + moment(c, "thief hour", who)
    people.gang[who] = s.next_gang + thief
    s.next_gang += max(2, count // 4)
    s.lives.weak_face[who] = s.shows("face", who, people.joined[who])
    _apply(s, "impersonation", who)


def intermediaries(s: Scheme) -> None:
    """An agency files for real customers from a handful of phones, coaches their answers, and takes its fee from the money."""
    who, gang = _gang_people(
        s, "intermediary", 12 + s.chance.below("agency size", 40, s.next_gang + np.arange(s.how_many("intermediary")))
    )
    people, c = s.people, s.chance
    agency = gang - gang.min()
    things = s.things(400_000)
    people.device[who] = np.where(
        s.shares("agency device", who, 0.75), things + agency * 10 + c.below("agency phone", 3, who), people.device[who]
    )
    people.contact[who] = np.where(
        s.shares("agency contact", who, 0.5),
        things + 100_000 + agency * 10 + c.below("agency friend", 3, who),
        people.contact[who],
    )
    if s.wanted.has_rings:
        people.address[who] = np.where(
            s.shares("agency address", who, 0.4), things + 200_000 + agency, people.address[who]
        )
    people.ip[who] = np.where(s.shares("agency ip", who, 0.6), hub_ip(c, "agency ip", agency), people.ip[who])
    people.shared[who], people.second[who] = people.device[who], -1
    start = s.when("intermediary", gang)
    people.joined[who] = (
        start
        + c.below("agency day", max(2, min(20, s.wanted.days // 2)), who) * p.DAY_MS
        + moment(c, "agency hour", who)
    )
    shows = s.shows("coached", who, people.joined[who])
    people.income[who] = np.where(shows, 1_500_000 + people.income[who] // 1_000_000 * 500_000, people.income[who])
    found = _apply(s, "intermediary", who)
    granted = found["granted"]
    pays = c.happens("pays agency", 0.8, granted)
    shows = s.shows("sum", granted, found["drawn"])
    fee = people.limit[granted] * (8 + c.below("fee", 12, granted)) // 100
    fee = np.where(shows, fee, usual_sum(s.lives, granted, found["drawn"]))
    who, time = granted[pays], later(s.lives, "fee", granted, found["drawn"], 1)[pays]
    seen = s.lives.session("fee", who, time)
    if s.wanted.has_rings:
        log_in(s.lives, who, time - gap(s.lives, "send", who, time), seen)
    s.mark("intermediary", send(s.lives, who, time, seen, payee=6_000_000_000 + people.gang[who], amount=fee[pays]))


def multi_lender(s: Scheme) -> None:
    """People who borrow wherever they can within days, draw everything and pay nobody."""
    who = s.newcomers("multi_lender", s.how_many("multi_lender"))
    people, c = s.people, s.chance
    people.joined[who] = s.when("multi_lender", who) + moment(c, "multi hour", who)
    shows = s.shows("lenders", who, people.joined[who])
    people.lenders[who] = np.where(
        shows, people.lenders[who] + 5 + c.below("lenders more", 12, who), people.lenders[who]
    )
    people.debt[who] = np.where(
        s.shows("debt", who, people.joined[who]), people.debt[who] * 2 + people.income[who] * 4, people.debt[who]
    )
    found = _apply(s, "multi_lender", who)
    asks, time = found["granted"], found["drawn"]
    for more in range(3):
        time = later(s.lives, f"asks again {more}", asks, time, 2)
        seen = s.lives.session("asks again", asks, time)
        wants = np.where(s.shows("sum", asks, time), people.limit[asks] * (2 + more), usual_raise(s.lives, asks, more))
        s.mark("multi_lender", s.rows.add("limit_adjustment", time, asks, a=0, amount=wants // 50_000 * 50_000, **seen))


def remote_large(s: Scheme) -> None:
    """People brought to a strange city who apply there for the largest loans there are, days apart, from different phones."""
    who, gang = _gang_people(
        s, "remote_large", 10 + s.chance.below("bus size", 14, s.next_gang + np.arange(s.how_many("remote_large")))
    )
    people, c = s.people, s.chance
    away = c.pick("bus city", [each[3] for each in p.CITIES], gang)
    from_ = c.pick("bus from", [each[3] for each in p.CITIES], gang)
    same = s.shares("bus home", who, 0.9)
    people.city[who] = np.where(same, from_, people.city[who])
    people.joined[who] = (
        s.when("remote_large", gang) + c.below("bus day", 6, who) * p.DAY_MS + moment(c, "bus hour", who)
    )
    shows = s.shows("large", who, people.joined[who])
    people.limit[who] = np.where(shows, np.maximum(people.limit[who] * 3, 8_000_000), people.limit[who])
    goes = c.happens("is brought", np.where(s.shows("remote", who, people.joined[who]), 0.95, 0.3), who)
    city = np.where(goes, away, people.city[who])
    _apply(s, "remote_large", who, city=city)


def _gang_people(s: Scheme, kind: str, sizes: Ints) -> tuple[Ints, Ints]:
    _, gang = s.gangs(kind, sizes)
    who = s.newcomers(kind, len(gang))
    s.people.gang[who] = gang
    return who, gang


def _pool(s: Scheme, word: str, who: Ints, gang: Ints, count: Ints) -> Ints:
    """One of `count` things of a gang."""
    first = s.things(100 * (int(gang.max() - gang.min()) + 1))
    return first + (gang - gang.min()) * 100 + s.chance.below(word, count, who)


def _apply(s: Scheme, kind: str, who: Ints, hurry: Any = 1.0, city: Ints | None = None) -> dict[str, Any]:
    """Arrive, and if credit is granted take the money; everything they do for it is marked. Returns who was granted, and when they drew."""
    lives, c = s.lives, s.chance
    over: dict[str, Any] = {}
    if city is not None:
        seen = lives.session("arrive", who, s.people.joined[who], away=city)
        over = {name: seen[name] for name in ("city", "lat", "lon", "ip")}
    registered, applied, found = arrive(lives, who, hurry, **over)
    s.mark(kind, registered)
    s.mark(kind, applied)
    granted = found["granted"]
    soon = found["when"] + 2 * p.MINUTE_MS + c.below("at once after", 2_400_000, granted)
    hasty = s.shows("haste", granted, found["when"]) | c.happens("at once", 0.6, granted)
    time = np.where(hasty, soon, later(lives, "first draw", granted, found["when"], 4))
    found["drawn"] = time
    _take(s, kind, granted, time)
    patient = granted[c.happens("acts like a customer", p.HIDES[s.wanted.difficulty] * 0.6, granted)]
    live(lives, patient)
    due = time + 30 * p.DAY_MS
    fall_behind(lives, granted, due, s.people.limit[granted] // 6, np.full(len(granted), 400))
    return found


def _take(s: Scheme, kind: str, who: Ints, time: Ints) -> None:
    """One to four draw-downs and payments, until there is nothing left."""
    lives, c = s.lives, s.chance
    for turn in range(4):
        goes = c.happens("draws more", (1.0, 0.6, 0.4, 0.25)[turn], who) if turn else np.ones(len(who), np.bool_)
        each = who[goes]
        at = time[goes]
        if turn:
            soon = at + turn * gap(lives, "again", each, at, 1_800, 9_000)
            at = np.where(s.shows("haste", each, at), soon, later(lives, f"again {turn}", each, at, 2 + turn))
        seen = lives.session("take", each, at)
        log_in(lives, each, at - gap(lives, "draw", each, at), seen)
        share = np.where(s.shows("all", each, at), 1.0, c.spread("draw share", p.DRAW_SHARES, each, at // 1000))
        s.mark(kind, draw(lives, each, at, seen, share=share))
        shops = c.happens("buys", 0.3, each, turn)
        buys, when = each[shops], later(lives, f"buys {turn}", each, at, 2)[shops]
        s.mark(kind, pay(lives, buys, when, lives.session("take pay", buys, when)))


ALL = (batches, forged, impersonation, intermediaries, multi_lender, remote_large)
"""In this order; each has chances of its own, so none moves another's."""
