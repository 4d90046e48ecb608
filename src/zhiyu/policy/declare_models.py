"""Declarations of models: which packages score which events.

In: nothing. Out: `Model`. Its score is read by its name, like a feature: in rules, scorecards, tables, branches of flows and derived
features.
"""

from __future__ import annotations

from zhiyu.events.declare import Declaration


class Model(Declaration, frozen=True):
    """A trained model in one cell of the matrix: stage of the loan's life x fraud type. `file`: its package beside the policy; the
    content stands in `package` from then on, so it is part of the policy's hash. `on`: event types it scores (default: those it was
    trained on).

    The score is a number in [0, 1]; null when fewer than `present` (a share) of its inputs are there, or `fallback` then. `budget_us`:
    the most its estimated work on one event may be; the check refuses a model past it.
    """

    name: str
    file: str = ""
    package: str = ""
    stage: str = ""
    fraud: str = ""
    on: tuple[str, ...] = ()
    budget_us: int = 100
    present: str | int | float = 0
    fallback: str | int | float | None = None
    en: str = ""
    zh: str = ""
