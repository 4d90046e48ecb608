"""What a key has lost: the times between which entries left its run although they had not expired (`MAX_ENTRIES`), and which rows feel it.

In: runs, the row's time. Out: two words in the memo of long runs, one mark per row of the block (`X_MARKS`).
A row is marked when its answer reaches back to a lost entry: exact, or say so. Only a run of MAX_ENTRIES loses any. By the time such a run
has become short (fewer than BIG) hundreds of thousands of newer entries have expired, and what it lost with them: short runs remember
nothing.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.features.layout import (
    BIG,
    MEMO_NEWEST_LOST,
    MEMO_OLDEST_LOST,
    NOTHING,
    STAMP_SHIFT,
    WINDOW1,
    X_HEAP,
    X_MARKS,
    X_WINDOWS,
    memo_at,
)


@kernel
def note_loss(heap: Array, run: int, cap: int, first: int, end: int, edge: int, table: Array) -> None:
    """Entries [first, end) are about to be lost; what was lost at `edge` (ms since the plan's epoch) or before is out of every window."""
    memo = run + memo_at(table, cap)
    if heap[memo + MEMO_NEWEST_LOST] <= edge:
        heap[memo + MEMO_OLDEST_LOST] = heap[run + first] >> STAMP_SHIFT
        heap[memo + MEMO_NEWEST_LOST] = NOTHING
    heap[memo + MEMO_OLDEST_LOST] = min(heap[memo + MEMO_OLDEST_LOST], heap[run + first] >> STAMP_SHIFT)
    heap[memo + MEMO_NEWEST_LOST] = max(heap[memo + MEMO_NEWEST_LOST], heap[run + end - 1] >> STAMP_SHIFT)


@kernel
def carry_loss(heap: Array, source: int, source_cap: int, target: int, target_cap: int, table: Array) -> None:
    """A run has moved: what it has lost goes along; a short run has lost nothing."""
    if target_cap < BIG:
        return
    for word in range(MEMO_OLDEST_LOST, MEMO_NEWEST_LOST + 1):
        known = NOTHING
        if source_cap >= BIG:
            known = heap[source + memo_at(table, source_cap) + word]
        heap[target + memo_at(table, target_cap) + word] = known


@kernel
def mark_loss(x: Array, table: Array, run: int, cap: int, row: int, time: int) -> None:
    """Mark the row that was answered from this run as of `time` if what was lost reaches into the table's widest window (t - w, t]."""
    if cap < BIG:
        return
    memo = beyond(words_at(x[X_HEAP]), run + memo_at(table, cap))
    widest = words_at(x[X_WINDOWS])[table[WINDOW1] - 1]
    if memo[MEMO_NEWEST_LOST] > time - widest and memo[MEMO_OLDEST_LOST] <= time:
        bytes_at(x[X_MARKS])[row] = 1
