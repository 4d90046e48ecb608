"""Gates: cores wait until it is known what the policy says of them, and take effect at a place in the stream.

In: cores as they are found, gates as they are evaluated. Out: edges of the forest of gangs, in front of the event `lag` events later;
edges that expire.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, int32s, words_at
from zhiyu.entities.slots import FULL, KEY, ROW_WORDS, SIZE, remove
from zhiyu.network.gang_things import join_over_things, keep_things
from zhiyu.network.gangs import (
    EDGE_WORDS,
    G_EDGE_ROWS,
    G_EVENTS,
    G_FIRST,
    G_FREE,
    G_GATE,
    G_LAG,
    G_LAST,
    G_LIVE,
    G_NUMBERS,
    G_OVER,
    G_PENDING,
    G_WINDOW,
    GANGS_FULL,
    GONE_EDGE,
    MAX_MEMBERS,
    P_CODES,
    P_COUNT,
    P_KEYS,
    PENDING_WORDS,
    bind,
    member,
    part_gangs,
)
from zhiyu.network.layout import (
    CLOCK,
    CODE,
    INT32_MASK,
    N_GANGS,
    N_HEAD,
    N_INDEX,
    N_NODES,
    N_NULLS,
    N_ROWS,
    N_SLOT_HEAD,
    N_VALUES,
    N_WIDTH,
    R_CORE_PERSONS,
    R_IN_CORE,
)
from zhiyu.network.local import B_CORE, B_RESULT, part

NOT_ASKED = -1


@kernel
def expire_gangs(x: Array, g: Array) -> None:
    """Edges that are older than the gangs' window leave."""
    head, edges, clock = words_at(g[N_HEAD]), words_at(g[G_EDGE_ROWS]), words_at(x[N_HEAD])[CLOCK]
    while head[G_FIRST] > 0:
        edge = head[G_FIRST] - 1
        at = edge * EDGE_WORDS
        if edges[at] > clock - g[G_WINDOW]:
            break
        one, other = edges[at + 1] & INT32_MASK, edges[at + 1] >> 32
        head[G_FIRST] = edges[at + 3]
        if head[G_FIRST] == 0:
            head[G_LAST] = 0
        if edges[at + 1] != GONE_EDGE:
            part_gangs(g, one, other, edges[at + 2], clock)
            leave(g, one)
            leave(g, other)
            head[G_LIVE] -= 1
        edges[at + 1] = GONE_EDGE
        edges[at + 3] = head[G_FREE]
        head[G_FREE] = edge + 1


@kernel
def leave(g: Array, node: int) -> None:
    """One edge less holds a person; with the last one the person is forgotten."""
    rows = words_at(g[N_ROWS])
    rows[node * ROW_WORDS + SIZE] -= 1
    if rows[node * ROW_WORDS + SIZE] == 0:
        remove(rows, words_at(g[N_INDEX]), words_at(g[N_SLOT_HEAD]), node)


@kernel
def begin_event(x: Array, row: int) -> int:
    """Before an event that is decided: edges expire, and the core that has waited long enough takes effect. 0, or GANGS_FULL."""
    g = words_at(x[N_GANGS])
    expire_gangs(x, g)
    head, clock = words_at(g[N_HEAD]), words_at(x[N_HEAD])[CLOCK]
    number = head[G_EVENTS]
    head[G_EVENTS] = number + 1
    words_at(g[G_NUMBERS])[row] = number
    waiting = beyond(words_at(g[G_PENDING]), (number % g[G_LAG]) * PENDING_WORDS)
    is_open, people, status = waiting[1] != 0, waiting[2], 0
    if is_open and people >= 2:
        one = member(g, waiting[P_KEYS], waiting[P_CODES])
        for place in range(1, people):
            other = member(g, waiting[P_KEYS + place], waiting[P_CODES + place])
            if one == FULL or other == FULL or bind(g, one, other, clock) != 0:
                return GANGS_FULL
    if is_open and people >= 1 and waiting[P_COUNT] > 0:
        status = join_over_things(g, waiting, clock)
    waiting[0], waiting[1], waiting[2], waiting[P_COUNT] = number, 0, 0, 0
    return status


@kernel
def keep_core(x: Array, row: int, found: Array) -> None:
    """The core of an event waits for its gate, the event's own person first; one that its person is not part of is no core of the gang.
    With it wait the things over which gangs join."""
    person = found[0]
    g, rows, core, result = words_at(x[N_GANGS]), words_at(x[N_ROWS]), part(x, B_CORE), part(x, B_RESULT)
    number = words_at(g[G_NUMBERS])[row]
    waiting = beyond(words_at(g[G_PENDING]), (number % g[G_LAG]) * PENDING_WORDS)
    if g[G_OVER] != 0:
        keep_things(x, g, waiting, found, int32s(words_at(x[N_NODES])))
    if result[R_IN_CORE] == 0 and waiting[P_COUNT] == 0:
        return
    waiting[P_KEYS], waiting[P_CODES] = rows[person * ROW_WORDS + KEY], rows[person * ROW_WORDS + CODE]
    people = 1
    members = min(result[R_CORE_PERSONS], MAX_MEMBERS) if result[R_IN_CORE] != 0 else 0
    for place in range(members):
        if core[place] != person:
            waiting[P_KEYS + people] = rows[core[place] * ROW_WORDS + KEY]
            waiting[P_CODES + people] = rows[core[place] * ROW_WORDS + CODE]
            people += 1
    waiting[2] = people


@kernel
def open_gates(x: Array, count: int) -> None:
    """After the policy has looked at a block: cores whose gate is true may join."""
    if x[N_GANGS] == 0:
        return
    g = words_at(x[N_GANGS])
    spot, numbers = g[G_GATE] * x[N_WIDTH], words_at(g[G_NUMBERS])
    for row in range(count):
        if numbers[row] == NOT_ASKED or bytes_at(x[N_NULLS])[spot + row] != 0 or words_at(x[N_VALUES])[spot + row] == 0:
            continue
        waiting = beyond(words_at(g[G_PENDING]), (numbers[row] % g[G_LAG]) * PENDING_WORDS)
        if waiting[0] == numbers[row]:
            waiting[1] = 1
