"""A key's run: find a place by time, insert (late ones too), drop what has expired, keep sums and distinct marks true.

In: one heap of int64 words, a table's line of the plan, lane lines. Out: the heap changed; offsets and positions returned.
Invariants: stamps ascend by time, equal times in order of arrival; of all counted entries of a distinct lane that share a value,
exactly the newest carries the `last` bit; every node of a full block equals the sum over its entries (others hold nothing).
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import add_square, add_wide, beyond, halves
from zhiyu.entities.slots import spread_bits
from zhiyu.features.heap import HEAP_FULL, MAX_ENTRIES, allocate, fitting, release
from zhiyu.features.layout import (
    BIG,
    BLOCK_SHIFT,
    CATEGORIES,
    DISTINCT,
    EXTRA,
    HASHED,
    L_HASH,
    L_LAST_SHIFT,
    L_LAST_WORD,
    L_NODE,
    L_ROLE,
    L_SHIFT,
    L_VALUE,
    L_WORD,
    LANE0,
    LANE1,
    LANE_COLUMNS,
    NODE,
    NUMBERS,
    NUMERIC,
    STAMP_SHIFT,
    category_at,
    half,
    hash_at,
    hash_words,
    nodes_at,
    number_at,
)
from zhiyu.features.loss import carry_loss, note_loss

NO_LOW: int = (1 << 63) - 1
NO_HIGH: int = -(1 << 63)


@kernel
def wipe(heap: Array, start: int, words: int) -> None:
    """Zero `words` words."""
    for word in range(start, start + words):
        heap[word] = 0


@kernel
def upper_bound(heap: Array, run: int, low: int, high: int, limit: int) -> int:
    """First entry of [low, high) whose time (ms since epoch) is greater than `limit`, or high."""
    bound = ((limit + 1) << STAMP_SHIFT) - 1
    while high - low > 8:
        middle = (low + high) >> 1
        if heap[run + middle] > bound:
            high = middle
        else:
            low = middle + 1
    while high > low and heap[run + high - 1] > bound:
        high -= 1
    return high


@kernel
def place_of(heap: Array, run: int, end: int, time: int) -> int:
    """Where an entry of this time goes in [0, end): after all that are not newer. Nearly always at the end."""
    if end == 0 or heap[run + end - 1] < (time + 1) << STAMP_SHIFT:
        return end
    return upper_bound(heap, run, 0, end - 1, time)


@kernel
def flag(heap: Array, run: int, cap: int, entry: int, word: int, shift: int) -> int:
    """One flag bit of an entry: word 0 is the stamp's low bits, word k the k-th extra word."""
    return (heap[run + word * cap + entry] >> shift) & 1


@kernel
def hash_home(value: int, words: int) -> int:
    """First index word to look at: 32 mixed bits scaled to any number of words, so that the index can have any size."""
    return ((spread_bits(value) >> 31) * words) >> 32


@kernel
def find_last(heap: Array, run: int, cap: int, end: int, table: Array, lane: Array, value: int) -> int:
    """Newest counted entry of a distinct lane with this value among [0, end), or -1 (the marked one)."""
    if cap >= HASHED:
        base = run + hash_at(table, cap, lane[L_HASH])
        words = hash_words(cap)
        at = hash_home(value, words)
        while True:
            word = heap[base + at]
            if word == 0:
                return -1
            if (word >> 32) == value:
                return (word & 0xFFFFFFFF) - 1
            at = at + 1 if at + 1 < words else 0
    column = 2 * (run + category_at(table, cap, lane[L_VALUE]))
    for entry in range(end - 1, -1, -1):
        if halves(heap)[column + entry] == value and flag(heap, run, cap, entry, lane[L_LAST_WORD], lane[L_LAST_SHIFT]):
            return entry
    return -1


@kernel
def note_last(heap: Array, run: int, cap: int, table: Array, lane: Array, value: int, entry: int) -> None:
    """Remember `entry` as the newest with this value (runs of HASHED entries and more)."""
    base = run + hash_at(table, cap, lane[L_HASH])
    words = hash_words(cap)
    at = hash_home(value, words)
    while heap[base + at] != 0 and (heap[base + at] >> 32) != value:
        at = at + 1 if at + 1 < words else 0
    heap[base + at] = (value << 32) | (entry + 1)


