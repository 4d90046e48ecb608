"""The policy benchmark at a tiny size: every promised key is there, and every peer gives the engine's answers."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from zhiyu.base.hashing import Codes
from zhiyu.base.jit import Array
from zhiyu.bench.core import KEY
from zhiyu.bench.decide_peers import DuckRules, ZenRules, ZenTable, records
from zhiyu.bench.given import Given, batch_of, compiled_from, rules_with_features
from zhiyu.bench.lists import cards, engine_with
from zhiyu.bench.policy import hard_conditions, scored_conditions
from zhiyu.bench.tables import (
    boxes,
    first_row_by_walk,
    offers,
    plain_offers,
    points,
    points_of_last,
    points_of_none,
    table_policy,
)
from zhiyu.bench.tape_policy import FEATURES, tape_policy
from zhiyu.bench.taped import tape_figures
from zhiyu.commands.bench import bench
from zhiyu.engine.engine import Engine
from zhiyu.policy.expand import all_features

SAMPLE = 5_000
CONDITIONS = [*scored_conditions(), *hard_conditions()]


@pytest.fixture(scope="module")
def given() -> Given:
    """Events with all features of the 150 rules."""
    return rules_with_features(SAMPLE)


@pytest.fixture(scope="module")
def hits(given: Given) -> Array:
    """bool[n, rules]: what the engine says."""
    received, late = given.batch.time_ms.copy(), np.zeros(given.batch.n, np.uint8)
    found = given.engine().process_accepted(given.batch, received, late).decisions.hit_matrix(len(CONDITIONS))
    assert found.any(axis=0).sum() > 20
    return found


def stopped_at_first(conditions: Array) -> Array:
    """The peers know no set that stops at its first hit: the later hits of the hard set are taken off."""
    own, hard = conditions.copy(), conditions[:, -len(hard_conditions()) :]
    own[:, -len(hard_conditions()) :] = hard & (hard.cumsum(axis=1) == 1)
    return own


def test_duckdb_finds_the_same_rules(given: Given, hits: Array) -> None:
    for threads in (1, 2):
        assert np.array_equal(stopped_at_first(DuckRules(given.plain, CONDITIONS, threads=threads).answers()), hits)


@pytest.mark.parametrize("by_graph", [False, True])
def test_zen_finds_the_same_rules(by_graph: bool, given: Given, hits: Array) -> None:
    pytest.importorskip("zen")
    few = 1000
    found = ZenRules(CONDITIONS).answers(records(given.first(few).plain), by_graph)
    assert np.array_equal(stopped_at_first(found), hits[:few])


def test_everybody_finds_the_same_row_of_the_table() -> None:
    table, codes = boxes(400), Codes(KEY)
    compiled = compiled_from(table_policy(table), codes)
    column = [feature.name for feature in compiled.features].index("prices.row")
    for find, usual in ((points, None), (points_of_last, table.rows - 1), (points_of_none, -1)):
        columns = find(table, 300)
        walked = first_row_by_walk(table, columns)
        assert usual is None or (walked == usual).all()
        d = Engine(compiled, codes).process(offers(compiled.schema, codes, columns), keep_all=True).decisions
        assert np.array_equal(np.where(d.kept_nulls[:, column] != 0, -1, d.kept_values[:, column]), walked)
        assert np.array_equal(DuckRules(plain_offers(columns), [], table).rows(), walked)


def test_zen_finds_the_same_row_of_the_table() -> None:
    pytest.importorskip("zen")
    table = boxes(400)
    columns = {
        name: np.concatenate([find(table, 100)[name] for find in (points, points_of_none)]) for name in points(table, 1)
    }
    assert np.array_equal(ZenTable(table).answers(records(plain_offers(columns))), first_row_by_walk(table, columns))  # fmt: skip


def test_late_rows_are_hit() -> None:
    table = boxes(3000)
    assert np.median(first_row_by_walk(table, points(table, 2000))) > 0.8 * 3000


def test_the_list_knows_its_cards() -> None:
    listed, asked = cards(500, 300)
    engine = engine_with(listed)
    batch = batch_of(engine.compiled.schema, engine.codes, "payment", {"card": asked})
    declined = engine.process(batch).decisions.outcome > 0
    assert np.array_equal(declined, np.isin(asked, listed))
    assert 100 < declined.sum() < 200


def test_the_tape_policy_is_as_large_as_it_says_and_changes() -> None:
    before, after = tape_policy(), tape_policy(changed=True)
    assert len(list(all_features(before))) == FEATURES
    assert [len(policy.rule_sets[0].rules) for policy in (before, after)] == [150, 150]
    assert {r.when for r in before.rule_sets[0].rules} != {r.when for r in after.rule_sets[0].rules}
    assert before.grids == after.grids


def test_a_tape_decides_as_the_replay_and_leaves_no_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert tape_figures(2_000, 1)["tape_events_per_s"] > 0
    assert list(tmp_path.iterdir()) == []


def test_every_promised_key_is_reported() -> None:
    result = CliRunner().invoke(bench, ["policy", "--json", "--events", "2000"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    numbers = {
        "single_us", "rules_only_us", "columns_events_per_s", "columns_1000_events_per_s", "table_us", "table_worst_us", "table_process_us",
        "table_columns_events_per_s", "table_compile_s", "list_us", "list_1m_over_10", "tape_events_per_s", "replay_events_per_s",
    }  # fmt: skip
    assert all(isinstance(report[key], int | float) for key in numbers)
    assert all(
        report[key] > 0 for key in numbers - {"table_us", "table_worst_us"}
    )  # differences of tiny runs may come out below
    assert {"duckdb_1_threads", "duckdb_2_threads"} <= set(report["peers"]) <= {
        "duckdb_1_threads", "duckdb_2_threads", "zen_expression", "zen_graph"
    }  # fmt: skip
    for peer, figures in report["peers"].items():
        assert all(report["ratio"][figure][peer] > 0 for figure in figures)
    assert {"cpu", "cores", "load_average", "python", "versions", "tape_events"} <= set(report["conditions"])


def test_people_get_tables() -> None:
    result = CliRunner().invoke(bench, ["policy", "--events", "2000"])
    assert result.exit_code == 0, result.output
    assert "duckdb 2 threads" in result.output
    assert "a changed policy over a feature tape" in result.output
