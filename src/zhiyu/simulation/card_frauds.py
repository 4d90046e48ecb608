"""Three kinds of card fraud, written into honest payments.

In: payments as columns. Out: the same columns with amounts changed, and the kind of each payment (0 honest, 1, 2, 3).
1: the card's limit is forged, the amount is over it. 2: a terminal is compromised for four weeks, nearly all that is paid there goes
wrong. 3: a customer's card data leak, for two weeks a third of the payments are the thief's, several times the usual amount.
"""

from __future__ import annotations

import numpy as np

from zhiyu.simulation.card_holders import LIMIT, Floats, Holders, Ints

FORGED, COMPROMISED, LEAKED = 1, 2, 3
FORGED_SHARE = 0.0007
COMPROMISED_PER_TERMINAL_DAY = 1 / 2200
COMPROMISED_DAYS = 28
COMPROMISED_SHARE = 0.95
LEAKED_PER_CUSTOMER_DAY = 1 / 1700
LEAKED_DAYS = 14
LEAKED_SHARE = 1 / 3


def add_frauds(
    rng: np.random.Generator,
    day: Ints,
    customer: Ints,
    terminal: Ints,
    amount: Floats,
    holders: Holders,
    terminals: int,
) -> Ints:
    """Change `amount` in place where there is fraud; returns the kind int64[n]. The later kind wins where two meet."""
    kind = np.zeros(len(day), np.int64)
    days = int(day.max(initial=0)) + 1
    forged = rng.random(len(day)) < FORGED_SHARE
    amount[forged] = LIMIT * rng.uniform(1.02, 1.6, int(forged.sum()))
    kind[forged] = FORGED
    bad = _spells(rng, days, terminals, COMPROMISED_PER_TERMINAL_DAY, COMPROMISED_DAYS)
    kind[bad[terminal, day] & (rng.random(len(day)) < COMPROMISED_SHARE)] = COMPROMISED
    open_cards = _spells(rng, days, len(holders.daily), LEAKED_PER_CUSTOMER_DAY, LEAKED_DAYS)
    stolen = open_cards[customer, day] & (rng.random(len(day)) < LEAKED_SHARE)
    amount[stolen] = holders.amount[customer[stolen]] * rng.uniform(3.5, 7.0, int(stolen.sum()))
    kind[stolen] = LEAKED
    return kind


def _spells(
    rng: np.random.Generator, days: int, count: int, rate: float, length: int
) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
    """bool[count, days]: who is under attack on which day; each attack lasts `length` days."""
    state = np.zeros((count, days), bool)
    for who, start in zip(*np.nonzero(rng.random((count, days)) < rate)):
        state[who, start : start + length] = True
    return state
