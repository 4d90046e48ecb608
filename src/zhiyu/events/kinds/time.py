"""Times: milliseconds since 1970 UTC.

In: a text in one of the declared formats (ISO-8601 when none is declared), a number of epoch units (ms unless said
otherwise), a datetime, or an Arrow timestamp or date. Out: ms, cut (never rounded up); None for null and empty text.
A text or timestamp without an offset is a wall-clock time in the declared zone; where no zone is declared for the
event itself, the offset is demanded.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zhiyu.base.hashing import text_buffers
from zhiyu.events.declare import Field, TimeColumn
from zhiyu.events.kinds.number import parse_fixed
from zhiyu.events.kinds.reader import Bools, Int64s, Notes, Numbers
from zhiyu.events.kinds.time_format import ISO, compile_format
from zhiyu.events.kinds.time_kernel import pack_programs, parse_times
from zhiyu.events.kinds.zone import DAY_MS, MAX_MS, MIN_MS, Zone
from zhiyu.events.refusals import Bad, quote, wrong_type
from zhiyu.expressions.types import Kind, Type

PER_SECOND = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
UNIT_MS = {"": 1, "ms": 1, "s": 1_000, "min": 60_000, "h": 3_600_000, "d": 86_400_000, "us": 1, "ns": 1}
"""Milliseconds of one unit; us and ns are parts of one."""
PARTS = {"us": 1_000, "ns": 1_000_000}
MAX_NUMBER_CHARS = 30
_EPOCH = datetime(1970, 1, 1)
_NUMBER = re.compile(r"[+-]?\d+(\.\d*)?([eE][+-]?\d{1,2})?", re.ASCII)


class Time:
    """Reader of `time` fields and of the event time itself."""

    def __init__(
        self, formats: Sequence[str], zone: str, epoch: str = "", *, required: bool = False, strict: bool = False
    ) -> None:
        self.formats = tuple(compile_format(f) for f in (formats or (ISO,)))
        self.zone = Zone(zone)
        self.unit_ms, self.parts = UNIT_MS[epoch], PARTS.get(epoch, 1)
        self.epoch_text = bool(epoch)
        self.strict = strict
        self.type = Type(Kind.TIME, nullable=not required)
        self._program = None if epoch else pack_programs(self.formats)

    @classmethod
    def of_field(cls, declared: Field) -> Time:
        """The reader of a declared field."""
        return cls(declared.formats, declared.timezone, required=declared.required)

    @classmethod
    def of_column(cls, declared: TimeColumn) -> Time:
        """The reader of a source's event time."""
        return cls(declared.formats, declared.timezone, declared.epoch, required=True)

    def one(self, value: object, notes: Notes) -> int | None:
        """UTC milliseconds of one raw value."""
        if value is None:
            return None
        if isinstance(value, str):
            return self._from_text(value)
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._checked(self._from_epoch(value), value)
        if isinstance(value, datetime):
            offset = value.utcoffset()
            wall = _wall_ms(value.replace(tzinfo=None))
            return (
                self._local(wall, value)
                if offset is None
                else self._checked(wall - offset // timedelta(milliseconds=1), value)
            )
        if isinstance(value, date):
            return self._local((value - _EPOCH.date()).days * DAY_MS, value)
        raise wrong_type(value, "a time", "时间")

    def _from_text(self, value: str) -> int | None:
        text = value.strip()
        if not text:
            return None
        if self.epoch_text:
            return self._checked(self._from_epoch(_whole(text, value)), value)
        for known in self.formats if len(text) <= 80 else ():
            read = known.read(text)
            if read is not None:
                return self._local(read[0], value) if read[1] is None else self._checked(read[0] - read[1], value)
        formats = ", ".join(
            "ISO-8601 such as 2024-05-01T08:30:00+08:00" if f.text == ISO else f"'{f.text}'" for f in self.formats
        )
        raise Bad(
            "not_a_time", f"{quote(value)} is not a time in {formats}", f"{quote(value)} 不符合时间格式 {formats}"
        )

    def _from_epoch(self, value: int | float) -> int:
        if isinstance(value, float):
            if not math.isfinite(value) or abs(value) >= 1 << 63:
                raise Bad(
                    "not_finite",
                    f"{value} is not a time; send null when there is none",
                    f"{value} 不是时间；无值请传 null",
                )
            if self.unit_ms > 1:
                return math.floor(value * float(self.unit_ms))
            value = math.floor(value)
        return value * self.unit_ms // self.parts

    def _local(self, wall: int, value: object) -> int:
        if self.strict:
            raise Bad(
                "no_offset",
                f"{quote(value)} has no UTC offset; write it with one, e.g. 2024-05-01T08:30:00+08:00",
                f"{quote(value)} 没有时区偏移；请写明，例如 2024-05-01T08:30:00+08:00",
            )
        self._checked(wall, value)
        return self._checked(self.zone.to_utc(wall), value)

    @staticmethod
    def _checked(ms: int, value: object) -> int:
        if not MIN_MS <= ms <= MAX_MS:
            raise Bad(
                "out_of_range", f"{quote(value)} is outside the years 1 … 9999", f"{quote(value)} 超出公元 1 … 9999 年"
            )
        return ms

    def many(self, column: pa.Array) -> Numbers | None:
        """Timestamp, date, int64, float64 and string columns."""
        null = column.is_null().to_numpy(zero_copy_only=False)
        kind = column.type
        if pa.types.is_timestamp(kind):
            raw = column.view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
            wall = raw * 1000 if kind.unit == "s" else raw // (PER_SECOND[kind.unit] // 1000)
            hard = (raw > MAX_MS // 1000) | (raw < MIN_MS // 1000) if kind.unit == "s" else np.zeros(len(raw), np.bool_)
            return self._many_local(wall, np.full(len(raw), kind.tz is not None), null, hard)
        if pa.types.is_date32(kind):
            days = column.view(pa.int32()).fill_null(0).to_numpy(zero_copy_only=False).astype(np.int64)
            return self._many_local(days * DAY_MS, np.zeros(len(days), np.bool_), null, np.zeros(len(days), np.bool_))
        if pa.types.is_int64(kind):
            return self._many_epoch(column.fill_null(0).to_numpy(zero_copy_only=False), null)
        if pa.types.is_float64(kind):
            return self._many_floats(column.fill_null(0.0).to_numpy(zero_copy_only=False), null)
        if not pa.types.is_string(kind) or (self._program is None and not self.epoch_text):
            return None
        return self._many_epoch_texts(column, null) if self.epoch_text else self._many_texts(column, null)

    def _many_epoch_texts(self, column: pa.Array, null: Bools) -> Numbers:
        offsets, data = text_buffers(column)
        raw, unsure = np.zeros(len(column), np.int64), np.zeros(len(column), np.bool_)
        parse_fixed(offsets, data, 0, raw, unsure)
        empty = (offsets[1:] == offsets[:-1]) & ~null
        found = self._many_epoch(np.where(unsure, 0, raw), null | empty)
        found.hard = (found.hard | unsure) & ~found.null
        return found

    def _many_epoch(self, raw: Int64s, null: Bools) -> Numbers:
        if self.unit_ms > 1:
            hard = (raw > MAX_MS // self.unit_ms) | (raw < MIN_MS // self.unit_ms)
            ms = np.where(hard, 0, raw) * self.unit_ms
        else:
            ms = raw // self.parts
            hard = (ms > MAX_MS) | (ms < MIN_MS)
        return Numbers(np.where(hard, 0, ms), null, hard)

    def _many_floats(self, raw: npt.NDArray[np.float64], null: Bools) -> Numbers:
        unsure = ~(np.abs(raw) < float(1 << 62))
        if self.unit_ms == 1:
            found = self._many_epoch(np.floor(np.where(unsure, 0.0, raw)).astype(np.int64), null)
            found.hard |= unsure
            return found
        unsure |= np.abs(raw) > 1e18 / self.unit_ms
        ms = np.floor(np.where(unsure, 0.0, raw) * float(self.unit_ms)).astype(np.int64)
        hard = unsure | (ms > MAX_MS) | (ms < MIN_MS)
        return Numbers(np.where(hard, 0, ms), null, hard)

    def _many_texts(self, column: pa.Array, null: Bools) -> Numbers:
        n = len(column)
        offsets, data = text_buffers(column)
        wall, offset = np.zeros(n, np.int64), np.zeros(n, np.int64)
        given, hard = np.zeros(n, np.bool_), np.zeros(n, np.bool_)
        assert self._program is not None
        parse_times(offsets, data, self._program, wall, given, offset, hard)
        empty = (offsets[1:] == offsets[:-1]) & ~null
        hard &= ~empty
        return self._many_local(np.where(given, wall - offset, wall), given, null | empty, hard)

    def _many_local(self, wall: Int64s, utc: Bools, null: Bools, hard: Bools) -> Numbers:
        if utc.all():
            ms = wall
        else:
            ms, unsure = self.zone.to_utc_many(wall)
            hard = hard | ((unsure | self.strict) & ~utc)
            ms = np.where(utc, wall, ms)
        hard = (hard | (ms > MAX_MS) | (ms < MIN_MS)) & ~null
        return Numbers(np.where(hard | null, 0, ms), null, hard)


def _wall_ms(value: datetime) -> int:
    passed = value - _EPOCH
    return (passed.days * 86_400 + passed.seconds) * 1000 + passed.microseconds // 1000


def _whole(text: str, value: str) -> int | float:
    if len(text) <= MAX_NUMBER_CHARS and _NUMBER.fullmatch(text):
        return float(text) if set(text) & set(".eE") else int(text)
    raise Bad("not_a_time", f"{quote(value)} is not a number of epoch units", f"{quote(value)} 不是时间戳数字")
