"""From rule results to an outcome: per rule set, then over all sets the severest.

In: one row's rule registers, the rule, set and threshold tables of `policy.compile`. Out: outcome, score, hit and error bits.
`score` sets add up every hit and compare with thresholds; `first_hit` sets stop at the first hit. Only *true* hits.
"""

import numpy as np

from zhiyu.base.jit import Array, kernel


@kernel
def rule_bit(bits: Array, row: int, rule: int) -> None:
    """Set the bit of a rule in the row's words."""
    bits[row, rule >> 6] |= np.int64(1) << (rule & 63)


@kernel
def run_set(
    values: Array, nulls: Array, column: int, kind: int, rules: Array, line: Array, row: int, hits: Array, errors: Array
) -> tuple[int, int]:
    """One rule set on one row: (severest outcome its rules ask for, sum of scores)."""
    outcome, score = np.int64(0), np.int64(0)
    for rule in range(line[0], line[1]):
        register = rules[rule, 0]
        if not (rules[rule, 1] >> kind) & 1:
            continue
        if nulls[register, column] != 0:
            if nulls[register, column] == 2:
                rule_bit(errors, row, rule)
            continue
        if values[register, column] == 0:
            continue
        rule_bit(hits, row, rule)
        outcome = max(outcome, rules[rule, 4])
        score += rules[rule, 3]
        if line[2]:
            break
    return outcome, score


@kernel
def combine(
    values: Array, nulls: Array, column: int, kind: int, rules: Array, sets: Array, thresholds: Array, row: int, hits: Array,
    errors: Array,
) -> tuple[int, int]:  # fmt: skip
    """All rule sets on one row: (outcome as severity 0..5, total score)."""
    outcome, total = np.int64(0), np.int64(0)
    for number in range(sets.shape[0]):
        asked, score = run_set(values, nulls, column, kind, rules, sets[number], row, hits, errors)
        outcome = max(outcome, asked)
        total += score
        for mark in range(sets[number, 3], sets[number, 4]):
            if score >= thresholds[mark, 0]:
                outcome = max(outcome, thresholds[mark, 1])
    return outcome, total
