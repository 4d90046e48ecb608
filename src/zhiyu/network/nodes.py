"""Keys become nodes, and are forgotten with the last event that mentions them.

In: the rows of a block, with what each links. Out: a node per row and slot (-1: none), new nodes added; every event of the window counts as
one mention. All rows of a block are looked up before the first is taken, so that the memory of one is on its way while others work: a row's
mentions are counted at once, or the expiry of an earlier row could forget what a later one has found.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, int32s, prefetch, words_at
from zhiyu.entities.slots import BITS, FULL, ROW_WORDS, RUN, SIZE, add, find, index_word, joined, remove, spread_bits
from zhiyu.network.layout import (
    ALL_PERSONS,
    CODE,
    FORGOTTEN,
    K_REGISTER,
    K_TYPE,
    KIND,
    LABELS,
    LINE_INTS,
    LINE_WORDS,
    LINK_COLUMNS,
    MAX_SLOTS_PER_ROW,
    N_COUNTERS,
    N_FOUND,
    N_HEAD,
    N_INDEX,
    N_KEYS,
    N_LINKS,
    N_NODES,
    N_NULLS,
    N_ROLES,
    N_ROWS,
    N_SETTINGS,
    N_SLOT_HEAD,
    N_VALUES,
    N_WIDTH,
    NO_CODE,
    NOTHING,
    PERSON_KIND,
    S_BAD,
    S_LINKS,
    S_PERSON,
)

NOBODY = -1
OK, NODES_FULL, EVENTS_FULL = 0, 1, 2
SKIPPED = 2
"""`asks` of a row that counts nowhere, as in `features.kernel`."""


@kernel
def role_of(x: Array, kinds: Array, asks: Array, row: int) -> int:
    """What a row is to the network: an application, a label that says "bad", one that looks only, or nothing."""
    role = words_at(x[N_ROLES])[kinds[row]]
    if asks[row] == SKIPPED:
        return NOTHING
    spot = words_at(x[N_SETTINGS])[S_PERSON] * x[N_WIDTH] + row
    if bytes_at(x[N_NULLS])[spot] != 0:
        return NOTHING
    if role == LABELS:
        spot = words_at(x[N_SETTINGS])[S_BAD] * x[N_WIDTH] + row
        if bytes_at(x[N_NULLS])[spot] != 0 or words_at(x[N_VALUES])[spot] == 0:
            return NOTHING
    return role


@kernel
def hash_row(x: Array, row: int, role: int, keys: Array) -> None:
    """Keys of one row's person and links with their hashes (two words a slot; hash -1 without key); labels mention the person alone."""
    values, nulls, width = words_at(x[N_VALUES]), bytes_at(x[N_NULLS]), x[N_WIDTH]
    settings, links = words_at(x[N_SETTINGS]), words_at(x[N_LINKS])
    head, index = words_at(x[N_SLOT_HEAD]), x[N_INDEX]
    spot = settings[S_PERSON] * width + row
    present = role != NOTHING
    keys[0] = joined(PERSON_KIND, values[spot])
    keys[1] = spread_bits(keys[0]) if present else -1
    for link in range(settings[S_LINKS]):
        line = beyond(links, link * LINK_COLUMNS)
        spot = line[K_REGISTER] * width + row
        at = 2 * (link + 1)
        keys[at] = joined(line[K_TYPE], values[spot])
        keys[at + 1] = spread_bits(keys[at]) if present and role != LABELS and nulls[spot] == 0 else -1
    for slot in range(settings[S_LINKS] + 1):
        if keys[2 * slot + 1] >= 0:
            prefetch(index + 8 * index_word(keys[2 * slot + 1], head[BITS]))


