"""What models said in decisions that a server took, with the labels that have matured: nothing is decided again.

In: a data folder, names of models. Out: `RecordedScores`. The score of a challenger or a shadow stands in every decision beside that of the
champion, so models are compared on the events they met together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.decisions.layout import DRAWN_AGAINST, LET_THROUGH
from zhiyu.engine.event_frames import noted
from zhiyu.engine.kept import Kept
from zhiyu.engine.label_frames import noted_labels
from zhiyu.evaluation.metrics import let_through_share
from zhiyu.evaluation.span import Span
from zhiyu.log.frames import EVENTS, LABELS


@dataclass(frozen=True)
class RecordedScores:
    """n labelled decisions in which all the models had a score. `scores`: float64[n] per model; `label` int8[n], `weight` float64[n],
    `time_ms` int64[n]. `unlabelled`: decisions that are not among them because no label has matured."""

    scores: tuple[Array, ...]
    label: Array
    weight: Array
    time_ms: Array
    unlabelled: int


def recorded_scores(
    kept: Kept, models: Sequence[str], span: Span, say: Callable[[float], None] = lambda done: None
) -> RecordedScores:
    """Read the log, telling `say` how much is done; InputError when a model is in no policy of it, or nothing is labelled."""
    given, clock_ms, known = _labels(kept)
    parts: list[tuple[Array, ...]] = []
    unlabelled, seen = 0, set[str]()
    first, end = kept.log.first, max(kept.log.position, kept.log.first + 1)
    for frame in kept.log.frames(first):
        say((frame.header.first - first) / (end - first))
        if frame.header.kind != EVENTS:
            continue
        note = noted(frame.payload, kept.tenant)
        opened = kept.policy(note.policy)
        names = opened.recorded.models
        seen.update(names)
        d = note.decisions
        if not d.n or not set(models) <= set(names):
            continue
        scores = opened.recorded.scores(d)[[names.index(name) for name in models]]
        label = np.where(d.time_ms + note.batch.label_delay_ms <= clock_ms, d.labels, -1).astype(np.int8)
        for at in np.flatnonzero(np.isin(d.positions, known)).tolist() if len(known) else ():
            label[at] = given[int(d.positions[at])]
        weight = np.where(d.mark == LET_THROUGH, 1 / (let_through_share(opened.policy) or 1.0), 1.0)
        weight[np.isin(d.mark, DRAWN_AGAINST)] = 0.0
        met = ~np.isnan(scores).any(axis=0) & span.holds(d.time_ms) & (weight > 0)
        unlabelled += int((met & (label < 0)).sum())
        rows = met & (label >= 0)
        parts.append((*scores[:, rows], label[rows], weight[rows], d.time_ms[rows]))
    _require(models, seen)
    if not sum(len(part[-1]) for part in parts):
        raise InputError(
            f"no label has matured for an event that {', '.join(models)} scored; {unlabelled:,} wait for theirs",
            f"{'、'.join(models)} 打过分的事件尚无成熟标签；{unlabelled:,} 个仍在等待",
        )
    *scores_, label, weight, time_ms = (np.concatenate(each) for each in zip(*parts))
    return RecordedScores(tuple(scores_), label, weight, time_ms, unlabelled)


def _labels(kept: Kept) -> tuple[dict[int, int], int, Array]:
    """Labels that came by themselves, by position; the newest moment in the log; those positions."""
    given: dict[int, int] = {}
    clock_ms = 0
    for frame in kept.log.frames(kept.log.first):
        if frame.header.kind == LABELS:
            note = noted_labels(frame.payload)
            given |= zip(note.event_positions.tolist(), note.fraud.tolist())
        elif frame.header.kind == EVENTS:
            clock_ms = max(clock_ms, int(noted(frame.payload, kept.tenant).judged.received.max(initial=0)))
    return given, clock_ms, np.array(list(given), np.int64)


def _require(models: Sequence[str], seen: set[str]) -> None:
    for name in models:
        if name not in seen:
            hint = did_you_mean(name, sorted(seen))
            listed = ", ".join(sorted(seen)) or "none"
            raise InputError(
                f"no model '{name}' decided there; {hint.en or f'there were: {listed}'}",
                f"其中没有模型“{name}”；{hint.zh or f'已有：{listed}'}",
            )
