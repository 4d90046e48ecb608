"""One event enters the network, and what is older than the window leaves it.

In: an event's nodes, time, amount. Out: trees, sums, degrees and chains as of the newest time seen.
Everything is as of one clock, the newest event time so far: an event that comes late joins at its own time and sees things as they are now.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, int32s, words_at
from zhiyu.entities.slots import ROW_WORDS, RUN
from zhiyu.network.components import add_application, add_bad, add_counted
from zhiyu.network.forest import EVICTED_EDGE, KEPT_OUT_EDGE, MERGED, REFRESHED_EDGE, cut, link
from zhiyu.network.layout import (
    APPLICATION_BIT,
    BAD_BIT,
    BADS,
    CAPPED,
    CLOCK,
    COUNTED_BIT,
    CUTS,
    DEGREE,
    DOUBTS,
    EDGE_TIME,
    EVICTED,
    FIRST_SLOT,
    FRESH_BIT,
    K_LINKS,
    K_MAX_PEOPLE,
    K_TWINS,
    KEPT_OUT,
    LATE,
    LINE_INTS,
    LINE_WORDS,
    LINK_COLUMNS,
    LINKED,
    LINKED_BIT,
    N_COUNTERS,
    N_EVENTS,
    N_HEAD,
    N_LINKS,
    N_NODES,
    N_ROWS,
    N_SETTINGS,
    NEWEST,
    PARENT,
    REFRESHED,
    S_COUNT_WINDOWS,
    S_COUNTED,
    S_LINKS,
    S_WINDOW,
    STAMP_SHIFT,
    TOO_LATE,
)
from zhiyu.network.nodes import NOBODY, forget_mention, head_of_chain
from zhiyu.network.window import (
    LONGEST_SEARCH,
    NO_ROW,
    chain_in,
    followed,
    free_row,
    next_in_chain,
    next_to_leave,
    row_words,
    stand_in_line,
    take_row,
    time_of,
    wait_apart,
)


@kernel
def advance(x: Array, time: int) -> None:
    """Move the clock on to `time` (never back); events leave the counted windows, then the whole one."""
    head, settings = words_at(x[N_HEAD]), words_at(x[N_SETTINGS])
    if time <= head[CLOCK]:
        return
    head[CLOCK] = time
    for number in range(settings[S_COUNTED]):
        edge = time - settings[S_COUNT_WINDOWS + number]
        row = next_to_leave(x, number + 1, edge)
        while row != NO_ROW:
            uncount(x, number, row)
            row = next_to_leave(x, number + 1, edge)
    row = next_to_leave(x, 0, time - settings[S_WINDOW])
    while row != NO_ROW:
        expire(x, row)
        row = next_to_leave(x, 0, time - settings[S_WINDOW])


@kernel
def uncount(x: Array, number: int, row: int) -> None:
    """An event leaves a counted window."""
    events, width = words_at(x[N_EVENTS]), row_words(words_at(x[N_SETTINGS])[S_LINKS])
    bit = 1 << (COUNTED_BIT + number)
    if events[row * width] & bit == 0:
        return
    events[row * width] ^= bit
    add_counted(x, int64(int32s(events)[2 * row * width + FIRST_SLOT]) - 1, number, -1)


@kernel
def expire(x: Array, row: int) -> None:
    """An event leaves the window: its sums, degrees and edges go, and nodes that nothing else mentions."""
    events, links = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS])[S_LINKS]
    width = row_words(links)
    flags, time = events[row * width], time_of(events, width, row)
    slots = beyond(int32s(events), 2 * row * width + FIRST_SLOT)
    ints, person = int32s(words_at(x[N_NODES])), int64(slots[0]) - 1
    if (flags >> APPLICATION_BIT) & 1:
        add_application(x, person, -events[row * width + 1], -1)
    if (flags >> BAD_BIT) & 1:
        ints[person * LINE_INTS + BADS] -= 1
        if ints[person * LINE_INTS + BADS] == 0:
            add_bad(x, person, -1)
    for number in range(links):
        node = slots[number + 1] - 1
        if node < 0:
            continue
        ints[node * LINE_INTS + DEGREE] -= (flags >> (FRESH_BIT + number)) & 1
        if (flags >> (LINKED_BIT + number)) & 1:
            unlink(x, person, node, time)
        forget_mention(x, node)
    if person != NOBODY:  # who was erased is forgotten already
        forget_mention(x, person)
    free_row(x, row)


@kernel
def unlink(x: Array, person: int, node: int, time: int) -> None:
    """The event of this time has expired: cut the edge it stands for, unless a newer event stands for it."""
    nodes, ints = words_at(x[N_NODES]), int32s(words_at(x[N_NODES]))
    child = -1
    if ints[person * LINE_INTS + PARENT] == node + 1:
        child = person
    elif ints[node * LINE_INTS + PARENT] == person + 1:
        child = node
    if child >= 0 and nodes[child * LINE_WORDS + EDGE_TIME] <= time:
        cut(x, child)
        words_at(x[N_COUNTERS])[CUTS] += 1


@kernel
def enter(x: Array, found: Array, time: int, flags: int, amount: int) -> int:
    """A new event row, in line and in the person's chain; NO_ROW when the table is full. Returns the row."""
    head, settings, events = words_at(x[N_HEAD]), words_at(x[N_SETTINGS]), words_at(x[N_EVENTS])
    links = settings[S_LINKS]
    width = row_words(links)
    row = take_row(x)
    if row == NO_ROW:
        return NO_ROW
    for number in range(settings[S_COUNTED]):
        if (flags >> APPLICATION_BIT) & 1 and time > head[CLOCK] - settings[S_COUNT_WINDOWS + number]:
            flags |= 1 << (COUNTED_BIT + number)
    events[row * width] = (time << STAMP_SHIFT) | flags
    events[row * width + 1] = amount
    ints = beyond(int32s(events), 2 * row * width + FIRST_SLOT)
    for slot in range(links + 1):
        ints[slot] = found[slot] + 1
        ints[links + 1 + slot] = 0
    if time >= head[NEWEST]:
        head[NEWEST] = time
        stand_in_line(x, row)
        return row
    words_at(x[N_COUNTERS])[LATE] += 1
    wait_apart(x, 0, row)
    for number in range(settings[S_COUNTED]):
        if (flags >> (COUNTED_BIT + number)) & 1:
            wait_apart(x, number + 1, row)
    return row


