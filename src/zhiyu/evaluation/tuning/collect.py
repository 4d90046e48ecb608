"""A replay becomes rows to look at. The one place that knows where values come from: events, or a tape that was recorded of them.

In: an opened policy with all features, an events file or a feature tape, labels. Out: `Observed`, in bounded memory: past the limit of
rows, goods (and unlabelled) that pass are thinned to one in 2, 4, 8 … by a hash of their position, and their weight says so; frauds, and
whatever the live policy did not pass, are few: they are thinned apart. How far goods are thinned depends on the number of decisions
alone, never on a label.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.engine.engine import Outcome
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.metrics import let_through_share
from zhiyu.evaluation.paired import weights_of
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.tape import usable
from zhiyu.evaluation.tuning.observed import Observed
from zhiyu.events.batch import EventBatch

MAX_CELLS = 40_000_000
"""Values held at once, nine bytes each."""
MAX_ROWS = 1_500_000


def observe(
    opened: Opened, events: Path, *, source: str | None = None, labels: Path | None = None, label_delay: str | None = None,
    seed: int = 1, most: int = MAX_ROWS, told: Callable[[float], None] = lambda done: None, tape: Path | None = None,
    lists: Path | None = None,
) -> Observed:  # fmt: skip
    """Replay `events` and keep what tuning needs; `told` hears how much is done. With a `tape` they are decided over it, and it is recorded
    when there is none that fits. InputError when no decision has a label."""
    width = len(opened.compiled.schema.columns) + len(opened.compiled.features) + len(opened.compiled.rule_order)
    rows = _Rows(opened, seed, max(1, min(most, MAX_CELLS // max(width, 1))))
    run = Replay(
        opened, events, source=source, labels=labels, label_delay=label_delay, tenant=opened.tenant, keep_all=True, on_batch=rows.take,
        tape=tape, lists=lists,
    )  # fmt: skip
    if tape is not None and usable(tape, [opened], run.recording()):
        run = Replay(opened, tape, tenant=opened.tenant, keep_all=True, on_batch=rows.take, lists=lists)
    for done in run.steps():
        told(done)
    if not rows.labelled:
        raise InputError(
            f"no decision of {events} has a label; give --labels FILE, or declare `label:` in the source of the policy",
            f"{events} 的决策都没有标签；请用 --labels 指定标签文件，或在策略的来源中声明 label",
        )
    return rows.finish(run.label_delay_ms)


@dataclass
class _Rows:
    """Kept rows so far, in chunks; `goods` and `rare` are the powers of two by which each kind is thinned."""

    opened: Opened
    seed: int
    most: int
    chunks: list[dict[str, Array]] = field(default_factory=list)
    seen: int = 0
    seen_rare: int = 0
    labelled: int = 0
    clock_ms: int = 0
    goods: int = 0
    rare: int = 0

    @property
    def _columns(self) -> int:
        """Registers an event brings by itself; behind them a tape puts the features it gives."""
        return len(self.opened.compiled.schema.columns)

    def take(self, outcome: Outcome, batch: EventBatch) -> None:
        """Add the decisions of a batch."""
        d = outcome.decisions
        if not d.n:
            return
        assert len(d.kept) == d.n, "a replay that keeps all values keeps them in order"
        chunk: dict[str, Array] = {
            "position": d.positions, "time_ms": d.time_ms, "label": d.labels.astype(np.int8), "money": d.money,
            "outcome": d.outcome, "type_index": d.type_index.astype(np.int16), "draw": drawn(d.positions, self.seed),
            "rare": (d.labels == 1) | (d.outcome > 0),
            "truth": weights_of(d, let_through_share(self.opened.policy) or 0.0),
            "values": np.concatenate([batch.values[: self._columns, d.rows], d.kept_values.T]),
            "nulls": np.concatenate([batch.nulls[: self._columns, d.rows], d.kept_nulls.T]),
        }  # fmt: skip
        self.seen += d.n
        self.seen_rare += int(chunk["rare"].sum())
        self.labelled += int((d.labels >= 0).sum())
        self.clock_ms = max(self.clock_ms, int(d.received_ms[-1]))
        before = self.goods, self.rare
        self.goods, self.rare = _level(self.seen, self.most), _level(self.seen_rare, self.most)
        if before != (self.goods, self.rare):
            self.chunks = [self._thinned(each) for each in self.chunks]
        self.chunks.append(self._thinned(chunk))

    def _thinned(self, chunk: dict[str, Array]) -> dict[str, Array]:
        mask = np.where(chunk["rare"], (1 << self.rare) - 1, (1 << self.goods) - 1).astype(np.uint64)
        keep = (chunk["draw"] & mask) == 0
        return chunk if keep.all() else {name: column[..., keep] for name, column in chunk.items()}

    def finish(self, delay_ms: int) -> Observed:
        """All chunks as one."""
        names = list(self.chunks[0])
        whole = {name: np.ascontiguousarray(np.concatenate([c[name] for c in self.chunks], axis=-1)) for name in names}
        self.chunks.clear()
        weight = np.where(whole["rare"], 1 << self.rare, 1 << self.goods).astype(np.int64)
        del whole["draw"], whole["rare"]
        types = self.opened.compiled.schema.type_index
        return Observed(
            **whole, weight=weight, layout=_layout(self.opened), types=types, seen=self.seen, clock_ms=self.clock_ms, delay_ms=delay_ms
        )  # fmt: skip


def _layout(opened: Opened) -> dict[str, int]:
    columns = opened.compiled.schema.columns
    layout = {column.name: number for number, column in enumerate(columns)}
    return layout | {f.name: len(columns) + number for number, f in enumerate(opened.compiled.features)}


def _level(rows: int, most: int) -> int:
    level = 0
    while rows >> level > most:
        level += 1
    return level


def drawn(positions: Array, seed: int) -> Array:
    """uint64[n]: well-mixed bits of the position in the log, the same for any batch size."""
    x = positions.astype(np.uint64) + np.uint64((seed * 0x9E3779B97F4A7C15) & 0xFFFFFFFFFFFFFFFF)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        x = (x ^ (x >> np.uint64(shift))) * np.uint64(factor)
    return x ^ (x >> np.uint64(31))
