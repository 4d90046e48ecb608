"""How a feature plan and its state look in memory: column numbers of the plan arrays, layout of a run.

A *table* holds one key spec (customer; or [customer, hour]). A key's *run* is its events in time order, column by column:

    stamp[cap]              time (ms since the plan's epoch) << 24 | the first 24 flag bits
    flags[extra][cap]       further flag words, 64 bits each
    number[n][cap]          int64 values
    category[n][cap]        uint32 slots of distinct-able values, two to a word
    memo[...]               from `BIG` entries on: what the last answer found, window by window (see `memo`); what was lost (see `loss`)
    node[levels][...]       from `BIG` entries on: sums over each full block of 32, 1,024 and 32,768 entries, for every lane
    last[lane][...]         from `HASHED` entries on: value → newest entry, for every distinct lane (slot << 32 | entry + 1)

A *lane* is (filter, value): its flag bit says that an entry counts. A distinct lane's second bit says "newest entry with this value".
In a lane with neither filter nor value (`L_ALL`) every entry counts.
A *cell* is (lane, window) and names the output register of each aggregate, or -1.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import halves

# plan.tables columns
KEYS, KEY0, EXTRA, NUMBERS, NUMBER0, CATEGORIES, CATEGORY0, LANE0, LANE1, WINDOW0, WINDOW1, NODE, DISTINCTS, KEEP = (
    range(14)
)
HAS_PAST, HAS_NOW, MEMO, KEY1, KEY2, KEY3 = range(14, 20)
TABLE_COLUMNS = 24
# plan.lanes columns
L_WORD, L_SHIFT, L_ROLE, L_VALUE, L_LAST_WORD, L_LAST_SHIFT, L_NODE, L_FILTER = range(8)
L_REGISTER, L_PAST, L_HASH, L_CELL0, L_CELL1, L_COUNTS, L_MEMO, L_ALL = range(8, 16)
LANE_COLUMNS = 16
# lane roles (bits)
NUMERIC, DISTINCT, PLACES, CATEGORY, EXTREMES = 1, 2, 4, 8, 16
# plan.cells columns: output registers
(
    C_WINDOW,
    C_COUNT,
    C_SUM,
    C_MEAN,
    C_STD,
    C_MIN,
    C_MAX,
    C_DISTINCT,
    C_FIRST,
    C_LAST,
    C_SINCE_FIRST,
    C_SINCE_LAST,
    C_SPEED,
) = range(13)
CELL_COLUMNS = 16

# memo: the time of the last answer, the oldest and newest time lost, where each window began, then for each lane how far it counted and
# its cells
NOTHING: int = -(1 << 63)
MEMO_TIME, MEMO_OLDEST_LOST, MEMO_NEWEST_LOST, MEMO_EDGES = range(4)
M_LOW, M_COUNT, M_SUM, M_SQUARE_LOW, M_SQUARE_HIGH = range(5)
M_FRESH = 2
NUMBER_WORDS, COUNT_WORDS = 5, 3

STAMP_SHIFT = 24
FLAG_MASK = (1 << STAMP_SHIFT) - 1
BLOCK_SHIFT = 5
BLOCK = 1 << BLOCK_SHIFT
BIG = 128
HASHED = 128
# the kernel's context: addresses and sizes, one word each
(
    X_ROWS,
    X_INDEX,
    X_HEAD,
    X_HEAP,
    X_HEAP_HEAD,
    X_CAPACITIES,
    X_TABLES,
    X_LANES,
    X_CELLS,
    X_SCALES,
    X_WINDOWS,
    X_COLUMNS,
) = range(12)
X_KEYS, X_SLOTS, X_LOWS, X_COUNTERS, X_TABLE_COUNT, X_ROW_STRIDE, X_INDEX_STRIDE, X_HEAP_WORDS, X_HORIZON = range(
    12, 21
)
X_VALUES, X_NULLS, X_WIDTH, X_WORDS, X_MARKS = 21, 22, 23, 24, 25
CONTEXT_WORDS = 26
HEADER_WORDS = 8


@kernel
def half(heap: Array, at: int) -> int:
    """The uint32 at position `at`, counted in half words."""
    found: int = halves(heap)[at] + 0
    return found


@kernel
def node_count(cap: int) -> int:
    """Nodes of all three levels for a capacity."""
    return (cap >> 5) + (cap >> 10) + (cap >> 15) + 3


@kernel
def hash_words(cap: int) -> int:
    """Words of one distinct lane's index: five for four entries."""
    return cap + (cap >> 2) + 1


@kernel
def number_at(table: Array, cap: int, column: int) -> int:
    """Word offset of a number column inside the run."""
    return cap * (1 + table[EXTRA] + column)


@kernel
def category_at(table: Array, cap: int, column: int) -> int:
    """Word offset of a category column inside the run."""
    return cap * (1 + table[EXTRA] + table[NUMBERS]) + column * ((cap + 1) >> 1)


@kernel
def memo_at(table: Array, cap: int) -> int:
    """Word offset of the memo (runs of BIG entries and more)."""
    return category_at(table, cap, table[CATEGORIES])


@kernel
def nodes_at(table: Array, cap: int) -> int:
    """Word offset of the first node (runs of BIG entries and more)."""
    return category_at(table, cap, table[CATEGORIES]) + table[MEMO]


@kernel
def hash_at(table: Array, cap: int, distinct: int) -> int:
    """Word offset of a distinct lane's index."""
    return nodes_at(table, cap) + table[NODE] * node_count(cap) + distinct * hash_words(cap)


@kernel
def run_words(table: Array, cap: int) -> int:
    """Words of a whole run of this capacity."""
    words = memo_at(table, cap)
    if cap >= BIG:
        words += table[MEMO] + table[NODE] * node_count(cap)
    if cap >= HASHED:
        words += table[DISTINCTS] * hash_words(cap)
    return words
