"""Frames of the log become rows of the cube: decisions, hits of rules, scores of models, by minute and dimension.

In: frames, the policies that decided. Out: three tables, summed up, in the order of their keys; the same ones however the frames were cut.
A decision counts in the minute in which it was received, with what is done (`enforced`). What it came to after a wait counts apart, in the
minute in which it went on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch, bits_to_matrix
from zhiyu.engine.event_frames import noted
from zhiyu.engine.holds import shown_of
from zhiyu.engine.opened import Opened
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
    types: list[str]
    rules: list[str]
    fields: dict[str, tuple[str, ...]]

    @classmethod
    def of(cls, opened: Opened) -> _Policy:
        compiled = opened.compiled
        known = {c.name for c in compiled.schema.columns if c.role == "field"} - opened.personal
        fields = {name: tuple(each for each in may if each in known) for name, may in FIELDS.items()}
        return cls(opened, [e.name for e in compiled.schema.types], [r.rule.name for r in compiled.rule_order], fields)


class Facts:
    """Counts frames. `opened_of`: a policy of the log by its hash."""

    def __init__(self, tenant: str, opened_of: Callable[[str], Opened]) -> None:
        self._tenant, self._opened_of = tenant, opened_of
        self._policies: dict[str, _Policy] = {}
        self._rows: dict[str, list[pa.Table]] = {name: [] for name in TABLES}
        self.decisions = 0

    def take(self, frame: Frame) -> None:
        """Count what one frame says."""
        if frame.header.kind not in KINDS:
            return
        if frame.header.kind == EVENTS:
            note = noted(frame.payload, self._tenant)
            self._count(note.policy, note.decisions, note.batch, True)
            parts = [(note.policy, part) for part in note.resumed]
        else:
            policy, found = parts_of(frame, self._tenant)
            parts = [(policy, part) for part in found]
        for policy, part in parts:
            went_on = np.flatnonzero(~part.stays)
            self._count(policy, part.decisions.at(went_on), part.events, False)

    def tables(self) -> dict[str, pa.Table]:
        """What was counted since the last time, summed up."""
        found = {}
        for name, rows in self._rows.items():
            every = pa.concat_tables(rows) if rows else schema_of(name).empty_table()
            found[name] = summed(name, every)
            rows.clear()
        self.decisions = 0
        return found

    def _count(self, policy: str, d: DecisionBatch, batch: EventBatch, first: bool) -> None:
        if not d.n:
            return
        if policy not in self._policies:
            self._policies[policy] = _Policy.of(self._opened_of(policy))
        own = self._policies[policy]
        keys = self._keys(own, policy, d, batch)
        one, none = np.ones(d.n, np.int64), np.zeros(d.n, np.int64)
        self._put(
            "decisions",
            keys,
            np.arange(d.n),
            {},
            (one, none, d.money, d.score) if first else (none, one, none, none),
        )
        self.decisions += d.n
        if not first:
            return
        hits, quiet, errors = (bits_to_matrix(each, len(own.rules)) for each in (d.hits, d.quiet, d.errors))
        at, rule = np.nonzero(hits | quiet | errors)
        if len(at):
            told = (hits[at, rule], quiet[at, rule], errors[at, rule], np.where(hits[at, rule], d.money[at], 0))
            self._put(
                "rules", keys, at, {"rule": _texts(own.rules, rule)}, tuple(np.asarray(each, np.int64) for each in told)
            )
        names, scores = own.opened.recorded.models, own.opened.recorded.scores(d)
        if names:
            model, at = np.nonzero(~np.isnan(scores))
            millionths = np.rint(scores[model, at] * MILLIONTHS).astype(np.int64)
            self._put("models", keys, at, {"model": _texts(names, model)}, (np.ones(len(at), np.int64), millionths))

    def _keys(self, own: _Policy, policy: str, d: DecisionBatch, batch: EventBatch) -> dict[str, pa.Array]:
        stages = [name.partition("@")[0] for name in own.types]  # what goes on after a wait is still of its stage
        found = {"minute": pa.array(d.received_ms // MINUTE_MS), "stage": _texts(stages, d.type_index)}
        for name, fields in own.fields.items():
            found[name] = _shown(batch, fields, d.rows)
        found["policy"] = pa.repeat(policy[:POLICY_CHARS], d.n)
        found["outcome"] = _texts(OUTCOMES, d.enforced)
        return found

    def _put(
        self, table: str, keys: dict[str, pa.Array], at: Array, more: dict[str, pa.Array], sums: Iterable[Array]
    ) -> None:
        chosen = pa.array(at)
        columns = [keys[name].take(chosen) for name in KEYS] + [*more.values()] + [pa.array(each) for each in sums]
        self._rows[table].append(pa.Table.from_arrays(columns, schema=schema_of(table)))


def _texts(names: Sequence[str], index: Array) -> pa.Array:
    return pa.array(list(names), pa.string()).take(pa.array(index.astype(np.int64)))


def _shown(batch: EventBatch, fields: Sequence[str], rows: Array) -> pa.Array:
    """The text of the first of these fields that an event has; "" without."""
    found: list[Any] = [None] * len(rows)
    for name in fields:
        if name in batch.shown and None in found:
            told = shown_of(batch.shown[name], rows.tolist())
            found = [before if before is not None else text for before, text in zip(found, told)]
    return pa.array([text or "" for text in found], pa.string())
