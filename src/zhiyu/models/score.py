"""From registers to scores: inputs read, the model run, the raw score calibrated, written into the register of the score.

In: the plan of a model, a register file int64[R, width] with null marks, the rows to score. Out: the score as float64 bits in its
register, null where too few inputs are there. One row and a block give the same bits.
"""

import numpy as np

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import as_floats, beyond, floats_at, words_at
from zhiyu.base.numeric import exp
from zhiyu.models.blocks import score_block
from zhiyu.models.layout import (
    ADDITIVE,
    CATEGORY,
    FLOATING,
    I_CODE0,
    I_CODE1,
    I_KIND,
    I_REGISTER,
    I_SCALE,
    INPUT_COLUMNS,
    ISOTONIC,
    P_CALIBRATION,
    P_CODES,
    P_CURVE,
    P_FALLBACK,
    P_INPUT_COUNT,
    P_INPUTS,
    P_KIND,
    P_LEAST,
    P_NUMBERS,
    P_OUTPUT,
    P_POINT_COUNT,
    P_RAW,
    P_XS,
    PLATT,
    Q_FALLBACK,
    Q_OFFSET,
    Q_SIGMOID,
    Q_SLOPE,
    ROWS,
    SCALED,
    ZERO,
)  # fmt: skip
from zhiyu.models.one_row import score_row
from zhiyu.models.terms import sum_terms


@kernel
def category_of(plan: Array, line: Array, code: int) -> float:
    """The number of a text in the model's list, by its code; one past the last for a text it does not know."""
    codes, low, high = words_at(plan[P_CODES]), line[I_CODE0], line[I_CODE1]
    while low < high:
        middle = (low + high) >> 1
        if codes[2 * middle] < code:
            low = middle + 1
        else:
            high = middle
    if low < line[I_CODE1] and codes[2 * low] == code:
        return float(codes[2 * low + 1])
    return float(line[I_CODE1] - line[I_CODE0])


@kernel
def read_input(plan: Array, number: int, value: int, mark: int) -> float:
    """One register as a number of the model: NaN for null and for an error, the number of a text, a decimal in whole units."""
    if mark != 0:
        return np.nan
    line = beyond(words_at(plan[P_INPUTS]), number * INPUT_COLUMNS)
    if line[I_KIND] == CATEGORY:
        return category_of(plan, line, value)
    if line[I_KIND] == FLOATING:
        found = float(np.int64(value).view(np.float64))
    elif line[I_KIND] == SCALED:
        found = value / float(line[I_SCALE])
    else:
        found = float(value)
    return 0.0 if -ZERO <= found <= ZERO else found


@kernel
def read_inputs(plan: Array, values: Array, nulls: Array, width: int, rows: Array, count: int, stride: int) -> None:
    """Fill the plan's own float64[F, stride] with `count` rows of the register file; what is left of a block is null."""
    xs = floats_at(plan[P_XS])
    for number in range(plan[P_INPUT_COUNT]):
        line, own = words_at(plan[P_INPUTS])[number * INPUT_COLUMNS + I_REGISTER] * width, beyond(xs, number * stride)
        for place in range(count):
            own[place] = read_input(plan, number, values[line + rows[place]], nulls[line + rows[place]])
        for place in range(count, stride):
            own[place] = np.nan


@kernel
def present(plan: Array, place: int, stride: int) -> int:
    """How many inputs of a row are there."""
    xs, found = floats_at(plan[P_XS]), 0
    for number in range(plan[P_INPUT_COUNT]):
        found += int(xs[number * stride + place] == xs[number * stride + place])
    return found


@kernel
def sigmoid(x: float) -> float:
    """1 / (1 + e**-x); never NaN for a finite x."""
    return 1.0 / (1.0 + exp(-x))


@kernel
def calibrated(plan: Array, raw: float) -> float:
    """The probability that belongs to a raw score."""
    numbers = floats_at(plan[P_NUMBERS])
    if plan[P_CALIBRATION] == PLATT:
        return sigmoid(numbers[Q_SLOPE] * raw + numbers[Q_OFFSET])
    if plan[P_CALIBRATION] != ISOTONIC:
        return sigmoid(numbers[Q_SIGMOID] * raw)
    curve, low, high = floats_at(plan[P_CURVE]), 0, plan[P_POINT_COUNT] - 1
    if raw <= curve[0]:
        return curve[1]
    if raw >= curve[2 * high]:
        return curve[2 * high + 1]
    while high - low > 1:
        middle = (low + high) >> 1
        if raw < curve[2 * middle]:
            high = middle
        else:
            low = middle
    share = (raw - curve[2 * low]) / (curve[2 * high] - curve[2 * low])
    return curve[2 * low + 1] + share * (curve[2 * high + 1] - curve[2 * low + 1])


@kernel
def raw_scores(plan: Array, count: int, stride: int) -> None:
    """The raw scores of the rows whose inputs have been read, into the plan's own line."""
    xs, raw = floats_at(plan[P_XS]), floats_at(plan[P_RAW])
    if plan[P_KIND] == ADDITIVE:
        for place in range(count):
            raw[place] = sum_terms(plan, beyond(xs, place), stride)
    elif stride == 1:
        raw[0] = score_row(plan, xs)
    else:
        score_block(plan, xs, raw)


@kernel
def score_rows(plan: Array, values: Array, nulls: Array, width: int, rows: Array, count: int) -> None:
    """Score `count` rows (numbers in `rows`, at most 64) of a register file `width` rows wide."""
    stride = 1 if count == 1 else ROWS
    read_inputs(plan, values, nulls, width, rows, count, stride)
    raw_scores(plan, count, stride)
    raw, output = floats_at(plan[P_RAW]), plan[P_OUTPUT] * width
    for place in range(count):
        spot = output + rows[place]
        nulls[spot] = 0
        if present(plan, place, stride) >= plan[P_LEAST]:
            as_floats(values)[spot] = calibrated(plan, raw[place])
        elif plan[P_FALLBACK] != 0:
            as_floats(values)[spot] = floats_at(plan[P_NUMBERS])[Q_FALLBACK]
        else:
            values[spot], nulls[spot] = 0, 1
