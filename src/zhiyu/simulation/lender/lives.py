"""Honest lives: coming, applying, logging in, paying, drawing, sending, repaying or not, calling, complaining.

In: people and chance. Out: rows of every type of event. Everybody lives through the same functions, also those who will be defrauded.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.chance import Bools, Chance, Ints
from zhiyu.simulation.lender.people import CHANNEL_APP, SHOP, SON, SWITCHER, TRAVELLER, People, hub_ip, moment
from zhiyu.simulation.lender.rows import EMULATOR, FAILED, ON_CALL, PROXY, REMOTE, ROOTED, SELF, Rows

NEVER = 1 << 60


class Lives:
    """Who is around when, and where each one is on which day; makes the fields of a session.

    `opened`: when an account opens, `NEVER` without one; `given_away`: bits that every session of a person shows; `weak_face`:
    whose face does not
    quite fit the document.
    """

    def __init__(self, chance: Chance, people: People, rows: Rows, days: int) -> None:
        self.chance, self.people, self.rows, self.days = chance, people, rows, days
        who = people.index
        self.switch = np.where(
            people.oddity == SWITCHER,
            chance.below("switch day", days, who) * p.DAY_MS + moment(chance, "switch hour", who),
            NEVER,
        )
        self.trip = np.where(people.oddity == TRAVELLER, chance.below("trip day", max(1, days - 3), who), 1 << 40)
        self.trip_city = chance.pick("trip city", [each[3] for each in p.CITIES], who)
        self.opened = np.full(len(people), NEVER)
        self.given_away = np.zeros(len(people), np.int64)
        self.weak_face = np.zeros(len(people), np.bool_)

    def join(self, more: People) -> None:
        """People who were not there at first."""
        n = len(more)
        self.people = self.people.and_more([more])
        self.switch = np.concatenate([self.switch, np.full(n, NEVER)])
        self.trip = np.concatenate([self.trip, np.full(n, 1 << 40)])
        self.trip_city = np.concatenate([self.trip_city, np.zeros(n, np.int64)])
        self.opened = np.concatenate([self.opened, np.full(n, NEVER)])
        self.given_away = np.concatenate([self.given_away, np.zeros(n, np.int64)])
        self.weak_face = np.concatenate([self.weak_face, np.zeros(n, np.bool_)])

    def session(self, word: str, who: Ints, time: Ints, away: Any = None) -> dict[str, Any]:
        """Device, address, place and length of a session of each of `who`; `away`: cities of those who are elsewhere."""
        c, people = self.chance, self.people
        draw = time // 1000
        choice = c.share(f"{word} device", who, draw)
        main = np.where(time >= self.switch[who], people.device[who] + 2, people.device[who])
        device = np.where((choice < 0.09) & (people.second[who] >= 0), people.second[who], main)
        device = np.where(choice > 0.97, people.shared[who], device)
        day = time // p.DAY_MS
        travels = (day >= self.trip[who]) & (day < self.trip[who] + 4)
        city = np.where(travels, self.trip_city[who], people.city[who])
        hop = c.happens(f"{word} hop", 0.025, who, day)
        city = np.where(hop, c.pick(f"{word} hop city", [each[3] for each in p.CITIES], who, day), city)
        if away is not None:
            city = away
        home = city == people.city[who]
        out = c.happens(f"{word} out", 0.34, who, draw) | ~home
        ip = np.where(out, hub_ip(c, f"{word} hub", who, draw), people.ip[who])
        lat, lon = places(c, word, who, draw, city, home & ~c.happens(f"{word} about", 0.25, who, draw), people)
        flags = (
            EMULATOR * c.happens("emulator", 0.004, device) + ROOTED * c.happens("rooted", 0.02, device)
            + PROXY * c.happens(f"{word} proxy", 0.03, who, draw) + ON_CALL * c.happens(f"{word} on call", 0.04, who, draw)
            + REMOTE * c.happens(f"{word} shows screen", 0.004, who, draw)
        ) | self.given_away[who]  # fmt: skip
        channel = np.where(
            c.happens(f"{word} usual door", 0.85, who, draw),
            CHANNEL_APP,
            c.pick(f"{word} door", (40, 22, 38), who, draw),
        )
        length = (c.spread(f"{word} length", p.SECONDS, who, draw) * 1000).astype(np.int64)
        return {
            "device": device,
            "ip": ip,
            "lat": lat,
            "lon": lon,
            "city": city,
            "flags": flags,
            "channel": channel,
            "length_ms": length,
        }


def places(
    c: Chance, word: str, who: Ints, draw: Ints, city: Ints, at_home: Bools, people: People
) -> tuple[Ints, Ints]:
    """Where the device says it is: at home within some hundred metres, else anywhere in the city."""
    centre = np.array([each[1:3] for each in p.CITIES])[city]
    found = []
    for axis, own in ((0, people.lat), (1, people.lon)):
        near = own[who] + c.below(f"{word} near {axis}", 4_000, who, draw) - 2_000
        far = centre[:, axis] + c.below(f"{word} far {axis}", 300_000, who, draw) - 150_000
        found.append(np.where(at_home, near, far))
    return found[0], found[1]


def arrive(lives: Lives, who: Ints, hurry: Any = 1.0, **over: Any) -> tuple[Ints, Ints, dict[str, Any]]:
    """Register, prove who they are, apply. Returns who was granted credit, when, and the ordinals of registrations and applications.

    `hurry` < 1: how much faster than usual; `over`: fields of the session that are given.
    """
    c, people, rows = lives.chance, lives.people, lives.rows
    time = people.joined[who]
    seen = lives.session("arrive", who, time) | {"channel": people.channel[who]}
    shop = people.oddity[who] == SHOP
    seen["device"] = np.where(shop, 2_000_000_000 + people.partner[who], seen["device"])
    seen["ip"] = np.where(shop, hub_ip(c, "shop ip", people.partner[who]), seen["ip"])
    seen |= over
    opens = c.happens("opens first", 0.5, who)
    rows.add("device_session", time[opens] - 20_000, -1, **{name: value[opens] for name, value in seen.items()})
    registered = rows.add("registration", time, who, **seen)
    stays = c.happens("goes on", 0.88, who)
    who, time, seen = who[stays], time[stays], {name: value[stays] for name, value in seen.items()}
    later = np.where(c.happens("another day", 0.2, who), c.below("how much later", 5 * 24 * 60, who) * p.MINUTE_MS, 0)
    hurry = np.broadcast_to(hurry, stays.shape)[stays] * np.where(c.happens("is quick", 0.06, who), 0.35, 1.0)
    for number in range(4):  # document, face, phone, card
        gap = (40_000 + c.below("step gap", 80_000, who, number)) * hurry
        time = time + gap.astype(np.int64)
        prove(lives, who, time, number, seen)
    time = time + later + (c.spread("form", p.SECONDS, who) * 1500 * hurry).astype(np.int64)
    length = (c.spread("form length", p.SECONDS, who) * 1500 * hurry).astype(np.int64)
    asked = np.clip(people.limit[who] * (60 + c.below("asks", 90, who)) // 100 // 50_000 * 50_000, 100_000, None)
    term = c.pick("term", p.TERM_WEIGHTS, who)
    applied = rows.add("application", time, who, amount=asked, a=term, b=c.pick("purpose", (40, 12, 6, 6, 8, 4, 4, 14, 6), who),
                       **(seen | {"length_ms": length}))  # fmt: skip
    said_no = (people.bureau[who] < p.DECLINE_BELOW) | c.happens("says no", 1 / 12, who)
    granted, when = who[~said_no], time[~said_no] + 30_000 + c.below("decides", 90_000, who[~said_no])
    open_account(lives, granted, when, {name: value[~said_no] for name, value in seen.items()}, term[~said_no])
    return (
        registered,
        applied,
        {"granted": granted, "when": when, "seen": {name: value[~said_no] for name, value in seen.items()}},
    )


def prove(lives: Lives, who: Ints, time: Ints, number: int, seen: dict[str, Any]) -> Ints:
    """One identity step: 0 document, 1 face, 2 phone, 3 card. `number` of the row holds the similarity in ten-thousandths."""
    c = lives.chance
    alike = (c.spread("similarity", p.SIMILARITY, who, number) * 10_000).astype(np.int64)
    if number == 1:
        alike = np.where(lives.weak_face[who], 6_200 + c.below("weak", 2_400, who), alike)
    fails = c.happens("step fails", 0.03, who, number)
    tries = 1 + c.several("step tries", 0.12, who, number)
    flags = seen["flags"] | np.where(fails, FAILED, 0)
    return lives.rows.add("identity_step", time, who, a=number, b=tries, number=alike, **(seen | {"flags": flags}))


def open_account(lives: Lives, who: Ints, time: Ints, seen: dict[str, Any], term: Ints) -> None:
    """Contract, limit and price."""
    limit, rate = lives.people.limit[who], lives.chance.below("rate", len(p.RATES), who)
    lives.rows.add("contract", time, who, amount=limit, a=rate, b=term, **seen)
    lives.rows.add("limit_price", time + 1_000, who, amount=limit, a=rate)
    lives.rows.add("person", time + 2_000, who)
    lives.opened[who] = np.minimum(lives.opened[who], time)


def gap(lives: Lives, word: str, who: Ints, time: Ints, least_s: int = 25, most_s: int = 320) -> Ints:
    """Milliseconds between two steps of one session, the same for everybody who is in no hurry."""
    return least_s * 1000 + lives.chance.below(f"gap {word}", (most_s - least_s) * 1000, who, time)


def later(lives: Lives, word: str, who: Ints, time: Ints, days: int, draw: Any = 0) -> Ints:
    """Some time of a usual hour within so many days after `time`, at least five minutes later."""
    c = lives.chance
    day = time // p.DAY_MS + c.below(f"{word} days", days + 1, who, draw)
    found = day * p.DAY_MS + moment(c, f"{word} hour", who, draw, lives.people.night[who])
    return np.where(found < time + 5 * p.MINUTE_MS, found + p.DAY_MS, found)


def moments(lives: Lives, word: str, rate: Any, who: Ints) -> tuple[Ints, Ints]:
    """Who does something when: `rate` times a day, more on busy days, while the account is open. Sorted by day, then person."""
    found_who, found_time = [], []
    for day in range(lives.days):
        count = lives.chance.several(word, rate * p.season(day), who, day)
        repeat = np.repeat(np.arange(len(who)), count)
        number = np.arange(len(repeat)) - np.repeat(np.cumsum(count) - count, count)
        each = who[repeat]
        at = day * p.DAY_MS + moment(lives.chance, f"{word} hour", each, day * 8 + number, lives.people.night[each])
        open_ = at >= lives.opened[each] + 5 * p.MINUTE_MS
        found_who.append(each[open_])
        found_time.append(at[open_])
    return np.concatenate(found_who), np.concatenate(found_time)


def log_in(lives: Lives, who: Ints, time: Ints, seen: dict[str, Any] | None = None, method: Any = None) -> Ints:
    """A log-in each; a few fail. Returns the ordinals."""
    c = lives.chance
    seen = lives.session("log in", who, time) if seen is None else seen
    fails = c.happens("log-in fails", 0.03, who, time // 1000)
    tries = 1 + c.several("log-in tries", 0.06, who, time // 1000)
    how = c.pick("log-in method", (22, 26, 14, 22, 14, 2), who, time // 1000) if method is None else method
    return lives.rows.add(
        "log_in", time, who, a=how, b=tries, **(seen | {"flags": seen["flags"] | np.where(fails, FAILED, 0)})
    )


def available(lives: Lives, who: Ints, time: Ints) -> Ints:
    """What may still be drawn or spent."""
    share = lives.chance.spread("available", p.AVAILABLE, who, time // p.DAY_MS)
    return (lives.people.limit[who] * share).astype(np.int64) // 100 * 100


def draw(lives: Lives, who: Ints, time: Ints, seen: dict[str, Any], share: Any = None, payee: Any = None) -> Ints:
    """A draw-down each: rounded to 100 yuan, to the own card unless `payee` says otherwise. Returns the ordinals."""
    c = lives.chance
    left = available(lives, who, time)
    part = c.spread("draw share", p.DRAW_SHARES, who, time // 1000) if share is None else share
    amount = np.clip((left * part).astype(np.int64) // 10_000 * 10_000, 10_000, None)
    own = c.happens("to own card", 0.93, who, time // 1000)
    family = np.where(own, -1, 3_000_000_000 + who * 8 + c.below("family payee", 2, who, time // 1000))
    to = family if payee is None else payee
    flags = seen["flags"] | np.where(to < 0, SELF, 0)
    return lives.rows.add("draw_down", time, who, amount=amount, number=to, a=c.pick("draw term", p.TERM_WEIGHTS, who, time // 1000),
                          b=np.minimum(left // 100, 2_000_000_000), **(seen | {"flags": flags}))  # fmt: skip


def pay(lives: Lives, who: Ints, time: Ints, seen: dict[str, Any], merchant: Any = None, amount: Any = None) -> Ints:
    """A payment each, at one of the shops of the customer's city, most often one of a dozen. Returns the ordinals."""
    c, people = lives.chance, lives.people
    draw_ = time // 1000
    if merchant is None:
        habit = c.below("habit", 12, who, draw_) * c.below("habit twice", 12, who, draw_) // 12
        stranger = c.happens("new shop", 0.2, who, draw_)
        slot = c.below("wallet", 3_000, who, np.where(stranger, 1000 + c.below("stranger", 500, who, draw_), habit))
        merchant = people.city[who] * 3_000 + slot * slot // 3_000
    if amount is None:
        amount = np.clip((people.usual[who] * c.spread("size", p.SIZES, who, draw_)).astype(np.int64), 100, None)
        whole = c.happens("round price", 0.25, who, draw_)
        amount = np.where(whole, amount // 1_000 * 1_000 + 1_000, amount)
    left = np.minimum(available(lives, who, time) // 100, 2_000_000_000)
    return lives.rows.add(
        "payment",
        time,
        who,
        amount=amount,
        number=merchant,
        a=c.pick("paid by", (62, 12, 18, 8), who, draw_),
        b=left,
        **seen,
    )


def send(lives: Lives, who: Ints, time: Ints, seen: dict[str, Any], payee: Any = None, amount: Any = None) -> Ints:
    """A transfer each, mostly to one of five known payees; generous sons send much home. Returns the ordinals."""
    c, people = lives.chance, lives.people
    draw_ = time // 1000
    if payee is None:
        fresh = c.happens("new payee", 0.12, who, draw_)
        payee = np.where(
            fresh,
            5_000_000_000 + c.below("fresh payee", 1 << 30, who, draw_),
            3_000_000_000 + who * 8 + c.below("payee", 5, who, draw_),
        )
        popular = (
            c.below("popular payee", p.POPULAR_PAYEES, who, draw_) * c.below("how popular", 100, who, draw_) // 100
        )
        payee = np.where(c.happens("to a popular payee", 0.14, who, draw_), 4_000_000_000 + popular, payee)
        payee = np.where(people.oddity[who] == SON, 3_000_000_000 + who * 8, payee)
    if amount is None:
        amount = usual_sum(lives, who, time)
    left = np.minimum(available(lives, who, time) // 100, 2_000_000_000)
    return lives.rows.add(
        "transfer",
        time,
        who,
        amount=amount,
        number=payee,
        a=c.pick("sent from", (55, 30, 15), who, draw_),
        b=left,
        **seen,
    )


def usual_sum(lives: Lives, who: Ints, time: Ints) -> Ints:
    """What somebody sends: a part of the income, most often round; generous sons send much."""
    c, people, draw_ = lives.chance, lives.people, time // 1000
    usual = people.income[who] * 0.12 * c.spread("sent", p.SIZES, who, draw_)
    much = people.income[who] * 0.9 * c.spread("sent home", p.SIZES, who, draw_)
    amount = np.where(people.oddity[who] == SON, much, usual).astype(np.int64)
    return np.clip(np.where(c.happens("round sum", 0.7, who, draw_), amount // 10_000 * 10_000, amount), 1_000, None)


def usual_raise(lives: Lives, who: Ints, draw: Any = 0) -> Ints:
    """The limit somebody asks for."""
    times = lives.chance.spread("how much more", p.RAISES, who, draw)
    return (lives.people.limit[who] * times).astype(np.int64) // 50_000 * 50_000
