"""A batch of events to decisions, in machine code from end to end: filters, features, derived features, flow, brakes.

In: decoded columns int64[C, n] and uint8[C, n], times, what each row asks for; the context of a plan. Out: one block of results per row:
outcome, score, bits, path, a fingerprint of every value; the values themselves for rows that are kept.
One event is a batch of one: the same code, so the same bits. What does not change from call to call stands in the context, because
handing over an array costs a tenth of a microsecond.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.decisions.brakes import brake
from zhiyu.decisions.layout import (
    AS_NOW,
    D_AFTER,
    D_AFTER_SETS,
    D_APPROXIMATE,
    D_ASKS,
    D_BEFORE,
    D_BEFORE_SETS,
    D_COUNTED,
    D_DROPS,
    D_EPOCH,
    D_FEATURES,
    D_FROZEN,
    D_FROZEN_NULLS,
    D_FROZEN_VALUES,
    D_HIT_WORDS,
    D_KINDS,
    D_NETWORK,
    D_NOWS,
    D_NULLS,
    D_PATH_WORDS,
    D_RESULTS,
    D_SIZES,
    D_TIMES,
    D_VALUES,
    D_WATCHED,
    D_WIDTH,
    DECIDE,
    O_APPROXIMATE,
    O_ENFORCED,
    O_KEPT,
    O_MARK,
    O_OUTCOME,
    O_PRINT,
    O_SCORE,
    OUT_LINES,
    SKIP,
)
from zhiyu.decisions.programs import run_at
from zhiyu.decisions.scores import record_scores, score_models
from zhiyu.decisions.walk import walk
from zhiyu.entities.slots import spread_bits
from zhiyu.features.kernel import feed_block
from zhiyu.features.layout import X_TABLE_COUNT
from zhiyu.network.gates import open_gates
from zhiyu.network.kernel import feed_block as feed_network

NETWORK_FULL = 8
"""Added to what the network says is full."""
FINGERPRINT_SEED = int64(0x5A48495955)


@kernel
def take_block(
    x: Array, batch_values: Array, batch_nulls: Array, times: Array, nows: Array, kinds: Array, asks: Array, start: int, count: int
) -> None:  # fmt: skip
    """Copy rows [start, start + count) of the batch into the register file and the block's own times (ms since the epoch).

    Values and marks in loops of their own over plain pointers: together they are not vectorised, and cost four times as much.
    """
    assert batch_values.flags.c_contiguous
    assert batch_nulls.flags.c_contiguous
    width, epoch, total = x[D_WIDTH], x[D_EPOCH], batch_values.shape[1]
    all_values, all_nulls = words_at(batch_values.ctypes.data), bytes_at(batch_nulls.ctypes.data)
    for register in range(batch_values.shape[0]):
        given, values = beyond(all_values, register * total + start), beyond(words_at(x[D_VALUES]), register * width)
        for row in range(count):
            values[row] = given[row]
        marks, nulls = beyond(all_nulls, register * total + start), beyond(bytes_at(x[D_NULLS]), register * width)
        for row in range(count):
            nulls[row] = marks[row]
    for row in range(count):
        words_at(x[D_TIMES])[row] = times[start + row] - epoch
        words_at(x[D_NOWS])[row] = nows[start + row] - epoch
        words_at(x[D_KINDS])[row] = kinds[start + row]
        bytes_at(x[D_ASKS])[row] = asks[start + row]


@kernel
def drop_noise(x: Array, asks: Array, start: int, count: int) -> None:
    """Rows for which a `drop` predicate of their type is true count nowhere: said in `asks` and in the block."""
    values, nulls, width = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), x[D_WIDTH]
    kinds, own = words_at(x[D_KINDS]), bytes_at(x[D_ASKS])
    for number in range(x[D_SIZES + D_DROPS]):
        register, kind = words_at(x[D_DROPS])[2 * number] * width, words_at(x[D_DROPS])[2 * number + 1]
        for row in range(count):
            if kinds[row] == kind and nulls[register + row] == 0 and values[register + row] != 0:
                own[row] = SKIP
                asks[start + row] = SKIP


@kernel
def forget_results(x: Array, count: int) -> None:
    """Totals of what has not run are null."""
    values, nulls, width = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), x[D_WIDTH]
    for number in range(x[D_SIZES + D_RESULTS]):
        register = words_at(x[D_RESULTS])[number] * width
        for row in range(count):
            values[register + row] = 0
            nulls[register + row] = 1


@kernel
def keep_frozen(x: Array, start: int, count: int, line: int) -> int:
    """Features of rows that go on after a call are what they were when the event came. `line`: of the first such row at or after `start`;
    returns that of the first one behind the block."""
    rows, values, nulls, width = words_at(x[D_FROZEN]), words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), x[D_WIDTH]
    kept_values, kept_nulls = words_at(x[D_FROZEN_VALUES]), bytes_at(x[D_FROZEN_NULLS])
    features = x[D_SIZES + D_COUNTED]
    while line < x[D_SIZES + D_FROZEN] and rows[line] < start + count:
        for number in range(features):
            kept, spot = line * features + number, words_at(x[D_COUNTED])[number] * width + rows[line] - start
            if kept_nulls[kept] != AS_NOW:
                values[spot] = kept_values[kept]
                nulls[spot] = kept_nulls[kept]
        line += 1
    return line


@kernel
def fingerprint(x: Array, count: int, prints: Array) -> None:
    """prints[i] = one number that changes when any watched value or null mark of row i changes.

    Value by value over all rows: a row's chain of multiplications cannot overlap with itself, but with those of other rows.
    """
    values, nulls, width = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), x[D_WIDTH]
    for column in range(count):
        prints[column] = FINGERPRINT_SEED
    for number in range(x[D_SIZES + D_WATCHED]):
        register = words_at(x[D_WATCHED])[number] * width
        for column in range(count):
            mark = int64(nulls[register + column])
            value = values[register + column] if mark == 0 else mark
            prints[column] = (spread_bits(prints[column] ^ value) << 1) ^ (mark + number)


@kernel
def keep_values(x: Array, column: int, kept: int, kept_values: Array, kept_nulls: Array) -> None:
    """Copy the watched registers of a row to line `kept`."""
    values, nulls, width = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), x[D_WIDTH]
    for number in range(x[D_SIZES + D_WATCHED]):
        spot = words_at(x[D_WATCHED])[number] * width + column
        kept_values[kept, number] = values[spot]
        kept_nulls[kept, number] = nulls[spot]


@kernel
def decide_block(x: Array, count: int, line: Array, total: int, ids: Array, money: Array) -> None:
    """The flow and the brakes over the rows of the block; `line`: the results from the block's first row on, lines `total` apart."""
    outcomes, path = beyond(line, O_OUTCOME * total), beyond(line, OUT_LINES * total)
    hits = beyond(path, x[D_PATH_WORDS] * total)
    quiet = beyond(hits, x[D_HIT_WORDS] * total)
    errors = beyond(quiet, x[D_HIT_WORDS] * total)
    kinds, asks = words_at(x[D_KINDS]), bytes_at(x[D_ASKS])
    walk(x, kinds, asks, count, outcomes, beyond(line, O_SCORE * total), path, hits, quiet, errors, total)
    record_scores(x, beyond(errors, x[D_HIT_WORDS] * total), count, total)
    fingerprint(x, count, beyond(line, O_PRINT * total))
    brake(
        x,
        asks,
        count,
        outcomes,
        hits,
        total,
        ids,
        money,
        beyond(line, O_ENFORCED * total),
        beyond(line, O_MARK * total),
    )


