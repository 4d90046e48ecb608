"""Questions to a run: sums over a stretch of entries, distinct values as of a moment, first and last counted entry.

In: a run, a lane, entry positions [low, high). Out: exact integers. Short stretches are scanned; long ones use the nodes.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import add_square, add_wide, halves
from zhiyu.features.layout import (
    BIG,
    L_LAST_SHIFT,
    L_LAST_WORD,
    L_NODE,
    L_SHIFT,
    L_VALUE,
    L_WORD,
    NODE,
    category_at,
    nodes_at,
    number_at,
)
from zhiyu.features.runs import NO_HIGH, NO_LOW, flag, level_base

Sums = tuple[int, int, int, int, int, int]
"""(count, sum, squares low, squares high, min, max) of a number lane."""
EMPTY: Sums = (0, 0, 0, 0, NO_LOW, NO_HIGH)
"""The sums of no entries."""


@kernel
def scan_numbers(heap: Array, stamps: int, bit: int, values: int, low: int, high: int, sums: Sums) -> Sums:
    """Add entries [low, high): `stamps` and `values` are word offsets of the flag column and the number column."""
    count, total, square_low, square_high, least, most = sums
    for entry in range(low, high):
        if (heap[stamps + entry] >> bit) & 1:
            value = heap[values + entry]
            count += 1
            total += value
            square_low, square_high = add_square(square_low, square_high, value)
            least = min(least, value)
            most = max(most, value)
    return count, total, square_low, square_high, least, most


@kernel
def take_node(heap: Array, at: int, sums: Sums) -> Sums:
    """Add one node of a number lane."""
    count, total, square_low, square_high, least, most = sums
    if heap[at] == 0:
        return sums
    square_low, square_high = add_wide(square_low, square_high, heap[at + 2], heap[at + 3])
    return (
        count + heap[at],
        total + heap[at + 1],
        square_low,
        square_high,
        min(least, heap[at + 4]),
        max(most, heap[at + 5]),
    )


@kernel
def fold_numbers(heap: Array, run: int, cap: int, table: Array, lane: Array, low: int, high: int, sums: Sums) -> Sums:
    """Add entries [low, high) of a number lane, through the nodes where they help."""
    stamps = run + lane[L_WORD] * cap
    values = run + number_at(table, cap, lane[L_VALUE])
    if cap < BIG or high - low < 64:
        return scan_numbers(heap, stamps, lane[L_SHIFT], values, low, high, sums)
    words = table[NODE]
    base = run + nodes_at(table, cap) + lane[L_NODE]
    edge = min((low + 31) & ~31, high)
    sums = scan_numbers(heap, stamps, lane[L_SHIFT], values, low, edge, sums)
    at = edge
    while at < high:
        if at & 32767 == 0 and at + 32768 <= high:
            sums = take_node(heap, base + (level_base(cap, 2) + (at >> 15)) * words, sums)
            at += 32768
        elif at & 1023 == 0 and at + 1024 <= high:
            sums = take_node(heap, base + (level_base(cap, 1) + (at >> 10)) * words, sums)
            at += 1024
        elif at + 32 <= high:
            sums = take_node(heap, base + (at >> 5) * words, sums)
            at += 32
        else:
            return scan_numbers(heap, stamps, lane[L_SHIFT], values, at, high, sums)
    return sums


@kernel
def scan_flags(heap: Array, flags: int, shift: int, low: int, high: int) -> int:
    """Entries of [low, high) whose bit is set."""
    count = 0
    for entry in range(low, high):
        count += (heap[flags + entry] >> shift) & 1
    return count


@kernel
def fold_flags(heap: Array, run: int, cap: int, table: Array, lane: Array, low: int, high: int, last: bool) -> int:
    """Counted entries of [low, high); with `last`, those that are the newest of their value."""
    word, shift, part = lane[L_WORD], lane[L_SHIFT], 0
    if last:
        word, shift, part = lane[L_LAST_WORD], lane[L_LAST_SHIFT], 1
    flags = run + word * cap
    if cap < BIG or high - low < 64:
        return scan_flags(heap, flags, shift, low, high)
    words = table[NODE]
    base = run + nodes_at(table, cap) + lane[L_NODE] + part
    at = min((low + 31) & ~31, high)
    count = scan_flags(heap, flags, shift, low, at)
    while at < high:
        if at & 32767 == 0 and at + 32768 <= high:
            count += heap[base + (level_base(cap, 2) + (at >> 15)) * words]
            at += 32768
        elif at & 1023 == 0 and at + 1024 <= high:
            count += heap[base + (level_base(cap, 1) + (at >> 10)) * words]
            at += 1024
        elif at + 32 <= high:
            count += heap[base + (at >> 5) * words]
            at += 32
        else:
            return count + scan_flags(heap, flags, shift, at, high)
    return count


@kernel
def hidden_distinct(heap: Array, run: int, cap: int, table: Array, lane: Array, low: int, high: int, end: int) -> int:
    """Values whose newest entry lies in [high, end) but that also occur in [low, high): what the `last` bits hide from a late event."""
    column = 2 * (run + category_at(table, cap, lane[L_VALUE]))
    hidden = 0
    for later in range(high, end):
        if not flag(heap, run, cap, later, lane[L_WORD], lane[L_SHIFT]):
            continue
        value = halves(heap)[column + later]
        fresh = True
        for between in range(high, later):
            if halves(heap)[column + between] == value and flag(heap, run, cap, between, lane[L_WORD], lane[L_SHIFT]):
                fresh = False
                break
        if not fresh:
            continue
        for entry in range(high - 1, low - 1, -1):
            if halves(heap)[column + entry] == value and flag(heap, run, cap, entry, lane[L_WORD], lane[L_SHIFT]):
                hidden += 1
                break
    return hidden


@kernel
def first_counted(heap: Array, run: int, cap: int, table: Array, lane: Array, low: int, high: int) -> int:
    """Oldest counted entry of [low, high), or -1; empty blocks are skipped."""
    at = low
    while at < high:
        if cap >= BIG and at & 31 == 0 and at + 32 <= high:
            node = run + nodes_at(table, cap) + (at >> 5) * table[NODE] + lane[L_NODE]
            if heap[node] == 0:
                at += 32
                continue
        if flag(heap, run, cap, at, lane[L_WORD], lane[L_SHIFT]):
            return at
        at += 1
    return -1


@kernel
def last_counted(heap: Array, run: int, cap: int, table: Array, lane: Array, low: int, high: int) -> int:
    """Newest counted entry of [low, high), or -1; empty blocks are skipped."""
    at = high
    while at > low:
        if cap >= BIG and at & 31 == 0 and at - 32 >= low:
            node = run + nodes_at(table, cap) + ((at >> 5) - 1) * table[NODE] + lane[L_NODE]
            if heap[node] == 0:
                at -= 32
                continue
        at -= 1
        if flag(heap, run, cap, at, lane[L_WORD], lane[L_SHIFT]):
            return at
    return -1
