"""The benchmark stream: payments of many people over eight keys, as the columns decoding would give.

In: how many events a window of 30 days holds, how many keys, a seed. Out: batches of events, endlessly, in time order and evenly spread,
each a function of (seed, chunk number) alone. Keys follow a power law: the busiest customer has about a thousand times the events of a
rare one. Only the reading of a file is left out: texts are already codes, ids already hashes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.bench.policy import CHANNELS, COUNTRIES, KEYS
from zhiyu.events.batch import EventBatch
from zhiyu.events.schema import EventSchema

START_MS = 1_750_000_000_000
DAYS_30_MS = 30 * 86_400_000
CHUNK = 100_000
KEYS_PER_EVENT = dict(zip(KEYS, (0.2, 0.22, 0.06, 0.18, 0.24, 0.025, 0.0025, 0.1)))
"""Different values a key takes in 30 days, per event: 2 M events have 400,000 customers, 440,000 devices … 5,000 merchants."""
SKEW = 1.7


@dataclass(frozen=True, slots=True)
class Stream:
    """Shape of a stream: `events_30d` sets its density in time, `keys_for` the number of keys (for that many events in 30 days)."""

    events_30d: int
    keys_for: int
    seed: int = 7

    def chunk(self, number: int) -> dict[str, Array]:
        """Columns of events [number · CHUNK, (number + 1) · CHUNK): `time` int64 ms, keys uint64, amount int64 fen, and the rest."""
        rng = np.random.default_rng((self.seed, number))
        first = np.int64(number) * CHUNK
        step = DAYS_30_MS / self.events_30d
        low, high = START_MS + int(first * step), START_MS + int((first + CHUNK) * step)
        made: dict[str, Array] = {"time": np.sort(rng.integers(low, max(high, low + 1), CHUNK))}
        for salt, key in enumerate(KEYS, 1):
            many = max(int(KEYS_PER_EVENT[key] * self.keys_for), 2)
            rank = (many * rng.random(CHUNK) ** SKEW).astype(np.int64)
            made[key] = scattered(rank + np.int64(salt << 40))
        made["amount"] = (np.exp(rng.normal(5.5, 1.2, CHUNK)) * 100).astype(np.int64) + 1
        made["channel"] = rng.choice(len(CHANNELS), CHUNK, p=(0.5, 0.3, 0.15, 0.05))
        made["country"] = np.minimum((len(COUNTRIES) * rng.random(CHUNK) ** 4).astype(np.int64), len(COUNTRIES) - 1)
        made["age"] = rng.integers(16, 85, CHUNK)
        made["known_device"] = (rng.random(CHUNK) < 0.8).astype(np.int64)
        made["missing"] = (rng.random((3, CHUNK)) < 0.03).astype(np.uint8)
        return made


def scattered(values: Array) -> Array:
    """A bijective mix of int64 values (splitmix64's finaliser), as text codes look."""
    x = values.astype(np.uint64)
    x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return (x ^ (x >> np.uint64(31))).view(np.int64)


class Encoder:
    """Columns of a chunk to `EventBatch`es under a compiled schema."""

    def __init__(self, schema: EventSchema, codes: Codes) -> None:
        self.schema = schema
        self.type_code = codes.one("payment")
        self.channels = np.array([codes.one(name) for name in CHANNELS], np.int64)
        self.countries = np.array([codes.one(name) for name in COUNTRIES], np.int64)

    def batch(self, columns: dict[str, Array], first: int) -> EventBatch:
        """All rows of a chunk; `first` is the position of its first event."""
        n = len(columns["time"])
        values = np.zeros((len(self.schema.columns), n), np.int64)
        nulls = np.zeros(values.shape, np.uint8)
        at = self.schema.index
        values[at["event_type"]] = self.type_code
        values[at["time"]] = values[at["received_at"]] = columns["time"]
        for name in (*KEYS, "amount", "age", "known_device"):
            values[at[name]] = columns[name]
        values[at["channel"]] = self.channels[columns["channel"]]
        values[at["country"]] = self.countries[columns["country"]]
        for name, missing in zip(("country", "age", "known_device"), columns["missing"]):
            nulls[at[name]] = missing
            values[at[name]][missing != 0] = 0
        positions = np.arange(first, first + n)
        ids = np.column_stack([scattered(positions), scattered(~positions)]).view(np.uint64)
        return EventBatch(
            "default", positions, pa.array(positions).cast(pa.string()), ids, scattered(positions + 1).view(np.uint64),
            np.zeros(n, np.int16), columns["time"], values, nulls, np.full(n, -1, np.int8), 0, columns["amount"], {},
        )  # fmt: skip


def rows_of(batch: EventBatch, start: int, stop: int) -> EventBatch:
    """Rows [start, stop) of a batch, as a batch of their own."""
    cut = slice(start, stop)
    return EventBatch(
        batch.tenant, batch.positions[cut], batch.ids[cut], batch.id_code[cut], batch.body_code[cut], batch.type_index[cut],
        batch.time_ms[cut], np.ascontiguousarray(batch.values[:, cut]), np.ascontiguousarray(batch.nulls[:, cut]),
        batch.labels[cut], batch.label_delay_ms, batch.money[cut], {},
    )  # fmt: skip


def renumbered(batch: EventBatch) -> EventBatch:
    """The same events under ids of their own, so that they are not repeats."""
    positions = ~batch.positions
    ids = np.column_stack([scattered(positions), scattered(~positions)]).view(np.uint64)
    return replace(batch, positions=positions, id_code=ids)


def batches(stream: Stream, encoder: Encoder, first_chunk: int, events: int, size: int) -> Iterator[list[EventBatch]]:
    """`events` events from chunk `first_chunk` on, in batches of `size`; one list per chunk, so that making them can stay untimed."""
    number, left = first_chunk, events
    while left > 0:
        whole = encoder.batch(stream.chunk(number), number * CHUNK)
        take = min(left, CHUNK)
        yield [rows_of(whole, at, min(at + size, take)) for at in range(0, take, size)]
        number, left = number + 1, left - take
