"""How the network looks in memory: lines of 64 bytes for nodes and components, a row per event in the window, a slot line per key.

A *node* is a person, a device, a card … It stands in a tree of the forest (`forest`), and knows of itself:

    word 0      amount of its own applications in the window, minor units
    word 1      time of the edge to the parent
    ints 4–7    parent, newest child, next older child of the same parent, next newer one; each + 1, 0 for none
    int 8       number of its component, 0 when it stands alone
    int 9       a thing: people who use it; a person: its bad labels in the window
    int 10, 11  kind of node; mark of the last search that came past
    int 12      its own applications in the window
    ints 13–15  … in each counted window

A *component* of two nodes and more has a line of its own, with what is asked of it: word 0, ints 12–15 are sums of those of its nodes, and

    ints 2, 3   nodes, persons
    ints 4, 5   known-bad persons; in the forest of gangs: gang id
    int 6       next free line + 1, when it is free

An *event row* is at the same time what expires, what links, and the adjacency list: 16 + 8 + 8·(links + 1) bytes.

    word 0      time << 24 | flags
    word 1      amount
    ints 4, 5   next event in line to expire + 1 (or next free row + 1); running number of the event (wraps around)
    ints 6 …    S slots: node + 1 of the person (slot 0) and of what the event links (slots 1 … S-1), 0 for none
    then        S chains: for each slot, the next older event of that node: row << 4 | its slot there, + 1

A row whose person has been erased, or whose thing has been taken off it, keeps its place in line until its time has come, and has 0 there.

A *slot line* (entities.slots) leads from a key to its node: word RUN is the head of the node's chain, SIZE the number of events that
mention it; at zero the node is forgotten. CODE is the value that the key was made of, so that people and things can be named again.
"""

import numpy as np

from zhiyu.entities.slots import FREE_MARK, SEEN

LINE_WORDS, LINE_INTS = 8, 16
AMOUNT, EDGE_TIME = 0, 1
PARENT, CHILD, SIBLING, BEFORE, COMPONENT = 4, 5, 6, 7, 8
DEGREE = BADS = 9
KIND, MARK, APPLICATIONS, COUNTED = 10, 11, 12, 13
"""Ints of a node line; `COUNTED`, + 1, + 2 are the counted windows."""
NODES, PERSONS, BAD, GANG, NEXT_FREE = 2, 3, 4, 5, 6
"""Ints of a component's line, which shares `AMOUNT`, `APPLICATIONS` and `COUNTED` with node lines."""
PERSON_KIND = 0

CODE = SEEN
"""The word of a slot line that other tables use for a time: a network forgets by mentions, not by age."""
NO_CODE = int(FREE_MARK) + 1

MAX_LINKS = 9
"""Links of one policy: two flag bits each, and 24 bits stand beside the time."""
MAX_SLOTS_PER_ROW = MAX_LINKS + 1
MAX_COUNTED = 3
MAX_EVENTS = 1 << 27
"""Events in the window: a chain holds the row in 27 bits and the slot in four."""
MAX_NODES = 1 << 27

STAMP_SHIFT = 24
FRESH_BIT, LINKED_BIT, COUNTED_BIT, APPLICATION_BIT, BAD_BIT = 0, MAX_LINKS, 2 * MAX_LINKS, 21, 22
"""Flag bits: per link "newest event of this pair" and "links"; per counted window "still inside"; what the event is."""
NEXT, NUMBER, FIRST_SLOT = 4, 5, 6
CHAIN_BITS = 4

# words of `head`: where the state stands
(
    CLOCK,
    NEWEST,
    SEQUENCE,
    TOP,
    FREE,
    LIVE_EVENTS,
    LAST,
    ALL_PERSONS,
) = range(8)
CURSOR, HEAP_SIZE = 8, 12
"""Words of `head`, one per window (the whole one first): next event in line to leave + 1; how many late events wait in its heap."""
HEAD_WORDS = 16
BEFORE_ALL = -(1 << 62)

# words of the head of components; line 0 belongs to nobody and is all 0
C_USED, C_FREE, C_ROUND = range(3)
COMPONENT_HEAD_WORDS = 8

# counters, for reports
LINKED, REFRESHED, EVICTED, KEPT_OUT, CUTS, CAPPED, LATE, TOO_LATE, DOUBTS, BALLS, PEELS, FORGOTTEN = range(12)
COUNTERS = 16

# the context: addresses and sizes, one word each
(
    N_ROWS,
    N_INDEX,
    N_SLOT_HEAD,
    N_NODES,
    N_EVENTS,
    N_HEAD,
    N_HEAPS,
    N_HEAP_STRIDE,
    N_COUNTERS,
    N_SETTINGS,
    N_LINKS,
    N_ROLES,
    N_OUTPUTS,
    N_OUTPUT_COUNT,
    N_VALUES,
    N_NULLS,
    N_WIDTH,
    N_KEYS,
    N_FOUND,
    N_BALL,
    N_LOGS,
    N_DECAYS,
    N_GANGS,
    N_EVENT_LIMIT,
    N_COMPONENTS,
    N_COMPONENT_HEAD,
) = range(26)
CONTEXT_WORDS = 32

# settings
(
    S_LINKS,
    S_WINDOW,
    S_COUNTED,
    S_COUNT_WINDOWS,
    S_PERSON,
    S_AMOUNT,
    S_BAD,
    S_HALF_LIFE,
    S_MIN_PERSONS,
    S_ASKS_BALL,
    S_ASKS_BAD,
    S_LOOKS,
) = (0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13)
SETTING_WORDS = 16

# columns of a link
K_REGISTER, K_TYPE, K_LINKS, K_MAX_PEOPLE, K_WEIGHT, K_TWINS = range(6)
LINK_COLUMNS = 8

# what an event type is to the network; LOOKS: it goes on after a wait, came before, and asks how things stand now
NOTHING, APPLIES, LABELS, LOOKS = range(4)

# results
(
    R_NODES,
    R_PERSONS,
    R_APPLICATIONS,
    R_COUNTED,
    R_AMOUNT,
    R_BAD,
    R_BAD_SHARE,
    R_BURST,
    R_CAPS_HIT,
    R_NEWEST_LINK_AGE,
    R_DENSITY,
    R_CORE_PERSONS,
    R_IN_CORE,
    R_BAD_1,
    R_BAD_2,
    R_BALL_PERSONS,
) = (0, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17)
R_PEOPLE_ON, R_SHARED = 20, 30
"""One result per link each: `R_PEOPLE_ON` + link, `R_SHARED` + link."""
R_GANG, R_GANG_PERSONS = 40, 41
RESULTS = 48

INT32_MASK = 0xFFFFFFFF
LOCAL_NONE: int = int(np.int64(-1))
