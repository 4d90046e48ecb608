"""Decisions on disk: `decisions.parquet`, one line each, and `values.parquet`, what was seen by every decision that is not a pass.

In: decision batches with the decoded batch they came from. Out: a run folder `DIR/<tenant>/` that `explain` and any Parquet reader can
open: the two files, `policy.json` (the whole policy), `run.json` (policy hash, digest, input, counts), `dead_letters.ndjson`.
"""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from msgspec import structs

from zhiyu.base.jit import Array
from zhiyu.base.places_on_disk import require_folder
from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.decisions.layout import MARKS
from zhiyu.decisions.recorded import Recorded
from zhiyu.decisions.resumed import CAUSES, Change, Resumed
from zhiyu.decisions.values import arrow_type, to_arrow
from zhiyu.events.batch import EventBatch
from zhiyu.events.schema import Column
from zhiyu.expressions.types import Kind
from zhiyu.log.dead_letters import DeadLetters
from zhiyu.policy.artifact import Artifact
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare import OUTCOMES

DECISIONS, VALUES, POLICY, RUN, DEAD_LETTERS = (
    "decisions.parquet", "values.parquet", "policy.json", "run.json", "dead_letters.ndjson",
)  # fmt: skip
RESUMED, RESUMED_VALUES = "resumed.parquet", "resumed_values.parquet"
"""The same for decisions that went on after a wait; only policies whose decisions wait write them."""
_WORDS = pa.dictionary(pa.int16(), pa.string())
_LIST = pa.list_(_WORDS)
ROW_GROUP = 131_072
DECISION_SCHEMA = pa.schema(
    [
        ("position", pa.int64()), ("event_id", pa.string()), ("event_type", _WORDS), ("time", pa.timestamp("ms", "UTC")),
        ("received_at", pa.timestamp("ms", "UTC")), ("late", pa.bool_()), ("outcome", _WORDS), ("score", pa.int64()),
        ("rules", _LIST), ("reasons", _LIST), ("errors", _LIST), ("enforced", _WORDS), ("mark", _WORDS), ("quiet", _LIST), ("path", _LIST),
        ("approximate", pa.bool_()), ("limit", _WORDS),
    ]
)  # fmt: skip
_CHANGES = pa.list_(pa.struct([(name, pa.string()) for name in Change.__struct_fields__]))
RESUMED_FIELDS = (
    ("revision", pa.int64()), ("cause", _WORDS), ("answer", pa.int64()), ("waits", pa.bool_()), ("stays", pa.bool_()),
    ("changes", _CHANGES),
)  # fmt: skip


