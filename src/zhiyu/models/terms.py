"""Additive models over one row: a logistic regression or a scorecard is a sum of one term per input, in the order of the inputs.

In: a plan with terms, values float64 (NaN for null) that stand `stride` apart. Out: the raw score (log-odds), or each term by itself.
"""

from zhiyu.base.jit import Array, kernel
from zhiyu.base.machine import beyond, codes_at, floats_at
from zhiyu.models.layout import (
    BINS,
    LINE,
    N_CENTRE,
    N_HIGH,
    N_LOW,
    N_MISSING,
    N_OTHER,
    N_WEIGHT,
    P_EDGES,
    P_INPUT_COUNT,
    P_NUMBERS,
    P_POINTS,
    P_TERMS,
    P_TYPES,
    Q_BASE,
    T_EDGE0,
    T_EDGE1,
    T_KIND,
    T_POINT0,
    T_POINT1,
    TERM_COLUMNS,
    TERM_NUMBERS,
)  # fmt: skip


@kernel
def term_of(plan: Array, number: int, value: float) -> float:
    """What input `number` adds when it has this value."""
    term, numbers = (
        beyond(codes_at(plan[P_TYPES]), number * TERM_COLUMNS),
        beyond(floats_at(plan[P_TERMS]), number * TERM_NUMBERS),
    )
    if value != value:
        return numbers[N_MISSING]
    points = floats_at(plan[P_POINTS])
    if term[T_KIND] == LINE:
        held = min(max(value, numbers[N_LOW]), numbers[N_HIGH])
        return numbers[N_WEIGHT] * (held - numbers[N_CENTRE])
    if term[T_KIND] == BINS:
        edges, low, high = floats_at(plan[P_EDGES]), term[T_EDGE0], term[T_EDGE1]
        while low < high:
            middle = (low + high) >> 1
            if value < edges[middle]:
                high = middle
            else:
                low = middle + 1
        return points[term[T_POINT0] + low - term[T_EDGE0]]
    place = int(value)
    known = value >= 0.0 and place < term[T_POINT1] - term[T_POINT0]
    return points[term[T_POINT0] + place] if known else numbers[N_OTHER]


@kernel
def sum_terms(plan: Array, values: Array, stride: int) -> float:
    """The base and all terms of one row."""
    raw = floats_at(plan[P_NUMBERS])[Q_BASE]
    for number in range(plan[P_INPUT_COUNT]):
        raw += term_of(plan, number, values[number * stride])
    return raw
