"""The cube on the disk: parts of the log, counted by minute, by hour and by eight hours, and merged as they become many.

In: rows of `facts` with the positions of the log that they stand for. Out: tables again. A part is a folder `FIRST-NEXT` that is there
whole or not at all, so that after a crash the log is counted from where the last part ends: nothing twice, nothing left out. Of parts that
overlap (a merge was cut off) the longer one counts. Readers need no lock: a part that was merged away meanwhile is looked for again.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zhiyu.evaluation.cube.facts import HOUR_MINUTES, TABLES, schema_of, summed

T = TypeVar("T")
Grain = Literal["minutes", "hours", "thirds"]
"""`thirds` are of a day, eight hours from midnight UTC: days begin with one in UTC and in China."""
GRAINS: tuple[Grain, ...] = ("minutes", "hours", "thirds")
THIRD_MINUTES = 8 * HOUR_MINUTES
MERGED_ROWS = 8_000_000
"""Parts of more rows than this are not merged any further."""
MINUTES_KEPT = 8 * 24 * HOUR_MINUTES
"""Minutes are told of so long; what is older is told of by the hour, and its minutes go when parts are merged."""
_NAME = re.compile(r"(\d{20})-(\d{20})")
_PART = ".part"
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Part:
    """What the positions [first, next) of the log came to. `rows`: of its decisions, by minute and by hour."""

    path: Path
    first: int
    next: int
    rows: int

    @property
    def grains(self) -> tuple[Grain, ...]:
        """Those that it has: parts of earlier versions have no thirds."""
        return GRAINS if self.file("decisions", "thirds").exists() else GRAINS[:2]

    def file(self, table: str, grain: Grain) -> Path:
        """Where a table of it stands."""
        return self.path / f"{table}-{grain}.parquet"


class Rollups:
    """The parts in `folder`. One writer; any number of readers. `held`: as they are now, whatever a writer does later: who counts the rest
    of the log in memory must not meet it again in a newer part."""

    def __init__(self, folder: Path, held: bool = False) -> None:
        self.folder = folder
        self._held: dict[Path, pa.MemoryMappedFile] = {}
        self._parts: list[Part] | None = None
        if held:
            self._parts = _tried(self._hold)

    def _hold(self) -> list[Part]:
        parts = self.parts()
        self._held = {
            file: pa.memory_map(str(file)) for part in parts for file in (part.file(t, g) for t in TABLES for g in part.grains)
        }  # fmt: skip
        return parts

    def parts(self) -> list[Part]:
        """In order of position, none inside another."""
        if self._parts is not None:
            return self._parts
        names = [_NAME.fullmatch(path.name) for path in self.folder.iterdir()] if self.folder.is_dir() else []
        spans = sorted((int(name[1]), -int(name[2])) for name in names if name)
        found: list[Part] = []
        for first, negative in spans:
            if not found or first >= found[-1].next:
                path = self.folder / _named(first, -negative)
                found.append(Part(path, first, -negative, _rows(path)))
        return found

    def position(self) -> int:
        """Up to where the log was counted; -1 before the first part."""
        return max((part.next for part in self.parts()), default=-1)

    def append(self, first: int, next_: int, tables: Mapping[str, pa.Table]) -> None:
        """Keep what positions [first, next_) came to, for good. OSError."""
        self.folder.mkdir(parents=True, exist_ok=True)
        both: dict[tuple[str, Grain], pa.Table] = {}
        for name, rows in tables.items():
            hours = coarser(name, rows, "hours")
            both[name, "minutes"], both[name, "hours"], both[name, "thirds"] = (
                rows,
                hours,
                coarser(name, hours, "thirds"),
            )
        self.write(first, next_, both)
        self._merge()

    def newest_minute(self) -> int:
        """The newest minute of the newest part that has any, -1 without."""
        for part in reversed(self.parts()):
            found = pq.read_metadata(self._source(part.file("decisions", "minutes")))
            if found.num_rows:
                groups = (found.row_group(number).column(0) for number in range(found.num_row_groups))
                return max(int(group.statistics.max) for group in groups)
        return -1

    def write(self, first: int, next_: int, tables: Mapping[tuple[str, Grain], pa.Table]) -> None:
        """One part, of every grain; whole on the disk when this returns. OSError."""
        part = self.folder / (_named(first, next_) + _PART)
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir()
        for (name, grain), rows in tables.items():
            _keep(rows, part / f"{name}-{grain}.parquet")
        _sync(part)
        part.rename(self.folder / _named(first, next_))
        _sync(self.folder)

    def _merge(self) -> None:
        """The newest parts become one while the last is not much smaller than the one before it; what is inside another goes."""
        parts = self.parts()
        while (
            len(parts) > 1 and 2 * parts[-1].rows >= parts[-2].rows and parts[-2].rows + parts[-1].rows <= MERGED_ROWS
        ):
            one, two = parts[-2:]
            if one.next != two.first:
                break
            oldest = self.newest_minute() - MINUTES_KEPT
            tables: dict[tuple[str, Grain], pa.Table] = {}
            for name in TABLES:
                for grain in GRAINS[:2]:
                    rows = pa.concat_tables([pq.read_table(each.file(name, grain)) for each in (one, two)])
                    if grain == "minutes":
                        rows = rows.filter(pc.greater_equal(rows["minute"], oldest))
                    tables[name, grain] = summed(name, rows)
                tables[name, "thirds"] = coarser(name, tables[name, "hours"], "thirds")
            self.write(one.first, two.next, tables)
            parts = self.parts()
        kept = {part.path.name for part in parts}
        for path in self.folder.iterdir():
            if path.name not in kept and (_NAME.fullmatch(path.name) or path.name.endswith(_PART)):
                shutil.rmtree(path, ignore_errors=True)

    def read(self, table: str, grain: Grain, first_minute: int, last_minute: int, columns: list[str]) -> pa.Table:
        """Rows of a table from one minute up to another (inclusive); rows of one key may come several times."""
        return _tried(lambda: self._read(table, grain, first_minute, last_minute, columns))

    def _read(self, table: str, grain: Grain, first: int, last: int, columns: list[str]) -> pa.Table:
        within = (pc.field("minute") >= first) & (pc.field("minute") <= last)
        parts = self.parts()
        schema = schema_of(table)
        empty = schema.empty_table().select(columns)
        texts = [name for name in columns if schema.field(name).type == pa.string()]
        rows = []
        for part in parts:
            own: Grain = grain if grain in part.grains else "hours"
            each = pq.read_table(
                self._source(part.file(table, own)), columns=columns, filters=within, read_dictionary=texts
            )
            rows.append(each if own == grain else _floored(each, grain))
        found = [as_numbers(each) for each in (empty, *rows)]
        return pa.concat_tables(found).unify_dictionaries()

    def _source(self, file: Path) -> Any:
        return self._held.get(file, file)


def _tried(does: Callable[[], T]) -> T:
    """Again where a part was merged away meanwhile."""
    for _ in range(_TRIES - 1):
        with suppress(FileNotFoundError):
            return does()
    return does()


def as_numbers(rows: pa.Table) -> pa.Table:
    """Texts as numbers of texts: compared and grouped several times as fast."""
    for at, field in enumerate(rows.schema):
        if field.type == pa.string():
            rows = rows.set_column(at, field.name, pc.dictionary_encode(rows.column(at)))
    return rows


def coarser(table: str, rows: pa.Table, grain: Grain) -> pa.Table:
    """The same rows summed up, with the first minute of their hour or third of a day."""
    return summed(table, _floored(rows, grain))


def _floored(rows: pa.Table, grain: Grain) -> pa.Table:
    """Rows with the first minute of what they fall into; without a minute they stay as they are."""
    if "minute" not in rows.column_names:
        return rows
    span = HOUR_MINUTES if grain == "hours" else THIRD_MINUTES
    begins = pc.multiply(pc.divide(rows["minute"], span), span)
    return rows.set_column(rows.column_names.index("minute"), "minute", begins)


def _named(first: int, next_: int) -> str:
    return f"{first:020d}-{next_:020d}"


def _rows(path: Path) -> int:
    try:
        return sum(int(pq.read_metadata(path / f"decisions-{grain}.parquet").num_rows) for grain in GRAINS[:2])
    except FileNotFoundError:
        return 0


def _keep(rows: pa.Table, path: Path) -> None:
    pq.write_table(rows, path, compression="zstd", row_group_size=262_144)
    _sync(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
