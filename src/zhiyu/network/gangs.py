"""Gangs: dense cores that a gate has let through, joined to groups with names that last.

In: the core of an event, and, `lag` events later, what the gate said of it. Out: a forest of people, a gang id per component, a record of
what became of every gang: BORN, GROWN, MERGE, SPLIT, EXPIRED, and ALERT when a gang reaches the declared number of people.
A gate is a condition of the policy, evaluated when all features of an event are known; it takes effect a declared number of events
later, in front of the event that stands there, so a replay in any batches does the same as live decisions. An edge of this forest is a
person and somebody of the core; its age is its running number, so no two are equally old. The larger side keeps the id; of equal ones the
older gang (merge) or the side of the person who drew the link (split). A group of one is no gang.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import int32s, words_at
from zhiyu.entities.slots import FULL, ROW_WORDS, SIZE, add, find, spread_bits
from zhiyu.network.components import are_together, component_ints, persons_with
from zhiyu.network.forest import cut, merge, put_in_place, refresh
from zhiyu.network.layout import (
    CODE,
    EDGE_TIME,
    GANG,
    LINE_INTS,
    LINE_WORDS,
    MAX_LINKS,
    N_HEAD,
    N_INDEX,
    N_NODES,
    N_ROWS,
    N_SLOT_HEAD,
    NO_CODE,
    NODES,
    PARENT,
)

BORN, MERGED_GANGS, SPLIT_GANG, EXPIRED_GANG, GROWN_GANG, ALERT_GANG = 1, 2, 3, 4, 5, 6
LINEAGE_WORDS, LINEAGE_ROWS = 8, 1 << 16
"""One line of the record: what, gang, the other gang, clock, people, number of the event, number of the row (every row that was fed
counts, facts and noise too), code of the person who came. The newest LINEAGE_ROWS are kept."""
EDGE_WORDS = 4
"""One edge: time, person | somebody << 32, number, next in line + 1 (or next free)."""
MAX_MEMBERS = 64
P_KEYS, P_CODES, P_COUNT, P_THINGS = 3, 3 + MAX_MEMBERS, 3 + 2 * MAX_MEMBERS, 4 + 2 * MAX_MEMBERS
PENDING_WORDS = P_THINGS + MAX_LINKS
"""One core that waits for its gate: number of its event, whether the gate is open, people, then their keys and their codes; how many things
join people whose own gates were open, and their keys."""
GONE_EDGE = -1
"""People of an edge that was taken away before its time: it only keeps its place in line."""

# words of the gangs' head
G_EDGES, G_FREE, G_FIRST, G_LAST, G_NUMBER, G_LIVE, G_NEXT_ID, G_TOLD, G_EVENTS, G_ROW = range(8, 18)
G_HEAD_WORDS = 24
# words of the gangs' own context, behind those it shares with the network's (rows, index, slot head, nodes)
G_EDGE_ROWS, G_LINEAGE, G_PENDING, G_NUMBERS, G_LAG, G_WINDOW, G_GATE, G_EDGE_LIMIT, G_ALERT = range(32, 41)
G_OVER, G_OVER_WINDOW, G_THING_ROWS, G_THING_INDEX, G_THING_HEAD = range(41, 46)
G_CONTEXT_WORDS = 48
GANGS_FULL = 3


@kernel
def tell(g: Array, what: int, gang: int, other: int, clock: int, people: int, code: int) -> None:
    """One line of the record."""
    head = words_at(g[N_HEAD])
    at = (head[G_TOLD] % LINEAGE_ROWS) * LINEAGE_WORDS
    line = words_at(g[G_LINEAGE])
    line[at], line[at + 1], line[at + 2], line[at + 3] = what, gang, other, clock
    line[at + 4], line[at + 5], line[at + 6], line[at + 7] = people, head[G_EVENTS], head[G_ROW], code
    head[G_TOLD] += 1


@kernel
def member(g: Array, key: int, code: int) -> int:
    """The node of a person in the forest of gangs, a new one if need be; FULL at the limit."""
    rows, index, head = words_at(g[N_ROWS]), words_at(g[N_INDEX]), words_at(g[N_SLOT_HEAD])
    hashed = spread_bits(key)
    node = find(rows, index, head, key, hashed)
    if node >= 0:
        return node
    node = add(rows, index, head, key, hashed)
    if node != FULL:
        rows[node * ROW_WORDS + CODE] = code
        for word in range(LINE_WORDS):
            words_at(g[N_NODES])[node * LINE_WORDS + word] = 0
    return node


@kernel
def gang_of(g: Array, key: int) -> tuple[int, int]:
    """(gang id, people) of a person; (0, 0) without a gang."""
    node = find(words_at(g[N_ROWS]), words_at(g[N_INDEX]), words_at(g[N_SLOT_HEAD]), key, spread_bits(key))
    if node < 0:
        return 0, 0
    return named(g, node), persons_with(g, node)


@kernel
def named(g: Array, node: int) -> int:
    """The gang id of a node's component, 0 when it stands alone."""
    return int64(component_ints(g, node)[GANG])


