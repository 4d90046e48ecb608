"""The meaning of a comparison in plain Python: lists of events, loops, no arrays. Slow and obviously right.

In: `Row`s. Out: every figure of a policy; and the same events as `Matched` batches for the real thing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from zhiyu.evaluation.compare import DAY_MS, Compared, Comparison
from zhiyu.evaluation.paired import Matched

START = 20_000 * DAY_MS
DELAY = 2 * DAY_MS
RULES = ("a", "b", "c")


@dataclass(frozen=True)
class Row:
    """One event that both policies decided; `hits` are the rules of live and of the candidate."""

    time_ms: int
    outcome: tuple[int, int]
    score: tuple[int, int]
    label: int
    money: int
    weight: float
    segment: int
    hits: tuple[frozenset[int], frozenset[int]]


def rows(max_size: int = 60, days: int = 20) -> st.SearchStrategy[list[Row]]:
    """Random events, in time order, over at most `days` days."""
    pair = st.tuples(st.integers(0, 5), st.integers(0, 5))
    hits = st.frozensets(st.integers(0, 2))
    one = st.builds(
        Row, st.integers(START, START + days * DAY_MS - 1), pair, pair, st.sampled_from([-1, 0, 0, 1]),
        st.integers(-50, 10_000), st.sampled_from([1.0, 1.0, 1.0, 20.0]), st.integers(-1, 4), st.tuples(hits, hits),
    )  # fmt: skip
    return st.lists(one, max_size=max_size).map(lambda found: sorted(found, key=lambda row: row.time_ms))


def matched(found: Sequence[Row], first: int = 0) -> Matched:
    """Events as arrays, positions counting from `first`."""
    n = len(found)

    def hits(side: int) -> np.ndarray:
        return np.array([[rule in row.hits[side] for rule in range(3)] for row in found], bool).reshape(n, 3)

    def column(values: list, kind: type = np.int64) -> np.ndarray:
        return np.array(values, kind)

    return Matched(
        np.arange(first, first + n), [f"e{first + i}" for i in range(n)], column([r.time_ms for r in found]),
        column([r.outcome for r in found]).reshape(n, 2).T, column([r.score for r in found]).reshape(n, 2).T,
        column([r.label for r in found]), column([r.money for r in found]), column([r.weight for r in found], np.float64),
        column([r.segment for r in found], np.int32).reshape(1, n), (hits(0), hits(1)),
        max((r.time_ms for r in found), default=0),
    )  # fmt: skip


def compared(found: Sequence[Row], batch: int = 7) -> Compared:
    """The same events through the real comparison, in batches."""
    comparison = Comparison(DELAY)
    for at in range(0, max(len(found), 1), batch):
        comparison.update(matched(found[at : at + batch], at))
    return comparison.result()


def clock(found: Sequence[Row]) -> int:
    """The greatest time."""
    return max((row.time_ms for row in found), default=0)


def arrived(row: Row, now: int) -> bool:
    """Whether the label of an event counts."""
    return row.label >= 0 and row.time_ms + DELAY <= now


def share(part: float, whole: float) -> float | None:
    """A ratio, None without a base."""
    return part / whole if whole > 0 else None


def naive_figures(found: Sequence[Row], side: int, now: int, days: int) -> dict[str, float | None]:
    """Every figure of one policy, event by event."""
    caught = missed = money_caught = money_missed = hurt = hurt_money = declined = good = 0.0
    approved = reviews = 0
    for row in found:
        outcome = row.outcome[side]
        approved += outcome <= 1
        reviews += outcome == 4
        if not arrived(row, now):
            continue
        if row.label == 1 and outcome >= 2:
            caught += row.weight
            money_caught += row.weight * row.money
        elif row.label == 1:
            missed += row.weight
            money_missed += row.weight * row.money
        else:
            good += row.weight
            if outcome >= 2:
                hurt += row.weight
                hurt_money += row.weight * row.money
            if outcome == 5:
                declined += row.weight
    return {
        "fraud_caught": caught, "fraud_money_caught": money_caught, "fraud_missed": missed, "fraud_money_missed": money_missed,
        "recall": share(caught, caught + missed), "precision": share(caught, caught + hurt), "good_stopped": hurt,
        "good_stopped_rate": share(hurt, good), "good_stopped_money": hurt_money, "good_declined": declined,
        "good_declined_rate": share(declined, good), "approval_rate": share(approved, len(found)), "reviews": reviews,
        "reviews_per_day": reviews / max(days, 1),
    }  # fmt: skip
