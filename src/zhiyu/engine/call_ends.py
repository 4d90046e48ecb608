"""What goes on after a service was asked: how the call ended, what stands for an answer that did not come, features as they were.

In: columns of events that go on; what was kept while they waited. Out: the columns filled in; rows whose features the kernel leaves alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.holds import Held
from zhiyu.engine.sequence import FIRST_RESUMED
from zhiyu.events.schema import EventSchema
from zhiyu.policy.builtin import UNANSWERED
from zhiyu.policy.compile_calls import CallPlan


def fill_in_calls(
    calls: Sequence[CallPlan | None], schema: EventSchema, values: Array, nulls: Array, shown: dict[str, list[str | None]]
) -> None:  # fmt: skip
    """`calls`: per column of `values` the call that ended, None for a wait of another kind. A call that no event ended is unanswered."""

    def show(column: int, at: int, text: str) -> None:
        shown.setdefault(schema.columns[column].name, [None] * len(calls))[at] = text

    for at, call in enumerate(calls):
        if call is None:
            continue
        if nulls[call.end, at]:
            values[call.end, at], nulls[call.end, at] = call.unanswered, 0
            show(call.end, at, UNANSWERED)
        if values[call.end, at] != call.answered:
            for column, (value, text) in call.fallback.items():
                values[column, at], nulls[column, at] = value, 0
                if text is not None:
                    show(column, at, text)


def frozen_rows(held: Sequence[Held], row: Array, width: int) -> tuple[Array, Array, Array]:
    """Of a sequence (`row` int64[n], as it says), those that keep their features: rows int64[k], values int64[k, A], null marks uint8."""
    went = [(at, held[FIRST_RESUMED - int(row[at])]) for at in np.flatnonzero(row <= FIRST_RESUMED).tolist()]
    kept = [(at, each) for at, each in went if each.frozen_nulls]
    values = np.frombuffer(b"".join(each.frozen for _, each in kept), np.int64).reshape(len(kept), width)
    nulls = np.frombuffer(b"".join(each.frozen_nulls for _, each in kept), np.uint8).reshape(len(kept), width)
    return np.array([at for at, _ in kept], np.int64), values, nulls
