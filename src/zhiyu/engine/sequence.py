"""Rows in the order in which they take effect: events, events that go on after a wait, facts that come back.

In: columns of each kind. Out: `Sequence`, which the kernel takes as it is.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from zhiyu.base.jit import Array

NO_ASKS = np.zeros(0, np.uint8)
FACT_ROW, FIRST_RESUMED = -1, -2
"""What `row` says of what is no event: a fact; FIRST_RESUMED - j: number j of those that go on."""


@dataclass(slots=True)
class Sequence:
    """Events and facts in the order in which they take effect. `row` is the accepted event's row, negative for what is none.

    `number`: how many events were accepted before each (0 for facts); of what goes on before an event, one less: it stands before
    everything that comes back at that event.
    """

    values: Array
    nulls: Array
    times: Array
    nows: Array
    kinds: Array
    asks: Array
    ids: Array
    money: Array
    row: Array
    number: Array

    def of(self, rows: Array) -> Sequence:
        """These rows of it, in this order (`asks` are set later)."""
        return Sequence(
            np.ascontiguousarray(self.values[:, rows]), np.ascontiguousarray(self.nulls[:, rows]), self.times[rows], self.nows[rows],
            self.kinds[rows], NO_ASKS, self.ids[rows], self.money[rows], self.row[rows], self.number[rows],
        )  # fmt: skip


def in_one(parts: list[Sequence]) -> Sequence:
    """Several sequences as one, one after the other (`asks` are set later)."""

    def joined(name: str, axis: int = 0) -> Array:
        return np.concatenate([getattr(part, name) for part in parts], axis=axis)

    return Sequence(
        joined("values", 1), joined("nulls", 1), joined("times"), joined("nows"), joined("kinds"), NO_ASKS, joined("ids"),
        joined("money"), joined("row"), joined("number"),
    )  # fmt: skip


def of_facts(values: Array, nulls: Array, times: Array, nows: Array, kind: int) -> Sequence:
    """Facts of one event type as rows (`asks` are set later): `values` int64[C, n], `nulls` uint8[C, n], `times`, `nows` int64[n] ms."""
    n = len(times)
    return Sequence(
        values, nulls, times, nows, np.full(n, kind, np.int16), NO_ASKS, np.zeros((n, 2), np.uint64), np.zeros(n, np.int64),
        np.full(n, FACT_ROW), np.zeros(n, np.int64),
    )  # fmt: skip


def kept_of(kept_rows: Array, own: Array, n: int) -> tuple[Array, Array]:
    """Lines of the kept values that belong to these rows of a sequence of n, and which of them each belongs to."""
    place = np.full(max(n, 1), -1)
    place[own] = np.arange(len(own))
    which = place[kept_rows]
    lines = np.flatnonzero(which >= 0)
    return lines, which[lines]