@kernel
def fold_entry(heap: Array, run: int, cap: int, entry: int, node: int, table: Array, lane: Array) -> None:
    """Add an entry to one lane's node. Only adding is ever needed: expiry drops whole nodes."""
    if not flag(heap, run, cap, entry, lane[L_WORD], lane[L_SHIFT]):
        return
    at = node + lane[L_NODE]
    heap[at] += 1
    if lane[L_ROLE] & DISTINCT:
        heap[at + 1] += flag(heap, run, cap, entry, lane[L_LAST_WORD], lane[L_LAST_SHIFT])
    elif lane[L_ROLE] & NUMERIC:
        value = heap[run + number_at(table, cap, lane[L_VALUE]) + entry]
        first = heap[at] == 1
        heap[at + 1] += value
        low, high = add_square(heap[at + 2], heap[at + 3], value)
        heap[at + 2] = low
        heap[at + 3] = high
        heap[at + 4] = value if first else min(heap[at + 4], value)
        heap[at + 5] = value if first else max(heap[at + 5], value)


@kernel
def merge_node(heap: Array, target: int, source: int, lane: Array) -> None:
    """Add a lower node's lane to a higher one's."""
    to, of = target + lane[L_NODE], source + lane[L_NODE]
    count = heap[of]
    if count == 0:
        return
    first = heap[to] == 0
    heap[to] += count
    if lane[L_ROLE] & DISTINCT:
        heap[to + 1] += heap[of + 1]
    elif lane[L_ROLE] & NUMERIC:
        heap[to + 1] += heap[of + 1]
        low, high = add_wide(heap[to + 2], heap[to + 3], heap[of + 2], heap[of + 3])
        heap[to + 2] = low
        heap[to + 3] = high
        heap[to + 4] = heap[of + 4] if first else min(heap[to + 4], heap[of + 4])
        heap[to + 5] = heap[of + 5] if first else max(heap[to + 5], heap[of + 5])


@kernel
def level_base(cap: int, level: int) -> int:
    """Number of the first node of a level (0: 32 entries, 1: 1,024, 2: 32,768)."""
    base = 0
    if level > 0:
        base += (cap >> 5) + 1
    if level > 1:
        base += (cap >> 10) + 1
    return base


@kernel
def build_node(heap: Array, run: int, cap: int, level: int, block: int, table: Array, lanes: Array) -> None:
    """Fold the 32 entries (level 0) or the 32 nodes below into one node."""
    words = table[NODE]
    base = run + nodes_at(table, cap)
    node = base + (level_base(cap, level) + block) * words
    below = base + level_base(cap, level - 1) * words
    wipe(heap, node, words)
    for lane in range(table[LANE0], table[LANE1]):
        for child in range(block << BLOCK_SHIFT, (block + 1) << BLOCK_SHIFT):
            if level == 0:
                fold_entry(heap, run, cap, child, node, table, beyond(lanes, lane * LANE_COLUMNS))
            else:
                merge_node(heap, node, below + child * words, beyond(lanes, lane * LANE_COLUMNS))


@kernel
def rebuild_nodes(heap: Array, run: int, cap: int, first: int, end: int, table: Array, lanes: Array) -> None:
    """Build every node of a full block of [0, end) that covers entries from `first` on (after a late insert or a compaction)."""
    for level in range(3):
        shift = BLOCK_SHIFT * (level + 1)
        for block in range(first >> shift, end >> shift):
            build_node(heap, run, cap, level, block, table, lanes)


@kernel
def append_nodes(heap: Array, run: int, cap: int, entry: int, table: Array, lanes: Array) -> None:
    """Entries up to `entry` are there: build the node of every block that it fills."""
    for level in range(3):
        shift = BLOCK_SHIFT * (level + 1)
        if (entry + 1) & ((1 << shift) - 1):
            return
        build_node(heap, run, cap, level, entry >> shift, table, lanes)


@kernel
def rebuild_last(heap: Array, run: int, cap: int, end: int, table: Array, lanes: Array) -> None:
    """Write the value indexes of all distinct lanes anew from the `last` bits."""
    for number in range(table[LANE0], table[LANE1]):
        lane = beyond(lanes, number * LANE_COLUMNS)
        if not lane[L_ROLE] & DISTINCT:
            continue
        base = run + hash_at(table, cap, lane[L_HASH])
        wipe(heap, base, hash_words(cap))
        column = 2 * (run + category_at(table, cap, lane[L_VALUE]))
        for entry in range(end):
            if flag(heap, run, cap, entry, lane[L_LAST_WORD], lane[L_LAST_SHIFT]):
                note_last(heap, run, cap, table, lane, half(heap, column + entry), entry)


