"""Memory of runs: one heap of int64 words for all tables, handed out in size classes and taken back.

In: the heap, its header, a class. Out: a word offset. A table's capacity in a class is the number of entries that fit its words, so that
what one table frees serves any other; a freed block is split for smaller ones, nothing is ever lost to rounding.
"""

import numpy as np

from zhiyu.base.jit import Array, kernel
from zhiyu.base.limits import MAX_ENTRIES_PER_KEY
from zhiyu.base.machine import beyond, words_at
from zhiyu.features.layout import TABLE_COLUMNS, X_CAPACITIES, X_TABLE_COUNT, X_TABLES, X_WORDS, run_words

HEAP_TOP, HEAP_WORDS, WIDEST = 0, 1, 2
FREE0 = 8
HEAP_FULL = -3
MAX_ENTRIES = MAX_ENTRIES_PER_KEY
"""Most entries of one key; the oldest eighth of a fuller run is dropped and counted (`LOST`)."""
WORDS = np.array(
    [4, 6, 8, 10, 12, 14] + [(4 + quarter) << power for power in range(2, 36) for quarter in range(4)], dtype=np.int64
)
"""Words of each size class: even, four to a doubling."""
CLASSES = len(WORDS)
ROOMY = 64
"""Words from which on the difference of two classes is worth keeping as a block."""


@kernel
def most_entries(table: Array, words: int) -> int:
    """Entries of the largest run that fits `words` words."""
    low, high = 0, MAX_ENTRIES
    while low < high:
        middle = (low + high + 1) >> 1
        if run_words(table, middle) <= words:
            low = middle
        else:
            high = middle - 1
    return low


@kernel
def fill_capacities(context: Array) -> None:
    """Entries per size class of every table of a context."""
    x = words_at(context.ctypes.data)
    for number in range(x[X_TABLE_COUNT]):
        table = beyond(words_at(x[X_TABLES]), number * TABLE_COLUMNS)
        for klass in range(CLASSES):
            words_at(x[X_CAPACITIES])[number * CLASSES + klass] = most_entries(table, words_at(x[X_WORDS])[klass])


@kernel
def fitting(capacities: Array, entries: int) -> int:
    """The smallest class that holds `entries`; the last one when none does."""
    low, high = 0, CLASSES - 1
    while low < high:
        middle = (low + high) >> 1
        if capacities[middle] >= entries:
            high = middle
        else:
            low = middle + 1
    return low


@kernel
def release(heap: Array, heap_head: Array, klass: int, run: int) -> None:
    """Give a block back to its class."""
    heap[run] = heap_head[FREE0 + klass]
    heap_head[FREE0 + klass] = run
    heap_head[WIDEST] = max(heap_head[WIDEST], klass)


@kernel
def release_words(heap: Array, heap_head: Array, sizes: Array, start: int, words: int, widest: int) -> None:
    """Give back `words` words as few blocks as possible, none wider than class `widest`."""
    klass = widest
    while words >= sizes[0]:
        while sizes[klass] > words or words - sizes[klass] == 2:
            klass -= 1
        release(heap, heap_head, klass, start)
        start += sizes[klass]
        words -= sizes[klass]


@kernel
def allocate(heap: Array, heap_head: Array, sizes: Array, klass: int) -> int:
    """A block of class `klass`: a freed one, a part of a wider one (a small block needs one twice as wide, or only crumbs are left over),
    or new words; HEAP_FULL at the limit."""
    found = heap_head[FREE0 + klass]
    if found > 0:
        heap_head[FREE0 + klass] = heap[found]
        return found
    words = sizes[klass]
    for donor in range(klass + 1, heap_head[WIDEST] + 1):
        found = heap_head[FREE0 + donor]
        if found > 0 and (words >= ROOMY or sizes[donor] >= 2 * words):
            heap_head[FREE0 + donor] = heap[found]
            release_words(heap, heap_head, sizes, found + words, sizes[donor] - words, donor)
            return found
    top = heap_head[HEAP_TOP]
    if top + words > heap_head[HEAP_WORDS]:
        return HEAP_FULL
    heap_head[HEAP_TOP] = top + words
    return top
