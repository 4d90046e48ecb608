"""Rule sets over a block of rows: hits, errors, score, and the outcome each row gets.

In: the kernel's context, a mask of rows (bit i: column i). Out: hit, quiet and error bits, totals, the set's outcome per row.
`score` sets add up every hit and compare with thresholds; `first_hit` sets stop at the first hit. Only *true* hits. Rule by rule over all
rows of the block, because most rules fire for no row of it: one look at a register row settles them.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.decisions.layout import (
    D_EPOCH,
    D_LAST,
    D_MARKS,
    D_NOWS,
    D_NULLS,
    D_RULES,
    D_SETS,
    D_SIZES,
    D_SNOOZED,
    D_SNOOZES,
    D_VALUES,
)
from zhiyu.policy.layout import (
    R_OUTCOME,
    R_REGISTER,
    R_SCORE,
    R_SHADOW,
    R_TYPES,
    RULE_COLUMNS,
    S_FIRST_HIT,
    S_MARK0,
    S_MARK1,
    S_RULE0,
    S_RULE1,
    S_TOTAL,
    SET_COLUMNS,
)


@kernel
def silent(values: Array, nulls: Array, count: int) -> bool:
    """Nobody among the first `count` rows of a register fires, and nobody's value is null or an error."""
    busy = int64(0)
    for column in range(count):
        busy |= values[column] | int64(nulls[column])
    return busy == 0


@kernel
def snoozed(x: Array, rule: int, column: int, width: int) -> bool:
    """Whether somebody put this rule to sleep for one of the row's entities. Lines: rule, register, code, until (ms)."""
    if x[D_SIZES + D_SNOOZES] == 0:
        return False
    starts, lines = words_at(x[D_SNOOZED]), words_at(x[D_SNOOZES])
    values, nulls = words_at(x[D_VALUES]), bytes_at(x[D_NULLS])
    now = words_at(x[D_NOWS])[column] + x[D_EPOCH]
    for number in range(starts[rule], starts[rule + 1]):
        line = beyond(lines, 4 * number)
        spot = line[1] * width + column
        if nulls[spot] == 0 and values[spot] == line[2] and now < line[3]:
            return True
    return False


@kernel
def apply_rule(
    x: Array, rule: int, rows: int, kinds: Array, count: int, width: int, sums: Array, hits: Array, quiet: Array, errors: Array,
) -> int:  # fmt: skip
    """One rule on the rows of a mask; returns the mask of rows it counted for. `hits`, `quiet`, `errors`: the rule's word per row."""
    line = beyond(words_at(x[D_RULES]), rule * RULE_COLUMNS)
    values = beyond(words_at(x[D_VALUES]), line[R_REGISTER] * width)
    nulls = beyond(bytes_at(x[D_NULLS]), line[R_REGISTER] * width)
    last, bit, counted = words_at(x[D_LAST]), int64(1) << (rule & 63), int64(0)
    for column in range(count):
        if not (rows >> column) & 1 or not (line[R_TYPES] >> kinds[column]) & 1:
            continue
        if nulls[column] != 0:
            if nulls[column] == 2:
                errors[column] |= bit
        elif values[column] != 0:
            if line[R_SHADOW] != 0 or snoozed(x, rule, column, width):
                quiet[column] |= bit
                continue
            hits[column] |= bit
            sums[column] += line[R_SCORE]
            last[column] = max(last[column], line[R_OUTCOME])
            counted |= int64(1) << column
    return counted


@kernel
def run_set(
    x: Array, number: int, rows: int, kinds: Array, count: int, width: int, sums: Array, hits: Array, quiet: Array, errors: Array,
    total: int,
) -> None:  # fmt: skip
    """One rule set on the rows of a mask: `sums` int64[B] get its totals, D_LAST its outcomes. Word w of the bits stands `w * total` on."""
    rule_set = beyond(words_at(x[D_SETS]), number * SET_COLUMNS)
    values, nulls = words_at(x[D_VALUES]), bytes_at(x[D_NULLS])
    last, marks, open_rows = words_at(x[D_LAST]), words_at(x[D_MARKS]), rows
    for column in range(count):
        sums[column] = 0
    for rule in range(rule_set[S_RULE0], rule_set[S_RULE1]):
        register = words_at(x[D_RULES])[rule * RULE_COLUMNS + R_REGISTER] * width
        if not silent(beyond(values, register), beyond(nulls, register), count):
            word = (rule >> 6) * total
            counted = apply_rule(
                x, rule, open_rows, kinds, count, width, sums, beyond(hits, word), beyond(quiet, word), beyond(errors, word)
            )  # fmt: skip
            if rule_set[S_FIRST_HIT] != 0:
                open_rows &= ~counted
    for column in range(count):
        if not (rows >> column) & 1:
            continue
        for mark in range(rule_set[S_MARK0], rule_set[S_MARK1]):
            if sums[column] >= marks[2 * mark]:
                last[column] = max(last[column], marks[2 * mark + 1])
        if rule_set[S_TOTAL] >= 0:
            values[rule_set[S_TOTAL] * width + column] = sums[column]
            nulls[rule_set[S_TOTAL] * width + column] = 0
