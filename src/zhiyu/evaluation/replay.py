"""Replay: a file of events through a policy, from the first event to the report.

In: an events file or a feature tape, an opened policy, optional labels. Out: `Replayed`: counts, digest, metrics, three decisions
explained; decisions and dead letters in a run folder, and a feature tape, when they are asked for. Same input and policy give the same
digest for any batch size, and from a tape of that input.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from zhiyu.base.errors import InputError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.engine.decision_files import RunFolder
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.journal import take_journal
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.labels import LabelFile
from zhiyu.evaluation.redecide import Redecision
from zhiyu.evaluation.shadow import Shadow
from zhiyu.evaluation.tally import Replayed, Tally
from zhiyu.evaluation.tape import FACTS as TAPE_FACTS
from zhiyu.evaluation.tape import Tape, TapeWriter
from zhiyu.events.batch import EventBatch
from zhiyu.events.declare import Source
from zhiyu.events.decode import decode
from zhiyu.events.refusals import Refusal
from zhiyu.log.files import open_events

DEFAULT_BATCH = 65_536
WAITING_BATCH = 4_096
"""Events at a time where decisions wait: a batch is then decided in many small steps, and the less of it there is, the nearer it is."""
EXAMPLES = 3


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
        self.opened, self.events, self.out, self.tenant = opened, events, out, tenant
        self.batch = min(batch, WAITING_BATCH) if opened.compiled.waits else batch
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
        self.tally = Tally(opened, self.label_delay_ms)
        self.result = self.tally.result

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
            self.shadow.follow(raw, batch, outcome)

    def _take(self, outcome: Outcome, batch: EventBatch, refusals: list[Refusal], folder: RunFolder | None) -> None:
        """Count a batch, tell of it, and write it."""
        self.tally.take(outcome, batch, refusals)
        if folder:
            folder.write(outcome.decisions, batch)
            for resumed in outcome.resumed:
                folder.write_resumed(resumed)
            folder.dead_letters.write(sorted(refusals, key=lambda r: r.position))
            folder.dead_letters.write(_dropped(outcome, batch))
        if self.on_batch:
            self.on_batch(outcome, batch)

    def _finish(self, folder: RunFolder | None, started: float) -> None:
        result = self.tally.finish()
        if self.shadow:
            result.shadow_hash, result.shadow_moved = self.shadow.opened.artifact.hash, self.shadow.moved()
        result.state = self.engine.facts()
        if self.engine.resuming is not None:
            result.waits = self.engine.resuming.holds.facts()
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
