"""What a backtest found, as facts: everything the page, the terminal and the JSON object are made from.

In: `Compared`, who the two policies are, the segments, a seed. Out: `Backtested`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np

from zhiyu.base.jit import Array
from zhiyu.engine.opened import Opened
from zhiyu.evaluation.compare import DAY_MS, Compared
from zhiyu.evaluation.compare_changes import matrix
from zhiyu.evaluation.compare_figures import CHALLENGE, REVIEW, VOLUMES, figures, totals
from zhiyu.evaluation.compare_holds import HoldFigures
from zhiyu.evaluation.compare_intervals import RESAMPLES, Clusters, Estimate, clusters_of, estimates, mcnemar
from zhiyu.evaluation.compare_labels import Blind, Maturity, blind_outcomes, maturity, maturity_by_day
from zhiyu.evaluation.compare_rules import Mover, movers
from zhiyu.evaluation.examples import Example
from zhiyu.evaluation.paired import Apart
from zhiyu.evaluation.segments import Group, Segment, grouped
from zhiyu.evaluation.span import ALL, Span
from zhiyu.policy.outcomes import OUTCOMES


@dataclass(frozen=True, slots=True)
class Side:
    """Who a policy is: names, hash, the rules in its order, the currency of its money, the folder it came from."""

    name: str
    en: str
    zh: str
    hash: str
    rules: tuple[str, ...]
    currency: str
    folder: str = ""

    @classmethod
    def of(cls, opened: Opened, folder: str = "") -> Side:
        """Of an opened policy."""
        policy, rules = opened.policy, tuple(rule.rule.name for rule in opened.compiled.rule_order)
        return cls(policy.name, policy.en, policy.zh, opened.artifact.hash, rules, opened.currency, folder)


@dataclass(frozen=True, slots=True)
class SegmentLine:
    """One group of a segment: how many decisions, and its figures."""

    group: Group
    decisions: int
    figures: dict[str, Estimate]


@dataclass(frozen=True, slots=True)
class Day:
    """One day (UTC): its number since 1970, figures by name as (live, candidate), labels. Without an arrived label the figures that need
    labels are 0, and `of` says None."""

    day: int
    figures: dict[str, tuple[float, float]]
    maturity: Maturity

    def of(self, name: str) -> tuple[float | None, float | None]:
        """A figure of live and candidate; None where labels are needed and none has arrived."""
        return self.figures[name] if self.maturity.arrived or name in VOLUMES else (None, None)

    @property
    def date(self) -> str:
        """As 2026-03-02."""
        return datetime.fromtimestamp(self.day * DAY_MS / 1000, UTC).date().isoformat()


@dataclass
class Backtested:
    """All findings. Money in minor units of `live.currency`; figures by the names of `compare_figures.FIGURES`."""

    compared: Compared
    live: Side
    candidate: Side
    seed: int
    clusters: Clusters
    figures: dict[str, Estimate]
    reviews_max: tuple[int, int]
    mcnemar: tuple[int, int, float | None]
    matrix: tuple[Array, Array]
    segments: list[tuple[str, list[SegmentLine]]]
    days: list[Day]
    maturity: Maturity
    blind: list[Blind]
    movers: list[Mover]
    events: str = ""
    records: int = 0
    asked: Span = ALL
    apart_counts: dict[tuple[str, str], int] = field(default_factory=dict)
    apart_first: list[Apart] = field(default_factory=list)
    examples: list[Example] = field(default_factory=list)
    held: tuple[HoldFigures, ...] = ()
    seconds: float = 0.0

    @property
    def moved(self) -> int:
        """Events whose outcome differs."""
        return len(self.compared.moved)

    @property
    def score_moved(self) -> int:
        """Events with the same outcome and another score."""
        c = self.compared
        return int(((c.outcome[0] == c.outcome[1]) & (c.score[0] != c.score[1])).sum())

    @property
    def identical(self) -> bool:
        """No decision differs in outcome or score, and none was made by one policy alone."""
        return not self.moved and not self.score_moved and not self.apart_counts

    def span(self) -> tuple[str, str]:
        """First and last time of the events, as text in UTC; empty without events."""
        c = self.compared
        if not c.n:
            return "", ""
        first, last = (datetime.fromtimestamp(int(t) / 1000, UTC) for t in (c.time_ms.min(), c.time_ms.max()))
        return first.isoformat(timespec="seconds"), last.isoformat(timespec="seconds")

    def to_dict(self) -> dict[str, Any]:
        """One JSON object. Only `seconds` differs from run to run."""
        first, last = self.span()
        counts, money = self.matrix
        only, they, p = self.mcnemar
        return {
            "live": _policy(self.live), "candidate": _policy(self.candidate), "events": self.events,
            **self.asked.to_dict(),
            "first_time": first, "last_time": last, "seed": self.seed, "records": self.records, "compared": self.compared.n,
            "identical": self.identical, "moved": self.moved, "score_moved": self.score_moved, "currency": self.live.currency,
            "apart": [{"decided_by": by, "other": became, "events": n} for (by, became), n in sorted(self.apart_counts.items())],
            "apart_first": [
                {"position": a.position, "id": a.event_id, "decided_by": a.decided_by, "other": a.became, "en": a.en, "zh": a.zh}
                for a in self.apart_first
            ],
            "interval": {"level": 0.95, "resamples": RESAMPLES, "drawn": self.clusters.by, "of": self.clusters.count},
            "figures": {name: each.to_dict() for name, each in self.figures.items()},
            "reviews_per_day_max": {"live": self.reviews_max[0], "candidate": self.reviews_max[1]},
            "held": dict(zip(("live", "candidate"), (each.to_dict() for each in self.held))),
            "mcnemar": {"only_live_stops": only, "only_candidate_stops": they, "p": p and float(f"{p:.6g}")},
            "matrix": {"outcomes": list(OUTCOMES), "events": counts.tolist(), "money": money.tolist()},
            "segments": [{"field": name, "groups": [_line(each) for each in lines]} for name, lines in self.segments],
            "days": [_day(each) for each in self.days],
            "labels": self.maturity.to_dict() | {"delay_ms": self.compared.label_delay_ms},
            "cannot_be_judged": [each.to_dict() for each in self.blind],
            "rules": [each.to_dict() for each in self.movers], "seconds": round(self.seconds, 3),
        }  # fmt: skip


def judged(c: Compared, sides: tuple[Side, Side], segments: Sequence[Segment], seed: int) -> Backtested:
    """All figures of a comparison."""
    clusters = clusters_of(c)
    number, days = c.day
    by_day = totals(c, number, len(days))[:, 0]
    reviews = by_day[:, :, REVIEW]
    most = reviews.max(0).astype(int).tolist() if len(days) else [0, 0]
    return Backtested(
        c, sides[0], sides[1], seed, clusters, estimates(c, clusters, seed)[0], (most[0], most[1]), mcnemar(c, CHALLENGE),
        matrix(c), [(each.name, segment_lines(c, clusters, seed, at, each)) for at, each in enumerate(segments)],
        day_lines(c, by_day), maturity(c), blind_outcomes(c), movers(c, sides[0].rules, sides[1].rules),
    )  # fmt: skip


def segment_lines(c: Compared, clusters: Clusters, seed: int, at: int, segment: Segment) -> list[SegmentLine]:
    """The groups of segment number `at`, each with figures and intervals from the same draws."""
    group, groups = grouped(c.segment[at], segment.values)
    found = estimates(c, clusters, seed, group, len(groups)) if groups else []
    counts = np.bincount(group, minlength=len(groups)).tolist()
    return [SegmentLine(*each) for each in zip(groups, counts, found)]


def day_lines(c: Compared, by_day: Array) -> list[Day]:
    """Figures and labels of each day; `by_day` float64[days, 2, WIDTH]."""
    found = figures(by_day, 1)
    ripe = maturity_by_day(c)
    return [
        Day(int(day), {name: (float(v[at, 0]), float(v[at, 1])) for name, v in found.items()}, ripe[at])
        for at, day in enumerate(c.day[1])
    ]


def _policy(side: Side) -> dict[str, str]:
    return {"name": side.name, "en": side.en, "zh": side.zh, "hash": side.hash, "folder": side.folder}


def _line(line: SegmentLine) -> dict[str, Any]:
    return {
        "value": line.group.value if line.group.kind == "value" else None, "kind": line.group.kind,
        "decisions": line.decisions, "figures": {name: each.to_dict() for name, each in line.figures.items()},
    }  # fmt: skip


def _day(day: Day) -> dict[str, Any]:
    shown = ("reviews", "fraud_caught", "fraud_missed", "fraud_money_missed", "good_stopped", "good_declined")
    own = {name: dict(zip(("live", "candidate"), day.of(name))) for name in shown}
    return {"date": day.date, **own, "labels": day.maturity.to_dict()}
