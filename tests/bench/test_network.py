"""The network benchmark at a tiny size: every promised key is there, the stream holds what it says, the peers find our components."""

from __future__ import annotations

import numpy as np
import pytest

from zhiyu.bench import network_peers
from zhiyu.bench.network import FOREST, Fed, NetworkSizes, plan_of, run_network, window_edges
from zhiyu.bench.network_quality import COUNTED_MS, QualitySizes, alerts, counts, run_quality, threshold_at
from zhiyu.bench.network_stream import DAY_MS, network_stream
from zhiyu.network import layout as at

KEYS = {
    "events_per_s", "forest_events_per_s", "p50_us", "p99_us", "p999_us", "bytes_per_node", "bytes_per_event", "peers", "ratio", "growth",
    "conditions",
}  # fmt: skip


def test_every_key_of_the_report_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network_peers, "SECONDS", 0.1)
    report = run_network(NetworkSizes(6_000, 3_000, (0.5, 2.0), 100), lambda _what, _done: None)
    assert report.keys() >= KEYS
    assert set(report["peers"]) == set(report["ratio"]) >= {"scipy", "networkit", "rustworkx"}
    assert report["held"]["gang_people"] > 0
    assert report["growth_nodes"][1] > report["growth_nodes"][0]


def test_peers_find_as_many_components_as_there_are_trees() -> None:
    stream = network_stream(8_000, 4_000, 5)
    fed = Fed(plan_of(FOREST, False, False), stream)
    fed.take(0, len(stream))
    edges = window_edges(fed.state)
    used = edges[2]
    roots = int((fed.state.nodes[:used].view(np.int32)[:, at.PARENT] == 0).sum())
    assert network_peers._scipy(edges) == network_peers._rustworkx(edges) == network_peers._networkit(edges) == roots


def test_the_stream_has_gangs_that_share_and_times_in_order() -> None:
    stream = network_stream(20_000, 10_000, 3, camouflage=0.2)
    again = network_stream(20_000, 10_000, 3, camouflage=0.2)
    assert (stream.things == again.things).all()
    assert (np.diff(stream.time_ms) >= 0).all()
    assert 0 <= stream.time_ms[0] < stream.time_ms[-1] < 91 * DAY_MS
    members = stream.gang >= 0
    assert 0.02 < members.mean() < 0.1
    devices, people = np.unique(stream.things[0, members]).size, np.unique(stream.person[members]).size
    assert devices < 0.75 * people
    honest = np.unique(stream.things[1, ~members]).size / np.unique(stream.person[~members]).size
    assert honest > 0.95, "honest people have cards of their own"


def test_quality_has_a_row_per_seed_and_camouflage() -> None:
    report = run_quality(QualitySizes(20_000, 10_000, 1, (0.0, 0.9)), lambda _what, _done: None)
    clear, hidden = report["quality"]
    assert (clear["camouflage"], hidden["camouflage"]) == (0.0, 0.9)
    assert clear["average_precision"] > hidden["average_precision"] > 0
    assert clear["ari_grouped"] > 0.8
    assert 0 < clear["gangs_found"] <= 1
    assert hidden["truth_ari_all"] > hidden["truth_links_ari_all"], "where links hide, the place still groups"


def test_counts_are_those_of_a_window_that_ends_with_the_event() -> None:
    stream = network_stream(3_000, 500, 2)
    found, windows = counts(stream), len(COUNTED_MS)
    assert found.shape == (3_000, 9 * windows)
    for row in range(0, 3_000, 97):
        for place, values in enumerate((stream.person, *stream.things)):
            for number, window in enumerate(COUNTED_MS):
                inside = (stream.time_ms[: row + 1] > stream.time_ms[row] - window) & (values[: row + 1] == values[row])
                assert found[row, place * windows + number] == inside.sum()


def test_alerts_count_events_before_the_first_and_only_gangs_that_begin_in_the_part() -> None:
    gang = np.array([7, -1, 8, 8, 9, 8, -1, 9])
    flagged = np.array([1, 1, 0, 1, 0, 1, 0, 0], bool)
    assert alerts(flagged, gang, np.array([7, -1])) == {
        "findings_right": 0.75, "gangs": 2, "gangs_found": 0.5, "events_before_alert_median": 1.0, "attack_stopped": 0.333,
    }  # fmt: skip


def test_a_threshold_is_the_lowest_score_that_is_right_often_enough() -> None:
    score, truth = np.array([0.9, 0.8, 0.7, 0.6, 0.5]), np.array([1, 1, 0, 1, 0], bool)
    assert threshold_at(score, truth, 0.75) == 0.6
    assert threshold_at(score, truth, 1.0) == 0.8
    assert threshold_at(score, ~truth, 1.0) == float("inf")
