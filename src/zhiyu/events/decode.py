"""Raw rows to event batches: reads every field, refuses the rows that cannot be taken, hashes ids and content, tells
what it did.

In: a schema, a source (None for records with `type`, `id`, `time` and fields by name), raw rows, the tenant's codes.
Out: `Decoded`. A row is refused for the first thing wrong with it, in this order: type, id, time, fields as declared.
A bad row touches no other. Ids: the source's id column; a source without one numbers its rows (`name:position`).
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zhiyu.base.errors import Hint, LimitExceeded, did_you_mean
from zhiyu.base.hashing import Codes, fold_columns
from zhiyu.base.limits import MAX_BATCH
from zhiyu.events.batch import Decoded, EventBatch, Int8s, Int16s, Int64s, RawBatch, UInt64s
from zhiyu.events.check_source import label_key
from zhiyu.events.cleaning import CleaningReport
from zhiyu.events.declare import FACTS, Source
from zhiyu.events.keyed import Keyed, keyed
from zhiyu.events.kinds.text import text_of
from zhiyu.events.masks import shown_value
from zhiyu.events.plan import Plan, TypePlan, plan_for
from zhiyu.events.raw_columns import RawColumn, absent, of_array, of_records
from zhiyu.events.read_field import Sink, read_field
from zhiyu.events.read_numbers import read_numbers
from zhiyu.events.read_texts import null_of, read_texts
from zhiyu.events.refusals import Bad, Refusal, not_sent, quote
from zhiyu.events.schema import EventSchema
from zhiyu.events.spelling import timed

UNTIMED_MS = 946_684_800_000
"""2000-01-01: where a table without a time begins, one second a record."""


def decode(schema: EventSchema, source: Source | None, rows: RawBatch, codes: Codes, tenant: str) -> Decoded:
    """Decode one raw batch. Raises LimitExceeded above MAX_BATCH rows; DeclarationError when the source does not fit
    the schema.
    """
    if len(rows) > MAX_BATCH:
        raise LimitExceeded(
            f"a batch of {len(rows)} rows, at most {MAX_BATCH} are taken; send smaller batches",
            f"一批 {len(rows)} 行，最多 {MAX_BATCH} 行；请分批",
        )
    return _Decoding(schema, plan_for(schema, source), rows, codes).run(tenant)


class _Decoding:
    """One batch on its way through."""

    def __init__(self, schema: EventSchema, plan: Plan, rows: RawBatch, codes: Codes) -> None:
        self.schema, self.plan, self.rows, self.codes = schema, plan, rows, codes
        self.keyed: Keyed = keyed(schema, plan, codes)
        self.n = len(rows)
        self.sink = Sink(schema, self.n, codes)
        self.positions, self.lines = rows.where()
        self._columns: dict[str, RawColumn] = {}

    def run(self, tenant: str) -> Decoded:
        """All steps in order."""
        type_index = self._types()
        ids = self._ids()
        time_ms = self._times()
        labels = self._labels()
        present = [t for t in self.plan.types if t is not None and (type_index == t.index).any()]
        money = np.zeros(self.n, np.int64)
        for kind in present:
            at = (
                None
                if len(present) == 1 and (type_index == kind.index).all()
                else np.flatnonzero(type_index == kind.index)
            )
            for field in kind.fields:
                read_field(
                    self.sink,
                    field,
                    self._at(field.column, at),
                    self._at(field.second, at) if field.second else None,
                    time_ms,
                    at,
                )
            if kind.money >= 0:
                own = slice(None) if at is None else at
                money[own] = np.where(self.sink.nulls[kind.money, own] == 0, self.sink.values[kind.money, own], 0)
        self._builtins(type_index, time_ms)
        return self._finish(tenant, type_index, ids, time_ms, labels, money)

    def column(self, name: str) -> RawColumn:
        """A raw column by name, absent ones all null."""
        found = self._columns.get(name)
        if found is None:
            if self.rows.records is not None:
                found = of_records(self.rows.records, name)
            else:
                array = (self.rows.columns or {}).get(name)
                found = absent(self.n) if array is None else of_array(array)
            self._columns[name] = found
        return found

    def _at(self, name: str, at: Int64s | None) -> RawColumn:
        if not name:
            return absent(self.n if at is None else len(at))
        return self.column(name) if at is None else self.column(name).take(at)

    def _types(self) -> Int16s:
        plan = self.plan
        if plan.type_column == "":
            return np.full(self.n, plan.fixed_type, np.int16)
        raw = self.column(plan.type_column)
        if raw.array is None and raw.objects is None and plan.fixed_type >= 0:
            return np.full(self.n, plan.fixed_type, np.int16)
        found = np.full(self.n, -1, np.int16)
        if raw.array is not None and pa.types.is_string(raw.array.type):
            encoded = raw.array.dictionary_encode(null_encoding="encode")
            each = [type_of(plan, value) for value in encoded.dictionary.to_pylist()]
            row = encoded.indices.to_numpy(zero_copy_only=False)
            found = np.array([e if isinstance(e, int) else -1 for e in each], np.int16)[row]
            wrong = {i: each[row[i]] for i in np.flatnonzero(found < 0).tolist()}
        else:
            all_rows = [type_of(plan, raw.value(i)) for i in range(self.n)]
            found = np.array([e if isinstance(e, int) else -1 for e in all_rows], np.int16)
            wrong = {i: all_rows[i] for i in np.flatnonzero(found < 0).tolist()}
        for i, bad in wrong.items():
            if isinstance(bad, Bad):
                self.sink.refuse(i, plan.type_column, bad)
        return found

    def _ids(self) -> pa.Array:
        plan = self.plan
        if not plan.id_column:
            return pc.binary_join_element_wise(plan.name, pa.array(self.positions).cast(pa.string()), ":")
        found = read_texts(plan.id_reader, self.column(plan.id_column))
        for i, bad in found.bad.items():
            self.sink.refuse(i, plan.id_column, bad)
        for i in np.flatnonzero(null_of(found.texts)).tolist():
            self.sink.refuse(i, plan.id_column, no_id())
        return found.texts.fill_null("")

    def _times(self) -> Int64s:
        plan = self.plan
        if plan.time is None:
            return UNTIMED_MS + self.positions * 1000
        raw = timed(plan.time_column, plan.clock_column, plan.spelling, self.column)
        found = read_numbers(plan.time, raw)
        for i, bad in found.bad.items():
            self.sink.refuse(i, plan.time_column, bad)
        for i in np.flatnonzero(found.null).tolist():
            self.sink.refuse(i, plan.time_column, no_time())
        return found.values

    def _labels(self) -> Int8s:
        labels = np.full(self.n, -1, np.int8)
        raw = self.column(self.plan.label_column) if self.plan.label_column else absent(self.n)
        if self.plan.spelling is not None:
            raw = self.plan.spelling.many(raw, number=False)
        if raw.array is not None and not pa.types.is_timestamp(raw.array.type):
            encoded = raw.array.dictionary_encode(null_encoding="encode")
            each = np.array([label_of(self.plan, value) for value in encoded.dictionary.to_pylist()], np.int8)
            labels = each[encoded.indices.to_numpy(zero_copy_only=False)]
        elif raw.array is not None or raw.objects is not None:
            labels = np.array([label_of(self.plan, raw.value(i)) for i in range(self.n)], np.int8)
        unknown = labels == -2
        if unknown.any():
            self.sink.actions.append((self.plan.label_column, "unknown_label", None, unknown))
            labels[unknown] = -1
        return labels

    def _builtins(self, type_index: Int16s, time_ms: Int64s) -> None:
        values, nulls = self.sink.values, self.sink.nulls
        values[0] = self.keyed.type_codes[np.maximum(type_index, 0)]
        values[1] = values[2] = time_ms
        values[3] = 0
        nulls[:4] = 0

    def _finish(
        self, tenant: str, type_index: Int16s, ids: pa.Array, time_ms: Int64s,
        labels: Int8s, money: Int64s,
    ) -> Decoded:  # fmt: skip
        sink, keep = self.sink, None
        refusals = [self._refusal(i, field, bad, type_index, ids) for i, (field, bad) in sorted(sink.bad.items())]
        positions, values, nulls = self.positions, sink.values, sink.nulls
        shown = sink.shown_columns()
        if refusals:
            kept = np.ones(self.n, np.bool_)
            kept[list(sink.bad)] = False
            keep = np.flatnonzero(kept)
            positions, time_ms, money = positions[keep], time_ms[keep], money[keep]
            type_index, labels = type_index[keep], labels[keep]
            values, nulls, ids = (
                np.ascontiguousarray(values[:, keep]),
                np.ascontiguousarray(nulls[:, keep]),
                ids.take(pa.array(keep)),
            )
            shown = {name: column.take(pa.array(keep)) for name, column in shown.items()}
        body = np.empty(len(positions), np.uint64)
        fold_columns(values, nulls, self.plan.body_registers, self.keyed.salts, body)
        batch = EventBatch(
            tenant, positions, ids, self._id_codes(ids, type_index), body, type_index, time_ms, values, nulls, labels,
            self.plan.label_delay_ms, money, shown,
        )  # fmt: skip
        return Decoded(batch, refusals, self._cleaning(keep, refusals))

    def _id_codes(self, ids: pa.Array, type_index: Int16s) -> UInt64s:
        out = np.zeros((len(ids), 2), np.uint64)
        for kind in np.unique(type_index).tolist():
            rows = np.flatnonzero(type_index == kind)
            if len(rows) == len(ids):
                whole: UInt64s = self.keyed.ids[kind].wide_column(ids)
                return whole
            out[rows] = self.keyed.ids[kind].wide_column(ids.take(pa.array(rows)))
        return out

    def _refusal(self, i: int, field: str, bad: Bad, type_index: Int16s, ids: pa.Array) -> Refusal:
        kind = self.plan.types[int(type_index[i])] if type_index[i] >= 0 else None
        record = {
            name: shown_value(self.column(name).value(i), personal) for name, personal in shown_names(self.plan, kind)
        }
        event_id = ids[i].as_py()
        return Refusal(int(self.positions[i]), event_id, field, bad.code, bad.en, bad.zh, record, int(self.lines[i]))

    def _cleaning(self, keep: Int64s | None, refusals: list[Refusal]) -> CleaningReport:
        report = CleaningReport(self.n, self.n - len(refusals))
        for name, action, at, marks in self.sink.actions:
            count = np.zeros(self.n, np.bool_)
            count[slice(None) if at is None else at] = marks
            report.note(name, action, int(np.count_nonzero(count if keep is None else count[keep])))
        if self.plan.source is None and self.rows.records is not None:
            bad = self.sink.bad
            for i, record in enumerate(self.rows.records):
                if i not in bad:
                    for name in record.keys() - self.plan.known:
                        report.note(str(name)[:64], "ignored")
        for refusal in refusals:
            report.refuse(refusal.field, refusal.code)
        return report


def shown_names(plan: Plan, kind: TypePlan | None) -> list[tuple[str, bool]]:
    """The raw columns that a refused record may show, and whether each is personal. Undeclared columns are never
    shown.
    """
    found = {name: False for name in (plan.type_column, plan.id_column, plan.time_column, plan.clock_column) if name}
    for one in [kind] if kind is not None else [t for t in plan.types if t is not None]:
        for field in one.fields:
            for name in (field.column, field.second):
                if name:
                    found[name] = found.get(name, False) or field.personal
    return list(found.items())


def type_of(plan: Plan, value: object) -> int | Bad:
    """The event type of a raw type value."""
    try:
        text = (text_of(value) or "").strip()
    except Bad as bad:
        return bad
    if not text:
        if plan.fixed_type >= 0:
            return plan.fixed_type
        known = ", ".join(plan.type_of)
        return Bad("no_type", f"has no event type; send one of {known}", f"缺少事件类型；请传 {known} 之一")
    found = plan.type_of.get(text)
    if found is not None and plan.types[found] is not None:
        return found
    if text in FACTS:
        return not_sent(text)
    hint = did_you_mean(text[:60], plan.type_of) or Hint(
        f"known: {', '.join(plan.type_of)}", f"可用类型：{'、'.join(plan.type_of)}"
    )
    return Bad(
        "unknown_type", f"{quote(value)} is no event type; {hint.en}", f"{quote(value)} 不是已声明的事件类型；{hint.zh}"
    )


def label_of(plan: Plan, value: object) -> int:
    """1 fraud, 0 legit, -1 none, -2 a value that the declaration does not know."""
    if value is None or value != value or value == "":
        return -1
    return plan.label_of.get(label_key(value), -2)


def no_id() -> Bad:
    """The event has no id."""
    return Bad(
        "no_id",
        "the event has no id; send a stable one, so that a repeat is recognised",
        "事件没有编号；请传稳定的编号，以便识别重复",
    )


def no_time() -> Bad:
    """The event has no time."""
    return Bad("no_time", "the event has no time; send when it happened", "事件没有时间；请传发生时间")
