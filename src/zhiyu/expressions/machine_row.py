"""The machine for a single row: comparisons and logic, nine tenths of any rule, without a row loop.

In: one instruction and the register file. Out: column 0 of `dst`, and whether the instruction was handled here; the
others go the general way. Same meaning as the loops (property-tested: one row, seven, sixty-four give equal bits).
Why: setting up a vector loop costs twenty nanoseconds, four times the work of one comparison.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhiyu.base.jit import kernel
from zhiyu.expressions.machine_logic import Floats, Nulls, Values
from zhiyu.expressions.opcodes import AND, EQ, F_EQ, F_LE, F_LT, F_NE, IN, IN_LIST, IS_NULL, LE, LT, NE, NOT, OR
from zhiyu.expressions.tables import holds, holds_until, list_key


@kernel
def run_row(code: NDArray[np.int32], start: int, sets: Values, values: Values, floats: Floats, nulls: Nulls) -> int:
    """Execute instructions from `start` on while they are simple; returns the index of the first that is not."""
    for at in range(start, code.shape[0]):
        op, dst, a, b = code[at, 0], code[at, 1], code[at, 2], code[at, 3]
        x, y = values[a, 0], values[b, 0]
        mark = max(nulls[a, 0], nulls[b, 0])
        result = 0
        if op <= F_LE:
            result = _compared(op, x, y, floats[a, 0], floats[b, 0])
        elif op in (AND, OR):
            winner = 1 if op == OR else 0
            won = (nulls[a, 0] == 0 and x == winner) or (nulls[b, 0] == 0 and y == winner)
            mark = np.uint8(0) if won else mark
            result = winner if won else 1 - winner
        elif op == NOT:
            result = 1 - x
        elif op == IS_NULL:
            result = int(mark == 1)
            mark = np.uint8(2) if mark == 2 else np.uint8(0)
        elif op == IN:
            result = int(mark == 0 and holds(sets, code[at, 5], x))
        elif op == IN_LIST:
            table, code_of_list = sets[code[at, 5]], sets[code[at, 5] + 1]
            result = int(mark == 0 and holds_until(table, list_key(code_of_list, x), y))
        else:
            return at
        nulls[dst, 0] = mark
        values[dst, 0] = 0 if mark else result
    return int(code.shape[0])


@kernel
def _compared(op: int, x: int, y: int, p: float, q: float) -> int:
    """One comparison of two registers."""
    if op == EQ:
        return int(x == y)
    if op == NE:
        return int(x != y)
    if op == LT:
        return int(x < y)
    if op == LE:
        return int(x <= y)
    if op == F_EQ:
        return int(p == q)
    if op == F_NE:
        return int(p != q)
    return int(p < q) if op == F_LT else int(p <= q)