@kernel
def put_in_chains(x: Array, row: int, found: Array) -> None:
    """Make a row known to the nodes it mentions."""
    events, links, lines = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS])[S_LINKS], words_at(x[N_ROWS])
    for slot in range(links + 1):
        if found[slot] != NOBODY:
            line = found[slot] * ROW_WORDS
            lines[line + RUN] = chain_in(events, row_words(links), links + 1, row, slot, found[slot], lines[line + RUN])


@kernel
def same_in(x: Array, spot: int, number: int, node: int) -> int:
    """The link of an event that is the newest of its pair with `node`, or NO_ROW; looked for where link `number` may meet the same node."""
    events, links = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS])[S_LINKS]
    width, row = row_words(links), spot >> 4
    slots, flags = beyond(int32s(events), 2 * row * width + FIRST_SLOT), events[row * width]
    if slots[number + 1] == node + 1:
        return number if (flags >> (FRESH_BIT + number)) & 1 else NO_ROW
    twins = words_at(x[N_LINKS])[number * LINK_COLUMNS + K_TWINS]
    for other in range(links if twins != 0 else 0):
        if (twins >> other) & 1 and slots[other + 1] == node + 1 and (flags >> (FRESH_BIT + other)) & 1:
            return other
    return NO_ROW


@kernel
def newest_of_pair(x: Array, person: int, number: int, node: int) -> int:
    """Where the newest event of person and node stands (row << 4 | link), or NO_ROW when they have not met in the window.

    The shorter of their two chains decides, both followed in step; after LONGEST_SEARCH steps on each they count as not met, and `DOUBTS`
    says so.
    """
    events, links = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS])[S_LINKS]
    width, slots = row_words(links), links + 1
    mine = followed(events, width, head_of_chain(x, person), person, NO_ROW)
    its = followed(events, width, head_of_chain(x, node), node, NO_ROW)
    for _ in range(LONGEST_SEARCH):
        if mine == NO_ROW or its == NO_ROW:
            return NO_ROW
        other = same_in(x, mine, number, node)
        if other != NO_ROW:
            return (mine >> 4) << 4 | other
        if int32s(events)[2 * (its >> 4) * width + FIRST_SLOT] == person + 1:
            other = (its & 15) - 1
            if (events[(its >> 4) * width] >> (FRESH_BIT + other)) & 1:
                return (its >> 4) << 4 | other
        mine = next_in_chain(events, width, slots, mine, person)
        its = next_in_chain(events, width, slots, its, node)
    words_at(x[N_COUNTERS])[DOUBTS] += 1
    return NO_ROW


