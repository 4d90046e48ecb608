"""The engine of one tenant in one process: decoded events in, decisions out, state moved on.

In: a compiled policy, decoded batches in log order. Out: decisions, and for every other event what became of it (repeat, refusal, noise).
Everything that decides is a function of the events in order; nothing here reads a clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.context import Deciding, hit_words, path_words
from zhiyu.decisions.kernel import NETWORK_FULL, decide_batch
from zhiyu.decisions.layout import (
    D_APPROXIMATE,
    D_EPOCH,
    D_FEATURES,
    D_NETWORK,
    DECIDE,
    FACT,
    FELL_BACK,
    O_ENFORCED,
    O_KEPT,
    O_MARK,
    O_OUTCOME,
    O_SCORE,
    OUT_LINES,
    SKIP,
)
from zhiyu.engine.admit import ACCEPTED, AHEAD, CONFLICT, NO_CLOCK, NO_FLOORS, REPEATED, Door, Judged
from zhiyu.engine.facts import Facts, Waiting, interleaved, rewritten
from zhiyu.engine.label_frames import NotedLabels
from zhiyu.engine.list_frames import NotedLists
from zhiyu.entities.lists import ListBook
from zhiyu.events.batch import EventBatch
from zhiyu.events.refusals import Refusal
from zhiyu.features.state import MAX_BLOCK, FeatureState
from zhiyu.network.state import NetworkState
from zhiyu.policy.builtin import DECISION, LABEL
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare import OUTCOMES

LABEL_SPAN_MS = 600_000
DECISION_SPAN = 64
"""Waiting facts are kept in buckets of this width."""


_NO_ASKS = np.zeros(0, np.uint8)
NO_ROWS = np.zeros(0, np.int64)
TOLD_LINES = (O_OUTCOME, O_ENFORCED, O_MARK, O_SCORE)


@dataclass(slots=True)
class Outcome:
    """What became of a batch: decisions, refusals, repeats as (position, position of the first), positions of noise, number of facts; what
    the door said of every row."""

    decisions: DecisionBatch
    refusals: list[Refusal] = field(default_factory=list)
    repeats: list[tuple[int, int]] = field(default_factory=list)
    noise: list[int] = field(default_factory=list)
    facts: int = 0
    late: int = 0
    judged: Judged | None = None


@dataclass(slots=True)
class _Sequence:
    """Events and facts in the order in which they take effect. `row` is the accepted event's row, -1 for facts."""

    values: Array
    nulls: Array
    times: Array
    nows: Array
    kinds: Array
    asks: Array
    ids: Array
    money: Array
    row: Array

    def of(self, rows: Array) -> _Sequence:
        """These rows of it, in this order (`asks` are set later)."""
        return _Sequence(
            np.ascontiguousarray(self.values[:, rows]), np.ascontiguousarray(self.nulls[:, rows]), self.times[rows], self.nows[rows],
            self.kinds[rows], _NO_ASKS, self.ids[rows], self.money[rows], self.row[rows],
        )  # fmt: skip


