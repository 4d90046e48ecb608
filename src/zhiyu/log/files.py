"""Opens a file of events by its extension: .ndjson/.jsonl, .json, .csv/.tsv/.txt (all also .gz), .parquet.

In: a path and the source that says which columns are wanted. Out: an `EventFile`: raw batches of at most `chunk`
rows, with positions counted over all records of the file, good or bad, so that positions do not depend on the chunk.
A source in `order: time` is read whole and sorted first.
"""

from __future__ import annotations

from pathlib import Path

from zhiyu.base.errors import InputError
from zhiyu.base.places_on_disk import require_file
from zhiyu.events.declare import Source
from zhiyu.log.csv import CsvFile
from zhiyu.log.event_file import EventFile
from zhiyu.log.in_time_order import InTimeOrder
from zhiyu.log.json_file import json_file
from zhiyu.log.ndjson import NdjsonFile
from zhiyu.log.parquet import ParquetFile

CHUNK = 65_536
CSV_SUFFIXES = (".csv", ".tsv", ".txt")


def open_events(path: str | Path, source: Source | None = None, chunk: int = CHUNK) -> EventFile:
    """The reader for a file. InputError when the file or a column the source names is not there, or the format is
    unknown.
    """
    place = Path(path)
    require_file(place)
    if chunk < 1:
        raise InputError(f"chunk is {chunk}, it must be at least 1", f"chunk 为 {chunk}，至少为 1")
    kind = "".join(place.suffixes[-2:] if place.suffix == ".gz" else place.suffixes[-1:]).lower()
    found: EventFile
    if kind.removesuffix(".gz") == ".json":
        found = json_file(place, chunk)
    elif kind.removesuffix(".gz") in (".ndjson", ".jsonl"):
        found = NdjsonFile(place, chunk)
    elif kind.removesuffix(".gz") in CSV_SUFFIXES:
        found = CsvFile(place, source, chunk)
    elif kind == ".parquet":
        found = ParquetFile(place, source, chunk)
    else:
        raise InputError(
            f"'{place.name}' is none of .ndjson, .jsonl, .json, .csv, .tsv, .txt (each also .gz), .parquet; rename or convert it "
            "(a spreadsheet: save it as CSV)",
            f"“{place.name}”不是 .ndjson、.jsonl、.json、.csv、.tsv、.txt（可加 .gz）或 .parquet；请改名或转换（电子表格请另存为 CSV）",
        )
    return InTimeOrder(found, source, chunk) if source is not None and source.order == "time" else found
