"""Card precision at 100 of a method that knows everything that can be known: what the aim is worth on a given week.

In: the public card transactions with their scenario. Out: per test week the card precision at 100 that would be reached (a) by whoever
knows every fraud; (b) by whoever sees every fraud of scenarios 1 and 3, and of scenario 2 (a terminal that is compromised for 28 days,
amounts as ever) those that come when an earlier one at that terminal has its label. Before that label nothing in the data tells such a
payment from others. Both in perfect order, same customers left out as in `card_payments.py`. And (c): the places that (b) leaves free
given to the cards with most payments that day, with what chance then brings: a fraud without a trace may be any payment, so nobody can
expect more.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from card_payments import DAY_MS, TOP, add_weeks, day_ms, weeks_of

from zhiyu.base.jit import Array

LABEL_DAYS, COMPROMISED_DAYS = 7, 28


def knowable(time_ms: Array, terminal: Array, scenario: Array) -> Array:
    """bool[n]: frauds that leave a trace before they happen, or in themselves."""
    found = (scenario == 1) | (scenario == 3)
    place = np.flatnonzero(scenario == 2)
    for name in np.unique(terminal[place]).tolist():
        own = place[terminal[place] == name]
        age = time_ms[own][:, None] - time_ms[own][None, :]
        found[own] = ((age >= LABEL_DAYS * DAY_MS) & (age <= COMPROMISED_DAYS * DAY_MS)).any(axis=1)
    return found


def by_chance(time_ms: Array, customer: Array, fraud: Array, seen: Array, test_ms: int) -> float:
    """What the best guess adds to `ceiling`, in expectation: free places go to the cards with most payments of the day."""
    train = (time_ms >= test_ms - 14 * DAY_MS) & (time_ms < test_ms - 7 * DAY_MS)
    week = (time_ms >= test_ms) & (time_ms < test_ms + 7 * DAY_MS)
    rate = (week & fraud & ~seen).sum() / (week & ~(fraud & seen)).sum()
    known, found, shares = set(customer[train & fraud].tolist()), set[int](), []
    for day in range(7):
        start = test_ms + day * DAY_MS
        known |= set(customer[(time_ms >= start - 8 * DAY_MS) & (time_ms < start - 7 * DAY_MS) & fraud].tolist())
        today = (time_ms >= start) & (time_ms < start + DAY_MS)
        cards = set(customer[today & fraud & seen].tolist()) - known - found
        found |= cards
        names, payments = np.unique(customer[today], return_counts=True)
        free = np.array([name not in known and name not in found for name in names.tolist()])
        most = np.sort(payments[free])[::-1][: max(TOP - len(cards), 0)]
        shares.append(float((1 - (1 - rate) ** most).sum()) / TOP)
    return float(np.mean(shares))


def ceiling(time_ms: Array, customer: Array, fraud: Array, seen: Array, test_ms: int) -> float:
    """Mean over the days of cards found of `TOP`; known customers are left out, those found leave."""
    train = (time_ms >= test_ms - 14 * DAY_MS) & (time_ms < test_ms - 7 * DAY_MS)
    known, found, shares = set(customer[train & fraud].tolist()), set(), []
    for day in range(7):
        start = test_ms + day * DAY_MS
        known |= set(customer[(time_ms >= start - 8 * DAY_MS) & (time_ms < start - 7 * DAY_MS) & fraud].tolist())
        own = (time_ms >= start) & (time_ms < start + DAY_MS) & fraud & seen
        cards = set(customer[own].tolist()) - known - found
        found |= cards
        shares.append(min(len(cards), TOP) / TOP)
    return float(np.mean(shares))


def main() -> None:
    """One JSON line per week, then the means."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("events", type=Path, help="e.g. transactions_20180401_20180731.parquet")
    add_weeks(parser)
    given = parser.parse_args()
    table = pq.read_table(given.events)
    time_ms = table["TX_DATETIME"].to_numpy().astype("datetime64[ms]").astype(np.int64)
    customer, scenario = table["CUSTOMER_ID"].to_numpy(), table["TX_FRAUD_SCENARIO"].to_numpy()
    fraud = table["TX_FRAUD"].to_numpy() == 1
    seen = knowable(time_ms, table["TERMINAL_ID"].to_numpy(), scenario)
    lines = []
    for week in weeks_of(given):
        both = (ceiling(time_ms, customer, fraud, each, day_ms(week)) for each in (fraud, seen))
        lines.append(dict(zip(("all", "knowable"), both)))
        lines[-1]["with_chance"] = lines[-1]["knowable"] + by_chance(time_ms, customer, fraud, seen, day_ms(week))
        print(json.dumps({"week": week} | {name: round(value, 4) for name, value in lines[-1].items()}))
    print(json.dumps({"mean": {name: round(float(np.mean([line[name] for line in lines])), 4) for name in lines[0]}}))


if __name__ == "__main__":
    main()
