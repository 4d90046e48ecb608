"""Expressions to one program: numbered steps get real registers, temporary ones are reused after their last use.

In: checked expressions, the layout of names, the first free register, the coder of texts. Out: `Program`.
Inputs, constants and outputs are never overwritten; a destination is never one of its own operands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from zhiyu.expressions.lower import Lowering, Step
from zhiyu.expressions.opcodes import NAMES
from zhiyu.expressions.typed import Expression


@dataclass(frozen=True)
class Program:
    """What the machine runs.

    `code` int32[m, 6]; `constants` int64[k] belong in `constant_registers` int32[k]; `sets` the hash tables;
    `outputs` int32[e] the register of each expression; `inputs` the registers read; every register < `n_registers`.
    `list_offsets`: (name, offset into `sets`) of every changing list; at the offset stand the address of the
    membership table, 0 as compiled (nobody is on it), and the code of the list.
    """

    code: NDArray[np.int32]
    constants: NDArray[np.int64]
    constant_registers: NDArray[np.int32]
    sets: NDArray[np.int64]
    outputs: NDArray[np.int32]
    inputs: NDArray[np.int32]
    n_registers: int
    list_offsets: tuple[tuple[str, int], ...] = ()

    def listing(self) -> str:
        """The program as text, one instruction a line, for people who look inside."""
        return "\n".join(f"r{dst} = {NAMES[op]} r{a} r{b} r{c} #{x}" for op, dst, a, b, c, x in self.code.tolist())


def compile_program(
    expressions: Sequence[Expression],
    layout: Mapping[str, int],
    first_free: int,
    encode: Callable[[str], int],
    definitions: Mapping[str, Expression] | None = None,
) -> Program:
    """The program of all `expressions`. `layout` maps names and keys of prepared columns to registers.

    `definitions` are names that stand for an expression of their own; they must not go in a circle.
    """
    lowering = Lowering(layout, encode, definitions or {})
    results = [lowering.lower(expression.root) for expression in expressions]
    registers, n_registers = _allocate(lowering.steps, results, first_free)
    constants = [number for number, step in enumerate(lowering.steps) if step.kind == "constant"]
    code = [
        _instruction(step, registers, number)
        for number, step in enumerate(lowering.steps)
        if step.kind == "instruction"
    ]
    return Program(
        code=np.array(code, dtype=np.int32).reshape(len(code), 6),
        constants=np.array([lowering.steps[number].payload for number in constants], dtype=np.int64),
        constant_registers=np.array([registers[number] for number in constants], dtype=np.int32),
        sets=np.concatenate([*lowering.tables, np.zeros(1, dtype=np.int64)]),
        outputs=np.array([registers[number] for number in results], dtype=np.int32),
        inputs=np.array(sorted({step.payload for step in lowering.steps if step.kind == "input"}), dtype=np.int32),
        n_registers=n_registers,
        list_offsets=tuple(lowering.lists.items()),
    )


def load_constants(program: Program, values: NDArray[np.int64], nulls: NDArray[np.uint8]) -> None:
    """Fill the rows of the constants, once per register file."""
    values[program.constant_registers, :] = program.constants[:, None]
    nulls[program.constant_registers, :] = 0


def _operands(step: Step) -> tuple[int, ...]:
    return tuple(number for number in (step.a, step.b, step.c) if number >= 0)


def _allocate(steps: Sequence[Step], results: Sequence[int], first_free: int) -> tuple[list[int], int]:
    """A register for every step, and one past the highest."""
    outputs = set(results)
    last_use = [len(steps) if number in outputs else -1 for number in range(len(steps))]
    for number, step in enumerate(steps):
        for operand in _operands(step):
            last_use[operand] = max(last_use[operand], number)
    free: list[int] = []
    registers, top = [0] * len(steps), first_free
    for number, step in enumerate(steps):
        if step.kind == "constant":
            registers[number], top = top, top + 1
    for number, step in enumerate(steps):
        if step.kind == "input":
            registers[number] = step.payload
        elif step.kind == "instruction":
            if free:
                registers[number] = free.pop()
            else:
                registers[number], top = top, top + 1
            done = {each for each in _operands(step) if last_use[each] == number and steps[each].kind == "instruction"}
            free += sorted((registers[each] for each in done), reverse=True)
    return registers, max([top, *(step.payload + 1 for step in steps if step.kind == "input")])


def _instruction(step: Step, registers: Sequence[int], number: int) -> tuple[int, ...]:
    a, b, c = (registers[each] if each >= 0 else registers[step.a] for each in (step.a, step.b, step.c))
    return (step.payload, registers[number], a, b, c, step.extra)
