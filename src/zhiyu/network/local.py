"""Scratch memory for looking around one event: small tables that are empty again without being wiped.

In: nodes or rows met on the way. Out: small numbers 0, 1, 2 … in the order in which they were met. Nothing of it outlives the event.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, words_at
from zhiyu.entities.slots import spread_bits
from zhiyu.network.layout import MAX_LINKS, N_BALL

MAX_BALL_EVENTS = 64
"""Events looked at around one event."""
CHAIN_STEPS = 12
"""Events looked at per shared thing, newest first."""
MAX_LOCAL = MAX_BALL_EVENTS * (MAX_LINKS + 1)
TABLE_SIZE = 2048
ROUNDS = 1 << 30
MIN_BLOCK = 16
MAX_LEAVING = 2048
"""Nodes of leaving events that are asked for ahead of a block."""

# where each part of the scratch memory begins
B_ROUND = 0
B_EVENTS = 8
B_CURSORS = B_EVENTS + MAX_BALL_EVENTS
B_TABLE = B_CURSORS + 16
B_NODE = B_TABLE + 2 * TABLE_SIZE
B_COUNT = B_NODE + MAX_LOCAL
B_LAST = B_COUNT + MAX_LOCAL
B_EDGE_OF = B_LAST + MAX_LOCAL
B_FIRST_EVENT = B_EDGE_OF + MAX_LOCAL
B_NEXT_EVENT = B_FIRST_EVENT + MAX_BALL_EVENTS
B_EDGES = B_NEXT_EVENT + MAX_BALL_EVENTS
B_WEIGHT = B_EDGES + 4 * MAX_LOCAL
B_STARTS = B_WEIGHT + MAX_LOCAL + MIN_BLOCK
B_AROUND = B_STARTS + MAX_LOCAL + 2
B_ORDER = B_AROUND + 2 * MAX_LOCAL
B_LEAST = B_ORDER + MAX_LOCAL
B_CORE = B_LEAST + MAX_LOCAL
B_RESULT = B_CORE + MAX_BALL_EVENTS
B_MARKS = B_RESULT + 64
B_LEAVING = B_MARKS + 64
SCRATCH_WORDS = B_LEAVING + MAX_LEAVING


@kernel
def part(x: Array, where: int) -> Array:
    """Pointer to a part of the scratch memory."""
    found: Array = beyond(words_at(x[N_BALL]), where)
    return found


@kernel
def start_round(x: Array) -> None:
    """Empty the table of small numbers."""
    scratch = words_at(x[N_BALL])
    scratch[B_ROUND] += 1
    if scratch[B_ROUND] == ROUNDS:
        for place in range(2 * TABLE_SIZE):
            scratch[B_TABLE + place] = 0
        scratch[B_ROUND] = 1


@kernel
def place_for(x: Array, key: int) -> int:
    """Word of the table where `key` stands, or where it may be put; keys are below 2**33."""
    scratch = words_at(x[N_BALL])
    mark = (scratch[B_ROUND] << 33) | key
    at = spread_bits(key) & (TABLE_SIZE - 1)
    while True:
        word = scratch[B_TABLE + 2 * at]
        if word == mark or (word >> 33) != scratch[B_ROUND]:
            return 2 * at
        at = (at + 1) & (TABLE_SIZE - 1)


@kernel
def number_of(x: Array, key: int) -> int:
    """The number of a key that was put into the table this round, or -1."""
    scratch = words_at(x[N_BALL])
    at = B_TABLE + place_for(x, key)
    number: int = scratch[at + 1] if (scratch[at] >> 33) == scratch[B_ROUND] else -1
    return number


@kernel
def put_number(x: Array, key: int, number: int) -> None:
    """Put a key into the table."""
    scratch = words_at(x[N_BALL])
    at = B_TABLE + place_for(x, key)
    scratch[at] = (scratch[B_ROUND] << 33) | key
    scratch[at + 1] = number
