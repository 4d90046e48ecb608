"""Frauds on accounts that are open: takeover, cash-out, abnormal use, victims of telecom scams, complaints by proxy.

In: a scheme with customers whose accounts are open. Out: their events, marked.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.chance import Ints
from zhiyu.simulation.lender.days import CHANGES, complain, relief
from zhiyu.simulation.lender.lives import available, draw, gap, later, log_in, pay, send, usual_raise, usual_sum
from zhiyu.simulation.lender.people import hub_ip, moment
from zhiyu.simulation.lender.rows import FAILED, KIND, ON_CALL, PROXY, REMOTE, REPRESENTED
from zhiyu.simulation.lender.schemes import Scheme

MULES = 6_500_000_000
"""First number of the accounts that stolen money goes to."""
RINGS = 6_800_000_000
"""First number of the accounts that cash-out rings take their fees to."""


def takeovers(s: Scheme) -> None:
    """A thief logs in from a strange device, changes phone or card, draws what is there and sends it to a mule."""
    who = s.customers("takeover", s.how_many("takeover"))
    c, lives, rows = s.chance, s.lives, s.rows
    thief = c.below("taker", max(2, len(who) // 5), who)
    _belong(s, "takeover", who, thief)
    time = s.when("takeover", who) + moment(c, "taker hour", who, 0, s.shows("hour", who, s.when("takeover", who)))
    city = c.pick(
        "taker city", [each[3] for each in p.CITIES], np.where(s.shares("taker city", who, 0.7), thief, who + 1_000_000)
    )
    seen = lives.session("taken over", who, time, away=np.where(s.shows("far", who, time), city, s.people.city[who]))
    things = s.things(200_000)
    own = things + 50_000 + np.arange(len(who))
    seen["device"] = np.where(
        s.shares("taker device", who, 0.7), things + thief * 4 + c.below("taker phone", 2, who), own
    )
    seen["ip"] = np.where(s.shares("taker ip", who, 0.5), hub_ip(c, "taker ip", thief), seen["ip"])
    seen["flags"] |= np.where(s.shows("tunnel", who, time), PROXY, 0)
    fails = s.shows("guesses", who, time)
    failed = {name: value[fails] for name, value in seen.items()}
    s.mark("takeover", rows.add("log_in", time[fails] - gap(lives, "guess", who[fails], time[fails]), who[fails], a=0,
    b=3 + c.below("guesses", 4, who[fails]),
                                **(failed | {"flags": failed["flags"] | FAILED})))  # fmt: skip
    s.mark("takeover", log_in(lives, who, time, seen))
    changes = c.happens("taker changes", 0.75, who)
    each, at = who[changes], time[changes] + gap(lives, "change", who[changes], time[changes])
    what = np.array([0, 1, 2, 6])[c.pick("taker changes what", (44, 26, 26, 4), each)]
    what = np.where(s.shows("change", each, at), what, c.pick("what changes", CHANGES, each, at // 1000))
    new = {name: value[changes] for name, value in seen.items()}
    s.mark(
        "takeover",
        rows.add("account_change", at, each, a=what, number=at // 1000 % 1_000_000 + 1, **new),
    )
    then = time + gap(lives, "taker", who, time, 420, 1_500)
    hasty = s.shows("haste", who, time)
    then = np.where(hasty, then, later(lives, "taker draws", who, then, 1))
    if s.wanted.has_rings:
        again = {name: value[~hasty] for name, value in seen.items()}
        s.mark("takeover", log_in(lives, who[~hasty], (then - gap(lives, "draw", who, then))[~hasty], again))
    share = np.where(s.shows("all", who, time), 1.0, c.spread("draw share", p.DRAW_SHARES, who, time // 1000))
    mule = np.where(s.shares("mule", who, 0.9), MULES + thief, MULES + 1_000_000 + who)
    s.mark("takeover", draw(lives, who, then, seen, share=share))
    amount = _sent(s, who, time)
    after = gap(lives, "send", who, then)
    if s.wanted.has_rings:
        after = np.where(hasty, after, gap(lives, "send", who, then, 60, 5_400))
    s.mark("takeover", send(lives, who, then + after, seen, payee=mule, amount=amount))


def scam_victims(s: Scheme) -> None:
    """A caller talks a customer into drawing and sending everything to a stranger: the device, the place and the person are the
    usual ones."""
    who = s.customers("scam_victim", s.how_many("scam_victim"))
    c, lives, rows = s.chance, s.lives, s.rows
    caller = c.below("caller", max(2, len(who) // 6), who)
    _belong(s, "scam_victim", who, caller)
    time = s.when("scam_victim", who) + moment(c, "scam hour", who, 0, s.shows("hour", who, s.when("scam_victim", who)))
    seen = lives.session("coached", who, time)
    shows = s.shows("screen", who, time)
    remote = shows | c.happens("screen anyway", 0.01, who)
    seen["flags"] |= np.where(remote, REMOTE, 0) | np.where(shows, ON_CALL, 0)
    seen["length_ms"] = np.where(s.shows("long", who, time), seen["length_ms"] * 6, seen["length_ms"])
    s.mark("scam_victim", log_in(lives, who, time, seen))
    raises = c.happens("raises first", 0.3, who)
    some = {name: value[raises] for name, value in seen.items()}
    more = np.where(s.shows("sum", who, time), s.people.limit[who] * 2, usual_raise(lives, who))
    s.mark(
        "scam_victim",
        rows.add(
            "limit_adjustment",
            time[raises] + gap(lives, "raise", who[raises], time[raises]),
            who[raises],
            a=0,
            amount=more[raises],
            **some,
        ),
    )
    share = np.where(s.shows("all", who, time), 1.0, c.spread("draw share", p.DRAW_SHARES, who, time // 1000))
    s.mark("scam_victim", draw(lives, who, time + 330_000 + gap(lives, "draw", who, time), seen, share=share))
    mule = np.where(s.shares("scam mule", who, 0.85), MULES + 2_000_000 + caller, MULES + 3_000_000 + who)
    for turn in range(3):
        goes = np.ones(len(who), np.bool_) if not turn else c.happens("sends more", (0, 0.55, 0.35)[turn], who)
        at = time[goes] + 700_000 + turn * 900_000 + gap(lives, "send", who[goes], time[goes] + turn)
        each = {name: value[goes] for name, value in seen.items()}
        s.mark("scam_victim", send(lives, who[goes], at, each, payee=mule[goes], amount=_sent(s, who[goes], at)))


def cash_out(s: Scheme) -> None:
    """Customers turn credit into cash at shops that sell nothing: a few shops, a few large payments each, month after month.

    Each shop is a ring (from lender/3 on): its organiser does many of the payments himself, on two phones, and takes his fee to one
    account.
    """
    who = s.customers("cash_out", s.how_many("cash_out"))
    c, lives = s.chance, s.lives
    shops = max(2, len(who) // 10)
    shop = c.below("cash shop", shops, who)
    _belong(s, "cash_out", who, shop)
    phones = s.things(200_000) if s.wanted.has_rings else -1
    time = s.when("cash_out", who) + moment(c, "cash hour", who)
    for turn in range(4):
        goes = c.happens("cashes", (1.0, 0.7, 0.5, 0.35)[turn], who) if turn else np.ones(len(who), np.bool_)
        each = who[goes]
        at = time[goes] if not turn else later(lives, f"cash {turn}", each, time[goes], 3 * turn)
        other = c.below("cash shop now", shops, each, turn)
        at_home = s.people.city[each] * 3_000 + 2_000 + other % 900
        merchant = np.where(s.shares("cash shop", each, 0.95), 200_000 + shop[goes], at_home)
        seen, amount = lives.session("cash", each, at), _spent(s, each, at, turn)
        if phones >= 0:
            _by_the_organiser(s, each, shop[goes], phones, seen, turn)
        s.mark("cash_out", pay(lives, each, at, seen, merchant=merchant, amount=amount))
        if phones >= 0:
            pays = c.happens("pays the ring", 0.5, each, turn)
            fee = np.clip(amount[pays] * (6 + c.below("ring fee", 8, each[pays], turn)) // 100, 1_000, None)
            fee = np.where(s.shows("sum", each[pays], at[pays]), fee, usual_sum(lives, each[pays], at[pays]))
            after = at[pays] + gap(lives, "ring fee", each[pays], at[pays], 300, 20_000)
            some = {name: value[pays] for name, value in seen.items()}
            account = np.where(
                s.shares("ring account", each[pays], 0.9), RINGS + shop[goes][pays], RINGS + 1_000_000 + each[pays]
            )
            s.mark("cash_out", log_in(lives, each[pays], after - gap(lives, "send", each[pays], after), some))
            s.mark("cash_out", send(lives, each[pays], after, some, payee=account, amount=fee))


def _by_the_organiser(s: Scheme, who: Ints, ring: Ints, phones: int, seen: dict[str, Any], turn: int) -> None:
    """Some do it with the organiser's phone, at his place; changes `seen`."""
    c = s.chance
    his = s.shares("ring phone", who, 0.7) & c.happens("hands over", 0.8, who, turn)
    seen["device"] = np.where(his, phones + ring * 4 + c.below("ring phone", 2, who, turn), seen["device"])
    seen["ip"] = np.where(his & s.shares("ring ip", who, 0.8), hub_ip(c, "ring ip", ring), seen["ip"])


