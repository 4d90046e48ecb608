"""A replay becomes a training set: every decision with its features as they were at that moment, and its label with the time it arrived.

In: a policy opened with all features, an events file or a tape, labels. Out: `TrainingSet`. The kernel that decides live makes the
features, so none of them can know what came later; nothing is joined afterwards but the label. Good events may be thinned by a draw on
their position, with weights kept; decisions of the let-through lottery stand for all that it could have drawn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from zhiyu.base.errors import InputError, did_you_mean
from zhiyu.base.jit import Array
from zhiyu.decisions.layout import DRAWN_AGAINST, LET_THROUGH
from zhiyu.engine.engine import Outcome
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.event_labels import EventLabels
from zhiyu.evaluation.metrics import let_through_share
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.tuning.collect import drawn
from zhiyu.events.batch import EventBatch
from zhiyu.models.package import Input
from zhiyu.policy.check_models import input_of, reads_score

MAX_TEXTS = 64
"""Different texts of one input at most; a text with more of them is no property but a name, and is left out."""
MAX_CELLS = 400_000_000
"""Values of a training set, eight bytes each."""


@dataclass(frozen=True)
class TrainingSet:
    """n labelled decisions in log order. `values` float64[n, F]: inputs, NaN for null. `label` int8[n]: 1 fraud, 0 good. `weight`
    float64[n].

    `time_ms`, `known_ms` int64[n]: when it happened, when its label had arrived. `money` int64[n] minor units, `position` int64[n].
    """

    inputs: tuple[Input, ...]
    position: Array
    time_ms: Array
    known_ms: Array
    label: Array
    weight: Array
    money: Array
    values: Array
    left_out: tuple[str, ...] = ()
    keys: dict[str, Array] = field(default_factory=dict)

    @property
    def n(self) -> int:
        """Rows."""
        return len(self.label)

    def at(self, rows: Array) -> TrainingSet:
        """Some rows (bool[n] or indices)."""
        return TrainingSet(
            self.inputs, self.position[rows], self.time_ms[rows], self.known_ms[rows], self.label[rows], self.weight[rows],
            self.money[rows],
            self.values[rows], self.left_out, {name: codes[rows] for name, codes in self.keys.items()},
        )  # fmt: skip


class Gathering:
    """Collects a training set from a replay. Iterate `steps()` for progress (0..1), then call `finish()`."""

    def __init__(
        self, opened: Opened, events: Path, *, on: Sequence[str] = (), names: Sequence[str] = (), without: Sequence[str] = (),
        source: str | None = None, labels: Path | None = None, label_delay: str | None = None, span: Span | None = None,
        keep_good: float = 1.0, seed: int = 1, keys: Sequence[str] = (), label: str = "",
    ) -> None:  # fmt: skip
        """`label`: a label that the policy derives from events; it takes the place of labels that come with them."""
        if not 0 < keep_good <= 1:
            raise InputError(
                f"--keep-good is above 0 and at most 1, not {keep_good}",
                f"--keep-good 应大于 0 且不超过 1，不是 {keep_good}",
            )
        self.opened, self.span, self.keep_good, self.seed, self.keys = (
            opened,
            span or Span.read("", ""),
            keep_good,
            seed,
            keys,
        )
        known = opened.compiled.checked.known
        self.derived = EventLabels(opened, label) if label else None
        self.on = tuple(on) or (self.derived.label.of if self.derived else tuple(sorted(known.deciding)))
        for name in self.on:
            if name not in known.deciding:
                hint = did_you_mean(name, known.deciding)
                raise InputError(
                    f"no decided event type '{name}'; {hint.en}".rstrip("; "),
                    f"没有决策类事件“{name}”；{hint.zh}".rstrip("；"),
                )
        self.share = let_through_share(opened.policy) or 1.0
        self.inputs = chosen_inputs(opened, self.on, names, without)
        self._columns = [ValueColumn.of(opened, each.name) for each in self.inputs]
        self._keys = [ValueColumn.of(opened, name) for name in keys]
        self._parts: list[dict[str, Array]] = []
        self._texts: list[dict[int, str]] = [{} for _ in self.inputs]
        self._cells = 0
        self.clock_ms = 0
        """The newest moment at which an event was received."""
        self.replay = Replay(
            opened,
            events,
            source=source,
            labels=labels,
            label_delay=label_delay,
            tenant=opened.tenant,
            keep_all=True,
            on_batch=self._take,
        )
        self._types = np.array([event.name in self.on for event in opened.compiled.schema.types])

    def steps(self) -> Any:
        """Work batch by batch; yields how much is done."""
        return self.replay.steps()

    def _take(self, outcome: Outcome, batch: EventBatch) -> None:
        """Add the labelled decisions of a batch."""
        d = outcome.decisions
        self.clock_ms = max(self.clock_ms, int(d.received_ms.max(initial=0)))
        if self.derived is not None:
            self.derived.take(outcome, batch)
        asked = self._types[d.type_index] & self.span.holds(d.time_ms)
        lines = np.flatnonzero(asked & (self._kept(d.labels, d.positions) if self.derived is None else True))
        weight = np.where(d.labels == 1, 1.0, 1.0 / self.keep_good)
        weight = np.where(d.mark == LET_THROUGH, weight / self.share, weight)
        weight[np.isin(d.mark, DRAWN_AGAINST)] = 0.0
        lines = lines[weight[lines] > 0]
        if not len(lines):
            return
        assert len(d.kept) == d.n, "a replay that keeps all values keeps them in order"
        rows = d.rows[lines]
        values = np.empty((len(lines), len(self.inputs)))
        for number, (given, column) in enumerate(zip(self.inputs, self._columns)):
            registers, nulls = column.read(batch, d, rows, lines)
            if given.kind == "string":
                values[:, number] = self._ordinals(number, column, batch, registers, nulls, rows)
            else:
                values[:, number] = numbers_of(given, registers, nulls)
        part = {
            "position": d.positions[lines], "time_ms": d.time_ms[lines], "known_ms": batch.labels_known_ms[rows],
            "label": d.labels[lines].astype(np.int8), "weight": weight[lines], "money": d.money[lines], "values": values,
        }  # fmt: skip
        part |= {f"key {name}": column.read(batch, d, rows, lines)[0] for name, column in zip(self.keys, self._keys)}
        self._parts.append(part)
        self._cells += values.size
        if self._cells > MAX_CELLS:
            en = f"more than {MAX_CELLS} values to train on; give --from and --until, or --keep-good"
            raise InputError(en, f"训练数据超过 {MAX_CELLS} 个值；请用 --from、--until 或 --keep-good")

    def _kept(self, label: Array, position: Array) -> Array:
        """bool[n]: frauds, and those goods that the draw on their position keeps."""
        drawn_in = drawn(position, self.seed) < np.uint64(min(int(self.keep_good * 2.0**64), 2**64 - 1))
        kept: Array = (label == 1) | ((label == 0) & drawn_in)
        return kept

    def _said_by_events(self, whole: dict[str, Array]) -> dict[str, Array]:
        """The rows that events have settled, with what they said and when that was known; goods thinned by the same draw."""
        assert self.derived is not None
        found = self.derived.labelled()
        order = np.argsort(found.position)
        place = np.searchsorted(found.position[order], whole["position"])
        there = place < len(order)
        there[there] = found.position[order][place[there]] == whole["position"][there]
        at = order[place[there]]
        whole = {name: column[there] for name, column in whole.items()}
        whole["label"], whole["known_ms"] = found.label[at], found.known_ms[at]
        whole["weight"] = np.where(whole["label"] == 1, whole["weight"] * self.keep_good, whole["weight"])
        kept = self._kept(whole["label"], whole["position"])
        return {name: column[kept] for name, column in whole.items()}

    def _ordinals(
        self, number: int, column: ValueColumn, batch: EventBatch, codes: Array, nulls: Array, rows: Array
    ) -> Array:
        """Texts by the order in which they came, NaN for null; their letters are remembered up to the limit of different ones."""
        texts, known = self._texts[number], nulls == 0
        shown = batch.shown.get(column.name)
        found = np.full(len(codes), np.nan)
        distinct, first, inverse = np.unique(codes[known], return_index=True, return_inverse=True)
        places = np.empty(len(distinct))
        for at in np.argsort(first).tolist():
            code, row = int(distinct[at]), int(rows[known][first[at]])
            if code not in texts and len(texts) <= MAX_TEXTS:
                text: Any = shown[row] if shown is not None else None
                texts[code] = str(text.as_py() if hasattr(text, "as_py") else text)
            places[at] = list(texts).index(code) if code in texts else np.nan
        found[known] = places[inverse] if len(distinct) else 0.0
        return found

    def finish(self) -> TrainingSet:
        """Everything as one; InputError when nothing is labelled."""
        if not self._parts:
            en = "no labelled decision of these event types in that span; give --labels FILE, or declare `label:` in the source"
            raise InputError(en, "该时间段内没有带标签的决策；请用 --labels，或在来源中声明 label")
        whole = {name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}
        self._parts.clear()
        if self.derived is not None:
            whole = self._said_by_events(whole)
        values, inputs, left_out = whole.pop("values"), [], []
        for number, (given, texts) in enumerate(zip(self.inputs, self._texts)):
            if given.kind != "string":
                inputs.append(given)
            elif 0 < len(texts) <= MAX_TEXTS:
                names = tuple(sorted(texts.values()))
                order = np.array([float(names.index(text)) for text in texts.values()])
                known = ~np.isnan(values[:, number])
                values[known, number] = order[values[known, number].astype(int)]
                inputs.append(msgspec.structs.replace(given, categories=names))
            else:
                left_out.append(given.name)
        keep = [number for number, given in enumerate(self.inputs) if given.name not in left_out]
        keys = {name: whole.pop(f"key {name}") for name in self.keys}
        return TrainingSet(
            tuple(inputs), values=np.ascontiguousarray(values[:, keep]), left_out=tuple(left_out), keys=keys, **whole
        )


@dataclass(frozen=True)
class ValueColumn:
    """Where the value of a name stands: a column of the event (row), or a kept value (line); -1 for neither."""

    name: str
    row: int
    line: int

    @staticmethod
    def of(opened: Opened, name: str) -> ValueColumn:
        """Where it stands under this policy."""
        kept = {feature.name: number for number, feature in enumerate(opened.compiled.features)}
        return ValueColumn(name, opened.compiled.schema.index.get(name, -1), kept.get(name, -1))

    def read(self, batch: EventBatch, d: Any, rows: Array, lines: Array) -> tuple[Array, Array]:
        """(bits int64, marks uint8) of the chosen decisions."""
        if self.line >= 0:
            return np.ascontiguousarray(d.kept_values[lines, self.line]), d.kept_nulls[lines, self.line]
        return np.ascontiguousarray(batch.values[self.row, rows]), batch.nulls[self.row, rows]


def numbers_of(given: Input, values: Array, nulls: Array) -> Array:
    """Register bits as the numbers a model sees, float64; NaN for null and error."""
    if given.kind == "float":
        found = values.view(np.float64).copy()
    else:
        found = values / float(10**given.scale) if given.kind == "fixed" else values.astype(np.float64)
    found[nulls != 0] = np.nan
    return found


def chosen_inputs(opened: Opened, on: Sequence[str], names: Sequence[str], without: Sequence[str]) -> tuple[Input, ...]:
    """Everything a model may read on these event types, in the order of the policy: fields, derived fields, features; or `names` of them.

    Left out by themselves: entities (who it is, not how it is), personal and absolute values, scores of other models.
    """
    checked = opened.compiled.checked
    types = checked.typed_on(on)
    kept = {column.name for column in opened.compiled.features}
    entities = {name for event in checked.policy.events for name, each in event.fields.items() if each.entity}
    keys = {
        key
        for each in checked.features.values()
        for key in ([each.feature.by] if isinstance(each.feature.by, str) else each.feature.by)
    }
    columns = [
        c.name
        for c in checked.known.schema.columns
        if c.role in ("field", "signal") and not checked.known.missing_on(c.name, on)
    ]
    found: dict[str, Input] = {}
    for name in dict.fromkeys((*columns, *(n for n in types if n in kept))):
        named = name in names
        if name in types and (named or name not in entities | keys) and not reads_score(checked, name):
            given = input_of(checked, name, types[name])
            if given is not None:
                found[name] = given
    for name in (*names, *without):
        if name not in found and name not in entities | keys:
            hint = did_you_mean(name, found)
            en = f"'{name}' cannot be an input of a model here; {hint.en}".rstrip("; ")
            raise InputError(en, f"“{name}”不能作模型输入；{hint.zh}".rstrip("；"))
    wanted = [name for name in (names or found) if name not in without and name in found]
    if not wanted:
        raise InputError(
            "the policy has nothing a model could read on these event types", "策略在这些事件类型上没有可用的模型输入"
        )
    return tuple(found[name] for name in wanted)
