"""One event enters one key's run: room, place, flags, values, distinct marks, nodes.

In: the row's column of the register file (`values[register * width]`), the slots of its values.
Out: the run changed; position of the new entry.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, halves, words_at
from zhiyu.entities.slots import RUN, SIZE
from zhiyu.features.heap import CLASSES, HEAP_FULL, allocate, fitting
from zhiyu.features.layout import (
    BIG,
    BLOCK_SHIFT,
    CATEGORIES,
    CATEGORY0,
    DISTINCT,
    EXTRA,
    HASHED,
    KEEP,
    L_FILTER,
    L_LAST_SHIFT,
    L_LAST_WORD,
    L_NODE,
    L_REGISTER,
    L_ROLE,
    L_SHIFT,
    L_VALUE,
    L_WORD,
    LANE0,
    LANE1,
    LANE_COLUMNS,
    NODE,
    NUMBER0,
    NUMBERS,
    STAMP_SHIFT,
    X_CAPACITIES,
    X_COLUMNS,
    X_COUNTERS,
    X_HEAP,
    X_HEAP_HEAD,
    X_LANES,
    X_WORDS,
    category_at,
    half,
    nodes_at,
    number_at,
)
from zhiyu.features.memo import forget, lost_mark
from zhiyu.features.runs import (
    append_nodes,
    find_last,
    flag,
    level_base,
    make_room,
    note_last,
    open_gap,
    place_of,
    rebuild_nodes,
    stale,
)


@kernel
def counts_here(values: Array, nulls: Array, width: int, lane: Array) -> bool:
    """Does the row count in this lane: its filter is true and its value is not null."""
    chosen = lane[L_FILTER]
    if chosen >= 0 and (nulls[chosen * width] != 0 or values[chosen * width] == 0):
        return False
    register = lane[L_REGISTER]
    return register < 0 or nulls[register * width] == 0


@kernel
def counts_anywhere(values: Array, nulls: Array, width: int, table: Array, x: Array) -> bool:
    """Does the row count in any lane of the table."""
    lanes = words_at(x[X_LANES])
    for lane in range(table[LANE0], table[LANE1]):  # noqa: SIM110 - a generator does not compile
        if counts_here(values, nulls, width, beyond(lanes, lane * LANE_COLUMNS)):
            return True
    return False


@kernel
def drop_mark(heap: Array, run: int, cap: int, entry: int, end: int, table: Array, lane: Array) -> None:
    """`entry` is no longer the newest of its value: clear its bit, and take it off what counts it; blocks were full up to `end`."""
    heap[run + lane[L_LAST_WORD] * cap + entry] &= ~(1 << lane[L_LAST_SHIFT])
    if cap < BIG:
        return
    lost_mark(heap, run, cap, entry, table, lane)
    for level in range(3):
        shift = BLOCK_SHIFT * (level + 1)
        if ((entry >> shift) + 1) << shift > end:
            return
        block = level_base(cap, level) + (entry >> shift)
        heap[run + nodes_at(table, cap) + block * table[NODE] + lane[L_NODE] + 1] -= 1


@kernel
def occurs_after(heap: Array, run: int, cap: int, table: Array, lane: Array, value: int, place: int, end: int) -> bool:
    """Is there a counted entry with this value in (place, end)."""
    column = 2 * (run + category_at(table, cap, lane[L_VALUE]))
    for entry in range(place + 1, end):
        if halves(heap)[column + entry] == value and flag(heap, run, cap, entry, lane[L_WORD], lane[L_SHIFT]):
            return True
    return False


@kernel
def mark_newest(heap: Array, run: int, cap: int, table: Array, lane: Array, place: int, end: int) -> None:
    """Set or withhold the `last` bit of the new entry at `place` and clear its predecessor's."""
    value = half(heap, 2 * (run + category_at(table, cap, lane[L_VALUE])) + place)
    late = place + 1 < end
    if late and occurs_after(heap, run, cap, table, lane, value, place, end):
        return
    before = find_last(heap, run, cap, place, table, lane, value)
    if before >= 0:
        drop_mark(heap, run, cap, before, end - 1, table, lane)
    heap[run + lane[L_LAST_WORD] * cap + place] |= 1 << lane[L_LAST_SHIFT]
    if cap >= HASHED and not late:
        note_last(heap, run, cap, table, lane, value, place)


