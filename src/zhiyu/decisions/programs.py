"""Runs the compiled programs of a policy from the kernel's context.

In: the context, which words hold a program and its sets. Out: registers of the block computed.
"""

from zhiyu.base.jit import Array, array_at, kernel
from zhiyu.base.machine import bytes_at, codes_at, words_at
from zhiyu.decisions.layout import D_NULLS, D_SIZES, D_VALUES, D_WIDTH
from zhiyu.expressions.machine import run_program

INSTRUCTION = 6
"""int32 words of one instruction."""


@kernel
def run_at(x: Array, program: int, sets: int, count: int) -> None:
    """The program and the sets behind two words of the context, over `count` rows of the register file."""
    registers = x[D_SIZES + D_VALUES]
    run_program(
        array_at(codes_at(x[program]), (x[D_SIZES + program], INSTRUCTION)), array_at(words_at(x[sets]), (x[D_SIZES + sets],)),
        array_at(words_at(x[D_VALUES]), (registers, x[D_WIDTH])), array_at(bytes_at(x[D_NULLS]), (registers, x[D_WIDTH])), count,
    )  # fmt: skip
