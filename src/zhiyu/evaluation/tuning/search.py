"""Find on the earlier part, check on the later one.

In: live decisions that can be decided again, two parts, a `Wish`. Out: `Found`: proposals that keep every limit on both parts and surely
gain on the later one, in order of rank there; what was left out and why; what came nearest when nothing did. The pool and its order
come from the earlier part alone: labels of the later part can only strike a proposal out and say what it is worth.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.evaluation.metrics import STOPPED
from zhiyu.evaluation.tuning.again import Again
from zhiyu.evaluation.tuning.changes import Change, NewRule, shorter
from zhiyu.evaluation.tuning.clauses import Value, joined
from zhiyu.evaluation.tuning.constants import constant_changes, threshold_changes
from zhiyu.evaluation.tuning.into_flow import cannot_take, flow_of
from zhiyu.evaluation.tuning.limits import Limits
from zhiyu.evaluation.tuning.measure import Figures, Meter
from zhiyu.evaluation.tuning.parts import Parts
from zhiyu.evaluation.tuning.readable import CUTTABLE
from zhiyu.evaluation.tuning.trees import Ground, leaves
from zhiyu.expressions.types import Kind, Type

MIN_FRAUDS = 8
"""Frauds a change must catch in addition on the earlier part."""
MATERIAL = 0.005
"""The least share of what the live policy lets through (money or frauds) that a change must gain on the earlier part."""
MAX_CHOICES = 20
SAME = 0.5
"""A change of whose gain this share is gained by better ones already says the same."""
TRIES = 4
"""Candidates looked at on the later part, for each proposal wanted."""
NEAREST = 3
BUILTIN = frozenset({"event_type", "time", "received_at"})


@dataclass(frozen=True)
class Wish:
    """What is asked for. `by_money` false: a fraud counts 1. `outcome`: what a new rule asks for."""

    limits: Limits = field(default_factory=Limits)
    by_money: bool = True
    min_precision: float = 0.25
    proposals: int = 5
    max_depth: int = 3
    outcome: str = "review"
    seed: int = 1


@dataclass(frozen=True)
class Candidate:
    """A change with its figures; `later` and `why` (what speaks against it) once it was looked at there."""

    change: Change
    earlier: Figures
    later: Figures | None = None
    why: str = ""


@dataclass(frozen=True)
class Found:
    """`pool`: candidates in the order of the earlier part. `kept`: proposals by rank on the later part."""

    pool: tuple[Candidate, ...]
    kept: tuple[Candidate, ...]
    left_out: tuple[Candidate, ...]
    nearest: tuple[Candidate, ...]
    tried: int


@dataclass
class Search:
    """One search. `notes` (en, zh) say what could not be tried."""

    again: Again
    parts: Parts
    wish: Wish
    notes: list[tuple[str, str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        o, wish = self.again.observed, self.wish
        self.earlier = Meter(o, self.parts.earlier, wish.by_money, wish.seed)
        self.later = Meter(o, self.parts.later, wish.by_money, wish.seed)
        nothing = np.zeros(o.n, bool)
        self.live = tuple(meter.figures(o.outcome, nothing) for meter in (self.earlier, self.later))

    def run(self, told: Callable[[float], None] = lambda done: None) -> Found:
        """Search the pool, then check its best on the later part."""
        measured: list[Candidate] = []
        changes = [*self._constants(), *self._rules()]
        for number, change in enumerate(changes):
            measured.append(Candidate(change, self.earlier.figures(*change.decide(self.again))))
            told(number / len(changes))
        useful = [each for each in measured if self._useful(each.earlier, self.live[0])]
        pool = self._distinct([each for each in useful if not self.wish.limits.excess(each.earlier)])
        pool = self._distinct([self._pruned(each) for each in pool])
        kept, left_out = self._checked(pool)
        nearest = [] if kept else self._nearest([each for each in useful if self.wish.limits.excess(each.earlier)])
        return Found(tuple(pool), kept, left_out, tuple(nearest), len(changes))

    def _constants(self) -> list[Change]:
        if self.again.unlike:
            self.notes.append((
                f"{self.again.unlike} decisions cannot be decided again from rule sets alone (a flow, table or list decides them too): "
                f"constants and thresholds were not tried",
                f"有 {self.again.unlike} 个决策不能仅凭规则集重现（另有决策流、决策表或名单参与），因此未尝试调整常量与阈值",
            ))  # fmt: skip
            return []
        part = self.parts.earlier
        return [*threshold_changes(self.again, part), *constant_changes(self.again, part)]

    def _rules(self) -> list[Change]:
        checked = self.again.evaluator.checked
        found: dict[str, Change] = {}
        for name in sorted(checked.known.deciding):
            flow = flow_of(checked.policy, name)
            why = cannot_take(checked.policy, flow, self.wish.outcome) if flow is not None else None
            if why:
                self.notes.append((
                    f"'{name}' is decided by a flow that takes no new rule ({why[0]}): no rules were looked for",
                    f"“{name}”由决策流决定，而该流程无法加入新规则（{why[1]}），因此未寻找新规则",
                ))  # fmt: skip
                continue
            for change in self._rules_on(name):
                found.setdefault(change.text, change)
        return list(found.values())

    def _rules_on(self, event_type: str) -> Iterator[NewRule]:
        o, part = self.again.observed, self.parts.earlier
        on = self.again.on_type(event_type) & (o.label >= 0) & (o.outcome < STOPPED)
        rows = part.rows[on[part.rows]]
        fraud, weight = o.label[rows] == 1, o.weight[rows] * o.truth[rows]
        if fraud.sum() < MIN_FRAUDS or fraud.all():
            return
        amount = o.money[rows].astype(np.float64) if self.wish.by_money else np.ones(len(rows))
        ground = Ground(tuple(self._values(event_type, rows)), fraud, weight, amount)

        def worth(mask: Array) -> float:
            caught, hurt = float(weight[mask & fraud].sum()), float(weight[mask & ~fraud].sum())
            if caught < MIN_FRAUDS or caught < self.wish.min_precision * (caught + hurt):
                return 0.0
            return float((weight * amount)[mask & fraud].sum()) / (hurt + 1)

        for clauses in leaves(ground, worth, self.wish.proposals, self.wish.max_depth, self.wish.seed):
            yield NewRule(event_type, joined(clauses), self.wish.outcome, clauses)

    def _values(self, event_type: str, rows: Array) -> Iterator[Value]:
        """Everything a rule on this type can compare: numbers, spans, bools, enums of few values; not what never varies."""
        checked = self.again.evaluator.checked
        names = (checked.known.carried[event_type] | checked.features.keys()) - BUILTIN
        for name in sorted(names):
            type_ = checked.typed_on([event_type])[name]
            if not _comparable(type_):
                continue
            values, nulls = self.again.evaluator.column(self.again.evaluator.expression(name, event_type))
            values, nulls = values[rows], nulls[rows]
            if (nulls != 0).all() or ((nulls == 0).all() and (values == values[0]).all()):
                continue
            encode = self.again.evaluator.encode
            codes = tuple((choice, encode(choice)) for choice in type_.choices) if type_.kind is Kind.STRING else ()
            yield Value(name, type_, values, nulls, codes)

    def _useful(self, f: Figures, live: Figures) -> bool:
        """Gains something, often enough and precisely enough; or frees goods at no loss; or brings a live policy within its limits."""
        s = f.sums
        if s["added"] and (f.precision is None or f.precision < self.wish.min_precision):
            return False
        if f.gained > 0:
            missed = s["fraud_money"] - live.caught if f.by_money else s["frauds"] - live.caught
            return s["caught"] >= MIN_FRAUDS and f.gained >= MATERIAL * missed
        frees = f.gained == 0 and f.hurt <= -max(MIN_FRAUDS, MATERIAL * live.sums["stopped_goods"])
        return frees or (self.wish.limits.excess(f) < self.wish.limits.excess(live))

    def _distinct(self, candidates: list[Candidate]) -> list[Candidate]:
        """Best first, one of each knob, and none that gains mostly what better ones gain."""
        kept: list[Candidate] = []
        knobs: set[str] = set()
        covered = np.zeros(self.again.observed.n, bool)
        for each in sorted(candidates, key=lambda c: (-c.earlier.rank, c.change.text)):
            if each.change.knob in knobs or len(kept) >= TRIES * self.wish.proposals:
                continue
            knobs.add(each.change.knob)
            caught = self._caught(each.change)
            if not caught.any() or self._share(caught & covered, caught) < SAME:
                kept.append(each)
                covered |= caught
        return kept

    def _pruned(self, candidate: Candidate) -> Candidate:
        """Without conditions that do no work: whatever can go while the earlier part is measured no worse, goes."""
        again = True
        while again:
            again = False
            for change in shorter(candidate.change):
                fresh = Candidate(change, self.earlier.figures(*change.decide(self.again)))
                broken = self.wish.limits.excess(fresh.earlier)
                if (
                    fresh.earlier.rank >= candidate.earlier.rank
                    and not broken
                    and self._useful(fresh.earlier, self.live[0])
                ):
                    candidate, again = fresh, True
                    break
        return candidate

    def _caught(self, change: Change) -> Array:
        """bool[n]: frauds of the earlier part that the change stops in addition."""
        o, (outcome, _) = self.again.observed, change.decide(self.again)
        part = np.zeros(o.n, bool)
        part[self.parts.earlier.rows] = True
        return (outcome >= STOPPED) & (o.outcome < STOPPED) & (o.label == 1) & part

    def _share(self, part: Array, of: Array) -> float:
        """Share of the gain of rows `of` that lies in `part`."""
        o = self.again.observed
        gain = o.weight * o.truth * (o.money if self.wish.by_money else 1)
        return float(gain[part].sum()) / max(float(gain[of].sum()), 1.0)

    def _checked(self, pool: list[Candidate]) -> tuple[tuple[Candidate, ...], tuple[Candidate, ...]]:
        kept: list[Candidate] = []
        left_out: list[Candidate] = []
        for each in pool:
            if len(kept) == self.wish.proposals:
                break
            decided = each.change.decide(self.again)
            later = self.later.figures(*decided)
            why = said_broken(self.wish.limits.broken(later))
            why = why or self._doubt(each.earlier, later, *decided)
            (left_out if why else kept).append(Candidate(each.change, each.earlier, later, why))
        kept.sort(key=lambda c: (-c.later.rank if c.later else 0.0, c.change.text))
        return tuple(kept), tuple(left_out)

    def _doubt(self, earlier: Figures, later: Figures, outcome: Array, hits: Array) -> str:
        """Why what was found may be chance, "" when the later part bears it out. A change that was found because it brings the live
        policy within its limits has done so when it keeps them."""
        intervals = self.later.intervals(outcome, hits)
        gained, hurt = (
            intervals["money_gained" if self.wish.by_money else "frauds_gained"],
            intervals["good_hurt_gained"],
        )
        assert gained is not None
        assert hurt is not None
        if later.sums["added"] and (later.precision or 0.0) < self.wish.min_precision:
            return f"too imprecise on the later part: {later.precision or 0.0:.1%}"
        if earlier.gained > 0 and gained[0] <= 0:
            return f"not surely a gain on the later part: the 95 % interval begins at {gained[0]:.6g}"
        if earlier.gained <= 0 and not self.wish.limits.excess(self.live[0]) and (gained[0] < 0 or hurt[1] >= 0):
            return "does not surely free good decisions at no loss on the later part"
        return ""

    def _nearest(self, candidates: list[Candidate]) -> list[Candidate]:
        """Of those that break a limit, the ones that break it least."""
        ordered = sorted(candidates, key=lambda c: (self.wish.limits.excess(c.earlier), -c.earlier.rank, c.change.text))
        return [
            Candidate(
                each.change,
                each.earlier,
                self.later.figures(*each.change.decide(self.again)),
                said_broken(self.wish.limits.broken(each.earlier)),
            )
            for each in ordered[:NEAREST]
        ]


def said_broken(broken: list[tuple[str, float, float]]) -> str:
    """Broken limits as text, "" for none."""
    return ", ".join(f"{name} {value:.6g} (limit {limit:g})" for name, value, limit in broken)


def _comparable(type_: Type) -> bool:
    if type_.is_list or type_.personal:
        return False
    if type_.kind is Kind.STRING:
        return 0 < len(type_.choices) <= MAX_CHOICES
    return type_.kind is Kind.BOOL or type_.kind in CUTTABLE
