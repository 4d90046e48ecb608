"""The feature kernel: a block of events goes in, the features of each as of its own moment come out.

In: a context `x` (addresses of plan and state, see `layout`), a block of B ≤ 64 rows in the register file (event columns, filters),
each row's effective time, `now`, and whether it asks for features. Out: the feature registers; a mark on rows whose keys have lost entries
that belong in the answer (`X_MARKS`); the state moved on.
A table takes its rows in order: row i sees rows 0..i-1 of the block, so a block gives the same bits as its rows one by one. Tables do
not read each other, so one after the other takes the whole block: its plan, registers and code stay in the first-level cache.
How it is fast: one pass asks for the index lines of the whole block, one finds slots and asks for the runs, one does the work, so
that cache misses overlap (about 27 ns each on the reference machine, 215 ns when one waits for the other). Pointers, not arrays, are
passed between kernels: numba counts references to every array view, which cost 30 % here.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, prefetch, words_at
from zhiyu.entities.slots import (
    BITS,
    FREE_MARK,
    FULL,
    HAND,
    ROW_WORDS,
    RUN,
    SEEN,
    SIZE,
    USED,
    add,
    find,
    index_word,
    joined,
    remove,
    spread_bits,
)  # fmt: skip
from zhiyu.features.heap import CLASSES, HEAP_FULL, release
from zhiyu.features.insert import counts_anywhere, insert
from zhiyu.features.layout import (
    BIG,
    CATEGORIES,
    EXTRA,
    HAS_NOW,
    HAS_PAST,
    HEADER_WORDS,
    KEY0,
    KEY1,
    KEYS,
    LANE0,
    LANE1,
    MEMO,
    MEMO_EDGES,
    MEMO_TIME,
    NOTHING,
    NUMBERS,
    TABLE_COLUMNS,
    WINDOW0,
    WINDOW1,
    X_CAPACITIES,
    X_COUNTERS,
    X_HEAD,
    X_HEAP,
    X_HEAP_HEAD,
    X_HORIZON,
    X_INDEX,
    X_INDEX_STRIDE,
    X_KEYS,
    X_MARKS,
    X_NULLS,
    X_ROW_STRIDE,
    X_ROWS,
    X_SLOTS,
    X_TABLE_COUNT,
    X_TABLES,
    X_VALUES,
    X_WIDTH,
    memo_at,
)  # fmt: skip
from zhiyu.features.loss import mark_loss
from zhiyu.features.query import answer, silence
from zhiyu.features.runs import place_of

OK, TABLE_FULL, MEMORY_FULL = 0, 1, 2
SKIPPED = 2
"""`asks` of a row that counts nowhere (0: only feeds, 1: features are wanted)."""
# counters
LOST, RECLAIMED, LATE_INSERTS = 0, 1, 2


@kernel
def mixed_key(table: Array, values: Array, nulls: Array, width: int) -> tuple[int, bool]:
    """The row's 64-bit key in a table and whether it has one. A compound key mixes its parts in order."""
    register = table[KEY0] * width
    if nulls[register] != 0:
        return 0, False
    key: int = values[register]
    for part in range(1, table[KEYS]):
        register = table[KEY1 + part - 1] * width
        if nulls[register] != 0:
            return 0, False
        key = joined(key, values[register])
    return key, True


@kernel
def reclaim_one(x: Array, number: int, before: int) -> int:
    """Move the clock hand of a table one slot on; free the slot when its newest event is older than `before`. Returns freed slots."""
    head = beyond(words_at(x[X_HEAD]), number * HEADER_WORDS)
    used = head[USED]
    if used == 0:
        return 0
    slot = head[HAND]
    head[HAND] = slot + 1 if slot + 1 < used else 0
    rows = beyond(words_at(x[X_ROWS]), number * x[X_ROW_STRIDE])
    line = beyond(rows, slot * ROW_WORDS)
    if line[SEEN] == FREE_MARK or line[SEEN] >= before:
        return 0
    if line[RUN] > 0:
        release(words_at(x[X_HEAP]), words_at(x[X_HEAP_HEAD]), line[SIZE] & 255, line[RUN])
    remove(rows, beyond(words_at(x[X_INDEX]), number * x[X_INDEX_STRIDE]), head, slot)
    return 1


