"""Comparisons and three-valued logic of the machine, a row loop per instruction.

In: register file `values`/`nulls` [R, B] and the registers of one instruction. Out: row `dst` for columns 0..n-1.
Null marks are 0 value, 1 null, 2 error; the larger wins, except that false decides `and` and true decides `or`.
The value under a mark is always 0, so that equal results have equal bits.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhiyu.base.jit import kernel
from zhiyu.expressions.opcodes import AND, COALESCE, EQ, F_EQ, F_LT, F_NE, IN, IN_LIST, IS_NULL, LT, NE, NOT, OR, SELECT
from zhiyu.expressions.opcodes import F_LE as F_LE
from zhiyu.expressions.opcodes import LE as LE
from zhiyu.expressions.tables import holds, holds_until, list_key

Values = NDArray[np.int64]
Floats = NDArray[np.float64]
Nulls = NDArray[np.uint8]


@kernel
def merge_nulls(values: Values, nulls: Nulls, dst: int, a: int, b: int, n: int) -> None:
    """Strict marks: `dst` is null or error where `a` or `b` is; the value there becomes 0."""
    marked = np.uint8(0)
    for i in range(n):
        mark = max(nulls[a, i], nulls[b, i])
        nulls[dst, i] = mark
        marked |= mark
    if marked:
        for i in range(n):
            if nulls[dst, i]:
                values[dst, i] = 0


@kernel
def run_compare(op: int, values: Values, floats: Floats, nulls: Nulls, dst: int, a: int, b: int, n: int) -> None:
    """One comparison over n rows."""
    if op == EQ:
        for i in range(n):
            values[dst, i] = values[a, i] == values[b, i]
    elif op == NE:
        for i in range(n):
            values[dst, i] = values[a, i] != values[b, i]
    elif op == LT:
        for i in range(n):
            values[dst, i] = values[a, i] < values[b, i]
    elif op == LE:
        for i in range(n):
            values[dst, i] = values[a, i] <= values[b, i]
    elif op == F_EQ:
        for i in range(n):
            values[dst, i] = floats[a, i] == floats[b, i]
    elif op == F_NE:
        for i in range(n):
            values[dst, i] = floats[a, i] != floats[b, i]
    elif op == F_LT:
        for i in range(n):
            values[dst, i] = floats[a, i] < floats[b, i]
    else:
        for i in range(n):
            values[dst, i] = floats[a, i] <= floats[b, i]
    merge_nulls(values, nulls, dst, a, b, n)


@kernel
def run_logic(
    op: int, values: Values, nulls: Nulls, sets: Values, regs: tuple[int, int, int, int], extra: int, n: int
) -> None:
    """One logical instruction over n rows; `regs` is (dst, a, b, c)."""
    dst, a, b, c = regs
    if op in (AND, OR):
        _decide(values, nulls, dst, a, b, 1 if op == OR else 0, n)
    elif op == NOT:
        for i in range(n):
            values[dst, i] = 1 - values[a, i]
        merge_nulls(values, nulls, dst, a, a, n)
    elif op == IS_NULL:
        for i in range(n):
            mark = nulls[a, i]
            values[dst, i] = mark == 1
            nulls[dst, i] = 2 if mark == 2 else 0
    elif op == SELECT:
        for i in range(n):
            taken = b if values[a, i] else c
            mark = nulls[a, i] if nulls[a, i] else nulls[taken, i]
            nulls[dst, i] = mark
            values[dst, i] = 0 if mark else values[taken, i]
    elif op == COALESCE:
        for i in range(n):
            taken = b if nulls[a, i] == 1 else a
            mark = nulls[taken, i]
            nulls[dst, i] = mark
            values[dst, i] = 0 if mark else values[taken, i]
    elif op == IN:
        for i in range(n):
            mark = nulls[a, i]
            nulls[dst, i] = mark
            values[dst, i] = 0 if mark else holds(sets, extra, values[a, i])
    elif op == IN_LIST:
        table, code = sets[extra], sets[extra + 1]
        for i in range(n):
            mark = max(nulls[a, i], nulls[b, i])
            nulls[dst, i] = mark
            values[dst, i] = 0 if mark else holds_until(table, list_key(code, values[a, i]), values[b, i])


@kernel
def _decide(values: Values, nulls: Nulls, dst: int, a: int, b: int, winner: int, n: int) -> None:
    """`and` (winner 0) and `or` (winner 1): a known winner decides whatever the other side is."""
    marked = np.uint8(0)
    for i in range(n):
        marked |= nulls[a, i] | nulls[b, i]
    if not marked:
        if winner:
            for i in range(n):
                values[dst, i] = values[a, i] | values[b, i]
        else:
            for i in range(n):
                values[dst, i] = values[a, i] & values[b, i]
        for i in range(n):
            nulls[dst, i] = 0
        return
    for i in range(n):
        mark_a, mark_b = nulls[a, i], nulls[b, i]
        won = (mark_a == 0 and values[a, i] == winner) or (mark_b == 0 and values[b, i] == winner)
        mark = np.uint8(0) if won else max(mark_a, mark_b)
        nulls[dst, i] = mark
        values[dst, i] = winner if won else 0 if mark else 1 - winner
