"""What tuning looks at: decisions as columns, with every value the policy's expressions can read, and exact evaluation on them.

In: filled by `collect`. Out: arrays of equal length n; truth and values of any expression, computed by the engine's own machine, so that
a condition fires here on exactly the rows it fires on in a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.expressions import Expression, check, compile_program, load_constants, parse, run_program
from zhiyu.expressions.types import Kind
from zhiyu.policy.checked import Checked

BLOCK = 4096


@dataclass(frozen=True)
class Observed:
    """n decisions in log order. `weight` int64[n]: how many decisions a row stands for. `label` int8[n]: 1 fraud, 0 good, -1 unknown.
    `truth` float64[n]: how many decisions its label speaks for, where a lottery let some through: 1 / share for those, 0 for the others.

    `money` int64[n] in minor units, `outcome` int64[n] 0..5, `type_index` int16[n], `time_ms` and `position` int64[n].
    `values` int64[R, n], `nulls` uint8[R, n] (0 value, 1 null, 2 error): registers; `layout` maps names and prepared keys to their row,
    `types` event types to their index (that of the compiled policy, not of the folder).
    `seen`: decisions read, before sampling; `clock_ms`: time of the last one; `delay_ms`: how long a label takes to arrive.
    """

    position: Array
    time_ms: Array
    weight: Array
    truth: Array
    label: Array
    money: Array
    outcome: Array
    type_index: Array
    values: Array
    nulls: Array
    layout: Mapping[str, int]
    types: Mapping[str, int]
    seen: int
    clock_ms: int
    delay_ms: int

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.position)


class Evaluator:
    """Expressions over observed rows. `encode` gives the code of a text; derived fields that were not kept are computed."""

    def __init__(self, observed: Observed, checked: Checked, encode: Callable[[str], int]) -> None:
        self.observed, self.checked, self.encode = observed, checked, encode
        self._derived = dict(checked.known.schema.derived)

    def expression(self, text: str, event_type: str, want: Kind | None = None) -> Expression:
        """Parse and type `text` as a rule on `event_type` would be."""
        names = self.checked.typed_on([event_type])
        return check(parse(text), replace(self.checked.known.schema.scope, names=names), text, want=want)

    def column(self, expression: Expression) -> tuple[Array, Array]:
        """(values int64[n], nulls uint8[n]) of an expression on every row."""
        read, definitions = self._reads(expression)
        layout = {name: number for number, name in enumerate(read)}
        program = compile_program([expression], layout, len(layout), self.encode, definitions)
        rows = [self.observed.layout[name] for name in read]
        n, result = self.observed.n, int(program.outputs[0])
        values = np.zeros((max(program.n_registers, 1), BLOCK), np.int64)
        nulls = np.zeros(values.shape, np.uint8)
        load_constants(program, values, nulls)
        found, missing = np.empty(n, np.int64), np.empty(n, np.uint8)
        for start in range(0, n, BLOCK):
            count = min(BLOCK, n - start)
            values[: len(rows), :count] = self.observed.values[rows, start : start + count]
            nulls[: len(rows), :count] = self.observed.nulls[rows, start : start + count]
            run_program(program.code, program.sets, values, nulls, count)
            found[start : start + count] = values[result, :count]
            missing[start : start + count] = nulls[result, :count]
        return found, missing

    def fires(self, expression: Expression) -> Array:
        """bool[n]: where a condition is true; null and error are not."""
        values, nulls = self.column(expression)
        return (nulls == 0) & (values != 0)

    def _reads(self, expression: Expression) -> tuple[list[str], dict[str, Expression]]:
        """Rows of the layout to load, and the derived fields to compute on the way."""
        read: dict[str, None] = {}
        definitions: dict[str, Expression] = {}
        queue = [expression]
        while queue:
            each = queue.pop()
            read |= dict.fromkeys(prepared.key for prepared in each.prepared)
            for name in sorted(each.names):
                if name in self.observed.layout:
                    read[name] = None
                elif name not in definitions:
                    definitions[name] = self._derived[name]
                    queue.append(self._derived[name])
        return list(read), definitions