@kernel
def hash_keys(x: Array, number: int, asks: Array, first: int, count: int) -> None:
    """Keys of rows [first, first + count) in one table, and their hashes (-1 without key); the index lines are asked for ahead."""
    table = beyond(words_at(x[X_TABLES]), number * TABLE_COLUMNS)
    head = beyond(words_at(x[X_HEAD]), number * HEADER_WORDS)
    index_address = x[X_INDEX] + 8 * number * x[X_INDEX_STRIDE]
    values, nulls, width = words_at(x[X_VALUES]), bytes_at(x[X_NULLS]), x[X_WIDTH]
    keys = beyond(words_at(x[X_KEYS]), 2 * number * width)
    for row in range(first, first + count):
        key, present = mixed_key(table, beyond(values, row), beyond(nulls, row), width)
        present = present and asks[row] != SKIPPED
        hashed = spread_bits(key) if present else -1
        keys[2 * row] = key
        keys[2 * row + 1] = hashed
        if present:
            prefetch(index_address + 8 * index_word(hashed, head[BITS]))


@kernel
def find_table_slots(x: Array, number: int, first: int, count: int) -> int:
    """Slots of rows [first, first + count) in one table (-1 without key), new keys added; the rows are asked for ahead."""
    head = beyond(words_at(x[X_HEAD]), number * HEADER_WORDS)
    rows = beyond(words_at(x[X_ROWS]), number * x[X_ROW_STRIDE])
    index = beyond(words_at(x[X_INDEX]), number * x[X_INDEX_STRIDE])
    row_address = x[X_ROWS] + 8 * number * x[X_ROW_STRIDE]
    keys = beyond(words_at(x[X_KEYS]), 2 * number * x[X_WIDTH])
    slots = beyond(words_at(x[X_SLOTS]), number * x[X_WIDTH])
    for row in range(first, first + count):
        slot = -1
        hashed = keys[2 * row + 1]
        if hashed >= 0:
            slot = find(rows, index, head, keys[2 * row], hashed)
            if slot < 0:
                slot = add(rows, index, head, keys[2 * row], hashed)
                if slot == FULL:
                    return TABLE_FULL
            prefetch(row_address + 8 * ROW_WORDS * slot)
        slots[row] = slot
    return OK


@kernel
def ask_for_runs(x: Array, number: int, times: Array, first: int, count: int) -> None:
    """Mark the rows' slots as seen, and prefetch the newest entries of their runs, column by column, and what long runs remember."""
    table = beyond(words_at(x[X_TABLES]), number * TABLE_COLUMNS)
    rows = beyond(words_at(x[X_ROWS]), number * x[X_ROW_STRIDE])
    slots = beyond(words_at(x[X_SLOTS]), number * x[X_WIDTH])
    capacities = beyond(words_at(x[X_CAPACITIES]), number * CLASSES)
    wide = 1 + table[EXTRA] + table[NUMBERS]
    for row in range(first, first + count):
        if slots[row] < 0:
            continue
        line = beyond(rows, slots[row] * ROW_WORDS)
        line[SEEN] = max(line[SEEN], times[row])
        run = line[RUN]
        if run == 0:
            continue
        cap, end = capacities[line[SIZE] & 255], line[SIZE] >> 8
        at = x[X_HEAP] + 8 * run
        for column in range(wide):
            prefetch(at + 8 * (column * cap + end))
            if end > 4:
                prefetch(at + 8 * (column * cap + end) - 64)
        for column in range(table[CATEGORIES]):
            prefetch(at + 8 * (wide * cap + column * ((cap + 1) >> 1)) + 4 * end)
        if cap >= BIG:
            for word in range(0, table[MEMO] + 7, 8):
                prefetch(at + 8 * (memo_at(table, cap) + word))


@kernel
def ask_for_edges(x: Array, number: int, first: int, count: int) -> None:
    """Prefetch the entries of long runs at which their windows began last time: they are the next to expire."""
    table = beyond(words_at(x[X_TABLES]), number * TABLE_COLUMNS)
    rows = beyond(words_at(x[X_ROWS]), number * x[X_ROW_STRIDE])
    slots = beyond(words_at(x[X_SLOTS]), number * x[X_WIDTH])
    capacities, heap = beyond(words_at(x[X_CAPACITIES]), number * CLASSES), words_at(x[X_HEAP])
    for row in range(first, first + count):
        if slots[row] < 0:
            continue
        line = beyond(rows, slots[row] * ROW_WORDS)
        cap = capacities[line[SIZE] & 255]
        if cap < BIG or heap[line[RUN] + memo_at(table, cap) + MEMO_TIME] == NOTHING:
            continue
        lows = line[RUN] + memo_at(table, cap) + MEMO_EDGES
        for window in range(table[WINDOW1] - table[WINDOW0]):
            for column in range(1 + table[EXTRA] + table[NUMBERS]):
                prefetch(x[X_HEAP] + 8 * (line[RUN] + column * cap + heap[lows + window]))


