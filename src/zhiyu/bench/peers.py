"""The same 200 features by other means, on the same machine and one core: DuckDB window SQL, Polars rolling, plain Python deques.

In: a sample of the benchmark stream with the same density per key. Out: per peer its events per second, and its answers, so that a test
can prove that everybody does the same work. The samples are small because peers are slow; that is kinder to them than to us: what they
hold stays near the cache, and our figure comes from 2 M events of state. DuckDB and Polars compute a whole history at once and would
have to do it again for the next event; Polars takes events of the same millisecond for simultaneous, so the sample has none.
"""

from __future__ import annotations

import math
import os
import time
from collections import Counter, deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.base.windows import parse_duration_ms
from zhiyu.bench.policy import AGGREGATES, DISTINCT_OF, KEYS, WINDOWS, benchmark_policy
from zhiyu.bench.stream import CHUNK, Stream
from zhiyu.features.sql import ORDER_KEY, features_sql
from zhiyu.policy.expand import all_features

Columns = dict[str, Array]
Answers = dict[str, Array]


def sample(events: int) -> Columns:
    """The first `events` payments of a stream with that many in 30 days; no two in one millisecond (Polars cannot tell them apart)."""
    stream = Stream(events, events)
    chunks = [stream.chunk(number) for number in range(-(-events // CHUNK))]
    columns = {name: np.concatenate([c[name] for c in chunks])[:events] for name in ("time", "amount", *KEYS)}
    steps = np.arange(events)
    columns["time"] = np.maximum.accumulate(columns["time"] - steps) + steps
    return columns


def feature_names() -> list[str]:
    """The 200 features by name, in the order of the policy."""
    return [each.feature.name for each in all_features(benchmark_policy(rules=False))]


def run_peers(events: int) -> dict[str, dict[str, Any]]:
    """Time every peer that is installed, one core each, on a sample of `events`; the deques, which are slowest, on a tenth of it."""
    peers: dict[str, Callable[[Columns], tuple[Answers, float]]] = {
        "duckdb_window_sql": by_duckdb, "polars_rolling": by_polars, "python_deques": by_deques
    }  # fmt: skip
    made = {}
    for name, peer in peers.items():
        size = max(events // 10, 200) if peer is by_deques else events
        try:
            seconds = peer(sample(size))[1]
        except ImportError:
            continue
        made[name] = {
            "events_per_s": round(size / seconds, 1),
            "seconds": round(seconds, 3),
            "sample_events": size,
            "cores": 1,
        }
    return made


def by_duckdb(columns: Columns) -> tuple[Answers, float]:
    """One SQL statement with window functions, written by `features.sql`; (answers, seconds)."""
    import duckdb

    features = [each.feature for each in all_features(benchmark_policy(rules=False))]
    statement = features_sql([(feature, None) for feature in features], "events") + " ORDER BY seq"
    table = pa.table(
        {"seq": np.arange(len(columns["time"])), "t": columns["time"]} | {k: columns[k] for k in ("amount", *KEYS)}
    )
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        connection.register("arrow_events", table)
        connection.execute("CREATE TABLE events AS SELECT *, " + ORDER_KEY + " AS u FROM arrow_events")  # noqa: S608
        begun = time.perf_counter()
        answered = connection.sql(statement).to_arrow_table()
        seconds = time.perf_counter() - begun
    units = {"mean": 100.0, "std": 100.0}
    return {
        f.name: answered[f.name].cast(pa.float64()).to_numpy() / units.get(f.aggregate, 1.0) for f in features
    }, seconds


def by_polars(columns: Columns) -> tuple[Answers, float]:
    """`DataFrame.rolling` per key and window over integer time; (answers, seconds). One thread if Polars is not loaded yet."""
    os.environ.setdefault("POLARS_MAX_THREADS", "1")
    import polars as pl

    frame = pl.DataFrame({"seq": np.arange(len(columns["time"]))} | {k: columns[k] for k in ("time", "amount", *KEYS)})
    answers: Answers = {}
    begun = time.perf_counter()
    for key in KEYS:
        for over in WINDOWS:
            amount = pl.col("amount")
            rolled = frame.rolling("time", period=f"{parse_duration_ms(over)}i", group_by=key).agg(
                pl.col("seq").last(), pl.len().alias("count"), amount.sum().alias("sum"), (amount.mean() / 100).alias("mean"),
                (amount.std(ddof=0) / 100).alias("std"), pl.col(DISTINCT_OF[key]).n_unique().alias("distinct"),
            ).sort("seq")  # fmt: skip
            answers |= {f"{aggregate}_{key}_{over}": rolled[aggregate].to_numpy() for aggregate in AGGREGATES}
    return answers, time.perf_counter() - begun


class Window:
    """One key's events inside one window: a deque, running sums, and how often each partner occurs."""

    __slots__ = ("held", "partners", "squares", "total", "width")

    def __init__(self, width: int) -> None:
        self.width = width
        self.held: deque[tuple[int, int, int]] = deque()
        self.partners: Counter[int] = Counter()
        self.total = self.squares = 0

    def add(self, now: int, amount: int, partner: int) -> tuple[int, int, float, float, int]:
        """Let in an event, let go of the expired: (count, sum, mean, std, distinct)."""
        held, partners = self.held, self.partners
        while held and held[0][0] <= now - self.width:
            _, gone, left = held.popleft()
            self.total -= gone
            self.squares -= gone * gone
            partners[left] -= 1
            if not partners[left]:
                del partners[left]
        held.append((now, amount, partner))
        self.total += amount
        self.squares += amount * amount
        partners[partner] += 1
        count, total = len(held), self.total
        return (
            count,
            total,
            total / (100 * count),
            math.sqrt(count * self.squares - total * total) / (100 * count),
            len(partners),
        )


def by_deques(columns: Columns) -> tuple[Answers, float]:
    """Dictionaries of deques, as one writes it by hand; (answers, seconds)."""
    n = len(columns["time"])
    widths = [parse_duration_ms(over) for over in WINDOWS]
    rows: list[list[tuple[int, int, float, float, int]]] = []
    states: list[dict[int, list[Window]]] = [{} for _ in KEYS]
    lists = {name: columns[name].tolist() for name in ("time", "amount", *KEYS)}
    begun = time.perf_counter()
    for row in range(n):
        now, amount = lists["time"][row], lists["amount"][row]
        seen = []
        for state, key in zip(states, KEYS):
            value, partner = lists[key][row], lists[DISTINCT_OF[key]][row]
            windows = state.get(value)
            if windows is None:
                windows = state[value] = [Window(width) for width in widths]
            seen += [window.add(now, amount, partner) for window in windows]
        rows.append(seen)
    seconds = time.perf_counter() - begun
    table = np.array(rows, np.float64).reshape(n, len(KEYS), len(WINDOWS), len(AGGREGATES))
    return {
        f"{aggregate}_{key}_{over}": table[:, k, w, a]
        for k, key in enumerate(KEYS) for w, over in enumerate(WINDOWS) for a, aggregate in enumerate(AGGREGATES)
    }, seconds  # fmt: skip
