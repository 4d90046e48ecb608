"""Declarations of decision tables: rows of conditions, the first row that fits decides.

In: nothing. Out: `DecisionTable`. A condition is written as in DMN: `-` or nothing (any value), `null`, `< 5`, `[1..5)`, `a, b`,
`not(a, b)`.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from zhiyu.events.declare import Declaration
from zhiyu.policy.outcomes import Outcome

Condition = str | int | float | bool | None


class Input(Declaration, frozen=True):
    """One column: its name, and the expression it looks at (default: the name itself)."""

    name: str
    of: str = ""
    en: str = ""
    zh: str = ""


class Row(Declaration, frozen=True):
    """Conditions by column (a column left out takes any value), and what the row says."""

    when: dict[str, Condition] = msgspec.field(default_factory=dict)
    outcome: Outcome | None = None
    score: int = 0
    reason: str = ""


class DecisionTable(Declaration, frozen=True):
    """`hit: first`: the first row that fits. `hit: unique`: rows must not overlap. `file`: a CSV beside the policy whose columns are the
    inputs, `outcome`, `score` and `reason`; its rows stand after those written here. Branches read the row's score by the table's name."""

    name: str
    inputs: tuple[Input, ...]
    rows: tuple[Row, ...] = ()
    file: str = ""
    hit: Literal["first", "unique"] = "first"
    on: tuple[str, ...] = ()
    en: str = ""
    zh: str = ""
