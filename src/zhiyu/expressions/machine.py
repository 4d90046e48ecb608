"""The register machine: runs a program over the columns 0..n-1 of a register file.

In: `code` int32[m, 6], `sets` int64[…], `values` int64[R, B] and `nulls` uint8[R, B] (both C-contiguous), n <= B.
Out: the destination rows. One dispatch per instruction, one loop over rows inside: a single event and a block of
columns run the same machine code, which is compiled once per release and never per policy.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from zhiyu.base.jit import kernel
from zhiyu.expressions.machine_float import run_float, run_function
from zhiyu.expressions.machine_logic import Nulls, Values, run_compare, run_logic
from zhiyu.expressions.machine_row import run_row
from zhiyu.expressions.machine_time import run_time
from zhiyu.expressions.machine_whole import run_whole
from zhiyu.expressions.opcodes import ADD, AND, F_ADD, HOUR, SQRT


@kernel
def run_program(code: NDArray[np.int32], sets: Values, values: Values, nulls: Nulls, n: int) -> None:
    """Execute every instruction of `code` over the first n columns."""
    floats = values.view(np.float64)
    at = run_row(code, 0, sets, values, floats, nulls) if n == 1 else 0
    while at < code.shape[0]:
        op, dst, a, b, extra = int(code[at, 0]), int(code[at, 1]), int(code[at, 2]), int(code[at, 3]), int(code[at, 5])
        if op < AND:
            run_compare(op, values, floats, nulls, dst, a, b, n)
        elif op < ADD:
            run_logic(op, values, nulls, sets, (dst, a, b, int(code[at, 4])), extra, n)
        elif op < F_ADD:
            run_whole(op, values, nulls, dst, a, b, extra, n)
        elif op < SQRT:
            run_float(op, values, floats, nulls, dst, a, b, extra, n)
        elif op < HOUR:
            run_function(op, values, floats, nulls, dst, a, b, n)
        else:
            run_time(op, values, nulls, dst, a, extra, n)
        at = run_row(code, at + 1, sets, values, floats, nulls) if n == 1 else at + 1
