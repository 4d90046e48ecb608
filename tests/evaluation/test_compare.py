"""Every figure of a comparison against plain loops over random decision lists."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.evaluation.naive_comparison import DELAY, RULES, Row, arrived, clock, compared, naive_figures, rows, share
from zhiyu.base.errors import LimitExceeded
from zhiyu.evaluation import compare
from zhiyu.evaluation.compare import DAY_MS
from zhiyu.evaluation.compare_changes import changes, dearest, matrix
from zhiyu.evaluation.compare_figures import FIGURES, figures, totals
from zhiyu.evaluation.compare_labels import blind_outcomes, maturity, maturity_by_day
from zhiyu.evaluation.compare_rules import movers
from zhiyu.evaluation.segments import grouped


def same(one: float, other: float | None) -> bool:
    """Equal up to the last bits; NaN is None."""
    return math.isnan(one) if other is None else math.isclose(one, other, rel_tol=1e-12, abs_tol=1e-9)


@given(rows(), st.integers(1, 30))
def test_figures_are_those_of_loops(found: list[Row], batch: int) -> None:
    c = compared(found, batch)
    days = len({row.time_ms // DAY_MS for row in found})
    got = figures(totals(c, np.zeros(c.n, np.int64), 1)[0, 0], days)
    assert set(got) == {figure.name for figure in FIGURES}
    for side in (0, 1):
        wanted = naive_figures(found, side, clock(found), days)
        assert set(wanted) == set(got)
        for name, value in wanted.items():
            assert same(float(got[name][side]), value), name


@given(rows())
def test_figures_by_day_and_segment(found: list[Row]) -> None:
    c = compared(found)
    number, days = c.day
    assert days.tolist() == sorted({row.time_ms // DAY_MS for row in found})
    values = ["p", "q", "r", "s", "t"]
    group, groups = grouped(c.segment[0], values, top=2) if c.n else (np.zeros(0, np.int64), [])
    sums = totals(c, number, len(days), group, max(len(groups), 1))
    got = figures(sums, 1)
    for d, day in enumerate(days.tolist()):
        for g in range(len(groups)):
            own = [r for i, r in enumerate(found) if r.time_ms // DAY_MS == day and group[i] == g]
            for side in (0, 1):
                for name, value in naive_figures(own, side, clock(found), 1).items():
                    assert same(float(got[name][d, g, side]), value), name


@given(rows(), st.integers(1, 4))
def test_groups_are_the_most_frequent_values_the_rest_and_null(found: list[Row], top: int) -> None:
    values = ["v", "b", "c", "d", "a"]
    codes = [row.segment for row in found]
    counts = Counter(values[code] for code in codes if code >= 0)
    order = sorted(counts, key=lambda value: (-counts[value], value))
    group, groups = grouped(np.array(codes, np.int64), values, top)
    wanted = [("value", value) for value in order[:top]]
    wanted += [("other", "")] * (len(order) > top) + [("null", "")] * (-1 in codes)
    assert [(each.kind, each.value) for each in groups] == wanted
    for code, at in zip(codes, group.tolist()):
        name = ("null", "") if code < 0 else ("value", values[code])
        assert wanted[at] == (name if name in wanted else ("other", ""))


@given(rows())
def test_the_matrix_and_the_changes(found: list[Row]) -> None:
    c = compared(found)
    counts, money = matrix(c)
    for live in range(6):
        for candidate in range(6):
            own = [row for row in found if row.outcome == (live, candidate)]
            assert counts[live, candidate] == len(own)
            assert money[live, candidate] == sum(row.money for row in own)
    moved = [i for i, row in enumerate(found) if row.outcome[0] != row.outcome[1]]
    table = changes(c, RULES, RULES).to_pylist()
    assert [line["position"] for line in table] == moved
    for line, i in zip(table, moved):
        row = found[i]
        assert line["id"] == f"e{i}"
        assert (line["live_outcome"], line["candidate_outcome"]) == tuple(compare_names(row))
        assert (line["live_score"], line["candidate_score"]) == row.score
        assert line["label"] == (None if row.label < 0 else row.label == 1)
        assert line["label_arrived"] == arrived(row, clock(found))
        assert line["money_minor"] == row.money
        assert line["live_rules"] == [RULES[rule] for rule in sorted(row.hits[0])]
        assert line["candidate_rules"] == [RULES[rule] for rule in sorted(row.hits[1])]
    assert dearest(c, 3) == sorted(moved, key=lambda i: (-found[i].money, i))[:3]


def compare_names(row: Row) -> list[str]:
    """Names of both outcomes."""
    return [["pass", "notify", "challenge", "delay", "review", "decline"][each] for each in row.outcome]


@given(rows())
def test_labels_arrived_pending_young_missing(found: list[Row]) -> None:
    c, now = compared(found), clock(found)

    def counts(own: list[Row]) -> tuple[int, ...]:
        due = [row.time_ms + DELAY <= now for row in own]
        known = [row.label >= 0 for row in own]
        pairs = Counter(zip(known, due))
        return len(own), pairs[True, True], pairs[True, False], pairs[False, False], pairs[False, True]

    got = maturity(c)
    assert (got.decisions, got.arrived, got.pending, got.young, got.missing) == counts(found)
    for day, each in zip(c.day[1].tolist(), maturity_by_day(c)):
        own = [row for row in found if row.time_ms // DAY_MS == day]
        assert (each.decisions, each.arrived, each.pending, each.young, each.missing) == counts(own)


@given(rows())
def test_blind_outcomes_are_those_without_labels(found: list[Row]) -> None:
    now = clock(found)
    due = [row for row in found if row.time_ms + DELAY <= now]
    passes = [row for row in due if row.outcome[0] == 0]
    base = sum(row.label < 0 for row in passes) / len(passes) if passes else 0.0
    wanted = {}
    for code in range(2, 6):
        own = [row for row in due if row.outcome[0] == code]
        gone = [row for row in own if row.label < 0]
        if own and len(gone) / len(own) >= max(2 * base, base + 0.1):
            milder = sum(row.outcome[1] < 2 for row in gone)
            wanted[compare_names_of(code)] = (
                len(own),
                len(gone),
                milder,
                sum(r.label >= 0 and r.weight > 1 for r in own),
            )
    if not any(arrived(row, now) for row in found):
        wanted = {}
    got = {b.outcome: (b.due, b.missing, b.milder, b.let_through) for b in blind_outcomes(compared(found))}
    assert got == wanted


def compare_names_of(code: int) -> str:
    """The name of an outcome."""
    return ["pass", "notify", "challenge", "delay", "review", "decline"][code]


@given(rows())
def test_rules_that_hit_more_or_less(found: list[Row]) -> None:
    c, now = compared(found), clock(found)
    got = {mover.rule: mover for mover in movers(c, RULES, RULES)}
    for number, name in enumerate(RULES):
        for side, record in ((0, got[name].live), (1, got[name].candidate)):
            own = [row for row in found if number in row.hits[side]]
            known = [row for row in own if arrived(row, now)]
            precision = share(sum(r.weight for r in known if r.label == 1), sum(r.weight for r in known))
            assert record is not None
            assert (record.hits, record.labelled) == (len(own), len(known))
            assert same(float("nan") if record.precision is None else record.precision, precision)
    order = [(-abs(mover.difference), mover.rule) for mover in movers(c, RULES, RULES)]
    assert order == sorted(order)


def test_a_rule_of_one_policy_alone() -> None:
    c = compared([])
    found = {mover.rule: mover for mover in movers(c, ("a", "old", "c"), ("a", "new", "c"))}
    assert found["old"].candidate is None
    assert found["new"].live is None
    assert found["a"].live is not None


def test_the_limit_on_events(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [Row(DAY_MS, (0, 0), (0, 0), 0, 1, 1.0, 0, (frozenset(), frozenset()))] * 8
    monkeypatch.setattr(compare, "MAX_COMPARED", 8)
    assert compared(found).n == 8
    with pytest.raises(LimitExceeded, match="shorter span"):
        compared(found + found[:1])


def test_a_label_arrives_at_the_very_moment_of_its_delay() -> None:
    none = frozenset[int]()
    found = [Row(at, (0, 0), (0, 0), 1, 1, 1.0, 0, (none, none)) for at in (0, 1, DELAY)]
    assert compared(found).arrived.tolist() == [True, False, False]


def test_a_challenge_still_stops_what_was_declined() -> None:
    """Three declined without label: one passes, one is notified, one is challenged under the candidate."""
    none = frozenset[int]()
    found = [Row(0, (5, outcome), (0, 0), -1, 1, 1.0, 0, (none, none)) for outcome in (0, 1, 2)]
    found += [Row(0, (0, 0), (0, 0), 0, 1, 1.0, 0, (none, none))] * 4 + [
        Row(9 * DAY_MS, (0, 0), (0, 0), -1, 1, 1.0, 0, (none, none))
    ]
    (blind,) = blind_outcomes(compared(found))
    assert (blind.outcome, blind.due, blind.missing, blind.milder) == ("decline", 3, 3, 2)
