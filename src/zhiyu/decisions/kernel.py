"""A batch of events to decisions, in machine code from end to end: filters, features, derived features, rules, outcome.

In: decoded columns int64[C, n] and uint8[C, n], times, what each row asks for; programs, plan context and rule tables. Out: outcome,
score, hit and error bits, a fingerprint of every feature value per row; the values themselves for rows that are kept.
One event is a batch of one: the same code, so the same bits.
"""

import numpy as np

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.decisions.combine import combine
from zhiyu.decisions.layout import DECIDE, SKIP
from zhiyu.entities.slots import spread_bits
from zhiyu.expressions.machine import run_program
from zhiyu.features.kernel import feed_pointers

FINGERPRINT_SEED = int64(0x5A48495955)


@kernel
def take_block(batch_values: Array, batch_nulls: Array, start: int, count: int, values: Array, nulls: Array) -> None:
    """Copy columns [start, start + count) of the batch into the register file."""
    for register in range(batch_values.shape[0]):
        for row in range(count):
            values[register, row] = batch_values[register, start + row]
            nulls[register, row] = batch_nulls[register, start + row]


@kernel
def drop_noise(values: Array, nulls: Array, drops: Array, kinds: Array, asks: Array, start: int, count: int) -> None:
    """Rows for which a `drop` predicate of their type is true count nowhere."""
    for number in range(drops.shape[0]):
        register = drops[number, 0]
        for row in range(count):
            if kinds[start + row] == drops[number, 1] and nulls[register, row] == 0 and values[register, row] != 0:
                asks[start + row] = SKIP


@kernel
def fingerprint(values: Array, nulls: Array, count: int, watched: Array, prints: Array, start: int) -> None:
    """prints[start + i] = one number that changes when any watched value or null mark of row i changes.

    Value by value over all rows: a row's chain of multiplications cannot overlap with itself, but with those of other rows.
    """
    prints[start : start + count] = FINGERPRINT_SEED
    for number in range(watched.shape[0]):
        register = watched[number]
        for column in range(count):
            mark = int64(nulls[register, column])
            value = values[register, column] if mark == 0 else mark
            prints[start + column] = (spread_bits(prints[start + column] ^ value) << 1) ^ (mark + number)


@kernel
def keep_values(
    values: Array, nulls: Array, column: int, watched: Array, kept: int, kept_values: Array, kept_nulls: Array
) -> None:
    """Copy the watched registers of a row to line `kept`."""
    for number in range(watched.shape[0]):
        kept_values[kept, number] = values[watched[number], column]
        kept_nulls[kept, number] = nulls[watched[number], column]


@kernel
def decide_batch(
    context: Array, before_code: Array, before_sets: Array, after_code: Array, after_sets: Array, rules: Array, sets: Array,
    thresholds: Array, drops: Array, watched: Array, values: Array, nulls: Array, batch_values: Array, batch_nulls: Array,
    times: Array, nows: Array, kinds: Array, asks: Array, keep_all: bool, outcomes: Array, scores: Array, hits: Array, errors: Array,
    prints: Array, kept_rows: Array, kept_values: Array, kept_nulls: Array,
) -> tuple[int, int]:  # fmt: skip
    """Decide all n rows, in order, in blocks of the register file's width. Returns (status, number of kept rows).

    `times`, `nows` are ms since the plan's epoch. `kept_rows` int64[n] names the rows whose values are in `kept_values` [n, F].
    """
    width, total, kept = values.shape[1], times.shape[0], 0
    stopped, sums = np.empty(width, np.uint8), np.empty(width, np.int64)
    for start in range(0, total, width):
        count = min(width, total - start)
        take_block(batch_values, batch_nulls, start, count, values, nulls)
        run_program(before_code, before_sets, values, nulls, count)
        drop_noise(values, nulls, drops, kinds, asks, start, count)
        status = feed_pointers(context, times, nows, asks, start, count)
        if status != 0:
            return status, kept
        run_program(after_code, after_sets, values, nulls, count)
        combine(
            values, nulls, rules, sets, thresholds, kinds, asks, start, count, stopped, sums, outcomes, scores, hits, errors
        )  # fmt: skip
        fingerprint(values, nulls, count, watched, prints, start)
        for column in range(count):
            row = start + column
            if asks[row] == DECIDE and (outcomes[row] > 0 or keep_all):
                keep_values(values, nulls, column, watched, kept, kept_values, kept_nulls)
                kept_rows[kept] = row
                kept += 1
    return 0, kept