@kernel
def name(g: Array, node: int, gang: int) -> None:
    """Give a node's component a gang id; a group of one has none."""
    ints = component_ints(g, node)
    if ints[NODES] > 0:
        ints[GANG] = gang


@kernel
def new_id(g: Array) -> int:
    """The next gang id: 1, 2, 3 …"""
    head = words_at(g[N_HEAD])
    head[G_NEXT_ID] += 1
    gang: int = head[G_NEXT_ID]
    return gang


@kernel
def keep_edge(g: Array, one: int, other: int, clock: int) -> int:
    """Write an edge down, last in line; its number, or FULL at the limit."""
    head, edges, rows = words_at(g[N_HEAD]), words_at(g[G_EDGE_ROWS]), words_at(g[N_ROWS])
    edge = head[G_FREE] - 1
    if edge >= 0:
        head[G_FREE] = edges[edge * EDGE_WORDS + 3]
    else:
        edge = head[G_EDGES]
        if edge >= g[G_EDGE_LIMIT]:
            return FULL
        head[G_EDGES] = edge + 1
    head[G_NUMBER] += 1
    head[G_LIVE] += 1
    at = edge * EDGE_WORDS
    edges[at], edges[at + 1], edges[at + 2], edges[at + 3] = clock, one | (other << 32), head[G_NUMBER], 0
    if head[G_LAST] > 0:
        edges[(head[G_LAST] - 1) * EDGE_WORDS + 3] = edge + 1
    else:
        head[G_FIRST] = edge + 1
    head[G_LAST] = edge + 1
    rows[one * ROW_WORDS + SIZE] += 1
    rows[other * ROW_WORDS + SIZE] += 1
    number: int = head[G_NUMBER]
    return number


@kernel
def bind(g: Array, one: int, other: int, clock: int) -> int:
    """Join two people; 0, or GANGS_FULL."""
    number = keep_edge(g, one, other, clock)
    if number == FULL:
        return GANGS_FULL
    if refresh(g, one, other, number):
        return 0
    if are_together(g, one, other):
        put_in_place(g, one, other, number)
        return 0
    gang = merged_name(g, one, other, clock)
    merge(g, one, other, number)
    name(g, one, gang)
    return 0


@kernel
def merged_name(g: Array, one: int, other: int, clock: int) -> int:
    """The id of two groups that become one, told where it is news."""
    gang, its = named(g, one), named(g, other)
    people, others = persons_with(g, one), persons_with(g, other)
    fresh = words_at(g[N_ROWS])[(one if gang == 0 else other) * ROW_WORDS + CODE]  # who is in no gang comes alone
    if gang == 0 and its == 0:
        gang = new_id(g)
        tell(g, BORN, gang, 0, clock, people + others, fresh)
    elif gang == 0 or its == 0:
        gang = max(gang, its)
        tell(g, GROWN_GANG, gang, 0, clock, people + others, fresh)
    else:
        if others > people or (others == people and its < gang):
            gang, its = its, gang
        tell(g, MERGED_GANGS, gang, its, clock, people + others, NO_CODE)
    if max(people, others) < g[G_ALERT] <= people + others:
        tell(g, ALERT_GANG, gang, 0, clock, people + others, NO_CODE)
    return gang


@kernel
def part_gangs(g: Array, one: int, other: int, number: int, clock: int) -> None:
    """The edge of this number has expired: cut it, unless a newer one stands in its place."""
    nodes, ints = words_at(g[N_NODES]), int32s(words_at(g[N_NODES]))
    child = other if ints[other * LINE_INTS + PARENT] == one + 1 else one
    parent = one if child == other else other
    if ints[child * LINE_INTS + PARENT] != parent + 1 or nodes[child * LINE_WORDS + EDGE_TIME] != number:
        return
    gang = named(g, child)
    cut(g, child)
    mine, its = one, other  # the side of the person who drew the link first
    people, others = persons_with(g, mine), persons_with(g, its)
    if others > people:
        mine, its, people, others = its, mine, others, people
    name(g, its, 0)
    name(g, mine, gang)
    if people == 1:
        tell(g, EXPIRED_GANG, gang, 0, clock, 0, NO_CODE)
    elif others > 1:
        fresh = new_id(g)
        name(g, its, fresh)
        tell(g, SPLIT_GANG, gang, fresh, clock, others, NO_CODE)