@kernel
def feed_row(x: Array, number: int, table: Array, row: int, time: int, now: int, asks: bool) -> int:
    """One event through one table: lanes that leave it out answer, it enters, lanes that include it answer."""
    width = x[X_WIDTH]
    values, nulls = beyond(words_at(x[X_VALUES]), row), beyond(bytes_at(x[X_NULLS]), row)
    slots = beyond(words_at(x[X_SLOTS]), row)
    capacities, heap = beyond(words_at(x[X_CAPACITIES]), number * CLASSES), words_at(x[X_HEAP])
    slot = slots[number * width]
    if slot < 0:
        if asks:
            silence(x, table, values, nulls, width)
        return OK
    line = beyond(words_at(x[X_ROWS]), number * x[X_ROW_STRIDE] + slot * ROW_WORDS)
    if asks and table[HAS_PAST]:
        run, cap, end = line[RUN], capacities[line[SIZE] & 255], line[SIZE] >> 8
        high = place_of(heap, run, end, time)
        answer(x, table, run, cap, high, end, time, 1, values, nulls, width)
        mark_loss(x, table, run, cap, row, time)
    place = -1
    if counts_anywhere(values, nulls, width, table, x):
        place = insert(x, table, number, line, time, now, values, nulls, width, slots)
        if place == HEAP_FULL:
            return MEMORY_FULL
        words_at(x[X_COUNTERS])[LATE_INSERTS] += place + 1 < (line[SIZE] >> 8)
    if asks and table[HAS_NOW]:
        run, cap, end = line[RUN], capacities[line[SIZE] & 255], line[SIZE] >> 8
        high = place + 1 if place >= 0 else place_of(heap, run, end, time)
        answer(x, table, run, cap, high, end, time, 0, values, nulls, width)
        mark_loss(x, table, run, cap, row, time)
    return OK


@kernel
def feed_table(x: Array, number: int, times: Array, nows: Array, asks: Array, first: int, count: int) -> int:
    """Rows [first, first + count) through one table, in order; each moves the clock hand of the table one slot on."""
    table = beyond(words_at(x[X_TABLES]), number * TABLE_COLUMNS)
    counters = words_at(x[X_COUNTERS])
    for row in range(first, first + count):
        if asks[row] != SKIPPED and table[LANE1] > table[LANE0]:
            status = feed_row(x, number, table, row, times[row], nows[row], asks[row] != 0)
            if status != OK:
                return status
        counters[RECLAIMED] += reclaim_one(x, number, nows[row] - x[X_HORIZON])
    return OK


@kernel
def feed_block(x: Array, times: Array, nows: Array, asks: Array, first: int, count: int) -> int:
    """Rows [first, first + count) of the register file; `times`, `nows` ms since the plan's epoch. OK, or what is full.

    Slots first, for all tables (a category is a slot of another table); then table by table, the memory of the next one on its way.
    """
    tables = x[X_TABLE_COUNT]
    for row in range(first, first + count):
        bytes_at(x[X_MARKS])[row] = 0
    for number in range(tables):
        hash_keys(x, number, asks, first, count)
    for number in range(tables):
        status = find_table_slots(x, number, first, count)
        if status != OK:
            return status
    ask_for_runs(x, 0, times, first, count)
    for number in range(tables):
        if number + 1 < tables:
            ask_for_runs(x, number + 1, times, first, count)
        ask_for_edges(x, number, first, count)
        status = feed_table(x, number, times, nows, asks, first, count)
        if status != OK:
            return status
    return OK


@kernel
def feed_pointers(context: Array, times: Array, nows: Array, asks: Array, start: int, count: int) -> int:
    """`feed_block` for NumPy arrays: the block holds items [start, start + count) of times, nows (int64) and asks (uint8)."""
    if context[X_TABLE_COUNT] == 0:
        return OK
    return feed_block(
        words_at(context.ctypes.data), beyond(words_at(times.ctypes.data), start), beyond(words_at(nows.ctypes.data), start),
        beyond(bytes_at(asks.ctypes.data), start), 0, count,
    )  # fmt: skip


@kernel
def feed(context: Array, times: Array, nows: Array, asks: Array, count: int) -> int:
    """One block, for callers outside machine code."""
    return feed_pointers(context, times, nows, asks, 0, count)
