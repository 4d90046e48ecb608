"""One step of the engine: accepted rows, what goes on and the facts between them, through the kernel, and out as decisions.

In: a decoded batch, which of its rows, what goes on. Out: an `Outcome`; the memory has moved on. Where a batch is cut into steps:
`engine.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.context import hit_words, path_words
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
from zhiyu.engine.admit import Judged
from zhiyu.engine.facts import Facts, rewritten
from zhiyu.engine.memory import Memory
from zhiyu.engine.outcome import Outcome
from zhiyu.engine.resuming import Going, Resuming
from zhiyu.engine.sequence import FIRST_RESUMED, NO_ASKS, Sequence, kept_of
from zhiyu.engine.woven_facts import fresh_labels, with_facts
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import WAIT_CHANGE, WAIT_END
from zhiyu.features.state import FeatureState
from zhiyu.network.state import NetworkState
from zhiyu.policy.builtin import DECISION, GANG, LABEL
from zhiyu.policy.compile import Compiled
from zhiyu.policy.declare import OUTCOMES

NO_ROWS = np.zeros(0, np.int64)
TOLD_LINES = (O_OUTCOME, O_ENFORCED, O_MARK, O_SCORE)


class Decider(Memory):
    """Decides rows that were accepted, as one sequence."""

    def __init__(
        self, compiled: Compiled, codes: Codes, tenant: str = "default", limit_bytes: int | None = None,
        state: FeatureState | None = None, network: NetworkState | None = None,
    ) -> None:  # fmt: skip
        super().__init__(compiled, codes, tenant, limit_bytes, state, network)
        self._lines = OUT_LINES + path_words(compiled) + 3 * hit_words(compiled) + len(compiled.matrix.recorded)
        self.lag = compiled.policy.feedback.lag_events
        self._type_codes = {name: codes.one(name) for name in compiled.schema.type_index}
        self._outcome_codes = np.array([codes.one(name) for name in OUTCOMES], np.int64)
        self._always_decides = all(event.decide for event in compiled.policy.events) and not len(compiled.drops)
        self._fallbacks, self._told = NO_ROWS, cast("tuple[Array, Array] | None", None)
        self.compares: Callable[[DecisionBatch, Array, Array], None] | None = None
        """Is told what this policy says, and what was really decided, before the latter takes its place."""
        self._fallback_outcomes = fallback_outcomes(compiled)
        self._one_ask = np.array([DECIDE], np.uint8)
        self._decides = np.array([DECIDE if event.decide else FACT for event in compiled.schema.types], np.uint8)

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
        late, number = judged.late, self.accepted + np.arange(len(rows))
        if len(rows) == batch.n:
            found = Sequence(
                batch.values, batch.nulls, batch.time_ms, judged.received, batch.type_index, NO_ASKS, batch.id_code,
                batch.money, rows, number,
            )  # fmt: skip
        else:
            found = Sequence(
                np.ascontiguousarray(batch.values[:, rows]), np.ascontiguousarray(batch.nulls[:, rows]), batch.time_ms[rows],
                judged.received[rows], batch.type_index[rows], NO_ASKS, batch.id_code[rows], batch.money[rows], rows, number,
            )  # fmt: skip
            late = late[rows]
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
            outcomes = self._fallback_outcomes[decisions.type_index[at]]
            decisions.block[O_OUTCOME, at] = decisions.block[O_ENFORCED, at] = outcomes
            decisions.block[O_MARK, at] = FELL_BACK
        if self._told is not None:
            positions, lines = self._told
            if self.compares is not None:
                self.compares(decisions, positions, lines)
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


def fallback_outcomes(compiled: Compiled) -> Array:
    """int64[types]: what an event of each type gets whose deadline has passed: its flow's `fallback`, else the policy's."""
    found = np.full(len(compiled.schema.types), OUTCOMES.index(compiled.policy.deadline.then), np.int64)
    for flow in compiled.policy.flows:
        if flow.fallback is not None:
            found[[compiled.schema.type_index[name] for name in flow.on]] = OUTCOMES.index(flow.fallback)
    return found


def _taken(ids: Any, rows: Array) -> Any:
    return ids.take(rows) if hasattr(ids, "take") else [ids[int(row)] for row in rows]
