"""Who has been acted on lately: different keys in a sliding window, exact, in bounded memory.

In: keys (64 bits), times that do not fall. Out: whether a further key would be one too many; the keys of the window.
A key stays known until `per` after it was last acted on, so the keys known at an act are those of the window that ends there; since no more
than the limit are ever let in, the state has as many slots as the limit allows. Words of a state: the header of a table of slots, the
oldest and the newest slot plus one, the slots (their two free words chain them by age), the index.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, words_at
from zhiyu.entities.slots import LIVE, ROW_WORDS, RUN, SEEN, SIZE, add, find, remove, spread_bits

OLDEST, NEWEST, HEAD_WORDS = 7, 8, 9
NEWER, OLDER = RUN, SIZE
"""Words of a slot that is in use: its neighbours by age, slot plus one, 0 for none."""


def index_bits(count: int) -> int:
    """How many bits an index for `count` keys has, so that it never needs to grow."""
    bits = 2
    while count * 10 >= 7 << bits:
        bits += 1
    return bits


def state_words(count: int) -> int:
    """Words of a state for `count` keys."""
    return HEAD_WORDS + count * ROW_WORDS + (2 << index_bits(count))


@kernel
def _index_of(state: Array, count: int) -> Array:
    return beyond(state, HEAD_WORDS + count * ROW_WORDS)


@kernel
def _unchain(state: Array, rows: Array, slot: int) -> None:
    newer, older = rows[slot * ROW_WORDS + NEWER], rows[slot * ROW_WORDS + OLDER]
    if older > 0:
        rows[(older - 1) * ROW_WORDS + NEWER] = newer
    else:
        state[OLDEST] = newer
    if newer > 0:
        rows[(newer - 1) * ROW_WORDS + OLDER] = older
    else:
        state[NEWEST] = older


@kernel
def one_too_many(state: Array, count: int, key: int, horizon: int) -> bool:
    """Whether `count` other keys were acted on after `horizon` (ms) and `key` was not; keys of before are forgotten."""
    rows, index = beyond(state, HEAD_WORDS), _index_of(state, count)
    while state[OLDEST] > 0 and rows[(state[OLDEST] - 1) * ROW_WORDS + SEEN] <= horizon:
        slot = state[OLDEST] - 1
        _unchain(state, rows, slot)
        remove(rows, index, state, slot)
    return state[LIVE] >= count and find(rows, index, state, key, spread_bits(key)) < 0


@kernel
def acted_on(state: Array, count: int, key: int, now: int) -> None:
    """`key` is acted on at `now` (ms), which is not before any earlier act. There must be room (`one_too_many` was asked)."""
    rows, index, hashed = beyond(state, HEAD_WORDS), _index_of(state, count), spread_bits(key)
    slot = find(rows, index, state, key, hashed)
    if slot < 0:
        slot = add(rows, index, state, key, hashed)
    else:
        _unchain(state, rows, slot)
    rows[slot * ROW_WORDS + SEEN] = now
    rows[slot * ROW_WORDS + NEWER], rows[slot * ROW_WORDS + OLDER] = 0, state[NEWEST]
    if state[NEWEST] > 0:
        rows[(state[NEWEST] - 1) * ROW_WORDS + NEWER] = slot + 1
    else:
        state[OLDEST] = slot + 1
    state[NEWEST] = slot + 1


@kernel
def fill_people(state: Array, start: int, count: int, keys: Array, times: Array) -> None:
    """Take up acts, oldest first, into the empty state that begins at word `start`: at most `count` different keys."""
    own = beyond(words_at(state.ctypes.data), start)
    for number in range(len(keys)):
        acted_on(own, count, keys[number], times[number])
