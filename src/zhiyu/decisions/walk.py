"""The flow over a block of rows: which step each row takes, what it finds there, where that leads.

In: the kernel's context after features and conditions are computed, event kinds, what each row asks. Out: outcome, score, bits and path
per row. Rows are bits of a mask per step; every edge leads forward, so one pass over the steps takes all rows to their ends. A policy
without flows is a chain of its rule sets, scorecards and tables.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.decisions.cells import card_total, table_outcome
from zhiyu.decisions.layout import (
    D_ARMS,
    D_CASES,
    D_LAST,
    D_LATE,
    D_LATE_SETS,
    D_MASKS,
    D_NULLS,
    D_SIZES,
    D_STARTS,
    D_STEPS,
    D_SUMS,
    D_VALUES,
    D_WIDTH,
    DECIDE,
)
from zhiyu.decisions.programs import run_at
from zhiyu.decisions.rules import run_set
from zhiyu.entities.slots import share_of
from zhiyu.policy.layout import (
    ARM_COLUMNS,
    BRANCH,
    CARD,
    END,
    F_A,
    F_B,
    F_BIT,
    F_KEY,
    F_LATE,
    F_NEXT,
    F_OP,
    F_PLAIN,
    F_SALT,
    F_THEN0,
    F_TYPES,
    RETURN,
    RULES,
    SPLIT,
    STEP_COLUMNS,
)


@kernel
def visit(path: Array, bit: int, rows: int, count: int, total: int) -> None:
    """Note a node or an arm in the path of every row of the mask; word w of a path stands `w * total` on."""
    if bit < 0:
        return
    words = beyond(path, (bit >> 6) * total)
    for column in range(count):
        if (rows >> column) & 1:
            words[column] |= int64(1) << (bit & 63)


@kernel
def take_branch(x: Array, step: Array, rows: int, count: int, width: int) -> None:
    """Each row goes where its first true case leads, else to the next step."""
    values, nulls = words_at(x[D_VALUES]), bytes_at(x[D_NULLS])
    masks, cases, left = words_at(x[D_MASKS]), words_at(x[D_CASES]), rows
    for case in range(step[F_A], step[F_B]):
        register, taken = cases[2 * case] * width, int64(0)
        for column in range(count):
            if nulls[register + column] == 0 and values[register + column] != 0:
                taken |= int64(1) << column
        masks[cases[2 * case + 1]] |= left & taken
        left &= ~taken
    masks[step[F_NEXT]] |= left


@kernel
def split(x: Array, step: Array, rows: int, count: int, width: int, path: Array, total: int) -> None:
    """Each row takes the arm its key falls into, by a stable hash in millionths; without key, or past all arms, the next step."""
    values, nulls = words_at(x[D_VALUES]), bytes_at(x[D_NULLS])
    masks, arms, key = words_at(x[D_MASKS]), words_at(x[D_ARMS]), step[F_KEY] * width
    for column in range(count):
        if not (rows >> column) & 1:
            continue
        target, bit = step[F_NEXT], int64(-1)
        if nulls[key + column] == 0:
            place = share_of(step[F_SALT], values[key + column])
            for arm in range(step[F_A], step[F_B]):
                if place < arms[ARM_COLUMNS * arm]:
                    target, bit = arms[ARM_COLUMNS * arm + 1], arms[ARM_COLUMNS * arm + 2]
                    break
        masks[target] |= int64(1) << column
        visit(path, bit, int64(1) << column, count, total)


@kernel
def score_step(
    x: Array, step: Array, rows: int, kinds: Array, count: int, width: int, sums: Array, scores: Array, hits: Array, quiet: Array,
    errors: Array, total: int,
) -> None:  # fmt: skip
    """A rule set, scorecard or table on the rows of a mask: D_LAST gets its outcomes, `scores` its points."""
    last = words_at(x[D_LAST])
    for column in range(count):
        last[column] = 0
    if step[F_OP] == RULES:
        run_set(x, step[F_A], rows, kinds, count, width, sums, hits, quiet, errors, total)
    for column in range(count):
        if not (rows >> column) & 1:
            continue
        if step[F_OP] == RULES:
            scores[column] += sums[column]
        elif (step[F_TYPES] >> kinds[column]) & 1:
            if step[F_OP] == CARD:
                last[column] = card_total(x, step[F_A], column, width)
            else:
                found, points = table_outcome(x, step[F_A], column, width)
                last[column] = found
                scores[column] += points


@kernel
def route(x: Array, step: Array, rows: int, count: int, outcomes: Array) -> None:
    """Rows go on to the next step, or where the outcome of this step leads."""
    masks, last = words_at(x[D_MASKS]), words_at(x[D_LAST])
    for column in range(count):
        if (rows >> column) & 1:
            outcomes[column] = max(outcomes[column], last[column])
            if step[F_PLAIN] == 0:
                masks[step[F_THEN0 + last[column]]] |= int64(1) << column
    if step[F_PLAIN] != 0:
        masks[step[F_NEXT]] |= rows


@kernel
def enter(x: Array, kinds: Array, asks: Array, count: int) -> None:
    """Every row that is decided stands at the first step of its event type."""
    masks, starts, last = words_at(x[D_MASKS]), words_at(x[D_STARTS]), words_at(x[D_LAST])
    for step in range(x[D_SIZES + D_STEPS]):
        masks[step] = 0
    for column in range(count):
        last[column] = 0
        if asks[column] == DECIDE:
            masks[starts[kinds[column]]] |= int64(1) << column


@kernel
def give_back(x: Array, step: Array, count: int, outcomes: Array) -> None:
    """The end of a sub-flow: its outcome is a fixed one (F_A), or the severest so far (-1)."""
    last = words_at(x[D_LAST])
    for column in range(count):
        last[column] = outcomes[column] if step[F_A] < 0 else step[F_A]


@kernel
def walk(
    x: Array, kinds: Array, asks: Array, count: int, outcomes: Array, scores: Array, path: Array, hits: Array, quiet: Array,
    errors: Array, total: int,
) -> None:  # fmt: skip
    """All rows of the block from their first step to their last. Results stand at the block's first row, words `total` apart."""
    enter(x, kinds, asks, count)
    masks, width, sums = words_at(x[D_MASKS]), x[D_WIDTH], words_at(x[D_SUMS])
    for number in range(x[D_SIZES + D_STEPS]):
        rows = masks[number]
        if rows == 0:
            continue
        step = beyond(words_at(x[D_STEPS]), number * STEP_COLUMNS)
        op = step[F_OP]
        visit(path, step[F_BIT], rows, count, total)
        if op == BRANCH:
            if step[F_LATE] != 0:  # its conditions read totals, which are there now
                run_at(x, D_LATE, D_LATE_SETS, count)
            take_branch(x, step, rows, count, width)
        elif op == SPLIT:
            split(x, step, rows, count, width, path, total)
        elif op == END:
            finish(step, rows, count, outcomes)
        else:
            if op == RETURN:
                give_back(x, step, count, outcomes)
            else:
                score_step(x, step, rows, kinds, count, width, sums, scores, hits, quiet, errors, total)
            route(x, step, rows, count, outcomes)


@kernel
def finish(step: Array, rows: int, count: int, outcomes: Array) -> None:
    """The end of the flow: a fixed outcome decides, whatever was found before."""
    if step[F_A] < 0:
        return
    for column in range(count):
        if (rows >> column) & 1:
            outcomes[column] = step[F_A]
