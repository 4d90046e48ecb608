"""Tuning finds what was planted, proposes only what it can prove on the other part, and never touches the live folder."""

from __future__ import annotations

import difflib
import json
import random
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.evaluation.planted import DAY_MS, Planted, planted, write_labels
from zhiyu.base.errors import InputError
from zhiyu.engine.opened import Opened, open_policy
from zhiyu.evaluation.replay import Replay
from zhiyu.evaluation.tuning.again import Again
from zhiyu.evaluation.tuning.collect import observe
from zhiyu.evaluation.tuning.limits import Limits
from zhiyu.evaluation.tuning.observed import Evaluator, Observed
from zhiyu.evaluation.tuning.parts import Parts, split
from zhiyu.evaluation.tuning.search import Found, Search, Wish
from zhiyu.evaluation.tuning.tune import Request, tune
from zhiyu.policy.check import check_policy
from zhiyu.policy.declare import OUTCOMES
from zhiyu.policy.load import load_policy
from zhiyu.policy.say import say_rule

pytest.importorskip("sklearn")
DELAY = "3d"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return planted(tmp_path_factory.mktemp("planted"))


@pytest.fixture(scope="module")
def opened(made: Planted) -> Opened:
    return open_policy(made.policy, all_features=True)


@pytest.fixture(scope="module")
def seen(made: Planted, opened: Opened) -> Observed:
    return observe(opened, made.events, labels=made.labels, label_delay=DELAY)


@pytest.fixture(scope="module")
def ready(opened: Opened, seen: Observed) -> tuple[Again, Parts]:
    return Again(Evaluator(seen, opened.report.require(), opened.codes.one)), split(seen, 0.7)


