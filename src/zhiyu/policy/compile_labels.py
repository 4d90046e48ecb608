"""Derived labels as the engine needs them: which event types say it, the program of the condition.

In: checked labels, the compiled schema. Out: `LabelPlan`s in the order of the policy.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.events.schema import EventSchema
from zhiyu.expressions import Expression, Program, compile_program
from zhiyu.policy.checked import CheckedLabel


@dataclass(frozen=True, slots=True)
class LabelPlan:
    """One derived label. `kinds` int64[k]: numbers of the event types that say it; `where`: the program whose one output says whether, None
    for always; `drops`: per event type what makes it noise, which says nothing; `code` of its name."""

    name: str
    kinds: Array
    where: Program | None
    drops: tuple[tuple[int, Program], ...]
    fraud: bool
    code: int


def compile_labels(
    labels: list[CheckedLabel], schema: EventSchema, encode: Callable[[str], int]
) -> tuple[LabelPlan, ...]:
    """Programs over the columns of the schema."""
    definitions = dict(schema.derived)

    def program(expression: Expression) -> Program:
        return compile_program([expression], schema.index, len(schema.columns), encode, definitions)

    drops = tuple((schema.type_index[name], program(expression)) for name, expression in schema.drops) if labels else ()
    return tuple(
        LabelPlan(
            each.label.name, np.array(sorted(schema.type_index[name] for name in each.on), np.int64),
            program(each.where) if each.where is not None else None,
            tuple(drop for drop in drops if drop[0] in {schema.type_index[name] for name in each.on}), each.label.fraud,
            encode(each.label.name),
        )
        for each in labels
    )  # fmt: skip
