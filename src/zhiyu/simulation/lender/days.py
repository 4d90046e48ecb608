"""What open accounts do day by day: log in, pay, draw, send, change things, repay or not, call, hear from the lender, complain.

In: lives with accounts opened. Out: rows.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.chance import Ints
from zhiyu.simulation.lender.lives import Lives, available, draw, gap, later, log_in, moments, pay, send, usual_raise
from zhiyu.simulation.lender.people import SON, SWITCHER
from zhiyu.simulation.lender.rows import GRANTED, REPRESENTED

BILL_HOURS = 10
CHANGES = (8, 34, 30, 0, 14, 6, 8)
"""Phone, card, password, device, address, e-mail, contact: how often each changes."""


def live(lives: Lives, who: Ints) -> None:
    """All days of these people."""
    people = lives.people
    visitor, time = moments(lives, "visits", people.visits[who], who)
    log_in(lives, visitor, time)
    _opens_app(lives, visitor, time)
    buyer, time = moments(lives, "spends", people.spends[who], who)
    pay(lives, buyer, time, lives.session("pay", buyer, time))
    drawer, time = moments(lives, "draws", people.draws[who], who)
    seen = lives.session("draw", drawer, time)
    log_in(lives, drawer, time - gap(lives, "draw", drawer, time), seen)
    draw(lives, drawer, time, seen)
    _message(lives, drawer, time + 20_000, 0)
    _passes_on(lives, drawer, time, seen)
    sender, time = moments(lives, "sends", people.sends[who], who)
    seen = lives.session("send", sender, time)
    log_in(lives, sender, time - gap(lives, "send", sender, time), seen)
    send(lives, sender, time, seen)
    _changes(lives, who)
    _bills(lives, who)
    _service(lives, who)


def first_draw(lives: Lives, who: Ints, time: Ints, logs_in: bool) -> None:
    """Most new customers draw within days; from lender/3 on they log in for it, as for every other draw-down."""
    c = lives.chance
    does = c.happens("first draw", 0.72, who)
    who, time = who[does], time[does]
    soon = time + 2 * p.MINUTE_MS + c.below("at once after", 2_400_000, who)
    time = np.where(c.happens("at once", 0.6, who), soon, later(lives, "first draw", who, time, 4))
    seen = lives.session("first draw", who, time)
    if logs_in:
        log_in(lives, who, time - gap(lives, "draw", who, time), seen)
    draw(lives, who, time, seen)
    _message(lives, who, time + 20_000, 0)


def _passes_on(lives: Lives, who: Ints, time: Ints, seen: dict[str, Any]) -> None:
    """Some draw money in order to send it: generous sons half of the time."""
    share = np.where(lives.people.oddity[who] == SON, 0.5, 0.1)
    sends = lives.chance.happens("draws to send", share, who, time // 1000)
    at = time[sends] + gap(lives, "send", who[sends], time[sends], 60, 5_400)
    send(lives, who[sends], at, {name: value[sends] for name, value in seen.items()})


def _opens_app(lives: Lives, who: Ints, time: Ints) -> None:
    looks = lives.chance.happens("only looks", 0.15, who, time // 1000)
    who, time = who[looks], time[looks]
    lives.rows.add(
        "device_session", time - gap(lives, "look", who, time, 2, 20), who, **lives.session("log in", who, time)
    )


def _message(lives: Lives, who: Ints, time: Ints, topic: int) -> None:
    gets = lives.chance.happens("message", 0.6, who, time // 1000)
    who, time = who[gets], time[gets]
    lives.rows.add("message", time, who, a=lives.chance.pick("message kind", (60, 34, 6), who, time // 1000), b=topic)


def _changes(lives: Lives, who: Ints) -> None:
    """New phones, cards, passwords, addresses; new devices of those who switch; raises of the limit."""
    c, rows, people = lives.chance, lives.rows, lives.people
    each, time = moments(lives, "changes", np.full(len(who), 0.012), who)
    what = c.pick("what changes", CHANGES, each, time // 1000)
    seen = lives.session("change", each, time)
    log_in(lives, each, time - gap(lives, "change", each, time), seen)
    rows.add("account_change", time, each, a=what, number=time // 1000 % 1_000_000 + 1, **seen)
    switch = who[(people.oddity[who] == SWITCHER) & (lives.switch[who] >= lives.opened[who])]
    time = lives.switch[switch] + 60_000
    seen = lives.session("switch", switch, time) | {"device": people.device[switch] + 2}
    log_in(lives, switch, time - gap(lives, "switch", switch, time), seen)
    rows.add("account_change", time, switch, a=3, **seen)
    each, time = moments(lives, "asks for more", np.full(len(who), 0.008), who)
    seen = lives.session("more", each, time)
    more = usual_raise(lives, each)
    seen["flags"] = seen["flags"] | np.where(c.happens("gets more", 0.4, each, time), GRANTED, 0)
    rows.add("limit_adjustment", time, each, amount=more, a=0, **seen)


def bill_times(lives: Lives, who: Ints) -> tuple[Ints, Ints]:
    """Who has a bill when: a day of the month of one's own, 30 days apart, at ten in the morning."""
    day = lives.chance.below("bill day", 30, who)
    found_who, found_time = [], []
    for month in range(lives.days // 30 + 1):
        time = (day + 30 * month) * p.DAY_MS + BILL_HOURS * p.HOUR_MS
        owes = lives.chance.happens("owes", 0.62, who, month) & (time > lives.opened[who] + 20 * p.DAY_MS)
        found_who.append(who[owes])
        found_time.append(time[owes])
    return np.concatenate(found_who), np.concatenate(found_time)


def owed(lives: Lives, who: Ints, due: Ints) -> Ints:
    """The bill, in fen."""
    share = lives.chance.spread("bill", (0.01, 0.03, 0.05, 0.08, 0.12, 0.2, 0.4), who, due // p.DAY_MS)
    return np.clip((lives.people.limit[who] * share).astype(np.int64), 2_000, None)


def _bills(lives: Lives, who: Ints) -> None:
    c = lives.chance
    who, due = bill_times(lives, who)
    amount = owed(lives, who, due)
    _message(lives, who, due - 3 * p.DAY_MS, 1)
    luck = c.share("repays", who, due // p.DAY_MS) + 0.06 * (lives.people.bad[who] - 0.5)
    early = luck < 0.34
    time = np.where(
        early,
        due - 1 - c.below("early", 3 * 24 * 60, who, due // p.DAY_MS) * p.MINUTE_MS,
        due + c.below("debit", 7_200, who) * 1000,
    )
    late = luck > 0.9
    never = luck > 0.985
    days_late = 1 + c.below("days late", 20, who, due // p.DAY_MS)
    time = np.where(late, due + days_late * p.DAY_MS + moment_of(lives, who, due), time)
    paid = ~never
    repay(
        lives,
        who[paid],
        due[paid],
        amount[paid],
        np.where(early, 1, np.where(late, 1 + c.below("how late", 3, who), 0))[paid],
        time[paid],
    )
    fall_behind(lives, who[late], due[late], amount[late], np.where(never, 400, days_late)[late])


def moment_of(lives: Lives, who: Ints, due: Ints) -> Ints:
    """Some time of the day after ten."""
    return lives.chance.below("late hour", 12 * 3600, who, due // p.DAY_MS) * 1000


def repay(lives: Lives, who: Ints, due: Ints, amount: Ints, how: Ints, time: Ints) -> None:
    """The money of a bill comes in."""
    lives.rows.add("repayment", time, who, amount=amount, a=how, b=np.maximum(0, (time - due) // p.DAY_MS), number=due // p.DAY_MS,
                   device=np.where(how == 1, lives.people.device[who], -1), channel=np.where(how == 1, 0, -1))  # fmt: skip


def fall_behind(lives: Lives, who: Ints, due: Ints, amount: Ints, days_late: Ints) -> None:
    """Overdue notices, reminders, requests for relief, some complaints about being called."""
    c, rows = lives.chance, lives.rows
    for passed in (1, 3, 7, 15, 30, 60, 90):
        still = days_late > passed
        each, since, money = who[still], due[still], amount[still]
        time = since + passed * p.DAY_MS + 30_000
        rows.add("overdue", time, each, amount=money, b=passed, number=since // p.DAY_MS)
        result = c.pick("contact result", (30, 36, 4, 16, 8, 6), each, time // p.DAY_MS)
        rows.add("collection_contact", time + p.HOUR_MS + c.below("reminder", 8 * 3600, each, passed) * 1000, each, amount=money,
        a=result, b=passed,
                 length_ms=(c.spread("contact length", p.SECONDS, each, passed) * 1000).astype(np.int64))  # fmt: skip
        asks = c.happens("asks for relief", 0.05, each, passed)
        at = later(lives, "speaks up", each, time, 1, passed)
        relief(lives, each[asks], at[asks], money[asks], passed)
        complains = c.happens("annoyed", 0.02, each, passed)
        complain(lives, each[complains], at[complains], money[complains], passed)


def relief(
    lives: Lives, who: Ints, time: Ints, amount: Ints, passed: int, caller: Ints | None = None, **more: Any
) -> Ints:
    """Somebody asks for a waiver or an extension."""
    c = lives.chance
    kind = c.pick("relief kind", (30, 24, 4, 32, 10), who, time // p.DAY_MS)
    number = -who.astype(np.int64) - 2 if caller is None else caller
    return lives.rows.add("relief", time, who, amount=amount, a=kind, b=passed, number=number,
                          channel=np.where(c.happens("asks by phone", 0.5, who, time), 4, 0), **more)  # fmt: skip


def complain(lives: Lives, who: Ints, time: Ints, amount: Ints, passed: int, caller: Ints | None = None, wording: Ints | None = None,
             **more: Any) -> Ints:  # fmt: skip
    """A complaint; by phone, it is preceded by a call. `caller`: index of the telephone that speaks, the customer's own without."""
    c = lives.chance
    number = -who.astype(np.int64) - 2 if caller is None else caller
    text = 10_000 + c.below("wording", 4_000, who, time) if wording is None else wording
    calls = c.happens("complains by phone", 0.6, who, time)
    channel = np.where(calls, 4, c.pick("complaint door", (60, 20, 20), who, time))
    if "flags" not in more:
        more["flags"] = np.where(c.happens("family speaks", 0.04, who, time), REPRESENTED, 0)
    rows = lives.rows
    some = {name: np.asarray(value)[calls] if np.ndim(value) else value for name, value in more.items()}
    rows.add("call_in", time[calls] - 5 * p.MINUTE_MS, who[calls], a=3, b=text[calls], number=number[calls],
             length_ms=(c.spread("call length", p.SECONDS, who[calls], 1) * 3000).astype(np.int64), **some)  # fmt: skip
    return rows.add("complaint", time, who, amount=amount, a=c.pick("demand", (18, 30, 26, 4, 8, 14), who, time), b=text, number=number,
                    channel=channel, **more)  # fmt: skip


def _service(lives: Lives, who: Ints) -> None:
    """Questions by phone, calls by the lender, offers, complaints for other reasons."""
    c, rows = lives.chance, lives.rows
    each, time = moments(lives, "calls", np.full(len(who), 0.006), who)
    length = (c.spread("call length", p.SECONDS, each, time) * 3000).astype(np.int64)
    other = c.happens("from another phone", 0.12, each, time)
    number = np.where(other, lives.people.contact[each], -each - 2)
    rows.add("call_in", time, each, a=c.pick("call topic", (40, 30, 30), each, time), b=10_000 + c.below("said", 4_000, each,
    time), number=number,
             length_ms=length)  # fmt: skip
    each, time = moments(lives, "is called", np.full(len(who), 0.005), who)
    rows.add("call_out", time, each, a=c.below("call reason", 3, each, time), number=-each - 2,
             length_ms=(c.spread("called length", p.SECONDS, each, time) * 1000).astype(np.int64))  # fmt: skip
    each, time = moments(lives, "offers", np.full(len(who), 0.05), who)
    _message(lives, each, time, 2)
    each, time = moments(lives, "complains", np.full(len(who), 0.0006), who)
    complain(lives, each, time, available(lives, each, time) // 20, 0)
