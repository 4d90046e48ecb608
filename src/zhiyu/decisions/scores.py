"""Between what has been counted and what is decided: every model of the policy scores the rows of its event types, then one of its models
speaks for each cell of the matrix.

In: the kernel's context with the features of a block in place. Out: the registers of the scores; null for rows that a model does not
score.
"""

from zhiyu.base.jit import Array, int64, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.decisions.layout import (
    D_ASKS,
    D_EARLY,
    D_EARLY_SETS,
    D_KINDS,
    D_MATRIX,
    D_MATRIX_ARMS,
    D_MODEL_ROWS,
    D_MODELS,
    D_NULLS,
    D_RECORDED,
    D_SIZES,
    D_VALUES,
    D_WIDTH,
    DECIDE,
    NO_SCORE,
)  # fmt: skip
from zhiyu.decisions.programs import run_at
from zhiyu.entities.slots import share_of
from zhiyu.models.layout import P_OUTPUT
from zhiyu.models.score import score_rows
from zhiyu.policy.layout import (
    M_ARM0,
    M_ARM1,
    M_CHAMPION,
    M_KEY,
    M_OUTPUT,
    M_SALT,
    M_SPOKE,
    MATRIX_ARM_COLUMNS,
    MATRIX_COLUMNS,
)  # fmt: skip

MODEL_COLUMNS = 2
"""Address of the plan, event types as bits."""


@kernel
def score_models(x: Array, count: int) -> None:
    """Derived features that models read, then each model over its rows."""
    if x[D_SIZES + D_MODELS] == 0:
        return
    run_at(x, D_EARLY, D_EARLY_SETS, count)
    values, nulls, width = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), x[D_WIDTH]
    kinds, asks, rows = words_at(x[D_KINDS]), bytes_at(x[D_ASKS]), words_at(x[D_MODEL_ROWS])
    for number in range(x[D_SIZES + D_MODELS]):
        line = beyond(words_at(x[D_MODELS]), number * MODEL_COLUMNS)
        plan, chosen = words_at(line[0]), 0
        output = plan[P_OUTPUT] * width
        for row in range(count):
            if asks[row] == DECIDE and (line[1] >> kinds[row]) & 1 != 0:
                rows[chosen] = row
                chosen += 1
            else:
                values[output + row] = 0
                nulls[output + row] = 1
        if chosen > 0:
            score_rows(plan, values, nulls, width, rows, chosen)
    for number in range(x[D_SIZES + D_MATRIX]):
        speak(x, beyond(words_at(x[D_MATRIX]), number * MATRIX_COLUMNS), count)


@kernel
def speak(x: Array, cell: Array, count: int) -> None:
    """The score of a cell, and who gave it: the champion, or the challenger into whose share the key falls, when it has a score."""
    values, nulls, width, arms = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), x[D_WIDTH], words_at(x[D_MATRIX_ARMS])
    output, spoke, champion = cell[M_OUTPUT] * width, cell[M_SPOKE] * width, cell[M_CHAMPION] * width
    for row in range(count):
        chosen, arm = champion, int64(0)
        if cell[M_KEY] >= 0 and nulls[cell[M_KEY] * width + row] == 0:
            place = share_of(cell[M_SALT], values[cell[M_KEY] * width + row])
            for number in range(cell[M_ARM0], cell[M_ARM1]):
                if place < arms[MATRIX_ARM_COLUMNS * number]:
                    chosen, arm = arms[MATRIX_ARM_COLUMNS * number + 1] * width, number - cell[M_ARM0] + 1
                    break
        if nulls[chosen + row] != 0:
            chosen, arm = champion, int64(0)
        values[output + row], nulls[output + row] = values[chosen + row], nulls[chosen + row]
        values[spoke + row], nulls[spoke + row] = arm, nulls[chosen + row]


@kernel
def record_scores(x: Array, line: Array, count: int, total: int) -> None:
    """What every decision records: the scores of all models, and who spoke in each cell; lines `total` apart."""
    values, nulls, width = words_at(x[D_VALUES]), bytes_at(x[D_NULLS]), x[D_WIDTH]
    for number in range(x[D_SIZES + D_RECORDED]):
        register, own = words_at(x[D_RECORDED])[number] * width, beyond(line, number * total)
        for row in range(count):
            own[row] = values[register + row] if nulls[register + row] == 0 else NO_SCORE
