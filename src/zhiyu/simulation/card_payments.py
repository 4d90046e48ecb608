"""Card payments with ground truth, in the schema of the public card-transaction files.

In: days, customers, terminals, a seed. Out: an Arrow table (TRANSACTION_ID, TX_DATETIME, CUSTOMER_ID, TERMINAL_ID, TX_AMOUNT, TX_FRAUD,
TX_FRAUD_SCENARIO) sorted by time, or a Parquet file of it. Same numbers and seed, same file (for one version of NumPy).
Why: whoever has no data at hand can still see a whole replay; results on it say nothing about real fraud.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zhiyu.base.errors import InputError
from zhiyu.simulation.card_frauds import add_frauds
from zhiyu.simulation.card_holders import LIMIT, Holders, Ints, Terminals, make_holders, make_terminals, make_towns

FIRST_DAY = np.datetime64("2025-03-03", "s")
"""A Monday."""
DAY_S = 86_400
MAX_DAYS, MAX_CUSTOMERS, MAX_TERMINALS = 1_000, 100_000, 200_000
MAX_PAYMENTS = 50_000_000


@dataclass(frozen=True, slots=True)
class CardPayments:
    """What to make. The defaults give about 60,000 payments of two months, near 1 % of them fraud.

    >>> CardPayments(days=7, customers=20).terminals
    1000
    """

    days: int = 60
    customers: int = 520
    terminals: int = 1_000
    seed: int = 1

    def check(self) -> None:
        """InputError when a number is out of range."""
        limits = (
            ("days", self.days, MAX_DAYS),
            ("customers", self.customers, MAX_CUSTOMERS),
            ("terminals", self.terminals, MAX_TERMINALS),
        )
        for name, value, most in limits:
            if not 1 <= value <= most:
                raise InputError(
                    f"{name} is {value}; it can be 1 to {most}", f"{name} 为 {value}，应在 1 到 {most} 之间"
                )
        if 2 * self.days * self.customers > MAX_PAYMENTS:
            en = f"about {2 * self.days * self.customers:,} payments; the limit is {MAX_PAYMENTS:,}: fewer days or customers"
            raise InputError(
                en, f"约 {2 * self.days * self.customers:,} 笔支付，上限 {MAX_PAYMENTS:,}：请减少天数或客户数"
            )


def card_payments(wanted: CardPayments = CardPayments()) -> pa.Table:
    """The payments as an Arrow table, in order of time.

    >>> card_payments(CardPayments(days=3, customers=10, terminals=30)).column_names[:3]
    ['TRANSACTION_ID', 'TX_DATETIME', 'CUSTOMER_ID']
    """
    wanted.check()
    rng = np.random.Generator(np.random.PCG64(wanted.seed))
    towns = make_towns(rng, wanted.customers)
    terminals = make_terminals(rng, wanted.terminals, towns)
    holders = make_holders(rng, wanted.customers, towns, terminals)
    day, customer = _visits(rng, wanted.days, holders)
    second = day * DAY_S + _seconds(rng, holders.evening[customer])
    order = np.argsort(second, kind="stable")
    day, customer, second = day[order], customer[order], second[order]
    terminal = _shops(rng, customer, holders)
    amount = _amounts(rng, customer, terminal, holders, terminals)
    kind = add_frauds(rng, day, customer, terminal, amount, holders, wanted.terminals)
    return pa.table(
        {
            "TRANSACTION_ID": np.arange(len(day), dtype=np.int32),
            "TX_DATETIME": (FIRST_DAY + second.astype("timedelta64[s]")).astype("datetime64[ns]"),
            "CUSTOMER_ID": customer.astype(np.int32),
            "TERMINAL_ID": terminal.astype(np.int32),
            "TX_AMOUNT": np.round(amount, 2),
            "TX_FRAUD": (kind > 0).astype(np.int8),
            "TX_FRAUD_SCENARIO": kind.astype(np.int8),
        }
    )


def write_card_payments(
    path: str | Path, days: int = 60, customers: int = 520, terminals: int = 1_000, seed: int = 1
) -> int:
    """Write the payments to a Parquet file (replaced as a whole when it is there); returns how many."""
    table = card_payments(CardPayments(days, customers, terminals, seed))
    path = Path(path)
    part = path.with_name(path.name + ".part")
    pq.write_table(table, part, compression="zstd")
    part.replace(path)
    return int(table.num_rows)


def _visits(rng: np.random.Generator, days: int, holders: Holders) -> tuple[Ints, Ints]:
    """Day and customer of every payment."""
    weekend = np.arange(days) % 7 >= 5
    rate = holders.daily * np.where(weekend[:, None], holders.weekend, 1.0)
    counts = rng.poisson(rate)
    day, customer = np.nonzero(counts)
    repeats = counts[day, customer]
    return np.repeat(day, repeats).astype(np.int64), np.repeat(customer, repeats).astype(np.int64)


def _seconds(rng: np.random.Generator, evening: np.ndarray[tuple[int], np.dtype[np.float64]]) -> Ints:
    """Second of the day: around noon or in the evening, by the customer's habit."""
    n = len(evening)
    hours = np.where(rng.random(n) < evening, rng.normal(19.0, 2.0, n), rng.normal(12.0, 3.0, n))
    return np.clip(hours * 3600.0, 0.0, DAY_S - 1.0).astype(np.int64)


def _shops(rng: np.random.Generator, customer: Ints, holders: Holders) -> Ints:
    """A terminal out of each customer's wallet."""
    place = (rng.random(len(customer))[:, None] >= holders.chances[customer]).sum(axis=1)
    shops: Ints = holders.shops[customer, place]
    return shops


def _amounts(
    rng: np.random.Generator, customer: Ints, terminal: Ints, holders: Holders, terminals: Terminals
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Honest amounts: the customer's habit times the shop's level, never over the limit, never under 0.01."""
    usual = holders.amount[customer] * terminals.level[terminal]
    amount = usual * np.exp(rng.normal(0.0, 1.0, len(customer)) * holders.spread[customer])
    over = amount > LIMIT
    amount[over] = LIMIT * rng.uniform(0.5, 1.0, int(over.sum()))
    return np.maximum(amount, 0.01)
