"""Reads one text-like field of many rows, with its signals and prepared columns.

In: a raw column. Out: cleaned texts, their codes, signals and prepared values, each once per *distinct* text where
that pays. Why distinct: checking an address or running a text function costs microseconds in Python, looking up an
index nanoseconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.events.kinds.checked import Checked, failed_check
from zhiyu.events.kinds.reader import Actions, Bools, Notes, SignalValue
from zhiyu.events.kinds.text import Text, bad_text
from zhiyu.events.kinds.texts import List
from zhiyu.events.raw_columns import RawColumn, string_of
from zhiyu.events.refusals import Bad
from zhiyu.expressions.types import Kind, Type

SAMPLE = 4096
Rows = npt.NDArray[np.int32]


@dataclass(slots=True)
class TextColumn:
    """m texts and which of them each of n rows has (`row` int32[n], None when m = n in order). Findings and actions
    are per row.
    """

    texts: pa.Array
    row: Rows | None
    bad: dict[int, Bad] = field(default_factory=dict)
    actions: Actions = field(default_factory=dict)
    signals: tuple[pa.Array, ...] = ()


def read_texts(reader: Text, raw: RawColumn, distinct: bool = False) -> TextColumn:
    """All rows of one field. `distinct`: the caller will do work per text, so keep them apart."""
    source = None if raw.array is None else string_of(raw.array)
    if raw.array is None and raw.objects is None:
        source = pa.nulls(raw.n, pa.string())
    row: Rows | None = None
    if source is None:
        values = [raw.value(i) for i in range(raw.n)]
        column = _scalars(reader, values, Part(raw.n))
    else:
        if _worth_encoding(reader, source, distinct):
            encoded = source.dictionary_encode(null_encoding="encode")
            source, row = encoded.dictionary, encoded.indices.to_numpy(zero_copy_only=False)
        column = _vector(reader, source)
    _check(reader, column)
    return _per_row(column, row, raw)


@dataclass(slots=True)
class Part:
    """m distinct texts being read; findings and actions are per text."""

    m: int
    texts: pa.Array = None
    bad: dict[int, Bad] = field(default_factory=dict)
    actions: Actions = field(default_factory=dict)
    signals: tuple[pa.Array, ...] = ()

    def note(self, at: int, notes: Notes) -> None:
        """Mark actions on one text."""
        for action in notes:
            self.actions.setdefault(action, np.zeros(self.m, np.bool_))[at] = True


def _worth_encoding(reader: Text, source: pa.Array, distinct: bool) -> bool:
    if distinct or isinstance(reader, List):
        return True
    if not isinstance(reader, Checked) or len(source) <= SAMPLE:
        return False
    return len(source.slice(0, SAMPLE).unique()) * 4 < SAMPLE


def _vector(reader: Text, source: pa.Array) -> Part:
    found = reader.many(source)
    if found is None:
        return _scalars(reader, source.to_pylist(), Part(len(source)))
    part = Part(len(source), found.texts, {}, found.actions)
    hard = np.flatnonzero(found.hard)
    if len(hard):
        read = _scalars(reader, source.take(pa.array(hard)).to_pylist(), Part(len(hard)))
        part.texts = pc.replace_with_mask(found.texts, pa.array(found.hard), read.texts)
        part.bad = {int(hard[at]): bad for at, bad in read.bad.items()}
        for action, marks in read.actions.items():
            part.actions.setdefault(action, np.zeros(part.m, np.bool_))[hard] = marks
    return part


def _scalars(reader: Text, values: Sequence[object], part: Part) -> Part:
    texts: list[str | None] = []
    for at, value in enumerate(values):
        notes: Notes = []
        try:
            texts.append(reader.one(value, notes))
            part.note(at, notes)
        except Bad as bad:
            part.bad[at] = bad
            texts.append(None)
    part.texts = pa.array(texts, pa.string())
    return part


def _check(reader: Text, part: Part) -> None:
    """Signals, and the failed checks among them."""
    if not isinstance(reader, Checked):
        return
    many = reader.signals_many(part.texts)
    if many is None:
        none = (None,) * len(reader.signals)
        rows: list[Sequence[SignalValue]] = [
            none if t is None else reader.signals_one(t) for t in part.texts.to_pylist()
        ]
        many = [pa.array([r[i] for r in rows], arrow_type(s.type)) for i, s in enumerate(reader.signals)]
    part.signals = tuple(many)
    failed = ~part.signals[0].fill_null(True).to_numpy(zero_copy_only=False)
    if failed.any():
        part.actions["check_failed"] = failed
        if reader.require:
            part.bad.update({int(at): failed_check() for at in np.flatnonzero(failed)})


def arrow_type(kind: Type) -> pa.DataType:
    """The Arrow type that holds a signal or prepared value."""
    return {Kind.BOOL: pa.bool_(), Kind.STRING: pa.string(), Kind.FLOAT: pa.float64()}.get(kind.kind, pa.int64())


def _per_row(part: Part, row: Rows | None, raw: RawColumn) -> TextColumn:
    bad, actions = part.bad, {name: marks for name, marks in part.actions.items() if marks.any()}
    if row is not None:
        bad = {i: part.bad[at] for i, at in enumerate(row.tolist()) if at in part.bad} if part.bad else {}
        actions = {name: marks[row] for name, marks in actions.items()}
    if raw.broken is not None:
        bad = bad | {int(i): bad_text() for i in np.flatnonzero(raw.broken)}
    return TextColumn(part.texts, row, bad, actions, part.signals)


def null_of(column: pa.Array) -> Bools:
    """Null marks bool[n]."""
    return np.asarray(column.is_null().to_numpy(zero_copy_only=False))
