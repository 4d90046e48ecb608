"""Trees over one row: every split is asked first, then each tree is walked through the answers.

In: a plan with trees; values float64[F], NaN for null. Out: the raw score, the same bits as `blocks` gives. Asking in the order of the
features compares one value with a run of thresholds, which the processor does eight at a time; the walk then reads one byte a step, and
four trees are walked side by side, because a step waits for the one before it and not for those of other trees.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, codes_at, floats_at
from zhiyu.models.blocks import is_member
from zhiyu.models.layout import (
    NULL_RIGHT,
    P_ASKED,
    P_CLASSES,
    P_GO,
    P_INPUT_COUNT,
    P_KIDS,
    P_SLOTS,
    P_SPLITS,
    P_SPOTS,
    P_STARTS,
    P_THRESHOLDS,
    P_TREE_COUNT,
    P_TURNS,
    TOGETHER,
    TURN_COLUMNS,
    ZERO,
    ZERO_LEFT,
    ZERO_RIGHT,
)


@kernel
def ask_all(plan: Array, values: Array) -> None:
    """goes[split] = 1 where the row goes right, in the order of the features."""
    starts, thresholds, goes = codes_at(plan[P_STARTS]), floats_at(plan[P_THRESHOLDS]), bytes_at(plan[P_GO])
    classes = bytes_at(plan[P_CLASSES])
    goes[plan[P_SPLITS]] = 0  # what a leaf reads
    for feature in range(plan[P_INPUT_COUNT]):
        value, first, last = values[feature], starts[2 * feature], starts[2 * feature + 1]
        for split in range(first, last):
            goes[split] = value > thresholds[split]
        if not (value > ZERO or value < -ZERO):
            null = value != value
            for split in range(first, last):
                kind = classes[split]
                if kind == ZERO_RIGHT or (kind == NULL_RIGHT and null):
                    goes[split] = 1
                elif kind == ZERO_LEFT:
                    goes[split] = 0
        for split in range(last, starts[2 * feature + 2]):
            goes[split] = not is_member(plan, split, value)


@kernel
def score_row(plan: Array, values: Array) -> float:
    """The sum of the leaves of one row, in the order of the trees."""
    ask_all(plan, values)
    walk(plan)
    spots, leaf_values, raw = codes_at(plan[P_SPOTS]), floats_at(plan[P_SLOTS]), 0.0
    for tree in range(plan[P_TREE_COUNT]):
        raw += leaf_values[spots[tree]]
    return raw


@kernel
def walk(plan: Array) -> None:
    """spots[tree] = the slot of the leaf each tree ends in.

    A slot is a split or a leaf; a leaf leads to itself, so that four trees of about the same depth go the same number of steps and nothing
    has to be guessed by the processor.
    """
    goes, asked, kids = bytes_at(plan[P_GO]), codes_at(plan[P_ASKED]), codes_at(plan[P_KIDS])
    turns, spots = codes_at(plan[P_TURNS]), codes_at(plan[P_SPOTS])
    for turn in range((plan[P_TREE_COUNT] + TOGETHER - 1) // TOGETHER):
        own = beyond(turns, turn * TURN_COLUMNS)
        a, b, c, d = own[1], own[3], own[5], own[7]
        for _ in range(own[8]):
            a, b = kids[2 * a + goes[asked[a]]], kids[2 * b + goes[asked[b]]]
            c, d = kids[2 * c + goes[asked[c]]], kids[2 * d + goes[asked[d]]]
        spots[own[0]], spots[own[2]], spots[own[4]], spots[own[6]] = a, b, c, d
