"""Events that bring their features with them: what is timed is deciding alone.

In: how many. Out: the 150 rules of the benchmark policy over features as the engine counted them, as a batch for engines, and as plain
columns for peers. Counting them, and cutting batches, is outside the clock.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.bench.core import KEY
from zhiyu.bench.policy import CHANNELS, COUNTRIES, benchmark_policy
from zhiyu.bench.stream import CHUNK, START_MS, Encoder, Stream, rows_of, scattered
from zhiyu.bench.turns import Work
from zhiyu.decisions.kernel import decide_batch
from zhiyu.engine.engine import Engine
from zhiyu.events.batch import EventBatch
from zhiyu.events.schema import EventSchema
from zhiyu.expressions.types import Kind
from zhiyu.policy.check import check_policy
from zhiyu.policy.compile import Compiled, compile_policy
from zhiyu.policy.declare import Policy

Plain = dict[str, Array]
"""Columns as people see them: amounts in major units, texts, float NaN and None for what is missing."""


@dataclass(frozen=True)
class Given:
    """A policy whose features come with the events, and events for it. `plain`: the same events for peers."""

    compiled: Compiled
    codes: Codes
    batch: EventBatch
    plain: Plain

    def engine(self) -> Engine:
        """A fresh engine of this policy."""
        return Engine(self.compiled, self.codes)

    def first(self, events: int) -> Given:
        """The same with the first events only."""
        return replace(
            self, batch=rows_of(self.batch, 0, events), plain={name: c[:events] for name, c in self.plain.items()}
        )


def compiled_from(policy: Policy, codes: Codes, given: tuple[str, ...] = ()) -> Compiled:
    """Check and compile."""
    return compile_policy(check_policy(policy).require(), codes.one, given=given)


def rules_with_features(events: int) -> Given:
    """The benchmark policy over `events` payments (at most CHUNK), with every feature its rules read."""
    codes = Codes(KEY)
    counting = compiled_from(benchmark_policy(), codes)
    names = tuple(column.name for column in counting.features if column.role == "aggregate")
    compiled = compiled_from(benchmark_policy(), codes, names)
    chunk = {name: column[..., :events] for name, column in Stream(CHUNK, CHUNK).chunk(0).items()}
    batch = Encoder(counting.schema, codes).batch(chunk, 0)
    decisions = Engine(counting, codes).process(batch, keep_all=True).decisions
    whole = _with_features(batch, counting, compiled, decisions.kept_values, decisions.kept_nulls)
    return Given(compiled, codes, whole, _plain(chunk, whole, compiled))


def _with_features(
    batch: EventBatch, counting: Compiled, compiled: Compiled, values: Array, nulls: Array
) -> EventBatch:
    order = [column.name for column in counting.features]
    places = [order.index(name) for name in compiled.given]
    return replace(
        batch,
        values=np.concatenate([batch.values, values[:, places].T]),
        nulls=np.concatenate([batch.nulls, nulls[:, places].T]),
    )


def _plain(chunk: dict[str, Array], batch: EventBatch, compiled: Compiled) -> Plain:
    country, age, known = chunk["missing"] != 0
    made: Plain = {
        "amount": chunk["amount"] / 100,
        "hour": (chunk["time"] // 3_600_000 + 8) % 24,
        "channel": np.array(CHANNELS, object)[chunk["channel"]],
        "country": _or_none(np.array(COUNTRIES)[chunk["country"]], country),
        "age": _or_none(chunk["age"], age),
        "known_device": _or_none(chunk["known_device"] != 0, known),
    }
    types = {column.name: column.type for column in compiled.features}
    for number, name in enumerate(compiled.given, len(compiled.schema.columns)):
        values, type_ = batch.values[number], types[name]
        if type_.kind is Kind.FLOAT:
            made[name] = values.view(np.float64)
        else:
            made[name] = values / 10**type_.scale if type_.scale else values
    return made


def _or_none(column: Array, missing: Array) -> Array:
    made = column.astype(object)
    made[missing] = None
    return made


def batch_of(schema: EventSchema, codes: Codes, kind: str, columns: dict[str, Array]) -> EventBatch:
    """Events of one type, a second apart, from register values by column name; nothing is missing in the named columns."""
    n = len(next(iter(columns.values())))
    values, nulls = np.zeros((len(schema.columns), n), np.int64), np.ones((len(schema.columns), n), np.uint8)
    times = START_MS + 1000 * np.arange(n)
    own = columns | {
        "event_type": np.full(n, codes.one(kind)),
        "time": times,
        "received_at": times,
        "late": np.zeros(n),
    }
    for name, column in own.items():
        values[schema.index[name]], nulls[schema.index[name]] = column, 0
    positions = np.arange(n)
    ids = np.column_stack([scattered(positions), scattered(~positions)]).view(np.uint64)
    return EventBatch(
        "default", positions, positions.astype(str).tolist(), ids, ids[:, 0].copy(), np.zeros(n, np.int16), times, values, nulls,
        np.full(n, -1, np.int8), 0, np.zeros(n, np.int64), {},
    )  # fmt: skip


def blocks(engine: Engine, batch: EventBatch, size: int) -> Work:
    """`process_accepted` over the batch in pieces of `size`; 1: event by event."""
    cut = [rows_of(batch, at, min(at + size, batch.n)) for at in range(0, batch.n, size)]
    ready = [(piece, piece.time_ms.copy(), np.zeros(piece.n, np.uint8)) for piece in cut]

    def run() -> None:
        for piece, received, late in ready:
            engine.process_accepted(piece, received, late)

    return Work(run, batch.n)


def kernel_alone(engine: Engine, batch: EventBatch, width: int = 0) -> Work:
    """The decision kernel event by event without Python between the events: blocks of one row, as for a single event.

    `width` 1 by number of the register file: 0 is the one of single events, 1 that of blocks.
    """
    file, state, n = engine.deciding.files[width], engine.state, batch.n
    for piece in (rows_of(batch, 0, 1), batch):  # both register files learn where the state is
        engine.process_accepted(piece, piece.time_ms.copy(), np.zeros(piece.n, np.uint8))
    block = np.zeros((engine._lines, n), np.int64)
    kept_values = np.empty((n, len(engine.compiled.features)), np.int64)
    kept_nulls = np.empty(kept_values.shape, np.uint8)
    asks, kinds, ids = np.ones(n, np.uint8), batch.type_index, batch.id_code.view(np.int64)

    def run() -> None:
        block[:] = 0
        state.bind(file.values, file.nulls)
        decide_batch(
            file.x, batch.values, batch.nulls, batch.time_ms, batch.time_ms, kinds, asks, ids, batch.money, False, block, kept_values,
            kept_nulls,
        )  # fmt: skip

    return Work(run, n)


def repeated(work: Work, times: int) -> Work:
    """The same work several times in one round, so that a round is long enough to be timed."""
    run: Callable[[], object] = work.run

    def again() -> None:
        for _ in range(times):
            run()

    return Work(again, work.events * times)