class Engine:
    """Decides batches. `keep_all` keeps the feature values of passes too (a feature tape, a single decision)."""

    def __init__(
        self, compiled: Compiled, codes: Codes, tenant: str = "default", limit_bytes: int | None = None,
        state: FeatureState | None = None, network: NetworkState | None = None,
    ) -> None:  # fmt: skip
        self.compiled = compiled
        self.codes = codes
        self.tenant = tenant
        self.state = state or FeatureState(compiled.plan, limit_bytes)
        self.network = network or (NetworkState(compiled.network, limit_bytes) if compiled.network else None)
        self.door = Door(compiled.lateness_ms, compiled.max_ahead_ms, compiled.idempotency_ms, compiled.skew_ms)
        width = compiled.n_columns
        self.deciding = Deciding(compiled, MAX_BLOCK)
        self._lines = OUT_LINES + path_words(compiled) + 3 * hit_words(compiled)
        self.labels = Waiting(width, LABEL_SPAN_MS) if LABEL in compiled.types_fed else None
        self.feedback = Waiting(width, DECISION_SPAN) if DECISION in compiled.types_fed else None
        self.lists = ListBook(codes.one)
        self.lag = compiled.policy.feedback.lag_events
        self.accepted = 0
        self._type_codes = {name: codes.one(name) for name in compiled.schema.type_index}
        self._outcome_codes = np.array([codes.one(name) for name in OUTCOMES], np.int64)
        self._always_decides = all(event.decide for event in compiled.policy.events) and not len(compiled.drops)
        self._fallbacks, self._told = NO_ROWS, cast("tuple[Array, Array] | None", None)
        self._fallback_outcome = OUTCOMES.index(compiled.policy.deadline.then)
        self._one_ask = np.array([DECIDE], np.uint8)
        self._decides = np.array([DECIDE if event.decide else FACT for event in compiled.schema.types], np.uint8)

    def process(
        self, batch: EventBatch, keep_all: bool = False, floors: Array = NO_FLOORS, fallbacks: Array = NO_ROWS
    ) -> Outcome:
        """Take a decoded batch, whole, in order. `floors` int64[n]: the wall clock when each came in (none for a file). `fallbacks`: rows
        whose deadline has passed, ascending: they get the policy's fallback instead of what was decided."""
        judged = self.door.judge(batch.time_ms, batch.id_code, batch.body_code, batch.positions, floors)
        self._fallbacks, self._told = fallbacks, None
        status, first, received = judged.status, judged.first, judged.received
        clean = judged.accepted == batch.n
        outcome = self._in_steps(
            batch, np.arange(batch.n) if clean else np.flatnonzero(status == ACCEPTED), judged, keep_all
        )
        if clean:
            return outcome
        outcome.repeats = [(int(batch.positions[i]), int(first[i])) for i in np.flatnonzero(status == REPEATED)]
        for row in np.flatnonzero((status == CONFLICT) | (status == AHEAD)):
            outcome.refusals.append(
                self._refusal(batch, int(row), int(status[row]), int(first[row]), int(received[row]))
            )
        return outcome

    def process_accepted(
        self,
        batch: EventBatch,
        received: Array,
        late: Array,
        keep_all: bool = False,
        told: tuple[Array, Array] | None = None,
    ) -> Outcome:
        """Take events that were accepted before (a tape), with the times at which they were received: the door is not asked again.

        `told`: what was really decided, by another policy: positions int64[k] and int64[4, k] in the order of TOLD_LINES. That, and not
        what this policy says, is what comes back as facts.
        """
        judged = Judged(np.zeros(batch.n, np.uint8), received, late, batch.positions, batch.n, int(late.sum()))
        self._fallbacks, self._told = NO_ROWS, told
        return self._in_steps(batch, np.arange(batch.n), judged, keep_all)

    def _in_steps(self, batch: EventBatch, accepted: Array, judged: Judged, keep_all: bool) -> Outcome:
        """Decide in steps: no longer than the lag of our own decisions, and none across a change of a list."""
        n = len(accepted)
        if n <= 1 or (self.feedback is None and self.lists.idle):
            return self._one_step(batch, accepted, judged, keep_all)
        starts = set(range(0, n, self.lag)) if self.feedback is not None else {0}
        if not self.lists.idle:
            starts.update(self.lists.due_before(judged.received[accepted]).tolist())
        edges = [*sorted(starts | {0}), n]
        parts = []
        for start, stop in itertools.pairwise(edges):
            rows = accepted[start:stop] if stop - start < n else accepted
            if n and not self.lists.idle:
                self._change_lists(int(judged.received[accepted[start]]))
            parts.append(self._decide(batch, rows, judged, keep_all))
        outcome = parts[0] if len(parts) == 1 else _joined(parts)
        outcome.judged = judged
        return outcome

    def _one_step(self, batch: EventBatch, accepted: Array, judged: Judged, keep_all: bool) -> Outcome:
        """One event, or nothing that would cut the batch."""
        if len(accepted) and not self.lists.idle:
            self._change_lists(int(judged.received[accepted[0]]))
        outcome = self._decide(batch, accepted, judged, keep_all)
        outcome.judged = judged
        return outcome

    def _change_lists(self, now: int) -> None:
        """Let everything take effect that is due; the kernel sees the lists as they are then."""
        if self.lists.apply_until(now):
            self.show_lists()

    def admit_labels(self, note: NotedLabels) -> Judged:
        """What the door says of labels that come by themselves: new, known already, or known with other content."""
        moment, n = max(int(self.door.clock[0]), note.floor), note.n
        floors = NO_FLOORS if note.floor == NO_CLOCK else np.full(n, note.floor, np.int64)
        return self.door.judge(np.full(n, moment, np.int64), note.id_code, note.body_code, note.positions, floors)

    def take_labels(self, note: NotedLabels) -> None:
        """Labels that were admitted count from their due time on, at the earliest for the next event."""
        if self.labels is not None and note.n:
            content = {self.compiled.schema.index["fraud"]: note.fraud.astype(np.int64)}
            self.labels.put(Facts(*rewritten(note.values, note.nulls, content), note.due))

    def change_lists(self, note: NotedLists) -> None:
        """Changes of lists and snoozes take effect, for the next event on."""
        self.lists.put(note.changes)
        self.lists_changed(note)

    def lists_changed(self, note: NotedLists) -> None:
        """Let changes that were put into the book take effect."""
        self.door.advance(note.floor)
        self._change_lists(note.moment)

    def show_lists(self) -> None:
        """Let the kernel see the lists and snoozes as they are now."""
        self.deciding.watch_lists(self.lists.address)
        rules = {rule.rule.name: number for number, rule in enumerate(self.compiled.rule_order)}
        quiet = self.lists.snoozes.lines(rules, self.compiled.schema.index)
        self.deciding.snooze(quiet.lines, quiet.starts)

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
        block, kept_rows, kept_values, kept_nulls = self._run(sequence, keep_all)
        received, late = judged.received, judged.late
        whole = len(rows) == batch.n
        late_count = judged.late_ones if whole else int(late[rows].sum())
        words = self.deciding.words
        if whole and sequence.row is rows and (self._always_decides or (sequence.asks == DECIDE).all()):
            decisions = DecisionBatch(
                self.tenant, batch.positions, batch.ids, batch.id_code, sequence.kinds, batch.time_ms, received, late, batch.labels,
                batch.money, rows, block, *words, kept_rows, kept_values, kept_nulls,
            )  # fmt: skip
            self._fall_back(decisions)
            self._feed_back(sequence, rows, rows, decisions)
            self.accepted += batch.n
            return Outcome(decisions, late=late_count)
        own = np.flatnonzero((sequence.row >= 0) & (sequence.asks == DECIDE))
        source = sequence.row[own]
        place = np.full(max(len(sequence.row), 1), -1)
        place[own] = np.arange(len(own))
        decisions = DecisionBatch(
            self.tenant, batch.positions[source], _taken(batch.ids, source), batch.id_code[source], batch.type_index[source],
            batch.time_ms[source], received[source], late[source], batch.labels[source], batch.money[source], source, block[:, own],
            *words, place[kept_rows], kept_values, kept_nulls,
        )  # fmt: skip
        self._fall_back(decisions)
        self._feed_back(sequence, own, rows, decisions)
        self.accepted += len(rows)
        noise = sequence.row[(sequence.asks == SKIP) & (sequence.row >= 0)]
        facts = int(((sequence.row >= 0) & (sequence.asks == FACT)).sum())
        return Outcome(decisions, noise=batch.positions[noise].tolist(), facts=facts, late=late_count)

    def _run(self, sequence: _Sequence, keep_all: bool) -> tuple[Array, Array, Array, Array]:
        """The kernel over a sequence: (result block, kept rows, their values, their null marks)."""
        n, width = len(sequence.times), len(self.compiled.features)
        block = np.zeros((self._lines, n), np.int64)
        kept_values, kept_nulls = np.empty((n, width), np.int64), np.empty((n, width), np.uint8)
        file = self.deciding.file(n)
        self.state.bind(file.values, file.nulls)
        if n and self.state.epoch_ms is None:
            self.state.epoch_ms = int(sequence.times[0])
        state = self.state
        file.x[D_FEATURES], file.x[D_APPROXIMATE] = state.context_address, state.marks_address
        file.x[D_EPOCH] = state.epoch_ms or 0
        if self.network is not None:
            self.network.bind(file.values, file.nulls)
            self.network.epoch_ms = state.epoch_ms
            file.x[D_NETWORK] = self.network.context_address
        status, kept = decide_batch(
            file.x, sequence.values, sequence.nulls, sequence.times, sequence.nows, sequence.kinds, sequence.asks, sequence.ids,
            sequence.money, keep_all, block, kept_values, kept_nulls,
        )  # fmt: skip
        self.state.after_block(0 if status >= NETWORK_FULL else status, n)
        if self.network is not None:
            self.network.after_block(max(status - NETWORK_FULL, 0))
        kept_rows = block[O_KEPT, :kept]
        if kept < n:  # a view of a mostly empty array would keep all of it in memory
            kept_values, kept_nulls = kept_values[:kept].copy(), kept_nulls[:kept].copy()
        return block, kept_rows, kept_values, kept_nulls

    def _sequence(self, batch: EventBatch, rows: Array, judged: Judged) -> _Sequence:
        """The accepted rows with the facts that take effect between them."""
        index = self.compiled.schema.index
        found = _Sequence(
            batch.values, batch.nulls, batch.time_ms, judged.received, batch.type_index, _NO_ASKS, batch.id_code,
            batch.money, rows if len(rows) == batch.n else np.arange(batch.n),
        )  # fmt: skip
        late = judged.late
        if len(rows) < batch.n:
            found, late = found.of(rows), late[rows]
        if judged.late_ones:
            found.times = np.where(late != 0, found.nows, found.times)
        found.values[index["received_at"]], found.values[index["late"]] = found.nows, late
        values, nulls, nows = found.values, found.nulls, found.nows
        groups: list[tuple[Facts, Array]] = []
        if self.labels is not None:
            groups.append(self.labels.split(*self._fresh_labels(batch, rows, values, nulls), nows))
        if self.feedback is not None:
            numbers = self.accepted + np.arange(len(rows))
            groups.append(self.feedback.split(Facts.none(len(values)), np.zeros(0, np.int64), numbers))
        if not any(len(facts) for facts, _ in groups):
            found.asks = self._one_ask if self._always_decides and len(rows) == 1 else self._decides[found.kinds]
            return found
        return self._woven(found, groups)

    def _woven(self, events: _Sequence, groups: list[tuple[Facts, Array]]) -> _Sequence:
        n, nows = len(events.times), events.nows
        which, index = interleaved(n, groups)
        starts = np.cumsum([0, n] + [len(facts) for facts, _ in groups])
        place = starts[which + 1] + index
        names = [name for name, waiting in ((LABEL, self.labels), (DECISION, self.feedback)) if waiting is not None]
        parts = [events]
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
            values, nulls = rewritten(facts.values, facts.nulls, content)
            kinds = np.full(len(facts), self.compiled.schema.type_index[name], np.int16)
            none = np.zeros((len(facts), 2), np.uint64)
            parts.append(
                _Sequence(
                    values,
                    nulls,
                    due,
                    at,
                    kinds,
                    _NO_ASKS,
                    none,
                    np.zeros(len(facts), np.int64),
                    np.full(len(facts), -1),
                )
            )
        found = _in_one(parts).of(place)
        found.asks = self._decides[found.kinds]
        return found

    def _fresh_labels(self, batch: EventBatch, rows: Array, values: Array, nulls: Array) -> tuple[Facts, Array]:
        labelled = np.flatnonzero(batch.labels[rows] >= 0)
        content = {self.compiled.schema.index["fraud"]: batch.labels[rows][labelled].astype(np.int64)}
        own_values, own_nulls = rewritten(values[:, labelled], nulls[:, labelled], content)
        return Facts(own_values, own_nulls, batch.time_ms[rows][labelled] + batch.label_delay_ms), labelled

    def _fall_back(self, decisions: DecisionBatch) -> None:
        """Put the fallback in place of what was decided too late, and what was really decided in place of what this policy says."""
        if len(self._fallbacks):
            at = np.isin(decisions.rows, self._fallbacks)
            decisions.block[O_OUTCOME, at] = decisions.block[O_ENFORCED, at] = self._fallback_outcome
            decisions.block[O_MARK, at] = FELL_BACK
        if self._told is not None:
            positions, lines = self._told
            known = np.flatnonzero(np.isin(decisions.positions, positions))
            source = np.searchsorted(positions, decisions.positions[known])
            for number, line in enumerate(TOLD_LINES):
                decisions.block[line, known] = lines[number, source]

    def _feed_back(self, sequence: _Sequence, own: Array, rows: Array, decisions: DecisionBatch) -> None:
        if self.feedback is None or not len(own):
            return
        columns = self.compiled.schema.index
        content: dict[int, Any] = {
            columns["outcome"]: self._outcome_codes[decisions.outcome],
            columns["score"]: decisions.score,
        }
        values, nulls = rewritten(sequence.values[:, own], sequence.nulls[:, own], content)
        number = self.accepted + np.searchsorted(rows, sequence.row[own])
        self.feedback.put(Facts(values, nulls, number + self.lag))

    def facts(self) -> dict[str, int]:
        """Counts for reports: keys, bytes of all tables, ids remembered, facts waiting."""
        waiting = sum(len(w) for w in (self.labels, self.feedback) if w is not None)
        own = self.state.facts()
        network = self.network.facts() if self.network is not None else {}
        return own | {
            **{f"network_{name}": count for name, count in network.items()},
            "bytes": own["bytes"] + self.door.bytes_used() + network.get("bytes", 0),
            "ids": self.door.live_ids(),
            "waiting_facts": waiting,
        }

    def heal(self) -> Iterator[None]:
        """Step by step, make huge pages again of memory that a fork has cut up."""
        network = self.network.heal() if self.network is not None else iter(())
        return itertools.chain(self.state.heal(), self.door.heal(), network)

    def snapshot(self, folder: Path, facts: dict[str, Any]) -> int:
        """Write everything the engine needs to go on from here; `facts` (policy hash, log position …) ride along. Returns bytes."""
        folder.mkdir(parents=True, exist_ok=True)
        written = self.door.snapshot(folder / "ids.state") + self.lists.snapshot(folder / "lists.state")
        for name, waiting in (("labels", self.labels), ("feedback", self.feedback)):
            if waiting is not None:
                written += waiting.snapshot(folder / f"{name}.state")
        if self.network is not None:
            written += self.network.snapshot(folder / "network.state", {})
        own = {"accepted": self.accepted, "facts": facts, "brakes": self.deciding.facts()}
        return written + self.state.snapshot(folder / "features.state", own)

    def restore(self, folder: Path) -> dict[str, Any]:
        """Take up a snapshot in a fresh engine of the same policy; returns the facts that were stored with it."""
        if not (folder / "features.state").exists():
            raise InputError(f"no snapshot in {folder}", f"{folder} 中没有快照")
        own = self.state.restore(folder / "features.state")
        self.door.restore(folder / "ids.state")
        self.lists.restore(folder / "lists.state")
        self.show_lists()
        for name, waiting in (("labels", self.labels), ("feedback", self.feedback)):
            if waiting is not None:
                waiting.restore(folder / f"{name}.state")
        if self.network is not None:
            self.network.restore(folder / "network.state")
        self.deciding.restore(own["brakes"])
        self.accepted = own["accepted"]
        facts: dict[str, Any] = own["facts"]
        return facts