@kernel
def decide_batch(
    context: Array, batch_values: Array, batch_nulls: Array, times: Array, nows: Array, kinds: Array, asks: Array, ids: Array,
    money: Array, keep_all: bool, out: Array, kept_values: Array, kept_nulls: Array,
) -> tuple[int, int]:  # fmt: skip
    """Decide all n rows, in order, in blocks of the register file's width. Returns (status, number of kept rows).

    `times`, `nows` int64[n] ms since 1970; `kinds` int64[n]; `asks` uint8[n]; `ids` uint64[n, 2] codes; `money` int64[n] minor units.
    `out` int64[lines, n] (zeros at first) as laid out in `layout`; line O_KEPT names the rows whose values are in `kept_values` [n, F].
    """
    x, out_at, total, kept = words_at(context.ctypes.data), words_at(out.ctypes.data), times.shape[0], 0
    frozen = int64(0)
    for start in range(0, total, x[D_WIDTH]):
        count = min(x[D_WIDTH], total - start)
        take_block(x, batch_values, batch_nulls, times, nows, kinds, asks, start, count)
        run_at(x, D_BEFORE, D_BEFORE_SETS, count)
        drop_noise(x, asks, start, count)
        features = words_at(x[D_FEATURES])
        if features[X_TABLE_COUNT] > 0:
            status = feed_block(features, words_at(x[D_TIMES]), words_at(x[D_NOWS]), bytes_at(x[D_ASKS]), 0, count)
            if status != 0:
                return status, kept
        if x[D_NETWORK] != 0:
            status = feed_network(
                words_at(x[D_NETWORK]), words_at(x[D_TIMES]), words_at(x[D_KINDS]), bytes_at(x[D_ASKS]), count
            )
            if status != 0:
                return NETWORK_FULL + status, kept
        frozen = keep_frozen(x, start, count, frozen)
        score_models(x, count)
        run_at(x, D_AFTER, D_AFTER_SETS, count)
        if x[D_NETWORK] != 0:
            open_gates(words_at(x[D_NETWORK]), count)
        forget_results(x, count)
        line = beyond(out_at, start)
        decide_block(
            x,
            count,
            line,
            total,
            beyond(words_at(ids.ctypes.data), 2 * start),
            beyond(words_at(money.ctypes.data), start),
        )
        for column in range(count):
            row = start + column
            out[O_APPROXIMATE, row] = bytes_at(x[D_APPROXIMATE])[column]
            if asks[row] == DECIDE and (out[O_OUTCOME, row] > 0 or keep_all):
                keep_values(x, column, kept, kept_values, kept_nulls)
                out[O_KEPT, kept] = row
                kept += 1
    return 0, kept