@pytest.fixture(scope="module")
def run(made: Planted, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    out = tmp_path_factory.mktemp("tuned") / "out"
    return out, tune(request(made, out))


def request(made: Planted, out: Path, **wish: Any) -> Request:
    return Request(made.policy, made.events, out, made.labels, DELAY, wish=Wish(**wish))


def test_the_planted_rule_is_found(run: tuple[Path, dict[str, Any]]) -> None:
    rules = [p["change"]["when"] for p in run[1]["proposals"] if p["kind"] == "rule"]
    found = [m for m in (re.fullmatch(r"amount > (\d+) and n_card_1h >= (\d)", when) for when in rules) if m]
    assert found, rules
    assert abs(int(found[0][1]) - 812.50) < 25
    assert found[0][2] == "4"


def test_the_planted_constant_is_found_and_edited_in_place(run: tuple[Path, dict[str, Any]], made: Planted) -> None:
    found = [p for p in run[1]["proposals"] if p["kind"] == "constant" and p["change"]["name"] == "risk"]
    assert [p["change"]["literal"] for p in found] in (["70"], ["71"])
    before = (made.policy / "rules.yaml").read_text().splitlines()
    after = (run[0] / found[0]["folder"] / "rules.yaml").read_text().splitlines()
    changed = [line for line in difflib.ndiff(before, after) if line[0] in "+-"]
    literal = found[0]["change"]["literal"]
    assert changed == [
        "-         when: risk > 90      # measured long ago",
        f"+         when: risk > {literal}      # measured long ago",
    ]
    assert found[0]["places"] == ["rules.yaml:9:22"]


def test_figures_are_those_of_the_truth(run: tuple[Path, dict[str, Any]], made: Planted, opened: Opened) -> None:
    """Counted anew, in plain Python, from a replay of the candidate folder."""
    out, summary = run
    assert summary["proposals"]
    live, _ = replayed(made.policy, made)
    cut = min(made.time_ms) + int((max(made.time_ms) + 1 - min(made.time_ms)) * 0.7) // 1
    cut = cut // DAY_MS * DAY_MS
    last = max(made.time_ms) + 1 - 3 * DAY_MS
    for proposal in summary["proposals"]:
        outcomes, _ = replayed(out / proposal["folder"], made)
        rows = [row for row, at in enumerate(made.time_ms) if cut <= at < last]
        added = [row for row in rows if outcomes[row] >= 2 > live[row]]
        freed = [row for row in rows if outcomes[row] < 2 <= live[row]]
        frauds = sum(made.fraud[row] for row in added) - sum(made.fraud[row] for row in freed)
        later = proposal["later"]
        assert later["frauds_gained"] == frauds
        assert later["good_hurt_gained"] == len(added) - len(freed) - frauds
        reviews = sum(outcomes[row] == 4 for row in rows)
        assert later["reviews_per_day"] == pytest.approx(reviews / ((last - cut) / DAY_MS))
        low, high = proposal["intervals"]["later"]["frauds_gained"]
        assert low <= frauds <= high


def replayed(folder: Path, made: Planted) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """(outcome of every event, hits of every rule of the candidate) through the real engine."""
    opened = open_policy(folder)
    outcomes, hits = [], []
    rules = opened.compiled.rule_order

    def take(outcome: Any, batch: Any) -> None:
        outcomes.append(outcome.decisions.outcome)
        hits.append(outcome.decisions.hit_matrix(len(rules)))

    Replay(opened, made.events, on_batch=take).run()
    return np.concatenate(outcomes), np.concatenate(hits)


def test_a_candidate_decides_as_predicted(run: tuple[Path, dict[str, Any]], made: Planted, ready: Any) -> None:
    """Every candidate of the pool that was written: the engine decides each event as was predicted, and the rule hits the same rows."""
    again, parts = ready
    found = Search(again, parts, Wish()).run()
    assert [each.change.text for each in found.pool] == run[1]["pool"]
    by_text = {each.change.text: each.change for each in found.pool}
    kinds = set()
    for proposal in run[1]["proposals"]:
        outcome, hits = by_text[proposal["text"]].decide(again)
        outcomes, engine_hits = replayed(run[0] / proposal["folder"], made)
        assert outcomes.tolist() == outcome.tolist()
        if proposal["kind"] == "rule":
            names = [r.rule.name for r in open_policy(run[0] / proposal["folder"]).compiled.rule_order]
            assert engine_hits[:, names.index("proposed_rule")].tolist() == hits.tolist()
        kinds.add(proposal["kind"])
    assert {"rule", "constant"} <= kinds


def test_every_candidate_passes_the_checks_and_can_be_said(run: tuple[Path, dict[str, Any]]) -> None:
    for proposal in run[1]["proposals"]:
        folder = run[0] / proposal["folder"]
        loaded = load_policy(folder)
        checked = check_policy(loaded.policy, loaded.places).require()
        for rule in checked.rules:
            assert say_rule(checked, rule, "en")
            assert say_rule(checked, rule, "zh")
        page = (folder / "proposal.md").read_text()
        assert "# Proposal" in page
        assert "# 建议" in page
        assert json.loads((folder / "proposal.json").read_text())["later"] == proposal["later"]


def test_the_same_seed_gives_the_same_bytes(run: tuple[Path, dict[str, Any]], made: Planted, tmp_path: Path) -> None:
    tune(request(made, tmp_path / "again"))
    assert contents(tmp_path / "again") == contents(run[0])


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def test_no_label_of_the_later_part_decides_what_is_looked_at(
    run: tuple[Path, dict[str, Any]], made: Planted, tmp_path: Path, ready: tuple[Again, Parts]
) -> None:
    end = ready[1].earlier.end_ms
    first = next(row for row, at in enumerate(made.time_ms) if at >= end)
    tail = list(made.fraud[first:])
    random.Random(3).shuffle(tail)
    assert tail != list(made.fraud[first:])
    write_labels(tmp_path / "labels.csv", made.fraud[:first] + tuple(tail))
    other = replace(made, labels=tmp_path / "labels.csv")
    summary = tune(request(other, tmp_path / "out"))
    assert summary["pool"] == run[1]["pool"]
    assert {p["text"] for p in summary["proposals"]} <= set(run[1]["pool"])
    assert [p["later"] for p in summary["proposals"]] != [p["later"] for p in run[1]["proposals"]]


def test_the_parts_are_a_label_delay_apart(ready: tuple[Again, Parts], seen: Observed) -> None:
    _, parts = ready
    assert seen.time_ms[parts.earlier.rows].max() + 3 * DAY_MS <= parts.cut_ms
    assert seen.time_ms[parts.later.rows].min() >= parts.cut_ms
    assert seen.time_ms[parts.later.rows].max() + 3 * DAY_MS <= seen.clock_ms
    assert parts.cut_ms % DAY_MS == 0


@settings(max_examples=8, deadline=None)
@given(
    reviews=st.none() | st.floats(0, 40), hurt=st.none() | st.floats(0, 0.01), approval=st.none() | st.floats(0.9, 1.0)
)
def test_limits_hold_on_both_parts(
    ready: tuple[Again, Parts], reviews: float | None, hurt: float | None, approval: float | None
) -> None:
    again, parts = ready
    found = Search(again, parts, Wish(Limits(reviews, hurt, approval), proposals=3, max_depth=2)).run()
    o = again.observed
    for each in found.kept:
        outcome, _ = each.change.decide(again)
        for part in (parts.earlier, parts.later):
            rows = part.rows
            decided, label = outcome[rows], o.label[rows]
            assert reviews is None or (decided == OUTCOMES.index("review")).sum() / part.days <= reviews
            assert hurt is None or ((decided >= 2) & (label == 0)).sum() / (label == 0).sum() <= hurt
            assert approval is None or (decided < 2).mean() >= approval - 1e-12
    assert found.kept or not found.nearest or all(each.why for each in found.nearest)


def test_when_nothing_keeps_the_limits_the_nearest_is_shown(ready: tuple[Again, Parts]) -> None:
    live = Search(*ready, Wish()).live
    limits = Limits(approval_rate=min(each.approval_rate for each in live))
    found: Found = Search(*ready, Wish(limits)).run()
    assert not found.kept
    assert found.nearest
    assert "approval_rate" in found.nearest[0].why


def test_goods_are_thinned_and_weigh_more(made: Planted, opened: Opened, seen: Observed) -> None:
    thin = observe(opened, made.events, labels=made.labels, label_delay=DELAY, most=2_000)
    assert thin.n < seen.n / 3
    assert thin.seen == seen.n
    rare = (seen.label == 1) | (seen.outcome > 0)
    assert set(seen.position[rare]) <= set(thin.position)
    assert thin.weight[thin.label == 1].tolist() == [1] * int((seen.label == 1).sum())
    assert set(thin.weight.tolist()) == {1, 8}
    assert abs(int(thin.weight.sum()) - seen.n) < 0.1 * seen.n
    at = {int(p): row for row, p in enumerate(seen.position)}
    rows = [at[int(p)] for p in thin.position]
    assert (thin.values == seen.values[:, rows]).all()


def test_the_live_folder_stays_as_it_is_and_is_no_place_for_proposals(made: Planted, tmp_path: Path) -> None:
    before = contents(made.policy)
    for out in (made.policy, made.policy / "out", made.policy.parent):
        with pytest.raises(InputError, match="live policy"):
            tune(request(made, out))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(InputError, match="not empty"):
        tune(request(made, tmp_path / "full"))
    assert contents(made.policy) == before


def test_without_labels_and_without_the_library_it_says_what_to_do(
    made: Planted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(InputError, match="--labels"):
        tune(replace(request(made, tmp_path / "a"), labels=None))
    monkeypatch.setitem(sys.modules, "sklearn.tree", None)
    with pytest.raises(InputError, match=r"pip install 'zhiyu\[tune\]'"):
        tune(request(made, tmp_path / "b"))
    assert not (tmp_path / "b").exists()


def test_too_short_a_file_is_refused(made: Planted, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="earlier part"):
        tune(replace(request(made, tmp_path / "a"), label_delay="30d"))


@pytest.fixture(autouse=True)
def _nothing_left_behind(tmp_path: Path) -> Iterator[None]:
    yield
    assert not list(tmp_path.glob("*.part"))
    shutil.rmtree(tmp_path, ignore_errors=True)
