"""The engine of one tenant in one process: decoded events in, decisions out, state moved on.

In: a compiled policy, decoded batches in log order. Out: decisions, and for every other event what became of it (repeat, refusal, noise).
Everything that decides is a function of the events in order; nothing here reads a clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.kernel import decide_batch
from zhiyu.decisions.layout import DECIDE, FACT, SKIP
from zhiyu.engine.admit import ACCEPTED, AHEAD, CONFLICT, REPEATED, Door, Judged
from zhiyu.engine.facts import Facts, Waiting, interleaved, rewritten
from zhiyu.events.batch import EventBatch
from zhiyu.events.refusals import Refusal
from zhiyu.expressions import load_constants
from zhiyu.features.state import MAX_BLOCK, FeatureState
from zhiyu.policy.builtin import DECISION, LABEL
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare import OUTCOMES

LABEL_SPAN_MS = 600_000
DECISION_SPAN = 64
"""Waiting facts are kept in buckets of this width."""


@dataclass(slots=True)
class Outcome:
    """What became of a batch: decisions, refusals, repeats as (position, position of the first), positions of noise, number of facts."""

    decisions: DecisionBatch
    refusals: list[Refusal] = field(default_factory=list)
    repeats: list[tuple[int, int]] = field(default_factory=list)
    noise: list[int] = field(default_factory=list)
    facts: int = 0
    late: int = 0


@dataclass(slots=True)
class _Sequence:
    """Events and facts in the order in which they take effect. `row` is the accepted event's row, -1 for facts."""

    values: Array
    nulls: Array
    times: Array
    nows: Array
    kinds: Array
    asks: Array
    row: Array


