"""What the runs say about one key at a moment, without an event: nothing is entered, nothing is remembered.

In: a state, the register that names the table's key, a key, a moment. Out: the table's registers as an event at that moment would find
them before it entered; and from when on each window is still whole. `last`, `first` and the like of texts give the code of the text.
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.entities.slots import ROW_WORDS, RUN, SIZE, find, spread_bits
from zhiyu.features.heap import CLASSES
from zhiyu.features.layout import (
    HEADER_WORDS,
    KEEP,
    KEY0,
    KEYS,
    L_ROLE,
    LANE0,
    LANE1,
    LANE_COLUMNS,
    NUMERIC,
    PLACES,
    TABLE_COLUMNS,
    X_CAPACITIES,
    X_HEAD,
    X_HEAP,
    X_INDEX,
    X_INDEX_STRIDE,
    X_LANES,
    X_MARKS,
    X_ROW_STRIDE,
    X_ROWS,
    X_TABLES,
)
from zhiyu.features.loss import mark_loss
from zhiyu.features.query import count_lane, edges, number_lane, place_lane
from zhiyu.features.runs import place_of
from zhiyu.features.state import FeatureState


@kernel
def look(context: Array, number: int, key: int, time: int, values: Array, nulls: Array) -> None:
    """Every cell of table `number` for a key at `time` (ms since the plan's epoch), into values int64[R], nulls uint8[R]."""
    x = words_at(context.ctypes.data)
    out, gone = words_at(values.ctypes.data), bytes_at(nulls.ctypes.data)
    table = beyond(words_at(x[X_TABLES]), number * TABLE_COLUMNS)
    head = beyond(words_at(x[X_HEAD]), number * HEADER_WORDS)
    rows = beyond(words_at(x[X_ROWS]), number * x[X_ROW_STRIDE])
    index = beyond(words_at(x[X_INDEX]), number * x[X_INDEX_STRIDE])
    capacities, heap = beyond(words_at(x[X_CAPACITIES]), number * CLASSES), words_at(x[X_HEAP])
    bytes_at(x[X_MARKS])[0] = 0
    run, cap, end, high = 0, 0, 0, 0
    slot = find(rows, index, head, key, spread_bits(key))
    if slot >= 0:
        line = beyond(rows, slot * ROW_WORDS)
        run, cap, end = line[RUN], capacities[line[SIZE] & 255], line[SIZE] >> 8
        high = place_of(heap, run, end, time)
        mark_loss(x, table, run, cap, 0, time)
    edges(x, run, table, time, high)
    for each in range(table[LANE0], table[LANE1]):
        lane = beyond(words_at(x[X_LANES]), each * LANE_COLUMNS)
        if lane[L_ROLE] & NUMERIC:
            number_lane(x, run, cap, table, lane, high, out, gone, 1)
        else:
            count_lane(x, run, cap, table, lane, high, end, out, gone, 1)
        if lane[L_ROLE] & PLACES:
            place_lane(x, run, cap, table, lane, high, time, out, gone, 1)


def looked(state: FeatureState, register: int, key: int, moment_ms: int, registers: int) -> tuple[Array, Array, bool]:
    """Values int64[registers], nulls uint8[registers] of what the table keyed by `register` alone counts about `key` at a moment; whether
    entries are missing that the key has lost (`loss`). What the table does not write is null; all is null without such a table."""
    values, nulls = np.zeros(registers, np.int64), np.ones(registers, np.uint8)
    table = table_of(state, register)
    if table < 0:
        return values, nulls, False
    since = moment_ms - (state.epoch_ms if state.epoch_ms is not None else moment_ms)
    look(state.context, table, key, since, values, nulls)
    return values, nulls, bool(state.marks[0])


def whole_since(state: FeatureState, register: int, window_ms: int, now_ms: int) -> int:
    """The earliest moment (ms) at which a window of the table keyed by `register` alone is still whole, when the newest time seen is
    `now_ms`: what is older than the table's widest window and lateness may be gone."""
    table = table_of(state, register)
    return now_ms if table < 0 else now_ms - int(state.plan.tables[table, KEEP]) + window_ms


def table_of(state: FeatureState, register: int) -> int:
    """The table whose only key stands in `register`, -1 without."""
    tables = state.plan.tables
    found = np.flatnonzero((tables[:, KEYS] == 1) & (tables[:, KEY0] == register))
    return int(found[0]) if len(found) else -1
