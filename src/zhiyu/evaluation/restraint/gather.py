"""Past events decided once as they are, and once per value of what must not matter: the real engine, everything counted anew.

In: a policy with `restraint:`, an events file with labels or what a server keeps. Out: `Decided`: one row per decision with the values that
are looked at, and per declared independence what came out under each of its values.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from pathlib import Path

import msgspec
import numpy as np

from zhiyu.base.errors import InputError
from zhiyu.base.jit import Array
from zhiyu.decisions.batch import DecisionBatch
from zhiyu.decisions.layout import DRAWN_AGAINST, LET_THROUGH
from zhiyu.engine.engine import Engine, Outcome
from zhiyu.engine.kept import Kept
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.labels import LabelFile
from zhiyu.evaluation.log_run import KnownLabels, LogRun, follow
from zhiyu.evaluation.metrics import let_through_share
from zhiyu.evaluation.span import Span
from zhiyu.evaluation.training.gather import ValueColumn
from zhiyu.evaluation.two_engines import Reader
from zhiyu.events.batch import EventBatch
from zhiyu.expressions.types import Kind, Type
from zhiyu.features.declare import Feature
from zhiyu.log.files import open_events
from zhiyu.policy.check_restraint import DECIDED
from zhiyu.policy.declare import Policy
from zhiyu.policy.declare_restraint import Independence, Restraint

CARRIES = "zhiyu_over_lending_{}"
"""Derived features that say, per declared over-lending, whether this is too much."""
BATCH = 8_192
MAX_ENGINES = 16


@dataclass(frozen=True)
class _World:
    """A world in which a value is another: of the `number`th independence, its `place`th `value`."""

    number: int
    place: int
    each: Independence
    value: str | int | float


@dataclass
class Decided:
    """n decisions in log order. `kind` int64[n]: number of the event type; `label` int8[n] (-1: none), `weight` float64[n]: let-through
    weights for what is known by labels. `values`: per name float64[n], NaN for null; texts by their place in `texts`. `variants`: per
    independence, per value, (position, kind, float64[n, what])."""

    types: tuple[str, ...]
    kind: Array
    outcome: Array
    label: Array
    weight: Array
    values: dict[str, Array]
    texts: dict[str, list[str]]
    variants: dict[int, list[tuple[Array, Array, Array]]] = field(default_factory=dict)

    def on(self, names: Sequence[str]) -> Array:
        """bool[n]: decisions on these event types; all without names."""
        known = np.array([not names or name in names for name in self.types])
        return known[self.kind]


class RestraintRun:
    """Iterate `steps()` for progress, then `finish()`. InputError when the policy declares nothing."""

    def __init__(
        self, policy: Policy, events: Path | Kept, *, source: str | None = None, labels: Path | None = None,
        label_delay: str | None = None, span: Span | None = None,
    ) -> None:  # fmt: skip
        """`events`: a file, or what a server keeps."""
        declared = policy.restraint
        if declared is None or not (declared.groups or declared.independence or declared.over_lending):
            raise InputError(
                "the policy declares no `restraint:`; name groups, what must not matter, or what is over-lending",
                "策略没有声明 restraint；请写明分组、不得相关的量或过度授信的条件",
            )
        self.declared: Restraint = declared
        carries = tuple(Feature(name=CARRIES.format(n), expr=each.when) for n, each in enumerate(declared.over_lending))
        wider = msgspec.structs.replace(policy, features=(*policy.features, *carries))
        self.opened = open_policy(wider, all_features=True)
        self.events, self.span, self._source, self._delay = events, span or Span.read("", ""), source, label_delay
        self._labels = LabelFile(labels) if labels else None
        self._share = let_through_share(self.opened.policy) or 1.0
        self.columns = {name: _Column(self.opened, name) for name in self._names()}
        self._worlds = [
            _World(number, place, each, value)
            for number, each in enumerate(declared.independence)
            for place, value in enumerate(each.values)
        ]
        if len(self._worlds) > MAX_ENGINES:
            raise InputError(
                f"{len(self._worlds)} values under `independence`; at most {MAX_ENGINES}, each takes an engine of its own",
                f"independence 下共有 {len(self._worlds)} 个取值，上限 {MAX_ENGINES}：每个都需要单独的引擎",
            )
        self._parts: list[dict[str, Array]] = []
        self._variants: dict[int, list[list[tuple[Array, Array, Array]]]] = {}

    def _names(self) -> list[str]:
        found = [each.of for each in self.declared.groups]
        for each in self.declared.independence:
            found += [each.of, *each.given, *(name for name in each.what if name not in DECIDED)]
        found += [CARRIES.format(n) for n in range(len(self.declared.over_lending))]
        return list(dict.fromkeys(found))

    def steps(self) -> Iterator[float]:
        """Work batch by batch; yields how much is done."""
        yield from self._over_log(self.events) if isinstance(self.events, Kept) else self._over_file(self.events)

    def _over_file(self, events: Path) -> Iterator[float]:
        reader = Reader(self.opened, self._source, self._delay, self._labels, None)
        engines = [Engine(self.opened.compiled, self.opened.codes, self.opened.tenant) for _ in self._worlds]
        file = open_events(events, reader.source, BATCH)
        for raw in file:
            batch = reader.decode(raw).batch
            batch.label_delay_ms = reader.label_delay_ms
            own = _copied(batch)
            d = reader.engine.process(own, True).decisions
            self._take(d, own, d.labels)
            for world, engine in zip(self._worlds, engines):
                other = _copied(batch)
                self._set(world, other)
                self._take_variant(world, engine.process(other, True).decisions, other)
            yield file.progress()
        if self._labels is not None:
            self._labels.require_matches(events)

    def _over_log(self, kept: Kept) -> Iterator[float]:
        known = KnownLabels(kept)

        def own(outcome: Outcome, batch: EventBatch) -> None:
            self._take(outcome.decisions, batch, known.of(batch)[0][outcome.decisions.rows])

        def other(world: _World) -> LogRun:
            return LogRun(
                kept, self.opened, lambda outcome, batch: self._take_variant(world, outcome.decisions, batch),
                lambda batch: self._set(world, batch),
            )  # fmt: skip

        yield from follow(kept, [LogRun(kept, self.opened, own), *map(other, self._worlds)])

    def _take(self, d: DecisionBatch, batch: EventBatch, labels: Array) -> None:
        lines = np.flatnonzero(self.span.holds(d.time_ms))
        weight = np.where(d.mark == LET_THROUGH, 1 / self._share, 1.0)
        weight[np.isin(d.mark, DRAWN_AGAINST)] = 0.0
        part = {
            "kind": d.type_index[lines].astype(np.int64), "outcome": d.outcome[lines], "score": d.score[lines],
            "label": labels[lines].astype(np.int8), "weight": weight[lines],
        }  # fmt: skip
        for name, column in self.columns.items():
            part[f"value {name}"] = column.read(batch, d, lines)
        self._parts.append(part)

    def _take_variant(self, world: _World, d: DecisionBatch, batch: EventBatch) -> None:
        lines = np.flatnonzero(self.span.holds(d.time_ms))
        found = [self._what(name, batch, d, lines) for name in world.each.what]
        sides = self._variants.setdefault(world.number, [[] for _ in world.each.values])
        sides[world.place].append((d.positions[lines], d.type_index[lines].astype(np.int64), np.column_stack(found)))

    def _what(self, name: str, batch: EventBatch, d: DecisionBatch, lines: Array) -> Array:
        if name in DECIDED:
            return (d.outcome if name == "outcome" else d.score)[lines].astype(np.float64)
        return self.columns[name].read(batch, d, lines)

    def _set(self, world: _World, batch: EventBatch) -> None:
        """The field has this value wherever it has one."""
        register = self.opened.compiled.schema.index[world.each.of]
        type_ = self.opened.compiled.schema.columns[register].type
        known = batch.nulls[register] == 0
        batch.values[register, known] = _bits(type_, world.value)

    def finish(self) -> Decided:
        """Everything; InputError when nothing was decided."""
        whole = (
            {name: np.concatenate([part[name] for part in self._parts]) for name in self._parts[0]}
            if self._parts
            else {}
        )
        if not whole or not len(whole["kind"]):
            raise InputError("nothing was decided there", "该范围内没有决策")
        values = {name: whole[f"value {name}"] for name in self.columns} | {"score": whole["score"].astype(np.float64)}
        variants = {
            number: [tuple(np.concatenate(each) for each in zip(*parts)) for parts in sides]
            for number, sides in self._variants.items()
        }  # fmt: skip
        types = tuple(event.name for event in self.opened.compiled.schema.types)
        texts = {name: column.texts for name, column in self.columns.items() if column.texts}
        return Decided(types, whole["kind"], whole["outcome"], whole["label"], whole["weight"], values, texts, variants)  # type: ignore[arg-type]


class _Column:
    """One value as float64: a text by the order in which it first came."""

    def __init__(self, opened: Opened, name: str) -> None:
        self._of, self.texts = ValueColumn.of(opened, name), list[str]()
        self._type = opened.compiled.checked.typed_on(opened.compiled.checked.known.deciding)[name]
        self._codes: dict[int, int] = {}

    def read(self, batch: EventBatch, d: DecisionBatch, lines: Array) -> Array:
        """float64[k] of these decisions, NaN for null."""
        rows = d.rows[lines]
        values, nulls = self._of.read(batch, d, rows, lines)
        if self._type.kind is Kind.STRING:
            found = self._places(values, nulls, batch.shown.get(self._of.name), rows)
        elif self._type.kind is Kind.FLOAT:
            found = values.view(np.float64).copy()
        else:
            found = values / float(10**self._type.scale) if self._type.kind is Kind.FIXED else values.astype(np.float64)
        found[nulls != 0] = np.nan
        return found

    def _places(self, codes: Array, nulls: Array, shown: Sequence[object] | None, rows: Array) -> Array:
        found = np.zeros(len(codes))
        distinct, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
        places = np.zeros(len(distinct))
        for at in np.argsort(first).tolist():
            code = int(distinct[at])
            if nulls[first[at]] == 0 and code not in self._codes:
                text = shown[int(rows[first[at]])] if shown is not None else None
                self._codes[code] = len(self.texts)
                self.texts.append(str(text.as_py() if hasattr(text, "as_py") else text))
            places[at] = self._codes.get(code, -1)
        found[:] = places[inverse] if len(distinct) else 0.0
        return found


def _copied(batch: EventBatch) -> EventBatch:
    """An engine writes into the columns it is given."""
    return replace(batch, values=batch.values.copy(), nulls=batch.nulls.copy())


def _bits(type_: Type, value: str | int | float) -> int:
    if type_.kind is Kind.BOOL:
        return int(str(value).lower() == "true")
    if type_.kind is Kind.FIXED:
        return int(Decimal(str(value)).scaleb(type_.scale).to_integral_value())
    if type_.kind is Kind.FLOAT:
        return int(np.float64(str(value)).view(np.int64))
    return int(Decimal(str(value)))