@kernel
def count_pair(x: Array, row: int, person: int, number: int, node: int, time: int) -> None:
    """Degree of a node: how many people have an event with it in the window. One event of each pair counts, the one that leaves last."""
    events, ints = words_at(x[N_EVENTS]), int32s(words_at(x[N_NODES]))
    width = row_words(words_at(x[N_SETTINGS])[S_LINKS])
    before = newest_of_pair(x, person, number, node)
    if before == NO_ROW:
        ints[node * LINE_INTS + DEGREE] += 1
    elif time_of(events, width, before >> 4) > time:
        return
    else:
        events[(before >> 4) * width] ^= 1 << (FRESH_BIT + (before & 15))
    events[row * width] |= 1 << (FRESH_BIT + number)


@kernel
def take_application(x: Array, found: Array, time: int, amount: int) -> int:
    """An application enters: sums, degrees, edges. Returns its row, NO_ROW when the table is full."""
    settings, counters = words_at(x[N_SETTINGS]), words_at(x[N_COUNTERS])
    ints, events = int32s(words_at(x[N_NODES])), words_at(x[N_EVENTS])
    links, width, person = words_at(x[N_LINKS]), row_words(settings[S_LINKS]), found[0]
    row = enter(x, found, time, 1 << APPLICATION_BIT, amount)
    if row == NO_ROW:
        return NO_ROW
    add_application(x, person, amount, 1)
    for number in range(settings[S_COUNTED]):
        if (events[row * width] >> (COUNTED_BIT + number)) & 1:
            add_counted(x, person, number, 1)
    for number in range(settings[S_LINKS]):
        node = found[number + 1]
        if node == NOBODY:
            continue
        count_pair(x, row, person, number, node, time)
        line = beyond(links, number * LINK_COLUMNS)
        if line[K_LINKS] == 0:
            continue
        if ints[node * LINE_INTS + DEGREE] > line[K_MAX_PEOPLE]:
            counters[CAPPED] += 1
            continue
        events[row * width] |= 1 << (LINKED_BIT + number)
        became = link(x, person, node, time)
        counters[LINKED] += became == MERGED
        counters[REFRESHED] += became == REFRESHED_EDGE
        counters[EVICTED] += became == EVICTED_EDGE
        counters[KEPT_OUT] += became == KEPT_OUT_EDGE
    put_in_chains(x, row, found)
    return row


@kernel
def take_label(x: Array, found: Array, time: int) -> int:
    """A person is known to be bad, for one window from when it became known. Returns the event's row, NO_ROW when the table is full."""
    ints, person = int32s(words_at(x[N_NODES])), found[0]
    row = enter(x, found, time, 1 << BAD_BIT, 0)
    if row == NO_ROW:
        return NO_ROW
    if ints[person * LINE_INTS + BADS] == 0:
        add_bad(x, person, 1)
    ints[person * LINE_INTS + BADS] += 1
    put_in_chains(x, row, found)
    return row


@kernel
def let_go(x: Array, found: Array) -> None:
    """An event older than the whole window does not enter; what was looked up for it is forgotten again."""
    for slot in range(words_at(x[N_SETTINGS])[S_LINKS] + 1):
        if found[slot] != NOBODY:
            forget_mention(x, found[slot])
    words_at(x[N_COUNTERS])[TOO_LATE] += 1
