"""What goes into decoding and what comes out: raw rows, the decoded batch, and everything said about it.

`RawBatch`: columns of a file or dictionaries of an API. `EventBatch`: one row of the register file per column of the
schema, with the envelope (position, id, hashes, label) beside it. B rows everywhere; a refused row is not in the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.events.cleaning import CleaningReport
from zhiyu.events.refusals import Refusal

Int64s = npt.NDArray[np.int64]
Int16s = npt.NDArray[np.int16]
Int8s = npt.NDArray[np.int8]
UInt64s = npt.NDArray[np.uint64]


@dataclass(slots=True)
class RawBatch:
    """Rows as they came. Either `columns` or `records` is set.

    `positions` (default: counting from `first_position`) are places in the stream; `lines` are 1-based lines or rows
    of the file, for people. `refusals` are lines of the file that are no record at all.
    """

    columns: Mapping[str, pa.Array] | None = None
    records: Sequence[Mapping[str, Any]] | None = None
    first_position: int = 0
    positions: Int64s | None = None
    lines: Int64s | None = None
    refusals: list[Refusal] = field(default_factory=list)

    def __len__(self) -> int:
        if self.records is not None:
            return len(self.records)
        return len(next(iter(self.columns.values()))) if self.columns else 0

    def where(self) -> tuple[Int64s, Int64s]:
        """(positions int64[n], lines int64[n]); a line is 0 when it is not known."""
        n = len(self)
        positions = (
            self.positions if self.positions is not None else np.arange(self.first_position, self.first_position + n)
        )
        return positions.astype(np.int64), self.lines if self.lines is not None else np.zeros(n, np.int64)


@dataclass(slots=True)
class EventBatch:
    """n decoded events of C columns, in the order they came.

    `values` int64[C, n] and `nulls` uint8[C, n] (0 value, 1 null) are the first C registers. `received_at` is the
    event's own time and `late` false until the engine knows better. `id_code` uint64[n, 2] is the 128-bit code of
    type and id; `body_code` uint64[n] of the cleaned content. `labels` int8[n]: 1 fraud, 0 legit, -1 none. `money`
    int64[n]: the type's money field in minor units, else 0. `shown`: cleaned texts of STRING columns (Arrow arrays or
    lists), personal ones masked. `known_ms` int64[n]: when each label is known, where that is not one delay after the event for all.
    """

    tenant: str
    positions: Int64s
    ids: Sequence[str] | pa.Array
    id_code: UInt64s
    body_code: UInt64s
    type_index: Int16s
    time_ms: Int64s
    values: Int64s
    nulls: npt.NDArray[np.uint8]
    labels: Int8s
    label_delay_ms: int
    money: Int64s
    shown: dict[str, Sequence[str | None] | pa.Array]
    known_ms: Int64s | None = None

    @property
    def n(self) -> int:
        """Number of events."""
        return len(self.positions)

    @property
    def labels_known_ms(self) -> Int64s:
        """When the label of each is known, ms."""
        return self.time_ms + self.label_delay_ms if self.known_ms is None else self.known_ms

    def first(self, count: int) -> EventBatch:
        """The first events of it."""
        shown: dict[str, Any] = {name: column[:count] for name, column in self.shown.items()}
        return EventBatch(
            self.tenant, self.positions[:count], self.ids[:count], self.id_code[:count], self.body_code[:count], self.type_index[:count],
            self.time_ms[:count], self.values[:, :count].copy(), self.nulls[:, :count].copy(), self.labels[:count], self.label_delay_ms,
            self.money[:count], shown,
        )  # fmt: skip


def empty_batch(columns: int, tenant: str) -> EventBatch:
    """A batch of no events."""
    none = np.zeros(0, np.int64)
    return EventBatch(
        tenant, none, [], np.zeros((0, 2), np.uint64), np.zeros(0, np.uint64), np.zeros(0, np.int16), none,
        np.zeros((columns, 0), np.int64), np.zeros((columns, 0), np.uint8), np.zeros(0, np.int8), 0, none, {},
    )  # fmt: skip


@dataclass(slots=True)
class Decoded:
    """The batch of accepted events, one refusal per event that was not, and what cleaning did."""

    batch: EventBatch
    refusals: list[Refusal]
    cleaning: CleaningReport
