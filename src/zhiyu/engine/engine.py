"""The engine of one tenant in one process: decoded events in, decisions out, state moved on.

In: a compiled policy, decoded batches in log order. Out: decisions, and for every other event what became of it (repeat, refusal, noise).
Everything that decides is a function of the events in order; nothing here reads a clock.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from collections.abc import Sequence as Several
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
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.admit import ACCEPTED, AHEAD, CONFLICT, NO_CLOCK, NO_FLOORS, REPEATED, Door, Judged
from zhiyu.engine.budget import share
from zhiyu.engine.derived_labels import DerivedLabels
from zhiyu.engine.door_words import door_refusal
from zhiyu.engine.facts import Facts, Waiting, rewritten
from zhiyu.engine.gang_events import GangWatch, watch_of
from zhiyu.engine.label_frames import NotedLabels
from zhiyu.engine.list_frames import NotedLists
from zhiyu.engine.outcome import Outcome as Outcome
from zhiyu.engine.outcome import joined
from zhiyu.engine.resuming import Going, Resuming
from zhiyu.engine.sequence import FIRST_RESUMED, NO_ASKS, Sequence, kept_of
from zhiyu.engine.steps import Steps
from zhiyu.engine.woven_facts import fresh_labels, with_facts
from zhiyu.entities.lists import ListBook, ListChange, Snooze
from zhiyu.events.batch import EventBatch, empty_batch
from zhiyu.events.declare import WAIT_CHANGE, WAIT_END
from zhiyu.features.state import MAX_BLOCK, FeatureState
from zhiyu.network.state import NetworkState
from zhiyu.policy.builtin import DECISION, GANG, LABEL
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare import OUTCOMES

LABEL_SPAN_MS = 600_000
DECISION_SPAN = 64
"""Waiting facts are kept in buckets of this width."""
NO_ROWS = np.zeros(0, np.int64)
NOT_BEFORE = int(np.iinfo(np.int64).min)
TOLD_LINES = (O_OUTCOME, O_ENFORCED, O_MARK, O_SCORE)


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
        share(self)
        width = compiled.n_columns
        self.deciding = Deciding(compiled, MAX_BLOCK)
        self._lines = OUT_LINES + path_words(compiled) + 3 * hit_words(compiled) + len(compiled.matrix.recorded)
        self.labels = Waiting(width, LABEL_SPAN_MS) if LABEL in compiled.types_fed else None
        self.feedback = Waiting(width, DECISION_SPAN) if DECISION in compiled.types_fed else None
        self.lists = ListBook(codes.one)
        self.derived = DerivedLabels(compiled.labels)
        self.resuming = Resuming(compiled, codes, tenant, self.derived) if compiled.waits else None
        self.gang_watch: GangWatch | None = watch_of(compiled, self.network)
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
                door_refusal(batch, int(row), int(status[row]), int(first[row]), int(received[row]))
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
        if self.resuming is not None and self._told is None:
            return self._in_steps_of_waits(self.resuming, batch, accepted, judged, keep_all)
        if n <= 1 or (self.feedback is None and self.lists.idle and self.gang_watch is None):
            return self._one_step(batch, accepted, judged, keep_all)
        starts = set(range(0, n, self.lag)) if self.feedback is not None else {0}
        if not self.lists.idle:
            starts.update(self.lists.due_before(judged.received[accepted]).tolist())
        edges = [*sorted(starts | {0}), n]
        parts = []
        for start, stop in itertools.pairwise(edges):
            if n and not self.lists.idle:
                self._change_lists(int(judged.received[accepted[start]]))
            while start < stop or not n:
                end = self._before_gangs(start, stop)
                parts.append(
                    self._decide(batch, accepted[start:end] if end - start < n else accepted, judged, keep_all)
                )
                start = end
                if not n:
                    break
        outcome = joined(parts)
        outcome.judged = judged
        return outcome

    def _one_step(self, batch: EventBatch, accepted: Array, judged: Judged, keep_all: bool) -> Outcome:
        """One event, or nothing that would cut the batch."""
        if len(accepted) and not self.lists.idle:
            self._change_lists(int(judged.received[accepted[0]]))
        outcome = self._decide(batch, accepted, judged, keep_all)
        outcome.judged = judged
        return outcome

    def _in_steps_of_waits(
        self, resuming: Resuming, batch: EventBatch, accepted: Array, judged: Judged, keep_all: bool, until_ms: int = NOT_BEFORE
    ) -> Outcome:  # fmt: skip
        """The same where decisions wait: what goes on stands between the rows. Without rows, whatever is due by `until_ms` goes on."""

        def decide(rows: Array, going: Going) -> Outcome:
            return self._decide(batch, rows, judged, keep_all, going)

        lag = self.lag if self.feedback is not None else None
        steps = Steps(resuming, self.lists, self.gang_watch, decide, self._change_lists, lag, self.accepted)
        parts = steps.run(batch, accepted, judged.received[accepted], until_ms)
        outcome = joined(parts) if parts else self._decide(batch, accepted, judged, keep_all)
        outcome.judged = judged
        return outcome

    def _before_gangs(self, start: int, stop: int) -> int:
        """The end of a step that begins with the next event: in front of what gangs bring."""
        return stop if self.gang_watch is None else min(stop, start + self.gang_watch.room(self.accepted))

    def pass_time(self, until_ms: int, keep_all: bool = False) -> Outcome:
        """Let time pass up to `until_ms` though nothing comes: what waits until then goes on."""
        self.door.advance(until_ms)
        nothing, rows, judged = self._nothing()
        if self.resuming is None:
            return self._decide(nothing, rows, judged, keep_all)
        return self._in_steps_of_waits(self.resuming, nothing, rows, judged, keep_all, until_ms)

    def _nothing(self) -> tuple[EventBatch, Array, Judged]:
        """A batch without events."""
        self._fallbacks, self._told = NO_ROWS, None
        return empty_batch(self.compiled.n_columns, self.tenant), NO_ROWS, Judged(*(NO_ROWS,) * 4, 0, 0)

    def _change_lists(self, now: int) -> None:
        """Let everything take effect that is due; the kernel sees the lists as they are then."""
        if self.lists.apply_until(now):
            self.show_lists()

    def admit_labels(self, note: NotedLabels) -> Judged:
        """What the door says of labels that come by themselves: new, known already, or known with other content."""
        moment, n = max(int(self.door.clock[0]), note.floor), note.n
        floors = NO_FLOORS if note.floor == NO_CLOCK else np.full(n, note.floor, np.int64)
        return self.door.judge(np.full(n, moment, np.int64), note.id_code, note.body_code, note.positions, floors)

    def take_labels(self, note: NotedLabels) -> list[Resumed]:
        """Labels that were admitted count from their due time on, at the earliest for the next event; what waits is decided again."""
        if self.labels is not None and note.n:
            content = {self.compiled.schema.index["fraud"]: note.fraud.astype(np.int64)}
            self.labels.put(Facts(*rewritten(note.values, note.nulls, content), note.due))
        moment = max(int(self.door.clock[0]), note.floor)
        if self.resuming is not None:
            self.door.advance(note.floor)
            due = np.maximum(note.due, moment)
            self.resuming.changes.put_labels(note.values, note.nulls, note.fraud.astype(np.int64), due)
        return self._let_change(moment)

    def change_lists(self, note: NotedLists) -> list[Resumed]:
        """Changes of lists and snoozes take effect, for the next event on; what waits is decided again."""
        self.lists.put(note.changes)
        return self.lists_changed(note)

    def lists_changed(self, note: NotedLists) -> list[Resumed]:
        """Let changes that were put into the book take effect."""
        self.door.advance(note.floor)
        went_on = self._let_change(note.moment)
        self._change_lists(note.moment)
        return went_on

    def concerned_by(self, changes: Several[ListChange | Snooze]) -> int:
        """How many waits these changes may let be decided again, at most."""
        return (
            self.resuming.changes.count(each for each in changes if isinstance(each, ListChange))
            if self.resuming
            else 0
        )

    def _let_change(self, moment: int) -> list[Resumed]:
        """Something changed as of this moment: where decisions wait, everything due by then takes effect, in order; what went on."""
        if self.resuming is None or not len(self.resuming.holds):
            return []
        batch, rows, judged = self._nothing()
        return self._in_steps_of_waits(self.resuming, batch, rows, judged, False, moment).resumed

    def next_moment(self, now: int) -> int | None:
        """When the next of what waits runs out, or is concerned by something that is due by `now`; None when there is nothing of that."""
        if self.resuming is None:
            return None
        return now if self.resuming.changes.waits_for(now) else self.resuming.holds.next_deadline

    def show_lists(self) -> None:
        """Let the kernel see the lists and snoozes as they are now."""
        self.deciding.watch_lists(self.lists.address)
        rules = {rule.rule.name: number for number, rule in enumerate(self.compiled.rule_order)}
        quiet = self.lists.snoozes.lines(rules, self.compiled.schema.index)
        self.deciding.snooze(quiet.lines, quiet.starts)

    def _decide(
        self, batch: EventBatch, rows: Array, judged: Judged, keep_all: bool, going: Going | None = None
    ) -> Outcome:
        sequence = self._sequence(batch, rows, judged, going)
        block, kept_rows, kept_values, kept_nulls = self._run(sequence, keep_all, going)
        received, late = judged.received, judged.late
        whole = len(rows) == batch.n
        late_count = judged.late_ones if whole else int(late[rows].sum())
        words = self.deciding.words
        if whole and sequence.row is rows and (self._always_decides or (sequence.asks == DECIDE).all()):
            decisions = DecisionBatch(
                self.tenant, batch.positions, batch.ids, batch.id_code, sequence.kinds, batch.time_ms, received, late, batch.labels,
                batch.money, rows, block, *words, kept_rows, kept_values, kept_nulls,
            )  # fmt: skip
            outcome = Outcome(decisions, late=late_count)
            own = rows
        else:
            own = np.flatnonzero((sequence.row >= 0) & (sequence.asks == DECIDE))
            source = sequence.row[own]
            kept = kept_of(kept_rows, own, len(sequence.row))
            decisions = DecisionBatch(
                self.tenant, batch.positions[source], _taken(batch.ids, source), batch.id_code[source], batch.type_index[source],
                batch.time_ms[source], received[source], late[source], batch.labels[source], batch.money[source], source, block[:, own],
                *words, kept[1], kept_values[kept[0]], kept_nulls[kept[0]],
            )  # fmt: skip
            noise = sequence.row[(sequence.asks == SKIP) & (sequence.row >= 0)]
            facts = int(((sequence.row >= 0) & (sequence.asks == FACT)).sum())
            outcome = Outcome(decisions, noise=batch.positions[noise].tolist(), facts=facts, late=late_count)
        self._fall_back(decisions)
        if going is None or self.resuming is None:
            self._feed_back(sequence, own, decisions.outcome, decisions.score)
        else:
            self._go_on(
                self.resuming, going, outcome, batch, sequence, own, block, (kept_rows, kept_values, kept_nulls)
            )
        self.accepted += len(rows)
        return outcome

    def _go_on(
        self, resuming: Resuming, going: Going, outcome: Outcome, batch: EventBatch, sequence: Sequence, own: Array, block: Array,
        kept: tuple[Array, Array, Array],
    ) -> None:  # fmt: skip
        """What went on and what waits now; both kinds of decisions come back as facts, in the order of the sequence."""
        gone, resumed = np.flatnonzero(sequence.row <= FIRST_RESUMED), None
        at, outcomes, scores = own, outcome.decisions.outcome, outcome.decisions.score
        if len(gone):
            lines, which = kept_of(kept[0], gone, len(sequence.row))
            resumed = resuming.decided(
                going, block[:, gone], self.deciding.words, (which, kept[1][lines], kept[2][lines])
            )
            outcome.resumed.append(resumed)
            ended = ~resumed.stays  # what waits on as it did was not decided anew
            at = np.concatenate([own, gone[ended]])
            order = np.argsort(at, kind="stable")
            outcomes = np.concatenate([outcomes, resumed.decisions.outcome[ended]])[order]
            scores, at = np.concatenate([scores, resumed.decisions.score[ended]])[order], at[order]
        outcome.answered = going.answered
        outcome.held, outcome.turned_away = resuming.settle(going, outcome.decisions, batch, own, gone, resumed)
        told = ~np.isin(at, resuming.asking(outcome.decisions, own, resumed, gone))
        self._feed_back(sequence, at[told], outcomes[told], scores[told])

    def _run(self, sequence: Sequence, keep_all: bool, going: Going | None = None) -> tuple[Array, Array, Array, Array]:
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
        if self.gang_watch is not None:
            self.gang_watch.begin()
        if self.resuming is not None:
            self.deciding.freeze(file, *self.resuming.frozen(going, sequence.row))
        status, kept = decide_batch(
            file.x, sequence.values, sequence.nulls, sequence.times, sequence.nows, sequence.kinds, sequence.asks, sequence.ids,
            sequence.money, keep_all, block, kept_values, kept_nulls,
        )  # fmt: skip
        self.state.after_block(0 if status >= NETWORK_FULL else status, n)
        if self.network is not None:
            self.network.after_block(max(status - NETWORK_FULL, 0))
        if self.gang_watch is not None:
            self.gang_watch.note(sequence.number)
        kept_rows = block[O_KEPT, :kept]
        if kept < n:  # a view of a mostly empty array would keep all of it in memory
            kept_values, kept_nulls = kept_values[:kept].copy(), kept_nulls[:kept].copy()
        return block, kept_rows, kept_values, kept_nulls

    def _sequence(self, batch: EventBatch, rows: Array, judged: Judged, going: Going | None) -> Sequence:
        """The accepted rows with those that go on and the facts that take effect between them."""
        index = self.compiled.schema.index
        found = Sequence(
            batch.values, batch.nulls, batch.time_ms, judged.received, batch.type_index, NO_ASKS, batch.id_code,
            batch.money, rows if len(rows) == batch.n else np.arange(batch.n), NO_ROWS,
        )  # fmt: skip
        late = judged.late
        found.number = self.accepted + np.arange(batch.n)
        if len(rows) < batch.n:
            found, late = found.of(rows), late[rows]
            found.number = self.accepted + np.arange(len(rows))
        if judged.late_ones:
            found.times = np.where(late != 0, found.nows, found.times)
        found.values[index["received_at"]], found.values[index["late"]] = found.nows, late
        width, place = len(found.values), np.arange(len(rows))
        fresh = fresh_labels(batch, rows, found, index, self.derived) if self.labels is not None else None
        if going is not None and going.held and self.resuming is not None:
            found, place = self.resuming.woven(going, found, batch, self.accepted)
        groups: list[tuple[str, Facts, Array]] = []
        if self.labels is not None and fresh is not None:
            groups.append((LABEL, *self.labels.split(fresh[0], place[fresh[1]], found.nows)))
        if self.feedback is not None:
            groups.append((DECISION, *self.feedback.split(Facts.none(width), NO_ROWS, found.number)))
        in_front = len(rows) or (going is not None and going.what == "gangs")
        alerts = self.gang_watch.take(self.accepted) if self.gang_watch is not None and in_front else None
        if alerts is not None:
            groups.append((GANG, alerts, np.zeros(len(alerts), np.int64)))
        if not any(len(facts) for _, facts, _ in groups):
            one = self._always_decides and len(found.times) == 1
            found.asks = self._one_ask if one else self._decides[found.kinds]
            return found
        types = [
            (self.compiled.schema.type_index[name], self._type_codes[name], name == LABEL) for name, _, _ in groups
        ]
        found = with_facts(found, [(facts, before) for _, facts, before in groups], types, index)
        found.asks = self._decides[found.kinds]
        return found

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

    def _feed_back(self, sequence: Sequence, at: Array, outcomes: Array, scores: Array) -> None:
        """Decisions (`at` int64[k]: their places in the sequence, ascending) wait to come back as facts."""
        if self.feedback is None or not len(at):
            return
        columns, resumed = self.compiled.schema.index, sequence.row[at] <= FIRST_RESUMED
        content: dict[int, Any] = {columns["outcome"]: self._outcome_codes[outcomes], columns["score"]: scores}
        values, nulls = rewritten(sequence.values[:, at], sequence.nulls[:, at], content)
        for name in (WAIT_END, WAIT_CHANGE):
            if name in columns:
                nulls[columns[name]] = 1  # a fact like any other
        self.feedback.put(Facts(values, nulls, sequence.number[at] + resumed + self.lag))

    def facts(self) -> dict[str, int]:
        """Counts for reports: keys, bytes of all tables, ids remembered, facts waiting."""
        waiting = sum(len(w) for w in (self.labels, self.feedback) if w is not None)
        own = self.state.facts()
        network = self.network.facts() if self.network is not None else {}
        waits = self.resuming.holds.facts() if self.resuming is not None else {}
        return own | {
            **{f"network_{name}": count for name, count in network.items()},
            **{f"waits_{name}": count for name, count in waits.items()},
            "bytes": own["bytes"] + self.door.bytes_used() + network.get("bytes", 0),
            "bytes_limit": self.state.limit_bytes,
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
        if self.resuming is not None:
            written += self.resuming.holds.snapshot(folder / "waits.state")
            written += self.resuming.changes.snapshot(folder / "changes.state")
        alerts = self.gang_watch.stored() if self.gang_watch is not None else []
        own = {"accepted": self.accepted, "facts": facts, "brakes": self.deciding.facts(), "gang_alerts": alerts}
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
        if self.resuming is not None:
            self.resuming.holds.restore(folder / "waits.state")
            self.resuming.changes.restore(folder / "changes.state", int(self.door.clock[0]))
        if self.gang_watch is not None:
            self.gang_watch.restore(own["gang_alerts"])
        self.deciding.restore(own["brakes"])
        self.accepted = own["accepted"]
        facts: dict[str, Any] = own["facts"]
        return facts


def _taken(ids: Any, rows: Array) -> Any:
    return ids.take(rows) if hasattr(ids, "take") else [ids[int(row)] for row in rows]
