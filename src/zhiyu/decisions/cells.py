"""Which cell of an axis a value falls into, and what the cells of scorecards and decision tables say.

In: columns, points and cells as `policy.axis` numbers them, a register file. Out: points of a card, the first row of a table that fits.
A table costs one binary search per input and the intersection of their row sets, 64 rows a word: 3,000 rows are 47 words.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import as_floats, beyond, bytes_at, trailing_zeros, words_at
from zhiyu.decisions.layout import (
    D_BANDS,
    D_CARDS,
    D_CELLS,
    D_COLUMNS,
    D_LINES,
    D_NULLS,
    D_POINTS,
    D_TABLES,
    D_TAKEN,
    D_VALUES,
)
from zhiyu.policy.layout import (
    A_CELL0,
    A_KIND,
    A_POINT0,
    A_POINTS,
    A_REGISTER,
    A_TOTAL,
    AXIS_COLUMNS,
    CARD_COLUMNS,
    CODES,
    FLOATING,
    K_BAND0,
    K_BAND1,
    K_BASE,
    K_COLUMN0,
    K_COLUMN1,
    K_TOTAL,
    T_COLUMN0,
    T_COLUMN1,
    T_LINE0,
    T_ROW,
    T_TOTAL,
    T_WORDS,
    TABLE_COLUMNS,
)  # fmt: skip


@kernel
def lower_bound(points: Array, count: int, value: int) -> int:
    """First of `count` ascending points that is not below `value` (whole numbers, or floats with floats)."""
    low, high = 0, count
    while low < high:
        middle = (low + high) >> 1
        if points[middle] < value:
            low = middle + 1
        else:
            high = middle
    return low


@kernel
def cell_at(axis: Array, points: Array, values: Array, nulls: Array, spot: int) -> int:
    """The cell of the register that stands at `spot` of the register file; null and error share the last cell."""
    count = axis[A_POINTS]
    codes = axis[A_KIND] == CODES
    if nulls[spot] != 0:
        return count + 1 if codes else 2 * count + 1
    own = beyond(points, axis[A_POINT0])
    if axis[A_KIND] == FLOATING:
        floats, number = as_floats(own), as_floats(values)[spot]
        at = lower_bound(floats, count, number)
        return 2 * at + int(at < count and floats[at] == number)
    at = lower_bound(own, count, values[spot])
    found = at < count and own[at] == values[spot]
    if codes:
        return at if found else count
    return 2 * at + int(found)


@kernel
def card_total(x: Array, number: int, column: int, width: int) -> int:
    """One row on a scorecard: the total and the bins go to its registers; returns the outcome of the lowest band that fits (0: none)."""
    card = beyond(words_at(x[D_CARDS]), number * CARD_COLUMNS)
    values, nulls, cells = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), words_at(x[D_CELLS])
    total = card[K_BASE]
    for each in range(card[K_COLUMN0], card[K_COLUMN1]):
        axis = beyond(words_at(x[D_COLUMNS]), each * AXIS_COLUMNS)
        cell = cell_at(axis, words_at(x[D_POINTS]), values, nulls, axis[A_REGISTER] * width + column)
        held = beyond(cells, axis[A_CELL0] + 2 * cell)  # points, number of the bin
        total += held[0]
        values[axis[A_TOTAL] * width + column] = max(held[1], 0)
        nulls[axis[A_TOTAL] * width + column] = held[1] < 0
    values[card[K_TOTAL] * width + column] = total
    nulls[card[K_TOTAL] * width + column] = 0
    bands = words_at(x[D_BANDS])
    for band in range(card[K_BAND0], card[K_BAND1]):
        if total < bands[2 * band]:
            return int64(bands[2 * band + 1])
    return 0


@kernel
def first_row(x: Array, table: Array, column: int, width: int) -> int:
    """The first row of a decision table that takes the event in `column`, or -1."""
    values, nulls, cells = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), words_at(x[D_CELLS])
    first, past, words = table[T_COLUMN0], table[T_COLUMN1], table[T_WORDS]
    taken = words_at(x[D_TAKEN])
    for each in range(first, past):
        axis = beyond(words_at(x[D_COLUMNS]), each * AXIS_COLUMNS)
        cell = cell_at(axis, words_at(x[D_POINTS]), values, nulls, axis[A_REGISTER] * width + column)
        taken[each - first] = axis[A_CELL0] + cell * words
    for word in range(words):
        rows = int64(-1)
        for each in range(past - first):
            rows &= cells[taken[each] + word]
        if rows != 0:
            return 64 * word + trailing_zeros(rows)
    return -1


@kernel
def table_outcome(x: Array, number: int, column: int, width: int) -> tuple[int, int]:
    """(outcome, score) of one row by a decision table, (0, 0) when nothing fits; score and row number go to its registers."""
    table = beyond(words_at(x[D_TABLES]), number * TABLE_COLUMNS)
    row = first_row(x, table, column, width)
    if row < 0:
        return 0, 0
    values, nulls = words_at(x[D_VALUES]), bytes_at(x[D_NULLS])
    line = beyond(words_at(x[D_LINES]), 2 * (table[T_LINE0] + row))
    for register, result in ((table[T_TOTAL], line[1]), (table[T_ROW], row)):
        values[register * width + column] = result
        nulls[register * width + column] = 0
    return max(line[0], 0), line[1]
