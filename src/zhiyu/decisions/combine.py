"""From rule results to an outcome: per rule set, then over all sets the severest.

In: a block of rule registers, the rule, set and threshold tables of `policy.compile`. Out: outcome, score, hit and error bits per row.
`score` sets add up every hit and compare with thresholds; `first_hit` sets stop at the first hit. Only *true* hits.
Rule by rule over all rows of the block, because most rules fire for no row of it: one look at a register row settles them.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.decisions.layout import DECIDE


@kernel
def silent(values: Array, nulls: Array, register: int, count: int) -> bool:
    """Nobody among the first `count` rows fires this rule, and nobody's value is null or an error."""
    busy = int64(0)
    for column in range(count):
        busy |= values[register, column] | int64(nulls[register, column])
    return busy == 0


@kernel
def apply_rule(
    values: Array, nulls: Array, rule: int, line: Array, kinds: Array, asks: Array, start: int, count: int, stops: bool,
    stopped: Array, sums: Array, outcomes: Array, hits: Array, errors: Array,
) -> None:  # fmt: skip
    """One rule (its table `line`) on rows [start, start + count): hits, errors, score and the outcome it asks for."""
    register, word, bit = line[0], rule >> 6, int64(1) << (rule & 63)
    for column in range(count):
        row = start + column
        if asks[row] != DECIDE or stopped[column] or not (line[1] >> kinds[row]) & 1:
            continue
        mark = nulls[register, column]
        if mark != 0:
            if mark == 2:
                errors[row, word] |= bit
        elif values[register, column] != 0:
            hits[row, word] |= bit
            outcomes[row] = max(outcomes[row], line[4])
            sums[column] += line[3]
            stopped[column] = stops


@kernel
def combine(
    values: Array, nulls: Array, rules: Array, sets: Array, thresholds: Array, kinds: Array, asks: Array, start: int, count: int,
    stopped: Array, sums: Array, outcomes: Array, scores: Array, hits: Array, errors: Array,
) -> None:  # fmt: skip
    """All rule sets on rows [start, start + count), which stand in columns 0..count-1.

    `outcomes` (severity 0..5) and `scores` int64[n] start at 0; `stopped` uint8[B] and `sums` int64[B] are scratch.
    """
    for number in range(sets.shape[0]):
        stopped[:count] = 0
        sums[:count] = 0
        for rule in range(sets[number, 0], sets[number, 1]):
            if not silent(values, nulls, rules[rule, 0], count):
                apply_rule(
                    values, nulls, rule, rules[rule], kinds, asks, start, count, sets[number, 2] != 0, stopped, sums, outcomes,
                    hits, errors,
                )  # fmt: skip
        for column in range(count):
            row = start + column
            if asks[row] != DECIDE:
                continue
            scores[row] += sums[column]
            for mark in range(sets[number, 3], sets[number, 4]):
                if sums[column] >= thresholds[mark, 0]:
                    outcomes[row] = max(outcomes[row], thresholds[mark, 1])
