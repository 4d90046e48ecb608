"""Frames of the log become rows of the cube: decisions, hits of rules, scores of models, by minute and dimension.

In: frames, the policies that decided. Out: three tables, summed up, in the order of their keys; the same ones however the frames were cut.
A decision counts in the minute in which it was received, with what is done (`enforced`). One that asks services counts when they have
answered or cannot: until then nobody was told anything. What it came to after any other wait counts apart, in the minute in which it
went on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.engine.event_frames import noted
from zhiyu.engine.holds import shown_of
from zhiyu.engine.opened import Opened
from zhiyu.engine.resuming import waiting_of
from zhiyu.engine.went_on import KINDS, parts_of
from zhiyu.events.batch import EventBatch
from zhiyu.log.frames import EVENTS, Frame
from zhiyu.policy.declare import OUTCOMES

MINUTE_MS, HOUR_MINUTES = 60_000, 60
FIELDS = {"product": ("product",), "channel": ("channel",), "region": ("region", "province", "city")}
"""Dimension → fields that may hold it, the first that an event has."""
KEYS = ("minute", "stage", *FIELDS, "policy", "outcome")
TABLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "decisions": (KEYS, ("decisions", "went_on", "money", "score")),
    "rules": ((*KEYS, "rule"), ("hits", "quiet", "errors", "money")),
    "models": ((*KEYS, "model"), ("scored", "score")),
}
"""Table → its keys, what is summed up, in whole numbers: money in minor units, scores of models in millionths."""
POLICY_CHARS = 12
MILLIONTHS = 1_000_000


def schema_of(table: str) -> pa.Schema:
    """Columns of one table: keys are texts but for the minute, sums whole numbers."""
    keys, sums = TABLES[table]
    texts = [(name, pa.int64() if name == "minute" else pa.string()) for name in keys]
    return pa.schema([*texts, *((name, pa.int64()) for name in sums)])


def summed(table: str, rows: pa.Table) -> pa.Table:
    """Rows with equal keys become one, in the order of their keys."""
    keys, sums = TABLES[table]
    found = rows.group_by(list(keys), use_threads=False).aggregate([(name, "sum") for name in sums])
    found = found.rename_columns([name.removesuffix("_sum") for name in found.column_names])
    return found.select([*keys, *sums]).sort_by([(name, "ascending") for name in keys]).cast(schema_of(table))


@dataclass(frozen=True)
class _Policy:
    """What is needed of a policy, again and again."""

    opened: Opened
    stages: list[str]
    rules: list[str]
    fields: dict[str, tuple[str, ...]]
    asks: bool
    """Whether any service is asked."""
    later: Array
    """bool[types]: rows of this type went on after a wait that was no call."""

    @classmethod
    def of(cls, opened: Opened) -> _Policy:
        compiled = opened.compiled
        known = {c.name for c in compiled.schema.columns if c.role == "field"} - opened.personal
        fields = {name: tuple(each for each in may if each in known) for name, may in FIELDS.items()}
        stages = [e.name.partition("@")[0] for e in compiled.schema.types]  # what goes on is still of its stage
        later, plans = np.zeros(len(stages), np.bool_), compiled.waits.plans
        for _ in plans:  # a wait may come after any other
            for plan in plans:
                later[plan.resumed] |= plan.call is None or later[compiled.schema.type_index[plan.wait.event]]
        asks = any(plan.call is not None for plan in plans)
        return cls(opened, stages, [r.rule.name for r in compiled.rule_order], fields, asks, later)

    def told(self, d: DecisionBatch) -> Array:
        """bool[n]: decisions that somebody was told, because they do not wait for a service."""
        found = np.ones(d.n, np.bool_)
        waits = self.opened.compiled.waits
        if self.asks:
            asking = [at for at, plan in waiting_of(waits, d).items() if waits.plans[plan].call is not None]
            found[asking] = False
        return found


@dataclass
class _Heap:
    """Decisions of one policy, first ones or later ones, as they came: counted together, since what a count costs it costs by call."""

    received: list[Array] = field(default_factory=list)
    types: list[Array] = field(default_factory=list)
    money: list[Array] = field(default_factory=list)
    blocks: list[Array] = field(default_factory=list)
    shown: dict[str, list[str]] = field(default_factory=lambda: {name: [] for name in FIELDS})

    def add(self, own: _Policy, d: DecisionBatch, batch: EventBatch) -> None:
        """Copies, so that the frames they came in need not be kept."""
        self.received.append(d.received_ms.copy())
        self.types.append(d.type_index.copy())
        self.money.append(d.money.copy())
        self.blocks.append(d.block.copy())
        for name, fields in own.fields.items():
            self.shown[name] += _shown(batch, fields, d.rows)


class Facts:
    """Counts frames. `opened_of`: a policy of the log by its hash. `decisions`: taken since the last `tables`."""

    def __init__(self, tenant: str, opened_of: Callable[[str], Opened]) -> None:
        self._tenant, self._opened_of = tenant, opened_of
        self._policies: dict[str, _Policy] = {}
        self._heaps: dict[tuple[str, bool], tuple[_Heap, DecisionBatch]] = {}
        self.decisions = 0

    def take(self, frame: Frame) -> None:
        """Take in what one frame says."""
        if frame.header.kind not in KINDS:
            return
        if frame.header.kind == EVENTS:
            note = noted(frame.payload, self._tenant)
            own = self._policy(note.policy)
            d = note.decisions
            self._put(note.policy, d.at(np.flatnonzero(own.told(d))) if own.asks and d.n else d, note.batch, True)
            policy, parts = note.policy, note.resumed
        else:
            policy, parts = parts_of(frame, self._tenant)
        for part in parts:
            own, d = self._policy(policy), part.decisions
            told = own.told(d) & ~part.stays
            later = own.later[d.type_index]
            self._put(policy, d.at(np.flatnonzero(told & ~later)), part.events, True)
            self._put(policy, d.at(np.flatnonzero(told & later)), part.events, False)

    def _policy(self, policy: str) -> _Policy:
        if policy not in self._policies:
            self._policies[policy] = _Policy.of(self._opened_of(policy))
        return self._policies[policy]

    def _put(self, policy: str, d: DecisionBatch, batch: EventBatch, first: bool) -> None:
        if not d.n:
            return
        heap, _ = self._heaps.setdefault((policy, first), (_Heap(), d))
        heap.add(self._policy(policy), d, batch)
        self.decisions += d.n

    def tables(self) -> dict[str, pa.Table]:
        """What was taken in since the last time, summed up."""
        rows: dict[str, list[pa.Table]] = {name: [schema_of(name).empty_table()] for name in TABLES}
        for (policy, first), (heap, like) in self._heaps.items():
            for name, table in _counted(self._policies[policy], policy, heap, like, first):
                rows[name].append(table)
        self._heaps, self.decisions = {}, 0
        return {name: summed(name, pa.concat_tables(each)) for name, each in rows.items()}


def _counted(
    own: _Policy, policy: str, heap: _Heap, like: DecisionBatch, first: bool
) -> Iterator[tuple[str, pa.Table]]:  # fmt: skip
    """Rows of each table; `like`: any of the decisions, for how the lines of a block are laid out."""
    d = replace(
        like, received_ms=np.concatenate(heap.received), type_index=np.concatenate(heap.types), money=np.concatenate(heap.money),
        block=np.concatenate(heap.blocks, axis=1),
    )  # fmt: skip
    n = len(d.received_ms)
    keys = {
        "minute": pa.array(d.received_ms // MINUTE_MS), "stage": _texts(own.stages, d.type_index),
        **{name: pa.array(texts, pa.string()) for name, texts in heap.shown.items()},
        "policy": pa.repeat(policy[:POLICY_CHARS], n), "outcome": _texts(OUTCOMES, d.enforced),
    }  # fmt: skip

    def rows(table: str, at: Array, more: dict[str, pa.Array], sums: Sequence[Array]) -> tuple[str, pa.Table]:
        chosen = pa.array(at)
        columns = [keys[name].take(chosen) for name in KEYS] + [*more.values()] + [pa.array(each) for each in sums]
        return table, pa.Table.from_arrays(columns, schema=schema_of(table))

    one, none = np.ones(n, np.int64), np.zeros(n, np.int64)
    yield rows(
        "decisions", np.arange(n), {}, (one, none, d.money, d.score) if first else (none, one, none, none)
    )  # fmt: skip
    if not first:
        return
    hits, quiet, errors = (bits_to_matrix(each, len(own.rules)) for each in (d.hits, d.quiet, d.errors))
    at, rule = np.nonzero(hits | quiet | errors)
    told = (hits[at, rule], quiet[at, rule], errors[at, rule], np.where(hits[at, rule], d.money[at], 0))
    yield rows("rules", at, {"rule": _texts(own.rules, rule)}, [np.asarray(each, np.int64) for each in told])
    names, scores = own.opened.recorded.models, own.opened.recorded.scores(d)
    model, at = np.nonzero(~np.isnan(scores))
    millionths = np.rint(scores[model, at] * MILLIONTHS).astype(np.int64)
    yield rows("models", at, {"model": _texts(names, model)}, (np.ones(len(at), np.int64), millionths))


def _texts(names: Sequence[str], index: Array) -> pa.Array:
    return pa.array(list(names), pa.string()).take(pa.array(index.astype(np.int64)))


def _shown(batch: EventBatch, fields: Sequence[str], rows: Array) -> list[str]:
    """The text of the first of these fields that an event has; "" without."""
    found: list[Any] = [None] * len(rows)
    for name in fields:
        if name in batch.shown and None in found:
            told = shown_of(batch.shown[name], rows.tolist())
            found = [before if before is not None else text for before, text in zip(found, told)]
    return [text or "" for text in found]
