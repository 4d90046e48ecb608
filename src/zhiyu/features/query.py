"""What a key's run says at one moment: every window and aggregate of a table, written into the register file.

In: the kernel's context `x`, a run, the time of the event, which lanes (those that include the event itself, or those that leave it
out). Out: registers of the row. `values`, `nulls` point at the row's column; register r stands at `r * width`.
"""

import math

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import as_floats, beyond, floats_at, spread, words_at
from zhiyu.base.numeric import distance_km
from zhiyu.features.fold import EMPTY, Sums, first_counted, fold_flags, fold_numbers, hidden_distinct, last_counted
from zhiyu.features.layout import (
    BIG,
    C_COUNT,
    C_DISTINCT,
    C_FIRST,
    C_LAST,
    C_MAX,
    C_MEAN,
    C_MIN,
    C_SINCE_FIRST,
    C_SINCE_LAST,
    C_SPEED,
    C_STD,
    C_SUM,
    C_WINDOW,
    CATEGORY,
    CATEGORY0,
    CELL_COLUMNS,
    COUNT_WORDS,
    DISTINCT,
    EXTREMES,
    L_ALL,
    L_CELL0,
    L_CELL1,
    L_COUNTS,
    L_MEMO,
    L_PAST,
    L_REGISTER,
    L_ROLE,
    L_VALUE,
    LANE0,
    LANE1,
    LANE_COLUMNS,
    M_COUNT,
    M_FRESH,
    M_LOW,
    M_SQUARE_HIGH,
    M_SQUARE_LOW,
    M_SUM,
    MEMO_TIME,
    NUMBER_WORDS,
    NUMERIC,
    PLACES,
    STAMP_SHIFT,
    WINDOW0,
    WINDOW1,
    X_CELLS,
    X_COLUMNS,
    X_HEAP,
    X_LANES,
    X_LOWS,
    X_ROW_STRIDE,
    X_ROWS,
    X_SCALES,
    X_WINDOWS,
    category_at,
    half,
    memo_at,
    number_at,
)  # fmt: skip
from zhiyu.features.memo import learn_numbers, remembered_edges, slide_numbers
from zhiyu.features.runs import upper_bound

SHORTEST_TRIP_MS = 1000.0
MS_PER_HOUR = 3_600_000.0


@kernel
def put(values: Array, nulls: Array, register: int, width: int, value: int, null: bool) -> None:
    """Write an integer result (or null) unless the cell does not ask for it."""
    if register >= 0:
        values[register * width] = 0 if null else value
        nulls[register * width] = 1 if null else 0


@kernel
def put_float(values: Array, nulls: Array, register: int, width: int, value: float, null: bool) -> None:
    """Write a float result (or null)."""
    as_floats(values)[register * width] = 0.0 if null else value
    nulls[register * width] = 1 if null else 0


@kernel
def trip_km(start: int, stop: int) -> float:
    """Distance of two packed places (latitude in the high 32 bits, longitude in the low, micro-degrees)."""
    return distance_km(start >> 32, (start << 32) >> 32, stop >> 32, (stop << 32) >> 32)


@kernel
def edges(x: Array, run: int, table: Array, time: int, high: int) -> None:
    """lows[w] = first entry of [0, high) inside window w of the table: time > event time - width. Windows ascend."""
    heap, windows, lows = words_at(x[X_HEAP]), words_at(x[X_WINDOWS]), words_at(x[X_LOWS])
    low = high
    for number in range(table[WINDOW0], table[WINDOW1]):
        before = time - windows[number]
        if low > 0 and heap[run] < (before + 1) << STAMP_SHIFT:
            low = upper_bound(heap, run, 1, low, before)
        else:
            low = 0
        lows[number - table[WINDOW0]] = low


