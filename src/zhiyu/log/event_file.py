"""The port of this room: what every reader of a file of events offers.

In: nothing. Out: `EventFile`, which NDJSON, CSV, Parquet and sorted files fulfil.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

from zhiyu.events.batch import RawBatch


class EventFile(Protocol):
    """A file of events. Iterate once; `total_rows` is None where the format does not say it."""

    total_rows: int | None

    def __iter__(self) -> Iterator[RawBatch]:
        """Raw batches in order."""

    def progress(self) -> float:
        """How much has been read, 0 to 1."""
