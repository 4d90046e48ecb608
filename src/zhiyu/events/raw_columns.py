"""Raw columns in few plain shapes, whatever file or API they came from.

In: any Arrow array, or the values of one key over many dictionaries. Out: a `RawColumn`: a plain Arrow array (int64,
float64, bool, string, timestamp, date32) where all values are of one kind, else a Python list that only the scalar
definitions read. Rows whose bytes are not UTF-8 are marked. Nothing is ever converted in a way that changes what the
scalar would say.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from datetime import time as clock_type
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.events.kinds.reader import Bools

MAX_EXACT = 1 << 53
_EPOCH = datetime(1970, 1, 1)
_UNITS = {"s": 1_000_000, "ms": 1_000, "us": 1}


@dataclass(slots=True)
class RawColumn:
    """One column of n raw values; `array` or `objects` (both: the array is exact, the objects are what to quote).

    `broken` marks rows that are not UTF-8 (null in `array`).
    """

    n: int
    array: pa.Array | None = None
    objects: list[Any] | None = None
    broken: Bools | None = None

    def value(self, row: int) -> Any:
        """The raw value of one row as the scalar definitions take it."""
        if self.objects is not None:
            return self.objects[row]
        if self.array is None:
            return None
        if pa.types.is_timestamp(self.array.type):
            return _timestamp(self.array[row])
        return self.array[row].as_py()

    def take(self, rows: np.ndarray[Any, np.dtype[np.int64]]) -> RawColumn:
        """The same column at `rows` only."""
        return RawColumn(
            len(rows),
            None if self.array is None else self.array.take(pa.array(rows)),
            None if self.objects is None else [self.objects[i] for i in rows],
            None if self.broken is None else self.broken[rows],
        )


def _timestamp(scalar: Any) -> datetime | None:
    if not scalar.is_valid:
        return None
    unit, raw = scalar.type.unit, scalar.value
    micro = raw // 1000 if unit == "ns" else raw * _UNITS[unit]
    try:
        moment = _EPOCH + timedelta(microseconds=micro)
    except OverflowError:
        moment = datetime.max
    return moment.replace(tzinfo=UTC) if scalar.type.tz is not None else moment


def absent(n: int) -> RawColumn:
    """A column that the rows do not have: all null."""
    return RawColumn(n)


def of_array(column: pa.Array | pa.ChunkedArray) -> RawColumn:
    """A column of a file."""
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks() if column.num_chunks != 1 else column.chunk(0)
    n, kind = len(column), column.type
    if pa.types.is_dictionary(kind):
        return of_array(column.dictionary_decode())
    if pa.types.is_null(kind):
        return absent(n)
    if pa.types.is_int64(kind) or pa.types.is_float64(kind) or pa.types.is_boolean(kind) or pa.types.is_timestamp(kind):
        return RawColumn(n, column)
    if (
        pa.types.is_signed_integer(kind)
        or pa.types.is_uint8(kind)
        or pa.types.is_uint16(kind)
        or pa.types.is_uint32(kind)
    ):
        return RawColumn(n, column.cast(pa.int64()))
    if pa.types.is_floating(kind):  # the shortest decimal that means the same float32, so that 14.37 stays 14.37
        texts = column.cast(pa.float32()).cast(pa.string())
        return RawColumn(n, texts.cast(pa.float64()))
    if pa.types.is_decimal(kind):
        return RawColumn(n, column.cast(pa.string()))
    if _textual(kind):
        return _texts(column)
    if pa.types.is_date32(kind):
        return RawColumn(n, column)
    if pa.types.is_date64(kind):
        return RawColumn(n, column.cast(pa.timestamp("ms")))
    return _objects(column)


def _textual(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def _texts(column: pa.Array) -> RawColumn:
    if not pa.types.is_string(column.type):
        raw = column.cast(pa.binary() if not pa.types.is_string_view(column.type) else pa.string())
        column = raw.view(pa.string()) if pa.types.is_binary(raw.type) else raw
    try:
        column.validate(full=True)
        return RawColumn(len(column), column)
    except pa.ArrowInvalid:
        return _broken_texts(column)


def _broken_texts(column: pa.Array) -> RawColumn:
    values: list[str | None] = []
    broken = np.zeros(len(column), np.bool_)
    for i, raw in enumerate(column.view(pa.binary()).to_pylist()):
        try:
            values.append(None if raw is None else raw.decode())
        except UnicodeDecodeError:
            values.append(None)
            broken[i] = True
    return RawColumn(len(column), pa.array(values, pa.string()), broken=broken)


def _objects(column: pa.Array) -> RawColumn:
    try:
        return of_values(column.to_pylist())
    except UnicodeDecodeError:
        pass
    objects: list[Any] = []
    broken = np.zeros(len(column), np.bool_)
    for i in range(len(column)):
        try:
            objects.append(column[i].as_py())
        except UnicodeDecodeError:
            objects.append(None)
            broken[i] = True
    return RawColumn(len(column), None, objects, broken)


def of_records(records: Sequence[Mapping[str, Any]], key: str) -> RawColumn:
    """The values of one key over many dictionaries; absent is null. `a.b` reaches into a nested dictionary."""
    if "." in key:
        return of_values([nested(record, key) for record in records])
    return of_values([record.get(key) for record in records])


def nested(record: Mapping[str, Any], key: str) -> Any:
    """The value at `key`, or, where there is none and it has dots, along the path of dictionaries."""
    found = record.get(key)
    if found is not None or "." not in key:
        return found
    here: Any = record
    for part in key.split("."):
        here = here.get(part) if isinstance(here, Mapping) else None
    return here


def of_values(values: list[Any]) -> RawColumn:
    """A list of Python values: a plain array when all are of one kind (whole numbers and floats may mix), else the
    list.
    """
    n, kinds = len(values), set(map(type, values))
    kinds.discard(type(None))
    try:
        if not kinds:
            return absent(n)
        if kinds == {str}:
            return RawColumn(n, pa.array(values, pa.string()))
        if kinds == {int}:
            return RawColumn(n, pa.array(values, pa.int64()))
        if kinds == {bool}:
            return RawColumn(n, pa.array(values, pa.bool_()))
        if kinds == {float}:
            return RawColumn(n, pa.array(values, pa.float64()))
        if kinds == {int, float} and all(abs(v) <= MAX_EXACT for v in values if type(v) is int):
            # the list stays beside the array, so that a message quotes -1 as it came and not as -1.0
            return RawColumn(n, pa.array([None if v is None else float(v) for v in values], pa.float64()), values)
    except (pa.ArrowInvalid, OverflowError, UnicodeEncodeError):
        pass
    return RawColumn(n, None, values)


def day_and_clock(day: object, clock: object) -> object:
    """Date and time of day from two columns as one text; the date alone where there is no time of day.

    >>> day_and_clock("2024-05-01", "08:30"), day_and_clock(datetime(2024, 5, 1), None), day_and_clock(None, "08:30")
    ('2024-05-01 08:30', '2024-05-01', None)
    """
    if isinstance(day, datetime):
        day = day.date()
    words = [
        each.isoformat() if isinstance(each, (date, clock_type)) else str(each).strip()
        for each in (day, clock)
        if each is not None
    ]
    return None if day is None else " ".join(word for word in words if word)


def string_of(column: pa.Array) -> pa.Array | None:
    """The texts of a plain column where that is exact and cheap: strings, and whole numbers as decimal digits; else
    None.
    """
    if pa.types.is_string(column.type):
        return column
    if pa.types.is_int64(column.type):
        return column.cast(pa.string())
    if pa.types.is_float64(column.type):
        raw = column.fill_null(0.0).to_numpy(zero_copy_only=False)
        with np.errstate(all="ignore"):
            if bool(np.all((np.floor(raw) == raw) & (np.abs(raw) <= MAX_EXACT))):
                return pc.cast(column, pa.int64()).cast(pa.string())
    return None