def _in_one(parts: list[_Sequence]) -> _Sequence:
    """Several sequences as one, one after the other (`asks` are set later)."""

    def joined(name: str, axis: int = 0) -> Array:
        return np.concatenate([getattr(part, name) for part in parts], axis=axis)

    return _Sequence(
        joined("values", 1), joined("nulls", 1), joined("times"), joined("nows"), joined("kinds"), _NO_ASKS, joined("ids"),
        joined("money"), joined("row"),
    )  # fmt: skip


def _joined(parts: list[Outcome]) -> Outcome:
    """Several outcomes of one batch as one."""
    batches = [part.decisions for part in parts]
    starts = np.cumsum([0] + [b.n for b in batches])
    arrays = {
        name: np.concatenate([getattr(b, name) for b in batches])
        for name in (
            "positions", "id_code", "type_index", "time_ms", "received_ms", "late", "labels", "money", "rows", "kept_values", "kept_nulls",
        )
    }  # fmt: skip
    arrays["block"] = np.concatenate([b.block for b in batches], axis=1)
    arrays["kept"] = np.concatenate([b.kept + start for b, start in zip(batches, starts)])
    ids = [each for b in batches for each in (b.ids.to_pylist() if hasattr(b.ids, "to_pylist") else b.ids)]
    first = batches[0]
    decisions = DecisionBatch(
        tenant=first.tenant, ids=ids, hit_words=first.hit_words, path_words=first.path_words, **arrays
    )
    return Outcome(
        decisions, noise=[p for part in parts for p in part.noise], facts=sum(p.facts for p in parts), late=sum(p.late for p in parts)
    )  # fmt: skip


def _taken(ids: Any, rows: Array) -> Any:
    return ids.take(rows) if hasattr(ids, "take") else [ids[int(row)] for row in rows]


def _shown(batch: EventBatch, row: int) -> dict[str, Any]:
    """The row's cleaned, masked texts, for the dead-letter file."""
    found: dict[str, Any] = {name: column[row] for name, column in batch.shown.items()}
    return {name: value.as_py() if hasattr(value, "as_py") else value for name, value in found.items()}
