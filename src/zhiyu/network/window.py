"""The events inside the window: rows that are found again by node, and leave when their time has come.

In: event rows. Out: chains (the events of a node, newest first), and the next event that leaves a window.
Events that come in order leave in order: a queue through the rows, one cursor per window. Events that come late wait in a heap per
window, by time. A freed row is used again; a chain needs no mending, because an event that leaves is the last of each of its chains, and a
link to it is seen to lead nowhere: the row mentions another node there, or is not older.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, int32s, words_at
from zhiyu.network.layout import (
    CHAIN_BITS,
    CURSOR,
    FIRST_SLOT,
    FREE,
    HEAP_SIZE,
    INT32_MASK,
    LAST,
    LIVE_EVENTS,
    N_EVENT_LIMIT,
    N_EVENTS,
    N_HEAD,
    N_HEAP_STRIDE,
    N_HEAPS,
    N_SETTINGS,
    NEXT,
    NUMBER,
    S_COUNTED,
    S_LINKS,
    SEQUENCE,
    STAMP_SHIFT,
    TOP,
)

NO_ROW = -1
LONGEST_SEARCH = 64
"""Steps after which a search along a chain gives up."""


@kernel
def row_words(links: int) -> int:
    """Words of one event row."""
    return 4 + links


@kernel
def time_of(events: Array, width: int, row: int) -> int:
    """Time of an event, ms since the epoch."""
    time: int = events[row * width] >> STAMP_SHIFT
    return time


@kernel
def is_older(events: Array, width: int, one: int, other: int) -> bool:
    """Whether row `one` stands before row `other`: by time, then by arrival (numbers of 32 bits that wrap around)."""
    time, other_time = time_of(events, width, one), time_of(events, width, other)
    if time != other_time:
        return time < other_time
    ints = int32s(events)
    return (ints[2 * one * width + NUMBER] - ints[2 * other * width + NUMBER]) & INT32_MASK > (INT32_MASK >> 1)


@kernel
def followed(events: Array, width: int, link: int, node: int, before: int) -> int:
    """Where a link leads (row << 4 | slot): to an event of `node`, older than row `before` unless that is NO_ROW; else NO_ROW."""
    if link <= 0:
        return NO_ROW
    spot = link - 1
    row = spot >> CHAIN_BITS
    if int32s(events)[2 * row * width + FIRST_SLOT + (spot & 15)] != node + 1:
        return NO_ROW
    if before != NO_ROW and not is_older(events, width, row, before):
        return NO_ROW
    return spot


@kernel
def chain_of(events: Array, width: int, slots: int, spot: int) -> int:
    """The raw link that stands in a row for one of its slots."""
    found: int = int32s(events)[2 * (spot >> CHAIN_BITS) * width + FIRST_SLOT + slots + (spot & 15)]
    return found


@kernel
def next_in_chain(events: Array, width: int, slots: int, spot: int, node: int) -> int:
    """The next older event of `node` after this one (row << 4 | slot), or NO_ROW."""
    return followed(events, width, chain_of(events, width, slots, spot), node, spot >> CHAIN_BITS)


@kernel
def chain_in(events: Array, width: int, slots: int, row: int, slot: int, node: int, head: int) -> int:
    """Put a row into the chain of `node` at its time; returns the new head of the chain.

    A late event that would have to pass LONGEST_SEARCH newer ones stays out of the chain: that node is far too busy for its neighbours to
    be looked at.
    """
    ints, mine = int32s(events), (row << CHAIN_BITS | slot) + 1
    own = 2 * row * width + FIRST_SLOT + slots + slot
    spot, newer, steps = followed(events, width, head, node, NO_ROW), NO_ROW, 0
    while spot != NO_ROW and is_older(events, width, row, spot >> CHAIN_BITS):
        newer = spot
        spot = next_in_chain(events, width, slots, spot, node)
        steps += 1
        if steps == LONGEST_SEARCH:
            ints[own] = 0
            return head
    ints[own] = spot + 1
    if newer == NO_ROW:
        return mine
    ints[2 * (newer >> CHAIN_BITS) * width + FIRST_SLOT + slots + (newer & 15)] = mine
    return head


@kernel
def take_row(x: Array) -> int:
    """A row for a new event: a freed one or the next; NO_ROW at the limit."""
    head, width = words_at(x[N_HEAD]), row_words(words_at(x[N_SETTINGS])[S_LINKS])
    ints = int32s(words_at(x[N_EVENTS]))
    row = head[FREE] - 1
    if row >= 0:
        head[FREE] = ints[2 * row * width + NEXT]
    else:
        row = head[TOP]
        if row >= x[N_EVENT_LIMIT]:
            return NO_ROW
        head[TOP] = row + 1
    head[LIVE_EVENTS] += 1
    head[SEQUENCE] += 1
    ints[2 * row * width + NEXT] = 0
    ints[2 * row * width + NUMBER] = head[SEQUENCE]
    return row


@kernel
def free_row(x: Array, row: int) -> None:
    """Give a row back; it mentions nobody any more."""
    head, links = words_at(x[N_HEAD]), words_at(x[N_SETTINGS])[S_LINKS]
    ints = beyond(int32s(words_at(x[N_EVENTS])), 2 * row * row_words(links))
    for slot in range(links + 1):
        ints[FIRST_SLOT + slot] = 0
    ints[NEXT] = head[FREE]
    head[FREE] = row + 1
    head[LIVE_EVENTS] -= 1


@kernel
def stand_in_line(x: Array, row: int) -> None:
    """An event in order: the last in the queue."""
    head, settings = words_at(x[N_HEAD]), words_at(x[N_SETTINGS])
    if head[LAST] > 0:
        int32s(words_at(x[N_EVENTS]))[2 * (head[LAST] - 1) * row_words(settings[S_LINKS]) + NEXT] = row + 1
    head[LAST] = row + 1
    for window in range(settings[S_COUNTED] + 1):
        if head[CURSOR + window] == 0:
            head[CURSOR + window] = row + 1


@kernel
def wait_apart(x: Array, window: int, row: int) -> None:
    """A late event waits in the heap of a window."""
    head, events = words_at(x[N_HEAD]), words_at(x[N_EVENTS])
    width = row_words(words_at(x[N_SETTINGS])[S_LINKS])
    heap, at = beyond(words_at(x[N_HEAPS]), window * x[N_HEAP_STRIDE]), head[HEAP_SIZE + window]
    head[HEAP_SIZE + window] = at + 1
    while at > 0:
        above = (at - 1) >> 1
        if not is_older(events, width, row, heap[above]):
            break
        heap[at] = heap[above]
        at = above
    heap[at] = row


@kernel
def _leave_heap(x: Array, window: int) -> None:
    head, events = words_at(x[N_HEAD]), words_at(x[N_EVENTS])
    width = row_words(words_at(x[N_SETTINGS])[S_LINKS])
    heap = beyond(words_at(x[N_HEAPS]), window * x[N_HEAP_STRIDE])
    size = head[HEAP_SIZE + window] - 1
    head[HEAP_SIZE + window] = size
    last, at = heap[size], 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and is_older(events, width, heap[below + 1], heap[below]):
            below += 1
        if not is_older(events, width, heap[below], last):
            break
        heap[at] = heap[below]
        at = below
    heap[at] = last


@kernel
def next_to_leave(x: Array, window: int, edge: int) -> int:
    """The oldest event of a window, taken out of its line, when its time is `edge` or before; else NO_ROW."""
    head, events = words_at(x[N_HEAD]), words_at(x[N_EVENTS])
    width = row_words(words_at(x[N_SETTINGS])[S_LINKS])
    row = head[CURSOR + window] - 1
    if head[HEAP_SIZE + window] > 0:
        late = words_at(x[N_HEAPS])[window * x[N_HEAP_STRIDE]]
        if row < 0 or is_older(events, width, late, row):
            if time_of(events, width, late) > edge:
                return NO_ROW
            _leave_heap(x, window)
            return late
    if row < 0 or time_of(events, width, row) > edge:
        return NO_ROW
    head[CURSOR + window] = int32s(events)[2 * row * width + NEXT]
    if window == 0 and head[LAST] == row + 1:
        head[LAST] = 0
    return row