@kernel
def put_numbers(
    cell: Array,
    sums: Sums,
    scale: float,
    floats: tuple[float, float],
    fresh: bool,
    values: Array,
    nulls: Array,
    width: int,
) -> tuple[float, float]:
    """All aggregates of one number cell. Mean and deviation are computed only when the sums are `fresh`; returned for the next cell."""
    count, total = sums[0], sums[1]
    none = count == 0
    put(values, nulls, cell[C_COUNT], width, count, False)
    put(values, nulls, cell[C_SUM], width, total, False)
    put(values, nulls, cell[C_MIN], width, sums[4], none)
    put(values, nulls, cell[C_MAX], width, sums[5], none)
    mean, deviation = floats
    if fresh and not none:
        scaled = float(count) * scale
        mean = float(total) / scaled
        deviation = math.sqrt(spread(count, total, sums[2], sums[3])) / scaled
    if cell[C_MEAN] >= 0:
        put_float(values, nulls, cell[C_MEAN], width, mean, none)
    if cell[C_STD] >= 0:
        put_float(values, nulls, cell[C_STD], width, deviation, none)
    return mean, deviation


@kernel
def number_lane(
    x: Array, run: int, cap: int, table: Array, lane: Array, high: int, values: Array, nulls: Array, width: int
) -> None:
    """count, sum, mean, std, min, max of a number lane, window by window outwards: each adds only what the last did not reach."""
    heap, lows, scales = words_at(x[X_HEAP]), words_at(x[X_LOWS]), floats_at(x[X_SCALES])
    sums = EMPTY
    reached, floats = high, (0.0, 0.0)
    for number in range(lane[L_CELL0], lane[L_CELL1]):
        cell = beyond(words_at(x[X_CELLS]), number * CELL_COLUMNS)
        low = lows[cell[C_WINDOW]]
        fresh = low < reached
        if fresh:
            sums = fold_numbers(heap, run, cap, table, lane, low, reached, sums)
            reached = low
        floats = put_numbers(cell, sums, scales[number], floats, fresh, values, nulls, width)


@kernel
def remembered_numbers(
    x: Array,
    run: int,
    cap: int,
    memo: int,
    table: Array,
    lane: Array,
    high: int,
    values: Array,
    nulls: Array,
    width: int,
) -> None:
    """As `number_lane` without min and max, from the memo: only entries that came or left since the last answer are looked at."""
    heap, lows, scales = words_at(x[X_HEAP]), words_at(x[X_LOWS]), floats_at(x[X_SCALES])
    none = EMPTY
    at = memo + lane[L_MEMO]
    reached = heap[at]
    heap[at] = high
    added = none
    if reached >= 0:
        added = fold_numbers(heap, run, cap, table, lane, reached, high, none)
    for number in range(lane[L_CELL0], lane[L_CELL1]):
        cell = beyond(words_at(x[X_CELLS]), number * CELL_COLUMNS)
        spot = at + 1 + (number - lane[L_CELL0]) * NUMBER_WORDS
        low = lows[cell[C_WINDOW]]
        if low <= reached:
            slide_numbers(heap, run, cap, table, lane, spot, low, added)
        else:
            learn_numbers(heap, spot, low, fold_numbers(heap, run, cap, table, lane, low, high, none))
        sums = (
            heap[spot + M_COUNT],
            heap[spot + M_SUM],
            heap[spot + M_SQUARE_LOW],
            heap[spot + M_SQUARE_HIGH],
            none[4],
            none[5],
        )
        put_numbers(cell, sums, scales[number], (0.0, 0.0), True, values, nulls, width)


@kernel
def count_lane(
    x: Array,
    run: int,
    cap: int,
    table: Array,
    lane: Array,
    high: int,
    end: int,
    values: Array,
    nulls: Array,
    width: int,
) -> None:
    """count and distinct of a lane without numbers."""
    heap, lows = words_at(x[X_HEAP]), words_at(x[X_LOWS])
    count, fresh, reached = 0, 0, high
    for number in range(lane[L_CELL0], lane[L_CELL1]):
        cell = beyond(words_at(x[X_CELLS]), number * CELL_COLUMNS)
        low = lows[cell[C_WINDOW]]
        if low < reached:
            if lane[L_ROLE] & DISTINCT:
                fresh += fold_flags(heap, run, cap, table, lane, low, reached, True)
            if lane[L_ALL]:
                count = high - low
            elif lane[L_COUNTS]:
                count += fold_flags(heap, run, cap, table, lane, low, reached, False)
            reached = low
        put(values, nulls, cell[C_COUNT], width, count, False)
        if cell[C_DISTINCT] >= 0:
            hidden = 0
            if high < end:
                hidden = hidden_distinct(heap, run, cap, table, lane, low, high, end)
            put(values, nulls, cell[C_DISTINCT], width, fresh + hidden, False)