class Engine:
    """Decides batches. `keep_all` keeps the feature values of passes too (a feature tape, a single decision)."""

    def __init__(
        self, compiled: Compiled, codes: Codes, tenant: str = "default", limit_bytes: int | None = None
    ) -> None:
        self.compiled = compiled
        self.codes = codes
        self.tenant = tenant
        self.state = FeatureState(compiled.plan, limit_bytes)
        self.door = Door(compiled.lateness_ms, compiled.max_ahead_ms, compiled.idempotency_ms)
        width = len(compiled.schema.columns)
        self.labels = Waiting(width, LABEL_SPAN_MS) if LABEL in compiled.types_fed else None
        self.feedback = Waiting(width, DECISION_SPAN) if DECISION in compiled.types_fed else None
        self.lag = compiled.policy.feedback.lag_events
        self.accepted = 0
        self._files = {size: self._register_file(size) for size in (1, MAX_BLOCK)}
        self._type_codes = {name: codes.one(name) for name in compiled.schema.type_index}
        self._outcome_codes = np.array([codes.one(name) for name in OUTCOMES], np.int64)
        self._always_decides = all(event.decide for event in compiled.policy.events) and not len(compiled.drops)
        self._decides = np.array([DECIDE if event.decide else FACT for event in compiled.schema.types], np.uint8)

    def _register_file(self, size: int) -> tuple[Array, Array]:
        values = np.zeros((self.compiled.n_registers, size), np.int64)
        nulls = np.ones((self.compiled.n_registers, size), np.uint8)
        load_constants(self.compiled.before, values, nulls)
        load_constants(self.compiled.after, values, nulls)
        return values, nulls

    def process(self, batch: EventBatch, keep_all: bool = False) -> Outcome:
        """Take a decoded batch, whole, in order."""
        judged = self.door.judge(
            batch.time_ms, batch.id_code[:, 0].view(np.int64), batch.body_code.view(np.int64), batch.positions
        )
        status, first, received = judged.status, judged.first, judged.received
        clean = judged.accepted == batch.n
        accepted = np.arange(batch.n) if clean else np.flatnonzero(status == ACCEPTED)
        step = self.lag if self.feedback is not None else max(len(accepted), 1)
        parts = [
            self._decide(batch, accepted[at : at + step], judged, keep_all)
            for at in range(0, max(len(accepted), 1), step)
        ]
        outcome = parts[0] if len(parts) == 1 else _joined(parts)
        if clean:
            return outcome
        outcome.repeats = [(int(batch.positions[i]), int(first[i])) for i in np.flatnonzero(status == REPEATED)]
        for row in np.flatnonzero((status == CONFLICT) | (status == AHEAD)):
            outcome.refusals.append(
                self._refusal(batch, int(row), int(status[row]), int(first[row]), int(received[row]))
            )
        return outcome

    def _refusal(self, batch: EventBatch, row: int, status: int, first: int, clock: int) -> Refusal:
        if status == CONFLICT:
            code, name = "id_conflict", "id"
            en = f"the same id came at position {first} with other content; send a new id, or the same content"
            zh = f"位置 {first} 已有相同编号但内容不同的事件；请使用新编号或相同内容"
        else:
            code, name = "too_far_ahead", "time"
            ahead = (int(batch.time_ms[row]) - clock) // 86_400_000
            en = f"{ahead} days ahead of every event so far; correct the time, or raise `clock.max_ahead`"
            zh = f"比此前所有事件晚 {ahead} 天；请更正时间或调大 clock.max_ahead"
        return Refusal(int(batch.positions[row]), str(batch.ids[row]), name, code, en, zh, _shown(batch, row))

    def _decide(self, batch: EventBatch, rows: Array, judged: Judged, keep_all: bool) -> Outcome:
        sequence = self._sequence(batch, rows, judged)
        received, late = judged.received, judged.late
        n, plan = len(sequence.times), self.compiled
        words = max(-(-len(plan.rules) // 64), 1)
        outcomes, scores = np.zeros(n, np.int64), np.zeros(n, np.int64)
        hits, errors = np.zeros((n, words), np.int64), np.zeros((n, words), np.int64)
        prints, kept_rows = np.zeros(n, np.int64), np.zeros(n, np.int64)
        kept_values = np.empty((n, len(plan.features)), np.int64)
        kept_nulls = np.empty((n, len(plan.features)), np.uint8)
        values, nulls = self._files[1 if n == 1 else MAX_BLOCK]
        self.state.bind(values, nulls)
        if n and self.state.epoch_ms is None:
            self.state.epoch_ms = int(sequence.times[0])
        epoch = self.state.epoch_ms or 0
        status, kept = decide_batch(
            self.state.context, plan.before.code, plan.before.sets, plan.after.code, plan.after.sets, plan.rules, plan.sets,
            plan.thresholds, plan.drops, plan.watched, values, nulls, sequence.values, sequence.nulls, sequence.times - epoch,
            sequence.nows - epoch, sequence.kinds, sequence.asks, keep_all, outcomes, scores, hits, errors, prints, kept_rows,
            kept_values, kept_nulls,
        )  # fmt: skip
        self.state.after_block(status, n)
        kept_rows, kept_values, kept_nulls = kept_rows[:kept], kept_values[:kept], kept_nulls[:kept]
        if kept < n:  # a view of a mostly empty array would keep all of it in memory
            kept_values, kept_nulls = kept_values.copy(), kept_nulls.copy()
        whole = len(rows) == batch.n
        late_count = judged.late_ones if whole else int(late[rows].sum())
        if whole and sequence.row is rows and (self._always_decides or (sequence.asks == DECIDE).all()):
            decisions = DecisionBatch(
                self.tenant, batch.positions, batch.ids, batch.id_code, sequence.kinds, batch.time_ms, received, late, outcomes,
                scores, hits, errors, prints, batch.labels, batch.money, rows, kept_rows, kept_values, kept_nulls,
            )  # fmt: skip
            self._feed_back(sequence, rows, rows, outcomes, scores)
            self.accepted += n
            return Outcome(decisions, late=late_count)
        own = np.flatnonzero((sequence.row >= 0) & (sequence.asks == DECIDE))
        source = sequence.row[own]
        place = np.full(max(n, 1), -1)
        place[own] = np.arange(len(own))
        decisions = DecisionBatch(
            self.tenant, batch.positions[source], _taken(batch.ids, source), batch.id_code[source],
            batch.type_index[source].astype(np.int64), batch.time_ms[source], received[source], late[source], outcomes[own],
            scores[own], hits[own], errors[own], prints[own], batch.labels[source], batch.money[source], source,
            place[kept_rows], kept_values, kept_nulls,
        )  # fmt: skip
        self._feed_back(sequence, own, rows, outcomes, scores)
        self.accepted += len(rows)
        noise = sequence.row[(sequence.asks == SKIP) & (sequence.row >= 0)]
        facts = int(((sequence.row >= 0) & (sequence.asks == FACT)).sum())
        return Outcome(decisions, noise=batch.positions[noise].tolist(), facts=facts, late=late_count)

    def _sequence(self, batch: EventBatch, rows: Array, judged: Judged) -> _Sequence:
        """The accepted rows with the facts that take effect between them."""
        schema = self.compiled.schema
        values, nulls, nows, times, late, kinds = (
            batch.values, batch.nulls, judged.received, batch.time_ms, judged.late, batch.type_index,
        )  # fmt: skip
        if len(rows) < batch.n:
            values, nulls, nows, times, late, kinds = (
                values[:, rows], nulls[:, rows], nows[rows], times[rows], late[rows], kinds[rows],
            )  # fmt: skip
        values, nulls, kinds = np.ascontiguousarray(values), np.ascontiguousarray(nulls), kinds.astype(np.int64)
        if judged.late_ones:
            times = np.where(late != 0, nows, times)
        values[schema.index["received_at"]], values[schema.index["late"]] = nows, late
        groups: list[tuple[Facts, Array]] = []
        if self.labels is not None:
            groups.append(self.labels.split(*self._fresh_labels(batch, rows, values, nulls), nows))
        if self.feedback is not None:
            numbers = self.accepted + np.arange(len(rows))
            groups.append(self.feedback.split(Facts.none(len(values)), np.zeros(0, np.int64), numbers))
        if not any(len(facts) for facts, _ in groups):
            return _Sequence(values, nulls, times, nows, kinds, self._decides[kinds], rows)
        return self._woven(values, nulls, times, nows, kinds, rows, groups)

    def _woven(
        self,
        values: Array,
        nulls: Array,
        times: Array,
        nows: Array,
        kinds: Array,
        rows: Array,
        groups: list[tuple[Facts, Array]],
    ) -> _Sequence:
        which, index = interleaved(len(rows), groups)
        starts = np.cumsum([0, len(rows)] + [len(facts) for facts, _ in groups])
        place = starts[which + 1] + index
        names = [name for name, waiting in ((LABEL, self.labels), (DECISION, self.feedback)) if waiting is not None]
        all_values, all_nulls = [values], [nulls]
        all_times, all_nows, all_kinds, all_rows = [times], [nows], [kinds], [rows]
        for name, (facts, before) in zip(names, groups):
            at = nows[before] if len(before) else np.zeros(0, np.int64)
            due = facts.due if name == LABEL else at
            columns = self.compiled.schema.index
            content = {
                columns["event_type"]: self._type_codes[name],
                columns["time"]: due,
                columns["received_at"]: at,
                columns["late"]: 0,
            }
            changed = rewritten(facts.values, facts.nulls, content)
            all_values.append(changed[0])
            all_nulls.append(changed[1])
            all_times.append(due)
            all_nows.append(at)
            all_kinds.append(np.full(len(facts), self.compiled.schema.type_index[name]))
            all_rows.append(np.full(len(facts), -1))
        kind = np.concatenate(all_kinds)[place]
        return _Sequence(
            np.ascontiguousarray(np.concatenate(all_values, axis=1)[:, place]),
            np.ascontiguousarray(np.concatenate(all_nulls, axis=1)[:, place]),
            np.concatenate(all_times)[place], np.concatenate(all_nows)[place], kind, self._decides[kind],
            np.concatenate(all_rows)[place],
        )  # fmt: skip

    def _fresh_labels(self, batch: EventBatch, rows: Array, values: Array, nulls: Array) -> tuple[Facts, Array]:
        labelled = np.flatnonzero(batch.labels[rows] >= 0)
        content = {self.compiled.schema.index["fraud"]: batch.labels[rows][labelled].astype(np.int64)}
        own_values, own_nulls = rewritten(values[:, labelled], nulls[:, labelled], content)
        return Facts(own_values, own_nulls, batch.time_ms[rows][labelled] + batch.label_delay_ms), labelled

    def _feed_back(self, sequence: _Sequence, own: Array, rows: Array, outcomes: Array, scores: Array) -> None:
        if self.feedback is None or not len(own):
            return
        columns = self.compiled.schema.index
        content: dict[int, Any] = {
            columns["outcome"]: self._outcome_codes[outcomes[own]],
            columns["score"]: scores[own],
        }
        values, nulls = rewritten(sequence.values[:, own], sequence.nulls[:, own], content)
        number = self.accepted + np.searchsorted(rows, sequence.row[own])
        self.feedback.put(Facts(values, nulls, number + self.lag))

    def facts(self) -> dict[str, int]:
        """Counts for reports: keys, bytes of all tables, ids remembered, facts waiting."""
        waiting = sum(len(w) for w in (self.labels, self.feedback) if w is not None)
        own = self.state.facts()
        return own | {
            "bytes": own["bytes"] + self.door.bytes_used(),
            "ids": self.door.live_ids(),
            "waiting_facts": waiting,
        }

    def snapshot(self, folder: Path, facts: dict[str, Any]) -> int:
        """Write everything the engine needs to go on from here; `facts` (policy hash, log position …) ride along. Returns bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        written = self.door.snapshot(folder / "ids.state")
        for name, waiting in (("labels", self.labels), ("feedback", self.feedback)):
            if waiting is not None:
                written += waiting.snapshot(folder / f"{name}.state")
        own = {"accepted": self.accepted, "facts": facts}
        return written + self.state.snapshot(folder / "features.state", own)

    def restore(self, folder: Path) -> dict[str, Any]:
        """Take up a snapshot in a fresh engine of the same policy; returns the facts that were stored with it."""
        if not (folder / "features.state").exists():
            raise InputError(f"no snapshot in {folder}", f"{folder} 中没有快照")
        own = self.state.restore(folder / "features.state")
        self.door.restore(folder / "ids.state")
        for name, waiting in (("labels", self.labels), ("feedback", self.feedback)):
            if waiting is not None:
                waiting.restore(folder / f"{name}.state")
        self.accepted = own["accepted"]
        facts: dict[str, Any] = own["facts"]
        return facts


def _joined(parts: list[Outcome]) -> Outcome:
    """Several outcomes of one batch as one."""
    batches = [part.decisions for part in parts]
    starts = np.cumsum([0] + [b.n for b in batches])
    arrays = {
        name: np.concatenate([getattr(b, name) for b in batches])
        for name in (
            "positions", "id_code", "type_index", "time_ms", "received_ms", "late", "outcome", "score", "hits", "errors", "prints",
            "labels", "money", "rows", "kept_values", "kept_nulls",
        )
    }  # fmt: skip
    arrays["kept"] = np.concatenate([b.kept + start for b, start in zip(batches, starts)])
    ids = [each for b in batches for each in (b.ids.to_pylist() if hasattr(b.ids, "to_pylist") else b.ids)]
    decisions = DecisionBatch(tenant=batches[0].tenant, ids=ids, **arrays)
    return Outcome(
        decisions, noise=[p for part in parts for p in part.noise], facts=sum(p.facts for p in parts), late=sum(p.late for p in parts)
    )  # fmt: skip


def _taken(ids: Any, rows: Array) -> Any:
    return ids.take(rows) if hasattr(ids, "take") else [ids[int(row)] for row in rows]


def _shown(batch: EventBatch, row: int) -> dict[str, Any]:
    """The row's cleaned, masked texts, for the dead-letter file."""
    found: dict[str, Any] = {name: column[row] for name, column in batch.shown.items()}
    return {name: value.as_py() if hasattr(value, "as_py") else value for name, value in found.items()}