@kernel
def find_row(x: Array, row: int, keys: Array, found: Array) -> int:
    """Nodes of one row, new ones added, each mentioned once more; NODES_FULL at the limit."""
    rows, index, head = words_at(x[N_ROWS]), words_at(x[N_INDEX]), words_at(x[N_SLOT_HEAD])
    links = words_at(x[N_SETTINGS])[S_LINKS]
    for slot in range(links + 1):
        found[slot] = NOBODY
        hashed = keys[2 * slot + 1]
        if hashed < 0:
            continue
        node = find(rows, index, head, keys[2 * slot], hashed)
        if node < 0:
            node = add(rows, index, head, keys[2 * slot], hashed)
            if node == FULL:
                return NODES_FULL
            begin_node(x, row, node, slot)
        mentioned = False
        for earlier in range(1, slot):
            mentioned = mentioned or found[earlier] == node
        if mentioned:
            continue  # a person who gives the own number as contact
        rows[node * ROW_WORDS + SIZE] += 1
        found[slot] = node
        prefetch(x[N_NODES] + 8 * LINE_WORDS * node)
    return OK


@kernel
def look_up(x: Array, keys: Array, found: Array) -> None:
    """The nodes of one row that are there; nothing is added, and they are not mentioned."""
    rows, index, head = words_at(x[N_ROWS]), words_at(x[N_INDEX]), words_at(x[N_SLOT_HEAD])
    for slot in range(words_at(x[N_SETTINGS])[S_LINKS] + 1):
        found[slot] = find(rows, index, head, keys[2 * slot], keys[2 * slot + 1]) if keys[2 * slot + 1] >= 0 else NOBODY
        for earlier in range(1, slot):
            if found[earlier] == found[slot]:
                found[slot] = NOBODY


@kernel
def begin_node(x: Array, row: int, node: int, slot: int) -> None:
    """The line of a new node: a tree of its own; the value that names it is kept beside its key."""
    line, ints = beyond(words_at(x[N_NODES]), node * LINE_WORDS), int32s(words_at(x[N_NODES]))
    for word in range(LINE_WORDS):
        line[word] = 0
    register = words_at(x[N_SETTINGS])[S_PERSON]
    if slot > 0:
        register = words_at(x[N_LINKS])[(slot - 1) * LINK_COLUMNS + K_REGISTER]
    words_at(x[N_ROWS])[node * ROW_WORDS + CODE] = max(words_at(x[N_VALUES])[register * x[N_WIDTH] + row], NO_CODE)
    if slot == 0:
        ints[node * LINE_INTS + KIND] = PERSON_KIND
        words_at(x[N_HEAD])[ALL_PERSONS] += 1
    else:
        ints[node * LINE_INTS + KIND] = words_at(x[N_LINKS])[(slot - 1) * LINK_COLUMNS + K_TYPE]


@kernel
def forget_mention(x: Array, node: int) -> None:
    """One event less mentions a node; with the last one it is forgotten (its edges have expired before)."""
    rows, index, head = words_at(x[N_ROWS]), words_at(x[N_INDEX]), words_at(x[N_SLOT_HEAD])
    rows[node * ROW_WORDS + SIZE] -= 1
    if rows[node * ROW_WORDS + SIZE] == 0:
        if int32s(words_at(x[N_NODES]))[node * LINE_INTS + KIND] == PERSON_KIND:
            words_at(x[N_HEAD])[ALL_PERSONS] -= 1
        remove(rows, index, head, node)
        words_at(x[N_COUNTERS])[FORGOTTEN] += 1


@kernel
def hash_rows(x: Array, kinds: Array, asks: Array, start: int, stop: int) -> None:
    """Keys of some rows of a block."""
    keys = words_at(x[N_KEYS])
    for row in range(start, stop):
        hash_row(x, row, role_of(x, kinds, asks, row), beyond(keys, 2 * MAX_SLOTS_PER_ROW * row))


@kernel
def find_rows(x: Array, start: int, stop: int) -> int:
    """Nodes of rows whose keys are made, `MAX_SLOTS_PER_ROW` words a row."""
    keys, found = words_at(x[N_KEYS]), words_at(x[N_FOUND])
    for row in range(start, stop):
        status = find_row(x, row, beyond(keys, 2 * MAX_SLOTS_PER_ROW * row), beyond(found, MAX_SLOTS_PER_ROW * row))
        if status != OK:
            return status
    return OK


@kernel
def head_of_chain(x: Array, node: int) -> int:
    """The raw link to the newest event of a node."""
    link: int = words_at(x[N_ROWS])[node * ROW_WORDS + RUN]
    return link
