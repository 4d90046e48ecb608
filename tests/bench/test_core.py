"""The benchmark at a tiny size: every promised key is there, and everybody computes the same features."""

from __future__ import annotations

import json

import numpy as np
import pytest
from click.testing import CliRunner

from zhiyu.base.jit import Array
from zhiyu.bench.core import Bench
from zhiyu.bench.peers import by_deques, by_duckdb, by_polars, feature_names, sample
from zhiyu.bench.policy import benchmark_policy
from zhiyu.bench.stream import Stream, rows_of
from zhiyu.commands.bench import bench

SAMPLE = 3_000
FLOATS = ("mean", "std")


@pytest.fixture(scope="module")
def engine_answers() -> dict[str, Array]:
    """The 200 features of the sample, as the engine of the benchmark gives them."""
    bench = Bench(Stream(SAMPLE, SAMPLE))
    columns, rows = sample(SAMPLE), bench.stream.chunk(0)
    rows |= {name: np.concatenate([column, rows[name][SAMPLE:]]) for name, column in columns.items()}
    batch = rows_of(bench.encoder.batch(rows, 0), 0, SAMPLE)
    decisions = bench.decides.process(batch, keep_all=True).decisions
    assert not decisions.kept_nulls.any()
    values, floats = decisions.kept_values, decisions.kept_values.view(np.float64)
    names = [feature.name for feature in bench.decides.compiled.features]
    return {name: floats[:, i] if name.startswith(FLOATS) else values[:, i] for i, name in enumerate(names)}


@pytest.mark.parametrize("peer", [by_deques, by_duckdb, by_polars])
def test_peers_do_the_same_work(peer, engine_answers: dict[str, Array]) -> None:  # type: ignore[no-untyped-def]
    theirs, _ = peer(sample(SAMPLE))
    assert set(theirs) == set(engine_answers) == set(feature_names())
    for name, ours in engine_answers.items():
        if name.startswith(FLOATS):
            # Polars' deviation is a running one: it keeps about eight digits where amounts differ much.
            assert np.allclose(ours, theirs[name], rtol=1e-6, atol=1e-6), name
        else:
            assert np.array_equal(ours, theirs[name]), name


def test_the_policy_is_as_large_as_it_says() -> None:
    rules = [rule for rule_set in benchmark_policy().rule_sets for rule in rule_set.rules]
    assert (len(feature_names()), len(rules)) == (200, 150)


def test_every_promised_key_is_reported() -> None:
    result = CliRunner().invoke(bench, ["core", "--json", "--events", "2000"])
    assert result.exit_code == 0, result.output
    report = json.loads(result.stdout)
    promised = {
        "events_per_s", "features_only_events_per_s", "batch1_events_per_s", "growth", "growth_same_keys", "features_per_s",
        "bytes_per_event", "p50_us", "p99_us", "peers", "ratio", "conditions",
    }  # fmt: skip
    assert promised <= set(report)
    assert set(report["peers"]) == {"duckdb_window_sql", "polars_rolling", "python_deques"}
    assert all(peer["sample_events"] == 200 for peer in report["peers"].values())
    assert {"cpu", "cores", "python", "versions", "state_events"} <= set(report["conditions"])
    assert all(report[key] > 0 for key in ("events_per_s", "growth", "bytes_per_event", "p50_us"))