@kernel
def rebuild(heap: Array, run: int, cap: int, end: int, table: Array, lanes: Array) -> None:
    """Nodes and value indexes of a run whose entries have moved."""
    if cap >= BIG and end > 0:
        rebuild_nodes(heap, run, cap, 0, end, table, lanes)
    if cap >= HASHED:
        rebuild_last(heap, run, cap, end, table, lanes)


@kernel
def move_entries(
    heap: Array, source: int, source_cap: int, target: int, target_cap: int, first: int, end: int, table: Array
) -> None:
    """Copy entries [first, end) of one run to the start of another (or of itself: first > 0, ascending copies are safe)."""
    for column in range(1 + table[EXTRA] + table[NUMBERS]):
        of, to = source + column * source_cap, target + column * target_cap
        for entry in range(end - first):
            heap[to + entry] = heap[of + first + entry]
    for column in range(table[CATEGORIES]):
        of = 2 * (source + category_at(table, source_cap, column))
        to = 2 * (target + category_at(table, target_cap, column))
        for entry in range(end - first):
            halves(heap)[to + entry] = halves(heap)[of + first + entry]


@kernel
def open_gap(heap: Array, run: int, cap: int, place: int, end: int, table: Array) -> None:
    """Move entries [place, end) one up, for a late event."""
    for column in range(1 + table[EXTRA] + table[NUMBERS]):
        base = run + column * cap
        for entry in range(end, place, -1):
            heap[base + entry] = heap[base + entry - 1]
    for column in range(table[CATEGORIES]):
        base = 2 * (run + category_at(table, cap, column))
        for entry in range(end, place, -1):
            halves(heap)[base + entry] = halves(heap)[base + entry - 1]


@kernel
def stale(heap: Array, run: int, cap: int, end: int, edge: int) -> bool:
    """Has more than a quarter of a short run expired (time not newer than `edge`): then it pays to move what is left before it is full."""
    return cap < BIG and heap[run + (end >> 2)] < (edge + 1) << STAMP_SHIFT


@kernel
def class_for(capacities: Array, klass: int, live: int, grows: bool) -> int:
    """Size class for `live` entries and one more: a quarter of room for a run that grows, else an eighth and never a larger class."""
    if grows:
        return fitting(capacities, min(live + (live >> 2) + 1, MAX_ENTRIES))
    return min(fitting(capacities, live + (live >> 3) + 1), klass)


@kernel
def make_room(
    heap: Array, heap_head: Array, sizes: Array, capacities: Array, table: Array, lanes: Array, run: int, klass: int, end: int,
    edge: int,
) -> tuple[int, int, int, int]:  # fmt: skip
    """Room for one more entry in a full or stale run: drop what is not newer than `edge`, and grow or shrink by what is left.

    A run grows only when too little has expired to pay for moving the rest: less than a sixteenth of a short run, a quarter of a long one
    (which rebuilds nodes). Else it stays or shrinks, or the fullest moment of each key would be paid for ever after.
    Returns (run, size class, end, dropped although not expired); run is HEAP_FULL when memory is at its limit.
    """
    cap = capacities[klass]
    expired = upper_bound(heap, run, 0, end, edge)
    few = expired * (4 if cap >= BIG else 16) < end
    lost = 0
    if few and cap >= MAX_ENTRIES:
        lost = max((end >> 3) - expired, 0)
        if lost:
            note_loss(heap, run, cap, expired, expired + lost, edge, table)
    live = end - expired - lost
    wanted = klass if lost else class_for(capacities, klass, live, few)
    target = run
    if wanted != klass:
        target = allocate(heap, heap_head, sizes, wanted)
        if target == HEAP_FULL:
            return HEAP_FULL, klass, end, 0
    move_entries(heap, run, cap, target, capacities[wanted], end - live, end, table)
    if target != run:
        carry_loss(heap, run, cap, target, capacities[wanted], table)
        release(heap, heap_head, klass, run)
    rebuild(heap, target, capacities[wanted], live, table, lanes)
    return target, wanted, live, lost
