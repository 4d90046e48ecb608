"""Two policies over one file, each with an engine of its own: the plain source of decisions for a comparison.

In: an events file, two opened policies, optional labels. Out: `Pair`s, batch by batch. The file is read once when both policies read it
through the same source, and decoded once when their event schemas are equal too.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from zhiyu.base.errors import InputError
from zhiyu.base.windows import parse_duration_ms
from zhiyu.engine.engine import Engine
from zhiyu.engine.journal import take_journal
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.labels import LabelFile
from zhiyu.evaluation.paired import Pair, Side
from zhiyu.evaluation.replay import choose_source, parse_delay
from zhiyu.events.batch import Decoded, RawBatch
from zhiyu.events.declare import Source
from zhiyu.events.decode import decode
from zhiyu.log.files import open_events

DEFAULT_DELAY = "7d"


class Reader:
    """One policy's way from raw rows to decisions."""

    def __init__(
        self, opened: Opened, source: str | None, label_delay: str | None, labels: LabelFile | None, lists: Path | None
    ) -> None:
        self.opened, self.labels = opened, labels
        self.source = choose_source(opened, source)
        self.label_delay_ms = parse_delay(label_delay) if label_delay else _declared_delay(self.source)
        self.engine = Engine(opened.compiled, opened.codes, opened.tenant)
        if lists is not None:
            take_journal(self.engine, opened, lists)

    def decode(self, raw: RawBatch) -> Decoded:
        """Typed columns of this policy's schema, with labels."""
        found = decode(self.opened.compiled.schema, self.source, raw, self.opened.codes, self.opened.tenant)
        if self.labels is not None:
            found.batch.labels = self.labels.of(found.batch)
        return found

    def decide(self, raw: RawBatch, decoded: Decoded) -> Side:
        """Decisions of the batch, and what became of the rest."""
        batch = decoded.batch
        batch.label_delay_ms = self.label_delay_ms
        outcome = self.engine.process(batch)
        refusals = [*raw.refusals, *decoded.refusals, *outcome.refusals]
        repeats = [position for position, _ in outcome.repeats]
        return Side(outcome.decisions, batch, refusals, repeats, outcome.noise, outcome.held, outcome.resumed)


class TwoEngines:
    """Iterate once. InputError when the two policies want the file in different orders: positions would not agree."""

    def __init__(
        self, live: Opened, candidate: Opened, events: Path, batch: int, *, source: str | None = None,
        labels: Path | None = None, label_delay: str | None = None, lists: Path | None = None,
    ) -> None:  # fmt: skip
        self.events = events
        found = LabelFile(labels) if labels else None
        self.live, self.candidate = (Reader(each, source, label_delay, found, lists) for each in (live, candidate))
        self.label_delay_ms = self.live.label_delay_ms
        self.one_source = self.live.source == self.candidate.source
        self.one_decode = self.one_source and _same_columns(live, candidate)
        if not self.one_source and _order(self.live.source) != _order(self.candidate.source):
            raise InputError(
                "the sources of the two policies put the file in different orders; declare `order` and `time` alike",
                "两个策略的来源对文件的排序方式不同；请将 order 与 time 声明一致",
            )
        self._file = open_events(events, self.live.source, batch)
        self._other = self._file if self.one_source else open_events(events, self.candidate.source, batch)

    def progress(self) -> float:
        """How much of the file has been read."""
        return self._file.progress()

    def __iter__(self) -> Iterator[Pair]:
        """Both engines, batch by batch."""
        if self.one_source:
            for raw in self._file:
                yield self._step(raw, raw)
            self._require_labels()
            return
        for ours, theirs in zip(self._file, self._other, strict=True):
            assert np.array_equal(ours.where()[0], theirs.where()[0]), (
                "two readings of one file differ in their batches"
            )
            yield self._step(ours, theirs)
        self._require_labels()

    def _require_labels(self) -> None:
        if self.live.labels is not None:
            self.live.labels.require_matches(self.events)

    def _step(self, ours: RawBatch, theirs: RawBatch) -> Pair:
        decoded = self.live.decode(ours)
        other = decoded if self.one_decode else self.candidate.decode(theirs)
        live = self.live.decide(ours, decoded)
        return Pair(live, self.candidate.decide(theirs, other), len(ours) + len(ours.refusals))


def _declared_delay(source: Source | None) -> int:
    return parse_duration_ms(source.label.delay if source and source.label else DEFAULT_DELAY)


def _order(source: Source | None) -> tuple[str, object]:
    if source is None or source.order == "arrival":
        return "arrival", None
    return "time", source.time


def _same_columns(live: Opened, candidate: Opened) -> bool:
    """Whether both decode alike: the same columns of the same declared events, keyed alike. Derived fields and drops come later."""
    one, other = live.compiled.schema, candidate.compiled.schema
    read, also = ([replace(event, derive={}, drop=()) for event in schema.types] for schema in (one, other))
    return (
        one.columns == other.columns and read == also and one.prepared == other.prepared
        and live.tenant == candidate.tenant and live.codes.key == candidate.codes.key
    )  # fmt: skip
