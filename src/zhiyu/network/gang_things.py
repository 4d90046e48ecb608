"""Things over which people are one gang whose own gates were open, though nothing joins them in a component: a place, an employer.

In: the things of an event whose gate is open, when it takes effect. Out: an edge of the forest of gangs to whoever came last over each of
them with an open gate, if that was within the window. A slot line per thing: key of that person, code, when. A hand goes round the lines
and gives back what is older than the window, two for each open gate, so the table holds no more than comes in two windows.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, words_at
from zhiyu.entities.slots import (
    FREE_MARK,
    FULL,
    HAND,
    KEY,
    ROW_WORDS,
    RUN,
    SEEN,
    SIZE,
    USED,
    add,
    find,
    remove,
    spread_bits,
)
from zhiyu.network.gangs import (
    G_OVER,
    G_OVER_WINDOW,
    G_THING_HEAD,
    G_THING_INDEX,
    G_THING_ROWS,
    GANGS_FULL,
    P_CODES,
    P_COUNT,
    P_KEYS,
    P_THINGS,
    bind,
    member,
)
from zhiyu.network.layout import (
    DEGREE,
    K_MAX_PEOPLE,
    LINE_INTS,
    LINK_COLUMNS,
    N_LINKS,
    N_ROWS,
    N_SETTINGS,
    S_LINKS,
)
from zhiyu.network.nodes import NOBODY

LAST_PERSON, LAST_CODE, LAST_TIME = RUN, SEEN, SIZE
HAND_STEPS = 2


@kernel
def keep_things(x: Array, g: Array, waiting: Array, found: Array, ints: Array) -> None:
    """The things of an event over which gangs join, within their caps, wait with its core."""
    links, rows = words_at(x[N_LINKS]), words_at(x[N_ROWS])
    count = 0
    for number in range(words_at(x[N_SETTINGS])[S_LINKS]):
        node = found[number + 1]
        if (g[G_OVER] >> number) & 1 == 0 or node == NOBODY:
            continue
        if ints[node * LINE_INTS + DEGREE] <= links[number * LINK_COLUMNS + K_MAX_PEOPLE]:
            waiting[P_THINGS + count] = rows[node * ROW_WORDS + KEY]
            count += 1
    waiting[P_COUNT] = count


@kernel
def join_over_things(g: Array, waiting: Array, clock: int) -> int:
    """The first person of what waited is joined with those who came last over its things; 0, or GANGS_FULL."""
    rows, index, head = words_at(g[G_THING_ROWS]), words_at(g[G_THING_INDEX]), words_at(g[G_THING_HEAD])
    own, edge = waiting[P_KEYS], clock - g[G_OVER_WINDOW]
    for place in range(waiting[P_COUNT]):
        key = waiting[P_THINGS + place]
        hashed = spread_bits(key)
        slot = find(rows, index, head, key, hashed)
        if slot < 0:
            slot = add(rows, index, head, key, hashed)
            if slot == FULL:
                return GANGS_FULL
        else:
            last = beyond(rows, slot * ROW_WORDS)
            if last[LAST_TIME] > edge and last[LAST_PERSON] != own:
                one, other = member(g, own, waiting[P_CODES]), member(g, last[LAST_PERSON], last[LAST_CODE])
                if one == FULL or other == FULL or bind(g, one, other, clock) != 0:
                    return GANGS_FULL
        line = beyond(rows, slot * ROW_WORDS)
        line[LAST_PERSON], line[LAST_CODE], line[LAST_TIME] = own, waiting[P_CODES], clock
    for _ in range(HAND_STEPS):
        give_back(rows, index, head, edge)
    return 0


@kernel
def give_back(rows: Array, index: Array, head: Array, edge: int) -> None:
    """One step of the hand: forget a thing over which nobody came since `edge`."""
    if head[USED] == 0:
        return
    slot = head[HAND] % head[USED]
    head[HAND] = slot + 1
    if rows[slot * ROW_WORDS + SEEN] != FREE_MARK and rows[slot * ROW_WORDS + LAST_TIME] <= edge:
        remove(rows, index, head, slot)
