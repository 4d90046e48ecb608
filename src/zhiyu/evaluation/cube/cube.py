"""The cube of one tenant: follows the log, keeps rollups, and answers with what is not kept yet among it.

In: frames of the log, in order. Out: rows up to the position that was followed. `writes` False for readers of somebody else's folder: they
count in memory what the parts do not hold yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from threading import Lock

import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.engine.opened import Opened
from zhiyu.evaluation.cube.facts import MINUTE_MS, TABLES, Facts, schema_of, summed
from zhiyu.evaluation.cube.rollups import Grain, Rollups, as_numbers, coarser
from zhiyu.log.frames import Frame

FOLDER = "cube"
GATHER_DECISIONS, KEEP_ROWS = 4_000, 200_000
"""So many decisions are summed up at a time, few enough for nobody to wait for it; so many rows become a part on the disk."""


class Cube:
    """In `folder` of the tenant. `position`: up to where the log is counted; the log is read on from there, or from `first`, its beginning,
    where older parts of it are gone."""

    def __init__(
        self, folder: Path, tenant: str, opened_of: Callable[[str], Opened], first: int, writes: bool = True
    ) -> None:
        self.rollups, self._writes, self._lock = Rollups(folder / FOLDER, held=not writes), writes, Lock()
        self._facts = Facts(tenant, opened_of)
        kept = self.rollups.position()
        self.position = max(kept, first)
        self._first = self.position
        self._fresh: dict[str, list[pa.Table]] = {name: [] for name in TABLES}

    def take(self, frames: Iterable[Frame]) -> None:
        """Count frames that follow; what is enough for a part is kept. A frame that was counted counts no more."""
        with self._lock:
            for frame in frames:
                if frame.header.next > self.position:
                    self._facts.take(frame)
                    self.position = frame.header.next
                if self._facts.decisions >= GATHER_DECISIONS:
                    self._gather()
            if self._writes and sum(each.num_rows for each in self._fresh["decisions"]) >= KEEP_ROWS:
                self._keep()

    def keep(self) -> None:
        """Write what was counted since the last part, if anything was."""
        with self._lock:
            self._gather()
            if self._writes and self.position > self._first:
                self._keep()

    def rows(self, table: str, spans: Sequence[tuple[Grain, int, int]], columns: list[str]) -> tuple[pa.Table, int]:
        """Rows of a table, those not on the disk yet among them, and up to which position. `spans`: a grain, and the first and last minute
        (inclusive) for which it is asked, whole ones of it. Texts come as numbers of texts; rows of one key may come several times."""
        with self._lock:
            self._gather()
            fresh, found = self._whole(table), list[pa.Table]()
            for grain, first, last in spans:
                own = fresh if grain == "minutes" else coarser(table, fresh, grain)
                within = pc.and_(pc.greater_equal(own["minute"], first), pc.less_equal(own["minute"], last))
                found.append(self.rollups.read(table, grain, first, last, columns))
                found.append(as_numbers(own.filter(within).select(columns)))
            return pa.concat_tables(found).unify_dictionaries(), self.position

    def last_ms(self) -> int:
        """The end of the last minute in which anything was decided, ms since 1970; 0 when nothing was."""
        with self._lock:
            self._gather()
            fresh = pc.max(self._whole("decisions")["minute"]).as_py()
        newest = max(self.rollups.newest_minute(), -1 if fresh is None else int(fresh))
        return (newest + 1) * MINUTE_MS

    def _gather(self) -> None:
        for name, rows in self._facts.tables().items():
            if rows.num_rows:
                self._fresh[name].append(rows)

    def _whole(self, table: str) -> pa.Table:
        """What is not on the disk yet; rows of one key may come several times."""
        return pa.concat_tables([schema_of(table).empty_table(), *self._fresh[table]])

    def _keep(self) -> None:
        self.rollups.append(self._first, self.position, {name: summed(name, self._whole(name)) for name in TABLES})
        self._first = self.position
        self._fresh = {name: [] for name in TABLES}
