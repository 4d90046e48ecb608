"""Memory is asked for a block ahead, so that the waiting for one line overlaps with the waiting for others.

In: the rows of a block, before the first is taken. Out: nothing that counts: hints to the processor, results are the same without them.
Three things are far away in a large network: what a key leads to (its slot line, its node line, its newest event), the line of its
component and what is beside it in its tree, and events that are about to leave, which nobody has touched for a whole window, with all that
they mention.
Each pass asks for what the pass before has found, for all rows, so that it has arrived when the next pass reads it.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, int32s, prefetch, words_at
from zhiyu.entities.slots import BITS, KEY, ROW_WORDS, RUN, SIZE, index_word, spread_bits
from zhiyu.network.layout import (
    BEFORE,
    CHAIN_BITS,
    CHILD,
    COMPONENT,
    CURSOR,
    FIRST_SLOT,
    LINE_INTS,
    LINE_WORDS,
    MAX_SLOTS_PER_ROW,
    N_COMPONENTS,
    N_EVENTS,
    N_FOUND,
    N_HEAD,
    N_INDEX,
    N_KEYS,
    N_NODES,
    N_ROWS,
    N_SETTINGS,
    N_SLOT_HEAD,
    NEXT,
    PARENT,
    S_COUNT_WINDOWS,
    S_COUNTED,
    S_LINKS,
    S_WINDOW,
    SIBLING,
)
from zhiyu.network.local import B_LEAVING, MAX_LEAVING, part
from zhiyu.network.window import NO_ROW, row_words, time_of

ROWS_AHEAD = 8
"""Events leave nearly in the order in which they lie: the row so far on is asked for while this one is read."""


@kernel
def ask_for_leaving(x: Array, time: int) -> int:
    """Nodes of events that leave by `time` are asked for, and written down; returns how many (at most MAX_LEAVING)."""
    settings, head, events = words_at(x[N_SETTINGS]), words_at(x[N_HEAD]), words_at(x[N_EVENTS])
    width, ints, leaving, count = row_words(settings[S_LINKS]), int32s(words_at(x[N_EVENTS])), part(x, B_LEAVING), 0
    for window in range(settings[S_COUNTED] + 1):
        slots = settings[S_LINKS] + 1 if window == 0 else 1
        edge = time - (settings[S_WINDOW] if window == 0 else settings[S_COUNT_WINDOWS + window - 1])
        row = head[CURSOR + window] - 1
        while row != NO_ROW and time_of(events, width, row) <= edge and count + slots <= MAX_LEAVING:
            prefetch(x[N_EVENTS] + 8 * width * (row + ROWS_AHEAD))
            for slot in range(slots):
                node = ints[2 * row * width + FIRST_SLOT + slot] - 1
                if node >= 0:
                    prefetch(x[N_NODES] + 8 * LINE_WORDS * node)
                    if window == 0:
                        prefetch(x[N_ROWS] + 8 * ROW_WORDS * node)
                    leaving[count] = node << 1 | (window == 0)
                    count += 1
            row = ints[2 * row * width + NEXT] - 1
    return count


@kernel
def ask_near_leaving(x: Array, count: int) -> None:
    """Their components; for edges that may go, what is beside them in their trees; and for the last mention of a node, where its key is
    found, for it will be forgotten."""
    leaving, ints, rows = part(x, B_LEAVING), int32s(words_at(x[N_NODES])), words_at(x[N_ROWS])
    bits = words_at(x[N_SLOT_HEAD])[BITS]
    for place in range(count):
        node = leaving[place] >> 1
        prefetch(x[N_COMPONENTS] + 8 * LINE_WORDS * ints[node * LINE_INTS + COMPONENT])
        if leaving[place] & 1 == 0:
            continue
        for near in (PARENT, CHILD, SIBLING, BEFORE):
            other = ints[node * LINE_INTS + near]
            if other != 0:
                prefetch(x[N_NODES] + 8 * LINE_WORDS * (other - 1))
        if rows[node * ROW_WORDS + SIZE] == 1:
            prefetch(x[N_INDEX] + 8 * index_word(spread_bits(rows[node * ROW_WORDS + KEY]), bits))


@kernel
def ask_for_slots(x: Array, start: int, stop: int) -> None:
    """The slot line and the node line that each key of the block probably leads to (its index line has been asked for)."""
    keys, index, bits = words_at(x[N_KEYS]), words_at(x[N_INDEX]), words_at(x[N_SLOT_HEAD])[BITS]
    slots = words_at(x[N_SETTINGS])[S_LINKS] + 1
    for row in range(start, stop):
        line = beyond(keys, 2 * MAX_SLOTS_PER_ROW * row)
        for slot in range(slots):
            hashed = line[2 * slot + 1]
            if hashed < 0:
                continue
            word = index[index_word(hashed, bits)]
            if word != 0:
                node = (word & 0xFFFFFFFF) - 1
                prefetch(x[N_ROWS] + 8 * ROW_WORDS * node)
                prefetch(x[N_NODES] + 8 * LINE_WORDS * node)


@kernel
def ask_around(x: Array, start: int, stop: int) -> None:
    """The component of each node of the block, what is beside it in its tree, and its newest event (both lines of it)."""
    found, ints, rows = words_at(x[N_FOUND]), int32s(words_at(x[N_NODES])), words_at(x[N_ROWS])
    links = words_at(x[N_SETTINGS])[S_LINKS]
    width = row_words(links)
    for row in range(start, stop):
        for slot in range(links + 1):
            node = found[MAX_SLOTS_PER_ROW * row + slot]
            if node < 0:
                continue
            prefetch(x[N_COMPONENTS] + 8 * LINE_WORDS * ints[node * LINE_INTS + COMPONENT])
            for near in (PARENT, CHILD):
                other = ints[node * LINE_INTS + near]
                if other != 0:
                    prefetch(x[N_NODES] + 8 * LINE_WORDS * (other - 1))
            newest = rows[node * ROW_WORDS + RUN]
            if newest > 0:
                at = x[N_EVENTS] + 8 * width * ((newest - 1) >> CHAIN_BITS)
                prefetch(at)
                prefetch(at + 64)


@kernel
def ask_beyond(x: Array, start: int, stop: int) -> None:
    """One step further: the event before the newest one."""
    found, rows = words_at(x[N_FOUND]), words_at(x[N_ROWS])
    links, event_ints = words_at(x[N_SETTINGS])[S_LINKS], int32s(words_at(x[N_EVENTS]))
    width = row_words(links)
    for row in range(start, stop):
        for slot in range(links + 1):
            node = found[MAX_SLOTS_PER_ROW * row + slot]
            if node < 0:
                continue
            newest = rows[node * ROW_WORDS + RUN] - 1
            if newest >= 0:
                before = event_ints[2 * (newest >> CHAIN_BITS) * width + FIRST_SLOT + links + 1 + (newest & 15)] - 1
                if before >= 0:
                    at = x[N_EVENTS] + 8 * width * (before >> CHAIN_BITS)
                    prefetch(at)
                    prefetch(at + 64)
