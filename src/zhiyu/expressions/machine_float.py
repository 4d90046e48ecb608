"""Floating-point arithmetic of the machine, and the two ways between whole and floating numbers.

In: register file (`floats` is the same memory as `values`) and registers of one instruction. Out: row `dst`.
A result that is not finite marks 2 (error), division by zero 1 (null). Functions come from `base.numeric`, never the
C library.
"""

from __future__ import annotations

import math

import numpy as np

from zhiyu.base import numeric
from zhiyu.base.jit import kernel
from zhiyu.expressions.machine_logic import Floats, Nulls, Values, merge_nulls
from zhiyu.expressions.opcodes import (
    DIVIDE,
    EXP,
    F_ABS,
    F_ADD,
    F_DIV,
    F_FLOOR,
    F_MAX,
    F_MIN,
    F_MUL,
    F_NEG,
    F_SUB,
    INT_CEIL,
    INT_FLOOR,
    LOG,
    LOG10,
    POW,
    SQRT,
    TO_FLOAT,
)

_TENS = np.array([float(10**k) for k in range(19)], dtype=np.float64)
_TWO_63 = 9223372036854775808.0


@kernel
def _only_finite(values: Values, floats: Floats, nulls: Nulls, dst: int, n: int) -> None:
    """Mark what is not finite as an error, and 0 under every mark."""
    for i in range(n):
        if nulls[dst, i] == 0 and not abs(floats[dst, i]) < math.inf:
            nulls[dst, i] = 2
        if nulls[dst, i]:
            values[dst, i] = 0


@kernel
def run_float(
    op: int, values: Values, floats: Floats, nulls: Nulls, dst: int, a: int, b: int, extra: int, n: int
) -> None:
    """One floating-point instruction over n rows; unary ones have b = a."""
    if op >= INT_FLOOR:
        _to_whole(op, values, floats, nulls, dst, a, n)
        return
    if op == F_ADD:
        for i in range(n):
            floats[dst, i] = floats[a, i] + floats[b, i]
    elif op == F_SUB:
        for i in range(n):
            floats[dst, i] = floats[a, i] - floats[b, i]
    elif op == F_MUL:
        for i in range(n):
            floats[dst, i] = floats[a, i] * floats[b, i]
    elif op == F_DIV:
        for i in range(n):
            floats[dst, i] = floats[a, i] / floats[b, i]
    elif op == TO_FLOAT:
        for i in range(n):
            floats[dst, i] = float(values[a, i]) / _TENS[extra]
    elif op == DIVIDE:
        up, down = _TENS[max(-extra, 0)], _TENS[max(extra, 0)]
        for i in range(n):
            floats[dst, i] = (float(values[a, i]) * up) / (float(values[b, i]) * down)
    else:
        _shape(op, floats, dst, a, b, _TENS[extra], n)
    merge_nulls(values, nulls, dst, a, b, n)
    if op in (F_DIV, DIVIDE):
        for i in range(n):
            zero = floats[b, i] == 0.0 if op == F_DIV else values[b, i] == 0
            if zero and nulls[dst, i] == 0:
                nulls[dst, i] = 1
    _only_finite(values, floats, nulls, dst, n)


@kernel
def _shape(op: int, floats: Floats, dst: int, a: int, b: int, unit: float, n: int) -> None:
    """Sign, extremes and rounding, which need no rounding error."""
    for i in range(n):
        x, y = floats[a, i], floats[b, i]
        if op == F_NEG:
            floats[dst, i] = -x
        elif op == F_ABS:
            floats[dst, i] = abs(x)
        elif op == F_MIN:
            floats[dst, i] = x if x < y else y
        elif op == F_MAX:
            floats[dst, i] = x if x > y else y
        elif op == F_FLOOR:
            floats[dst, i] = np.floor(x)
        else:
            wide = x * unit
            floats[dst, i] = half_away(wide) / unit if abs(wide) < 4503599627370496.0 else x


@kernel
def half_away(x: float) -> float:
    """x to the nearest whole number, halves away from zero."""
    size = abs(x)
    down: float = np.floor(size)
    up = down + 1.0 if size - down >= 0.5 else down
    return -up if x < 0.0 else up


@kernel
def _to_whole(op: int, values: Values, floats: Floats, nulls: Nulls, dst: int, a: int, n: int) -> None:
    """Float to int64; outside the range is an error."""
    merge_nulls(values, nulls, dst, a, a, n)
    for i in range(n):
        x = floats[a, i]
        rounded = np.floor(x) if op == INT_FLOOR else np.ceil(x) if op == INT_CEIL else half_away(x)
        fits = -_TWO_63 <= rounded < _TWO_63
        if nulls[dst, i] == 0 and not fits:
            nulls[dst, i] = 2
        values[dst, i] = np.int64(rounded) if fits and nulls[dst, i] == 0 else 0


@kernel
def run_function(op: int, values: Values, floats: Floats, nulls: Nulls, dst: int, a: int, b: int, n: int) -> None:
    """sqrt, exp, log, log10, pow and distance over n rows; outside the domain is an error."""
    merge_nulls(values, nulls, dst, a, b, n)
    for i in range(n):
        if nulls[dst, i]:
            values[dst, i] = 0
            continue
        x = floats[a, i]
        if op == SQRT:
            floats[dst, i] = math.sqrt(x) if x >= 0.0 else math.nan
        elif op == EXP:
            floats[dst, i] = numeric.exp(x)
        elif op == LOG:
            floats[dst, i] = numeric.log(x)
        elif op == LOG10:
            floats[dst, i] = numeric.log10(x)
        elif op == POW:
            floats[dst, i] = numeric.pow(x, floats[b, i])
        else:
            p, q = values[a, i], values[b, i]
            floats[dst, i] = numeric.distance_km(p >> 32, (p << 32) >> 32, q >> 32, (q << 32) >> 32)
    _only_finite(values, floats, nulls, dst, n)