@kernel
def write_entry(
    heap: Array, run: int, cap: int, place: int, stamp: int, table: Array, lanes: Array, columns: Array,
    values: Array, nulls: Array, width: int, slots: Array,
) -> None:  # fmt: skip
    """Stamp, flags and values of the new entry (distinct marks come after)."""
    heap[run + place] = stamp << STAMP_SHIFT
    for word in range(1, 1 + table[EXTRA]):
        heap[run + word * cap + place] = 0
    for number in range(table[LANE0], table[LANE1]):
        lane = beyond(lanes, number * LANE_COLUMNS)
        if counts_here(values, nulls, width, lane):
            heap[run + lane[L_WORD] * cap + place] |= 1 << lane[L_SHIFT]
    for column in range(table[NUMBERS]):
        heap[run + number_at(table, cap, column) + place] = values[columns[2 * (table[NUMBER0] + column)] * width]
    for column in range(table[CATEGORIES]):
        slot = slots[columns[2 * (table[CATEGORY0] + column) + 1] * width]
        halves(heap)[2 * (run + category_at(table, cap, column)) + place] = max(slot, 0)


@kernel
def renote_moved(heap: Array, run: int, cap: int, place: int, end: int, table: Array, lanes: Array) -> None:
    """Entries [place, end) have moved or are new: their marked values point at them again."""
    for number in range(table[LANE0], table[LANE1]):
        lane = beyond(lanes, number * LANE_COLUMNS)
        if lane[L_ROLE] & DISTINCT:
            column = 2 * (run + category_at(table, cap, lane[L_VALUE]))
            for entry in range(place, end):
                if flag(heap, run, cap, entry, lane[L_LAST_WORD], lane[L_LAST_SHIFT]):
                    note_last(heap, run, cap, table, lane, half(heap, column + entry), entry)


@kernel
def room(x: Array, table: Array, number: int, line: Array, now: int) -> int:
    """Make sure the slot's run has a free entry; returns the run or HEAP_FULL. `line[SIZE]` packs entries << 8 | size class."""
    heap, heap_head, sizes = words_at(x[X_HEAP]), words_at(x[X_HEAP_HEAD]), words_at(x[X_WORDS])
    capacities = beyond(words_at(x[X_CAPACITIES]), number * CLASSES)
    run, klass, end = line[RUN], line[SIZE] & 255, line[SIZE] >> 8
    if run == 0:
        klass = fitting(capacities, 1)
        run = allocate(heap, heap_head, sizes, klass)
    elif end < capacities[klass] and not stale(heap, run, capacities[klass], end, now - table[KEEP]):
        return run
    else:
        run, klass, end, pushed = make_room(
            heap, heap_head, sizes, capacities, table, words_at(x[X_LANES]), run, klass, end, now - table[KEEP]
        )
        words_at(x[X_COUNTERS])[0] += pushed
    if run != HEAP_FULL:
        line[RUN], line[SIZE] = run, (end << 8) | klass
        forget(heap, run, capacities[klass], table)
    return run


@kernel
def insert(
    x: Array,
    table: Array,
    number: int,
    line: Array,
    time: int,
    now: int,
    values: Array,
    nulls: Array,
    width: int,
    slots: Array,
) -> int:
    """Enter the row at `time` (ms since epoch) into the run of the slot line `line`; returns its position or HEAP_FULL."""
    run = room(x, table, number, line, now)
    if run == HEAP_FULL:
        return HEAP_FULL
    heap, lanes, columns = words_at(x[X_HEAP]), words_at(x[X_LANES]), words_at(x[X_COLUMNS])
    cap, end = words_at(x[X_CAPACITIES])[number * CLASSES + (line[SIZE] & 255)], line[SIZE] >> 8
    place = place_of(heap, run, end, time)
    if place < end:
        open_gap(heap, run, cap, place, end, table)
        forget(heap, run, cap, table)
    write_entry(heap, run, cap, place, time, table, lanes, columns, values, nulls, width, slots)
    line[SIZE] += 256
    for lane_number in range(table[LANE0], table[LANE1]):
        lane = beyond(lanes, lane_number * LANE_COLUMNS)
        if lane[L_ROLE] & DISTINCT and counts_here(values, nulls, width, lane):
            mark_newest(heap, run, cap, table, lane, place, end + 1)
    if place < end:
        if cap >= BIG:
            rebuild_nodes(heap, run, cap, place, end + 1, table, lanes)
        if cap >= HASHED:
            renote_moved(heap, run, cap, place, end + 1, table, lanes)
    elif cap >= BIG:
        append_nodes(heap, run, cap, place, table, lanes)
    return place
