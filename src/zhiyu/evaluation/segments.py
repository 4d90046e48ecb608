"""Segments: a field of the events whose values split the figures: an enum, a text, a bool, or the event type.

In: a field name and decoded batches. Out: codes int32[n] (-1 null) and the text of each code; groups for a table: the most frequent
values, the rest as "other", null.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from zhiyu.base.errors import InputError, LimitExceeded, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.events.batch import EventBatch
from zhiyu.events.schema import EventSchema
from zhiyu.expressions.types import Kind

EVENT_TYPE = "event_type"
TOP_VALUES = 20
MAX_SEGMENT_VALUES = 1_000_000
MAX_SEGMENTS = 8


@dataclass(frozen=True, slots=True)
class Group:
    """One line of a segment table: a value, or all the rest ("other"), or no value ("null")."""

    value: str
    kind: str = "value"


class Segment:
    """One field. Codes are given in order of first sight; `values` is their text."""

    def __init__(self, name: str, schema: EventSchema) -> None:
        known = [c.name for c in schema.columns if c.role != "prepared" and c.type.kind in (Kind.STRING, Kind.BOOL)]
        known = [each for each in known if each != "late"]
        if name not in known:
            hint = did_you_mean(name, known) or f"there are {', '.join(known)}"
            raise InputError(
                f"--segment {name}: no text, enum or bool field of that name; {hint}",
                f"--segment {name}：没有该名称的文本、枚举或布尔字段；可用：{'、'.join(known)}",
            )
        self.name = name
        self._schema = schema
        self._column = schema.columns[schema.index[name]]
        self.values: list[str] = []
        self._code: dict[str, int] = {}

    def codes(self, batch: EventBatch, rows: Array) -> Array:
        """int32[n] of the events in `rows`, -1 for null."""
        if self.name == EVENT_TYPE:
            return self._coded([t.name for t in self._schema.types], batch.type_index[rows].astype(np.int64))
        if self._column.type.kind is Kind.BOOL:
            register = self._schema.index[self.name]
            code = batch.values[register, rows]
            return self._coded(["false", "true"], np.where(batch.nulls[register, rows] != 0, -1, code))
        shown = batch.shown[self.name]
        column = (shown if isinstance(shown, pa.Array) else pa.array(shown, pa.string())).take(pa.array(rows))
        encoded = column.cast(pa.string()).dictionary_encode()
        local = encoded.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        return self._coded(encoded.dictionary.to_pylist(), local)

    def _coded(self, words: list[str], local: Array) -> Array:
        """Local codes as codes of the whole run; only words that occur get one."""
        whole = np.full(len(words) + 1, -1, np.int32)
        for at in np.unique(local).tolist():
            if at >= 0:
                whole[at] = self._code.setdefault(words[at], len(self._code))
        if len(self._code) > MAX_SEGMENT_VALUES:
            raise LimitExceeded(
                f"--segment {self.name}: more than {MAX_SEGMENT_VALUES:,} different values; choose a field with fewer",
                f"--segment {self.name}：不同取值超过 {MAX_SEGMENT_VALUES:,} 个；请选择取值较少的字段",
            )
        self.values = list(self._code)
        return whole[local]


def segments_of(names: tuple[str, ...], schema: EventSchema) -> list[Segment]:
    """The fields asked for; without any the event type, when there are several that are decided."""
    if len(names) > MAX_SEGMENTS:
        raise InputError(
            f"at most {MAX_SEGMENTS} --segment fields, here are {len(names)}", f"--segment 最多 {MAX_SEGMENTS} 个"
        )
    if not names and sum(event.decide for event in schema.types) > 1:
        names = (EVENT_TYPE,)
    return [Segment(name, schema) for name in dict.fromkeys(names)]


def grouped(code: Array, values: list[str], top: int = TOP_VALUES) -> tuple[Array, list[Group]]:
    """(group of each event int64[n], groups): the `top` most frequent values (ties by name), then "other", then "null"."""
    counts = np.bincount(code[code >= 0], minlength=len(values))
    order = sorted(np.flatnonzero(counts).tolist(), key=lambda c: (-counts[c], values[c]))
    shown, rest = order[:top], order[top:]
    groups = [Group(values[c]) for c in shown]
    place = np.full(len(values) + 1, -1, np.int64)
    place[shown] = np.arange(len(shown))
    if rest:
        place[rest] = len(groups)
        groups.append(Group("", "other"))
    if (code < 0).any():
        place[-1] = len(groups)
        groups.append(Group("", "null"))
    return place[code], groups
