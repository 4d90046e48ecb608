"""Between what has been counted and what is decided: every model of the policy scores the rows of its event types.

In: the kernel's context with the features of a block in place. Out: the registers of the scores; null for rows that a model does not
score.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, bytes_at, words_at
from zhiyu.decisions.layout import (
    D_ASKS,
    D_EARLY,
    D_EARLY_SETS,
    D_KINDS,
    D_MODEL_ROWS,
    D_MODELS,
    D_NULLS,
    D_SIZES,
    D_VALUES,
    D_WIDTH,
    DECIDE,
)  # fmt: skip
from zhiyu.decisions.programs import run_at
from zhiyu.models.layout import P_OUTPUT
from zhiyu.models.score import score_rows

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