class DecisionTables:
    """Decision batches as Arrow tables, for files and for `zhiyu.replay`."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.rules = [rule.rule.name for rule in compiled.rule_order]
        self.codes = [rule.rule.reason for rule in compiled.rule_order]
        self.nodes = [visited.name for visited in compiled.flow.visited]
        self.types = [event.name for event in compiled.schema.types]
        self.limits = ["", *(limit.name for limit in compiled.policy.limits)]
        self.event_columns = [c for c in compiled.schema.columns if c.role in ("field", "signal")]
        fields = [(f"event.{c.name}", arrow_type(c.type)) for c in self.event_columns]
        fields += [(f.name, arrow_type(f.type)) for f in compiled.features]
        self.value_schema = pa.schema([("position", pa.int64()), *fields])
        self.recorded = Recorded(compiled)
        self.schema = pa.schema([*DECISION_SCHEMA, *self.recorded.fields])
        self.resumed_schema = pa.schema([*self.schema, *RESUMED_FIELDS])

    def decisions(self, d: DecisionBatch) -> pa.Table:
        """One line per decision."""
        hits = bits_to_matrix(d.hits, len(self.rules))
        errors = bits_to_matrix(d.errors, len(self.rules))
        ids = d.ids if isinstance(d.ids, pa.Array) else pa.array(d.ids, pa.string())
        columns = [
            pa.array(d.positions), ids.cast(pa.string()), _words(d.type_index, self.types),
            pa.array(d.time_ms).cast(pa.timestamp("ms", "UTC")), pa.array(d.received_ms).cast(pa.timestamp("ms", "UTC")),
            pa.array(d.late != 0), _words(d.outcome, list(OUTCOMES)), pa.array(d.score), _lists(hits, self.rules),
            _lists(hits, self.codes, unique=True), _lists(errors, self.rules), _words(d.enforced, list(OUTCOMES)),
            _words(d.mark, list(MARKS)),
            _lists(bits_to_matrix(d.quiet, len(self.rules)), self.rules), _lists(bits_to_matrix(d.path, len(self.nodes)), self.nodes),
            pa.array(d.approximate != 0), _words(d.limit, self.limits), *self.recorded.columns(d),
        ]  # fmt: skip
        return pa.Table.from_arrays(columns, schema=self.schema)

    def resumed(self, resumed: Resumed) -> pa.Table:
        """One line per decision that went on; `received_at` is the moment at which it did."""
        table = self.decisions(resumed.decisions)
        more = [
            pa.array(resumed.revision), _words(resumed.cause, list(CAUSES)), pa.array(resumed.answer, mask=resumed.answer < 0),
            pa.array(resumed.waits), pa.array(resumed.stays),
            pa.array([[structs.asdict(each) for each in changes] for changes in resumed.changes], _CHANGES),
        ]  # fmt: skip
        return pa.Table.from_arrays([*table.columns, *more], schema=self.resumed_schema)

    def resumed_values(self, resumed: Resumed) -> pa.Table:
        """What decisions that went on saw, with their `revision`."""
        table = self.values(resumed.decisions, resumed.events)
        return table.append_column("revision", pa.array(resumed.revision[resumed.decisions.kept]))

    def values(self, d: DecisionBatch, batch: EventBatch) -> pa.Table:
        """Event columns and features of the kept decisions, typed."""
        rows = d.rows[d.kept]
        columns = [pa.array(d.positions[d.kept])]
        for column in self.event_columns:
            columns.append(self._event_column(column, batch, rows))
        for number, feature in enumerate(self.compiled.features):
            columns.append(to_arrow(feature.type, d.kept_values[:, number], d.kept_nulls[:, number]))
        return pa.Table.from_arrays(columns, schema=self.value_schema)

    def _event_column(self, column: Column, batch: EventBatch, rows: Array) -> pa.Array:
        if column.type.kind is Kind.STRING and column.name in batch.shown:
            shown = batch.shown[column.name]
            taken = (
                shown.take(pa.array(rows))
                if hasattr(shown, "take")
                else pa.array([shown[int(i)] for i in rows], pa.string())
            )
            return taken.cast(pa.string())
        register = self.compiled.schema.index[column.name]
        return to_arrow(column.type, batch.values[register, rows], batch.nulls[register, rows])

    def joined(self, d: DecisionBatch, batch: EventBatch) -> pa.Table:
        """Decisions, values and labels side by side; every decision must have kept its values."""
        table, values = self.decisions(d), self.values(d, batch)
        for name in values.column_names[1:]:
            table = table.append_column(name, values[name])
        return table.append_column("label", pa.array(d.labels, mask=d.labels < 0))


class RunFolder:
    """Writes one run: `write` batches, then `finish`, or `abandon`. `tenant` is a folder of its own inside `root`."""

    def __init__(self, root: Path, compiled: Compiled, artifact: Artifact, tenant: str) -> None:
        require_folder(root)
        self.folder = root / tenant
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / RUN).unlink(missing_ok=True)
        (self.folder / POLICY).write_bytes(artifact.to_json())
        self.tables = DecisionTables(compiled)
        self.dead_letters = DeadLetters(self.folder / DEAD_LETTERS)
        self.written = 0
        self._waiting: dict[str, list[pa.Table]] = {DECISIONS: [], VALUES: []}
        self._rows: dict[str, int] = {}
        self._writers = {
            DECISIONS: pq.ParquetWriter(self.folder / DECISIONS, self.tables.schema, compression="zstd"),
            VALUES: pq.ParquetWriter(self.folder / VALUES, self.tables.value_schema, compression="zstd"),
        }
        for name, schema in (
            (RESUMED, self.tables.resumed_schema),
            (RESUMED_VALUES, self.tables.value_schema.append(pa.field("revision", pa.int64()))),
        ):
            (self.folder / name).unlink(missing_ok=True)
            if compiled.waits:
                self._waiting[name] = []
                self._writers[name] = pq.ParquetWriter(self.folder / name, schema, compression="zstd")

    def write(self, decisions: DecisionBatch, batch: EventBatch) -> None:
        """Append a batch of decisions; `batch` is where their rows point."""
        if decisions.n:
            self._put(DECISIONS, self.tables.decisions(decisions))
            self.written += decisions.n
        if len(decisions.kept):
            self._put(VALUES, self.tables.values(decisions, batch))

    def write_resumed(self, resumed: Resumed) -> None:
        """Append decisions that went on."""
        if resumed.n:
            self._put(RESUMED, self.tables.resumed(resumed))
        if len(resumed.decisions.kept):
            self._put(RESUMED_VALUES, self.tables.resumed_values(resumed))

    def _put(self, name: str, table: pa.Table) -> None:
        self._waiting[name].append(table)
        self._rows[name] = self._rows.get(name, 0) + table.num_rows
        if self._rows[name] >= ROW_GROUP:
            self._flush(name)

    def _flush(self, name: str) -> None:
        if self._waiting[name]:
            self._writers[name].write_table(
                pa.concat_tables(self._waiting[name]).combine_chunks(), row_group_size=ROW_GROUP
            )
            self._waiting[name], self._rows[name] = [], 0

    def finish(self, facts: dict[str, Any]) -> int:
        """Write what is waiting, close all files and write `run.json`; returns the bytes of decisions and values."""
        for name, writer in self._writers.items():
            self._flush(name)
            writer.close()
        self.dead_letters.close()
        size = sum((self.folder / name).stat().st_size for name in (DECISIONS, VALUES))
        facts = facts | {
            "bytes_per_decision": round(size / max(self.written, 1), 2),
            "models": self.tables.recorded.packages,
        }
        (self.folder / RUN).write_text(
            json.dumps(facts, indent=1, ensure_ascii=False, default=str) + "\n", encoding="utf-8"
        )
        return size

    def abandon(self) -> None:
        """Close the files of a run that failed; without `run.json` nobody takes it for a finished one."""
        for writer in self._writers.values():
            with suppress(OSError, pa.ArrowException):
                writer.close()
        with suppress(OSError):
            self.dead_letters.close()


def _words(index: Array, words: list[str]) -> pa.Array:
    return pa.DictionaryArray.from_arrays(pa.array(np.asarray(index).astype(np.int16)), pa.array(words, pa.string()))


def _lists(matrix: Array, words: list[str], unique: bool = False) -> pa.Array:
    """Per row the words of the set columns; empty words are left out, repeated ones too when `unique`."""
    distinct = list(dict.fromkeys(words))
    if unique:
        matrix = (
            np.column_stack([matrix[:, [w == word for w in words]].any(axis=1) for word in distinct])
            if words
            else matrix
        )
        matrix, words = matrix[:, [bool(w) for w in distinct]] if words else matrix, [w for w in distinct if w]
    rows, columns = np.nonzero(matrix)
    offsets = np.searchsorted(rows, np.arange(len(matrix) + 1))
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), _words(columns, words or [""]))
