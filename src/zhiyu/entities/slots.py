"""Keys and ids: a 64-bit key gets a small, dense slot number, and gives it back when it has been idle long enough.

In: keys (64 bits in int64), event times; one table's rows, index and header as pointers. Out: slots 0, 1, 2 … per table.
One row of four words a slot:
`KEY`, `SEEN` (newest event time, ms), and two words for whoever uses the table (features keep a run there).
The index is open addressing (linear probing) over words `tag << 32 | slot + 1`, the tag being the 31 low bits of the hash: where a word
belongs is told by itself, so removing a key reads no other key's row. A table of 2**b words (b at most 31) lives at offset 2**b of its
line, so growth rehashes into fresh space inside the kernel and the owner releases the old half.
Exactness: a key is the 64-bit keyed code of a text or the integer itself; two texts share a code with odds of 2**-64 a pair.
"""

import numpy as np

from zhiyu.base.jit import Array, int64, kernel

KEY, SEEN, RUN, SIZE = 0, 1, 2, 3
ROW_WORDS = 4
# per-table header words
USED, BITS, FREE, HAND, LIVE, SLOT_LIMIT, INDEX_LIMIT = range(7)
FIRST_BITS = 6
FREE_MARK = np.iinfo(np.int64).min
FULL = -2
TAG_BITS = 0x7FFFFFFF


@kernel
def spread_bits(key: int) -> int:
    """A bijective mix (the finaliser of MurmurHash3) so that plain integers spread over the index; non-negative 63 bits."""
    x = np.uint64(key)
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xFF51AFD7ED558CCD)
    x ^= x >> np.uint64(33)
    x *= np.uint64(0xC4CEB9FE1A85EC53)
    x ^= x >> np.uint64(33)
    return int64(x & np.uint64(0x7FFFFFFFFFFFFFFF))


@kernel
def joined(first: int, second: int) -> int:
    """One key from two; the order matters. Unsigned inside: signed overflow is undefined in machine code."""
    product = np.uint64(spread_bits(first)) * np.uint64(0x9E3779B97F4A7C15)
    return int64(product ^ np.uint64(spread_bits(second)))


@kernel
def share_of(salt: int, key: int) -> int:
    """Into which of a million equal shares a key falls: stable, and by another salt independent."""
    return ((spread_bits(joined(salt, key)) >> 31) * 1_000_000) >> 32


@kernel
def index_word(hashed: int, bits: int) -> int:
    """Offset of the first index word to look at."""
    return (int64(1) << bits) + (hashed & ((int64(1) << bits) - 1))


@kernel
def find(rows: Array, index: Array, head: Array, key: int, hashed: int) -> int:
    """Slot of `key`, or -1."""
    bits = head[BITS]
    base = int64(1) << bits
    mask = base - 1
    tag = hashed & TAG_BITS
    at = hashed & mask
    while True:
        word = index[base + at]
        if word == 0:
            return -1
        if (word >> 32) == tag:
            slot = (word & 0xFFFFFFFF) - 1
            if rows[slot * ROW_WORDS + KEY] == key:
                return slot
        at = (at + 1) & mask


@kernel
def _place(index: Array, bits: int, hashed: int, slot: int) -> None:
    base = int64(1) << bits
    mask = base - 1
    at = hashed & mask
    while index[base + at] != 0:
        at = (at + 1) & mask
    index[base + at] = ((hashed & TAG_BITS) << 32) | (slot + 1)


@kernel
def _grow(rows: Array, index: Array, head: Array) -> None:
    bits = head[BITS] + 1
    for slot in range(head[USED]):
        if rows[slot * ROW_WORDS + SEEN] != FREE_MARK:
            _place(index, bits, spread_bits(rows[slot * ROW_WORDS + KEY]), slot)
    head[BITS] = bits


@kernel
def add(rows: Array, index: Array, head: Array, key: int, hashed: int) -> int:
    """A slot for a key that `find` did not find: a freed one or the next; FULL (-2) when the table is at its limit."""
    bits = head[BITS]
    if head[LIVE] * 10 >= (int64(7) << bits):
        if (int64(4) << bits) > head[INDEX_LIMIT]:
            return FULL
        _grow(rows, index, head)
        bits += 1
    slot = head[FREE] - 1
    if slot >= 0:
        head[FREE] = rows[slot * ROW_WORDS + RUN]
    else:
        slot = head[USED]
        if slot >= head[SLOT_LIMIT]:
            return FULL
        head[USED] = slot + 1
    head[LIVE] += 1
    rows[slot * ROW_WORDS + KEY] = key
    rows[slot * ROW_WORDS + SEEN] = FREE_MARK + 1
    rows[slot * ROW_WORDS + RUN] = 0
    rows[slot * ROW_WORDS + SIZE] = 0
    _place(index, bits, hashed, slot)
    return slot


@kernel
def remove(rows: Array, index: Array, head: Array, slot: int) -> None:
    """Forget the key of `slot` (its run must be freed first); later words of the probe chain move up."""
    bits = head[BITS]
    base = int64(1) << bits
    mask = base - 1
    at = spread_bits(rows[slot * ROW_WORDS + KEY]) & mask
    while (index[base + at] & 0xFFFFFFFF) != slot + 1:
        at = (at + 1) & mask
    hole = at
    while True:
        at = (at + 1) & mask
        word = index[base + at]
        if word == 0:
            break
        home = (word >> 32) & mask
        if ((at - home) & mask) >= ((at - hole) & mask):
            index[base + hole] = word
            hole = at
    index[base + hole] = 0
    rows[slot * ROW_WORDS + SEEN] = FREE_MARK
    rows[slot * ROW_WORDS + RUN] = head[FREE]
    head[FREE] = slot + 1
    head[LIVE] -= 1
