"""Synthetic credit applications with planted gangs, and groups that look like gangs and are none.

In: number of events and people, camouflage, a seed. Out: columns of person, eight things, time, amount, and which gang an event belongs to.
Households share devices, addresses and contact numbers; dormitories an address; shop counters a device; public networks an IP address.
A gang applies within hours or days over its own small pools of devices, cards, addresses and contact numbers; `camouflage` is the chance
that a member uses what an honest person uses, or a fresh one, instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from zhiyu.base.jit import Array

DAY_MS = 86_400_000
DAYS = 90
THINGS = ("device", "card", "address", "contact", "phone", "ip", "place", "employer")
JOINING = 4
"""The first so many things join; the others only weigh."""
GANG_SIZE, GANG_SPREAD, LEAST, MOST = 2.85, 0.6, 5, 80
"""Gangs have about exp(2.85) = 17 people, log-normal, between 5 and 80."""


@dataclass(frozen=True, slots=True)
class NetworkStream:
    """n events in order of time: `person` int64[n], `things` int64[8, n] (each column numbers its own kind; contact and phone share one),
    `time_ms`, `amount_fen` int64[n], `gang` int64[n], -1 for none."""

    person: Array
    things: Array
    time_ms: Array
    amount_fen: Array
    gang: Array

    def __len__(self) -> int:
        return len(self.person)


def network_stream(events: int, people: int, seed: int, camouflage: float = 0.3, days: int = DAYS) -> NetworkStream:
    """A stream of so many events of so many people, over `days`."""
    rng = np.random.default_rng(seed)
    sizes = np.clip(np.exp(rng.normal(GANG_SIZE, GANG_SPREAD, max(people // 500, 1))), LEAST, MOST).astype(np.int64)
    honest = people - int(sizes.sum())
    if honest < people // 2:
        raise ValueError("too few people for their gangs")
    usual = _honest(rng, honest)
    ganged = _ganged(rng, sizes, usual, people, camouflage)
    of_gang = np.repeat(np.arange(len(sizes)), sizes)
    times = rng.choice([1, 2, 3], size=len(of_gang), p=[0.6, 0.3, 0.1])
    members = np.repeat(np.arange(len(of_gang)), times)[:events]
    plain = rng.integers(0, honest, events - len(members))
    start, lasts = (
        rng.uniform(2, days - 6, len(sizes)) * DAY_MS,
        np.exp(rng.uniform(np.log(2), np.log(120), len(sizes))) * 3_600_000,
    )
    gang = of_gang[members]
    time = np.concatenate(
        [rng.uniform(0, days * DAY_MS, len(plain)), start[gang] + rng.random(len(members)) * lasts[gang]]
    )
    order = np.argsort(time, kind="stable")
    things = np.concatenate([usual[:, plain], ganged[:, members]], axis=1)
    _roam(rng, things, honest)
    person = np.concatenate([plain, honest + members])
    marks = np.concatenate([np.full(len(plain), -1), gang])
    amounts = np.exp(rng.normal(8, 1, events)).astype(np.int64) * 100
    return NetworkStream(
        person[order], np.ascontiguousarray(things[:, order]), time[order].astype(np.int64), amounts, marks[order]
    )


def _honest(rng: Any, count: int) -> Array:
    """What each honest person uses, int64[8, count]."""
    household = np.sort(rng.integers(0, max(count * 2 // 5, 1), count))
    first = np.searchsorted(household, household)
    mates = np.searchsorted(household, household, side="right") - first
    mate = first + (rng.random(count) * mates).astype(np.int64)
    contact = np.where((mate != np.arange(count)) & (rng.random(count) < 0.85), mate, rng.integers(0, count, count))
    device = np.where(rng.random(count) < 0.6, first, np.arange(count))
    ip, place = household.copy(), rng.integers(0, max(count // 20, 1), count)
    employer = (rng.random(count) ** 3 * max(count // 16, 1)).astype(np.int64)
    address = household.copy()
    for _ in range(max(count // 650, 1)):  # dormitories and offices
        group = rng.integers(0, count, rng.integers(10, 80))
        address[group], ip[group], place[group] = address[group[0]], ip[group[0]], place[group[0]]
        employer[group[rng.random(len(group)) < 0.7]] = employer[group[0]]
    for _ in range(max(count // 3300, 1)):  # shop counters that apply for their customers
        group = rng.integers(0, count, rng.integers(20, 150))
        device[group] = device[group[0]]
    return np.stack([device, np.arange(count), address, contact, np.arange(count), ip, place, employer])


def _ganged(rng: Any, sizes: Array, usual: Array, people: int, camouflage: float) -> Array:
    """What each member uses, int64[8, members]: a small pool of the gang's own, or, camouflaged, what honest people use (`usual`) and
    fresh devices and cards. Numbers from `people` on are the gangs' own."""
    count, gang, honest = int(sizes.sum()), np.repeat(np.arange(len(sizes)), sizes), usual.shape[1]
    begins = np.cumsum(sizes) - sizes
    like = rng.integers(0, honest, (len(THINGS), count))
    fresh = people + count + np.arange(count)

    def pooled(share: int, honesty: float, otherwise: Array) -> Array:
        pool = np.maximum(sizes // share, 1)
        own = people + begins[gang] + (rng.random(count) * pool[gang]).astype(np.int64)
        return np.where(rng.random(count) < honesty * (1 - camouflage), own, otherwise)

    place = rng.integers(0, max(honest // 20, 1), len(sizes))[gang]
    return np.stack([
        pooled(3, 0.95, fresh), pooled(2, 0.85, fresh), pooled(4, 0.8, usual[2, like[2]]), pooled(3, 0.85, usual[3, like[3]]),
        np.arange(honest, honest + count), pooled(5, 0.5, usual[5, like[5]]), place, pooled(8, 0.6, usual[7, like[7]]),
    ])  # fmt: skip


def _roam(rng: Any, things: Array, honest: int) -> None:
    """Two events in five come from a public network, one in seven from another place, one in thirty from somebody else's device."""
    count = things.shape[1]
    public = rng.random(count) < 0.4
    things[5, public] = -1 - (rng.random(int(public.sum())) ** 3 * max(honest // 500, 1)).astype(np.int64)
    away = rng.random(count) < 0.15
    things[6, away] = rng.integers(0, max(honest // 20, 1), int(away.sum()))
    borrowed = rng.random(count) < 0.03
    things[0, borrowed] = rng.integers(0, honest, int(borrowed.sum()))
