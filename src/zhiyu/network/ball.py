"""The neighbourhood of one event: who shares what with it, and the dense core among them.

In: an event that has entered. Out: the events that share a linking thing with it, their graph of people and things, its densest part.
An edge is a person and a thing; it weighs what its link weighs, divided by the logarithm of how many people use the thing (a thing shared
by few says more), and halves with age. Things of one person alone are left out: they join nobody. All in integers.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, int32s, prefetch, words_at
from zhiyu.network.layout import (
    CHAIN_BITS,
    CLOCK,
    DEGREE,
    FIRST_SLOT,
    K_LINKS,
    K_MAX_PEOPLE,
    K_WEIGHT,
    LINE_INTS,
    LINE_WORDS,
    LINK_COLUMNS,
    LINKED_BIT,
    N_DECAYS,
    N_EVENTS,
    N_HEAD,
    N_LINKS,
    N_LOGS,
    N_NODES,
    N_SETTINGS,
    S_HALF_LIFE,
    S_LINKS,
)
from zhiyu.network.local import (
    B_COUNT,
    B_CURSORS,
    B_EDGE_OF,
    B_EDGES,
    B_EVENTS,
    B_FIRST_EVENT,
    B_LAST,
    B_NEXT_EVENT,
    B_NODE,
    CHAIN_STEPS,
    MAX_BALL_EVENTS,
    number_of,
    part,
    put_number,
    start_round,
)
from zhiyu.network.nodes import head_of_chain
from zhiyu.network.window import NO_ROW, chain_of, followed, next_in_chain, row_words, time_of

ROW_KEY = 1 << 32
"""Rows and nodes share the table of small numbers; rows have this bit."""
LOG_STEPS, DECAY_STEPS, STEPS_PER_HALF_LIFE = 1024, 1024, 64
UNIT = 64_000.0
"""Weight, in integers, of an edge with weight 1 to a thing whose logarithm is 1."""


@kernel
def is_linked(events: Array, width: int, spot: int) -> bool:
    """Whether the slot of an event that `spot` names is an edge of the network."""
    return (spot & 15) > 0 and (events[(spot >> 4) * width] >> (LINKED_BIT + (spot & 15) - 1)) & 1 == 1


@kernel
def gather(x: Array, row: int) -> int:
    """The event itself and those that share a linking thing with it: the newest CHAIN_STEPS per thing, in turn; MAX_BALL_EVENTS in all."""
    events, links = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS])[S_LINKS]
    width, slots = row_words(links), links + 1
    mine = beyond(int32s(events), 2 * row * width + FIRST_SLOT)
    found, cursors = part(x, B_EVENTS), part(x, B_CURSORS)
    start_round(x)
    put_number(x, ROW_KEY | row, 0)
    found[0] = row
    count = 1
    for slot in range(1, slots):
        cursors[slot] = NO_ROW
        if is_linked(events, width, row << 4 | slot):
            cursors[slot] = followed(events, width, head_of_chain(x, mine[slot] - 1), mine[slot] - 1, NO_ROW)
    for _ in range(CHAIN_STEPS):
        going = False
        for slot in range(1, slots):
            spot = cursors[slot]
            if spot == NO_ROW:
                continue
            going = True
            if is_linked(events, width, spot) and number_of(x, ROW_KEY | (spot >> 4)) < 0:
                if count == MAX_BALL_EVENTS:
                    return count
                put_number(x, ROW_KEY | (spot >> 4), count)
                found[count] = spot >> 4
                count += 1
            cursors[slot] = next_in_chain(events, width, slots, spot, mine[slot] - 1)
            if cursors[slot] != NO_ROW:
                further = chain_of(events, width, slots, cursors[slot]) - 1
                if further >= 0:
                    prefetch(x[N_EVENTS] + 8 * width * (further >> CHAIN_BITS))
        if not going:
            break
    return count


@kernel
def name_people(x: Array, count: int) -> tuple[int, int]:
    """(number of people, newest time of an event of somebody else or before all time); the person of the event is number 0.

    Each person's events are strung together, in the order in which they were gathered.
    """
    events, width = words_at(x[N_EVENTS]), row_words(words_at(x[N_SETTINGS])[S_LINKS])
    found, nodes = part(x, B_EVENTS), part(x, B_NODE)
    first, following, last = part(x, B_FIRST_EVENT), part(x, B_NEXT_EVENT), part(x, B_LAST)
    people, newest = 0, -(1 << 62)
    for event in range(count):
        node = int32s(events)[2 * found[event] * width + FIRST_SLOT] - 1
        number = number_of(x, node)
        following[event] = -1
        if number < 0:
            number = people
            people += 1
            put_number(x, node, number)
            nodes[number] = node
            first[number] = event
        else:
            following[last[number]] = event
        last[number] = event
        if number > 0:
            newest = max(newest, time_of(events, width, found[event]))
    return people, newest


@kernel
def draw_edges(x: Array, people: int) -> tuple[int, int]:
    """(nodes, edges) of the graph: one edge per person and thing, with the newest time they met; things are numbered after the people."""
    events, settings, links = words_at(x[N_EVENTS]), words_at(x[N_SETTINGS]), words_at(x[N_LINKS])
    width, nodes, edges, count = row_words(settings[S_LINKS]), part(x, B_NODE), part(x, B_EDGES), part(x, B_COUNT)
    first, following = part(x, B_FIRST_EVENT), part(x, B_NEXT_EVENT)
    found, last, edge_of, n, m = part(x, B_EVENTS), part(x, B_LAST), part(x, B_EDGE_OF), people, 0
    for person in range(people):
        event = first[person]
        while event >= 0:
            row = found[event]
            time = time_of(events, width, row)
            slots = beyond(int32s(events), 2 * row * width + FIRST_SLOT)
            for number in range(settings[S_LINKS]):
                node = slots[number + 1] - 1
                if node < 0 or (
                    links[number * LINK_COLUMNS + K_LINKS] and not is_linked(events, width, row << 4 | (number + 1))
                ):
                    continue
                thing = number_of(x, node)
                if thing < 0:
                    thing = n
                    n += 1
                    put_number(x, node, thing)
                    nodes[thing], count[thing], last[thing] = node, 0, -1
                    prefetch(x[N_NODES] + 8 * LINE_WORDS * node)
                if last[thing] == person:
                    edges[4 * edge_of[thing] + 3] = max(edges[4 * edge_of[thing] + 3], time)
                    continue
                edges[4 * m], edges[4 * m + 1], edges[4 * m + 2], edges[4 * m + 3] = person, thing, number, time
                count[thing] += 1
                last[thing], edge_of[thing] = person, m
                m += 1
            event = following[event]
    return n, m


@kernel
def weigh(x: Array, people: int, n: int, m: int) -> tuple[int, int]:
    """(nodes, edges) that are left: only things of several people and within their cap, numbered anew; times become weights."""
    ints, links, nodes = int32s(words_at(x[N_NODES])), words_at(x[N_LINKS]), part(x, B_NODE)
    edges, count, degree, name = part(x, B_EDGES), part(x, B_COUNT), part(x, B_LAST), part(x, B_EDGE_OF)
    kept = people
    for thing in range(people, n):
        name[thing] = -1
        if count[thing] > 1:
            degree[thing] = ints[nodes[thing] * LINE_INTS + DEGREE]
            name[thing] = kept
            kept += 1
    left = 0
    for edge in range(m):
        thing, number = edges[4 * edge + 1], edges[4 * edge + 2]
        if name[thing] < 0 or degree[thing] > links[number * LINK_COLUMNS + K_MAX_PEOPLE]:
            continue
        weight = edge_weight(x, number, degree[thing], edges[4 * edge + 3])
        edges[4 * left], edges[4 * left + 1], edges[4 * left + 2], edges[4 * left + 3] = (
            edges[4 * edge],
            name[thing],
            number,
            weight,
        )
        left += 1
    return kept, left


@kernel
def edge_weight(x: Array, number: int, degree: int, time: int) -> int:
    """What an edge weighs: its link's weight / ln(people + 5), halved with every half-life of age; at least 1."""
    weight = words_at(x[N_LINKS])[number * LINK_COLUMNS + K_WEIGHT]
    age = words_at(x[N_HEAD])[CLOCK] - time
    step = min(age * STEPS_PER_HALF_LIFE // words_at(x[N_SETTINGS])[S_HALF_LIFE], DECAY_STEPS - 1)
    full = (weight * words_at(x[N_LOGS])[min(degree, LOG_STEPS - 1)]) >> 10
    return max((full * words_at(x[N_DECAYS])[step]) >> 16, 1)