def abnormal_use(s: Scheme) -> None:
    """A lent, sold or leaked account: small payments to see whether it works, then large ones, from devices its owner never had."""
    who = s.customers("abnormal_use", s.how_many("abnormal_use"))
    c, lives = s.chance, s.lives
    user = c.below("user", max(2, len(who) // 4), who)
    _belong(s, "abnormal_use", who, user)
    time = s.when("abnormal_use", who) + moment(c, "test hour", who)
    things = s.things(100_000)
    device = np.where(s.shares("user device", who, 0.6), things + user, things + 50_000 + np.arange(len(who)))
    for turn in range(7):
        goes = c.happens("tests", (1, 0.9, 0.8, 1, 0.8, 0.6, 0.4)[turn], who)
        each = who[goes]
        at = time[goes] + turn * gap(lives, "test", each, time[goes], 180, 3_200)
        seen = lives.session("tests", each, at) | {"device": device[goes]}
        small = 100 + c.below("test sum", 900, each, turn)
        honest = np.clip((s.people.usual[each] * c.spread("size", p.SIZES, each, at)).astype(np.int64), 100, None)
        amount = np.where(s.shows("test", each, at), small, honest) if turn < 3 else _spent(s, each, at, turn)
        merchant = s.people.city[each] * 3_000 + c.below("test shop", 3_000, each, turn)
        s.mark("abnormal_use", pay(lives, each, at, seen, merchant=merchant, amount=amount))


def proxy_complaints(s: Scheme) -> None:
    """An agency complains for many customers with the same words from the same telephones, to have their debts waived."""
    sizes = 12 + s.chance.below("proxies", 26, s.next_gang + np.arange(s.how_many("proxy_complaint")))
    who = s.customers("proxy_complaint", int(sizes.sum()))
    agency = np.repeat(np.arange(len(sizes)), sizes)[: len(who)]
    c, people = s.chance, s.people
    _belong(s, "proxy_complaint", who, agency)
    things = s.things(100_000)
    time = s.when("proxy_complaint", who) + moment(c, "proxy hour", who)
    caller = np.where(
        s.shares("proxy phone", who, 0.85), things + agency * 4 + c.below("proxy phone", 3, who), -who - 2
    )
    text = np.where(
        s.shares("proxy words", who, 0.85),
        900_000 + agency * 5 + c.below("proxy words", 3, who),
        10_000 + c.below("said", 4_000, who),
    )
    debt = (people.limit[who] * c.spread("bill", (0.01, 0.03, 0.05, 0.08, 0.12, 0.2, 0.4), who)).astype(np.int64)
    debt = np.where(s.shows("sum", who, time), debt * 3, available(s.lives, who, time) // 20)
    flags = np.where(s.shows("represented", who, time), REPRESENTED, 0)
    s.mark("proxy_complaint", complain(s.lives, who, time, debt, 7, caller, text, flags=flags))
    asks = c.happens("proxy relief", 0.6, who)
    s.mark(
        "proxy_complaint",
        relief(
            s.lives,
            who[asks],
            time[asks] + gap(s.lives, "proxy relief", who[asks], time[asks], 600, 9_000),
            debt[asks],
            7,
            caller[asks],
            flags=flags[asks],
        ),
    )


def _belong(s: Scheme, kind: str, who: Ints, group: Ints) -> None:
    """These customers are part of a scheme."""
    s.people.kind[who] = KIND[kind]
    s.people.gang[who] = s.next_gang + group
    s.next_gang += int(group.max(initial=0)) + 1


def _sent(s: Scheme, who: Ints, time: Ints) -> Ints:
    """What is sent away: much where it shows, else sums like everybody's."""
    usual = usual_sum(s.lives, who, time)
    much = s.people.limit[who] * 7 // 10 // 10_000 * 10_000
    return np.clip(np.where(s.shows("sum", who, time), much, usual), 1_000, None)


def _spent(s: Scheme, who: Ints, time: Ints, turn: int) -> Ints:
    """What is paid: large round sums where it shows, else sums like everybody's."""
    usual = (s.people.usual[who] * s.chance.spread("size", p.SIZES, who, time)).astype(np.int64)
    much = s.people.limit[who] * (12 + s.chance.below("much", 20, who, turn)) // 100 // 10_000 * 10_000
    return np.clip(np.where(s.shows("sum", who, time), much, usual), 100, None)


ALL = (takeovers, scam_victims, cash_out, abnormal_use, proxy_complaints)
"""In this order; a customer is part of one of them at most."""
