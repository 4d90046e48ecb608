"""Which events of a batch say what earlier ones turned out to be.

In: columns of events. Out: rows that are labels, whether they say fraud, and of which kind. A function of the event alone: the same for any
batch, live, in a replay, and offline.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.expressions import Program
from zhiyu.expressions.machine import run_program
from zhiyu.expressions.program import load_constants
from zhiyu.policy.compile_labels import LabelPlan


@dataclass(frozen=True, slots=True)
class Said:
    """k labels: `at` int64[k] ascending, numbers of the events that say them; `fraud` int64[k] 0 or 1; `kind` int64[k]: codes of their
    names; `plan` int64[k]: numbers of their plans."""

    at: Array
    fraud: Array
    kind: Array
    plan: Array


class DerivedLabels:
    """The derived labels of one policy."""

    def __init__(self, plans: Sequence[LabelPlan]) -> None:
        self.plans = tuple(plans)

    def __bool__(self) -> bool:
        return bool(self.plans)

    def said(self, kinds: Array, values: Array, nulls: Array) -> Said:
        """What n events say: their types int[n], registers int64[C, n], uint8[C, n]."""
        found = []
        for plan in self.plans:
            rows = np.flatnonzero(np.isin(kinds, plan.kinds))
            for kind, noise in plan.drops if len(rows) else ():
                rows = rows[(kinds[rows] != kind) | ~true_of(noise, values[:, rows], nulls[:, rows])]
            if len(rows) and plan.where is not None:
                rows = rows[true_of(plan.where, values[:, rows], nulls[:, rows])]
            found.append(rows)
        at = np.concatenate([np.zeros(0, np.int64), *found])
        plan_of = np.repeat(np.arange(len(self.plans)), [len(rows) for rows in found])
        order = np.lexsort((plan_of, at))
        at, plan_of = at[order], plan_of[order]
        fraud = np.array([plan.fraud for plan in self.plans], np.int64)
        code = np.array([plan.code for plan in self.plans], np.int64)
        return Said(at, fraud[plan_of], code[plan_of], plan_of)


def true_of(program: Program, values: Array, nulls: Array) -> Array:
    """bool[n]: for which events a condition over their columns is true; null and error are not."""
    n, width = values.shape[1], max(program.n_registers, values.shape[0])
    registers, marks = np.zeros((width, n), np.int64), np.ones((width, n), np.uint8)
    registers[: values.shape[0]], marks[: values.shape[0]] = values, nulls
    load_constants(program, registers, marks)
    run_program(program.code, program.sets, registers, marks, n)
    output = int(program.outputs[0])
    found: Array = (registers[output] == 1) & (marks[output] == 0)
    return found
