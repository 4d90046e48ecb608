"""Trees over a block of up to 64 rows, with sets of rows as words of 64 bits.

In: a plan with trees; values float64[F, 64], feature by feature, NaN for null. Out: raw scores, each the sum of its leaves in the order
of the trees: the additions LightGBM makes, in its order, so its bits.

First every split is asked for all rows at once, in the order of the features: one comparison of a feature's 64 values gives the word of
the rows that go right. Then each tree hands words down from its root (`right = here & goes`), without a branch, until each leaf has its
rows. There is no limit of leaves, and no walk that misses the cache row by row.
"""

from typing import Any

from llvmlite import ir
from numba import types

from zhiyu.base.jit import Array, instruction, kernel
from zhiyu.base.machine import beyond, bytes_at, codes_at, floats_at, words_at
from zhiyu.models.layout import (
    NULL_RIGHT,
    P_CHOICES,
    P_CLASSES,
    P_GO,
    P_INPUT_COUNT,
    P_LEFT,
    P_PLACES,
    P_REACH,
    P_RIGHT,
    P_SET_STARTS,
    P_SETS,
    P_SHARE,
    P_STARTS,
    P_THRESHOLDS,
    P_TREE_COUNT,
    P_TREES,
    P_VALUES,
    ROWS,
    ZERO,
    ZERO_LEFT,
    ZERO_RIGHT,
)  # fmt: skip

_I64, _F64 = ir.IntType(64), ir.DoubleType()
_LANES = ir.VectorType(_F64, ROWS)


@instruction
def rows_above(_context: Any, values: Any, bound: Any) -> Any:
    """The word whose bit i is set when values[i] > bound, for 64 values; never for NaN."""

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        pointer = builder.bitcast(args[0], _LANES.as_pointer())
        lanes = builder.load(pointer, align=8)
        return builder.bitcast(builder.fcmp_ordered(">", lanes, _spread(builder, args[1])), _I64)

    return types.int64(types.CPointer(types.float64), types.float64), generate


@instruction
def put_where(_context: Any, target: Any, rows: Any, value: Any) -> Any:
    """target[i] = value for every bit i of `rows` that is set, for 64 values; without a branch."""

    def generate(_target: Any, builder: Any, _signature: Any, args: Any) -> Any:
        pointer = builder.bitcast(args[0], _LANES.as_pointer())
        chosen = builder.bitcast(args[1], ir.VectorType(ir.IntType(1), ROWS))
        kept = builder.select(chosen, _spread(builder, args[2]), builder.load(pointer, align=8))
        builder.store(kept, pointer, align=8)
        return _target.get_dummy_value()

    return types.void(types.CPointer(types.float64), types.int64, types.float64), generate


def _spread(builder: Any, value: Any) -> Any:
    """The same number in all 64 lanes."""
    nothing = ir.Constant(_LANES, ir.Undefined)
    first = builder.insert_element(nothing, value, ir.Constant(ir.IntType(32), 0))
    return builder.shuffle_vector(first, nothing, ir.Constant(ir.VectorType(ir.IntType(32), ROWS), [0] * ROWS))


@kernel
def rows_null(values: Array) -> int:
    """The word of the rows whose value is NaN."""
    found = 0
    for row in range(ROWS):
        found |= int(values[row] != values[row]) << row
    return found


@kernel
def ask_numbers(plan: Array, feature: int, values: Array) -> None:
    """For every numerical split on this feature: which rows go right."""
    starts, classes = codes_at(plan[P_STARTS]), bytes_at(plan[P_CLASSES])
    thresholds, places, goes = floats_at(plan[P_THRESHOLDS]), codes_at(plan[P_PLACES]), words_at(plan[P_GO])
    first, last = starts[2 * feature], starts[2 * feature + 1]
    if first == last:
        return
    null = rows_null(values)
    zero = (rows_above(values, -ZERO) & ~rows_above(values, ZERO)) | null
    for split in range(first, last):
        above = rows_above(values, thresholds[split])
        kind = classes[split]
        if kind != 0:
            if kind == NULL_RIGHT:
                above |= null
            elif kind == ZERO_LEFT:
                above &= ~zero
            elif kind == ZERO_RIGHT:
                above |= zero
        goes[places[split]] = above


@kernel
def ask_categories(plan: Array, feature: int, values: Array) -> None:
    """For every categorical split on this feature: rows whose category is not in its set go right, null among them."""
    starts, places, goes = codes_at(plan[P_STARTS]), codes_at(plan[P_PLACES]), words_at(plan[P_GO])
    for split in range(starts[2 * feature + 1], starts[2 * feature + 2]):
        left = 0
        for row in range(ROWS):
            left |= int(is_member(plan, split, values[row])) << row
        goes[places[split]] = ~left


@kernel
def is_member(plan: Array, split: int, value: float) -> bool:
    """Whether the category (cut down to a whole number) is in the set of a split; what is null, negative or too large is in none."""
    if not (value > -1.0 and value < 2147483648.0):
        return False
    number = codes_at(plan[P_CHOICES])[split]
    first, last = codes_at(plan[P_SET_STARTS])[number], codes_at(plan[P_SET_STARTS])[number + 1]
    category = int(value)
    word = first + (category >> 6)
    return word < last and (words_at(plan[P_SETS])[word] >> (category & 63)) & 1 != 0


@kernel
def score_block(plan: Array, values: Array, raw: Array) -> None:
    """raw[i] = the sum of the leaves of row i, over all rows of `values` (float64[F, 64]); `raw` float64[64]."""
    for feature in range(plan[P_INPUT_COUNT]):
        own = beyond(values, feature * ROWS)
        ask_numbers(plan, feature, own)
        ask_categories(plan, feature, own)
    for row in range(ROWS):
        raw[row] = 0.0
    share = floats_at(plan[P_SHARE])
    trees, goes, reach, leaf_values = (
        codes_at(plan[P_TREES]),
        words_at(plan[P_GO]),
        words_at(plan[P_REACH]),
        floats_at(plan[P_VALUES]),
    )
    left, right = codes_at(plan[P_LEFT]), codes_at(plan[P_RIGHT])
    split, leaf = 0, 0
    for tree in range(plan[P_TREE_COUNT]):
        splits = trees[tree]
        reach[0] = -1
        for number in range(splits):
            here, goes_right = reach[number], goes[split]
            reach[left[split]] = here & ~goes_right
            reach[right[split]] = here & goes_right
            split += 1
        for number in range(splits + 1):
            put_where(share, reach[splits + number], leaf_values[leaf])
            leaf += 1
        for row in range(ROWS):
            raw[row] += share[row]
