"""Labels that events say, joined to the decisions they are about, each with the time at which it was known.

In: the outcomes and events of a replay, batch by batch, and the name of a derived label that names `of`, `by` or `about`, and `within`.
Out: `EventLabelled`: every decision of those types that is settled. What was said within the time settles it, at the moment it was said;
when nothing was said of fraud, the time being over does.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass

import numpy as np

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.base.windows import parse_duration_ms
from zhiyu.engine.derived_labels import DerivedLabels
from zhiyu.engine.engine import Outcome
from zhiyu.engine.holds import shown_of
from zhiyu.engine.opened import Opened
from zhiyu.events.batch import EventBatch
from zhiyu.policy.declare_labels import DerivedLabel


@dataclass(frozen=True, slots=True)
class EventLabelled:
    """n decisions in log order. `position` int64[n]; `label` int8[n]: 1 fraud, 0 good; `known_ms` int64[n]: when that was known."""

    position: Array
    label: Array
    known_ms: Array


class EventLabels:
    """Feed `take` with every batch of a replay, then ask `labelled`. InputError for a name that is none, or labels nothing."""

    def __init__(self, opened: Opened, name: str) -> None:
        self.label = _named(opened, name)
        self.within_ms = parse_duration_ms(self.label.within)
        self._derived, self._codes = (
            DerivedLabels([plan for plan in opened.compiled.labels if plan.name == name]),
            opened.codes,
        )
        schema = opened.compiled.schema
        self._column = schema.index[self.label.by] if self.label.by else -1
        self._types = {schema.type_index[each]: each for each in self.label.of}
        self._candidates: list[tuple[Array, Array, Array]] = []
        self._said: dict[int, list[int]] = {}
        self._end = -(1 << 62)

    def take(self, outcome: Outcome, batch: EventBatch) -> None:
        """One batch."""
        d = outcome.decisions
        if outcome.judged is not None and len(outcome.judged.received):
            self._end = max(self._end, int(outcome.judged.received.max()))
        mine = np.flatnonzero(np.isin(d.type_index, list(self._types)))
        if len(mine):
            rows = d.rows[mine]
            keys, known = self._key_of(batch, rows, d.id_code[mine])
            self._candidates.append((d.positions[mine][known], d.time_ms[mine][known], keys[known]))
        self._listen(outcome, batch)

    def _key_of(self, batch: EventBatch, rows: Array, ids: Array) -> tuple[Array, Array]:
        """By what a decision is found, int64[n], and which have it: its value of the shared field, or the code of its id."""
        if self._column >= 0:
            return batch.values[self._column, rows], batch.nulls[self._column, rows] == 0
        return ids[:, 0].astype(np.uint64).view(np.int64), np.ones(len(rows), np.bool_)

    def _listen(self, outcome: Outcome, batch: EventBatch) -> None:
        judged = outcome.judged
        accepted = np.flatnonzero(judged.status == 0) if judged is not None else np.arange(batch.n)
        said = self._derived.said(batch.type_index[accepted], batch.values[:, accepted], batch.nulls[:, accepted])
        rows = accepted[said.at]
        if not len(rows):
            return
        when = judged.received[rows] if judged is not None else batch.time_ms[rows]
        for moment, keys in zip(when.tolist(), self._about(batch, rows)):
            for key in keys:
                self._said.setdefault(key, []).append(moment)

    def _about(self, batch: EventBatch, rows: Array) -> list[list[int]]:
        """The keys of what each of these rows is about."""
        if self._column >= 0:
            known = batch.nulls[self._column, rows] == 0
            return [
                [key] if there else [] for key, there in zip(batch.values[self._column, rows].tolist(), known.tolist())
            ]
        texts = shown_of(batch.shown[self.label.about], rows.tolist()) if self.label.about in batch.shown else []
        return [[] if text is None else [self._id_key(kind, text) for kind in self._types.values()] for text in texts]

    def _id_key(self, kind: str, text: str) -> int:
        return int(np.array([self._codes.derived(f"id {kind}").wide(text)[0]], np.uint64).view(np.int64)[0])

    def labelled(self) -> EventLabelled:
        """Every decision that is settled by the end of what was taken."""
        none = np.zeros(0, np.int64)
        position, time, key = (
            (np.concatenate([none, *parts]) for parts in zip(*self._candidates)) if self._candidates else (none,) * 3
        )
        said = {each: sorted(moments) for each, moments in self._said.items()}
        known, told = time + self.within_ms, np.zeros(len(time), np.bool_)
        for at in np.flatnonzero(np.isin(key, list(said))).tolist():
            moments = said[int(key[at])]
            first = bisect_right(moments, int(time[at]))
            if first < len(moments) and moments[first] <= known[at]:
                known[at], told[at] = moments[first], True
        settled = told | ((known <= self._end) & self.label.fraud)
        label = (told & self.label.fraud).astype(np.int8)
        return EventLabelled(position[settled], label[settled], known[settled])


def _named(opened: Opened, name: str) -> DerivedLabel:
    """A derived label that labels decisions."""
    names = [each.name for each in opened.policy.labels]
    if name not in names:
        hint = did_you_mean(name, names)
        said = f"; {hint.en}" if hint.en else f"; it derives: {', '.join(names) or 'none'}"
        raise InputError(
            f"the policy derives no label '{name}'{said}", f"策略没有派生标签“{name}”；已有：{'、'.join(names) or '无'}"
        )
    label = opened.policy.labels[names.index(name)]
    if not label.of:
        raise InputError(
            f"label '{name}' labels no decisions; give it `of`, `by` or `about`, and `within`",
            f"标签“{name}”未标注任何决策；请写明 `of`、`by` 或 `about`，以及 `within`",
        )
    return label
