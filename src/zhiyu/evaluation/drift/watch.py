"""One model watched over a file, or over what a server decided.

In: a package; a policy with events and labels, or a data folder. Out: facts for the page and for programs. Values are made by the kernel
that decides: from a file by a replay, from a log by deciding again what was decided, so they are what the model saw, to the bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.decisions.layout import DRAWN_AGAINST, LET_THROUGH
from zhiyu.engine.engine import Outcome
from zhiyu.engine.event_frames import Noted, noted
from zhiyu.engine.kept import Kept
from zhiyu.engine.label_frames import noted_labels
from zhiyu.engine.live_decode import joined
from zhiyu.engine.opened import Opened
from zhiyu.engine.redo import Redo
from zhiyu.evaluation.drift.inputs import ModelInputs
from zhiyu.evaluation.drift.judge import Limits, alerts_of, day_facts, hour_facts, overall
from zhiyu.evaluation.drift.windows import Windows
from zhiyu.evaluation.metrics import let_through_share
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.training.judge import judged
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS, LABELS, RELEASE
from zhiyu.models.package import Package, hash_of, read
from zhiyu.models.scorer import Scorer


class Watch:
    """Takes decisions, batch by batch; `facts()` at the end. A label has matured when it was known before the newest event came in."""

    def __init__(self, package: Package, span: Span | None = None, limits: Limits | None = None) -> None:
        if not package.baseline:
            raise InputError(
                f"the package '{package.name}' has no baseline to hold anything against; train it with `zhiyu train`",
                f"模型包“{package.name}”没有训练基线；请用 `zhiyu train` 训练",
            )
        self.package, self.span, self.limits = package, span or Span.read("", ""), limits or Limits()
        self.windows, self.left_out, self.clock_ms = Windows(package), 0, 0
        self._scorer = Scorer(package)
        self._inputs: dict[str, ModelInputs] = {}
        self._labelled: list[tuple[Array, ...]] = []

    def take(self, opened: Opened, outcome: Outcome, batch: EventBatch, labels: Array, known_ms: Array) -> None:
        """Decisions of a batch that kept all their values; `labels` int64[n] with the time at which each was known."""
        own, d = self._of(opened), outcome.decisions
        self.clock_ms = max(self.clock_ms, int(d.received_ms.max(initial=0)))
        if own.missing:
            self.left_out += d.n
            return
        lines = own.lines(d)
        lines = lines[self.span.holds(d.time_ms[lines])]
        if not len(lines):
            return
        inputs = own.read(batch, d, lines)
        score = self._scorer.scores(inputs)
        weight = np.where(d.mark[lines] == LET_THROUGH, 1 / (let_through_share(opened.policy) or 1.0), 1.0)
        weight[np.isin(d.mark[lines], DRAWN_AGAINST)] = 0.0
        self.windows.take(d.time_ms[lines], inputs, score)
        label = labels[lines]
        self._labelled.append(
            tuple(each[label >= 0] for each in (d.time_ms[lines], score, label, weight, known_ms[lines]))
        )

    def _of(self, opened: Opened) -> ModelInputs:
        key = opened.artifact.hash
        if key not in self._inputs:
            self._inputs[key] = ModelInputs(opened, self.package)
        return self._inputs[key]

    def facts(self) -> dict[str, Any]:
        """Everything; InputError when the model met nothing."""
        whole = self.windows.whole()
        if not whole.rows:
            why = {name for each in self._inputs.values() for name in each.missing}
            en, zh = "the model met no event there", "该范围内没有该模型可打分的事件"
            if why:
                en, zh = (
                    f"{en}: the policy does not compute {', '.join(sorted(why))}",
                    f"{zh}：策略未计算 {'、'.join(sorted(why))}",
                )
            raise InputError(en, zh)
        time_ms, score, label, weight, known_ms = (np.concatenate(parts) for parts in zip(*self._labelled))
        matured = known_ms <= self.clock_ms
        self._labelled = [(time_ms, score, label, weight, known_ms)]
        score, label, weight = score[matured], label[matured], weight[matured]
        self.windows.mature(time_ms[matured], score, label, weight)
        whole = self.windows.whole()
        package = hash_of(self.package)
        return {
            "model": self.package.name, "package": package, "rows": whole.rows, "left_out": self.left_out, "labelled": whole.labelled,
            "inputs": list(overall(self.windows)), "now": judged(score, label, weight),
            "days": [day_facts(self.windows, each) for each in self.windows.per_day()],
            "hours": [hour_facts(self.windows, each) for each in self.windows.per_hour()],
            "limits": {"stability": self.limits.stability, "missing": self.limits.missing, "calibration": self.limits.calibration},
            "alerts": alerts_of(self.windows, self.limits, self.package.name, package),
        }  # fmt: skip


def watch_log(kept: Kept, watch: Watch, say: Callable[[float], None] = lambda done: None) -> None:
    """Everything that a data folder keeps, decided again; labels that came by themselves are known when they are in the log."""
    given: dict[int, tuple[int, int]] = {}
    for frame in kept.log.frames(kept.log.first):
        if frame.header.kind == LABELS:
            note = noted_labels(frame.payload)
            given |= zip(note.event_positions.tolist(), zip(note.fraud.tolist(), note.due.tolist()))
    redo = Redo(kept, say, False, [])
    first = _first_of(kept, watch.span)

    def seen(notes: list[Noted], outcome: Outcome) -> None:
        d, batch = outcome.decisions, joined([note.batch for note in notes])
        labels, known = d.labels.astype(np.int64), d.time_ms + batch.label_delay_ms
        for at in np.flatnonzero(np.isin(d.positions, list(given))).tolist() if given else ():
            labels[at], known[at] = given[int(d.positions[at])]
        watch.take(redo.in_force(), outcome, batch, labels, known)

    redo.through(first, kept.log.position, seen)


def _first_of(kept: Kept, span: Span) -> int:
    """The segment from which on everything of the span lies; the begin of the log for an open one."""
    if span.from_ms is None:
        return kept.log.first
    for segment in reversed(kept.log.segments):
        frame = next((each for each in kept.log.frames(segment.first) if each.header.kind == EVENTS), None)
        if frame is not None and int(noted(frame.payload, kept.tenant).judged.received[0]) < span.from_ms:
            return segment.first
    return kept.log.first


def model_of(kept: Kept, name: str) -> Package:
    """The package of a model of the policy in force, by its name; InputError when there is none."""
    opened = kept.policy(policy_in_force(kept))
    for each in opened.compiled.models:
        if each.name == name:
            return each.package
    names = [each.name for each in opened.compiled.models]
    raise InputError(
        f"no model '{name}' in the policy in force; it has: {', '.join(names) or 'none'}",
        f"现行策略没有模型“{name}”；已有：{'、'.join(names) or '无'}",
    )


def policy_in_force(kept: Kept) -> str:
    """The hash of the policy that decides at the end of the log; InputError when nothing was decided yet."""
    found = ""
    for frame in kept.log.frames(kept.log.first):
        if frame.header.kind == RELEASE:
            found = kept.releases.read(frame).hash
        elif frame.header.kind == EVENTS and not found:
            found = noted(frame.payload, kept.tenant).policy
    if not found:
        raise InputError(f"nothing was decided yet in {kept.folder}", f"{kept.folder} 中尚无决策")
    return found


def watch_events(
    opened: Opened, events: Path, watch: Watch, source: str | None, labels: Path | None, label_delay: str | None
) -> Iterator[float]:
    """A file under a policy with all its features; yields how much is done."""

    def take(outcome: Outcome, batch: EventBatch) -> None:
        d = outcome.decisions
        watch.take(opened, outcome, batch, d.labels, d.time_ms + batch.label_delay_ms)

    yield from Replay(
        opened,
        events,
        source=source,
        labels=labels,
        label_delay=label_delay,
        tenant=opened.tenant,
        keep_all=True,
        on_batch=take,
    ).steps()


def read_package(name: str, kept: Kept | None) -> Package:
    """A package by its file, or, over a data folder, by the name of the model."""
    path = Path(name)
    if path.is_file():
        return read(path.read_bytes())
    if kept is not None:
        return model_of(kept, name)
    raise InputError(f"no model package at '{name}'", f"没有模型包“{name}”")
