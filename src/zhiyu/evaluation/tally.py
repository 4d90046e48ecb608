"""What a run counts: every decision once, as it comes by; at the end the report.

In: outcomes of batches, with their events, in log order; under one policy. Out: `Replayed`. A replay feeds it from its engine, a report
about a server from the decisions that stand in the log: the same counts, the same digest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.decisions.digest import Digest
from zhiyu.decisions.explain import Explanation
from zhiyu.decisions.layout import MARKS
from zhiyu.decisions.resumed import Resumed
from zhiyu.engine.admit import ACCEPTED
from zhiyu.engine.opened import Opened
from zhiyu.engine.outcome import Outcome
from zhiyu.evaluation.metrics import Metrics, let_through_share
from zhiyu.evaluation.spend import Spend
from zhiyu.events.batch import EventBatch
from zhiyu.events.cleaning import CleaningReport
from zhiyu.events.refusals import Refusal
from zhiyu.policy.declare import OUTCOMES

EXAMPLES = 3


@dataclass
class Replayed:
    """What a run found. Rates are whole: reading, decoding, deciding, writing. Money in minor units of `currency`.

    `served`: a server decided.
    """

    events: int = 0
    decided: int = 0
    facts: int = 0
    late: int = 0
    noise: int = 0
    repeats: int = 0
    refused: int = 0
    seconds: float = 0.0
    features: int = 0
    digest: str = ""
    policy_hash: str = ""
    outcomes: dict[str, int] = field(default_factory=dict)
    rule_hits: Counter[str] = field(default_factory=Counter)
    quiet_hits: Counter[str] = field(default_factory=Counter)
    rule_errors: Counter[str] = field(default_factory=Counter)
    enforced: dict[str, int] = field(default_factory=dict)
    marks: dict[str, int] = field(default_factory=dict)
    limits: dict[str, int] = field(default_factory=dict)
    approximate: int = 0
    waits: dict[str, int] = field(default_factory=dict)
    came_to: dict[str, int] = field(default_factory=dict)
    spend: dict[str, Any] = field(default_factory=dict)
    shadow_hash: str = ""
    shadow_moved: dict[str, int] = field(default_factory=dict)
    reason_hits: Counter[str] = field(default_factory=Counter)
    refusal_codes: Counter[str] = field(default_factory=Counter)
    first_refusals: list[Refusal] = field(default_factory=list)
    cleaning: CleaningReport = field(default_factory=CleaningReport)
    metrics: Metrics = field(default_factory=Metrics)
    examples: list[Explanation] = field(default_factory=list)
    state: dict[str, int] = field(default_factory=dict)
    currency: str = ""
    bytes_per_decision: float | None = None
    out: Path | None = None
    served: bool = False

    @property
    def events_per_s(self) -> float:
        """Events read per second of wall clock."""
        return self.events / self.seconds if self.seconds else 0.0

    def to_dict(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "events": self.events, "decided": self.decided, "facts": self.facts, "refused": self.refused, "repeats": self.repeats,
            "noise": self.noise, "late": self.late, "seconds": round(self.seconds, 3), "events_per_s": round(self.events_per_s),
            "features_per_event": self.features, "digest": self.digest, "policy_hash": self.policy_hash, "outcomes": self.outcomes,
            "enforced": self.enforced, "marks": self.marks, "limits": self.limits, "approximate": self.approximate,
            "waits": self.waits, "came_to": self.came_to, "spend": self.spend,
            "shadow_hash": self.shadow_hash, "shadow_moved": self.shadow_moved, "quiet_hits": dict(self.quiet_hits.most_common()),
            "rule_hits": dict(self.rule_hits.most_common()), "rule_errors": dict(self.rule_errors.most_common()),
            "reasons": dict(self.reason_hits.most_common()), "metrics": self.metrics.to_dict() if self.metrics.labelled else {},
            "currency": self.currency, "refusals": dict(self.refusal_codes.most_common()),
            "cleaning": {f"{name}.{action}": count for (name, action), count in sorted(self.cleaning.actions.items())},
            "state": self.state, "bytes_per_decision": self.bytes_per_decision, "out": str(self.out) if self.out else None,
        }  # fmt: skip


class Tally:
    """Counts what becomes of batches under one policy. `result` is whole after `finish`."""

    def __init__(self, opened: Opened, label_delay_ms: int) -> None:
        self.opened = opened
        self.result = Replayed(features=opened.compiled.features_per_event, policy_hash=opened.artifact.hash)
        self.result.metrics = Metrics(label_delay_ms, let_through_share(opened.policy))
        self.result.currency = opened.currency
        self.spend = Spend(opened)
        self._digest = Digest(opened.artifact.hash.encode())
        self._told: set[str] = set()
        self._came_to = np.zeros(len(OUTCOMES), np.int64)
        self._outcomes = np.zeros(len(OUTCOMES), np.int64)
        self._enforced, self._marks = np.zeros(len(OUTCOMES), np.int64), np.zeros(len(MARKS), np.int64)
        self._limits = np.zeros(1 + len(opened.compiled.policy.limits), np.int64)

    def take(
        self, outcome: Outcome, batch: EventBatch, refusals: list[Refusal], label_delay_ms: int | Array | None = None,
        went_on: Sequence[Resumed] = (),
    ) -> None:  # fmt: skip
        """Count a batch. `label_delay_ms`: how long after its event each label arrives, where that is not the same for all. `went_on`: what
        went on between these events and is given to `resume` apart."""
        self._count(outcome, refusals, label_delay_ms)
        accepted = outcome.judged.status == ACCEPTED if outcome.judged is not None else None
        self.spend.take(batch, [*outcome.resumed, *went_on], accepted)
        for resumed in outcome.resumed:
            self.resume(resumed)
        self._tell(outcome.decisions, batch)

    def resume(self, resumed: Resumed) -> None:
        """Count decisions that went on after a wait."""
        self._digest.resume(resumed)
        self._came_to += np.bincount(resumed.decisions.outcome[~resumed.waits], minlength=len(OUTCOMES))
        self.result.metrics.resume(resumed)
        finals = self.spend.finals(resumed)
        if len(finals):
            self._sum(resumed.decisions.at(finals))
            self._tell(resumed.decisions, resumed.events)

    def _count(self, outcome: Outcome, refusals: list[Refusal], label_delay_ms: int | Array | None) -> None:
        result, d = self.result, outcome.decisions
        self._digest.update(d)
        result.decided += d.n
        result.facts += outcome.facts
        result.late += outcome.late
        result.noise += len(outcome.noise)
        result.repeats += len(outcome.repeats)
        result.refused += len(refusals)
        result.refusal_codes.update(f"{r.field}.{r.code}" if r.field else r.code for r in refusals)
        result.first_refusals += refusals[: max(0, EXAMPLES - len(result.first_refusals))]
        made = ~self.spend.asking(d)
        if not made.all():  # a decision that waits for a service has not been made
            d = d.at(np.flatnonzero(made))
            label_delay_ms = label_delay_ms[made] if isinstance(label_delay_ms, np.ndarray) else label_delay_ms
        result.metrics.update(d, label_delay_ms, outcome.held)
        self._sum(d)

    def _sum(self, d: DecisionBatch) -> None:
        """Count decisions by outcome, what was done, rules that hit."""
        result = self.result
        self._outcomes += np.bincount(d.outcome, minlength=len(OUTCOMES))
        result.approximate += int(d.approximate.sum())
        self._enforced += np.bincount(d.enforced, minlength=len(OUTCOMES))
        self._marks += np.bincount(d.mark, minlength=len(MARKS))
        self._limits += np.bincount(d.limit, minlength=len(self._limits))
        rules = self.opened.compiled.rule_order
        for words, counter in (
            (d.hits, result.rule_hits),
            (d.quiet, result.quiet_hits),
            (d.errors, result.rule_errors),
        ):
            for rule, count in zip(rules, bits_to_matrix(words, len(rules)).sum(axis=0).tolist()):
                if count:
                    counter[rule.rule.name] += count
                    if counter is result.rule_hits and rule.rule.reason:
                        result.reason_hits[rule.rule.reason] += count

    def _tell(self, d: DecisionBatch, batch: EventBatch) -> None:
        """Explain the first decision of each outcome or leading rule that has not been told yet, up to three."""
        if len(self.result.examples) >= EXAMPLES or not len(d.kept):
            return
        asking = self.spend.asking(d)
        hits = bits_to_matrix(d.hits[d.kept], len(self.opened.compiled.rule_order))
        leading = np.where(hits.any(axis=1), hits.argmax(axis=1), -1) if hits.shape[1] else np.full(len(hits), -1)
        for line, rule in enumerate(leading.tolist()):
            decided = int(d.outcome[d.kept[line]])
            name = f"rule {rule}" if rule >= 0 else f"outcome {decided}"  # a table, a scorecard or the flow decided
            if name in self._told or decided == 0 or asking[d.kept[line]]:
                continue
            self._told.add(name)
            self.result.examples.append(self.opened.explain_kept(d, batch, line))
            if len(self.result.examples) >= EXAMPLES:
                return

    def finish(self) -> Replayed:
        """The report, but for what only the engine and the clock know."""
        result = self.result
        result.digest = self._digest.hexdigest()
        result.outcomes = dict(zip(OUTCOMES, self._outcomes.tolist()))
        result.spend = self.spend.to_dict()
        if not np.array_equal(self._enforced, self._outcomes):
            result.enforced = dict(zip(OUTCOMES, self._enforced.tolist()))
        result.marks = {mark: count for mark, count in zip(MARKS, self._marks.tolist()) if mark and count}
        names = [limit.name for limit in self.opened.compiled.policy.limits]
        result.limits = {name: count for name, count in zip(names, self._limits[1:].tolist()) if count}
        result.came_to = dict(zip(OUTCOMES, self._came_to.tolist())) if self._came_to.any() else {}
        return result
