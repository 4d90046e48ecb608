"""Whole-number arithmetic of the machine: int64 with declared overflow, rounding down like Python.

In: register file and registers of one instruction. Out: row `dst`. Overflow marks 2 (error), division by zero 1 (null).
Sums and products are made of unsigned numbers: signed overflow is undefined in machine code, and a check after it is
optimised away.
"""

from __future__ import annotations

import numpy as np

from zhiyu.base.jit import kernel
from zhiyu.expressions.machine_logic import Nulls, Values, merge_nulls
from zhiyu.expressions.opcodes import ABS, ADD, CEIL_10, FLOOR_10, FLOOR_DIV, MAX, MIN, MUL, NEG, SUB
from zhiyu.expressions.opcodes import MOD as MOD

_LOWEST = -(1 << 63)
POWERS_OF_TEN = np.array([10**k for k in range(19)], dtype=np.int64)


@kernel
def run_whole(op: int, values: Values, nulls: Nulls, dst: int, a: int, b: int, extra: int, n: int) -> None:
    """One whole-number instruction over n rows; unary ones have b = a."""
    if op in (ADD, SUB):
        _add(op == SUB, values, nulls, dst, a, b, n)
    elif op == MUL:
        _multiply(values, nulls, dst, a, b, n)
    elif op in (FLOOR_DIV, MOD):
        _divide(op == FLOOR_DIV, values, nulls, dst, a, b, n)
    elif op in (NEG, ABS):
        merge_nulls(values, nulls, dst, a, a, n)
        for i in range(n):
            value = values[a, i]
            if nulls[dst, i] == 0 and value == _LOWEST:
                nulls[dst, i] = 2
            flip = op == NEG or value < 0
            values[dst, i] = 0 if nulls[dst, i] else -value if flip else value
    elif op in (MIN, MAX):
        for i in range(n):
            first = (values[a, i] < values[b, i]) == (op == MIN)
            values[dst, i] = values[a, i] if first else values[b, i]
        merge_nulls(values, nulls, dst, a, b, n)
    else:
        _shorten(op, values, dst, a, POWERS_OF_TEN[extra], n)
        merge_nulls(values, nulls, dst, a, a, n)


@kernel
def _shorten(op: int, values: Values, dst: int, a: int, unit: int, n: int) -> None:
    """Drop decimal digits: down, up, or to the nearest with halves away from zero."""
    for i in range(n):
        value = values[a, i]
        down, rest = value // unit, value % unit
        if op == FLOOR_10:
            values[dst, i] = down
        elif op == CEIL_10:
            values[dst, i] = down + (rest > 0)
        else:
            values[dst, i] = down + (2 * rest >= unit if value >= 0 else 2 * rest > unit)


@kernel
def _add(minus: bool, values: Values, nulls: Nulls, dst: int, a: int, b: int, n: int) -> None:
    merge_nulls(values, nulls, dst, a, b, n)
    over = np.int64(0)
    for i in range(n):
        x, y = values[a, i], values[b, i]
        total = np.int64(np.uint64(x) - np.uint64(y)) if minus else np.int64(np.uint64(x) + np.uint64(y))
        values[dst, i] = total
        over |= (x ^ total) & (x ^ y if minus else ~(x ^ y))
        over |= -np.int64(nulls[dst, i])
    if over >= 0:
        return
    for i in range(n):
        x, y, total = values[a, i], values[b, i], values[dst, i]
        if nulls[dst, i] == 0 and ((x ^ total) & (x ^ y if minus else ~(x ^ y))) < 0:
            nulls[dst, i] = 2
        if nulls[dst, i]:
            values[dst, i] = 0


@kernel
def _multiply(values: Values, nulls: Nulls, dst: int, a: int, b: int, n: int) -> None:
    merge_nulls(values, nulls, dst, a, b, n)
    for i in range(n):
        x, y = values[a, i], values[b, i]
        product = np.int64(np.uint64(x) * np.uint64(y))
        size = abs(float(x) * float(y))
        turned = (product < 0) != ((x < 0) != (y < 0))
        if nulls[dst, i] == 0 and (size > 9.3e18 or (size > 9.2e18 and turned)):
            nulls[dst, i] = 2
        values[dst, i] = 0 if nulls[dst, i] else product


@kernel
def _divide(quotient: bool, values: Values, nulls: Nulls, dst: int, a: int, b: int, n: int) -> None:
    merge_nulls(values, nulls, dst, a, b, n)
    for i in range(n):
        x, y = values[a, i], values[b, i]
        result = np.int64(0)
        if nulls[dst, i] == 0:
            if y == 0:
                nulls[dst, i] = 1
            elif y == -1:
                result = -x if quotient else np.int64(0)
                if quotient and x == _LOWEST:
                    nulls[dst, i] = 2
                    result = np.int64(0)
            else:
                result = x // y if quotient else x % y
        values[dst, i] = result
