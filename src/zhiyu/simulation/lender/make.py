"""The whole lender: people, their lives, the frauds, and what becomes known of them.

In: `Wanted`. Out: `Made`: people, events in order of time, and per event the truth. Pure: same wish, same bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zhiyu.simulation.lender import account_frauds, application_frauds
from zhiyu.simulation.lender import parameters as p
from zhiyu.simulation.lender.chance import Chance, Ints
from zhiyu.simulation.lender.days import first_draw, live
from zhiyu.simulation.lender.lives import Lives, arrive
from zhiyu.simulation.lender.people import People, add_oddities, make_people
from zhiyu.simulation.lender.rows import KIND, NUMBER, Core, Rows
from zhiyu.simulation.lender.schemes import FOUND_DAYS, NEVER_FOUND, Scheme

SETTLED_MS = 14 * p.DAY_MS
"""What nobody complained about for so long counts as legit in the lender's own labels."""
FOUND_BY = {
    "takeover": 0,
    "scam_victim": 0,
    "impersonation": 0,
    "abnormal_use": 0,
    "batch": 1,
    "cash_out": 1,
    "proxy_complaint": 1,
}
"""Found by the customer (0) or by an investigation (1); all others by collection (2)."""
Say = Callable[[str, float], None]


@dataclass(frozen=True)
class Made:
    """`events` in order of time; per event `found_ms`: when the lender learns that it is fraud, -1 for never within the time simulated.

    `declined`: per person, whether the lender's old rule turned them down or they never applied: nobody will know about them.
    """

    wanted: p.Wanted
    chance: Chance
    people: People
    events: Core
    found_ms: Ints
    declined: Ints


def make_lender(wanted: p.Wanted, say: Say = lambda what, done: None) -> Made:
    """Make it; `say` hears what is being done and which share is done.

    >>> made = make_lender(p.Wanted(days=3, customers=100))
    >>> bool((np.diff(made.events["time"]) >= 0).all())
    True
    """
    wanted.check()
    chance, rows = Chance(wanted.seed), Rows()
    say("people", 0.0)
    people = make_people(chance, np.arange(wanted.customers), wanted.customers, wanted.days)
    add_oddities(chance, people, wanted.customers)
    lives = Lives(chance, people, rows, wanted.days)
    _come_and_live(lives, wanted, say)
    scheme = Scheme(chance, wanted, lives, rows, np.zeros(wanted.customers, np.bool_))
    for make in (*account_frauds.ALL, *application_frauds.ALL):
        say("frauds", 0.4)
        make(scheme)
    honest = rows.get("person"), rows.get("type"), rows.get("time")
    kind, found = _truth(scheme, rows)
    _reports_on_honest(chance, rows, honest, kind)
    say("order", 0.5)
    until = wanted.days * p.DAY_MS
    kind, found = (
        np.concatenate([each, np.full(rows.count - len(each), missing)]) for each, missing in ((kind, 0), (found, -1))
    )
    person = rows.get("person")
    gang = np.where(kind > 0, lives.people.gang[person], -1)
    kept_found = _in_order(rows, chance, until, found)
    events = rows.sorted(chance, until, kind, gang)
    declined = (lives.opened >= 1 << 60).astype(np.int64)
    return Made(wanted, chance, lives.people, events, np.where(kept_found < until, kept_found, -1), declined)


def _come_and_live(lives: Lives, wanted: p.Wanted, say: Say) -> None:
    people = lives.people
    everybody = np.arange(len(people))
    new = people.joined >= 0
    lives.opened[~new] = people.joined[~new]
    turned_down = ~new & ((people.bureau < p.DECLINE_BELOW) | lives.chance.happens("says no", 1 / 12, everybody))
    lives.opened[turned_down] = 1 << 60
    _, _, found = arrive(lives, everybody[new])
    first_draw(lives, found["granted"], found["when"], wanted.has_rings)
    open_ = np.flatnonzero(lives.opened < 1 << 60)
    pieces = max(1, len(open_) // 40_000)
    for number, who in enumerate(np.array_split(open_, pieces)):
        say("lives", 0.05 + 0.3 * number / pieces)
        live(lives, who)


def _truth(s: Scheme, rows: Rows) -> tuple[Ints, Ints]:
    """Kind per ordinal, and when it is found out; adds a report per defrauded account, about one of its events that moved money."""
    kind, found = np.zeros(rows.count, np.int64), np.full(rows.count, -1)
    person, time, amount = rows.get("person"), rows.get("time"), rows.get("amount")
    for name in FOUND_DAYS:
        pieces = [ordinals for ordinals, each in s.frauds if each == name]
        if not pieces:
            continue
        ordinals = np.concatenate(pieces)
        kind[ordinals] = KIND[name]
        weight = amount[ordinals] + s.chance.below("which event", 1000, ordinals)
        best = ordinals[np.lexsort((weight, person[ordinals]))]
        last = np.r_[person[best][1:] != person[best][:-1], True]
        about = best[last]
        who = person[about]
        never = s.chance.happens("never found", NEVER_FOUND[name], who) | (s.lives.opened[who] >= 1 << 60)
        delay = (s.chance.spread("found after", FOUND_DAYS[name], who) * p.DAY_MS).astype(np.int64)
        when = np.where(never, 1 << 60, time[about] + delay)
        of_person = np.full(len(s.people), 1 << 60)
        of_person[who] = when
        found[ordinals] = of_person[person[ordinals]]
        known = ~never
        rows.add("report", when[known], who[known], a=KIND[name], b=0, number=FOUND_BY.get(name, 2), about=about[known],
                 amount=np.maximum(amount[about[known]], 0))  # fmt: skip
    return kind, found


def _reports_on_honest(chance: Chance, rows: Rows, honest: tuple[Ints, Ints, Ints], kind: Ints) -> None:
    """Honest events that were looked into and cleared, and a few that were called fraud by mistake."""
    person, of_type, time = honest
    money = (
        np.isin(of_type, [NUMBER[name] for name in ("draw_down", "payment", "transfer")])
        & (kind[: len(time)] == 0)
        & (time >= 0)
    )
    for word, share, finding in (("cleared", 0.002, 1), ("mistaken", 0.00015, 0), ("lost", 0.0008, 2)):
        about = np.flatnonzero(money & chance.happens(word, share, np.arange(len(time))))
        delay = (chance.spread(f"{word} after", (1, 2, 4, 7, 12, 20, 40), about) * p.DAY_MS).astype(np.int64)
        rows.add("report", time[about] + delay, person[about], a=0, b=finding, number=1, about=about, amount=0)


def _in_order(rows: Rows, chance: Chance, until: int, found: Ints) -> Ints:
    """`found` in the order that the events will have."""
    time = rows.get("time")
    kept = np.flatnonzero((time >= 0) & (time < until))
    return found[kept[np.lexsort((chance.bits("tie", kept), time[kept]))]]
