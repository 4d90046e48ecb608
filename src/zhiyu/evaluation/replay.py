"""Replay: a file of events through a policy, from the first event to the report.

In: an events file or a feature tape, an opened policy, optional labels. Out: `Replayed`: counts, digest, metrics, three decisions
explained; decisions and dead letters in a run folder, and a feature tape, when they are asked for. Same input and policy give the same
digest for any batch size, and from a tape of that input.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.decisions.batch import bits_to_matrix
from zhiyu.decisions.digest import Digest
from zhiyu.decisions.explain import Explanation
from zhiyu.decisions.layout import MARKS
from zhiyu.engine.decision_files import RunFolder
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.journal import take_journal
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.labels import LabelFile
from zhiyu.evaluation.metrics import Metrics, let_through_share
from zhiyu.evaluation.redecide import Redecision
from zhiyu.evaluation.shadow import Shadow
from zhiyu.evaluation.tape import FACTS as TAPE_FACTS
from zhiyu.evaluation.tape import Tape, TapeWriter
from zhiyu.events.batch import EventBatch
from zhiyu.events.cleaning import CleaningReport
from zhiyu.events.declare import Source
from zhiyu.events.decode import decode
from zhiyu.events.refusals import Refusal
from zhiyu.log.files import open_events
from zhiyu.policy.declare import OUTCOMES

DEFAULT_BATCH = 65_536
EXAMPLES = 3


@dataclass
class Replayed:
    """What a replay found. Rates are whole: reading, decoding, deciding, writing. Money in minor units of `currency`."""

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
            "waits": self.waits, "came_to": self.came_to,
            "shadow_hash": self.shadow_hash, "shadow_moved": self.shadow_moved, "quiet_hits": dict(self.quiet_hits.most_common()),
            "rule_hits": dict(self.rule_hits.most_common()), "rule_errors": dict(self.rule_errors.most_common()),
            "reasons": dict(self.reason_hits.most_common()), "metrics": self.metrics.to_dict() if self.metrics.labelled else {},
            "currency": self.currency, "refusals": dict(self.refusal_codes.most_common()),
            "cleaning": {f"{name}.{action}": count for (name, action), count in sorted(self.cleaning.actions.items())},
            "state": self.state, "bytes_per_decision": self.bytes_per_decision, "out": str(self.out) if self.out else None,
        }  # fmt: skip


def choose_source(opened: Opened, name: str | None) -> Source | None:
    """The source by name; the only one when there is one; None (events in the house's own form) when there is none."""
    sources = opened.policy.sources
    if name is None:
        if len(sources) > 1:
            names = ", ".join(source.name for source in sources)
            raise InputError(
                f"the policy has several sources; choose one with --source: {names}",
                f"策略有多个来源，请用 --source 选择：{names}",
            )
        return sources[0] if sources else None
    return opened.source(name)


class Replay:
    """One run over one file. Iterate `steps()` for progress (0..1), then read `result`."""

    def __init__(
        self, opened: Opened, events: Path, *, source: str | None = None, labels: Path | None = None, label_delay: str | None = None,
        batch: int = DEFAULT_BATCH, out: Path | None = None, tenant: str = "default", keep_all: bool = False,
        on_batch: Callable[[Outcome, EventBatch], None] | None = None, engine: Engine | None = None, tape: Path | None = None,
        lists: Path | None = None, shadow: Opened | None = None,
    ) -> None:  # fmt: skip
        self.opened, self.events, self.batch, self.out, self.tenant = opened, events, batch, out, tenant
        self.keep_all, self.on_batch, self.tape = keep_all, on_batch, tape
        self.source = choose_source(opened, source)
        self.labels, self._labels_at = LabelFile(labels) if labels else None, labels
        self.label_delay_ms = parse_delay(label_delay) if label_delay else self._declared_delay()
        self.again = self._taped(engine, labels, label_delay) if (events / TAPE_FACTS).is_file() else None
        self.engine = engine or (self.again.engine if self.again else Engine(opened.compiled, opened.codes, tenant))
        if lists is not None:
            take_journal(self.engine, opened, lists)
        self.shadow = Shadow(shadow, self.source, self.label_delay_ms, lists) if shadow is not None else None
        if self.shadow and self.again:
            raise InputError(
                "a shadow version needs the events, not a tape; compare with `zhiyu backtest --tape` instead",
                "影子版本需要原始事件而非特征带；可改用 `zhiyu backtest --tape`",
            )
        self.result = Replayed(features=opened.compiled.features_per_event, policy_hash=opened.artifact.hash)
        self.result.metrics = Metrics(self.label_delay_ms, let_through_share(opened.policy))
        self.result.currency = opened.currency
        self._digest = Digest(opened.artifact.hash.encode())
        self._told: set[str] = set()
        self._came_to = np.zeros(len(OUTCOMES), np.int64)
        self._enforced, self._marks = np.zeros(len(OUTCOMES), np.int64), np.zeros(len(MARKS), np.int64)
        self._limits = np.zeros(1 + len(opened.compiled.policy.limits), np.int64)

    def _declared_delay(self) -> int:
        label = self.source.label if self.source else None
        return parse_duration_ms(label.delay if label else "7d")

    def _taped(self, engine: Engine | None, labels: Path | None, label_delay: str | None) -> Redecision:
        """The input is a tape: everything that was settled when it was recorded cannot be asked for again."""
        for given, name in (
            (self.tape, "--tape"),
            (labels, "--labels"),
            (label_delay, "--label-delay"),
            (engine, "engine"),
        ):
            if given is not None:
                raise InputError(
                    f"{self.events} is a feature tape, and {name} was settled when it was recorded; leave it out, or replay the events",
                    f"{self.events} 是特征带，{name} 在录制时已确定；请去掉它，或回放原始事件",
                )
        again = Redecision(Tape.open(self.events), self.opened, texts=True)
        self.label_delay_ms = int(again.tape.facts["label_delay_ms"])
        return again

    def recording(self) -> dict[str, Any]:
        """What a tape of this replay is a recording of: the file and its size, the source, the labels and how late they come."""
        return {
            "input": str(self.events), "input_bytes": self.events.stat().st_size if self.events.is_file() else 0,
            "source": self.source.name if self.source else None, "label_delay_ms": self.label_delay_ms,
            "labels": str(self._labels_at) if self._labels_at else None,
        }  # fmt: skip

    def run(self) -> Replayed:
        """The whole file at once."""
        for _ in self.steps():
            pass
        return self.result

    def steps(self) -> Iterator[float]:
        """Work batch by batch; yields how much is done. Files are closed, and `run.json` written, at the end."""
        started = time.perf_counter()
        folder = RunFolder(self.out, self.opened.compiled, self.opened.artifact, self.tenant) if self.out else None
        tape = TapeWriter(self.tape, self.opened, self.recording()) if self.tape else None
        try:
            yield from self._over_tape(self.again, folder) if self.again else self._over_file(folder, tape)
            if tape:
                tape.finish()
            self._finish(folder, started)
        except BaseException:
            for each in (folder, tape):
                if each:
                    each.abandon()
            raise

    def _over_file(self, folder: RunFolder | None, tape: TapeWriter | None) -> Iterator[float]:
        file = open_events(self.events, self.source, self.batch)
        for raw in file:
            self._step(raw, folder, tape)
            yield file.progress()
        if self.labels is not None:
            self.labels.require_matches(self.events)

    def _over_tape(self, again: Redecision, folder: RunFolder | None) -> Iterator[float]:
        total = max(int(again.tape.facts["events"]), 1)
        for outcome, batch in again.batches(self.keep_all):
            self.result.events += batch.n
            self._take(outcome, batch, [], folder)
            yield self.result.events / total

    def _step(self, raw: Any, folder: RunFolder | None, tape: TapeWriter | None) -> None:
        result = self.result
        decoded = decode(self.opened.compiled.schema, self.source, raw, self.opened.codes, self.tenant)
        batch = decoded.batch
        batch.label_delay_ms = self.label_delay_ms
        if self.labels is not None:
            batch.labels = self.labels.of(batch)
        outcome = self.engine.process(batch, self.keep_all or tape is not None)
        if tape:
            tape.write(outcome, batch)
            if not self.keep_all:
                d = outcome.decisions
                outcome.decisions = d.keeping(d.outcome[d.kept] > 0)
        result.events += len(raw) + len(raw.refusals)
        result.cleaning.merge(decoded.cleaning)
        self._take(outcome, batch, [*raw.refusals, *decoded.refusals, *outcome.refusals], folder)
        if self.shadow:
            self.shadow.follow(raw, batch, outcome.decisions)

    def _take(self, outcome: Outcome, batch: EventBatch, refusals: list[Refusal], folder: RunFolder | None) -> None:
        """Count a batch, tell of it, and write it."""
        self._count(outcome, refusals)
        self._tell(outcome, batch)
        if folder:
            folder.write(outcome.decisions, batch)
            for resumed in outcome.resumed:
                folder.write_resumed(resumed)
            folder.dead_letters.write(sorted(refusals, key=lambda r: r.position))
            folder.dead_letters.write(_dropped(outcome, batch))
        if self.on_batch:
            self.on_batch(outcome, batch)

    def _count(self, outcome: Outcome, refusals: list[Refusal]) -> None:
        result, d = self.result, outcome.decisions
        self._digest.update(d)
        for resumed in outcome.resumed:
            self._digest.resume(resumed)
            self._came_to += np.bincount(resumed.decisions.outcome[~resumed.waits], minlength=len(OUTCOMES))
        result.decided += d.n
        result.facts += outcome.facts
        result.late += outcome.late
        result.noise += len(outcome.noise)
        result.repeats += len(outcome.repeats)
        result.refused += len(refusals)
        result.refusal_codes.update(f"{r.field}.{r.code}" if r.field else r.code for r in refusals)
        result.first_refusals += refusals[: max(0, EXAMPLES - len(result.first_refusals))]
        result.metrics.update(d, held=outcome.held)
        for resumed in outcome.resumed:
            result.metrics.resume(resumed)
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

    def _tell(self, outcome: Outcome, batch: EventBatch) -> None:
        """Explain the first decision of each outcome or leading rule that has not been told yet, up to three."""
        d = outcome.decisions
        if len(self.result.examples) >= EXAMPLES or not len(d.kept):
            return
        hits = bits_to_matrix(d.hits[d.kept], len(self.opened.compiled.rule_order))
        leading = np.where(hits.any(axis=1), hits.argmax(axis=1), -1) if hits.shape[1] else np.full(len(hits), -1)
        for line, rule in enumerate(leading.tolist()):
            decided = int(d.outcome[d.kept[line]])
            name = f"rule {rule}" if rule >= 0 else f"outcome {decided}"  # a table, a scorecard or the flow decided
            if name in self._told or decided == 0:
                continue
            self._told.add(name)
            self.result.examples.append(self.opened.explain_kept(d, batch, line))
            if len(self.result.examples) >= EXAMPLES:
                return

    def _finish(self, folder: RunFolder | None, started: float) -> None:
        result = self.result
        result.digest = self._digest.hexdigest()
        result.outcomes = dict(zip(OUTCOMES, result.metrics.outcomes.tolist()))
        if not np.array_equal(self._enforced, result.metrics.outcomes):
            result.enforced = dict(zip(OUTCOMES, self._enforced.tolist()))
        result.marks = {mark: count for mark, count in zip(MARKS, self._marks.tolist()) if mark and count}
        names = [limit.name for limit in self.opened.compiled.policy.limits]
        result.limits = {name: count for name, count in zip(names, self._limits[1:].tolist()) if count}
        if self.shadow:
            result.shadow_hash, result.shadow_moved = self.shadow.opened.artifact.hash, self.shadow.moved()
        result.state = self.engine.facts()
        if self.engine.resuming is not None:
            result.waits = self.engine.resuming.holds.facts()
            result.came_to = dict(zip(OUTCOMES, self._came_to.tolist()))
        if self.engine.network is not None:
            result.state["network_largest_component"] = self.engine.network.largest_component()
        result.seconds = time.perf_counter() - started
        if folder:
            facts = result.to_dict() | {
                "input": str(self.events.resolve()), "source": self.source.name if self.source else None, "tenant": self.tenant,
                "batch": self.batch,
            }  # fmt: skip
            size = folder.finish(facts)
            result.bytes_per_decision = round(size / max(result.decided, 1), 2)
            result.out = folder.folder
            result.seconds = time.perf_counter() - started


def parse_delay(text: str) -> int:
    """A delay as milliseconds; InputError when it is not a duration."""
    try:
        return parse_duration_ms(text)
    except ValueError as wrong:
        raise InputError(str(wrong)) from None


def _dropped(outcome: Outcome, batch: EventBatch) -> list[Refusal]:
    """Repeats and noise, as lines of the dead-letter file: nothing vanishes without a trace."""
    rows = (
        {int(position): row for row, position in enumerate(batch.positions)} if outcome.repeats or outcome.noise else {}
    )
    said = [
        Refusal(
            p, str(batch.ids[rows[p]]), "id", "repeat", f"the same event came at position {first}; it changes nothing",
            f"与位置 {first} 的事件相同，不再处理",
        )
        for p, first in outcome.repeats
    ]  # fmt: skip
    said += [
        Refusal(
            p,
            str(batch.ids[rows[p]]),
            "",
            "noise",
            "a `drop` filter of its event type is true; it counts nowhere",
            "命中事件类型的 drop 过滤条件，不计入",
        )
        for p in outcome.noise
    ]
    return sorted(said, key=lambda r: r.position)