@kernel
def remembered_counts(
    x: Array,
    run: int,
    cap: int,
    memo: int,
    table: Array,
    lane: Array,
    high: int,
    values: Array,
    nulls: Array,
    width: int,
) -> None:
    """As `count_lane` over the whole run, from the memo."""
    heap, lows = words_at(x[X_HEAP]), words_at(x[X_LOWS])
    at = memo + lane[L_MEMO]
    reached = heap[at]
    heap[at] = high
    for number in range(lane[L_CELL0], lane[L_CELL1]):
        cell = beyond(words_at(x[X_CELLS]), number * CELL_COLUMNS)
        spot = at + 1 + (number - lane[L_CELL0]) * COUNT_WORDS
        low, begun, start = lows[cell[C_WINDOW]], heap[spot + M_LOW], reached
        if low > reached:
            begun, start = low, low
            heap[spot + M_COUNT] = 0
            heap[spot + M_FRESH] = 0
        heap[spot + M_LOW] = low
        if lane[L_COUNTS]:
            heap[spot + M_COUNT] += fold_flags(heap, run, cap, table, lane, start, high, False)
            heap[spot + M_COUNT] -= fold_flags(heap, run, cap, table, lane, begun, low, False)
        if lane[L_ROLE] & DISTINCT:
            heap[spot + M_FRESH] += fold_flags(heap, run, cap, table, lane, start, high, True)
            heap[spot + M_FRESH] -= fold_flags(heap, run, cap, table, lane, begun, low, True)
        put(values, nulls, cell[C_COUNT], width, heap[spot + M_COUNT], False)
        put(values, nulls, cell[C_DISTINCT], width, heap[spot + M_FRESH], False)


@kernel
def entry_value(x: Array, run: int, cap: int, entry: int, table: Array, lane: Array) -> int:
    """The 64-bit value an entry carries for this lane; a category gives back the key of its slot."""
    heap = words_at(x[X_HEAP])
    if not lane[L_ROLE] & CATEGORY:
        return heap[run + number_at(table, cap, lane[L_VALUE]) + entry]
    slot = half(heap, 2 * (run + category_at(table, cap, lane[L_VALUE])) + entry)
    domain = words_at(x[X_COLUMNS])[2 * (table[CATEGORY0] + lane[L_VALUE]) + 1]
    return words_at(x[X_ROWS])[domain * x[X_ROW_STRIDE] + slot * 4]


@kernel
def oldest_cell(
    x: Array, run: int, cap: int, table: Array, lane: Array, cell: Array, low: int, high: int, time: int,
    values: Array, nulls: Array, width: int,
) -> None:  # fmt: skip
    """first and since_first of one window."""
    heap = words_at(x[X_HEAP])
    entry = first_counted(heap, run, cap, table, lane, low, high)
    none = entry < 0
    if cell[C_FIRST] >= 0:
        found = 0
        if not none:
            found = entry_value(x, run, cap, entry, table, lane)
        put(values, nulls, cell[C_FIRST], width, found, none)
    since = 0
    if not none:
        since = time - (heap[run + entry] >> STAMP_SHIFT)
    put(values, nulls, cell[C_SINCE_FIRST], width, since, none)


