"""The model matrix as the engine runs it: per cell who may speak, by which key, and where the score goes; what every decision records.

In: checked cells, the layout of names, the coder of texts. Out: `Matrix`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.policy.checked import CheckedCell
from zhiyu.policy.compile_models import ScoredBy
from zhiyu.policy.layout import MATRIX_ARM_COLUMNS, MATRIX_COLUMNS, MILLION

NO_KEY = -1


@dataclass(frozen=True)
class Matrix:
    """`lines` int64[m, MATRIX_COLUMNS], `arms` int64[k, 2] (millionths up to which, register of the score), `recorded` int64[s]: registers
    that every decision records, scores of all models, then who spoke in every cell. `speakers`: per cell its models, champion first."""

    lines: Array
    arms: Array
    recorded: Array
    models: tuple[str, ...]
    cells: tuple[str, ...]
    speakers: tuple[tuple[str, ...], ...]


def registers_of(cells: Sequence[CheckedCell], first: int) -> dict[str, int]:
    """Where the scores of the cells stand; who spoke stands in the register behind each."""
    return {each.cell.name: first + 2 * number for number, each in enumerate(cells)}


def compile_matrix(
    cells: Sequence[CheckedCell], models: Sequence[ScoredBy], layout: Mapping[str, int], encode: Callable[[str], int]
) -> Matrix:
    """All cells, in the order of the policy."""
    lines, arms = list[list[int]](), list[list[int]]()
    for each in cells:
        cell, upto, first = each.cell, Fraction(0), len(arms)
        for challenger in cell.challengers:
            upto += Fraction(str(challenger.percent))
            arms.append([int(upto * MILLION / 100), layout[challenger.model]])
        own = layout[cell.name]
        key = layout[cell.by] if cell.challengers else NO_KEY
        lines.append([own, own + 1, key, encode(cell.salt or cell.name), layout[cell.champion], first, len(arms)])
    recorded = [model.output for model in models] + [layout[each.cell.name] + 1 for each in cells]
    return Matrix(
        np.array(lines, np.int64).reshape(-1, MATRIX_COLUMNS), np.array(arms, np.int64).reshape(-1, MATRIX_ARM_COLUMNS),
        np.array(recorded, np.int64), tuple(model.name for model in models), tuple(each.cell.name for each in cells),
        tuple((each.cell.champion, *(c.model for c in each.cell.challengers)) for each in cells),
    )  # fmt: skip
