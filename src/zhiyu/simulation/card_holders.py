"""Customers and terminals on a map: who lives where, pays how much, at what hours, and which shops are near.

In: a random generator and sizes. Out: `Holders` and `Terminals`, arrays by customer and by terminal number.
Why towns: people and shops cluster, so a shop has regulars and a stolen card shows up where it never was.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MAP_KM = 100.0
TOWN_KM = 6.0
PEOPLE_PER_TOWN = 150
WALLET = 24
"""Shops that one customer ever goes to."""
LIMIT = 220.0
"""No honest card pays more at once; whoever does has forged the limit (first kind of fraud)."""


@dataclass(frozen=True, slots=True)
class Terminals:
    """`place` float64[T, 2] in km, `pull` float64[T] how popular, `level` float64[T] price level, 1 is usual."""

    place: Floats
    pull: Floats
    level: Floats


@dataclass(frozen=True, slots=True)
class Holders:
    """By customer: payments a day, factor on weekends, usual amount and its spread (log), share of evening payments.

    `shops` int64[C, W] the terminals in the wallet, `chances` float64[C, W] cumulative, last column 1.
    """

    daily: Floats
    weekend: Floats
    amount: Floats
    spread: Floats
    evening: Floats
    shops: Ints
    chances: Floats


def make_terminals(rng: np.random.Generator, count: int, towns: Floats) -> Terminals:
    """`count` terminals around the towns; popularity has a long tail."""
    return Terminals(
        place=_around(rng, count, towns),
        pull=rng.pareto(3.0, count) + 0.2,
        level=np.exp(rng.normal(0.0, 0.15, count)),
    )


def make_holders(rng: np.random.Generator, count: int, towns: Floats, terminals: Terminals) -> Holders:
    """`count` customers around the towns, each with habits and a wallet of near and popular terminals."""
    shops, chances = _wallets(rng, _around(rng, count, towns), terminals)
    return Holders(
        daily=rng.gamma(3.0, 0.62, count),
        weekend=rng.uniform(0.6, 1.7, count),
        amount=np.exp(rng.normal(np.log(38.0), 0.55, count)),
        spread=rng.uniform(0.15, 0.35, count),
        evening=rng.beta(2.0, 2.0, count),
        shops=shops,
        chances=chances,
    )


def make_towns(rng: np.random.Generator, customers: int) -> Floats:
    """Centres float64[n, 2] in km, one for so many people."""
    return rng.uniform(0.0, MAP_KM, (max(2, customers // PEOPLE_PER_TOWN), 2))


def _around(rng: np.random.Generator, count: int, towns: Floats) -> Floats:
    """Places near a random town."""
    return towns[rng.integers(0, len(towns), count)] + rng.normal(0.0, TOWN_KM, (count, 2))


def _wallets(rng: np.random.Generator, homes: Floats, terminals: Terminals) -> tuple[Ints, Floats]:
    """Terminals of each customer with cumulative chances: the nearer and the more popular, the more often."""
    size = min(WALLET, len(terminals.place))
    shops = np.empty((len(homes), size), np.int64)
    chances = np.empty((len(homes), size))
    for number, home in enumerate(homes):
        away = np.hypot(*(terminals.place - home).T)
        near = np.argsort(away, kind="stable")[: 4 * size]
        weights = terminals.pull[near] / (1.0 + away[near] ** 2)
        chosen = np.argsort(-weights * rng.uniform(0.5, 1.5, len(near)), kind="stable")[:size]
        shops[number] = near[chosen]
        chances[number] = np.cumsum(weights[chosen]) / weights[chosen].sum()
    chances[:, -1] = 1.0
    return shops, chances