@kernel
def newest_cell(
    x: Array, run: int, cap: int, table: Array, lane: Array, cell: Array, low: int, high: int, time: int,
    values: Array, nulls: Array, width: int,
) -> None:  # fmt: skip
    """last, since_last and speed_kmh of one window."""
    heap = words_at(x[X_HEAP])
    entry = last_counted(heap, run, cap, table, lane, low, high)
    if entry < 0:
        put(values, nulls, cell[C_LAST], width, 0, True)
        put(values, nulls, cell[C_SINCE_LAST], width, 0, True)
        put(values, nulls, cell[C_SPEED], width, 0, True)
        return
    since = time - (heap[run + entry] >> STAMP_SHIFT)
    put(values, nulls, cell[C_SINCE_LAST], width, since, False)
    if cell[C_LAST] < 0 and cell[C_SPEED] < 0:
        return
    found = entry_value(x, run, cap, entry, table, lane)
    put(values, nulls, cell[C_LAST], width, found, False)
    if cell[C_SPEED] >= 0:
        here = lane[L_REGISTER] * width
        hours = max(float(since), SHORTEST_TRIP_MS) / MS_PER_HOUR
        put_float(values, nulls, cell[C_SPEED], width, trip_km(found, values[here]) / hours, nulls[here] != 0)


@kernel
def place_lane(
    x: Array,
    run: int,
    cap: int,
    table: Array,
    lane: Array,
    high: int,
    time: int,
    values: Array,
    nulls: Array,
    width: int,
) -> None:
    """first, last, since_first, since_last and speed_kmh of a lane."""
    lows = words_at(x[X_LOWS])
    for number in range(lane[L_CELL0], lane[L_CELL1]):
        cell = beyond(words_at(x[X_CELLS]), number * CELL_COLUMNS)
        low = lows[cell[C_WINDOW]]
        if cell[C_FIRST] >= 0 or cell[C_SINCE_FIRST] >= 0:
            oldest_cell(x, run, cap, table, lane, cell, low, high, time, values, nulls, width)
        if cell[C_LAST] >= 0 or cell[C_SINCE_LAST] >= 0 or cell[C_SPEED] >= 0:
            newest_cell(x, run, cap, table, lane, cell, low, high, time, values, nulls, width)


@kernel
def answer(
    x: Array, table: Array, run: int, cap: int, high: int, end: int, time: int, past: int, values: Array, nulls: Array,
    width: int,
) -> None:  # fmt: skip
    """All cells of the table's lanes whose `past` mark equals `past`, over entries [0, high) of a run of `end` entries."""
    heap, memo = words_at(x[X_HEAP]), run + memo_at(table, cap)
    known = cap >= BIG and high == end and heap[memo + MEMO_TIME] <= time
    if known:
        remembered_edges(x, run, memo, table, time, high)
    else:
        edges(x, run, table, time, high)
    for number in range(table[LANE0], table[LANE1]):
        lane = beyond(words_at(x[X_LANES]), number * LANE_COLUMNS)
        if lane[L_PAST] != past:
            continue
        if lane[L_ROLE] & NUMERIC:
            if known and not lane[L_ROLE] & EXTREMES:
                remembered_numbers(x, run, cap, memo, table, lane, high, values, nulls, width)
            else:
                number_lane(x, run, cap, table, lane, high, values, nulls, width)
        elif known and not lane[L_ALL]:
            remembered_counts(x, run, cap, memo, table, lane, high, values, nulls, width)
        else:
            count_lane(x, run, cap, table, lane, high, end, values, nulls, width)
        if lane[L_ROLE] & PLACES:
            place_lane(x, run, cap, table, lane, high, time, values, nulls, width)


@kernel
def silence(x: Array, table: Array, values: Array, nulls: Array, width: int) -> None:
    """The event has no such key: every feature of the table is null."""
    lanes = words_at(x[X_LANES])
    first = lanes[table[LANE0] * LANE_COLUMNS + L_CELL0]
    last = lanes[(table[LANE1] - 1) * LANE_COLUMNS + L_CELL1]
    for number in range(first, last):
        cell = beyond(words_at(x[X_CELLS]), number * CELL_COLUMNS)
        for aggregate in range(C_COUNT, C_SPEED + 1):
            put(values, nulls, cell[aggregate], width, 0, True)
