"""What a long run remembers of its last answer, so that the next one only looks at what came and what left since.

In: the heap, a run of BIG entries or more. Memo: [time of the last answer or NOTHING, two words of `loss`, first entry of each window, then
for every lane: entries counted so far (or -1), and per cell its first entry, its count and its sums]. Windows slide forward: an answer at
or after the remembered time, over the whole run, adds the new entries and takes off the expired ones, each once. Anything else (a late
event, entries moved, a time before) is answered from the nodes, and what moves entries wipes the memo. Minima and maxima are not
remembered: nothing can be taken off them.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import add_wide, words_at
from zhiyu.features.fold import EMPTY, Sums, scan_numbers
from zhiyu.features.layout import (
    BIG,
    COUNT_WORDS,
    L_CELL0,
    L_CELL1,
    L_MEMO,
    L_SHIFT,
    L_VALUE,
    L_WORD,
    LANE0,
    LANE1,
    LANE_COLUMNS,
    M_COUNT,
    M_FRESH,
    M_LOW,
    M_SQUARE_HIGH,
    M_SQUARE_LOW,
    M_SUM,
    MEMO_EDGES,
    MEMO_TIME,
    NOTHING,
    STAMP_SHIFT,
    WINDOW0,
    WINDOW1,
    X_HEAP,
    X_LANES,
    X_LOWS,
    X_WINDOWS,
    memo_at,
    number_at,
)  # fmt: skip
from zhiyu.features.runs import upper_bound

PATIENCE = 8
"""Entries a window's edge is moved one by one before a binary search takes over."""


@kernel
def forget(heap: Array, run: int, cap: int, table: Array) -> None:
    """Entries have moved, or the run is new: remember nothing."""
    if cap >= BIG:
        heap[run + memo_at(table, cap) + MEMO_TIME] = NOTHING


@kernel
def remembered_edges(x: Array, run: int, memo: int, table: Array, time: int, high: int) -> None:
    """As `query.edges`, from where each window began last time on."""
    heap, windows, lows = words_at(x[X_HEAP]), words_at(x[X_WINDOWS]), words_at(x[X_LOWS])
    if heap[memo + MEMO_TIME] == NOTHING:
        for word in range(table[WINDOW1] - table[WINDOW0]):
            heap[memo + MEMO_EDGES + word] = 0
        for number in range(table[LANE0], table[LANE1]):
            heap[memo + words_at(x[X_LANES])[number * LANE_COLUMNS + L_MEMO]] = -1
    heap[memo + MEMO_TIME] = time
    for number in range(table[WINDOW0], table[WINDOW1]):
        spot = number - table[WINDOW0]
        low = heap[memo + MEMO_EDGES + spot]
        bound = ((time - windows[number] + 1) << STAMP_SHIFT) - 1
        stop = min(low + PATIENCE, high)
        while low < stop and heap[run + low] <= bound:
            low += 1
        if low == stop and stop < high:
            low = upper_bound(heap, run, low, high, time - windows[number])
        heap[memo + MEMO_EDGES + spot] = low
        lows[spot] = low


@kernel
def slide_numbers(heap: Array, run: int, cap: int, table: Array, lane: Array, cell: int, low: int, added: Sums) -> None:
    """Move one remembered cell (word offset `cell`) to its new first entry `low`, and add what came."""
    stamps, values = run + lane[L_WORD] * cap, run + number_at(table, cap, lane[L_VALUE])
    gone = scan_numbers(heap, stamps, lane[L_SHIFT], values, heap[cell + M_LOW], low, EMPTY)
    heap[cell + M_LOW] = low
    heap[cell + M_COUNT] += added[0] - gone[0]
    heap[cell + M_SUM] += added[1] - gone[1]
    square_low, square_high = add_wide(heap[cell + M_SQUARE_LOW], heap[cell + M_SQUARE_HIGH], added[2], added[3])
    borrow = int(gone[2] == 0)
    square_low, square_high = add_wide(square_low, square_high, -gone[2], ~gone[3] + borrow)
    heap[cell + M_SQUARE_LOW] = square_low
    heap[cell + M_SQUARE_HIGH] = square_high


@kernel
def learn_numbers(heap: Array, cell: int, low: int, sums: Sums) -> None:
    """Remember a cell counted from the nodes."""
    heap[cell + M_LOW] = low
    heap[cell + M_COUNT] = sums[0]
    heap[cell + M_SUM] = sums[1]
    heap[cell + M_SQUARE_LOW] = sums[2]
    heap[cell + M_SQUARE_HIGH] = sums[3]


@kernel
def lost_mark(heap: Array, run: int, cap: int, entry: int, table: Array, lane: Array) -> None:
    """`entry` is no longer the newest of its value: it leaves the remembered distinct counts it was part of."""
    memo = run + memo_at(table, cap)
    if heap[memo + MEMO_TIME] == NOTHING:
        return
    at = memo + lane[L_MEMO]
    if entry >= heap[at]:
        return
    for number in range(lane[L_CELL1] - lane[L_CELL0]):
        cell = at + 1 + number * COUNT_WORDS
        if heap[cell + M_LOW] <= entry:
            heap[cell + M_FRESH] -= 1
