"""Features over HTTP: what there is, what one is made of, who uses it, in both languages."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.served import Served


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path) as found:
        yield found


def test_features_are_listed_and_one_is_told_in_full(server: Served) -> None:
    listed = server.client.get("/v1/features").json()
    assert listed["policy"] == server.client.get("/v1/policy").json()["in_force"]["policy"]
    lines = {each["name"]: each for each in listed["features"]}
    assert {"seen_1h", "spent_1d", "cities_1d", "logins_1h", "stopped_1d", "frauds_30d"} <= lines.keys()
    assert (lines["spent_1d"]["kind"], lines["spent_1d"]["by"], lines["spent_1d"]["over"]) == (
        "counted",
        ["card"],
        "1d",
    )
    assert lines["seen_1h"]["uses"] == 1
    one = server.client.get("/v1/features/spent_1d").json()
    assert "total amount" in one["said_en"]
    assert "合计" in one["said_zh"]
    assert [(each["section"], each["name"], each["depth"]) for each in one["lineage"]["parts"]] == [
        ("features", "spent_1d", 0), ("fields", "amount", -1), ("fields", "card", -1),
    ]  # fmt: skip
    assert one["uses"] == []
    used = server.client.get("/v1/features/seen_1h").json()
    assert [each["name"] for each in used["uses"]] == ["many"]
    assert used["lineage"]["parts"][-1] == {
        "section": "rule_sets", "name": "many", "depth": 1, "en": "rule 'many'", "zh": "规则“many”",
    }  # fmt: skip


def test_a_feature_that_is_not_there_is_refused_with_a_guess(server: Served) -> None:
    answer = server.client.get("/v1/features/seen_2h")
    assert (answer.status_code, answer.json()["code"]) == (404, "no_feature")
    assert "seen_1h" in answer.json()["detail_en"]
